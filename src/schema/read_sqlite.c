/*
 * read_sqlite.c - sqlite_schema → model: one query, and the texts it gives taken apart.
 *
 * FACT_DEFINITION of an index, view or trigger is what follows its name, in the one spelling that
 * comparing needs; FACT_SOURCE is the text as it was written. Tables that SQLite keeps for itself,
 * the shadow tables of virtual ones and the version tables are left out.
 */
#include "read.h"

#include <string.h>
#include <strings.h>

#include "tokens.h"
#include "sqlite_table.h"

enum { TEXT_LIMIT = 1 << 20 };

static const char query[] =
    "SELECT m.type, m.name, m.tbl_name, m.sql FROM main.sqlite_schema AS m WHERE m.sql IS NOT NULL"
    " AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " AND m.tbl_name <> 'alembic_version' AND m.tbl_name NOT GLOB 'headgate_*'"
    " AND m.name NOT GLOB 'headgate_*'"
    " AND NOT (m.type = 'table' AND m.name IN (SELECT l.name FROM pragma_table_list AS l"
    "          WHERE l.schema = 'main' AND l.type = 'shadow'))"
    " ORDER BY m.rowid";

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the schema: out of memory");
}

/* The token behind CREATE [UNIQUE] INDEX name ON table, or CREATE VIEW name, CREATE TRIGGER name.
 */
static size_t body_of(const struct tokens *tokens, enum object_kind kind)
{
    size_t i = 0;

    while (i < tokens->count && !token_is(tokens, i, object_kind_name(kind)))
        i++;
    i += 2;
    return kind == OBJECT_INDEX ? i + 2 : i;
}

static const char *variety_of(const struct tokens *tokens, enum object_kind kind)
{
    if (kind == OBJECT_INDEX)
        return token_is(tokens, 1, "unique") ? "unique" : "index";
    return kind == OBJECT_VIEW ? "view" : NULL;
}

/* "(a, b)": the names of an index over plain columns; anything else leaves them unset. */
static bool put_columns(const struct tokens *tokens, size_t open, struct arena *arena,
                        struct buf *out)
{
    size_t end = token_behind(tokens, open);

    for (size_t i = open + 1; i + 1 < end; i += 2) {
        char *name = token_name(tokens, i, arena);
        char quoted[1024];

        if (name == NULL || !(token_is(tokens, i + 1, ",") || token_is(tokens, i + 1, ")")))
            return false;
        hg_quote_identifier(name, quoted, sizeof quoted);
        buf_printf(out, "%s%s", out->size > 0 ? ", " : "", quoted);
    }
    return end == tokens->count;
}

static bool add_other(struct model_maker *maker, enum object_kind kind, const char *name,
                      const char *table, const char *sql, uint64_t tag)
{
    struct arena arena = ARENA_INIT;
    struct buf body = BUF_INIT(TEXT_LIMIT), columns = BUF_INIT(TEXT_LIMIT);
    struct tokens tokens;
    struct object *object = model_add(maker, kind, "", kind == OBJECT_VIEW ? "" : table, name);
    bool ok = object != NULL && tokens_cut(&arena, HG_SQLITE, sql, strlen(sql), &tokens);

    if (ok) {
        size_t from = body_of(&tokens, kind);

        object->tag = tag;
        tokens_squeeze(&tokens, from, tokens.count, &body);
        ok = !buf_failed(&body) && model_fact(maker, object, FACT_DEFINITION, body.bytes)
             && model_fact(maker, object, FACT_VARIETY, variety_of(&tokens, kind))
             && model_fact(maker, object, FACT_SOURCE, sql);
        if (ok && kind == OBJECT_INDEX && put_columns(&tokens, from, &arena, &columns))
            ok = model_fact(maker, object, FACT_COLUMNS, columns.bytes);
    }
    buf_release(&columns);
    buf_release(&body);
    arena_release(&arena);
    return ok;
}

