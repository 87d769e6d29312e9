/*
 * write_columns.c - PostgreSQL: tables, their columns, and types that columns move over to.
 */
#include "type_change.h"
#include "writer.h"

#include <stdlib.h>
#include <string.h>

enum { STATEMENT_LIMIT = 64 << 20 };

/* --- a column's definition --- */

static void put_identity(struct buf *sql, const struct object *column)
{
    buf_printf(sql, " GENERATED %s AS IDENTITY",
               strcmp(fact_text(column, FACT_IDENTITY), "always") == 0 ? "ALWAYS" : "BY DEFAULT");
    if (fact_has(column, FACT_SEQUENCE))
        buf_printf(sql, " (%s)", fact_text(column, FACT_SEQUENCE));
}

static void put_column(struct buf *sql, const struct object *column)
{
    name_put(sql, column->name);
    buf_printf(sql, " %s", fact_text(column, FACT_TYPE));
    if (fact_has(column, FACT_COMPRESSION))
        buf_printf(sql, " COMPRESSION %s", fact_text(column, FACT_COMPRESSION));
    if (fact_has(column, FACT_COLLATION))
        buf_printf(sql, " COLLATE %s", fact_text(column, FACT_COLLATION));
    if (fact_has(column, FACT_DEFAULT))
        buf_printf(sql, " DEFAULT %s", fact_text(column, FACT_DEFAULT));
    if (fact_has(column, FACT_GENERATED))
        buf_printf(sql, " GENERATED ALWAYS AS (%s) %s", fact_text(column, FACT_GENERATED),
                   strcmp(fact_text(column, FACT_STORED), "virtual") == 0 ? "VIRTUAL" : "STORED");
    if (fact_has(column, FACT_IDENTITY))
        put_identity(sql, column);
    if (fact_has(column, FACT_NOT_NULL))
        buf_text(sql, " NOT NULL");
}

/* What a column's definition has no place for. */
static void put_extras(struct writer *w, const struct object *column)
{
    const char *table = writer_table(w, column), *name = writer_quote(w, column->name);

    if (fact_has(column, FACT_STORAGE))
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s", table, name,
                      fact_text(column, FACT_STORAGE));
    if (fact_has(column, FACT_STATISTICS))
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %s", table,
                      name, fact_text(column, FACT_STATISTICS));
}

/* --- tables --- */

bool constraint_inline(const struct writer *w, size_t j)
{
    const struct object *to = &w->to->objects[j], *table = &w->to->objects[to->owner];

    if (!w->make[to->owner] || table->kind != OBJECT_TABLE || fact_has(to, FACT_VALID)
        || object_is(to, "foreign key"))
        return false;
    for (size_t k = 0; k < to->need_count; k++) {
        const struct object *needed = &w->to->objects[to->needs[k]];

        if (needed->kind != OBJECT_COLUMN && needed->kind != OBJECT_TABLE
            && needed->kind != OBJECT_TYPE && needed->kind != OBJECT_EXTENSION)
            return false;
    }
    return true;
}

static int compare_positions(const void *a, const void *b)
{
    const struct object *x = *(const struct object *const *)a;
    const struct object *y = *(const struct object *const *)b;

    return atoi(fact_text(x, FACT_POSITION)) - atoi(fact_text(y, FACT_POSITION));
}

