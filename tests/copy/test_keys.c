/*
 * test_keys.c - what rows owe one another: a unique key of PostgreSQL that SQLite does not know, or
 * sees with other eyes, is found broken before a row is sent.
 */
#include "copying.h"

static const struct doubt {
    const char *column; /* of the target */
    const char *first, *second;
    const char *source; /* the column in the source */
    bool duplicate;
} doubts[] = {
    // clang-format off
    {"timestamptz UNIQUE",    "'2024-01-01T00:00:00Z'", "'2024-01-01 01:00:00+01:00'", "TEXT UNIQUE", true},
    {"timestamptz UNIQUE",    "'2024-01-01 00:00:00'",  "'2024-01-01 00:00:01'",       "TEXT UNIQUE", false},
    {"uuid UNIQUE",           "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "TEXT UNIQUE", true},
    {"numeric UNIQUE",        "'1.0'",                  "'1.00'",                      "TEXT UNIQUE", true},
    {"bigint UNIQUE",         "'7'",                    "'07'",                        "TEXT UNIQUE", true},
    {"char(4) UNIQUE",        "'ab'",                   "'ab '",                       "TEXT UNIQUE", true},
    {"text UNIQUE",           "'ab'",                   "'ab '",                       "TEXT UNIQUE", false},
    {"text UNIQUE",           "'ab'",                   "'AB'",                        "TEXT",        false},
    {"text UNIQUE",           "'ab'",                   "'ab'",                        "TEXT",        true},
    {"text UNIQUE",           "NULL",                   "NULL",                        "TEXT",        false},
    {"bytea UNIQUE",          "x'00'",                  "x'0000'",                     "BLOB",        false},
    // clang-format on
};

static void a_key_of_the_target_that_rows_would_break_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++) {
        const struct doubt *doubt = &doubts[i];
        struct sides sides;
        char create[200], insert[200], target[200];

        open_sides(&sides);
        snprintf(create, sizeof create, "CREATE TABLE t (id INTEGER PRIMARY KEY, k %s)",
                 doubt->source);
        snprintf(insert, sizeof insert, "INSERT INTO t VALUES (4, 'x'), (5, %s), (9, %s)",
                 doubt->first, doubt->second);
        snprintf(target, sizeof target, "CREATE TABLE t (id bigint PRIMARY KEY, k %s)",
                 doubt->column);
        IN_SOURCE(&sides, create, insert, "DELETE FROM t WHERE id = 4");
        in_target(&sides, target);
        if (copy_them(&sides) == doubt->duplicate)
            fail_msg("%s, %s in %s: %s", doubt->first, doubt->second, doubt->column,
                     sides.err.message);
        assert_true((problem_of(&sides, "duplicate") != NULL) == doubt->duplicate);
        if (doubt->duplicate)
            assert_non_null(strstr(problem_of(&sides, "duplicate")->message, "rowid 5 "));
        assert_target(&sides, "SELECT count(*) FROM t", doubt->duplicate ? "0" : "2");
        close_sides(&sides);
    }
}

static void a_key_of_several_columns_is_one_only_where_all_are_equal(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE t (a TEXT, b INTEGER)",
              "INSERT INTO t VALUES ('x', 1), ('x', 2), ('y', 1), ('x', NULL), ('x', NULL)");
    in_target(&sides, "CREATE TABLE t (a text, b integer, UNIQUE (b, a))");
    must_copy(&sides);
    in_target(&sides, "TRUNCATE t");
    IN_SOURCE(&sides, "INSERT INTO t VALUES ('y', 1)");
    assert_false(copy_them(&sides));
    assert_int_equal(problem_of(&sides, "duplicate")->count, 1);
    close_sides(&sides);
}

/* More keys than one pass looks at. */
static void one_duplicate_among_very_many_is_found(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE t (k INTEGER)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450000) "
              "INSERT INTO t SELECT i FROM n",
              "INSERT INTO t VALUES (77777)");
    in_target(&sides, "CREATE TABLE t (k bigint UNIQUE)");
    sides.options.mode = HG_COPY_DRY_RUN;
    assert_false(copy_them(&sides));
    assert_int_equal(problem_of(&sides, "duplicate")->count, 1);
    assert_non_null(strstr(problem_of(&sides, "duplicate")->message, "rowid 450001 77777"));
    close_sides(&sides);
}

