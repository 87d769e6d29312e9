/*
 * apply.c - changes of the source into the target, all of them in one transaction.
 *
 * Rows come into temporary tables first. Then, children before parents, what is gone goes; and
 * parents before children, what is new or different is put. Foreign keys are asked at the end.
 * Where a key of the target does something when a row goes (ON DELETE CASCADE and its like), rows
 * that stay are changed in their place; elsewhere they are taken out and put in again, so that two
 * rows may swap what a unique key holds. Rows that change in their place are led to their new
 * parents before the old ones go, which would take them along, and all that hangs on them.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "catchup.h"
#include "schema/names.h"

enum { SCRIPT_MAX = 16 << 20 };

/* A foreign key that does something when the row goes that it leads to. */
struct hanging {
    size_t child, parent; /* tables of the mapping */
    const char *on;       /* that rows c and t are one of each */
};

struct apply {
    struct catchup *c;
    struct run *run;
    struct buf aside; /* statements that make foreign keys wait, and triggers sleep */
    struct buf undo;  /* and those that set them right again */
    struct buf lead;  /* those that lead rows to other parents */
    bool *acts;       /* of each table of the mapping: a key that leads to it does something */
    VEC(struct hanging) hanging; /* and which keys those are */
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not apply the changes: out of memory");
}

static bool run_script(struct apply *a, struct buf *sql, hg_error *err)
{
    bool ok = buf_failed(sql)  ? no_memory(err)
              : sql->size == 0 ? true
                               : bulk_script(a->run->to, sql->bytes, hg_deadline_never(), err);

    buf_truncate(sql, 0);
    return ok;
}

static bool is_changed(const struct apply *a, size_t table)
{
    return change_is_any(&a->c->changes[table]);
}

/* --- from there into the tables --- */

/* The columns that tell rows of a table apart, the same in both; "": none do. */
static void put_match_of(struct buf *out, const struct table *table, const char *one,
                         const char *other)
{
    bool first = true;

    for (size_t i = 0; i < table->column_count; i++) {
        if (!table_is_key(table, i))
            continue;
        buf_printf(out, "%s%s.", first ? "" : " AND ", one);
        name_put(out, table->columns[i].target->name);
        buf_printf(out, " = %s.", other);
        name_put(out, table->columns[i].target->name);
        first = false;
    }
}

static bool has_match(const struct table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (table_is_key(table, i))
            return true;
    return false;
}

static void put_match(struct buf *out, const struct table *table)
{
    put_match_of(out, table, "t", "p");
}

