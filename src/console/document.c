/*
 * document.c - wrapping.
 */
#include "document.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum {
    FIELD_WIDTH = 14,
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

static void wrap(struct document *d, int indent, enum role role, const char *visible)
{
    int width = d->width - indent < NARROWEST ? NARROWEST : d->width - indent;

    do {
        size_t n = line_end(visible, width);

        n = n == 0 && visible[0] != '\0' ? 1 : n;
        add_line(d, indent, role, arena_text_n(&d->arena, visible, n));
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
        wrap(d, indent, role, visible.bytes);
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
        document_item(d, FIELD_WIDTH, ROLE_DIM, label, ROLE_TEXT, text);
}

void document_blank(struct document *d)
{
    add_line(d, 0, ROLE_TEXT, "");
}

void document_draw(const struct document *d, struct area a, size_t top)
{
    for (int y = 0; y < a.height && top + (size_t)y < d->lines.count; y++) {
        const struct line *line = &d->lines.items[top + (size_t)y];

        if (line->label != NULL)
            area_put_cut(a, 0, y, line->indent - 1, line->label_role, line->label);
        area_put(a, line->indent, y, line->role, line->text);
    }
}
