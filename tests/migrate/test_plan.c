/*
 * test_plan.c - which revisions would run, in which order, what the ledger says afterwards; or why
 * not.
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
#include "migrate/plan.h"

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A folder and a database, small enough to be written down. */
struct world {
    const char *const *files;           /* texts, in the order of their names */
    const char *current;                /* revisions separated by spaces */
    const struct ledger_entry *history; /* sorted by revision */
    size_t history_count;
};

static const char *const *words(const char *text, size_t *out_count)
{
    const char **list = arena_alloc(&arena, 8, sizeof *list);
    char *copy = arena_text(&arena, text), *rest = copy;
    const char *word;

    *out_count = 0;
    while ((word = strtok_r(rest, " ", &rest)) != NULL)
        list[(*out_count)++] = word;
    return list;
}

static struct project project_of(const struct world *world, hg_error *err, bool *out_ok)
{
    struct migration_file *files = arena_alloc(&arena, 16, sizeof *files);
    struct ledger *ledger = arena_alloc(&arena, 1, sizeof *ledger);
    struct project project = {0};
    size_t n = 0;

    for (; world->files[n] != NULL; n++) {
        const struct file_source source = {.path = arena_printf(&arena, "%04zu_x.sql", n + 1),
                                           .text = world->files[n],
                                           .size = strlen(world->files[n]),
                                           .dialect = HG_SQLITE};
        assert_true(file_parse(&source, &arena, &files[n], NULL));
    }
    ledger->current = words(world->current, &ledger->current_count);
    ledger->entries = world->history;
    ledger->entry_count = world->history_count;
    *out_ok = project_make(&arena, files, n, ledger, &project, err);
    return project;
}

/* "+a +b -c = b": the steps (a kept section with ~), and what is current afterwards; or the error.
 */
static const char *plan(const struct world *world, hg_migrate_kind kind, const char *target)
{
    static char out[1024];
    hg_error err = {0};
    bool ok;
    struct project project = project_of(world, &err, &ok);
    struct plan plan;
    size_t n = 0;

    ok = ok && plan_decide(&arena, &project, kind, target, &plan, &err);
    if (!ok) {
        snprintf(out, sizeof out, "%s: %s", hg_code_name(err.code), err.message);
        return out;
    }
    out[0] = '\0';
    for (size_t i = 0; i < plan.step_count; i++)
        n += (size_t)snprintf(
            out + n, sizeof out - n, "%s%s%s ", plan.steps[i].direction == HG_UP ? "+" : "-",
            plan.steps[i].kept ? "~" : "", project.graph.nodes[plan.steps[i].node].revision);
    n += (size_t)snprintf(out + n, sizeof out - n, "=");
    for (size_t i = 0; i < project.graph.count; i++)
        if (plan.after[i])
            n += (size_t)snprintf(out + n, sizeof out - n, " %s", project.graph.nodes[i].revision);
    return out;
}

#define UP   HG_MIGRATE_UP
#define DOWN HG_MIGRATE_DOWN

#define BODY "\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"

static const char *const line[] = {
    "-- revision: a\n-- revises:" BODY,
    "-- revision: b\n-- revises: a" BODY,
    "-- revision: c\n-- revises: b" BODY,
    NULL,
};

/* a - b - d - e, c beside b, x alone and depending on c */
static const char *const diamond[] = {
    "-- revision: a\n-- revises:" BODY,
    "-- revision: b\n-- revises: a" BODY,
    "-- revision: c\n-- revises: a" BODY,
    "-- revision: d\n-- revises: b, c" BODY,
    "-- revision: e\n-- revises: d" BODY,
    "-- revision: x\n-- revises:\n-- depends_on: c" BODY,
    NULL,
};

struct expected {
    const char *current;
    hg_migrate_kind kind;
    const char *target, *plan;
};

static void expect(const char *const *files, const struct expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct world world = {.files = files, .current = cases[i].current};

        assert_string_equal(plan(&world, cases[i].kind, cases[i].target), cases[i].plan);
    }
}

