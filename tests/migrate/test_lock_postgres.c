/*
 * test_lock_postgres.c - one deployer at a time on PostgreSQL, and what happens while others have
 * the tables locked.
 */
#include "world_postgres.h"

#include "support/pooler.h"

/* --- the deployers' lock --- */

/* Inside the first run a second one is tried, with little patience. */
static void try_a_second_run(struct trap *trap)
{
    hg_migrate_options options = options_for(trap->w, UP, NULL);
    struct trap inner = {.kind = HG_EVENT_WAITING};
    hg_observer observer = trapper(&inner);
    hg_run_result result;

    options.lock_wait_ms = 300;
    assert_false(hg_migrate_run(trap->w->pool, &options, &observer, &result, &trap->err));
    snprintf(trap->message, sizeof trap->message, "%s", inner.message);
    hg_run_result_release(&result);
}

static void whoever_waits_hears_who_deploys_and_gives_up_in_time(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct trap trap = {
        .w = w, .kind = HG_EVENT_STEP_STARTED, .subject = "bbb", .spring = try_a_second_run};
    hg_observer observer = trapper(&trap);

    write_three(w);
    assert_string_equal(run_with(w, &options, &observer), "+aaa +bbb +ccc = ccc");
    must(w);
    assert_true(trap.sprung);
    assert_int_equal(trap.err.code, HG_LOCKED);
    assert_non_null(strstr(trap.message, "holds the deployers' lock"));
    assert_non_null(strstr(trap.message, "headgate/test@"));
    assert_null(strstr(trap.message, "index")); /* none is being built */
    assert_non_null(strstr(trap.err.message, "headgate/"));
}

/* Asks for what is applied already, without any patience. */
static void ask_for_nothing(struct trap *trap)
{
    hg_migrate_options options = options_for(trap->w, UP, "aaa");
    hg_run_result result;

    options.lock_wait_ms = 0;
    if (hg_migrate_run(trap->w->pool, &options, NULL, &result, &trap->err))
        trap->err.code = HG_OK;
    snprintf(trap->message, sizeof trap->message, "%s", told(&result));
    hg_run_result_release(&result);
}

static void nothing_to_do_needs_no_lock(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct trap trap = {
        .w = w, .kind = HG_EVENT_STEP_STARTED, .subject = "bbb", .spring = ask_for_nothing};
    hg_observer observer = trapper(&trap);

    write_three(w);
    run_with(w, &options, &observer);
    must(w);
    assert_int_equal(trap.err.code, HG_OK);
    assert_string_equal(trap.message, "= aaa");
}

static void through_a_pooler_that_shares_sessions_it_is_refused(void **state)
{
    struct world *w = *state;
    hg_url *direct = w->url;
    char text[256];

    write_three(w);
    hg_pool_close(w->pool, soon());
    snprintf(text, sizeof text, "postgresql://postgres@127.0.0.1:%d/%s?sslmode=disable",
             pooler_start(), database(w));
    assert_true(hg_url_parse(text, &w->url, NULL));
    w->pool = pool_to(w->url);
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_UNSUPPORTED);
    assert_non_null(strstr(w->err.hint, "PgBouncer"));
    assert_string_equal(ask(w, "SELECT to_regclass('alembic_version') IS NULL"), "true");
    hg_pool_close(w->pool, soon());
    pooler_stop();
    hg_url_free(w->url);
    w->url = direct;
    w->pool = pool_to(direct);
}

static void meddle(struct trap *trap)
{
    execute(trap->w, "DELETE FROM alembic_version");
}

static void a_version_table_that_somebody_else_changed_stops_the_run(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct trap trap = {.w = w, .kind = HG_EVENT_STEP_STARTED, .subject = "bbb", .spring = meddle};
    hg_observer observer = trapper(&trap);

    write_three(w);
    assert_string_equal(run_with(w, &options, &observer), "+aaa = aaa");
    assert_int_equal(w->err.code, HG_DRIFT);
    assert_non_null(strstr(w->err.message, "changed by somebody else"));
    assert_string_equal(ask(w, "SELECT to_regclass('b') IS NULL"), "true");
}

static void what_fails_at_the_commit_undoes_its_migration(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_a.sql",
               "-- migrate:up\nCREATE TABLE a (id integer PRIMARY KEY, above integer REFERENCES a "
               "DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO a VALUES (1, 2);\n");
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_CONSTRAINT);
    assert_non_null(strstr(w->err.file, "0001_a.sql"));
    assert_string_equal(ask(w, "SELECT to_regclass('a') IS NULL"), "true");
    assert_string_equal(ask(w, "SELECT outcome FROM headgate_history"), "failed");
}

/* --- locks in the way --- */

