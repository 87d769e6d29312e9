/*
 * ledger.c - what is applied, and its history.
 */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
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
    {"work", "TEXT"},
    {"spent", "TEXT"},
};

#define LATER_LIST "('release', 'work', 'spent')"
#define LATER_BITS(name) \
    "coalesce(sum(CASE " name " WHEN 'release' THEN 1 WHEN 'work' THEN 2 ELSE 4 END), 0)"

/* How many of them are there without a gap. */
static int count_later(int64_t bits)
{
    int count = 0;

    while (count < LEDGER_LATER_COUNT && (bits >> count & 1) != 0)
        count++;
    return count;
}

const char *ledger_later_names(const struct ledger_place *place)
{
    static const char *const names[LEDGER_LATER_COUNT + 1] = {"", ", release", ", release, work",
                                                              ", release, work, spent"};

    return names[place->later];
}

/* One row: the schema, whether each table is there, and which of the later columns. Look-ups one
 * by one: a new session of the server plans joins of four catalogs for longer than it looks. */
static const char locate_postgresql[] =
    "SELECT n, v IS NOT NULL, h IS NOT NULL,"
    " (SELECT " LATER_BITS(
        "attname") " FROM pg_catalog.pg_attribute WHERE attrelid = h"
                   " AND attname IN " LATER_LIST " AND NOT attisdropped)"
                   " FROM (SELECT v, n, pg_catalog.to_regclass("
                   "pg_catalog.quote_ident(n) || '.headgate_history')::oid AS h"
                   " FROM (SELECT v, coalesce((SELECT nspname FROM pg_catalog.pg_namespace"
                   " WHERE oid = (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = v)),"
                   " pg_catalog.current_schema()) AS n"
                   " FROM (SELECT pg_catalog.to_regclass('alembic_version')::oid AS v OFFSET 0) t"
                   " OFFSET 0) s OFFSET 0) l";

static const char locate_sqlite[] =
    "SELECT 'main', EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'),"
    " EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'headgate_history'),"
    " (SELECT " LATER_BITS(
        "name") " FROM pragma_table_info('headgate_history') WHERE name IN " LATER_LIST ")";

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
        place.later = count_later(hg_rows_integer(rows, 3));
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

/* The current schema; the version table by the search path and in that schema, the history there.
 * Nothing is joined or looked up in a catalog, which is most of the other question's cost. */
static const char locate_near[] =
    "SELECT pg_catalog.current_schema(), pg_catalog.to_regclass('alembic_version')::oid,"
    " pg_catalog.to_regclass("
    "pg_catalog.format('%I.alembic_version', pg_catalog.current_schema()))::oid,"
    " pg_catalog.to_regclass("
    "pg_catalog.format('%I.headgate_history', pg_catalog.current_schema()))::oid";

/* Finds them where they mostly are. *out_near false: look further. */
static bool look_near(hg_conn *conn, hg_deadline by, struct ledger_place *place, bool *out_near,
                      hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(conn, locate_near, NULL, 0, by, &rows, err)
              && hg_rows_next(rows, by, err) == HG_ROW;

    *out_near =
        ok && hg_rows_integer(rows, 1) != 0 && hg_rows_integer(rows, 1) == hg_rows_integer(rows, 2);
    if (*out_near) {
        place->has_versions = true;
        place->has_history = hg_rows_integer(rows, 3) != 0;
        ok = name_tables(place, hg_rows_text(rows, 0), err);
    }
    hg_rows_close(rows);
    if (!ok)
        hg_error_context(err, "could not look for the version table");
    return ok;
}

