/*
 * events.c - what the history says event by event.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/vec.h"
#include "ledger.h"
#include "moment.h"

struct events {
    hg_events public; /* comes first */
    struct arena arena;
    VEC(hg_migration_event) items;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the history: out of memory");
}

static const char columns[] =
    "id, revision, direction, outcome, coalesce(file, ''), coalesce(started_at, ''),"
    " coalesce(finished_at, ''), coalesce(duration_ms, -1.0), coalesce(lock_wait_ms, 0),"
    " coalesce(retries, 0), statements, statements_done, coalesce(operator, ''),"
    " coalesce(os_user, ''), coalesce(host, ''), headgate_version, coalesce(backend_pid, 0),"
    " coalesce(sqlstate, ''), coalesce(error, ''), ";

static const char *text_at(struct events *e, hg_rows *rows, size_t column)
{
    return arena_text(&e->arena, hg_rows_text(rows, column));
}

static size_t count_spent(const char *text)
{
    struct spent_line line;
    size_t count = 0;

    while (spent_next(&text, &line))
        count++;
    return count;
}

static bool take_spent(struct events *e, const char *text, hg_migration_event *event)
{
    struct spent_line line;
    size_t most = count_spent(text);

    event->spent = arena_alloc(&e->arena, most + 1, sizeof *event->spent);
    while (event->spent != NULL && event->spent_count < most && spent_next(&text, &line)) {
        hg_migration_spent *spent = &event->spent[event->spent_count++];

        *spent = (hg_migration_spent){.form = arena_text_n(&e->arena, line.form, line.form_size),
                                      .table = arena_text_n(&e->arena, line.table, line.table_size),
                                      .rows = line.rows,
                                      .statements = line.count,
                                      .duration_ms = line.ms};
        if (spent->form == NULL || spent->table == NULL)
            return false;
    }
    return event->spent != NULL;
}

static bool take(struct events *e, hg_rows *rows)
{
    const hg_value took = hg_rows_value(rows, 7);
    hg_migration_event *event = VEC_PUSH(&e->items);

    if (event == NULL)
        return false;
    *event = (hg_migration_event){.id = hg_rows_integer(rows, 0),
                                  .revision = text_at(e, rows, 1),
                                  .direction = text_at(e, rows, 2),
                                  .outcome = text_at(e, rows, 3),
                                  .file = text_at(e, rows, 4),
                                  .started_ms = moment_parse(hg_rows_text(rows, 5)),
                                  .finished_ms = moment_parse(hg_rows_text(rows, 6)),
                                  .duration_ms = took.type == HG_REAL ? took.as.real : -1,
                                  .lock_wait_ms = hg_rows_integer(rows, 8),
                                  .retries = hg_rows_integer(rows, 9),
                                  .statements = hg_rows_integer(rows, 10),
                                  .statements_done = hg_rows_integer(rows, 11),
                                  .operator_name = text_at(e, rows, 12),
                                  .os_user = text_at(e, rows, 13),
                                  .host = text_at(e, rows, 14),
                                  .headgate_version = text_at(e, rows, 15),
                                  .backend_pid = hg_rows_integer(rows, 16),
                                  .sqlstate = text_at(e, rows, 17),
                                  .error = text_at(e, rows, 18),
                                  .release = text_at(e, rows, 19)};
    return event->release != NULL && event->error != NULL && event->host != NULL
           && event->revision != NULL && take_spent(e, hg_rows_text(rows, 20), event);
}

static bool read_rows(struct events *e, hg_conn *conn, const struct ledger_place *place,
                      int64_t limit, hg_deadline by, hg_error *err)
{
    const hg_value most = hg_integer(limit);
    char sql[1400];
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;
    bool ok = true;

    if (!place->has_history)
        return true;
    snprintf(sql, sizeof sql, "SELECT %s%s, %s FROM %s ORDER BY id DESC LIMIT $1", columns,
             place->later >= LEDGER_RELEASE ? "coalesce(release, '')" : "''",
             place->later >= LEDGER_SPENT ? "coalesce(spent, '')" : "''", place->history);
    if (hg_conn_query(conn, sql, &most, 1, by, &rows, err))
        while (ok && (step = hg_rows_next(rows, by, err)) == HG_ROW)
            ok = take(e, rows) || no_memory(err);
    hg_rows_close(rows);
    return ok && step == HG_END;
}

bool hg_events_read(hg_pool *pool, int64_t limit, hg_deadline by, hg_events **out_events,
                    hg_error *err)
{
    struct events *e = alloc_zero(1, sizeof *e);
    struct ledger_place place;
    hg_conn *conn = NULL;
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = e != NULL ? hg_pool_checkout(pool, "migrations", by, &conn, err) : no_memory(err);
    ok = ok && ledger_locate(conn, by, &place, err) && read_rows(e, conn, &place, limit, by, err);
    if (conn != NULL)
        hg_pool_return(pool, conn);
    if (ok) {
        e->public.items = e->items.items;
        e->public.count = e->items.count;
        *out_events = &e->public;
    } else {
        hg_events_free(e == NULL ? NULL : &e->public);
    }
    return ok;
}

void hg_events_free(hg_events *events)
{
    struct events *whole = (struct events *)events;

    if (whole == NULL)
        return;
    VEC_RELEASE(&whole->items);
    arena_release(&whole->arena);
    alloc_free(whole);
}