/* The table's columns as they were written. */
static const struct object **columns_of(struct writer *w, const struct object *table,
                                        size_t *out_count)
{
    size_t first, count = model_range(w->to, OBJECT_COLUMN, table->schema, table->name, &first);
    const struct object **list = arena_alloc(w->arena, count + 1, sizeof(const struct object *));

    *out_count = 0;
    if (list == NULL) {
        w->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        list[i] = &w->to->objects[first + i];
    qsort(list, count, sizeof *list, compare_positions);
    *out_count = count;
    return list;
}

static const char *separator(size_t *elements)
{
    return (*elements)++ == 0 ? "\n    " : ",\n    ";
}

/* Columns, then the constraints that can stand with them. */
static void put_elements(struct writer *w, const struct object *table, struct buf *sql)
{
    static const char *const order[] = {"primary key", "unique", "check", "exclude"};
    size_t first, count, columns, elements = 0;
    const struct object **list = columns_of(w, table, &columns);
    bool typed = fact_has(table, FACT_TYPE);

    buf_text(sql, " (");
    for (size_t i = 0; i < columns && !typed; i++) {
        buf_text(sql, separator(&elements));
        put_column(sql, list[i]);
    }
    count = model_range(w->to, OBJECT_CONSTRAINT, table->schema, table->name, &first);
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (size_t i = first; i < first + count; i++) {
            const struct object *constraint = &w->to->objects[i];

            if (!object_is(constraint, order[k]) || !constraint_inline(w, i))
                continue;
            buf_printf(sql, "%sCONSTRAINT ", separator(&elements));
            name_put(sql, constraint->name);
            buf_printf(sql, " %s", fact_text(constraint, FACT_DEFINITION));
        }
    if (elements == 0 && (typed || fact_has(table, FACT_BOUND)))
        buf_truncate(sql, sql->size - 2);
    else
        buf_text(sql, elements == 0 ? ")" : "\n)");
}

static void write_security(struct writer *w, const struct object *table)
{
    const char *security = fact_text(table, FACT_SECURITY), *name = writer_name(w, table);

    writer_printf(w, PHASE_MAIN, "ALTER TABLE %s %s ROW LEVEL SECURITY", name,
                  strstr(security, "enabled") != NULL ? "ENABLE" : "DISABLE");
    writer_printf(w, PHASE_MAIN, "ALTER TABLE %s %sFORCE ROW LEVEL SECURITY", name,
                  strstr(security, "forced") != NULL ? "" : "NO ");
}

/* Columns of a typed table have defaults and NOT NULL of their own. */
static void write_typed_columns(struct writer *w, const struct object *table)
{
    size_t count;
    const struct object **list = columns_of(w, table, &count);

    for (size_t i = 0; i < count && fact_has(table, FACT_TYPE); i++) {
        if (fact_has(list[i], FACT_DEFAULT))
            writer_printf(w, PHASE_MAIN, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s",
                          writer_name(w, table), writer_quote(w, list[i]->name),
                          fact_text(list[i], FACT_DEFAULT));
        if (fact_has(list[i], FACT_NOT_NULL))
            writer_printf(w, PHASE_MAIN, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL",
                          writer_name(w, table), writer_quote(w, list[i]->name));
    }
}

void table_create(struct writer *w, size_t j)
{
    const struct object *table = &w->to->objects[j];
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    buf_printf(&sql, "CREATE %sTABLE %s", fact_has(table, FACT_PERSISTENCE) ? "UNLOGGED " : "",
               writer_name(w, table));
    if (fact_has(table, FACT_BOUND))
        buf_printf(&sql, " PARTITION OF %s", fact_text(table, FACT_PARENTS));
    if (fact_has(table, FACT_TYPE))
        buf_printf(&sql, " OF %s", fact_text(table, FACT_TYPE));
    put_elements(w, table, &sql);
    if (fact_has(table, FACT_BOUND))
        buf_printf(&sql, " %s", fact_text(table, FACT_BOUND));
    else if (fact_has(table, FACT_PARENTS))
        buf_printf(&sql, " INHERITS (%s)", fact_text(table, FACT_PARENTS));
    if (fact_has(table, FACT_PARTITION_BY))
        buf_printf(&sql, " PARTITION BY %s", fact_text(table, FACT_PARTITION_BY));
    if (fact_has(table, FACT_OPTIONS))
        buf_printf(&sql, " WITH (%s)", fact_text(table, FACT_OPTIONS));
    writer_put(w, PHASE_MAIN, &sql, NULL);
    if (fact_has(table, FACT_SECURITY))
        write_security(w, table);
    write_typed_columns(w, table);
}

/* Options that `to` lacks are reset; those that it has are set. */
static void alter_options(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    struct buf names = BUF_INIT(4096);

    for (const char *at = fact_text(from, FACT_OPTIONS); *at != '\0';) {
        const char *end = strstr(at, ", ");

        buf_printf(&names, "%s%.*s", names.size > 0 ? ", " : "", (int)strcspn(at, "="), at);
        at = end == NULL ? "" : end + 2;
    }
    if (names.size > 0)
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s RESET (%s)", writer_name(w, to), names.bytes);
    if (fact_has(to, FACT_OPTIONS))
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s SET (%s)", writer_name(w, to),
                      fact_text(to, FACT_OPTIONS));
    buf_release(&names);
}

