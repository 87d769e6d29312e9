/*
 * test_safety.c - SQLite: before rows are lost the database is copied beside itself.
 */
#include "world.h"

#include <sqlite3.h>
#include <sys/resource.h>

#include "base/file.h"

static hg_url *new_database(const char *dir)
{
    char text[512];
    hg_url *url = NULL;

    snprintf(text, sizeof text, "sqlite:///%s/app.db", dir);
    assert_true(hg_url_parse(text, &url, NULL));
    return url;
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* How many copies lie beside the database; *newest, when it is not NULL: the newest one's path. */
static size_t copies(const struct world *w, char **newest)
{
    struct file_list list = {0};
    size_t count = 0;

    assert_true(file_list(w->dir, "", &list, NULL));
    for (size_t i = 0; i < list.count; i++) {
        if (!starts(list.names[i], "app.db-before-2"))
            continue;
        count++;
        if (newest != NULL) {
            free(*newest);
            *newest = temp_path(w->dir, list.names[i]);
        }
    }
    file_list_release(&list);
    return count;
}

static int ask_file(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int value = -1;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK
        && sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

static const char *run_kept(struct world *w, hg_migrate_kind kind, const char *target,
                            struct witness *witness)
{
    hg_migrate_options options = options_for(w, kind, target);
    const hg_observer observer = observer_of(witness);

    options.safety_copy = true;
    return run_with(w, &options, &observer);
}

/* --- */

static void before_rows_are_lost_the_database_is_copied(void **state)
{
    struct world *w = *state;
    struct witness witness = {0};
    char *path = NULL;

    write_three(w);
    assert_string_equal(run_kept(w, UP, NULL, &witness), "+aaa +bbb +ccc = ccc");
    assert_int_equal(copies(w, NULL), 0);
    execute(w, "UPDATE b SET note = 'written by hand'");
    assert_string_equal(run_kept(w, DOWN, NULL, &witness), "-ccc = bbb");
    assert_int_equal(copies(w, &path), 1);
    assert_int_equal(ask_file(path, "SELECT count(*) FROM b WHERE note = 'written by hand'"), 1);
    assert_int_equal(ask_file(path, "SELECT version_num = 'ccc' FROM alembic_version"), 1);
    assert_non_null(strstr(witness.notes, path));
    assert_non_null(strstr(witness.notes, "before \"ccc\", which loses up to 1 row of \"b\""));
    free(path);
}

static void the_result_says_where_the_copy_is(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, RESET, NULL);
    hg_run_result result;
    char *path = NULL;

    write_three(w);
    run(w, UP, NULL);
    options.safety_copy = true;
    assert_true(hg_migrate_run(w->pool, &options, NULL, &result, NULL));
    assert_int_equal(copies(w, &path), 1); /* one for all that the run loses */
    assert_string_equal(result.safety_copy, path);
    hg_run_result_release(&result);
    free(path);
}

static void one_transaction_has_its_copy_from_before_all_of_it(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    char *path = NULL;

    write_three(w);
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up\nDROP TABLE b;\n");
    run(w, UP, "bbb");
    options.safety_copy = options.single_transaction = true;
    assert_string_equal(run_with(w, &options, NULL), "+ccc +ddd = ddd");
    assert_int_equal(copies(w, &path), 1);
    assert_int_equal(ask_file(path, "SELECT version_num = 'bbb' FROM alembic_version"), 1);
    free(path);
}

static void where_nothing_is_lost_nothing_is_copied(void **state)
{
    struct world *w = *state;
    struct witness witness = {0};

    write_three(w);
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up\nCREATE TABLE d (n integer);\n"
               "INSERT INTO d VALUES (1);\nDELETE FROM d;\nDROP TABLE d;\n"
               "-- migrate:down\nSELECT 1;\n");
    assert_string_equal(run_kept(w, UP, NULL, &witness), "+aaa +bbb +ccc +ddd = ddd");
    execute(w, "DELETE FROM b");
    assert_string_equal(run_kept(w, DOWN, "aaa", &witness), "-ddd -ccc -bbb = aaa");
    assert_int_equal(copies(w, NULL), 0);
    assert_string_equal(run(w, DOWN, NULL), "-aaa ="); /* who does not want one has none */
    assert_int_equal(copies(w, NULL), 0);
}

static void the_newest_copies_are_kept_and_no_file_of_anybody_else_goes(void **state)
{
    struct world *w = *state;
    struct witness witness = {0};
    char *first = NULL, *others = temp_path(w->dir, "app.db-before-2000Z"),
         *elsewhere = temp_path(w->dir, "my-app.db-before-20260101T000000.000Z");

    write_three(w);
    temp_write(w->dir, "app.db-before-2000Z", "mine");
    temp_write(w->dir, "my-app.db-before-20260101T000000.000Z", "mine");
    run(w, UP, NULL);
    run_kept(w, RESET, NULL, &witness);
    assert_int_equal(copies(w, &first), 2);
    for (int i = 0; i < 4; i++)
        run_kept(w, RESET, NULL, &witness);
    must(w);
    assert_int_equal(copies(w, NULL), 4); /* three, and the one that is not ours */
    assert_false(file_exists(first));
    assert_true(file_exists(others) && file_exists(elsewhere));
    free(first);
    free(others);
    free(elsewhere);
}

static void without_room_for_the_copy_nothing_is_lost(void **state)
{
    struct world *w = *state;
    struct witness witness = {0};
    struct rlimit before, small;

    write_three(w);
    run(w, UP, NULL);
    execute(w, "INSERT INTO b (note) VALUES (hex(zeroblob(200000)))");
    execute(w, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 256 * 1024;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_string_equal(run_kept(w, DOWN, NULL, &witness), "= ccc");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(strstr(w->err.message, "could not keep a copy of the database"));
    assert_non_null(strstr(w->err.hint, "--no-copy"));
    assert_int_equal(copies(w, NULL), 0);
    assert_string_equal(ask(w, "SELECT count(*) FROM b WHERE length(note) = 400000"), "1");
    assert_string_equal(run_kept(w, DOWN, NULL, &witness), "-ccc = bbb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(before_rows_are_lost_the_database_is_copied),
        SCENARIO(the_result_says_where_the_copy_is),
        SCENARIO(one_transaction_has_its_copy_from_before_all_of_it),
        SCENARIO(where_nothing_is_lost_nothing_is_copied),
        SCENARIO(the_newest_copies_are_kept_and_no_file_of_anybody_else_goes),
        SCENARIO(without_room_for_the_copy_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
