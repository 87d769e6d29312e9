/*
 * export.c - a list as it is shown, or the page that is open, into a file that is not there yet.
 *
 * What is written is what was on the screen when the name was confirmed; the file is written by a
 * job, for a disk may be slow.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"
#include "list.h"
#include "update.h"
#include "view.h"

enum { EXPORT_BYTES_MAX = 32 << 20 };

/* "migrations", of a page "plan". */
static void name_subject(const struct model *m, char *out, size_t size)
{
    struct page_title title;

    if (model_page(m) == PAGE_NONE) {
        text_copy(out, size, list_of(m, model_subject(m))->title);
    } else {
        view_page_title(m, &title);
        text_copy(out, size, title.title);
    }
    for (char *s = out; *s != '\0'; s++)
        *s = isalnum((unsigned char)*s) ? (char)tolower((unsigned char)*s) : '-';
}

void export_ask(struct model *m)
{
    time_t seconds = (time_t)(m->wall_ms / 1000);
    char subject[32], stamp[32];
    struct tm utc;

    m->entry.use = LINE_EXPORT;
    name_subject(m, subject, sizeof subject);
    gmtime_r(&seconds, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &utc);
    snprintf(m->entry.text, sizeof m->entry.text, "headgate-%s-%s.%s", subject, stamp,
             model_page(m) == PAGE_NONE ? "csv" : "txt");
}

static enum list_format format_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot == NULL                     ? LIST_PLAIN
           : strcasecmp(dot, ".csv") == 0  ? LIST_CSV
           : strcasecmp(dot, ".json") == 0 ? LIST_JSON
                                           : LIST_PLAIN;
}

static void fill_page(const struct model *m, struct buf *text, char *says, size_t size)
{
    view_page_text(m, text);
    if (text->size > 0) {
        secret_scrub(text->bytes, text->size + 1);
        text->size = strlen(text->bytes);
    }
    snprintf(says, size, "the page");
}

static void fill_list(const struct model *m, enum list_format format, struct buf *text, char *says,
                      size_t size)
{
    enum pane pane = model_subject(m);
    size_t rows = model_rows(m, pane);

    list_write(m, pane, format, text);
    snprintf(says, size, "%zu row%s of %s", rows, view_plural(rows), list_of(m, pane)->title);
}

void export_write(struct model *m, const char *path, struct effects *effects)
{
    struct effect write = {.kind = EFFECT_START, .request = {.kind = JOB_WRITE}};
    struct job_request *request = &write.request;
    struct buf text = BUF_INIT(EXPORT_BYTES_MAX);
    enum list_format format = format_of(path);
    bool page = model_page(m) != PAGE_NONE;

    if (page && format != LIST_PLAIN) {
        note_add(m, ROLE_WARN, "export: a page is plain text: end the name in .txt");
        return;
    }
    if (path[0] == '\0') {
        note_add(m, ROLE_INFO, "export: nothing was written");
        return;
    }
    if (page)
        fill_page(m, &text, request->text, sizeof request->text);
    else
        fill_list(m, format, &text, request->text, sizeof request->text);
    if (text.failed || text.size == 0) {
        buf_release(&text);
        note_add(m, ROLE_WARN, "export: %s", text.failed ? "that is too much" : "there is nothing");
        return;
    }
    text_copy(request->file, sizeof request->file, path);
    alloc_free(m->exported);
    request->content = m->exported = buf_take(&text);
    effect_add(effects, write);
}

void export_started(struct model *m, bool started)
{
    if (!started) {
        alloc_free(m->exported);
        note_add(m, ROLE_WARN, "export: the one before is still being written");
    }
    m->exported = NULL;
}

void export_written(struct model *m, const struct job_result *result)
{
    if (result->ok)
        note_add(m, ROLE_OK, "wrote %s to %s", result->request.text, result->request.file);
    else
        note_add(m, ROLE_WARN, "export: %s: %s", result->error.message, result->error.hint);
}
