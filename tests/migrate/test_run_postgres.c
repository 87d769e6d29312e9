/*
 * test_run_postgres.c - migrations on PostgreSQL: the common suite, and what is PostgreSQL's alone.
 */
#include "scenarios.h"

#include "support/pooler.h"
#include "support/postgres.h"

static hg_url *new_database(const char *dir)
{
    char *name = postgres_database();
    hg_url *url = postgres_url(name);

    (void)dir;
    free(name);
    return url;
}

static void empty_database(struct world *w)
{
    postgres_run(hg_url_database(w->url), "DROP SCHEMA public CASCADE");
    postgres_run(hg_url_database(w->url), "CREATE SCHEMA public");
}

static const char *database(const struct world *w)
{
    return hg_url_database(w->url);
}

/* Another pool to the same database, as its user or environment sees it. */
static void reopen(struct world *w, const hg_pool_options *options)
{
    hg_pool_close(w->pool, soon());
    assert_true(hg_pool_open(w->url, options, &w->pool, NULL));
}

static hg_conn *connection(struct world *w)
{
    hg_conn *conn = NULL;

    assert_true(hg_pool_checkout(w->pool, "test", soon(), &conn, NULL));
    return conn;
}

static void on(hg_conn *conn, const char *sql)
{
    hg_error err = {0};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

/* --- what a file leaves in its session --- */

static void what_a_file_sets_does_not_reach_the_next_one_or_the_ledger(void **state)
{
    struct world *w = *state;
    hg_pool_options options = pool_options();

    options.settings.statement_timeout_ms = 54321;
    options.settings.size = 1;
    reopen(w, &options);
    postgres_run(database(w), "CREATE SCHEMA other");
    write_file(w, "0001_a.sql",
               "-- migrate:up\nSELECT pg_catalog.set_config('search_path', 'other', false);\n"
               "SET statement_timeout = 0;\nSET ROLE pg_monitor;\nRESET ROLE;\n"
               "CREATE TABLE a (id integer);\nSET SESSION AUTHORIZATION pg_monitor;\n");
    write_file(w, "0002_b.sql",
               "-- migrate:up\nCREATE TABLE b AS SELECT current_setting('statement_timeout') AS t, "
               "current_user::text AS u;\n");
    assert_string_equal(run(w, UP, NULL), "+0001 +0002 = 0002");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM other.a"), "0");
    assert_string_equal(ask(w, "SELECT t || ' ' || u FROM public.b"), "54321ms postgres");
    assert_string_equal(ask(w, "SELECT count(*) FROM public.alembic_version"), "1");
}

static void the_ledger_stays_in_the_schema_where_it_was_found(void **state)
{
    struct world *w = *state;
    char sql[256];

    postgres_run(database(w), "CREATE SCHEMA \"App \"\"one\"\"\"");
    snprintf(sql, sizeof sql, "ALTER DATABASE %s SET search_path = public, \"App \"\"one\"\"\"",
             database(w));
    postgres_run(database(w), sql);
    postgres_run(database(w), "CREATE TABLE \"App \"\"one\"\"\".alembic_version (version_num "
                              "VARCHAR(32) NOT NULL PRIMARY KEY)");
    postgres_run(database(w), "INSERT INTO \"App \"\"one\"\"\".alembic_version VALUES ('aaa')");
    postgres_run(database(w), "CREATE TABLE a (id integer PRIMARY KEY)");
    postgres_run(database(w), "INSERT INTO a VALUES (1)");
    write_three(w);
    assert_string_equal(run(w, UP, NULL), "+bbb +ccc = ccc");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM \"App \"\"one\"\"\".headgate_history"), "2");
    assert_string_equal(ask(w, "SELECT to_regclass('public.alembic_version') IS NULL"), "true");
}

/* --- the deployers' lock --- */

/* An observer that does something once, at the first event of a kind. */
struct trap {
    struct world *w;
    hg_event_kind kind;
    const char *subject, *part; /* of the message; NULL: any */
    void (*spring)(struct trap *trap);
    bool sprung;
    hg_conn *conn;
    hg_error err;
    char message[400];
};

