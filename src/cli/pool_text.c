/*
 * pool_text.c - a pool's snapshot for people: numbers, what they mean, connections, events.
 */
#include "pool_text.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli.h"
#include "table.h"

static const char *positive(struct arena *arena, int64_t number)
{
    return number <= 0 ? NULL : arena_printf(arena, "%lld", (long long)number);
}

static const char *not_empty(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

/* "02:59:11Z" of a Unix time. */
static const char *clock_time(int64_t wall_ms, char *out, size_t size)
{
    char whole[32];
    const char *at = strchr(clock_format_utc(wall_ms, whole, sizeof whole), 'T');

    return text_copy(out, size, at == NULL ? "-" : at + 1);
}

/* --- the pool --- */

static void put_life(struct buf *out, const hg_pool_snapshot *pool)
{
    char when[32];

    if (!pool->alive)
        buf_printf(out, "  DEAD since %s: its last words\n",
                   clock_time(pool->seen_ms, when, sizeof when));
    else if (pool->silent_ms >= 0)
        buf_printf(out, "  NO SIGN OF LIFE for %s: stopped or hung\n",
                   cli_duration((double)pool->silent_ms, when, sizeof when));
    if (pool->mode == HG_MODE_PAUSED)
        buf_printf(out,
                   "  PAUSED: callers wait until `headgate pools resume %lld` or their "
                   "deadline\n",
                   (long long)pool->pid);
    else if (pool->mode == HG_MODE_DRAINING)
        buf_text(out, "  DRAINING: nobody gets a connection any more\n");
}

static void put_sizes(struct buf *out, const hg_pool_snapshot *pool)
{
    char overflow[16] = "no limit";
    hg_pool_advice advice;

    if (pool->max_overflow >= 0)
        snprintf(overflow, sizeof overflow, "%d", pool->max_overflow);
    hg_pool_advise(pool, &advice);
    buf_printf(out, "  size %d, max overflow %s: %d in use, %d idle, %d overflow, %d waiting\n",
               pool->size, overflow, pool->in_use, pool->idle, pool->overflow, pool->waiting);
    buf_printf(out, "  %s\n", advice.message);
}

/* What callers wait for, if they do. */
static void put_queue(struct buf *out, const hg_pool_snapshot *pool)
{
    char text[32];

    if (pool->waiting == 0)
        return;
    buf_printf(out, "  the first of those who wait has for %s",
               cli_duration((double)pool->oldest_waiting_ms, text, sizeof text));
    if (pool->expected_wait_ms >= 0)
        buf_printf(out, "; who comes now is likely to wait %s",
                   cli_duration(pool->expected_wait_ms, text, sizeof text));
    buf_char(out, '\n');
}

static void put_outage(struct buf *out, const hg_pool_snapshot *pool)
{
    char text[32];

    if (pool->down_since_ms > 0)
        buf_printf(out, "  DOWN since %s: nothing is open, and connects fail\n",
                   clock_time(pool->down_since_ms, text, sizeof text));
    if (pool->outages > 0)
        buf_printf(out, "  outages: %llu, %s in all\n", (unsigned long long)pool->outages,
                   cli_duration((double)pool->down_ms, text, sizeof text));
}

static void put_trouble(struct buf *out, const hg_pool_snapshot *pool, int64_t now_ms)
{
    char text[32];

    if (pool->last_error[0] != '\0') {
        buf_printf(out, "  last error, %s ago: ",
                   cli_duration((double)(now_ms - pool->last_error_ms), text, sizeof text));
        text_show(out, pool->last_error);
        if (pool->last_sqlstate[0] != '\0') {
            buf_text(out, " (SQLSTATE ");
            text_show(out, pool->last_sqlstate);
            buf_char(out, ')');
        }
        buf_char(out, '\n');
    }
    if (pool->next_connect_ms == 0)
        buf_text(out, "  the last connect failed; the next caller has another try made\n");
    else if (pool->next_connect_ms > 0)
        buf_printf(out, "  the last connect failed; the next try comes in %s\n",
                   cli_duration((double)pool->next_connect_ms, text, sizeof text));
}

/* "closed: 3 dead, 1 by age"; nothing when nothing was. */
static void put_list(struct buf *out, const char *title, const char *before, uint64_t count,
                     const char *what)
{
    buf_printf(out, "%s%llu %s", before == NULL ? title : before, (unsigned long long)count, what);
}

static void put_closes(struct buf *out, const hg_pool_snapshot *pool)
{
    const char *before = NULL;

    for (int why = 0; why < HG_CLOSE_REASONS; why++) {
        if (pool->closed[why] == 0)
            continue;
        put_list(out, "  closed: ", before, pool->closed[why], hg_close_name((hg_close)why));
        before = ", ";
    }
    if (before != NULL)
        buf_char(out, '\n');
}

static void put_counters(struct buf *out, const hg_pool_snapshot *pool)
{
    const struct {
        uint64_t count;
        const char *what;
    } rows[] = {
        {pool->connects, "opened"},
        {pool->connect_failures, "failed to open"},
        {pool->resets_open, "returned with a transaction open"},
        {pool->leaks, "leaks reported"},
        {pool->timeouts_paused, "timeouts while paused"},
    };
    const char *before = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].count == 0)
            continue;
        put_list(out, "  ", before, rows[i].count, rows[i].what);
        before = ", ";
    }
    if (before != NULL)
        buf_char(out, '\n');
}

