/*
 * mapping.c - pairs tables and columns by name and writes the statements that read and send them.
 */
#include "mapping.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "far.h"
#include "order.h"

struct maker {
    const struct source *source;
    const struct target_db *target;
    const struct mapping_wish *wish;
    struct mapping *out;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not pair the tables: out of memory");
}

bool mapping_problem(struct mapping *mapping, const char *kind, const char *table, int64_t count,
                     bool stops, const char *format, ...)
{
    hg_copy_problem *problem = VEC_PUSH(&mapping->problems);
    struct buf text = BUF_INIT(1 << 20);
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (problem != NULL)
        *problem = (hg_copy_problem){.kind = kind,
                                     .table = table,
                                     .message = arena_text(&mapping->arena, text.bytes),
                                     .count = count,
                                     .stops = stops};
    buf_release(&text);
    return problem != NULL && problem->message != NULL;
}

static void put_name(struct buf *out, const char *name)
{
    buf_char(out, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            buf_char(out, '"');
        buf_char(out, *name);
    }
    buf_char(out, '"');
}

bool table_is_key(const struct table *table, size_t column)
{
    return table->key != NULL ? (int)column == table->rowid_cell
                              : table->columns[column].source->key > 0;
}

/* --- which --- */

/* What headgate itself has written into the source: which migrations it has had, of which the
 * target has its own truth, that a cutover has frozen it, what has changed since it was copied. */
static bool is_ours(const char *name)
{
    return strcasecmp(name, "alembic_version") == 0 || strcasecmp(name, "headgate_history") == 0
           || strcasecmp(name, "headgate_frozen") == 0 || strcasecmp(name, "headgate_delta") == 0;
}

static bool is_wished(const struct mapping_wish *wish, const char *name)
{
    for (size_t i = 0; i < wish->table_count; i++)
        if (strcasecmp(wish->tables[i], name) == 0)
            return true;
    return wish->table_count == 0;
}

/* A type may be called by either of its names, "bigint" or "int8". target: NULL: none is there. */
static bool is_about(const struct rule *rule, const char *table, const char *column,
                     const struct target_column *target)
{
    return rule_matches(rule, table, column, target == NULL ? "" : target->type_name)
           || rule_matches(rule, table, column, target == NULL ? "" : target->short_type);
}

static bool is_skipped(const struct mapping_wish *wish, const char *table, const char *column,
                       const struct target_column *target)
{
    for (size_t i = 0; i < wish->rules->list.count; i++)
        if (wish->rules->list.items[i].action == RULE_SKIP
            && is_about(&wish->rules->list.items[i], table, column, target))
            return true;
    return false;
}

bool mapping_wants(const struct mapping_wish *wish, const char *table)
{
    return is_wished(wish, table) && !is_ours(table) && !is_skipped(wish, table, "", NULL);
}

/* --- columns --- */

static const struct target_column *find_column(const struct target_table *table, const char *name)
{
    const struct target_column *found = NULL;

    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
        if (strcasecmp(table->columns[i].name, name) == 0)
            found = found == NULL ? &table->columns[i] : NULL;
    }
    return found;
}

static bool take_rules(struct maker *m, const struct table *table, struct column *column)
{
    const struct rules *rules = m->wish->rules;

    column->rules = arena_alloc(&m->out->arena, rules->list.count, sizeof *column->rules);
    for (size_t i = 0; column->rules != NULL && i < rules->list.count; i++)
        if (rules->list.items[i].action != RULE_AS
            && is_about(&rules->list.items[i], table->source->name, column->source->name,
                        column->target))
            column->rules[column->rule_count++] = &rules->list.items[i];
    return column->rules != NULL;
}

const struct rule *mapping_choice(const struct mapping_wish *wish, const char *table,
                                  const char *column, const struct target_column *target)
{
    for (size_t i = 0; i < wish->rules->list.count; i++)
        if (wish->rules->list.items[i].action == RULE_AS
            && is_about(&wish->rules->list.items[i], table, column, target))
            return &wish->rules->list.items[i];
    return NULL;
}

/* A rule that says what a column becomes is for tables that the copy makes. */
static bool tell_kept(struct maker *m, const struct table *table, const struct column *column)
{
    const struct rule *rule =
        mapping_choice(m->wish, table->source->name, column->source->name, column->target);

    return rule == NULL || rule->made.type == column->target->target.type
           || mapping_problem(
               m->out, "type-kept", table->source->name, 0, false,
               "column \"%s\" stays %s, as it is in the target: a rule chooses types "
               "of tables that the copy makes",
               column->source->name, column->target->type_name);
}

/* SQLite reads pieces of what is stored in a table with rowids; of texts they are as they are
 * stored, which has to be how they are sent. */
static bool comes_in_pieces(const struct maker *m, const struct table *table,
                            const struct column *column)
{
    return table->source->rowid != NULL && !column->source->generated
           && strcmp(m->source->encoding, "UTF-8") == 0 && far_suits(&column->target->target);
}

