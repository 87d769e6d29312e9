/*
 * write_sqlite.c - SQLite: what its ALTER TABLE can do, and for everything else a table is built
 * anew in the steps of its manual (lang_altertable.html, 7): a new table beside the old one, the
 * rows over, the old one gone, the new one renamed, then indexes, triggers and views.
 *
 * Foreign keys must be off while the old table goes, or its going deletes the rows that refer to
 * it, and names in views and triggers must be left alone while the new one is renamed. A pragma
 * does neither inside a transaction: whoever runs this sees to it (struct written, rebuilds).
 */
#include "writer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tokens.h"

enum { STATEMENT_LIMIT = 64 << 20 };

static const char *fact(const struct object *object, enum fact which)
{
    return object->facts[which] == NULL ? "" : object->facts[which];
}

static bool has(const struct object *object, enum fact which)
{
    return object->facts[which] != NULL;
}

/* Whether a column can be added to rows that are there (lang_altertable.html, 4). */
static bool can_add(const struct writer *w, const struct object *column)
{
    const char *value = fact(column, FACT_DEFAULT);
    size_t first, count = model_range(w->to, OBJECT_CONSTRAINT, "", column->table, &first);

    if ((has(column, FACT_NOT_NULL) && (value[0] == '\0' || strcmp(value, "null") == 0))
        || value[0] == '(' || strncmp(value, "current_", 8) == 0
        || (has(column, FACT_GENERATED) && strcmp(fact(column, FACT_STORED), "stored") == 0))
        return false;
    for (size_t i = first; i < first + count; i++)
        if (w->make[i]) /* a constraint that comes with it: the new table is the simpler proof */
            return false;
    return true;
}

/* Whether a table that stays must be built anew. */
static bool must_rebuild(const struct writer *w, const struct object *from)
{
    static const enum object_kind kinds[] = {OBJECT_COLUMN, OBJECT_CONSTRAINT};
    size_t first, count;

    if (w->fate[from - w->from->objects] == FATE_ALTER)
        return true;
    for (size_t k = 0; k < 2; k++) {
        count = model_range(w->from, kinds[k], "", from->name, &first);
        for (size_t i = first; i < first + count; i++)
            if (w->fate[i] != FATE_KEEP)
                return true;
        count = model_range(w->to, kinds[k], "", from->name, &first);
        for (size_t j = first; j < first + count; j++)
            if (w->make[j] && (kinds[k] == OBJECT_CONSTRAINT || !can_add(w, &w->to->objects[j])))
                return true;
    }
    return false;
}

/* A statement as it was written, under another name where one is given. */
static void put_source(struct writer *w, const struct object *object, const char *name,
                       struct buf *sql)
{
    const char *source = fact(object, FACT_SOURCE);
    struct tokens tokens;
    size_t i = 0;

    if (!tokens_cut(w->arena, HG_SQLITE, source, strlen(source), &tokens)) {
        w->failed = true;
        return;
    }
    while (i < tokens.count && !token_is(&tokens, i, "table"))
        i++;
    if (name == NULL || i + 2 >= tokens.count) {
        buf_text(sql, source);
        return;
    }
    buf_text(sql, "CREATE TABLE ");
    name_put(sql, name);
    buf_char(sql, ' ');
    tokens_source(&tokens, i + 2, tokens.count, sql);
}

static void write_source(struct writer *w, const struct object *object)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    /* a table that was renamed has its name in quotes, as SQLite leaves it */
    put_source(w, object, object_is(object, "table") ? object->name : NULL, &sql);
    writer_put(w, PHASE_MAIN, &sql, NULL);
}

/* Names of the columns that both tables have and that can be written, with what they are read as.
 */
static void put_columns(struct writer *w, const struct object *to, struct buf *names,
                        struct buf *values)
{
    size_t first, count = model_range(w->to, OBJECT_COLUMN, "", to->name, &first);

    for (size_t j = first; j < first + count; j++) {
        const struct object *column = &w->to->objects[j];
        ptrdiff_t from = w->back[j];
        bool fill;

        if (has(column, FACT_GENERATED) || from == NONE)
            continue;
        fill = has(column, FACT_NOT_NULL) && has(column, FACT_DEFAULT)
               && !has(&w->from->objects[from], FACT_NOT_NULL);
        buf_text(names, names->size > 0 ? ", " : "");
        buf_text(values, values->size > 0 ? ", " : "");
        name_put(names, column->name);
        buf_text(values, fill ? "coalesce(" : "");
        name_put(values, column->name);
        if (fill)
            buf_printf(values, ", %s)", fact(column, FACT_DEFAULT));
    }
}

