/*
 * test_spent.c - how long statements took, as a text and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "migrate/spent.h"

static hg_plan_table big = {.name = "public.big", .rows = 1000, .scan = true};
static hg_plan_table unknown = {.name = "fresh", .rows = -1};

static hg_plan_statement statement(const char *form, hg_plan_table *table)
{
    return (hg_plan_statement){.form = form,
                               .table = table == NULL ? "" : table->name,
                               .tables = table,
                               .table_count = table != NULL,
                               .scan = table != NULL && table->scan};
}

static struct spent written(struct arena *arena, hg_plan_statement *statements, size_t count,
                            const double *ms, bool open)
{
    const hg_plan_step step = {.statements = statements, .statement_count = count};
    struct spent spent;

    assert_true(spent_write(arena, &step, ms, open, &spent));
    return spent;
}

static void statements_of_one_kind_share_a_line(void **state)
{
    hg_plan_statement three[] = {statement("INSERT", &big), statement("ANALYZE", &big),
                                 statement("INSERT", &big)};
    const double ms[] = {1.5, 20, 2};
    struct arena arena = ARENA_INIT;
    struct spent spent = written(&arena, three, 3, ms, false);

    (void)state;
    assert_string_equal(spent.head, "3.500\t1000\t2\tINSERT\tpublic.big\n"
                                    "20.000\t1000\t1\tANALYZE\tpublic.big\n");
    assert_null(spent.tail);
    arena_release(&arena);
}

static void the_last_one_is_left_open_for_the_server(void **state)
{
    hg_plan_statement three[] = {statement("INSERT", &big), statement("ANALYZE", &unknown),
                                 statement("INSERT", &big)};
    const double ms[] = {1.5, 20, -1};
    struct arena arena = ARENA_INIT;
    struct spent spent = written(&arena, three, 3, ms, true);

    (void)state;
    assert_string_equal(spent.head, "20.000\t-1\t1\tANALYZE\tfresh\n");
    assert_true(spent.open_ms > 1.49 && spent.open_ms < 1.51);
    assert_string_equal(spent.tail, "\t1000\t2\tINSERT\tpublic.big\n");
    arena_release(&arena);
}

static void what_nobody_understands_or_timed_is_left_out(void **state)
{
    hg_plan_table odd = {.name = "a\tb", .rows = 1};
    hg_plan_statement three[] = {statement("", &big), statement("ANALYZE", &odd),
                                 statement("INSERT", &big)};
    const double ms[] = {1.5, 20, -1};
    struct arena arena = ARENA_INIT;

    (void)state;
    assert_string_equal(written(&arena, three, 3, ms, false).head, "");
    assert_null(written(&arena, three, 2, ms, true).tail);
    arena_release(&arena);
}

static void a_step_of_very_many_kinds_is_cut_off(void **state)
{
    enum { MANY = 500 };
    static char forms[MANY][16];
    static hg_plan_statement statements[MANY];
    static double ms[MANY];
    struct arena arena = ARENA_INIT;
    struct spent_line line;
    const char *text;
    size_t lines = 0;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(forms[i], sizeof forms[i], "FORM %zu", i);
        statements[i] = statement(forms[i], &big);
    }
    text = written(&arena, statements, MANY, ms, true).head;
    while (spent_next(&text, &line))
        lines++;
    assert_int_equal(lines, 32);
    arena_release(&arena);
}

static void what_was_written_is_read(void **state)
{
    const char *text = "3.500\t1000\t2\tINSERT\tpublic.big\n0.000\t-1\t1\tSELECT\t\n";
    struct spent_line line;

    (void)state;
    assert_true(spent_next(&text, &line));
    assert_true(line.ms > 3.49 && line.ms < 3.51);
    assert_int_equal(line.rows, 1000);
    assert_int_equal(line.count, 2);
    assert_int_equal(line.form_size, 6);
    assert_memory_equal(line.table, "public.big", 10);
    assert_true(spent_next(&text, &line));
    assert_int_equal(line.table_size, 0);
    assert_false(spent_next(&text, &line));
}

static void a_text_that_says_something_else_says_nothing(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "1\t2\t3\tINSERT\tbig",
                                        "1\t2\t3\tINSERT\n",
                                        "-1\t2\t3\tINSERT\tbig\n",
                                        "nan\t2\t3\tINSERT\tbig\n",
                                        "1\t2\t0\tINSERT\tbig\n",
                                        "1\t2\t3\tINSERT\tbig\tmore\n",
                                        "\t\t\t\t\n"};
    struct spent_line line;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = texts[i];

        assert_false(spent_next(&text, &line));
    }
}

static void what_goes_through_all_rows_takes_longer_with_more_of_them(void **state)
{
    const hg_plan_statement scans = statement("CREATE INDEX", &big);
    const hg_plan_statement fresh = statement("CREATE INDEX", &unknown);
    hg_plan_table small = {.name = "public.big", .rows = 1000};
    const hg_plan_statement catalog = statement("ADD COLUMN", &small);
    const struct spent_line line = {.ms = 40, .rows = 500, .count = 2};
    const struct spent_line blind = {.ms = 40, .rows = -1, .count = 2};

    (void)state;
    assert_int_equal(spent_expected_ms(&scans, &line), 40);
    assert_int_equal(spent_expected_ms(&scans, &blind), 20);
    assert_int_equal(spent_expected_ms(&fresh, &line), 20);
    assert_int_equal(spent_expected_ms(&catalog, &line), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_of_one_kind_share_a_line),
        cmocka_unit_test(the_last_one_is_left_open_for_the_server),
        cmocka_unit_test(what_nobody_understands_or_timed_is_left_out),
        cmocka_unit_test(a_step_of_very_many_kinds_is_cut_off),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_text_that_says_something_else_says_nothing),
        cmocka_unit_test(what_goes_through_all_rows_takes_longer_with_more_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
