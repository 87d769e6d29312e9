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
    bool *decided; /* of each of its foreign keys: somebody else looks at it */
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
    size_t reference = o->table->source->reference_count - 1 - (size_t)hg_rows_integer(rows, 2);

    if (o->decided[reference])
        return true;
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

/* SQLite counts a table's foreign keys from its last one on. */
static bool ask_sqlite(struct orphans *o, hg_error *err)
{
    hg_value name = hg_text(o->table->source->name);
    hg_error said = {HG_OK};

    if (ask_rows(o->run->crew.hands[0].source,
                 "SELECT rowid, parent, fkid FROM pragma_foreign_key_check($1)", &name, 1,
                 add_orphan, o, hg_deadline_never(), &said))
        return end_group(o, err);
    if (note_unchecked(o->run, o->table, &said))
        return true;
    if (err != NULL)
        *err = said;
    return false;
}

static bool check_table(struct run *run, const struct table *table, hg_error *err)
{
    struct orphans orphans = {.run = run, .table = table, .enforced = keys_enforced(run, table)};
    size_t number = (size_t)(table - run->mapping.tables), count = table->source->reference_count;
    bool ok = true;

    if (count == 0 || guards_vouch(run->guards, number))
        return true;
    orphans.decided = alloc_zero(count, sizeof *orphans.decided);
    if (orphans.decided == NULL)
        return hg_fail(err, HG_NOMEM, "could not check the keys: out of memory");
    for (size_t i = 0; ok && orphans.enforced && i < count; i++)
        ok = bereaved_decides(run, number, i, &orphans.decided[i], err);
    ok = ok && ask_sqlite(&orphans, err);
    alloc_free(orphans.decided);
    return ok;
}

bool check_keys(struct run *run, hg_error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        ok = check_table(run, &run->mapping.tables[i], err);
    return ok && check_bereaved(run, err);
}
