/*
 * scenarios_run.h - the part of scenarios.h about how a run goes: deadlines, several heads, what no
 * transaction holds, several processes at once, and killed ones.
 */
#ifndef MIGRATE_SCENARIOS_RUN_H
#define MIGRATE_SCENARIOS_RUN_H

#include "world.h"

/* Makes w->url one of an empty database, quickly. Nobody is connected. */
static void empty_database(struct world *w);

static void nothing_is_started_that_does_not_fit_the_deadline(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);

    write_three(w);
    run(w, UP, NULL);
    run(w, DOWN, "base");
    execute(w, "UPDATE headgate_history SET duration_ms = 3600000 WHERE revision = 'bbb'");
    options.deadline_ms = 600000;
    assert_string_equal(run_with(w, &options, NULL), "+aaa = aaa");
    assert_int_equal(w->err.code, HG_REFUSED);
    assert_non_null(strstr(w->err.message, "\"bbb\": it is expected to take 3600.0 s"));
    assert_non_null(strstr(w->err.hint, "1 of 3"));
    options.deadline_ms = 7200000;
    assert_string_equal(run_with(w, &options, NULL), "+bbb +ccc = ccc");
    must(w);
}

static void what_never_ran_is_expected_to_take_as_long_as_its_like(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);

    write_three(w);
    run(w, UP, NULL);
    execute(w, "UPDATE headgate_history SET duration_ms = 3600000, spent = NULL"
               " WHERE revision = 'ccc'");
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up\nCREATE TABLE d (id integer);\n");
    write_file(w, "20260101000004_e.sql",
               "-- revision: eee\n-- revises: ddd\n-- migrate:up\n"
               "ALTER TABLE d ADD COLUMN more text;\n");
    options.deadline_ms = 600000;
    assert_string_equal(run_with(w, &options, NULL), "+ddd = ddd");
    assert_int_equal(w->err.code, HG_REFUSED);
    assert_non_null(strstr(w->err.message, "\"eee\": it is expected to take 3600.0 s"));
    options.deadline_ms = 7200000;
    assert_string_equal(run_with(w, &options, NULL), "+eee = eee");
    must(w);
}

/* What the history knows of the newest event's statements: form on table, how many. */
static const char *spent_of_newest_event(const struct world *w)
{
    static char text[512];
    hg_events *events = NULL;
    int n = 0;

    assert_true(hg_events_read(w->pool, 1, soon(), &events, NULL));
    text[0] = '\0';
    for (size_t i = 0; i < events->items[0].spent_count; i++) {
        const hg_migration_spent *spent = &events->items[0].spent[i];

        assert_true(spent->duration_ms >= 0 && spent->duration_ms <= events->items[0].duration_ms);
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%lld %s on %s", n == 0 ? "" : "; ",
                      (long long)spent->statements, spent->form, spent->table);
    }
    hg_events_free(events);
    return text;
}

static void the_history_knows_how_long_each_kind_of_statement_took(void **state)
{
    struct world *w = *state;
    char text[600];

    write_file(w, "1_a.sql",
               "-- migrate:up\nCREATE TABLE a (n integer);\n"
               "-- migrate:down\nDROP TABLE a;\n");
    write_file(w, "2_b.sql",
               "-- migrate:up\nINSERT INTO a VALUES (1);\n"
               "CREATE INDEX i ON a (n);\nINSERT INTO a VALUES (2);\n"
               "-- migrate:down\nDROP INDEX i;\n");
    write_file(w, "3_c.sql",
               "-- migrate:up transaction:false\nCREATE INDEX j ON a (n);\n"
               "INSERT INTO a VALUES (3);\n-- migrate:down\nDROP INDEX j;\n");
    run(w, UP, "1");
    must(w);
    snprintf(text, sizeof text, "%s", spent_of_newest_event(w));
    assert_non_null(strstr(text, "1 CREATE TABLE"));
    run(w, UP, "2");
    must(w);
    snprintf(text, sizeof text, "%s", spent_of_newest_event(w));
    assert_non_null(strstr(text, "2 INSERT"));
    assert_non_null(strstr(text, "1 CREATE INDEX"));
    run(w, UP, "3");
    must(w);
    snprintf(text, sizeof text, "%s", spent_of_newest_event(w));
    assert_non_null(strstr(text, "1 INSERT"));
    assert_non_null(strstr(text, "1 CREATE INDEX"));
    run(w, DOWN, "1");
    must(w);
    assert_non_null(strstr(spent_of_newest_event(w), "1 DROP INDEX"));
}

