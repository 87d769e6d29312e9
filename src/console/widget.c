/*
 * widget.c - rules, gauges, sparklines, tables.
 */
#include "widget.h"

#include <string.h>

enum { COLUMNS_MAX = 16, COLUMN_GAP = 2, MARK_WIDTH = 2 };

void widget_rule(struct area a, int y, const struct rule *rule)
{
    enum role line = rule->production ? ROLE_BORDER_PROD
                     : rule->focused  ? ROLE_BORDER_FOCUS
                                      : ROLE_BORDER;
    enum role title = rule->focused ? ROLE_TITLE_FOCUS : ROLE_TITLE;
    int note_width = rule->note[0] == '\0' ? 0 : shown_width(rule->note) + 2;
    int x = 3;

    area_repeat(a, 0, y, a.width, line,
                glyph(a.canvas->utf8, rule->production ? GLYPH_RULE_PROD : GLYPH_RULE));
    area_put(a, x - 1, y, line, " ");
    x += area_put(a, x, y, title, rule->title);
    x += area_put(a, x, y, line, " ");
    if (rule->zoomed)
        x += area_put(a, x, y, ROLE_KEY, "zoomed ");
    if (rule->subject[0] != '\0') {
        int room = a.width - x - 2 - (note_width > 0 ? note_width + 1 : 0);

        if (room >= 6) {
            x += area_put_cut(a, x, y, room, ROLE_TEXT, rule->subject);
            x += area_put(a, x, y, line, " ");
        }
    }
    if (note_width > 0 && x + note_width + 1 <= a.width) {
        int start = a.width - 1 - note_width;

        area_put(a, start, y, line, " ");
        area_put(a, start + 1, y, rule->note_role, rule->note);
        area_put(a, start + note_width - 1, y, line, " ");
    }
}

/* Columns of a part: rounded, but something that is there is seen, and nothing reaches past the
 * end.
 */
static int part_width(int64_t amount, int64_t whole, int width, int left)
{
    int64_t columns = whole <= 0 ? 0 : (amount * width + whole / 2) / whole;

    if (amount > 0 && columns == 0)
        columns = 1;
    return columns > left ? left : (int)columns;
}

void widget_gauge(struct area a, int x, int y, int width, const struct gauge_part *parts, size_t n,
                  int64_t whole, struct gauge_part rest)
{
    bool utf8 = a.canvas->utf8;
    int left = width;

    for (size_t i = 0; i < n; i++) {
        int columns = part_width(parts[i].amount, whole, width, left);

        area_repeat(a, x + width - left, y, columns, parts[i].role, glyph(utf8, parts[i].glyph));
        left -= columns;
    }
    area_repeat(a, x + width - left, y, left, rest.role, glyph(utf8, rest.glyph));
}

static int eighths(int sample, int whole, int height)
{
    int64_t full = (int64_t)height * 8;
    int64_t level = whole <= 0 ? 0 : ((int64_t)sample * full + whole - 1) / whole;

    return level > full ? (int)full : (int)level;
}

void widget_spark(struct area a, const struct spark *spark)
{
    size_t shown = spark->count < (size_t)a.width ? spark->count : (size_t)a.width;

    for (size_t i = 0; i < shown; i++) {
        size_t at = spark->count - shown + i;
        int x = a.width - (int)shown + (int)i;
        int level =
            spark->samples[at] < 0 ? 0 : eighths(spark->samples[at], spark->whole, a.height);

        for (int row = 0; row < a.height && level > 0; row++, level -= 8) {
            enum glyph g = (enum glyph)(GLYPH_SPARK_0 + (level > 8 ? 8 : level));

            area_put(a, x, a.height - 1 - row, spark->roles[at], glyph(a.canvas->utf8, g));
        }
    }
}

size_t widget_table_rows(int height, bool head)
{
    int rows = height - (head ? 1 : 0);

    return rows < 0 ? 0 : (size_t)rows;
}

size_t widget_top(size_t top, size_t selected, size_t rows, size_t shown)
{
    if (rows <= shown || shown == 0)
        return 0;
    if (top > rows - shown)
        top = rows - shown;
    if (selected < top)
        return selected;
    return selected >= top + shown ? selected - shown + 1 : top;
}

/* Where each column stands; width 0: there is no room for it. */
struct placing {
    int x[COLUMNS_MAX], width[COLUMNS_MAX];
};

