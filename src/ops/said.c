/*
 * said.c - errors and results as text.
 */
#include "said.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"

/* The faulty line with a caret under the fault. */
static void put_excerpt(struct buf *out, const hg_error *error)
{
    size_t start = out->size, margin;

    buf_printf(out, "  %d | ", error->line);
    margin = out->size - start;
    text_show(out, error->excerpt);
    buf_char(out, '\n');
    if (error->excerpt_column > 0)
        buf_printf(out, "%*s^\n", (int)margin + error->excerpt_column - 1, "");
}

void said_error(struct buf *out, const hg_error *error)
{
    buf_text(out, "headgate: ");
    if (error->file[0] != '\0') {
        text_show(out, error->file);
        if (error->line > 0)
            buf_printf(out, ":%d", error->line);
        if (error->line > 0 && error->column > 0)
            buf_printf(out, ":%d", error->column);
        buf_text(out, ": ");
    }
    text_show(out, error->message);
    if (error->sqlstate[0] != '\0')
        buf_printf(out, " (SQLSTATE %s)", error->sqlstate);
    buf_char(out, '\n');
    if (error->excerpt[0] != '\0')
        put_excerpt(out, error);
    if (error->hint[0] != '\0') {
        buf_text(out, "  hint: ");
        text_show(out, error->hint);
        buf_char(out, '\n');
    }
}

void said_run(struct buf *out, const hg_run_result *result)
{
    if (result->applied_count == 0)
        buf_text(out, "nothing to do");
    else
        buf_printf(out, "%zu migration%s done", result->applied_count,
                   result->applied_count == 1 ? "" : "s");
    buf_text(out, ", now at ");
    for (size_t i = 0; i < result->current_count; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        text_show(out, result->current[i]);
    }
    buf_text(out, result->current_count == 0 ? "base\n" : "\n");
}

void said_line(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "  %-8s ", name);
    text_show(out, text);
    buf_char(out, '\n');
}

char *said_duration(double ms, char *out, size_t size)
{
    if (ms < 0)
        snprintf(out, size, "-");
    else if (ms < 9.95)
        snprintf(out, size, "%.1f ms", ms);
    else if (ms < 999.5)
        snprintf(out, size, "%.0f ms", ms);
    else if (ms < 59950)
        snprintf(out, size, "%.1f s", ms / 1000);
    else
        snprintf(out, size, "%d min %d s", (int)(ms / 60000), (int)(ms / 1000) % 60);
    return out;
}