static bool has_rowid_column(const struct model *model, const struct object *table)
{
    size_t first, count = model_range(model, OBJECT_COLUMN, "", table->name, &first);

    for (size_t i = first; i < first + count; i++)
        if (has(&model->objects[i], FACT_IDENTITY)
            || strcasecmp(model->objects[i].name, "rowid") == 0)
            return true;
    return false;
}

/* Rows keep their numbers where the number is no column of its own. */
static bool keeps_rowid(const struct writer *w, const struct object *from, const struct object *to)
{
    return strstr(fact(from, FACT_OPTIONS), "ROWID") == NULL
           && strstr(fact(to, FACT_OPTIONS), "ROWID") == NULL && !has_rowid_column(w->from, from)
           && !has_rowid_column(w->to, to);
}

static const char *lost_columns(struct writer *w, const struct object *from)
{
    size_t first, count = model_range(w->from, OBJECT_COLUMN, "", from->name, &first);
    const char *lost = NULL;

    for (size_t i = first; i < first + count; i++)
        if (w->fate[i] == FATE_DROP && !has(&w->from->objects[i], FACT_GENERATED))
            lost = writer_text(w, "%s%s%s.%s", lost == NULL ? "the values of " : lost,
                               lost == NULL ? "" : ", ", writer_quote(w, from->name),
                               writer_quote(w, w->from->objects[i].name));
    return lost;
}

static bool is_autoincrement(const struct model *model, const struct object *table)
{
    size_t first, count = model_range(model, OBJECT_COLUMN, "", table->name, &first);

    for (size_t i = first; i < first + count; i++)
        if (strcmp(fact(&model->objects[i], FACT_IDENTITY), "autoincrement") == 0)
            return true;
    return false;
}

static void rebuild(struct writer *w, const struct object *from, const struct object *to)
{
    const char *beside = writer_text(w, "%s__new", to->name);
    const char *rowid = keeps_rowid(w, from, to) ? "rowid, " : "";
    struct buf create = BUF_INIT(STATEMENT_LIMIT), sql = BUF_INIT(STATEMENT_LIMIT);
    struct buf names = BUF_INIT(STATEMENT_LIMIT), values = BUF_INIT(STATEMENT_LIMIT);

    w->rebuilds = true;
    put_source(w, to, beside, &create);
    writer_put(w, PHASE_MAIN, &create, NULL);
    put_columns(w, to, &names, &values);
    if (names.size > 0) {
        buf_printf(&sql, "INSERT INTO %s (%s%s) SELECT %s%s FROM %s", writer_quote(w, beside),
                   rowid, names.bytes, rowid, values.bytes, writer_quote(w, from->name));
        writer_put(w, PHASE_MAIN, &sql, lost_columns(w, from));
    }
    if (is_autoincrement(w->from, from) && is_autoincrement(w->to, to)) {
        struct buf old = BUF_INIT(4096), new = BUF_INIT(4096);

        literal_put(&old, from->name);
        literal_put(&new, beside);
        writer_printf(w, PHASE_MAIN,
                      "INSERT OR REPLACE INTO sqlite_sequence (rowid, name, seq)"
                      " SELECT (SELECT rowid FROM sqlite_sequence WHERE name = %s), %s, seq"
                      " FROM sqlite_sequence WHERE name = %s",
                      new.bytes, new.bytes, old.bytes);
        buf_release(&old);
        buf_release(&new);
    }
    writer_printf(w, PHASE_MAIN, "DROP TABLE %s", writer_quote(w, from->name));
    writer_printf(w, PHASE_MAIN, "ALTER TABLE %s RENAME TO %s", writer_quote(w, beside),
                  writer_quote(w, to->name));
    buf_release(&names);
    buf_release(&values);
}

/* Its indexes and triggers went with it: they are made as the other model has them. */
static void renew(struct writer *w, const char *table)
{
    static const enum object_kind kinds[] = {OBJECT_INDEX, OBJECT_TRIGGER};

    for (size_t k = 0; k < 2; k++) {
        size_t first, count = model_range(w->to, kinds[k], "", table, &first);

        for (size_t j = first; j < first + count; j++)
            w->make[j] = true;
        count = model_range(w->from, kinds[k], "", table, &first);
        for (size_t i = first; i < first + count; i++)
            w->fate[i] = FATE_KEEP; /* nothing to drop any more */
    }
}

/* A virtual table, or one that becomes or was one. */
static bool is_virtual(const struct object *table)
{
    return object_is(table, "virtual table");
}

