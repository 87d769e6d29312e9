/*
 * test_paint.c - frames on their way to an emulator: what is seen is what was drawn, whatever was
 * there before, and the bytes that it took are counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vterm.h>

#include "base/buf.h"
#include "base/rand.h"
#include "console/paint.h"
#include "console/view.h"
#include "support/scene.h"

/* --- kinds of terminals --- */

static void ink(int color, bool behind, char *out)
{
    snprintf(out, INK_ROOM, "%d8;5;%d", behind ? 4 : 3, color);
}

static const struct pen_kind rich = {.to_column = true,
                                     .to_row = true,
                                     .erases = true,
                                     .fills = true,
                                     .scrolls = true,
                                     .attributes =
                                         ATTR_BOLD | ATTR_DIM | ATTR_UNDERLINE | ATTR_REVERSE,
                                     .ink = ink};
static const struct pen_kind poor = {.attributes = ATTR_BOLD | ATTR_UNDERLINE | ATTR_REVERSE,
                                     .uncolored = ATTR_UNDERLINE,
                                     .ink = ink};

/* --- a terminal that is painted on --- */

struct easel {
    VTerm *emulator;
    VTermScreen *screen;
    struct pen pen;
    struct theme theme;
    struct canvas was, now;
    bool painted;
    struct buf out;
};

static void easel_open(struct easel *e, const struct pen_kind *kind, int width, int height)
{
    static const char *const folders[] = {TEST_SOURCE_DIR "/themes", NULL};

    *e = (struct easel){.out = BUF_INIT(1 << 20)};
    e->emulator = vterm_new(height, width);
    vterm_set_utf8(e->emulator, 1);
    e->screen = vterm_obtain_screen(e->emulator);
    vterm_screen_reset(e->screen, 1);
    e->pen.kind = *kind;
    pen_begin(&e->pen, width, height);
    assert_true(theme_load("dark", folders, &e->theme, NULL));
    assert_true(canvas_init(&e->was, width, height, true));
    assert_true(canvas_init(&e->now, width, height, true));
}

static void easel_close(struct easel *e)
{
    canvas_release(&e->was);
    canvas_release(&e->now);
    buf_release(&e->out);
    vterm_free(e->emulator);
}

/* Paints what stands in `now`; how many bytes that took. */
static size_t easel_paint(struct easel *e)
{
    size_t cells = (size_t)e->now.width * (size_t)e->now.height;

    buf_truncate(&e->out, 0);
    paint(&e->pen, e->painted ? &e->was : NULL, &e->now, &e->theme, DEPTH_256, &e->out);
    assert_false(buf_failed(&e->out));
    vterm_input_write(e->emulator, e->out.bytes, e->out.size);
    memcpy(e->was.cells, e->now.cells, cells * sizeof *e->now.cells);
    e->painted = true;
    return e->out.size;
}

/* --- what is seen --- */

static int seen_color(VTermColor color, bool own)
{
    return own ? -1 : color.indexed.idx;
}

static void assert_cell(const struct easel *e, int x, int y)
{
    const struct cell *drawn = canvas_at(&e->now, x, y);
    struct style style = pen_shown(
        &e->pen, theme_style(&e->theme, DEPTH_256, (enum role)drawn->role, (enum role)drawn->over));
    VTermScreenCell cell;
    bool space = strcmp(drawn->text, " ") == 0;
    char text[CELL_BYTES] = "";
    size_t size = 0;

    if (drawn->width == 0)
        return;
    vterm_screen_get_cell(e->screen, (VTermPos){.row = y, .col = x}, &cell);
    for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
        size += (size_t)wctomb(text + size, (wchar_t)cell.chars[i]);
    assert_string_equal(size == 0 ? " " : text, drawn->text);
    assert_int_equal(seen_color(cell.bg, VTERM_COLOR_IS_DEFAULT_BG(&cell.bg)), style.bg);
    assert_int_equal(cell.attrs.underline != 0, (style.attributes & ATTR_UNDERLINE) != 0);
    assert_int_equal(cell.attrs.reverse, (style.attributes & ATTR_REVERSE) != 0);
    if (space && (style.attributes & (ATTR_UNDERLINE | ATTR_REVERSE)) == 0)
        return;
    assert_int_equal(seen_color(cell.fg, VTERM_COLOR_IS_DEFAULT_FG(&cell.fg)), style.fg);
    assert_int_equal(cell.attrs.bold, (style.attributes & ATTR_BOLD) != 0);
}

