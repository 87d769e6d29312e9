/*
 * test_lanes.c - the graph of revisions as lanes, drawn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "console/lanes.h"

enum { ROWS = 24 };

struct row {
    const char *revision, *parents[3];
    hg_revision_state state;
};

static void draw(const struct row *rows, size_t count, bool utf8, struct buf *out)
{
    hg_revision revisions[ROWS] = {{.revision = NULL}};
    const hg_history history = {.revisions = revisions, .revision_count = count};
    struct lane_row drawn[ROWS];
    size_t lanes;

    for (size_t i = 0; i < count; i++) {
        revisions[i].revision = rows[i].revision;
        revisions[i].revises = rows[i].parents;
        while (revisions[i].revises_count < 3 && rows[i].parents[revisions[i].revises_count])
            revisions[i].revises_count++;
        revisions[i].state = rows[i].state;
    }
    lanes = lanes_make(&history, drawn);
    for (size_t i = 0; i < count; i++) {
        char text[128];

        lanes_text(&drawn[i], lanes, &revisions[i], utf8, text, sizeof text);
        buf_printf(out, "%s %s\n", text, rows[i].revision);
    }
}

static void assert_drawn(const struct row *rows, size_t count, bool utf8, const char *expected)
{
    struct buf out = BUF_INIT(1 << 16);

    draw(rows, count, utf8, &out);
    assert_string_equal(out.bytes, expected);
    buf_release(&out);
}

static const struct row branched[] = {
    {"a", {NULL}, HG_REVISION_APPLIED},     {"b", {"a"}, HG_REVISION_APPLIED},
    {"c", {"a"}, HG_REVISION_APPLIED},      {"d", {"b"}, HG_REVISION_APPLIED},
    {"e", {"a"}, HG_REVISION_MISSING},      {"f", {"d", "c"}, HG_REVISION_PENDING},
    {"g", {"f", "e"}, HG_REVISION_PENDING}, {"h", {"g"}, HG_REVISION_PENDING},
    {"i", {"g"}, HG_REVISION_PENDING},
};

static void branches_stand_beside_each_other_and_merges_end_them(void **state)
{
    (void)state;
    assert_drawn(branched, sizeof branched / sizeof *branched, true,
                 "●      a\n"
                 "├─●    b\n"
                 "├─│─●  c\n"
                 "│ ● │  d\n"
                 "◆ │ │  e\n"
                 "│ ○─╯  f\n"
                 "○─╯    g\n"
                 "├─○    h\n"
                 "○      i\n");
}

static void without_utf8_it_is_drawn_with_letters(void **state)
{
    (void)state;
    assert_drawn(branched, sizeof branched / sizeof *branched, false,
                 "*      a\n"
                 "+-*    b\n"
                 "+-|-*  c\n"
                 "| * |  d\n"
                 "x | |  e\n"
                 "| o-'  f\n"
                 "o-'    g\n"
                 "+-o    h\n"
                 "o      i\n");
}

static void a_straight_line_has_one_lane(void **state)
{
    static const struct row rows[] = {
        {"a", {NULL}, HG_REVISION_APPLIED},
        {"b", {"a"}, HG_REVISION_APPLIED},
        {"c", {"b"}, HG_REVISION_PENDING},
    };

    (void)state;
    assert_drawn(rows, 3, true, "●  a\n●  b\n○  c\n");
}

static void roots_that_have_nothing_in_common_stand_apart(void **state)
{
    static const struct row rows[] = {
        {"a", {NULL}, HG_REVISION_APPLIED},
        {"x", {NULL}, HG_REVISION_APPLIED},
        {"b", {"a"}, HG_REVISION_APPLIED},
        {"y", {"x", "nobody"}, HG_REVISION_PENDING},
    };

    (void)state;
    assert_drawn(rows, 4, true, "●    a\n│ ●  x\n● │  b\n  ○  y\n");
}

/* More branches than lanes: nothing is written beyond the last one. */
static void what_is_beyond_the_last_lane_shares_it(void **state)
{
    static char names[ROWS][4];
    struct row rows[ROWS] = {{"root", {NULL}, HG_REVISION_APPLIED}};
    struct buf out = BUF_INIT(1 << 16);

    (void)state;
    for (size_t i = 1; i < ROWS; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        rows[i] = (struct row){.revision = names[i]};
        rows[i].parents[0] = i <= 12 ? "root" : names[i - 11];
    }
    draw(rows, ROWS, true, &out);
    assert_false(buf_failed(&out));
    assert_non_null(strstr(out.bytes, " 23\n"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_stand_beside_each_other_and_merges_end_them),
        cmocka_unit_test(without_utf8_it_is_drawn_with_letters),
        cmocka_unit_test(a_straight_line_has_one_lane),
        cmocka_unit_test(roots_that_have_nothing_in_common_stand_apart),
        cmocka_unit_test(what_is_beyond_the_last_lane_shares_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
