/*
 * state.c - what a database says is applied.
 */
#include "state.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *name, const void *entry)
{
    return strcmp(name, ((const struct ledger_entry *)entry)->revision);
}

const struct ledger_entry *ledger_find(const struct ledger *ledger, const char *revision)
{
    if (ledger->entry_count == 0)
        return NULL;
    return bsearch(revision, ledger->entries, ledger->entry_count, sizeof *ledger->entries,
                   by_name);
}
