/*
 * test_catchup.c - after a copy whose moment was kept: whatever the application does to the source
 * meanwhile, a round of catching up makes both sides equal, and nothing is left in the source.
 *
 * HEADGATE_TEST_ROUNDS says how many rounds of random changes are tried.
 */
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>

#include "copying.h"

enum { ROUNDS = 3 };

static const char *const schema[] = {
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE, boss INTEGER "
    "REFERENCES people(id))",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, who INTEGER NOT NULL REFERENCES people(id) ON "
    "DELETE CASCADE, body TEXT, extra BLOB)",
    "CREATE INDEX posts_who ON posts (who)",
    "CREATE TABLE tags (name TEXT PRIMARY KEY, n INTEGER)",
    "CREATE TABLE tagged (post INTEGER, tag TEXT REFERENCES tags(name) ON DELETE CASCADE, PRIMARY "
    "KEY (post, tag)) WITHOUT ROWID",
    "CREATE TABLE log (line TEXT, n REAL)",
    "CREATE TABLE idle (id INTEGER PRIMARY KEY, x)",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO "
    "people (email, boss) SELECT 'p' || i, CASE WHEN i > 10 THEN i % 10 + 1 END FROM n",
    "INSERT INTO posts SELECT id, id, 'post ' || id, randomblob(id % 50) FROM people",
    "INSERT INTO posts SELECT id + 5000, id, hex(randomblob(4000)), randomblob(20000) FROM people "
    "WHERE id % 100 = 0",
    "INSERT INTO tags SELECT 'tag' || id, id FROM people WHERE id < 300",
    "INSERT INTO tagged SELECT id, 'tag' || (id % 290 + 1) FROM people",
    "INSERT INTO log SELECT 'line ' || id, id / 3.0 FROM people",
    "INSERT INTO idle SELECT id, 'same' FROM people",
    NULL,
};

static void open_followed(struct sides *sides)
{
    open_sides(sides);
    in_source(sides, schema);
    sides->options.snapshot = temp_path(sides->dir, "snapshot");
    must_copy(sides);
    sides->options.mode = HG_COPY_CATCH_UP;
}

static void close_followed(struct sides *sides)
{
    free((char *)sides->options.snapshot);
    close_sides(sides);
}

static void assert_equal(struct sides *sides)
{
    hg_copy_options options = sides->options;

    sides->options.mode = HG_COPY_VERIFY;
    sides->options.snapshot = NULL;
    must_copy(sides);
    sides->options = options;
}

static void catch_up_and_compare(struct sides *sides)
{
    must_copy(sides);
    assert_equal(sides);
}

static void nothing_changed_is_brought_over_at_once(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    must_copy(&sides);
    assert_int_equal(sides.result->rows_put + sides.result->rows_gone, 0);
    assert_equal(&sides);
    close_followed(&sides);
}

