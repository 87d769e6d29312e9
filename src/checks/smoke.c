/*
 * smoke.c - runs the catalogue, or the part of it that somebody asks for, and the team's own
 * checks.
 * Must not know how a result is shown.
 */
#include "application.h"
#include "checks.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "mute.h"
#include "report.h"
#include "team.h"

enum { CHECK_MS = 2000 /* of one check */ };

/* A run while it lasts; `public` is what the caller gets. */
struct smoke {
    hg_smoke public;
    struct arena arena;
    hg_check_result *results;
    struct team team;
    struct mutes mutes;
    hg_readiness *scratch; /* what rows find out for each other */
};

hg_check_info hg_check_at(size_t i)
{
    for (size_t t = 0; t < check_table_count; t++) {
        const struct check_table *table = check_tables[t];

        if (i < table->count)
            return (hg_check_info){table->rows[i].id, table->rows[i].ref, table->rows[i].title,
                                   (hg_check_severity)table->rows[i].severity,
                                   table->rows[i].flags & ON_ANY};
        i -= table->count;
    }
    return (hg_check_info){"", "", "", HG_CHECK_INFO, 0};
}

size_t hg_check_count(void)
{
    size_t count = 0;

    for (size_t t = 0; t < check_table_count; t++)
        count += check_tables[t]->count;
    return count;
}

/* --- what is asked for --- */

/* "tls" names "tls" and "tls.in_use", not "tlsx". */
static bool is_within(const char *id, const char *name)
{
    size_t n = strlen(name);

    return strncmp(id, name, n) == 0 && (id[n] == '\0' || id[n] == '.');
}

static bool names_row(const struct check *check, const char *name)
{
    return is_within(check->id, name)
           || (check->ref[0] != '\0' && strcasecmp(check->ref, name) == 0)
           || (strcmp(name, "ready") == 0 && (check->flags & READY) != 0);
}

static bool names_team(const struct team_check *check, const char *name)
{
    return is_within(check->id, name) || team_in_group(check, name);
}

static bool is_wanted(const struct check *check, const hg_smoke_options *options)
{
    for (size_t i = 0; i < options->only_count; i++)
        if (names_row(check, options->only[i]))
            return true;
    return options->only_count == 0;
}

static bool is_team_wanted(const struct team_check *check, const hg_smoke_options *options)
{
    for (size_t i = 0; i < options->only_count; i++)
        if (names_team(check, options->only[i]))
            return true;
    return options->only_count == 0 && team_in_group(check, "smoke");
}

static bool names_something(const struct smoke *smoke, const char *name)
{
    for (size_t t = 0; t < check_table_count; t++)
        for (size_t i = 0; i < check_tables[t]->count; i++)
            if (names_row(&check_tables[t]->rows[i], name))
                return true;
    for (size_t i = 0; i < smoke->team.count; i++)
        if (names_team(&smoke->team.checks[i], name))
            return true;
    return false;
}

static bool check_names(const struct smoke *smoke, const hg_smoke_options *options, hg_error *err)
{
    for (size_t i = 0; i < options->only_count; i++)
        if (!names_something(smoke, options->only[i])) {
            hg_fail(err, HG_USAGE, "no check and no group has the name \"%s\"", options->only[i]);
            hg_error_hint(err, "headgate smoke --list shows the names.");
            return false;
        }
    return true;
}

static bool check_app_url(const hg_smoke_options *options, hg_error *err)
{
    const char *fault = options->app_url == NULL ? NULL : fetch_fault(options->app_url);

    if (fault == NULL)
        return true;
    hg_fail(err, HG_USAGE, "the application's URL cannot be asked: %s", fault);
    hg_error_hint(err, "As http://127.0.0.1:8000: the paths are added to it.");
    return false;
}

/* --- running --- */

/* A connection for the rows that need one: opened at first need, and anew when one was lost, until
 * opening fails. */
static void connect_for(const struct check *check, struct check_context *context, hg_deadline by)
{
    hg_check_result unseen = {0};

    if ((check->flags & CONNECTED) == 0 || context->conn != NULL
        || context->connect_error.code != HG_OK)
        return;
    context->by = by;
    check_connect(context, &unseen);
}

static void tell(const hg_observer *observer, const hg_check_result *result, size_t done,
                 size_t total)
{
    const hg_event event = {.kind = HG_EVENT_STEP_DONE,
                            .subject = result->id,
                            .message = hg_status_name(result->status),
                            .unit = "check",
                            .done = (int64_t)done,
                            .total = (int64_t)total,
                            .duration_ms = result->duration_ms};

    if (observer != NULL && observer->on_event != NULL)
        observer->on_event(observer->context, &event);
}

