/*
 * json_sessions.c - the database's own view of who uses it as a JSON document.
 */
#include "json_part.h"

static json_t *pids(const int64_t *list, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer(list[i]));
    return array;
}

/* Which connection of which pool of this host a session is; null: of none. */
static json_t *holder_or_null(const hg_server_session *s, const hg_url *url,
                              const hg_pool_list *pools)
{
    const hg_pool_snapshot *pool = NULL;
    const hg_pool_connection *c = hg_server_session_holder(s, url, pools, &pool);
    json_t *object;

    if (c == NULL)
        return json_null();
    object = json_object();
    json_object_set_new(object, "pid", json_integer(pool->pid));
    json_object_set_new(object, "process", json_part_text(pool->process));
    json_object_set_new(object, "name", json_part_text(pool->name));
    json_object_set_new(object, "slot", json_integer(c->slot));
    json_object_set_new(object, "holder", json_part_text_or_null(c->holder));
    json_object_set_new(object, "thread",
                        c->holder_tid > 0 ? json_integer(c->holder_tid) : json_null());
    json_object_set_new(object, "held_ms", c->held_ms < 0 ? json_null() : json_integer(c->held_ms));
    return object;
}

static json_t *session_object(const hg_server_session *s, const hg_url *url,
                              const hg_pool_list *pools)
{
    json_t *object = json_object();

    json_object_set_new(object, "pid", json_integer(s->pid));
    json_object_set_new(object, "kind", json_part_text(s->kind));
    json_object_set_new(object, "database", json_part_text(s->database));
    json_object_set_new(object, "user", json_part_text(s->user));
    json_object_set_new(object, "application", json_part_text(s->application));
    json_object_set_new(object, "client", json_part_text(s->client));
    json_object_set_new(object, "client_port",
                        s->client_port > 0 ? json_integer(s->client_port) : json_null());
    json_object_set_new(object, "state", json_part_text(s->state));
    json_object_set_new(object, "wait", json_part_text(s->wait));
    json_object_set_new(object, "backend_start", json_part_utc(s->backend_start_ms));
    json_object_set_new(object, "xact_start", json_part_utc(s->xact_start_ms));
    json_object_set_new(object, "query_start", json_part_utc(s->query_start_ms));
    json_object_set_new(object, "state_change", json_part_utc(s->state_change_ms));
    json_object_set_new(object, "query", json_part_text(s->query));
    json_object_set_new(object, "blocked_by", pids(s->blocked_by, s->blocked_by_count));
    json_object_set_new(object, "own", json_boolean(s->own));
    json_object_set_new(object, "visible", json_boolean(s->visible));
    json_object_set_new(object, "pool", holder_or_null(s, url, pools));
    return object;
}

static json_t *session_array(const hg_sessions *sessions, const hg_url *url,
                             const hg_pool_list *pools)
{
    json_t *array = json_array();

    for (size_t i = 0; i < sessions->session_count; i++)
        json_array_append_new(array, session_object(&sessions->sessions[i], url, pools));
    return array;
}

static json_t *limit_or_null(const hg_connection_limit *limit)
{
    json_t *object;

    if (limit->most < 0)
        return json_null();
    object = json_object();
    json_object_set_new(object, "name", json_part_text(limit->name));
    json_object_set_new(object, "most", json_integer(limit->most));
    json_object_set_new(object, "used", json_integer(limit->used));
    return object;
}

static json_t *server_object(const hg_sessions *sessions)
{
    json_t *object = json_object(), *by_state = json_object();

    for (size_t i = 0; i < sessions->state_count; i++) {
        const hg_state_count *row = &sessions->states[i];

        json_object_set_new(by_state, row->state == NULL ? "unknown" : row->state,
                            json_integer(row->count));
    }
    json_object_set_new(object, "max_connections", json_integer(sessions->max_connections));
    json_object_set_new(object, "reserved", json_integer(sessions->reserved));
    json_object_set_new(object, "used", json_integer(sessions->used));
    json_object_set_new(object, "role_limit", limit_or_null(&sessions->role_limit));
    json_object_set_new(object, "database_limit", limit_or_null(&sessions->database_limit));
    json_object_set_new(object, "by_state", by_state);
    json_object_set_new(object, "now", json_part_utc(sessions->read_ms));
    return object;
}

static json_t *headroom_object(const hg_headroom *headroom)
{
    static const char *const bounds[] = {
        [HG_BOUND_SERVER] = "server",
        [HG_BOUND_DATABASE] = "database",
        [HG_BOUND_ROLE] = "role",
    };
    json_t *object = json_object();

    json_object_set_new(object, "pools", json_integer(headroom->pools));
    json_object_set_new(object, "pools_max", json_integer(headroom->pools_max));
    json_object_set_new(object, "pools_now", json_integer(headroom->pools_now));
    json_object_set_new(object, "others", json_integer(headroom->others));
    json_object_set_new(object, "left", json_integer(headroom->left));
    json_object_set_new(object, "bound", json_part_text(bounds[headroom->bound]));
    json_object_set_new(object, "spare", json_integer(headroom->spare));
    json_object_set_new(object, "hosts", json_integer(headroom->hosts));
    json_object_set_new(object, "spare_alike", json_integer(headroom->spare_alike));
    json_object_set_new(object, "message", json_part_text(headroom->message));
    return object;
}

static json_t *process_object(const hg_file_process *p)
{
    static const char *const names[] = {"database", "wal", "shm", "journal"};
    const bool has[] = {p->database, p->wal, p->index, p->journal};
    json_t *object = json_object(), *files = json_array();

    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        if (has[i])
            json_array_append_new(files, json_part_text(names[i]));
    json_object_set_new(object, "pid", p->pid > 0 ? json_integer(p->pid) : json_null());
    json_object_set_new(object, "process", json_part_text(p->name));
    json_object_set_new(object, "files", files);
    json_object_set_new(object, "lock", json_part_text(hg_file_lock_name(p->lock)));
    json_object_set_new(object, "own", json_boolean(p->own));
    return object;
}

static json_t *files_object(const hg_sessions *sessions)
{
    json_t *object = json_object(), *processes = json_array();

    for (size_t i = 0; i < sessions->process_count; i++)
        json_array_append_new(processes, process_object(&sessions->processes[i]));
    json_object_set_new(object, "path", json_part_text(sessions->path));
    json_object_set_new(object, "processes", processes);
    json_object_set_new(object, "complete", json_boolean(sessions->complete));
    return object;
}

bool json_sessions(struct buf *out, const hg_sessions *sessions, const hg_headroom *headroom,
                   const hg_url *url, const hg_pool_list *pools)
{
    json_t *root = json_part_document();

    if (sessions->driver == HG_SQLITE) {
        json_object_set_new(root, "files", files_object(sessions));
        return json_part_finish(out, root);
    }
    json_object_set_new(root, "sessions", session_array(sessions, url, pools));
    json_object_set_new(root, "server", server_object(sessions));
    json_object_set_new(root, "headroom", headroom_object(headroom));
    return json_part_finish(out, root);
}

bool json_session_order(struct buf *out, const char *order, const hg_server_session *session)
{
    json_t *root = json_part_document();

    json_object_set_new(root, "order", json_part_text(order));
    json_object_set_new(root, "pid", json_integer(session->pid));
    json_object_set_new(root, "user", json_part_text(session->user));
    json_object_set_new(root, "application", json_part_text(session->application));
    return json_part_finish(out, root);
}
