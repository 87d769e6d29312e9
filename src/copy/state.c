/*
 * state.c - the record of a copy that is under way, in three tables of the target.
 *
 * A chunk is recorded in the transaction that brings its rows, so that what the record says is so,
 * whoever is killed whenever. Foreign keys and triggers are written down in the transaction that
 * puts them aside. When the copy is whole, the tables go.
 */
#include "run.h"

#include <stdio.h>

#include "ask.h"
#include "base/buf.h"

static const char create_sql[] =
    "CREATE TABLE headgate_copy (format integer NOT NULL, source text NOT NULL, started_at "
    "timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE headgate_copy_chunk (table_name text NOT NULL, lo bigint NOT NULL, hi bigint NOT "
    "NULL, row_count bigint NOT NULL, byte_count bigint NOT NULL, sum_low bigint NOT NULL, "
    "sum_high bigint NOT NULL, PRIMARY KEY (table_name, lo));"
    "CREATE TABLE headgate_copy_held (position integer PRIMARY KEY, table_name text NOT NULL, name "
    "text NOT NULL, put_back text NOT NULL, foreign_key boolean NOT NULL, valid boolean NOT NULL);"
    "INSERT INTO headgate_copy (format, source) VALUES (1, ";

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not keep the record of the copy: out of memory");
}

static void put_literal(struct buf *out, const char *text)
{
    buf_text(out, "E'");
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            buf_char(out, *text);
        buf_char(out, *text);
    }
    buf_char(out, '\'');
}

bool state_find(struct run *run, bool *out_found, hg_error *err)
{
    int64_t found = 0;

    if (!ask_integer(run->to,
                     "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = "
                     "c.relnamespace WHERE c.relname = 'headgate_copy' AND n.nspname = "
                     "current_schema()",
                     NULL, 0, copy_soon(), &found, err))
        return false;
    *out_found = found > 0;
    return true;
}

/* --- beginning --- */

/* Whether a foreign key or trigger is on a table that gets rows. */
static bool concerns(const struct run *run, const struct target_hold *hold)
{
    for (size_t i = 0; i < run->mapping.table_count; i++)
        if (target_is_on(hold, run->mapping.tables[i].target))
            return true;
    return false;
}

static void put_held(struct buf *out, const struct target_hold *hold, size_t position)
{
    buf_printf(out, "INSERT INTO headgate_copy_held VALUES (%zu, ", position);
    put_literal(out, hold->table);
    buf_text(out, ", ");
    put_literal(out, hold->name);
    buf_text(out, ", ");
    put_literal(out, hold->put_back);
    buf_printf(out, ", %s, %s); %s;", hold->foreign_key ? "true" : "false",
               hold->valid ? "true" : "false", hold->put_away);
}

/* Those that do not concern the copy are forgotten, so that what is left is what was put aside. */
static void keep_concerned(struct run *run)
{
    size_t kept = 0;

    for (size_t i = 0; i < run->target.hold_count; i++)
        if (concerns(run, &run->target.holds[i]))
            run->target.holds[kept++] = run->target.holds[i];
    run->target.hold_count = kept;
}

bool state_begin(struct run *run, hg_error *err)
{
    struct buf sql = BUF_INIT(64 << 20);
    bool ok;

    keep_concerned(run);
    buf_text(&sql, "SET LOCAL lock_timeout = '30s';");
    buf_text(&sql, create_sql);
    put_literal(&sql, hg_url_redacted(hg_pool_url(run->source_pool)));
    buf_text(&sql, ");");
    for (size_t i = 0; i < run->target.hold_count; i++)
        put_held(&sql, &run->target.holds[i], i);
    ok = !buf_failed(&sql) || no_memory(err);
    ok = ok && hg_conn_begin(run->to, copy_soon(), err);
    ok = ok
         && (bulk_script(run->to, sql.bytes, hg_deadline_never(), err)
             || (hg_error_context(err, "could not make the target ready"), false));
    ok = ok && hg_conn_commit(run->to, copy_soon(), err);
    if (!ok && !hg_conn_lost(run->to))
        (void)hg_conn_rollback(run->to, copy_soon(), NULL);
    buf_release(&sql);
    return ok;
}

