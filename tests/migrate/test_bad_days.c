/*
 * test_bad_days.c - what a folder may have become between two deployments, on both engines: two
 * files with one revision, a file under another name, files that cannot be read.
 */
#include "world.h"

#include "support/postgres.h"

static hg_driver engine;

static hg_url *new_database(const char *dir)
{
    char text[512], *name;
    hg_url *url = NULL;

    if (engine == HG_POSTGRESQL) {
        name = postgres_database();
        url = postgres_url(name);
        free(name);
        return url;
    }
    snprintf(text, sizeof text, "sqlite:///%s/app.db", dir);
    assert_true(hg_url_parse(text, &url, NULL));
    return url;
}

static int on_sqlite(void **state)
{
    engine = HG_SQLITE;
    return open_world(state);
}

static int on_postgres(void **state)
{
    engine = HG_POSTGRESQL;
    return open_world(state);
}

static void two_files_with_one_revision_are_both_named_and_nothing_runs(void **state)
{
    struct world *w = *state;

    write_three(w);
    write_file(
        w, "20260101000003_again.sql",
        "-- revision: bbb\n-- revises: aaa\n-- migrate:up\nCREATE TABLE other (n integer);\n");
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_FILE);
    assert_non_null(strstr(w->err.message, "bbb"));
    assert_non_null(strstr(w->err.message, "20260101000001_b.sql"));
    assert_non_null(strstr(w->err.file, "20260101000003_again.sql"));
    assert_string_equal(ask(w, "SELECT count(*) FROM a"), "!sql");
    remove_file(w, "20260101000003_again.sql");
    assert_string_equal(run(w, UP, NULL), "+aaa +bbb +ccc = ccc");
}

static void a_file_that_was_renamed_keeps_its_revision(void **state)
{
    struct world *w = *state;
    hg_history *history;

    write_three(w);
    run(w, UP, NULL);
    remove_file(w, "20260101000002_c.sql");
    write_file(w, "20260909000000_renamed.sql",
               "-- revision: ccc\n-- revises: bbb\n-- message: third\n"
               "-- migrate:up\nALTER TABLE b ADD COLUMN note text;\n"
               "-- migrate:down\nALTER TABLE b DROP COLUMN note;\n");
    history = history_of(w);
    assert_int_equal(history->pending_count, 0);
    assert_true(find(history, "ccc")->checksum_ok);
    hg_history_free(history);
    assert_string_equal(run(w, UP, NULL), "= ccc");
    must(w);
    assert_string_equal(run(w, DOWN, NULL), "-ccc = bbb");
    must(w);
}

static void an_applied_file_that_was_removed_is_named_and_can_be_rolled_back(void **state)
{
    struct world *w = *state;
    hg_history *history;

    write_three(w);
    run(w, UP, NULL);
    remove_file(w, "20260101000002_c.sql");
    history = history_of(w);
    assert_int_equal(find(history, "ccc")->state, HG_REVISION_MISSING);
    hg_history_free(history);
    assert_string_equal(run(w, DOWN, NULL), "-ccc = bbb");
    must(w);
    assert_string_equal(run(w, UP, NULL), "= bbb");
}

/* Files without headers close up when one is taken away; the database has not forgotten it. */
static void one_that_was_removed_from_between_is_named_and_rolled_back(void **state)
{
    struct world *w = *state;
    hg_history *history;

    for (int i = 1; i <= 4; i++) {
        char name[32], text[128];

        snprintf(name, sizeof name, "000%d_t.sql", i);
        snprintf(text, sizeof text,
                 "-- migrate:up\nCREATE TABLE t%d (n integer);\n"
                 "-- migrate:down\nDROP TABLE t%d;\n",
                 i, i);
        write_file(w, name, text);
    }
    run(w, UP, NULL);
    remove_file(w, "0001_t.sql");
    remove_file(w, "0003_t.sql");
    history = history_of(w);
    assert_int_equal(find(history, "0001")->state, HG_REVISION_MISSING);
    assert_int_equal(find(history, "0003")->state, HG_REVISION_MISSING);
    assert_int_equal(history->head_count, 1);
    assert_string_equal(history->heads[0], "0004");
    assert_int_equal(history->pending_count, 0);
    hg_history_free(history);
    write_file(w, "0005_t.sql",
               "-- migrate:up\nCREATE TABLE t5 (n integer);\n-- migrate:down\nDROP TABLE t5;\n");
    assert_string_equal(run(w, UP, NULL), "+0005 = 0005");
    must(w);
    assert_string_equal(run(w, DOWN, "base"), "-0005 -0004 -0003 -0002 -0001 =");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM t3"), "!sql");
    assert_string_equal(run(w, UP, NULL), "+0002 +0004 +0005 = 0005");
}

