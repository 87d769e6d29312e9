/*
 * copy_tell.c - a round a second, of the tables that moved.
 */
#include "copy_tell.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

enum { TELL_EVERY_MS = 1000 };

/* A table that stands where it stood is no news. Without memory everything is. */
static bool has_moved(struct copy_teller *t, const hg_event *event)
{
    char name[sizeof t->tables.items->table];
    struct copy_seen *table;
    bool moved;

    text_copy(name, sizeof name, event->subject);
    VEC_EACH (&t->tables, table)
        if (strcmp(table->table, name) == 0)
            break;
    if (table == t->tables.items + t->tables.count) {
        table = VEC_PUSH(&t->tables);
        if (table == NULL)
            return true;
        memcpy(table->table, name, sizeof name);
    }
    moved = table->done != event->done;
    table->done = event->done;
    return moved;
}

bool copy_tells(struct copy_teller *t, const hg_event *event)
{
    bool ends = event->subject[0] == '\0';

    if (event->kind != HG_EVENT_STEP_PROGRESS)
        return true;
    if (!t->in_round)
        t->tells = t->told_ns == 0 || clock_since_ms(t->told_ns) >= TELL_EVERY_MS;
    t->in_round = !ends;
    if (ends && t->tells)
        t->told_ns = clock_now_ns();
    return t->tells && (ends || has_moved(t, event));
}

void copy_teller_release(struct copy_teller *t)
{
    VEC_RELEASE(&t->tables);
}
