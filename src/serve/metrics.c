/*
 * metrics.c - families of samples, one after the other.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

enum { LABELS_MOST = 2048 };

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: valid UTF-8, with \ " and line ends escaped. Other control characters, which a
 * pool's name from another process may hold, are made visible first. */
static void label(struct buf *out, const char *name, const char *value)
{
    char clean[512];

    text_visible_copy(clean, sizeof clean, value);
    buf_printf(out, "%s=\"", name);
    for (const char *c = clean; *c != '\0'; c++) {
        if (*c == '\\' || *c == '"')
            buf_char(out, '\\');
        buf_char(out, *c);
    }
    buf_char(out, '"');
}

/* --- pools --- */

/* The pools that live, each with its labels: they stand in every line, and are made once. */
struct series {
    const hg_pool_snapshot *pool;
    char *labels; /* without the closing brace */
};

struct all_series {
    struct series *rows;
    size_t count;
};

static char *pool_labels(const hg_pool_snapshot *pool)
{
    struct buf out = BUF_INIT(LABELS_MOST);

    buf_char(&out, '{');
    label(&out, "db_client_connection_pool_name", pool->name);
    buf_char(&out, ',');
    label(&out, "process", pool->process);
    buf_printf(&out, ",pid=\"%" PRId64 "\",number=\"%d\"", pool->pid, pool->number);
    return buf_take(&out);
}

static void series_free(struct all_series *all)
{
    for (size_t i = 0; i < all->count; i++)
        alloc_free(all->rows[i].labels);
    alloc_free(all->rows);
}

/* false: out of memory. */
static bool series_make(struct all_series *all, const hg_pool_list *pools)
{
    *all = (struct all_series){.rows = alloc_zero(pools->count + 1, sizeof *all->rows)};
    for (size_t i = 0; all->rows != NULL && i < pools->count; i++) {
        struct series *row = &all->rows[all->count];

        if (!pools->pools[i].alive)
            continue;
        row->pool = &pools->pools[i];
        row->labels = pool_labels(row->pool);
        if (row->labels == NULL)
            return false;
        all->count++;
    }
    return all->rows != NULL;
}

/* Most of a page are whole numbers: printf() would be half of its price. */
static void put_whole(struct buf *out, uint64_t n)
{
    char digits[24], *at = digits + sizeof digits;

    do
        *--at = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    buf_bytes(out, at, (size_t)(digits + sizeof digits - at));
}

/* One line; more: a further label, "" for none. */
static void put_line(struct buf *out, const char *name, const struct series *row, const char *more,
                     double value)
{
    bool whole = value >= 0 && value < 1e15 && value == (double)(uint64_t)value;

    buf_text(out, name);
    buf_text(out, row->labels);
    buf_text(out, more);
    buf_bytes(out, "} ", 2);
    if (whole)
        put_whole(out, (uint64_t)value);
    else
        buf_printf(out, "%.6f", value);
    buf_char(out, '\n');
}

static double connections_max(const hg_pool_snapshot *pool)
{
    return pool->max_overflow < 0 ? HG_POOL_SLOTS_MAX : pool->size + pool->max_overflow;
}

static double idle_max(const hg_pool_snapshot *pool)
{
    return pool->size;
}

static double pending(const hg_pool_snapshot *pool)
{
    return pool->waiting;
}

static double oldest_wait(const hg_pool_snapshot *pool)
{
    return pool->oldest_waiting_ms < 0 ? 0 : (double)pool->oldest_waiting_ms / 1000;
}

static double timeouts(const hg_pool_snapshot *pool)
{
    return (double)pool->timeouts;
}

static double checkouts(const hg_pool_snapshot *pool)
{
    return (double)pool->checkouts;
}

static double connects(const hg_pool_snapshot *pool)
{
    return (double)pool->connects;
}

static double connect_failures(const hg_pool_snapshot *pool)
{
    return (double)pool->connect_failures;
}

static double overflow(const hg_pool_snapshot *pool)
{
    return pool->overflow;
}

static double resets_open(const hg_pool_snapshot *pool)
{
    return (double)pool->resets_open;
}

// clang-format off
static const struct {
    const char *name, *type;
    double (*value)(const hg_pool_snapshot *pool);
    const char *help;
} of_pools[] = {
    {"db_client_connection_max", "gauge", connections_max, "The most connections that the pool may have open."},
    {"db_client_connection_idle_max", "gauge", idle_max, "The most connections that the pool keeps open without use."},
    {"db_client_connection_pending_requests", "gauge", pending, "Callers that wait for a connection."},
    {"headgate_pool_oldest_wait_seconds", "gauge", oldest_wait, "How long the first caller that waits has been waiting; 0: nobody waits."},
    {"db_client_connection_timeouts_total", "counter", timeouts, "Callers that waited in vain."},
    {"headgate_pool_checkouts_total", "counter", checkouts, "Connections that were handed out."},
    {"headgate_pool_connects_total", "counter", connects, "Connections that were opened."},
    {"headgate_pool_connect_failures_total", "counter", connect_failures, "Connections that could not be opened."},
    {"headgate_pool_overflow", "gauge", overflow, "Open connections beyond the pool's size."},
    {"headgate_pool_resets_open_total", "counter", resets_open, "Connections returned with a transaction open."},
};
// clang-format on

