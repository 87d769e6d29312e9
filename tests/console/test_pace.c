/*
 * test_pace.c - behind a slow link the console is never more than one frame behind, and a terminal
 * that cannot tell what it has seen is not waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/fake_jobs.h"
#include "support/tty.h"

static char own_path[512];

static struct tty *start(void)
{
    const char *argv[] = {own_path, "--console", NULL};

    return tty_start(&(struct tty_options){0}, argv);
}

static void quit(struct tty *t)
{
    tty_type(t, "q");
    assert_int_equal(tty_wait_end(t), 0);
    tty_free(t);
}

/* How often the terminal was asked whether it has seen what stands before. */
static int frames(struct tty *t)
{
    static const char question[] = "\033[5n";
    size_t size;
    const char *at = tty_bytes(t, &size), *end = at + size;
    int n = 0;

    while ((at = memmem(at, (size_t)(end - at), question, sizeof question - 1)) != NULL) {
        at += sizeof question - 1;
        n++;
    }
    return n;
}

/* Buffers between us and a slow link take everything: only its answers say how far it is. */
static void a_slow_link_is_never_more_than_one_frame_behind(void **state)
{
    static const char *const keys[] = {"?", "\033", "2", "7"};
    struct tty *t = start();
    int before;

    (void)state;
    assert_true(tty_wait(t, "checkouts/s"));
    tty_listen(t, 100);
    tty_hold_answers(t, true);
    before = frames(t);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        tty_type(t, keys[i]);
        tty_listen(t, 60);
    }
    tty_listen(t, 2200); /* such a frame takes seven seconds at 300 bytes a second */
    assert_int_equal(frames(t) - before, 1);
    tty_hold_answers(t, false);
    assert_true(tty_wait(t, "── LOG"));
    assert_in_range(frames(t) - before, 2, 4); /* the present, and nothing in between */
    quit(t);
}

static void a_terminal_that_never_answers_is_not_waited_for(void **state)
{
    struct tty *t = start();
    int asked;

    (void)state;
    tty_hold_answers(t, true);
    assert_true(tty_wait(t, "READINESS"));
    tty_type(t, "?");
    assert_true(tty_wait(t, "HELP"));
    asked = frames(t);
    tty_type(t, "\033");
    assert_true(tty_wait_gone(t, "HELP"));
    assert_int_equal(frames(t), asked);
    tty_hold_answers(t, false); /* it does after all: it is asked again */
    tty_type(t, "?");
    assert_true(tty_wait(t, "HELP"));
    tty_type(t, "\033");
    assert_true(tty_wait_gone(t, "HELP"));
    assert_true(frames(t) > asked);
    quit(t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_link_is_never_more_than_one_frame_behind),
        cmocka_unit_test(a_terminal_that_never_answers_is_not_waited_for),
    };

    if (readlink("/proc/self/exe", own_path, sizeof own_path - 1) < 0)
        return 99;
    if (argc > 1 && strcmp(argv[1], "--console") == 0)
        return fake_console("busy", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
