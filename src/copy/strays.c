/*
 * strays.c - rows of the target whose row in the source is gone without a trace.
 *
 * INSERT OR REPLACE, or UPDATE OR REPLACE, puts a row out of the way that has the same values in a
 * UNIQUE index, and no trigger hears of it. It takes a table with an index beside the one that rows
 * are told apart by. As the log has every row that is put, the target never lacks one: it has
 * strays exactly when it has more rows than the source. Where rules keep rows back that is no
 * measure, and the keys themselves are compared.
 */
#include "ask.h"
#include "base/buf.h"
#include "catchup.h"
#include "schema/names.h"

enum { SQL_MOST = 1 << 20 };

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare the keys of both sides: out of memory");
}

static bool may_have(const struct table *table)
{
    const struct source_table *source = table->source;
    bool other = source->rowid != NULL && source->rowid_column < 0; /* the rowid itself */

    for (size_t i = 0; i < source->index_count; i++)
        other = other || (source->indexes[i].unique && !source->indexes[i].primary);
    return other && !source->virtual && delta_has_key(table);
}

static bool has_rejects(const struct table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        for (size_t j = 0; j < table->columns[i].rule_count; j++)
            if (table->columns[i].rules[j]->action == RULE_REJECT)
                return true;
    return false;
}

/* --- keys --- */

static void put_names(const struct table *keys, bool target, const char *prefix, struct buf *out)
{
    for (size_t i = 0; i < keys->column_count; i++) {
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", prefix);
        name_put(out, target ? keys->columns[i].target->name : keys->columns[i].source->name);
    }
}

static bool make_keys(struct catchup *c, const struct table *table, const struct table **out,
                      hg_error *err)
{
    const struct table *keys = delta_keys(table, "", &c->arena);
    struct buf select = BUF_INIT(SQL_MOST);

    if (keys != NULL) {
        buf_text(&select, "SELECT ");
        put_names(keys, false, "", &select);
        buf_text(&select, " FROM ");
        name_put(&select, table->source->name);
        keys = buf_failed(&select) ? NULL : delta_keys(table, select.bytes, &c->arena);
    }
    buf_release(&select);
    *out = keys;
    return keys != NULL || no_memory(err);
}

/* Rows that the log says are gone are no strays: they go with the others, and with what is asked
 * about them there. */
static void put_unless_gone(const struct change *change, size_t number, const struct table *table,
                            const struct table *keys, struct buf *out)
{
    if (change->whole || !change_is_any(change))
        return;
    buf_printf(out, " AND NOT EXISTS (SELECT 1 FROM pg_temp.headgate_gone_%zu g WHERE ", number);
    if (change->keys == NULL) {
        buf_printf(out, "t.%s = g.key)", table->key);
        return;
    }
    buf_char(out, '(');
    put_names(keys, true, "g.", out);
    buf_text(out, ") = (");
    put_names(keys, true, "t.", out);
    buf_text(out, "))");
}

static void put_comparison(const struct change *change, size_t number, const struct table *table,
                           const struct table *keys, struct buf *out)
{
    buf_printf(out,
               "ANALYZE pg_temp.headgate_keys; DELETE FROM %s t WHERE NOT EXISTS (SELECT 1 FROM "
               "pg_temp.headgate_keys k WHERE (",
               table->target->sql_name);
    put_names(keys, true, "k.", out);
    buf_text(out, ") = (");
    put_names(keys, true, "t.", out);
    buf_text(out, "))");
    put_unless_gone(change, number, table, keys, out);
    buf_text(out, "; DROP TABLE pg_temp.headgate_keys");
}

/* Every row of the target goes whose key the source does not have. */
static bool compare_keys(struct catchup *c, size_t number, hg_error *err)
{
    const struct table *table = &c->run->mapping.tables[number], *keys = NULL;
    struct buf sql = BUF_INIT(SQL_MOST);
    int64_t sent;
    bool ok = make_keys(c, table, &keys, err);

    if (ok) {
        buf_text(&sql, "CREATE TEMP TABLE headgate_keys AS SELECT ");
        put_names(keys, true, "", &sql);
        buf_printf(&sql, " FROM %s WITH NO DATA", table->target->sql_name);
    }
    ok = ok && (!buf_failed(&sql) || no_memory(err))
         && bulk_script(c->run->to, sql.bytes, hg_deadline_never(), err)
         && stage_keys(c->run, keys, "COPY pg_temp.headgate_keys FROM STDIN (FORMAT binary)", &sent,
                       err);
    buf_truncate(&sql, 0);
    if (ok)
        put_comparison(&c->changes[number], number, table, keys, &sql);
    ok = ok && (!buf_failed(&sql) || no_memory(err))
         && bulk_script(c->run->to, sql.bytes, hg_deadline_never(), err);
    buf_release(&sql);
    return ok;
}

bool strays_clear(struct catchup *c, hg_error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < c->run->mapping.table_count; i++)
        ok =
            !may_have(&c->run->mapping.tables[i]) || c->changes[i].whole || compare_keys(c, i, err);
    return ok;
}

/* --- counts --- */

static bool count(hg_conn *conn, const char *table, int64_t *out, hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_MOST);
    bool ok;

    buf_printf(&sql, "SELECT count(*) FROM %s", table);
    ok = buf_failed(&sql) ? no_memory(err)
                          : ask_integer(conn, sql.bytes, NULL, 0, hg_deadline_never(), out, err);
    buf_release(&sql);
    return ok;
}

static bool count_both(struct catchup *c, const struct table *table, int64_t *in_source,
                       int64_t *in_target, hg_error *err)
{
    struct buf name = BUF_INIT(SQL_MOST);
    bool ok;

    name_put(&name, table->source->name);
    ok = (!buf_failed(&name) || no_memory(err))
         && count(c->run->crew.hands[0].source, name.bytes, in_source, err)
         && count(c->run->to, table->target->sql_name, in_target, err);
    buf_release(&name);
    return ok;
}

static bool fail_count(const struct table *table, int64_t in_source, int64_t in_target,
                       hg_error *err)
{
    hg_fail(err, HG_FAILED,
            "table \"%s\" has %lld rows in the source and %lld in the target, although every "
            "change was brought over",
            table->source->name, (long long)in_source, (long long)in_target);
    hg_error_hint(err, "Nothing was changed. --verify-only names the rows. Was the application "
                       "writing with its triggers switched off, or somebody into the target?");
    return false;
}

static bool settle(struct catchup *c, size_t number, hg_error *err)
{
    const struct table *table = &c->run->mapping.tables[number];
    int64_t in_source = 0, in_target = 0;

    if (has_rejects(table))
        return compare_keys(c, number, err);
    if (!count_both(c, table, &in_source, &in_target, err))
        return false;
    if (in_source == in_target)
        return true;
    return compare_keys(c, number, err) && count_both(c, table, &in_source, &in_target, err)
           && (in_source == in_target || fail_count(table, in_source, in_target, err));
}

bool strays_settle(struct catchup *c, hg_error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < c->run->mapping.table_count; i++)
        if (may_have(&c->run->mapping.tables[i]) && !c->changes[i].whole)
            ok = settle(c, i, err);
    return ok;
}
