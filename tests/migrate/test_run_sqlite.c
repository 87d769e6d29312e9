/*
 * test_run_sqlite.c - migrations on SQLite: the common suite, and what is SQLite's alone.
 */
#include "scenarios.h"

#include <glob.h>

#include "migrate/ledger.h"
#include "migrate/lock.h"

static hg_url *new_database(const char *dir)
{
    static int number;
    char text[512];
    hg_url *url = NULL;

    snprintf(text, sizeof text, "sqlite:///%s/app%d.db", dir, number++);
    assert_true(hg_url_parse(text, &url, NULL));
    return url;
}

static void empty_database(struct world *w)
{
    hg_url_free(w->url);
    w->url = new_database(w->dir);
}

/* A pool whose one connection is set up by a statement first. */
static void with_one_connection(struct world *w, bool read_only, const char *sql)
{
    hg_pool_options options = pool_options();

    hg_pool_close(w->pool, soon());
    options.settings.size = 1;
    options.settings.max_overflow = 0;
    options.read_only = read_only;
    assert_true(hg_pool_open(w->url, &options, &w->pool, NULL));
    if (sql != NULL)
        execute(w, sql);
}

static hg_conn *connection(struct world *w)
{
    hg_conn *conn = NULL;

    assert_true(hg_pool_checkout(w->pool, "test", soon(), &conn, NULL));
    return conn;
}

static void a_writer_that_does_not_end_is_waited_for_until_the_lock_timeout(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct witness witness = {0};
    hg_observer observer = observer_of(&witness);
    hg_conn *conn = connection(w);
    int64_t start = clock_now_ns();

    write_three(w);
    options.lock_timeout_ms = 300;
    assert_true(hg_conn_execute(conn, "BEGIN IMMEDIATE", NULL, 0, soon(), NULL, NULL));
    run_with(w, &options, &observer);
    assert_int_equal(w->err.code, HG_LOCKED);
    assert_int_equal(hg_code_exit_status(w->err.code), 5);
    assert_true(clock_since_ms(start) >= 250 && clock_since_ms(start) < 30000);
    assert_true(hg_conn_rollback(conn, soon(), NULL));
    hg_pool_return(w->pool, conn);
    assert_string_equal(run_with(w, &options, NULL), "+aaa +bbb +ccc = ccc");
}

static void a_full_disk_leaves_the_state_before_the_migration(void **state)
{
    struct world *w = *state;

    write_three(w);
    with_one_connection(w, false, NULL);
    assert_string_equal(run(w, UP, "bbb"), "+aaa +bbb = bbb");
    write_file(w, "20260101000002_c.sql",
               "-- revision: ccc\n-- revises: bbb\n-- migrate:up\nCREATE TABLE c (x);\n"
               "INSERT INTO c VALUES (zeroblob(10000000));\n");
    execute(w, "PRAGMA max_page_count = 100");
    assert_string_equal(run(w, UP, NULL), "= bbb");
    assert_int_equal(w->err.code, HG_DISK_FULL);
    assert_int_equal(w->err.line, 5);
    assert_string_equal(ask(w, "SELECT count(*) FROM c"), "!sql");
    assert_string_equal(ask(w, "PRAGMA integrity_check"), "ok");
    execute(w, "PRAGMA max_page_count = 1000000");
    assert_string_equal(run(w, UP, NULL), "+ccc = ccc");
    must(w);
}

static void a_read_only_session_reads_and_refuses_to_run(void **state)
{
    struct world *w = *state;
    hg_history *history;

    write_three(w);
    run(w, UP, "aaa");
    with_one_connection(w, true, NULL);
    history = history_of(w);
    assert_int_equal(history->pending_count, 2);
    hg_history_free(history);
    assert_string_equal(run(w, UP, "aaa"), "= aaa");
    must(w);
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_READ_ONLY);
    run(w, DOWN, NULL);
    assert_int_equal(w->err.code, HG_READ_ONLY);
    stamped(w, "bbb");
    assert_int_equal(w->err.code, HG_READ_ONLY);
}

