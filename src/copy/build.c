/*
 * build.c - which tables, with which columns; their text.
 */
#include "build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ask.h"
#include "build_parts.h"
#include "schema/names.h"
#include "schema/read.h"
#include "typemap.h"

bool build_no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not plan the target's tables: out of memory");
}

bool build_note(struct maker *m, const char *kind, const char *table, bool stops, hg_error *err,
                const char *format, ...)
{
    struct build_note *note = VEC_PUSH(&m->out->notes);
    struct buf text = BUF_INIT(SQL_MAX);
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (note != NULL)
        *note = (struct build_note){kind, arena_text(&m->out->arena, table),
                                    arena_text(&m->out->arena, text.bytes), stops};
    buf_release(&text);
    return (note != NULL && note->table != NULL && note->message != NULL) || build_no_memory(err);
}

static bool is_taken(const struct maker *m, const char *name)
{
    for (size_t i = 0; i < m->names.count; i++)
        if (strcmp(m->names.items[i], name) == 0)
            return true;
    return false;
}

/* As much of a text as fits into n bytes without cutting a character. */
static size_t whole_characters(const char *text, size_t n)
{
    size_t size = strlen(text);

    if (size <= n)
        return size;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

const char *build_name(struct maker *m, const char *base)
{
    enum { NUMBER_ROOM = 4 };
    char name[NAME_MAX_BYTES + 1];
    const char **kept;

    snprintf(name, sizeof name, "%.*s", (int)whole_characters(base, NAME_MAX_BYTES), base);
    for (unsigned i = 1; is_taken(m, name) && i < 1000; i++)
        snprintf(name, sizeof name, "%.*s%u",
                 (int)whole_characters(base, NAME_MAX_BYTES - NUMBER_ROOM), base, i);
    kept = VEC_PUSH(&m->names);
    if (kept == NULL)
        return NULL;
    *kept = arena_text(&m->out->arena, name);
    return *kept;
}

/* --- types --- */

static bool take_seen(void *context, hg_rows *rows, hg_error *err)
{
    int64_t **counts = context;

    (void)err;
    for (size_t i = 0; counts[i] != NULL; i++)
        *counts[i] = hg_rows_integer(rows, i);
    return true;
}

enum { COUNTS = 5 }; /* of a column */

/* What is counted of a column whose declared type does not decide; returns how many that are. */
static size_t put_counts(struct buf *sql, const struct source_column *column,
                         struct values_seen *seen, int64_t **counts)
{
    static const char *const classes[] = {"integer", "real", "text", "blob"};
    int64_t *const of_class[] = {&seen->integers, &seen->reals, &seen->texts, &seen->blobs};
    struct buf name = BUF_INIT(1 << 16);
    size_t count = 0;

    name_put(&name, column->name);
    if (typemap_may_be_truth(column->declared)) {
        /* CASE, since SQLite works both sides of an AND out */
        buf_printf(sql,
                   ", sum(CASE WHEN %s IN (0, 1) THEN 0 ELSE lower(%s) NOT IN ('true', "
                   "'false') END)",
                   name.bytes, name.bytes);
        counts[count++] = &seen->not_truth;
    } else if (typemap_wants_values(column->declared)) {
        for (; count < sizeof classes / sizeof *classes; count++) {
            buf_printf(sql, ", sum(typeof(%s) = '%s')", name.bytes, classes[count]);
            counts[count] = of_class[count];
        }
    }
    buf_release(&name);
    return count;
}

/* One pass over the table for all columns in doubt. */
static bool look_at_values(struct maker *m, const struct source_table *table,
                           struct values_seen *seen, hg_error *err)
{
    int64_t **counts =
        arena_alloc(&m->out->arena, table->column_count * COUNTS + 1, sizeof *counts);
    struct buf columns = BUF_INIT(SQL_MAX), sql = BUF_INIT(SQL_MAX);
    size_t count = 0;
    bool ok;

    for (size_t i = 0; counts != NULL && i < table->column_count; i++)
        count += put_counts(&columns, &table->columns[i], &seen[i], counts + count);
    buf_printf(&sql, "SELECT%s FROM ", columns.size > 0 ? columns.bytes + 1 : "");
    name_put(&sql, table->name);
    ok = (counts != NULL && !buf_failed(&columns) && !buf_failed(&sql)) || build_no_memory(err);
    ok = ok
         && (count == 0
             || ask_rows(m->conn, sql.bytes, NULL, 0, take_seen, counts, hg_deadline_never(), err));
    buf_release(&columns);
    buf_release(&sql);
    return ok;
}

static bool is_integer(enum pg_type type)
{
    return type == PG_INT2 || type == PG_INT4 || type == PG_INT8;
}

static void take_type(struct target_column *column, const struct made_type *made,
                      const char *type_name)
{
    column->type_name = type_name;
    column->short_type = made->name;
    column->target.type = made->type;
    column->target.precision = made->precision;
    column->target.scale = made->scale;
    column->target.length = made->length;
}

/* What the column becomes by itself; then what a rule wants it to. */
static bool choose_type(struct maker *m, const struct source_table *table, size_t i,
                        const struct values_seen *seen, struct target_column *column, hg_error *err)
{
    struct made_type made =
        typemap((int)i == table->rowid_column ? "INTEGER" : table->columns[i].declared, seen);
    const struct rule *rule;

    take_type(column, &made, arena_text(&m->out->arena, made.sql));
    if (column->type_name == NULL)
        return build_no_memory(err);
    rule = mapping_choice(m->wish, table->name, column->name, column);
    if (rule == NULL)
        return true;
    take_type(column, &rule->made, rule->made.sql);
    return build_note(m, "type-chosen", table->name, false, err,
                      "column \"%s\" becomes %s instead of %s, as a rule says", column->name,
                      rule->made.sql, made.sql);
}

static bool plan_columns(struct maker *m, struct making *t, hg_error *err)
{
    const struct source_table *source = t->source;
    struct target_column *columns =
        arena_alloc(&m->out->arena, source->column_count, sizeof *columns);
    struct values_seen *seen = arena_alloc(&m->out->arena, source->column_count, sizeof *seen);

    if (columns == NULL || seen == NULL)
        return build_no_memory(err);
    if (!look_at_values(m, source, seen, err))
        return false;
    for (size_t i = 0; i < source->column_count; i++) {
        struct target_column *column = &columns[i];

        column->name = source->columns[i].name;
        column->target = (struct target){
            .places = 6, .not_null = source->columns[i].not_null || source->columns[i].key > 0};
        if (!choose_type(m, source, i, &seen[i], column, err))
            return false;
        column->has_default = (int)i == source->rowid_column && is_integer(column->target.type);
        if (strlen(column->name) > NAME_MAX_BYTES
            && !build_note(m, "name-long", source->name, true, err,
                           "the name of column \"%s\" is longer than %d bytes", column->name,
                           NAME_MAX_BYTES))
            return false;
    }
    t->target->columns = columns;
    t->target->column_count = source->column_count;
    return true;
}

bool build_scope(struct maker *m, const struct making *t, struct scope *out, hg_error *err)
{
    struct known_name *names = arena_alloc(&m->out->arena, t->target->column_count, sizeof *names);

    for (size_t i = 0; names != NULL && i < t->target->column_count; i++)
        names[i] = (struct known_name){t->target->columns[i].name,
                                       t->target->columns[i].target.type == PG_BOOL};
    *out = (struct scope){names, t->target->column_count, false};
    return names != NULL || build_no_memory(err);
}

/* --- the text of a table --- */

static bool put_default(struct maker *m, const struct making *t, size_t i, struct buf *sql,
                        hg_error *err)
{
    const struct source_column *source = &t->source->columns[i];
    struct buf text = BUF_INIT(SQL_MAX);
    char why[WHY_SIZE];
    bool none = false, ok = true;

    if (source->fallback == NULL)
        return true;
    if (!translate_default(&t->target->columns[i].target, source->fallback, &text, &none, why)) {
        ok = build_note(m, "default-left-out", t->source->name, false, err,
                        "column \"%s\" has no default: %s does not translate for type %s",
                        source->name, why, t->target->columns[i].type_name);
    } else if (!none) {
        t->target->columns[i].has_default = true;
        buf_printf(sql, " DEFAULT %s", text.bytes);
    }
    buf_release(&text);
    return ok;
}

/* A generated column becomes one where its expression translates; else a plain one with its values.
 */
static bool put_generated(struct maker *m, const struct making *t, size_t i, struct buf *sql,
                          hg_error *err)
{
    const struct source_column *source = &t->source->columns[i];
    const struct object *object =
        model_find(m->model, OBJECT_COLUMN, "", t->source->name, source->name);
    const char *expression = object == NULL ? NULL : object->facts[FACT_GENERATED];
    struct buf text = BUF_INIT(SQL_MAX);
    struct arena arena = ARENA_INIT;
    struct tokens tokens;
    struct scope scope;
    char why[WHY_SIZE] = "its text";
    bool ok = build_scope(m, t, &scope, err);

    if (ok && expression != NULL
        && tokens_cut(&arena, HG_SQLITE, expression, strlen(expression), &tokens)
        && translate(&scope, &tokens, 0, tokens.count, &text, why)) {
        t->target->columns[i].generated = true;
        buf_printf(sql, " GENERATED ALWAYS AS %s STORED", text.bytes);
    } else if (ok) {
        ok = build_note(m, "generated-left-out", t->source->name, false, err,
                        "column \"%s\" is not generated but holds the values as they are (%s)",
                        source->name, why);
    }
    buf_release(&text);
    arena_release(&arena);
    return ok;
}

static bool put_column(struct maker *m, const struct making *t, size_t i, struct buf *sql,
                       hg_error *err)
{
    const struct target_column *column = &t->target->columns[i];
    bool ok = true;

    name_put(sql, column->name);
    buf_printf(sql, " %s", column->type_name);
    if ((int)i == t->source->rowid_column && is_integer(column->target.type))
        buf_text(sql, " GENERATED BY DEFAULT AS IDENTITY");
    else if (t->source->columns[i].generated)
        ok = put_generated(m, t, i, sql, err);
    else
        ok = put_default(m, t, i, sql, err);
    if (column->target.not_null)
        buf_text(sql, " NOT NULL");
    return ok;
}

bool build_table(struct maker *m, const struct making *t, hg_error *err)
{
    struct build_part *part = VEC_PUSH(&m->out->parts);
    struct buf sql = BUF_INIT(SQL_MAX);
    bool ok = part != NULL || build_no_memory(err);

    buf_printf(&sql, "CREATE TABLE %s (", t->target->sql_name);
    for (size_t i = 0; ok && i < t->target->column_count; i++) {
        buf_text(&sql, i == 0 ? "" : ", ");
        ok = put_column(m, t, i, &sql, err);
    }
    buf_char(&sql, ')');
    if (ok) {
        *part =
            (struct build_part){t->source->name, "table", arena_text(&m->out->arena, sql.bytes)};
        ok = (!buf_failed(&sql) && part->sql != NULL) || build_no_memory(err);
    }
    buf_release(&sql);
    return ok;
}

/* --- which tables --- */

enum { COLUMNS_MAX = 1600 }; /* of a table: PostgreSQL's MaxHeapAttributeNumber */

static bool plan_table(struct maker *m, const struct source_table *source, hg_error *err)
{
    struct making t = {.source = source, .number = m->out->tables.count};
    struct buf name = BUF_INIT(1 << 16);
    const char **taken = VEC_PUSH(&m->names);

    t.target = VEC_PUSH(&m->out->tables);
    if (t.target == NULL || taken == NULL)
        return build_no_memory(err);
    *taken = source->name;
    name_put_qualified(&name, m->target->schema, source->name);
    *t.target = (struct target_table){.name = source->name,
                                      .sql_name = arena_text(&m->out->arena, name.bytes),
                                      .readable = true,
                                      .fillable = true,
                                      .owned = true,
                                      .made = true};
    buf_release(&name);
    if (t.target->sql_name == NULL)
        return build_no_memory(err);
    if (strlen(source->name) > NAME_MAX_BYTES
        && !build_note(m, "name-long", source->name, true, err,
                       "the name is longer than %d bytes, which PostgreSQL would cut",
                       NAME_MAX_BYTES))
        return false;
    if (source->column_count > COLUMNS_MAX
        && !build_note(m, "columns-many", source->name, true, err,
                       "it has %zu columns, and a table of PostgreSQL at most %d",
                       source->column_count, COLUMNS_MAX))
        return false;
    return plan_columns(m, &t, err) && build_table(m, &t, err) && build_checks(m, &t, err);
}

/* All of them first: indexes need names that no table has, and foreign keys both their tables. */
static bool plan(struct maker *m, hg_error *err)
{
    for (size_t i = 0; i < m->source->table_count; i++) {
        const struct source_table *table = &m->source->tables[i];

        if (mapping_wants(m->wish, table->name) && !table->virtual
            && target_find(m->target, table->name) == NULL && !plan_table(m, table, err))
            return false;
    }
    for (size_t i = 0; i < m->out->tables.count; i++) {
        struct making t = {source_find(m->source, m->out->tables.items[i].name),
                           &m->out->tables.items[i], i};

        if (!build_holds(m, &t, err))
            return false;
    }
    for (size_t i = 0; i < m->out->tables.count; i++)
        if (!build_references(m, source_find(m->source, m->out->tables.items[i].name), err))
            return false;
    return build_views(m, err);
}

bool build_make(hg_conn *conn, const struct source *source, const struct target_db *target,
                const struct mapping_wish *wish, struct build *out, hg_error *err)
{
    struct build build = {.arena = ARENA_INIT};
    struct maker m = {conn, source, target, wish, NULL, &build, VEC_INIT};
    bool ok = schema_read_sqlite(conn, hg_deadline_never(), &m.model, err);

    for (size_t i = 0; ok && i < target->relation_count; i++) {
        const char **name = VEC_PUSH(&m.names);

        ok = name != NULL || build_no_memory(err);
        if (ok)
            *name = target->relations[i];
    }
    ok = ok && plan(&m, err);
    model_free(m.model);
    VEC_RELEASE(&m.names);
    if (ok)
        *out = build;
    else
        build_release(&build);
    return ok;
}

/* Both lists behind one another, in the arena. *io_count: of the first one, then of both. */
static void *join(struct arena *arena, const void *first, size_t *io_count, const void *second,
                  size_t more, size_t size)
{
    char *all = arena_alloc(arena, *io_count + more, size);

    if (all == NULL)
        return NULL;
    if (*io_count > 0)
        memcpy(all, first, *io_count * size);
    if (more > 0)
        memcpy(all + *io_count * size, second, more * size);
    *io_count += more;
    return all;
}

bool build_pretend(const struct build *build, struct target_db *target, hg_error *err)
{
    struct arena *arena = &target->arena;

    target->tables = join(arena, target->tables, &target->table_count, build->tables.items,
                          build->tables.count, sizeof *target->tables);
    target->holds = join(arena, target->holds, &target->hold_count, build->holds.items,
                         build->holds.count, sizeof *target->holds);
    target->uniques = join(arena, target->uniques, &target->unique_count, build->uniques.items,
                           build->uniques.count, sizeof *target->uniques);
    target->checks = join(arena, target->checks, &target->check_count, build->checks.items,
                          build->checks.count, sizeof *target->checks);
    return (target->tables != NULL && target->holds != NULL && target->uniques != NULL
            && target->checks != NULL)
           || build_no_memory(err);
}

void build_release(struct build *build)
{
    VEC_RELEASE(&build->tables);
    VEC_RELEASE(&build->holds);
    VEC_RELEASE(&build->uniques);
    VEC_RELEASE(&build->checks);
    VEC_RELEASE(&build->parts);
    VEC_RELEASE(&build->extras);
    VEC_RELEASE(&build->notes);
    arena_release(&build->arena);
    *build = (struct build){.arena = ARENA_INIT};
}
