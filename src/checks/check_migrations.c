/*
 * check_migrations.c - checks of the ledger against the files.
 */
#include "checks.h"

#include <headgate/schema.h>

#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { EVENTS_MOST = 500 };

void check_read_files(struct check_context *context)
{
    const hg_settings *settings = context->settings;

    hg_history_files_read(hg_url_driver(hg_settings_url(settings)),
                          hg_settings_migrations_dir(settings), hg_settings_runtime_dir(settings),
                          &context->files, &context->history_error);
}

static void read_history(struct check_context *context)
{
    hg_history_files *files;

    if (context->files == NULL)
        check_read_files(context);
    files = context->files;
    context->files = NULL;
    if (files != NULL)
        (context->glance ? hg_history_glance : hg_history_join)(
            files, context->conn, context->by, &context->report->history, &context->history_error);
}

static void say_why(hg_check_result *result, const hg_error *err, const char *code)
{
    check_say(result, HG_FAIL, "%s", err->message);
    text_copy(result->hint, sizeof result->hint, err->hint);
    result->code = code;
}

/* Reads files and ledger on first need; NULL: it could not be, and the result says why. */
static const hg_history *history(struct check_context *context, hg_check_result *result)
{
    hg_readiness *report = context->report;

    if (report->history == NULL && context->history_error.code == HG_OK)
        read_history(context);
    if (report->history == NULL)
        say_why(result, &context->history_error, "ledger_unreadable");
    return report->history;
}

static size_t count_missing(const hg_history *h)
{
    size_t n = 0;

    for (size_t i = 0; i < h->revision_count; i++)
        n += h->revisions[i].state == HG_REVISION_MISSING;
    return n;
}

static void check_at_head(struct check_context *context, hg_check_result *result)
{
    const hg_history *h = history(context, result);

    if (h == NULL)
        return;
    context->report->migrations_known = true;
    context->report->migrations_applied = h->pending_count == 0 && h->drift.code == HG_OK;
    if (h->drift.code != HG_OK)
        say_why(result, &h->drift, "other_tool");
    else if (h->pending_count > 0)
        check_say(result, HG_FAIL, "%zu pending", h->pending_count);
    else if (h->head_count == 0)
        check_say(result, HG_PASS, "no migrations");
    else
        check_say(result, HG_PASS, "%s%s", h->heads[0], h->head_count > 1 ? ", ..." : "");
}

static void check_ahead(struct check_context *context, hg_check_result *result)
{
    const hg_history *h = history(context, result);
    size_t missing;

    if (h == NULL)
        return;
    missing = count_missing(h);
    if (missing > 0)
        check_say(result, HG_WARN, "%zu applied without a file", missing);
    else
        check_say(result, HG_PASS, "every applied revision has its file");
}

static void check_checksums(struct check_context *context, hg_check_result *result)
{
    const hg_history *h = history(context, result);
    size_t edited = 0, known = 0;

    if (h == NULL)
        return;
    for (size_t i = 0; i < h->revision_count; i++) {
        known += h->revisions[i].checksum_known;
        edited += h->revisions[i].checksum_known && !h->revisions[i].checksum_ok;
    }
    if (edited > 0)
        check_say(result, HG_WARN, "%zu of %zu edited after they were applied", edited, known);
    else
        check_say(result, HG_PASS, "%zu of %zu as applied", known, known);
}

static void check_table(struct check_context *context, hg_check_result *result)
{
    const hg_history *h = history(context, result);

    if (h == NULL)
        return;
    if (h->ledger_exists)
        check_say(result, HG_PASS, "alembic_version is there");
    else if (h->revision_count == 0)
        check_say(result, HG_SKIP, "there are no migrations");
    else
        check_say(result, HG_FAIL, "alembic_version is not there, %zu migrations are",
                  h->revision_count);
}

static void check_one_head(struct check_context *context, hg_check_result *result)
{
    const hg_history *h = history(context, result);

    if (h == NULL)
        return;
    for (size_t i = 0; h->head_count > 1 && i < h->head_count; i++)
        check_evidence(context, result, "head %s", h->heads[i]);
    for (size_t i = 0; h->current_count > 1 && i < h->current_count; i++)
        check_evidence(context, result, "current %s", h->current[i]);
    check_say(result, h->head_count > 1 || h->current_count > 1 ? HG_FAIL : HG_PASS,
              "%zu heads, %zu current", h->head_count, h->current_count);
}

/* --- runs that did not end well --- */

static const hg_revision *revision_of(const hg_history *h, const char *name)
{
    for (size_t i = 0; i < h->revision_count; i++)
        if (strcmp(h->revisions[i].revision, name) == 0)
            return &h->revisions[i];
    return NULL;
}

