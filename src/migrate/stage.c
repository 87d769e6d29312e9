/*
 * stage.c - a copy of a database to rehearse on.
 */
#include "stage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rand.h"
#include "schema/scratch.h"

enum { CONNECTIONS = 3, CLOSE_MS = 10 * 1000, CONNECT_MS = 30 * 1000, LOOK_MS = 60 * 1000 };

static hg_pool_settings settings(void)
{
    return (hg_pool_settings){.size = CONNECTIONS,
                              .timeout_ms = LOOK_MS,
                              .recycle_ms = -1,
                              .connect_timeout_ms = CONNECT_MS};
}

/* --- SQLite --- */

static bool copy_file(hg_pool *home, hg_deadline by, struct stage *s, hg_error *err)
{
    const char *path = hg_url_path(hg_pool_url(home));
    char digits[9];
    hg_conn *conn = NULL;
    bool ok;

    if (path == NULL || strcmp(path, ":memory:") == 0)
        return hg_fail(err, HG_UNSUPPORTED, "a database in memory cannot be rehearsed on a copy");
    rand_hex(digits, 8);
    if (snprintf(s->path, sizeof s->path, "%s-rehearsal-%s", path, digits) >= (int)sizeof s->path)
        return hg_fail(err, HG_IO, "the path of the copy is too long");
    ok = hg_pool_checkout(home, "rehearsal", by, &conn, err)
         && hg_conn_backup(conn, s->path, by, err);
    if (conn != NULL)
        hg_pool_return(home, conn);
    return ok;
}

static bool open_copy(hg_pool *home, hg_deadline by, struct stage *s, hg_error *err)
{
    const hg_pool_options options = {
        .name = "rehearsal", .role = "rehearsal", .settings = settings()};
    hg_url *url = NULL;
    bool ok = copy_file(home, by, s, err) && hg_url_of_file(s->path, &url, err)
              && hg_pool_open(url, &options, &s->pool, err);

    hg_url_free(url);
    s->name = s->path;
    return ok;
}

static void remove_copy(const struct stage *s)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char path[sizeof s->path + 16];

    for (size_t i = 0; s->path[0] != '\0' && i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s%s", s->path, ends[i]);
        unlink(path);
    }
}

/* --- PostgreSQL --- */

static bool open_scratch(hg_pool *home, hg_deadline by, struct stage *s, hg_error *err)
{
    const struct scratch_options options = {
        .url = hg_pool_url(home), .settings = settings(), .own_database = true};

    if (!scratch_open(&options, by, &s->scratch, err))
        return false;
    s->pool = scratch_pool(s->scratch);
    s->name = scratch_name(s->scratch);
    return true;
}

/* --- either --- */

bool staging_open(hg_pool *home, hg_deadline by, struct stage *out_stage, hg_error *err)
{
    bool ok;

    *out_stage = (struct stage){0};
    ok = hg_url_driver(hg_pool_url(home)) == HG_SQLITE ? open_copy(home, by, out_stage, err)
                                                       : open_scratch(home, by, out_stage, err);
    if (!ok)
        staging_close(out_stage);
    return ok;
}

void staging_close(struct stage *s)
{
    if (s->scratch != NULL)
        scratch_close(s->scratch);
    else if (s->pool != NULL)
        hg_pool_close(s->pool, hg_deadline_in_ms(CLOSE_MS));
    remove_copy(s);
    *s = (struct stage){0};
}
