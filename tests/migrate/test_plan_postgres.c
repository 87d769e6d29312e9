/*
 * test_plan_postgres.c - what a plan says with a live server behind it: tables that are there and
 * how large, rows that would be lost, how long it took the last time, syntax that the server would
 * not take; and what production refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/migrate.h>

#include "support/postgres.h"
#include "support/temp.h"

/* A database and a folder of a test's own. */
struct world {
    char *dir;
    hg_url *url;
    hg_pool *pool;
    hg_error err; /* of what failed last */
};

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static int make_world(void **state)
{
    const hg_pool_options options = {
        .role = "test",
        .settings = {.size = 2, .max_overflow = 4, .timeout_ms = 30000, .recycle_ms = -1}};
    struct world *w = calloc(1, sizeof *w);
    char *name = postgres_database();

    w->dir = temp_dir_make();
    w->url = postgres_url(name);
    free(name);
    *state = w;
    return hg_pool_open(w->url, &options, &w->pool, NULL) ? 0 : -1;
}

static int remove_world(void **state)
{
    struct world *w = *state;

    hg_pool_close(w->pool, soon());
    hg_url_free(w->url);
    temp_dir_remove(w->dir);
    free(w);
    return 0;
}

static void write_file(const struct world *w, const char *name, const char *text)
{
    temp_write(w->dir, name, text);
}

static void must(const struct world *w)
{
    if (w->err.code != HG_OK)
        fail_msg("%s:%d: %s", w->err.file, w->err.line, w->err.message);
}

/* The first field of a query's first row is true. */
static bool holds(const struct world *w, const char *text)
{
    char *answer = postgres_ask(hg_url_database(w->url), text);
    bool yes = answer[0] == 't';

    free(answer);
    return yes;
}

static void sql(struct world *w, const char *text)
{
    postgres_run(hg_url_database(w->url), text);
}

static hg_migrate_options options_of(const struct world *w, hg_migrate_kind kind)
{
    hg_migrate_options options = hg_migrate_options_default(w->dir);

    options.kind = kind;
    return options;
}

static hg_plan *plan(struct world *w, hg_migrate_kind kind)
{
    const hg_migrate_options options = options_of(w, kind);
    hg_plan *made = NULL;

    w->err = (hg_error){0};
    hg_plan_make(w->pool, &options, soon(), &made, &w->err);
    return made;
}

static bool run_it(struct world *w, const hg_migrate_options *options)
{
    hg_run_result result;
    bool ok;

    w->err = (hg_error){0};
    ok = hg_migrate_run(w->pool, options, NULL, &result, &w->err);
    hg_run_result_release(&result);
    return ok;
}

static void a_table_has_its_size_its_rows_and_its_schema(void **state)
{
    struct world *w = *state;
    const hg_plan_statement *s;
    hg_plan *made;

    sql(w, "CREATE TABLE big (a int)");
    sql(w, "INSERT INTO big SELECT generate_series(1, 5000)");
    sql(w, "ANALYZE big");
    write_file(w, "0001_a.sql", "-- migrate:up\nCREATE INDEX i ON big (a);\n");
    made = plan(w, HG_MIGRATE_UP);
    must(w);
    s = &made->steps[0].statements[0];
    assert_string_equal(s->form, "CREATE INDEX");
    assert_string_equal(s->table, "public.big");
    assert_int_equal(s->lock, HG_LOCK_SHARE);
    assert_true(s->scan && !s->rewrite);
    assert_int_equal(s->tables[0].rows, 5000);
    assert_true(s->tables[0].size_bytes >= 5000 * 24);
    hg_plan_free(made);
}

static void an_index_stands_for_its_table(void **state)
{
    struct world *w = *state;
    hg_plan *made;

    sql(w, "CREATE TABLE big (a int)");
    sql(w, "CREATE INDEX \"I x\" ON big (a)");
    write_file(w, "0001_a.sql", "-- migrate:up\nDROP INDEX \"I x\";\n");
    made = plan(w, HG_MIGRATE_UP);
    must(w);
    assert_string_equal(made->steps[0].statements[0].table, "public.big");
    hg_plan_free(made);
}

