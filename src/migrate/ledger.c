/*
 * ledger.c - what is applied, and its history.
 */
#include "ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/vec.h"
#include "moment.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the ledger: out of memory");
}

/* --- where --- */

/* Columns that histories made by earlier versions do not have. */
static const struct column {
    const char *name, *type;
} later[LEDGER_LATER_COUNT] = {
    {"release", "TEXT"},
};

#define LATER_LIST "('release')"

/* One row: the schema, whether each table is there, and how many of the later columns. */
static const char locate_postgresql[] =
    "SELECT coalesce(n.nspname, pg_catalog.current_schema()), v.oid IS NOT NULL, h.oid IS NOT NULL,"
    " (SELECT count(*) FROM pg_catalog.pg_attribute WHERE attrelid = h.oid"
    " AND attname IN " LATER_LIST " AND NOT attisdropped)"
    " FROM (SELECT pg_catalog.to_regclass('alembic_version')::oid AS oid) v"
    " LEFT JOIN pg_catalog.pg_class c ON c.oid = v.oid"
    " LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN (SELECT k.oid, s.nspname FROM pg_catalog.pg_class k"
    " JOIN pg_catalog.pg_namespace s ON s.oid = k.relnamespace"
    " WHERE k.relname = 'headgate_history') h"
    " ON h.nspname = coalesce(n.nspname, pg_catalog.current_schema())";

static const char locate_sqlite[] =
    "SELECT 'main', EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'),"
    " EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'headgate_history'),"
    " (SELECT count(*) FROM pragma_table_info('headgate_history') WHERE name IN " LATER_LIST ")";

static bool name_tables(struct ledger_place *place, const char *schema, hg_error *err)
{
    char quoted[528];

    if (schema[0] == '\0') {
        hg_fail(err, HG_CONFIG, "no schema of the search_path exists");
        hg_error_hint(err, "Create the schema, or set search_path for the role or the database.");
        return false;
    }
    if (hg_quote_identifier(schema, quoted, sizeof quoted) >= sizeof quoted
        || strlen(schema) >= sizeof place->schema)
        return hg_fail(err, HG_UNSUPPORTED, "the name of schema \"%s\" is too long", schema);
    text_copy(place->schema, sizeof place->schema, schema);
    snprintf(place->versions, sizeof place->versions, "%s.alembic_version", quoted);
    snprintf(place->history, sizeof place->history, "%s.headgate_history", quoted);
    return true;
}

bool ledger_locate(hg_conn *conn, hg_deadline by, struct ledger_place *out_place, hg_error *err)
{
    struct ledger_place place = {.driver = hg_conn_driver(conn)};
    bool postgresql = place.driver == HG_POSTGRESQL;
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(conn, postgresql ? locate_postgresql : locate_sqlite, NULL, 0, by,
                            &rows, err);

    if (ok && hg_rows_next(rows, by, err) == HG_ROW) {
        place.has_versions = hg_rows_integer(rows, 1) != 0;
        place.has_history = hg_rows_integer(rows, 2) != 0;
        place.complete = hg_rows_integer(rows, 3) == LEDGER_LATER_COUNT;
        ok = name_tables(&place, hg_rows_text(rows, 0), err);
    } else {
        ok = false;
    }
    hg_rows_close(rows);
    if (ok)
        *out_place = place;
    else
        hg_error_context(err, "could not look for the version table");
    return ok;
}

/* What dbmate and golang-migrate, goose, and Flyway call theirs. */
#define FOREIGN "('schema_migrations', 'goose_db_version', 'flyway_schema_history')"

bool ledger_foreign(hg_conn *conn, const struct ledger_place *place, hg_deadline by, char *out,
                    size_t size, hg_error *err)
{
    bool postgresql = place->driver == HG_POSTGRESQL;
    const hg_value schema = hg_text(place->schema);
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    out[0] = '\0';
    if (hg_conn_query(conn,
                      postgresql
                          ? "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = $1"
                            " AND tablename IN " FOREIGN " ORDER BY 1 LIMIT 1"
                          : "SELECT name FROM sqlite_master WHERE type = 'table'"
                            " AND name IN " FOREIGN " ORDER BY 1 LIMIT 1",
                      &schema, postgresql ? 1 : 0, by, &rows, err))
        step = hg_rows_next(rows, by, err);
    if (step == HG_ROW)
        text_copy(out, size, hg_rows_text(rows, 0));
    hg_rows_close(rows);
    return step != HG_ERROR;
}

