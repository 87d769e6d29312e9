/*
 * list_write.c - a list as a file has it: plain columns, CSV (RFC 4180), JSON.
 *
 * Cells say what they say on the screen; what programs work with has exact numbers behind --json
 * of the command line.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "base/text.h"
#include "list.h"

enum { CELL_BYTES_MAX = 16 << 20, PAST_COLUMNS = 30 };

/* A cell as it may leave the console; to be released. */
static struct buf cell_text(const struct model *m, enum pane pane, size_t row, size_t column)
{
    struct table_cell cell = {.text = "", .width = PAST_COLUMNS};
    struct buf text = BUF_INIT(CELL_BYTES_MAX);

    list_of(m, pane)->cell(m, model_row(m, pane, row), column, &cell);
    text_show(&text, cell.text);
    if (text.size > 0) {
        secret_scrub(text.bytes, text.size + 1);
        text.size = strlen(text.bytes);
    }
    return text;
}

/* The name of a column; the screen leaves that of a state away. */
static const char *title_of(const struct list *list, size_t column)
{
    return list->columns[column].title[0] == '\0' ? "STATE" : list->columns[column].title;
}

/* --- plain --- */

static int width_of(const struct model *m, enum pane pane, size_t column)
{
    int width = shown_width(title_of(list_of(m, pane), column));

    for (size_t row = 0; row < model_rows(m, pane); row++) {
        struct buf text = cell_text(m, pane, row, column);
        int this = text_width(text.bytes);

        width = this > width ? this : width;
        buf_release(&text);
    }
    return width;
}

static void put_padded(struct buf *out, const char *text, int width, bool right)
{
    int gap = width - text_width(text);

    buf_printf(out, "%*s%s%*s", right && gap > 0 ? gap : 0, "", text, !right && gap > 0 ? gap : 0,
               "");
}

/* A line of all columns, without spaces at its end. */
static void end_line(struct buf *out)
{
    while (out->size > 0 && out->bytes[out->size - 1] == ' ')
        out->size--;
    buf_char(out, '\n');
}

static void write_plain(const struct model *m, enum pane pane, struct buf *out)
{
    const struct list *list = list_of(m, pane);
    int widths[LIST_COLUMNS_MAX];

    for (size_t column = 0; column < list->column_count; column++) {
        widths[column] = width_of(m, pane, column);
        put_padded(out, title_of(list, column), widths[column], list->columns[column].right);
        buf_text(out, "  ");
    }
    end_line(out);
    for (size_t row = 0; row < model_rows(m, pane); row++) {
        for (size_t column = 0; column < list->column_count; column++) {
            struct buf text = cell_text(m, pane, row, column);

            put_padded(out, text.bytes, widths[column], list->columns[column].right);
            buf_text(out, "  ");
            buf_release(&text);
        }
        end_line(out);
    }
}

/* --- CSV --- */

/* What a spreadsheet would take for a formula: whoever names a session or writes a statement could
 * have it calculated, and sent away, by whoever opens the file. A sign alone is none: it stands for
 * what is not known. */
static bool is_formula(const char *text)
{
    return text[0] == '=' || text[0] == '@'
           || ((text[0] == '-' || text[0] == '+') && text[1] != '\0');
}

static void put_csv(struct buf *out, size_t column, const char *text)
{
    buf_text(out, column == 0 ? "\"" : ",\"");
    buf_text(out, is_formula(text) ? "'" : "");
    for (; *text != '\0'; text++) {
        if (*text == '"')
            buf_char(out, '"');
        buf_char(out, *text);
    }
    buf_char(out, '"');
}

static void write_csv(const struct model *m, enum pane pane, struct buf *out)
{
    const struct list *list = list_of(m, pane);

    for (size_t column = 0; column < list->column_count; column++)
        put_csv(out, column, title_of(list, column));
    buf_text(out, "\r\n");
    for (size_t row = 0; row < model_rows(m, pane); row++) {
        for (size_t column = 0; column < list->column_count; column++) {
            struct buf text = cell_text(m, pane, row, column);

            put_csv(out, column, text.bytes);
            buf_release(&text);
        }
        buf_text(out, "\r\n");
    }
}

/* --- JSON --- */

/* Shown text has no control characters. */
static void put_json(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buf_char(out, '\\');
        buf_char(out, *text);
    }
    buf_char(out, '"');
}

/* "waits_for" of "WAITS FOR". */
static void put_json_name(struct buf *out, const char *title)
{
    buf_char(out, '"');
    for (; *title != '\0'; title++)
        buf_char(out, isalnum((unsigned char)*title) ? (char)tolower((unsigned char)*title) : '_');
    buf_text(out, "\": ");
}

static void put_moment(struct buf *out, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    char text[32];
    struct tm utc;

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    put_json(out, text);
}

static void put_row(const struct model *m, enum pane pane, size_t row, struct buf *out)
{
    const struct list *list = list_of(m, pane);

    for (size_t column = 0; column < list->column_count; column++) {
        struct buf text = cell_text(m, pane, row, column);

        buf_text(out, column == 0 ? "{" : ", ");
        put_json_name(out, title_of(list, column));
        put_json(out, text.bytes);
        buf_release(&text);
    }
    buf_char(out, '}');
}

static void write_json(const struct model *m, enum pane pane, struct buf *out)
{
    char database[sizeof m->facts.database];

    buf_text(out, "{\"list\": ");
    put_json(out, list_of(m, pane)->title);
    buf_text(out, ", \"at\": ");
    put_moment(out, m->wall_ms);
    buf_text(out, ", \"database\": ");
    put_json(out, text_visible_copy(database, sizeof database, m->facts.database));
    buf_text(out, ", \"rows\": [");
    for (size_t row = 0; row < model_rows(m, pane); row++) {
        buf_text(out, row == 0 ? "\n" : ",\n");
        put_row(m, pane, row, out);
    }
    buf_text(out, "\n]}\n");
}

void list_write(const struct model *m, enum pane pane, enum list_format format, struct buf *out)
{
    static void (*const writers[])(const struct model *m, enum pane pane, struct buf *out) = {
        [LIST_PLAIN] = write_plain, [LIST_CSV] = write_csv, [LIST_JSON] = write_json};

    writers[format](m, pane, out);
}
