/*
 * test_run_postgres.c - migrations on PostgreSQL: the common suite, what a file leaves in its
 * session, and roles and sessions that may not write.
 */
#include "scenarios.h"

#include "world_postgres.h"

static void empty_database(struct world *w)
{
    postgres_run(hg_url_database(w->url),
                 "DO $$ BEGIN DROP SCHEMA public CASCADE; CREATE SCHEMA public; END $$");
}

/* --- what a file leaves in its session --- */

static void run_all_up(struct world *w, bool together)
{
    hg_migrate_options options = options_for(w, UP, NULL);

    options.single_transaction = together;
    run_with(w, &options, NULL);
}

static void files_that_set_something(struct world *w, bool together)
{
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
    run_all_up(w, together);
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM other.a"), "0");
    assert_string_equal(ask(w, "SELECT t || ' ' || u FROM public.b"), "54321ms postgres");
    assert_string_equal(ask(w, "SELECT count(*) FROM public.alembic_version"), "1");
    assert_string_equal(ask(w, "SELECT version_num FROM public.alembic_version"), "0002");
}

static void what_a_file_sets_does_not_reach_the_next_one_or_the_ledger(void **state)
{
    files_that_set_something(*state, false);
}

static void nor_does_it_in_one_transaction(void **state)
{
    files_that_set_something(*state, true);
}

/* The rows say which timeouts they were written under. */
static void files_with_timeouts(struct world *w, bool together)
{
    static const struct {
        const char *name, *options;
    } files[] = {
        {"0001_a.sql", ""},
        {"0002_b.sql", ""},
        {"0003_c.sql", " lock_timeout:1234ms"},
        {"0004_d.sql", " lock_timeout:1234ms statement_timeout:2345ms"},
        {"0005_e.sql", ""},
        {"0006_f.sql", " statement_timeout:0"},
    };
    hg_pool_options options = pool_options();
    char text[160];

    options.settings.statement_timeout_ms = 54321;
    options.settings.lock_timeout_ms = 43210;
    reopen(w, &options);
    write_file(w, "0000_t.sql",
               "-- migrate:up lock_timeout:7s\nCREATE TABLE t (id serial,"
               " lock text DEFAULT current_setting('lock_timeout'),"
               " statement text DEFAULT current_setting('statement_timeout'));\n"
               "INSERT INTO t DEFAULT VALUES;\n");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(text, sizeof text, "-- migrate:up%s\nINSERT INTO t DEFAULT VALUES;\n",
                 files[i].options);
        write_file(w, files[i].name, text);
    }
    run_all_up(w, together);
    must(w);
    assert_string_equal(ask(w, "SELECT string_agg(lock || ' ' || statement, ', ' ORDER BY id)"
                               " FROM t"),
                        "7s 54321ms, 43210ms 54321ms, 43210ms 54321ms, 1234ms 54321ms, "
                        "1234ms 2345ms, 43210ms 54321ms, 43210ms 0");
    assert_string_equal(ask(w, "SELECT current_setting('lock_timeout')"), "43210ms");
}

static void each_file_has_its_own_timeouts(void **state)
{
    files_with_timeouts(*state, false);
}

static void each_file_has_its_own_timeouts_in_one_transaction(void **state)
{
    files_with_timeouts(*state, true);
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
    assert_glance_agrees(w);
    assert_string_equal(ask(w, "SELECT to_regclass('public.alembic_version') IS NULL"), "true");
}

/* --- many short files, whose ends the session has prepared and which share their round trips ---
 */

/* 0000 makes the table t, the others put a row into it. */
static void write_rows(struct world *w, int count)
{
    write_file(w, "0000_t.sql",
               "-- migrate:up\nCREATE TABLE t (n integer);\n"
               "-- migrate:down\nDROP TABLE t;\n");
    for (int i = 1; i < count; i++) {
        char name[32], sql[160];

        snprintf(name, sizeof name, "%04d_row.sql", i);
        snprintf(sql, sizeof sql,
                 "-- migrate:up\nINSERT INTO t VALUES (%d);\n"
                 "-- migrate:down\nDELETE FROM t WHERE n = %d;\n",
                 i, i);
        write_file(w, name, sql);
    }
}

static void must_have_run_once(struct world *w, const char *count)
{
    must(w);
    assert_string_equal(
        ask(w, "SELECT count(DISTINCT revision) || ' ' || count(*) FROM headgate_history "
               "WHERE outcome = 'ok' AND direction = 'up'"),
        count);
}

