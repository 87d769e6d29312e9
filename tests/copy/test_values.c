/*
 * test_values.c - value by value: what SQLite stores, what PostgreSQL holds afterwards, or the rule
 * that the value breaks.
 */
#include "copying.h"

// clang-format off
static const struct value {
    const char *stored;   /* as SQL of SQLite */
    const char *type;     /* of the target's column */
    const char *arrives;  /* as the server writes it; NULL: it does not fit */
    const char *rule;     /* that it breaks, or is counted under; NULL: none */
} values[] = {
    /* whole numbers */
    {"0",                        "bigint",        "0", NULL},
    {"9223372036854775807",      "bigint",        "9223372036854775807", NULL},
    {"-9223372036854775808",     "bigint",        "-9223372036854775808", NULL},
    {"'42'",                     "bigint",        "42", "text-as-number"},
    {"'+007'",                   "bigint",        "7", "text-as-number"},
    {"'-9223372036854775808'",   "bigint",        "-9223372036854775808", "text-as-number"},
    {"'9223372036854775808'",    "bigint",        NULL, "integer-text"},
    {"''",                       "bigint",        NULL, "integer-text"},
    {"' 1'",                     "bigint",        NULL, "integer-text"},
    {"'x'",                      "bigint",        NULL, "integer-text"},
    {"12.0",                     "bigint",        "12", "real-as-integer"},
    {"12.5",                     "bigint",        NULL, "integer-fraction"},
    {"1e300",                    "bigint",        NULL, "integer-fraction"},
    {"9e999",                    "bigint",        NULL, "integer-fraction"},
    {"x'31'",                    "bigint",        NULL, "integer-blob"},
    {"2147483647",               "integer",       "2147483647", NULL},
    {"2147483648",               "integer",       NULL, "integer-range"},
    {"-2147483649",              "integer",       NULL, "integer-range"},
    {"32767",                    "smallint",      "32767", NULL},
    {"-32769",                   "smallint",      NULL, "integer-range"},
    /* truth */
    {"0",                        "boolean",       "false", NULL},
    {"1",                        "boolean",       "true", NULL},
    {"'TRUE'",                   "boolean",       "true", "text-as-boolean"},
    {"'false'",                  "boolean",       "false", "text-as-boolean"},
    {"2",                        "boolean",       NULL, "boolean-number"},
    {"-1",                       "boolean",       NULL, "boolean-number"},
    {"''",                       "boolean",       NULL, "boolean-text"},
    {"'yes'",                    "boolean",       NULL, "boolean-text"},
    /* floating point */
    {"0.1",                      "double precision", "0.1", NULL},
    {"4.9e-324",                 "double precision", "5e-324", NULL},
    {"1.7976931348623157e308",   "double precision", "1.7976931348623157e+308", NULL},
    {"9e999",                    "double precision", "Infinity", NULL},
    {"-9e999",                   "double precision", "-Infinity", NULL},
    {"51.50732486",              "double precision", "51.50732486", NULL},
    {"9007199254740992",         "double precision", "9.007199254740992e+15", NULL},
    {"9007199254740993",         "double precision", NULL, "real-inexact"},
    {"'1.5'",                    "double precision", NULL, "real-text"},
    {"x'00'",                    "double precision", NULL, "real-blob"},
    {"0.5",                      "real",          "0.5", NULL},
    {"51.50732486",              "real",          NULL, "real-inexact"},
    {"1e39",                     "real",          NULL, "real-inexact"},
    /* decimal numbers */
    {"19.99",                    "numeric(10,2)", "19.99", NULL},
    {"-0.01",                    "numeric(10,2)", "-0.01", NULL},
    {"100",                      "numeric(10,2)", "100.00", NULL},
    {"0",                        "numeric(10,2)", "0.00", NULL},
    {"12345678.9",               "numeric(10,2)", "12345678.90", NULL},
    {"99999999.99",              "numeric(10,2)", "99999999.99", NULL},
    {"100000000",                "numeric(10,2)", NULL, "numeric-precision"},
    {"0.005",                    "numeric(10,2)", NULL, "numeric-scale"},
    {"0.1 + 0.2",                "numeric(10,2)", NULL, "numeric-scale"},
    {"'12.30'",                  "numeric(10,2)", "12.30", "text-as-number"},
    {"'1e3'",                    "numeric(10,2)", "1000.00", "text-as-number"},
    {"'12,30'",                  "numeric(10,2)", NULL, "numeric-text"},
    {"''",                       "numeric(10,2)", NULL, "numeric-text"},
    {"9e999",                    "numeric(10,2)", NULL, "numeric-infinite"},
    {"x'00'",                    "numeric",       NULL, "numeric-blob"},
    {"0.1",                      "numeric",       "0.1", NULL},
    {"1e20",                     "numeric",       "100000000000000000000", NULL},
    {"1e-7",                     "numeric",       "0.0000001", NULL},
    {"123456789.123456789",      "numeric",       "123456789.12345679", NULL},
    {"9223372036854775807",      "numeric",       "9223372036854775807", NULL},
    {"'123456789012345678901234567890.5'", "numeric", "123456789012345678901234567890.5", "text-as-number"},
    {"10000",                    "numeric",       "10000", NULL},
    {"100000000",                "numeric(20,4)", "100000000.0000", NULL},
    {"0.0001",                   "numeric(20,4)", "0.0001", NULL},
    /* texts */
    {"'caf\xc3\xa9'",            "text",          "caf\xc3\xa9", NULL},
    {"''",                       "text",          "", NULL},
    {"'\xf0\x9f\x98\x80'",       "text",          "\xf0\x9f\x98\x80", NULL},
    {"7",                        "text",          "7", "number-as-text"},
    {"1.0",                      "text",          "1.0", "number-as-text"},
    {"CAST(x'ff' AS TEXT)",      "text",          NULL, "text-utf8"},
    {"CAST(x'eda080' AS TEXT)",  "text",          NULL, "text-utf8"},
    {"CAST(x'410042' AS TEXT)",  "text",          NULL, "text-nul"},
    {"x'41'",                    "text",          NULL, "text-blob"},
    {"'12345'",                  "varchar(5)",    "12345", NULL},
    {"'\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9'", "varchar(5)", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", NULL},
    {"'123456'",                 "varchar(5)",    NULL, "text-length"},
    {"'ab'",                     "char(4)",       "ab", NULL},
    {"'abcde'",                  "char(4)",       NULL, "text-length"},
    /* bytes */
    {"x'00ff'",                  "bytea",         "\\x00ff", NULL},
    {"x''",                      "bytea",         "\\x", NULL},
    {"'ab'",                     "bytea",         "\\x6162", "text-as-bytes"},
    {"1",                        "bytea",         NULL, "bytes-number"},
    /* dates and times */
    {"'2024-02-29'",             "date",          "2024-02-29", NULL},
    {"'2023-02-29'",             "date",          NULL, "time-range"},
    {"'1900-02-29'",             "date",          NULL, "time-range"},
    {"'2024-02-29 00:00:00'",    "date",          "2024-02-29", NULL},
    {"'2024-02-29 10:00:00'",    "date",          NULL, "date-time-part"},
    {"'02/29/2024'",             "date",          NULL, "time-syntax"},
    {"'today'",                  "date",          NULL, "time-syntax"},
    {"'infinity'",               "date",          NULL, "time-syntax"},
    {"'0000-00-00'",             "date",          NULL, "time-range"},
    {"''",                       "date",          NULL, "time-syntax"},
    {"19782",                    "date",          NULL, "time-number"},
    {"x'00'",                    "date",          NULL, "time-blob"},
    {"'0001-01-01'",             "date",          "0001-01-01", NULL},
    {"'9999-12-31'",             "date",          "9999-12-31", NULL},
    {"'2024-02-29T10:11:12Z'",   "timestamptz",   "2024-02-29 10:11:12+00", NULL},
    {"'2024-02-29 10:11'",       "timestamptz",   "2024-02-29 10:11:00+00", NULL},
    {"'2024-02-29 10:11:12.5+02:00'", "timestamptz", "2024-02-29 08:11:12.5+00", NULL},
    {"'2024-02-29 10:11:12-0130'", "timestamptz", "2024-02-29 11:41:12+00", NULL},
    {"'1969-12-31 23:59:59.999999'", "timestamptz", "1969-12-31 23:59:59.999999+00", NULL},
    {"'2024-02-29 10:11:12.1234567'", "timestamptz", "2024-02-29 10:11:12.123457+00", "fraction-rounded"},
    {"'2024-12-31 23:59:59.9999999'", "timestamptz", "2025-01-01 00:00:00+00", "fraction-rounded"},
    {"'2024-02-29 24:00:00'",    "timestamptz",   NULL, "time-range"},
    {"'2024-02-29 23:59:60'",    "timestamptz",   NULL, "time-range"},
    {"'now'",                    "timestamptz",   NULL, "time-syntax"},
    {"'2024-02-29 10'",          "timestamptz",   NULL, "time-syntax"},
    {"1700000000",               "timestamptz",   NULL, "time-number"},
    {"2460370.5",                "timestamptz",   NULL, "time-number"},
    {"'2024-02-29 10:11:12'",    "timestamp",     "2024-02-29 10:11:12", NULL},
    {"'2024-02-29 10:11:12+01'", "timestamp",     "2024-02-29 09:11:12", "zone-to-utc"},
    {"'2024-02-29 10:11:12.5'",  "timestamp(0)",  NULL, "time-precision"},
    {"'10:11:12.25'",            "time",          "10:11:12.25", NULL},
    {"'10:11'",                  "time",          "10:11:00", NULL},
    {"'25:00'",                  "time",          NULL, "time-range"},
    {"'10:11:12Z'",              "time",          NULL, "time-syntax"},
    /* UUIDs */
    {"'{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}'", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL},
    {"'a0eebc999c0b4ef8bb6d6bb9bd380a11'", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL},
    {"'a0eebc99'",               "uuid",          NULL, "uuid-syntax"},
    {"x'a0eebc999c0b4ef8bb6d6bb9bd380a11'", "uuid", NULL, "uuid-blob"},
    {"1",                        "uuid",          NULL, "uuid-number"},
    /* JSON */
    {"'{\"b\": 1, \"a\": [1.50, true, null]}'", "jsonb", "{\"a\": [1.50, true, null], \"b\": 1}", NULL},
    {"'{\"aa\":1,\"b\":2,\"b\":3}'", "jsonb",     "{\"b\": 3, \"aa\": 1}", NULL},
    {"'\"\\u00e9\\n\"'",         "jsonb",         "\"\xc3\xa9\\n\"", NULL},
    {"'[1e2, -0.0, 1E-3]'",      "jsonb",         "[100, 0.0, 0.001]", NULL},
    {"'\"\\u0000\"'",            "jsonb",         NULL, "json-nul"},
    {"'\"\\ud83d\"'",            "jsonb",         NULL, "json-nul"},
    {"'{'",                      "jsonb",         NULL, "json-syntax"},
    {"''",                       "jsonb",         NULL, "json-syntax"},
    {"'NaN'",                    "jsonb",         NULL, "json-syntax"},
    {"'{\"a\": 1,}'",            "jsonb",         NULL, "json-syntax"},
    {"x'7b7d'",                  "jsonb",         NULL, "json-blob"},
    {"5",                        "jsonb",         "5", "number-as-text"},
    {"'{ \"b\" : 1 }'",          "json",          "{ \"b\" : 1 }", NULL},
    {"'\"\\u0000\"'",            "json",          "\"\\u0000\"", NULL},
    {"'{\"a\" 1}'",              "json",          NULL, "json-syntax"},
    /* labels, and a domain over a type that is known */
    {"'sad'",                    "mood",          "sad", NULL},
    {"'angry'",                  "mood",          NULL, "enum-label"},
    {"5",                        "positive",      "5", NULL},
    {"NULL",                     "text",          "(null)", NULL},
    {"NULL",                     "text NOT NULL", NULL, "not-null"},
    {"NULL",                     "jsonb",         "(null)", NULL},
};
// clang-format on

enum { VALUES = sizeof values / sizeof *values };

static struct sides sides;

/* A table for each value: v1, v2, ... */
static void make_tables(void)
{
    struct buf here = BUF_INIT(1 << 20);
    hg_pool *pool = open_side(source_url(&sides), false, false);
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    buf_text(&here, "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); "
                    "CREATE DOMAIN positive AS integer CHECK (value > 0);");
    assert_true(hg_pool_checkout(pool, "test", soon(), &conn, &err));
    for (size_t i = 0; i < VALUES; i++) {
        char sql[400];

        snprintf(sql, sizeof sql, "CREATE TABLE v%zu AS SELECT %s AS v", i, values[i].stored);
        if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
            fail_msg("%s: %s", sql, err.message);
        buf_printf(&here, "CREATE TABLE v%zu (v %s);", i, values[i].type);
    }
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
    in_target(&sides, here.bytes);
    buf_release(&here);
}

static int setup(void **state)
{
    (void)state;
    postgres_start();
    open_sides(&sides);
    make_tables();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close_sides(&sides);
    return 0;
}

static void check_finding(size_t i)
{
    const struct value *value = &values[i];
    const hg_copy_finding *finding;
    char table[16];
    int found = 0;

    snprintf(table, sizeof table, "v%zu", i);
    for (size_t j = 0; j < sides.result->finding_count; j++) {
        finding = &sides.result->findings[j];
        if (strcmp(finding->table, table) != 0)
            continue;
        found++;
        if (value->rule == NULL || strcmp(finding->rule, value->rule) != 0
            || finding->fits != (value->arrives != NULL))
            fail_msg("%s as %s: %s", value->stored, value->type, finding->rule);
    }
    if (found != (value->rule != NULL))
        fail_msg("%s as %s: %s was not noticed", value->stored, value->type, value->rule);
}

static void every_value_fits_or_breaks_the_rule_that_it_should(void **state)
{
    (void)state;
    sides.options.mode = HG_COPY_DRY_RUN;
    assert_false(copy_them(&sides));
    assert_int_equal(sides.err.code, HG_FAILED);
    for (size_t i = 0; i < VALUES; i++)
        check_finding(i);
}

static void every_value_that_fits_arrives_as_it_is(void **state)
{
    static char names[VALUES][16];
    const char *tables[VALUES];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < VALUES; i++)
        if (values[i].arrives != NULL) {
            snprintf(names[count], sizeof names[count], "v%zu", i);
            tables[count] = names[count];
            count++;
        }
    sides.options.mode = HG_COPY_RUN;
    sides.options.tables = tables;
    sides.options.table_count = count;
    must_copy(&sides);
    for (size_t i = 0; i < VALUES; i++) {
        char sql[200];

        if (values[i].arrives == NULL)
            continue;
        snprintf(sql, sizeof sql,
                 "SELECT coalesce(v::text, '(null)') FROM v%zu, set_config('timezone', 'UTC', "
                 "false)",
                 i);
        assert_target(&sides, sql, values[i].arrives);
    }
    for (size_t i = 0; i < sides.result->table_count; i++)
        assert_true(sides.result->tables[i].compared && sides.result->tables[i].match);
}

