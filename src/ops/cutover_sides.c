/*
 * cutover_sides.c - a run is worked on in a process of its own, whichever front end has begun it.
 */
#include "cutover_sides.h"

#include <stdio.h>
#include <string.h>

#include "json_cutover.h"
#include "outcome.h"
#include "said_cutover.h"
#include "worker.h"

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
    struct outcome outcome;
    hg_cutover *run = NULL;
    hg_error err = {0}, unread = {0};
    bool ok = hg_cutover_work(&sides->options, back, &observer, &err);

    outcome_init(&outcome);
    if (hg_cutover_read(&sides->options, &run, &unread))
        ok = ok && end_as_wished(run, back, &err);
    if (run != NULL) {
        said_cutover_end(&outcome.out, run);
        json_cutover(&outcome.document, run, ok ? NULL : &err);
    } else {
        json_error(&outcome.document, ok ? &unread : &err);
    }
    hg_cutover_free(run);
    return outcome_end(&outcome, outcome_status(&outcome, ok ? NULL : &err), worker);
}
