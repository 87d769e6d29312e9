/*
 * freeze.c - triggers that refuse, and the marker that says whose they are.
 *
 * RAISE(ABORT) in a BEFORE trigger ends the statement also under OR IGNORE, OR REPLACE and UPSERT
 * (https://www.sqlite.org/lang_createtrigger.html, "The RAISE() function"); the application sees
 * SQLITE_CONSTRAINT_TRIGGER (1811) with our text.
 */
#include "freeze.h"

#include <string.h>

#include <headgate/session.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"

#define MARKER "headgate_frozen"
#define PREFIX "headgate_freeze_"

enum { NAME_ROOM = 512, SQL_LIMIT = 16 << 10 };

static const struct event {
    const char *name;
    const char *verb;
} events[] = {{"insert", "INSERT"}, {"update", "UPDATE"}, {"delete", "DELETE"}};

enum { EVENTS = sizeof events / sizeof *events };

/* One question with one row; false also when there is none, with `found` saying which. */
static bool ask(hg_conn *conn, const char *sql, hg_deadline by, bool *found, hg_rows **out_rows,
                hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step;

    if (!hg_conn_query(conn, sql, NULL, 0, by, &rows, err))
        return false;
    step = hg_rows_next(rows, by, err);
    if (step == HG_ERROR) {
        hg_rows_close(rows);
        return false;
    }
    *found = step == HG_ROW;
    *out_rows = rows;
    return true;
}

static bool ask_number(hg_conn *conn, const char *sql, hg_deadline by, int64_t *out, hg_error *err)
{
    hg_rows *rows = NULL;
    bool found;

    if (!ask(conn, sql, by, &found, &rows, err))
        return false;
    *out = found ? hg_rows_integer(rows, 0) : 0;
    hg_rows_close(rows);
    return true;
}

static bool read_marker(hg_conn *conn, hg_deadline by, struct freeze_state *state, hg_error *err)
{
    hg_rows *rows = NULL;

    if (!ask(conn, "SELECT run, since, schema_version, tables FROM main." MARKER, by,
             &state->frozen, &rows, err))
        return false;
    if (state->frozen) {
        text_copy(state->run, sizeof state->run, hg_rows_text(rows, 0));
        text_copy(state->since, sizeof state->since, hg_rows_text(rows, 1));
        state->schema_version = hg_rows_integer(rows, 2);
        state->tables = (int)hg_rows_integer(rows, 3);
    }
    hg_rows_close(rows);
    return true;
}

static bool read_state(hg_conn *conn, hg_deadline by, struct freeze_state *out, hg_error *err)
{
    struct freeze_state state = {0};
    int64_t marker = 0, triggers = 0;

    if (!ask_number(
            conn,
            "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = '" MARKER "'",
            by, &marker, err)
        || !ask_number(conn,
                       "SELECT count(*) FROM main.sqlite_schema WHERE type = 'trigger' AND"
                       " substr(name, 1, 16) = '" PREFIX "'",
                       by, &triggers, err)
        || (marker > 0 && !read_marker(conn, by, &state, err)))
        return false;
    state.triggers = (int)triggers;
    *out = state;
    return true;
}

/* Work on a connection of its own; `write`: in a transaction that holds the write lock from its
 * first statement, kept only when the work succeeds. */
static bool on_connection(hg_pool *pool, bool write, hg_deadline by,
                          bool (*work)(hg_conn *conn, void *context, hg_deadline by, hg_error *err),
                          void *context, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok;

    if (!hg_pool_checkout(pool, "cutover", by, &conn, err))
        return false;
    ok = (!write || hg_conn_execute(conn, "BEGIN IMMEDIATE", NULL, 0, by, NULL, err))
         && work(conn, context, by, err)
         && (!write || hg_conn_execute(conn, "COMMIT", NULL, 0, by, NULL, err));
    hg_pool_return(pool, conn); /* rolls back what is open */
    return ok;
}

static bool read_work(hg_conn *conn, void *context, hg_deadline by, hg_error *err)
{
    return read_state(conn, by, context, err);
}

bool freeze_read(hg_pool *source, hg_deadline by, struct freeze_state *out_state, hg_error *err)
{
    return on_connection(source, false, by, read_work, out_state, err);
}

struct table {
    char name[NAME_ROOM];
};

typedef VEC(struct table) tables;

/* Every table that triggers can guard; one that they cannot is a refusal. Shadow tables belong to a
 * virtual one and are refused with it. */
