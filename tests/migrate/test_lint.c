/*
 * test_lint.c - one file's hazards without a database: by engine and server version, by itself, and
 * faults at their place.
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

static hg_plan *lint(const char *text, const hg_lint_options *options)
{
    char *dir = temp_dir_make(), *path = temp_path(dir, "0002_b.sql");
    hg_plan *plan = NULL;

    temp_write(dir, "0002_b.sql", text);
    err = (hg_error){0};
    hg_lint_file(path, options, &plan, &err);
    free(path);
    temp_dir_remove(dir);
    return plan;
}

/* "line:hazard ...", dangers that nobody accepted with !; or the error. */
static const char *said(hg_driver driver, int version, const char *sql)
{
    static char out[1024];
    char text[2048];
    hg_lint_options options = hg_lint_options_default(driver);
    hg_plan *plan;
    size_t n = 0;

    options.server_version = version > 0 ? version : options.server_version;
    snprintf(text, sizeof text, "-- migrate:up\n%s\n", sql);
    plan = lint(text, &options);
    out[0] = '\0';
    if (plan == NULL) {
        snprintf(out, sizeof out, "%d:%d %s", err.line, err.column, err.message);
        return out;
    }
    for (size_t i = 0; i < plan->steps[0].statement_count; i++) {
        const hg_plan_statement *s = &plan->steps[0].statements[i];

        for (size_t k = 0; k < s->hazard_count; k++)
            n += (size_t)snprintf(
                out + n, sizeof out - n, "%s%d:%s%s", n == 0 ? "" : " ", s->line, s->hazards[k].id,
                s->hazards[k].severity == HG_SEVERITY_DANGER && s->hazards[k].accepted == NULL
                    ? "!"
                    : "");
    }
    hg_plan_free(plan);
    return out;
}