static void what_is_not_there_yet_is_new(void **state)
{
    struct world *w = *state;
    hg_plan *made;

    sql(w, "CREATE TABLE there (a int)");
    write_file(w, "0001_a.sql",
               "-- migrate:up\nCREATE TABLE IF NOT EXISTS there (a int);\nCREATE INDEX i ON there "
               "(a);\nCREATE TABLE IF NOT EXISTS fresh (a int);\nCREATE INDEX j ON fresh (a);\n");
    made = plan(w, HG_MIGRATE_UP);
    must(w);
    assert_int_equal(made->steps[0].statements[1].hazard_count, 1);
    assert_int_equal(made->steps[0].statements[3].hazard_count, 0);
    hg_plan_free(made);
}

static void down_tells_the_rows_that_would_be_lost_and_how_long_it_took(void **state)
{
    struct world *w = *state;
    hg_migrate_options up = options_of(w, HG_MIGRATE_UP);
    const hg_plan_table *lost;
    hg_plan *made;

    write_file(w, "0001_a.sql",
               "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n");
    assert_true(run_it(w, &up));
    sql(w, "INSERT INTO a SELECT generate_series(1, 37)");
    made = plan(w, HG_MIGRATE_DOWN);
    must(w);
    lost = &made->steps[0].statements[0].tables[0];
    assert_true(lost->loses_rows && lost->rows_exact);
    assert_int_equal(lost->rows, 37);
    assert_true(made->steps[0].predicted_ms < 0);
    hg_plan_free(made);
    made = plan(w, HG_MIGRATE_RESET);
    must(w);
    assert_true(made->steps[1].predicted_ms > 0);
    hg_plan_free(made);
}

/* An hour for the index of a table of 100 rows, in the history; there are 200 by now. */
static void a_statement_is_expected_to_take_as_its_like_did_by_the_rows_of_its_table(void **state)
{
    struct world *w = *state;
    hg_migrate_options up = options_of(w, HG_MIGRATE_UP);
    hg_plan *made;

    sql(w, "CREATE TABLE big (a int)");
    sql(w, "CREATE TABLE other (a int)");
    write_file(w, "0001_a.sql", "-- migrate:up\nCREATE INDEX i ON big (a);\n");
    assert_true(run_it(w, &up));
    sql(w, "UPDATE headgate_history SET spent = '3600000.0' || chr(9) || '100' ||"
           " substr(spent, position(chr(9) || '1' || chr(9) in spent))");
    sql(w, "INSERT INTO big SELECT generate_series(1, 200)");
    sql(w, "ANALYZE big");
    write_file(w, "0002_b.sql", "-- migrate:up\nCREATE INDEX j ON big (a);\nSELECT 1;\n");
    write_file(w, "0003_c.sql", "-- migrate:up\nCREATE INDEX k ON other (a);\n");
    made = plan(w, HG_MIGRATE_UP);
    must(w);
    assert_int_equal(made->steps[0].statements[0].predicted_ms, 7200000);
    assert_true(made->steps[0].statements[1].predicted_ms < 0);
    assert_true(made->steps[0].predicted_ms < 0); /* what SELECT 1 takes nobody knows */
    assert_int_equal(made->steps[1].statements[0].predicted_ms, 3600000);
    assert_int_equal(made->steps[1].predicted_ms, 3600000);
    hg_plan_free(made);
}

