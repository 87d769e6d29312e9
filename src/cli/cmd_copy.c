/*
 * cmd_copy.c - copies a SQLite database into PostgreSQL, looks whether it could, or compares both.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "copy_order.h"
#include "copy_progress.h"
#include "copy_text.h"
#include "detach.h"
#include "ops/copy_work.h"
#include "ops/json_copy.h"
#include "ops/json_read.h"

enum { FOLLOW_EVERY_MS = 5000, PAUSE_MS = 50, OUTPUT_LIMIT = 256 << 20 };

/* --- following --- */

static void tell_round(const struct cli *cli, const hg_copy_result *result)
{
    char took[32], behind[32];
    struct buf pages = BUF_INIT(100);

    copy_text_pages(&pages, result);
    cli_note(cli, "%lld rows new or changed, %lld gone%s, in %s; %s behind",
             (long long)result->rows_put, (long long)result->rows_gone, pages.bytes,
             cli_duration(result->check_ms + result->data_ms, took, sizeof took),
             cli_duration(result->behind_ms, behind, sizeof behind));
    buf_release(&pages);
}

static void pause_between(void)
{
    for (int i = 0; i < FOLLOW_EVERY_MS / PAUSE_MS && !cli_interrupted(NULL); i++) {
        const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

        nanosleep(&pause, NULL);
    }
}

/* Round after round until somebody interrupts, which is how it ends well. */
static bool follow(const struct cli *cli, struct copy_pools *pools, const hg_copy_options *options,
                   const hg_observer *observer, hg_copy_result **out_result, hg_error *err)
{
    bool ok = true;

    while (ok && !cli_interrupted(NULL)) {
        hg_copy_result *result = NULL;

        ok = hg_copy(pools->source, pools->target, options, observer, &result, err);
        if (ok)
            tell_round(cli, result);
        if (result != NULL) {
            hg_copy_result_free(*out_result);
            *out_result = result;
        }
        if (ok)
            pause_between();
    }
    return ok || (err->code == HG_CANCELLED && cli_interrupted(NULL) && *out_result != NULL);
}

/* --- here, and in a process of its own --- */

static int show(const struct cli *cli, const hg_copy_result *result, const hg_error *err)
{
    struct buf out = BUF_INIT(OUTPUT_LIMIT);

    if (cli->json)
        json_copy_result(&out, result, err);
    else
        copy_text_put(&out, result, err != NULL);
    cli_print(&out);
    buf_release(&out);
    if (err != NULL && !cli->json)
        cli_show_error(err);
    return err == NULL ? 0 : hg_code_exit_status(err->code);
}

/* Nothing was found out that would be worth a table. */
static bool is_empty(const hg_copy_result *result)
{
    return result->table_count == 0 && result->problem_count == 0;
}

static struct detached detached_of(const hg_settings *settings, const char *subject)
{
    return (struct detached){
        .dir = hg_settings_runtime_dir(settings),
        .subject = subject,
        .what = "the copy",
        .shown_by = "headgate copy --attach",
        .when_dead = "Finish it with --resume and the options it was begun with, or give it up "
                     "with --abandon.",
    };
}

/* Of this user and host; any other one holds the database's lock. */
static bool is_alone(const struct copy_order *order, hg_error *err)
{
    char subject[COPY_SUBJECT_SIZE], since[32];
    const struct detached about = detached_of(order->ops.settings, subject);
    struct worker_info other;

    copy_subject(hg_settings_url(order->ops.settings), subject);
    if (!worker_find(about.dir, about.subject, true, &other))
        return true;
    hg_fail(err, HG_LOCKED, "process %lld copies into this database already, since %s",
            (long long)other.pid, clock_format_utc(other.started_ms, since, sizeof since));
    hg_error_hint(err, "See it with %s.", about.shown_by);
    return false;
}

static int run(const struct copy_order *order)
{
    struct copy_progress progress;
    const hg_observer observer = copy_progress_begin(&progress, order->cli);
    struct copy_pools pools = {NULL, NULL};
    hg_copy_result *result = NULL;
    hg_error err = {0};
    bool ok = (order->options.mode != HG_COPY_RUN || is_alone(order, &err))
              && copy_order_open(order, &pools, &err);
    int status;

    if (ok) {
        cli_catch_signals();
        ok = order->cli->copy.follow
                 ? follow(order->cli, &pools, &order->options, &observer, &result, &err)
                 : hg_copy(pools.source, pools.target, &order->options, &observer, &result, &err);
        copy_progress_end(&progress);
    }
    copy_pools_close(&pools);
    status = result == NULL || (!ok && is_empty(result))
                 ? cli_fail(order->cli, &err)
                 : show(order->cli, result, ok ? NULL : &err);
    hg_copy_result_free(result);
    return status;
}