static void change_table(struct writer *w, size_t j)
{
    const struct object *to = &w->to->objects[j];
    const struct object *from = &w->from->objects[w->back[j]];
    size_t first, count;

    if ((is_virtual(to) || is_virtual(from)) && w->fate[w->back[j]] == FATE_ALTER) {
        struct buf sql = BUF_INIT(STATEMENT_LIMIT);

        buf_printf(&sql, "DROP TABLE %s", writer_quote(w, from->name));
        writer_put(w, PHASE_MAIN, &sql, writer_text(w, "all rows of %s", from->name));
        write_source(w, to);
        renew(w, to->name);
        return;
    }
    if (!is_virtual(to) && must_rebuild(w, from)) {
        rebuild(w, from, to);
        renew(w, to->name);
        return;
    }
    count = model_range(w->to, OBJECT_COLUMN, "", to->name, &first);
    for (size_t n = 1; n <= count + 1000; n++) {
        bool more = false;

        for (size_t k = first; k < first + count; k++) {
            more = more || (size_t)atoi(fact(&w->to->objects[k], FACT_POSITION)) > n;
            if (w->make[k] && (size_t)atoi(fact(&w->to->objects[k], FACT_POSITION)) == n)
                writer_printf(w, PHASE_MAIN, "ALTER TABLE %s ADD COLUMN %s",
                              writer_quote(w, to->name), fact(&w->to->objects[k], FACT_SOURCE));
        }
        if (!more)
            break;
    }
}

static void drop(struct writer *w, const struct object *from)
{
    static const char *const words[OBJECT_KINDS] = {[OBJECT_TABLE] = "TABLE",
                                                    [OBJECT_INDEX] = "INDEX",
                                                    [OBJECT_VIEW] = "VIEW",
                                                    [OBJECT_TRIGGER] = "TRIGGER"};
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    buf_printf(&sql, "DROP %s %s", words[from->kind], writer_quote(w, from->name));
    writer_put(w, PHASE_MAIN, &sql,
               from->kind == OBJECT_TABLE ? writer_text(w, "all rows of %s", from->name) : NULL);
}

/* Whether anything is done to a table that stays: then the views, which SQLite reads again at every
 * change of a table, are out of the way meanwhile. */
static bool changes_tables(const struct writer *w)
{
    for (size_t j = 0; j < w->to->count; j++)
        if (w->to->objects[j].kind == OBJECT_TABLE && w->back[j] != NONE
            && !is_virtual(&w->to->objects[j]) && must_rebuild(w, &w->from->objects[w->back[j]]))
            return true;
    return false;
}

static void drop_in_the_way(struct writer *w, const size_t *order)
{
    bool all_views = changes_tables(w);

    for (size_t k = w->from->count; k-- > 0;) {
        size_t i = order[k];
        const struct object *object = &w->from->objects[i];
        bool view = object->kind == OBJECT_VIEW
                    || (object->kind == OBJECT_TRIGGER
                        && w->from->objects[object->owner].kind == OBJECT_VIEW);

        if (view && all_views && w->match[i] != NONE) {
            w->fate[i] = FATE_ALTER;
            w->make[w->match[i]] = true;
        }
        if ((object->kind == OBJECT_VIEW || object->kind == OBJECT_TRIGGER
             || object->kind == OBJECT_INDEX)
            && w->fate[i] != FATE_KEEP && !goes_with_owner(w, i)) {
            if (!(object->kind == OBJECT_TRIGGER && view && all_views))
                drop(w, object);
            if (w->match[i] != NONE)
                w->make[w->match[i]] = true;
        }
    }
}

void write_sqlite(struct writer *w)
{
    size_t *from = order_make(w->arena, w->from), *to = order_make(w->arena, w->to);

    if (from == NULL || to == NULL) {
        w->failed = true;
        return;
    }
    drop_in_the_way(w, from);
    for (size_t k = w->from->count; k-- > 0;) {
        const struct object *object = &w->from->objects[from[k]];

        if (object->kind == OBJECT_TABLE && w->fate[from[k]] == FATE_DROP) {
            drop(w, object);
            w->rebuilds = true; /* a table that others refer to: its rows must not pull theirs */
        }
    }
    for (size_t k = 0; k < w->to->count; k++)
        if (w->to->objects[to[k]].kind == OBJECT_TABLE && w->make[to[k]])
            write_source(w, &w->to->objects[to[k]]);
    for (size_t k = 0; k < w->to->count; k++)
        if (w->to->objects[to[k]].kind == OBJECT_TABLE && w->back[to[k]] != NONE)
            change_table(w, to[k]);
    for (size_t k = 0; k < w->to->count; k++) {
        enum object_kind kind = w->to->objects[to[k]].kind;

        if (w->make[to[k]]
            && (kind == OBJECT_INDEX || kind == OBJECT_VIEW || kind == OBJECT_TRIGGER))
            write_source(w, &w->to->objects[to[k]]);
    }
}