static void finish(struct smoke *smoke, hg_check_result *result, const hg_observer *observer,
                   size_t total)
{
    mutes_apply(&smoke->mutes, result);
    smoke->public.check_count++;
    tell(observer, result, smoke->public.check_count, total);
}

static hg_deadline share(hg_deadline by, int64_t ms)
{
    return hg_deadline_first(by, hg_deadline_in_ms(ms));
}

static void run_rows(struct smoke *smoke, struct check_context *context,
                     const hg_smoke_options *options, hg_deadline by, size_t total)
{
    for (size_t t = 0; t < check_table_count; t++)
        for (size_t i = 0; i < check_tables[t]->count; i++) {
            const struct check *check = &check_tables[t]->rows[i];
            hg_check_result *result = &smoke->results[smoke->public.check_count];

            if (!is_wanted(check, options))
                continue;
            connect_for(check, context, by);
            context->by = (check->flags & PATIENT) != 0 ? by : share(by, CHECK_MS);
            check_run(check, context, result);
            check_drop_lost(context);
            finish(smoke, result, context->observer, total);
        }
}

static void run_team(struct smoke *smoke, struct check_context *context,
                     const hg_smoke_options *options, hg_deadline by, size_t total)
{
    struct team_runner runner = {0};

    for (size_t i = 0; i < smoke->team.count; i++) {
        const struct team_check *check = &smoke->team.checks[i];
        hg_check_result *result = &smoke->results[smoke->public.check_count];

        if (!is_team_wanted(check, options))
            continue;
        context->by = share(by, check->timeout_ms);
        team_run(&runner, check, context, result);
        finish(smoke, result, context->observer, total);
    }
    team_runner_end(&runner);
}

static size_t count_wanted(const struct smoke *smoke, const hg_smoke_options *options)
{
    size_t count = 0;

    for (size_t t = 0; t < check_table_count; t++)
        for (size_t i = 0; i < check_tables[t]->count; i++)
            count += is_wanted(&check_tables[t]->rows[i], options);
    for (size_t i = 0; i < smoke->team.count; i++)
        count += is_team_wanted(&smoke->team.checks[i], options);
    return count;
}

static void sum_up(struct smoke *smoke)
{
    hg_smoke *public = &smoke->public;

    for (size_t i = 0; i < public->check_count; i++) {
        public->muted_count += smoke->results[i].muted;
        public->counts[smoke->results[i].status] += !smoke->results[i].muted;
    }
    public->checks = smoke->results;
    public->status = report_worst(smoke->results, public->check_count);
}

static bool prepare(struct smoke *smoke, const hg_smoke_options *options, size_t *out_total,
                    hg_error *err)
{
    if (options->checks_dir != NULL
        && (!team_load(options->checks_dir, &smoke->arena, &smoke->team, err)
            || !mutes_load(options->checks_dir, &smoke->arena, &smoke->mutes, err)))
        return false;
    if (!check_names(smoke, options, err) || !check_app_url(options, err))
        return false;
    *out_total = count_wanted(smoke, options);
    smoke->results = arena_alloc(&smoke->arena, *out_total + 1, sizeof *smoke->results);
    smoke->scratch = arena_alloc(&smoke->arena, 1, sizeof *smoke->scratch);
    return (smoke->results != NULL && smoke->scratch != NULL)
           || hg_fail(err, HG_NOMEM, "could not run the checks: out of memory");
}

bool hg_smoke_run(const hg_settings *settings, hg_pool *pool, const hg_smoke_options *options,
                  hg_deadline by, const hg_observer *observer, hg_smoke **out_smoke, hg_error *err)
{
    struct smoke *smoke = alloc_zero(1, sizeof *smoke);
    struct application application = {.url = options->app_url};
    struct check_context context = {
        .settings = settings, .pool = pool, .observer = observer, .application = &application};
    int64_t started_ns = clock_now_ns();
    size_t total = 0;

    if (smoke == NULL)
        return hg_fail(err, HG_NOMEM, "could not run the checks: out of memory");
    if (!prepare(smoke, options, &total, err)) {
        hg_smoke_free(&smoke->public);
        return false;
    }
    smoke->public.started_ms = clock_wall_ms();
    context.arena = &smoke->arena;
    context.report = smoke->scratch;
    run_rows(smoke, &context, options, by, total);
    run_team(smoke, &context, options, by, total);
    check_context_release(&context);
    application_release(&application);
    hg_readiness_release(smoke->scratch);
    sum_up(smoke);
    smoke->public.duration_ms = clock_since_ms(started_ns);
    *out_smoke = &smoke->public;
    return true;
}

void hg_smoke_free(hg_smoke *public)
{
    struct smoke *smoke = (struct smoke *)(void *)public; /* its first member */

    if (smoke == NULL)
        return;
    mutes_release(&smoke->mutes);
    arena_release(&smoke->arena);
    alloc_free(smoke);
}
