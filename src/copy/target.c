/*
 * target.c - reads a PostgreSQL schema from its catalogs.
 */
#include "target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ask.h"
#include "base/buf.h"
#include "base/vec.h"

enum { INDEX_COLUMNS = 32 }; /* PostgreSQL's own limit, as it is built */
enum { AT_ONCE = 200 };      /* tables that one statement looks into */

struct reader {
    hg_conn *conn;
    hg_deadline by;
    struct target_db *out;
    VEC(struct target_table) tables;
    VEC(struct target_column) columns; /* of all tables, in the order of the tables */
    VEC(size_t) owners;                /* the table of each column */
    VEC(struct target_hold) holds;
    VEC(const char *) relations;
    VEC(struct target_unique) uniques;
    VEC(struct target_check) checks;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the target's schema: out of memory");
}

static const char *keep(struct reader *r, hg_rows *rows, size_t column)
{
    return hg_rows_value(rows, column).type == HG_NULL
               ? NULL
               : arena_text(&r->out->arena, hg_rows_text(rows, column));
}

/* --- types --- */

static const struct type_row {
    const char *name; /* pg_type.typname */
    enum pg_type type;
} types[] = {
    {"bool", PG_BOOL},           {"int2", PG_INT2},
    {"int4", PG_INT4},           {"int8", PG_INT8},
    {"float4", PG_FLOAT4},       {"float8", PG_FLOAT8},
    {"numeric", PG_NUMERIC},     {"text", PG_TEXT},
    {"citext", PG_TEXT},         {"varchar", PG_VARCHAR},
    {"bpchar", PG_BPCHAR},       {"bytea", PG_BYTEA},
    {"date", PG_DATE},           {"time", PG_TIME},
    {"timestamp", PG_TIMESTAMP}, {"timestamptz", PG_TIMESTAMPTZ},
    {"uuid", PG_UUID},           {"json", PG_JSON},
    {"jsonb", PG_JSONB},
};

static enum pg_type type_of(const char *name, bool is_enum)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return is_enum ? PG_ENUM : PG_OTHER;
}

/* What the type modifier of a column says, as the type itself encodes it; -1: nothing. Of a time it
 * is the digits of its fraction, of the others something with an offset. */
static void take_modifier(struct target *target, int64_t modifier)
{
    enum { HEADER = 4 }; /* VARHDRSZ, which these modifiers are offset by */

    target->places = modifier >= 0 && modifier < 6 ? (int32_t)modifier : 6;
    if (modifier < HEADER)
        return;
    if (target->type == PG_VARCHAR || target->type == PG_BPCHAR)
        target->length = (int32_t)(modifier - HEADER);
    if (target->type == PG_NUMERIC) {
        target->precision = (int32_t)((modifier - HEADER) >> 16 & 0xffff);
        target->scale = (int32_t)(((modifier - HEADER) & 0x7ff) ^ 1024) - 1024;
    }
    if (target->type == PG_NUMERIC && (target->scale < 0 || target->scale > target->precision))
        target->type = PG_OTHER; /* digits before or behind the point that are not kept: too odd */
}

