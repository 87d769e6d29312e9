/*
 * test_terminal.c - the console on a real terminal emulator, with jobs that answer from a scene.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support/fake_jobs.h"
#include "support/golden.h"
#include "support/tty.h"

static char own_path[] = "/proc/self/exe";

static struct tty *open_console(const char *name, const struct tty_options *options)
{
    const char *argv[] = {own_path, "--console", name, NULL};

    return tty_start(options, argv);
}

static void it_shows_the_dashboard(void **state)
{
    struct tty *t = open_console("busy", &(struct tty_options){0});

    (void)state;
    assert_true(tty_wait(t, "MIGRATIONS"));
    tty_type(t, "q");
    assert_int_equal(tty_wait_end(t), 0);
    assert_true(tty_modes_restored(t));
    assert_false(tty_alternate(t));
    tty_free(t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_shows_the_dashboard),
    };

    if (argc > 2 && strcmp(argv[1], "--console") == 0)
        return fake_console(argv[2], argc > 3 ? argv[3] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
