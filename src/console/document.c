/*
 * document.c - wrapping.
 */
#include "document.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "highlight.h"

enum {
    TEXT_BYTES_MAX = 64 * 1024, /* of one paragraph: what is longer is not read on a screen */
    NARROWEST = 8
};

void document_init(struct document *d, int width)
{
    *d = (struct document){.width = width};
}

void document_release(struct document *d)
{
    arena_release(&d->arena);
    VEC_RELEASE(&d->lines);
}

static struct line *add_line(struct document *d, int indent, enum role role, const char *text)
{
    struct line *line = text == NULL ? NULL : VEC_PUSH(&d->lines);

    if (line != NULL)
        *line = (struct line){.role = role, .label = "", .text = text, .indent = indent};
    return line;
}

/* How many bytes go on this line: up to the last space that fits, or as many as fit. */
static size_t line_end(const char *text, int width)
{
    size_t fits = text_fit(text, width), at = fits;

    if (text[fits] == '\0')
        return fits;
    while (at > 0 && text[at] != ' ')
        at--;
    return at > fits / 2 ? at : fits;
}

/* roles: of each byte, or NULL; they live as long as the document. */
static void wrap(struct document *d, int indent, enum role role, const char *visible,
                 const uint8_t *roles)
{
    int width = d->width - indent < NARROWEST ? NARROWEST : d->width - indent;
    const char *start = visible;

    do {
        size_t n = line_end(visible, width);

        struct line *line;

        n = n == 0 && visible[0] != '\0' ? 1 : n;
        line = add_line(d, indent, role, arena_text_n(&d->arena, visible, n));
        if (line != NULL && roles != NULL)
            line->roles = roles + (visible - start);
        visible += n;
        while (*visible == ' ')
            visible++;
    } while (*visible != '\0');
}

void document_text(struct document *d, int indent, enum role role, const char *text)
{
    size_t left = strnlen(text, TEXT_BYTES_MAX);
    bool cut = text[left] != '\0';

    for (const char *end = text + left; text <= end;) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((stop == NULL ? end : stop) - text);
        struct buf visible = BUF_INIT(16 * TEXT_BYTES_MAX);

        text_visible(&visible, text, n > 0 && text[n - 1] == '\r' ? n - 1 : n);
        wrap(d, indent, role, visible.bytes, NULL);
        buf_release(&visible);
        text += n + 1;
    }
    if (cut)
        add_line(d, indent, ROLE_DIM, "(there is more; it is not shown)");
}

void document_item(struct document *d, int indent, enum role label_role, const char *label,
                   enum role role, const char *text)
{
    size_t first = d->lines.count;

    document_text(d, indent, role, text);
    if (d->lines.count > first) {
        d->lines.items[first].label = arena_text(&d->arena, label);
        d->lines.items[first].label_role = label_role;
    }
}

void document_field(struct document *d, const char *label, const char *text)
{
    if (text[0] != '\0')
        document_item(d, DOCUMENT_FIELD, ROLE_DIM, label, ROLE_TEXT, text);
}

void document_blank(struct document *d)
{
    add_line(d, 0, ROLE_TEXT, "");
}

/* Appends a piece of SQL that has one role, and the role of each byte that is shown of it. */
static void show_piece(struct buf *visible, struct buf *shown_roles, const char *sql, size_t n,
                       uint8_t role)
{
    size_t before = visible->size;
    char *to;

    if (sql[0] == '\t')
        buf_text(visible, "    ");
    else
        text_visible(visible, sql, n);
    to = buf_extend(shown_roles, visible->size - before);
    if (to != NULL)
        memset(to, role, visible->size - before);
}

/* One line of SQL: tabs are four columns, and the rest is made harmless. Roles change between whole
 * characters only. */
