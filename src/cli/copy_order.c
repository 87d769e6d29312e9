/*
 * copy_order.c - the options of a copy, checked together, and the question before it.
 */
#include "copy_order.h"

#include <string.h>

#include "base/text.h"

static const char default_source[] = "instance/app.db";

/* --- from where to where --- */

/* What was named, else the selected database when it is SQLite, else where an application has it.
 */
static bool find_source(const struct cli *cli, hg_url **out, hg_error *err)
{
    hg_settings *settings = NULL;
    const char *path = cli->copy.sqlite;
    bool ok;

    if (cli->copy.from != NULL && path != NULL)
        return hg_fail(err, HG_USAGE, "--sqlite and --from both name the source");
    if (cli->copy.from != NULL)
        return hg_url_parse(cli->copy.from, out, err);
    if (path != NULL)
        return hg_url_of_file(path, out, err);
    if (!hg_settings_load(&cli->settings, &settings, err))
        return false;
    path = hg_url_path(hg_settings_url(settings));
    ok = hg_url_of_file(path == NULL ? default_source : path, out, err);
    hg_settings_free(settings);
    return ok;
}

/* Settings whose selected database is the one that consent is about: the target; or the source,
 * where nothing else is touched. */
static bool find_target(const struct cli *cli, const hg_url *source, struct ops *ops, hg_error *err)
{
    hg_settings_options options = cli->settings;

    if (cli->copy.remove_triggers) {
        options.url = hg_url_redacted(source);
        return hg_settings_load(&options, &ops->settings, err);
    }
    if (cli->copy.to == NULL) {
        hg_fail(err, HG_USAGE, "\"copy\" needs --postgres URL");
        hg_error_hint(err, "See headgate copy --help.");
        return false;
    }
    options.url = cli->copy.to;
    return hg_settings_load(&options, &ops->settings, err);
}

static bool split_tables(const struct cli *cli, struct copy_order *out, hg_error *err)
{
    char *at;

    if (cli->copy.tables == NULL)
        return true;
    out->table_names = alloc_text(cli->copy.tables);
    for (at = out->table_names; at != NULL;) {
        const char **name = VEC_PUSH(&out->tables);
        char *comma = strchr(at, ',');

        if (name == NULL)
            return hg_fail(err, HG_NOMEM, "could not read the options: out of memory");
        *name = at;
        if (comma != NULL)
            *comma++ = '\0';
        at = comma;
    }
    return out->table_names != NULL
           || hg_fail(err, HG_NOMEM, "could not read the options: out of memory");
}

static bool is_catching_up(const struct cli_copy *copy)
{
    return copy->catch_up || copy->follow || copy->last;
}

/* What can be asked for together. */
bool copy_order_check(const struct cli *cli, hg_error *err)
{
    const struct cli_copy *copy = &cli->copy;
    bool other = copy->dry_run || copy->verify_only || copy->abandon || copy->remove_triggers
                 || is_catching_up(copy);

    if (copy->dry_run + copy->verify_only + cli->resume + copy->abandon + copy->remove_triggers
            + is_catching_up(copy) + cli->attach
        > 1)
        return hg_fail(err, HG_USAGE,
                       "only one of --dry-run, --verify-only, --resume, --abandon, "
                       "--remove-triggers, --attach and --catch-up, --follow or --last is "
                       "possible");
    if (copy->triggers
        && (copy->verify_only || copy->abandon || copy->remove_triggers || is_catching_up(copy)))
        return hg_fail(err, HG_USAGE,
                       "--triggers is for a copy, its --dry-run and its --resume; the target knows "
                       "whether there are any");
    if (cli->detach && (other || cli->attach)) {
        hg_fail(err, HG_USAGE, "--detach is for a copy and its --resume");
        hg_error_hint(err, "Everything else loses nothing when its terminal is gone.");
        return false;
    }
    return true;
}

static int64_t wanted_rate(void *context)
{
    int rate = ((const struct cli *)context)->rate;

    return rate > 0 ? rate : 0;
}

static void read_options(const struct cli *cli, struct copy_order *order)
{
    const struct cli_copy *copy = &cli->copy;
    hg_copy_options *out = &order->options;

    *out = hg_copy_options_default();
    out->mode = copy->dry_run           ? HG_COPY_DRY_RUN
                : copy->verify_only     ? HG_COPY_VERIFY
                : copy->abandon         ? HG_COPY_ABANDON
                : copy->remove_triggers ? HG_COPY_REMOVE_TRIGGERS
                : is_catching_up(copy)  ? HG_COPY_CATCH_UP
                                        : HG_COPY_RUN;
    out->snapshot = copy->snapshot;
    out->triggers = copy->triggers;
    out->last = copy->last;
    out->create = copy->create;
    out->resume = cli->resume;
    out->tables = order->tables.items;
    out->table_count = order->tables.count;
    out->rules = copy->rules.items;
    out->rule_count = copy->rules.count;
    out->rules_file = copy->rules_file;
    out->rejects_file = copy->rejects_file;
    out->jobs = copy->jobs;
    out->largest_value = (int64_t)copy->max_value_mb << 20;
    out->rate = wanted_rate;
    out->rate_context = (void *)(uintptr_t)cli;
}

