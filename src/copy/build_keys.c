/*
 * build_keys.c - primary keys, UNIQUE, indexes and foreign keys of a table that the copy makes,
 * each as a statement for after the rows.
 *
 * A key is built as a unique index, which several workers can do beside one another, and then made
 * the constraint, which takes a moment.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "build_parts.h"
#include "schema/names.h"

static bool add_hold(struct maker *m, enum hold_kind kind, const char *table, const char *other,
                     const char *name, struct buf *sql, hg_error *err)
{
    struct target_hold *hold = VEC_PUSH(&m->out->holds);
    struct buf quoted = BUF_INIT(1024);
    bool ok;

    name_put(&quoted, name);
    if (hold != NULL)
        *hold = (struct target_hold){.kind = kind,
                                     .table = table,
                                     .other = other,
                                     .name = arena_text(&m->out->arena, quoted.bytes),
                                     .put_back = arena_text(&m->out->arena, sql->bytes),
                                     .valid = true,
                                     .made = true};
    ok = hold != NULL && hold->name != NULL && hold->put_back != NULL && !buf_failed(sql);
    buf_release(&quoted);
    sql->size = 0;
    return ok || build_no_memory(err);
}

/* --- keys --- */

static const char *key_name(const struct source_table *table, const struct source_key *key)
{
    return key->name[0] != '\0' || table->rowid_column < 0
               ? key->name
               : table->columns[table->rowid_column].name;
}

static void put_key_columns(struct buf *out, const struct source_table *table)
{
    bool first = true;

    for (int k = 1; k <= (int)table->column_count; k++)
        for (size_t i = 0; i < table->column_count; i++)
            if (table->columns[i].key == k) {
                buf_text(out, first ? "" : ", ");
                name_put(out, table->columns[i].name);
                first = false;
            }
}

static bool has_key(const struct source_table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].key > 0)
            return true;
    return false;
}

/* The index of these columns, and the constraint out of it. */
static bool add_key(struct maker *m, const struct making *t, const char *name, bool primary,
                    const char *columns, hg_error *err)
{
    const char *table = t->target->sql_name;
    struct buf sql = BUF_INIT(SQL_MAX), quoted = BUF_INIT(1024);
    bool ok;

    name_put(&quoted, name);
    buf_printf(&sql, "CREATE UNIQUE INDEX %s ON %s (%s)", quoted.bytes, table, columns);
    ok = add_hold(m, HOLD_INDEX, t->source->name, NULL, name, &sql, err);
    buf_printf(&sql, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s", table, quoted.bytes,
               primary ? "PRIMARY KEY" : "UNIQUE", quoted.bytes);
    ok = ok && add_hold(m, HOLD_KEY, t->source->name, NULL, name, &sql, err);
    buf_release(&quoted);
    buf_release(&sql);
    return ok;
}

/* What a key is made of, for who looks for duplicates: the columns by place in the primary key, or
 * those of an index. */
static bool add_unique_columns(struct maker *m, const struct making *t, const char *name,
                               const struct source_index *index, hg_error *err)
{
    struct target_unique *unique = VEC_PUSH(&m->out->uniques);
    size_t count = 0;

    if (unique == NULL)
        return build_no_memory(err);
    *unique = (struct target_unique){
        t->source->name, name,
        arena_alloc(&m->out->arena, t->source->column_count + 1, sizeof *unique->columns), 0};
    if (unique->columns == NULL)
        return build_no_memory(err);
    for (size_t i = 0; index != NULL && i < index->key_count; i++)
        unique->columns[count++] = key_name(t->source, &index->keys[i]);
    for (size_t i = 0; index == NULL && i < t->source->column_count; i++)
        if (t->source->columns[i].key > 0)
            unique->columns[count++] = t->source->columns[i].name;
    unique->column_count = count;
    return true;
}

static bool add_primary_key(struct maker *m, const struct making *t, hg_error *err)
{
    struct buf columns = BUF_INIT(SQL_MAX), base = BUF_INIT(1 << 16);
    const char *name;
    bool ok;

    if (!has_key(t->source))
        return true;
    put_key_columns(&columns, t->source);
    buf_printf(&base, "%s_pkey", t->source->name);
    name = build_name(m, base.bytes);
    ok = name != NULL ? add_key(m, t, name, true, columns.bytes, err)
                            && add_unique_columns(m, t, name, NULL, err)
                      : build_no_memory(err);
    buf_release(&columns);
    buf_release(&base);
    return ok;
}