static void sql_line(struct document *d, int indent, const char *sql, size_t n,
                     const uint8_t *roles)
{
    struct buf visible = BUF_INIT(16 * TEXT_BYTES_MAX), shown_roles = BUF_INIT(16 * TEXT_BYTES_MAX);
    uint8_t *kept;

    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && roles[end] == roles[i] && sql[i] != '\t' && sql[end] != '\t';)
            end++;
        show_piece(&visible, &shown_roles, sql + i, end - i, roles[i]);
    }
    kept = arena_alloc(&d->arena, visible.size + 1, 1);
    if (kept != NULL && !shown_roles.failed && shown_roles.size == visible.size) {
        memcpy(kept, shown_roles.bytes, shown_roles.size);
        wrap(d, indent, ROLE_SQL, visible.bytes, kept);
    }
    buf_release(&visible);
    buf_release(&shown_roles);
}

void document_sql(struct document *d, int indent, const char *sql)
{
    size_t n = strnlen(sql, TEXT_BYTES_MAX);
    uint8_t *roles = arena_alloc(&d->arena, n + 1, 1);
    bool cut = sql[n] != '\0';

    if (roles == NULL)
        return;
    highlight_sql(sql, n, roles);
    for (size_t at = 0, size; at < n; at += size + 1) {
        const char *stop = memchr(sql + at, '\n', n - at);

        size = stop == NULL ? n - at : (size_t)(stop - sql) - at;
        sql_line(d, indent, sql + at, size > 0 && sql[at + size - 1] == '\r' ? size - 1 : size,
                 roles + at);
    }
    if (cut)
        add_line(d, indent, ROLE_DIM, "(there is more; it is not shown)");
}

/* A line whose words have roles of their own. */
static void draw_pieces(const struct line *line, struct area a, int y)
{
    size_t n = strlen(line->text);
    int x = line->indent;

    for (size_t i = 0, end; i < n; i = end) {
        char piece[512];

        for (end = i + 1; end < n && line->roles[end] == line->roles[i]; end++)
            continue;
        snprintf(piece, sizeof piece, "%.*s", (int)(end - i), line->text + i);
        x += area_put(a, x, y, (enum role)line->roles[i], piece);
    }
}

bool document_has(const struct line *line, const char *words)
{
    return strcasestr(line->text, words) != NULL
           || (line->label != NULL && strcasestr(line->label, words) != NULL);
}

/* The columns of the first n bytes. */
static int columns_of(const char *text, size_t n)
{
    struct buf start = BUF_INIT(16 * TEXT_BYTES_MAX);
    int columns;

    buf_bytes(&start, text, n);
    columns = start.failed ? 0 : shown_width(start.bytes);
    buf_release(&start);
    return columns;
}

static void mark_words(struct area a, int x, int y, const char *text, const char *words,
                       enum role over)
{
    size_t n = strlen(words);

    for (const char *at = strcasestr(text, words); at != NULL; at = strcasestr(at + n, words))
        area_over(area_part(a, x + columns_of(text, (size_t)(at - text)), y, columns_of(at, n), 1),
                  0, over);
}

void document_mark(const struct document *d, struct area a, size_t top, const char *words,
                   enum role over)
{
    for (int y = 0; y < a.height && words[0] != '\0' && top + (size_t)y < d->lines.count; y++) {
        const struct line *line = &d->lines.items[top + (size_t)y];

        if (line->label != NULL)
            mark_words(area_part(a, 0, 0, line->indent - 1, a.height), 0, y, line->label, words,
                       over);
        mark_words(a, line->indent, y, line->text, words, over);
    }
}

void document_draw(const struct document *d, struct area a, size_t top)
{
    for (int y = 0; y < a.height && top + (size_t)y < d->lines.count; y++) {
        const struct line *line = &d->lines.items[top + (size_t)y];

        if (line->label != NULL)
            area_put_cut(a, 0, y, line->indent - 1, line->label_role, line->label);
        if (line->roles != NULL)
            draw_pieces(line, a, y);
        else
            area_put(a, line->indent, y, line->role, line->text);
    }
}
