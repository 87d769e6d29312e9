/*
 * test_hazards_sqlite.c - SQLite's rows of the table of forms, on real files: each form is run, and
 * the pages of the file before and after tell whether it wrote the table anew, built an index, lost
 * rows, or touched the schema alone; what SQLite refuses, it refuses here too.
 *
 * Adding a form is adding a row; a form without a case fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/pool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "sql/classify.h"
#include "support/temp.h"

enum { PAGE = 4096, ROWS = 6000 };

static char *dir, *path;
static hg_url *url;
static hg_pool *pool;
static hg_conn *conn;
static int version;

/* What is seen to have happened to the file. */
enum seen {
    SEEN_LITTLE,  /* some pages: the schema, or a row */
    SEEN_GROWTH,  /* new pages, and what was there stays as it was */
    SEEN_REWRITE, /* most of the table's pages are others */
    SEEN_FREED,   /* the table's rows are gone */
    SEEN_REFUSAL
};

/* clang-format off */
static const struct one_case {
    enum form_id form;
    const char *sql;
    enum seen seen;
    const char *setup; /* NULL: none */
} cases[] = {
    {FORM_LITE_CREATE_TABLE, "CREATE TABLE x (a)", SEEN_LITTLE},
    {FORM_LITE_CREATE_TABLE_AS, "CREATE TABLE x AS SELECT * FROM t", SEEN_GROWTH},
    {FORM_LITE_CREATE_INDEX, "CREATE INDEX x ON t (b)", SEEN_GROWTH},
    {FORM_LITE_CREATE_INDEX, "CREATE UNIQUE INDEX x ON t (id, b)", SEEN_GROWTH},
    {FORM_LITE_CREATE_OTHER, "CREATE VIEW x AS SELECT * FROM t", SEEN_LITTLE},
    {FORM_LITE_CREATE_OTHER, "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM p; END", SEEN_LITTLE},
    {FORM_LITE_DROP_TABLE, "DROP TABLE t", SEEN_FREED},
    {FORM_LITE_DROP_INDEX, "DROP INDEX t_c", SEEN_LITTLE},
    {FORM_LITE_DROP_OTHER, "DROP VIEW v", SEEN_LITTLE},
    {FORM_LITE_DROP_OTHER, "DROP TRIGGER g", SEEN_LITTLE},
    {FORM_LITE_ADD_COLUMN, "ALTER TABLE t ADD COLUMN x", SEEN_LITTLE},
    {FORM_LITE_ADD_COLUMN, "ALTER TABLE t ADD x INT NOT NULL DEFAULT 5", SEEN_LITTLE},
    {FORM_LITE_ADD_COLUMN, "ALTER TABLE t ADD x REFERENCES p", SEEN_LITTLE},
    {FORM_LITE_ADD_COLUMN, "ALTER TABLE t ADD x AS (b * 2) VIRTUAL", SEEN_LITTLE},
    {FORM_LITE_ADD_COLUMN_CHECK, "ALTER TABLE t ADD x CHECK (x IS NULL)", SEEN_LITTLE},
    {FORM_LITE_ADD_COLUMN_CHECK, "ALTER TABLE t ADD x DEFAULT 1 CHECK (x > 1)", SEEN_REFUSAL}, /* it reads the rows */
    {FORM_LITE_ADD_COLUMN_REFUSED, "ALTER TABLE t ADD x NOT NULL", SEEN_REFUSAL},
    {FORM_LITE_ADD_COLUMN_REFUSED, "ALTER TABLE t ADD x NOT NULL DEFAULT NULL", SEEN_REFUSAL},
    {FORM_LITE_ADD_COLUMN_REFUSED, "ALTER TABLE t ADD x UNIQUE", SEEN_REFUSAL},
    {FORM_LITE_ADD_COLUMN_REFUSED, "ALTER TABLE t ADD x INTEGER PRIMARY KEY", SEEN_REFUSAL},
    {FORM_LITE_ADD_COLUMN_REFUSED, "ALTER TABLE t ADD x DEFAULT CURRENT_TIMESTAMP", SEEN_REFUSAL},
    {FORM_LITE_ADD_COLUMN_REFUSED, "ALTER TABLE t ADD x DEFAULT (random())", SEEN_REFUSAL},
    {FORM_LITE_ADD_COLUMN_REFUSED, "ALTER TABLE t ADD x AS (b * 2) STORED", SEEN_REFUSAL},
    {FORM_LITE_DROP_COLUMN, "ALTER TABLE t DROP COLUMN d", SEEN_REWRITE},
    {FORM_LITE_RENAME_COLUMN, "ALTER TABLE t RENAME COLUMN d TO x", SEEN_LITTLE},
    {FORM_LITE_RENAME_TABLE, "ALTER TABLE t RENAME TO x", SEEN_LITTLE, "DROP VIEW v"},
    {FORM_LITE_ALTER_REFUSED, "ALTER TABLE t ALTER COLUMN b TYPE text", SEEN_REFUSAL},
    {FORM_LITE_ALTER_REFUSED, "ALTER TABLE t ADD CONSTRAINT x FOREIGN KEY (b) REFERENCES p", SEEN_REFUSAL},
    {FORM_LITE_ALTER_REFUSED, "ALTER TABLE t DROP CONSTRAINT x", SEEN_REFUSAL},
    {FORM_LITE_REINDEX, "REINDEX t_c", SEEN_LITTLE},
    {FORM_LITE_VACUUM, "VACUUM", SEEN_REWRITE, "DELETE FROM t WHERE id % 3 = 0"},
    {FORM_LITE_FOREIGN_KEYS, "PRAGMA foreign_keys = OFF", SEEN_LITTLE},
    {FORM_LITE_WRITABLE_SCHEMA, "PRAGMA writable_schema = OFF", SEEN_LITTLE},
    {FORM_LITE_PRAGMA, "PRAGMA user_version = 5", SEEN_LITTLE},
    {FORM_LITE_INSERT, "INSERT INTO p VALUES (7)", SEEN_LITTLE},
    {FORM_LITE_INSERT, "REPLACE INTO p VALUES (7)", SEEN_LITTLE},
    {FORM_LITE_UPDATE, "UPDATE t SET d = 'x' WHERE id = 1", SEEN_LITTLE},
    {FORM_LITE_UPDATE_ALL, "UPDATE t SET b = b + 1", SEEN_REWRITE},
    {FORM_LITE_DELETE, "DELETE FROM t WHERE id = 1", SEEN_LITTLE},
    {FORM_LITE_DELETE_ALL, "DELETE FROM t", SEEN_FREED},
    {FORM_LITE_SELECT, "SELECT count(*) FROM t", SEEN_LITTLE},
    {FORM_LITE_SESSION, "ANALYZE", SEEN_LITTLE},
    {FORM_LITE_SESSION, "SAVEPOINT x", SEEN_LITTLE},
};