static int compare_labels(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Texts that come as one, a line each. */
static const char **take_lines(struct reader *r, const char *lines, size_t *out_count,
                               hg_error *err)
{
    size_t count = 1;
    const char **texts;

    for (const char *at = lines; *at != '\0'; at++)
        count += *at == '\n';
    texts = arena_alloc(&r->out->arena, count, sizeof *texts);
    for (size_t i = 0; texts != NULL && i < count; i++) {
        size_t n = strcspn(lines, "\n");

        texts[i] = arena_text_n(&r->out->arena, lines, n);
        if (texts[i] == NULL)
            texts = NULL;
        lines += n + (lines[n] == '\n');
    }
    if (texts == NULL)
        no_memory(err);
    *out_count = count;
    return texts;
}

static bool take_labels(struct reader *r, struct target *target, const char *lines, hg_error *err)
{
    size_t count = 0;
    const char **labels = take_lines(r, lines, &count, err);

    if (labels == NULL)
        return false;
    qsort(labels, count, sizeof *labels, compare_labels);
    target->labels = labels;
    target->label_count = count;
    return true;
}

/* --- tables and columns --- */

static const char tables_sql[] =
    "SELECT c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname), "
    "pg_has_role(c.relowner, 'USAGE'), has_table_privilege(c.oid, 'SELECT'), "
    "has_any_column_privilege(c.oid, 'INSERT') FROM pg_class c JOIN pg_namespace n ON n.oid = "
    "c.relnamespace WHERE "
    "n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT "
    "c.relispartition ORDER BY c.relname COLLATE \"C\"";

static const char columns_sql[] =
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), b.typname, b.typtype = "
    "'e', CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END, a.attnotnull OR "
    "t.typnotnull, a.attgenerated <> '', a.atthasdef OR a.attidentity <> '', "
    "coalesce(pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), "
    "a.attname), (SELECT min(d.refobjid::regclass::text) FROM pg_attrdef f JOIN pg_depend d ON "
    "d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = "
    "'pg_class'::regclass JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' WHERE "
    "f.adrelid = a.attrelid AND f.adnum = a.attnum)), "
    "CASE WHEN b.typtype = 'e' THEN (SELECT string_agg(enumlabel, E'\\n') FROM pg_enum WHERE "
    "enumtypid = b.oid) END "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = "
    "c.relnamespace JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE WHEN "
    "t.typtype = 'd' THEN t.typbasetype ELSE t.oid END WHERE n.nspname = current_schema() AND "
    "c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped "
    "ORDER BY c.relname COLLATE \"C\", a.attnum";

static bool add_table(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct target_table *table = VEC_PUSH(&r->tables);

    if (table == NULL)
        return no_memory(err);
    table->name = keep(r, rows, 0);
    table->sql_name = keep(r, rows, 1);
    table->owned = hg_rows_integer(rows, 2) != 0;
    table->readable = hg_rows_integer(rows, 3) != 0;
    table->fillable = hg_rows_integer(rows, 4) != 0;
    return (table->name != NULL && table->sql_name != NULL) || no_memory(err);
}

static bool add_column(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct target_column *column = VEC_PUSH(&r->columns);
    size_t *owner = VEC_PUSH(&r->owners);
    size_t last = r->owners.count > 1 ? r->owners.items[r->owners.count - 2] : 0;

    if (column == NULL || owner == NULL)
        return no_memory(err);
    *owner = last;
    while (*owner < r->tables.count
           && strcmp(r->tables.items[*owner].name, hg_rows_text(rows, 0)) != 0)
        ++*owner;
    column->name = keep(r, rows, 1);
    column->type_name = keep(r, rows, 2);
    column->short_type = keep(r, rows, 3);
    column->target.type = type_of(hg_rows_text(rows, 3), hg_rows_integer(rows, 4) != 0);
    take_modifier(&column->target, hg_rows_integer(rows, 5));
    column->target.not_null = hg_rows_integer(rows, 6) != 0;
    column->generated = hg_rows_integer(rows, 7) != 0;
    column->has_default = hg_rows_integer(rows, 8) != 0;
    column->sequence = keep(r, rows, 9);
    if (column->name == NULL || column->type_name == NULL || column->short_type == NULL)
        return no_memory(err);
    return hg_rows_value(rows, 10).type == HG_NULL
           || take_labels(r, &column->target, hg_rows_text(rows, 10), err);
}

/* Whether each of `count` tables from `first` on has a row, in one statement: statistics may not
 * know. The role may well not read tables that nothing is copied into. */
static bool look_for_rows(struct reader *r, size_t first, size_t count, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 20);
    hg_rows *rows = NULL;
    bool ok;

    for (size_t i = first; i < first + count; i++)
        buf_printf(&sql, "%s EXISTS (SELECT 1 FROM %s)", i == first ? "SELECT" : ",",
                   r->tables.items[i].readable ? r->tables.items[i].sql_name
                                               : "generate_series(1, 0)");
    ok = !buf_failed(&sql) || no_memory(err);
    ok = ok && hg_conn_query(r->conn, sql.bytes, NULL, 0, r->by, &rows, err)
         && hg_rows_next(rows, r->by, err) == HG_ROW;
    for (size_t i = 0; ok && i < count; i++)
        r->tables.items[first + i].filled = hg_rows_integer(rows, i) != 0;
    hg_rows_close(rows);
    buf_release(&sql);
    return ok;
}