/* Sets all columns but those of the key; nothing when there are no others. */
static void put_update(struct buf *out, size_t number, const struct table *table, const char *match)
{
    bool first = true;

    for (size_t i = 0; i < table->column_count; i++) {
        if (table_is_key(table, i))
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
    stage_columns(out, table, "t.");
    buf_text(out, ")::text <> ROW(");
    stage_columns(out, table, "p.");
    buf_text(out, ")::text");
}

/* Sets one column alone, and only where it is another. */
static void put_leading(struct buf *out, size_t number, const struct table *table, size_t column)
{
    struct buf match = BUF_INIT(SCRIPT_MAX), name = BUF_INIT(1024);

    put_match(&match, table);
    name_put(&name, table->columns[column].target->name);
    if (match.size > 0)
        buf_printf(out,
                   "UPDATE %s t SET %s = p.%s FROM pg_temp.headgate_put_%zu p WHERE %s AND t.%s IS "
                   "DISTINCT FROM p.%s;",
                   table->target->sql_name, name.bytes, name.bytes, number, match.bytes, name.bytes,
                   name.bytes);
    buf_release(&name);
    buf_release(&match);
}

/* --- what a unique key holds apart --- */

/* Whether the columns of a unique key are all the table's, and not those that match rows. */
static bool is_in_the_way(const struct table *table, const struct target_unique *unique)
{
    bool beside = false;

    if (strcmp(unique->table, table->target->name) != 0)
        return false;
    for (size_t i = 0; i < unique->column_count; i++)
        for (size_t j = 0; j < table->column_count; j++)
            if (strcmp(table->columns[j].target->name, unique->columns[i]) == 0)
                beside = beside || !table_is_key(table, j);
    return beside;
}

static void put_free(struct buf *out, const struct table *table, const struct target_unique *unique)
{
    struct buf same = BUF_INIT(SCRIPT_MAX);

    buf_printf(out, " AND NOT EXISTS (SELECT 1 FROM %s u WHERE ", table->target->sql_name);
    for (size_t i = 0; i < unique->column_count; i++) {
        buf_text(out, i == 0 ? "u." : " AND u.");
        name_put(out, unique->columns[i]);
        buf_text(out, " = p.");
        name_put(out, unique->columns[i]);
    }
    put_match_of(&same, table, "u", "p");
    buf_printf(out, " AND NOT (%s))", same.bytes);
    buf_release(&same);
}

/* Rows that are changed in their place, one layer after the other: first those that get what nobody
 * holds, then those that get what these have given away. What is left goes round in a circle, and
 * the server will say so. */
static bool put_in_layers(struct apply *a, size_t number, hg_error *err)
{
    const struct target_db *target = &a->run->target;
    const struct table *table = &a->run->mapping.tables[number];
    struct buf match = BUF_INIT(SCRIPT_MAX), sql = BUF_INIT(SCRIPT_MAX);
    size_t before = 0;
    int64_t changed = 1;
    bool ok = true;

    put_match(&match, table);
    put_update(&sql, number, table, match.bytes);
    before = sql.size;
    for (size_t i = 0; before > 0 && i < target->unique_count; i++)
        if (is_in_the_way(table, &target->uniques[i]))
            put_free(&sql, table, &target->uniques[i]);
    ok = !(buf_failed(&sql) || buf_failed(&match)) || no_memory(err);
    while (ok && sql.size > before && changed > 0)
        ok = hg_conn_execute(a->run->to, sql.bytes, NULL, 0, hg_deadline_never(), &changed, err);
    buf_release(&sql);
    buf_release(&match);
    return ok;
}

static void put_insert(struct buf *out, size_t number, const struct table *table, const char *match)
{
    buf_printf(out, "INSERT INTO %s (", table->target->sql_name);
    stage_columns(out, table, "");
    buf_text(out, ") OVERRIDING SYSTEM VALUE SELECT ");
    stage_columns(out, table, "");
    buf_printf(out, " FROM pg_temp.headgate_put_%zu p", number);
    if (match != NULL)
        buf_printf(out, " WHERE NOT EXISTS (SELECT 1 FROM %s t WHERE %s)", table->target->sql_name,
                   match);
    buf_char(out, ';');
}

/* Which rows t of a table go: what stands beside it, and the condition. */
static void put_going(const struct apply *a, size_t number, const char *match, struct buf *beside,
                      struct buf *where)
{
    const struct table *table = &a->run->mapping.tables[number];
    const struct change *change = &a->c->changes[number];

    if (!change->whole) {
        buf_printf(beside, "pg_temp.headgate_gone_%zu g", number);
        if (change->keys == NULL)
            buf_printf(where, "t.%s = g.key", table->key);
        else
            put_match_of(where, table, "t", "g");
    }
    if (change->whole || change->keys != NULL) /* of those that may be gone, what is not put */
        buf_printf(where, "%sNOT EXISTS (SELECT 1 FROM pg_temp.headgate_put_%zu p WHERE %s)",
                   where->size == 0 ? "" : " AND ", number, match);
}

/* And which rows c of a table stay. */
static void put_staying(const struct apply *a, size_t number, struct buf *out)
{
    const struct table *table = &a->run->mapping.tables[number];
    const struct change *change = &a->c->changes[number];
    struct buf match = BUF_INIT(SCRIPT_MAX);

    if (!change->whole && change->keys == NULL) {
        buf_printf(out, "NOT EXISTS (SELECT 1 FROM pg_temp.headgate_gone_%zu x WHERE c.%s = x.key)",
                   number, table->key);
        return;
    }
    if (!change->whole) {
        put_match_of(&match, table, "c", "x");
        buf_printf(out, "NOT EXISTS (SELECT 1 FROM pg_temp.headgate_gone_%zu x WHERE %s) OR ",
                   number, match.bytes);
        buf_truncate(&match, 0);
    }
    put_match_of(&match, table, "c", "y");
    buf_printf(out, "EXISTS (SELECT 1 FROM pg_temp.headgate_put_%zu y WHERE %s)", number,
               match.bytes);
    buf_release(&match);
}

/*
 * A row that stays although what it hangs on goes: a source that does not enforce its foreign keys
 * can have one. The target would take it along without a word; so it is said instead.
 */
static void put_orphans(const struct apply *a, size_t parent, const char *beside, const char *where,
                        struct buf *out)
{
    const struct table *tables = a->run->mapping.tables;
    const struct hanging *h;

    VEC_EACH (&a->hanging, h) {
        struct buf said = BUF_INIT(SCRIPT_MAX);

        if (h->parent != parent)
            continue;
        buf_printf(&said,
                   "rows of table \"%s\" stay although those of \"%s\" that they refer to go",
                   tables[h->child].source->name, tables[parent].source->name);
        buf_printf(out,
                   "DO $headgate$ BEGIN IF EXISTS (SELECT 1 FROM %s t%s%s, %s c WHERE %s AND %s",
                   tables[parent].target->sql_name, beside[0] == '\0' ? "" : ", ", beside,
                   tables[h->child].target->sql_name, where, h->on);
        if (is_changed(a, h->child)) {
            buf_text(out, " AND (");
            put_staying(a, h->child, out);
            buf_char(out, ')');
        }
        buf_text(out, ") THEN RAISE foreign_key_violation USING MESSAGE = ");
        literal_put(out, said.bytes);
        buf_text(out, ", HINT = 'Nothing was changed. Delete them in the source, or let them refer "
                      "to another row.'; END IF; END $headgate$;");
        buf_release(&said);
    }
}

/* What is gone goes; and what is put in again, where nobody minds. */
static void put_deletes(const struct apply *a, size_t number, struct buf *out)
{
    const char *name = a->run->mapping.tables[number].target->sql_name;
    struct buf match = BUF_INIT(SCRIPT_MAX), beside = BUF_INIT(SCRIPT_MAX);
    struct buf where = BUF_INIT(SCRIPT_MAX);

    put_match(&match, &a->run->mapping.tables[number]);
    if (match.size == 0) {
        buf_printf(out, "DELETE FROM %s;", name);
    } else {
        put_going(a, number, match.bytes, &beside, &where);
        put_orphans(a, number, beside.bytes, where.bytes, out);
        buf_printf(out, "DELETE FROM %s t%s%s WHERE %s;", name, beside.size > 0 ? " USING " : "",
                   beside.bytes, where.bytes);
    }
    if (match.size > 0 && !a->acts[number])
        buf_printf(out, "DELETE FROM %s t USING pg_temp.headgate_put_%zu p WHERE %s;", name, number,
                   match.bytes);
    buf_release(&where);
    buf_release(&beside);
    buf_release(&match);
}

static void put_puts(const struct apply *a, size_t number, struct buf *out)
{
    const struct table *table = &a->run->mapping.tables[number];
    struct buf match = BUF_INIT(SCRIPT_MAX);

    put_match(&match, table);
    if (match.size > 0 && a->acts[number]) {
        put_update(out, number, table, match.bytes);
        buf_char(out, ';');
    }
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

static bool take_hanging(void *context, hg_rows *rows, hg_error *err)
{
    struct apply *a = context;
    size_t parent = run_table(a->run, hg_rows_text(rows, 0));
    size_t child = run_table(a->run, hg_rows_text(rows, 1));
    struct hanging *h;

    if (parent == a->run->mapping.table_count)
        return true;
    a->acts[parent] = true;
    if (child == a->run->mapping.table_count
        || (a->c->changes[child].whole && !has_match(&a->run->mapping.tables[child])))
        return true;
    h = VEC_PUSH(&a->hanging);
    if (h == NULL)
        return no_memory(err);
    *h = (struct hanging){child, parent, arena_text(&a->c->arena, hg_rows_text(rows, 2))};
    return h->on != NULL || no_memory(err);
}

/* A column by which rows of a table hang on others. */
static bool take_led(void *context, hg_rows *rows, hg_error *err)
{
    struct apply *a = context;
    size_t number = run_table(a->run, hg_rows_text(rows, 0));

    (void)err;
    if (number == a->run->mapping.table_count || !a->acts[number] || !is_changed(a, number))
        return true;
    for (size_t i = 0; i < a->run->mapping.tables[number].column_count; i++) {
        const struct table *table = &a->run->mapping.tables[number];

        if (!table_is_key(table, i)
            && strcmp(table->columns[i].target->name, hg_rows_text(rows, 1)) == 0)
            put_leading(&a->lead, number, table, i);
    }
    return true;
}

static const char constraints_sql[] =
    "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(k.conname), "
    "k.condeferrable FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace "
    "n ON n.oid = c.relnamespace WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT "
    "k.condeferred AND n.nspname = current_schema()";

static const char hanging_sql[] =
    "SELECT p.relname, c.relname, string_agg(format('c.%I = t.%I', ca.attname, pa.attname), ' AND "
    "') FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid JOIN pg_class c ON c.oid = "
    "k.conrelid JOIN pg_namespace n ON n.oid = p.relnamespace CROSS JOIN LATERAL unnest(k.conkey, "
    "k.confkey) AS x(child, parent) JOIN pg_attribute ca ON ca.attrelid = c.oid AND ca.attnum = "
    "x.child JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = x.parent WHERE k.contype "
    "= "
    "'f' AND k.conparentid = 0 AND k.confdeltype <> 'a' AND n.nspname = current_schema() GROUP BY "
    "k.oid, p.relname, c.relname";

static const char led_sql[] =
    "SELECT DISTINCT c.relname, a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = "
    "k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = "
    "k.conrelid AND a.attnum = ANY (k.conkey) WHERE k.contype = 'f' AND k.confdeltype <> 'a' AND "
    "n.nspname = current_schema()";

static bool is_of_changed(const struct apply *a, const struct target_hold *hold)
{
    size_t table = run_table(a->run, hold->table);

    return hold->kind == HOLD_TRIGGER && table < a->run->mapping.table_count
           && is_changed(a, table);
}

static bool set_aside(struct apply *a, hg_error *err)
{
    if (!ask_rows(a->run->to, hanging_sql, NULL, 0, take_hanging, a, copy_soon(), err)
        || !ask_rows(a->run->to, led_sql, NULL, 0, take_led, a, copy_soon(), err)
        || !ask_rows(a->run->to, constraints_sql, NULL, 0, take_constraint, a, copy_soon(), err))
        return false;
    for (size_t i = 0; i < a->run->target.hold_count; i++) {
        const struct target_hold *hold = &a->run->target.holds[i];

        if (!is_of_changed(a, hold))
            continue;
        buf_printf(&a->aside, "%s;", hold->put_away);
        buf_printf(&a->undo, "%s;", hold->put_back);
    }
    if (buf_failed(&a->undo) || buf_failed(&a->lead))
        return no_memory(err);
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
        ok = !is_changed(a, i) || stage_changes(a->c, i, err);
    ok = ok && !misfits(a, err) && run_script(a, &a->lead, err)
         && (!a->c->strays || strays_clear(a->c, err));
    for (size_t i = count; ok && i-- > 0;)
        if (is_changed(a, i))
            put_deletes(a, i, &sql);
    for (size_t i = 0; ok && i < count; i++) {
        if (is_changed(a, i) && a->acts[i])
            ok = run_script(a, &sql, err) && put_in_layers(a, i, err);
        if (is_changed(a, i))
            put_puts(a, i, &sql);
    }
    ok = ok && run_script(a, &sql, err) && (!a->c->settle || strays_settle(a->c, err));
    buf_text(&sql, "SET CONSTRAINTS ALL IMMEDIATE;");
    buf_printf(&sql, "%s%s", a->undo.bytes, note);
    ok = ok && run_script(a, &sql, err);
    buf_release(&sql);
    return ok;
}

bool catchup_apply(struct catchup *c, const char *note, hg_error *err)
{
    struct apply a = {.c = c,
                      .run = c->run,
                      .aside = BUF_INIT(SCRIPT_MAX),
                      .undo = BUF_INIT(SCRIPT_MAX),
                      .lead = BUF_INIT(SCRIPT_MAX)};
    bool ok;

    a.acts = alloc_zero(c->run->mapping.table_count + 1, sizeof *a.acts);
    c->run->crew.hands[0].encoder.dry = false;
    c->run->crew.hands[0].encoder.rejects = c->run->rejects;
    ok = (a.acts != NULL || no_memory(err)) && hg_conn_begin(c->run->to, copy_soon(), err)
         && apply_all(&a, note, err) && hg_conn_commit(c->run->to, hg_deadline_never(), err);
    if (!ok && !hg_conn_lost(c->run->to))
        (void)hg_conn_rollback(c->run->to, copy_soon(), NULL);
    alloc_free(a.acts);
    VEC_RELEASE(&a.hanging);
    buf_release(&a.aside);
    buf_release(&a.undo);
    buf_release(&a.lead);
    return ok;
}
