/*
 * test_triggers.c - a source that is asked to write down what changes in it: whatever its
 * application does, rounds of catching up make both sides equal, the application notices nothing,
 * and after the last round nothing is left.
 *
 * HEADGATE_TEST_ROUNDS says how many rounds of random changes are tried.
 */
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "copying.h"

enum { ROUNDS = 4 };

static const char *const schema[] = {
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE, boss INTEGER "
    "REFERENCES people(id) ON DELETE CASCADE ON UPDATE CASCADE, at TEXT DEFAULT 'now')",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, who INTEGER NOT NULL REFERENCES people(id) ON "
    "DELETE CASCADE ON UPDATE CASCADE, body TEXT)",
    "CREATE TABLE tags (name TEXT PRIMARY KEY NOT NULL, n INTEGER)",
    "CREATE TABLE tagged (post INTEGER, tag TEXT REFERENCES tags(name) ON DELETE CASCADE ON UPDATE "
    "CASCADE, note TEXT, PRIMARY KEY (tag, post)) WITHOUT ROWID",
    "CREATE TABLE codes (a INTEGER, \"or der\" TEXT, c TEXT UNIQUE, PRIMARY KEY (\"or der\", a))",
    "CREATE TABLE log (line TEXT, n REAL)",
    "CREATE TABLE idle (id INTEGER PRIMARY KEY, x TEXT)",
    "CREATE TABLE counts (who INTEGER PRIMARY KEY, n INTEGER)",
    "CREATE TRIGGER counted AFTER INSERT ON posts BEGIN INSERT INTO counts VALUES (new.who, 1) ON "
    "CONFLICT (who) DO UPDATE SET n = n + 1; END",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO "
    "people (id, email, boss) SELECT i, 'p' || i, CASE WHEN i > 300 THEN i - 290 END FROM n",
    "INSERT INTO posts SELECT id, id, 'post ' || id FROM people",
    "INSERT INTO tags SELECT 'tag' || id, id FROM people WHERE id < 100",
    "INSERT INTO tagged SELECT id, 'tag' || (id % 90 + 1), NULL FROM people",
    "INSERT INTO codes SELECT id, 'k' || (id % 7), 'c' || id FROM people",
    "INSERT INTO log SELECT 'line ' || id, id / 4.0 FROM people WHERE id < 50",
    "INSERT INTO idle SELECT id, 'same' FROM people",
    NULL,
};

static void open_noted(struct sides *sides)
{
    open_sides(sides);
    in_source(sides, schema);
    sides->options.triggers = true;
    must_copy(sides);
    sides->options.triggers = false;
    sides->options.mode = HG_COPY_CATCH_UP;
}

static void assert_equal(struct sides *sides)
{
    hg_copy_options options = sides->options;

    sides->options.mode = HG_COPY_VERIFY;
    must_copy(sides);
    sides->options = options;
}

static void catch_up_and_compare(struct sides *sides)
{
    must_copy(sides);
    assert_equal(sides);
}

