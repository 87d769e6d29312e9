/*
 * test_console.c - the console as its users open it: the real program on a terminal emulator, over
 * a real SQLite and a real PostgreSQL database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console_project.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"
#include "support/tty.h"

static void walk(bool postgres)
{
    struct project p = project_make(postgres);

    run_command(&p, "init");
    open_console(&p);
    assert_true(tty_wait(p.tty, "[development]"));
    assert_true(tty_wait(p.tty, postgres ? "PostgreSQL 1" : "SQLite 3"));
    assert_true(tty_wait(p.tty, "0 applied, 2 pending"));
    assert_true(tty_wait(p.tty, "NOT READY"));
    assert_true(tty_wait(p.tty, "in use"));

    change(&p, "A", "y apply", "y");
    assert_true(tty_wait(p.tty, "DONE"));
    assert_current(&p, "0002");
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "2 applied, 0 pending"));

    change(&p, "U", "y roll back", "y");
    assert_true(tty_wait(p.tty, "DONE"));
    assert_current(&p, "0001");
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "1 applied, 1 pending"));

    change(&p, "X", "y reset", "y");
    assert_true(tty_wait(p.tty, "DONE"));
    assert_true(tty_shows(p.tty, "down  0001"));
    assert_current(&p, "0002");
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "2 applied, 0 pending"));
    quit_console(&p);
    project_remove(&p);
}

static void keys_apply_roll_back_and_reset_on_sqlite(void **state)
{
    (void)state;
    walk(false);
}

static void keys_apply_roll_back_and_reset_on_postgresql(void **state)
{
    (void)state;
    walk(true);
}

static void production_changes_only_when_its_name_is_typed(void **state)
{
    struct project p = project_make(true);
    char answer[128], prod[1100];

    (void)state;
    snprintf(prod, sizeof prod, "DATABASE_URL_PROD=%s", p.url + strlen("DATABASE_URL="));
    {
        const char *const environment[] = {"ENV=production", prod, p.runtime, NULL};
        const char *const argv[] = {TEST_HEADGATE, NULL};

        p.tty =
            tty_start(&(struct tty_options){.directory = p.dir, .environment = environment}, argv);
    }
    assert_true(tty_wait(p.tty, "[PRODUCTION]"));
    assert_true(tty_wait(p.tty, "0 applied, 2 pending"));
    tty_type(p.tty, "A");
    assert_true(tty_wait(p.tty, "production is guarded"));
    tty_type(p.tty, "W");
    assert_true(tty_wait(p.tty, "for ten minutes?"));
    tty_listen(p.tty, 350);
    tty_type(p.tty, "y");
    assert_true(tty_wait(p.tty, "ARMED 10m"));
    change(&p, "A", "\n  >", "y\r");
    assert_true(tty_wait(p.tty, "that is not its name"));
    snprintf(answer, sizeof answer, "\177%s\r", p.database);
    tty_type(p.tty, answer);
    assert_true(tty_wait(p.tty, "DONE"));
    assert_current(&p, "0002");
    quit_console(&p);
    project_remove(&p);
}

static void a_migration_that_fails_is_shown_with_its_place(bool postgres)
{
    struct project p = project_make(postgres);

    temp_write(p.dir, "migrations/0003_broken.sql",
               "-- migrate:up\nCREATE TABLE fine (id integer);\n"
               "INSERT INTO nowhere VALUES (1);\n-- migrate:down\nDROP TABLE fine;\n");
    run_command(&p, "init");
    open_console(&p);
    assert_true(tty_wait(p.tty, "0 applied, 3 pending"));
    change(&p, "A", "y apply", "y");
    assert_true(tty_wait(p.tty, "FAILED"));
    assert_true(tty_wait(p.tty, "0003_broken.sql, line 3"));
    assert_true(tty_shows(p.tty, "nowhere"));
    assert_current(&p, "0002");
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "2 applied, 1 pending"));
    quit_console(&p);
    project_remove(&p);
}

static void a_failure_on_sqlite_has_its_place(void **state)
{
    (void)state;
    a_migration_that_fails_is_shown_with_its_place(false);
}

static void a_failure_on_postgresql_has_its_place(void **state)
{
    (void)state;
    a_migration_that_fails_is_shown_with_its_place(true);
}

static void keys_answer_while_the_server_is_frozen(void **state)
{
    struct project p = project_make(true);

    (void)state;
    open_console(&p);
    assert_true(tty_wait(p.tty, "2 pending"));
    postgres_freeze();
    assert_true(tty_wait(p.tty, "NO ANSWER since"));
    assert_true(tty_wait(p.tty, "as of"));
    tty_type(p.tty, "?");
    assert_true(tty_wait(p.tty, "HELP"));
    tty_type(p.tty, "\033");
    assert_true(tty_wait_gone(p.tty, "HELP"));
    tty_type(p.tty, "A");
    assert_true(tty_wait(p.tty, "Making the plan"));
    tty_type(p.tty, "\033");
    assert_true(tty_wait(p.tty, "nothing was changed"));
    postgres_thaw();
    assert_true(tty_wait_gone(p.tty, "NO ANSWER"));
    quit_console(&p);
    project_remove(&p);
}

static void it_can_be_quit_while_the_server_is_frozen(void **state)
{
    struct project p = project_make(true);

    (void)state;
    open_console(&p);
    assert_true(tty_wait(p.tty, "2 pending"));
    postgres_freeze();
    tty_type(p.tty, "R"); /* everything is asked for */
    quit_console(&p);
    postgres_thaw();
    project_remove(&p);
}