static bool list_tables(hg_conn *conn, hg_deadline by, tables *out, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step;
    bool ok = true;

    if (!hg_conn_query(
            conn,
            "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN"
            " ('table', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '" MARKER
            "' ORDER BY name",
            NULL, 0, by, &rows, err))
        return false;
    while (ok && (step = hg_rows_next(rows, by, err)) != HG_END) {
        struct table *t;

        if (step == HG_ERROR) {
            ok = false;
        } else if (strcmp(hg_rows_text(rows, 1), "virtual") == 0) {
            ok = hg_fail(err, HG_REFUSED, "the virtual table \"%s\" cannot be frozen",
                         hg_rows_text(rows, 0));
            hg_error_hint(
                err,
                "SQLite has no triggers on virtual tables: drop it, or let the application stop"
                " writing to it, before the cutover.");
        } else if ((t = VEC_PUSH(out)) == NULL || strlen(hg_rows_text(rows, 0)) >= sizeof t->name) {
            ok = hg_fail(err, HG_NOMEM,
                         "could not list the tables: out of memory, or a name is too long");
        } else {
            text_copy(t->name, sizeof t->name, hg_rows_text(rows, 0));
        }
    }
    hg_rows_close(rows);
    return ok;
}

static void quoted(struct buf *sql, const char *name)
{
    char text[2 * NAME_ROOM + 3];

    hg_quote_identifier(name, text, sizeof text);
    buf_text(sql, text);
}

static void literal(struct buf *sql, const char *text)
{
    buf_char(sql, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_char(sql, '\'');
        buf_char(sql, *text);
    }
    buf_char(sql, '\'');
}

static bool execute(hg_conn *conn, struct buf *sql, hg_deadline by, hg_error *err)
{
    bool ok = buf_failed(sql) ? hg_fail(err, HG_NOMEM, "could not write a statement: out of memory")
                              : hg_conn_execute(conn, sql->bytes, NULL, 0, by, NULL, err);

    buf_release(sql);
    return ok;
}

static bool make_trigger(hg_conn *conn, const char *run, const char *table, size_t number,
                         const struct event *event, hg_deadline by, hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_LIMIT);
    struct buf words = BUF_INIT(256);

    buf_printf(&words, "headgate: frozen %s", run);
    buf_printf(&sql, "CREATE TRIGGER main." PREFIX "%zu_%s BEFORE %s ON ", number, event->name,
               event->verb);
    quoted(&sql, table);
    buf_text(&sql, " BEGIN SELECT RAISE(ABORT, ");
    literal(&sql, words.bytes);
    buf_text(&sql, "); END");
    buf_release(&words);
    return execute(conn, &sql, by, err);
}

/* The marker is written last: it holds the schema's version, which every statement before it moves.
 */
static bool make_marker(hg_conn *conn, const char *run, size_t count, hg_deadline by, hg_error *err)
{
    char since[24];
    int64_t version = 0;
    hg_value values[4];

    clock_format_utc(clock_wall_ms(), since, sizeof since);
    if (!hg_conn_execute(
            conn,
            "CREATE TABLE main." MARKER
            " (run TEXT NOT NULL, since TEXT NOT NULL, schema_version INTEGER NOT NULL,"
            " tables INTEGER NOT NULL)",
            NULL, 0, by, NULL, err)
        || !ask_number(conn, "PRAGMA main.schema_version", by, &version, err))
        return false;
    values[0] = hg_text(run);
    values[1] = hg_text(since);
    values[2] = hg_integer(version);
    values[3] = hg_integer((int64_t)count);
    return hg_conn_execute(conn, "INSERT INTO main." MARKER " VALUES ($1, $2, $3, $4)", values, 4,
                           by, NULL, err);
}

static bool refuse_other(const struct freeze_state *state, const char *run, hg_error *err)
{
    if (!state->frozen || strcmp(state->run, run) == 0)
        return true;
    hg_fail(err, HG_REFUSED, "the source has been frozen by the run \"%s\" since %s", state->run,
            state->since);
    hg_error_hint(err, "Go on with that run, or abort it, with `headgate cutover`.");
    return false;
}

static bool freeze_work(hg_conn *conn, void *context, hg_deadline by, hg_error *err)
{
    const char *run = context;
    struct freeze_state state;
    tables list = VEC_INIT;
    bool ok = read_state(conn, by, &state, err) && refuse_other(&state, run, err);

    if (ok && !state.frozen) {
        ok = list_tables(conn, by, &list, err);
        for (size_t i = 0; ok && i < list.count; i++)
            for (size_t e = 0; ok && e < EVENTS; e++)
                ok = make_trigger(conn, run, list.items[i].name, i, &events[e], by, err);
        ok = ok && make_marker(conn, run, list.count, by, err);
    }
    VEC_RELEASE(&list);
    return ok;
}

