/*
 * test_sqlite_open.c - files that are made or not, that are no databases, that vanish.
 */
#include "sqlite_place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static size_t files_in(const char *dir)
{
    struct file_list list = {0};
    size_t count;

    assert_true(file_list(dir, "", &list, NULL));
    count = list.count;
    file_list_release(&list);
    return count;
}

static hg_error not_opened(const hg_url *url, struct driver_options options)
{
    hg_conn *conn = NULL;
    hg_error err = {0};

    assert_false(driver_sqlite.open(url, &options, soon(), &conn, &err));
    assert_null(conn);
    assert_int_not_equal(err.message[0], '\0');
    assert_int_not_equal(err.hint[0], '\0');
    return err;
}

static void a_missing_file_is_not_made_by_who_only_looks(void **state)
{
    const struct place *place = *state;
    const struct driver_options looks[] = {{0}, {.read_only = true}};

    for (size_t i = 0; i < 2; i++) {
        hg_error err = not_opened(place->engine.url, looks[i]);

        assert_int_equal(err.code, HG_NO_DATABASE);
        assert_string_equal(err.sqlstate, "3D000");
        assert_non_null(strstr(err.message, place->path));
    }
    assert_int_equal(files_in(place->dir), 0);
}

static void a_missing_file_is_made_with_its_folder_by_who_may(void **state)
{
    const struct place *place = *state;
    char *path = temp_path(place->dir, "new/folder/app.db");
    struct engine engine = {.driver = &driver_sqlite, .url = url_of(path)};
    hg_conn *conn = connect_to(&engine);

    run(conn, "CREATE TABLE t (i INTEGER)");
    disconnect(conn);
    assert_true(file_exists(path));
    hg_url_free(engine.url);
    free(path);
}

static void who_may_make_the_file_chooses_wal_and_nobody_else(void **state)
{
    const struct place *place = *state;
    const struct driver_options looks = {0};
    hg_conn *conn;

    temp_write(place->dir, "app.db", "");
    conn = connect_with(&place->engine, &looks);
    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_field(conn, "PRAGMA journal_mode", "delete");
    disconnect(conn);
    conn = connect_to(&place->engine);
    assert_field(conn, "PRAGMA journal_mode", "wal");
    disconnect(conn);
}

static void looking_leaves_no_file_behind(void **state)
{
    const struct place *place = *state;
    const struct driver_options looks = {.read_only = true};
    hg_conn *conn = connect_to(&place->engine);

    run(conn, "PRAGMA journal_mode = DELETE");
    run(conn, "CREATE TABLE t (i INTEGER)");
    disconnect(conn);
    assert_int_equal(files_in(place->dir), 1);
    conn = connect_with(&place->engine, &looks);
    assert_int_equal(ask(conn, "SELECT count(*) FROM t"), 0);
    assert_int_equal(files_in(place->dir), 1);
    disconnect(conn);
}

static void a_file_that_is_no_database_is_told_as_such(void **state)
{
    const struct place *place = *state;
    hg_error err;

    temp_write(place->dir, "app.db", "This is a text of more than sixteen bytes, not a database.");
    err = not_opened(place->engine.url, (struct driver_options){.may_create = true});
    assert_int_equal(err.code, HG_NO_DATABASE);
    assert_non_null(strstr(err.message, place->path));
    assert_int_equal(files_in(place->dir), 1);
}

static void a_folder_is_told_as_such(void **state)
{
    const struct place *place = *state;
    hg_error err;

    assert_int_equal(mkdir(place->path, 0755), 0);
    err = not_opened(place->engine.url, (struct driver_options){.may_create = true});
    assert_int_equal(err.code, HG_NO_DATABASE);
    assert_non_null(strstr(err.message, "directory"));
}

static void a_folder_that_cannot_be_made_is_told_as_such(void **state)
{
    const struct place *place = *state;
    char *path = temp_path(place->dir, "file/app.db");
    hg_url *url = url_of(path);

    temp_write(place->dir, "file", "not a folder");
    assert_int_equal(not_opened(url, (struct driver_options){.may_create = true}).code, HG_IO);
    assert_int_equal(not_opened(url, (struct driver_options){0}).code, HG_NO_DATABASE);
    hg_url_free(url);
    free(path);
}