static void hazards_follow_from_the_engine_and_its_version(void **state)
{
    /* clang-format off */
    static const struct {
        hg_driver driver;
        int version;
        const char *sql, *said;
    } cases[] = {
        {HG_POSTGRESQL, 0,      "SELECT 1;\nCREATE INDEX i ON t (a);", "3:index-blocks-writes!"},
        {HG_SQLITE,     0,      "SELECT 1;\nCREATE INDEX i ON t (a);", ""},
        {HG_POSTGRESQL, 110000, "REINDEX TABLE CONCURRENTLY t;", "2:not-in-this-version!"},
        {HG_POSTGRESQL, 120000, "REINDEX TABLE CONCURRENTLY t;", "2:not-in-transaction!"},
        {HG_SQLITE,     0,      "ALTER TABLE t DROP COLUMN c;", "2:drop-column!"},
        {HG_SQLITE, 3034000,    "ALTER TABLE t DROP COLUMN c;", "2:not-in-this-version!"},
        {HG_POSTGRESQL, 0,      "-- @sqlite\nDROP TABLE t;\n-- @end\n", ""},
        {HG_SQLITE,     0,      "-- @sqlite\nDROP TABLE t;\n-- @end\n", "3:drop-table!"},
        {HG_POSTGRESQL, 0,      "-- headgate:accept drop-table nobody reads it\nDROP TABLE t;", "3:drop-table"},
        {HG_POSTGRESQL, 0,      "CREATE TABLE t (a int);\nDROP TABLE t;", ""},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(said(cases[i].driver, cases[i].version, cases[i].sql), cases[i].said);
}

static void a_syntax_error_is_a_fault_at_its_place_with_the_line_itself(void **state)
{
    (void)state;
    assert_string_equal(said(HG_POSTGRESQL, 0, "SELECT 1;\nCREATE\n  TABEL t (a int);"),
                        "4:3 syntax error at or near \"TABEL\"");
    assert_int_equal(err.code, HG_FILE);
    assert_string_equal(err.excerpt, "  TABEL t (a int);");
    assert_non_null(strstr(err.file, "0002_b.sql"));
    assert_non_null(strstr(err.hint, "--server-version"));
}

static void what_a_newer_server_may_know_is_no_fault(void **state)
{
    static const char merge[] = "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE "
                                "RETURNING t.id;";

    (void)state;
    assert_string_equal(said(HG_POSTGRESQL, 150000, merge),
                        "2:62 syntax error at or near \"RETURNING\"");
    assert_null(strstr(said(HG_POSTGRESQL, 170000, merge), "syntax error"));
}

static void what_cannot_be_looked_into_says_why(void **state)
{
    hg_lint_options options = hg_lint_options_default(HG_POSTGRESQL);
    const char *const accept[] = {"drop-tabel"};
    hg_plan *plan = NULL;

    (void)state;
    assert_false(hg_lint_file("/nowhere/0001_a.sql", &options, &plan, &err));
    assert_int_equal(err.code, HG_FILE);
    assert_false(hg_lint_file("/nowhere/ab12_a.py", &options, &plan, &err));
    assert_int_equal(err.code, HG_UNSUPPORTED);
    options.accept = accept;
    options.accept_count = 1;
    assert_null(lint("-- migrate:up\nSELECT 1;\n", &options));
    assert_int_equal(err.code, HG_USAGE);
    assert_string_equal(err.hint, "Did you mean drop-table?");
    options.accept_count = 0;
    options.server_version = 990000;
    assert_null(lint("-- migrate:up\nSELECT 1;\n", &options));
    assert_string_equal(err.message, "what PostgreSQL 99 does is not known here, but 10 to 18");
}

static void what_is_accepted_by_name_refuses_nothing(void **state)
{
    hg_lint_options options = hg_lint_options_default(HG_POSTGRESQL);
    const char *const accept[] = {"drop-table"};
    hg_plan *plan = lint("-- migrate:up\nDROP TABLE t;\nDROP TABLE u;\n", &options);

    (void)state;
    assert_int_equal(plan->danger_count, 2);
    hg_plan_free(plan);
    options.accept = accept;
    options.accept_count = 1;
    plan = lint("-- migrate:up\nDROP TABLE t;\nDROP TABLE u;\n", &options);
    assert_int_equal(plan->danger_count, 0);
    assert_true(hg_plan_allowed(plan, &err));
    hg_plan_free(plan);
}

static void on_request_the_hazards_are_those_of_the_way_back(void **state)
{
    static const char text[] = "-- migrate:up\nCREATE TABLE t (a integer);\n"
                               "-- migrate:down\nDROP TABLE t;\n";
    hg_lint_options options = hg_lint_options_default(HG_POSTGRESQL);
    hg_plan *plan = lint(text, &options);

    (void)state;
    assert_int_equal(plan->danger_count, 0);
    hg_plan_free(plan);
    options.down = true;
    plan = lint(text, &options);
    assert_int_equal(plan->danger_count, 1);
    assert_int_equal(plan->steps[0].direction, HG_DOWN);
    assert_int_equal(plan->steps[0].statements[0].line, 4);
    hg_plan_free(plan);
    plan = lint("-- migrate:up\nDROP TABLE t;\n", &options);
    assert_int_equal(plan->steps[0].statement_count, 0);
    hg_plan_free(plan);
}

static void a_fault_of_the_way_back_is_told_before_anybody_needs_it(void **state)
{
    hg_lint_options options = hg_lint_options_default(HG_POSTGRESQL);

    (void)state;
    assert_null(lint("-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABEL t;\n", &options));
    assert_int_equal(err.code, HG_FILE);
    assert_int_equal(err.line, 4);
    assert_int_equal(err.column, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hazards_follow_from_the_engine_and_its_version),
        cmocka_unit_test(a_syntax_error_is_a_fault_at_its_place_with_the_line_itself),
        cmocka_unit_test(what_a_newer_server_may_know_is_no_fault),
        cmocka_unit_test(what_cannot_be_looked_into_says_why),
        cmocka_unit_test(what_is_accepted_by_name_refuses_nothing),
        cmocka_unit_test(on_request_the_hazards_are_those_of_the_way_back),
        cmocka_unit_test(a_fault_of_the_way_back_is_told_before_anybody_needs_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
