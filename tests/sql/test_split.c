/*
 * test_split.c - where statements end, for both engines, and where each of them stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sql/head.h"
#include "sql/split.h"

#define PG   HG_POSTGRESQL
#define LITE HG_SQLITE

/* The statements of a text, each followed by |; a fault ends them with its place and message. */
static const char *split(hg_driver dialect, const char *text)
{
    static char out[4096];
    struct split s;
    struct split_statement statement;
    enum split_answer answer;
    hg_error err = {0};
    size_t n = 0;

    out[0] = '\0';
    split_init(&s, dialect, text, strlen(text), 0, 1);
    while ((answer = split_next(&s, &statement, &err)) == SPLIT_STATEMENT)
        n += (size_t)snprintf(out + n, sizeof out - n, "%.*s|", (int)statement.size,
                              text + statement.offset);
    if (answer == SPLIT_FAULT)
        snprintf(out + n, sizeof out - n, "%d:%d %s", err.line, err.column, err.message);
    return out;
}

static void each_case_splits_as_its_engine_reads_it(void **state)
{
    /* clang-format off */
    static const struct {
        hg_driver dialect;
        const char *text, *statements;
    } cases[] = {
        {PG, "", ""},
        {PG, " ;; -- nothing\n ; /* here */ ", ""},
        {PG, "SELECT 1", "SELECT 1|"},
        {PG, "SELECT 1; SELECT 2 ;", "SELECT 1|SELECT 2|"},
        {PG, "SELECT ';'; SELECT 'it''s;'", "SELECT ';'|SELECT 'it''s;'|"},
        {PG, "SELECT E'\\';'; SELECT 2", "SELECT E'\\';'|SELECT 2|"},
        {PG, "SELECT e'a\\\\'; SELECT 2", "SELECT e'a\\\\'|SELECT 2|"},
        {PG, "SELECT E'a'\n  '\\';b'; SELECT 2", "SELECT E'a'\n  '\\';b'|SELECT 2|"},
        {PG, "SELECT E'a' -- c\n'\\';b'; SELECT 2", "SELECT E'a' -- c\n'\\';b'|SELECT 2|"},
        {PG, "SELECT '\\'; SELECT 2", "SELECT '\\'|SELECT 2|"},
        {PG, "SELECT nameE'\\'; SELECT 2", "SELECT nameE'\\'|SELECT 2|"},
        {PG, "SELECT U&'d\\0061;' UESCAPE '!'; SELECT 2", "SELECT U&'d\\0061;' UESCAPE '!'|SELECT 2|"},
        {PG, "SELECT U&\"d;\\0061\"; SELECT 2", "SELECT U&\"d;\\0061\"|SELECT 2|"},
        {PG, "SELECT \"a;\"\"b\"; SELECT 2", "SELECT \"a;\"\"b\"|SELECT 2|"},
        {PG, "SELECT $$;$$; SELECT 2", "SELECT $$;$$|SELECT 2|"},
        {PG, "SELECT $a$ $b$ ; $$ $a$; SELECT 2", "SELECT $a$ $b$ ; $$ $a$|SELECT 2|"},
        {PG, "SELECT $1; SELECT a$b$; SELECT $b$;$b$", "SELECT $1|SELECT a$b$|SELECT $b$;$b$|"},
        {PG, "SELECT 1 /* ; /* nested ; */ ; */ + 1; SELECT 2", "SELECT 1 /* ; /* nested ; */ ; */ + 1|SELECT 2|"},
        {PG, "SELECT 1 -- ;\n+ 1; SELECT 2", "SELECT 1 -- ;\n+ 1|SELECT 2|"},
        {PG, "SELECT a[1]; SELECT '['; SELECT 2", "SELECT a[1]|SELECT '['|SELECT 2|"},
        {PG, "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
             "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)|SELECT 3|"},
        {PG, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 3",
             "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END|SELECT 3|"},
        {PG, "create or replace procedure p() begin atomic select 1; end; select 2",
             "create or replace procedure p() begin atomic select 1; end|select 2|"},
        {PG, "BEGIN; SELECT 1; END; SELECT 2", "BEGIN|SELECT 1|END|SELECT 2|"},
        {PG, "CREATE TABLE atomic (begin int); SELECT 2", "CREATE TABLE atomic (begin int)|SELECT 2|"},
        {PG, "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT 2",
             "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'|SELECT 2|"},
        {PG, "COPY t (a, b) FROM stdin;\n1\t'\n;\t$$\n\\.\nSELECT 2;", "COPY t (a, b) FROM stdin|SELECT 2|"},
        {PG, "COPY t FROM STDIN WITH (FORMAT csv);\r\n1\r\n\\.\r\nSELECT 2;", "COPY t FROM STDIN WITH (FORMAT csv)|SELECT 2|"},
        {PG, "COPY (SELECT a FROM stdin) TO '/dev/null'; SELECT 2", "COPY (SELECT a FROM stdin) TO '/dev/null'|SELECT 2|"},
        {PG, "COPY t FROM stdin;\n1\n", "1:19 the rows of COPY ... FROM stdin are not closed by a line \\."},
        {PG, "SELECT 1;\n  \\i other.sql\n", "SELECT 1|2:3 a command of psql cannot run here"},
        {PG, "SELECT 'a", "1:8 the string that begins here is not closed"},
        {PG, "SELECT\n\"a", "2:1 the quoted name that begins here is not closed"},
        {PG, "SELECT 1; /* /* */", "SELECT 1|1:11 the comment that begins here is not closed"},
        {PG, "DO $x$ $$ $y$", "1:4 the dollar-quoted body that begins here is not closed"},
        {PG, "SELECT '\xC3\xA9', E'\\", "1:13 the string that begins here is not closed"},

        {LITE, "SELECT 1; SELECT 2 ;", "SELECT 1|SELECT 2|"},
        {LITE, "SELECT '\\'; SELECT E'\\'; SELECT 3", "SELECT '\\'|SELECT E'\\'|SELECT 3|"},
        {LITE, "SELECT [a;b], `c;``d`, \"e;\"; SELECT 2", "SELECT [a;b], `c;``d`, \"e;\"|SELECT 2|"},
        {LITE, "SELECT 1 /* ; /* ; */ + 1; SELECT 2", "SELECT 1 /* ; /* ; */ + 1|SELECT 2|"},
        {LITE, "SELECT $$; SELECT $a$; SELECT 2", "SELECT $$|SELECT $a$|SELECT 2|"},
        {LITE, "SELECT (1; SELECT 2", "SELECT (1|SELECT 2|"},
        {LITE, "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; UPDATE b SET c = CASE WHEN 1 THEN 2 END; END; SELECT 3",
               "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; UPDATE b SET c = CASE WHEN 1 THEN 2 END; END|SELECT 3|"},
        {LITE, "create temp trigger t begin select 1; /* x */ end -- y\n; select 3",
               "create temp trigger t begin select 1; /* x */ end|select 3|"},
        {LITE, "CREATE TABLE trigger_log (a); CREATE TABLE t (trigger, x);", "CREATE TABLE trigger_log (a)|CREATE TABLE t (trigger, x)|"},
        {LITE, ".read other.sql", "1:1 a command of the sqlite3 shell cannot run here"},
        {LITE, "SELECT [a", "1:8 the quoted name that begins here is not closed"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(split(cases[i].dialect, cases[i].text), cases[i].statements);
}

static void a_statement_knows_its_line_and_column(void **state)
{
    const char *text = "SELECT 1;\n\n /* \xC3\xA9 */ SELECT\n 2; SELECT 3";
    struct split s;
    struct split_statement second, third;

    (void)state;
    split_init(&s, HG_POSTGRESQL, text, strlen(text), 0, 10);
    assert_int_equal(split_next(&s, &second, NULL), SPLIT_STATEMENT);
    assert_int_equal(split_next(&s, &second, NULL), SPLIT_STATEMENT);
    assert_int_equal(split_next(&s, &third, NULL), SPLIT_STATEMENT);
    assert_int_equal(split_next(&s, &third, NULL), SPLIT_END);
    assert_int_equal(second.line, 12);
    assert_int_equal(second.column, 10);
    assert_int_equal(third.line, 13);
    assert_int_equal(third.column, 5);
}

static void the_rows_of_a_copy_are_found(void **state)
{
    const char *text = "COPY t FROM stdin; -- rows\n1\ta\n2\tb\n\\.\n";
    struct split s;
    struct split_statement copy;

    (void)state;
    split_init(&s, HG_POSTGRESQL, text, strlen(text), 0, 1);
    assert_int_equal(split_next(&s, &copy, NULL), SPLIT_STATEMENT);
    assert_int_equal(head_kind(HG_POSTGRESQL, text, &copy), HEAD_COPY_ROWS);
    assert_int_equal(copy.rows_size, strlen("1\ta\n2\tb\n"));
    assert_memory_equal(text + copy.rows_offset, "1\ta\n2\tb\n", copy.rows_size);
}

/* Whoever reads them piece by piece has them once, and the statement has them whole. */
static void many_rows_of_a_copy_come_in_pieces(void **state)
{
    enum { ROWS = 5 * SPLIT_ROWS / 16 };
    const char head[] = "COPY t FROM stdin;\n", tail[] = "\\.\nSELECT 1;";
    size_t size = strlen(head) + 8 * ROWS + strlen(tail), seen = 0;
    char *text = malloc(size + 1), *at = text + sprintf(text, "%s", head);
    struct split s;
    struct split_token t = {.kind = LEX_SPACE};
    struct split_statement copy, after;
    int pieces = 0;

    (void)state;
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%07d\n", i);
    strcpy(at, tail);
    split_init(&s, HG_POSTGRESQL, text, size, 0, 1);
    while (split_token(&s, &t, NULL) && t.kind != LEX_END) {
        pieces += t.rows;
        if (!t.rows)
            continue;
        assert_true(seen == 0 || t.offset == seen);
        assert_true(t.size <= SPLIT_ROWS + 8);
        seen = t.offset + t.size;
    }
    assert_int_equal(pieces, 3);
    assert_int_equal(s.line, ROWS + 3);

    split_init(&s, HG_POSTGRESQL, text, size, 0, 1);
    assert_int_equal(split_next(&s, &copy, NULL), SPLIT_STATEMENT);
    assert_int_equal(copy.rows_offset, strlen(head));
    assert_int_equal(copy.rows_size, 8 * ROWS);
    assert_int_equal(split_next(&s, &after, NULL), SPLIT_STATEMENT);
    assert_memory_equal(text + after.offset, "SELECT 1", after.size);
    assert_int_equal(after.line, ROWS + 3);

    memset(text + size - strlen(tail), ' ', 2);
    split_init(&s, HG_POSTGRESQL, text, size, 0, 1);
    {
        hg_error err = {0};

        assert_int_equal(split_next(&s, &copy, &err), SPLIT_FAULT);
        assert_int_equal(err.line, 1); /* where they begin, not where the last piece does */
    }
    free(text);
}

static void the_first_words_say_how_a_statement_may_run(void **state)
{
    /* clang-format off */
    static const struct {
        hg_driver dialect;
        const char *text;
        enum head_kind kind;
    } cases[] = {
        {PG,   "CREATE TABLE begin_at (a int)",                  HEAD_PLAIN},
        {PG,   "/* c */ begin",                                  HEAD_BEGIN},
        {PG,   "Start Transaction ISOLATION LEVEL SERIALIZABLE", HEAD_BEGIN},
        {LITE, "BEGIN IMMEDIATE",                                HEAD_BEGIN},
        {LITE, "END TRANSACTION",                                HEAD_FINISH},
        {PG,   "COMMIT PREPARED 'a'",                            HEAD_FINISH},
        {PG,   "ROLLBACK",                                       HEAD_FINISH},
        {PG,   "ROLLBACK TO SAVEPOINT a",                        HEAD_PLAIN},
        {LITE, "ROLLBACK TRANSACTION TO a",                      HEAD_PLAIN},
        {PG,   "PREPARE a AS SELECT 1",                          HEAD_PLAIN},
        {PG,   "PREPARE TRANSACTION 'a'",                        HEAD_FINISH},
        {PG,   "create unique index concurrently i on t (a)",    HEAD_ALONE},
        {PG,   "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",  HEAD_ALONE},
        {PG,   "REFRESH MATERIALIZED VIEW CONCURRENTLY v",       HEAD_PLAIN},
        {PG,   "SELECT 'concurrently'",                          HEAD_PLAIN},
        {PG,   "VACUUM (ANALYZE) t",                             HEAD_ALONE},
        {PG,   "DO $$ BEGIN END $$",                             HEAD_CALL},
        {LITE, "PRAGMA foreign_keys = off",                      HEAD_SESSION},
        {PG,   "SET LOCAL search_path TO a",                     HEAD_SESSION},
        {LITE, "DO SOMETHING",                                   HEAD_PLAIN},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct split s;
        struct split_statement statement;

        split_init(&s, cases[i].dialect, cases[i].text, strlen(cases[i].text), 0, 1);
        assert_int_equal(split_next(&s, &statement, NULL), SPLIT_STATEMENT);
        if (head_kind(cases[i].dialect, cases[i].text, &statement) != cases[i].kind)
            fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_splits_as_its_engine_reads_it),
        cmocka_unit_test(a_statement_knows_its_line_and_column),
        cmocka_unit_test(the_rows_of_a_copy_are_found),
        cmocka_unit_test(many_rows_of_a_copy_come_in_pieces),
        cmocka_unit_test(the_first_words_say_how_a_statement_may_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
