/*
 * test_classify.c - what a statement is taken for: its forms, its tables, what it makes and drops;
 * and that the tables of forms and hazards are whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sql/classify.h"
#include "sql/hazard.h"

#define PG   HG_POSTGRESQL
#define LITE HG_SQLITE

static const char *effect_name(enum class_effect_kind kind)
{
    static const char *const names[] = {"+", "+?", "-", "="};

    return names[kind];
}

/* "form table/other; ... | +made -dropped =old>new", with ~ in front when read by words alone. */
static const char *taken_for(hg_driver dialect, const char *sql)
{
    static char out[2048];
    struct arena arena = ARENA_INIT;
    struct classified c;
    size_t n = 0;

    assert_true(classify(&arena, dialect, sql, strlen(sql), &c, NULL));
    out[0] = '\0';
    if (c.how != CLASSIFY_TREE)
        n += (size_t)snprintf(out, sizeof out, "~");
    for (size_t i = 0; i < c.use_count; i++) {
        const struct form *form = form_at(c.uses[i].form, 3999999);

        form = form == NULL ? form_at(c.uses[i].form, 0) : form;
        assert_non_null(form);
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s %s%s%s", i == 0 ? "" : "; ",
                              form->text, c.uses[i].table, c.uses[i].other[0] == '\0' ? "" : "/",
                              c.uses[i].other);
    }
    for (size_t i = 0; i < c.effect_count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, " %s%s%s%s", effect_name(c.effects[i].kind),
                              c.effects[i].name, c.effects[i].to[0] == '\0' ? "" : ">",
                              c.effects[i].to);
    arena_release(&arena);
    return out;
}

static void each_statement_is_taken_for_what_it_is(void **state)
{
    /* clang-format off */
    static const struct {
        hg_driver dialect;
        const char *sql, *taken_for;
    } cases[] = {
        {PG, "CREATE TABLE s.t (a int REFERENCES p)", "CREATE TABLE ; CREATE TABLE ... REFERENCES /p +s.t"},
        {PG, "CREATE TABLE IF NOT EXISTS \"T x\" ()", "CREATE TABLE  +?T x"},
        {PG, "DROP TABLE a, s.b", "DROP TABLE a; DROP TABLE s.b -a -s.b"},
        {PG, "ALTER TABLE a RENAME TO b", "ALTER TABLE ... RENAME TO a =a>b"},
        {PG, "ALTER TABLE ONLY s.t ADD a int, DROP b CASCADE",
             "ALTER TABLE ... ADD COLUMN s.t; ALTER TABLE ... DROP COLUMN s.t; DROP ... CASCADE "},
        {PG, "INSERT INTO t WITH u AS (SELECT * FROM v) SELECT * FROM u JOIN w USING (x)", "INSERT t; SELECT w; SELECT v"},
        {PG, "CREATE INDEX i ON t (a)", "CREATE INDEX t +i"},
        {PG, "REINDEX (CONCURRENTLY FALSE) TABLE t", "REINDEX t"},
        {PG, "ALTER TABLE t ADD COLUMN s text DEFAULT lower('A' || now()::text)",
             "ALTER TABLE ... ADD COLUMN ... DEFAULT constant t"},
        {PG, "ALTER TABLE t ADD COLUMN s text DEFAULT lower(random()::text)",
             "ALTER TABLE ... ADD COLUMN ... DEFAULT volatile t"},
        /* newer than the grammar */
        {PG, "ALTER TABLE t ADD c int GENERATED ALWAYS AS (a * 2) VIRTUAL", "~ALTER TABLE ... ADD COLUMN ... GENERATED VIRTUAL t"},
        {PG, "ALTER TABLE t ALTER c SET EXPRESSION AS (a * 3)", "~ALTER TABLE ... ALTER COLUMN ... SET EXPRESSION t"},
        {PG, "CREATE TABLE IF NOT EXISTS s.t (a int GENERATED ALWAYS AS (1) VIRTUAL)", "~CREATE TABLE  +?s.t"},
        {PG, "ALTER TABLE s.\"T\" FROBNICATE", "~ALTER TABLE s.T"},
        {PG, "FROBNICATE t", "~not understood "},
        {PG, "", "~not understood "},

        {LITE, "create table if not exists [a b](x)", "CREATE TABLE  +?a b"},
        {LITE, "CREATE TABLE n AS SELECT * FROM t", "CREATE TABLE AS  +n"},
        {LITE, "CREATE UNIQUE INDEX IF NOT EXISTS i ON main.t(a)", "CREATE INDEX main.t +?i"},
        {LITE, "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END", "CREATE VIEW or TRIGGER "},
        {LITE, "DROP TABLE IF EXISTS \"t\"", "DROP TABLE t -t"},
        {LITE, "ALTER TABLE n RENAME TO t", "ALTER TABLE ... RENAME TO n =n>t"},
        {LITE, "ALTER TABLE t RENAME a TO b", "ALTER TABLE ... RENAME COLUMN t"},
        {LITE, "ALTER TABLE t RENAME COLUMN a TO b", "ALTER TABLE ... RENAME COLUMN t"},
        {LITE, "ALTER TABLE t ADD c", "ALTER TABLE ... ADD COLUMN t"},
        {LITE, "ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 1", "ALTER TABLE ... ADD COLUMN t"},
        {LITE, "ALTER TABLE t ADD COLUMN c INT NOT NULL", "ALTER TABLE ... ADD COLUMN as SQLite refuses it t"},
        {LITE, "ALTER TABLE t ADD COLUMN c DEFAULT CURRENT_TIMESTAMP", "ALTER TABLE ... ADD COLUMN as SQLite refuses it t"},
        {LITE, "ALTER TABLE t ADD COLUMN c CHECK (c > 0)", "ALTER TABLE ... ADD COLUMN ... CHECK or GENERATED t"},
        {LITE, "ALTER TABLE t DROP COLUMN c", "ALTER TABLE ... DROP COLUMN t"},
        {LITE, "ALTER TABLE t ADD CONSTRAINT x CHECK (a)", "ALTER TABLE as SQLite refuses it t"},
        {LITE, "ALTER TABLE t ALTER COLUMN a TYPE int", "ALTER TABLE as SQLite refuses it t"},
        {LITE, "INSERT OR REPLACE INTO t VALUES (1)", "INSERT or REPLACE t"},
        {LITE, "UPDATE OR IGNORE t SET a = (SELECT 1 WHERE 1)", "UPDATE without WHERE t"},
        {LITE, "WITH x AS (SELECT 1 WHERE 1) DELETE FROM t", "DELETE without WHERE t"},
        {LITE, "/* c */ delete from `t` where a", "DELETE ... WHERE t"},
        {LITE, "PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys "},
        {LITE, "PRAGMA main.page_size", "PRAGMA "},
        {LITE, "frobnicate", "not understood "},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(taken_for(cases[i].dialect, cases[i].sql), cases[i].taken_for);
}

static void a_syntax_error_has_its_place(void **state)
{
    const char *sql = "CREATE TABLE \xC3\xA9 (a int,, b int)";
    struct arena arena = ARENA_INIT;
    struct classified c;

    (void)state;
    assert_true(classify(&arena, PG, sql, strlen(sql), &c, NULL));
    assert_int_equal(c.how, CLASSIFY_FAULT);
    assert_string_equal(c.fault_message, "syntax error at or near \",\"");
    assert_int_equal(c.fault_character, 23);
    arena_release(&arena);
}

/* n times `unit` between a head and a tail. */
static char *repeated(const char *head, const char *unit, size_t n, const char *tail)
{
    struct buf text = BUF_INIT(64 << 20);

    buf_text(&text, head);
    for (size_t i = 0; i < n; i++)
        buf_text(&text, unit);
    buf_text(&text, tail);
    return buf_take(&text);
}

static void what_is_nested_deeply_costs_no_stack_and_stays_understood(void **state)
{
    static const struct {
        const char *head, *unit, *tail, *taken_for;
    } cases[] = {
        {"INSERT INTO t SELECT 1", "+1", "", "~INSERT t"},
        {"DELETE FROM t WHERE a = 1", " OR a = 1", "", "~DELETE ... WHERE t"},
        {"UPDATE t SET a = ", "(", "", "~UPDATE without WHERE t"},
        {"INSERT INTO t VALUES (1)", ", (1)", "", "~INSERT t"},
        {"SELECT 1", " UNION SELECT 1", "", "~SELECT "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *sql = repeated(cases[i].head, cases[i].unit, 200000, cases[i].tail);

        assert_string_equal(taken_for(PG, sql), cases[i].taken_for);
        free(sql);
    }
}

static void every_form_has_its_rows_in_order(void **state)
{
    size_t count;
    const struct form *forms = form_all(&count);

    (void)state;
    for (enum form_id id = FORM_NONE; id < FORM_COUNT; id++)
        assert_true(form_at(id, 3999999) != NULL || form_at(id, 0) != NULL);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || forms[i - 1].id <= forms[i].id);
        if (forms[i].hazard != NULL && hazard_find(forms[i].hazard) == NULL)
            fail_msg("\"%s\" has a hazard that is none: %s", forms[i].text, forms[i].hazard);
    }
}

