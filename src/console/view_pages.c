/*
 * view_pages.c - help, and what is known about one row.
 */
#include <stdio.h>
#include <string.h>

#include "list.h"
#include "view.h"

enum { KEY_COLUMN = 12 };

static void own_keys(const struct model *m, struct document *d)
{
    const struct own_keys *own = &m->facts.own_keys;

    if (own->count > 0) {
        document_blank(d);
        document_text(d, 0, ROLE_TITLE, "YOUR OWN");
    }
    for (size_t i = 0; i < own->count; i++)
        document_item(d, KEY_COLUMN, ROLE_KEY, own->keys[i].name, ROLE_TEXT, own->keys[i].line);
}

void view_help(const struct model *m, struct document *d)
{
    const char *group = "";
    size_t count;
    const struct key_row *row = keys_rows(&count);

    for (; count > 0; count--, row++) {
        const char *refusal = model_refusal(m, row->command);

        if (row->group == NULL)
            continue;
        if (strcmp(group, row->group) != 0) {
            if (d->lines.count > 0)
                document_blank(d);
            document_text(d, 0, ROLE_TITLE, row->group);
            group = row->group;
        }
        document_item(d, KEY_COLUMN, refusal == NULL ? ROLE_KEY : ROLE_DIM, row->name,
                      refusal == NULL ? ROLE_TEXT : ROLE_DIM, row->help);
        if (refusal != NULL)
            document_text(d, KEY_COLUMN, ROLE_WARN, refusal);
    }
    own_keys(m, d);
    document_blank(d);
    document_text(d, 0, ROLE_DIM,
                  "What changes the database shows its plan first and asks; Enter alone never "
                  "confirms. Colours never stand alone: OK, WARN and FAIL are always spelled.");
}

void view_detail_title(const struct model *m, struct page_title *out)
{
    enum pane subject = model_subject(m);

    *out = (struct page_title){.title = ""};
    snprintf(out->title, sizeof out->title, "%s", list_of(m, subject)->one);
    if (model_rows(m, subject) > 0 && subject != PANE_LOG)
        snprintf(out->subject, sizeof out->subject, "%s", m->lists[subject].key);
}

void view_detail(const struct model *m, struct document *d)
{
    size_t row;

    if (model_subject(m) == PANE_MIGRATIONS)
        list_migrations_trouble(m, d);
    if (model_selected(m, model_subject(m), &row))
        list_of(m, model_subject(m))->detail(m, row, d);
    else if (model_page(m) == PAGE_DETAIL)
        document_text(d, 0, ROLE_DIM, "It is gone.");
}
