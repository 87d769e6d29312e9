/*
 * run.c - finds and makes the folders of runs; orders as small files that are renamed into place.
 */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "actions.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "builtin.h"
#include "json_put.h"

enum { BOOK_LIMIT = 1 << 20, ORDER_LIMIT = 1 << 16, NAMES_A_MINUTE = 100, MINUTE_BYTES = 13 };

static const char book_name[] = "runbook.json", orders_name[] = "orders";
static const char *const order_names[HG_CUTOVER_ORDERS] = {
    "answer", "pause", "continue", "note", "abort", "rate", "postpone", "unpostpone"};

static bool runs_dir(const hg_settings *settings, bool rehearsals, char out[RUN_PATH],
                     hg_error *err)
{
    return run_path(hg_settings_state_dir(settings), rehearsals ? "rehearsals" : "runs", out, err);
}

bool run_path(const char *dir, const char *name, char out[RUN_PATH], hg_error *err)
{
    return file_join(out, RUN_PATH, dir, name)
           || hg_fail(err, HG_IO, "the path of \"%s\" is too long", name);
}

/* Names begin with the time, so that the greatest is the newest. A folder counts once its journal
 * is there. below: only smaller ones; NULL: all. */
static bool newest_in(const char *runs, const char *below, char *out, size_t size)
{
    DIR *dir = opendir(runs);
    const struct dirent *entry;
    char path[RUN_PATH + 300];

    out[0] = '\0';
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s/journal.jsonl", runs, entry->d_name);
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, out) > 0 && file_exists(path)
            && (below == NULL || strcmp(entry->d_name, below) < 0))
            text_copy(out, size, entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    return out[0] != '\0';
}

bool run_newest(const hg_settings *settings, char dir[RUN_PATH], hg_error *err)
{
    char runs[RUN_PATH], name[JOURNAL_RUN_MAX];

    if (!runs_dir(settings, false, runs, err))
        return false;
    if (newest_in(runs, NULL, name, sizeof name))
        return run_path(runs, name, dir, err);
    hg_fail(err, HG_FAILED, "no cutover has been begun");
    hg_error_hint(err, "`headgate cutover --plan` shows what one would do.");
    return false;
}

/* Names are of one folder: "../x" is none. */
static bool is_there(const char *runs, const char *name, char dir[RUN_PATH])
{
    char journal[RUN_PATH];

    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL
           && run_path(runs, name, dir, NULL) && run_path(dir, "journal.jsonl", journal, NULL)
           && file_exists(journal);
}

bool run_find(const hg_settings *settings, const char *name, char dir[RUN_PATH], hg_error *err)
{
    char runs[RUN_PATH];

    if (name == NULL)
        return run_newest(settings, dir, err);
    for (int rehearsals = 0; rehearsals < 2; rehearsals++)
        if (runs_dir(settings, rehearsals != 0, runs, NULL) && is_there(runs, name, dir))
            return true;
    return hg_fail(err, HG_FAILED, "no cutover or rehearsal is called \"%s\"", name);
}

bool run_before(const hg_settings *settings, const char *name, char out_name[JOURNAL_RUN_MAX],
                char out_dir[RUN_PATH])
{
    char runs[RUN_PATH], found[JOURNAL_RUN_MAX], best[JOURNAL_RUN_MAX] = "";

    for (int rehearsals = 0; rehearsals < 2; rehearsals++)
        if (runs_dir(settings, rehearsals != 0, runs, NULL)
            && newest_in(runs, name, found, sizeof found) && strcmp(found, best) > 0
            && run_path(runs, found, out_dir, NULL))
            text_copy(best, sizeof best, found);
    text_copy(out_name, JOURNAL_RUN_MAX, best);
    return best[0] != '\0';
}

/* A folder that begins with a dot counts for nobody: what was interrupted before the journal began
 * is no run. */
static bool make_hidden(const char *runs, const char *run, char dir[RUN_PATH], hg_error *err)
{
    char there[RUN_PATH], hidden[JOURNAL_RUN_MAX + 1];

    snprintf(hidden, sizeof hidden, ".%s", run);
    return run_path(runs, run, there, err) && run_path(runs, hidden, dir, err)
           && !file_exists(there) && mkdir(dir, 0700) == 0;
}

/* "20261123-1405", a rehearsal "20261123-1405r"; a second one of the same minute gets a number. The
 * newest has the greatest name, whatever happens to the clock. */
bool run_make(const hg_settings *settings, bool rehearsal, char dir[RUN_PATH],
              char run[JOURNAL_RUN_MAX], hg_error *err)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    char runs[RUN_PATH], minute[20], orders[RUN_PATH], last[JOURNAL_RUN_MAX];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(minute, sizeof minute, "%Y%m%d-%H%M", &tm);
    if (!runs_dir(settings, rehearsal, runs, err) || !file_make_dir(runs, 0700, err))
        return false;
    if (newest_in(runs, NULL, last, sizeof last) && strncmp(minute, last, MINUTE_BYTES) < 0)
        text_copy(minute, MINUTE_BYTES + 1, last); /* the clock was set back */
    for (int i = 1; i < NAMES_A_MINUTE; i++) {
        snprintf(run, JOURNAL_RUN_MAX, i == 1 ? "%s%s" : "%s%s-%02d", minute, rehearsal ? "r" : "",
                 i);
        if (make_hidden(runs, run, dir, err))
            return run_path(dir, orders_name, orders, err) && file_make_dir(orders, 0700, err);
    }
    return hg_fail(err, HG_IO, "could not make a folder in \"%s\": %m", runs);
}