static void put_counts(struct buf *out, const struct all_series *all)
{
    static const char name[] = "db_client_connection_count";

    family(out, name, "gauge", "Connections by state.");
    for (size_t i = 0; i < all->count; i++) {
        const struct series *row = &all->rows[i];

        put_line(out, name, row, ",db_client_connection_state=\"idle\"", row->pool->idle);
        put_line(out, name, row, ",db_client_connection_state=\"used\"", row->pool->in_use);
    }
}

static void put_discarded(struct buf *out, const struct all_series *all)
{
    static const char name[] = "headgate_pool_discarded_total";
    char reason[HG_CLOSE_REASONS][64];

    for (int why = 0; why < HG_CLOSE_REASONS; why++)
        snprintf(reason[why], sizeof reason[why], ",reason=\"%s\"", hg_close_name((hg_close)why));
    family(out, name, "counter", "Connections that were closed, by reason.");
    for (size_t i = 0; i < all->count; i++)
        for (int why = 0; why < HG_CLOSE_REASONS; why++)
            put_line(out, name, &all->rows[i], reason[why], (double)all->rows[i].pool->closed[why]);
}

static void put_waits(struct buf *out, const struct all_series *all)
{
    static const char name[] = "headgate_pool_wait_seconds";

    family(out, name, "summary",
           "How long callers of late have waited, by quantile; 1 is the longest.");
    for (size_t i = 0; i < all->count; i++) {
        const struct series *row = &all->rows[i];

        put_line(out, name, row, ",quantile=\"0.5\"", row->pool->wait_p50_ms / 1000);
        put_line(out, name, row, ",quantile=\"0.99\"", row->pool->wait_p99_ms / 1000);
        put_line(out, name, row, ",quantile=\"1\"", row->pool->wait_max_ms / 1000);
    }
}

static const hg_pool_histogram *waits_of(const hg_pool_snapshot *pool)
{
    return &pool->waits;
}

static const hg_pool_histogram *holds_of(const hg_pool_snapshot *pool)
{
    return &pool->holds;
}

// clang-format off
static const struct {
    const char *name;
    double (*bound_s)(size_t i);
    const hg_pool_histogram *(*of)(const hg_pool_snapshot *pool);
    const char *help;
} histograms[] = {
    {"db_client_connection_wait_time_seconds", hg_pool_wait_bound_s, waits_of, "How long callers waited for a connection; the sum may be off by an eighth."},
    {"db_client_connection_use_time_seconds", hg_pool_hold_bound_s, holds_of, "How long callers kept a connection; what is shorter than a few milliseconds counts as 0."},
};
// clang-format on

static void put_histogram(struct buf *out, size_t which, const struct all_series *all)
{
    const char *base = histograms[which].name;
    char bucket[80], sum[80], count[80], le[HG_POOL_BOUNDS][32];

    snprintf(bucket, sizeof bucket, "%s_bucket", base);
    snprintf(sum, sizeof sum, "%s_sum", base);
    snprintf(count, sizeof count, "%s_count", base);
    for (size_t b = 0; b < HG_POOL_BOUNDS; b++)
        snprintf(le[b], sizeof le[b], ",le=\"%g\"", histograms[which].bound_s(b));
    family(out, base, "histogram", histograms[which].help);
    for (size_t i = 0; i < all->count; i++) {
        const hg_pool_histogram *h = histograms[which].of(all->rows[i].pool);

        for (size_t b = 0; b < HG_POOL_BOUNDS; b++)
            put_line(out, bucket, &all->rows[i], le[b], (double)h->within[b]);
        put_line(out, bucket, &all->rows[i], ",le=\"+Inf\"", (double)h->count);
        put_line(out, sum, &all->rows[i], "", h->sum_s);
        put_line(out, count, &all->rows[i], "", (double)h->count);
    }
}

static void put_pools(struct buf *out, const hg_pool_list *pools)
{
    struct all_series all;

    if (!series_make(&all, pools)) {
        buf_extend(out, out->limit + 1); /* half a page would look like pools that ended */
        series_free(&all);
        return;
    }
    put_counts(out, &all);
    for (size_t f = 0; f < sizeof of_pools / sizeof *of_pools; f++) {
        family(out, of_pools[f].name, of_pools[f].type, of_pools[f].help);
        for (size_t i = 0; i < all.count; i++)
            put_line(out, of_pools[f].name, &all.rows[i], "", of_pools[f].value(all.rows[i].pool));
    }
    put_discarded(out, &all);
    put_waits(out, &all);
    for (size_t h = 0; h < sizeof histograms / sizeof *histograms; h++)
        put_histogram(out, h, &all);
    series_free(&all);
}

/* --- checks --- */

