/*
 * check_config.c - what the settings say, and what the running application was told.
 */
#include "checks.h"

#include <errno.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"

enum {
    ENVIRON_WARN = 3686, /* nine tenths of what Elastic Beanstalk has room for */
    ENVIRON_FAIL = 4096,
    ENVIRON_LIMIT = 1 << 20
};

static hg_setting setting(const struct check_context *context, const char *name)
{
    for (size_t i = 0; i < hg_settings_count(context->settings); i++)
        if (strcmp(hg_settings_at(context->settings, i).name, name) == 0)
            return hg_settings_at(context->settings, i);
    return (hg_setting){"", "", "", "", false};
}

static void check_environment(struct check_context *context, hg_check_result *result)
{
    static const char *const names[] = {"ENV", "APP_ENV", "FLASK_ENV"};
    const char *first = NULL;
    bool differ = false;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        hg_setting s = setting(context, names[i]);

        if (!s.is_set)
            continue;
        check_evidence(context, result, "%s is %s (%s)", s.name, s.value, s.source);
        differ = differ || (first != NULL && strcasecmp(first, s.value) != 0);
        first = first == NULL ? s.value : first;
    }
    check_say(result, differ ? HG_WARN : HG_PASS, "%s%s", hg_settings_env(context->settings),
              differ ? ", and other names say otherwise" : "");
}

/* SQLAlchemy refuses the short scheme since 1.4. */
static void check_scheme(struct check_context *context, hg_check_result *result)
{
    const char *kind = hg_url_kind(hg_settings_url(context->settings));

    check_say(result, strcmp(kind, "postgres") == 0 ? HG_WARN : HG_PASS, "%s", kind);
}

static bool parse_setting(const struct check_context *context, const char *name, hg_url **out)
{
    hg_setting s = setting(context, name);

    return s.is_set && s.value[0] != '*' && hg_url_parse(s.value, out, NULL);
}

static const char *host_of(const hg_url *url)
{
    return hg_url_host_count(url) == 0 ? "" : hg_url_host(url, 0);
}

/* Both are set: whoever reads the wrong one works on another database. */
static void check_intent(struct check_context *context, hg_check_result *result)
{
    hg_url *plain = NULL, *prod = NULL;

    if (!parse_setting(context, "DATABASE_URL", &plain)
        || !parse_setting(context, "DATABASE_URL_PROD", &prod))
        check_say(result, HG_SKIP, "only one of the two is set");
    else if (strcmp(host_of(plain), host_of(prod)) == 0
             && strcmp(hg_url_database(plain), hg_url_database(prod)) == 0)
        check_say(result, HG_PASS, "both name one database");
    else
        check_say(result, HG_WARN, "DATABASE_URL and DATABASE_URL_PROD name different databases");
    hg_url_free(plain);
    hg_url_free(prod);
}

static void check_numbers(struct check_context *context, hg_check_result *result)
{
    hg_pool_settings pool = hg_settings_pool(context->settings);
    size_t odd = 0;

    if (pool.max_overflow < 0 && ++odd)
        check_evidence(context, result, "DB_MAX_OVERFLOW has no limit");
    if ((pool.timeout_ms < 1000 || pool.timeout_ms > 30000) && ++odd)
        check_evidence(context, result, "DB_POOL_TIMEOUT is not from 1 to 30 s");
    if ((pool.recycle_ms < 60000 || pool.recycle_ms > 3600000) && ++odd)
        check_evidence(context, result, "DB_POOL_RECYCLE is not from 60 to 3600 s");
    check_say(result, odd > 0 ? HG_WARN : HG_PASS,
              "size %d, overflow %d, timeout %lld s, recycle %lld s", pool.size, pool.max_overflow,
              (long long)pool.timeout_ms / 1000, (long long)pool.recycle_ms / 1000);
}

/* What stands in a URL that was never filled in. */
static void check_placeholder(struct check_context *context, hg_check_result *result)
{
    static const char *const placeholders[] = {"{{",       "${",        "arn:aws", "changeme",
                                               "CHANGEME", "<password", "YOUR_",   "example.com",
                                               "REGION",   "ACCOUNT"};
    const char *url = hg_url_redacted(hg_settings_url(context->settings));

    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
        if (strstr(url, placeholders[i]) != NULL) {
            check_say(result, HG_FAIL, "the URL has \"%s\" in it", placeholders[i]);
            return;
        }
    check_say(result, HG_PASS, "filled in");
}

static void check_environ_size(struct check_context *context, hg_check_result *result)
{
    struct buf text = BUF_INIT(ENVIRON_LIMIT);
    hg_error err = {0};

    (void)context;
    snprintf(result->threshold, sizeof result->threshold, "warn > %d bytes, fail > %d bytes",
             ENVIRON_WARN, ENVIRON_FAIL);
    if (!file_read("/proc/self/environ", &text, &err))
        check_say_error(result, &err);
    else
        check_say(result, check_judge((double)text.size, ENVIRON_WARN, ENVIRON_FAIL), "%zu bytes",
                  text.size);
    explicit_bzero(text.bytes, text.size);
    buf_release(&text);
}

