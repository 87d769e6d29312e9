/*
 * state.c - the record of a copy that is under way, in three tables of the target.
 *
 * A chunk is recorded in the transaction that brings its rows, so that what the record says is so,
 * whoever is killed whenever. Foreign keys and triggers are written down in the transaction that
 * puts them aside. When the copy is whole, the tables go.
 */
#include "follow.h"

#include <stdio.h>

#include "ask.h"
#include "base/buf.h"

enum { FORMAT = 2 };

static const char create_sql[] =
    "CREATE TABLE headgate_copy (format integer NOT NULL, source text NOT NULL, moment text NOT "
    "NULL, started_at timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE headgate_copy_chunk (table_name text NOT NULL, lo bigint NOT NULL, hi bigint NOT "
    "NULL, row_count bigint NOT NULL, byte_count bigint NOT NULL, sum_low bigint NOT NULL, "
    "sum_high bigint NOT NULL, target_name text NOT NULL, PRIMARY KEY (table_name, lo));"
    "CREATE TABLE headgate_copy_held (position integer PRIMARY KEY, table_name text NOT NULL, name "
    "text NOT NULL, put_back text NOT NULL, kind text NOT NULL, valid boolean NOT NULL, made "
    "boolean NOT NULL, other text);";

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

static bool check_format(struct run *run, hg_error *err)
{
    int64_t format = 0;

    if (!ask_integer(run->to, "SELECT max(format) FROM headgate_copy", NULL, 0, copy_soon(),
                     &format, err))
        return false;
    if (format == FORMAT)
        return true;
    hg_fail(err, HG_REFUSED, "the target holds an unfinished copy of another version of headgate");
    hg_error_hint(err, "Finish it with that version.");
    return false;
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
    return found == 0 || check_format(run, err);
}

static bool take_moment(void *context, hg_rows *rows, hg_error *err)
{
    (void)err;
    snprintf(context, KEPT_NAME + 1, "%s", hg_rows_text(rows, 0));
    return true;
}

bool state_moment(struct run *run, bool unfinished, char out[KEPT_NAME + 1], hg_error *err)
{
    int64_t found = 0;

    out[0] = '\0';
    if (!ask_integer(run->to,
                     "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = "
                     "c.relnamespace WHERE c.relname = 'headgate_follow' AND n.nspname = "
                     "current_schema()",
                     NULL, 0, copy_soon(), &found, err))
        return false;
    if (!unfinished && found == 0)
        return true;
    return ask_rows(run->to,
                    unfinished ? "SELECT moment FROM headgate_copy"
                               : "SELECT moment FROM headgate_follow",
                    NULL, 0, take_moment, out, copy_soon(), err);
}

/* --- beginning --- */

/* Those that do not concern the copy are forgotten, so that what is left is what is to be put back.
 */
static void keep_concerned(struct run *run)
{
    size_t kept = 0;

    for (size_t i = 0; i < run->target.hold_count; i++)
        if (run_table(run, run->target.holds[i].table) < run->mapping.table_count)
            run->target.holds[kept++] = run->target.holds[i];
    run->target.hold_count = kept;
}

static void put_held(struct buf *out, const struct target_hold *hold, size_t position)
{
    buf_printf(out, "%s(%zu, ", position == 0 ? "INSERT INTO headgate_copy_held VALUES " : ", ",
               position);
    put_literal(out, hold->table);
    buf_text(out, ", ");
    put_literal(out, hold->name);
    buf_text(out, ", ");
    put_literal(out, hold->put_back);
    buf_printf(out, ", '%s', %s, %s, ", hold_kind_name(hold->kind), hold->valid ? "true" : "false",
               hold->made ? "true" : "false");
    if (hold->other != NULL)
        put_literal(out, hold->other);
    else
        buf_text(out, "NULL");
    buf_char(out, ')');
}

/* The record of what is made and put aside, in one statement, and then that. */
static void put_all_held(const struct run *run, struct buf *out)
{
    const struct build_part *part;
    size_t position = 0;

    VEC_EACH (&run->build.parts, part) {
        const struct target_hold table = {
            .kind = HOLD_TABLE, .table = part->subject, .name = "", .put_back = "", .made = true};

        put_held(out, &table, position++);
    }
    for (size_t i = 0; i < run->target.hold_count; i++)
        put_held(out, &run->target.holds[i], position++);
    buf_text(out, position > 0 ? ";" : "");
    for (size_t i = 0; i < run->target.hold_count; i++)
        if (run->target.holds[i].put_away != NULL)
            buf_printf(out, "%s;", run->target.holds[i].put_away);
}