static void a_straight_line_goes_up_and_down(void **state)
{
    /* clang-format off */
    static const struct expected cases[] = {
        {"",  UP,   NULL,    "+a +b +c = c"},
        {"",  UP,   "head",  "+a +b +c = c"},
        {"",  UP,   "b",     "+a +b = b"},
        {"",  UP,   "+1",    "+a = a"},
        {"a", UP,   "+2",    "+b +c = c"},
        {"a", UP,   "+3",    "no_revision: +3 goes too far: 2 revisions are pending"},
        {"a", UP,   "-1",    "no_revision: -1 is a way down, not up"},
        {"a", UP,   "b+1",   "+b +c = c"},
        {"b", UP,   "a",     "= b"},
        {"c", UP,   NULL,    "= c"},
        {"c", UP,   "base",  "= c"},
        {"c", DOWN, NULL,    "-c = b"},
        {"c", DOWN, "-2",    "-c -b = a"},
        {"c", DOWN, "-3",    "-c -b -a ="},
        {"c", DOWN, "-4",    "no_revision: -4 goes too far: 3 revisions are applied"},
        {"c", DOWN, "+1",    "no_revision: +1 is a way up, not down"},
        {"c", DOWN, "a",     "-c -b = a"},
        {"c", DOWN, "base",  "-c -b -a ="},
        {"c", DOWN, "head",  "= c"},
        {"c", DOWN, "heads", "= c"},
        {"c", DOWN, "c-1",   "-c = b"},
        {"b", DOWN, "c",     "no_revision: revision \"c\" is not applied"},
        {"",  DOWN, NULL,    "="},
        {"b", HG_MIGRATE_RESET, NULL, "-b -a +a +b +c = c"},
        {"b", HG_MIGRATE_RESET, "a",  "-b -a +a = a"},
        {"",  UP,   "zz",    "no_revision: there is no revision \"zz\""},
    };
    /* clang-format on */

    (void)state;
    expect(line, cases, sizeof cases / sizeof *cases);
}

static void branches_and_merges_move_the_table_as_alembic_does(void **state)
{
    /* clang-format off */
    static const struct expected cases[] = {
        {"",    UP,   NULL,   "+a +b +c +d +e +x = e x"},
        {"",    UP,   "head", "no_revision: there are 2 heads: \"e\", \"x\""},
        {"",    UP,   "x",    "+a +c +x = x"},
        {"",    UP,   "d",    "+a +b +c +d = d"},
        {"x",   UP,   "d",    "+b +d = d x"},
        {"b",   UP,   "c",    "+c = b c"},
        {"b c", UP,   "d",    "+d = d"},
        {"a",   UP,   "+1",   "no_revision: the next step could be \"b\" or \"c\""},
        {"a",   UP,   "+5",   "+b +c +d +e +x = e x"},
        {"d",   DOWN, "-1",   "-d = b c"},
        {"e x", DOWN, "-1",   "no_revision: which revision was applied last is not known: \"e\" or \"x\""},
        {"e x", DOWN, "b",    "-e -d = b x"},
        {"e x", DOWN, "c",    "-e -d = b x"},
        {"e x", DOWN, "base", "-x -e -d -c -b -a ="},
        {"d x", DOWN, "a",    "-x -d -c -b = a"},
        {"x",   DOWN, "-1",   "-x = c"},
    };
    /* clang-format on */

    (void)state;
    expect(diamond, cases, sizeof cases / sizeof *cases);
}

static struct ledger_entry entry(const char *revision, int64_t sequence, const char *revises)
{
    return (struct ledger_entry){.revision = revision,
                                 .sequence = sequence,
                                 .applied = true,
                                 .revises = revises,
                                 .checksum = "",
                                 .message = "",
                                 .operator_name = ""};
}

static void steps_down_undo_what_was_applied_last(void **state)
{
    const struct ledger_entry history[] = {
        entry("a", 1, ""),
        entry("b", 3, "a"),
        entry("c", 2, "a"),
        entry("x", 4, ""),
    };
    const struct world world = {
        .files = diamond, .current = "b x", .history = history, .history_count = 4};
    const struct ledger_entry other[] = {
        entry("a", 1, ""),
        entry("b", 4, "a"),
        entry("c", 2, "a"),
        entry("x", 3, ""),
    };
    const struct world swapped = {
        .files = diamond, .current = "b x", .history = other, .history_count = 4};

    (void)state;
    assert_string_equal(plan(&world, DOWN, "-2"), "-x -b = c");
    assert_string_equal(plan(&swapped, DOWN, "-2"), "-b -x = c");
    assert_string_equal(plan(&swapped, DOWN, "base"), "-b -x -c -a =");
}

static void a_history_that_contradicts_the_graph_does_not_break_the_order(void **state)
{
    const struct ledger_entry history[] = {entry("a", 9, ""), entry("b", 5, "a")};
    const struct world world = {
        .files = line, .current = "b", .history = history, .history_count = 2};

    (void)state;
    assert_string_equal(plan(&world, DOWN, "base"), "-b -a =");
}