static void foreign_keys_are_on_again_after_a_file_that_turned_them_off(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_rebuild.sql",
               "-- migrate:up transaction:false\nPRAGMA foreign_keys = off;\n"
               "BEGIN;\nCREATE TABLE a (id integer PRIMARY KEY);\n"
               "CREATE TABLE b (id integer REFERENCES a);\nINSERT INTO b VALUES (7);\nCOMMIT;\n");
    write_file(w, "0002_next.sql", "-- migrate:up\nINSERT INTO b VALUES (8);\n");
    with_one_connection(w, false, NULL);
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    assert_int_equal(w->err.code, HG_CONSTRAINT);
    assert_string_equal(ask(w, "PRAGMA foreign_keys"), "1");
    assert_string_equal(ask(w, "SELECT count(*) FROM b"), "1");
}

static const char parent_and_child[] =
    "-- migrate:up\nCREATE TABLE p (id integer PRIMARY KEY, n text);\n"
    "CREATE TABLE c (id integer PRIMARY KEY, p integer REFERENCES p (id) ON DELETE CASCADE);\n"
    "CREATE VIEW v AS SELECT n FROM p;\nCREATE TRIGGER t AFTER INSERT ON c BEGIN\n"
    "  UPDATE p SET n = 'x' WHERE id = new.p; END;\n"
    "INSERT INTO p VALUES (1, 'a'), (2, 'b');\nINSERT INTO c VALUES (1, 1), (2, 2);\n";

static void a_table_is_built_anew_without_its_children_losing_a_row(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_a.sql", parent_and_child);
    write_file(w, "0002_b.sql",
               "-- migrate:up rebuild:true\nCREATE TABLE p__new (id integer PRIMARY KEY,\n"
               "  n text NOT NULL DEFAULT '');\nINSERT INTO p__new SELECT id, n FROM p;\n"
               "DROP TABLE p;\nALTER TABLE p__new RENAME TO p;\n"
               "-- migrate:down rebuild:true\nCREATE TABLE p__new (id integer PRIMARY KEY,\n"
               "  n text);\nINSERT INTO p__new SELECT id, n FROM p;\nDROP TABLE p;\n"
               "ALTER TABLE p__new RENAME TO p;\n");
    with_one_connection(w, false, NULL);
    assert_string_equal(run(w, UP, NULL), "+0001 +0002 = 0002");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM c"), "2");
    assert_string_equal(ask(w, "SELECT sql FROM sqlite_master WHERE name = 'c'"),
                        "CREATE TABLE c (id integer PRIMARY KEY, p integer REFERENCES p (id) ON "
                        "DELETE CASCADE)");
    assert_string_equal(ask(w, "SELECT count(*) FROM v"), "2");
    assert_string_equal(ask(w, "PRAGMA foreign_keys"), "1");
    assert_string_equal(ask(w, "PRAGMA legacy_alter_table"), "0");
    assert_string_equal(run(w, DOWN, NULL), "-0002 = 0001");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM c"), "2");
}

static void break_a_reference(struct world *w)
{
    static const char *const steps[] = {"PRAGMA foreign_keys = OFF",
                                        "UPDATE c SET p = 9 WHERE p = 1"};
    hg_conn *conn = connection(w);

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        assert_true(hg_conn_execute(conn, steps[i], NULL, 0, soon(), NULL, NULL));
    hg_pool_return(w->pool, conn);
}

static void a_rebuild_that_breaks_references_is_rolled_back(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);

    write_file(w, "0001_a.sql", parent_and_child);
    write_file(w, "0002_b.sql",
               "-- migrate:up rebuild:true\nCREATE TABLE p__new (id integer PRIMARY KEY, n text);\n"
               "INSERT INTO p__new SELECT id, n FROM p WHERE id > 1;\nDROP TABLE p;\n"
               "ALTER TABLE p__new RENAME TO p;\n");
    with_one_connection(w, false, NULL);
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    assert_int_equal(w->err.code, HG_CONSTRAINT);
    assert_non_null(strstr(w->err.message, "1 references lead nowhere"));
    assert_non_null(strstr(w->err.hint, "\"c\""));
    assert_string_equal(ask(w, "SELECT count(*) FROM p"), "2");
    assert_string_equal(ask(w, "PRAGMA foreign_keys"), "1");
    break_a_reference(w); /* what was broken before is not ours */
    options.single_transaction = true;
    assert_string_equal(run_with(w, &options, NULL), "+0002 = 0002");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM c"), "2");
    assert_string_equal(ask(w, "PRAGMA foreign_keys"), "1");
}

