/*
 * server.c - the database's own view of its sessions: PostgreSQL's, from one statement.
 *
 * What the server does not let a role see stays unknown. Must not know how it is shown.
 */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/secret.h"

enum { SERVER_VERSION_MIN = 100000 }; /* the first with backend_type */

/*
 * pg_blocking_pids() stops the lock manager for a moment each time: it is asked for those who wait
 * alone. A session of another role has no backend_type; what else lacks it (background processes)
 * has no database or no role. The text of a query is in the encoding of its own database, which the
 * server does not convert.
 */
static const char statement[] =
    "WITH blocked AS (SELECT w.pid, (SELECT array_agg(DISTINCT b.pid)"
    "                                  FROM unnest(pg_blocking_pids(w.pid)) AS b(pid)) AS by"
    "                   FROM (SELECT DISTINCT pid FROM pg_catalog.pg_locks WHERE NOT granted) AS w)"
    " SELECT current_setting('max_connections')::int,"
    "        current_setting('superuser_reserved_connections')::int"
    "        + coalesce(current_setting('reserved_connections', true)::int, 0)"
    "        + coalesce(nullif(current_setting('rds.rds_superuser_reserved_connections', true), "
    "'')::int, 0),"
    "        me.rolname, CASE WHEN me.rolsuper THEN -1 ELSE me.rolconnlimit END,"
    "        here.datname, CASE WHEN me.rolsuper THEN -1 ELSE here.datconnlimit END,"
    "        (extract(epoch FROM clock_timestamp()) * 1000)::bigint,"
    "        a.pid, a.pid = pg_backend_pid(), a.backend_type, a.datname, a.usename,"
    "        nullif(a.application_name, ''),"
    "        CASE WHEN a.client_port = -1 THEN 'local' ELSE host(a.client_addr) END,"
    "        greatest(a.client_port, 0), a.state, a.wait_event_type || ':' || a.wait_event,"
    "        CASE WHEN a.backend_type IS NOT NULL AND d.encoding = here.encoding"
    "             THEN nullif(a.query, '') END,"
    "        (extract(epoch FROM a.backend_start) * 1000)::bigint,"
    "        (extract(epoch FROM a.xact_start) * 1000)::bigint,"
    "        (extract(epoch FROM a.query_start) * 1000)::bigint,"
    "        (extract(epoch FROM a.state_change) * 1000)::bigint,"
    "        array_to_string(b.by, ',')"
    "   FROM pg_catalog.pg_stat_activity AS a"
    "   JOIN pg_catalog.pg_database AS here ON here.datname = current_database()"
    "   JOIN pg_catalog.pg_roles AS me ON me.rolname = session_user"
    "   LEFT JOIN pg_catalog.pg_database AS d ON d.oid = a.datid"
    "   LEFT JOIN blocked AS b ON b.pid = a.pid"
    "  WHERE a.backend_type = 'client backend'"
    "     OR (a.backend_type IS NULL AND a.datid IS NOT NULL AND a.usesysid IS NOT NULL)"
    "     OR a.pid IN (SELECT unnest(by) FROM blocked)"
    "  ORDER BY a.datname, a.application_name, a.client_addr, a.state, a.pid";

enum column {
    MAX_CONNECTIONS,
    RESERVED,
    ROLE,
    ROLE_LIMIT,
    HERE,
    HERE_LIMIT,
    NOW,
    PID,
    OWN,
    KIND,
    DATABASE,
    USER,
    APPLICATION,
    CLIENT,
    CLIENT_PORT,
    STATE,
    WAIT,
    QUERY,
    BACKEND_START,
    XACT_START,
    QUERY_START,
    STATE_CHANGE,
    BLOCKED_BY
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the sessions: out of memory");
}

/* A field that lives as long as the answer; NULL stays NULL. Clears *ok when memory ran out. */
static char *keep(struct sessions *out, hg_rows *rows, enum column column, bool *ok)
{
    char *copy;

    if (hg_rows_value(rows, column).type == HG_NULL)
        return NULL;
    copy = arena_text(&out->arena, hg_rows_text(rows, column));
    if (copy == NULL)
        *ok = false;
    else
        secret_scrub(copy, strlen(copy) + 1);
    return copy;
}

/* "12,345" as numbers. */
static bool keep_pids(struct sessions *out, const char *list, hg_server_session *s)
{
    size_t count = list[0] != '\0';
    int64_t *pids;

    for (const char *c = list; *c != '\0'; c++)
        count += *c == ',';
    pids = arena_alloc(&out->arena, count + 1, sizeof *pids);
    if (pids == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        char *end;

        pids[i] = strtoll(list, &end, 10);
        list = end + (*end == ',');
    }
    s->blocked_by = pids;
    s->blocked_by_count = count;
    return true;
}

/* One more in a state. */
static bool count_state(struct sessions *out, const char *state)
{
    hg_state_count *row;

    VEC_EACH (&out->states, row)
        if (row->state == state
            || (row->state != NULL && state != NULL && strcmp(row->state, state) == 0)) {
            row->count++;
            return true;
        }
    row = VEC_PUSH(&out->states);
    if (row == NULL)
        return false;
    *row = (hg_state_count){state, 1};
    return true;
}

