/*
 * test_triggers_days.c - a source that notes its changes, on bad days: what notes them is gone or
 * is another one, the schema is worked on, somebody else follows, the copy is refused or given up.
 * Each ends with a clear account, and nothing is lost without a word.
 */
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copying.h"

static const char *const schema[] = {
    "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT UNIQUE)",
    "CREATE TABLE words (w TEXT PRIMARY KEY, n INTEGER)",
    "CREATE TABLE idle (id INTEGER PRIMARY KEY, x TEXT)",
    "CREATE TABLE said (word TEXT REFERENCES words(w) ON DELETE CASCADE, nth INTEGER, PRIMARY KEY "
    "(nth, word)) WITHOUT ROWID",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO "
    "people SELECT i, 'p' || i FROM n",
    "INSERT INTO words SELECT email, id FROM people",
    "INSERT INTO idle SELECT id, 'same' FROM people",
    "INSERT INTO said SELECT email, id FROM people WHERE id <= 10",
    NULL,
};

/* As an application that has SQLite alone; several statements, each ended by a semicolon. */
static void in_application(const struct sides *sides, const char *sql)
{
    sqlite3 *db = NULL;
    char *said = NULL;

    assert_int_equal(sqlite3_open(sides->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    sqlite3_close(db);
}

static void open_people(struct sides *sides)
{
    open_sides(sides);
    IN_SOURCE(sides, "PRAGMA journal_mode = WAL");
    in_source(sides, schema);
    sides->options.triggers = true;
}

static void open_noted(struct sides *sides)
{
    open_people(sides);
    must_copy(sides);
    sides->options.triggers = false;
    sides->options.mode = HG_COPY_CATCH_UP;
}

/* How many things of headgate's the source has. */
static int64_t ours(const struct sides *sides)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t said;

    assert_int_equal(sqlite3_open(sides->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'headgate*'", -1,
                           &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    said = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return said;
}

static void assert_refused(struct sides *sides, hg_code code, const char *why)
{
    assert_false(copy_them(sides));
    if (sides->err.code != code || strstr(sides->err.message, why) == NULL)
        fail_msg("%s: %s", hg_code_name(sides->err.code), sides->err.message);
    assert_true(sides->err.hint[0] != '\0');
}

static void assert_equal(struct sides *sides)
{
    hg_copy_options options = sides->options;

    sides->options.mode = HG_COPY_VERIFY;
    must_copy(sides);
    sides->options = options;
}

/* --- what notes changes --- */

static void a_log_that_is_not_what_it_was_is_noticed(void **state)
{
    static const struct {
        const char *sql, *why;
    } faults[] = {
        {"DROP TRIGGER headgate_delta_update_idle", "triggers of headgate's are gone"},
        {"DROP TABLE headgate_delta", "no log of its changes"},
        {"DELETE FROM headgate_delta WHERE seq > 1; INSERT INTO headgate_delta (seq, tab, key1) "
         "VALUES (900, 'idle', 1)",
         "rows of the source's log"},
        {"UPDATE headgate_delta SET tab = 'another' WHERE seq = 1", "for another target"},
        {"ALTER TABLE idle ADD COLUMN y", "schema has changed"},
        {"CREATE TABLE more (id INTEGER PRIMARY KEY)", "schema has changed"},
        {"ALTER TABLE idle RENAME TO busy", "schema has changed"},
        {"CREATE TABLE new (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO new SELECT * FROM idle; "
         "DROP TABLE idle; ALTER TABLE new RENAME TO idle",
         "triggers of headgate's are gone"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct sides sides;

        open_noted(&sides);
        IN_SOURCE(&sides, "UPDATE idle SET x = 'first' WHERE id = 1");
        must_copy(&sides);
        in_application(&sides, faults[i].sql);
        assert_refused(&sides, HG_FAILED, faults[i].why);
        assert_target(&sides, "SELECT x FROM idle WHERE id = 1", "first");
        sides.options.mode = HG_COPY_REMOVE_TRIGGERS;
        must_copy(&sides);
        assert_int_equal(ours(&sides), 0);
        close_sides(&sides);
    }
}

/* What happened between the two changes is not in the log. */
static void a_schema_that_was_changed_and_changed_back_is_compared_as_a_whole(void **state)
{
    struct sides sides;

    (void)state;
    open_noted(&sides);
    IN_SOURCE(&sides,
              "CREATE TABLE kept AS SELECT sql FROM sqlite_schema WHERE name = "
              "'headgate_delta_update_idle'",
              "DROP TRIGGER headgate_delta_update_idle",
              "UPDATE idle SET x = 'unseen' WHERE id = 3",
              "CREATE TRIGGER headgate_delta_update_idle AFTER UPDATE ON idle BEGIN INSERT INTO "
              "headgate_delta (tab, key1) VALUES ('idle', new.id); END",
              "DROP TABLE kept");
    must_copy(&sides);
    assert_equal(&sides);
    IN_SOURCE(&sides, "UPDATE idle SET x = 'seen' WHERE id = 4");
    must_copy(&sides);
    assert_int_equal(sides.result->rows_put, 1);
    close_sides(&sides);
}

static void the_log_is_shortened_and_its_numbers_go_on(void **state)
{
    struct sides sides;
    hg_pool *pool;
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;

    (void)state;
    open_noted(&sides);
    for (int i = 0; i < 3; i++) {
        IN_SOURCE(&sides, "UPDATE idle SET x = x || '.'", "DELETE FROM words WHERE n = 50 - 1",
                  "INSERT INTO words VALUES ('p49', 49)");
        must_copy(&sides);
        must_copy(&sides);
        assert_int_equal(sides.result->rows_put, 0);
    }
    assert_equal(&sides);
    pool = open_side(source_url(&sides), false, true);
    assert_true(hg_pool_checkout(pool, "test", soon(), &conn, NULL));
    assert_true(hg_conn_query(conn, "SELECT count(*), max(seq) FROM headgate_delta", NULL, 0,
                              soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_int_equal(hg_rows_integer(rows, 0), 2);
    assert_int_equal(hg_rows_integer(rows, 1), 1 + 3 * 52);
    hg_rows_close(rows);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
    close_sides(&sides);
}

/* An application can switch its triggers off. Of a table with another unique key it shows. */
static void rows_that_nobody_noted_are_missed_in_the_last_round(void **state)
{
    struct sides sides;
    sqlite3 *app = NULL;

    (void)state;
    open_noted(&sides);
    assert_int_equal(sqlite3_open(sides.path, &app), SQLITE_OK);
    sqlite3_db_config(app, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_exec(app, "INSERT INTO people VALUES (900, 'hidden')", NULL, NULL, NULL);
    sqlite3_close(app);
    sides.options.last = true;
    assert_refused(&sides, HG_FAILED, "51 rows in the source and 50 in the target");
    assert_true(ours(&sides) > 0);
    close_sides(&sides);
}

static void a_row_that_stays_without_its_parent_is_not_lost_without_a_word(void **state)
{
    struct sides sides;

    (void)state;
    open_noted(&sides);
    in_application(&sides, "DELETE FROM words WHERE n IN (3, 4); DELETE FROM said WHERE nth = 4;");
    assert_refused(&sides, HG_CONSTRAINT, "rows of table \"said\" stay");
    assert_target(&sides, "SELECT count(*) FROM words", "50");
    in_application(&sides, "UPDATE said SET word = 'p5' WHERE nth = 3");
    must_copy(&sides);
    assert_equal(&sides);
    assert_target(&sides, "SELECT word FROM said WHERE nth = 3", "p5");
    close_sides(&sides);
}

/* --- who follows --- */

static void one_target_at_a_time_follows(void **state)
{
    struct sides sides, other;
    int64_t before;

    (void)state;
    open_noted(&sides);
    before = ours(&sides);
    other = sides;
    other.result = NULL;
    other.database = postgres_database();
    other.target = open_side(postgres_url(other.database), false, false);
    other.options = hg_copy_options_default();
    other.options.triggers = true;
    assert_refused(&other, HG_REFUSED,
                   "the source has triggers of headgate's already, for postgres");
    assert_int_equal(ours(&sides), before);
    other.options.triggers = false;
    must_copy(&other); /* without following it may */
    other.options.mode = HG_COPY_CATCH_UP;
    assert_refused(&other, HG_USAGE, "does not follow");
    hg_copy_result_free(other.result);
    hg_pool_close(other.target, soon());
    free(other.database);
    sides.options.mode = HG_COPY_RUN;
    sides.options.triggers = true;
    assert_refused(&sides, HG_REFUSED, "follows the source by triggers already");
    assert_int_equal(ours(&sides), before);
    close_sides(&sides);
}

static void a_round_names_the_tables_of_the_copy(void **state)
{
    static const char *const tables[] = {"people", "words"};
    struct sides sides;

    (void)state;
    open_noted(&sides);
    sides.options.tables = tables;
    sides.options.table_count = 2;
    IN_SOURCE(&sides, "UPDATE words SET n = 0 WHERE w = 'p1'");
    must_copy(&sides);
    IN_SOURCE(&sides, "UPDATE idle SET x = 'y' WHERE id = 1");
    assert_refused(&sides, HG_USAGE, "table \"idle\"");
    sides.options.table_count = 0;
    sides.options.tables = NULL;
    must_copy(&sides);
    assert_equal(&sides);
    close_sides(&sides);
}

/* --- a copy that comes to nothing --- */

static void a_copy_that_is_refused_leaves_the_source_as_it_was(void **state)
{
    struct sides sides;

    (void)state;
    open_people(&sides);
    in_target(&sides, "CREATE TABLE people (id bigint, email integer)");
    assert_refused(&sides, HG_FAILED, "not fit");
    assert_int_equal(ours(&sides), 0);
    in_target(&sides, "DROP TABLE people; CREATE TABLE idle (id bigint, x text); INSERT INTO idle "
                      "VALUES (1, 'full')");
    assert_false(copy_them(&sides));
    assert_int_equal(ours(&sides), 0);
    assert_target(&sides, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate%'", "0");
    close_sides(&sides);
}

/* As after a kill: the triggers are there, and the target has nothing written down. */
static void what_a_killed_copy_has_installed_is_made_anew_for_the_same_target(void **state)
{
    struct sides sides;

    (void)state;
    open_noted(&sides);
    in_target(&sides, "DROP TABLE headgate_follow_log, people, words, idle, said");
    sides.options.mode = HG_COPY_RUN;
    sides.options.triggers = true;
    must_copy(&sides);
    sides.options.triggers = false;
    sides.options.mode = HG_COPY_CATCH_UP;
    IN_SOURCE(&sides, "DELETE FROM people WHERE id = 9");
    must_copy(&sides);
    assert_equal(&sides);
    close_sides(&sides);
}

/* --- without a write-ahead log --- */

static void a_source_without_a_log_of_its_own_is_copied_from_a_moment(void **state)
{
    struct sides sides;
    char *folder;

    (void)state;
    open_sides(&sides);
    in_source(&sides, schema);
    in_application(&sides, "PRAGMA journal_mode = DELETE");
    sides.options.triggers = true;
    assert_refused(&sides, HG_USAGE, "no write-ahead log");
    assert_int_equal(ours(&sides), 0);
    folder = temp_path(sides.dir, "moment");
    sides.options.snapshot = folder;
    must_copy(&sides);
    assert_int_not_equal(access(folder, F_OK), 0);
    sides.options.triggers = false;
    sides.options.mode = HG_COPY_CATCH_UP;
    assert_refused(&sides, HG_USAGE, "follows the source by triggers");
    sides.options.snapshot = NULL;
    in_application(&sides,
                   "DELETE FROM people WHERE id = 9; UPDATE words SET w = 'q' WHERE n = 19");
    sides.options.last = true;
    must_copy(&sides);
    assert_int_equal(sides.result->rows_put, 1);
    assert_int_equal(sides.result->rows_gone, 2);
    assert_equal(&sides);
    assert_int_equal(ours(&sides), 0);
    free(folder);
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_is_not_what_it_was_is_noticed),
        cmocka_unit_test(a_schema_that_was_changed_and_changed_back_is_compared_as_a_whole),
        cmocka_unit_test(the_log_is_shortened_and_its_numbers_go_on),
        cmocka_unit_test(rows_that_nobody_noted_are_missed_in_the_last_round),
        cmocka_unit_test(a_row_that_stays_without_its_parent_is_not_lost_without_a_word),
        cmocka_unit_test(one_target_at_a_time_follows),
        cmocka_unit_test(a_round_names_the_tables_of_the_copy),
        cmocka_unit_test(a_copy_that_is_refused_leaves_the_source_as_it_was),
        cmocka_unit_test(what_a_killed_copy_has_installed_is_made_anew_for_the_same_target),
        cmocka_unit_test(a_source_without_a_log_of_its_own_is_copied_from_a_moment),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
