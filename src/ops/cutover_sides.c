/*
 * cutover_sides.c - a run is worked on in a process of its own, whichever front end has begun it.
 */
#include "cutover_sides.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "json_cutover.h"
#include "said.h"
#include "said_cutover.h"
#include "worker.h"

enum { OUT_LIMIT = 64 << 20 };

bool cutover_sides_open(const hg_settings_options *settings, const char *runbook, int64_t budget_ms,
                        struct cutover_sides *out, hg_error *err)
{
    hg_settings_options target;

    *out = (struct cutover_sides){.options = {.runbook = runbook, .budget_ms = budget_ms}};
    if (settings == NULL) {
        hg_fail(err, HG_UNSUPPORTED, "there are no settings to move this database by");
        hg_error_hint(err,
                      "Open headgate in the folder of a project: its SQLite file can be moved.");
        return false;
    }
    target = *settings;
    target.url = NULL;
    target.cutover_target = true;
    if (!hg_settings_load(settings, &out->source, err)
        || !hg_settings_load(&target, &out->target, err))
        return false;
    out->options.source = out->source;
    out->options.target = out->target;
    return true;
}

void cutover_sides_close(struct cutover_sides *sides)
{
    hg_settings_free(sides->source);
    hg_settings_free(sides->target);
    *sides = (struct cutover_sides){0};
}

void cutover_subject(const char *run, char out[CUTOVER_SUBJECT_SIZE])
{
    snprintf(out, CUTOVER_SUBJECT_SIZE, "cutover %s", run);
}

/* What was not asked for is no success: a script that goes on after the cutover must not go on. */
static bool end_as_wished(const hg_cutover *run, bool back, hg_error *err)
{
    if (strcmp(run->outcome, back ? "aborted" : "done") == 0)
        return true;
    return hg_fail(err, HG_FAILED, "the cutover %s was aborted: all was taken back", run->run);
}

int cutover_work(const struct cutover_sides *sides, bool back, struct worker *worker)
{
    const hg_observer observer = {worker_event, worker_cancelled, worker};
    struct buf out = BUF_INIT(OUT_LIMIT), errors = BUF_INIT(OUT_LIMIT),
               document = BUF_INIT(OUT_LIMIT);
    hg_cutover *run = NULL;
    hg_error err = {0}, unread = {0};
    bool ok = hg_cutover_work(&sides->options, back, &observer, &err);
    int status;

    if (hg_cutover_read(&sides->options, &run, &unread))
        ok = ok && end_as_wished(run, back, &err);
    status = ok ? 0 : hg_code_exit_status(err.code);
    if (run != NULL)
        said_cutover_end(&out, run);
    if (run == NULL)
        json_error(&document, ok ? &unread : &err);
    else
        json_cutover(&document, run, ok ? NULL : &err);
    if (!ok)
        said_error(&errors, &err);
    worker_end(worker, &(struct worker_outcome){.exit_status = status,
                                                .out = out.bytes,
                                                .errors = errors.bytes,
                                                .document = document.bytes});
    buf_release(&out);
    buf_release(&errors);
    buf_release(&document);
    hg_cutover_free(run);
    return status;
}
