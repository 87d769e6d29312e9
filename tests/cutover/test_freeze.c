/*
 * test_freeze.c - a frozen file refuses every write in whoever has it open, loses nothing, and is
 * afterwards what it was before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headgate/session.h>

#include "base/buf.h"
#include "cutover/freeze.h"
#include "support/callers.h"
#include "support/temp.h"

static char *folder;
static hg_pool *tool, *application;

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static hg_pool *open_file(void)
{
    hg_pool_options options = pool_of(2, 0);
    char url[512];
    hg_url *parsed = NULL;
    hg_pool *pool = NULL;
    hg_error err = {0};

    options.may_create = true;
    snprintf(url, sizeof url, "sqlite:///%s/app.db", folder);
    if (!hg_url_parse(url, &parsed, &err) || !hg_pool_open(parsed, &options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(parsed);
    return pool;
}

static hg_error tried(hg_pool *pool, const char *sql)
{
    hg_conn *conn = NULL;
    hg_error err = {0};

    assert_true(hg_pool_checkout(pool, "test", soon(), &conn, NULL));
    if (hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        err.code = HG_OK;
    hg_pool_return(pool, conn);
    return err;
}

static void run(hg_pool *pool, const char *sql)
{
    hg_error err = tried(pool, sql);

    if (err.code != HG_OK)
        fail_msg("%s: %s", sql, err.message);
}

static const char *const schema[] = {
    "CREATE TABLE plain (a, b)",
    "CREATE TABLE keyed (id INTEGER PRIMARY KEY, v TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE without (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    "CREATE TABLE made (a INT NOT NULL, b INT AS (a + 1) STORED, CHECK (a > 0))",
    "CREATE TABLE \"it's \"\"odd\"\"; -- \" (\"select\" INT)",
    "CREATE VIEW seen AS SELECT v FROM keyed",
    "CREATE TRIGGER t INSTEAD OF INSERT ON seen BEGIN INSERT INTO keyed (v) SELECT new.v; END",
    "CREATE TRIGGER swallow BEFORE INSERT ON plain BEGIN SELECT 1; END",
    "INSERT INTO plain VALUES (1, 2)",
    "INSERT INTO keyed (v) VALUES ('one'), ('two')",
    "INSERT INTO without VALUES ('k', 1)",
    "INSERT INTO made (a) VALUES (1)",
};

static int begin(void **state)
{
    (void)state;
    folder = temp_dir_make();
    tool = open_file();
    application = open_file();
    for (size_t i = 0; i < sizeof schema / sizeof *schema; i++)
        run(application, schema[i]);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hg_pool_close(tool, soon());
    hg_pool_close(application, soon());
    temp_dir_remove(folder);
    return 0;
}

static void freeze(const char *name)
{
    hg_error err = {0};

    if (!freeze_apply(tool, name, soon(), &err))
        fail_msg("%s", err.message);
}

static bool holds(const char *name, hg_error *err)
{
    return freeze_verify(tool, name, soon(), err);
}

/* Everything that the file holds, as SQLite tells it: schema, and rows in the order of their keys.
 */
static char *content(void)
{
    static const char *const questions[] = {
        "SELECT type || name || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name",
        "SELECT a || b FROM plain ORDER BY 1", "SELECT id || v FROM keyed ORDER BY 1",
        "SELECT k || v FROM without ORDER BY 1", "SELECT a || b FROM made ORDER BY 1"};
    struct buf text = BUF_INIT(1 << 20);
    hg_conn *conn = NULL;

    assert_true(hg_pool_checkout(tool, "test", soon(), &conn, NULL));
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        hg_rows *rows = NULL;

        assert_true(hg_conn_query(conn, questions[i], NULL, 0, soon(), &rows, NULL));
        while (hg_rows_next(rows, soon(), NULL) == HG_ROW)
            buf_printf(&text, "%s\n", hg_rows_text(rows, 0));
        hg_rows_close(rows);
    }
    hg_pool_return(tool, conn);
    return buf_take(&text);
}

static void every_kind_of_write_fails_with_our_words(void **state)
{
    static const char *const writes[] = {
        "INSERT INTO plain VALUES (3, 4)",
        "INSERT OR IGNORE INTO keyed (v) VALUES ('three')",
        "INSERT OR REPLACE INTO keyed (id, v) VALUES (1, 'uno')",
        "REPLACE INTO without VALUES ('k', 2)",
        "INSERT INTO keyed (id, v) VALUES (1, 'x') ON CONFLICT DO UPDATE SET v = 'y'",
        "UPDATE keyed SET v = 'eins' WHERE id = 1",
        "UPDATE OR IGNORE without SET v = 9",
        "DELETE FROM made",
        "INSERT INTO seen VALUES ('through a view')",
        "INSERT INTO \"it's \"\"odd\"\"; -- \" VALUES (1)",
    };
    char *before = content(), *after;

    (void)state;
    freeze("run-1");
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        hg_error err = tried(application, writes[i]);

        assert_int_not_equal(err.code, HG_OK);
        assert_non_null(strstr(err.message, "headgate: frozen run-1"));
    }
    assert_true(freeze_thaw(tool, "run-1", soon(), NULL));
    after = content();
    assert_string_equal(after, before);
    free(before);
    free(after);
}

