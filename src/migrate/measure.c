/*
 * measure.c - what a statement locked, and what of that is different now.
 */
#include "measure.h"

#include <string.h>

#include "base/arena.h"
#include "base/vec.h"

// clang-format off
#define RELATIONS \
    "SELECT c.oid::int8, n.nspname || '.' || c.relname, c.relkind::text, coalesce(i.indrelid, 0)::int8," \
    " coalesce(pg_relation_filenode(c.oid), 0)::int8, pg_stat_get_xact_numscans(c.oid)," \
    " (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)" \
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" \
    " LEFT JOIN pg_index i ON i.indexrelid = c.oid" \
    " WHERE c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f', 'i', 'I')" \
    " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"

#define HERE "(SELECT d.oid FROM pg_database d WHERE d.datname = current_database())"

#define MY_LOCKS " FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.database"

static const char all_sql[] = RELATIONS " ORDER BY 1";
static const char locked_sql[] = RELATIONS " AND c.oid IN (SELECT l.relation" MY_LOCKS " = " HERE ") ORDER BY 1";

/* The database of what all of them share is 0. Whose objects are whose is written down there for every table: that
 * does not count. */
static const char locks_sql[] =
    "SELECT l.relation::int8, l.mode, false" MY_LOCKS " = " HERE " UNION ALL"
    " SELECT l.relation::int8, l.mode, true" MY_LOCKS " = 0 AND l.mode ~ 'Exclusive'"
    " AND EXISTS (SELECT FROM pg_class c WHERE c.oid = l.relation AND c.relname !~ '^pg_shdepend')";

static const char scans_sql[] =
    "SELECT c.oid::int8, pg_stat_get_xact_numscans(c.oid) FROM pg_class c"
    " WHERE c.relkind IN ('r', 'm') AND pg_stat_get_xact_numscans(c.oid) > 0";
// clang-format on

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not measure the statement: out of memory");
}

void snapshot_release(struct snapshot *snapshot)
{
    alloc_free(snapshot->relations);
    *snapshot = (struct snapshot){0};
}

/* --- reading --- */

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

static bool look(hg_conn *conn, const char *sql, struct arena *arena, hg_deadline by,
                 struct snapshot *out, hg_error *err)
{
    VEC(struct measured_relation) list = VEC_INIT;
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    bool ok = hg_conn_query(conn, sql, NULL, 0, by, &rows, err);

    while (ok && (step = hg_rows_next(rows, by, err)) == HG_ROW)
        ok = take_relation(rows, arena, VEC_PUSH(&list)) || no_memory(err);
    ok = ok && step == HG_END;
    hg_rows_close(rows);
    if (ok)
        *out = (struct snapshot){list.items, list.count};
    else
        VEC_RELEASE(&list);
    return ok;
}

bool measure_look(hg_conn *conn, struct arena *arena, hg_deadline by, struct snapshot *out,
                  hg_error *err)
{
    return look(conn, all_sql, arena, by, out, err);
}

/* --- finding --- */

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

const struct measured_relation *snapshot_find(const struct snapshot *snapshot, int64_t oid)
{
    size_t i = find(snapshot, oid);

    return i < snapshot->count ? &snapshot->relations[i] : NULL;
}

static bool is_index(const struct measured_relation *relation)
{
    return relation->kind == 'i' || relation->kind == 'I';
}

/* --- scans --- */

static bool has_scans(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++)
        if (snapshot->relations[i].scans > 0)
            return true;
    return false;
}

bool measure_begin(hg_conn *conn, hg_deadline by, struct snapshot *snapshot, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step;

    if (!has_scans(snapshot)) /* whatever this session scanned, it looked at afterwards */
        return true;
    if (!hg_conn_query(conn, scans_sql, NULL, 0, by, &rows, err))
        return false;
    for (size_t i = 0; i < snapshot->count; i++)
        snapshot->relations[i].scans = 0;
    while ((step = hg_rows_next(rows, by, err)) == HG_ROW) {
        size_t i = find(snapshot, hg_rows_integer(rows, 0));

        if (i < snapshot->count)
            snapshot->relations[i].scans = hg_rows_integer(rows, 1);
    }
    hg_rows_close(rows);
    return step == HG_END;
}

