/*
 * test_differences.c - both sides compared: rows that differ are named, whichever way they do.
 */
#include "copying.h"

static void open_copied(struct sides *sides)
{
    open_sides(sides);
    IN_SOURCE(
        sides, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, meta JSON, n INTEGER)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT "
        "INTO t SELECT i, 'name ' || i, '{\"b\": 1, \"a\": ' || i || '}', i FROM n",
        "CREATE TABLE loose (a TEXT)", "INSERT INTO loose VALUES ('x'), ('x')");
    must_copy(sides);
    sides->options.mode = HG_COPY_VERIFY;
}

static void must_differ(struct sides *sides)
{
    assert_false(copy_them(sides));
    assert_string_equal(sides->err.message, "the two sides differ");
}

static const hg_copy_difference *difference_of(const struct sides *sides, int64_t key)
{
    for (size_t i = 0; i < sides->result->difference_count; i++)
        if (sides->result->differences[i].key == key)
            return &sides->result->differences[i];
    fail_msg("nothing is said of row %lld", (long long)key);
    return NULL;
}

static void each_row_that_differs_is_named(void **state)
{
    struct sides sides;

    (void)state;
    open_copied(&sides);
    in_target(&sides,
              "UPDATE t SET name = 'other', n = NULL WHERE id = 17; DELETE FROM t WHERE id = "
              "18; INSERT INTO t VALUES (0, '', '{}', 0), (9000, '', '{}', 0); UPDATE t SET "
              "meta = '{\"a\": 1}' WHERE id = 5000");
    must_differ(&sides);
    assert_int_equal(sides.result->difference_count, 5);
    assert_string_equal(difference_of(&sides, 17)->kind, "different");
    assert_string_equal(difference_of(&sides, 17)->columns, "name, n");
    assert_string_equal(difference_of(&sides, 18)->kind, "missing");
    assert_string_equal(difference_of(&sides, 0)->kind, "extra");
    assert_string_equal(difference_of(&sides, 9000)->kind, "extra");
    assert_string_equal(difference_of(&sides, 5000)->columns, "meta");
    assert_int_equal(problem_of(&sides, "differs")->count, 5);
    close_sides(&sides);
}

static void of_very_many_the_first_are_named_and_all_are_counted(void **state)
{
    struct sides sides;

    (void)state;
    open_copied(&sides);
    in_target(&sides, "UPDATE t SET n = n + 1");
    must_differ(&sides);
    assert_int_equal(problem_of(&sides, "differs")->count, 5000);
    assert_true(sides.result->difference_count < 50);
    assert_int_equal(sides.result->differences[0].key, 1);
    close_sides(&sides);
}

/* --- tables without a number that tells their rows apart --- */

static void open_keyless(struct sides *sides)
{
    open_sides(sides);
    IN_SOURCE(sides, "CREATE TABLE loose (a TEXT, b REAL)",
              "CREATE TABLE pair (a TEXT, b INT, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID",
              "CREATE TABLE words (w TEXT PRIMARY KEY, at DATETIME, doc JSON)",
              "INSERT INTO loose VALUES ('x', 1.5), ('x', 1.5), ('y', NULL)",
              "INSERT INTO pair VALUES ('A', 1, 'one'), ('a', 1, 'two'), ('ä', 2, NULL)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
              "INSERT INTO words SELECT 'w' || i, '2024-01-01', '[' || i || ']' FROM n");
    must_copy(sides);
    sides->options.mode = HG_COPY_VERIFY;
}

static const hg_copy_difference *named(const struct sides *sides, const char *name)
{
    for (size_t i = 0; i < sides->result->difference_count; i++)
        if (sides->result->differences[i].name != NULL
            && strcmp(sides->result->differences[i].name, name) == 0)
            return &sides->result->differences[i];
    fail_msg("nothing is said of row %s", name);
    return NULL;
}

static void rows_are_named_by_a_key_of_any_type(void **state)
{
    struct sides sides;

    (void)state;
    open_keyless(&sides);
    in_target(&sides, "UPDATE pair SET c = 'due' WHERE a = 'a'; DELETE FROM pair WHERE a = 'A'; "
                      "INSERT INTO pair VALUES ('z', 9, ''); UPDATE words SET doc = '[0]', at = "
                      "'2025-01-01' WHERE w = 'w777'; DELETE FROM words WHERE w = 'w778'");
    must_differ(&sides);
    assert_int_equal(sides.result->difference_count, 5);
    assert_string_equal(named(&sides, "a, 1")->kind, "different");
    assert_string_equal(named(&sides, "a, 1")->columns, "c");
    assert_string_equal(named(&sides, "A, 1")->kind, "missing");
    assert_string_equal(named(&sides, "z, 9")->kind, "extra");
    assert_string_equal(named(&sides, "w777")->columns, "at, doc");
    assert_string_equal(named(&sides, "w778")->kind, "missing");
    assert_int_equal(problem_of(&sides, "differs")->count, 3);
    close_sides(&sides);
}

static void without_any_key_rows_are_named_by_their_values(void **state)
{
    struct sides sides;

    (void)state;
    open_keyless(&sides);
    in_target(&sides, "INSERT INTO loose VALUES ('x', 1.5); DELETE FROM loose WHERE a = 'y'");
    must_differ(&sides);
    assert_int_equal(sides.result->difference_count, 2);
    assert_string_equal(named(&sides, "x, 1.5")->kind, "extra");
    assert_string_equal(named(&sides, "y, NULL")->kind, "missing");
    assert_string_equal(problem_of(&sides, "differs")->message,
                        "2 rows differ; the source has 3 and the target 3");
    close_sides(&sides);
}

static void of_very_many_without_a_number_the_first_are_named_too(void **state)
{
    struct sides sides;

    (void)state;
    open_keyless(&sides);
    in_target(&sides, "UPDATE words SET at = NULL");
    must_differ(&sides);
    assert_int_equal(problem_of(&sides, "differs")->count, 3000);
    assert_int_equal(sides.result->difference_count, 20);
    assert_string_equal(sides.result->differences[7].columns, "at");
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_that_differs_is_named),
        cmocka_unit_test(of_very_many_the_first_are_named_and_all_are_counted),
        cmocka_unit_test(rows_are_named_by_a_key_of_any_type),
        cmocka_unit_test(without_any_key_rows_are_named_by_their_values),
        cmocka_unit_test(of_very_many_without_a_number_the_first_are_named_too),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