/* --- reading --- */

/*
 * Both tables in one statement, which is one snapshot on either engine: first the current
 * revisions, then the events that succeeded, by revision and time.
 */
static void read_sql(const struct ledger_place *place, struct buf *sql)
{
    const char *binary = place->driver == HG_POSTGRESQL ? "\"C\"" : "BINARY";

    buf_printf(sql,
               "SELECT * FROM (SELECT 0 AS event, CAST(version_num AS TEXT) AS revision, "
               "0 AS id, '' AS direction, '' AS revises, '' AS checksum, '' AS message, "
               "'' AS operator, '' AS finished_at, -1.0 AS duration_ms, 0 AS kept, "
               "'' AS raw_checksum, '' AS release FROM %s",
               place->versions);
    if (place->has_history)
        buf_printf(sql,
                   " UNION ALL SELECT 1, revision, id, direction, coalesce(revises, ''), "
                   "coalesce(checksum, ''), coalesce(message, ''), coalesce(operator, ''), "
                   "coalesce(finished_at, ''), coalesce(duration_ms, -1.0), "
                   "CASE WHEN down_section IS NULL THEN 0 ELSE 1 END, coalesce(raw_checksum, ''), "
                   "%s FROM %s "
                   "WHERE outcome = 'ok'",
                   place->complete ? "coalesce(release, '')" : "''", place->history);
    buf_printf(sql, ") AS ledger ORDER BY event, revision COLLATE %s, id", binary);
}

struct reader {
    struct arena *arena;
    VEC(const char *) current;
    VEC(struct ledger_entry) entries;
    const char *mirror;
};

static bool take_current(struct reader *r, hg_rows *rows)
{
    const char **name = VEC_PUSH(&r->current);

    return name != NULL && (*name = arena_text(r->arena, hg_rows_text(rows, 1))) != NULL;
}

/* A later event of the same revision takes the place of the one before. */
static bool take_event(struct reader *r, hg_rows *rows)
{
    const hg_value duration = hg_rows_value(rows, 9);
    const char *revision = hg_rows_text(rows, 1), *direction = hg_rows_text(rows, 3);
    struct ledger_entry *entry =
        r->entries.count == 0 ? NULL : &r->entries.items[r->entries.count - 1];

    if (entry == NULL || strcmp(entry->revision, revision) != 0) {
        entry = VEC_PUSH(&r->entries);
        if (entry == NULL || (entry->revision = arena_text(r->arena, revision)) == NULL)
            return false;
    }
    entry->stamped = strcmp(direction, "stamp") == 0;
    entry->applied = entry->stamped || strcmp(direction, "up") == 0;
    entry->sequence = hg_rows_integer(rows, 2);
    entry->revises = arena_text(r->arena, hg_rows_text(rows, 4));
    entry->checksum = arena_text(r->arena, hg_rows_text(rows, 5));
    entry->message = arena_text(r->arena, hg_rows_text(rows, 6));
    entry->operator_name = arena_text(r->arena, hg_rows_text(rows, 7));
    entry->finished_ms = moment_parse(hg_rows_text(rows, 8));
    entry->duration_ms = duration.type == HG_REAL ? duration.as.real : -1;
    entry->keeps_down = hg_rows_integer(rows, 10) != 0;
    entry->raw_checksum = arena_text(r->arena, hg_rows_text(rows, 11));
    entry->release = arena_text(r->arena, hg_rows_text(rows, 12));
    return entry->revises != NULL && entry->checksum != NULL && entry->message != NULL
           && entry->operator_name != NULL && entry->raw_checksum != NULL && entry->release != NULL;
}