static void assert_seen(const struct easel *e)
{
    VTermPos cursor;

    for (int y = 0; y < e->now.height; y++)
        for (int x = 0; x < e->now.width; x++)
            assert_cell(e, x, y);
    vterm_state_get_cursorpos(vterm_obtain_state(e->emulator), &cursor);
    assert_int_equal(cursor.row, e->now.cursor_y);
    assert_int_equal(cursor.col, e->now.cursor_x);
}

/* --- frames that nobody thought of --- */

static int below(int n)
{
    return (int)rand_below(n);
}

/* Moves some rows up or down, as a list that is turned. */
static void turn_rows(struct canvas *c)
{
    int by = 1 + below(3), top = below(c->height - 4), count = c->height - top - by;
    size_t width = (size_t)c->width, size = (size_t)count * width * sizeof *c->cells;
    struct cell *up = &c->cells[(size_t)top * width], *down = up + (size_t)by * width;

    if (below(2) == 0)
        memmove(up, down, size);
    else
        memmove(down, up, size);
}

static void scribble(struct canvas *c)
{
    static const char *const words[] = {
        "x",     " ",  "overflow",    "in use   ",  "████▒▒··",
        "4,711", "字", "a\314\201bc", "          ", "                  "};
    struct area all = area_of(c);

    for (int i = below(40); i > 0; i--)
        area_put(all, below(c->width), below(c->height), (enum role)below(ROLE_COUNT),
                 words[below(sizeof words / sizeof *words)]);
    if (below(3) == 0)
        turn_rows(c);
    if (below(4) == 0)
        area_fill(area_rows(all, below(c->height), 1 + below(3)), (enum role)below(ROLE_COUNT));
    area_over(all, below(c->height), below(2) == 0 ? ROLE_SELECT : ROLE_TEXT);
    area_cursor(all, below(c->width), below(c->height), true);
}

static void what_is_seen_is_what_was_drawn_whatever_was_there(void **state)
{
    static const struct {
        const struct pen_kind *kind;
        int width, height;
    } cases[] = {{&rich, 80, 24}, {&poor, 80, 24}, {&rich, 9, 5}, {&poor, 13, 6}};

    (void)state;
    rand_seed(20260825);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct easel e;

        easel_open(&e, cases[i].kind, cases[i].width, cases[i].height);
        for (int frame = 0; frame < 150; frame++) {
            scribble(&e.now);
            easel_paint(&e);
            assert_seen(&e);
        }
        easel_close(&e);
    }
}

/* --- how many bytes --- */

static void put(struct easel *e, int x, int y, enum role role, const char *text)
{
    area_put(area_of(&e->now), x, y, role, text);
}

static void assert_painted(struct easel *e, const char *bytes)
{
    easel_paint(e);
    assert_string_equal(e->out.bytes, bytes);
    assert_seen(e);
}

static void what_looks_the_same_costs_nothing(void **state)
{
    struct easel e;

    (void)state;
    easel_open(&e, &rich, 80, 24);
    easel_paint(&e);
    assert_painted(&e, "");
    put(&e, 10, 10, ROLE_WARN, "      "); /* spaces of another colour */
    assert_painted(&e, "");
    easel_close(&e);
}