static void trap_event(void *context, const hg_event *event)
{
    struct trap *trap = context;

    if (trap->sprung || event->kind != trap->kind
        || (trap->subject != NULL && strcmp(event->subject, trap->subject) != 0)
        || (trap->part != NULL && strstr(event->message, trap->part) == NULL))
        return;
    trap->sprung = true;
    snprintf(trap->message, sizeof trap->message, "%s", event->message);
    if (trap->spring != NULL)
        trap->spring(trap);
}

static hg_observer trapper(struct trap *trap)
{
    return (hg_observer){trap_event, NULL, trap};
}

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

/* --- outside of a transaction --- */

static void what_no_transaction_can_hold_says_what_to_write(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_a.sql", "-- migrate:up\nVACUUM;\n");
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_SQL);
    assert_non_null(strstr(w->err.hint, "transaction:false"));
}

static void a_copy_brings_its_rows(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_a.sql",
               "-- migrate:up\nCREATE TABLE a (n integer, t text);\n"
               "COPY a FROM stdin;\n1\tone; 'two\n2\t-- migrate:down\n\\.\n"
               "COPY a (n) FROM stdin WITH (FORMAT csv);\n\\.\n"
               "INSERT INTO a VALUES (3, 'three');\n");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
    assert_string_equal(ask(w, "SELECT string_agg(n || t, '|' ORDER BY n) FROM a"),
                        "1one; 'two|2-- migrate:down|3three");
    write_file(w, "0002_b.sql",
               "-- migrate:up transaction:false\nCOPY a (n) FROM stdin;\n4\n\\.\n"
               "COPY a (n) FROM stdin;\n5\nno number\n\\.\n");
    assert_string_equal(run(w, UP, NULL), "= 0001");
    assert_string_equal(w->err.sqlstate, "22P02");
    assert_int_equal(w->err.line, 5);
    assert_string_equal(ask(w, "SELECT count(*) || ' ' || max(n) FROM a"), "4 4");
    write_file(w, "0002_b.sql",
               "-- migrate:up transaction:false\nCOPY a (n) FROM stdin;\n4\n\\.\n"
               "COPY a (n) FROM stdin;\n5\n6\n\\.\n");
    assert_string_equal(run(w, UP, NULL), "+0002 = 0002");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) || ' ' || max(n) FROM a"), "6 6");
}

static const char *index_state(struct world *w)
{
    return ask(w, "SELECT i.indisvalid::text || ' ' || (SELECT count(*) FROM pg_index WHERE "
                  "indrelid = 't'::regclass) FROM pg_index i WHERE indexrelid = 'i'::regclass");
}

static void write_index(struct world *w, const char *if_not_exists)
{
    char text[256];

    snprintf(
        text, sizeof text,
        "-- migrate:up transaction:false\nCREATE UNIQUE INDEX CONCURRENTLY %s i ON public.t (n);\n"
        "INSERT INTO t VALUES (9);\n",
        if_not_exists);
    write_file(w, "0001_i.sql", text);
}

static void an_invalid_index_is_built_again(void **state)
{
    static const char *const ways[] = {"", "IF NOT EXISTS", "if not exists /* really */"};
    struct world *w = *state;

    execute(w, "CREATE TABLE t (n integer)");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        execute(w, "INSERT INTO t VALUES (1), (1)");
        write_index(w, ways[i]);
        assert_string_equal(run(w, UP, NULL), "=");
        assert_int_equal(w->err.code, HG_CONSTRAINT);
        assert_string_equal(index_state(w), "false 1");
        execute(w, "DELETE FROM t");
        assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
        must(w);
        assert_string_equal(index_state(w), "true 1");
        assert_string_equal(ask(w, "SELECT count(*) FROM t"), "1");
        execute(w, "DROP INDEX i");
        execute(w, "DELETE FROM t");
        execute(w, "DELETE FROM alembic_version");
    }
}

/* The history as a process leaves it that dies while a statement runs. */
static void pretend_death(struct world *w, const char *begun)
{
    char sql[256];

    snprintf(sql, sizeof sql,
             "UPDATE headgate_history SET outcome = 'running', statements_done = %s, "
             "statement_begun = %s, done_checksum = NULL, finished_at = NULL",
             begun, begun);
    execute(w, sql);
    execute(w, "DELETE FROM alembic_version");
}