/* --- large ones --- */

static void open_large(struct sides *both)
{
    open_sides(both);
    IN_SOURCE(both, "CREATE TABLE docs (id INTEGER PRIMARY KEY, name TEXT, body BLOB, note TEXT)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT "
              "INTO docs SELECT i, 'doc ' || i, randomblob(i * 1000), NULL FROM n",
              "UPDATE docs SET body = randomblob(5000000) WHERE id IN (1, 20, 21, 50)",
              "UPDATE docs SET note = replace(hex(zeroblob(1500000)), '0', 'a') WHERE id = 30");
}

static void a_value_larger_than_any_buffer_goes_over(void **state)
{
    struct sides large;

    (void)state;
    open_large(&large);
    must_copy(&large);
    assert_true(large.result->tables[0].match);
    assert_target(&large, "SELECT sum(length(body)) || ' ' || max(length(note)) FROM docs",
                  "21183000 3000000");
    close_sides(&large);
}

static void a_value_that_is_too_large_is_told_without_being_read(void **state)
{
    static const char *const rules[] = {"docs.body null", "docs.note@value-size reject"};
    const hg_copy_finding *finding;
    struct sides large;

    (void)state;
    open_large(&large);
    large.options.largest_value = 1 << 20;
    assert_false(copy_them(&large));
    assert_int_equal(large.result->finding_count, 2);
    finding = finding_of(&large, "docs", "value-size");
    assert_int_equal(finding->count, 4);
    assert_string_equal(finding->column, "body");
    assert_int_equal(finding->samples[1].rowid, 20);
    assert_string_equal(finding->samples[1].storage, "large");
    assert_string_equal(finding->samples[1].value, "5000000 bytes");
    assert_non_null(strstr(large.err.hint, "--max-value"));
    large.options.rules = rules;
    large.options.rule_count = 2;
    must_copy(&large);
    assert_target(&large,
                  "SELECT string_agg(id::text, ' ' ORDER BY id) FROM docs WHERE body IS NULL",
                  "1 20 21 50");
    assert_target(&large, "SELECT count(*) FROM docs", "49");
    close_sides(&large);
}