static int64_t ask_source(const struct sides *sides, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t said = -1;

    assert_int_equal(sqlite3_open(sides->path, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    if (sqlite3_step(statement) == SQLITE_ROW)
        said = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return said;
}

static const char ours[] = "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'headgate*'";

static void finish(struct sides *sides)
{
    sides->options.last = true;
    catch_up_and_compare(sides);
    assert_int_equal(ask_source(sides, ours), 0);
    assert_target(sides, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate%'", "0");
    close_sides(sides);
}

static void each_kind_of_change_arrives_and_no_other_row_is_touched(void **state)
{
    struct sides sides;

    (void)state;
    open_noted(&sides);
    in_target(&sides, "CREATE TABLE touched (n bigint); CREATE FUNCTION note() RETURNS trigger "
                      "LANGUAGE plpgsql AS $$BEGIN INSERT INTO touched VALUES (1); RETURN NEW; "
                      "END$$; CREATE TRIGGER note AFTER INSERT OR UPDATE ON idle FOR EACH ROW "
                      "EXECUTE FUNCTION note()");
    must_copy(&sides);
    assert_int_equal(sides.result->rows_put + sides.result->rows_gone, 0);
    IN_SOURCE(&sides, "UPDATE idle SET x = 'new' WHERE id = 17",
              "DELETE FROM tagged WHERE post = 18", "INSERT INTO idle VALUES (9999, 'x')",
              "UPDATE codes SET c = 'other' WHERE a = 20",
              "INSERT INTO codes VALUES (20, 'K', 'more')", "DELETE FROM idle WHERE id = 5",
              "UPDATE idle SET x = 'new' WHERE id = 17");
    must_copy(&sides);
    assert_int_equal(sides.result->rows_put, 4);
    assert_int_equal(sides.result->rows_gone, 2);
    assert_target(&sides, "SELECT count(*) FROM touched", "0");
    finish(&sides);
}

static void a_key_that_changes_leaves_nothing_behind(void **state)
{
    struct sides sides;

    (void)state;
    open_noted(&sides);
    IN_SOURCE(&sides, "UPDATE idle SET id = id + 1000 WHERE id BETWEEN 10 AND 20",
              "UPDATE idle SET rowid = 7777 WHERE id = 30",
              "UPDATE OR REPLACE idle SET id = 41 WHERE id = 40",
              "UPDATE codes SET \"or der\" = 'K1' WHERE \"or der\" = 'k1'",
              "UPDATE tagged SET tag = 'tag9' WHERE tag = 'tag8'",
              "UPDATE people SET id = 5000 WHERE id = 50");
    catch_up_and_compare(&sides);
    assert_target(&sides, "SELECT count(*) FROM posts WHERE who = 5000", "1");
    finish(&sides);
}

static void keys_that_a_collation_takes_for_one_are_told_apart(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA journal_mode = WAL",
              "CREATE TABLE words (w TEXT PRIMARY KEY COLLATE NOCASE, n)",
              "CREATE TABLE loose (k PRIMARY KEY, n INTEGER) WITHOUT ROWID",
              "INSERT INTO words VALUES ('One', 1), ('two', 2)",
              "INSERT INTO loose VALUES (1, 1), ('x', 2)");
    in_target(&sides, "CREATE TABLE words (w text, n text); CREATE TABLE loose (k text, n bigint)");
    sides.options.triggers = true;
    must_copy(&sides);
    sides.options.mode = HG_COPY_CATCH_UP;
    IN_SOURCE(&sides, "UPDATE words SET w = 'ONE' WHERE n = 1",
              "UPDATE loose SET k = 1.0 WHERE k = 1");
    catch_up_and_compare(&sides);
    IN_SOURCE(&sides, "DELETE FROM words", "INSERT INTO words VALUES ('one', 3)");
    catch_up_and_compare(&sides);
    assert_target(&sides, "SELECT string_agg(w, ',') FROM words", "one");
    finish(&sides);
}

/* No trigger hears of the row that goes; recursive_triggers is off, as it is unless asked for. */
static void a_row_that_replace_puts_out_of_the_way_goes(void **state)
{
    struct sides sides;

    (void)state;
    open_noted(&sides);
    IN_SOURCE(&sides, "INSERT OR REPLACE INTO people (id, email) VALUES (9000, 'p17')",
              "UPDATE OR REPLACE people SET email = 'p18' WHERE id = 19",
              "INSERT OR REPLACE INTO codes VALUES (1, 'new', 'c77')");
    catch_up_and_compare(&sides); /* the target's own unique keys do not let both in */
    IN_SOURCE(&sides, "INSERT OR REPLACE INTO people (id, email) VALUES (9001, 'p27')",
              "UPDATE people SET email = 'somewhere else' WHERE id = 9001",
              "INSERT OR REPLACE INTO codes VALUES (2, 'new', 'c78')",
              "DELETE FROM codes WHERE c = 'c78'");
    must_copy(&sides);
    assert_target(&sides, "SELECT count(*) FROM people WHERE email = 'p27'", "1");
    finish(&sides);
}

static void an_application_notices_nothing(void **state)
{
    struct sides sides;
    sqlite3 *app = NULL;
    sqlite3_stmt *insert = NULL;

    (void)state;
    open_sides(&sides);
    in_source(&sides, schema);
    assert_int_equal(sqlite3_open(sides.path, &app), SQLITE_OK);
    assert_int_equal(sqlite3_exec(app, "PRAGMA foreign_keys = ON", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(app, "INSERT INTO idle (x) VALUES ('y')", -1, &insert, NULL), SQLITE_OK);
    sides.options.triggers = true;
    must_copy(&sides);
    assert_int_equal(sqlite3_step(insert), SQLITE_DONE); /* prepared before there were any */
    assert_int_equal(sqlite3_changes(app), 1);
    assert_int_equal(sqlite3_last_insert_rowid(app), 401);
    sqlite3_finalize(insert);
    for (const char *const *sql =
             (const char *const[]){"INSERT OR FAIL INTO idle VALUES (402, 'z')",
                                   "UPDATE OR ROLLBACK idle SET x = 'w' WHERE id = 402",
                                   "UPDATE OR ABORT idle SET x = 'v' WHERE id = 402", NULL};
         *sql != NULL; sql++)
        if (sqlite3_exec(app, *sql, NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("%s: %s", *sql, sqlite3_errmsg(app));
    assert_int_equal(sqlite3_exec(app, "DELETE FROM posts WHERE id < 11", NULL, NULL, NULL), 0);
    assert_int_equal(sqlite3_changes(app), 10);
    sqlite3_exec(app, "BEGIN; DELETE FROM idle; ROLLBACK", NULL, NULL, NULL);
    sqlite3_exec(app, "ATTACH ':memory:' AS other; CREATE TABLE other.idle (id, x)", NULL, NULL,
                 NULL);
    assert_int_equal(sqlite3_exec(app, "INSERT INTO other.idle VALUES (1, 'of another database')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(app, "DELETE FROM people WHERE id = 11", NULL, NULL, NULL), 0);
    sides.options.triggers = false;
    sides.options.mode = HG_COPY_CATCH_UP;
    must_copy(&sides);
    assert_int_equal(sides.result->rows_put, 2);
    /* ten, and of people and posts by foreign keys: 11, which is the boss of 301, and so on */
    assert_int_equal(sides.result->rows_gone, 10 + 2 + 2);
    sqlite3_close(app);
    finish(&sides);
}

/* RAISE(IGNORE) gives up the triggers that are still to come: ours came before. */
static void a_trigger_of_the_application_that_gives_up_does_not_hide_a_change(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA journal_mode = WAL", "CREATE TABLE t (id INTEGER PRIMARY KEY, x)",
              "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT RAISE(IGNORE); END",
              "CREATE TRIGGER b AFTER UPDATE ON t BEGIN INSERT INTO t VALUES (new.id + 10, 'b'); "
              "SELECT RAISE(IGNORE); END",
              "INSERT INTO t VALUES (1, 'a')");
    sides.options.triggers = true;
    must_copy(&sides);
    sides.options.mode = HG_COPY_CATCH_UP;
    IN_SOURCE(&sides, "INSERT INTO t VALUES (2, 'b')", "UPDATE t SET x = 'c' WHERE id = 1");
    catch_up_and_compare(&sides);
    assert_target(&sides, "SELECT count(*) FROM t", "3");
    finish(&sides);
}

/* --- anything at all --- */

static const char *const moves[] = {
    "UPDATE posts SET body = hex(randomblob(abs(random()) % 300)) WHERE id % 97 = abs(random()) % "
    "97",
    "DELETE FROM posts WHERE id % 61 = abs(random()) % 61",
    "INSERT INTO posts (who, body) SELECT id, 'again' FROM people WHERE id % 13 = abs(random()) % "
    "13",
    "INSERT OR REPLACE INTO people (id, email) SELECT id, 'r' || random() FROM people WHERE id > "
    "390",
    "INSERT OR REPLACE INTO people (email) SELECT email FROM people WHERE id % 71 = abs(random()) "
    "% 71",
    "UPDATE OR REPLACE people SET email = 'u' || (id % 40) WHERE id % 9 = abs(random()) % 9",
    "INSERT INTO people (email) SELECT 'p' || id FROM people WHERE id % 5 = 0 ON CONFLICT (email) "
    "DO UPDATE SET at = random()",
    "DELETE FROM people WHERE id > 100 AND id % 53 = abs(random()) % 53",
    "UPDATE OR REPLACE people SET id = id + 1000 WHERE id % 67 = abs(random()) % 67",
    "INSERT INTO people (email) SELECT 'n' || random() FROM tags",
    "INSERT OR IGNORE INTO tags SELECT name || 'x', n FROM tags WHERE n % 29 = abs(random()) % 29",
    "DELETE FROM tags WHERE n % 41 = abs(random()) % 41",
    "UPDATE OR REPLACE tags SET name = upper(name) WHERE n % 17 = abs(random()) % 17",
    "DELETE FROM tagged WHERE post % 31 = abs(random()) % 31",
    "INSERT OR REPLACE INTO tagged SELECT id, (SELECT name FROM tags ORDER BY random() LIMIT 1), "
    "'r' FROM people WHERE id < 50",
    "INSERT OR REPLACE INTO codes SELECT abs(random()) % 500, 'k' || (abs(random()) % 7), 'c' || "
    "(abs(random()) % 500) FROM idle WHERE id < 30",
    "UPDATE OR REPLACE codes SET a = a + 1 WHERE a % 11 = abs(random()) % 11",
    "DELETE FROM codes WHERE a % 23 = abs(random()) % 23",
    "INSERT OR REPLACE INTO codes (rowid, a, \"or der\", c) SELECT rowid, a + 600, 'rowid', 'd' || "
    "random() FROM codes WHERE a % 37 = abs(random()) % 37",
    "UPDATE log SET n = n + 1 WHERE rowid % 10 = 1",
    "DELETE FROM log WHERE rowid % 7 = 2",
    "INSERT INTO log SELECT 'more', id FROM idle WHERE id < 5",
    "DELETE FROM idle",
    "INSERT OR IGNORE INTO idle SELECT id, 'back' FROM people",
    "VACUUM",
    "ANALYZE",
    "PRAGMA wal_checkpoint(TRUNCATE)",
};

static void change_at_random(const struct sides *sides)
{
    for (long k = random() % 6; k >= 0; k--)
        IN_SOURCE(sides, moves[(size_t)random() % (sizeof moves / sizeof *moves)]);
}

/* Between the rounds there may be rows that nobody has heard are gone, and none may be missing. */
static void assert_nothing_missing(struct sides *sides)
{
    hg_copy_options options = sides->options;

    sides->options.mode = HG_COPY_VERIFY;
    (void)copy_them(sides);
    for (size_t i = 0; i < sides->result->difference_count; i++)
        assert_string_equal(sides->result->differences[i].kind, "extra");
    sides->options = options;
}

static void whatever_happens_both_sides_are_equal_in_the_end(void **state)
{
    const char *wish = getenv("HEADGATE_TEST_ROUNDS");
    int rounds = wish == NULL ? ROUNDS : atoi(wish);
    unsigned seed = (unsigned)time(NULL);
    struct sides sides;

    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    open_noted(&sides);
    for (int i = 0; i < rounds; i++) {
        change_at_random(&sides);
        must_copy(&sides);
        assert_nothing_missing(&sides);
    }
    change_at_random(&sides);
    finish(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_change_arrives_and_no_other_row_is_touched),
        cmocka_unit_test(a_key_that_changes_leaves_nothing_behind),
        cmocka_unit_test(keys_that_a_collation_takes_for_one_are_told_apart),
        cmocka_unit_test(a_row_that_replace_puts_out_of_the_way_goes),
        cmocka_unit_test(an_application_notices_nothing),
        cmocka_unit_test(a_trigger_of_the_application_that_gives_up_does_not_hide_a_change),
        cmocka_unit_test(whatever_happens_both_sides_are_equal_in_the_end),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
