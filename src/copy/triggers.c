/*
 * triggers.c - made, looked after, taken away.
 *
 * Nothing in a trigger can fail or be felt by a statement of the application: a row is added to a
 * table without keys of its own, whatever conflict clause the statement has; changes() and
 * last_insert_rowid() are as before. A row that REPLACE puts out of the way of another one, because
 * both are one in a UNIQUE index, is not noted: SQLite fires no trigger for it unless the
 * application wants recursive triggers. See strays.c.
 */
#include "triggers.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "base/buf.h"
#include "base/rand.h"
#include "digest.h"
#include "schema/names.h"

#define PREFIX "headgate_delta"

enum { SQL_MOST = 1 << 20, LOCK_WAIT_MS = 30000, SOON_MS = 60000, PRUNE_ROWS = 2000 };

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(SOON_MS);
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not make the triggers: out of memory");
}

/* --- what they are --- */

size_t triggers_key(const struct source_table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->column_count; i++)
        count += table->columns[i].key > 0;
    return count;
}

const struct source_column *triggers_key_column(const struct source_table *table, size_t i)
{
    for (int place = 1;; place++)
        for (size_t j = 0; j < table->column_count; j++)
            if (table->columns[j].key == place && i-- == 0)
                return &table->columns[j];
}

static bool add_part(struct trigger_plan *plan, const char *table, struct buf *sql, hg_error *err)
{
    struct trigger_part *part = buf_failed(sql) ? NULL : VEC_PUSH(&plan->parts);

    if (part == NULL)
        return no_memory(err);
    *part = (struct trigger_part){arena_text(&plan->arena, table),
                                  arena_text(&plan->arena, sql->bytes)};
    buf_truncate(sql, 0);
    return (part->table != NULL && part->sql != NULL) || no_memory(err);
}

/* The key of the row as it was or is, in front of each column "old." or "new.". */
static void put_key(struct buf *sql, const struct source_table *table, const char *row)
{
    for (size_t i = 0; i < triggers_key(table); i++) {
        buf_printf(sql, ", %s.", row);
        name_put(sql, triggers_key_column(table, i)->name);
    }
}

/* The key that a row is called by becomes another one: also when both are the same to the column's
 * collation, or 1 and 1.0. */
static void put_moved(struct buf *sql, const struct source_table *table)
{
    buf_text(sql, " WHEN ");
    for (size_t i = 0; i < triggers_key(table); i++) {
        struct buf name = BUF_INIT(SQL_MOST);

        name_put(&name, triggers_key_column(table, i)->name);
        buf_printf(sql, "%sold.%s IS NOT new.%s COLLATE BINARY OR typeof(old.%s) <> typeof(new.%s)",
                   i == 0 ? "" : " OR ", name.bytes, name.bytes, name.bytes, name.bytes);
        buf_release(&name);
    }
}

static const struct trigger {
    const char *name, *event, *row;
    bool moved; /* only when the key becomes another one */
} triggers[] = {
    {"insert", "INSERT", "new", false},
    {"update", "UPDATE", "new", false},
    {"moved", "UPDATE", "old", true},
    {"delete", "DELETE", "old", false},
};

static bool plan_trigger(const struct source_table *table, const struct trigger *trigger,
                         struct trigger_plan *out, hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_MOST), name = BUF_INIT(SQL_MOST);
    size_t keys = triggers_key(table);
    bool ok;

    buf_printf(&name, PREFIX "_%s_%s", trigger->name, table->name);
    buf_text(&sql, "CREATE TRIGGER ");
    name_put(&sql, name.bytes);
    buf_printf(&sql, " AFTER %s ON ", trigger->event);
    name_put(&sql, table->name);
    if (trigger->moved)
        put_moved(&sql, table);
    buf_text(&sql, " BEGIN INSERT INTO " PREFIX " (tab");
    for (size_t i = 0; i < keys; i++)
        buf_printf(&sql, ", key%zu", i + 1);
    buf_text(&sql, ") VALUES (");
    literal_put(&sql, table->name);
    put_key(&sql, table, trigger->row);
    buf_text(&sql, "); END");
    ok = !buf_failed(&name) && add_part(out, table->name, &sql, err);
    buf_release(&name);
    buf_release(&sql);
    return ok;
}

