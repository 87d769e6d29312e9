/*
 * test_terminal.c - the console on a real terminal emulator, with jobs that answer from a scene:
 * kinds of terminals, locales, signals, and what reaches the wire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fake_jobs.h"
#include "support/golden.h"
#include "support/temp.h"
#include "support/tty.h"

static char own_path[512];

static struct tty *open_console(const char *name, const struct tty_options *options)
{
    const char *argv[] = {own_path, "--console", name, NULL};
    struct tty *t = tty_start(options, argv);

    if (!tty_wait(t, "READINESS"))
        fail_msg("the dashboard of \"%s\" does not open", name);
    return t;
}

static void quit_and_keep(struct tty *t)
{
    tty_type(t, "q");
    assert_int_equal(tty_wait_end(t), 0);
}

static void quit(struct tty *t)
{
    quit_and_keep(t);
    tty_free(t);
}

static void assert_given_back(struct tty *t)
{
    assert_true(tty_modes_restored(t));
    assert_true(tty_cursor_visible(t));
    assert_false(tty_alternate(t));
}

static void quitting_gives_the_terminal_back(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});

    (void)state;
    assert_true(tty_alternate(t));
    assert_false(tty_modes_restored(t));
    tty_type(t, "q");
    assert_int_equal(tty_wait_end(t), 0);
    assert_given_back(t);
    assert_int_equal(tty_unknown(t), 0);
    tty_free(t);
}

static void every_kind_of_terminal_shows_the_same_text(void **state)
{
    static const char *const kinds[] = {"xterm-256color", "xterm", "screen", "screen-256color",
                                        "tmux-256color",  "linux", "vt220",  "vt100"};
    char *first = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct tty *t = open_console("still", &(struct tty_options){.term = kinds[i]});

        if (first == NULL) {
            assert_true(tty_wait(t, "3 waiting"));
            assert_true(tty_settle(t, 500)); /* the frame's end: the others become the same */
            first = tty_dump_below(t, false);
        }
        assert_true(tty_wait_same(t, first, false));
        assert_int_equal(tty_unknown(t), 0);
        quit(t);
    }
    free(first);
}

static void a_terminal_without_colours_gets_none(void **state)
{
    struct tty *t = open_console("prod", &(struct tty_options){.term = "vt100"});
    char *shown;

    (void)state;
    assert_true(tty_wait(t, "NOT READY"));
    shown = tty_dump_below(t, true);
    assert_null(strstr(shown, "fg="));
    assert_null(strstr(shown, "bg="));
    assert_non_null(strstr(shown, "reverse"));
    free(shown);
    quit(t);
}

static void the_c_locale_gets_ascii_only(void **state)
{
    struct tty *t = open_console("prod", &(struct tty_options){.locale = "C"});
    const unsigned char *bytes;
    size_t size;

    (void)state;
    assert_true(tty_wait(t, "NOT READY"));
    tty_type(t, "?");
    assert_true(tty_wait(t, "HELP"));
    bytes = (const unsigned char *)tty_bytes(t, &size);
    for (size_t i = 0; i < size; i++)
        assert_true(bytes[i] < 0x80);
    quit(t);
}

static void screens_look_as_they_did(void **state)
{
    static const struct {
        const char *golden, *term, *locale;
        int width, height;
    } cases[] = {
        {"terminal_256_80x24", "xterm-256color", "C.UTF-8", 80, 24},
        {"terminal_8_80x24", "linux", "C.UTF-8", 80, 24},
        {"terminal_vt100_ascii_80x24", "vt100", "C", 80, 24},
        {"terminal_256_40x10", "xterm-256color", "C.UTF-8", 40, 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tty_options options = {.term = cases[i].term,
                                      .locale = cases[i].locale,
                                      .width = cases[i].width,
                                      .height = cases[i].height};
        const char *argv[] = {own_path, "--console", "still prod", NULL};
        struct tty *t = tty_start(&options, argv);

        golden_compare_tty(cases[i].golden, t);
        quit(t);
    }
}

static void a_terminal_that_cannot_place_its_cursor_is_refused_with_a_hint(void **state)
{
    static const char *const kinds[] = {"dumb", "no-such-terminal", ""};
    const char *argv[] = {own_path, "--console", "calm", NULL};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tty *t = tty_start(&(struct tty_options){.term = kinds[i]}, argv);
        int status = tty_wait_end(t);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
        assert_true(tty_shows(t, "could not open the console"));
        assert_true(tty_shows(t, "headgate status"));
        assert_true(tty_modes_restored(t));
        tty_free(t);
    }
}

