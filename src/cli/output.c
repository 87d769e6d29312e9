/*
 * output.c - what a command says: results, notes, progress, errors.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli.h"
#include "ops/json.h"
#include "ops/said.h"

static atomic_bool interrupted;

void cli_print(const struct buf *out)
{
    fwrite(out->bytes, 1, out->size, stdout);
}

static void print_visible(FILE *to, const char *text)
{
    struct buf clean = BUF_INIT(1 << 20);

    text_show(&clean, text);
    fputs(clean.bytes, to);
    buf_release(&clean);
}

void cli_note(const struct cli *cli, const char *format, ...)
{
    char line[1024];
    va_list args;

    if (cli->verbosity < 0)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    print_visible(stderr, line);
    fputc('\n', stderr);
}

void cli_show_error(const hg_error *error)
{
    struct buf out = BUF_INIT(1 << 20);

    said_error(&out, error);
    fputs(out.bytes, stderr);
    buf_release(&out);
}

int cli_fail(const struct cli *cli, const hg_error *error)
{
    struct buf out = BUF_INIT(1 << 20);

    if (cli->json && json_error(&out, error))
        cli_print(&out);
    else
        cli_show_error(error);
    buf_release(&out);
    return hg_code_exit_status(error->code);
}

char *cli_duration(double ms, char *out, size_t size)
{
    return said_duration(ms, out, size);
}

const char *cli_took(struct arena *arena, double ms)
{
    char text[32];

    return arena_text(arena, cli_duration(ms, text, sizeof text));
}

char *cli_bytes(int64_t bytes, char *out, size_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;

    for (; value >= 999.5 && unit < 4; unit++)
        value /= 1000;
    snprintf(out, size, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}

static void print_event(void *context, const hg_event *event)
{
    const struct cli *cli = context;
    char took[32];

    switch (event->kind) {
    case HG_EVENT_STEP_DONE:
        cli_note(cli, "%s %s  %s", event->message, event->subject,
                 cli_duration(event->duration_ms, took, sizeof took));
        break;
    case HG_EVENT_WAITING:
        cli_note(cli, "waiting: %s", event->message);
        break;
    case HG_EVENT_NOTE:
        cli_note(cli, "note: %s", event->message);
        break;
    case HG_EVENT_STEP_PROGRESS: /* one line a statement would drown the rest */
        if (strcmp(event->unit, "part") == 0 && event->total > 0)
            cli_note(cli, "%s  %s, %.0f %%", event->subject, event->message,
                     100.0 * (double)event->done / (double)event->total);
        break;
    case HG_EVENT_STEP_STARTED: /* one line a step is enough, */
    case HG_EVENT_STEP_FAILED:  /* and the error follows */
        break;
    }
}

hg_observer cli_observer(const struct cli *cli)
{
    return (hg_observer){print_event, cli_interrupted, (void *)(uintptr_t)cli};
}

static void on_signal(int signal_number)
{
    (void)signal_number;
    atomic_store(&interrupted, true);
}

bool cli_interrupted(void *context)
{
    (void)context;
    return atomic_load_explicit(&interrupted, memory_order_relaxed);
}

void cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: a poll() ends at once */

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}