bool ledger_locate_to_read(hg_conn *conn, hg_deadline by, struct ledger_place *out_place,
                           hg_error *err)
{
    struct ledger_place place = {.driver = hg_conn_driver(conn)};
    bool near = false;

    if (place.driver == HG_POSTGRESQL && !look_near(conn, by, &place, &near, err))
        return false;
    if (!near)
        return ledger_locate(conn, by, out_place, err);
    *out_place = place;
    return true;
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
 * Both tables in one statement, which is one snapshot on either engine: the current revisions, and
 * the events that succeeded. Unsorted: that costs an engine more than the rest, for it moves every
 * column. What people are shown of an
 * event is read only for those who show it.
 */
static void read_sql(const struct ledger_place *place, enum ledger_depth depth, struct buf *sql)
{
    bool details = depth == LEDGER_DETAILS;

    buf_printf(sql, "SELECT 0, CAST(version_num AS TEXT), 0, '', '', '', '', 0, ''%s FROM %s",
               details ? ", '', '', -1.0, ''" : "", place->versions);
    if (!place->has_history)
        return;
    buf_printf(sql,
               " UNION ALL SELECT 1, revision, id, direction, revises, checksum, raw_checksum, "
               "CASE WHEN down_section IS NULL THEN 0 ELSE 1 END, message%s%s FROM %s "
               "WHERE outcome = 'ok'",
               details ? ", operator, finished_at, duration_ms" : "",
               !details                         ? ""
               : place->later >= LEDGER_RELEASE ? ", release"
                                                : ", ''",
               place->history);
}

struct reader {
    struct arena *arena;
    const struct ledger_wish *wish;
    size_t file; /* which the next event is of as a rule: they come in the order of the files */
    VEC(const char *) current;
    struct ledger_entry *entries; /* in the arena */
    size_t entry_count, entry_room;
    const char *mirror;
    int64_t mirror_sequence;
};

enum {
    ENTRIES_MORE = 64, /* events beyond one for each file, before there is no room */
    FILES_AHEAD = 8    /* that may have no event before the file of an event is given up */
};

static bool take_current(struct reader *r, hg_rows *rows)
{
    const char **name = VEC_PUSH(&r->current);

    return name != NULL && (*name = arena_text(r->arena, hg_rows_text(rows, 1))) != NULL;
}

/* Texts that rows share with each other, or with files, are kept once. */
static const char *shared(struct reader *r, const char *before, const char *text)
{
    return before != NULL && strcmp(before, text) == 0 ? before : arena_text(r->arena, text);
}

static struct ledger_entry *next_entry(struct reader *r)
{
    size_t room = r->entry_room == 0 ? r->wish->file_count + ENTRIES_MORE : 2 * r->entry_room;
    struct ledger_entry *entries;

    if (r->entry_count == r->entry_room) {
        entries = arena_alloc(r->arena, room, sizeof *entries);
        if (entries == NULL)
            return NULL;
        if (r->entry_count > 0)
            memcpy(entries, r->entries, r->entry_count * sizeof *entries);
        r->entries = entries;
        r->entry_room = room;
    }
    return &r->entries[r->entry_count++];
}

/* The file that an event tells of, if it is one of the next; otherwise one without texts. */
static const struct migration_file *file_of(struct reader *r, const char *revision)
{
    static const struct migration_file none;
    const struct ledger_wish *wish = r->wish;

    for (size_t i = r->file; i < wish->file_count && i < r->file + FILES_AHEAD; i++)
        if (strcmp(wish->files[i].revision, revision) == 0) {
            r->file = i + 1;
            return &wish->files[i];
        }
    return &none;
}

static bool take_details(struct reader *r, hg_rows *rows, const struct ledger_entry *before,
                         struct ledger_entry *entry)
{
    const hg_value duration = hg_rows_value(rows, 11);

    entry->operator_name =
        shared(r, before == NULL ? NULL : before->operator_name, hg_rows_text(rows, 9));
    entry->finished_ms = moment_parse(hg_rows_text(rows, 10));
    entry->duration_ms = duration.type == HG_REAL ? duration.as.real : -1;
    entry->release = shared(r, before == NULL ? NULL : before->release, hg_rows_text(rows, 12));
    return entry->operator_name != NULL && entry->release != NULL;
}

static bool take_event(struct reader *r, hg_rows *rows)
{
    const char *revision = hg_rows_text(rows, 1), *direction = hg_rows_text(rows, 3);
    const struct migration_file *file = file_of(r, revision);
    struct ledger_entry *entry = next_entry(r);
    const struct ledger_entry *before = r->entry_count < 2 ? NULL : entry - 1;

    if (entry == NULL)
        return false;
    *entry = (struct ledger_entry){
        .revision = shared(r, file->revision, revision),
        .sequence = hg_rows_integer(rows, 2),
        .stamped = strcmp(direction, "stamp") == 0,
        .revises = shared(r, before == NULL ? NULL : before->revision, hg_rows_text(rows, 4)),
        .checksum = shared(r, file->up.checksum, hg_rows_text(rows, 5)),
        .raw_checksum = shared(r, file->up.raw_checksum, hg_rows_text(rows, 6)),
        .keeps_down = hg_rows_integer(rows, 7) != 0,
        .message = shared(r, file->message, hg_rows_text(rows, 8)),
        .operator_name = "",
        .release = "",
        .duration_ms = -1};
    entry->applied = entry->stamped || strcmp(direction, "up") == 0;
    return entry->revision != NULL && entry->revises != NULL && entry->checksum != NULL
           && entry->raw_checksum != NULL && entry->message != NULL
           && (r->wish->depth < LEDGER_DETAILS || take_details(r, rows, before, entry));
}

/* An import's message is the table that is kept up to date. */
static bool take_mirror(struct reader *r, hg_rows *rows)
{
    int64_t sequence = hg_rows_integer(rows, 2);

    if (sequence < r->mirror_sequence)
        return true;
    r->mirror_sequence = sequence;
    r->mirror = arena_text(r->arena, hg_rows_text(rows, 8));
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

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_revision_and_time(const void *a, const void *b)
{
    const struct ledger_entry *x = a, *y = b;
    int order = strcmp(x->revision, y->revision);

    return order != 0 ? order : (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static bool is_sorted(const struct reader *r)
{
    for (size_t i = 1; i < r->entry_count; i++)
        if (by_revision_and_time(&r->entries[i - 1], &r->entries[i]) > 0)
            return false;
    return true;
}

/* Each revision once, as its last event says. */
static void sort(struct reader *r)
{
    struct ledger_entry *items = r->entries;
    size_t kept = 0;

    if (r->current.count > 1)
        qsort(r->current.items, r->current.count, sizeof *r->current.items, by_text);
    if (!is_sorted(r))
        qsort(items, r->entry_count, sizeof *items, by_revision_and_time);
    for (size_t i = 0; i < r->entry_count; i++) {
        kept -= kept > 0 && strcmp(items[kept - 1].revision, items[i].revision) == 0;
        items[kept++] = items[i];
    }
    r->entry_count = kept;
}

/* Moves what was gathered into the arena, as far as it is not there. */
static bool keep(struct reader *r, struct ledger *ledger)
{
    const char **current = arena_alloc(r->arena, r->current.count + 1, sizeof *current);

    if (current == NULL)
        return false;
    if (r->current.count > 0)
        memcpy(current, r->current.items, r->current.count * sizeof *current);
    ledger->current = current;
    ledger->current_count = r->current.count;
    ledger->entries = r->entries;
    ledger->entry_count = r->entry_count;
    ledger->mirror = r->mirror;
    return true;
}

bool ledger_read(hg_conn *conn, const struct ledger_place *place, const struct ledger_wish *wish,
                 struct arena *arena, hg_deadline by, struct ledger *out_ledger, hg_error *err)
{
    struct ledger ledger = {
        .exists = place->has_versions, .keeps_history = place->has_history, .mirror = ""};
    struct reader r = {.arena = arena, .wish = wish, .mirror = ""};
    struct buf sql = BUF_INIT(8192);
    hg_rows *rows = NULL;
    bool ok;

    if (!place->has_versions) {
        *out_ledger = ledger;
        return true;
    }
    read_sql(place, wish->depth, &sql);
    ok = hg_conn_query(conn, sql.bytes, NULL, 0, by, &rows, err) && take_rows(&r, rows, by, err);
    hg_rows_close(rows);
    sort(&r);
    ok = ok && (keep(&r, &ledger) || no_memory(err));
    if (ok)
        *out_ledger = ledger;
    else
        hg_error_context(err, "could not read the ledger");
    VEC_RELEASE(&r.current);
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
    "release TEXT, work TEXT, spent TEXT)";

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
        if (!place->has_history)
            place->later = LEDGER_LATER_COUNT;
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
    place->later = LEDGER_LATER_COUNT;
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