static void several_heads_branch_and_merge(void **state)
{
    struct world *w = *state;

    write_three(w);
    write_file(w, "20260101000003_x.sql",
               "-- revision: xxx\n-- revises: aaa\n-- migrate:up\nCREATE TABLE x (id integer);\n"
               "-- migrate:down\nDROP TABLE x;\n");
    run(w, UP, "head");
    assert_int_equal(w->err.code, HG_NO_REVISION);
    assert_string_equal(run(w, UP, "heads"), "+aaa +bbb +ccc +xxx = ccc xxx");
    write_file(w, "20260101000004_m.sql",
               "-- revision: mmm\n-- revises: ccc, xxx\n-- migrate:up\n-- migrate:down\n");
    assert_string_equal(run(w, UP, "head"), "+mmm = mmm");
    assert_string_equal(run(w, DOWN, "-2"), "-mmm -xxx = ccc");
    must(w);
}

/* --- outside of a transaction --- */

/* Rows in a table without a key tell how often each statement ran. */
static void write_log_steps(const struct world *w, const char *third)
{
    char text[1024];

    snprintf(text, sizeof text,
             "-- revision: lll\n-- revises:\n-- migrate:up transaction:false\n"
             "CREATE TABLE log (n integer);\nINSERT INTO log VALUES (1);\n%s;\n"
             "BEGIN;\nINSERT INTO log VALUES (3);\nINSERT INTO log VALUES (4);\nCOMMIT;\n"
             "INSERT INTO log VALUES (5);\n"
             "-- migrate:down transaction:false\nDROP TABLE log;\n",
             third);
    write_file(w, "20260101000000_l.sql", text);
}

static void statements_outside_a_transaction_go_on_where_they_stopped(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct witness witness = {0};
    hg_observer observer = observer_of(&witness);

    write_log_steps(w, "INSERT INTO lgo VALUES (2)");
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_SQL);
    assert_int_equal(w->err.line, 6);
    assert_string_equal(ask(w, "SELECT count(*) FROM log"), "1");
    assert_string_equal(ask(w, "SELECT outcome FROM headgate_history"), "failed");
    assert_string_equal(ask(w, "SELECT statements_done FROM headgate_history"), "2");
    write_log_steps(w, "INSERT INTO log VALUES (2)");
    assert_string_equal(run_with(w, &options, &observer), "+lll = lll");
    must(w);
    assert_string_equal(witness.notes,
                        "going on behind statement 2, where an earlier run stopped\n");
    assert_string_equal(ask(w, "SELECT count(*) * 100 + sum(n) FROM log"), "515");
    assert_string_equal(run(w, DOWN, NULL), "-lll =");
    must(w);
}

static void what_has_run_may_not_be_edited_before_the_rest_has(void **state)
{
    struct world *w = *state;

    write_log_steps(w, "INSERT INTO lgo VALUES (2)");
    run(w, UP, NULL);
    write_file(w, "20260101000000_l.sql",
               "-- revision: lll\n-- revises:\n-- migrate:up transaction:false\n"
               "CREATE TABLE log (n integer, m integer);\nINSERT INTO log VALUES (1);\n");
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_DRIFT);
    assert_non_null(strstr(w->err.message, "2 statements"));
    write_file(w, "20260101000000_l.sql",
               "-- revision: lll\n-- revises:\n-- migrate:up transaction:false\n"
               "CREATE TABLE log (n integer);\n");
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_DRIFT);
}