static bool is_client(const hg_server_session *s)
{
    return !s->visible || strcmp(s->kind, "client backend") == 0;
}

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The same in every row: the first one is kept. */
static bool take_limits(struct sessions *out, hg_rows *rows)
{
    hg_connection_limit *role = &out->public.role_limit, *here = &out->public.database_limit;
    bool ok = true;

    if (role->name != NULL)
        return true;
    role->name = keep(out, rows, ROLE, &ok);
    role->most = (int)hg_rows_integer(rows, ROLE_LIMIT);
    here->name = keep(out, rows, HERE, &ok);
    here->most = (int)hg_rows_integer(rows, HERE_LIMIT);
    return ok;
}

static bool take_row(struct sessions *out, hg_rows *rows, hg_error *err)
{
    hg_server_session *s = VEC_PUSH(&out->sessions);
    bool ok = s != NULL;

    if (!ok)
        return no_memory(err);
    s->pid = hg_rows_integer(rows, PID);
    s->own = hg_rows_integer(rows, OWN) != 0;
    s->kind = keep(out, rows, KIND, &ok);
    s->visible = s->kind != NULL;
    s->database = keep(out, rows, DATABASE, &ok);
    s->user = keep(out, rows, USER, &ok);
    s->application = keep(out, rows, APPLICATION, &ok);
    s->client = keep(out, rows, CLIENT, &ok);
    s->client_port = (int)hg_rows_integer(rows, CLIENT_PORT);
    s->state = keep(out, rows, STATE, &ok);
    s->wait = keep(out, rows, WAIT, &ok);
    s->query = keep(out, rows, QUERY, &ok);
    s->backend_start_ms = hg_rows_integer(rows, BACKEND_START);
    s->xact_start_ms = hg_rows_integer(rows, XACT_START);
    s->query_start_ms = hg_rows_integer(rows, QUERY_START);
    s->state_change_ms = hg_rows_integer(rows, STATE_CHANGE);
    ok = ok && keep_pids(out, hg_rows_text(rows, BLOCKED_BY), s);
    out->public.max_connections = (int)hg_rows_integer(rows, MAX_CONNECTIONS);
    out->public.reserved = (int)hg_rows_integer(rows, RESERVED);
    out->public.read_ms = hg_rows_integer(rows, NOW);
    ok = ok && take_limits(out, rows);
    if (ok && is_client(s)) {
        out->public.used++;
        out->public.role_limit.used += is_same(s->user, out->public.role_limit.name);
        out->public.database_limit.used += is_same(s->database, out->public.database_limit.name);
        ok = count_state(out, s->state);
    }
    return ok || no_memory(err);
}

static bool ask_server(hg_conn *conn, hg_deadline by, struct sessions *out, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step;

    if (hg_conn_server_version_number(conn) < SERVER_VERSION_MIN)
        return hg_fail(err, HG_UNSUPPORTED, "could not read the sessions: PostgreSQL %s is too old",
                       hg_conn_server_version(conn));
    if (!hg_conn_query(conn, statement, NULL, 0, by, &rows, err))
        return false;
    while ((step = hg_rows_next(rows, by, err)) == HG_ROW)
        if (!take_row(out, rows, err))
            break;
    hg_rows_close(rows);
    return step == HG_END;
}

/* The most frequent first, then by name; what may not be seen last. */
static int by_count(const void *a, const void *b)
{
    const hg_state_count *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    if (x->state == NULL || y->state == NULL)
        return (x->state == NULL) - (y->state == NULL);
    return strcmp(x->state, y->state);
}

static bool read_server(hg_pool *pool, hg_deadline by, struct sessions *out, hg_error *err)
{
    hg_conn *conn = NULL;
    bool ok = hg_pool_checkout(pool, "sessions", by, &conn, err) && ask_server(conn, by, out, err);

    if (conn != NULL)
        hg_pool_return(pool, conn);
    if (ok && out->states.count > 1)
        qsort(out->states.items, out->states.count, sizeof *out->states.items, by_count);
    return ok;
}

static bool read_files(hg_pool *pool, hg_deadline by, struct sessions *out, hg_error *err)
{
    const char *path = hg_url_path(hg_pool_url(pool));

    out->public.read_ms = clock_wall_ms();
    out->public.complete = true;
    return strcmp(path, ":memory:") == 0 || server_read_files(out, path, by, err);
}

bool hg_sessions_read(hg_pool *pool, hg_deadline by, hg_sessions **out_sessions, hg_error *err)
{
    struct sessions *out = alloc_zero(1, sizeof *out);
    hg_sessions *public;
    bool ok;

    if (out == NULL)
        return no_memory(err);
    public = &out->public;
    public->driver = hg_url_driver(hg_pool_url(pool));
    ok = public->driver == HG_SQLITE ? read_files(pool, by, out, err)
                                     : read_server(pool, by, out, err);
    if (!ok) {
        hg_sessions_free(public);
        return false;
    }
    public->sessions = out->sessions.items;
    public->session_count = out->sessions.count;
    public->states = out->states.items;
    public->state_count = out->states.count;
    public->processes = out->processes.items;
    public->process_count = out->processes.count;
    *out_sessions = public;
    return true;
}

void hg_sessions_free(hg_sessions *sessions)
{
    struct sessions *whole = (struct sessions *)sessions;

    if (whole == NULL)
        return;
    VEC_RELEASE(&whole->sessions);
    VEC_RELEASE(&whole->states);
    VEC_RELEASE(&whole->processes);
    arena_release(&whole->arena);
    alloc_free(whole);
}
