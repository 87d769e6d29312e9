/*
 * loop.h - the one place where poll, update, view and terminal meet.
 */
#ifndef CONSOLE_LOOP_H
#define CONSOLE_LOOP_H

#include <signal.h>

#include "stage.h"
#include "terminal.h"

/*
 * Runs on the terminal of the process until the user quits. Signals are taken over for the time
 * being. err: HG_UNSUPPORTED (no such terminal), HG_CANCELLED (ended by a signal, or the terminal
 * is gone), HG_NOMEM, HG_IO.
 */
bool loop_run(const struct stage_options *options, enum color_use color, hg_error *err);

/* Blocks the signals that the loop reads: before the first worker is started, so that no worker
 * gets them. *out_before: the mask to go back to. */
void loop_block_signals(sigset_t *out_before);

#endif
