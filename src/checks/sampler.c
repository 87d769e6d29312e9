/*
 * sampler.c - readiness in the background: one thread, one connection, one sample an interval.
 *
 * Who asks gets what the last sample said and how old that is. The lock is held for a copy and for
 * a visit, never while a database is asked.
 */
#include "checks.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "steady.h"

enum {
    INTERVAL_LEAST_MS = 50,
    SAMPLE_LEAST_MS = 250,
    SAMPLE_MOST_MS = 2000,
    RECYCLE_MS = 60 * 1000, /* what a new login is told is noticed within a minute */
    STALE_AFTER = 3,        /* intervals */
    CLOSE_MS = 200
};

struct hg_sampler {
    const hg_settings *settings;
    hg_pool *pool;
    int64_t interval_ms;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards what follows; innermost */
    pthread_cond_t stopped;
    struct steady steady;
    hg_sample sample; /* without its age */
    int64_t sampled_ns;
    hg_readiness *report; /* NULL: none yet */
    hg_check_timing timings[HG_CHECKS_MAX];
};

double hg_timing_bound_s(size_t i)
{
    static const double bounds[HG_TIMING_BOUNDS] = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10};

    return i < HG_TIMING_BOUNDS ? bounds[i] : 0;
}

static bool is_stopped(void *context)
{
    hg_sampler *s = context;

    return atomic_load_explicit(&s->stop, memory_order_relaxed);
}

static int64_t sample_ms(const hg_sampler *s)
{
    return s->interval_ms < SAMPLE_LEAST_MS  ? SAMPLE_LEAST_MS
           : s->interval_ms > SAMPLE_MOST_MS ? SAMPLE_MOST_MS
                                             : s->interval_ms;
}

static bool fails_at_once(const hg_readiness *report)
{
    for (size_t i = 0; i < report->check_count; i++)
        if (report->checks[i].status == HG_FAIL && check_is_at_once(report->checks[i].id))
            return true;
    return false;
}

static void add_timing(hg_check_timing *t, const hg_check_result *check, int64_t now_ms)
{
    double s = check->duration_ms / 1000;

    t->id = check->id;
    for (size_t i = 0; i < HG_TIMING_BOUNDS; i++)
        t->within[i] += s <= hg_timing_bound_s(i);
    t->count++;
    t->sum_s += s;
    t->last_ms = now_ms;
}

/* The report becomes what everybody sees; the one before is handed back. */
static hg_readiness *publish(hg_sampler *s, hg_readiness *report)
{
    hg_readiness *before;
    hg_sample *out = &s->sample;

    pthread_mutex_lock(&s->lock);
    before = s->report;
    s->report = report;
    out->status = steady_take(&s->steady, report->status, fails_at_once(report));
    out->db_state = steady_db_state(report->db_state, report->status, out->status);
    out->db = report->db;
    out->migrations_known = report->migrations_known;
    out->migrations_applied = report->migrations_applied;
    out->migrations_pending = report->history == NULL ? 0 : report->history->pending_count;
    out->code_count = hg_readiness_codes(report, out->codes);
    for (size_t i = 0; i < report->check_count; i++)
        add_timing(&s->timings[i], &report->checks[i], report->sampled_ms);
    out->sampled_ms = report->sampled_ms;
    out->samples++;
    s->sampled_ns = clock_now_ns();
    pthread_mutex_unlock(&s->lock);
    return before;
}

static void take_sample(hg_sampler *s)
{
    const hg_observer observer = {.cancelled = is_stopped, .context = s};
    hg_readiness *report = alloc_zero(1, sizeof *report), *before;

    if (report == NULL)
        return; /* what is known grows stale, and says so */
    hg_readiness_run(s->settings, s->pool, hg_deadline_in_ms(sample_ms(s)), &observer, report);
    before = is_stopped(s) ? report : publish(s, report);
    if (before != NULL)
        hg_readiness_release(before);
    alloc_free(before);
}

