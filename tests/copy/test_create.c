/*
 * test_create.c - a target without tables gets them from the source: what is made is what the
 * source has, it takes rows as the source's tables do, and what does not translate is told.
 */
#include "copying.h"

static const char *const shop[] = {
    "PRAGMA foreign_keys = OFF",
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email VARCHAR(80) NOT NULL UNIQUE, "
    "active BOOLEAN NOT NULL DEFAULT 1 CHECK (active IN (0, 1)), joined DATETIME DEFAULT "
    "CURRENT_TIMESTAMP, score REAL DEFAULT 0.5, name TEXT COLLATE NOCASE DEFAULT 'no name', "
    "token TEXT DEFAULT (hex(randomblob(4))), CHECK (score >= 0 AND length(email) > 2))",
    "CREATE TABLE Orders (\"Id\" INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users ON "
    "DELETE CASCADE, total DECIMAL(10,2), twice AS (total * 2) STORED, \"group\" TEXT)",
    "CREATE TABLE lines (order_id INT REFERENCES Orders(Id) DEFERRABLE INITIALLY DEFERRED, pos "
    "INT, sku TEXT, PRIMARY KEY (order_id, pos)) WITHOUT ROWID",
    "CREATE TABLE loose (a, b BOOL, gone INTEGER REFERENCES nowhere(id))",
    "CREATE INDEX users_joined ON users (joined DESC) WHERE active = 1 AND joined IS NOT NULL",
    "CREATE UNIQUE INDEX users_name ON users (name)",
    "CREATE INDEX users_lower ON users (lower(email), score)",
    "CREATE INDEX odd ON users (strftime('%Y', email))",
    "CREATE VIEW paid AS SELECT u.email, count(*) AS n, sum(o.total) AS total FROM users u JOIN "
    "orders AS o ON o.user_id = u.id WHERE u.active = 1 GROUP BY u.email",
    "CREATE VIEW a_paid AS SELECT email FROM paid WHERE n > 0",
    "CREATE VIEW odd_view AS SELECT group_concat(email) FROM users",
    "CREATE TRIGGER t AFTER DELETE ON loose BEGIN DELETE FROM loose; END",
    "INSERT INTO users (id, email, active, joined, name) VALUES (3, 'a@b.c', 1, '2024-01-02 "
    "03:04:05', 'n3'), (9, 'd@e.f', 0, NULL, 'n9')",
    "UPDATE sqlite_sequence SET seq = 40",
    "INSERT INTO Orders (\"Id\", user_id, total) VALUES (1, 3, 19.99)",
    "INSERT INTO lines VALUES (1, 1, 'x')",
    "INSERT INTO loose VALUES (1, 2, NULL), ('x', 0, NULL)",
    NULL,
};

static void open_shop(struct sides *sides)
{
    open_sides(sides);
    in_source(sides, shop);
}

static void assert_columns(const struct sides *sides, const char *table, const char *expected)
{
    char sql[512];

    snprintf(sql, sizeof sql,
             "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN "
             "attnotnull THEN '!' ELSE '' END || attidentity::text || attgenerated::text, ', ' "
             "ORDER BY attnum) "
             "FROM pg_attribute WHERE attnum > 0 AND attrelid = '%s'::regclass",
             table);
    assert_target(sides, sql, expected);
}

static void an_empty_target_gets_tables_that_hold_what_the_source_holds(void **state)
{
    struct sides sides;

    (void)state;
    open_shop(&sides);
    must_copy(&sides);
    assert_columns(&sides, "users",
                   "id bigint!d, email text!, active boolean!, joined timestamp with time zone, "
                   "score double precision, name text, token text");
    assert_columns(
        &sides, "\"Orders\"",
        "Id bigint!d, user_id bigint!, total numeric(10,2), twice double precisions, group text");
    assert_columns(&sides, "lines", "order_id bigint!, pos bigint!, sku text");
    assert_columns(&sides, "loose", "a text, b smallint, gone bigint");
    for (size_t i = 0; i < sides.result->table_count; i++)
        assert_true(sides.result->tables[i].match);
    assert_target(&sides, "SELECT twice::text FROM \"Orders\"", "39.98");
    close_sides(&sides);
}