static bool run_script(struct run *run, struct buf *sql, hg_error *err)
{
    bool ok = buf_failed(sql) ? no_memory(err)
                              : bulk_script(run->to, sql->bytes, hg_deadline_never(), err);

    buf_truncate(sql, 0);
    return ok;
}

/* One check or view; the server may not like it, which is told and no reason to stop. */
static bool make_extra(struct run *run, const struct build_part *part, bool *out_made,
                       hg_error *err)
{
    struct buf sql = BUF_INIT(8 << 20);
    hg_error said = {HG_OK};
    bool ok;

    buf_printf(&sql, "SAVEPOINT extra; %s; RELEASE extra", part->sql);
    *out_made = run_script(run, &sql, &said);
    buf_release(&sql);
    if (*out_made)
        return true;
    ok = !hg_conn_lost(run->to) && bulk_script(run->to, "ROLLBACK TO extra", copy_soon(), &said);
    if (!ok && err != NULL)
        *err = said;
    return ok;
}

static bool tell_extra(struct run *run, const struct build_part *part, hg_error *err)
{
    return mapping_problem(&run->mapping,
                           strcmp(part->what, "view") == 0 ? "view-left-out" : "check-left-out",
                           part->subject, 0, false, "the server does not take it: %s", part->sql)
           || no_memory(err);
}

/* A view may need another one: who was refused is asked again as long as that helps somebody. */
static bool make_extras(struct run *run, hg_error *err)
{
    size_t count = run->build.extras.count, left = count, before = count + 1;
    bool *made = alloc_zero(count + 1, sizeof *made);
    bool ok = made != NULL || no_memory(err);

    while (ok && left > 0 && left < before) {
        before = left;
        for (size_t i = 0; ok && i < count; i++) {
            if (made[i])
                continue;
            ok = make_extra(run, &run->build.extras.items[i], &made[i], err);
            left -= made[i];
        }
    }
    for (size_t i = 0; ok && i < count; i++)
        if (!made[i])
            ok = tell_extra(run, &run->build.extras.items[i], err);
    alloc_free(made);
    return ok;
}

static bool make_all(struct run *run, struct buf *sql, hg_error *err)
{
    const struct build_part *part;

    buf_printf(
        sql,
        "SET LOCAL lock_timeout = '30s'; %s INSERT INTO headgate_copy (format, source, moment) "
        "VALUES (%d, ",
        create_sql, FORMAT);
    put_literal(sql, hg_url_redacted(hg_pool_url(run->source_pool)));
    buf_printf(sql, ", '%s');", run->kept.name);
    follow_put_begin(run, sql);
    VEC_EACH (&run->build.parts, part)
        buf_printf(sql, "%s;", part->sql);
    put_all_held(run, sql);
    return run_script(run, sql, err) && make_extras(run, err);
}

bool state_begin(struct run *run, hg_error *err)
{
    struct buf sql = BUF_INIT(64 << 20);
    bool ok;

    keep_concerned(run);
    ok = hg_conn_begin(run->to, copy_soon(), err);
    ok = ok
         && (make_all(run, &sql, err)
             || (hg_error_context(err, "could not make the target ready"), false));
    ok = ok && hg_conn_commit(run->to, copy_soon(), err)
         && target_read_sequences(run->to, copy_soon(), &run->target, err);
    if (!ok && !hg_conn_lost(run->to))
        (void)hg_conn_rollback(run->to, copy_soon(), NULL);
    buf_release(&sql);
    return ok;
}

void state_record(const struct run *run, const struct chunk *chunk, struct buf *out)
{
    buf_text(out, "INSERT INTO headgate_copy_chunk VALUES (");
    put_literal(out, run->mapping.tables[chunk->table].source->name);
    buf_printf(out, ", %lld, %lld, %lld, %lld, %lld, %lld, ", (long long)chunk->lo,
               (long long)chunk->hi, (long long)chunk->digest.rows, (long long)chunk->bytes,
               (long long)chunk->digest.sum[0], (long long)chunk->digest.sum[1]);
    put_literal(out, run->mapping.tables[chunk->table].target->sql_name);
    buf_text(out, ");");
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
    hold->valid = hg_rows_integer(rows, 4) != 0;
    hold->made = hg_rows_integer(rows, 5) != 0;
    hold->other = arena_text(arena, hg_rows_text(rows, 6));
    if (!hold_kind_parse(hg_rows_text(rows, 3), &hold->kind))
        return hg_fail(err, HG_REFUSED,
                       "the record of the unfinished copy is not one of this "
                       "version of headgate");
    return (hold->table != NULL && hold->name != NULL && hold->put_back != NULL) || no_memory(err);
}

