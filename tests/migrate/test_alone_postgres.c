/*
 * test_alone_postgres.c - what no transaction can hold on PostgreSQL: concurrent builds and what
 * interrupted ones left, COPY, code that commits.
 */
#include "world_postgres.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