/* The ids that there are, values of a column that refers to them, and how many are left alone. */
static const struct kin {
    const char *parents, *type, *values;
    int orphans;
} kins[] = {
    // clang-format off
    {"(-5), (3), (70)", "INTEGER", "(-5), (3), (70), (NULL)",                               0},
    {"(-5), (3), (70)", "INTEGER", "(-5), (4), (NULL), (-6), (71)",                         3},
    {"(-5), (3), (70)", "INTEGER", "(9223372036854775807), (-9223372036854775807)",         2},
    {"(-5), (3), (70)", "",        "('3'), (3.0), (70)",                                    0},
    {"(-5), (3), (70)", "",        "('3'), ('x'), (x'33'), (3.5)",                          3},
    {"(-5), (3), (70)", "TEXT",    "(3), ('-5')",                                           0},
    {"(7), (8), (9)",   "INTEGER", "(7), (8), (9), (NULL)",                                 0},
    {"(7), (8), (9)",   "INTEGER", "(6), (7), (10)",                                        2},
    {"(9223372036854775807), (-9223372036854775808)", "INTEGER", "(9223372036854775807), (0)", 1},
    {NULL,              "INTEGER", "(0), (1), (NULL)",                                      2},
    // clang-format on
};

static void make_kin(const struct sides *sides, const struct kin *kin)
{
    char create[200], child[200], parent[200] = "SELECT 1";

    snprintf(create, sizeof create, "CREATE TABLE child (p %s REFERENCES parent)", kin->type);
    snprintf(child, sizeof child, "INSERT INTO child VALUES %s", kin->values);
    if (kin->parents != NULL)
        snprintf(parent, sizeof parent, "INSERT INTO parent VALUES %s", kin->parents);
    IN_SOURCE(sides, "PRAGMA foreign_keys = OFF", "DROP TABLE IF EXISTS child",
              "DELETE FROM parent", create, parent, child);
}

static void rows_that_refer_to_nothing_are_counted_and_no_others(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE parent (id INTEGER PRIMARY KEY)");
    in_target(&sides, "CREATE TABLE parent (id text); CREATE TABLE child (p text)");
    sides.options.mode = HG_COPY_DRY_RUN;
    for (size_t i = 0; i < sizeof kins / sizeof *kins; i++) {
        const hg_copy_problem *problem;

        make_kin(&sides, &kins[i]);
        (void)copy_them(&sides);
        problem = problem_of(&sides, "orphan");
        if ((problem == NULL ? 0 : problem->count) != kins[i].orphans)
            fail_msg("%s: %s: %s: %s", kins[i].parents, kins[i].type, kins[i].values,
                     problem == NULL ? "none" : problem->message);
    }
    close_sides(&sides);
}

/* The parents of 2 and of ('b', 2) are there in the source, and do not arrive. */
static void a_row_whose_parent_a_rule_rejects_is_found(void **state)
{
    static const char *const rules[] = {"parent.n reject", "pair.n reject"};
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE parent (id INTEGER PRIMARY KEY, n INT)",
              "CREATE TABLE child (p INTEGER REFERENCES parent)",
              "CREATE TABLE pair (a TEXT, b INT, n INT, PRIMARY KEY (a, b)) WITHOUT ROWID",
              "CREATE TABLE single (id INTEGER PRIMARY KEY, y INT, x TEXT, FOREIGN KEY (x, y) "
              "REFERENCES pair (a, b))",
              "INSERT INTO parent VALUES (1, 5), (2, 'many')",
              "INSERT INTO child VALUES (1), (NULL)",
              "INSERT INTO pair VALUES ('b', 1, 1), ('b', 2, 'some')",
              "INSERT INTO single VALUES (1, 1, 'b'), (2, NULL, 'b')");
    sides.options.rules = rules;
    sides.options.rule_count = 2;
    sides.options.mode = HG_COPY_DRY_RUN;
    must_copy(&sides);
    assert_null(problem_of(&sides, "parents-rejected"));
    IN_SOURCE(&sides, "INSERT INTO child VALUES (2), (1), (2)");
    assert_false(copy_them(&sides));
    assert_string_equal(problem_of(&sides, "parents-rejected")->message,
                        "2 rows refer to rows of \"parent\" that a rule rejects; the first has "
                        "rowid 3");
    IN_SOURCE(&sides, "DELETE FROM child WHERE p = 2", "INSERT INTO single VALUES (7, 2, 'b')");
    sides.options.mode = HG_COPY_RUN;
    assert_false(copy_them(&sides));
    assert_int_equal(sides.err.code, HG_FAILED);
    assert_string_equal(problem_of(&sides, "parents-rejected")->table, "single");
    assert_target(&sides, "SELECT count(*) FROM pg_class WHERE relname = 'parent'", "0");
    IN_SOURCE(&sides, "DELETE FROM single WHERE id = 7");
    must_copy(&sides);
    assert_target(&sides, "SELECT count(*) FROM parent", "1");
    close_sides(&sides);
}

