/*
 * test_plan_hazards.c - what a plan says of its statements without a database: locks, tables, and
 * hazards that follow from what stands before them; what a file accepts itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/migrate.h>

#include "support/temp.h"

static hg_error err;

static hg_plan *plan_of(const char *options, const char *sql, const hg_migrate_options *wishes)
{
    char *dir = temp_dir_make();
    hg_migrate_options o = wishes == NULL ? hg_migrate_options_default(dir) : *wishes;
    hg_plan *plan = NULL;
    static char text[64 * 1024];

    snprintf(text, sizeof text, "-- migrate:up%s\n%s\n", options, sql);
    temp_write(dir, "0001_a.sql", text);
    o.dir = dir;
    err = (hg_error){0};
    hg_plan_make(NULL, &o, hg_deadline_in_ms(30000), &plan, &err);
    temp_dir_remove(dir);
    return plan;
}

static void put_hazards(char *out, size_t size, const hg_plan_statement *s)
{
    size_t n = strlen(out);

    for (size_t i = 0; i < s->hazard_count; i++) {
        const hg_hazard *h = &s->hazards[i];

        n += (size_t)snprintf(out + n, size - n, " %s%s", h->id,
                              h->accepted != NULL                 ? "(accepted)"
                              : h->severity == HG_SEVERITY_DANGER ? "!"
                                                                  : "");
    }
}

/* Of each statement "LOCK table: hazards", separated by |; or the error. */
static const char *said(const char *options, const char *sql)
{
    static char out[2048];
    hg_plan *plan = plan_of(options, sql, NULL);

    out[0] = '\0';
    if (plan == NULL) {
        snprintf(out, sizeof out, "%d:%d %s", err.line, err.column, err.message);
        return out;
    }
    for (size_t i = 0; i < plan->steps[0].statement_count; i++) {
        const hg_plan_statement *s = &plan->steps[0].statements[i];
        size_t n = strlen(out);

        snprintf(out + n, sizeof out - n, "%s%s%s%s:", i == 0 ? "" : "|",
                 hg_lock_mode_name(s->lock), s->lock == HG_LOCK_NONE ? "" : " ", s->table);
        put_hazards(out, sizeof out, s);
    }
    hg_plan_free(plan);
    return out;
}