static void it_follows_every_change_of_size(void **state)
{
    static const int sizes[][2] = {{40, 10}, {200, 60}, {20, 3}, {1, 1}, {132, 43}, {80, 24}};
    struct tty *t = open_console("busy", &(struct tty_options){0});

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        tty_resize(t, sizes[i][0], sizes[i][1]);
    assert_true(tty_wait(t, "quit"));
    tty_resize(t, 200, 60);
    assert_true(tty_wait(t, "0022")); /* more migrations than 80x24 shows */
    tty_resize(t, 40, 10);
    assert_true(tty_wait(t, "1-7 screens"));
    tty_resize(t, 30, 5);
    assert_true(tty_wait(t, "40x10"));
    quit(t);
}

/* A shell with one job: runs the console in a process group of its own; when it stops, says so and
 * waits for a line before it lets it go on. */
static int run_as_job(const char *name)
{
    pid_t job = fork();
    int status = 0, stops = 0;
    char line[8];

    signal(SIGTTOU, SIG_IGN);
    if (job == 0) {
        setpgid(0, 0);
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
        execl(own_path, own_path, "--console", name, (char *)NULL);
        _exit(99);
    }
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
        tcsetpgrp(STDIN_FILENO, getpgrp());
        printf("stop %d\n", ++stops);
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL)
            return 99;
        tcsetpgrp(STDIN_FILENO, job);
        kill(-job, SIGCONT);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

/* A region of other rows would stay behind, and the shell scroll in it. */
static void the_scrolling_region_is_the_whole_screen(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){.height = 43});
    const char *bytes;
    size_t size;

    (void)state;
    bytes = tty_bytes(t, &size);
    assert_non_null(memmem(bytes, size, "\033[1;43r", 7));
    assert_null(memmem(bytes, size, "\033[1;24r", 7));
    tty_resize(t, 80, 30);
    tty_type(t, "7"); /* what comes now is of the new size */
    assert_true(tty_wait(t, "LOG"));
    bytes = tty_bytes(t, &size);
    assert_non_null(memmem(bytes, size, "\033[r", 3));
    quit(t);
}

static void suspending_gives_the_terminal_to_the_shell_and_back(void **state)
{
    const char *argv[] = {own_path, "--job", "busy", NULL};
    struct tty *t = tty_start(&(struct tty_options){0}, argv);
    char stopped[16];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(tty_wait(t, "READINESS"));
        assert_true(tty_alternate(t));
        for (int j = 0; j < 200 && tty_cursor_visible(t); j++) /* hidden at the frame's end */
            tty_listen(t, 50);
        assert_false(tty_cursor_visible(t));
        tty_type(t, i == 1 ? "k\032" : "\032"); /* also when a frame is about to be drawn */
        snprintf(stopped, sizeof stopped, "stop %d", i + 1);
        assert_true(tty_wait(t, stopped));
        assert_given_back(t);
        tty_type(t, "\n");
    }
    assert_true(tty_wait(t, "READINESS"));
    quit(t);
}

static void a_stop_from_outside_is_survived(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});

    (void)state;
    kill(tty_pid(t), SIGSTOP);
    assert_true(tty_wait_stop(t));
    tty_resize(t, 132, 43);
    kill(tty_pid(t), SIGCONT);
    assert_true(tty_wait(t, "0022"));
    tty_type(t, "?");
    assert_true(tty_wait(t, "HELP"));
    quit(t);
}

static void signals_that_end_give_the_terminal_back(void **state)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGQUIT};

    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct tty *t = open_console("busy", &(struct tty_options){0});
        int status;

        kill(tty_pid(t), signals[i]);
        status = tty_wait_end(t);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 130);
        assert_given_back(t);
        tty_free(t);
    }
}

static void a_crash_gives_the_terminal_back(void **state)
{
    struct tty *t = open_console("crash", &(struct tty_options){0});
    int status;

    (void)state;
    tty_type(t, "A");
    status = tty_wait_end(t);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0); /* a sanitizer exits instead */
    if (WIFSIGNALED(status))
        assert_given_back(t);
    tty_free(t);
}

static void a_lost_terminal_ends_it_at_once(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});

    (void)state;
    tty_hang_up(t);
    assert_int_not_equal(tty_wait_end(t), -1);
    tty_free(t);
}

static void nothing_is_written_while_nothing_changes(void **state)
{
    struct tty *t = open_console("idle", &(struct tty_options){0});

    (void)state;
    assert_true(tty_wait(t, "0 checkouts/s"));
    assert_true(
        tty_settle(t, 4000)); /* not at once: a frame may have more to come, the clock turn */
    quit(t);
}

static void moving_the_selection_writes_little(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});
    size_t before, after;

    (void)state;
    assert_true(tty_wait(t, "checkouts/s"));
    assert_true(tty_settle(t, 200));
    tty_bytes(t, &before);
    tty_type(t, "k");
    do
        assert_true(tty_settle(t, 200));
    while (tty_bytes(t, &after) != NULL && after == before);
    assert_in_range(after - before, 1, 120);
    quit(t);
}

