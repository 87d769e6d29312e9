/*
 * copy_progress.c - on a terminal one line that changes, elsewhere a line now and then.
 */
#include "copy_progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_EVERY_MS = 10000 }; /* of progress, where no terminal shows it */

void copy_progress_end(struct copy_progress *p)
{
    if (p->line_is_open)
        fputs("\r\033[K", stderr);
    p->line_is_open = false;
}

static void show_progress(struct copy_progress *p, const hg_event *event)
{
    char size[32], total[40] = "";

    if (p->cli->verbosity < 0 || event->subject[0] != '\0')
        return;
    if (!p->terminal && clock_since_ms(p->said_ns) < LINE_EVERY_MS)
        return;
    if (event->total > 0)
        snprintf(total, sizeof total, " of %s", cli_bytes(event->total, (char[32]){0}, 32));
    fprintf(stderr, p->terminal ? "\r%s: %s%s\033[K" : "%s: %s%s\n", event->message,
            cli_bytes(event->done, size, sizeof size), total);
    p->line_is_open = p->terminal;
    p->said_ns = clock_now_ns();
}

static void on_event(void *context, const hg_event *event)
{
    struct copy_progress *p = context;
    char took[32];

    switch (event->kind) {
    case HG_EVENT_STEP_PROGRESS:
        show_progress(p, event);
        break;
    case HG_EVENT_STEP_DONE:
        copy_progress_end(p);
        cli_note(p->cli, "%s %s, %lld rows  %s", event->message, event->subject,
                 (long long)event->done, cli_duration(event->duration_ms, took, sizeof took));
        break;
    case HG_EVENT_WAITING:
    case HG_EVENT_NOTE:
        copy_progress_end(p);
        cli_note(p->cli, "note: %s", event->message);
        break;
    case HG_EVENT_STEP_STARTED:
    case HG_EVENT_STEP_FAILED:
        break;
    }
}

hg_observer copy_progress_begin(struct copy_progress *p, const struct cli *cli)
{
    *p = (struct copy_progress){
        .cli = cli, .terminal = isatty(STDERR_FILENO) && !cli->json, .said_ns = clock_now_ns()};
    return (hg_observer){on_event, cli_interrupted, p};
}