/* Told from several statements: a test of its own. */
static const enum form_id elsewhere[] = {FORM_LITE_REBUILD};
/* clang-format on */

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static void run(const char *sql)
{
    hg_error err = {0};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static int64_t ask(const char *sql)
{
    hg_rows *rows = NULL;
    hg_error err = {0};
    int64_t answer = -1;

    if (!hg_conn_query(conn, sql, NULL, 0, soon(), &rows, &err))
        return answer;
    if (hg_rows_next(rows, soon(), &err) == HG_ROW)
        answer = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    return answer;
}

/* A file with one table of some 300 pages, an index, and what hangs on it. */
static void open_file(void)
{
    const hg_pool_options options = {
        .may_create = true, .settings = {.size = 1, .timeout_ms = 30000, .recycle_ms = -1}};
    char text[4200], fill[200];

    dir = temp_dir_make();
    path = temp_path(dir, "t.db");
    snprintf(text, sizeof text, "sqlite:///%s", path);
    assert_true(hg_url_parse(text, &url, NULL));
    assert_true(hg_pool_open(url, &options, &pool, NULL));
    assert_true(hg_pool_checkout(pool, "hazards", soon(), &conn, NULL));
    version = hg_conn_server_version_number(conn);
    snprintf(fill, sizeof fill,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO t SELECT i, i, 'c', hex(zeroblob(100)) FROM n",
             ROWS);
    run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, b INT, c TEXT, d TEXT)");
    run(fill);
    run("CREATE INDEX t_c ON t (c)");
    run("CREATE VIEW v AS SELECT id FROM t");
    run("CREATE TRIGGER g AFTER DELETE ON p BEGIN SELECT 1; END");
}

static void close_file(void)
{
    hg_pool_discard(pool, conn);
    hg_pool_close(pool, soon());
    hg_url_free(url);
    free(path);
    temp_dir_remove(dir);
}

/* The file as it is, with nothing left in its log. */
static struct buf read_pages(void)
{
    struct buf bytes = BUF_INIT(1 << 26);

    if (!hg_conn_in_transaction(conn))
        ask("PRAGMA wal_checkpoint(TRUNCATE)");
    assert_true(file_read(path, &bytes, NULL));
    return bytes;
}

static enum seen look(const struct buf *before, const struct buf *after, int64_t rows)
{
    size_t pages = before->size / PAGE, changed = 0;

    for (size_t i = 0; i < pages; i++)
        changed += (i + 1) * PAGE > after->size
                   || memcmp(before->bytes + i * PAGE, after->bytes + i * PAGE, PAGE) != 0;
    if (rows == 0)
        return SEEN_FREED;
    if (changed > pages / 2)
        return SEEN_REWRITE;
    return after->size > before->size + 8 * (size_t)PAGE ? SEEN_GROWTH : SEEN_LITTLE;
}

static enum seen run_case(const struct one_case *c)
{
    struct buf before, after;
    enum seen seen = SEEN_REFUSAL;
    hg_error err = {0};