bool run_publish(const hg_settings *settings, bool rehearsal, const char *run, char dir[RUN_PATH],
                 hg_error *err)
{
    char runs[RUN_PATH], path[RUN_PATH];

    if (!runs_dir(settings, rehearsal, runs, err) || !run_path(runs, run, path, err))
        return false;
    if (rename(dir, path) != 0)
        return hg_fail(err, HG_IO, "could not rename \"%s\": %m", dir);
    text_copy(dir, RUN_PATH, path);
    return true;
}

bool run_lock(const hg_settings *settings, int *out_lock, hg_error *err)
{
    char runs[RUN_PATH];
    int fd;

    if (!runs_dir(settings, false, runs, err) || !file_make_dir(runs, 0700, err))
        return false;
    fd = open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    if (fd < 0)
        return hg_fail(err, HG_IO, "could not open \"%s\": %m", runs);
    *out_lock = fd;
    return true;
}

void run_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}

/* --- runbooks --- */

bool run_read_book(const char *name, struct buf *out, hg_error *err)
{
    return builtin_runbook(name, out) || file_read(name, out, err);
}

bool run_load_book(const char *dir, struct loaded_runbook **out_book, hg_error *err)
{
    struct buf text = BUF_INIT(BOOK_LIMIT);
    char path[RUN_PATH];
    bool ok = run_path(dir, book_name, path, err) && file_read(path, &text, err)
              && runbook_parse(text.bytes, text.size, path, cutover_forms, cutover_action_count(),
                               NULL, NULL, out_book, err);

    buf_release(&text);
    return ok;
}

const char *run_who(char room[WHO_ROOM])
{
    struct passwd entry, *found = NULL;
    char text[1024];

    if (getpwuid_r(getuid(), &entry, text, sizeof text, &found) == 0 && found != NULL)
        text_copy(room, WHO_ROOM, entry.pw_name);
    else
        snprintf(room, WHO_ROOM, "uid %ld", (long)getuid());
    return room;
}

bool run_source(const hg_settings *settings, char out[RUN_PATH], hg_error *err)
{
    const char *path = hg_url_path(hg_settings_url(settings));
    char *whole;

    if (path == NULL || strcmp(path, ":memory:") == 0)
        return hg_fail(err, HG_CONFIG, "a cutover begins at a SQLite file, and \"%s\" is none",
                       hg_url_redacted(hg_settings_url(settings)));
    whole = realpath(path, NULL);
    if (whole == NULL)
        return hg_fail(err, HG_NO_DATABASE, "could not find \"%s\": %m", path);
    text_copy(out, RUN_PATH, whole);
    free(whole);
    return true;
}

/* --- orders --- */

const char *order_name(hg_cutover_order order)
{
    return order_names[order];
}

/* The clock puts them in order; the process id keeps two apart. */
bool order_leave(const char *dir, const struct order *order, hg_error *err)
{
    char folder[RUN_PATH], name[80], path[RUN_PATH];
    struct buf text = BUF_INIT(ORDER_LIMIT);
    json_t *object = json_pack("{s:s, s:s, s:s}", "order", order_names[order->kind], "actor",
                               order->actor, "text", order->text);
    bool ok;

    snprintf(name, sizeof name, "%020lld-%ld.json", (long long)clock_now_ns(), (long)getpid());
    ok = run_path(dir, orders_name, folder, err) && run_path(folder, name, path, err);
    if (ok && (object == NULL || !json_put(object, 0, &text)))
        ok = hg_fail(err, HG_NOMEM, "could not write an order: out of memory");
    ok = ok && file_write(path, text.bytes, text.size, 0600, err);
    json_decref(object);
    buf_release(&text);
    return ok;
}

static bool understand(const json_t *object, struct order *out)
{
    const char *name = json_string_value(json_object_get(object, "order"));
    const char *text = json_string_value(json_object_get(object, "text"));
    const char *actor = json_string_value(json_object_get(object, "actor"));

    for (int i = 0; name != NULL && i < HG_CUTOVER_ORDERS; i++)
        if (strcmp(name, order_names[i]) == 0) {
            out->kind = (hg_cutover_order)i;
            text_copy(out->text, sizeof out->text, text == NULL ? "" : text);
            text_copy(out->actor, sizeof out->actor, actor == NULL ? "" : actor);
            return true;
        }
    return false;
}

bool order_take(const char *dir, struct order *out)
{
    char folder[RUN_PATH], path[RUN_PATH];
    struct file_list list = {0};
    bool found = false;

    if (!run_path(dir, orders_name, folder, NULL) || !file_list(folder, ".json", &list, NULL))
        return false;
    for (size_t i = 0; !found && i < list.count; i++) {
        struct buf text = BUF_INIT(ORDER_LIMIT);
        json_t *object = NULL;

        if (run_path(folder, list.names[i], path, NULL) && file_read(path, &text, NULL))
            object = json_loadb(text.bytes, text.size, 0, NULL);
        found = object != NULL && understand(object, out);
        unlink(path);
        json_decref(object);
        buf_release(&text);
    }
    file_list_release(&list);
    return found;
}