static void a_transaction_that_a_file_leaves_open_is_an_error(void **state)
{
    struct world *w = *state;

    write_file(w, "20260101000000_l.sql",
               "-- revision: lll\n-- revises:\n-- migrate:up transaction:false\n"
               "CREATE TABLE log (n integer);\nBEGIN;\nINSERT INTO log VALUES (1);\n");
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_FILE);
    assert_int_equal(w->err.line, 6);
    assert_string_equal(ask(w, "SELECT count(*) FROM log"), "0");
    write_file(w, "20260101000000_l.sql",
               "-- revision: lll\n-- revises:\n-- migrate:up transaction:false\n"
               "CREATE TABLE log (n integer);\nBEGIN;\nINSERT INTO log VALUES (1);\nCOMMIT;\n");
    assert_string_equal(run(w, UP, NULL), "+lll = lll");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM log"), "1");
}

/* --- several processes --- */

static void write_many(const struct world *w, int count)
{
    for (int i = 0; i < count; i++) {
        char name[64], text[512];

        snprintf(name, sizeof name, "%04d_step.sql", i + 1);
        snprintf(
            text, sizeof text,
            "-- migrate:up%s\n%s INSERT INTO log VALUES (%d);\nCREATE TABLE t%d (id integer);\n"
            "-- migrate:down\nDROP TABLE t%d; DELETE FROM log WHERE n = %d;%s\n",
            i % 3 == 2 ? " transaction:false" : "", i == 0 ? "CREATE TABLE log (n integer);" : "",
            i, i, i, i, i == 0 ? " DROP TABLE log;" : "");
        write_file(w, name, text);
    }
}

static int run_up(struct world *w, long number)
{
    hg_migrate_options options = options_for(w, UP, NULL);
    struct witness witness = {.kill_at = number};
    hg_observer observer = observer_of(&witness);

    run_with(w, &options, &observer);
    if (w->err.code != HG_OK)
        print_error("run %ld: %s\n", number, w->err.message);
    return hg_code_exit_status(w->err.code);
}

static void check_many(struct world *w, int count)
{
    char expected[32];

    snprintf(expected, sizeof expected, "%d", count);
    assert_string_equal(ask(w, "SELECT count(*) FROM log"), expected);
    assert_string_equal(ask(w, "SELECT count(DISTINCT n) FROM log"), expected);
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history WHERE outcome = 'ok'"),
                        expected);
    snprintf(expected, sizeof expected, "%04d", count);
    assert_string_equal(ask(w, "SELECT version_num FROM alembic_version"), expected);
}

static void eight_deployers_at_once_all_succeed_and_nothing_runs_twice(void **state)
{
    enum { DEPLOYERS = 8, FILES = 12 };
    struct world *w = *state;
    pid_t children[DEPLOYERS];

    write_many(w, FILES);
    without_pool(w);
    for (int i = 0; i < DEPLOYERS; i++)
        children[i] = in_child(w, run_up, 0);
    for (int i = 0; i < DEPLOYERS; i++)
        assert_int_equal(exit_of(children[i]), 0);
    w->pool = pool_to(w->url);
    check_many(w, FILES);
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history"), "12");
}

/* Runs up without being killed, and looks at what became of it all. */
static int run_up_and_check(struct world *w, long files)
{
    int code = run_up(w, 0);

    if (code == 0)
        check_many(w, (int)files);
    return code;
}

static void killed_anywhere_the_next_run_ends_in_the_same_state(void **state)
{
    enum { FILES = 4 };
    struct world *w = *state;
    long point = 1;
    int code;

    write_many(w, FILES);
    without_pool(w);
    while ((code = exit_of(in_child(w, run_up, point))) != 0) {
        assert_int_equal(code, 128 + SIGKILL);
        assert_int_equal(exit_of(in_child(w, run_up_and_check, FILES)), 0);
        empty_database(w);
        point++;
    }
    assert_true(point > 3 * FILES); /* it was killed at statements, and between them */
    w->pool = pool_to(w->url);
    check_many(w, FILES);
}

#endif