static void each_statement_has_the_hazards_of_its_place(void **state)
{
    /* clang-format off */
    static const struct {
        const char *options, *sql, *said;
    } cases[] = {
        {"", "CREATE INDEX i ON t (a);", "SHARE t: index-blocks-writes!"},
        {"", "ALTER TABLE t ADD c int;", "ACCESS EXCLUSIVE t:"},
        {"", "ALTER TABLE t ADD c int, DROP d, ADD e serial;", "ACCESS EXCLUSIVE t: drop-column! table-rewrite!"},
        {"", "DROP INDEX i; SELECT 1;", "ACCESS EXCLUSIVE i: drop-index-blocks|:"},
        {"", "DROP TABLE a, b CASCADE;", "ACCESS EXCLUSIVE a: drop-table! drop-cascade!"},
        {"", "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c;", "SHARE ROW EXCLUSIVE a: foreign-key-scan!"},
        {"", "LOCK TABLE t; LOCK TABLE t IN ROW EXCLUSIVE MODE;", "ACCESS EXCLUSIVE t: lock-table!|ROW EXCLUSIVE t:"},
        {"", "FROBNICATE t;", ": not-understood"},

        /* what the plan has made is nobody's yet */
        {"", "CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE public.t ADD b serial; DROP TABLE t;", ":|:|:|:"},
        {"", "CREATE TABLE IF NOT EXISTS t (a int); CREATE INDEX i ON t (a);", ":|:"},
        {"", "CREATE TABLE n (a int); ALTER TABLE n RENAME TO t; CREATE INDEX i ON t (a);", ":|:|:"},
        {"", "CREATE TABLE t (a int); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p;", ":|SHARE ROW EXCLUSIVE p:"},
        {"", "CREATE TABLE t (a int); DROP TABLE t; CREATE INDEX i ON t (a);", ":|:|SHARE t: index-blocks-writes!"},
        {"", "CREATE TABLE a.t (a int); CREATE INDEX i ON b.t (a);", ":|SHARE b.t: index-blocks-writes!"},

        /* transactions */
        {"", "CREATE INDEX CONCURRENTLY i ON t (a);", "SHARE UPDATE EXCLUSIVE t: not-in-transaction!"},
        {" transaction:false", "CREATE INDEX CONCURRENTLY i ON t (a);", "SHARE UPDATE EXCLUSIVE t:"},
        {" transaction:false", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);", "SHARE UPDATE EXCLUSIVE t: index-if-not-exists"},
        {"", "ALTER TABLE t ADD CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;",
             "ACCESS EXCLUSIVE t:|SHARE UPDATE EXCLUSIVE t: lock-held!"},
        {" transaction:false", "ALTER TABLE t ADD CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;",
             "ACCESS EXCLUSIVE t:|SHARE UPDATE EXCLUSIVE t:"},
        {"", "ALTER TABLE t ADD c int; UPDATE t SET c = 1;", "ACCESS EXCLUSIVE t:|ROW EXCLUSIVE t: update-all! lock-held!"},
        {"", "ALTER TYPE e ADD VALUE 'x'; INSERT INTO t VALUES ('x');", ":|ROW EXCLUSIVE t: enum-value-in-transaction!"},
        {"", "ALTER TYPE e ADD VALUE 'x'; INSERT INTO t VALUES ('xy');", ":|ROW EXCLUSIVE t:"},
        {" lock_timeout:0", "ALTER TABLE t ADD c int;", "ACCESS EXCLUSIVE t: no-lock-timeout"},

        /* accepted beside the statement */
        {"", "-- headgate:accept drop-table nobody reads it\nDROP TABLE t;", "ACCESS EXCLUSIVE t: drop-table(accepted)"},
        {"", "DROP TABLE t; -- headgate:accept drop-table old\nDROP TABLE u;",
             "ACCESS EXCLUSIVE t: drop-table(accepted)|ACCESS EXCLUSIVE u: drop-table!"},
        {"", "DROP TABLE\n  -- headgate:accept drop-table old\n  t;", "ACCESS EXCLUSIVE t: drop-table(accepted)"},
        {"", "-- headgate:accept truncate wrong one\nDROP TABLE t;", "ACCESS EXCLUSIVE t: drop-table!"},
        {"", "SELECT '\n-- headgate:accept nonsense';", ":"},
        {"", "SELECT 1;\n-- headgate:accept drop-tabel x\nDROP TABLE t;", "3:1 there is no hazard \"drop-tabel\""},
        {"", "-- headgate:accept drop-table\nDROP TABLE t;", "2:1 a hazard is accepted without a reason"},
        {"", "DROP TABLE t;\n\n-- headgate:accept drop-table x\n", "4:1 a hazard is accepted where no statement follows"},
        {"", "-- headgate:ignore drop-table x\nDROP TABLE t;", "2:1 nothing but accept may stand behind headgate:"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(said(cases[i].options, cases[i].sql), cases[i].said);
}

static void production_refuses_what_nobody_accepted_and_says_how_to(void **state)
{
    hg_plan *plan = plan_of("", "DROP TABLE t;\nDROP TABLE u;\nTRUNCATE v;\nDROP INDEX i;", NULL);

    (void)state;
    assert_non_null(plan);
    assert_int_equal(plan->danger_count, 3);
    assert_false(hg_plan_allowed(plan, &err));
    assert_int_equal(err.code, HG_REFUSED);
    assert_non_null(
        strstr(err.message, "the plan has 3 hazards that nobody accepted: drop-table ("));
    assert_non_null(strstr(err.message, "0001_a.sql:4)"));
    assert_non_null(strstr(err.hint, "add: --accept drop-table,truncate"));
    hg_plan_free(plan);
}

static void what_is_accepted_by_name_is_allowed(void **state)
{
    const char *const accept[] = {"truncate", "drop-table"};
    hg_migrate_options options = hg_migrate_options_default("");
    hg_plan *plan;

    (void)state;
    options.accept = accept;
    options.accept_count = 2;
    plan = plan_of("", "DROP TABLE t;\nTRUNCATE v;", &options);
    assert_non_null(plan);
    assert_int_equal(plan->danger_count, 0);
    assert_string_equal(plan->steps[0].statements[0].hazards[0].accepted, "--accept");
    assert_true(hg_plan_allowed(plan, &err));
    hg_plan_free(plan);
}

static void an_unknown_name_is_accepted_by_nobody(void **state)
{
    const char *const accept[] = {"truncat"};
    hg_migrate_options options = hg_migrate_options_default("");

    (void)state;
    options.accept = accept;
    options.accept_count = 1;
    assert_null(plan_of("", "SELECT 1;", &options));
    assert_int_equal(err.code, HG_USAGE);
    assert_string_equal(err.hint, "Did you mean truncate?");
}

static void many_hazards_still_fit_into_the_refusal(void **state)
{
    char sql[4000] = "";
    hg_plan *plan;

    (void)state;
    for (int i = 0; i < 60; i++)
        snprintf(sql + strlen(sql), sizeof sql - strlen(sql), "DROP TABLE table_number_%d;\n", i);
    plan = plan_of("", sql, NULL);
    assert_non_null(plan);
    assert_false(hg_plan_allowed(plan, &err));
    assert_non_null(strstr(err.message, "60 hazards"));
    assert_non_null(strstr(err.message, ", ..."));
    hg_plan_free(plan);
}

/* In a file of very many, what is said of one is kept for those behind it that are like it. */
static void of_many_statements_each_has_its_own(void **state)
{
    enum { COUNT = 1500 };
    static char sql[COUNT * 32];
    hg_plan *plan;
    char *at = sql;

    (void)state;
    for (int i = 0; i < COUNT; i++)
        at += sprintf(at, "%s;\n",
                      i == 700    ? "INSERT INTO b VALUES (1)"
                      : i == 1100 ? "ALTER TABLE a DROP COLUMN n"
                      : i == 1200 ? "DROP TABLE a"
                                  : "INSERT INTO a VALUES (1)");
    plan = plan_of("", sql, NULL);
    assert_non_null(plan);
    for (size_t i = 0; i < COUNT; i++) {
        const hg_plan_statement *s = &plan->steps[0].statements[i];
        bool drops = i == 1100 || i == 1200;

        assert_int_equal(s->line, i + 2);
        assert_string_equal(s->tables[0].name, i == 700 ? "b" : "a");
        assert_int_equal(s->hazard_count > 0, drops);
        assert_string_equal(s->form, i == 1100   ? "ALTER TABLE ... DROP COLUMN"
                                     : i == 1200 ? "DROP TABLE"
                                                 : "INSERT");
        assert_int_equal(s->tables[0].loses_rows, drops);
    }
    hg_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_statement_has_the_hazards_of_its_place),
        cmocka_unit_test(production_refuses_what_nobody_accepted_and_says_how_to),
        cmocka_unit_test(what_is_accepted_by_name_is_allowed),
        cmocka_unit_test(an_unknown_name_is_accepted_by_nobody),
        cmocka_unit_test(many_hazards_still_fit_into_the_refusal),
        cmocka_unit_test(of_many_statements_each_has_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