static void alter_parents(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    const char *name = writer_name(w, to);

    if (fact_has(from, FACT_BOUND))
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s DETACH PARTITION %s",
                      fact_text(from, FACT_PARENTS), name);
    else if (fact_has(from, FACT_PARENTS))
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s NO INHERIT %s", name,
                      fact_text(from, FACT_PARENTS));
    if (fact_has(to, FACT_BOUND))
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s ATTACH PARTITION %s %s",
                      fact_text(to, FACT_PARENTS), name, fact_text(to, FACT_BOUND));
    else if (fact_has(to, FACT_PARENTS))
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s INHERIT %s", name,
                      fact_text(to, FACT_PARENTS));
}

static void set_persistence(struct writer *w, const struct object *to)
{
    bool unlogged = fact_has(to, FACT_PERSISTENCE);

    writer_printf(w, PHASE_MAIN, "ALTER TABLE %s SET %s", writer_name(w, to),
                  unlogged ? "UNLOGGED" : "LOGGED");
    writer_danger(w, unlogged ? "set-unlogged" : "table-rewrite");
}

void table_alter(struct writer *w, size_t i)
{
    const struct object *to = &w->to->objects[w->match[i]];

    if (fact_differs(w, i, FACT_PERSISTENCE))
        set_persistence(w, to);
    if (fact_differs(w, i, FACT_OPTIONS))
        alter_options(w, i);
    if (fact_differs(w, i, FACT_PARENTS) || fact_differs(w, i, FACT_BOUND))
        alter_parents(w, i);
    if (fact_differs(w, i, FACT_SECURITY))
        write_security(w, to);
}

/* The index that a table is clustered on, among indexes and constraints. */
static const struct object *clustered(const struct model *model, const struct object *table)
{
    static const enum object_kind kinds[] = {OBJECT_INDEX, OBJECT_CONSTRAINT};

    for (size_t k = 0; k < 2; k++) {
        size_t first, count = model_range(model, kinds[k], table->schema, table->name, &first);

        for (size_t i = first; i < first + count; i++)
            if (fact_has(&model->objects[i], FACT_CLUSTER))
                return &model->objects[i];
    }
    return NULL;
}

static void finish_sequence(struct writer *w, size_t j)
{
    const struct object *to = &w->to->objects[j];
    ptrdiff_t from = w->back[j];
    bool owned = fact_has(to, FACT_OWNER);

    if (w->make[j] ? owned : from != NONE && fact_differs(w, (size_t)from, FACT_OWNER))
        writer_printf(w, PHASE_MAIN, "ALTER SEQUENCE %s OWNED BY %s", writer_name(w, to),
                      owned ? fact_text(to, FACT_OWNER) : "NONE");
}