static bool read_held(struct run *run, hg_error *err)
{
    struct held held = {.run = run};
    struct target_hold *copy;
    bool ok = ask_rows(run->to,
                       "SELECT table_name, name, put_back, kind, valid, made, coalesce(other, '') "
                       "FROM headgate_copy_held ORDER BY position",
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

bool state_read(struct run *run, hg_error *err)
{
    return ask_rows(run->to,
                    "SELECT table_name, lo, hi, row_count, byte_count, sum_low, sum_high FROM "
                    "headgate_copy_chunk ORDER BY table_name, lo",
                    NULL, 0, take_chunk, run, copy_soon(), err)
           && read_held(run, err);
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
static void put_away(const struct run *run, const struct target_hold *hold, struct buf *out)
{
    size_t number = target_number(&run->target, hold->table);
    const char *table = number < run->target.table_count ? run->target.tables[number].sql_name : "";

    if (hold->kind == HOLD_FOREIGN_KEY)
        buf_printf(out, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;", table, hold->name);
    else if (hold->kind == HOLD_TRIGGER)
        buf_printf(out, "ALTER TABLE %s DISABLE TRIGGER %s;", table, hold->name);
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
        put_away(run, &run->target.holds[i], &sql);
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
    struct buf sql = BUF_INIT(4096);
    bool ok;

    buf_text(&sql, drop_sql);
    if (run->delta.name[0] != '\0') /* the note of the log is there since the copy was begun */
        buf_text(&sql, "DROP TABLE IF EXISTS headgate_follow;");
    else if (run->kept.name[0] != '\0')
        buf_printf(&sql,
                   "DROP TABLE IF EXISTS headgate_follow; CREATE TABLE headgate_follow (moment "
                   "text NOT NULL, caught_up_at timestamptz NOT NULL DEFAULT now()); INSERT INTO "
                   "headgate_follow (moment) VALUES ('%s');",
                   run->kept.name);
    ok = run_script(run, &sql, err);
    buf_release(&sql);
    return ok;
}

/* What was put aside is put back; what the copy made goes. */
static void put_undo(const struct run *run, struct buf *sql)
{
    for (size_t i = 0; i < run->target.hold_count; i++) {
        const struct target_hold *hold = &run->target.holds[i];
        size_t number = target_number(&run->target, hold->table);

        if (number == run->target.table_count)
            continue;
        if (hold->kind == HOLD_TABLE)
            buf_printf(sql, "DROP TABLE IF EXISTS %s CASCADE;",
                       run->target.tables[number].sql_name);
        else if (hold->kind == HOLD_FOREIGN_KEY && !hold->made)
            buf_printf(sql, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s; %s;",
                       run->target.tables[number].sql_name, hold->name, hold->put_back);
        else if (hold->kind == HOLD_TRIGGER)
            buf_printf(sql, "%s;", hold->put_back);
        if (hold->kind == HOLD_FOREIGN_KEY && !hold->made && hold->valid)
            buf_printf(sql, "ALTER TABLE %s VALIDATE CONSTRAINT %s;",
                       run->target.tables[number].sql_name, hold->name);
    }
    buf_printf(sql, "%s DROP TABLE IF EXISTS headgate_follow_log;", drop_sql);
}

bool state_undo(struct run *run, hg_error *err)
{
    struct buf sql = BUF_INIT(64 << 20);
    const struct build_part *part;
    bool ok;

    VEC_EACH (&run->build.parts, part)
        buf_printf(&sql, "DROP TABLE IF EXISTS %s CASCADE;",
                   run->target.tables[target_number(&run->target, part->subject)].sql_name);
    put_undo(run, &sql);
    ok = run_script(run, &sql, err);
    buf_release(&sql);
    return ok;
}

/* Rows of the copy in tables that were there before it. They were empty then. */
static bool put_delete(void *context, hg_rows *rows, hg_error *err)
{
    (void)err;
    buf_printf(context, "DELETE FROM %s;", hg_rows_text(rows, 0));
    return true;
}

static bool put_deletes(struct run *run, struct buf *sql, hg_error *err)
{
    return ask_rows(run->to,
                    "SELECT DISTINCT target_name FROM headgate_copy_chunk WHERE table_name NOT IN "
                    "(SELECT table_name FROM headgate_copy_held WHERE kind = 'table')",
                    NULL, 0, put_delete, sql, copy_soon(), err);
}

bool state_abandon(struct run *run, hg_error *err)
{
    struct buf sql = BUF_INIT(64 << 20);
    bool ok = read_held(run, err);

    for (size_t i = 0; ok && i < run->target.hold_count; i++)
        put_away(run, &run->target.holds[i], &sql);
    ok = ok && put_deletes(run, &sql, err);
    put_undo(run, &sql);
    ok = ok && run_script(run, &sql, err);
    buf_release(&sql);
    return ok;
}