static bool add_virtual(struct model_maker *maker, const char *name, const char *sql, uint64_t tag)
{
    struct arena arena = ARENA_INIT;
    struct buf body = BUF_INIT(TEXT_LIMIT);
    struct tokens tokens;
    struct object *object = model_add(maker, OBJECT_TABLE, "", "", name);
    bool ok = object != NULL && tokens_cut(&arena, HG_SQLITE, sql, strlen(sql), &tokens);

    if (ok) {
        object->tag = tag;
        tokens_squeeze(&tokens, 4, tokens.count, &body);
        ok = !buf_failed(&body) && model_fact(maker, object, FACT_VARIETY, "virtual table")
             && model_fact(maker, object, FACT_DEFINITION, body.bytes)
             && model_fact(maker, object, FACT_SOURCE, sql);
    }
    buf_release(&body);
    arena_release(&arena);
    return ok;
}

static bool is_virtual(const char *sql)
{
    return strncasecmp(sql, "CREATE VIRTUAL", 14) == 0;
}

static bool add_row(struct model_maker *maker, hg_rows *rows)
{
    const char *type = hg_rows_text(rows, 0), *name = hg_rows_text(rows, 1);
    const char *table = hg_rows_text(rows, 2), *sql = hg_rows_text(rows, 3);
    uint64_t tag = maker->objects.count + 1;

    if (strcmp(type, "table") == 0)
        return is_virtual(sql) ? add_virtual(maker, name, sql, tag)
                               : sqlite_table_add(maker, name, sql, tag);
    if (strcmp(type, "index") == 0)
        return add_other(maker, OBJECT_INDEX, name, table, sql, tag);
    if (strcmp(type, "view") == 0)
        return add_other(maker, OBJECT_VIEW, name, table, sql, tag);
    return add_other(maker, OBJECT_TRIGGER, name, table, sql, tag);
}

/* --- what needs what: views and triggers name tables and views in their text --- */

static const struct object *find_relation(const struct model_maker *maker, const char *name)
{
    const struct object *object;

    VEC_EACH (&maker->objects, object)
        if ((object->kind == OBJECT_TABLE || object->kind == OBJECT_VIEW)
            && strcasecmp(object->name, name) == 0)
            return object;
    return NULL;
}

static bool tie_text(struct model_maker *maker, const struct object *object)
{
    struct arena arena = ARENA_INIT;
    const char *sql = object->facts[FACT_SOURCE];
    struct tokens tokens;
    bool ok = tokens_cut(&arena, HG_SQLITE, sql, strlen(sql), &tokens);
    uint64_t from = object->tag;

    for (size_t i = 2; ok && i < tokens.count; i++) {
        const struct object *to;
        char *name;

        if (tokens.items[i].kind != LEX_WORD && tokens.items[i].kind != LEX_QUOTED)
            continue;
        name = token_name(&tokens, i, &arena);
        ok = name != NULL;
        to = ok ? find_relation(maker, name) : NULL;
        if (to != NULL && to->tag != from)
            ok = model_need(maker, from, to->tag);
    }
    arena_release(&arena);
    return ok;
}

static bool tie_texts(struct model_maker *maker)
{
    const struct object *object;

    VEC_EACH (&maker->objects, object)
        if ((object->kind == OBJECT_VIEW || object->kind == OBJECT_TRIGGER)
            && !tie_text(maker, object))
            return false;
    return true;
}

bool schema_read_sqlite(hg_conn *conn, hg_deadline by, struct model **out_model, hg_error *err)
{
    struct model_maker maker = {
        .model = model_new(HG_SQLITE, hg_conn_server_version_number(conn), "main")};
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    bool ok;

    if (maker.model == NULL)
        return no_memory(err);
    ok = hg_conn_query(conn, query, NULL, 0, by, &rows, err);
    while (ok && (step = hg_rows_next(rows, by, err)) == HG_ROW)
        if (!add_row(&maker, rows))
            ok = no_memory(err);
    hg_rows_close(rows);
    ok = ok && step == HG_END && (tie_texts(&maker) || no_memory(err)) && model_finish(&maker, err);
    model_maker_release(&maker);
    if (ok)
        *out_model = maker.model;
    else
        model_free(maker.model);
    return ok;
}
