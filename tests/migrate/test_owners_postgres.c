/*
 * test_owners_postgres.c - migrations by a role that owns little: the ledger is another role's, the
 * schema is another one, and what may not be is refused before anything is half done.
 */
#include "world.h"

#include "support/postgres.h"

static hg_url *new_database(const char *dir)
{
    char *name = postgres_database();
    hg_url *url = postgres_url(name);

    (void)dir;
    free(name);
    return url;
}

static const char *database(const struct world *w)
{
    return hg_url_database(w->url);
}

/* From here on the world's pool is that of a role with nothing of its own; the rest is granted. */
static void become_deployer(struct world *w, const char *const *grants)
{
    hg_url *url;

    postgres_run(NULL, "DO $$ BEGIN CREATE ROLE deployer LOGIN; EXCEPTION WHEN duplicate_object "
                       "THEN NULL; END $$");
    for (; *grants != NULL; grants++)
        postgres_run(database(w), *grants);
    hg_pool_close(w->pool, soon());
    url = postgres_url_as(NULL, "deployer", NULL, database(w));
    hg_url_free(w->url);
    w->url = url;
    w->pool = pool_to(w->url);
}

static const char *const may_write_ledger[] = {
    "GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version, headgate_history TO deployer",
    "GRANT CREATE ON SCHEMA public TO deployer",
    "GRANT REFERENCES ON a TO deployer",
    NULL,
};

static void a_ledger_of_another_role_is_enough_to_write_in(void **state)
{
    struct world *w = *state;

    write_three(w);
    run(w, UP, "aaa");
    become_deployer(w, may_write_ledger);
    assert_string_equal(run(w, UP, NULL), "+bbb +ccc = ccc");
    must(w);
    assert_string_equal(run(w, DOWN, NULL), "-ccc = bbb");
    must(w);
}

static void an_old_history_of_another_role_is_written_as_far_as_it_has_room(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);

    write_three(w);
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up transaction:false\n"
               "CREATE TABLE d (id integer);\n-- migrate:down\n");
    run(w, UP, "aaa");
    execute(w, "ALTER TABLE headgate_history DROP COLUMN release");
    become_deployer(w, may_write_ledger);
    options.release = "v2";
    assert_string_equal(run_with(w, &options, NULL), "+bbb +ccc +ddd = ddd");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history WHERE outcome = 'ok'"), "4");
    assert_string_equal(ask(w, "SELECT release FROM headgate_history LIMIT 1"), "!sql");
}

static void a_schema_without_the_right_to_create_says_so_and_stays_empty(void **state)
{
    struct world *w = *state;

    write_three(w);
    become_deployer(w, (const char *const[]){"REVOKE CREATE ON SCHEMA public FROM PUBLIC", NULL});
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_PRIVILEGE);
    assert_non_null(strstr(w->err.message, "could not make the version tables"));
    assert_string_equal(ask(w, "SELECT to_regclass('alembic_version') IS NULL"), "true");
}

static void a_role_whose_search_path_leads_nowhere_is_told_so(void **state)
{
    struct world *w = *state;

    write_three(w);
    become_deployer(w, (const char *const[]){"DO $$ BEGIN EXECUTE format('ALTER ROLE deployer IN "
                                             "DATABASE %I SET search_path = nowhere', "
                                             "current_database()); END $$",
                                             NULL});
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_CONFIG);
    assert_non_null(strstr(w->err.message, "no schema of the search_path exists"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(a_ledger_of_another_role_is_enough_to_write_in),
        SCENARIO(an_old_history_of_another_role_is_written_as_far_as_it_has_room),
        SCENARIO(a_schema_without_the_right_to_create_says_so_and_stays_empty),
        SCENARIO(a_role_whose_search_path_leads_nowhere_is_told_so),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