void state_record(const struct run *run, const struct chunk *chunk, struct buf *out)
{
    buf_text(out, "INSERT INTO headgate_copy_chunk VALUES (");
    put_literal(out, run->mapping.tables[chunk->table].source->name);
    buf_printf(out, ", %lld, %lld, %lld, %lld, %lld, %lld);", (long long)chunk->lo,
               (long long)chunk->hi, (long long)chunk->digest.rows, (long long)chunk->bytes,
               (long long)chunk->digest.sum[0], (long long)chunk->digest.sum[1]);
}

/* --- going on --- */

static bool take_chunk(void *context, hg_rows *rows, hg_error *err)
{
    struct run *run = context;
    struct chunk *chunk;

    for (size_t i = 0; i < run->mapping.table_count; i++) {
        if (strcmp(run->mapping.tables[i].source->name, hg_rows_text(rows, 0)) != 0)
            continue;
        chunk = VEC_PUSH(&run->chunks);
        if (chunk == NULL)
            return no_memory(err);
        *chunk = (struct chunk){.table = i,
                                .lo = hg_rows_integer(rows, 1),
                                .hi = hg_rows_integer(rows, 2),
                                .bytes = hg_rows_integer(rows, 4),
                                .done = true};
        chunk->digest.rows = hg_rows_integer(rows, 3);
        chunk->digest.sum[0] = (uint64_t)hg_rows_integer(rows, 5);
        chunk->digest.sum[1] = (uint64_t)hg_rows_integer(rows, 6);
        return true;
    }
    return hg_fail(err, HG_REFUSED,
                   "the unfinished copy has rows of table \"%s\", which is not to be copied now",
                   hg_rows_text(rows, 0));
}

struct held {
    struct run *run;
    VEC(struct target_hold) list;
};

static bool take_held(void *context, hg_rows *rows, hg_error *err)
{
    struct held *held = context;
    struct arena *arena = &held->run->target.arena;
    struct target_hold *hold = VEC_PUSH(&held->list);

    if (hold == NULL)
        return no_memory(err);
    hold->table = arena_text(arena, hg_rows_text(rows, 0));
    hold->name = arena_text(arena, hg_rows_text(rows, 1));
    hold->put_back = arena_text(arena, hg_rows_text(rows, 2));
    hold->foreign_key = hg_rows_integer(rows, 3) != 0;
    hold->valid = hg_rows_integer(rows, 4) != 0;
    return (hold->table != NULL && hold->name != NULL && hold->put_back != NULL) || no_memory(err);
}

bool state_read(struct run *run, hg_error *err)
{
    struct held held = {.run = run};
    struct target_hold *copy;
    bool ok = ask_rows(run->to,
                       "SELECT table_name, lo, hi, row_count, byte_count, sum_low, sum_high FROM "
                       "headgate_copy_chunk ORDER BY table_name, lo",
                       NULL, 0, take_chunk, run, copy_soon(), err)
              && ask_rows(run->to,
                          "SELECT table_name, name, put_back, foreign_key, valid FROM "
                          "headgate_copy_held ORDER BY position",
                          NULL, 0, take_held, &held, copy_soon(), err);

    copy = ok ? arena_alloc(&run->target.arena, held.list.count, sizeof *copy) : NULL;
    if (ok && copy == NULL)
        ok = no_memory(err);
    for (size_t i = 0; ok && i < held.list.count; i++)
        copy[i] = held.list.items[i];
    if (ok) {
        run->target.holds = copy;
        run->target.hold_count = held.list.count;
    }
    VEC_RELEASE(&held.list);
    return ok;
}

/* The chunk of the present cut that is the same piece of the same table, or NULL. */
static struct chunk *same_piece(struct run *run, const struct chunk *recorded)
{
    struct chunk *chunk;

