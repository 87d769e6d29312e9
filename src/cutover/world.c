/*
 * world.c - the pools of a cutover, and small questions to them.
 */
#include "world.h"

#include <headgate/copy.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

enum { SOON_MS = 15000, CLOSE_WAIT_MS = 1000, MOMENT_MS = 100 };

/* The tool's own sessions write through the fence; see fence.h. */
static bool cross(hg_conn *conn, void *context, hg_deadline by, hg_error *err)
{
    (void)context;
    return hg_conn_execute(conn, "SET default_transaction_read_only = off", NULL, 0, by, NULL, err);
}

static int width(void)
{
    const hg_copy_options options = hg_copy_options_default();

    return hg_copy_connections(&options);
}

static bool open_pool(const hg_settings *settings, const hg_url *url, bool read_only, hg_pool **out,
                      hg_error *err)
{
    hg_pool_options options = hg_pool_options_from(settings);

    options.name = options.role = "cutover";
    options.runtime_dir = NULL;
    options.read_only = read_only;
    options.may_create = false;
    options.settings = hg_pool_settings_for_tool(options.settings);
    options.settings.size = width() + 1;
    options.settings.max_overflow = 1;
    options.settings.statement_timeout_ms = 0;
    if (hg_url_driver(url) == HG_POSTGRESQL)
        options.on_connect = cross;
    return hg_pool_open(url, &options, out, err);
}

static bool open_file(const struct world *w, const char *path, bool read_only, hg_pool **out,
                      hg_error *err)
{
    hg_url *url = NULL;
    bool ok =
        hg_url_of_file(path, &url, err) && open_pool(w->source_settings, url, read_only, out, err);

    hg_url_free(url);
    return ok;
}

bool world_open_file(const struct world *w, const char *path, hg_pool **out_pool, hg_error *err)
{
    return open_file(w, path, true, out_pool, err);
}

bool world_open_database(const struct world *w, const char *name, hg_pool **out_pool, hg_error *err)
{
    hg_url *url = NULL;
    bool ok = hg_url_with_database(hg_settings_url(w->target_settings), name, &url, err)
              && open_pool(w->target_settings, url, false, out_pool, err);

    hg_url_free(url);
    return ok;
}

bool world_open(struct world *w, hg_error *err)
{
    const hg_url *target = hg_settings_url(w->target_settings);

    if (hg_url_driver(target) != HG_POSTGRESQL) {
        hg_fail(err, HG_CONFIG, "HEADGATE_CUTOVER_URL is not a PostgreSQL database");
        return false;
    }
    return open_file(w, w->source_path, false, &w->source, err)
           && open_file(w, w->source_path, true, &w->reader, err)
           && open_pool(w->target_settings, target, false, &w->target, err);
}

bool world_open_copies(struct world *w, const char *database, hg_error *err)
{
    return open_file(w, w->source_path, false, &w->source, err)
           && open_file(w, w->source_path, true, &w->reader, err)
           && world_open_database(w, database, &w->target, err);
}

bool world_reopen_source(struct world *w, hg_error *err)
{
    world_close_pool(w->source);
    world_close_pool(w->reader);
    w->source = w->reader = NULL;
    return open_file(w, w->source_path, false, &w->source, err)
           && open_file(w, w->source_path, true, &w->reader, err);
}

/* A socket in a folder that is none: refused at once, whatever the network does. */
bool world_open_nowhere(const struct world *w, hg_pool **out_pool, hg_error *err)
{
    hg_url *url = NULL;
    bool ok = hg_url_parse("postgresql://nobody@/nothing?host=/nowhere/headgate", &url, err)
              && open_pool(w->target_settings, url, false, out_pool, err);

    hg_url_free(url);
    return ok;
}

void world_close_pool(hg_pool *pool)
{
    if (pool != NULL)
        hg_pool_close(pool, hg_deadline_in_ms(CLOSE_WAIT_MS));
}

void world_close(struct world *w)
{
    world_close_pool(w->source);
    world_close_pool(w->reader);
    world_close_pool(w->target);
    w->source = w->reader = w->target = NULL;
}

bool world_path(const struct world *w, const char *name, char *out, hg_error *err)
{
    return file_join(out, WORLD_PATH, w->dir, name)
           || hg_fail(err, HG_IO, "the path of \"%s\" is too long", name);
}

int64_t step_integer(const struct step *step, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(step->arguments, name);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

const char *step_text(const struct step *step, const char *name, const char *fallback)
{
    const char *text = json_string_value(json_object_get(step->arguments, name));

    return text == NULL ? fallback : text;
}

const char *world_role(const struct world *w, const struct step *step)
{
    const char *user = hg_url_user(hg_settings_url(w->target_settings));

    return step_text(step, "role", user == NULL ? "postgres" : user);
}

const char *world_variable(const struct world *w)
{
    return hg_settings_production(w->source_settings) ? "DATABASE_URL_PROD" : "DATABASE_URL";
}

bool world_ask(hg_pool *pool, const char *sql, hg_deadline by, int64_t *out, hg_error *err)
{
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;
    bool ok;

    if (!hg_pool_checkout(pool, "cutover", by, &conn, err))
        return false;
    ok = hg_conn_query(conn, sql, NULL, 0, by, &rows, err);
    if (ok) {
        hg_step step = hg_rows_next(rows, by, err);

        ok = step == HG_ROW || (step == HG_END && hg_fail(err, HG_FAILED, "no row came back"));
        if (ok)
            *out = hg_rows_integer(rows, 0);
        hg_rows_close(rows);
    }
    hg_pool_return(pool, conn);
    return ok;
}

const json_t *world_facts(const struct world *w, const char *step)
{
    const struct journal_record *record = journal_last(w->journal, step, JOURNAL_DONE);

    return record == NULL ? NULL : record->data;
}

hg_deadline world_soon(void)
{
    return hg_deadline_in_ms(SOON_MS);
}

static bool to_stop(const struct world *w)
{
    return w->stop != NULL && w->stop(w->stop_context);
}

bool world_wait(const struct world *w, hg_deadline by, hg_error *err)
{
    if (to_stop(w))
        return hg_fail(err, HG_CANCELLED, "stopped while waiting");
    if (hg_deadline_left_ms(by) == 0)
        return hg_fail(err, HG_TIMEOUT, "the time is up");
    (void)poll(NULL, 0, MOMENT_MS);
    return true;
}

static void pass_on(void *context, const hg_event *event)
{
    const struct world *w = context;

    if (w->observer != NULL && w->observer->on_event != NULL)
        w->observer->on_event(w->observer->context, event);
}

bool world_stopped(void *world)
{
    return to_stop(world);
}

bool world_backup(struct world *w, const char *path, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok;

    unlink(path);
    if (!hg_pool_checkout(w->reader, "cutover", world_soon(), &conn, err))
        return false;
    hg_conn_set_interrupt(conn, world_stopped, w);
    ok = hg_conn_backup(conn, path, hg_deadline_never(), err);
    hg_conn_set_interrupt(conn, NULL, NULL);
    hg_pool_return(w->reader, conn);
    return ok;
}

hg_observer world_observer(const struct world *w)
{
    return (hg_observer){pass_on, world_stopped, (void *)w};
}