static void wait_until(hg_sampler *s, int64_t at_ns)
{
    const struct timespec at = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};

    pthread_mutex_lock(&s->lock);
    while (!is_stopped(s) && pthread_cond_timedwait(&s->stopped, &s->lock, &at) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&s->lock);
}

static void *run(void *context)
{
    hg_sampler *s = context;

    while (!is_stopped(s)) {
        int64_t next_ns = clock_now_ns() + s->interval_ms * 1000000;

        take_sample(s);
        wait_until(s, next_ns);
    }
    return NULL;
}

static bool open_pool(hg_sampler *s, hg_error *err)
{
    hg_pool_options options = hg_pool_options_from(s->settings);

    options.name = options.role = "serve";
    options.runtime_dir = NULL; /* it is not the application's */
    options.read_only = hg_settings_read_only(s->settings);
    options.settings = hg_pool_settings_for_tool(options.settings);
    options.settings.size = 1;
    options.settings.max_overflow = 0;
    options.settings.pre_ping = true;
    options.settings.recycle_ms = RECYCLE_MS;
    if (options.settings.connect_timeout_ms > sample_ms(s))
        options.settings.connect_timeout_ms = sample_ms(s);
    return hg_pool_open(hg_settings_url(s->settings), &options, &s->pool, err);
}

static void sampler_free(hg_sampler *s)
{
    if (s->pool != NULL)
        hg_pool_close(s->pool, hg_deadline_in_ms(CLOSE_MS));
    if (s->report != NULL)
        hg_readiness_release(s->report);
    alloc_free(s->report);
    pthread_cond_destroy(&s->stopped);
    pthread_mutex_destroy(&s->lock);
    alloc_free(s);
}

bool hg_sampler_start(const hg_settings *settings, int64_t interval_ms, hg_sampler **out_sampler,
                      hg_error *err)
{
    hg_sampler *s = alloc_zero(1, sizeof *s);
    pthread_condattr_t monotonic;

    if (s == NULL)
        return hg_fail(err, HG_NOMEM, "could not start the sampler: out of memory");
    s->settings = settings;
    s->interval_ms = interval_ms < INTERVAL_LEAST_MS ? INTERVAL_LEAST_MS : interval_ms;
    s->sample.interval_ms = s->interval_ms;
    atomic_init(&s->stop, false);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->stopped, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!open_pool(s, err)) {
        sampler_free(s);
        return false;
    }
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        sampler_free(s);
        return hg_fail(err, HG_FAILED, "could not start the sampler's thread");
    }
    *out_sampler = s;
    return true;
}

void hg_sampler_stop(hg_sampler *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    atomic_store(&s->stop, true);
    pthread_cond_signal(&s->stopped);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    sampler_free(s);
}

/* Under the lock. A monitor that stands still must not go on saying what it once saw. */
static void read_sample(const hg_sampler *s, hg_sample *out)
{
    *out = s->sample;
    out->age_ms = out->samples == 0 ? 0 : (clock_now_ns() - s->sampled_ns) / 1000000;
    if (out->samples > 0 && out->age_ms <= STALE_AFTER * s->interval_ms)
        return;
    out->status = HG_FAIL;
    out->db_state = HG_DB_UNKNOWN;
    out->db = out->migrations_known = out->migrations_applied = false;
    out->codes[0] = out->samples == 0 ? "starting" : "sampler_stale";
    out->code_count = 1;
}

void hg_sampler_read(hg_sampler *s, hg_sample *out_sample)
{
    pthread_mutex_lock(&s->lock);
    read_sample(s, out_sample);
    pthread_mutex_unlock(&s->lock);
}

void hg_sampler_visit(hg_sampler *s,
                      void (*visit)(void *context, const hg_sample *sample,
                                    const hg_readiness *report, const hg_check_timing *timings),
                      void *context)
{
    hg_sample sample;

    pthread_mutex_lock(&s->lock);
    read_sample(s, &sample);
    visit(context, &sample, s->report, s->timings);
    pthread_mutex_unlock(&s->lock);
}
