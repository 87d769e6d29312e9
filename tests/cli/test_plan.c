/*
 * test_plan.c - a plan as people read it: what was measured, what was not and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

enum { TABLES = 14 };

static hg_plan_table tables[TABLES];
static hg_plan_statement statement = {.sql = "ALTER TABLE events ADD note text",
                                      .line = 2,
                                      .form = "ALTER TABLE ... ADD COLUMN",
                                      .source = HG_PLAN_MEASURED,
                                      .unmeasured = "",
                                      .table = "public.events",
                                      .tables = tables};
static hg_plan_step step = {.revision = "a1",
                            .message = "m",
                            .file = "a.sql",
                            .transaction = true,
                            .predicted_ms = -1,
                            .statements = &statement,
                            .statement_count = 1};

static hg_plan plan_of(size_t table_count, double measured_ms, const char *unmeasured)
{
    for (size_t i = 0; i < TABLES; i++)
        tables[i] = (hg_plan_table){.name = "public.events",
                                    .lock = HG_LOCK_ACCESS_EXCLUSIVE,
                                    .rows = -1,
                                    .size_bytes = -1};
    statement.table_count = table_count;
    return (hg_plan){.id = "0123456789abcdef",
                     .steps = &step,
                     .step_count = 1,
                     .measured_ms = measured_ms,
                     .unmeasured = unmeasured};
}

static void assert_put(const hg_plan *plan, const char *text)
{
    struct buf out = BUF_INIT(1 << 16);

    cli_put_plan(&out, plan);
    assert_false(buf_failed(&out));
    if (strstr(out.bytes, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, out.bytes);
    buf_release(&out);
}

static void a_plan_ends_with_where_it_comes_from(void **state)
{
    hg_plan measured = plan_of(1, 412, ""), not_measured = plan_of(1, -1, "no \x1b[2J right"),
            plain = plan_of(1, -1, ""), partly = plan_of(1, 412, "not all");

    (void)state;
    assert_put(
        &measured,
        "plan 0123456789abcdef: 1 step\nmeasured on an empty copy of the schema in 412 ms\n");
    assert_put(&not_measured,
               "from the table of statement forms, not measured: no \\x1b[2J right\n");
    assert_put(&partly, "in 412 ms\nbut not all\n");
    assert_put(&plain, "readers and writers wait\n\nplan 0123456789abcdef: 1 step\n");
}

static void a_statement_says_why_it_was_not_measured(void **state)
{
    hg_plan plan = plan_of(1, 412, "");

    (void)state;
    statement.unmeasured = "no transaction can hold it";
    assert_put(&plan, "readers and writers wait\n"
                      "         not measured: no transaction can hold it\n");
    statement.unmeasured = "";
}

static void of_many_tables_twelve_are_named(void **state)
{
    hg_plan plan = plan_of(12, 412, "");

    (void)state;
    assert_put(&plan, "wait\n\nplan");
    plan = plan_of(14, 412, "");
    assert_put(&plan, "wait\n         and 2 tables more\n\nplan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_ends_with_where_it_comes_from),
        cmocka_unit_test(a_statement_says_why_it_was_not_measured),
        cmocka_unit_test(of_many_tables_twelve_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