static void the_shortest_way_is_taken(void **state)
{
    static const struct {
        int x, y;
        const char *bytes;
    } steps[] = {
        /* from where the cursor was left, to x, y, where one letter is written */
        {40, 10, "\033[11;41Ha"}, {40, 11, "\n\bb"}, {42, 11, "\033[Cc"},
        {60, 11, "\033[17Cd"},    {0, 12, "\n\re"},  {0, 23, "\033[24He"},
        {79, 23, "\033[78Cf"}, /* behind the last column nobody knows where it is */
        {0, 0, "\033[dg"},
    };
    struct easel e;

    (void)state;
    easel_open(&e, &rich, 80, 24);
    easel_paint(&e);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char letter[2] = {steps[i].bytes[strlen(steps[i].bytes) - 1], '\0'};

        put(&e, steps[i].x, steps[i].y, ROLE_TEXT, letter);
        area_cursor(area_of(&e.now), steps[i].x == 79 ? 0 : steps[i].x + 1, steps[i].y, true);
        easel_paint(&e);
        if (strncmp(e.out.bytes, steps[i].bytes, strlen(steps[i].bytes)) != 0)
            fail_msg("step %zu: %s", i, e.out.bytes + 1);
        assert_seen(&e);
    }
    easel_close(&e);
}

static void letters_of_one_colour_are_written_one_behind_the_other(void **state)
{
    struct easel e;

    (void)state;
    easel_open(&e, &rich, 80, 24);
    easel_paint(&e);
    for (int y = 3; y < 6; y++) {
        put(&e, 5, y, ROLE_TEXT, "7");
        put(&e, 9, y, ROLE_POOL_USED, "in use");
    }
    assert_painted(&e, "\033[4;6H7\n\b7\n\b7\033[3C\033[38;5;75min use\033[4;10Hin use\n"
                       "\033[6Din use\033[H");
    put(&e, 5, 4, ROLE_TEXT, "8");
    assert_painted(&e, "\033[5;6H\033[m8\033[H");
    easel_close(&e);
}

static void a_row_is_erased_in_three_bytes(void **state)
{
    struct easel e;

    (void)state;
    easel_open(&e, &rich, 80, 24);
    put(&e, 0, 8, ROLE_TEXT, "SELECT something FROM somewhere");
    easel_paint(&e);
    area_fill(area_rows(area_of(&e.now), 8, 1), ROLE_TEXT);
    assert_painted(&e, "\033[8B\033[K\033[d");
    easel_close(&e);
}

/* Rows of a list, from the n-th on. */
static void put_list(struct easel *e, int first)
{
    char row[80];

    for (int y = 3; y < 20; y++) {
        snprintf(row, sizeof row, "%04d  a revision that adds an index to table %d", first + y,
                 (first + y) * 37);
        put(e, 2, y, ROLE_TEXT, row);
    }
}

static void a_list_that_is_turned_costs_one_row(void **state)
{
    struct easel e;

    (void)state;
    easel_open(&e, &rich, 80, 24);
    put_list(&e, 100);
    easel_paint(&e);
    for (int first = 101; first < 105; first++) {
        put_list(&e, first);
        assert_in_range(easel_paint(&e), 50, 80);
        assert_seen(&e);
    }
    put_list(&e, 102);
    assert_in_range(easel_paint(&e), 100, 140);
    assert_seen(&e);
    easel_close(&e);
}

/* What a screen of the console costs, and what a key on it. */
static void a_key_on_a_screen_costs_no_more_than_it_did(void **state)
{
    static const struct {
        const char *keys;
        size_t most;
    } steps[] = {{"", 2600}, {"j", 60}, {"k", 60}, {"4", 1600}, {"j", 120}, {"1", 2400}};
    struct scene *s = scene_open_busy(false);
    struct easel e;

    (void)state;
    easel_open(&e, &rich, 80, 24);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t bytes;

        scene_type(s, steps[i].keys);
        view(&s->model, &e.now);
        bytes = easel_paint(&e);
        assert_seen(&e);
        if (bytes > steps[i].most)
            fail_msg("step %zu, \"%s\": %zu bytes", i, steps[i].keys, bytes);
    }
    easel_close(&e);
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_seen_is_what_was_drawn_whatever_was_there),
        cmocka_unit_test(what_looks_the_same_costs_nothing),
        cmocka_unit_test(the_shortest_way_is_taken),
        cmocka_unit_test(letters_of_one_colour_are_written_one_behind_the_other),
        cmocka_unit_test(a_row_is_erased_in_three_bytes),
        cmocka_unit_test(a_list_that_is_turned_costs_one_row),
        cmocka_unit_test(a_key_on_a_screen_costs_no_more_than_it_did),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