/* --- what stands in the way --- */

static const char foreign_keys_sql[] =
    "SELECT c.relname, quote_ident(t.conname), 'ALTER TABLE ' || t.conrelid::regclass || ' ADD "
    "CONSTRAINT ' || quote_ident(t.conname) || ' ' || regexp_replace(pg_get_constraintdef(t.oid), "
    "' NOT VALID$', '') || ' NOT VALID', 'ALTER TABLE ' || t.conrelid::regclass || ' DROP "
    "CONSTRAINT ' || quote_ident(t.conname), t.convalidated, CASE p.relnamespace WHEN "
    "c.relnamespace THEN p.relname END FROM pg_constraint t JOIN pg_class c ON c.oid = t.conrelid "
    "JOIN pg_class p ON p.oid = t.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
    "t.contype = 'f' AND t.conparentid = 0 AND n.nspname = current_schema() ORDER BY 1, 2";

/* Only those that would fire; how they were enabled is part of bringing them back. */
static const char triggers_sql[] =
    "SELECT c.relname, quote_ident(t.tgname), 'ALTER TABLE ' || "
    "t.tgrelid::regclass || CASE t.tgenabled WHEN 'A' THEN ' ENABLE ALWAYS TRIGGER ' ELSE ' ENABLE "
    "TRIGGER ' END || quote_ident(t.tgname), 'ALTER TABLE ' || t.tgrelid::regclass || ' DISABLE "
    "TRIGGER ' || quote_ident(t.tgname), true, NULL FROM pg_trigger t JOIN pg_class c ON c.oid = "
    "t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND "
    "t.tgenabled IN ('O', 'A') AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname "
    "= current_schema() ORDER BY 1, 2";

static const char *const kinds[] = {"foreign key", "trigger", "index", "key", "table"};

const char *hold_kind_name(enum hold_kind kind)
{
    return kinds[kind];
}

bool hold_kind_parse(const char *name, enum hold_kind *out)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], name) == 0) {
            *out = (enum hold_kind)i;
            return true;
        }
    return false;
}

static bool add_hold(struct reader *r, hg_rows *rows, enum hold_kind kind, hg_error *err)
{
    struct target_hold *hold = VEC_PUSH(&r->holds);

    if (hold == NULL)
        return no_memory(err);
    hold->kind = kind;
    hold->table = keep(r, rows, 0);
    hold->name = keep(r, rows, 1);
    hold->put_back = keep(r, rows, 2);
    hold->put_away = keep(r, rows, 3);
    hold->valid = hg_rows_integer(rows, 4) != 0;
    hold->other = keep(r, rows, 5);
    return (hold->table != NULL && hold->put_back != NULL && hold->put_away != NULL)
           || no_memory(err);
}

static bool add_foreign_key(void *context, hg_rows *rows, hg_error *err)
{
    return add_hold(context, rows, HOLD_FOREIGN_KEY, err);
}

static bool add_trigger(void *context, hg_rows *rows, hg_error *err)
{
    return add_hold(context, rows, HOLD_TRIGGER, err);
}

/* --- names --- */

static const char relations_sql[] = "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid "
                                    "= c.relnamespace WHERE n.nspname "
                                    "= current_schema()";

static bool add_relation(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    const char **name = VEC_PUSH(&r->relations);

    if (name == NULL)
        return no_memory(err);
    *name = keep(r, rows, 0);
    return *name != NULL || no_memory(err);
}

static const char uniques_sql[] =
    "SELECT t.relname, c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = "
    "i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = "
    "t.relnamespace CROSS JOIN LATERAL generate_series(0, i.indnkeyatts - 1) k JOIN pg_attribute a "
    "ON a.attrelid = t.oid AND a.attnum = i.indkey[k] WHERE i.indisunique AND i.indisvalid AND "
    "i.indpred IS NULL AND i.indexprs IS NULL AND n.nspname = current_schema() ORDER BY 1, 2, k";

