/*
 * list_log.c - what has happened since the console was opened, the newest first.
 */
#include <stdio.h>

#include "format.h"
#include "list.h"

enum { LOG_WHEN, LOG_LEVEL, LOG_TEXT, LOG_COLUMNS };

/* clang-format off */
static const struct column columns[LOG_COLUMNS] = {
    [LOG_WHEN]  = {"WHEN", 8},
    [LOG_LEVEL] = {"", 4, .drop = 1, .sorts = true},
    [LOG_TEXT]  = {"WHAT", 8, .grows = true},
};
/* clang-format on */

static const char *level(enum role role)
{
    return role == ROLE_FAIL   ? "FAIL"
           : role == ROLE_WARN ? "WARN"
           : role == ROLE_OK   ? "OK"
                               : "info";
}

static size_t count(const struct model *m)
{
    return m->note_count < NOTES ? m->note_count : NOTES;
}

/* A note is called by its number since the start. */
static void key(const struct model *m, size_t row, char *out, size_t size)
{
    snprintf(out, size, "%zu", m->note_count - row);
}

static void cell(const struct model *m, size_t row, size_t column, struct table_cell *out)
{
    const struct note *note = model_note(m, row);

    out->text = out->scratch;
    out->role = column == LOG_WHEN ? ROLE_DIM : note->role;
    if (column == LOG_WHEN)
        format_moment(note->wall_ms, out->scratch);
    else
        out->text = column == LOG_LEVEL ? level(note->role) : note->text;
}

static struct sort_value value(const struct model *m, size_t row, size_t column)
{
    (void)column;
    return (struct sort_value){level(model_note(m, row)->role), 0};
}

static enum role note(const struct model *m, char *out, size_t size)
{
    snprintf(out, size, "newest first, %zu since start", m->note_count);
    return ROLE_DIM;
}

static const char *empty(const struct model *m)
{
    (void)m;
    return "nothing has happened yet";
}

static void detail(const struct model *m, size_t row, struct document *d)
{
    const struct note *n = model_note(m, row);
    char text[FORMAT_ROOM];

    list_field(d, "when", "%s UTC", format_moment(n->wall_ms, text));
    document_item(d, DOCUMENT_FIELD, ROLE_DIM, level(n->role), n->role, n->text);
}

static void copy(const struct model *m, size_t row, struct buf *out)
{
    buf_text(out, model_note(m, row)->text);
}

const struct list list_log = {
    .title = "LOG",
    .one = "ENTRY",
    .row_says = "entry",
    .columns = columns,
    .column_count = LOG_COLUMNS,
    .order = LIST_AS_IT_COMES,
    .count = count,
    .key = key,
    .cell = cell,
    .value = value,
    .note = note,
    .empty = empty,
    .detail = detail,
    .copy = copy,
};