static void keys_answer_while_the_database_is_silent(void **state)
{
    const char *argv[] = {own_path, "--console", "hang", NULL};
    struct tty *t = tty_start(&(struct tty_options){0}, argv);

    (void)state;
    assert_true(tty_wait(t, "12 in use"));
    assert_true(tty_wait(t, "NO ANSWER"));
    tty_type(t, "?");
    assert_true(tty_wait(t, "HELP"));
    tty_type(t, "\033");
    assert_true(tty_wait_gone(t, "HELP"));
    tty_type(t, "A");
    assert_true(tty_wait(t, "QUESTION"));
    quit(t);
}

static void apply_goes_through_plan_question_and_result(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});

    (void)state;
    tty_type(t, "A");
    assert_true(tty_wait(t, "y apply"));
    tty_listen(t, 350); /* keys before the dead time is over are dropped */
    tty_type(t, "y");
    assert_true(tty_wait(t, "DONE"));
    tty_type(t, "\033");
    assert_true(tty_wait(t, "READINESS"));
    quit(t);
}

static void production_takes_the_name_and_no_paste(void **state)
{
    struct tty *t = open_console("prod", &(struct tty_options){0});

    (void)state;
    tty_type(t, "W");
    assert_true(tty_wait(t, "for ten minutes?"));
    tty_listen(t, 350);
    tty_type(t, "y");
    assert_true(tty_wait(t, "ARMED 10m"));
    tty_type(t, "A");
    assert_true(tty_wait(t, "type the database's name, shop"));
    assert_true(tty_wait(t, "\n  >"));
    tty_type(t, "\033[200~shop\033[201~\r");
    assert_true(tty_wait(t, "has to be typed"));
    tty_type(t, "shop\r");
    assert_true(tty_wait(t, "DONE"));
    quit(t);
}

static void a_run_is_stopped_after_a_question(void **state)
{
    struct tty *t = open_console("endless", &(struct tty_options){0});

    (void)state;
    tty_type(t, "A");
    assert_true(tty_wait(t, "y apply"));
    tty_listen(t, 350);
    tty_type(t, "y");
    assert_true(tty_wait(t, "pid 4211 holds users"));
    tty_type(t, "\003");
    assert_true(tty_wait(t, "What becomes of the run?"));
    tty_listen(t, 350);
    tty_type(t, "c");
    assert_true(tty_wait(t, "STOPPED"));
    quit(t);
}

static void the_end_of_an_unknown_sequence_is_not_a_key(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});

    (void)state;
    tty_type(t, "\033[99;99A\033[1;9q\033OA"); /* neither A nor q; the last one is an arrow */
    tty_type(t, "?");
    assert_true(tty_wait(t, "HELP"));
    quit(t);
}

/* Whether it has been written since a place in all that was written. */
static bool wrote(const struct tty *t, size_t since, const char *sequence)
{
    size_t size;
    const char *bytes = tty_bytes(t, &size);

    return memmem(bytes + since, size - since, sequence, strlen(sequence)) != NULL;
}

static void the_mouse_selects_rows_and_screens_and_turns_lists(void **state)
{
    struct tty *t = open_console("busy mouse", &(struct tty_options){0});

    (void)state;
    assert_true(wrote(t, 0, "\033[?1000h\033[?1006h"));
    tty_type(t, "\033[<0;46;2M\033[<0;46;2m"); /* the name of the fourth screen */
    assert_true(tty_wait(t, "MIGRATION 00"));
    tty_type(t, "\033[<0;10;5M\033[<0;10;5m"); /* the first row of its list */
    assert_true(tty_wait(t, "MIGRATION 0035"));
    tty_type(t, "\033[<65;10;8M");
    assert_true(tty_wait(t, "MIGRATION 0038"));
    tty_type(t, "\033[<64;10;");
    tty_listen(t, 50); /* in two pieces */
    tty_type(t, "8M");
    assert_true(tty_wait(t, "MIGRATION 0035"));
    tty_type(t, "\033[<2;46;2M\033[<0;99999999999999999;2M\033[<;;M"); /* nothing that it knows */
    tty_type(t, "?");
    assert_true(tty_wait(t, "HELP"));
    quit(t);
}

static void the_mouse_is_the_terminals_until_it_is_taken(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});
    size_t before;

    (void)state;
    assert_false(wrote(t, 0, "\033[?1000h"));
    tty_type(t, "m");
    assert_true(tty_wait(t, "the mouse selects rows"));
    assert_true(wrote(t, 0, "\033[?1000h\033[?1006h"));
    tty_bytes(t, &before);
    tty_type(t, "m");
    assert_true(tty_wait(t, "the mouse marks text"));
    assert_true(wrote(t, before, "\033[?1006l\033[?1000l"));
    tty_type(t, "m");
    assert_true(tty_wait(t, "the mouse selects rows"));
    tty_bytes(t, &before);
    quit_and_keep(t);
    assert_true(wrote(t, before, "\033[?1006l\033[?1000l"));
    assert_true(wrote(t, before, "\033[?1004l"));
    assert_true(wrote(t, before, "\033[?2004l"));
    tty_free(t);
}