/* --- indexes --- */

/* NOCASE and RTRIM compare what these functions make of a text. */
static const char *function_of(const char *collation)
{
    return strcasecmp(collation, "NOCASE") == 0  ? "lower"
           : strcasecmp(collation, "RTRIM") == 0 ? "rtrim"
                                                 : NULL;
}

static const struct target_column *column_of(const struct target_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcasecmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

static bool is_plain(const struct source_index *index)
{
    for (size_t i = 0; i < index->key_count; i++)
        if (index->keys[i].name == NULL || index->keys[i].descending
            || function_of(index->keys[i].collation) != NULL)
            return false;
    return !index->partial;
}

/* Item i of the index, in the tokens of its CREATE INDEX: an expression and what follows it. */
static bool put_expression(const struct scope *scope, const struct tokens *tokens, size_t item,
                           struct buf *out, char why[WHY_SIZE])
{
    size_t from = 0, end, close;

    while (from < tokens->count && !token_is(tokens, from, "("))
        from++;
    close = token_behind(tokens, from) - 1;
    for (from++; item > 0 && from < close; from++) {
        if (token_is(tokens, from, "("))
            from = token_behind(tokens, from) - 1;
        item -= token_is(tokens, from, ",");
    }
    for (end = from; end < close && !token_is(tokens, end, ","); end++)
        if (token_is(tokens, end, "("))
            end = token_behind(tokens, end) - 1;
    if (end > from && (token_is(tokens, end - 1, "asc") || token_is(tokens, end - 1, "desc")))
        end--;
    buf_char(out, '(');
    if (!translate(scope, tokens, from, end, out, why))
        return false;
    buf_char(out, ')');
    return true;
}

static bool put_keys(const struct making *t, const struct source_index *index,
                     const struct scope *scope, const struct tokens *tokens, struct buf *out,
                     char why[WHY_SIZE])
{
    for (size_t i = 0; i < index->key_count; i++) {
        const struct source_key *key = &index->keys[i];
        const char *name = key->name == NULL ? NULL : key_name(t->source, key);
        const struct target_column *column = name == NULL ? NULL : column_of(t->target, name);
        const char *function = function_of(key->collation);

        buf_text(out, i == 0 ? "" : ", ");
        if (name == NULL) {
            if (!put_expression(scope, tokens, i, out, why))
                return false;
        } else if (function != NULL && column != NULL && column->target.type == PG_TEXT) {
            buf_printf(out, "%s(", function);
            name_put(out, name);
            buf_char(out, ')');
        } else {
            name_put(out, name);
        }
        buf_text(out, key->descending ? " DESC" : "");
    }
    return true;
}

static bool put_condition(const struct scope *scope, const struct tokens *tokens, struct buf *out,
                          char why[WHY_SIZE])
{
    size_t at = 0;

    while (at < tokens->count && !token_is(tokens, at, "where"))
        at = token_is(tokens, at, "(") ? token_behind(tokens, at) : at + 1;
    buf_text(out, " WHERE ");
    return translate(scope, tokens, at + 1, tokens->count, out, why);
}

static bool put_index(struct maker *m, const struct making *t, const struct source_index *index,
                      struct arena *arena, struct buf *sql, char why[WHY_SIZE], hg_error *err)
{
    const char *text = index->sql == NULL ? "" : index->sql;
    struct tokens tokens;
    struct scope scope;
    struct buf quoted = BUF_INIT(1024);
    const char *name = build_name(m, index->name);
    bool ok = name != NULL && tokens_cut(arena, HG_SQLITE, text, strlen(text), &tokens);

    if (!ok) {
        snprintf(why, WHY_SIZE, "out of memory");
        return false;
    }
    if (!build_scope(m, t, &scope, err))
        return false;
    name_put(&quoted, name);
    buf_printf(sql, "CREATE %sINDEX %s ON %s (", index->unique ? "UNIQUE " : "", quoted.bytes,
               t->target->sql_name);
    ok = put_keys(t, index, &scope, &tokens, sql, why);
    buf_char(sql, ')');
    if (ok && index->partial)
        ok = put_condition(&scope, &tokens, sql, why);
    buf_release(&quoted);
    return ok;
}

static bool note_collation(struct maker *m, const struct making *t,
                           const struct source_index *index, hg_error *err)
{
    for (size_t i = 0; i < index->key_count; i++) {
        const char *function = function_of(index->keys[i].collation);

        if (function != NULL && index->keys[i].name != NULL)
            return build_note(m, "index-collation", t->source->name, false, err,
                              "index \"%s\" compares with %s: it is made with %s()", index->name,
                              index->keys[i].collation, function);
    }
    return true;
}

static bool add_index(struct maker *m, const struct making *t, const struct source_index *index,
                      hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct arena arena = ARENA_INIT;
    char why[WHY_SIZE] = "";
    bool ok;

    if (put_index(m, t, index, &arena, &sql, why, err))
        ok = add_hold(m, HOLD_INDEX, t->source->name, NULL, index->name, &sql, err)
             && note_collation(m, t, index, err)
             && (!index->unique || !is_plain(index)
                 || add_unique_columns(m, t, index->name, index, err));
    else
        ok = build_note(m, "index-left-out", t->source->name, false, err,
                        "index \"%s\" is not made: %s", index->name, why);
    arena_release(&arena);
    buf_release(&sql);
    return ok;
}

/* UNIQUE of the table, as the constraint it is. */
static bool add_unique(struct maker *m, const struct making *t, const struct source_index *index,
                       hg_error *err)
{
    struct buf columns = BUF_INIT(SQL_MAX), base = BUF_INIT(1 << 16);
    const char *name;
    bool ok;

    buf_text(&base, t->source->name);
    for (size_t i = 0; i < index->key_count; i++) {
        const char *column = key_name(t->source, &index->keys[i]);

        buf_text(&columns, i == 0 ? "" : ", ");
        name_put(&columns, column);
        buf_printf(&base, "_%s", column);
    }
    buf_text(&base, "_key");
    name = build_name(m, base.bytes);
    ok = name != NULL ? add_key(m, t, name, false, columns.bytes, err)
                            && add_unique_columns(m, t, name, index, err)
                      : build_no_memory(err);
    buf_release(&columns);
    buf_release(&base);
    return ok;
}

bool build_holds(struct maker *m, const struct making *t, hg_error *err)
{
    bool ok = add_primary_key(m, t, err);

    for (size_t i = 0; ok && i < t->source->index_count; i++) {
        const struct source_index *index = &t->source->indexes[i];

        if (index->primary)
            continue;
        ok = index->sql == NULL && is_plain(index) ? add_unique(m, t, index, err)
                                                   : add_index(m, t, index, err);
    }
    return ok;
}

/* --- foreign keys --- */

static const struct target_table *find_table(const struct maker *m, const char *name)
{
    for (size_t i = 0; i < m->out->tables.count; i++)
        if (strcasecmp(m->out->tables.items[i].name, name) == 0)
            return &m->out->tables.items[i];
    return target_find(m->target, name);
}

static bool has_column(const struct source_reference *reference, const char *name)
{
    for (size_t i = 0; i < reference->column_count; i++)
        if (name != NULL && strcasecmp(reference->referenced[i], name) == 0)
            return true;
    return false;
}

/* Whether what is referred to is a key of the parent. */
static bool is_key(const struct source_table *parent, const struct source_reference *reference)
{
    size_t in_key = 0, found = 0;

    for (size_t i = 0; i < parent->column_count; i++) {
        in_key += parent->columns[i].key > 0;
        found += parent->columns[i].key > 0 && has_column(reference, parent->columns[i].name);
    }
    if (in_key == reference->column_count && found == in_key)
        return true;
    for (size_t i = 0; i < parent->index_count; i++) {
        const struct source_index *index = &parent->indexes[i];

        found = 0;
        for (size_t k = 0; k < index->key_count; k++)
            found += has_column(reference, index->keys[k].name)
                     && function_of(index->keys[k].collation) == NULL;
        if (index->unique && !index->partial && !index->expression
            && found == reference->column_count && found == index->key_count)
            return true;
    }
    return false;
}

/* Values of which types PostgreSQL compares in a foreign key. */
static bool are_comparable(enum pg_type a, enum pg_type b)
{
    static const enum {
        ALONE,
        NUMBERS,
        TEXTS
    } families[PG_TYPES] = {
        [PG_INT2] = NUMBERS, [PG_INT4] = NUMBERS,  [PG_INT8] = NUMBERS, [PG_NUMERIC] = NUMBERS,
        [PG_TEXT] = TEXTS,   [PG_VARCHAR] = TEXTS, [PG_BPCHAR] = TEXTS,
    };

    return a == b || (families[a] != ALONE && families[a] == families[b]);
}

/* What keeps it from being one in PostgreSQL, or NULL. */
static const char *obstacle(const struct maker *m, const struct source_table *table,
                            const struct source_reference *reference)
{
    const struct source_table *parent = source_find(m->source, reference->table);
    const struct target_table *from = find_table(m, table->name);
    const struct target_table *to = find_table(m, reference->table);

    if (parent == NULL || to == NULL)
        return "there is no such table";
    if (!is_key(parent, reference))
        return "what it refers to is not a key";
    for (size_t i = 0; i < reference->column_count; i++) {
        const struct target_column *child = column_of(from, reference->columns[i]);
        const struct target_column *key = column_of(to, reference->referenced[i]);

        if (child == NULL || key == NULL)
            return "there is no such column";
        if (!are_comparable(child->target.type, key->target.type))
            return "the columns are of different types";
    }
    return NULL;
}

static void put_list(struct buf *out, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        name_put(out, names[i]);
    }
}