static void rows_that_come_later_are_treated_as_in_the_source(void **state)
{
    struct sides sides;

    (void)state;
    open_shop(&sides);
    must_copy(&sides);
    assert_target(&sides,
                  "INSERT INTO users (email) VALUES ('new@x') RETURNING concat_ws(' ', id, active, "
                  "score, name, joined = now(), token)",
                  "41 t 0.5 no name t");
    assert_target(&sides, "SELECT n || ' ' || total FROM paid", "1 19.99");
    assert_target(&sides, "SELECT count(*) FROM a_paid", "1");
    assert_target(&sides,
                  "WITH gone AS (DELETE FROM users WHERE id = 9 RETURNING id) SELECT id FROM gone",
                  "9");
    close_sides(&sides);
}

static void keys_indexes_and_checks_are_made(void **state)
{
    struct sides sides;

    (void)state;
    open_shop(&sides);
    must_copy(&sides);
    assert_target(&sides,
                  "SELECT string_agg(pg_get_constraintdef(oid), '; ' ORDER BY conrelid::regclass::"
                  "text, conname) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
                  "PRIMARY KEY (\"Id\"); FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE "
                  "CASCADE; FOREIGN KEY (order_id) REFERENCES \"Orders\"(\"Id\") DEFERRABLE "
                  "INITIALLY DEFERRED; PRIMARY KEY (order_id, pos); CHECK (((score >= (0)::double "
                  "precision) AND (length(email) > 2))); UNIQUE (email); PRIMARY KEY (id)");
    assert_target(&sides,
                  "SELECT string_agg(replace(indexdef, 'public.', ''), '; ' ORDER BY indexname) "
                  "FROM pg_indexes WHERE indexname IN ('users_joined', 'users_name', "
                  "'users_lower')",
                  "CREATE INDEX users_joined ON users USING btree (joined DESC) WHERE ((active = "
                  "true) AND (joined IS NOT NULL)); CREATE INDEX users_lower ON users USING btree "
                  "(lower(email), score); CREATE UNIQUE INDEX users_name ON users USING btree "
                  "(lower(name))");
    assert_target(&sides, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate%'", "0");
    close_sides(&sides);
}

static void what_does_not_translate_is_listed(void **state)
{
    static const char *const kinds[] = {
        "default-left-out", "foreign-key-left-out", "index-left-out",    "index-collation",
        "view-left-out",    "trigger-left-out",     "generated-left-out"};
    struct sides sides;

    (void)state;
    open_shop(&sides);
    IN_SOURCE(&sides, "CREATE TABLE g (a TEXT, b AS (hex(a)))");
    must_copy(&sides);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (problem_of(&sides, kinds[i]) == NULL)
            fail_msg("nothing is said of %s", kinds[i]);
    assert_non_null(strstr(problem_of(&sides, "view-left-out")->message, "group_concat"));
    close_sides(&sides);
}

static void a_dry_run_shows_the_statements_and_makes_nothing(void **state)
{
    struct sides sides;
    bool key_after = false;

    (void)state;
    open_shop(&sides);
    sides.options.mode = HG_COPY_DRY_RUN;
    must_copy(&sides);
    assert_string_equal(sides.result->statements[0].sql,
                        "CREATE TABLE public.lines (order_id bigint NOT NULL, pos bigint NOT NULL, "
                        "sku text)");
    for (size_t i = 0; i < sides.result->statement_count; i++)
        key_after = key_after
                    || (sides.result->statements[i].after
                        && strstr(sides.result->statements[i].sql, "ADD CONSTRAINT lines_pkey"));
    assert_true(key_after);
    assert_target(&sides,
                  "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace", "0");
    close_sides(&sides);
}

static void a_value_that_does_not_fit_leaves_the_target_empty(void **state)
{
    struct sides sides;

    (void)state;
    open_shop(&sides);
    IN_SOURCE(&sides, "UPDATE users SET joined = 'yesterday' WHERE id = 3");
    assert_false(copy_them(&sides));
    assert_non_null(finding_of(&sides, "users", "time-syntax"));
    assert_target(&sides,
                  "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace", "0");
    close_sides(&sides);
}

static void tables_that_are_missing_beside_others_are_made_on_request(void **state)
{
    struct sides sides;

    (void)state;
    open_shop(&sides);
    in_target(&sides,
              "CREATE TABLE users (id bigint PRIMARY KEY, email text, active boolean, joined "
              "timestamptz, score float8, name text, token text)");
    assert_false(copy_them(&sides));
    assert_non_null(problem_of(&sides, "table-missing"));
    sides.options.create = true;
    must_copy(&sides);
    assert_target(&sides, "SELECT count(*) FROM lines JOIN \"Orders\" ON \"Id\" = order_id", "1");
    close_sides(&sides);
}

static void a_rule_says_what_a_column_becomes(void **state)
{
    static const char *const rules[] = {"people.id as integer", ":timestamptz as timestamp",
                                        "people.doc as json", "*.flag as integer",
                                        "people.code as varchar(4) collate \"C\""};
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides,
              "CREATE TABLE people (id INTEGER PRIMARY KEY, born DATETIME DEFAULT "
              "CURRENT_TIMESTAMP, doc JSON, flag BOOLEAN DEFAULT 1, code TEXT)",
              "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people)",
              "INSERT INTO people VALUES (3, '2024-01-02T03:04:05+01:00', '{\"b\":1,\"a\":2}', 1, "
              "'abcd')",
              "INSERT INTO pets VALUES (1, 3)");
    sides.options.rules = rules;
    sides.options.rule_count = sizeof rules / sizeof *rules;
    must_copy(&sides);
    assert_columns(&sides, "people",
                   "id integer!d, born timestamp without time zone, doc json, flag integer, code "
                   "character varying(4)");
    assert_target(&sides, "SELECT born || ' ' || doc || ' ' || flag || ' ' || code FROM people",
                  "2024-01-02 02:04:05 {\"b\":1,\"a\":2} 1 abcd");
    assert_target(&sides, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'", "1");
    assert_non_null(strstr(problem_of(&sides, "type-chosen")->message, "becomes integer instead"));
    in_target(&sides, "TRUNCATE people, pets; ALTER TABLE people ALTER id TYPE bigint");
    must_copy(&sides);
    assert_non_null(strstr(problem_of(&sides, "type-kept")->message, "\"id\" stays bigint"));
    close_sides(&sides);
}

/* What does not fit the narrower type stops the copy as ever. */
static void a_type_that_values_do_not_fit_is_told_like_any_other(void **state)
{
    static const char *const rules[] = {"t.n as smallint"};
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (1), (70000)");
    sides.options.rules = rules;
    sides.options.rule_count = 1;
    assert_false(copy_them(&sides));
    assert_int_equal(finding_of(&sides, "t", "integer-range")->count, 1);
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_target_gets_tables_that_hold_what_the_source_holds),
        cmocka_unit_test(rows_that_come_later_are_treated_as_in_the_source),
        cmocka_unit_test(keys_indexes_and_checks_are_made),
        cmocka_unit_test(what_does_not_translate_is_listed),
        cmocka_unit_test(a_dry_run_shows_the_statements_and_makes_nothing),
        cmocka_unit_test(a_value_that_does_not_fit_leaves_the_target_empty),
        cmocka_unit_test(tables_that_are_missing_beside_others_are_made_on_request),
        cmocka_unit_test(a_rule_says_what_a_column_becomes),
        cmocka_unit_test(a_type_that_values_do_not_fit_is_told_like_any_other),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