/* --- consent --- */

/* The tables that triggers are installed on, each once, with commas. */
static void put_triggered(struct buf *out, const hg_copy_result *list)
{
    const char *last = list->statements[0].table; /* the log itself */
    size_t tables = 0;

    for (size_t i = 0; i < list->statement_count; i++) {
        if (strcmp(list->statements[i].table, last) == 0)
            continue;
        last = list->statements[i].table;
        buf_text(out, tables++ == 0 ? "" : ", ");
        text_show(out, last);
    }
}

/* What a copy with --triggers writes into the source, by name. */
static bool put_triggers(const struct copy_pools *pools, const hg_copy_options *options,
                         struct buf *out, hg_error *err)
{
    hg_copy_options asking = *options;
    hg_copy_result *list = NULL;
    bool ok;

    asking.mode = HG_COPY_LIST_TRIGGERS;
    ok = hg_copy(pools->source, pools->target, &asking, NULL, &list, err);
    if (ok) {
        buf_text(out, "\nThe source is written to: until --last or --remove-triggers it has the "
                      "table headgate_delta, and triggers headgate_delta_insert_TABLE, "
                      "headgate_delta_update_TABLE, headgate_delta_moved_TABLE and "
                      "headgate_delta_delete_TABLE on ");
        put_triggered(out, list);
        buf_text(out, ". --dry-run --triggers shows them.");
    }
    hg_copy_result_free(list);
    return ok;
}

static void put_order(const struct ops *ops, const hg_url *source, hg_copy_mode mode,
                      struct buf *out)
{
    const char *from = hg_url_redacted(source),
               *to = hg_url_redacted(hg_settings_url(ops->settings));

    if (mode == HG_COPY_CATCH_UP)
        buf_printf(out, "copy: what changed in %s into %s", from, to);
    else if (mode == HG_COPY_ABANDON)
        buf_printf(out, "copy: give up the unfinished copy into %s", to);
    else if (mode == HG_COPY_REMOVE_TRIGGERS)
        buf_printf(out,
                   "copy: take headgate's triggers away from %s; a target that follows it by "
                   "them has to be copied anew",
                   from);
    else
        buf_printf(out, "copy: all of %s into %s", from, to);
    buf_printf(out, " (%s)", hg_settings_env(ops->settings));
}

/* What writes into the source is asked about as an action of its own. */
static const struct action installing = {"copy --triggers", "", DANGER_SOURCE, ""};
static const struct action removing = {"copy --remove-triggers", "", DANGER_SOURCE, ""};

static bool agree(const struct copy_order *order, const struct copy_pools *pools, hg_error *err)
{
    const hg_copy_options *options = &order->options;
    struct buf what = BUF_INIT(1 << 20);
    struct cli asking = *order->cli;
    bool ok = true;

    if (options->mode == HG_COPY_REMOVE_TRIGGERS)
        asking.action = &removing;
    else if (options->triggers)
        asking.action = &installing;
    if (options->mode == HG_COPY_DRY_RUN || options->mode == HG_COPY_VERIFY)
        return true;
    put_order(&order->ops, order->source, options->mode, &what);
    if (options->triggers && !options->resume)
        ok = put_triggers(pools, options, &what, err);
    ok = ok && cli_consent(&asking, &order->ops, what.bytes, err);
    buf_release(&what);
    return ok;
}

bool copy_order_read(const struct cli *cli, struct copy_order *out, hg_error *err)
{
    *out = (struct copy_order){.cli = cli};
    if (!split_tables(cli, out, err))
        return false;
    read_options(cli, out);
    return find_source(cli, &out->source, err) && find_target(cli, out->source, &out->ops, err);
}

void copy_order_release(struct copy_order *order)
{
    ops_close(&order->ops);
    hg_url_free(order->source);
    VEC_RELEASE(&order->tables);
    alloc_free(order->table_names);
}

bool copy_order_open(const struct copy_order *order, struct copy_pools *out, hg_error *err)
{
    const hg_url *target =
        order->cli->copy.remove_triggers ? NULL : hg_settings_url(order->ops.settings);

    return copy_pools_open(order->ops.settings, order->source, target, &order->options, out, err)
           && agree(order, out, err);
}