/* What a rule makes of a key decides, not what it was. */
static void a_key_that_a_rule_changes_is_looked_up_as_it_arrives(void **state)
{
    static const char *const rules[] = {"child.p@integer-text null",
                                        "child.p@integer-fraction default 8", "child.q reject"};
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA foreign_keys = OFF", "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
              "CREATE TABLE child (p INTEGER REFERENCES parent, q INTEGER REFERENCES parent)",
              "INSERT INTO parent VALUES (1), (2)",
              "INSERT INTO child VALUES (1, 2), ('none', 1), (2, 'nobody')");
    sides.options.rules = rules;
    sides.options.rule_count = sizeof rules / sizeof *rules;
    must_copy(&sides);
    assert_target(&sides,
                  "SELECT string_agg(coalesce(p, 0) || '-' || q, ' ' ORDER BY q) FROM child",
                  "0-1 1-2");
    in_target(&sides, "DROP TABLE child, parent");
    IN_SOURCE(&sides, "PRAGMA foreign_keys = OFF",
              "INSERT INTO child VALUES (1.5, 1), (3.5, NULL)");
    assert_false(copy_them(&sides));
    assert_int_equal(problem_of(&sides, "orphan")->count, 2);
    assert_non_null(strstr(problem_of(&sides, "orphan")->message, "do not arrive"));
    IN_SOURCE(&sides, "INSERT INTO parent VALUES (8)");
    must_copy(&sides);
    close_sides(&sides);
}

static void a_table_whose_parents_are_left_out_is_told_of(void **state)
{
    static const char *const only[] = {"child"};
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
              "CREATE TABLE child (p INTEGER REFERENCES parent)", "INSERT INTO parent VALUES (1)",
              "INSERT INTO child VALUES (NULL), (1)");
    in_target(&sides, "CREATE TABLE parent (id bigint PRIMARY KEY); CREATE TABLE child (p bigint "
                      "REFERENCES parent)");
    sides.options.tables = only;
    sides.options.table_count = 1;
    assert_false(copy_them(&sides));
    assert_int_equal(problem_of(&sides, "orphan")->count, 1);
    assert_target(&sides, "SELECT count(*) FROM child", "0");
    in_target(&sides, "INSERT INTO parent VALUES (1)");
    must_copy(&sides);
    close_sides(&sides);
}

/* --- conditions --- */

static const struct promise {
    const char *target; /* of t: id, n, s */
    const char *kind;   /* of the problem; NULL: none */
    const char *says;   /* a part of its message */
} promises[] = {
    // clang-format off
    {"id bigint, n bigint CHECK (n > 0), s text",                      "check",         "the first has rowid 4"},
    {"id bigint, n bigint CHECK (n > -2), s text",                     NULL,            NULL},
    {"id bigint, n bigint, s text CHECK (s ~ '^[a-z]+$')",             "check",         "1 row does not meet"},
    {"id bigint, n bigint, s text CHECK (s IN ('ab', 'Cd')) NO INHERIT", NULL,          NULL},
    {"id bigint, n bigint, s text, CHECK (n + id > 5)",                "check",         "2 rows do not meet"},
    {"id bigint, n bigint CHECK (1 / n > 0), s text",                  "check-unknown", "division by zero"},
    {"id bigint, n bigint, s text, u text NOT NULL DEFAULT 'x' CHECK (u < s)", "check-unknown", "\"u\" gets its value"},
    {"id bigint, n bigint, s text, g bigint GENERATED ALWAYS AS (n * 2) STORED CHECK (g >= 0)", "check", "rowid 5"},
    {"id bigint, n positive, s text",                                  "check",         "positive.positive_check"},
    {"id bigint PRIMARY KEY, n bigint, s text, CHECK (t IS NOT NULL)", "check-unknown", "the row as such"},
    // clang-format on
};

/* Rows: (4, 0, 'ab'), (5, -1, 'Cd'), (7, NULL, NULL). */
static void assert_promises(const struct promise *list, size_t count)
{
    struct sides sides;

    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, s TEXT)",
              "INSERT INTO t VALUES (4, 0, 'ab'), (5, -1, 'Cd'), (7, NULL, NULL)");
    in_target(&sides, "CREATE DOMAIN positive AS integer CHECK (VALUE >= 0)");
    sides.options.mode = HG_COPY_DRY_RUN;
    for (size_t i = 0; i < count; i++) {
        const struct promise *promise = &list[i];
        bool stops = promise->kind != NULL && strcmp(promise->kind, "check-unknown") != 0;
        const hg_copy_problem *problem;
        char create[500];

        snprintf(create, sizeof create, "DROP TABLE IF EXISTS t; CREATE TABLE t (%s)",
                 promise->target);
        in_target(&sides, create);
        if (copy_them(&sides) == stops)
            fail_msg("%s: %s", promise->target, sides.err.message);
        problem = promise->kind == NULL ? NULL : problem_of(&sides, promise->kind);
        if (promise->kind != NULL
            && (problem == NULL || strstr(problem->message, promise->says) == NULL))
            fail_msg("%s: %s", promise->target,
                     problem == NULL ? "nothing is said" : problem->message);
        assert_target(&sides, "SELECT count(*) FROM t", "0");
    }
    close_sides(&sides);
}