bool freeze_apply(hg_pool *source, const char *run, hg_deadline by, hg_error *err)
{
    char kept[FREEZE_RUN_MAX];

    if (!on_connection(source, true, by, freeze_work, text_copy(kept, sizeof kept, run), err)) {
        hg_error_context(err, "could not freeze the source");
        return false;
    }
    return true;
}

static bool not_held(hg_error *err, const char *what)
{
    hg_fail(err, HG_REFUSED, "the freeze does not hold: %s", what);
    hg_error_hint(
        err, "Something changed the source's schema. Abort the run: its data cannot be relied on.");
    return false;
}

/* A write that must fail; should it succeed it is rolled back with the transaction. A trigger of
 * the application's own may be the one that refuses it: that is a refusal too, and ours have been
 * counted. */
static bool prove_table(hg_conn *conn, const char *table, hg_deadline by, hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_LIMIT);
    hg_error refusal = {0};

    buf_text(&sql, "INSERT INTO main.");
    quoted(&sql, table);
    buf_text(&sql, " DEFAULT VALUES");
    if (!execute(conn, &sql, by, &refusal)) {
        if (refusal.code == HG_SQL || refusal.code == HG_CONSTRAINT)
            return true;
        if (err != NULL)
            *err = refusal;
        return false;
    }
    hg_fail(err, HG_REFUSED, "the freeze does not hold: the table \"%s\" can still be written to",
            table);
    hg_error_hint(err, "Abort the run: the source's data cannot be relied on.");
    return false;
}

static bool verify_work(hg_conn *conn, void *context, hg_deadline by, hg_error *err)
{
    const char *run = context;
    struct freeze_state state;
    int64_t version = 0;
    tables list = VEC_INIT;
    bool ok = read_state(conn, by, &state, err) && refuse_other(&state, run, err)
              && (state.frozen || not_held(err, "the marker is gone"))
              && ask_number(conn, "PRAGMA main.schema_version", by, &version, err)
              && (version == state.schema_version || not_held(err, "the schema was changed"))
              && list_tables(conn, by, &list, err)
              && ((int)list.count == state.tables || not_held(err, "a table was added or dropped"))
              && (state.triggers == state.tables * EVENTS || not_held(err, "triggers are missing"));

    for (size_t i = 0; ok && i < list.count; i++)
        ok = prove_table(conn, list.items[i].name, by, err);
    VEC_RELEASE(&list);
    return ok;
}

bool freeze_verify(hg_pool *source, const char *run, hg_deadline by, hg_error *err)
{
    char kept[FREEZE_RUN_MAX];

    return on_connection(source, true, by, verify_work, text_copy(kept, sizeof kept, run), err);
}

/* Drops our triggers one by one: DROP TRIGGER takes no pattern. */
static bool drop_triggers(hg_conn *conn, hg_deadline by, hg_error *err)
{
    bool found = true;

    while (found) {
        struct buf sql = BUF_INIT(SQL_LIMIT);
        hg_rows *rows = NULL;

        if (!ask(conn,
                 "SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND substr(name, 1, "
                 "16) = '" PREFIX "' LIMIT 1",
                 by, &found, &rows, err))
            return false;
        buf_text(&sql, "DROP TRIGGER main.");
        quoted(&sql, found ? hg_rows_text(rows, 0) : "");
        hg_rows_close(rows);
        if (!found)
            buf_release(&sql);
        else if (!execute(conn, &sql, by, err))
            return false;
    }
    return true;
}

static bool thaw_work(hg_conn *conn, void *context, hg_deadline by, hg_error *err)
{
    const char *run = context;
    struct freeze_state state;

    return read_state(conn, by, &state, err) && refuse_other(&state, run, err)
           && drop_triggers(conn, by, err)
           && hg_conn_execute(conn, "DROP TABLE IF EXISTS main." MARKER, NULL, 0, by, NULL, err);
}

bool freeze_thaw(hg_pool *source, const char *run, hg_deadline by, hg_error *err)
{
    char kept[FREEZE_RUN_MAX];

    if (!on_connection(source, true, by, thaw_work, text_copy(kept, sizeof kept, run), err)) {
        hg_error_context(err, "could not thaw the source");
        return false;
    }
    return true;
}