    if (c->setup != NULL)
        run(c->setup);
    before = read_pages();
    if (hg_conn_execute(conn, c->sql, NULL, 0, soon(), NULL, &err)) {
        int64_t rows = ask("SELECT count(*) FROM (SELECT 1 FROM t LIMIT 1)");

        after = read_pages();
        if (c->form == FORM_LITE_DROP_TABLE) /* there is nothing left to ask */
            rows = rows < 0 ? 0 : rows;
        seen = look(&before, &after, rows);
        buf_release(&after);
    }
    buf_release(&before);
    return seen;
}

static const struct form *form_of(const struct one_case *c)
{
    struct arena arena = ARENA_INIT;
    struct classified class;
    const struct form *form = form_at(c->form, version);

    assert_true(classify(&arena, HG_SQLITE, c->sql, strlen(c->sql), &class, NULL));
    if (form == NULL || class.uses[0].form != c->form)
        fail_msg("%s: is not taken for what it is", c->sql);
    arena_release(&arena);
    return form;
}

/* What the table says of a form, in the words of what can be seen. */
static bool agrees(const struct form *form, enum seen seen)
{
    switch (seen) {
    case SEEN_REWRITE: /* every row changed, or every page */
        return (form->work & (WORK_REWRITE | WORK_SCAN)) != 0;
    case SEEN_GROWTH:
        return (form->work & WORK_BUILD) != 0 || form->id == FORM_LITE_CREATE_TABLE_AS;
    case SEEN_FREED:
        return (form->work & WORK_LOSS) != 0;
    case SEEN_REFUSAL:
        return form->id == FORM_LITE_ADD_COLUMN_CHECK
               || (form->hazard != NULL && strcmp(form->hazard, "sqlite-refuses") == 0);
    case SEEN_LITTLE:
        return (form->work & WORK_REWRITE) == 0;
    }
    return false;
}

static void every_form_does_to_the_file_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum seen seen;

        open_file();
        seen = run_case(&cases[i]);
        if (seen != cases[i].seen || !agrees(form_of(&cases[i]), seen))
            fail_msg("%s: seen %d, not %d, or not what the table says", cases[i].sql, (int)seen,
                     (int)cases[i].seen);
        close_file();
    }
}

static void a_form_that_is_newer_than_the_engine_has_no_row(void **state)
{
    (void)state;
    assert_null(form_at(FORM_LITE_DROP_COLUMN, 3034001));
    assert_non_null(form_at(FORM_LITE_DROP_COLUMN, 3035000));
    assert_null(form_at(FORM_LITE_RENAME_COLUMN, 3024000));
}

static void vacuum_is_refused_in_a_transaction(void **state)
{
    hg_error err = {0};

    (void)state;
    open_file();
    run("BEGIN");
    assert_false(hg_conn_execute(conn, "VACUUM", NULL, 0, soon(), NULL, &err));
    assert_true((form_at(FORM_LITE_VACUUM, version)->work & WORK_ALONE) != 0);
    run("ROLLBACK");
    close_file();
}

/* Rows of a table that refers to t, after t has been dropped for a new one of its name. */
static int64_t children_after_rebuild(const char *before_begin, const char *behind_begin)
{
    int64_t left;

    open_file();
    run("PRAGMA foreign_keys = ON");
    run("CREATE TABLE child (t INTEGER REFERENCES t ON DELETE CASCADE)");
    run("INSERT INTO child VALUES (1), (2)");
    run("DROP VIEW v");
    run(before_begin);
    run("BEGIN");
    run(behind_begin);
    run("CREATE TABLE n (id INTEGER PRIMARY KEY, b INT)");
    run("INSERT INTO n SELECT id, b FROM t");
    run("DROP TABLE t");
    run("ALTER TABLE n RENAME TO t");
    run("COMMIT");
    left = ask("SELECT count(*) FROM child");
    close_file();
    return left;
}

static void a_rebuild_deletes_the_rows_that_refer_to_the_table_while_keys_are_enforced(void **state)
{
    (void)state;
    assert_int_equal(children_after_rebuild("SELECT 1", "SELECT 1"), 0);
    assert_int_equal(children_after_rebuild("SELECT 1", "PRAGMA foreign_keys = OFF"), 0);
    assert_int_equal(children_after_rebuild("PRAGMA foreign_keys = OFF", "SELECT 1"), 2);
}

static bool has_case(enum form_id id)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (cases[i].form == id)
            return true;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (elsewhere[i] == id)
            return true;
    return false;
}

static void every_form_has_a_case(void **state)
{
    size_t count;
    const struct form *forms = form_all(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        if (form_is_sqlite(forms[i].id) && !has_case(forms[i].id))
            fail_msg("no case runs \"%s\"", forms[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_does_to_the_file_what_the_table_says),
        cmocka_unit_test(a_form_that_is_newer_than_the_engine_has_no_row),
        cmocka_unit_test(vacuum_is_refused_in_a_transaction),
        cmocka_unit_test(
            a_rebuild_deletes_the_rows_that_refer_to_the_table_while_keys_are_enforced),
        cmocka_unit_test(every_form_has_a_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