static bool add_unique(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct target_unique *unique =
        r->uniques.count == 0 ? NULL : &r->uniques.items[r->uniques.count - 1];

    if (unique == NULL || strcmp(unique->name, hg_rows_text(rows, 1)) != 0) {
        unique = VEC_PUSH(&r->uniques);
        if (unique == NULL)
            return no_memory(err);
        unique->table = keep(r, rows, 0);
        unique->name = keep(r, rows, 1);
        unique->columns = arena_alloc(&r->out->arena, INDEX_COLUMNS, sizeof *unique->columns);
        if (unique->table == NULL || unique->name == NULL || unique->columns == NULL)
            return no_memory(err);
    }
    if (unique->column_count < INDEX_COLUMNS)
        unique->columns[unique->column_count++] = keep(r, rows, 2);
    return true;
}

/* A domain's condition speaks of VALUE, which a column may be called as well. */
static const char checks_sql[] =
    "SELECT c.relname, k.conname, pg_get_expr(k.conbin, k.conrelid), (SELECT string_agg(a.attname, "
    "E'\n' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY "
    "(k.conkey)), NULL, coalesce(0 = ANY (k.conkey), false), NULL, false FROM pg_constraint k JOIN "
    "pg_class c "
    "ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'c' AND "
    "n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition UNION ALL "
    "SELECT c.relname, t.typname || '.' || k.conname, '(SELECT ' || pg_get_expr(k.conbin, 0) || ' "
    "FROM (SELECT ' || quote_ident(a.attname) || ' AS value) v)', a.attname, "
    "format_type(t.typbasetype, t.typtypmod), false, NULL, false FROM pg_attribute a JOIN pg_class "
    "c ON c.oid = "
    "a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
    "JOIN pg_constraint k ON k.contypid = t.oid WHERE k.contype = 'c' AND n.nspname = "
    "current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND "
    "NOT a.attisdropped ORDER BY 1, 2, 4";

/* Columns that an index looks at, in its expressions and its condition as well. */
static const char excludes_sql[] =
    "SELECT c.relname, k.conname, NULL, (SELECT string_agg(DISTINCT a.attname, E'\n') FROM "
    "pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE "
    "d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0 AND "
    "((d.classid = 'pg_class'::regclass AND d.objid = k.conindid) OR (d.classid = "
    "'pg_constraint'::regclass AND d.objid = k.oid))), NULL, false, "
    "regexp_replace(pg_get_constraintdef(k.oid), ' DEFERRABLE.*$', ''), false FROM pg_constraint k "
    "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
    "k.contype = 'x' AND n.nspname = current_schema() AND NOT c.relispartition ORDER BY 1, 2";

/* Which rows a partition takes is a condition like any other, and so is what it asks of them. Of
 * very many partitions that would be asked of every row, one after the other: then nothing is said.
 */
static const char partitions_sql[] =
    "WITH part AS (SELECT c.oid, c.relname, p.relid, p.isleaf, "
    "coalesce(pg_get_partition_constraintdef(p.relid), 'true') AS takes FROM pg_class c JOIN "
    "pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL pg_partition_tree(c.oid) p "
    "WHERE c.relkind = 'p' AND NOT c.relispartition AND n.nspname = current_schema()), key "
    "AS (SELECT t.oid, string_agg(DISTINCT a.attname, E'\n') AS columns FROM part t JOIN "
    "pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = t.relid AND d.refclassid "
    "= 'pg_class'::regclass AND d.refobjid = t.relid AND d.deptype = 'i' JOIN pg_attribute a "
    "ON a.attrelid = t.relid AND a.attnum = greatest(d.objsubid, d.refobjsubid) WHERE NOT "
    "t.isleaf AND a.attnum > 0 GROUP BY t.oid) SELECT t.relname, 'partitions', CASE WHEN "
    "count(*) <= 256 THEN coalesce(string_agg('(' || t.takes || ')', ' OR ') FILTER (WHERE "
    "t.isleaf AND t.relid <> t.oid), 'false') END, key.columns, NULL, false, NULL, true FROM "
    "part t JOIN key USING (oid) GROUP BY t.oid, t.relname, key.columns UNION ALL SELECT "
    "t.relname, l.relname || '.' || k.conname, '(' || t.takes || ') IS NOT TRUE OR (' || "
    "pg_get_expr(k.conbin, k.conrelid) || ')', key.columns || coalesce(E'\n' || (SELECT "
    "string_agg(a.attname, E'\n') FROM pg_attribute a WHERE a.attrelid = l.oid AND a.attnum "
    "= ANY (k.conkey)), ''), NULL, coalesce(0 = ANY (k.conkey), false), NULL, false FROM "
    "part t JOIN key USING (oid) JOIN pg_class l ON l.oid = t.relid JOIN pg_constraint k ON "
    "k.conrelid = l.oid WHERE k.contype = 'c' AND k.coninhcount = 0 AND t.relid <> t.oid AND "
    "(SELECT count(*) FROM part q WHERE q.oid = t.oid) <= 256 ORDER BY 1, 2";