void table_finish(struct writer *w, size_t j)
{
    const struct object *to = &w->to->objects[j], *now, *before;
    ptrdiff_t from = w->back[j];
    const char *name = writer_name(w, to);
    bool kept = !w->make[j] && from != NONE;

    if (to->kind == OBJECT_SEQUENCE) {
        finish_sequence(w, j);
        return;
    }
    now = clustered(w->to, to);
    before = kept ? clustered(w->from, &w->from->objects[from]) : NULL;
    if (now != NULL
        && (before == NULL || strcmp(now->name, before->name) != 0
            || w->make[now - w->to->objects]))
        writer_printf(w, PHASE_AFTER, "ALTER TABLE %s CLUSTER ON %s", name,
                      writer_quote(w, now->name));
    if (now == NULL && before != NULL && w->fate[before - w->from->objects] == FATE_ALTER)
        writer_printf(w, PHASE_MAIN, "ALTER TABLE %s SET WITHOUT CLUSTER", name);
    if (kept ? fact_differs(w, (size_t)from, FACT_REPLICA) : fact_has(to, FACT_REPLICA))
        writer_printf(w, PHASE_AFTER, "ALTER TABLE %s REPLICA IDENTITY %s", name,
                      fact_has(to, FACT_REPLICA) ? fact_text(to, FACT_REPLICA) : "DEFAULT");
}

/* --- columns --- */

/* Whether each row gets a value of its own. */
static bool fills_every_row(const struct object *column)
{
    static const char *const makers[] = {"nextval(", "gen_random_uuid(", "uuid_generate_v",
                                         "random(", "clock_timestamp("};

    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (strstr(fact_text(column, FACT_DEFAULT), makers[i]) != NULL)
            return true;
    return fact_has(column, FACT_IDENTITY) || strcmp(fact_text(column, FACT_STORED), "stored") == 0;
}

void column_create(struct writer *w, size_t j)
{
    const struct object *to = &w->to->objects[j];
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    if (w->to->objects[to->owner].kind != OBJECT_TABLE)
        return; /* of a view: a comment alone */
    if (!comes_with_owner(w, j)) {
        buf_printf(&sql, "ALTER TABLE %s ADD COLUMN ", writer_table(w, to));
        put_column(&sql, to);
        writer_put(w, PHASE_MAIN, &sql, NULL);
        if (fills_every_row(to))
            writer_danger(w, "table-rewrite");
    }
    put_extras(w, to);
}

/* One ALTER COLUMN of the table that the column belongs to. */
static void alter(struct writer *w, enum write_phase phase, const struct object *column,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

static void alter(struct writer *w, enum write_phase phase, const struct object *column,
                  const char *format, ...)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);
    va_list args;

    buf_printf(&sql, "ALTER TABLE %s ALTER COLUMN ", writer_table(w, column));
    name_put(&sql, column->name);
    buf_char(&sql, ' ');
    va_start(args, format);
    buf_vprintf(&sql, format, args);
    va_end(args);
    writer_put(w, phase, &sql, NULL);
}

/* A change of collation alone builds indexes anew, and is no change of what is stored. */
static void mark_type_change(struct writer *w, const struct object *from, const struct object *to)
{
    const char *old = fact_text(from, FACT_TYPE), *new = fact_text(to, FACT_TYPE);
    const char *loses = type_change_loses(old, new);
    bool same = strcmp(fact_text(from, FACT_COLLATION), fact_text(to, FACT_COLLATION)) == 0;

    if (loses != NULL)
        writer_loses(w, writer_text(w, "%s of %s.%s, which was %s", loses, writer_table(w, to),
                                    writer_quote(w, to->name), old));
    if (same && type_change_alike(old, new))
        writer_accept(w, "column-type what is stored stays as it is");
    else
        writer_danger(w, "column-type");
}

static void alter_type(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    const char *collation = fact_text(to, FACT_COLLATION), *type = fact_text(to, FACT_TYPE);

    if (fact_has(from, FACT_DEFAULT) && !fact_differs(w, i, FACT_DEFAULT))
        alter(w, PHASE_MAIN, to, "DROP DEFAULT");
    alter(w, PHASE_MAIN, to, "TYPE %s%s%s%s", type, collation[0] == '\0' ? "" : " COLLATE ",
          collation,
          type_change_is_strict(type)
              ? ""
              : writer_text(w, " USING %s::%s", writer_quote(w, to->name), type));
    mark_type_change(w, from, to);
    if (fact_has(to, FACT_DEFAULT) && !fact_differs(w, i, FACT_DEFAULT))
        alter(w, PHASE_MAIN, to, "SET DEFAULT %s", fact_text(to, FACT_DEFAULT));
}