/* An import's message is the table that is kept up to date. */
static bool take_mirror(struct reader *r, hg_rows *rows)
{
    r->mirror = arena_text(r->arena, hg_rows_text(rows, 6));
    return r->mirror != NULL;
}

static bool take_rows(struct reader *r, hg_rows *rows, hg_deadline by, hg_error *err)
{
    hg_step step;

    while ((step = hg_rows_next(rows, by, err)) == HG_ROW) {
        bool event = hg_rows_integer(rows, 0) != 0;

        bool mirror = event && strcmp(hg_rows_text(rows, 3), "import") == 0;

        if (mirror ? !take_mirror(r, rows)
                   : (event ? !take_event(r, rows) : !take_current(r, rows)))
            return no_memory(err);
    }
    return step == HG_END;
}

/* Moves what was gathered into the arena. */
static bool keep(struct reader *r, struct ledger *ledger)
{
    const char **current = arena_alloc(r->arena, r->current.count + 1, sizeof *current);
    struct ledger_entry *entries = arena_alloc(r->arena, r->entries.count + 1, sizeof *entries);

    if (current == NULL || entries == NULL)
        return false;
    if (r->current.count > 0)
        memcpy(current, r->current.items, r->current.count * sizeof *current);
    if (r->entries.count > 0)
        memcpy(entries, r->entries.items, r->entries.count * sizeof *entries);
    ledger->current = current;
    ledger->current_count = r->current.count;
    ledger->entries = entries;
    ledger->entry_count = r->entries.count;
    ledger->mirror = r->mirror;
    return true;
}

bool ledger_read(hg_conn *conn, const struct ledger_place *place, struct arena *arena,
                 hg_deadline by, struct ledger *out_ledger, hg_error *err)
{
    struct ledger ledger = {
        .exists = place->has_versions, .keeps_history = place->has_history, .mirror = ""};
    struct reader r = {.arena = arena, .mirror = ""};
    struct buf sql = BUF_INIT(8192);
    hg_rows *rows = NULL;
    bool ok;

    if (!place->has_versions) {
        *out_ledger = ledger;
        return true;
    }
    read_sql(place, &sql);
    ok = hg_conn_query(conn, sql.bytes, NULL, 0, by, &rows, err) && take_rows(&r, rows, by, err);
    hg_rows_close(rows);
    ok = ok && (keep(&r, &ledger) || no_memory(err));
    if (ok)
        *out_ledger = ledger;
    else
        hg_error_context(err, "could not read the ledger");
    VEC_RELEASE(&r.current);
    VEC_RELEASE(&r.entries);
    buf_release(&sql);
    return ok;
}

/* --- making --- */

/* As Alembic makes it. */
static const char create_versions[] =
    "CREATE TABLE IF NOT EXISTS %s (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))";

static const char create_history[] =
    "CREATE TABLE IF NOT EXISTS %s ("
    "id %s, revision VARCHAR(32) NOT NULL, direction VARCHAR(8) NOT NULL, "
    "outcome VARCHAR(12) NOT NULL, file TEXT, message TEXT, revises TEXT, checksum VARCHAR(64), "
    "raw_checksum VARCHAR(64), down_section TEXT, statements INTEGER NOT NULL, "
    "statements_done INTEGER NOT NULL, statement_begun INTEGER, done_checksum VARCHAR(64), "
    "started_at VARCHAR(32) NOT NULL, finished_at VARCHAR(32), duration_ms DOUBLE PRECISION, "
    "lock_wait_ms BIGINT, retries INTEGER, operator TEXT, os_user TEXT, host TEXT, "
    "headgate_version VARCHAR(32) NOT NULL, backend_pid BIGINT, sqlstate VARCHAR(5), error TEXT, "
    "release TEXT)";

bool ledger_create(hg_conn *conn, struct ledger_place *place, hg_deadline by, hg_error *err)
{
    const char *id = place->driver == HG_POSTGRESQL
                         ? "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
                         : "INTEGER PRIMARY KEY";
    char versions[1024], history[2048];

    snprintf(versions, sizeof versions, create_versions, place->versions);
    snprintf(history, sizeof history, create_history, place->history, id);
    if ((place->has_versions || hg_conn_execute(conn, versions, NULL, 0, by, NULL, err))
        && (place->has_history || hg_conn_execute(conn, history, NULL, 0, by, NULL, err))) {
        place->complete = place->complete || !place->has_history;
        place->has_versions = place->has_history = true;
        return true;
    }
    hg_error_context(err, "could not make the version tables");
    return false;
}

