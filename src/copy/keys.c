/*
 * keys.c - what rows owe one another: foreign keys that lead nowhere.
 */
#include "run.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "guard.h"

/* Rows of one table that refer to nothing in one other. */
struct orphans {
    struct run *run;
    const struct table *table;
    bool enforced; /* the target has a foreign key on the table */
    int64_t count;
    int64_t first; /* rowid */
    char parent[256];
};

static bool end_group(struct orphans *o, hg_error *err)
{
    const char *name = o->table->source->name;
    char where[64] = "";
    bool ok;

    if (o->count == 0)
        return true;
    if (o->table->source->rowid != NULL)
        snprintf(where, sizeof where, "; the first has rowid %lld", (long long)o->first);
    ok = mapping_problem(&o->run->mapping, "orphan", name, o->count, o->enforced,
                         "%lld row%s to rows of \"%s\" that are not there%s", (long long)o->count,
                         o->count == 1 ? " refers" : "s refer", o->parent, where);
    o->count = 0;
    return ok || hg_fail(err, HG_NOMEM, "could not check the keys: out of memory");
}

static bool add_orphan(void *context, hg_rows *rows, hg_error *err)
{
    struct orphans *o = context;
    const char *parent = hg_rows_text(rows, 1);

    if (o->count == 0 || strcmp(parent, o->parent) != 0) {
        if (!end_group(o, err))
            return false;
        snprintf(o->parent, sizeof o->parent, "%s", parent);
        o->first = hg_rows_integer(rows, 0);
    }
    o->count++;
    return true;
}

bool keys_enforced(const struct run *run, const struct table *table)
{
    for (size_t i = 0; i < run->target.hold_count; i++)
        if (run->target.holds[i].kind == HOLD_FOREIGN_KEY
            && strcmp(run->target.holds[i].table, table->target->name) == 0)
            return true;
    return false;
}

/* SQLite refuses to check a key that refers to columns which are not unique. Whether it is one in
 * the target, the target says. */
static bool note_unchecked(struct run *run, const struct table *table, hg_error *err)
{
    if (err->code == HG_CANCELLED || err->code == HG_NOMEM)
        return false;
    return mapping_problem(&run->mapping, "keys-unchecked", table->source->name, 0, false,
                           "its foreign keys could not be checked: %s", err->message)
           || hg_fail(err, HG_NOMEM, "could not check the keys: out of memory");
}

static bool check_table(struct run *run, const struct table *table, hg_error *err)
{
    struct orphans orphans = {.run = run, .table = table, .enforced = keys_enforced(run, table)};
    hg_value name = hg_text(table->source->name);
    hg_error said = {HG_OK};

    if (table->source->reference_count == 0
        || guards_vouch(run->guards, (size_t)(table - run->mapping.tables)))
        return true;
    if (ask_rows(run->crew.hands[0].source,
                 "SELECT rowid, parent FROM pragma_foreign_key_check($1)", &name, 1, add_orphan,
                 &orphans, hg_deadline_never(), &said))
        return end_group(&orphans, err);
    if (note_unchecked(run, table, &said))
        return true;
    if (err != NULL)
        *err = said;
    return false;
}

bool check_keys(struct run *run, hg_error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        ok = check_table(run, &run->mapping.tables[i], err);
    return ok && check_bereaved(run, err);
}