/* Also the first, the last and one after the other; in whichever order SQLite keeps the rows. */
static void without_rowids_such_a_value_is_told_and_gone_around_as_well(void **state)
{
    static const char *const rules[] = {"docs.body null", "docs.note reject"};
    const hg_copy_finding *finding;
    struct sides large;

    (void)state;
    open_sides(&large);
    IN_SOURCE(&large,
              "CREATE TABLE docs (a TEXT COLLATE NOCASE, n INTEGER, body BLOB, note TEXT, PRIMARY "
              "KEY (a, n DESC)) WITHOUT ROWID",
              "CREATE INDEX others ON docs (n, a, note, body)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT "
              "INTO docs SELECT CASE WHEN i % 2 THEN 'K' ELSE 'k' END, i, zeroblob(i), 'x' FROM n",
              "UPDATE docs SET body = zeroblob(3000000 + n) WHERE n IN (1, 19, 20, 40)",
              "UPDATE docs SET note = hex(zeroblob(1000000)) WHERE n = 30");
    large.options.largest_value = 1 << 20;
    assert_false(copy_them(&large));
    assert_int_equal(large.result->finding_count, 2);
    finding = finding_of(&large, "docs", "value-size");
    assert_string_equal(finding->column, "body");
    assert_int_equal(finding->count, 4);
    assert_string_equal(finding->samples[0].key, "k, 40");
    assert_string_equal(finding->samples[0].value, "3000040 bytes");
    assert_string_equal(large.result->findings[1].samples[0].key, "k, 30");
    assert_target(&large, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "0");
    large.options.rules = rules;
    large.options.rule_count = 2;
    must_copy(&large);
    assert_true(large.result->tables[0].match);
    assert_target(&large,
                  "SELECT count(*) || ' ' || sum(length(body)) || ' ' || string_agg(n::text, ' ' "
                  "ORDER BY n) FILTER (WHERE body IS NULL) FROM docs",
                  "39 710 1 19 20 40");
    close_sides(&large);
}

static void in_a_virtual_table_it_ends_the_copy(void **state)
{
    struct sides large;

    (void)state;
    open_sides(&large);
    IN_SOURCE(&large, "CREATE VIRTUAL TABLE docs USING fts5(body)",
              "INSERT INTO docs VALUES ('a'), (hex(zeroblob(1000000))), ('b')");
    in_target(&large, "CREATE TABLE docs (body text)");
    large.options.largest_value = 1 << 20;
    assert_false(copy_them(&large));
    assert_string_equal(large.err.message, "table \"docs\": row 2 holds a value of more than 1 MB");
    assert_non_null(strstr(large.err.hint, "--max-value"));
    assert_target(&large, "SELECT count(*) FROM docs", "0");
    close_sides(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_fits_or_breaks_the_rule_that_it_should),
        cmocka_unit_test(every_value_that_fits_arrives_as_it_is),
        cmocka_unit_test(a_value_larger_than_any_buffer_goes_over),
        cmocka_unit_test(a_value_that_is_too_large_is_told_without_being_read),
        cmocka_unit_test(without_rowids_such_a_value_is_told_and_gone_around_as_well),
        cmocka_unit_test(in_a_virtual_table_it_ends_the_copy),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
