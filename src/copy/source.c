/*
 * source.c - reads a SQLite schema with its pragmas, as tables of values.
 */
#include "source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ask.h"
#include "base/vec.h"

/* How an index was created. */
struct creation {
    const char *name, *sql; /* NULL: it belongs to a constraint */
};

struct reader {
    hg_conn *conn;
    hg_deadline by;
    struct source *out;
    VEC(struct creation)
    creations; /* by name: to look each up in the schema would be to sort the
                  schema for each */
    VEC(struct source_table) tables;
    VEC(struct source_column) columns; /* of the table that is read */
    VEC(struct source_index) indexes;
    VEC(struct source_reference) references;
    VEC(struct source_key) keys;
    VEC(const char *) names; /* of the reference that is read, */
    VEC(const char *) others;
    VEC(struct source_view) views;
    bool without_rowid;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the source's schema: out of memory");
}

static const char *keep(struct reader *r, hg_rows *rows, size_t column)
{
    if (hg_rows_value(rows, column).type == HG_NULL)
        return NULL;
    return arena_text(&r->out->arena, hg_rows_text(rows, column));
}

/* A copy in the arena; NULL when memory ran out, or when there is nothing to copy. */
static void *keep_array(struct reader *r, const void *items, size_t count, size_t size)
{
    void *copy = arena_alloc(&r->out->arena, count, size);

    if (copy != NULL && count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

/* --- one table --- */

static bool add_column(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct source_column *column = VEC_PUSH(&r->columns);

    if (column == NULL)
        return no_memory(err);
    column->name = keep(r, rows, 0);
    column->declared = keep(r, rows, 1);
    column->not_null = hg_rows_integer(rows, 2) != 0;
    column->fallback = keep(r, rows, 3);
    column->key = (int)hg_rows_integer(rows, 4);
    column->generated = hg_rows_integer(rows, 5) >= 2;
    return (column->name != NULL && column->declared != NULL) || no_memory(err);
}

static bool add_key(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct source_key *key = VEC_PUSH(&r->keys);

    if (key == NULL)
        return no_memory(err);
    key->name = keep(r, rows, 0);
    key->descending = hg_rows_integer(rows, 1) != 0;
    key->collation = keep(r, rows, 2);
    return key->collation != NULL || no_memory(err);
}

static bool add_creation(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct creation *creation = VEC_PUSH(&r->creations);

    if (creation == NULL)
        return no_memory(err);
    creation->name = keep(r, rows, 0);
    creation->sql = keep(r, rows, 1);
    return creation->name != NULL || no_memory(err);
}

static int compare_creations(const void *a, const void *b)
{
    return strcmp(((const struct creation *)a)->name, ((const struct creation *)b)->name);
}

static bool read_creations(struct reader *r, hg_error *err)
{
    if (!ask_rows(r->conn, "SELECT name, sql FROM sqlite_schema WHERE type = 'index'", NULL, 0,
                  add_creation, r, r->by, err))
        return false;
    if (r->creations.count > 1)
        qsort(r->creations.items, r->creations.count, sizeof *r->creations.items,
              compare_creations);
    return true;
}

static bool add_index(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct source_index *index = VEC_PUSH(&r->indexes);
    struct creation key = {.name = keep(r, rows, 0)};
    const struct creation *creation = NULL;

    if (index == NULL || key.name == NULL)
        return no_memory(err);
    if (r->creations.count > 0)
        creation = bsearch(&key, r->creations.items, r->creations.count, sizeof *r->creations.items,
                           compare_creations);
    index->name = key.name;
    index->sql = creation == NULL ? NULL : creation->sql;
    index->unique = hg_rows_integer(rows, 1) != 0;
    index->primary = strcmp(hg_rows_text(rows, 2), "pk") == 0;
    index->partial = hg_rows_integer(rows, 3) != 0;
    return true;
}

static bool read_index(struct reader *r, struct source_index *index, hg_error *err)
{
    hg_value name = hg_text(index->name);

    r->keys.count = 0;
    if (!ask_rows(r->conn,
                  "SELECT CASE cid WHEN -1 THEN '' ELSE name END, \"desc\", coalesce(coll, "
                  "'BINARY') FROM pragma_index_xinfo($1) "
                  "WHERE key ORDER BY seqno",
                  &name, 1, add_key, r, r->by, err))
        return false;
    for (size_t i = 0; i < r->keys.count; i++)
        index->expression = index->expression || r->keys.items[i].name == NULL;
    index->key_count = r->keys.count;
    index->keys = keep_array(r, r->keys.items, r->keys.count, sizeof *index->keys);
    return index->keys != NULL || no_memory(err);
}

struct reference_row {
    struct reader *reader;
    int64_t id; /* of the foreign key that is read; -1: none yet */
};

/* The columns of the foreign key that has been read so far are all there. */
static bool end_reference(struct reader *r, hg_error *err)
{
    struct source_reference *reference =
        r->references.count == 0 ? NULL : &r->references.items[r->references.count - 1];

    if (reference == NULL || reference->columns != NULL)
        return true;
    reference->column_count = r->names.count;
    reference->columns = keep_array(r, r->names.items, r->names.count, sizeof(const char *));
    reference->referenced = keep_array(r, r->others.items, r->others.count, sizeof(const char *));
    return (reference->columns != NULL && reference->referenced != NULL) || no_memory(err);
}

static bool add_reference(void *context, hg_rows *rows, hg_error *err)
{
    struct reference_row *row = context;
    struct reader *r = row->reader;
    const char **from, **to;

    if (hg_rows_integer(rows, 0) != row->id) {
        struct source_reference *reference;

        if (!end_reference(r, err) || (reference = VEC_PUSH(&r->references)) == NULL)
            return no_memory(err);
        row->id = hg_rows_integer(rows, 0);
        reference->table = keep(r, rows, 1);
        reference->on_update = keep(r, rows, 4);
        reference->on_delete = keep(r, rows, 5);
        r->names.count = r->others.count = 0;
    }
    from = VEC_PUSH(&r->names);
    to = VEC_PUSH(&r->others);
    if (from == NULL || to == NULL)
        return no_memory(err);
    *from = keep(r, rows, 2);
    *to = keep(r, rows, 3);
    return true;
}

static bool read_references(struct reader *r, const hg_value *name, hg_error *err)
{
    struct reference_row row = {r, -1};

    return ask_rows(r->conn,
                    "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM "
                    "pragma_foreign_key_list($1) ORDER BY id DESC, seq",
                    name, 1, add_reference, &row, r->by, err)
           && end_reference(r, err);
}

static bool is_column(const struct source_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcasecmp(table->columns[i].name, name) == 0)
            return true;
    return false;
}

/* INTEGER PRIMARY KEY, and exactly that, is another name of the rowid; SQLite makes no index for
 * it. */
static int find_rowid_column(const struct source_table *table)
{
    int found = -1;

    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].key == 0)
            continue;
        if (found >= 0 || strcasecmp(table->columns[i].declared, "INTEGER") != 0)
            return -1;
        found = (int)i;
    }
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].primary)
            return -1;
    return found;
}

