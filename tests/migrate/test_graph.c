/*
 * test_graph.c - revisions and their parents: order, heads, faults, and where targets lead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "migrate/graph.h"
#include "migrate/target.h"

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A revision, what it revises and what it depends on, both separated by spaces. */
struct row {
    const char *revision, *revises, *depends_on;
};

static const char *const *words(const char *text, size_t *out_count)
{
    const char **list = arena_alloc(&arena, 8, sizeof *list);
    char *copy = arena_text(&arena, text == NULL ? "" : text), *rest = copy;
    const char *word;

    *out_count = 0;
    while ((word = strtok_r(rest, " ", &rest)) != NULL)
        list[(*out_count)++] = word;
    return list;
}

static bool build(const struct row *rows, size_t count, struct graph *out, hg_error *err)
{
    struct graph_node *nodes = arena_alloc(&arena, count + 1, sizeof *nodes);

    for (size_t i = 0; i < count; i++) {
        nodes[i].revision = rows[i].revision;
        nodes[i].revises = words(rows[i].revises, &nodes[i].revises_count);
        nodes[i].depends_on = words(rows[i].depends_on, &nodes[i].depends_on_count);
        nodes[i].file = arena_printf(&arena, "%zu_%s.sql", i, rows[i].revision);
    }
    return graph_build(&arena, nodes, count, out, err);
}

#define BUILD(rows, out, err) build(rows, sizeof(rows) / sizeof *(rows), out, err)

static const char *order_of(const struct graph *graph)
{
    static char text[256];

    text[0] = '\0';
    for (size_t i = 0; i < graph->count; i++)
        strcat(strcat(text, i == 0 ? "" : " "), graph->nodes[graph->order[i]].revision);
    return text;
}

/* a - b - d - e
 *   \ c - /     f */
static const struct row diamond[] = {
    {"e", "d", NULL}, {"d", "b c", NULL}, {"c", "a", NULL},
    {"b", "a", NULL}, {"a", "", NULL},    {"f1", "", "b"},
};

static void ancestors_come_first_and_the_rest_as_given(void **state)
{
    struct graph graph;

    (void)state;
    assert_true(BUILD(diamond, &graph, NULL));
    assert_string_equal(order_of(&graph), "a b c d e f1");
}

static void a_head_is_what_nothing_revises_even_if_something_depends_on_it(void **state)
{
    static const struct row rows[] = {
        {"a", "", NULL}, {"b", "a", NULL}, {"c", "", "b"}, {"d", "a", NULL}};
    struct graph graph;

    (void)state;
    assert_true(BUILD(rows, &graph, NULL));
    assert_false(graph.nodes[0].head);
    assert_true(graph.nodes[1].head);
    assert_true(graph.nodes[2].head);
    assert_true(graph.nodes[3].head);
}

static void marks_reach_all_ancestors_and_all_descendants(void **state)
{
    struct graph graph;
    bool up[6] = {false}, down[6] = {false};

    (void)state;
    assert_true(BUILD(diamond, &graph, NULL));
    graph_mark_ancestors(&graph, 1, up);
    assert_memory_equal(up, ((bool[]){false, true, true, true, true, false}), sizeof up);
    down[3] = true;
    graph_mark_descendants(&graph, down);
    assert_memory_equal(down, ((bool[]){true, true, false, true, false, true}), sizeof down);
}

static void what_cannot_be_a_graph_is_told_with_its_names(void **state)
{
    /* clang-format off */
    static const struct {
        struct row rows[4];
        const char *file, *message;
    } cases[] = {
        {{{"a", "", NULL}, {"b", "a", NULL}, {"a", "b", NULL}},
         "2_a.sql", "revision \"a\" stands in two files: \"0_a.sql\" and \"2_a.sql\""},
        {{{"a", "", NULL}, {"b", "x", NULL}},
         "1_b.sql", "revision \"b\" revises \"x\", which no file has"},
        {{{"a", "", "y"}},
         "0_a.sql", "revision \"a\" depends on \"y\", which no file has"},
        {{{"a", "c", NULL}, {"b", "a", NULL}, {"c", "b", NULL}, {"d", "c", NULL}},
         "0_a.sql", "revisions revise each other in a circle: \"a\" -> \"c\" -> \"b\" -> \"a\""},
        {{{"a", "a", NULL}},
         "0_a.sql", "revisions revise each other in a circle: \"a\" -> \"a\""},
        {{{"a", "", "b"}, {"b", "a", NULL}},
         "0_a.sql", "revisions revise each other in a circle: \"a\" -> \"b\" -> \"a\""},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t count = 0;
        struct graph graph;
        hg_error err = {0};

        while (count < 4 && cases[i].rows[count].revision != NULL)
            count++;
        assert_false(build(cases[i].rows, count, &graph, &err));
        assert_int_equal(err.code, HG_FILE);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.file, cases[i].file);
        assert_string_not_equal(err.hint, "");
    }
}

