/*
 * said_cutover.c - where a cutover stands, in words.
 */
#include "said_cutover.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "said.h"

const char *said_cutover_stand(const hg_cutover *run)
{
    if (run->closed)
        return strcmp(run->outcome, "done") == 0 ? "done" : "aborted: all was taken back";
    if (run->aborting)
        return run->working ? "going back" : "on its way back, and nobody works on it";
    if (run->working && run->paused)
        return "paused; headgate cutover --continue lets it go on";
    return run->working ? "somebody works on it" : "open, and nobody works on it";
}

const char *said_cutover_sight(const hg_cutover *run)
{
    if (run->past_return)
        return "The target has the truth: the application reads and writes there, and the source "
               "stays frozen.";
    if (run->frozen_ms >= 0)
        return "The application can read; every write fails with \"headgate: frozen\", or as "
               "read-only.";
    return "The application reads and writes the source.";
}

void said_cutover_name(struct buf *out, const hg_cutover *run)
{
    buf_text(out, "cutover ");
    text_show(out, run->run);
    buf_printf(out, ": %s\n", said_cutover_stand(run));
}

static void put_freeze(struct buf *out, const hg_cutover *run)
{
    char frozen[32], budget[32], last[32];

    if (run->frozen_ms < 0 || run->past_return)
        return;
    buf_printf(out, "Nobody has been able to write for %s",
               said_duration((double)run->frozen_ms, frozen, sizeof frozen));
    if (run->budget_ms > 0)
        buf_printf(out, "; the budget is %s",
                   said_duration((double)run->budget_ms, budget, sizeof budget));
    buf_text(out, ".\n");
    if (run->over_budget)
        buf_printf(out, "WARNING: the budget is used up; after %s all is taken back.\n",
                   said_duration((double)run->gives_up_ms, last, sizeof last));
}

void said_cutover_now(struct buf *out, const hg_cutover *run)
{
    put_freeze(out, run);
    buf_printf(out, "%s\n", said_cutover_sight(run));
    if (run->closed)
        return;
    buf_text(out, run->aborting ? "It is going back. " : "To abort now: ");
    text_show(out, run->cost);
    buf_char(out, '\n');
}

void said_cutover_end(struct buf *out, const hg_cutover *run)
{
    said_cutover_name(out, run);
    said_cutover_now(out, run);
    said_line(out, "journal", run->dir);
    said_line(out, "head", run->head);
}