static void a_statement_prepared_before_fails_too_and_reads_go_on(void **state)
{
    hg_conn *conn = NULL;
    hg_statement *insert = NULL, *select = NULL;
    hg_rows *rows = NULL;
    hg_error err = {0};

    (void)state;
    assert_true(hg_pool_checkout(application, "test", soon(), &conn, NULL));
    assert_true(hg_conn_prepare(conn, "INSERT INTO plain VALUES (5, 6)", soon(), &insert, NULL));
    assert_true(hg_conn_prepare(conn, "SELECT count(*) FROM plain", soon(), &select, NULL));
    freeze("run-1");
    assert_true(!hg_statement_query(insert, NULL, 0, soon(), &rows, &err)
                || hg_rows_next(rows, soon(), &err) == HG_ERROR);
    assert_non_null(strstr(err.message, "headgate: frozen run-1"));
    hg_rows_close(rows);
    assert_true(hg_statement_query(select, NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_int_equal(hg_rows_integer(rows, 0), 1);
    hg_rows_close(rows);
    hg_pool_return(application, conn);
}

static void freezing_again_changes_nothing_and_another_run_is_refused(void **state)
{
    struct freeze_state first, second;
    hg_error err = {0};

    (void)state;
    freeze("run-1");
    assert_true(freeze_read(tool, soon(), &first, NULL));
    freeze("run-1");
    assert_true(freeze_read(tool, soon(), &second, NULL));
    assert_true(first.frozen);
    assert_int_equal(first.tables, 5);
    assert_int_equal(first.triggers, 15);
    assert_string_equal(first.since, second.since);
    assert_int_equal(first.schema_version, second.schema_version);
    assert_false(freeze_apply(tool, "run-2", soon(), &err));
    assert_int_equal(err.code, HG_REFUSED);
    assert_false(freeze_thaw(tool, "run-2", soon(), &err));
    assert_int_equal(err.code, HG_REFUSED);
    assert_true(holds("run-1", &err));
}

static void verification_finds_what_undoes_a_freeze(void **state)
{
    static const char *const tampering[] = {
        "DROP TRIGGER headgate_freeze_0_insert",
        "CREATE TABLE added (a)",
        "DROP TABLE made",
        "ALTER TABLE plain ADD COLUMN c",
    };
    hg_error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof tampering / sizeof *tampering; i++) {
        freeze("run-1");
        assert_true(holds("run-1", &err));
        run(application, tampering[i]);
        assert_false(holds("run-1", &err));
        assert_int_equal(err.code, HG_REFUSED);
        assert_true(freeze_thaw(tool, "run-1", soon(), NULL));
    }
    assert_false(holds("run-1", &err)); /* nothing is frozen any more */
}

static void a_virtual_table_is_refused_by_name_and_nothing_is_frozen(void **state)
{
    struct freeze_state now;
    hg_error err = {0};

    (void)state;
    run(application, "CREATE VIRTUAL TABLE search USING fts5(body)");
    assert_false(freeze_apply(tool, "run-1", soon(), &err));
    assert_int_equal(err.code, HG_REFUSED);
    assert_non_null(strstr(err.message, "\"search\""));
    assert_true(freeze_read(tool, soon(), &now, NULL));
    assert_false(now.frozen);
    assert_int_equal(now.triggers, 0);
}

static void a_writer_that_does_not_end_is_waited_for_until_the_deadline(void **state)
{
    hg_conn *conn = NULL;
    hg_error err = {0};

    (void)state;
    assert_true(hg_pool_checkout(application, "test", soon(), &conn, NULL));
    assert_true(hg_conn_execute(conn, "BEGIN IMMEDIATE", NULL, 0, soon(), NULL, NULL));
    assert_false(freeze_apply(tool, "run-1", hg_deadline_in_ms(200), &err));
    assert_int_equal(err.code, HG_LOCKED);
    hg_pool_return(application, conn);
    freeze("run-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_write_fails_with_our_words, begin, end),
        cmocka_unit_test_setup_teardown(a_statement_prepared_before_fails_too_and_reads_go_on,
                                        begin, end),
        cmocka_unit_test_setup_teardown(freezing_again_changes_nothing_and_another_run_is_refused,
                                        begin, end),
        cmocka_unit_test_setup_teardown(verification_finds_what_undoes_a_freeze, begin, end),
        cmocka_unit_test_setup_teardown(a_virtual_table_is_refused_by_name_and_nothing_is_frozen,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_writer_that_does_not_end_is_waited_for_until_the_deadline,
                                        begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