/* Whether the up section runs in one transaction, so that a failure leaves nothing. */
static bool is_whole_or_nothing(const struct check_context *context, const char *file)
{
    hg_lint_options options =
        hg_lint_options_default(hg_url_driver(hg_settings_url(context->settings)));
    hg_plan *plan = NULL;
    bool whole;

    if (!hg_lint_file(file, &options, &plan, NULL))
        return false;
    whole = plan->step_count == 1 && plan->steps[0].transaction;
    hg_plan_free(plan);
    return whole;
}

/* Whether something came later about the same revision: the events are the newest first. */
static bool is_superseded(const hg_events *events, size_t i)
{
    for (size_t earlier = 0; earlier < i; earlier++)
        if (strcmp(events->items[earlier].revision, events->items[i].revision) == 0)
            return true;
    return false;
}

static hg_status judge_event(struct check_context *context, const hg_history *h,
                             const hg_migration_event *event, hg_check_result *result)
{
    const hg_revision *revision = revision_of(h, event->revision);
    bool partly;

    if (strcmp(event->outcome, "ok") == 0)
        return HG_PASS;
    partly = event->statements_done > 0 && revision != NULL
             && revision->state == HG_REVISION_PENDING
             && !is_whole_or_nothing(context, revision->file);
    check_evidence(context, result, "%s %s: %s after %lld of %lld statements", event->revision,
                   event->direction, event->outcome, (long long)event->statements_done,
                   (long long)event->statements);
    return partly ? HG_FAIL : HG_WARN;
}

static void check_half_applied(struct check_context *context, hg_check_result *result)
{
    const hg_history *h = history(context, result);
    hg_status worst = HG_PASS, status;
    hg_events *events = NULL;
    hg_check_result unseen = {0};
    hg_error err = {0};

    if (h == NULL)
        return;
    check_context_release(context);
    if (!hg_events_read(context->pool, EVENTS_MOST, context->by, &events, &err)) {
        check_say_error(result, &err);
    } else {
        for (size_t i = 0; i < events->count; i++) {
            status = is_superseded(events, i) ? HG_PASS
                                              : judge_event(context, h, &events->items[i], result);
            worst = status > worst ? status : worst;
        }
        check_say(result, worst, "%s",
                  worst == HG_FAIL   ? "a migration stopped half way"
                  : worst == HG_WARN ? "a migration failed, and left nothing"
                                     : "none in the history");
    }
    hg_events_free(events);
    check_connect(context, &unseen);
}

static void check_deployer(struct check_context *context, hg_check_result *result)
{
    hg_check_result unseen = {0};
    char holder[256] = "";
    hg_error err = {0};

    check_context_release(context);
    if (!hg_migrate_holder(context->pool, context->by, holder, sizeof holder, &err))
        check_say_error(result, &err);
    else
        check_say(result, holder[0] == '\0' ? HG_PASS : HG_WARN, "%s",
                  holder[0] == '\0' ? "nobody" : holder);
    check_connect(context, &unseen);
}

/* --- what is to come --- */

static void check_hazards(struct check_context *context, hg_check_result *result)
{
    const hg_history *h = history(context, result);
    hg_lint_options options = hg_lint_options_default(HG_POSTGRESQL);
    size_t dangers = 0, looked_at = 0;
    hg_error err = {0};

    for (size_t i = 0; h != NULL && i < h->revision_count; i++) {
        hg_plan *plan = NULL;

        if (h->revisions[i].state != HG_REVISION_PENDING)
            continue;
        if (!hg_lint_file(h->revisions[i].file, &options, &plan, &err)) {
            check_say(result, HG_UNKNOWN, "%s", err.message);
            return;
        }
        looked_at++;
        dangers += plan->danger_count;
        if (plan->danger_count > 0)
            check_evidence(context, result, "%s: %zu", h->revisions[i].file, plan->danger_count);
        hg_plan_free(plan);
    }
    if (h != NULL)
        check_say(result, dangers > 0 ? HG_WARN : HG_PASS, "%zu hazards in %zu pending migrations",
                  dangers, looked_at);
}

/* In memory on SQLite; PostgreSQL would have to make a scratch database for it, which no smoke run
 * does. */
static void check_drift(struct check_context *context, hg_check_result *result)
{
    const char *file = hg_settings_schema_file(context->settings);
    hg_check_result unseen = {0};
    hg_schema_diff *diff = NULL;
    hg_error err = {0};

    if (hg_conn_driver(context->conn) != HG_SQLITE) {
        check_say(result, HG_SKIP, "needs a scratch database: headgate check does that");
        return;
    }
    if (!file_exists(file)) {
        check_say(result, HG_SKIP, "there is no file \"%s\"", file);
        return;
    }
    check_context_release(context);
    if (!hg_schema_diff_make(context->pool, file, context->by, context->observer, &diff, &err))
        check_say_error(result, &err);
    else
        check_say(result, diff->change_count > 0 ? HG_WARN : HG_PASS, "%zu changes to \"%s\"",
                  diff->change_count, file);
    hg_schema_diff_free(diff);
    check_connect(context, &unseen);
}

