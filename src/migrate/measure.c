/*
 * measure.c - two looks at the catalogs, before and after a statement, and what is different.
 */
#include "measure.h"

#include <string.h>

#include "base/arena.h"
#include "base/vec.h"

// clang-format off
static const char relations_sql[] =
    "SELECT c.oid::int8, n.nspname || '.' || c.relname, c.relkind::text, coalesce(i.indrelid, 0)::int8,"
    " coalesce(pg_relation_filenode(c.oid), 0)::int8, pg_stat_get_xact_numscans(c.oid),"
    " (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_index i ON i.indexrelid = c.oid"
    " WHERE c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f', 'i', 'I')"
    " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1";

static const char locks_sql[] =
    "SELECT relation::int8, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
// clang-format on

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not measure the statement: out of memory");
}

static bool take_relation(hg_rows *rows, struct arena *arena, struct measured_relation *out)
{
    if (out == NULL)
        return false;
    out->oid = hg_rows_integer(rows, 0);
    out->name = arena_text(arena, hg_rows_text(rows, 1));
    out->kind = hg_rows_text(rows, 2)[0];
    out->table = hg_rows_integer(rows, 3);
    out->filenode = hg_rows_integer(rows, 4);
    out->scans = hg_rows_integer(rows, 5);
    out->columns = hg_rows_integer(rows, 6);
    return out->name != NULL;
}

bool measure_before(hg_conn *conn, struct arena *arena, hg_deadline by, struct snapshot *out,
                    hg_error *err)
{
    VEC(struct measured_relation) list = VEC_INIT;
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    bool ok = hg_conn_query(conn, relations_sql, NULL, 0, by, &rows, err);

    while (ok && (step = hg_rows_next(rows, by, err)) == HG_ROW)
        ok = take_relation(rows, arena, VEC_PUSH(&list)) || no_memory(err);
    ok = ok && step == HG_END;
    hg_rows_close(rows);
    if (ok) {
        out->count = list.count;
        out->relations = arena_alloc(arena, list.count + 1, sizeof *out->relations);
        ok = out->relations != NULL || no_memory(err);
    }
    if (ok && list.count > 0)
        memcpy(out->relations, list.items, list.count * sizeof *list.items);
    VEC_RELEASE(&list);
    return ok;
}

/* --- what is different --- */

static size_t find(const struct snapshot *snapshot, int64_t oid)
{
    size_t low = 0, high = snapshot->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (snapshot->relations[middle].oid < oid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < snapshot->count && snapshot->relations[low].oid == oid ? low : snapshot->count;
}

static bool is_index(const struct measured_relation *relation)
{
    return relation->kind == 'i' || relation->kind == 'I';
}

static hg_lock_mode mode_of(const char *name)
{
    static const char *const names[] = {"",
                                        "AccessShareLock",
                                        "RowShareLock",
                                        "RowExclusiveLock",
                                        "ShareUpdateExclusiveLock",
                                        "ShareLock",
                                        "ShareRowExclusiveLock",
                                        "ExclusiveLock",
                                        "AccessExclusiveLock"};

    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return (hg_lock_mode)i;
    return HG_LOCK_NONE;
}

/* all: one for each relation of the snapshot. */
static bool read_locks(hg_conn *conn, const struct snapshot *before, hg_deadline by,
                       struct measured_table *all, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step;

    if (!hg_conn_query(conn, locks_sql, NULL, 0, by, &rows, err))
        return false;
    while ((step = hg_rows_next(rows, by, err)) == HG_ROW) {
        size_t i = find(before, hg_rows_integer(rows, 0));
        hg_lock_mode mode = mode_of(hg_rows_text(rows, 1));

        if (i < before->count && mode > all[i].lock)
            all[i].lock = mode;
    }
    hg_rows_close(rows);
    return step == HG_END;
}

static void compare(const struct measured_relation *was, const struct snapshot *after,
                    struct measured_table *out)
{
    size_t i = find(after, was->oid);
    const struct measured_relation *is = &after->relations[i];

    out->gone = i == after->count || is->columns < was->columns;
    if (i == after->count)
        return;
    out->scan = is->scans > was->scans;
    out->rewrite = is->filenode != was->filenode && was->filenode != 0;
}

static bool has_file(const struct snapshot *snapshot, int64_t filenode)
{
    for (size_t i = 0; i < snapshot->count; i++)
        if (snapshot->relations[i].filenode == filenode)
            return true;
    return false;
}

/* An index in a file that was not there was built, for its table. A new one may take over the file
 * of another: where a column's type changes in name alone. */
static void note_builds(const struct snapshot *before, const struct snapshot *after,
                        struct measured_table *all)
{
    for (size_t i = 0; i < after->count; i++) {
        const struct measured_relation *index = &after->relations[i];
        size_t table = find(before, index->table);

        if (is_index(index) && table < before->count && index->filenode != 0
            && !has_file(before, index->filenode))
            all[table].index_build = true;
    }
}

bool measure_after(hg_conn *conn, struct arena *arena, const struct snapshot *before,
                   hg_deadline by, struct measured *out, hg_error *err)
{
    struct measured_table *all = arena_alloc(arena, before->count + 1, sizeof *all);
    struct snapshot after;
    size_t touched = 0;

    if (all == NULL)
        return no_memory(err);
    if (!read_locks(conn, before, by, all, err) || !measure_before(conn, arena, by, &after, err))
        return false;
    for (size_t i = 0; i < before->count; i++) {
        all[i].relation = &before->relations[i];
        compare(all[i].relation, &after, &all[i]);
    }
    note_builds(before, &after, all);
    for (size_t i = 0; i < before->count; i++) {
        const struct measured_table *t = &all[i];

        if (!is_index(t->relation)
            && (t->lock != HG_LOCK_NONE || t->scan || t->rewrite || t->index_build || t->gone))
            all[touched++] = *t;
    }
    *out = (struct measured){all, touched};
    return true;
}