static void a_revision_is_found_by_name_or_unambiguous_beginning(void **state)
{
    static const struct row rows[] = {
        {"ab", "", NULL}, {"abc1", "ab", NULL}, {"abc2", "abc1", NULL}, {"b0", "abc2", NULL}};
    struct graph graph;
    size_t node = 99;
    hg_error err = {0};

    (void)state;
    assert_true(BUILD(rows, &graph, NULL));
    assert_true(graph_find(&graph, "ab", 2, &node, NULL));
    assert_int_equal(node, 0);
    assert_true(graph_find(&graph, "abc2", 4, &node, NULL));
    assert_int_equal(node, 2);
    assert_true(graph_find(&graph, "b+1", 1, &node, NULL));
    assert_int_equal(node, 3);
    assert_false(graph_find(&graph, "abc", 3, &node, &err));
    assert_int_equal(err.code, HG_NO_REVISION);
    assert_string_equal(err.message,
                        "\"abc\" is the beginning of more than one revision: \"abc1\", \"abc2\"");
    assert_false(graph_find(&graph, "zz", 2, &node, &err));
    assert_string_equal(err.message, "there is no revision \"zz\"");
    assert_false(graph_find(&graph, "", 0, &node, &err));
}

static const char *lead(const struct graph *graph, const char *text)
{
    static char out[512];
    struct target target;
    hg_error err = {0};

    if (!target_parse(graph, text, &target, &err)) {
        assert_int_equal(err.code, HG_NO_REVISION);
        return strcpy(out, err.message);
    }
    switch (target.kind) {
    case TARGET_NODE:
        return graph->nodes[target.node].revision;
    case TARGET_HEADS:
        return "all heads";
    case TARGET_BASE:
        return "the base";
    case TARGET_STEPS:
        snprintf(out, sizeof out, "%ld steps", target.steps);
        return out;
    }
    return "nowhere";
}

static void targets_lead_where_alembic_says(void **state)
{
    /* clang-format off */
    static const struct { const char *text, *where; } cases[] = {
        {"heads",  "all heads"},
        {"base",   "the base"},
        {"+2",     "2 steps"},
        {"-1",     "-1 steps"},
        {"d",      "d"},
        {"d+1",    "e"},
        {"b-1",    "a"},
        {"b-2",    "the base"},
        {"b-3",    "-3 steps from \"b\" lead out of the graph"},
        {"e+1",    "1 steps from \"e\" lead out of the graph"},
        {"a+1",    "revision \"a\" has 2 children, \"c\" and \"b\" among them"},
        {"d-1",    "revision \"d\" has 2 parents, \"b\" and \"c\" among them"},
        {"head",   "there are 2 heads: \"e\", \"f1\""},
        {"head-1", "there are 2 heads: \"e\", \"f1\""},
        {"f",      "f1"},
        {"f+",     "there is no revision \"f+\""},
        {"f+1x",   "there is no revision \"f+1x\""},
        {"",       "there is no revision \"\""},
        {"+99999999999999999999", "there is no revision \"+99999999999999999999\""},
    };
    /* clang-format on */
    struct graph graph;

    (void)state;
    assert_true(BUILD(diamond, &graph, NULL));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(lead(&graph, cases[i].text), cases[i].where);
}

static void the_head_of_an_empty_folder_is_the_base(void **state)
{
    struct graph graph;

    (void)state;
    assert_true(build(NULL, 0, &graph, NULL));
    assert_string_equal(lead(&graph, "head"), "the base");
    assert_string_equal(lead(&graph, "head-1"), "the base");
}

static void ten_thousand_revisions_in_the_worst_order_are_quick_and_do_not_recurse(void **state)
{
    enum { COUNT = 10000 };
    struct row *rows = arena_alloc(&arena, COUNT, sizeof *rows);
    struct graph graph;
    int64_t start = clock_now_ns();
    bool marks[COUNT] = {false};

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        rows[i].revision = arena_printf(&arena, "r%05d", i);
        rows[i].revises = i + 1 < COUNT ? arena_printf(&arena, "r%05d", i + 1) : "";
    }
    assert_true(build(rows, COUNT, &graph, NULL));
    graph_mark_ancestors(&graph, 0, marks);
    assert_true(marks[COUNT - 1]);
    assert_int_equal(graph.order[0], COUNT - 1);
    assert_true(clock_since_ms(start) < 10000); /* some 10 ms; a quadratic one takes much longer */
}

static void every_allocation_that_fails_is_told(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct graph graph;
        struct arena small = ARENA_INIT;
        struct graph_node nodes[1000] = {{0}};
        char names[1000][8];
        hg_error err = {0};
        bool ok;

        for (int i = 0; i < 1000; i++) {
            snprintf(names[i], sizeof names[i], "%d", i);
            nodes[i].revision = names[i];
        }
        alloc_fail_at(n);
        ok = graph_build(&small, nodes, 1000, &graph, &err);
        arena_release(&small);
        if (!alloc_failed()) {
            alloc_fail_at(0);
            assert_true(ok);
            break;
        }
        assert_false(ok);
        assert_int_equal(err.code, HG_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ancestors_come_first_and_the_rest_as_given, release),
        cmocka_unit_test_teardown(a_head_is_what_nothing_revises_even_if_something_depends_on_it,
                                  release),
        cmocka_unit_test_teardown(marks_reach_all_ancestors_and_all_descendants, release),
        cmocka_unit_test_teardown(what_cannot_be_a_graph_is_told_with_its_names, release),
        cmocka_unit_test_teardown(a_revision_is_found_by_name_or_unambiguous_beginning, release),
        cmocka_unit_test_teardown(targets_lead_where_alembic_says, release),
        cmocka_unit_test_teardown(the_head_of_an_empty_folder_is_the_base, release),
        cmocka_unit_test_teardown(
            ten_thousand_revisions_in_the_worst_order_are_quick_and_do_not_recurse, release),
        cmocka_unit_test(every_allocation_that_fails_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