/* --- two databases --- */

/* The SQLite file that the plain URL names while production's names PostgreSQL; NULL: there is
 * none, and the result says so. */
static hg_url *source_of(const struct check_context *context, hg_check_result *result)
{
    const char *text = "";
    hg_url *url = NULL;

    for (size_t i = 0; i < hg_settings_count(context->settings); i++)
        if (strcmp(hg_settings_at(context->settings, i).name, "DATABASE_URL") == 0
            && hg_settings_at(context->settings, i).is_set)
            text = hg_settings_at(context->settings, i).value;
    if (strncmp(text, "sqlite", 6) == 0 && hg_url_parse(text, &url, NULL)
        && file_exists(hg_url_path(url)))
        return url;
    hg_url_free(url);
    check_say(result, HG_SKIP, "DATABASE_URL names no SQLite file that data could come from");
    return NULL;
}

static bool is_in(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static void compare_sides(struct check_context *context, const hg_history *source,
                          const hg_history *target, hg_check_result *result)
{
    size_t differ = source->current_count != target->current_count;

    for (size_t i = 0; i < source->current_count; i++)
        differ += !is_in(target->current, target->current_count, source->current[i]);
    for (size_t i = 0; i < source->current_count; i++)
        check_evidence(context, result, "source: %s", source->current[i]);
    for (size_t i = 0; i < target->current_count; i++)
        check_evidence(context, result, "target: %s", target->current[i]);
    check_say(result, differ > 0 ? HG_FAIL : HG_PASS, "%s",
              differ > 0 ? "the two differ" : "both are the same");
}

static void check_both_sides(struct check_context *context, hg_check_result *result)
{
    const char *dir = hg_settings_migrations_dir(context->settings);
    hg_url *url = source_of(context, result);
    const hg_history *target = url == NULL ? NULL : history(context, result);
    hg_pool_options options = hg_pool_options_from(context->settings);
    hg_history *source = NULL;
    hg_pool *pool = NULL;
    hg_error err = {0};

    options.runtime_dir = NULL;
    options.read_only = true;
    options.settings = hg_pool_settings_for_tool(options.settings);
    if (target != NULL) {
        if (!hg_pool_open(url, &options, &pool, &err)
            || !hg_history_read(pool, dir, context->by, &source, &err))
            check_say(result, HG_UNKNOWN, "%s", err.message);
        else
            compare_sides(context, source, target, result);
    }
    hg_history_free(source);
    hg_pool_close(pool, context->by);
    hg_url_free(url);
}

// clang-format off
static const struct check rows[] = {
    {"migrate.table", "MIG001", "The ledger is there", CRITICAL, ON_ANY | CONNECTED, check_table,
     .code = "never_migrated", .hint = "Run headgate up, or headgate stamp when the schema is there already."},
    {"migrate.at_head", "MIG002", "The ledger has reached the head", CRITICAL, ON_ANY | READY | CONNECTED, check_at_head,
     .code = "migrations_pending", .hint = "Run headgate up."},
    {"migrate.one_head", "MIG003", "There is one head", CRITICAL, ON_ANY | CONNECTED, check_one_head,
     .code = "several_heads", .hint = "headgate merge joins them."},
    {"migrate.ahead", "MIG004", "No revision is applied that is not here", MAJOR, ON_ANY | READY | CONNECTED, check_ahead,
     .code = "revision_unknown", .hint = "A newer release has migrated this database: deploy it here too."},
    {"migrate.checksums", "MIG005", "Applied files are as they were applied", MAJOR, ON_ANY | READY | CONNECTED, check_checksums,
     .code = "migration_edited", .hint = "Put the change into a new migration and restore the applied file."},
    {"migrate.half_applied", "MIG006", "No migration stopped half way", CRITICAL, ON_ANY | CONNECTED, check_half_applied,
     .code = "half_applied", .hint = "headgate up goes on where it stopped; headgate history says why."},
    {"migrate.deployer", "MIG007", "Nobody is migrating", MAJOR, ON_ANY | CONNECTED, check_deployer,
     .code = "deployer_at_work", .hint = "Is it still there in a minute? headgate sessions shows what it waits for."},
    {"migrate.schema", "MIG008", "The schema is as the file says", MAJOR, ON_ANY | CONNECTED, check_drift,
     .code = "schema_differs", .hint = "headgate check shows the difference."},
    {"migrate.hazards", "MIG009", "What is pending does no harm", MAJOR, ON_POSTGRES | CONNECTED, check_hazards,
     .code = "hazards_pending", .hint = "headgate lint says what to write instead."},
    {"migrate.both_sides", "MIG010", "Source and target are at one revision", CRITICAL, ON_POSTGRES | CONNECTED, check_both_sides,
     .code = "revisions_differ", .hint = "Bring the one that is behind up before its data are moved."},
};
// clang-format on

const struct check_table migration_checks = {rows, sizeof rows / sizeof *rows};