static void a_build_that_ended_while_its_deployer_died_is_not_repeated(void **state)
{
    struct world *w = *state;

    execute(w, "CREATE TABLE t (n integer)");
    write_index(w, "");
    run(w, UP, NULL);
    must(w);
    execute(w, "DELETE FROM t");
    pretend_death(w, "0");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
    assert_string_equal(index_state(w), "true 1");
    assert_string_equal(ask(w, "SELECT count(*) FROM t"), "1");
    assert_string_equal(ask(w, "SELECT string_agg(outcome, ' ' ORDER BY id) FROM headgate_history"),
                        "abandoned ok");
}

static void a_drop_that_ended_while_its_deployer_died_counts_as_done(void **state)
{
    struct world *w = *state;

    execute(w, "CREATE TABLE t (n integer)");
    execute(w, "CREATE INDEX i ON t (n)");
    write_file(w, "0001_i.sql", "-- migrate:up transaction:false\nDROP INDEX CONCURRENTLY i;\n");
    run(w, UP, NULL);
    pretend_death(w, "0");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
    write_file(w, "0002_j.sql", "-- migrate:up transaction:false\nDROP INDEX CONCURRENTLY j;\n");
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_SQL); /* nobody died: it is simply not there */
}

static void what_an_interrupted_reindex_left_is_dropped(void **state)
{
    struct world *w = *state;

    execute(w, "CREATE TABLE t AS SELECT 1 AS n");
    execute(w, "CREATE INDEX i ON t (n)");
    execute(w, "CREATE INDEX i_ccnew ON t (n)");
    execute(w, "CREATE INDEX other_ccnew ON t (n)");
    execute(w, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i_ccnew'::regclass");
    write_file(w, "0001_i.sql",
               "-- migrate:up transaction:false\nREINDEX (VERBOSE) INDEX CONCURRENTLY public.i;\n");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
    assert_string_equal(ask(w, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class "
                               "WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace "
                               "AND relname LIKE '%i%_cc%' OR relname IN ('i', 'other_ccnew')"),
                        "i other_ccnew");
}

static void write_detach(struct world *w)
{
    execute(w, "CREATE TABLE p (n integer) PARTITION BY LIST (n)");
    execute(w, "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)");
    write_file(w, "0001_d.sql",
               "-- migrate:up transaction:false\n"
               "ALTER TABLE public.p DETACH PARTITION p1 CONCURRENTLY;\n");
}

static void a_partition_that_is_half_detached_is_detached_to_the_end(void **state)
{
    struct world *w = *state;

    write_detach(w);
    execute(w, "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'p1'::regclass");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM pg_inherits"), "0");
}

static void a_partition_that_was_detached_while_its_deployer_died_counts_as_done(void **state)
{
    struct world *w = *state;

    write_detach(w);
    run(w, UP, NULL);
    must(w);
    pretend_death(w, "0");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
}

static void an_index_without_a_name_is_not_guessed_about(void **state)
{
    struct world *w = *state;

    execute(w, "CREATE TABLE t (n integer)");
    write_file(w, "0001_i.sql",
               "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY ON t (n);\n");
    run(w, UP, NULL);
    must(w);
    pretend_death(w, "0");
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_DRIFT);
    assert_int_equal(w->err.line, 2);
    execute(w, "DROP INDEX t_n_idx");
    write_file(w, "0001_i.sql",
               "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (n);\n");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
}

static void code_that_commits_runs_and_code_that_does_not_is_held_in_one(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_a.sql",
               "-- migrate:up transaction:false\nCREATE TABLE a (n integer);\n"
               "DO $$ BEGIN INSERT INTO a VALUES (1); COMMIT; INSERT INTO a VALUES (2); END $$;\n"
               "DO $$ BEGIN INSERT INTO a VALUES (3); END $$;\n");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) || ' ' || sum(n) FROM a"), "3 6");
}

static int run_up_quietly(struct world *w, long number)
{
    hg_migrate_options options = options_for(w, UP, NULL);

    (void)number;
    run_with(w, &options, NULL);
    return hg_code_exit_status(w->err.code);
}