/* --- tables --- */

enum { WINDOW_COLUMNS = 8, CONNECTION_COLUMNS = 8, WORTH_TELLING_MS = 1 };

/* A percentile of holds, whose clock ticks. */
static const char *hold(struct arena *arena, double ms, double tick_ms)
{
    return ms > 0 || tick_ms <= 0 ? cli_took(arena, ms) : arena_printf(arena, "< %.0f ms", tick_ms);
}

static void window_row(struct table *t, const char *title, const hg_pool_window *window,
                       double tick_ms)
{
    struct arena *arena = &t->arena;
    const char **row = table_row(t);

    row[0] = title;
    row[1] = arena_printf(arena, "%llu", (unsigned long long)window->checkouts);
    row[2] = arena_printf(arena, "%llu", (unsigned long long)window->timeouts);
    row[3] = cli_took(arena, window->wait_p50_ms);
    row[4] = cli_took(arena, window->wait_p99_ms);
    row[5] = cli_took(arena, window->hold_mean_ms);
    row[6] = hold(arena, window->hold_p50_ms, tick_ms);
    row[7] = hold(arena, window->hold_p99_ms, tick_ms);
}

static void put_windows(struct buf *out, const hg_pool_snapshot *pool)
{
    static const struct table_column columns[] = {
        {"  LAST", ALIGN_LEFT},    {"CHECKOUTS", ALIGN_RIGHT}, {"TIMEOUTS", ALIGN_RIGHT},
        {"WAIT P50", ALIGN_RIGHT}, {"P99", ALIGN_RIGHT},       {"HOLD MEAN", ALIGN_RIGHT},
        {"P50", ALIGN_RIGHT},      {"P99", ALIGN_RIGHT},
    };
    const hg_pool_window life = {
        .checkouts = pool->checkouts,
        .timeouts = pool->timeouts,
        .wait_p50_ms = pool->wait_p50_ms,
        .wait_p99_ms = pool->wait_p99_ms,
        .hold_mean_ms = pool->use.hold_mean_ms,
        .hold_p50_ms = -1,
        .hold_p99_ms = -1,
    };
    struct table t = TABLE_INIT(columns);
    char wait[32], held[32];

    window_row(&t, "  minute", &pool->minute, pool->hold_tick_ms);
    window_row(&t, "  15 min", &pool->quarter, pool->hold_tick_ms);
    window_row(&t, "  since it began", &life, 0);
    table_end(&t, out);
    buf_printf(out, "  the longest wait was %s, the longest hold %s\n",
               cli_duration(pool->wait_max_ms, wait, sizeof wait),
               cli_duration(pool->hold_max_ms, held, sizeof held));
}