static void a_plan_does_not_wait_for_a_table_that_is_locked(void **state)
{
    struct world *w = *state;
    hg_conn *conn = NULL;
    hg_plan *made;

    sql(w, "CREATE TABLE busy (a int)");
    write_file(w, "0001_a.sql", "-- migrate:up\nDROP TABLE busy;\n");
    assert_true(hg_pool_checkout(w->pool, "test", soon(), &conn, NULL));
    assert_true(hg_conn_execute(conn, "BEGIN", NULL, 0, soon(), NULL, NULL));
    assert_true(hg_conn_execute(conn, "LOCK TABLE busy", NULL, 0, soon(), NULL, NULL));
    made = plan(w, HG_MIGRATE_UP);
    must(w);
    assert_string_equal(made->steps[0].statements[0].table, "public.busy");
    assert_int_equal(made->steps[0].statements[0].tables[0].size_bytes, -1);
    assert_false(made->steps[0].statements[0].tables[0].rows_exact);
    hg_plan_free(made);
    hg_pool_return(w->pool, conn);
}

static void a_syntax_error_anywhere_stops_a_run_before_it_begins(void **state)
{
    struct world *w = *state;
    hg_migrate_options up = options_of(w, HG_MIGRATE_UP);

    write_file(w, "0001_a.sql", "-- migrate:up\nCREATE TABLE a (id int);\n");
    write_file(w, "0002_b.sql",
               "-- migrate:up\nSELECT 1;\n\nALTER TABLE a\n  ADD COLUMN b int,,;\n");
    assert_null(plan(w, HG_MIGRATE_UP));
    assert_int_equal(w->err.code, HG_FILE);
    assert_string_equal(w->err.sqlstate, "42601");
    assert_int_equal(w->err.line, 5);
    assert_int_equal(w->err.column, 20);
    assert_string_equal(w->err.excerpt, "  ADD COLUMN b int,,;");
    assert_int_equal(w->err.excerpt_column, 20);
    assert_false(run_it(w, &up));
    assert_int_equal(w->err.line, 5);
    assert_true(holds(w, "SELECT to_regclass('a') IS NULL"));
}

static void production_runs_what_was_accepted_and_nothing_else(void **state)
{
    struct world *w = *state;
    const char *const accept[] = {"drop-table"};
    hg_migrate_options up = options_of(w, HG_MIGRATE_UP);

    sql(w, "CREATE TABLE old (a int)");
    write_file(w, "0001_a.sql", "-- migrate:up\nCREATE TABLE a (id int);\n");
    write_file(w, "0002_b.sql", "-- migrate:up\nDROP TABLE old;\n");
    up.production = true;
    assert_false(run_it(w, &up));
    assert_int_equal(w->err.code, HG_REFUSED);
    assert_non_null(strstr(w->err.message, "drop-table"));
    assert_true(holds(w, "SELECT to_regclass('a') IS NULL"));
    up.accept = accept;
    up.accept_count = 1;
    assert_true(run_it(w, &up));
    assert_true(holds(w, "SELECT to_regclass('old') IS NULL"));
}

static void elsewhere_hazards_refuse_nothing(void **state)
{
    struct world *w = *state;
    hg_migrate_options up = options_of(w, HG_MIGRATE_UP);

    sql(w, "CREATE TABLE old (a int)");
    write_file(w, "0001_a.sql", "-- migrate:up\nDROP TABLE old;\n");
    assert_true(run_it(w, &up));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_table_has_its_size_its_rows_and_its_schema),
        WITH_WORLD(an_index_stands_for_its_table),
        WITH_WORLD(what_is_not_there_yet_is_new),
        WITH_WORLD(down_tells_the_rows_that_would_be_lost_and_how_long_it_took),
        WITH_WORLD(a_statement_is_expected_to_take_as_its_like_did_by_the_rows_of_its_table),
        WITH_WORLD(a_plan_does_not_wait_for_a_table_that_is_locked),
        WITH_WORLD(a_syntax_error_anywhere_stops_a_run_before_it_begins),
        WITH_WORLD(production_runs_what_was_accepted_and_nothing_else),
        WITH_WORLD(elsewhere_hazards_refuse_nothing),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