/* Whether the history has a column; SQLite, which cannot add one only when it is missing. */
static bool has_column(hg_conn *conn, const char *name, hg_deadline by, bool *out, hg_error *err)
{
    const hg_value value = hg_text(name);
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(conn,
                            "SELECT count(*) FROM pragma_table_info('headgate_history')"
                            " WHERE name = $1",
                            &value, 1, by, &rows, err)
              && hg_rows_next(rows, by, err) == HG_ROW;

    if (ok)
        *out = hg_rows_integer(rows, 0) != 0;
    hg_rows_close(rows);
    return ok;
}

bool ledger_extend(hg_conn *conn, struct ledger_place *place, hg_deadline by, hg_error *err)
{
    bool postgresql = place->driver == HG_POSTGRESQL;
    char sql[800];

    for (size_t i = 0; i < LEDGER_LATER_COUNT; i++) {
        bool there = false;

        if (!postgresql && !has_column(conn, later[i].name, by, &there, err))
            return false;
        snprintf(sql, sizeof sql, "ALTER TABLE %s ADD COLUMN %s%s %s", place->history,
                 postgresql ? "IF NOT EXISTS " : "", later[i].name, later[i].type);
        if (!there && !hg_conn_execute(conn, sql, NULL, 0, by, NULL, err))
            return false;
    }
    place->complete = true;
    return true;
}

/* --- looking back --- */

bool ledger_last(hg_conn *conn, const struct ledger_place *place, const char *revision,
                 hg_deadline by, struct ledger_last *out_last, hg_error *err)
{
    const hg_value value = hg_text(revision);
    struct ledger_last last = {0};
    hg_rows *rows = NULL;
    char sql[1024];
    hg_step step = HG_ERROR;

    snprintf(sql, sizeof sql,
             "SELECT id, direction, outcome, statements_done, coalesce(statement_begun, -1), "
             "coalesce(done_checksum, '') FROM %s WHERE revision = $1 ORDER BY id DESC LIMIT 1",
             place->history);
    if (hg_conn_query(conn, sql, &value, 1, by, &rows, err))
        step = hg_rows_next(rows, by, err);
    if (step == HG_ROW) {
        last.id = hg_rows_integer(rows, 0);
        text_copy(last.direction, sizeof last.direction, hg_rows_text(rows, 1));
        text_copy(last.outcome, sizeof last.outcome, hg_rows_text(rows, 2));
        last.statements_done = hg_rows_integer(rows, 3);
        last.statement_begun = hg_rows_integer(rows, 4);
        text_copy(last.done_checksum, sizeof last.done_checksum, hg_rows_text(rows, 5));
    }
    hg_rows_close(rows);
    if (step != HG_ERROR)
        *out_last = last;
    return step != HG_ERROR;
}

bool ledger_down_section(hg_conn *conn, const struct ledger_place *place, const char *revision,
                         struct arena *arena, hg_deadline by, const char **out_text,
                         size_t *out_size, hg_error *err)
{
    const hg_value value = hg_text(revision);
    hg_rows *rows = NULL;
    char sql[1024];
    bool ok;

    snprintf(sql, sizeof sql,
             "SELECT down_section FROM %s WHERE revision = $1 AND outcome = 'ok' AND "
             "direction IN ('up', 'stamp') ORDER BY id DESC LIMIT 1",
             place->history);
    ok = hg_conn_query(conn, sql, &value, 1, by, &rows, err)
         && hg_rows_next(rows, by, err) == HG_ROW;
    if (ok) {
        const char *text = hg_rows_text(rows, 0);

        *out_size = strlen(text);
        *out_text = arena_text_n(arena, text, *out_size);
        ok = *out_text != NULL || no_memory(err);
    }
    hg_rows_close(rows);
    return ok;
}