static bool plan_table(const struct source_table *table, struct trigger_plan *out, hg_error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < sizeof triggers / sizeof *triggers; i++)
        ok = (triggers[i].moved && triggers_key(table) == 0)
             || plan_trigger(table, &triggers[i], out, err);
    return ok;
}

static bool is_noted(const struct mapping_wish *wish, const struct source_table *table)
{
    return !table->virtual && mapping_wants(wish, table->name);
}

/* The keys have no type, so that each is kept as it is. */
static bool plan_log(const struct source *source, const struct mapping_wish *wish, const char *name,
                     const char *follower, struct trigger_plan *out, hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_MOST);
    size_t keys = 1;
    bool ok;

    for (size_t i = 0; i < source->table_count; i++)
        if (is_noted(wish, &source->tables[i]) && triggers_key(&source->tables[i]) > keys)
            keys = triggers_key(&source->tables[i]);
    buf_text(&sql, "CREATE TABLE " PREFIX " (seq INTEGER PRIMARY KEY, tab");
    for (size_t i = 1; i <= keys; i++)
        buf_printf(&sql, ", key%zu", i);
    buf_char(&sql, ')');
    ok = add_part(out, PREFIX, &sql, err);
    buf_printf(&sql, "INSERT INTO " PREFIX " (seq, tab, key1) VALUES (1, '%s', ", name);
    literal_put(&sql, follower);
    buf_char(&sql, ')');
    ok = ok && add_part(out, PREFIX, &sql, err);
    buf_release(&sql);
    return ok;
}

bool triggers_plan(const struct source *source, const struct mapping_wish *wish, const char *name,
                   const char *follower, struct trigger_plan *out, hg_error *err)
{
    bool ok = plan_log(source, wish, name, follower, out, err);

    for (size_t i = 0; ok && i < source->table_count; i++)
        ok = !is_noted(wish, &source->tables[i]) || plan_table(&source->tables[i], out, err);
    return ok;
}

void triggers_plan_release(struct trigger_plan *plan)
{
    VEC_RELEASE(&plan->parts);
    arena_release(&plan->arena);
    *plan = (struct trigger_plan){.arena = ARENA_INIT};
}

/* --- who writes --- */

bool triggers_open(hg_pool *source, struct trigger_writer *out, hg_error *err)
{
    const hg_pool_options options = {.name = "triggers",
                                     .role = "copy",
                                     .settings = hg_pool_settings_for_tool((hg_pool_settings){
                                         .size = 1,
                                         .timeout_ms = LOCK_WAIT_MS,
                                         .recycle_ms = -1,
                                         .connect_timeout_ms = LOCK_WAIT_MS,
                                         .lock_timeout_ms = LOCK_WAIT_MS,
                                     })};
    struct trigger_writer writer = {NULL, NULL};

    if (hg_pool_open(hg_pool_url(source), &options, &writer.pool, err)
        && hg_pool_checkout(writer.pool, "copy", hg_pool_deadline(writer.pool), &writer.conn,
                            err)) {
        *out = writer;
        return true;
    }
    triggers_close(&writer);
    return false;
}

void triggers_close(struct trigger_writer *writer)
{
    if (writer->conn != NULL)
        hg_pool_return(writer->pool, writer->conn);
    if (writer->pool != NULL)
        hg_pool_close(writer->pool, hg_deadline_in_ms(200));
    *writer = (struct trigger_writer){NULL, NULL};
}

static bool execute(hg_conn *conn, const char *sql, hg_error *err)
{
    return hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, err);
}

/* All statements, or none of them. */
static bool run_parts(hg_conn *conn, const struct trigger_plan *plan, hg_error *err)
{
    const struct trigger_part *part;

    VEC_EACH (&plan->parts, part)
        if (!execute(conn, part->sql, err))
            return false;
    return true;
}

/* --- what is there --- */

struct log_head {
    bool found;
    char name[DELTA_NAME + 1];
    struct buf follower;
};

static bool take_head(void *context, hg_rows *rows, hg_error *err)
{
    struct log_head *head = context;

    head->found = true;
    snprintf(head->name, sizeof head->name, "%s", hg_rows_text(rows, 0));
    buf_text(&head->follower, hg_rows_text(rows, 1));
    return !buf_failed(&head->follower) || no_memory(err);
}