static void every_hazard_has_a_name_of_its_own_and_a_meaning(void **state)
{
    size_t count;
    const hg_hazard *all = hg_hazards_all(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || strcmp(all[i - 1].id, all[i].id) < 0);
        assert_true(all[i].message[0] != '\0');
        assert_non_null(all[i].safer);
        assert_null(all[i].accepted);
    }
}

static void a_mistyped_hazard_is_told_with_the_one_that_was_meant(void **state)
{
    hg_error err = {0};

    (void)state;
    assert_non_null(hazard_named("drop-table", &err));
    assert_null(hazard_named("drop-tabel", &err));
    assert_int_equal(err.code, HG_USAGE);
    assert_string_equal(err.hint, "Did you mean drop-table?");
}

static void names_are_the_same_where_both_say_the_same(void **state)
{
    (void)state;
    assert_true(classify_same_name("t", "t"));
    assert_true(classify_same_name("public.t", "t"));
    assert_true(classify_same_name("t", "s.t"));
    assert_false(classify_same_name("a.t", "b.t"));
    assert_false(classify_same_name("t", "u"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_statement_is_taken_for_what_it_is),
        cmocka_unit_test(a_syntax_error_has_its_place),
        cmocka_unit_test(what_is_nested_deeply_costs_no_stack_and_stays_understood),
        cmocka_unit_test(every_form_has_its_rows_in_order),
        cmocka_unit_test(every_hazard_has_a_name_of_its_own_and_a_meaning),
        cmocka_unit_test(a_mistyped_hazard_is_told_with_the_one_that_was_meant),
        cmocka_unit_test(names_are_the_same_where_both_say_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