/* --- the application's own environment --- */

/* What was found among the processes. */
struct processes {
    size_t looked_at, same, other;
};

/* The value of a name in a list of NUL-terminated NAME=value; NULL: not there. */
static const char *value_in(const struct buf *variables, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = variables->bytes; at < variables->bytes + variables->size;
         at += strlen(at) + 1)
        if (strncmp(at, name, n) == 0 && at[n] == '=')
            return at + n + 1;
    return NULL;
}

static void compare_process(struct check_context *context, const char *pid,
                            const struct buf *variables, struct processes *found,
                            hg_check_result *result)
{
    const char *name = hg_settings_url_setting(context->settings);
    const char *value = value_in(variables, name);
    hg_url *url = NULL;
    bool same;

    if (value == NULL || !hg_url_parse(value, &url, NULL))
        return;
    same = strcmp(hg_url_redacted(url), hg_url_redacted(hg_settings_url(context->settings))) == 0;
    found->same += same;
    found->other += !same;
    if (!same)
        check_evidence(context, result, "process %s was told another %s", pid, name);
    hg_url_free(url);
}

static void look_at_process(struct check_context *context, const char *pid, struct processes *found,
                            hg_check_result *result)
{
    struct buf variables = BUF_INIT(ENVIRON_LIMIT);
    char path[64];

    snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    if (file_read(path, &variables, NULL) && variables.size > 0) {
        found->looked_at++;
        compare_process(context, pid, &variables, found, result);
        explicit_bzero(variables.bytes, variables.size);
    }
    buf_release(&variables);
}

static void check_application(struct check_context *context, hg_check_result *result)
{
    struct processes found = {0};
    struct dirent *entry;
    DIR *dir;

    if (hg_settings_url_setting(context->settings)[0] != 'D') {
        check_say(result, HG_SKIP, "the URL comes from no variable");
        return;
    }
    if ((dir = opendir("/proc")) == NULL) {
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
        return;
    }
    while ((entry = readdir(dir)) != NULL)
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name)
            && strtoll(entry->d_name, NULL, 10) != getpid())
            look_at_process(context, entry->d_name, &found, result);
    closedir(dir);
    if (found.other > 0)
        check_say(result, HG_FAIL, "%zu processes were told another database", found.other);
    else if (found.same == 0)
        check_say(result, HG_SKIP, "no process that can be looked at has the variable");
    else
        check_say(result, HG_PASS, "%zu processes have the same", found.same);
}

static void check_env_file(struct check_context *context, hg_check_result *result)
{
    struct stat st;

    (void)context;
    if (stat(".env", &st) != 0)
        check_say(result, errno == ENOENT ? HG_SKIP : HG_UNKNOWN, "%s",
                  errno == ENOENT ? "there is no .env" : strerror(errno));
    else
        check_say(result,
                  (st.st_mode & 007) != 0   ? HG_FAIL
                  : (st.st_mode & 070) != 0 ? HG_WARN
                                            : HG_PASS,
                  "mode %03o", (unsigned)st.st_mode & 0777);
}

// clang-format off
static const struct check rows[] = {
    {"config.environment", "CFG001", "The environment has one name", MAJOR, ON_ANY, check_environment,
     .code = "environment_ambiguous", .hint = "ENV wins; let the others say the same, or unset them."},
    {"config.scheme", "CFG003", "Every library reads the URL's scheme", MAJOR, ON_ANY, check_scheme,
     .code = "old_scheme", .hint = "SQLAlchemy refuses postgres://: write postgresql://."},
    {"config.intent", "CFG005", "Both URLs mean one database", MAJOR, ON_ANY | PRODUCTION, check_intent,
     .code = "urls_differ", .hint = "Make sure which of the two the application reads."},
    {"config.pool", "CFG006", "The pool's numbers are usual", MAJOR, ON_ANY, check_numbers,
     .code = "pool_numbers", .hint = "Recycle below the idle limits of firewalls and the failover time."},
    {"config.application", "CFG007", "The running application was told the same", CRITICAL, ON_ANY, check_application,
     .code = "application_differs", .hint = "Restart the application: it keeps the variables it was started with."},
    {"config.filled_in", "CFG008", "The URL is filled in", CRITICAL, ON_ANY, check_placeholder,
     .code = "placeholder", .hint = "The secret was not resolved, or the example was copied."},
    {"config.size", "CFG009", "The variables have room", MINOR, ON_ANY, check_environ_size,
     .code = "environment_large", .hint = "Elastic Beanstalk takes 4096 bytes in all."},
    {"security.env_file", "SEC001", "The .env file is nobody else's", CRITICAL, ON_ANY | LENIENT, check_env_file,
     .code = "env_file_mode", .hint = "chmod 600 .env"},
};
// clang-format on

const struct check_table config_checks = {rows, sizeof rows / sizeof *rows};
