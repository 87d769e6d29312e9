/*
 * apply.c - changes of the source into the target, all of them in one transaction.
 *
 * Rows come into temporary tables first. Then, children before parents, what is gone goes; and
 * parents before children, what is new or different is put. Foreign keys are asked at the end.
 * Where a key of the target does something when a row goes (ON DELETE CASCADE and its like), rows
 * that stay are changed in their place; elsewhere they are taken out and put in again, so that two
 * rows may swap what a unique key holds.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "catchup.h"
#include "schema/names.h"

enum { SEND_BYTES = 128 << 10, SCRIPT_MAX = 16 << 20 };

struct apply {
    struct catchup *c;
    struct run *run;
    struct buf aside; /* statements that make foreign keys wait, and triggers sleep */
    struct buf undo;  /* and those that set them right again */
    bool *acts;       /* of each table of the mapping: a key that leads to it does something */
    int64_t rejected;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not apply the changes: out of memory");
}

static bool run_script(struct apply *a, struct buf *sql, hg_error *err)
{
    bool ok = buf_failed(sql) ? no_memory(err)
                              : bulk_script(a->run->to, sql->bytes, hg_deadline_never(), err);

    buf_truncate(sql, 0);
    return ok;
}

static bool is_changed(const struct apply *a, size_t table)
{
    const struct change *change = &a->c->changes[table];

    return change->whole || change->put.count > 0 || change->gone.count > 0;
}

/* --- rows into temporary tables --- */

static void put_columns(struct buf *out, const struct table *table, const char *prefix)
{
    for (size_t i = 0; i < table->column_count; i++) {
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", prefix);
        name_put(out, table->columns[i].target->name);
    }
}

static bool send(struct apply *a, struct image *image, hg_error *err)
{
    bool ok = bulk_send(a->run->to, image->bytes, image->size, hg_deadline_never(), err);

    image->size = 0;
    return ok;
}

static bool send_range(struct apply *a, size_t number, int64_t lo, int64_t hi, hg_error *err)
{
    struct hand *hand = &a->run->crew.hands[0];
    struct encoder *encoder = &hand->encoder;
    struct reader reader;
    hg_step step = HG_ROW;
    bool ok = reader_open(hand->source, encoder->table, READ_WHOLE, lo, hi, &reader, err);

    while (ok && (step = reader_next(&reader, hand->cells, err)) == HG_ROW) {
        enum encoded said = encode_row(encoder, hand->cells, err);
        int64_t *gone = NULL;

        if (said == ROW_REJECTED) {
            a->rejected++;
            gone = encoder->table->rowid_cell < 0 ? NULL : VEC_PUSH(&a->c->changes[number].gone);
        }
        if (gone != NULL) /* a rule says that it is not copied: no more, if it was */
            *gone = hand->cells[encoder->table->rowid_cell].as.integer;
        a->run->advances[number].total_rows += said == ROW_FITS;
        ok = said != ROW_FAILED
             && (encoder->image.size < SEND_BYTES || send(a, &encoder->image, err));
    }
    reader_close(&reader);
    return ok && step == HG_END;
}

/* Rowids that stand beside one another are read in one go. */
static bool send_rows(struct apply *a, size_t number, hg_error *err)
{
    const struct change *change = &a->c->changes[number];
    bool ok = true;

    if (change->whole)
        return send_range(a, number, INT64_MIN, INT64_MAX, err);
    for (size_t i = 0, next; ok && i < change->put.count; i = next) {
        for (next = i + 1; next < change->put.count
                           && change->put.items[next] == change->put.items[next - 1] + 1;)
            next++;
        ok = send_range(a, number, change->put.items[i], change->put.items[next - 1], err);
    }
    return ok;
}

static bool copy_in(struct apply *a, const char *sql, size_t number,
                    bool (*rows)(struct apply *a, size_t number, hg_error *err), hg_error *err)
{
    struct encoder *encoder = &a->run->crew.hands[0].encoder;
    bool ok;

    encoder->table = &a->run->mapping.tables[number];
    encoder->table_number = number;
    encoder->image.size = 0;
    if (!bulk_copy_in(a->run->to, sql, copy_soon(), err))
        return false;
    encode_header(&encoder->image);
    ok = rows(a, number, err);
    encode_trailer(&encoder->image);
    if (ok && send(a, &encoder->image, err))
        return bulk_copy_end(a->run->to, NULL, hg_deadline_never(), NULL, err);
    (void)bulk_copy_end(a->run->to, "the changes were given up", copy_soon(), NULL, NULL);
    return false;
}

static bool send_gone(struct apply *a, size_t number, hg_error *err)
{
    struct image *image = &a->run->crew.hands[0].encoder.image;
    const int64_t *rowid;

    VEC_EACH (&a->c->changes[number].gone, rowid) {
        if (!image_reserve(image, IMAGE_FIXED))
            return no_memory(err);
        image_u16(image, 1);
        image_u32(image, sizeof *rowid);
        image_u64(image, (uint64_t)*rowid);
        if (image->size >= SEND_BYTES && !send(a, image, err))
            return false;
    }
    return true;
}

