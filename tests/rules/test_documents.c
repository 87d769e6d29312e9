/*
 * test_documents.c - what the documents say is so: every command line in them is understood, every
 * make target exists, the manual knows every command, option and setting.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/headgate.h>

#include "base/buf.h"
#include "base/file.h"
#include "cli/options.h"

enum { WORDS = 16, LINE = 400 };

static int faults;

static char *read_source(const char *name)
{
    struct buf text = BUF_INIT(1 << 20);
    char path[4096];

    assert_true(file_join(path, sizeof path, TEST_SOURCE_DIR, name));
    if (!file_read(path, &text, NULL))
        fail_msg("%s cannot be read", name);
    return buf_take(&text);
}

/* Calls `check` with the name and the text of README.md and of every page of doc/. */
static void read_pages(void (*check)(const char *name, const char *text))
{
    static const char *const folders[] = {".", "doc", "doc/guide", "doc/adr"};

    faults = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct file_list pages;
        char path[4096], name[300];

        assert_true(file_join(path, sizeof path, TEST_SOURCE_DIR, folders[i]));
        if (!file_exists(path))
            continue;
        assert_true(file_list(path, ".md", &pages, NULL));
        for (size_t j = 0; j < pages.count; j++) {
            char *text;

            snprintf(name, sizeof name, "%s/%s", folders[i], pages.names[j]);
            text = read_source(name);
            check(name, text);
            free(text);
        }
        file_list_release(&pages);
    }
    assert_int_equal(faults, 0);
}

/* Splits a command line into words as a shell does, quotes included, up to && ; | or #. */
static int split(char *line, char **words)
{
    int count = 0;
    char *to = line;

    for (char *at = line; count < WORDS;) {
        char quote = '\0';

        at += strspn(at, " \t");
        if (*at == '\0' || strchr("&;|#>", *at) != NULL)
            break;
        words[count++] = to;
        for (; *at != '\0' && (quote != '\0' || strchr(" \t", *at) == NULL); at++)
            if (quote == '\0' && (*at == '"' || *at == '\''))
                quote = *at;
            else if (*at == quote)
                quote = '\0';
            else
                *to++ = *at;
        at += *at != '\0';
        *to++ = '\0';
    }
    return count;
}

static void check_command(const char *page, const char *command, size_t n)
{
    char line[LINE], *words[WORDS], **first = words;
    struct cli cli;
    hg_error err;
    int count;

    assert_true(n < sizeof line - 1);
    snprintf(line, sizeof line, "%.*s", (int)n, command);
    count = split(line, words);
    for (; count > 0 && strchr(*first, '=') != NULL; count--)
        first++; /* NAME=value before the command */
    if (count == 0 || strcmp(*first, "headgate") != 0 || cli_parse(&cli, count, first, &err))
        return;
    fprintf(stderr, "%s: %.*s: %s\n", page, (int)n, command, err.message);
    faults++;
}

/* Lines of the fenced blocks that a shell would read, and `headgate ...` between backticks. */
static void check_commands(const char *name, const char *text)
{
    bool shell = false, fence = false;

    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");

        if (strncmp(line, "```", 3) == 0) {
            fence = !fence;
            shell = fence && (strncmp(line + 3, "sh", 2) == 0 || strncmp(line + 3, "bash", 4) == 0);
        } else if (shell) {
            size_t prompt = strncmp(line, "$ ", 2) == 0 ? 2 : 0;

            check_command(name, line + prompt, n - prompt);
        } else if (!fence) {
            for (const char *at = line;
                 (at = memmem(at, (size_t)(line + n - at), "`headgate ", 10)) != NULL; at++)
                check_command(name, at + 1, strcspn(at + 1, "`\n"));
        }
        line += n + (line[n] == '\n');
    }
}

static void every_command_line_in_the_documents_is_understood(void **state)
{
    (void)state;
    read_pages(check_commands);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        if ((at == text || !is_word(at[-1])) && !is_word(at[n]))
            return true;
    return false;
}

/* What the build offers: "... db-up" and the like. */
static struct buf targets;

static int read_targets(void **state)
{
    FILE *help = popen("cmake --build '" TEST_BINARY_DIR "' --target help", "r");
    char line[300];

    (void)state;
    targets = BUF_INIT(1 << 20);
    while (help != NULL && fgets(line, sizeof line, help) != NULL)
        buf_text(&targets, line);
    return help == NULL || pclose(help) != 0;
}

static int release_targets(void **state)
{
    (void)state;
    buf_release(&targets);
    return 0;
}

static void check_targets(const char *name, const char *text)
{
    static const char *const before[] = {"make ", "--target "};

    for (size_t i = 0; i < 2; i++)
        for (const char *at = text; (at = strstr(at, before[i])) != NULL; at++) {
            const char *word = at + strlen(before[i]);
            char target[64];

            snprintf(target, sizeof target, "%.*s",
                     (int)strspn(word, "abcdefghijklmnopqrstuvwxyz-"), word);
            if ((i == 0 && strncmp(target, "db-", 3) != 0) || has_word(targets.bytes, target))
                continue; /* "make" is also an English word */
            fprintf(stderr, "%s: there is no target %s\n", name, target);
            faults++;
        }
}

static void every_make_target_in_the_documents_exists(void **state)
{
    (void)state;
    assert_true(has_word(targets.bytes, "check")); /* the list is one */
    read_pages(check_targets);
}

/* A manual page without the backslash that keeps a hyphen a hyphen. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++)
        if (strncmp(at, "\\-", 2) != 0)
            *to++ = *at;
    *to = '\0';
}

static void the_manual_knows_every_command_and_option(void **state)
{
    char *manual = read_source("doc/man/headgate.1");

    (void)state;
    faults = 0;
    unescape(manual);
    for (size_t i = 0; i < command_row_count; i++)
        if (!has_word(manual, command_rows[i].name))
            faults += fprintf(stderr, "command %s is missing\n", command_rows[i].name) > 0;
    for (size_t i = 0; i < option_row_count; i++)
        if (!has_word(manual, option_rows[i].name))
            faults += fprintf(stderr, "option %s is missing\n", option_rows[i].name) > 0;
    assert_non_null(strstr(manual, "headgate " HG_VERSION));
    free(manual);
    assert_int_equal(faults, 0);
}

static void the_manual_knows_every_setting(void **state)
{
    char *manual = read_source("doc/man/headgate.1");
    hg_settings_options options = {.env_file = TEST_SOURCE_DIR "/.env.sample",
                                   .environ = (const char *const[]){NULL}};
    hg_settings *settings = NULL;

    (void)state;
    faults = 0;
    unescape(manual);
    assert_true(hg_settings_load(&options, &settings, NULL));
    for (size_t i = 0; i < hg_settings_count(settings); i++) {
        hg_setting setting = hg_settings_at(settings, i);

        if (!has_word(manual, setting.name) || strstr(manual, setting.help) == NULL)
            faults += fprintf(stderr, "setting %s is missing\n", setting.name) > 0;
    }
    hg_settings_free(settings);
    free(manual);
    assert_int_equal(faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_line_in_the_documents_is_understood),
        cmocka_unit_test_setup_teardown(every_make_target_in_the_documents_exists, read_targets,
                                        release_targets),
        cmocka_unit_test(the_manual_knows_every_command_and_option),
        cmocka_unit_test(the_manual_knows_every_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
