/*
 * safety.c - SQLite: a copy of the database from before a run loses rows.
 */
#include "safety.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"

enum { KEPT = 3, PATH_SIZE = 4096 };

#define MARK "-before-"
#define WHEN "00000000T000000.000Z" /* a digit for each digit */

/* --- whether --- */

struct loss {
    const hg_plan_table *table; /* the first; NULL: none */
    size_t step;
    bool others;
};

static void add_losses(struct loss *loss, const hg_plan_statement *s, size_t step)
{
    for (size_t i = 0; i < s->table_count; i++) {
        const hg_plan_table *t = &s->tables[i];

        if (!t->loses_rows || t->created || t->rows == 0)
            continue;
        if (loss->table == NULL)
            *loss = (struct loss){.table = t, .step = step};
        loss->others = loss->others || strcmp(loss->table->name, t->name) != 0;
    }
}

static struct loss find_loss(const hg_plan *plan, size_t first, size_t last)
{
    struct loss loss = {.table = NULL};

    for (size_t i = first; i <= last; i++)
        for (size_t j = 0; j < plan->steps[i].statement_count; j++)
            add_losses(&loss, &plan->steps[i].statements[j], i);
    return loss;
}

/* NULL: the database has no file of its own. */
static const char *file_of(const struct run *r)
{
    const char *path = r->prepared->driver == HG_SQLITE ? hg_url_path(hg_pool_url(r->pool)) : NULL;

    return path == NULL || path[0] == '\0' || strcmp(path, ":memory:") == 0 ? NULL : path;
}

/* --- those from before --- */

static bool is_when(const char *text)
{
    if (strlen(text) != strlen(WHEN))
        return false;
    for (size_t i = 0; WHEN[i] != '\0'; i++)
        if (WHEN[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != WHEN[i])
            return false;
    return true;
}

/* Removes all copies but the newest. What cannot be removed stays: it does no harm. */
static void prune(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    struct file_list list = {0};
    hg_error unheard;
    char folder[PATH_SIZE], old[PATH_SIZE];
    size_t n = strlen(base) + strlen(MARK), kept = 0;

    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
             slash == NULL ? "." : path);
    if (!file_list(folder, "Z", &list, &unheard))
        return;
    for (size_t i = list.count; i > 0; i--) {
        const char *name = list.names[i - 1];

        if (strncmp(name, base, n - strlen(MARK)) != 0
            || strncmp(name + n - strlen(MARK), MARK, strlen(MARK)) != 0 || !is_when(name + n))
            continue;
        if (++kept > KEPT && file_join(old, sizeof old, folder, name))
            (void)unlink(old);
    }
    file_list_release(&list);
}

/* --- the copy --- */

static bool name_copy(const char *path, char out[PATH_SIZE], hg_error *err)
{
    int64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    char when[sizeof WHEN];
    struct tm tm;
    int n;

    strftime(when, sizeof when, "%Y%m%dT%H%M%S", gmtime_r(&seconds, &tm));
    n = snprintf(out, PATH_SIZE, "%s" MARK "%s.%03dZ", path, when, (int)(now_ms % 1000));
    return n < PATH_SIZE || hg_fail(err, HG_IO, "the path of the copy is too long");
}

/* A disk that the copy fills would stop the application, too. */
static bool check_room(const char *path, hg_error *err)
{
    struct statvfs disk;
    struct stat file;
    double wanted, left;

    if (stat(path, &file) != 0 || statvfs(path, &disk) != 0)
        return true;
    wanted = (double)file.st_size;
    left = (double)disk.f_bavail * (double)disk.f_frsize;
    return left > wanted
           || hg_fail(err, HG_DISK_FULL,
                      "the copy takes %.1f MB, and %.1f MB are left beside \"%s\"", wanted / 1e6,
                      left / 1e6, path);
}

static bool copy(struct run *r, const char *path, const char *to, hg_error *err)
{
    if (check_room(path, err) && hg_conn_backup(r->conn, to, hg_deadline_never(), err))
        return true;
    if (err->code == HG_CANCELLED)
        return false;
    hg_error_context(err, "could not keep a copy of the database");
    hg_error_hint(err,
                  "Make room beside it, or run with --no-copy: then nothing is kept of the rows "
                  "that go.");
    return false;
}

static void tell(const struct run *r, const struct loss *loss)
{
    const char *revision =
        prepared_revision(r->prepared, r->prepared->decided.steps[loss->step].node);
    const hg_plan_table *t = loss->table;
    char rows[64] = "rows";

    if (t->rows > 0)
        snprintf(rows, sizeof rows, "%s%lld row%s", t->rows_exact ? "" : "up to ",
                 (long long)t->rows, t->rows == 1 ? "" : "s");
    progress_say(r->observer, HG_EVENT_NOTE, revision,
                 "\"%s\" is the database as it was before \"%s\", which loses %s of \"%s\"%s",
                 r->result->safety_copy, revision, rows, t->name,
                 loss->others ? " and what others hold" : "");
}

bool safety_copy(struct run *run, size_t first, size_t last, hg_error *err)
{
    const char *path = run->options->safety_copy ? file_of(run) : NULL;
    char to[PATH_SIZE];
    hg_error cause = {0};
    struct loss loss;

    if (path == NULL || run->result->safety_copy != NULL)
        return true;
    loss = find_loss(&run->prepared->plan, first, last);
    if (loss.table == NULL)
        return true;
    if (!name_copy(path, to, &cause) || !copy(run, path, to, &cause)) {
        *err = cause;
        return false;
    }
    run->result->safety_copy = alloc_text(to);
    if (run->result->safety_copy == NULL)
        return hg_fail(err, HG_NOMEM, "could not run the migrations: out of memory");
    tell(run, &loss);
    prune(path);
    return true;
}