    VEC_EACH (&run->chunks, chunk)
        if (chunk->table == recorded->table && chunk->lo == recorded->lo
            && chunk->hi == recorded->hi)
            return chunk;
    return NULL;
}

/* The rows of a chunk go, and its record with them. Where the target has no key to tell them from
 * others, the whole table is begun anew. */
static void put_drop(const struct run *run, const struct chunk *chunk, struct buf *out)
{
    const struct table *table = &run->mapping.tables[chunk->table];

    if (table->key == NULL)
        buf_printf(out, "TRUNCATE %s; DELETE FROM headgate_copy_chunk WHERE table_name = ",
                   table->target->sql_name);
    else
        buf_printf(out,
                   "DELETE FROM %s WHERE %s BETWEEN %lld AND %lld; DELETE FROM "
                   "headgate_copy_chunk WHERE lo = %lld AND table_name = ",
                   table->target->sql_name, table->key, (long long)chunk->lo, (long long)chunk->hi,
                   (long long)chunk->lo);
    put_literal(out, table->source->name);
    buf_char(out, ';');
}

static void forget_table(struct run *run, size_t table)
{
    struct chunk *chunk;

    VEC_EACH (&run->chunks, chunk)
        if (chunk->table == table)
            chunk->done = false;
}

/* They may be back in their places, if the copy was interrupted behind that: rows that come or go
 * again must meet neither a trigger nor a cascade. */
static void put_away(const struct target_hold *hold, struct buf *out)
{
    if (hold->foreign_key)
        buf_printf(out, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;", hold->table, hold->name);
    else
        buf_printf(out, "ALTER TABLE %s DISABLE TRIGGER %s;", hold->table, hold->name);
}

static bool is_all_done(const struct run *run)
{
    const struct chunk *chunk;

    VEC_EACH (&run->chunks, chunk)
        if (!chunk->done)
            return false;
    return true;
}

bool state_reconcile(struct run *run, const struct chunk *recorded, size_t count, hg_error *err)
{
    struct buf sql = BUF_INIT(64 << 20);
    bool ok;

    buf_text(&sql, "BEGIN;");
    for (size_t i = 0; i < count; i++) {
        struct chunk *now = same_piece(run, &recorded[i]);

        if (now != NULL)
            now->done = digest_same(&now->digest, &recorded[i].digest);
    }
    for (size_t i = 0; !is_all_done(run) && i < run->target.hold_count; i++)
        put_away(&run->target.holds[i], &sql);
    for (size_t i = 0; i < count; i++) {
        const struct chunk *now = same_piece(run, &recorded[i]);

        if (now != NULL && now->done)
            continue;
        put_drop(run, &recorded[i], &sql);
        if (run->mapping.tables[recorded[i].table].key == NULL)
            forget_table(run, recorded[i].table);
    }
    buf_text(&sql, "COMMIT");
    ok = buf_failed(&sql) ? no_memory(err)
                          : bulk_script(run->to, sql.bytes, hg_deadline_never(), err);
    buf_release(&sql);
    return ok;
}

/* --- ending --- */

static const char drop_sql[] = "DROP TABLE headgate_copy_chunk, headgate_copy_held, headgate_copy;";

bool state_end(struct run *run, hg_error *err)
{
    return bulk_script(run->to, drop_sql, hg_deadline_never(), err);
}

bool state_undo(struct run *run, hg_error *err)
{
    struct buf sql = BUF_INIT(64 << 20);
    bool ok;

    for (size_t i = 0; i < run->target.hold_count; i++) {
        const struct target_hold *hold = &run->target.holds[i];

        buf_printf(&sql, "%s;", hold->put_back);
        if (hold->foreign_key && hold->valid)
            buf_printf(&sql, "ALTER TABLE %s VALIDATE CONSTRAINT %s;", hold->table, hold->name);
    }
    buf_text(&sql, drop_sql);
    ok = buf_failed(&sql) ? no_memory(err)
                          : bulk_script(run->to, sql.bytes, hg_deadline_never(), err);
    buf_release(&sql);
    return ok;
}