static bool stage(struct apply *a, size_t number, hg_error *err)
{
    const struct table *table = &a->run->mapping.tables[number];
    struct buf sql = BUF_INIT(SCRIPT_MAX), copy = BUF_INIT(SCRIPT_MAX);
    bool ok;

    buf_printf(&sql, "CREATE TEMP TABLE headgate_put_%zu ON COMMIT DROP AS SELECT ", number);
    put_columns(&sql, table, "");
    buf_printf(&sql,
               " FROM %s WITH NO DATA; CREATE TEMP TABLE headgate_gone_%zu (key bigint) ON COMMIT "
               "DROP",
               table->target->sql_name, number);
    buf_printf(&copy, "COPY pg_temp.headgate_put_%zu (", number);
    put_columns(&copy, table, "");
    buf_text(&copy, ") FROM STDIN (FORMAT binary)");
    ok = run_script(a, &sql, err) && copy_in(a, copy.bytes, number, send_rows, err);
    buf_truncate(&copy, 0);
    buf_printf(&copy, "COPY pg_temp.headgate_gone_%zu FROM STDIN (FORMAT binary)", number);
    ok = ok && copy_in(a, copy.bytes, number, send_gone, err);
    buf_printf(&sql, "ANALYZE pg_temp.headgate_put_%zu; ANALYZE pg_temp.headgate_gone_%zu", number,
               number);
    ok = ok && run_script(a, &sql, err);
    buf_release(&copy);
    buf_release(&sql);
    if (!ok)
        hg_error_context(err, "table \"%s\"", table->source->name);
    return ok;
}

/* --- from there into the tables --- */

/* The columns that tell rows of a table apart; "": none do. */
static void put_match(struct buf *out, const struct table *table)
{
    bool first = true;

    for (size_t i = 0; i < table->column_count; i++) {
        bool in_key =
            table->key != NULL ? (int)i == table->rowid_cell : table->columns[i].source->key > 0;

        if (!in_key)
            continue;
        buf_text(out, first ? "t." : " AND t.");
        name_put(out, table->columns[i].target->name);
        buf_text(out, " = p.");
        name_put(out, table->columns[i].target->name);
        first = false;
    }
}

static bool is_key(const struct table *table, size_t column)
{
    return table->key != NULL ? (int)column == table->rowid_cell
                              : table->columns[column].source->key > 0;
}

/* Sets all columns but those of the key; nothing when there are no others. */
static void put_update(struct buf *out, size_t number, const struct table *table, const char *match)
{
    bool first = true;

    for (size_t i = 0; i < table->column_count; i++) {
        if (is_key(table, i))
            continue;
        if (first)
            buf_printf(out, "UPDATE %s t SET ", table->target->sql_name);
        buf_text(out, first ? "" : ", ");
        name_put(out, table->columns[i].target->name);
        buf_text(out, " = p.");
        name_put(out, table->columns[i].target->name);
        first = false;
    }
    if (first)
        return;
    buf_printf(out, " FROM pg_temp.headgate_put_%zu p WHERE %s AND ROW(", number, match);
    put_columns(out, table, "t.");
    buf_text(out, ")::text <> ROW(");
    put_columns(out, table, "p.");
    buf_text(out, ")::text;");
}

static void put_insert(struct buf *out, size_t number, const struct table *table, const char *match)
{
    buf_printf(out, "INSERT INTO %s (", table->target->sql_name);
    put_columns(out, table, "");
    buf_text(out, ") OVERRIDING SYSTEM VALUE SELECT ");
    put_columns(out, table, "");
    buf_printf(out, " FROM pg_temp.headgate_put_%zu p", number);
    if (match != NULL)
        buf_printf(out, " WHERE NOT EXISTS (SELECT 1 FROM %s t WHERE %s)", table->target->sql_name,
                   match);
    buf_char(out, ';');
}

/* What is gone goes; and what is put in again, where nobody minds. */
static void put_deletes(const struct apply *a, size_t number, struct buf *out)
{
    const struct table *table = &a->run->mapping.tables[number];
    const char *name = table->target->sql_name;
    struct buf match = BUF_INIT(SCRIPT_MAX);

    put_match(&match, table);
    if (match.size == 0)
        buf_printf(out, "DELETE FROM %s;", name);
    else if (a->c->changes[number].whole)
        buf_printf(out,
                   "DELETE FROM %s t WHERE NOT EXISTS (SELECT 1 FROM pg_temp.headgate_put_%zu p "
                   "WHERE %s);",
                   name, number, match.bytes);
    else
        buf_printf(out, "DELETE FROM %s t USING pg_temp.headgate_gone_%zu g WHERE t.%s = g.key;",
                   name, number, table->key);
    if (match.size > 0 && !a->acts[number])
        buf_printf(out, "DELETE FROM %s t USING pg_temp.headgate_put_%zu p WHERE %s;", name, number,
                   match.bytes);
    buf_release(&match);
}

static void put_puts(const struct apply *a, size_t number, struct buf *out)
{
    const struct table *table = &a->run->mapping.tables[number];
    struct buf match = BUF_INIT(SCRIPT_MAX);

    put_match(&match, table);
    if (match.size > 0 && a->acts[number])
        put_update(out, number, table, match.bytes);
    put_insert(out, number, table, match.size > 0 && a->acts[number] ? match.bytes : NULL);
    buf_release(&match);
}

