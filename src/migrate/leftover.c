/*
 * leftover.c - what an interrupted statement has left.
 */
#include "leftover.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/vec.h"
#include "progress.h"

enum { QUERY_MS = 60 * 1000, NAME_ROOM = 512, WORDS = 24 };

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(QUERY_MS);
}

/* --- the statement's words --- */

struct words {
    const char *sql;
    struct {
        size_t offset, size;
        enum lex_kind kind;
    } items[WORDS];
    size_t count;
};

/* Words, quoted names and marks, without space and comments; the first two dozen are enough. */
static struct words words_of(const struct script_statement *statement)
{
    struct words words = {.sql = statement->sql};
    struct split split;
    struct split_token token;

    split_init(&split, HG_POSTGRESQL, statement->sql, statement->size, 0, 1);
    while (words.count < WORDS && split_token(&split, &token, NULL) && token.kind != LEX_END) {
        if (token.kind < LEX_WORD)
            continue;
        words.items[words.count].offset = token.offset;
        words.items[words.count].size = token.size;
        words.items[words.count++].kind = token.kind;
    }
    return words;
}

static bool word_is(const struct words *w, size_t i, const char *lower)
{
    return i < w->count && w->items[i].kind == LEX_WORD
           && lex_is(w->sql + w->items[i].offset, w->items[i].size, lower);
}

static bool mark_is(const struct words *w, size_t i, char mark)
{
    return i < w->count && w->items[i].kind == LEX_MARK && w->sql[w->items[i].offset] == mark;
}

/* Passes over a word that may be there. */
static size_t skip(const struct words *w, size_t i, const char *lower)
{
    return i + word_is(w, i, lower);
}

/* A name with its schema, as it is written; returns the place behind it, i when there is none. */
static size_t take_name(const struct words *w, size_t i, char out[NAME_ROOM])
{
    size_t end = i, from, size;

    out[0] = '\0';
    if (i >= w->count || w->items[i].kind == LEX_MARK)
        return i;
    for (end = i + 1; mark_is(w, end, '.') && end + 1 < w->count;)
        end += 2;
    from = w->items[i].offset;
    size = w->items[end - 1].offset + w->items[end - 1].size - from;
    if (size >= NAME_ROOM)
        return i;
    snprintf(out, NAME_ROOM, "%.*s", (int)size, w->sql + from);
    return end;
}

/* --- asking --- */

typedef VEC(char *) names;

static void names_release(names *list)
{
    char **name;

    VEC_EACH (list, name)
        alloc_free(*name);
    VEC_RELEASE(list);
}

/* The first column of all rows. */
static bool ask_names(hg_conn *conn, const char *sql, const hg_value *values, size_t n, names *out,
                      hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    bool ok = true;

    if (hg_conn_query(conn, sql, values, n, soon(), &rows, err))
        while (ok && (step = hg_rows_next(rows, soon(), err)) == HG_ROW) {
            char **name = VEC_PUSH(out);

            ok = name != NULL && (*name = alloc_text(hg_rows_text(rows, 0))) != NULL;
            if (!ok)
                hg_fail(err, HG_NOMEM, "could not read the catalog: out of memory");
        }
    hg_rows_close(rows);
    return ok && step == HG_END;
}

/* The two columns of the only row; "" without one. */
static bool ask_pair(hg_conn *conn, const char *sql, const char *a, const char *b, char *out_name,
                     bool *out_flag, bool *out_found, hg_error *err)
{
    const hg_value values[] = {hg_text(a), hg_text(b)};
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (hg_conn_query(conn, sql, values, 2, soon(), &rows, err))
        step = hg_rows_next(rows, soon(), err);
    *out_found = step == HG_ROW;
    if (step == HG_ROW) {
        *out_flag = hg_rows_integer(rows, 0) != 0;
        text_copy(out_name, 2 * NAME_ROOM, hg_rows_text(rows, 1));
    }
    hg_rows_close(rows);
    return step != HG_ERROR;
}

static bool drop_index(const struct leftover_case *c, const char *name, hg_error *err)
{
    char sql[2 * NAME_ROOM + 64];

    progress_say(c->observer, HG_EVENT_NOTE, c->revision,
                 "index %s is invalid: an interrupted build left it; it is dropped", name);
    snprintf(sql, sizeof sql, "DROP INDEX CONCURRENTLY IF EXISTS %s", name);
    return hg_conn_execute(c->conn, sql, NULL, 0, hg_deadline_never(), NULL, err);
}

/* --- CREATE [UNIQUE] INDEX CONCURRENTLY [IF NOT EXISTS] name ON [ONLY] table --- */

static const char index_sql[] =
    "SELECT i.indisvalid, pg_catalog.format('%I.%I', n.nspname, c.relname)"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relname = (pg_catalog.parse_ident($1))[1]"
    " AND i.indrelid = pg_catalog.to_regclass($2)";

static bool refuse_nameless(hg_error *err)
{
    hg_fail(err, HG_DRIFT,
            "whether this index was built before its deployer died is not known: it "
            "has no name");
    hg_error_hint(err, "Look at the table's indexes, drop what was left, give the index a name in "
                       "the file, and run the command again.");
    return false;
}