/* Both sides can be opened: what is wrong with them is said here, where somebody reads it. */
static bool reach(const struct copy_order *order, const struct copy_pools *pools, hg_error *err)
{
    hg_pool *const sides[] = {pools->source, pools->target};
    hg_conn *conn = NULL;
    bool ok = true;

    for (size_t i = 0; ok && i < sizeof sides / sizeof *sides; i++) {
        ok = hg_pool_checkout(sides[i], "copy", ops_inspection_deadline(&order->ops), &conn, err);
        if (ok)
            hg_pool_return(sides[i], conn);
    }
    return ok;
}

static int work(void *context, struct worker *worker)
{
    const struct copy_order *order = context;
    const struct copy_sides sides = {.source = order->source,
                                     .target = hg_settings_url(order->ops.settings),
                                     .settings = order->ops.settings};

    return copy_work(&sides, &order->options, worker);
}

/* Asks in the foreground, where there is somebody to answer, then leaves it. */
static int start_detached(struct copy_order *order)
{
    char subject[COPY_SUBJECT_SIZE];
    struct detached about = detached_of(order->ops.settings, subject);
    struct copy_pools pools = {NULL, NULL};
    hg_error err = {0};
    bool ok;

    copy_subject(hg_settings_url(order->ops.settings), subject);
    ok =
        is_alone(order, &err) && copy_order_open(order, &pools, &err) && reach(order, &pools, &err);
    copy_pools_close(&pools); /* and with them every thread: the worker is forked from here */
    return ok ? detach(order->cli, &about, work, order) : cli_fail(order->cli, &err);
}

/* The document says it all, also of a copy that a console has begun. */
static void put_ended(struct buf *out, const struct worker_outcome *outcome)
{
    struct arena memory = ARENA_INIT;
    hg_copy_result *result = NULL;
    hg_error err = {0};
    bool ok = json_read_copy(outcome->document, &memory, &result, &err);

    if (result != NULL && (ok || !is_empty(result)))
        copy_text_put(out, result, !ok);
    arena_release(&memory);
}

/* Into the database that is named, else into the one that a console of these settings copies to. */
static bool find_watched(const struct cli *cli, struct copy_sides *out, hg_error *err)
{
    hg_settings_options options = cli->settings;

    if (cli->copy.to != NULL)
        options.url = cli->copy.to;
    return copy_sides_find(&options, out, err);
}

static int attach(const struct cli *cli)
{
    char subject[COPY_SUBJECT_SIZE];
    struct copy_progress progress;
    const hg_observer observer = copy_progress_begin(&progress, cli);
    struct detached_watch watch = {.cli = cli, .observer = &observer, .put = put_ended};
    struct copy_sides sides = {.source = NULL};
    struct detached about;
    struct worker_info info;
    hg_error err = {0};
    int status;

    if (!find_watched(cli, &sides, &err))
        return cli_fail(cli, &err);
    copy_subject(sides.target, subject);
    about = detached_of(sides.settings, subject);
    cli_catch_signals();
    if (detach_find(&about, &info)) {
        status = detach_watch(&watch, &about, info.id);
    } else {
        hg_fail(&err, HG_FAILED, "no copy of this user on this host into \"%s\" was detached",
                hg_url_redacted(sides.target));
        hg_error_hint(&err, "headgate sessions tells who is at work in the database.");
        status = cli_fail(cli, &err);
    }
    copy_sides_release(&sides);
    return status;
}

int cmd_copy(const struct cli *cli)
{
    struct copy_order order = {.cli = cli};
    hg_error err = {0};
    int status;

    if (!copy_order_check(cli, &err))
        return cli_fail(cli, &err);
    if (cli->attach)
        return attach(cli);
    if (!copy_order_read(cli, &order, &err))
        status = cli_fail(cli, &err);
    else
        status = cli->detach ? start_detached(&order) : run(&order);
    copy_order_release(&order);
    return status;
}
