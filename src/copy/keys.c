/*
 * keys.c - what rows owe one another: foreign keys that lead nowhere.
 */
#include "run.h"

#include <stdio.h>

#include "ask.h"

struct orphans {
    struct run *run;
    int64_t count; /* of the table and parent that are counted */
    int64_t first; /* rowid */
    char table[256], parent[256];
};

static bool end_group(struct orphans *o, hg_error *err)
{
    const struct source_table *table = source_find(&o->run->source, o->table);

    if (o->count == 0 || table == NULL)
        return true;
    if (!mapping_problem(
            &o->run->mapping, "orphan", table->name, o->count, true,
            "%lld row%s to rows of \"%s\" that are not there; the first has rowid %lld",
            (long long)o->count, o->count == 1 ? " refers" : "s refer", o->parent,
            (long long)o->first))
        return hg_fail(err, HG_NOMEM, "could not check the keys: out of memory");
    o->count = 0;
    return true;
}

static bool add_orphan(void *context, hg_rows *rows, hg_error *err)
{
    struct orphans *o = context;
    const char *table = hg_rows_text(rows, 0), *parent = hg_rows_text(rows, 2);

    if (strcmp(table, o->table) != 0 || strcmp(parent, o->parent) != 0) {
        if (!end_group(o, err))
            return false;
        snprintf(o->table, sizeof o->table, "%s", table);
        snprintf(o->parent, sizeof o->parent, "%s", parent);
        o->first = hg_rows_integer(rows, 1);
    }
    o->count++;
    return true;
}

bool check_keys(struct run *run, hg_error *err)
{
    struct orphans orphans = {.run = run};

    return ask_rows(run->crew.hands[0].source, "PRAGMA foreign_key_check", NULL, 0, add_orphan,
                    &orphans, hg_deadline_never(), err)
           && end_group(&orphans, err);
}