static void files_that_throw_prepared_statements_away(struct world *w, bool together)
{
    write_rows(w, 20);
    write_file(w, "0004_row.sql", "-- migrate:up\nDEALLOCATE ALL;\n");
    write_file(w, "0010_row.sql",
               "-- migrate:up\nDO $$ BEGIN DEALLOCATE ALL; END $$;\n"
               "INSERT INTO t VALUES (10);\n");
    /* one of which nobody can see it */
    write_file(w, "0015_row.sql",
               "-- migrate:up\nCREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
               "$$ BEGIN DEALLOCATE ALL; RETURN NEW; END $$;\n"
               "CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();\n");
    run_all_up(w, together);
    must_have_run_once(w, "20 20");
    assert_string_equal(ask(w, "SELECT count(*) FROM t"), "17");
    assert_string_equal(ask(w, "SELECT version_num FROM alembic_version"), "0019");
}

static void a_file_may_throw_prepared_statements_away(void **state)
{
    struct world *w = *state;

    files_that_throw_prepared_statements_away(w, false);
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history WHERE outcome <> 'ok'"), "0");
}

static void a_file_may_throw_them_away_in_one_transaction(void **state)
{
    files_that_throw_prepared_statements_away(*state, true);
}

static void a_session_may_be_discarded_outside_of_a_transaction(void **state)
{
    struct world *w = *state;

    write_rows(w, 8);
    write_file(w, "0003_row.sql", "-- migrate:up transaction:false\nDISCARD ALL;\n");
    run_all_up(w, false);
    must_have_run_once(w, "8 8");
    assert_string_equal(run(w, DOWN, "0003"), "-0007 -0006 -0005 -0004 = 0003");
}

/* The server counts characters from the beginning of a round trip. */
static void a_fault_among_many_short_files_has_its_place(void **state)
{
    struct world *w = *state;

    write_rows(w, 20);
    write_file(w, "0011_row.sql", "-- migrate:up\nCOMMENT ON TABLE t IS 'Z\xC3\xBCrich';\n");
    write_file(w, "0015_row.sql", "-- migrate:up\n\n  INSERT INTO t\n  VALUES ('\xC3\xBC', x);\n");
    run_all_up(w, true);
    assert_int_equal(w->err.code, HG_SQL);
    assert_non_null(strstr(w->err.file, "0015_row.sql"));
    assert_int_equal(w->err.line, 4);
    assert_int_equal(w->err.column, 16);
    assert_string_equal(ask(w, "SELECT string_agg(revision || ' ' || outcome, ',') "
                               "FROM headgate_history"),
                        "0015 failed");
    assert_string_equal(ask(w, "SELECT to_regclass('t') IS NULL"), "true");
}

/* What happens one behind the other takes together no longer than all of it. */
static void files_that_share_a_round_trip_have_their_own_time(void **state)
{
    struct world *w = *state;
    char sql[160];
    int64_t begun_ns = clock_now_ns();

    write_rows(w, 30);
    write_file(w, "0021_row.sql", "-- migrate:up\nINSERT INTO t SELECT 21 FROM pg_sleep(0.2);\n");
    run_all_up(w, true);
    must_have_run_once(w, "30 30");
    snprintf(sql, sizeof sql, "SELECT sum(duration_ms) <= %.3f FROM headgate_history",
             clock_since_ms(begun_ns));
    assert_string_equal(ask(w, sql), "true");
    assert_string_equal(ask(w, "SELECT revision FROM headgate_history ORDER BY duration_ms DESC "
                               "LIMIT 1"),
                        "0021");
    assert_string_equal(ask(w, "SELECT bool_and(split_part(spent, E'\\t', 1)::float <= "
                               "duration_ms + 0.001) FROM headgate_history"),
                        "true");
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
        SCENARIO(nor_does_it_in_one_transaction),
        SCENARIO(each_file_has_its_own_timeouts),
        SCENARIO(each_file_has_its_own_timeouts_in_one_transaction),
        SCENARIO(the_ledger_stays_in_the_schema_where_it_was_found),
        SCENARIO(a_file_may_throw_prepared_statements_away),
        SCENARIO(a_file_may_throw_them_away_in_one_transaction),
        SCENARIO(a_session_may_be_discarded_outside_of_a_transaction),
        SCENARIO(a_fault_among_many_short_files_has_its_place),
        SCENARIO(files_that_share_a_round_trip_have_their_own_time),
        SCENARIO(a_terminated_session_ends_the_run_and_the_next_one_finishes),
        SCENARIO(a_read_only_session_reads_and_refuses_to_run),
        SCENARIO(a_role_that_may_not_write_the_ledger_changes_nothing),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
