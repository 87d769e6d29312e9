/*
 * test_copy_resume.c - a copy is killed, or its server, at any moment: `headgate copy --resume`
 * ends with everything there once, and nothing left of the copy itself.
 *
 * HEADGATE_TEST_KILLS says how often it is killed at random; 50 take minutes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "copy_sides.h"

enum { KILLS = 2 };

static const char big_source[] =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);"
    "CREATE TABLE events (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), body "
    "TEXT);"
    "CREATE TABLE tags (name TEXT, n INTEGER, PRIMARY KEY (name, n)) WITHOUT ROWID;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO "
    "users SELECT i, 'u' || i FROM n;"
    "INSERT INTO events SELECT id, id, hex(zeroblob(450)) || id FROM users;"
    "INSERT INTO tags SELECT 't' || id, id FROM users WHERE id <= 6000;";

static const char big_target[] =
    "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    "CREATE TABLE events (id bigint, user_id bigint REFERENCES users(id) ON DELETE CASCADE, body "
    "text);"
    "CREATE TABLE tags (name text, n integer);"
    "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.n := 0; RETURN NEW; "
    "END$$;"
    "CREATE TRIGGER spoil BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION spoil();";

enum { BIG_TABLES = 3 };

static void assert_rows_are_there_once(const struct sides *sides)
{
    assert_target(sides, "SELECT count(*) || ' ' || count(DISTINCT id) FROM users", "20000 20000");
    assert_target(sides, "SELECT count(*) || ' ' || count(DISTINCT id) FROM events", "20000 20000");
    assert_target(sides, "SELECT count(*) || ' ' || count(DISTINCT n) FROM tags", "6000 6000");
    assert_target(sides, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate_copy%'", "0");
}

static void assert_big_is_whole(const struct sides *sides)
{
    assert_rows_are_there_once(sides);
    assert_target(sides, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'spoil'", "O");
    assert_target(sides, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated",
                  "1");
}

static void pause_ms(double ms)
{
    struct timespec wait = {(time_t)(ms / 1000),
                            (long)((ms - 1000 * (double)(time_t)(ms / 1000)) * 1e6)};

    nanosleep(&wait, NULL);
}

/* A copy that runs, nobody listening. */
static pid_t start_copy(const struct sides *sides, const char *more)
{
    const char *argv[] = {TEST_HEADGATE, "copy",   "--yes", "--sqlite", "app.db", "--postgres",
                          sides->url,    "--jobs", "2",     more,       NULL};

    return process_start(sides->dir, NULL, argv);
}

/* Of tables that the copy makes itself. */
static void assert_made_is_whole(const struct sides *sides)
{
    assert_rows_are_there_once(sides);
    assert_target(sides,
                  "SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE "
                  "connamespace = 'public'::regnamespace AND convalidated",
                  "events_pkey events_user_id_fkey tags_pkey users_pkey");
}

/* Whatever a copy that was killed has left: after --resume all is there, once. */
static void finish_copy(const struct sides *sides, void (*assert_whole)(const struct sides *sides))
{
    struct run run;

    COPY_WITH(sides, &run, "--resume", NULL);
    /* it may have been whole already, and its record gone: then there is nothing to resume */
    if (run.process.status != 0 && strstr(message_of(&run), "holds rows already") != NULL) {
        end_run(&run);
        COPY_WITH(sides, &run, "--verify-only", NULL);
    }
    assert_equal_sides(&run, BIG_TABLES);
    assert_whole(sides);
    end_run(&run);
}

/* How long a copy takes here, calm or not: the time in which to kill one. */
static double measure(const struct sides *sides)
{
    struct run run;
    double ms;

    COPY_WITH(sides, &run, NULL);
    assert_equal_sides(&run, BIG_TABLES);
    ms = run.process.ms;
    end_run(&run);
    return ms;
}

/* clear: brings the target to where the copy begins. */
static void kill_and_finish(const struct sides *sides, const char *clear,
                            void (*assert_whole)(const struct sides *sides))
{
    const char *wish = getenv("HEADGATE_TEST_KILLS");
    int kills = wish == NULL ? KILLS : atoi(wish);
    unsigned seed = (unsigned)time(NULL);
    double whole_ms;

    printf("seed %u\n", seed);
    srandom(seed);
    whole_ms = measure(sides);
    for (int i = 0; i < kills; i++) {
        double at_ms = whole_ms * (double)(random() % 1000) / 1000;
        pid_t pid;

        postgres_run(sides->database, clear);
        pid = start_copy(sides, NULL);
        pause_ms(at_ms);
        kill(pid, SIGKILL);
        process_wait(pid);
        if (i % 2 == 1) { /* and again, while it goes on */
            pid = start_copy(sides, "--resume");
            pause_ms(at_ms / 2);
            kill(pid, SIGKILL);
            process_wait(pid);
        }
        finish_copy(sides, assert_whole);
    }
}