static void put_action(struct buf *out, const char *when, const char *action)
{
    if (action != NULL && strcasecmp(action, "NO ACTION") != 0)
        buf_printf(out, " ON %s %s", when, action);
}

/* "a, b" without quotes, as the source's text has it but for them. */
static bool is_same_list(const char *list, const struct source_reference *reference)
{
    struct buf text = BUF_INIT(SQL_MAX), plain = BUF_INIT(SQL_MAX);
    bool same;

    for (size_t i = 0; i < reference->column_count; i++)
        buf_printf(&text, "%s%s", i == 0 ? "" : ", ", reference->columns[i]);
    for (; list != NULL && *list != '\0'; list++)
        if (*list != '"')
            buf_char(&plain, *list);
    same = strcasecmp(text.bytes, plain.bytes) == 0;
    buf_release(&text);
    buf_release(&plain);
    return same;
}

/* No pragma tells that a foreign key is checked at the end of the transaction. */
static bool is_deferred(const struct maker *m, const struct source_table *table,
                        const struct source_reference *reference)
{
    size_t first = 0, count = model_range(m->model, OBJECT_CONSTRAINT, "", table->name, &first);

    for (size_t i = first; i < first + count; i++) {
        const struct object *object = &m->model->objects[i];

        if (object_is(object, "foreign key")
            && strstr(object->facts[FACT_DEFINITION], "initially deferred") != NULL
            && is_same_list(object->facts[FACT_COLUMNS], reference))
            return true;
    }
    return false;
}