/* IF NOT EXISTS would take an invalid index for one that works. */
static bool clear_create(const struct leftover_case *c, const struct words *w, size_t i,
                         bool *out_done, hg_error *err)
{
    char name[NAME_ROOM], table[NAME_ROOM], full[2 * NAME_ROOM];
    bool valid = false, found;

    i = skip(w, skip(w, skip(w, i, "if"), "not"), "exists");
    if (word_is(w, i, "on"))
        return !c->doubtful || refuse_nameless(err);
    i = skip(w, skip(w, take_name(w, i, name), "on"), "only");
    take_name(w, i, table);
    if (!ask_pair(c->conn, index_sql, name, table, full, &valid, &found, err))
        return false;
    *out_done = found && valid && c->doubtful;
    return !found || valid || drop_index(c, full, err);
}

/* --- REINDEX [(...)] INDEX|TABLE|SCHEMA|DATABASE CONCURRENTLY name --- */

#define LEFT_BY_REINDEX                                                                         \
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i"        \
    " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"                                       \
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"                                 \
    " WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND n.nspname <> 'pg_toast'" \
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p"                   \
    " WHERE p.relid = i.indrelid)"

static const struct scope {
    const char *word;
    const char *sql;
} scopes[] = {
    {"index", LEFT_BY_REINDEX " AND i.indrelid = (SELECT indrelid FROM pg_catalog.pg_index"
                              " WHERE indexrelid = pg_catalog.to_regclass($1))"},
    {"table", LEFT_BY_REINDEX " AND i.indrelid = pg_catalog.to_regclass($1)"},
    {"schema", LEFT_BY_REINDEX " AND n.nspname = (pg_catalog.parse_ident($1))[1]"},
    {"database", LEFT_BY_REINDEX " AND $1 IS NOT NULL"},
};

static bool clear_reindex(const struct leftover_case *c, const struct words *w, size_t i,
                          hg_error *err)
{
    const struct scope *scope = NULL;
    char name[NAME_ROOM];
    names left = VEC_INIT;
    hg_value value;
    bool ok;

    if (mark_is(w, i, '('))
        while (i < w->count && !mark_is(w, i++, ')'))
            ;
    for (size_t k = 0; k < sizeof scopes / sizeof *scopes; k++)
        if (word_is(w, i, scopes[k].word))
            scope = &scopes[k];
    take_name(w, skip(w, i + 1, "concurrently"), name);
    if (scope == NULL || name[0] == '\0')
        return true;
    value = hg_text(name);
    ok = ask_names(c->conn, scope->sql, &value, 1, &left, err);
    for (size_t k = 0; ok && k < left.count; k++)
        ok = drop_index(c, left.items[k], err);
    names_release(&left);
    return ok;
}

/* --- ALTER TABLE [IF EXISTS] [ONLY] table DETACH PARTITION name CONCURRENTLY --- */

static const char partition_sql[] =
    "SELECT i.inhdetachpending, pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s FINALIZE',"
    " i.inhparent::regclass, i.inhrelid::regclass) FROM pg_catalog.pg_inherits i"
    " WHERE i.inhparent = pg_catalog.to_regclass($1) AND i.inhrelid = pg_catalog.to_regclass($2)";

static bool clear_detach(const struct leftover_case *c, const char *table, const char *partition,
                         bool *out_done, hg_error *err)
{
    char finalize[2 * NAME_ROOM];
    bool pending = false, found;

    if (!ask_pair(c->conn, partition_sql, table, partition, finalize, &pending, &found, err))
        return false;
    *out_done = pending || (!found && c->doubtful);
    if (!found || !pending)
        return true;
    progress_say(c->observer, HG_EVENT_NOTE, c->revision,
                 "%s is half detached: an interrupted statement left it so; it is brought to its "
                 "end",
                 partition);
    return hg_conn_execute(c->conn, finalize, NULL, 0, hg_deadline_never(), NULL, err);
}

static bool clear_alter(const struct leftover_case *c, const struct words *w, bool *out_done,
                        hg_error *err)
{
    char table[NAME_ROOM], partition[NAME_ROOM];
    size_t i = take_name(w, skip(w, skip(w, skip(w, 2, "if"), "exists"), "only"), table);

    if (!word_is(w, i, "detach") || !word_is(w, i + 1, "partition"))
        return true;
    i = take_name(w, i + 2, partition);
    return !word_is(w, i, "concurrently") || clear_detach(c, table, partition, out_done, err);
}

/* --- any --- */

bool leftover_clear(const struct leftover_case *about, const struct script_statement *statement,
                    bool *out_done, hg_error *err)
{
    struct words w;
    size_t i;

    *out_done = false;
    if (hg_conn_driver(about->conn) != HG_POSTGRESQL)
        return true;
    w = words_of(statement);
    i = skip(&w, 1, "unique");
    if (word_is(&w, 0, "create") && word_is(&w, i, "index") && word_is(&w, i + 1, "concurrently"))
        return clear_create(about, &w, i + 2, out_done, err);
    if (word_is(&w, 0, "reindex"))
        return clear_reindex(about, &w, 1, err);
    if (word_is(&w, 0, "alter") && word_is(&w, 1, "table"))
        return clear_alter(about, &w, out_done, err);
    return true;
}