static void what_a_file_set_for_its_session_is_set_again_when_it_goes_on(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_rebuild.sql",
               "-- migrate:up transaction:false\nCREATE TABLE a (id integer PRIMARY KEY);\n"
               "CREATE TABLE b (id integer REFERENCES a);\nPRAGMA foreign_keys = off;\n"
               "INSERT INTO b VALUES (6);\nINSERT INTO c VALUES (7);\n");
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_SQL);
    assert_string_equal(ask(w, "SELECT count(*) FROM b"), "1");
    write_file(w, "0001_rebuild.sql",
               "-- migrate:up transaction:false\nCREATE TABLE a (id integer PRIMARY KEY);\n"
               "CREATE TABLE b (id integer REFERENCES a);\nPRAGMA foreign_keys = off;\n"
               "INSERT INTO b VALUES (6);\nINSERT INTO b VALUES (7);\n");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM b"), "2");
}

static void a_statement_that_ends_the_transaction_is_noticed(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_a.sql",
               "-- migrate:up\nCREATE TABLE a (id integer PRIMARY KEY);\n"
               "INSERT INTO a VALUES (1);\nINSERT OR ROLLBACK INTO a VALUES (1);\n");
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_CONSTRAINT);
    assert_string_equal(ask(w, "SELECT count(*) FROM a"), "!sql");
    assert_string_equal(ask(w, "SELECT outcome FROM headgate_history"), "failed");
}

static void a_trigger_and_a_guarded_statement_run(void **state)
{
    struct world *w = *state;

    write_file(w, "0001_a.sql",
               "-- migrate:up\nCREATE TABLE a (\n  -- @postgresql\n  id bigserial\n  -- @sqlite\n"
               "  id integer PRIMARY KEY\n  -- @end\n);\nCREATE TABLE log (n);\n"
               "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n"
               "  INSERT INTO log VALUES (CASE WHEN new.id > 1 THEN 1 END);\n"
               "  INSERT INTO log VALUES (2);\nEND;\nINSERT INTO a VALUES (5);\n");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
    assert_string_equal(ask(w, "SELECT sum(n) FROM log"), "3");
}

static void whoever_waits_hears_who_has_the_lock_and_no_file_is_left(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct lock lock;
    struct ledger_place place = {.driver = HG_SQLITE};
    char *left = temp_path(w->dir, "*-headgate");
    hg_error err = {0};
    glob_t found;

    write_three(w);
    execute(w, "SELECT 1");
    options.lock_wait_ms = 200;
    lock_init(&lock, w->pool, NULL, &place);
    assert_int_equal(lock_try(&lock, "ada@host", &err), LOCK_TAKEN);
    assert_string_equal(run_with(w, &options, NULL), "=");
    assert_int_equal(w->err.code, HG_LOCKED);
    assert_non_null(strstr(w->err.message, "ada@host (process "));
    lock_release(&lock);
    assert_string_equal(run_with(w, &options, NULL), "+aaa +bbb +ccc = ccc");
    must(w);
    assert_int_equal(glob(left, 0, NULL, &found), GLOB_NOMATCH);
    free(left);
}

static void a_database_in_memory_migrates(void **state)
{
    struct world *w = *state;

    hg_pool_close(w->pool, soon());
    hg_url_free(w->url);
    assert_true(hg_url_parse("sqlite://", &w->url, NULL));
    w->pool = pool_to(w->url);
    write_three(w);
    assert_string_equal(run(w, UP, NULL), "+aaa +bbb +ccc = ccc");
    assert_string_equal(run(w, DOWN, "base"), "-ccc -bbb -aaa =");
    must(w);
}

static void init_makes_folder_and_tables_and_does_no_harm_twice(void **state)
{
    struct world *w = *state;
    char *nested = temp_path(w->dir, "db/migrations");

    for (int i = 0; i < 2; i++) {
        assert_true(hg_migrate_init(w->pool, nested, soon(), &w->err));
        assert_string_equal(ask(w, "SELECT count(*) FROM alembic_version"), "0");
        assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history"), "0");
    }
    assert_int_equal(access(nested, W_OK), 0);
    free(nested);
}

