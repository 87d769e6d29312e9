/*
 * server_headroom.c - whether what the pools of this host may open fits into what the server has
 * left. Pure.
 */
#include "server.h"

#include <stdio.h>
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

/* What a pool publishes of its URL may be cut short, and then say nothing. */
static bool same_server(const hg_url *url, const char *published)
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

/* Whether a session is a connection of the pool. */
static bool is_of(const hg_server_session *s, const hg_pool_snapshot *pool, bool by_name)
{
    for (size_t i = 0; i < pool->connection_count; i++)
        if (pool->connections[i].backend_pid == s->pid && s->pid > 0)
            return !by_name || names_process(s, pool->pid);
    return false;
}

static int sessions_of(const hg_sessions *sessions, const hg_pool_snapshot *pool, bool by_name)
{
    int count = 0;

    for (size_t i = 0; i < sessions->session_count; i++)
        count += !sessions->sessions[i].own && is_of(&sessions->sessions[i], pool, by_name);
    return count;
}

static int limit_of(const hg_pool_snapshot *pool)
{
    int64_t limit = (int64_t)pool->size + pool->max_overflow;

    return pool->max_overflow < 0 || limit > HG_POOL_SLOTS_MAX ? HG_POOL_SLOTS_MAX : (int)limit;
}

static void add_pool(const hg_sessions *sessions, const hg_url *url, const hg_pool_snapshot *pool,
                     hg_headroom *out)
{
    bool same = same_server(url, pool->database);
    int now = sessions_of(sessions, pool, !same);

    if (!pool->alive || (!same && now == 0))
        return;
    out->pools++;
    out->pools_max += limit_of(pool);
    out->pools_now += now;
    out->no_limit = out->no_limit || pool->max_overflow < 0;
}

static bool own_is_counted(const hg_sessions *sessions)
{
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].own)
            return true;
    return false;
}

static void put_message(const hg_sessions *sessions, hg_headroom *out)
{
    int n = 0;

    if (out->pools == 0)
        n = snprintf(out->message, sizeof out->message, "no pool of this host uses this server; ");
    else
        n = snprintf(out->message, sizeof out->message, "this host's pools may open %d%s; ",
                     out->pools_max, out->no_limit ? " (one has no limit)" : "");
    n +=
        snprintf(out->message + n, sizeof out->message - (size_t)n,
                 "the server has %d, %d reserved, %d in use by others: ", sessions->max_connections,
                 sessions->reserved, out->others);
    snprintf(out->message + n, sizeof out->message - (size_t)n, "%d %s",
             out->spare < 0 ? -out->spare : out->spare, out->spare < 0 ? "short" : "to spare");
}

void hg_headroom_measure(const hg_sessions *sessions, const hg_url *url, const hg_pool_list *pools,
                         hg_headroom *out)
{
    *out = (hg_headroom){0};
    for (size_t i = 0; i < pools->count; i++)
        add_pool(sessions, url, &pools->pools[i], out);
    out->others = sessions->used - out->pools_now - own_is_counted(sessions);
    out->left = sessions->max_connections - sessions->reserved - out->others;
    out->spare = out->left - out->pools_max;
    put_message(sessions, out);
}