static void it_opens_without_a_database_and_says_why(void **state)
{
    struct project p = project_make(false);
    char *screen;

    (void)state;
    snprintf(p.url, sizeof p.url, "DATABASE_URL=postgresql://app:hunter22@127.0.0.1:1/shop");
    open_console(&p);
    assert_true(tty_wait(p.tty, "NO ANSWER"));
    assert_true(tty_wait(p.tty, "does not answer"));
    screen = tty_dump(p.tty, false);
    assert_null(strstr(screen, "hunter22"));
    free(screen);
    tty_type(p.tty, "A");
    assert_true(tty_wait(p.tty, "could not plan"));
    quit_console(&p);
    project_remove(&p);
}

static void a_sqlite_file_that_is_not_there_is_not_made_by_looking(void **state)
{
    struct project p = project_make(false);
    char *path = temp_path(p.dir, "app.db");

    (void)state;
    open_console(&p);
    assert_true(tty_wait(p.tty, "NO ANSWER"));
    assert_true(tty_wait(p.tty, "does not answer: could not open"));
    quit_console(&p);
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
    project_remove(&p);
}

static void our_own_pool_is_shown_as_what_it_is(void **state)
{
    struct project p = project_make(false);

    (void)state;
    run_command(&p, "up");
    open_console(&p);
    assert_true(tty_wait(p.tty, "a console's own pool"));
    quit_console(&p);
    project_remove(&p);
}

/* Something may happen on a busy machine, a slow round trip or the screen's minute: three refreshes
 * in a row without a byte are what is asked for, some time soon. A screen that writes at every
 * refresh never has them. They are made as quick as can be. */
static void nothing_is_written_while_nothing_happens(bool postgres)
{
    struct project p = project_make(postgres);
    size_t heard = 1;

    run_command(&p, "up");
    open_console(&p);
    assert_true(tty_wait(p.tty, "2 applied, 0 pending"));
    tty_type(p.tty, "+");
    assert_true(tty_wait(p.tty, "read again every 0.5 s"));
    for (int i = 0; i < 24 && heard > 0; i++)
        heard = tty_listen(p.tty, 1750);
    assert_int_equal(heard, 0);
    quit_console(&p);
    project_remove(&p);
}

static void an_idle_console_on_sqlite_is_silent(void **state)
{
    (void)state;
    nothing_is_written_while_nothing_happens(false);
}

static void an_idle_console_on_postgresql_is_silent(void **state)
{
    (void)state;
    nothing_is_written_while_nothing_happens(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_apply_roll_back_and_reset_on_sqlite),
        cmocka_unit_test(keys_apply_roll_back_and_reset_on_postgresql),
        cmocka_unit_test(production_changes_only_when_its_name_is_typed),
        cmocka_unit_test(a_failure_on_sqlite_has_its_place),
        cmocka_unit_test(a_failure_on_postgresql_has_its_place),
        cmocka_unit_test(keys_answer_while_the_server_is_frozen),
        cmocka_unit_test(it_can_be_quit_while_the_server_is_frozen),
        cmocka_unit_test(it_opens_without_a_database_and_says_why),
        cmocka_unit_test(a_sqlite_file_that_is_not_there_is_not_made_by_looking),
        cmocka_unit_test(our_own_pool_is_shown_as_what_it_is),
        cmocka_unit_test(an_idle_console_on_sqlite_is_silent),
        cmocka_unit_test(an_idle_console_on_postgresql_is_silent),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