/* With a check that is validated first, the server needs no scan under its strongest lock. */
static void set_not_null(struct writer *w, const struct object *to, bool online)
{
    const char *table = writer_table(w, to);
    const char *check = writer_quote(w, writer_text(w, "%.50s_is_not_null", to->name));
    const char *name = writer_quote(w, to->name);

    if (!online) {
        alter(w, PHASE_MAIN, to, "SET NOT NULL");
        return;
    }
    writer_printf(w, PHASE_MAIN,
                  "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID", table, check,
                  name);
    if (fact_has(to, FACT_DEFAULT)) /* what SQLite's copy does on the way */
        writer_printf(w, PHASE_AFTER, "UPDATE %s SET %s = DEFAULT WHERE %s IS NULL", table, name,
                      name);
    writer_printf(w, PHASE_AFTER, "ALTER TABLE %s VALIDATE CONSTRAINT %s", table, check);
    alter(w, PHASE_AFTER, to, "SET NOT NULL");
    writer_accept(w, "not-null-scan the check before it proves it");
    writer_printf(w, PHASE_AFTER, "ALTER TABLE %s DROP CONSTRAINT %s", table, check);
}

/* "INCREMENT BY 2 MINVALUE 1 ..." with SET before each option. */
static void set_sequence(struct writer *w, const struct object *to)
{
    static const char *const options[] = {"INCREMENT", "MINVALUE", "MAXVALUE", "START",
                                          "CACHE",     "NO CYCLE", "CYCLE"};
    const char *at = fact_text(to, FACT_SEQUENCE);
    struct buf sql = BUF_INIT(4096);

    if (!fact_has(to, FACT_SEQUENCE))
        at = "INCREMENT BY 1 NO MINVALUE NO MAXVALUE START WITH 1 CACHE 1 NO CYCLE";
    while (*at != '\0') {
        size_t n = strcspn(at, " ");

        for (size_t k = 0; k < sizeof options / sizeof *options; k++)
            if (strncmp(at, options[k], strlen(options[k])) == 0
                && !(sql.size >= 3 && strcmp(sql.bytes + sql.size - 3, "NO ") == 0)) {
                buf_text(&sql, "SET ");
                break;
            }
        if (strncmp(at, "NO M", 4) == 0)
            buf_text(&sql, "SET ");
        buf_printf(&sql, "%.*s%s", (int)n, at, at[n] == ' ' ? " " : "");
        at += n + (at[n] == ' ');
    }
    alter(w, PHASE_MAIN, to, "%s", sql.bytes);
    buf_release(&sql);
}

static void alter_identity(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    struct buf identity = BUF_INIT(4096);
    const char *table = writer_table(w, to);

    put_identity(&identity, to);
    if (!fact_has(from, FACT_IDENTITY)) {
        alter(w, PHASE_MAIN, to, "ADD%s", identity.bytes);
        writer_printf(w, PHASE_MAIN,
                      "SELECT setval(pg_get_serial_sequence('%s', '%s'), coalesce(max(%s), 0) + 1, "
                      "false) FROM %s",
                      table, to->name, writer_quote(w, to->name), table);
    } else {
        if (fact_differs(w, i, FACT_IDENTITY))
            alter(w, PHASE_MAIN, to, "SET GENERATED %s",
                  strcmp(fact_text(to, FACT_IDENTITY), "always") == 0 ? "ALWAYS" : "BY DEFAULT");
        if (fact_differs(w, i, FACT_SEQUENCE))
            set_sequence(w, to);
    }
    buf_release(&identity);
}

