/*
 * ledger_script.c - what a step changes in the ledger, as statements without parameters that travel
 * with the migration's own. Pure.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "ledger.h"
#include "moment.h"

void ledger_literal(struct buf *out, const char *text)
{
    if (text == NULL) {
        buf_text(out, "NULL");
        return;
    }
    buf_text(out, "E'");
    while (*text != '\0') {
        size_t n = strcspn(text, "'\\");

        buf_bytes(out, text, n);
        text += n;
        if (*text == '\0')
            break;
        buf_char(out, *text);
        buf_char(out, *text++);
    }
    buf_char(out, '\'');
}

static void put_text(struct buf *out, const char *text)
{
    ledger_literal(out, text);
    buf_text(out, ", ");
}

static void put_number(struct buf *out, int64_t number)
{
    buf_printf(out, "%lld, ", (long long)number);
}

static void put_list(struct buf *out, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        ledger_literal(out, names[i]);
    }
}

/* The server adds the time that its last round trip has taken. */
#define ELAPSED "(pg_catalog.clock_timestamp() - pg_catalog.statement_timestamp())"

static void put_times(struct buf *out, const struct ledger_event *event)
{
    char started[MOMENT_SIZE];

    put_text(out, moment_text(event->started_ms, started));
    buf_printf(out,
               "pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.to_timestamp(%.3f) "
               "+ " ELAPSED "), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
               "%.3f + 1000 * pg_catalog.date_part('epoch', " ELAPSED "), ",
               (double)event->finished_ms / 1000, event->duration_ms);
}

/* What leaves alembic_version; one revision that takes another's place, which is nearly all there
 * is, in one go. */
static void put_move(struct buf *out, const struct ledger_place *place,
                     const struct ledger_change *change, bool swap)
{
    if (swap) {
        buf_printf(out, "WITH gone AS (UPDATE %s SET version_num = ", place->versions);
        ledger_literal(out, change->adds[0]);
        buf_text(out, " WHERE version_num = ");
        ledger_literal(out, change->removes[0]);
        buf_text(out, " RETURNING 1)\n");
    } else if (change->remove_count > 0) {
        buf_printf(out, "WITH gone AS (DELETE FROM %s WHERE version_num IN (", place->versions);
        put_list(out, change->removes, change->remove_count);
        buf_text(out, ") RETURNING 1)\n");
    }
}

/* outcome may not be null: where the rows that leave were not there, nothing can be written. */
static void put_outcome(struct buf *out, const struct ledger_event *event, size_t remove_count)
{
    if (remove_count > 0)
        buf_printf(out, "CASE (SELECT count(*) FROM gone) WHEN %zu THEN ", remove_count);
    ledger_literal(out, event->outcome);
    buf_text(out, remove_count > 0 ? " END, " : ", ");
}

/* What the last statement takes, the server adds. */
static void put_spent(struct buf *out, const struct spent *spent)
{
    ledger_literal(out, spent->head);
    if (spent->tail == NULL)
        return;
    buf_printf(out,
               " || pg_catalog.round((%.3f + 1000 * pg_catalog.date_part('epoch', " ELAPSED
               "))::pg_catalog.numeric, 3) || ",
               spent->open_ms);
    ledger_literal(out, spent->tail);
}

/* The columns that the history may not have, in their order. */
static void put_later(struct buf *out, const struct ledger_place *place,
                      const struct ledger_author *author, const struct ledger_event *event)
{
    if (place->later >= LEDGER_RELEASE) {
        buf_text(out, ", ");
        ledger_literal(out, author->release);
    }
    if (place->later >= LEDGER_WORK) {
        buf_text(out, ", ");
        ledger_literal(out, event->work);
    }
    if (place->later >= LEDGER_SPENT) {
        buf_text(out, ", ");
        put_spent(out, &event->spent);
    }
}

static void put_event(struct buf *out, const struct ledger_place *place,
                      const struct ledger_author *author, const struct ledger_event *event,
                      size_t remove_count)
{
    buf_printf(out,
               "INSERT INTO %s (outcome, revision, direction, file, message, revises, checksum, "
               "raw_checksum, down_section, statements, statements_done, started_at, finished_at, "
               "duration_ms, lock_wait_ms, retries, operator, os_user, host, headgate_version, "
               "backend_pid%s) VALUES (",
               place->history, ledger_later_names(place));
    put_outcome(out, event, remove_count);
    put_text(out, event->revision);
    put_text(out, event->direction);
    put_text(out, event->file);
    put_text(out, event->message);
    put_text(out, event->revises);
    put_text(out, event->checksum);
    put_text(out, event->raw_checksum);
    put_text(out, event->down_section);
    put_number(out, event->statements);
    put_number(out, event->statements_done);
    put_times(out, event);
    put_number(out, event->lock_wait_ms);
    put_number(out, event->retries);
    put_text(out, author->operator_name);
    put_text(out, author->os_user);
    put_text(out, author->host);
    put_text(out, hg_version());
    buf_printf(out, "%lld", (long long)author->backend_pid);
    put_later(out, place, author, event);
    buf_text(out, ");\n");
}

size_t ledger_script(struct buf *out, const struct ledger_place *place,
                     const struct ledger_author *author, const struct ledger_event *event,
                     const struct ledger_change *change)
{
    bool swap = change->remove_count == 1 && change->add_count == 1;
    size_t count = 1;

    put_move(out, place, change, swap);
    put_event(out, place, author, event, change->remove_count);
    for (size_t i = 0; !swap && i < change->add_count; i++, count++) {
        buf_printf(out, "INSERT INTO %s VALUES (", place->versions);
        ledger_literal(out, change->adds[i]);
        buf_text(out, ");\n");
    }
    if (change->mirror == NULL)
        return count;
    buf_printf(out,
               change->applied ? "INSERT INTO %s (version) VALUES ("
                               : "DELETE FROM %s WHERE version IN (",
               change->mirror);
    ledger_literal(out, change->mirrored);
    buf_text(out, change->applied ? ") ON CONFLICT DO NOTHING;\n" : ");\n");
    return count + 1;
}

void ledger_explain(hg_error *err)
{
    if (strcmp(err->sqlstate, "23502") != 0 && strcmp(err->sqlstate, "23505") != 0) {
        hg_error_context(err, "could not write the ledger");
        return;
    }
    err->sqlstate[0] = '\0';
    err->hint[0] = '\0';
    hg_fail(err, HG_DRIFT, "the version table was changed by somebody else meanwhile");
    hg_error_hint(err, "Look at headgate history, then run the command again.");
}