/* --- what is different --- */

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
                       struct measured_table *all, bool *shared, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step;

    if (!hg_conn_query(conn, locks_sql, NULL, 0, by, &rows, err))
        return false;
    while ((step = hg_rows_next(rows, by, err)) == HG_ROW) {
        size_t i = find(before, hg_rows_integer(rows, 0));
        hg_lock_mode mode = mode_of(hg_rows_text(rows, 1));

        if (hg_rows_value(rows, 2).as.boolean)
            *shared = true;
        else if (i < before->count && mode > all[i].lock)
            all[i].lock = mode;
    }
    hg_rows_close(rows);
    return step == HG_END;
}

/* What was locked and is not there any more is gone. */
static void compare(const struct measured_relation *was, const struct snapshot *locked,
                    struct measured_table *out)
{
    const struct measured_relation *is = snapshot_find(locked, was->oid);

    out->relation = was;
    if (out->lock == HG_LOCK_NONE)
        return;
    out->gone = is == NULL || is->columns < was->columns;
    if (is == NULL)
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
static void note_builds(const struct snapshot *before, const struct snapshot *locked,
                        struct measured_table *all)
{
    for (size_t i = 0; i < locked->count; i++) {
        const struct measured_relation *index = &locked->relations[i];
        size_t table = find(before, index->table);

        if (is_index(index) && table < before->count && index->filenode != 0
            && !has_file(before, index->filenode))
            all[table].index_build = true;
    }
}

/* What was before, with what was locked as it is now. */
static bool advance(const struct snapshot *before, const struct measured_table *all,
                    const struct snapshot *locked, struct snapshot *out)
{
    struct measured_relation *list = alloc_zero(before->count + locked->count + 1, sizeof *list);
    size_t count = 0, k = 0;

    if (list == NULL)
        return false;
    for (size_t i = 0; i < before->count; i++) {
        for (; k < locked->count && locked->relations[k].oid <= before->relations[i].oid; k++)
            list[count++] = locked->relations[k];
        if (all[i].lock == HG_LOCK_NONE)
            list[count++] = before->relations[i];
    }
    for (; k < locked->count; k++)
        list[count++] = locked->relations[k];
    *out = (struct snapshot){list, count};
    return true;
}

static bool is_touched(const struct measured_table *t)
{
    return !is_index(t->relation) && (t->lock != HG_LOCK_NONE || t->index_build);
}

static bool keep_touched(struct arena *arena, const struct measured_table *all, size_t count,
                         struct measured *out)
{
    size_t touched = 0;

    for (size_t i = 0; i < count; i++)
        touched += is_touched(&all[i]);
    out->tables = arena_alloc(arena, touched + 1, sizeof *out->tables);
    for (size_t i = 0; out->tables != NULL && i < count; i++)
        if (is_touched(&all[i]))
            out->tables[out->count++] = all[i];
    return out->tables != NULL;
}

bool measure_end(hg_conn *conn, struct arena *arena, const struct snapshot *before, hg_deadline by,
                 struct measured *out, hg_error *err)
{
    struct measured_table *all = alloc_zero(before->count + 1, sizeof *all);
    struct measured measured = {0};
    struct snapshot locked = {0};
    bool ok = (all != NULL || no_memory(err))
              && read_locks(conn, before, by, all, &measured.shared, err)
              && look(conn, locked_sql, arena, by, &locked, err);

    if (ok) {
        for (size_t i = 0; i < before->count; i++)
            compare(&before->relations[i], &locked, &all[i]);
        note_builds(before, &locked, all);
        ok = (keep_touched(arena, all, before->count, &measured)
              && advance(before, all, &locked, &measured.after))
             || no_memory(err);
    }
    if (ok)
        *out = measured;
    snapshot_release(&locked);
    alloc_free(all);
    return ok;
}
