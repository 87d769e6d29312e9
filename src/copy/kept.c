/*
 * kept.c - a copy made by SQLite's backup, in a folder that only its user may enter.
 */
#include "kept.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/rand.h"

static const char suffix[] = ".moment";

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not keep the source's moment: out of memory");
}

static bool set_path(const char *folder, struct kept *kept, hg_error *err)
{
    struct buf path = BUF_INIT(1 << 16);

    buf_printf(&path, "%s/%s%s", folder, kept->name, suffix);
    kept->path = buf_take(&path);
    return kept->path != NULL || no_memory(err);
}

static bool open_pool(struct kept *kept, int jobs, bool read_only, hg_error *err)
{
    enum { WAIT_MS = 30000 };
    const hg_pool_options options = {.name = "moment",
                                     .role = "copy",
                                     .settings = hg_pool_settings_for_tool((hg_pool_settings){
                                         .size = jobs + 1,
                                         .timeout_ms = WAIT_MS,
                                         .recycle_ms = -1,
                                         .connect_timeout_ms = WAIT_MS,
                                         .lock_timeout_ms = WAIT_MS,
                                     }),
                                     .read_only = read_only};
    hg_url *url = NULL;
    bool ok =
        hg_url_of_file(kept->path, &url, err) && hg_pool_open(url, &options, &kept->pool, err);

    hg_url_free(url);
    return ok;
}

static void close_pool(struct kept *kept)
{
    if (kept->pool != NULL)
        hg_pool_close(kept->pool, hg_deadline_in_ms(200));
    kept->pool = NULL;
}

/* A file that nobody writes to needs no log, and without one it can be read anywhere. */
static bool put_at_rest(struct kept *kept, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok = open_pool(kept, 0, false, err)
              && hg_pool_checkout(kept->pool, "copy", hg_pool_deadline(kept->pool), &conn, err)
              && hg_conn_execute(conn, "PRAGMA journal_mode = DELETE", NULL, 0, hg_deadline_never(),
                                 NULL, err);

    if (conn != NULL)
        hg_pool_return(kept->pool, conn);
    close_pool(kept);
    return ok;
}

bool kept_make(hg_conn *source, const char *folder, int jobs, struct kept *out, hg_error *err)
{
    struct kept kept = {.pool = NULL};
    bool ok = file_make_dir(folder, 0700, err);

    rand_hex(kept.name, KEPT_NAME);
    ok = ok && set_path(folder, &kept, err)
         && hg_conn_backup(source, kept.path, hg_deadline_never(), err) && put_at_rest(&kept, err)
         && open_pool(&kept, jobs, true, err);
    if (ok) {
        *out = kept;
        return true;
    }
    hg_error_context(err, "could not keep the source's moment");
    if (kept.path != NULL)
        (void)unlink(kept.path);
    kept_close(&kept);
    return false;
}

bool kept_open(const char *folder, const char *name, int jobs, struct kept *out, hg_error *err)
{
    struct kept kept = {.pool = NULL};
    bool ok;

    snprintf(kept.name, sizeof kept.name, "%s", name);
    ok = set_path(folder, &kept, err);
    if (ok && !file_exists(kept.path)) {
        ok = hg_fail(err, HG_USAGE, "the moment that the target holds is not in \"%s\"", folder);
        hg_error_hint(err, "Name the folder that the copy was begun with; without it, give the "
                           "target's tables up and copy anew.");
    }
    ok = ok && open_pool(&kept, jobs, true, err);
    if (ok)
        *out = kept;
    else
        kept_close(&kept);
    return ok;
}

void kept_clear(const char *folder, const char *name)
{
    struct file_list list = {0};
    char path[4096];

    if (!file_list(folder, suffix, &list, NULL))
        return;
    for (size_t i = 0; i < list.count; i++)
        if (strncmp(list.names[i], name, KEPT_NAME) != 0
            && file_join(path, sizeof path, folder, list.names[i]))
            (void)unlink(path);
    file_list_release(&list);
    if (name[0] == '\0')
        (void)rmdir(folder);
}

void kept_close(struct kept *kept)
{
    close_pool(kept);
    alloc_free(kept->path);
    *kept = (struct kept){.pool = NULL};
}