static void put_statuses(struct buf *out, const hg_readiness *report)
{
    family(out, "headgate_check_status", "gauge", "1 for the status that a readiness check has.");
    for (size_t i = 0; i < report->check_count; i++)
        for (int s = 0; s < HG_STATUS_COUNT; s++)
            buf_printf(out, "headgate_check_status{id=\"%s\",status=\"%s\"} %d\n",
                       report->checks[i].id, hg_status_name((hg_status)s),
                       report->checks[i].status == (hg_status)s);
}

static void put_timings(struct buf *out, const hg_readiness *report, const hg_check_timing *timings)
{
    static const char name[] = "headgate_check_duration_seconds";

    family(out, name, "histogram", "How long a readiness check has taken.");
    for (size_t i = 0; i < report->check_count; i++) {
        const hg_check_timing *t = &timings[i];

        for (size_t b = 0; b < HG_TIMING_BOUNDS; b++)
            buf_printf(out, "%s_bucket{id=\"%s\",le=\"%g\"} %" PRIu64 "\n", name, t->id,
                       hg_timing_bound_s(b), t->within[b]);
        buf_printf(out, "%s_bucket{id=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, t->id, t->count);
        buf_printf(out, "%s_sum{id=\"%s\"} %.6f\n%s_count{id=\"%s\"} %" PRIu64 "\n", name, t->id,
                   t->sum_s, name, t->id, t->count);
    }
    family(out, "headgate_check_last_run_timestamp_seconds", "gauge",
           "When a readiness check last ran, in Unix time.");
    for (size_t i = 0; i < report->check_count; i++)
        buf_printf(out, "headgate_check_last_run_timestamp_seconds{id=\"%s\"} %.3f\n",
                   timings[i].id, (double)timings[i].last_ms / 1000);
}

static void put_sample(struct buf *out, const hg_sample *sample)
{
    family(out, "headgate_ready", "gauge", "1 when the instance may take traffic.");
    buf_printf(out, "headgate_ready %d\n", sample->status != HG_FAIL);
    family(out, "headgate_sampler_age_seconds", "gauge", "How old the last readiness sample is.");
    if (sample->samples > 0)
        buf_printf(out, "headgate_sampler_age_seconds %.3f\n", (double)sample->age_ms / 1000);
    family(out, "headgate_migrations_pending", "gauge",
           "Migrations that are not applied; absent when that is not known.");
    if (sample->migrations_known)
        buf_printf(out, "headgate_migrations_pending %zu\n", sample->migrations_pending);
}

/* --- the cutover --- */

static void put_gauge(struct buf *out, const char *name, const char *help, double value)
{
    family(out, name, "gauge", help);
    buf_printf(out, "%s %.3f\n", name, value);
}

static bool waits(const hg_cutover *run)
{
    return run->working && (run->question[0] != '\0' || run->stalled || run->paused);
}

static void put_steps(struct buf *out, const hg_cutover *run)
{
    static const char *const states[] = {"pending", "begun", "done", "failed", "undoing", "undone"};

    family(out, "headgate_cutover_steps", "gauge", "Steps of the newest cutover by state.");
    for (size_t s = 0; s < sizeof states / sizeof *states; s++) {
        int n = 0;

        for (size_t i = 0; i < run->step_count; i++)
            n += strcmp(run->steps[i].state, states[s]) == 0;
        buf_printf(out, "headgate_cutover_steps{state=\"%s\"} %d\n", states[s], n);
    }
}

/* What an alert asks: is one open, does it wait for somebody, for how long has nobody written. */
static void put_cutover(struct buf *out, const hg_cutover *run)
{
    put_gauge(out, "headgate_cutover_open", "1 while a cutover of this host is open.",
              !run->closed);
    put_gauge(out, "headgate_cutover_waiting", "1 while it waits for a person.", waits(run));
    put_gauge(out, "headgate_cutover_past_return",
              "1 once the newest cutover has reached its point of no return.", run->past_return);
    put_steps(out, run);
    if (run->closed)
        return;
    if (run->frozen_ms >= 0)
        put_gauge(out, "headgate_cutover_frozen_seconds", "For how long nobody has written.",
                  (double)run->frozen_ms / 1000);
    if (run->budget_ms > 0)
        put_gauge(out, "headgate_cutover_budget_seconds", "How long the freeze was to last.",
                  (double)run->budget_ms / 1000);
}

/* libpq counts 150004 as 15.4, SQLite 3040001 as 3.40.1. */
static void put_build(struct buf *out, const struct metrics_facts *facts)
{
    family(out, "headgate_build_info", "gauge", "The versions that are installed.");
    buf_printf(out, "headgate_build_info{version=\"%s\",libpq=\"%d.%d\",sqlite=\"%d.%d.%d\"} 1\n",
               hg_version(), facts->libpq / 10000, facts->libpq % 10000, facts->sqlite / 1000000,
               facts->sqlite / 1000 % 1000, facts->sqlite % 1000);
}

void metrics_put(struct buf *out, const struct metrics_facts *facts)
{
    put_build(out, facts);
    put_sample(out, facts->sample);
    if (facts->report != NULL) {
        put_statuses(out, facts->report);
        put_timings(out, facts->report, facts->timings);
    }
    if (facts->cutover != NULL)
        put_cutover(out, facts->cutover);
    put_pools(out, facts->pools);
}