/* Whether a column of the source is copied; if so it is added. */
static bool add_column(struct maker *m, struct table *table, const struct source_column *source,
                       hg_error *err)
{
    const struct target_column *target = find_column(table->target, source->name);
    struct column *column = &table->columns[table->column_count];
    const char *name = table->source->name;

    if (is_skipped(m->wish, name, source->name, target))
        return mapping_problem(m->out, "column-skipped", name, 0, false,
                               "column \"%s\" is not copied, as a rule says", source->name)
               || no_memory(err);
    if (target == NULL)
        return mapping_problem(m->out, "column-missing", name, 0, true,
                               "the target has no column \"%s\"", source->name)
               || no_memory(err);
    if (target->generated)
        return true; /* the server computes it, and refuses to be told */
    *column = (struct column){
        .source = source, .target = target, .convert = convert_to(target->target.type)};
    if (comes_in_pieces(m, table, column))
        column->pieces_most = m->wish->largest > 0 ? m->wish->largest : FAR_MOST;
    table->column_count++;
    table->has_jsonb = table->has_jsonb || target->target.type == PG_JSONB;
    if (target->target.type == PG_OTHER
        && !mapping_problem(m->out, "type-unknown", name, 0, true,
                            "column \"%s\" is of type %s, which headgate cannot send", source->name,
                            target->type_name))
        return no_memory(err);
    return (take_rules(m, table, column) && tell_kept(m, table, column)) || no_memory(err);
}

/* What the target wants and nobody gives. */
static bool check_wanted(struct maker *m, const struct table *table, hg_error *err)
{
    for (size_t i = 0; i < table->target->column_count; i++) {
        const struct target_column *wanted = &table->target->columns[i];
        bool given = false;

        for (size_t j = 0; j < table->column_count; j++)
            given = given || table->columns[j].target == wanted;
        if (!given && wanted->target.not_null && !wanted->has_default && !wanted->generated
            && !mapping_problem(m->out, "column-wanted", table->source->name, 0, true,
                                "the target's column \"%s\" needs a value and the source has none",
                                wanted->name))
            return no_memory(err);
    }
    return true;
}

/* --- statements --- */

/* The rowid comes as a column of its own where none is it. */
static void find_rowid(struct table *table)
{
    table->rowid_cell = -1;
    table->cell_count = table->column_count;
    if (table->source->rowid == NULL)
        return;
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].source - table->source->columns == table->source->rowid_column)
            table->rowid_cell = (int)i;
    if (table->rowid_cell < 0)
        table->rowid_cell = (int)table->cell_count++;
}

static const struct source_index *primary_of(const struct source_table *source)
{
    for (size_t i = 0; i < source->index_count; i++)
        if (source->indexes[i].primary)
            return &source->indexes[i];
    return NULL;
}

/* Of a table WITHOUT ROWID: as SQLite keeps its rows, so that nothing has to be sorted. Where a
 * collation of the application's own is in it, only the application can say what comes first. */
static void put_order(struct buf *out, const struct source_table *source)
{
    const struct source_index *primary = source->rowid == NULL ? primary_of(source) : NULL;

    for (size_t i = 0; primary != NULL && i < primary->key_count; i++) {
        const struct source_key *key = &primary->keys[i];

        if (strcasecmp(key->collation, "BINARY") != 0 && strcasecmp(key->collation, "NOCASE") != 0
            && strcasecmp(key->collation, "RTRIM") != 0) {
            buf_truncate(out, 0);
            return;
        }
        buf_text(out, i == 0 ? "" : ", ");
        put_name(out, key->name);
        buf_printf(out, " COLLATE %s%s", key->collation, key->descending ? " DESC" : "");
    }
}

static void put_select(struct buf *out, const struct table *table)
{
    buf_text(out, "SELECT ");
    for (size_t i = 0; i < table->column_count; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        put_name(out, table->columns[i].source->name);
    }
    if (table->cell_count > table->column_count)
        buf_printf(out, "%s%s", table->column_count == 0 ? "" : ", ", table->source->rowid);
    buf_text(out, " FROM ");
    put_name(out, table->source->name);
    if (table->source->rowid != NULL)
        buf_printf(out, " WHERE %s BETWEEN $1 AND $2", table->source->rowid);
    if (table->order != NULL)
        buf_printf(out, " ORDER BY %s", table->order);
}

static void put_columns(struct buf *out, const struct table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        put_name(out, table->columns[i].target->name);
    }
}

/* Whether a range of rowids is a range of one of the target's columns, too. */
static bool has_number_key(const struct table *table)
{
    enum pg_type type;

    if (table->rowid_cell < 0 || (size_t)table->rowid_cell >= table->column_count)
        return false;
    type = table->columns[table->rowid_cell].target->target.type;
    return type == PG_INT2 || type == PG_INT4 || type == PG_INT8 || type == PG_NUMERIC;
}