static void killed_at_any_moment_it_can_go_on(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides, big_source, big_target);
    kill_and_finish(&sides, "TRUNCATE users, events, tags", assert_big_is_whole);
    close_sides(&sides);
}

static void killed_while_it_makes_tables_it_can_go_on(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides, big_source, "");
    kill_and_finish(&sides, "DROP TABLE users, events, tags", assert_made_is_whole);
    close_sides(&sides);
}

/* Waits until a running copy has recorded rows in the target. */
static void await_rows(const struct sides *sides)
{
    for (bool found = false; !found; pause_ms(2)) {
        char *said = postgres_ask(sides->database, "SELECT count(*) FROM pg_class WHERE relname = "
                                                   "'headgate_copy_chunk'");

        found = said[0] != '0';
        free(said);
    }
}

static void a_server_that_dies_amid_the_copy_can_be_resumed(void **state)
{
    struct sides sides;
    pid_t pid;

    (void)state;
    open_sides(&sides, big_source, big_target);
    pid = start_copy(&sides, NULL);
    await_rows(&sides);
    postgres_restart(POSTGRES_KILLED);
    (void)process_wait(pid);
    finish_copy(&sides, assert_big_is_whole);
    close_sides(&sides);
}

static void what_changed_in_the_source_meanwhile_is_brought_over_anew(void **state)
{
    struct sides sides;
    struct run run;
    pid_t pid;

    (void)state;
    open_sides(&sides, big_source, big_target);
    pid = start_copy(&sides, NULL);
    await_rows(&sides);
    kill(pid, SIGKILL);
    process_wait(pid);
    in_source(&sides, "UPDATE users SET email = 'changed' WHERE id = 31; DELETE FROM tags WHERE n "
                      "= 7; UPDATE events SET body = 'changed' WHERE id IN (1, 20000)");
    COPY_WITH(&sides, &run, "--resume", NULL);
    assert_equal_sides(&run, BIG_TABLES);
    assert_target(&sides, "SELECT email FROM users WHERE id = 31", "changed");
    assert_target(&sides, "SELECT count(*) FROM tags", "5999");
    assert_target(&sides, "SELECT count(*) FROM events WHERE body = 'changed'", "2");
    end_run(&run);
    close_sides(&sides);
}

static void given_up_it_leaves_the_target_as_it_was(void **state)
{
    static const char *const targets[] = {big_target, ""};

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct sides sides;
        struct run run;
        pid_t pid;

        open_sides(&sides, big_source, targets[i]);
        pid = start_copy(&sides, NULL);
        await_rows(&sides);
        kill(pid, SIGKILL);
        process_wait(pid);
        COPY_WITH(&sides, &run, "--abandon", NULL);
        assert_status(&run, 0);
        end_run(&run);
        assert_target(&sides,
                      "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                      "AND relkind = 'r'",
                      i == 0 ? "3" : "0");
        if (i == 0)
            assert_target(
                &sides,
                "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM events) + "
                "(SELECT count(*) FROM tags) || ' ' || (SELECT tgenabled::text FROM pg_trigger "
                "WHERE tgname = 'spoil') || (SELECT count(*) FROM pg_constraint WHERE "
                "contype = 'f' AND convalidated)",
                "0 O1");
        COPY_WITH(&sides, &run, "--abandon", NULL);
        assert_status(&run, 2);
        end_run(&run);
        close_sides(&sides);
    }
}

/* The target refuses to forget the record: all is back in its place, and the copy not over. */
static void resumed_after_its_end_neither_triggers_nor_cascades_run(void **state)
{
    struct sides sides;
    struct run run;

    (void)state;
    open_sides(&sides, big_source, big_target);
    in_target(&sides, "CREATE FUNCTION keep_all() RETURNS event_trigger LANGUAGE plpgsql AS "
                      "$$BEGIN RAISE 'kept'; END$$; CREATE EVENT TRIGGER keep ON "
                      "ddl_command_start WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION keep_all();");
    COPY_WITH(&sides, &run, NULL);
    assert_int_not_equal(run.process.status, 0);
    end_run(&run);
    postgres_run(sides.database, "DROP EVENT TRIGGER keep");
    in_source(&sides, "UPDATE users SET email = 'changed'; UPDATE tags SET name = 'changed'");
    COPY_WITH(&sides, &run, "--resume", NULL);
    assert_equal_sides(&run, BIG_TABLES);
    assert_big_is_whole(&sides);
    assert_target(&sides, "SELECT count(*) FROM tags WHERE name = 'changed'", "6000");
    end_run(&run);
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_moment_it_can_go_on),
        cmocka_unit_test(killed_while_it_makes_tables_it_can_go_on),
        cmocka_unit_test(a_server_that_dies_amid_the_copy_can_be_resumed),
        cmocka_unit_test(what_changed_in_the_source_meanwhile_is_brought_over_anew),
        cmocka_unit_test(given_up_it_leaves_the_target_as_it_was),
        cmocka_unit_test(resumed_after_its_end_neither_triggers_nor_cascades_run),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
