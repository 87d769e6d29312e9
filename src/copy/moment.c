/*
 * moment.c - what a copy reads: the source itself, or a moment of it that was kept; and whether the
 * source keeps a log for those who come later.
 */
#include <string.h>

#include "ask.h"
#include "follow.h"

/* From here on the kept moment is the source. */
static bool keep(struct run *run, hg_error *err)
{
    if (!kept_make(run->from, run->options->snapshot, copy_jobs(run->options), &run->kept, err))
        return false;
    copy_disconnect_source(run);
    run->source_pool = run->kept.pool;
    return copy_connect_source(run, err);
}

/* The moment that an unfinished copy reads; one that keeps none goes on from the source itself. */
static bool keep_on(struct run *run, hg_error *err)
{
    char moment[KEPT_NAME + 1] = "";

    if (!state_moment(run, true, moment, err))
        return false;
    if (moment[0] == '\0')
        return true;
    if (run->options->snapshot == NULL) {
        hg_fail(err, HG_USAGE, "the unfinished copy reads a moment of the source that was kept");
        hg_error_hint(err, "Name its folder with --snapshot.");
        return false;
    }
    if (!kept_open(run->options->snapshot, moment, copy_jobs(run->options), &run->kept, err))
        return false;
    copy_disconnect_source(run);
    run->source_pool = run->kept.pool;
    return copy_connect_source(run, err);
}

/* --- a copy --- */

static bool take_mode(void *context, hg_rows *rows, hg_error *err)
{
    (void)err;
    *(bool *)context = strcmp(hg_rows_text(rows, 0), "wal") == 0;
    return true;
}

/* Who has a log made means to go on writing, and reading for minutes must not be in the way. */
static bool stands_in_nobodys_way(struct run *run, hg_error *err)
{
    bool wal = false;

    if (run->options->snapshot != NULL)
        return true;
    if (!ask_rows(run->from, "PRAGMA journal_mode", NULL, 0, take_mode, &wal, copy_soon(), err))
        return false;
    if (wal)
        return true;
    hg_fail(err, HG_USAGE, "the source has no write-ahead log: while it is read, nobody can write");
    hg_error_hint(err, "Name a folder with --snapshot: what is copied is kept there first, which "
                       "takes moments, and removed again. Or set PRAGMA journal_mode = WAL.");
    return false;
}

/* What the target has written down may be of a copy that was: it is not this one's. */
static bool begin_copy(struct run *run, hg_error *err)
{
    struct delta held;

    if (!follow_find(run, err))
        return false;
    held = run->delta;
    run->delta = (struct delta){.position = 0};
    return (!run->options->triggers
            || (stands_in_nobodys_way(run, err) && follow_begin(run, held.name, err)))
           && (run->options->snapshot == NULL || keep(run, err));
}

static bool resume_copy(struct run *run, hg_error *err)
{
    if (!follow_find(run, err))
        return false;
    if (run->options->triggers && run->delta.name[0] == '\0') {
        hg_fail(err, HG_USAGE, "the unfinished copy was begun without triggers");
        hg_error_hint(err, "Resume it as it was begun, or give it up with --abandon.");
        return false;
    }
    return keep_on(run, err);
}

/* --- a round of catching up --- */

static bool find_moment(struct run *run, hg_error *err)
{
    if (!state_moment(run, false, run->moment, err))
        return false;
    if (run->moment[0] == '\0') {
        hg_fail(err, HG_USAGE, "the target does not follow a source");
        hg_error_hint(err, "Copy with --snapshot FOLDER or --triggers first.");
        return false;
    }
    return run->options->snapshot != NULL
           || hg_fail(err, HG_USAGE, "to catch up needs the folder of --snapshot");
}

static bool check_log(struct run *run, hg_error *err)
{
    if (run->unfinished) {
        hg_fail(err, HG_REFUSED, "the target holds an unfinished copy");
        hg_error_hint(err, "Finish it with --resume, or give it up with --abandon.");
    } else if (run->options->snapshot != NULL) {
        hg_fail(err, HG_USAGE, "the target follows the source by triggers");
        hg_error_hint(err, "Leave --snapshot out: no moment is kept.");
    }
    return !run->unfinished && run->options->snapshot == NULL;
}

static bool begin_round(struct run *run, hg_error *err)
{
    if (!follow_find(run, err))
        return false;
    if (run->delta.name[0] != '\0')
        return check_log(run, err);
    if (!find_moment(run, err))
        return false;
    kept_clear(run->options->snapshot, run->moment); /* of rounds that failed */
    return run->options->last || keep(run, err);
}

/* --- the whole --- */

bool moment_choose(struct run *run, hg_error *err)
{
    if (run->options->mode == HG_COPY_CATCH_UP)
        return begin_round(run, err);
    if (run->options->mode != HG_COPY_RUN)
        return true;
    if (!run->unfinished)
        return begin_copy(run, err);
    return !run->options->resume || resume_copy(run, err);
}