static void a_terminal_without_a_mouse_is_not_asked_for_it(void **state)
{
    static const char *const kinds[] = {"linux", "vt100", "vt220"};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct tty *t = open_console("busy", &(struct tty_options){.term = kinds[i]});

        tty_type(t, "m");
        assert_true(tty_wait(t, "does not tell of its mouse"));
        assert_false(wrote(t, 0, "\033[?1000h"));
        assert_false(wrote(t, 0, "\033[?1004h"));
        quit(t);
    }
}

static void the_focus_of_the_window_is_no_key(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});

    (void)state;
    assert_true(wrote(t, 0, "\033[?1004h"));
    tty_type(t, "\033[O\033[I\033[O?");
    assert_true(tty_wait(t, "HELP"));
    quit(t);
}

static void themes_change_while_it_runs(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});
    char *dark, *contrast, *mono;

    (void)state;
    dark = tty_dump_below(t, true);
    tty_type(t, "t");
    assert_true(tty_wait(t, "theme high-contrast"));
    contrast = tty_dump_below(t, true);
    assert_string_not_equal(dark, contrast);
    tty_type(t, ":theme mono\r");
    assert_true(tty_wait(t, "theme mono"));
    mono = tty_dump_below(t, true);
    assert_null(strstr(mono, "fg="));
    free(dark);
    free(contrast);
    free(mono);
    quit(t);
}

static void a_broken_theme_is_named_and_the_default_used(void **state)
{
    char *dir = temp_dir_make(), *path = temp_path(dir, "mine.json"), *shown;
    const char *argv[] = {own_path, "--console", "calm", path, NULL};
    struct tty *t;

    (void)state;
    temp_write(dir, "mine.json", "{\"name\": \"mine\",\n\"roles\": {\"okk\": {}}}");
    t = tty_start(&(struct tty_options){.width = 160, .height = 40}, argv);
    assert_true(tty_wait(t, "unknown role \"okk\": Did you mean \"ok\"?"));
    assert_true(tty_shows(t, "line 2"));
    shown = tty_dump_below(t, true);
    assert_non_null(strstr(shown, "fg="));
    free(shown);
    quit(t);
    free(path);
    temp_dir_remove(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quitting_gives_the_terminal_back),
        cmocka_unit_test(every_kind_of_terminal_shows_the_same_text),
        cmocka_unit_test(a_terminal_without_colours_gets_none),
        cmocka_unit_test(the_c_locale_gets_ascii_only),
        cmocka_unit_test(screens_look_as_they_did),
        cmocka_unit_test(a_terminal_that_cannot_place_its_cursor_is_refused_with_a_hint),
        cmocka_unit_test(it_follows_every_change_of_size),
        cmocka_unit_test(the_scrolling_region_is_the_whole_screen),
        cmocka_unit_test(suspending_gives_the_terminal_to_the_shell_and_back),
        cmocka_unit_test(a_stop_from_outside_is_survived),
        cmocka_unit_test(signals_that_end_give_the_terminal_back),
        cmocka_unit_test(a_crash_gives_the_terminal_back),
        cmocka_unit_test(a_lost_terminal_ends_it_at_once),
        cmocka_unit_test(nothing_is_written_while_nothing_changes),
        cmocka_unit_test(moving_the_selection_writes_little),
        cmocka_unit_test(keys_answer_while_the_database_is_silent),
        cmocka_unit_test(apply_goes_through_plan_question_and_result),
        cmocka_unit_test(production_takes_the_name_and_no_paste),
        cmocka_unit_test(a_run_is_stopped_after_a_question),
        cmocka_unit_test(the_end_of_an_unknown_sequence_is_not_a_key),
        cmocka_unit_test(the_mouse_selects_rows_and_screens_and_turns_lists),
        cmocka_unit_test(the_mouse_is_the_terminals_until_it_is_taken),
        cmocka_unit_test(a_terminal_without_a_mouse_is_not_asked_for_it),
        cmocka_unit_test(the_focus_of_the_window_is_no_key),
        cmocka_unit_test(themes_change_while_it_runs),
        cmocka_unit_test(a_broken_theme_is_named_and_the_default_used),
    };

    if (readlink("/proc/self/exe", own_path, sizeof own_path - 1) < 0)
        return 99;
    if (argc > 2 && strcmp(argv[1], "--console") == 0)
        return fake_console(argv[2], argc > 3 ? argv[3] : NULL);
    if (argc > 2 && strcmp(argv[1], "--job") == 0)
        return run_as_job(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
