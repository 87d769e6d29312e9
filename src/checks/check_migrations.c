/*
 * check_migrations.c - checks of the ledger against the files.
 */
#include "checks.h"

#include "base/text.h"

/* The ledger is read on a connection of the pool: ours steps back for that moment, so that a run
 * needs no second one. */
static void read_history(struct check_context *context)
{
    hg_check_result unseen = {0};

    check_context_release(context);
    hg_history_read(context->pool, hg_settings_migrations_dir(context->settings), context->by,
                    &context->report->history, &context->history_error);
    check_connect(context, &unseen);
}

/* Reads files and ledger on first need; NULL: it could not be, and the result says why. */
static const hg_history *history(struct check_context *context, hg_check_result *result)
{
    hg_readiness *report = context->report;

    if (report->history == NULL && context->history_error.code == HG_OK)
        read_history(context);
    if (report->history == NULL) {
        check_say(result, HG_FAIL, "%s", context->history_error.message);
        text_copy(result->hint, sizeof result->hint, context->history_error.hint);
        result->code = "ledger_unreadable";
    }
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
    context->report->migrations_applied = h->pending_count == 0;
    if (h->pending_count > 0)
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

// clang-format off
static const struct check rows[] = {
    {"migrate.at_head", "MIG002", "The ledger has reached the head", CRITICAL, ON_ANY | READY | CONNECTED, check_at_head,
     .code = "migrations_pending", .hint = "Run headgate up."},
    {"migrate.ahead", "MIG004", "No revision is applied that is not here", MAJOR, ON_ANY | READY | CONNECTED, check_ahead,
     .code = "revision_unknown", .hint = "A newer release has migrated this database: deploy it here too."},
    {"migrate.checksums", "MIG005", "Applied files are as they were applied", MAJOR, ON_ANY | READY | CONNECTED, check_checksums,
     .code = "migration_edited", .hint = "Put the change into a new migration and restore the applied file."},
};
// clang-format on

const struct check_table migration_checks = {rows, sizeof rows / sizeof *rows};
