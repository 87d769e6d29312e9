/*
 * test_options.c - argv to a command: what is taken, what is refused, and that help knows every
 * row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/options.h"

static bool parse(struct cli *cli, hg_error *err, const char *first, ...)
{
    char *argv[16] = {(char *)(uintptr_t) "headgate"};
    int argc = 1;
    va_list args;

    va_start(args, first);
    for (const char *word = first; word != NULL; word = va_arg(args, const char *))
        argv[argc++] = (char *)(uintptr_t)word;
    va_end(args);
    return cli_parse(cli, argc, argv, err);
}

static void no_command_opens_the_console(void **state)
{
    struct cli cli;

    (void)state;
    assert_true(parse(&cli, NULL, NULL));
    assert_string_equal(cli.command->name, "console");
}

static void options_stand_before_and_behind_the_command(void **state)
{
    struct cli cli;

    (void)state;
    assert_true(parse(&cli, NULL, "-C", "dir", "--url=sqlite://", "up", "--json", "head",
                      "--lock-timeout", "1.5", "-vv", NULL));
    assert_string_equal(cli.directory, "dir");
    assert_string_equal(cli.settings.url, "sqlite://");
    assert_string_equal(cli.argument, "head");
    assert_true(cli.json);
    assert_true(cli.lock_timeout_s == 1.5);
    assert_int_equal(cli.verbosity, 2);
}

static void a_relative_target_is_not_an_option(void **state)
{
    struct cli cli;

    (void)state;
    assert_true(parse(&cli, NULL, "down", "-2", NULL));
    assert_string_equal(cli.argument, "-2");
}

static void bad_usage_is_named(void **state)
{
    static const struct {
        const char *words[3];
        const char *message;
    } rows[] = {
        {{"--frobnicate"}, "unknown option \"--frobnicate\""},
        {{"frobnicate"}, "unknown command \"frobnicate\""},
        {{"--url"}, "option --url needs URL"},
        {{"up", "--json=yes"}, "option --json takes no value"},
        {{"up", "a", "b"}, "\"up\" does not take the argument \"b\""},
        {{"reset", "base"}, "\"reset\" does not take the argument \"base\""},
        {{"stamp"}, "\"stamp\" needs TARGET"},
        {{"ready", "--plan"}, "\"ready\" does not take the option --plan"},
        {{"down", "--single-transaction"},
         "\"down\" does not take the option --single-transaction"},
        {{"up", "--lock-timeout", "soon"},
         "option --lock-timeout: \"soon\" is not a number of seconds"},
        {{"up", "--lock-timeout", "-1"},
         "option --lock-timeout: \"-1\" is not a number of seconds"},
        {{"--color", "blue", "up"}, "option --color: \"blue\" is not auto, always or never"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hg_error err = {0};
        struct cli cli;

        assert_false(parse(&cli, &err, rows[i].words[0], rows[i].words[1], rows[i].words[2], NULL));
        assert_int_equal(err.code, HG_USAGE);
        assert_string_equal(err.message, rows[i].message);
    }
}

static void a_password_in_an_unknown_option_is_not_repeated(void **state)
{
    hg_error err = {0};
    struct cli cli;

    (void)state;
    assert_false(parse(&cli, &err, "--ulr=postgresql://u:secret@h/d", NULL));
    assert_null(strstr(err.message, "secret"));
}

static void every_command_has_an_action_and_the_reverse(void **state)
{
    size_t count;
    const struct action *actions = actions_all(&count);

    (void)state;
    assert_int_equal(count, command_row_count);
    for (size_t i = 0; i < count; i++)
        assert_non_null(command_find(actions[i].name));
    for (size_t i = 0; i < command_row_count; i++)
        assert_non_null(action_find(command_rows[i].name));
}

static void help_names_every_command_and_option(void **state)
{
    struct buf all = BUF_INIT(1 << 20), one = BUF_INIT(1 << 20);

    (void)state;
    cli_help(&all, NULL);
    for (size_t i = 0; i < command_row_count; i++) {
        assert_non_null(strstr(all.bytes, command_rows[i].name));
        cli_help(&one, &command_rows[i]);
    }
    for (size_t i = 0; i < option_row_count; i++)
        assert_non_null(strstr(one.bytes, option_rows[i].name));
    buf_release(&all);
    buf_release(&one);
}

/* The longest line of a text, in columns; help is ASCII. */
static size_t longest_line(const char *text)
{
    size_t longest = 0;

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        longest = n > longest ? n : longest;
        text += n + (text[n] == '\n');
    }
    return longest;
}

static void help_fits_a_terminal_of_80_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i <= command_row_count; i++) {
        struct buf out = BUF_INIT(1 << 20);

        cli_help(&out, i == 0 ? NULL : &command_rows[i - 1]);
        assert_in_range(longest_line(out.bytes), 1, 80);
        buf_release(&out);
    }
}

static void completion_knows_three_shells_and_no_other(void **state)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct buf out = BUF_INIT(1 << 20);

        assert_true(cli_completion(&out, shells[i]));
        assert_non_null(strstr(out.bytes, "history"));
        assert_non_null(strstr(out.bytes, "lock-timeout"));
        buf_release(&out);
    }
    assert_false(cli_completion(NULL, "csh"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_command_opens_the_console),
        cmocka_unit_test(options_stand_before_and_behind_the_command),
        cmocka_unit_test(a_relative_target_is_not_an_option),
        cmocka_unit_test(bad_usage_is_named),
        cmocka_unit_test(a_password_in_an_unknown_option_is_not_repeated),
        cmocka_unit_test(every_command_has_an_action_and_the_reverse),
        cmocka_unit_test(help_names_every_command_and_option),
        cmocka_unit_test(help_fits_a_terminal_of_80_columns),
        cmocka_unit_test(completion_knows_three_shells_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