static void each_kind_of_change_arrives_and_no_other_row_is_touched(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    in_target(&sides, "CREATE TABLE touched (n bigint); CREATE FUNCTION note() RETURNS trigger "
                      "LANGUAGE plpgsql AS $$BEGIN INSERT INTO touched VALUES (1); RETURN NEW; "
                      "END$$; CREATE TRIGGER note AFTER INSERT OR UPDATE ON idle FOR EACH ROW "
                      "EXECUTE FUNCTION note()");
    IN_SOURCE(&sides, "UPDATE posts SET body = 'new' WHERE id = 17",
              "DELETE FROM posts WHERE id = 18", "INSERT INTO posts VALUES (9999, 1, 'x', NULL)",
              "UPDATE people SET id = 7777 WHERE id = 2999 AND 0",
              "UPDATE idle SET x = 1.5 WHERE id "
              "= 3");
    must_copy(&sides);
    assert_int_equal(sides.result->rows_put, 3);
    assert_int_equal(sides.result->rows_gone, 1);
    assert_target(&sides, "SELECT count(*) FROM touched", "0");
    assert_target(&sides, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'note'", "O");
    assert_target(
        &sides,
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND (condeferrable OR NOT "
        "convalidated)",
        "0");
    assert_equal(&sides);
    close_followed(&sides);
}

static void part_of_a_long_value_that_changed_is_noticed(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    for (int i = 0; i < 3; i++) {
        char sql[300];
        int at = 9001 + i * 4500;

        /* in place: only a page far behind the row's own changes; to another byte than was there */
        snprintf(sql, sizeof sql,
                 "UPDATE posts SET extra = CAST(substr(extra, 1, %d) || CASE substr(extra, %d, 1) "
                 "WHEN x'00' THEN x'01' ELSE x'00' END || substr(extra, %d) AS BLOB) WHERE id = "
                 "5300",
                 at - 1, at, at + 1);
        IN_SOURCE(&sides, sql);
        must_copy(&sides);
        assert_int_equal(sides.result->rows_put, 1);
    }
    assert_equal(&sides);
    close_followed(&sides);
}

static void two_rows_may_swap_what_a_unique_key_holds(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    IN_SOURCE(&sides, "UPDATE tags SET n = -n WHERE name IN ('tag1', 'tag2')",
              "UPDATE people SET email = 'swap' WHERE id = 2000",
              "UPDATE people SET email = 'p2000' WHERE id = 2001",
              "UPDATE people SET email = 'p2001' WHERE id = 2000");
    in_target(&sides, "ALTER TABLE posts DROP CONSTRAINT posts_who_fkey");
    catch_up_and_compare(&sides);
    close_followed(&sides);
}

static void a_row_that_others_hang_on_changes_without_taking_them_along(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    IN_SOURCE(&sides, "UPDATE people SET email = 'other' WHERE id = 2500",
              "UPDATE tags SET n = 0 WHERE name = 'tag7'", "DELETE FROM people WHERE id = 2600");
    catch_up_and_compare(&sides);
    assert_target(&sides, "SELECT count(*) FROM posts WHERE who = 2500", "2");
    assert_target(&sides, "SELECT count(*) FROM posts WHERE who = 2600", "0");
    assert_target(&sides, "SELECT count(*) FROM tagged WHERE tag = 'tag7'", "11");
    close_followed(&sides);
}

/* What hangs on a row in the middle must not go with the row that that one hung on before. */
static void a_row_that_moves_to_another_parent_keeps_what_hangs_on_it(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    IN_SOURCE(&sides, "PRAGMA foreign_keys = ON", "UPDATE people SET boss = 5 WHERE boss = 3",
              "DELETE FROM people WHERE id = 3");
    in_target(&sides, "ALTER TABLE people DROP CONSTRAINT people_boss_fkey; ALTER TABLE people ADD "
                      "CONSTRAINT people_boss_fkey FOREIGN KEY (boss) REFERENCES people ON DELETE "
                      "CASCADE");
    catch_up_and_compare(&sides);
    assert_target(&sides, "SELECT count(*) FROM people WHERE boss = 5", "598");
    close_followed(&sides);
}

/* An application that has the database open, and whose log nobody has written into the file. */
static void what_stands_in_the_log_alone_is_seen(void **state)
{
    struct sides sides;
    sqlite3 *app = NULL;

    (void)state;
    open_followed(&sides);
    assert_int_equal(sqlite3_open(sides.path, &app), SQLITE_OK);
    sqlite3_exec(app, "PRAGMA wal_autocheckpoint = 0; UPDATE idle SET x = 'log' WHERE id < 9", NULL,
                 NULL, NULL);
    sides.options.last = true;
    must_copy(&sides);
    assert_int_equal(sides.result->rows_put, 8);
    assert_target(&sides, "SELECT count(*) FROM idle WHERE x = 'log'", "8");
    sqlite3_close(app);
    close_followed(&sides);
}

/* --- anything at all --- */

static const char *const moves[] = {
    "UPDATE posts SET body = hex(randomblob(abs(random()) % 3000)) WHERE id % 97 = abs(random()) % "
    "97",
    "DELETE FROM posts WHERE id % 61 = abs(random()) % 61",
    "INSERT INTO posts (who, body) SELECT id, 'again' FROM people WHERE id % 13 = abs(random()) % "
    "13",
    "INSERT OR REPLACE INTO people (id, email) SELECT id, 'r' || random() FROM people WHERE id > "
    "2900",
    "DELETE FROM people WHERE id > 1000 AND id % 53 = abs(random()) % 53",
    "INSERT INTO people (email) SELECT 'n' || random() FROM tags",
    "INSERT OR IGNORE INTO tags SELECT name || 'x', n FROM tags WHERE n % 29 = abs(random()) % 29",
    "DELETE FROM tags WHERE n % 41 = abs(random()) % 41",
    "DELETE FROM tagged WHERE post % 31 = abs(random()) % 31",
    "INSERT OR IGNORE INTO tagged SELECT id, (SELECT name FROM tags ORDER BY random() LIMIT 1) "
    "FROM "
    "people WHERE id < 50",
    "UPDATE log SET n = n + 1 WHERE rowid % 10 = 1",
    "DELETE FROM log WHERE rowid % 7 = 2",
    "INSERT INTO posts SELECT NULL, 1, NULL, randomblob(60000)",
    "UPDATE posts SET extra = NULL WHERE length(extra) > 30000",
    "VACUUM",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "DELETE FROM posts",
};

static void whatever_happens_both_sides_are_equal_after_a_round(void **state)
{
    const char *wish = getenv("HEADGATE_TEST_ROUNDS");
    int rounds = wish == NULL ? ROUNDS : atoi(wish);
    unsigned seed = (unsigned)time(NULL);
    struct sides sides;

    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    open_followed(&sides);
    for (int i = 0; i < rounds; i++) {
        for (long k = random() % 5; k >= 0; k--)
            IN_SOURCE(&sides, "PRAGMA recursive_triggers = OFF",
                      moves[(size_t)random() % (sizeof moves / sizeof *moves)]);
        sides.options.last = i + 1 == rounds;
        catch_up_and_compare(&sides);
    }
    assert_target(&sides, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate%'", "0");
    close_followed(&sides);
}

/* --- what is refused --- */

/* A source need not enforce its foreign keys; a target that does would take along what is left. */
static void a_row_that_stays_without_its_parent_is_not_lost_without_a_word(void **state)
{
    struct sides sides;
    sqlite3 *app = NULL;

    (void)state;
    open_followed(&sides);
    assert_int_equal(sqlite3_open(sides.path, &app), SQLITE_OK);
    sqlite3_exec(app, "DELETE FROM people WHERE id = 2500", NULL, NULL, NULL);
    assert_false(copy_them(&sides));
    assert_int_equal(sides.err.code, HG_CONSTRAINT);
    assert_non_null(strstr(sides.err.message, "rows of table \"posts\" stay"));
    assert_target(&sides, "SELECT count(*) FROM people WHERE id = 2500", "1");
    sqlite3_exec(app,
                 "UPDATE posts SET who = 1 WHERE id = 2500; DELETE FROM posts WHERE who = 2500",
                 NULL, NULL, NULL);
    sqlite3_close(app);
    catch_up_and_compare(&sides);
    close_followed(&sides);
}

static void a_change_of_the_schema_is_told_and_nothing_is_applied(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    IN_SOURCE(&sides, "ALTER TABLE idle ADD COLUMN y", "UPDATE idle SET x = 'changed'");
    assert_false(copy_them(&sides));
    assert_non_null(strstr(sides.err.message, "schema has changed"));
    assert_target(&sides, "SELECT count(*) FROM idle WHERE x = 'changed'", "0");
    close_followed(&sides);
}

static void a_changed_value_that_does_not_fit_holds_all_changes_back(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    IN_SOURCE(&sides, "UPDATE idle SET x = 'changed'", "UPDATE tags SET n = 'many' WHERE n = 5");
    assert_false(copy_them(&sides));
    assert_non_null(finding_of(&sides, "tags", "integer-text"));
    assert_target(&sides, "SELECT count(*) FROM idle WHERE x = 'changed'", "0");
    IN_SOURCE(&sides, "UPDATE tags SET n = 55 WHERE n = 'many'");
    catch_up_and_compare(&sides);
    close_followed(&sides);
}

static void without_its_moment_a_target_cannot_be_brought_on(void **state)
{
    struct sides sides;

    (void)state;
    open_followed(&sides);
    free((char *)sides.options.snapshot);
    sides.options.snapshot = temp_path(sides.dir, "elsewhere");
    assert_false(copy_them(&sides));
    assert_int_equal(sides.err.code, HG_USAGE);
    in_target(&sides, "DROP TABLE headgate_follow");
    assert_false(copy_them(&sides));
    assert_non_null(strstr(sides.err.message, "does not follow"));
    close_followed(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed_is_brought_over_at_once),
        cmocka_unit_test(each_kind_of_change_arrives_and_no_other_row_is_touched),
        cmocka_unit_test(part_of_a_long_value_that_changed_is_noticed),
        cmocka_unit_test(two_rows_may_swap_what_a_unique_key_holds),
        cmocka_unit_test(a_row_that_others_hang_on_changes_without_taking_them_along),
        cmocka_unit_test(a_row_that_moves_to_another_parent_keeps_what_hangs_on_it),
        cmocka_unit_test(what_stands_in_the_log_alone_is_seen),
        cmocka_unit_test(whatever_happens_both_sides_are_equal_after_a_round),
        cmocka_unit_test(a_row_that_stays_without_its_parent_is_not_lost_without_a_word),
        cmocka_unit_test(a_change_of_the_schema_is_told_and_nothing_is_applied),
        cmocka_unit_test(a_changed_value_that_does_not_fit_holds_all_changes_back),
        cmocka_unit_test(without_its_moment_a_target_cannot_be_brought_on),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