static void two_deployers_over_one_concurrent_index_both_succeed(void **state)
{
    struct world *w = *state;
    pid_t children[4];

    execute(w, "CREATE TABLE t AS SELECT generate_series(10, 20000) AS n");
    write_index(w, "");
    without_pool(w);
    for (int i = 0; i < 4; i++)
        children[i] = in_child(w, run_up_quietly, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(exit_of(children[i]), 0);
    w->pool = pool_to(w->url);
    assert_string_equal(index_state(w), "true 1");
    assert_string_equal(ask(w, "SELECT count(*) FROM t WHERE n = 9"), "1");
}

/* --- bad days --- */

static void terminate_deployer(struct trap *trap)
{
    postgres_run(database(trap->w), "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE "
                                    "locktype = 'advisory' AND database = (SELECT oid FROM "
                                    "pg_database WHERE datname = current_database())");
}

static void a_terminated_session_ends_the_run_and_the_next_one_finishes(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct trap trap = {
        .w = w, .kind = HG_EVENT_STEP_STARTED, .subject = "bbb", .spring = terminate_deployer};
    hg_observer observer = trapper(&trap);

    write_three(w);
    assert_string_equal(run_with(w, &options, &observer), "+aaa = aaa");
    assert_int_equal(w->err.code, HG_LOST);
    assert_string_equal(run(w, UP, NULL), "+bbb +ccc = ccc");
    must(w);
}

static void a_read_only_session_reads_and_refuses_to_run(void **state)
{
    struct world *w = *state;
    hg_pool_options options = pool_options();

    write_three(w);
    run(w, UP, "aaa");
    options.read_only = true;
    reopen(w, &options);
    assert_string_equal(run(w, UP, "aaa"), "= aaa");
    must(w);
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_READ_ONLY);
    run(w, DOWN, NULL);
    assert_int_equal(w->err.code, HG_READ_ONLY);
}

static void a_role_that_may_not_write_the_ledger_changes_nothing(void **state)
{
    struct world *w = *state;

    write_three(w);
    run(w, UP, "aaa");
    postgres_run(NULL, "DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN "
                       "NULL; END $$");
    postgres_run(database(w), "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
    postgres_run(database(w), "GRANT CREATE ON SCHEMA public TO reader");
    postgres_run(database(w), "GRANT REFERENCES ON a TO reader");
    hg_pool_close(w->pool, soon());
    {
        hg_url *reader = postgres_url_as(NULL, "reader", NULL, database(w));

        hg_url_free(w->url);
        w->url = reader;
    }
    w->pool = pool_to(w->url);
    assert_string_equal(run(w, UP, NULL), "= aaa");
    assert_int_equal(w->err.code, HG_PRIVILEGE);
    assert_string_equal(ask(w, "SELECT count(*) FROM b"), "!sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIOS,
        SCENARIO(what_a_file_sets_does_not_reach_the_next_one_or_the_ledger),
        SCENARIO(the_ledger_stays_in_the_schema_where_it_was_found),
        SCENARIO(whoever_waits_hears_who_deploys_and_gives_up_in_time),
        SCENARIO(nothing_to_do_needs_no_lock),
        SCENARIO(through_a_pooler_that_shares_sessions_it_is_refused),
        SCENARIO(a_version_table_that_somebody_else_changed_stops_the_run),
        SCENARIO(what_fails_at_the_commit_undoes_its_migration),
        SCENARIO(in_production_a_table_that_is_locked_is_tried_again),
        SCENARIO(whoever_is_in_the_way_is_named_while_a_statement_waits),
        SCENARIO(elsewhere_a_locked_table_is_an_error_with_its_place),
        SCENARIO(a_statement_timeout_of_the_file_is_kept),
        SCENARIO(what_no_transaction_can_hold_says_what_to_write),
        SCENARIO(a_copy_brings_its_rows),
        SCENARIO(an_invalid_index_is_built_again),
        SCENARIO(a_build_that_ended_while_its_deployer_died_is_not_repeated),
        SCENARIO(a_drop_that_ended_while_its_deployer_died_counts_as_done),
        SCENARIO(what_an_interrupted_reindex_left_is_dropped),
        SCENARIO(a_partition_that_is_half_detached_is_detached_to_the_end),
        SCENARIO(a_partition_that_was_detached_while_its_deployer_died_counts_as_done),
        SCENARIO(an_index_without_a_name_is_not_guessed_about),
        SCENARIO(code_that_commits_runs_and_code_that_does_not_is_held_in_one),
        SCENARIO(two_deployers_over_one_concurrent_index_both_succeed),
        SCENARIO(a_terminated_session_ends_the_run_and_the_next_one_finishes),
        SCENARIO(a_read_only_session_reads_and_refuses_to_run),
        SCENARIO(a_role_that_may_not_write_the_ledger_changes_nothing),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
