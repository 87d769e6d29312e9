/*
 * cmd_pools.c - the pools of every process on this host, from what they publish; the database is
 * not asked. And orders to one of them.
 */
#include <stdio.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli.h"
#include "ops/json.h"
#include "pool_order.h"
#include "pool_summary.h"
#include "pool_text.h"

enum { WATCH_MS = 1000, ANSWER_MS = 10000, EVENTS_SHOWN = 8, DETAILS_MOST = 8 };

/* Of many pools only those in detail that are not well, unless asked for more. */
static void put_details(struct buf *out, const hg_pool_list *list, bool verbose)
{
    bool all = verbose || list->count <= DETAILS_MOST;
    size_t left_out = 0;

    for (size_t i = 0; i < list->count; i++) {
        const hg_pool_snapshot *pool = &list->pools[i];

        if (!all && !pool_wants_attention(pool)) {
            left_out++;
            continue;
        }
        if (list->count > 1)
            buf_char(out, '\n');
        pool_text(out, pool, verbose ? HG_POOL_EVENTS_MAX : EVENTS_SHOWN, clock_wall_ms());
    }
    if (left_out > 0)
        buf_text(out, "\n`headgate pools PID` shows those of one process in detail, "
                      "`headgate pools -v` all\n");
}

static void put_list(struct buf *out, const hg_pool_list *list, bool verbose)
{
    if (list->count == 0)
        buf_text(out, "no process of this user publishes a pool on this host\n");
    if (list->count > 1)
        pool_summary(out, list);
    put_details(out, list, verbose);
}

/* Those of one process, or one of them. */
static bool choose(hg_pool_list *list, const char *word, hg_error *err)
{
    struct pool_target target;
    size_t kept = 0;

    if (!pool_target_parse(word, &target))
        return hg_fail(err, HG_USAGE, "\"%s\" is not PID[:NAME]", word);
    for (size_t i = 0; i < list->count; i++)
        if (pool_target_matches(&target, &list->pools[i]))
            list->pools[kept++] = list->pools[i];
    if (kept == 0)
        return pool_target_fail(&target, false, err);
    list->count = kept;
    return true;
}

static bool show(const struct cli *cli, const char *folder, const char *before, hg_error *err)
{
    struct buf out = BUF_INIT(64 << 20);
    hg_pool_list list = {0};
    bool ok = hg_pool_list_read(folder, &list, err)
              && (cli->word_count == 0 || choose(&list, cli->words[0], err));

    if (ok && cli->json)
        ok = json_pools(&out, &list)
             || hg_fail(err, HG_NOMEM, "could not show the pools: out of memory");
    else if (ok) {
        buf_text(&out, before);
        put_list(&out, &list, cli->verbosity > 0);
    }
    if (ok)
        cli_print(&out);
    hg_pool_list_release(&list);
    buf_release(&out);
    return ok;
}

/* Shows them every second, on a terminal in place. Ends with a signal, or when nobody reads. */
static bool watch(const struct cli *cli, const char *folder, hg_error *err)
{
    const char *clear = isatty(STDOUT_FILENO) ? "\x1b[H\x1b[2J" : "";
    bool ok = true;

    cli_catch_signals();
    while (ok && !cli_interrupted(NULL)) {
        ok = show(cli, folder, clear, err);
        if (fflush(stdout) != 0)
            break;
        poll(NULL, 0, WATCH_MS);
    }
    return ok;
}

/* --- orders --- */

/* "resize pool "main" of shop-api 4711, postgresql://...", for the question. */
static void describe(const hg_pool_order *order, const hg_pool_snapshot *pool, char *out,
                     size_t size)
{
    char process[64], name[64], database[256];

    snprintf(out, size, "%s pool \"%s\" of %s %lld, %s", hg_pool_order_name(order->kind),
             text_visible_copy(name, sizeof name, pool->name),
             text_visible_copy(process, sizeof process, pool->process), (long long)pool->pid,
             text_visible_copy(database, sizeof database, pool->database));
}

static bool consent(const struct cli *cli, hg_settings *settings, const hg_pool_order *order,
                    const hg_pool_snapshot *pool, hg_error *err)
{
    struct cli part = *cli;
    struct ops ops = {.settings = settings};
    char what[512];

    part.action = action_part(cli->action, hg_pool_order_name(order->kind));
    describe(order, pool, what, sizeof what);
    return cli_consent(&part, &ops, what, err);
}

static void put_answer(const struct cli *cli, const hg_pool_order *order,
                       const hg_pool_snapshot *pool, const char *answer)
{
    struct buf out = BUF_INIT(1 << 20);
    char visible[1024];

    if (cli->json)
        json_pool_order(&out, order, pool, answer);
    else
        buf_printf(&out, "%s\n", text_visible_copy(visible, sizeof visible, answer));
    cli_print(&out);
    buf_release(&out);
}

static bool give_order(const struct cli *cli, hg_settings *settings, hg_error *err)
{
    const char *folder = hg_settings_runtime_dir(settings);
    const hg_pool_snapshot *pool = NULL;
    struct pool_target target = {0};
    hg_pool_list list = {0};
    hg_pool_order order = {0};
    char answer[400];
    bool ok = pool_order_parse(cli->words, cli->word_count, &order, &target, err)
              && hg_pool_list_read(folder, &list, err)
              && pool_order_find(&list, &target, &pool, err)
              && consent(cli, settings, &order, pool, err)
              && hg_pool_ask(folder, pool, &order, hg_deadline_in_ms(ANSWER_MS), answer,
                             sizeof answer, err);

    if (ok)
        put_answer(cli, &order, pool, answer);
    hg_pool_list_release(&list);
    return ok;
}

/* A number alone names whom to show. */
static bool is_order(const struct cli *cli)
{
    return cli->word_count > 1
           || (cli->word_count == 1 && (cli->words[0][0] < '0' || cli->words[0][0] > '9'));
}

int cmd_pools(const struct cli *cli)
{
    hg_settings *settings = NULL;
    hg_error err = {0};
    bool ok = hg_settings_load(&cli->settings, &settings, &err);

    if (ok && is_order(cli))
        ok = give_order(cli, settings, &err);
    else if (ok && cli->watch)
        ok = watch(cli, hg_settings_runtime_dir(settings), &err);
    else if (ok)
        ok = show(cli, hg_settings_runtime_dir(settings), "", &err);
    hg_settings_free(settings);
    return ok ? 0 : cli_fail(cli, &err);
}
