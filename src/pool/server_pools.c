/*
 * server_pools.c - which of the server's sessions are connections of this host's pools. Pure.
 */
#include "server.h"

#include <stdlib.h>
#include <string.h>

static bool share_a_host(const hg_url *a, const hg_url *b)
{
    for (size_t i = 0; i < hg_url_host_count(a); i++)
        for (size_t j = 0; j < hg_url_host_count(b); j++)
            if (hg_url_port(a, i) == hg_url_port(b, j)
                && strcmp(hg_url_host(a, i), hg_url_host(b, j)) == 0)
                return true;
    return false;
}

/* What a pool publishes of its URL may be cut short, and then says nothing. */
bool server_is_of(const hg_url *url, const char *published)
{
    hg_url *other = NULL;
    bool same = hg_url_parse(published, &other, NULL) && hg_url_driver(other) == HG_POSTGRESQL
                && share_a_host(url, other);

    hg_url_free(other);
    return same;
}

/* Whether the session says that it is of this process: "headgate/app@host:PID". */
static bool names_process(const hg_server_session *s, int64_t pid)
{
    const char *colon = s->application == NULL ? NULL : strrchr(s->application, ':');

    return colon != NULL && strncmp(s->application, "headgate/", 9) == 0
           && strtoll(colon + 1, NULL, 10) == pid;
}

const hg_pool_connection *server_connection(const hg_server_session *s,
                                            const hg_pool_snapshot *pool, bool by_name)
{
    for (size_t i = 0; i < pool->connection_count; i++)
        if (pool->connections[i].backend_pid == s->pid && s->pid > 0)
            return !by_name || names_process(s, pool->pid) ? &pool->connections[i] : NULL;
    return NULL;
}

const hg_pool_connection *hg_server_session_holder(const hg_server_session *session,
                                                   const hg_url *url, const hg_pool_list *pools,
                                                   const hg_pool_snapshot **out_pool)
{
    for (size_t i = 0; i < pools->count; i++) {
        const hg_pool_snapshot *pool = &pools->pools[i];
        const hg_pool_connection *connection = NULL;

        if (pool->alive)
            connection = server_connection(session, pool, false);
        if (connection == NULL
            || (!names_process(session, pool->pid) && !server_is_of(url, pool->database)))
            continue;
        *out_pool = pool;
        return connection;
    }
    return NULL;
}