static void a_condition_of_the_target_that_rows_do_not_meet_is_found(void **state)
{
    (void)state;
    assert_promises(promises, sizeof promises / sizeof *promises);
}

/* What partitions take and ask for, and what may not be beside one another. */
static const struct promise arrangements[] = {
    // clang-format off
    {"id bigint, n bigint, s text) PARTITION BY RANGE (n); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (-5) TO (0); "
     "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (0) TO (5",         "partition-none", "1 row belongs into no partition of the target's table; the first has rowid 7"},
    {"id bigint, n bigint, s text) PARTITION BY LIST (n); CREATE TABLE t1 PARTITION OF t DEFAULT; "
     "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (-1, 1",              NULL,             NULL},
    {"id bigint, n bigint, s text) PARTITION BY LIST (upper(s)", "partition-none", "3 rows belong"},
    {"id bigint, n bigint, s text) PARTITION BY HASH (id); CREATE TABLE t1 PARTITION OF t (CHECK (s < 'B')) FOR VALUES WITH (MODULUS 1, REMAINDER 0",
                                                                         "check",          "t1.t1_s_check"},
    {"id bigint, n bigint, s text) PARTITION BY LIST (id); DO $$BEGIN FOR i IN 1..300 LOOP EXECUTE 'CREATE TABLE t' || i || ' PARTITION OF t FOR VALUES IN (' || i || ')'; END LOOP; END$$; SELECT abs(1",
                                                                         "check-unknown",  "very many"},
    {"id bigint, n int, s text, EXCLUDE USING gist (int4range(n, n + 2) WITH &&)", "exclusion", "2 rows conflict with others under the target's \"t_int4range_excl\""},
    {"id bigint, n int, s text, EXCLUDE USING gist (int4range(n, n + 2) WITH &&) WHERE (s < 'b') DEFERRABLE", "exclusion", "rowid 5"},
    {"id bigint, n int, s text, EXCLUDE USING gist (int4range(n, n + 1) WITH &&) WHERE (n < 9)", NULL, NULL},
    {"id bigint, n int, s text, EXCLUDE (s WITH =)",                     NULL,             NULL},
    // clang-format on
};

static void rows_without_a_partition_or_beside_one_another_are_found(void **state)
{
    (void)state;
    assert_promises(arrangements, sizeof arrangements / sizeof *arrangements);
}

/* SQLite can be told to look away. */
static void a_condition_of_a_table_that_the_copy_makes_is_looked_at_too(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides,
              "CREATE TABLE t (a TEXT, b INT, CONSTRAINT short CHECK (length(a) < 4), PRIMARY KEY "
              "(a, b)) WITHOUT ROWID",
              "CREATE TABLE fine (id INTEGER PRIMARY KEY, n INT CHECK (n > 0))",
              "INSERT INTO fine VALUES (1, 1)", "PRAGMA ignore_check_constraints = 1",
              "INSERT INTO t VALUES ('abc', 1), ('abcd', 2), ('abcd', 3)");
    assert_false(copy_them(&sides));
    assert_int_equal(problem_of(&sides, "check")->count, 2);
    assert_string_equal(problem_of(&sides, "check")->message,
                        "2 rows do not meet the target's check \"short\": (length(a)<4); the "
                        "first is in the order of the key number 2");
    assert_target(&sides, "SELECT count(*) FROM pg_class WHERE relname IN ('t', 'fine')", "0");
    IN_SOURCE(&sides, "DELETE FROM t WHERE b > 1");
    must_copy(&sides);
    assert_target(&sides,
                  "SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conname IN "
                  "('short', 'fine_n_check')",
                  "2");
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_of_the_target_that_rows_would_break_is_found),
        cmocka_unit_test(a_key_of_several_columns_is_one_only_where_all_are_equal),
        cmocka_unit_test(one_duplicate_among_very_many_is_found),
        cmocka_unit_test(rows_that_refer_to_nothing_are_counted_and_no_others),
        cmocka_unit_test(a_row_whose_parent_a_rule_rejects_is_found),
        cmocka_unit_test(a_key_that_a_rule_changes_is_looked_up_as_it_arrives),
        cmocka_unit_test(a_table_whose_parents_are_left_out_is_told_of),
        cmocka_unit_test(a_condition_of_the_target_that_rows_do_not_meet_is_found),
        cmocka_unit_test(rows_without_a_partition_or_beside_one_another_are_found),
        cmocka_unit_test(a_condition_of_a_table_that_the_copy_makes_is_looked_at_too),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
