/*
 * loop.h - the one place where poll, update, view and terminal meet.
 */
#ifndef CONSOLE_LOOP_H
#define CONSOLE_LOOP_H

#include <signal.h>

#include "model.h"
#include "terminal.h"

/* Where jobs are started and where their messages come from: ops/job.h, or a test's own. */
struct job_source {
    void *context;
    uint64_t (*start)(void *context, const struct job_request *request);
    void (*cancel)(void *context, uint64_t job);
    bool (*take)(void *context, struct job_message *out);
    int (*fd)(void *context);
    void (*discard)(void *context, struct job_result *result);
};

/*
 * Runs until the user quits. Signals are taken over for the time being. theme: its name;
 * theme_folders: where themes are looked for, ended by NULL. err: HG_UNSUPPORTED (no such
 * terminal), HG_CANCELLED (ended by a signal, or the terminal is gone), HG_NOMEM, HG_IO.
 */
bool loop_run(const struct facts *facts, const struct job_source *source, enum color_use color,
              const char *theme, const char *const *theme_folders, hg_error *err);

/* Blocks the signals that the loop reads: before the first worker is started, so that no worker
 * gets them. *out_before: the mask to go back to. */
void loop_block_signals(sigset_t *out_before);

#endif