/* The caller releases head->follower, also on failure. */
static bool read_head(hg_conn *conn, struct log_head *head, hg_error *err)
{
    int64_t there = 0;

    *head = (struct log_head){.follower = BUF_INIT(1 << 16)};
    return ask_integer(conn,
                       "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = "
                       "'" PREFIX "'",
                       NULL, 0, soon(), &there, err)
           && (there == 0
               || ask_rows(conn, "SELECT tab, key1 FROM " PREFIX " WHERE seq = 1", NULL, 0,
                           take_head, head, soon(), err));
}

bool triggers_version(hg_conn *conn, int64_t *out, hg_error *err)
{
    return ask_integer(conn, "PRAGMA schema_version", NULL, 0, soon(), out, err);
}

static bool add_schema(void *context, hg_rows *rows, hg_error *err)
{
    const char *text = hg_rows_text(rows, 0);

    (void)err;
    digest_row(context, text, strlen(text));
    return true;
}

/* Of everything that somebody has made, and of the triggers. */
static bool digest_schema(hg_conn *conn, char out[33], hg_error *err)
{
    struct digest digest = {0};

    if (!ask_rows(conn,
                  "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema WHERE "
                  "name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' AND (name GLOB '" PREFIX
                  "*' OR name NOT GLOB 'headgate_*')",
                  NULL, 0, add_schema, &digest, soon(), err))
        return false;
    digest_text(&digest, out);
    return true;
}

/* --- installing --- */

static bool take_made(void *context, hg_rows *rows, hg_error *err)
{
    struct trigger_plan *plan = context;
    struct buf sql = BUF_INIT(SQL_MOST);
    bool ok;

    buf_printf(&sql, "DROP %s ", strcmp(hg_rows_text(rows, 0), "table") == 0 ? "TABLE" : "TRIGGER");
    name_put(&sql, hg_rows_text(rows, 1));
    ok = add_part(plan, hg_rows_text(rows, 2), &sql, err);
    buf_release(&sql);
    return ok;
}

/* The triggers before what they write into. */
static bool plan_removal(hg_conn *conn, struct trigger_plan *out, hg_error *err)
{
    return ask_rows(conn,
                    "SELECT type, name, tbl_name FROM sqlite_schema WHERE (type = 'trigger' AND "
                    "name GLOB '" PREFIX "_*') OR (type = 'table' AND name = '" PREFIX
                    "') ORDER BY type DESC, tbl_name, name",
                    NULL, 0, take_made, out, soon(), err);
}

static bool drop_all(hg_conn *conn, struct trigger_plan *out, hg_error *err)
{
    return plan_removal(conn, out, err) && run_parts(conn, out, err);
}

/* What a copy for the same follower has left that was killed goes; everybody else's stays. */
static bool make_room(hg_conn *conn, const char *follower, const char *held, hg_error *err)
{
    struct trigger_plan gone = {.arena = ARENA_INIT};
    struct log_head head;
    bool ok = read_head(conn, &head, err);

    if (ok && head.found && strcmp(head.name, held) == 0) {
        ok = hg_fail(err, HG_REFUSED, "the target follows the source by triggers already");
        hg_error_hint(err, "Bring it on with --catch-up; or take the triggers away with "
                           "headgate copy --remove-triggers, empty the target and copy anew.");
    } else if (ok && head.found && strcmp(head.follower.bytes, follower) != 0) {
        ok = hg_fail(err, HG_REFUSED, "the source has triggers of headgate's already, for %s",
                     head.follower.bytes);
        hg_error_hint(err, "One target at a time can follow. If that one does no more, take them "
                           "away with headgate copy --remove-triggers.");
    } else if (ok) {
        ok = drop_all(conn, &gone, err);
    }
    triggers_plan_release(&gone);
    buf_release(&head.follower);
    return ok;
}

/* In a transaction that holds the write lock, so that the schema stays as it is read. */
static bool install(hg_conn *conn, const struct mapping_wish *wish, const char *follower,
                    const char *held, struct delta *delta, struct trigger_plan *plan, hg_error *err)
{
    struct source source = {.arena = ARENA_INIT};
    bool ok = execute(conn, "BEGIN IMMEDIATE", err) && make_room(conn, follower, held, err)
              && source_read(conn, soon(), &source, err)
              && triggers_plan(&source, wish, delta->name, follower, plan, err)
              && run_parts(conn, plan, err) && digest_schema(conn, delta->schema, err)
              && triggers_version(conn, &delta->version, err) && execute(conn, "COMMIT", err);

    source_release(&source);
    if (!ok)
        (void)hg_conn_rollback(conn, soon(), NULL);
    return ok;
}