static void wherever_memory_runs_out_the_next_run_ends_in_the_same_state(void **state)
{
    struct world *w = *state;

    write_many(w, 3);
    for (long n = 1;; n++) {
        bool failed;

        hg_pool_close(w->pool, soon());
        empty_database(w);
        w->pool = pool_to(w->url);
        alloc_fail_at(n);
        run(w, UP, NULL);
        failed = alloc_failed();
        alloc_fail_at(0);
        if (!failed)
            break;
        if (w->err.code != HG_OK)
            assert_int_equal(w->err.code, HG_NOMEM);
        run(w, UP, NULL);
        must(w);
        check_many(w, 3);
    }
    must(w);
    check_many(w, 3);
}

/* SQLite does not know how many there are, but between which numbers they lie. */
static void the_rows_of_a_table_say_how_long_its_index_will_take(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    hg_plan *plan = NULL;

    write_file(w, "0001_a.sql",
               "-- migrate:up\nCREATE TABLE big (n integer);\n"
               "CREATE TABLE scattered (id integer PRIMARY KEY, n integer);\n"
               "CREATE TABLE keyed (id integer PRIMARY KEY, n integer) WITHOUT ROWID;\n"
               "INSERT INTO big VALUES (1), (2), (3);\n"
               "INSERT INTO scattered VALUES (1, 1), (9000000000000000000, 2);\n"
               "CREATE INDEX i ON big (n);\n");
    run(w, UP, NULL);
    must(w);
    assert_string_equal(ask(w, "SELECT spent LIKE '%' || char(9) || '-1' || char(9) || '1' || "
                               "char(9) || 'CREATE INDEX%' FROM headgate_history"),
                        "1"); /* the table was made by the same file */
    execute(w, "UPDATE headgate_history SET spent = '3600000.0' || char(9) || '100' || char(9) || "
               "'1' || char(9) || 'CREATE INDEX' || char(9) || 'big' || char(10)");
    execute(w, "WITH RECURSIVE c(n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM c WHERE n < 200)"
               " INSERT INTO big SELECT n FROM c");
    write_file(w, "0002_b.sql",
               "-- migrate:up\nCREATE INDEX j ON big (n);\n"
               "CREATE INDEX k ON scattered (n);\nCREATE INDEX l ON keyed (n);\n");
    assert_true(hg_plan_make(w->pool, &options, soon(), &plan, &w->err));
    assert_int_equal(plan->steps[0].statements[0].tables[0].rows, 200);
    assert_int_equal(plan->steps[0].statements[0].predicted_ms, 7200000);
    assert_int_equal(plan->steps[0].statements[1].tables[0].rows, -1);
    assert_int_equal(plan->steps[0].statements[2].tables[0].rows, -1);
    hg_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIOS,
        SCENARIO(a_writer_that_does_not_end_is_waited_for_until_the_lock_timeout),
        SCENARIO(a_full_disk_leaves_the_state_before_the_migration),
        SCENARIO(a_read_only_session_reads_and_refuses_to_run),
        SCENARIO(foreign_keys_are_on_again_after_a_file_that_turned_them_off),
        SCENARIO(a_table_is_built_anew_without_its_children_losing_a_row),
        SCENARIO(a_rebuild_that_breaks_references_is_rolled_back),
        SCENARIO(what_a_file_set_for_its_session_is_set_again_when_it_goes_on),
        SCENARIO(a_statement_that_ends_the_transaction_is_noticed),
        SCENARIO(a_trigger_and_a_guarded_statement_run),
        SCENARIO(whoever_waits_hears_who_has_the_lock_and_no_file_is_left),
        SCENARIO(a_database_in_memory_migrates),
        SCENARIO(wherever_memory_runs_out_the_next_run_ends_in_the_same_state),
        SCENARIO(init_makes_folder_and_tables_and_does_no_harm_twice),
        SCENARIO(the_rows_of_a_table_say_how_long_its_index_will_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