static bool write_statements(struct maker *m, struct table *table, hg_error *err)
{
    struct buf select = BUF_INIT(1 << 20), copy = BUF_INIT(1 << 20), back = BUF_INIT(1 << 20);

    put_order(&back, table->source);
    table->order = back.size == 0 ? NULL : arena_text(&m->out->arena, back.bytes);
    buf_truncate(&back, 0);
    put_select(&select, table);
    buf_printf(&copy, "COPY %s (", table->target->sql_name);
    put_columns(&copy, table);
    buf_text(&copy, ") FROM STDIN (FORMAT binary)");
    buf_text(&back, "COPY (SELECT ");
    put_columns(&back, table);
    buf_printf(&back, " FROM %s", table->target->sql_name);
    table->select = arena_text(&m->out->arena, select.bytes);
    table->copy = arena_text(&m->out->arena, copy.bytes);
    table->read_back = arena_text(&m->out->arena, back.bytes);
    if (has_number_key(table)) {
        copy.size = 0;
        put_name(&copy, table->columns[table->rowid_cell].target->name);
        table->key = arena_text(&m->out->arena, copy.bytes);
    }
    buf_release(&select);
    buf_release(&copy);
    buf_release(&back);
    return (table->select != NULL && table->copy != NULL && table->read_back != NULL)
           || no_memory(err);
}

/* --- tables --- */

static bool pair(struct maker *m, const struct source_table *source,
                 const struct target_table *target, hg_error *err)
{
    struct table *table = &m->out->tables[m->out->table_count];

    *table = (struct table){.source = source, .target = target};
    table->columns = arena_alloc(&m->out->arena, source->column_count, sizeof *table->columns);
    if (table->columns == NULL)
        return no_memory(err);
    for (size_t i = 0; i < source->column_count; i++)
        if (!add_column(m, table, &source->columns[i], err))
            return false;
    find_rowid(table);
    if (!check_wanted(m, table, err) || !write_statements(m, table, err))
        return false;
    if (table->column_count == 0)
        return mapping_problem(m->out, "columns-none", source->name, 0, true,
                               "the table has no column that could be copied")
               || no_memory(err);
    m->out->table_count++;
    return true;
}

static bool consider(struct maker *m, const struct source_table *source, hg_error *err)
{
    const struct target_table *target = target_find(m->target, source->name);
    bool ok = true;

    if (!is_wished(m->wish, source->name) || is_ours(source->name))
        return true;
    if (is_skipped(m->wish, source->name, "", NULL))
        ok = mapping_problem(m->out, "table-skipped", source->name, 0, false,
                             "the table is not copied, as a rule says");
    else if (target == NULL && source->virtual)
        ok = mapping_problem(m->out, "table-virtual", source->name, 0, true,
                             "a virtual table, which the target has no counterpart for; a rule "
                             "\"%s skip\" leaves it out",
                             source->name);
    else if (target == NULL)
        ok = mapping_problem(m->out, "table-missing", source->name, 0, true,
                             "the target has no such table");
    else
        return pair(m, source, target, err);
    return ok || no_memory(err);
}

static bool check_wish(const struct maker *m, hg_error *err)
{
    for (size_t i = 0; i < m->wish->table_count; i++)
        if (source_find(m->source, m->wish->tables[i]) == NULL)
            return hg_fail(err, HG_USAGE, "the source has no table \"%s\"", m->wish->tables[i]);
    return true;
}

/* Two tables of the target that differ in case only leave open which one is meant. */
static bool check_names(struct maker *m, hg_error *err)
{
    for (size_t i = 0; i < m->target->table_count; i++)
        for (size_t j = i + 1; j < m->target->table_count; j++)
            if (strcasecmp(m->target->tables[i].name, m->target->tables[j].name) == 0
                && !mapping_problem(m->out, "name-case", m->target->tables[i].name, 0, false,
                                    "the target has this table and \"%s\", which differ in case "
                                    "only",
                                    m->target->tables[j].name))
                return no_memory(err);
    return true;
}

static bool make(struct maker *m, hg_error *err)
{
    m->out->tables = arena_alloc(&m->out->arena, m->source->table_count, sizeof *m->out->tables);
    if (m->out->tables == NULL)
        return no_memory(err);
    if (!check_wish(m, err) || !check_names(m, err))
        return false;
    for (size_t i = 0; i < m->source->table_count; i++)
        if (!consider(m, &m->source->tables[i], err))
            return false;
    return order_tables(m->out, err);
}

bool mapping_make(const struct source *source, const struct target_db *target,
                  const struct mapping_wish *wish, struct mapping *out, hg_error *err)
{
    struct mapping mapping = {.arena = ARENA_INIT};
    struct maker m = {source, target, wish, &mapping};

    if (!make(&m, err)) {
        mapping_release(&mapping);
        return false;
    }
    *out = mapping;
    return true;
}

void mapping_release(struct mapping *mapping)
{
    VEC_RELEASE(&mapping->problems);
    arena_release(&mapping->arena);
    *mapping = (struct mapping){.arena = ARENA_INIT};
}
