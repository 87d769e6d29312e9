/*
 * document.h - lines of labelled text, wrapped to a width, for pages that scroll. Pure.
 */
#ifndef CONSOLE_DOCUMENT_H
#define CONSOLE_DOCUMENT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"
#include "canvas.h"

enum { DOCUMENT_FIELD = 14 }; /* the columns of a label */

struct line {
    enum role label_role, role;
    const char *label;    /* "" for none */
    const char *text;     /* fits behind the label */
    const uint8_t *roles; /* of each byte of the text; NULL: all have `role` */
    int indent;           /* columns before the text */
};

struct document {
    int width;
    struct arena arena; /* of labels and texts; helpers may put theirs here too */
    VEC(struct line) lines;
};

void document_init(struct document *d, int width);
void document_release(struct document *d);

/* A paragraph: lines end where the text says so and where the width ends. */
void document_text(struct document *d, int indent, enum role role, const char *text);

/* A paragraph with a label in front of its first line, in a column of its own. */
void document_item(struct document *d, int indent, enum role label_role, const char *label,
                   enum role role, const char *text);

/* An item whose label has the usual width; nothing when the text is "". */
void document_field(struct document *d, const char *label, const char *text);

void document_blank(struct document *d);

/* Statements, with their words told apart. */
void document_sql(struct document *d, int indent, const char *sql);

/* Whether some of it stands in the line, or in its label; letters of either case. */
bool document_has(const struct line *line, const char *words);

/* Lays a role over the words wherever they stand in what document_draw() has drawn. */
void document_mark(const struct document *d, struct area a, size_t top, const char *words,
                   enum role over);

void document_draw(const struct document *d, struct area a, size_t top);

#endif
