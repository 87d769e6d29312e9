/*
 * test_deploy.c - the files of a deployment are what those who read them take: YAML, shell, a unit,
 * a package's list of files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <headgate/headgate.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/process.h"
#include "support/temp.h"

#define DEPLOY TEST_SOURCE_DIR "/doc/deploy/"

static struct buf read_whole(const char *path)
{
    struct buf text = BUF_INIT(1 << 20);
    hg_error err = {0};

    if (!file_read(path, &text, &err))
        fail_msg("%s", err.message);
    return text;
}

/* Runs a line of shell; 77 means that the tool for it is not here. */
static int run_shell(const char *script, struct process_result *out)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL}, *environ[] = {NULL};
    char *dir = temp_dir_make();

    *out = process_run(dir, environ, argv);
    temp_dir_remove(dir);
    return out->status;
}

static void assert_fine(const char *script)
{
    struct process_result result;

    if (run_shell(script, &result) == 77) {
        process_release(&result);
        skip();
    }
    if (result.status != 0)
        fail_msg("%s%s", result.out, result.err);
    process_release(&result);
}

/* Python's reader, which is the one that the EB CLI has. */
static void options_are_yaml(void **state)
{
    (void)state;
    assert_fine(
        "python3 -c 'import yaml' 2>/dev/null || exit 77; exec python3 -c 'import yaml\n"
        "o = yaml.safe_load(open(\"" TEST_SOURCE_DIR "/.ebextensions/01-options.config\"))"
        "[\"option_settings\"]\n"
        "assert o[\"aws:elasticbeanstalk:environment:process:default\"][\"HealthCheckPath\"]"
        " == \"/readiness\"\n"
        "e = o[\"aws:elasticbeanstalk:application:environment\"]\n"
        "assert e[\"ENV\"] == \"production\" and all(type(v) is str for v in e.values())'");
}

static void hooks_are_shell_and_executable(void **state)
{
    static const char *const hooks[] = {DEPLOY "hooks/predeploy/40_headgate_up",
                                        DEPLOY "hooks/postdeploy/60_headgate_smoke"};
    char script[4096];
    struct stat st;

    (void)state;
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        assert_int_equal(stat(hooks[i], &st), 0);
        assert_true((st.st_mode & S_IXUSR) != 0);
        snprintf(script, sizeof script, "exec sh -n '%s'", hooks[i]);
        assert_fine(script);
    }
}

/* What a unit, a Procfile and a proxy have in common: the address. */
static void everybody_means_the_same_address(void **state)
{
    static const char *const files[] = {DEPLOY "headgate.service", DEPLOY "Procfile",
                                        DEPLOY "headgate.nginx.conf"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct buf text = read_whole(files[i]);

        assert_non_null(strstr(text.bytes, "127.0.0.1:8127"));
        buf_release(&text);
    }
}

/* --- the package --- */

/* The value of a tag of the spec, "Version:"; free(). */
static char *tag(const struct buf *spec, const char *name)
{
    const char *at = strstr(spec->bytes, name);

    assert_non_null(at);
    at += strlen(name);
    at += strspn(at, " ");
    return strndup(at, strcspn(at, "\n"));
}

/* Replaces a macro of rpm's at the beginning of a line by where things are installed here. */
static void expand(const char *line, size_t n, char *out, size_t size)
{
    static const struct {
        const char *macro, *folder;
    } macros[] = {{"%{_bindir}", "bin"},
                  {"%{_libdir}", "lib*"},
                  {"%{_mandir}", "share/man"},
                  {"%{_datadir}", "share"},
                  {"%{_includedir}", "include"}};

    out[0] = '\0';
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        if (strncmp(line, macros[i].macro, strlen(macros[i].macro)) == 0)
            snprintf(out, size, "%s%.*s", macros[i].folder, (int)(n - strlen(macros[i].macro)),
                     line + strlen(macros[i].macro));
}

/* Every file that is installed is in a package, and every line of a package is installed. */
static void the_package_has_what_is_installed(void **state)
{
    struct buf spec = read_whole(DEPLOY "headgate.spec"), script = BUF_INIT(1 << 16);
    char pattern[512];

    (void)state;
    buf_printf(&script, "set -eu; cmake --install '%s' --prefix \"$PWD/p\" >/dev/null; cd p; ",
               TEST_BINARY_DIR);
    for (const char *at = strstr(spec.bytes, "\n%files"); at != NULL && *at != '\0';
         at += strcspn(at, "\n"), at += *at == '\n') {
        expand(at, strcspn(at, "\n"), pattern, sizeof pattern);
        if (pattern[0] != '\0')
            buf_printf(&script, "for f in %s; do test -e $f -o -L $f || exit 1; rm -r $f; done; ",
                       pattern);
    }
    buf_text(&script, "! find . -type f -o -type l | grep .");
    assert_fine(script.bytes);
    buf_release(&spec);
    buf_release(&script);
}

static void the_package_has_the_programs_version(void **state)
{
    struct buf spec = read_whole(DEPLOY "headgate.spec");
    char *version = tag(&spec, "Version:");

    (void)state;
    assert_string_equal(version, HG_VERSION);
    free(version);
    buf_release(&spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_yaml),
        cmocka_unit_test(hooks_are_shell_and_executable),
        cmocka_unit_test(everybody_means_the_same_address),
        cmocka_unit_test(the_package_has_what_is_installed),
        cmocka_unit_test(the_package_has_the_programs_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