static void whoever_applies_hears_of_files_that_are_not_what_was_applied(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct witness witness = {0};
    const hg_observer observer = observer_of(&witness);

    write_three(w);
    run(w, UP, NULL);
    write_file(w, "20260101000001_b.sql",
               "-- revision: bbb\n-- revises: aaa\n-- migrate:up\nCREATE TABLE b (id text);\n");
    remove_file(w, "20260101000002_c.sql");
    assert_string_equal(run_with(w, &options, &observer), "= ccc");
    must(w);
    assert_non_null(strstr(witness.notes, "\"bbb\" was edited after it was applied"));
    assert_non_null(strstr(witness.notes, "\"ccc\" is applied, but no file has it"));
    assert_null(strstr(witness.notes, "aaa"));
}

/* A transaction of the file's own goes back as a whole, and nothing else is said of it. */
static void what_a_transaction_of_the_file_took_back_is_not_said_to_stay(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct witness witness = {0};
    const hg_observer observer = observer_of(&witness);

    write_file(w, "0001_a.sql",
               "-- migrate:up transaction:false\nCREATE TABLE a (n integer);\nBEGIN;\n"
               "CREATE TABLE b (n integer);\nCREATE TABLE c (n integer);\n");
    assert_string_equal(run_with(w, &options, &observer), "=");
    assert_int_equal(w->err.code, HG_FILE);
    assert_non_null(strstr(witness.notes, "1 of 4 statements of \"0001\" are done and stay"));
    assert_string_equal(ask(w, "SELECT count(*) FROM a"), "0");
    assert_string_equal(ask(w, "SELECT count(*) FROM b"), "!sql");
    write_file(w, "0001_a.sql",
               "-- migrate:up transaction:false\nCREATE TABLE a (n integer);\nBEGIN;\n"
               "CREATE TABLE b (n integer);\nCREATE TABLE c (n integer);\nCOMMIT;\n");
    assert_string_equal(run(w, UP, NULL), "+0001 = 0001");
    must(w);
}

static void a_file_that_cannot_be_read_stops_the_run_before_it_begins(void **state)
{
    struct world *w = *state;
    char *path = temp_path(w->migrations, "20260101000003_d.sql");

    write_three(w);
    assert_int_equal(symlink("nowhere.sql", path), 0);
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_IO);
    assert_non_null(strstr(w->err.message, "20260101000003_d.sql"));
    assert_string_equal(ask(w, "SELECT count(*) FROM a"), "!sql");
    free(path);
}

#define ON_BOTH(name)                                               \
    {#name " (sqlite)", name, on_sqlite, close_world, NULL},        \
    {                                                               \
#name " (postgresql)", name, on_postgres, close_world, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(two_files_with_one_revision_are_both_named_and_nothing_runs),
        ON_BOTH(a_file_that_was_renamed_keeps_its_revision),
        ON_BOTH(an_applied_file_that_was_removed_is_named_and_can_be_rolled_back),
        ON_BOTH(one_that_was_removed_from_between_is_named_and_rolled_back),
        ON_BOTH(whoever_applies_hears_of_files_that_are_not_what_was_applied),
        ON_BOTH(what_a_transaction_of_the_file_took_back_is_not_said_to_stay),
        ON_BOTH(a_file_that_cannot_be_read_stops_the_run_before_it_begins),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