static void find_rowid(struct reader *r, struct source_table *table)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};

    table->rowid_column = -1;
    if (table->virtual || r->without_rowid)
        return;
    table->rowid_column = find_rowid_column(table);
    for (size_t i = 0; i < 3 && table->rowid == NULL; i++)
        if (!is_column(table, names[i]))
            table->rowid = names[i];
}

static bool read_table(struct reader *r, struct source_table *table, hg_error *err)
{
    hg_value name = hg_text(table->name);
    bool ok;

    r->columns.count = r->indexes.count = r->references.count = 0;
    ok = ask_rows(r->conn,
                  "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM "
                  "pragma_table_xinfo($1) WHERE hidden <> 1 ORDER BY cid",
                  &name, 1, add_column, r, r->by, err)
         && ask_rows(r->conn,
                     "SELECT name, \"unique\", origin, partial FROM pragma_index_list($1) ORDER BY "
                     "seq DESC",
                     &name, 1, add_index, r, r->by, err)
         && read_references(r, &name, err);
    for (size_t i = 0; ok && i < r->indexes.count; i++)
        ok = read_index(r, &r->indexes.items[i], err);
    if (!ok)
        return false;
    table->column_count = r->columns.count;
    table->columns = keep_array(r, r->columns.items, r->columns.count, sizeof *table->columns);
    table->index_count = r->indexes.count;
    table->indexes = keep_array(r, r->indexes.items, r->indexes.count, sizeof *table->indexes);
    table->reference_count = r->references.count;
    table->references =
        keep_array(r, r->references.items, r->references.count, sizeof *table->references);
    if (table->columns == NULL || table->indexes == NULL || table->references == NULL)
        return no_memory(err);
    return true;
}

/* --- the whole --- */

static bool add_table(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct source_table *table = VEC_PUSH(&r->tables);

    if (table == NULL)
        return no_memory(err);
    table->name = keep(r, rows, 0);
    table->virtual = strcmp(hg_rows_text(rows, 1), "virtual") == 0;
    table->rowid_column = hg_rows_integer(rows, 2) != 0 ? -2 : -1; /* -2: WITHOUT ROWID, for now */
    table->sql = keep(r, rows, 3);
    table->autoincrement = hg_rows_integer(rows, 4) != 0;
    table->sequence = hg_rows_integer(rows, 5);
    return table->name != NULL || no_memory(err);
}

static bool add_view(void *context, hg_rows *rows, hg_error *err)
{
    struct reader *r = context;
    struct source_view *view = VEC_PUSH(&r->views);

    if (view == NULL)
        return no_memory(err);
    view->name = keep(r, rows, 0);
    view->sql = keep(r, rows, 1);
    return view->name != NULL || no_memory(err);
}