static void alter_storage(struct writer *w, size_t i)
{
    const struct object *to = &w->to->objects[w->match[i]];

    if (fact_differs(w, i, FACT_STORAGE))
        alter(w, PHASE_MAIN, to, "SET STORAGE %s",
              fact_has(to, FACT_STORAGE) ? fact_text(to, FACT_STORAGE) : "EXTENDED");
    if (fact_differs(w, i, FACT_COMPRESSION))
        alter(w, PHASE_MAIN, to, "SET COMPRESSION %s",
              fact_has(to, FACT_COMPRESSION) ? fact_text(to, FACT_COMPRESSION) : "default");
    if (fact_differs(w, i, FACT_STATISTICS))
        alter(w, PHASE_MAIN, to, "SET STATISTICS %s",
              fact_has(to, FACT_STATISTICS) ? fact_text(to, FACT_STATISTICS) : "-1");
}

void column_release(struct writer *w, size_t i)
{
    const struct object *to = &w->to->objects[w->match[i]];

    if (fact_differs(w, i, FACT_IDENTITY) && !fact_has(to, FACT_IDENTITY))
        alter(w, PHASE_MAIN, to, "DROP IDENTITY");
}

void column_alter(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    bool identity = fact_differs(w, i, FACT_IDENTITY) || fact_differs(w, i, FACT_SEQUENCE);
    bool becomes_identity =
        identity && fact_has(to, FACT_IDENTITY) && !fact_has(from, FACT_IDENTITY);

    if (fact_differs(w, i, FACT_GENERATED))
        alter(w, PHASE_MAIN, to, "DROP EXPRESSION");
    if (fact_differs(w, i, FACT_DEFAULT) && fact_has(from, FACT_DEFAULT))
        alter(w, PHASE_MAIN, to, "DROP DEFAULT");
    if (fact_differs(w, i, FACT_TYPE) || fact_differs(w, i, FACT_COLLATION))
        alter_type(w, i);
    if (fact_differs(w, i, FACT_DEFAULT) && fact_has(to, FACT_DEFAULT))
        alter(w, PHASE_MAIN, to, "SET DEFAULT %s", fact_text(to, FACT_DEFAULT));
    if (fact_differs(w, i, FACT_NOT_NULL) && fact_has(to, FACT_NOT_NULL))
        set_not_null(w, to,
                     w->mode == WRITE_ONLINE && !becomes_identity && !is_partitioned(w->to, to));
    else if (fact_differs(w, i, FACT_NOT_NULL))
        alter(w, PHASE_MAIN, to, "DROP NOT NULL");
    if (identity && fact_has(to, FACT_IDENTITY))
        alter_identity(w, i);
    alter_storage(w, i);
}

/* --- types --- */

/* Moves a column over; its default is of the old type and comes back as the new one's. */
static void move_column(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    const char *type = fact_text(to, FACT_TYPE);
    bool array = strstr(type, "[]") != NULL;

    if (fact_has(from, FACT_DEFAULT))
        alter(w, PHASE_MAIN, to, "DROP DEFAULT");
    alter(w, PHASE_MAIN, to, "TYPE %s USING %s::text%s::%s", type, writer_quote(w, to->name),
          array ? "[]" : "", type);
    if (fact_has(to, FACT_DEFAULT) && !fact_differs(w, i, FACT_DEFAULT))
        alter(w, PHASE_MAIN, to, "SET DEFAULT %s", fact_text(to, FACT_DEFAULT));
}

void type_swap(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i];
    const char *aside = writer_text(w, "%.55s_old", from->name);

    writer_printf(w, PHASE_MAIN, "ALTER %s %s RENAME TO %s",
                  object_is(from, "domain") ? "DOMAIN" : "TYPE", writer_name(w, from),
                  writer_quote(w, aside));
    object_create(w, (size_t)w->match[i]);
    for (size_t k = 0; k < w->from->count; k++) {
        const struct object *column = &w->from->objects[k];

        if (column->kind != OBJECT_COLUMN || w->match[k] == NONE || goes_with_owner(w, k)
            || w->fate[k] == FATE_DROP || w->fate[k] == FATE_RECREATE
            || fact_differs(w, k, FACT_TYPE))
            continue;
        for (size_t n = 0; n < column->need_count; n++)
            if (column->needs[n] == i) {
                move_column(w, k);
                break;
            }
    }
}