/* SQLite follows no link for its -shm file, so a link there is what a folder without write
 * permission is, also to root. */
static void a_wal_file_that_cannot_be_shared_is_told_as_such(void **state)
{
    const struct place *place = *state;
    char *shm = temp_path(place->dir, "app.db-shm");
    hg_conn *conn = connect_to(&place->engine);
    hg_error err;

    run(conn, "CREATE TABLE t (i INTEGER)");
    disconnect(conn);
    assert_int_equal(symlink("nowhere", shm), 0);
    err = not_opened(place->engine.url, (struct driver_options){.read_only = true});
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.message, "-shm"));
    assert_non_null(strstr(err.hint, "WAL"));
    free(shm);
}

static void a_name_is_a_files_name_and_no_uri(void **state)
{
    const struct place *place = *state;
    char *path = temp_path(place->dir, "app.db%3Fmode=memory&cache=shared");
    struct engine engine = {.driver = &driver_sqlite, .url = url_of(path)};

    disconnect(connect_to(&engine));
    assert_true(file_exists(path));
    hg_url_free(engine.url);
    free(path);
}

static void a_database_in_memory_is_its_connections_own(void **state)
{
    struct engine engine = {.driver = &driver_sqlite, .url = url_of(":memory:")};
    hg_conn *one = connect_to(&engine), *other = connect_to(&engine);
    bool was_open = false;

    (void)state;
    run(one, "CREATE TABLE t (i INTEGER)");
    assert_string_equal(refused(other, "SELECT * FROM t").sqlstate, "42P01");
    assert_true(one->driver->reset(one, HG_RESET_FULL, soon(), &was_open, NULL));
    assert_int_equal(ask(one, "SELECT count(*) FROM t"), 0);
    assert_true(one->driver->alive(one));
    disconnect(other);
    disconnect(one);
    hg_url_free(engine.url);
}

static void a_file_that_was_replaced_is_a_dead_connection(void **state)
{
    const struct place *place = *state;
    char *other = temp_path(place->dir, "other.db");
    hg_conn *conn = connect_to(&place->engine);
    hg_error err = {0};

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_true(conn->driver->alive(conn));
    temp_write(place->dir, "other.db", "");
    assert_int_equal(rename(other, place->path), 0);
    assert_false(conn->driver->alive(conn));
    assert_false(conn->driver->ping(conn, soon(), &err));
    assert_int_equal(err.code, HG_LOST);
    assert_true(hg_conn_lost(conn));
    disconnect(conn);
    free(other);
}

static void a_file_that_was_removed_is_a_dead_connection(void **state)
{
    const struct place *place = *state;
    hg_conn *conn = connect_to(&place->engine);

    run(conn, "CREATE TABLE t (i INTEGER)");
    assert_int_equal(unlink(place->path), 0);
    assert_false(conn->driver->alive(conn));
    disconnect(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(a_missing_file_is_not_made_by_who_only_looks),
        SQLITE_TEST(a_missing_file_is_made_with_its_folder_by_who_may),
        SQLITE_TEST(who_may_make_the_file_chooses_wal_and_nobody_else),
        SQLITE_TEST(looking_leaves_no_file_behind),
        SQLITE_TEST(a_file_that_is_no_database_is_told_as_such),
        SQLITE_TEST(a_folder_is_told_as_such),
        SQLITE_TEST(a_folder_that_cannot_be_made_is_told_as_such),
        SQLITE_TEST(a_wal_file_that_cannot_be_shared_is_told_as_such),
        SQLITE_TEST(a_name_is_a_files_name_and_no_uri),
        SQLITE_TEST(a_database_in_memory_is_its_connections_own),
        SQLITE_TEST(a_file_that_was_replaced_is_a_dead_connection),
        SQLITE_TEST(a_file_that_was_removed_is_a_dead_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