static bool read_tables(struct reader *r, hg_error *err)
{
    int64_t sequences = 0;
    const char *sql;

    if (!ask_integer(r->conn, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'",
                     NULL, 0, r->by, &sequences, err))
        return false;
    sql = sequences > 0
              ? "SELECT l.name, l.type, l.wr, s.sql, q.name IS NOT NULL, coalesce(q.seq, 0) FROM "
                "pragma_table_list l JOIN sqlite_schema s ON s.name = l.name AND s.type = 'table' "
                "LEFT JOIN sqlite_sequence q ON q.name = l.name WHERE l.schema = 'main' AND l.type "
                "IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                "ORDER BY l.name COLLATE NOCASE"
              : "SELECT l.name, l.type, l.wr, s.sql, 0, 0 FROM pragma_table_list l JOIN "
                "sqlite_schema s ON s.name = l.name AND s.type = 'table' WHERE l.schema = 'main' "
                "AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                "ORDER BY l.name COLLATE NOCASE";
    if (!ask_rows(r->conn, sql, NULL, 0, add_table, r, r->by, err) || !read_creations(r, err))
        return false;
    for (size_t i = 0; i < r->tables.count; i++) {
        r->without_rowid = r->tables.items[i].rowid_column == -2;
        if (!read_table(r, &r->tables.items[i], err)) {
            hg_error_context(err, "table \"%s\"", r->tables.items[i].name);
            return false;
        }
        find_rowid(r, &r->tables.items[i]);
    }
    return ask_rows(r->conn,
                    "SELECT name, sql FROM sqlite_schema WHERE type = 'view' ORDER BY name", NULL,
                    0, add_view, r, r->by, err);
}

static bool take_facts(void *context, hg_rows *rows, hg_error *err)
{
    struct source *out = ((struct reader *)context)->out;

    out->wal = strcmp(hg_rows_text(rows, 0), "wal") == 0;
    out->encoding = keep(context, rows, 1);
    out->page_size = hg_rows_integer(rows, 2);
    out->page_count = hg_rows_integer(rows, 3);
    out->application_id = hg_rows_integer(rows, 4);
    out->user_version = hg_rows_integer(rows, 5);
    return out->encoding != NULL || no_memory(err);
}

static bool read_facts(struct reader *r, hg_error *err)
{
    int64_t triggers = 0;

    if (!ask_rows(r->conn,
                  "SELECT (SELECT journal_mode FROM pragma_journal_mode), (SELECT encoding FROM "
                  "pragma_encoding), (SELECT page_size FROM pragma_page_size), (SELECT page_count "
                  "FROM pragma_page_count), (SELECT application_id FROM pragma_application_id), "
                  "(SELECT user_version FROM pragma_user_version)",
                  NULL, 0, take_facts, r, r->by, err)
        || !ask_integer(r->conn, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'", NULL,
                        0, r->by, &triggers, err))
        return false;
    r->out->trigger_count = (size_t)triggers;
    return true;
}

/* A foreign key without columns means the parent's primary key. */
static bool fill_references(struct reader *r, struct source_reference *reference, hg_error *err)
{
    const struct source_table *parent = source_find(r->out, reference->table);

    for (size_t i = 0; i < reference->column_count; i++) {
        for (size_t j = 0;
             reference->referenced[i] == NULL && parent != NULL && j < parent->column_count; j++)
            if (parent->columns[j].key == (int)i + 1)
                reference->referenced[i] = parent->columns[j].name;
        if (reference->referenced[i] == NULL)
            reference->referenced[i] = "";
    }
    (void)err;
    return true;
}

static bool finish(struct reader *r, hg_error *err)
{
    struct source *out = r->out;

    out->table_count = r->tables.count;
    out->tables = keep_array(r, r->tables.items, r->tables.count, sizeof *out->tables);
    out->view_count = r->views.count;
    out->views = keep_array(r, r->views.items, r->views.count, sizeof *out->views);
    if (out->tables == NULL || out->views == NULL)
        return no_memory(err);
    for (size_t i = 0; i < out->table_count; i++)
        for (size_t j = 0; j < out->tables[i].reference_count; j++)
            if (!fill_references(r, &out->tables[i].references[j], err))
                return false;
    return true;
}

bool source_read(hg_conn *conn, hg_deadline by, struct source *out, hg_error *err)
{
    struct source source = {.arena = ARENA_INIT};
    struct reader r = {.conn = conn, .by = by, .out = &source};
    bool ok = read_tables(&r, err) && read_facts(&r, err) && finish(&r, err);

    VEC_RELEASE(&r.creations);
    VEC_RELEASE(&r.tables);
    VEC_RELEASE(&r.columns);
    VEC_RELEASE(&r.indexes);
    VEC_RELEASE(&r.references);
    VEC_RELEASE(&r.keys);
    VEC_RELEASE(&r.names);
    VEC_RELEASE(&r.others);
    VEC_RELEASE(&r.views);
    if (ok)
        *out = source;
    else
        source_release(&source);
    return ok;
}

void source_release(struct source *source)
{
    arena_release(&source->arena);
    *source = (struct source){.arena = ARENA_INIT};
}

struct source_table *source_find(const struct source *source, const char *name)
{
    for (size_t i = 0; i < source->table_count; i++)
        if (strcasecmp(source->tables[i].name, name) == 0)
            return &source->tables[i];
    return NULL;
}