static bool add_check(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct target_check *check = VEC_PUSH(&r->checks);

    if (check == NULL)
        return no_memory(err);
    check->table = keep(r, rows, 0);
    check->name = keep(r, rows, 1);
    check->expression = keep(r, rows, 2);
    check->base = keep(r, rows, 4);
    check->whole = hg_rows_integer(rows, 5) != 0;
    check->exclude = keep(r, rows, 6);
    check->partitions = hg_rows_integer(rows, 7) != 0;
    if (check->table == NULL || check->name == NULL
        || (check->expression == NULL && check->exclude == NULL && !check->partitions))
        return no_memory(err);
    if (hg_rows_value(rows, 3).type == HG_NULL)
        return true;
    check->columns = take_lines(r, hg_rows_text(rows, 3), &check->column_count, err);
    return check->columns != NULL;
}

/* Partitions can be asked for in one statement since version 12. */
static bool read_checks(struct reader *r, hg_error *err)
{
    enum { PARTITION_TREE_FROM = 120000 };

    return ask_rows(r->conn, checks_sql, NULL, 0, add_check, r, r->by, err)
           && ask_rows(r->conn, excludes_sql, NULL, 0, add_check, r, r->by, err)
           && (hg_conn_server_version_number(r->conn) < PARTITION_TREE_FROM
               || ask_rows(r->conn, partitions_sql, NULL, 0, add_check, r, r->by, err));
}

static bool take_sequence(void *context, hg_rows *rows, hg_error *err)
{
    struct target_db *target = context;
    size_t number = target_number(target, hg_rows_text(rows, 0));

    for (size_t i = 0; number < target->table_count && i < target->tables[number].column_count;
         i++) {
        struct target_column *column = &target->tables[number].columns[i];

        if (strcmp(column->name, hg_rows_text(rows, 1)) == 0)
            column->sequence = arena_text(&target->arena, hg_rows_text(rows, 2));
        if (strcmp(column->name, hg_rows_text(rows, 1)) == 0 && column->sequence == NULL)
            return no_memory(err);
    }
    return true;
}

bool target_read_sequences(hg_conn *conn, hg_deadline by, struct target_db *target, hg_error *err)
{
    return ask_rows(conn,
                    "SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(n.nspname) || "
                    "'.' || quote_ident(c.relname), a.attname) FROM pg_attribute a JOIN pg_class c "
                    "ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
                    "n.nspname = current_schema() AND a.attidentity <> '' AND NOT a.attisdropped",
                    NULL, 0, take_sequence, target, by, err);
}

/* --- the whole --- */

static bool take_facts(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;

    r->out->schema = keep(r, rows, 0);
    r->out->database = keep(r, rows, 1);
    r->out->read_only = hg_rows_integer(rows, 2) != 0;
    r->out->may_create = hg_rows_integer(rows, 3) != 0;
    r->out->version = arena_text(&r->out->arena, hg_conn_server_version(r->conn));
    if (r->out->schema != NULL)
        return true;
    hg_fail(err, HG_NO_DATABASE, "the role's search_path leads to no schema");
    hg_error_hint(err, "Create the schema, or set search_path for the role.");
    return false;
}

