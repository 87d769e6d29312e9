/*
 * view_seek.c - the matches of a search in the text that is read.
 */
#include <stdio.h>

#include "base/text.h"
#include "view.h"

void view_hits(const struct model *m, const struct document *d, struct area text, size_t top)
{
    size_t line = model_seeking(m)->line;
    struct area margin = {text.canvas, text.x - 2, text.y, 1, text.height};

    document_mark(d, text, top, m->sought, ROLE_HIT);
    if (line >= top && line - top < (size_t)text.height) {
        area_put(margin, 0, (int)(line - top), ROLE_KEY, glyph(m->utf8, GLYPH_MARK));
        area_cursor(margin, 0, (int)(line - top), false);
    }
}

enum role view_hits_note(const struct model *m, const struct document *d, char *out, size_t size)
{
    size_t count = 0, at = 0;
    char words[24];

    for (size_t i = 0; i < d->lines.count; i++) {
        if (!document_has(&d->lines.items[i], m->sought))
            continue;
        count++;
        at = i == model_seeking(m)->line ? count : at;
    }
    text_visible_copy(words, sizeof words, m->sought);
    if (count == 0)
        snprintf(out, size, "/%s: nothing", words);
    else
        snprintf(out, size, "/%s: %zu of %zu", words, at, count);
    return count == 0 ? ROLE_WARN : ROLE_KEY;
}
