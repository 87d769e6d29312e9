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
        SCENARIO(a_terminated_session_ends_the_run_and_the_next_one_finishes),
        SCENARIO(a_read_only_session_reads_and_refuses_to_run),
        SCENARIO(a_role_that_may_not_write_the_ledger_changes_nothing),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