static void let_go(struct trap *trap)
{
    on(trap->conn, "ROLLBACK");
}

static void in_production_a_table_that_is_locked_is_tried_again(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct trap trap = {.w = w, .kind = HG_EVENT_WAITING, .part = "lock timeout", .spring = let_go};
    hg_observer observer = trapper(&trap);

    write_three(w);
    run(w, UP, "bbb");
    trap.conn = connection(w);
    on(trap.conn, "BEGIN");
    on(trap.conn, "SELECT count(*) FROM b");
    options.production = true;
    options.lock_timeout_ms = 100;
    assert_string_equal(run_with(w, &options, &observer), "+ccc = ccc");
    must(w);
    assert_non_null(strstr(trap.message, "attempt 2 of 61"));
    assert_string_equal(ask(w, "SELECT retries FROM headgate_history WHERE revision = 'ccc' "
                               "AND outcome = 'ok'"),
                        "1");
    hg_pool_return(w->pool, trap.conn);
}

static void whoever_is_in_the_way_is_named_while_a_statement_waits(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct trap trap = {.w = w, .kind = HG_EVENT_WAITING, .subject = "ccc", .spring = let_go};
    hg_observer observer = trapper(&trap);

    write_three(w);
    run(w, UP, "bbb");
    trap.conn = connection(w);
    on(trap.conn, "BEGIN");
    on(trap.conn, "SELECT count(*) FROM b");
    assert_string_equal(run_with(w, &options, &observer), "+ccc = ccc");
    must(w);
    assert_non_null(strstr(trap.message, "is in the way"));
    assert_non_null(strstr(trap.message, "idle in transaction for"));
    assert_non_null(strstr(trap.message, "SELECT count(*) FROM b"));
    assert_non_null(strstr(trap.message, "0 sessions wait behind us"));
    hg_pool_return(w->pool, trap.conn);
}

/* The build is not blocked, as its server sees it: it computes until the trap lets go. */
static void how_far_a_build_is_is_heard_while_it_goes_on(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct trap trap = {
        .w = w, .kind = HG_EVENT_STEP_PROGRESS, .part = "create index", .spring = let_go};
    hg_observer observer = trapper(&trap);

    write_three(w);
    run(w, UP, "ccc");
    execute(w, "CREATE FUNCTION slow(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ "
               "BEGIN WHILE NOT pg_try_advisory_xact_lock_shared(42) LOOP PERFORM pg_sleep(0.01); "
               "END LOOP; RETURN $1; END $$");
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up\n"
               "CREATE INDEX a_slow ON a (slow(id));\n-- migrate:down\n");
    trap.conn = connection(w);
    on(trap.conn, "BEGIN");
    on(trap.conn, "SELECT pg_advisory_xact_lock(42)");
    assert_string_equal(run_with(w, &options, &observer), "+ddd = ddd");
    must(w);
    assert_non_null(strstr(trap.message, "create index: building index"));
    hg_pool_return(w->pool, trap.conn);
}

static void elsewhere_a_locked_table_is_an_error_with_its_place(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    hg_conn *conn;

    write_three(w);
    run(w, UP, "bbb");
    conn = connection(w);
    on(conn, "BEGIN");
    on(conn, "SELECT count(*) FROM b");
    options.lock_timeout_ms = 100;
    assert_string_equal(run_with(w, &options, NULL), "= bbb");
    assert_int_equal(w->err.code, HG_LOCKED);
    assert_string_equal(w->err.sqlstate, "55P03");
    assert_int_equal(w->err.line, 5);
    on(conn, "ROLLBACK");
    hg_pool_return(w->pool, conn);
}

static void a_statement_timeout_of_the_file_is_kept(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_a.sql", "-- migrate:up statement_timeout:50ms\nSELECT pg_sleep(30);\n");
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_FAILED);
    assert_int_equal(w->err.line, 2);
    assert_string_equal(w->err.sqlstate, "57014");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(whoever_waits_hears_who_deploys_and_gives_up_in_time),
        SCENARIO(nothing_to_do_needs_no_lock),
        SCENARIO(through_a_pooler_that_shares_sessions_it_is_refused),
        SCENARIO(a_version_table_that_somebody_else_changed_stops_the_run),
        SCENARIO(what_fails_at_the_commit_undoes_its_migration),
        SCENARIO(in_production_a_table_that_is_locked_is_tried_again),
        SCENARIO(whoever_is_in_the_way_is_named_while_a_statement_waits),
        SCENARIO(how_far_a_build_is_is_heard_while_it_goes_on),
        SCENARIO(elsewhere_a_locked_table_is_an_error_with_its_place),
        SCENARIO(a_statement_timeout_of_the_file_is_kept),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