/* --- foreign keys and triggers --- */

static bool take_constraint(void *context, hg_rows *rows, hg_error *err)
{
    struct apply *a = context;

    (void)err;
    buf_printf(&a->aside, "ALTER TABLE %s ALTER CONSTRAINT %s DEFERRABLE INITIALLY DEFERRED;",
               hg_rows_text(rows, 0), hg_rows_text(rows, 1));
    buf_printf(&a->undo, "ALTER TABLE %s ALTER CONSTRAINT %s %s;", hg_rows_text(rows, 0),
               hg_rows_text(rows, 1),
               hg_rows_integer(rows, 2) != 0 ? "DEFERRABLE INITIALLY IMMEDIATE" : "NOT DEFERRABLE");
    return true;
}

static bool take_acting(void *context, hg_rows *rows, hg_error *err)
{
    struct apply *a = context;
    size_t table = run_table(a->run, hg_rows_text(rows, 0));

    (void)err;
    if (table < a->run->mapping.table_count)
        a->acts[table] = true;
    return true;
}

static const char constraints_sql[] =
    "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(k.conname), "
    "k.condeferrable FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace "
    "n ON n.oid = c.relnamespace WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT "
    "k.condeferred AND n.nspname = current_schema()";

static const char acting_sql[] =
    "SELECT DISTINCT p.relname FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid JOIN "
    "pg_namespace n ON n.oid = p.relnamespace WHERE k.contype = 'f' AND k.confdeltype <> 'a' AND "
    "n.nspname = current_schema()";

static bool is_of_changed(const struct apply *a, const struct target_hold *hold)
{
    size_t table = run_table(a->run, hold->table);

    return hold->kind == HOLD_TRIGGER && table < a->run->mapping.table_count
           && is_changed(a, table);
}

static bool set_aside(struct apply *a, hg_error *err)
{
    if (!ask_rows(a->run->to, acting_sql, NULL, 0, take_acting, a, copy_soon(), err)
        || !ask_rows(a->run->to, constraints_sql, NULL, 0, take_constraint, a, copy_soon(), err))
        return false;
    for (size_t i = 0; i < a->run->target.hold_count; i++) {
        const struct target_hold *hold = &a->run->target.holds[i];

        if (!is_of_changed(a, hold))
            continue;
        buf_printf(&a->aside, "%s;", hold->put_away);
        buf_printf(&a->undo, "%s;", hold->put_back);
    }
    return run_script(a, &a->aside, err);
}

/* --- the whole --- */

static bool misfits(struct apply *a, hg_error *err)
{
    int64_t count;

    crew_collect(&a->run->crew, &a->run->tally);
    count = tally_misfits(&a->run->tally);
    if (count == 0)
        return false;
    hg_fail(err, HG_FAILED, "%lld changed value%s not fit into the target", (long long)count,
            count == 1 ? " does" : "s do");
    hg_error_hint(err,
                  "Nothing was changed. Mend the source, or say with --rule what is to be done.");
    return true;
}

static bool apply_all(struct apply *a, const char *note, hg_error *err)
{
    size_t count = a->run->mapping.table_count;
    struct buf sql = BUF_INIT(64 << 20);
    bool ok = set_aside(a, err);

    for (size_t i = 0; ok && i < count; i++)
        ok = !is_changed(a, i) || stage(a, i, err);
    ok = ok && !misfits(a, err);
    for (size_t i = count; ok && i-- > 0;)
        if (is_changed(a, i))
            put_deletes(a, i, &sql);
    for (size_t i = 0; ok && i < count; i++)
        if (is_changed(a, i))
            put_puts(a, i, &sql);
    buf_text(&sql, "SET CONSTRAINTS ALL IMMEDIATE;");
    buf_printf(&sql, "%s%s", a->undo.bytes, note);
    ok = ok && !buf_failed(&a->undo) && run_script(a, &sql, err);
    buf_release(&sql);
    return ok;
}

bool catchup_apply(struct catchup *c, const char *note, hg_error *err)
{
    struct apply a = {
        .c = c, .run = c->run, .aside = BUF_INIT(SCRIPT_MAX), .undo = BUF_INIT(SCRIPT_MAX)};
    bool ok;

    a.acts = alloc_zero(c->run->mapping.table_count + 1, sizeof *a.acts);
    c->run->crew.hands[0].encoder.dry = false;
    c->run->crew.hands[0].encoder.rejects = c->run->rejects;
    ok = (a.acts != NULL || no_memory(err)) && hg_conn_begin(c->run->to, copy_soon(), err)
         && apply_all(&a, note, err) && hg_conn_commit(c->run->to, hg_deadline_never(), err);
    if (!ok && !hg_conn_lost(c->run->to))
        (void)hg_conn_rollback(c->run->to, copy_soon(), NULL);
    alloc_free(a.acts);
    buf_release(&a.aside);
    buf_release(&a.undo);
    return ok;
}