static void what_cannot_be_undone_is_refused_with_every_reason(void **state)
{
    static const char *const files[] = {
        "-- revision: a\n-- revises:\n-- migrate:up\nSELECT 1;\n-- migrate:down "
        "irreversible:true\n",
        "-- revision: b\n-- revises: a\n-- migrate:up\nSELECT 1;\n",
        "-- revision: c\n-- revises: b" BODY,
        NULL,
    };
    /* clang-format off */
    static const struct expected cases[] = {
        {"c", DOWN, "-1", "-c = b"},
        {"c", DOWN, "base", "refused: revision \"b\" has no down section; revision \"a\" is irreversible"},
        {"a", HG_MIGRATE_RESET, NULL, "refused: revision \"a\" is irreversible"},
    };
    /* clang-format on */

    (void)state;
    expect(files, cases, sizeof cases / sizeof *cases);
}

static void an_edited_file_is_undone_by_the_section_that_was_kept(void **state)
{
    struct ledger_entry history[] = {entry("a", 1, ""), entry("b", 2, "a"), entry("c", 3, "b")};
    const struct world world = {
        .files = line, .current = "c", .history = history, .history_count = 3};

    (void)state;
    history[1].checksum = "not the one of the file";
    assert_string_equal(plan(&world, DOWN, "a"),
                        "drift: revision \"b\" was edited after it was applied");
    history[1].keeps_down = true;
    assert_string_equal(plan(&world, DOWN, "a"), "-c -~b = a");
    assert_string_equal(plan(&world, UP, NULL), "= c");
}

static void a_revision_without_a_file_can_be_undone_but_not_built_beside(void **state)
{
    struct ledger_entry history[] = {entry("a", 1, ""), entry("y", 2, "a"), entry("z", 3, "y")};
    const struct world world = {
        .files = line, .current = "z", .history = history, .history_count = 3};
    static const char *const only_a[] = {"-- revision: a\n-- revises:" BODY, NULL};
    const struct world behind = {
        .files = only_a, .current = "z", .history = history, .history_count = 3};

    (void)state;
    assert_string_equal(plan(&world, UP, NULL),
                        "drift: the database is at revision \"z\", which no file has");
    assert_string_equal(plan(&behind, UP, NULL), "= z");
    assert_string_equal(plan(&behind, UP, "head"), "= z");
    assert_string_equal(plan(&world, DOWN, "-1"),
                        "drift: revision \"z\" is applied, but no file has it");
    history[1].keeps_down = history[2].keeps_down = true;
    assert_string_equal(plan(&world, DOWN, "a"), "-~z -~y = a");
    assert_string_equal(plan(&world, HG_MIGRATE_RESET, NULL), "-~z -~y -a +a +b +c = c");
}

static void a_current_revision_that_nobody_knows_stops_everything(void **state)
{
    const struct world world = {.files = line, .current = "gone"};

    (void)state;
    assert_string_equal(plan(&world, UP, NULL),
                        "drift: the database is at revision \"gone\", which no file has");
    assert_string_equal(plan(&world, DOWN, "base"),
                        "drift: the database is at revision \"gone\", which no file has");
}

static void a_file_put_before_an_applied_one_is_noticed(void **state)
{
    static const char *const files[] = {"-- migrate:up\n", "-- migrate:up\n", "-- migrate:up\n",
                                        NULL};
    const struct ledger_entry history[] = {entry("0001", 1, ""), entry("0003", 2, "0001")};
    const struct world world = {
        .files = files, .current = "0003", .history = history, .history_count = 2};
    const struct ledger_entry alembic[] = {entry("0003", 2, "0002")};
    const struct world stamped = {
        .files = files, .current = "0003", .history = alembic, .history_count = 1};

    (void)state;
    assert_string_equal(plan(&world, UP, NULL),
                        "drift: revision \"0002\" was put before \"0003\", which is applied "
                        "already, and was never run itself");
    assert_string_equal(plan(&stamped, UP, NULL), "= 0003");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_straight_line_goes_up_and_down, release),
        cmocka_unit_test_teardown(branches_and_merges_move_the_table_as_alembic_does, release),
        cmocka_unit_test_teardown(steps_down_undo_what_was_applied_last, release),
        cmocka_unit_test_teardown(a_history_that_contradicts_the_graph_does_not_break_the_order,
                                  release),
        cmocka_unit_test_teardown(what_cannot_be_undone_is_refused_with_every_reason, release),
        cmocka_unit_test_teardown(an_edited_file_is_undone_by_the_section_that_was_kept, release),
        cmocka_unit_test_teardown(a_revision_without_a_file_can_be_undone_but_not_built_beside,
                                  release),
        cmocka_unit_test_teardown(a_current_revision_that_nobody_knows_stops_everything, release),
        cmocka_unit_test_teardown(a_file_put_before_an_applied_one_is_noticed, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