static int used_width(const struct table *t, const struct placing *p)
{
    int used = MARK_WIDTH;

    for (size_t i = 0; i < t->column_count; i++)
        used += p->width[i] == 0 ? 0 : p->width[i] + COLUMN_GAP;
    return used - COLUMN_GAP;
}

/* Takes away the column that may go first; false: all that are left must stay. */
static bool drop_one(const struct table *t, struct placing *p)
{
    size_t worst = t->column_count;

    for (size_t i = 0; i < t->column_count; i++)
        if (p->width[i] > 0 && t->columns[i].drop > 0
            && (worst == t->column_count || t->columns[i].drop > t->columns[worst].drop))
            worst = i;
    if (worst == t->column_count)
        return false;
    p->width[worst] = 0;
    return true;
}

static void place_columns(const struct table *t, int width, struct placing *p)
{
    int x = MARK_WIDTH, spare;

    for (size_t i = 0; i < t->column_count; i++)
        p->width[i] = t->columns[i].full && !t->head ? 0 : t->columns[i].width;
    while (used_width(t, p) > width && drop_one(t, p))
        continue;
    spare = width - used_width(t, p);
    for (size_t i = 0; i < t->column_count; i++) {
        if (t->columns[i].grows && p->width[i] > 0 && spare > 0)
            p->width[i] += spare;
        p->x[i] = x;
        x += p->width[i] == 0 ? 0 : p->width[i] + COLUMN_GAP;
    }
}

static void put_in_column(struct area a, int y, const struct column *c, int x, int width,
                          const struct table_cell *cell)
{
    int needed = width == 0 ? 0 : shown_width(cell->text);

    if (width == 0 || (cell->whole && needed > width))
        return;
    if (c->right && needed < width)
        area_put_right(a, x + width, y, cell->role, cell->text);
    else
        area_put_cut(a, x, y, width, cell->role, cell->text);
}

/* The selected row is marked in the margin and by its first cell: the rest of it stays as it is, so
 * that moving on writes little. */
static void mark_row(struct area a, int y, const struct table *t, const struct placing *p)
{
    if (t->focused) {
        area_put(a, 0, y, ROLE_KEY, glyph(a.canvas->utf8, GLYPH_MARK));
        area_cursor(a, 0, y, false);
    }
    area_over(area_part(a, 1, y, p->width[0] + 2, 1), 0,
              t->focused ? ROLE_SELECT : ROLE_SELECT_UNFOCUSED);
}

static void put_row(struct area a, int y, const struct table *t, const struct placing *p,
                    size_t row)
{
    for (size_t i = 0; i < t->column_count; i++) {
        struct table_cell cell = {.text = "", .role = ROLE_TEXT, .width = p->width[i]};

        if (p->width[i] == 0)
            continue;
        t->cell(t->context, row, i, &cell);
        put_in_column(a, y, &t->columns[i], p->x[i], p->width[i], &cell);
    }
    if (row == t->selected)
        mark_row(a, y, t, p);
}

/* The name of a column; beside the one that the table is sorted by stands which way. */
static void put_head(struct area a, int y, const struct table *t, const struct placing *p, size_t i)
{
    const char *way =
        glyph(a.canvas->utf8, t->descends ? GLYPH_LARGEST_FIRST : GLYPH_SMALLEST_FIRST);
    const struct column *c = &t->columns[i];

    put_in_column(a, y, c, p->x[i], p->width[i],
                  &(struct table_cell){.text = c->title, .role = ROLE_HEAD});
    if (t->sorted == (int)i && p->width[i] > 0)
        area_put(a, c->right ? p->x[i] + p->width[i] : p->x[i] + shown_width(c->title), y, ROLE_KEY,
                 way);
}

void widget_table(struct area a, const struct table *t)
{
    size_t shown = widget_table_rows(a.height, t->head);
    struct placing p;
    int y = 0;

    place_columns(t, a.width, &p);
    for (size_t i = 0; t->head && i < t->column_count; i++)
        put_head(a, y, t, &p, i);
    y += t->head ? 1 : 0;
    if (t->row_count == 0)
        area_put(a, MARK_WIDTH, y, ROLE_DIM, t->empty);
    for (size_t row = t->top; row < t->row_count && row < t->top + shown; row++, y++)
        put_row(a, y, t, &p, row);
}