static void connection_row(struct arena *arena, const hg_pool_connection *c, const char **row)
{
    bool is_opening = c->state == HG_SLOT_OPENING;

    row[0] = arena_printf(arena, "  %d", c->slot);
    row[1] = arena_printf(arena, "%s%s%s%s%s", hg_slot_state_name(c->state), is_opening ? ": " : "",
                          is_opening ? hg_connect_phase_name(c->phase) : "",
                          c->overflow ? ", overflow" : "", c->leaked ? ", LEAKED" : "");
    row[2] = cli_took(arena, (double)c->held_ms);
    row[3] = not_empty(c->holder);
    row[4] = positive(arena, c->holder_tid);
    row[5] = cli_took(arena, (double)c->age_ms);
    row[6] = positive(arena, c->backend_pid);
    row[7] = not_empty(c->address);
}

static void put_connections(struct buf *out, const hg_pool_snapshot *pool)
{
    static const struct table_column columns[] = {
        {"  SLOT", ALIGN_LEFT},   {"STATE", ALIGN_LEFT},   {"HELD", ALIGN_RIGHT},
        {"HOLDER", ALIGN_LEFT},   {"THREAD", ALIGN_RIGHT}, {"AGE", ALIGN_RIGHT},
        {"BACKEND", ALIGN_RIGHT}, {"ADDRESS", ALIGN_LEFT},
    };
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < pool->connection_count; i++)
        connection_row(&t.arena, &pool->connections[i], table_row(&t));
    table_end(&t, out);
}

static double opened_in_ms(const hg_pool_connection *c)
{
    double sum = 0;

    for (int i = 0; i < HG_CONNECT_PHASES; i++)
        sum += c->phase_ms[i];
    return sum;
}

/* "slot 3 took longest to open: 12 ms (tcp 0.4 ms, tls 8.1 ms, auth 3.3 ms, setup 0.5 ms)": of the
 * one that took longest. */
static void put_opening(struct buf *out, const hg_pool_snapshot *pool)
{
    const hg_pool_connection *longest = NULL;
    const char *before = NULL;
    char text[32];

    for (size_t i = 0; i < pool->connection_count; i++)
        if (longest == NULL || opened_in_ms(&pool->connections[i]) > opened_in_ms(longest))
            longest = &pool->connections[i];
    if (longest == NULL || opened_in_ms(longest) < WORTH_TELLING_MS)
        return;
    buf_printf(out, "  slot %d %s longest to open: %s (", longest->slot,
               longest->state == HG_SLOT_OPENING ? "takes" : "took",
               cli_duration(opened_in_ms(longest), text, sizeof text));
    for (int i = 0; i < HG_CONNECT_PHASES; i++) {
        if (longest->phase_ms[i] <= 0)
            continue;
        buf_printf(out, "%s%s %s", before == NULL ? "" : before,
                   hg_connect_phase_name((hg_connect_phase)i),
                   cli_duration(longest->phase_ms[i], text, sizeof text));
        before = ", ";
    }
    buf_text(out, ")\n");
}

/* "  03:02:11Z  connect failed  x12: connection refused" */
static void put_event(struct buf *out, const hg_pool_event *event)
{
    char when[32];

    buf_printf(out, "  %s  %s", clock_time(event->at_ms, when, sizeof when),
               hg_pool_event_name(event->kind));
    if (event->times > 1)
        buf_printf(out, ", %u times", event->times);
    if (event->slot >= 0)
        buf_printf(out, ", slot %d", event->slot);
    if (event->backend_pid > 0)
        buf_printf(out, ", backend %lld", (long long)event->backend_pid);
    if (event->detail[0] != '\0') {
        buf_text(out, ": ");
        text_show(out, event->detail);
    }
    buf_char(out, '\n');
}

void pool_text(struct buf *out, const hg_pool_snapshot *pool, size_t events, int64_t now_ms)
{
    char process[64], name[64], database[256];
    size_t first = pool->event_count > events ? pool->event_count - events : 0;

    buf_printf(out, "%s %lld, pool %s: %s\n",
               text_visible_copy(process, sizeof process, pool->process), (long long)pool->pid,
               text_visible_copy(name, sizeof name, pool->name),
               text_visible_copy(database, sizeof database, pool->database));
    put_life(out, pool);
    put_sizes(out, pool);
    put_queue(out, pool);
    put_outage(out, pool);
    put_trouble(out, pool, now_ms);
    put_counters(out, pool);
    put_closes(out, pool);
    put_windows(out, pool);
    put_connections(out, pool);
    put_opening(out, pool);
    for (size_t i = first; i < pool->event_count; i++)
        put_event(out, &pool->events[i]);
}
