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
    assert_false(copy_them(&sides));
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
    assert_false(copy_them(&sides));
    assert_int_equal(problem_of(&sides, "differs")->count, 5000);
    assert_true(sides.result->difference_count < 50);
    assert_int_equal(sides.result->differences[0].key, 1);
    close_sides(&sides);
}

static void a_table_without_a_key_tells_how_many_rows_there_are(void **state)
{
    struct sides sides;

    (void)state;
    open_copied(&sides);
    in_target(&sides, "INSERT INTO loose VALUES ('x')");
    assert_false(copy_them(&sides));
    assert_string_equal(problem_of(&sides, "differs")->message,
                        "the source has 2 rows and the target 3");
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_that_differs_is_named),
        cmocka_unit_test(of_very_many_the_first_are_named_and_all_are_counted),
        cmocka_unit_test(a_table_without_a_key_tells_how_many_rows_there_are),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
