/*
 * seek.c - from match to match: in a text that is read, and among the rows of a list.
 */
#include <string.h>

#include "base/text.h"
#include "list.h"
#include "update.h"
#include "view.h"
#include "widget.h"

static struct seeking *seeking_of(struct model *m)
{
    return model_page(m) == PAGE_NONE ? &m->detail_seeking[m->screen]
                                      : &model_page_entry(m)->seeking;
}

static size_t *top_of(struct model *m)
{
    return model_page(m) == PAGE_NONE ? &m->detail_top[m->screen] : &model_page_entry(m)->top;
}

/* The first line that has the words, from a line on or back, and round the end; SIZE_MAX: none. */
static size_t find(const struct document *d, const char *words, size_t from, bool back)
{
    size_t lines = d->lines.count;

    for (size_t i = 0; i < lines; i++) {
        size_t at = (from + (back ? lines - i : i)) % lines;

        if (document_has(&d->lines.items[at], words))
            return at;
    }
    return SIZE_MAX;
}

/* Looks for the words from a line on, and brings what is found into view. */
static void go_to(struct model *m, size_t from, bool back)
{
    struct seeking *seeking = seeking_of(m);
    struct document d;
    size_t shown;

    view_text(m, &d, &shown);
    *seeking = (struct seeking){true, find(&d, m->sought, from, back)};
    if (seeking->line != SIZE_MAX)
        *top_of(m) = widget_top(*top_of(m), seeking->line, d.lines.count, shown);
    document_release(&d);
}

void seek_begin(struct model *m)
{
    m->entry.from = *top_of(m);
}

void seek_words(struct model *m, const char *words)
{
    text_copy(m->sought, sizeof m->sought, words);
    if (words[0] == '\0')
        seek_end(m);
    else
        go_to(m, m->entry.from, false);
}

void seek_end(struct model *m)
{
    *seeking_of(m) = (struct seeking){.on = false};
}

/* A search that was made elsewhere goes on here, from what is in view. */
static void seek_in_text(struct model *m, bool back)
{
    const struct seeking *seeking = seeking_of(m);
    bool begun = seeking->on && seeking->line != SIZE_MAX;
    size_t lines, shown;
    struct document d;

    if (m->sought[0] == '\0') {
        note_add(m, ROLE_INFO, "nothing was searched for yet: / asks for words");
        return;
    }
    view_text(m, &d, &shown);
    lines = d.lines.count;
    document_release(&d);
    if (!begun)
        go_to(m, *top_of(m), back);
    else
        go_to(m, seeking->line + (back ? lines - 1 : 1), back);
}

static void seek_in_list(struct model *m, bool back)
{
    enum pane pane = model_subject(m);
    const struct looking *looking = &m->lists[pane];
    size_t rows = model_rows(m, pane);

    if (looking->sought[0] == '\0') {
        note_add(m, ROLE_INFO, "this list was not filtered yet: / asks for words");
        return;
    }
    for (size_t i = 1; i <= rows; i++) {
        size_t at = (looking->index + (back ? rows - i : i)) % rows;

        if (list_passes(m, pane, model_row(m, pane, at), looking->sought)) {
            select_row(m, pane, (int64_t)at);
            return;
        }
    }
    note_add(m, ROLE_INFO, "no row has \"%s\"", looking->sought);
}

void seek_next(struct model *m, bool back)
{
    if (model_reads(m))
        seek_in_text(m, back);
    else
        seek_in_list(m, back);
}