static bool read_all(struct reader *r, hg_error *err)
{
    bool ok = ask_rows(r->conn,
                       "SELECT current_schema(), current_database(), pg_is_in_recovery() OR "
                       "current_setting('transaction_read_only') = 'on', "
                       "has_schema_privilege(current_schema(), 'CREATE')",
                       NULL, 0, take_facts, r, r->by, err)
              && ask_rows(r->conn, tables_sql, NULL, 0, add_table, r, r->by, err)
              && ask_rows(r->conn, columns_sql, NULL, 0, add_column, r, r->by, err)
              && ask_rows(r->conn, foreign_keys_sql, NULL, 0, add_foreign_key, r, r->by, err)
              && ask_rows(r->conn, triggers_sql, NULL, 0, add_trigger, r, r->by, err)
              && ask_rows(r->conn, relations_sql, NULL, 0, add_relation, r, r->by, err)
              && ask_rows(r->conn, uniques_sql, NULL, 0, add_unique, r, r->by, err)
              && read_checks(r, err);

    for (size_t i = 0; ok && i < r->tables.count; i += AT_ONCE)
        ok =
            look_for_rows(r, i, r->tables.count - i < AT_ONCE ? r->tables.count - i : AT_ONCE, err);
    return ok;
}

static bool finish(struct reader *r, hg_error *err)
{
    struct target_db *out = r->out;
    struct target_column *columns = arena_alloc(&out->arena, r->columns.count, sizeof *columns);

    out->table_count = r->tables.count;
    out->tables = arena_alloc(&out->arena, r->tables.count, sizeof *out->tables);
    out->hold_count = r->holds.count;
    out->holds = arena_alloc(&out->arena, r->holds.count, sizeof *out->holds);
    out->relation_count = r->relations.count;
    out->relations = arena_alloc(&out->arena, r->relations.count, sizeof *out->relations);
    out->unique_count = r->uniques.count;
    out->uniques = arena_alloc(&out->arena, r->uniques.count, sizeof *out->uniques);
    out->check_count = r->checks.count;
    out->checks = arena_alloc(&out->arena, r->checks.count, sizeof *out->checks);
    if (columns == NULL || out->tables == NULL || out->holds == NULL || out->relations == NULL
        || out->uniques == NULL || out->checks == NULL)
        return no_memory(err);
    for (size_t i = 0; i < r->columns.count; i++) {
        struct target_table *table = &r->tables.items[r->owners.items[i]];

        columns[i] = r->columns.items[i];
        if (table->column_count++ == 0)
            table->columns = &columns[i];
    }
    for (size_t i = 0; i < r->tables.count; i++)
        out->tables[i] = r->tables.items[i];
    for (size_t i = 0; i < r->holds.count; i++)
        out->holds[i] = r->holds.items[i];
    for (size_t i = 0; i < r->uniques.count; i++)
        out->uniques[i] = r->uniques.items[i];
    for (size_t i = 0; i < r->checks.count; i++)
        out->checks[i] = r->checks.items[i];
    for (size_t i = 0; i < r->relations.count; i++)
        out->relations[i] = r->relations.items[i];
    return true;
}

bool target_read(hg_conn *conn, hg_deadline by, struct target_db *out, hg_error *err)
{
    struct target_db target = {.arena = ARENA_INIT};
    struct reader r = {.conn = conn, .by = by, .out = &target};
    bool ok = read_all(&r, err) && finish(&r, err);

    VEC_RELEASE(&r.tables);
    VEC_RELEASE(&r.columns);
    VEC_RELEASE(&r.owners);
    VEC_RELEASE(&r.holds);
    VEC_RELEASE(&r.relations);
    VEC_RELEASE(&r.uniques);
    VEC_RELEASE(&r.checks);
    if (ok)
        *out = target;
    else
        target_release(&target);
    return ok;
}

void target_release(struct target_db *target)
{
    arena_release(&target->arena);
    *target = (struct target_db){.arena = ARENA_INIT};
}

struct target_table *target_find(const struct target_db *target, const char *name)
{
    struct target_table *found = NULL;

    for (size_t i = 0; i < target->table_count; i++) {
        if (strcmp(target->tables[i].name, name) == 0)
            return &target->tables[i];
        if (strcasecmp(target->tables[i].name, name) == 0)
            found = found == NULL ? &target->tables[i] : NULL;
    }
    return found;
}

size_t target_number(const struct target_db *target, const char *name)
{
    size_t i = 0;

    while (i < target->table_count && (name == NULL || strcmp(target->tables[i].name, name) != 0))
        i++;
    return i;
}