static bool add_reference(struct maker *m, const struct source_table *table,
                          const struct source_reference *reference, hg_error *err)
{
    const struct target_table *from = find_table(m, table->name);
    const struct target_table *to = find_table(m, reference->table);
    struct buf sql = BUF_INIT(SQL_MAX), base = BUF_INIT(1 << 16);
    const char *name;
    bool ok;

    buf_text(&base, table->name);
    for (size_t i = 0; i < reference->column_count; i++)
        buf_printf(&base, "_%s", reference->columns[i]);
    buf_text(&base, "_fkey");
    name = build_name(m, base.bytes);
    buf_printf(&sql, "ALTER TABLE %s ADD CONSTRAINT ", from->sql_name);
    name_put(&sql, name == NULL ? "" : name);
    buf_text(&sql, " FOREIGN KEY (");
    put_list(&sql, reference->columns, reference->column_count);
    buf_printf(&sql, ") REFERENCES %s (", to->sql_name);
    put_list(&sql, reference->referenced, reference->column_count);
    buf_char(&sql, ')');
    put_action(&sql, "UPDATE", reference->on_update);
    put_action(&sql, "DELETE", reference->on_delete);
    buf_printf(&sql, "%s NOT VALID",
               is_deferred(m, table, reference) ? " DEFERRABLE INITIALLY DEFERRED" : "");
    ok = name != NULL ? add_hold(m, HOLD_FOREIGN_KEY, table->name, to->name, name, &sql, err)
                      : build_no_memory(err);
    buf_release(&sql);
    buf_release(&base);
    return ok;
}

bool build_references(struct maker *m, const struct source_table *table, hg_error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < table->reference_count; i++) {
        const struct source_reference *reference = &table->references[i];
        const char *why = obstacle(m, table, reference);

        ok = why == NULL
                 ? add_reference(m, table, reference, err)
                 : build_note(m, "foreign-key-left-out", table->name, false, err,
                              "the foreign key to \"%s\" is not made: %s", reference->table, why);
    }
    return ok;
}