bool triggers_install(struct trigger_writer *writer, const struct mapping_wish *wish,
                      const char *follower, const char *held, struct delta *out,
                      struct trigger_plan *out_plan, hg_error *err)
{
    struct delta delta = {.position = 0};

    rand_hex(delta.name, DELTA_NAME);
    if (!install(writer->conn, wish, follower, held, &delta, out_plan, err)) {
        hg_error_context(err, "could not install triggers in the source");
        return false;
    }
    *out = delta;
    return true;
}

static bool remove_log(hg_conn *conn, const char *name, struct trigger_plan *out, hg_error *err)
{
    struct log_head head;
    bool ok = execute(conn, "BEGIN IMMEDIATE", err) && read_head(conn, &head, err);

    if (ok) {
        if (name == NULL || (head.found && strcmp(head.name, name) == 0))
            ok = drop_all(conn, out, err);
        buf_release(&head.follower);
    }
    ok = ok && execute(conn, "COMMIT", err);
    if (!ok)
        (void)hg_conn_rollback(conn, soon(), NULL);
    return ok;
}

bool triggers_remove(struct trigger_writer *writer, const char *name, struct trigger_plan *out_plan,
                     hg_error *err)
{
    if (remove_log(writer->conn, name, out_plan, err))
        return true;
    hg_error_context(err, "could not take the triggers away from the source");
    hg_error_hint(err, "headgate copy --sqlite PATH --remove-triggers does it later.");
    return false;
}

/* --- later --- */

static bool fail_log(hg_error *err, const char *what)
{
    hg_fail(err, HG_FAILED, "%s", what);
    hg_error_hint(err, "What changed since cannot be known for sure. Take the triggers away with "
                       "headgate copy --remove-triggers, empty the target, bring its schema up to "
                       "date, and copy anew.");
    return false;
}

static bool check_head(hg_conn *conn, const struct delta *delta, hg_error *err)
{
    struct log_head head;
    bool ok = read_head(conn, &head, err);

    if (ok && !head.found)
        ok = fail_log(err, "the source has no log of its changes any more");
    else if (ok && strcmp(head.name, delta->name) != 0)
        ok = fail_log(err, "the source's log of changes is another one, for another target");
    buf_release(&head.follower);
    return ok;
}

static bool check_schema(hg_conn *conn, const struct delta *delta, hg_error *err)
{
    char now[33];

    if (!digest_schema(conn, now, err))
        return false;
    return strcmp(now, delta->schema) == 0
           || fail_log(err, "the source's schema has changed since it was copied, or triggers of "
                            "headgate's are gone from it");
}

/* The row at the position stays as long as somebody lives by it. */
static bool check_position(hg_conn *conn, const struct delta *delta, hg_error *err)
{
    hg_value position = hg_integer(delta->position);
    int64_t there = 0;

    if (!ask_integer(conn, "SELECT count(*) FROM " PREFIX " WHERE seq = $1", &position, 1, soon(),
                     &there, err))
        return false;
    return there > 0 || fail_log(err, "rows of the source's log of changes are gone");
}

bool triggers_check(hg_conn *conn, const struct delta *delta, bool *out_touched, hg_error *err)
{
    int64_t version = 0;

    if (!check_head(conn, delta, err) || !check_schema(conn, delta, err)
        || !check_position(conn, delta, err) || !triggers_version(conn, &version, err))
        return false;
    *out_touched = version != delta->version;
    return true;
}

bool triggers_prune(struct trigger_writer *writer, int64_t position, hg_error *err)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    hg_value before[] = {hg_integer(position), hg_integer(PRUNE_ROWS)};
    int64_t gone = PRUNE_ROWS;

    while (gone == PRUNE_ROWS) {
        if (!hg_conn_execute(writer->conn,
                             "DELETE FROM " PREFIX " WHERE seq IN (SELECT seq FROM " PREFIX
                             " WHERE seq > 1 AND seq < $1 ORDER BY seq LIMIT $2)",
                             before, 2, soon(), &gone, err))
            return false;
        if (gone == PRUNE_ROWS)
            nanosleep(&pause, NULL); /* lets those who wait come in between */
    }
    return true;
}
