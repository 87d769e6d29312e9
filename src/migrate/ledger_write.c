/*
 * ledger_write.c - what is written into the two tables, statement by statement. What travels with a
 * migration's own statements is in ledger_script.c.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "ledger.h"
#include "moment.h"

void ledger_author_init(struct ledger_author *author, const char *operator_name,
                        const char *release, const hg_conn *conn)
{
    struct passwd entry, *found = NULL;
    char room[4096];

    memset(author, 0, sizeof *author);
    author->backend_pid = hg_conn_backend_pid(conn);
    if (getpwuid_r(geteuid(), &entry, room, sizeof room, &found) == 0 && found != NULL)
        text_copy(author->os_user, sizeof author->os_user, entry.pw_name);
    else
        snprintf(author->os_user, sizeof author->os_user, "%ld", (long)geteuid());
    if (gethostname(author->host, sizeof author->host - 1) != 0)
        author->host[0] = '\0';
    text_copy(author->operator_name, sizeof author->operator_name,
              operator_name == NULL ? author->os_user : operator_name);
    text_copy(author->release, sizeof author->release, release == NULL ? "" : release);
}

static hg_value number_or_null(int64_t number)
{
    return number < 0 ? hg_null() : hg_integer(number);
}

static hg_value moment_or_null(int64_t wall_ms, char room[MOMENT_SIZE])
{
    return wall_ms == 0 ? hg_null() : hg_text(moment_text(wall_ms, room));
}

bool ledger_append(hg_conn *conn, const struct ledger_place *place,
                   const struct ledger_author *author, const struct ledger_event *event,
                   hg_deadline by, int64_t *out_id, hg_error *err)
{
    char started[MOMENT_SIZE], finished[MOMENT_SIZE], sql[1400];
    const hg_value values[] = {
        hg_text(event->revision),
        hg_text(event->direction),
        hg_text(event->outcome),
        hg_text(event->file),
        hg_text(event->message),
        hg_text(event->revises),
        hg_text(event->checksum),
        hg_text(event->raw_checksum),
        hg_text(event->down_section),
        hg_integer(event->statements),
        hg_integer(event->statements_done),
        number_or_null(event->statement_begun),
        hg_text(event->done_checksum),
        hg_text(moment_text(event->started_ms, started)),
        moment_or_null(event->finished_ms, finished),
        event->finished_ms == 0 ? hg_null() : hg_real(event->duration_ms),
        hg_integer(event->lock_wait_ms),
        hg_integer(event->retries),
        hg_text(author->operator_name),
        hg_text(author->os_user),
        hg_text(author->host),
        hg_text(hg_version()),
        hg_integer(author->backend_pid),
        hg_text(event->sqlstate),
        hg_text(event->error),
        hg_text(author->release),
        hg_text(event->work),
        hg_text(event->spent.head),
    };
    static const char *const later[LEDGER_LATER_COUNT + 1] = {"", ", $26", ", $26, $27",
                                                              ", $26, $27, $28"};
    size_t count = sizeof values / sizeof *values - (size_t)(LEDGER_LATER_COUNT - place->later);
    hg_rows *rows = NULL;
    bool ok;

    snprintf(sql, sizeof sql,
             "INSERT INTO %s (revision, direction, outcome, file, message, revises, checksum, "
             "raw_checksum, down_section, statements, statements_done, statement_begun, "
             "done_checksum, started_at, finished_at, duration_ms, lock_wait_ms, retries, "
             "operator, os_user, host, headgate_version, backend_pid, sqlstate, error%s) VALUES "
             "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
             "$19, $20, $21, $22, $23, $24, $25%s) RETURNING id",
             place->history, ledger_later_names(place), later[place->later]);
    ok = hg_conn_query(conn, sql, values, count, by, &rows, err)
         && hg_rows_next(rows, by, err) == HG_ROW;
    if (ok)
        *out_id = hg_rows_integer(rows, 0);
    ok = ok && hg_rows_next(rows, by, err) == HG_END;
    hg_rows_close(rows);
    if (!ok)
        hg_error_context(err, "could not write the history");
    return ok;
}

static bool update_event(hg_conn *conn, const struct ledger_place *place, const char *set,
                         const hg_value *values, size_t count, hg_deadline by, hg_error *err)
{
    char sql[1024];

    snprintf(sql, sizeof sql, "UPDATE %s SET %s WHERE id = $1 AND outcome = 'running'",
             place->history, set);
    if (hg_conn_execute(conn, sql, values, count, by, NULL, err))
        return true;
    hg_error_context(err, "could not write the history");
    return false;
}

bool ledger_progress(hg_conn *conn, const struct ledger_place *place, int64_t id,
                     const struct ledger_event *event, hg_deadline by, hg_error *err)
{
    const hg_value values[] = {
        hg_integer(id),
        hg_integer(event->statements_done),
        number_or_null(event->statement_begun),
        hg_text(event->done_checksum),
    };

    return update_event(conn, place,
                        "statements_done = $2, statement_begun = $3, done_checksum = $4", values,
                        sizeof values / sizeof *values, by, err);
}

bool ledger_end(hg_conn *conn, const struct ledger_place *place, int64_t id,
                const struct ledger_event *event, hg_deadline by, hg_error *err)
{
    char finished[MOMENT_SIZE];
    const hg_value values[] = {
        hg_integer(id),
        hg_text(event->outcome),
        moment_or_null(event->finished_ms, finished),
        hg_real(event->duration_ms),
        hg_integer(event->retries),
        hg_text(event->sqlstate),
        hg_text(event->error),
        hg_text(event->spent.head),
    };
    bool spent = place->later >= LEDGER_SPENT;

    return update_event(conn, place,
                        spent ? "outcome = $2, finished_at = $3, duration_ms = $4, retries = $5, "
                                "sqlstate = $6, error = $7, statement_begun = NULL, spent = $8"
                              : "outcome = $2, finished_at = $3, duration_ms = $4, retries = $5, "
                                "sqlstate = $6, error = $7, statement_begun = NULL",
                        values, sizeof values / sizeof *values - !spent, by, err);
}

static bool drifted(const char *what, const char *revision, hg_error *err)
{
    hg_fail(err, HG_DRIFT, "the version table was changed by somebody else: \"%s\" %s", revision,
            what);
    hg_error_hint(err, "Look at headgate history, then run the command again.");
    return false;
}

static bool add_current(hg_conn *conn, const struct ledger_place *place, const char *revision,
                        hg_deadline by, hg_error *err)
{
    const hg_value value = hg_text(revision);
    hg_error cause = {0};
    char sql[640];

    snprintf(sql, sizeof sql, "INSERT INTO %s (version_num) VALUES ($1)", place->versions);
    if (hg_conn_execute(conn, sql, &value, 1, by, NULL, &cause))
        return true;
    if (cause.code == HG_CONSTRAINT)
        return drifted("stands in it already", revision, err);
    if (err != NULL)
        *err = cause;
    return false;
}

bool ledger_move(hg_conn *conn, const struct ledger_place *place, const char *const *removes,
                 size_t remove_count, const char *const *adds, size_t add_count, hg_deadline by,
                 hg_error *err)
{
    char sql[640];

    snprintf(sql, sizeof sql, "DELETE FROM %s WHERE version_num = $1", place->versions);
    for (size_t i = 0; i < remove_count; i++) {
        const hg_value value = hg_text(removes[i]);
        int64_t gone = 0;

        if (!hg_conn_execute(conn, sql, &value, 1, by, &gone, err))
            return false;
        if (gone != 1)
            return drifted("is not in it any more", removes[i], err);
    }
    for (size_t i = 0; i < add_count; i++)
        if (!add_current(conn, place, adds[i], by, err))
            return false;
    return true;
}

/* A number that is there already, or gone already, is as it should be: the other tool was quicker.
 */
bool ledger_mirror(hg_conn *conn, const char *table, const char *version, bool applied,
                   hg_deadline by, hg_error *err)
{
    const hg_value value = hg_text(version);
    char sql[800];

    if (applied)
        snprintf(sql, sizeof sql, "INSERT INTO %s (version) VALUES ($1) ON CONFLICT DO NOTHING",
                 table);
    else
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE version = $1", table);
    return hg_conn_execute(conn, sql, &value, 1, by, NULL, err);
}
