/*
 * server_headroom.c - whether what the pools of this host may open fits into what the server has
 * left. Pure.
 */
#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HOSTS_MOST = 256 };

/* Whose connections a session is one of: ROLE@HOST in "headgate/ROLE@HOST:PID". */
struct client {
    const char *role, *host;
    size_t role_size, host_size;
};

static bool parse_client(const hg_server_session *s, struct client *out)
{
    const char *name = s->application == NULL ? "" : s->application;
    const char *at = strchr(name, '@'), *colon = strrchr(name, ':');

    if (strncmp(name, "headgate/", 9) != 0 || at == NULL || colon == NULL || colon < at)
        return false;
    *out = (struct client){name + 9, at + 1, (size_t)(at - name) - 9, (size_t)(colon - at) - 1};
    return true;
}

/* What is being summed up. */
struct sum {
    const hg_sessions *sessions;
    const hg_url *url;
    const hg_pool_list *pools;
    int role_now, database_now; /* of the pools' connections: count towards these limits */
    int alike_now;              /* sessions of other hosts' pools of the same roles */
    struct client hosts[HOSTS_MOST];
    hg_headroom *out;
};

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static int limit_of(const hg_pool_snapshot *pool)
{
    int64_t limit = (int64_t)pool->size + pool->max_overflow;

    return pool->max_overflow < 0 || limit > HG_POOL_SLOTS_MAX ? HG_POOL_SLOTS_MAX : (int)limit;
}

/* Counts the sessions that are connections of the pool. */
static int count_sessions(struct sum *sum, const hg_pool_snapshot *pool, bool by_name)
{
    int count = 0;

    for (size_t i = 0; i < sum->sessions->session_count; i++) {
        const hg_server_session *s = &sum->sessions->sessions[i];

        if (s->own || server_connection(s, pool, by_name) == NULL)
            continue;
        sum->role_now += is_same(s->user, sum->sessions->role_limit.name);
        sum->database_now += is_same(s->database, sum->sessions->database_limit.name);
        count++;
    }
    return count;
}

static bool uses_server(const struct sum *sum, const hg_pool_snapshot *pool, bool same_url)
{
    if (!pool->alive || same_url)
        return pool->alive;
    for (size_t i = 0; i < sum->sessions->session_count; i++)
        if (!sum->sessions->sessions[i].own
            && server_connection(&sum->sessions->sessions[i], pool, true) != NULL)
            return true;
    return false;
}

static void add_pool(struct sum *sum, const hg_pool_snapshot *pool)
{
    bool same_url = server_is_of(sum->url, pool->database);

    if (!uses_server(sum, pool, same_url))
        return;
    sum->out->pools++;
    sum->out->pools_max += limit_of(pool);
    sum->out->pools_now += count_sessions(sum, pool, !same_url);
    sum->out->no_limit = sum->out->no_limit || pool->max_overflow < 0;
}

/* --- other hosts --- */

static bool is_role_of_a_pool(const struct sum *sum, const struct client *client)
{
    for (size_t i = 0; i < sum->pools->count; i++) {
        const hg_pool_snapshot *pool = &sum->pools->pools[i];

        if (pool->alive && strlen(pool->role) == client->role_size
            && memcmp(pool->role, client->role, client->role_size) == 0)
            return true;
    }
    return false;
}

static bool is_host(const struct client *a, const struct client *b)
{
    return a->host_size == b->host_size && memcmp(a->host, b->host, a->host_size) == 0;
}

/* Notes the host of a session, once. */
static void note_host(struct sum *sum, const struct client *client)
{
    for (int i = 0; i < sum->out->hosts; i++)
        if (is_host(&sum->hosts[i], client))
            return;
    if (sum->out->hosts < HOSTS_MOST)
        sum->hosts[sum->out->hosts++] = *client;
}

/* Looks for hosts that run the same as this one, whose name the asking connection tells. */
static void look_at_hosts(struct sum *sum)
{
    struct client here = {0}, client;

    for (size_t i = 0; i < sum->sessions->session_count; i++)
        if (sum->sessions->sessions[i].own && parse_client(&sum->sessions->sessions[i], &here))
            note_host(sum, &here);
    if (here.host == NULL || sum->out->pools == 0)
        return;
    for (size_t i = 0; i < sum->sessions->session_count; i++) {
        if (!parse_client(&sum->sessions->sessions[i], &client) || is_host(&client, &here)
            || !is_role_of_a_pool(sum, &client))
            continue;
        note_host(sum, &client);
        sum->alike_now++;
    }
}

/* --- the result --- */

static bool own_is_counted(const hg_sessions *sessions)
{
    for (size_t i = 0; i < sessions->session_count; i++)
        if (sessions->sessions[i].own)
            return true;
    return false;
}

/* Takes a limit into account when it leaves less. Returns how many others count towards it. */
static int bind(hg_headroom *out, const hg_connection_limit *limit, int now, bool own,
                hg_headroom_bound bound)
{
    int others = limit->used - now - own;

    if (limit->name != NULL && limit->most >= 0 && limit->most - others < out->left) {
        out->left = limit->most - others;
        out->bound = bound;
    }
    return others;
}

static void append(hg_headroom *out, const char *format, ...) HG_PRINTF(2, 3);

static void append(hg_headroom *out, const char *format, ...)
{
    size_t n = strlen(out->message);
    va_list args;

    va_start(args, format);
    vsnprintf(out->message + n, sizeof out->message - n, format, args);
    va_end(args);
}

static void append_spare(hg_headroom *out, int spare)
{
    append(out, "%d %s", spare < 0 ? -spare : spare, spare < 0 ? "short" : "to spare");
}

static void append_limit(hg_headroom *out, const char *what, const hg_connection_limit *limit,
                         int others)
{
    append(out, "%s \"%.63s\" may have %d, %d in use by others: ", what, limit->name, limit->most,
           others);
}

static void put_message(const struct sum *sum, int role_others, int database_others)
{
    const hg_sessions *sessions = sum->sessions;
    hg_headroom *out = sum->out;

    if (out->pools == 0)
        append(out, "no pool of this host uses this server; ");
    else
        append(out, "this host's pools may open %d%s; ", out->pools_max,
               out->no_limit ? " (one has no limit)" : "");
    if (out->bound == HG_BOUND_ROLE)
        append_limit(out, "role", &sessions->role_limit, role_others);
    else if (out->bound == HG_BOUND_DATABASE)
        append_limit(out, "database", &sessions->database_limit, database_others);
    else
        append(out,
               "the server has %d, %d reserved, %d in use by others: ", sessions->max_connections,
               sessions->reserved, out->others);
    append_spare(out, out->spare);
    if (out->hosts > 1) {
        append(out, "; if the pools of all %d hosts may open as many: ", out->hosts);
        append_spare(out, out->spare_alike);
    }
}

static void conclude(struct sum *sum)
{
    const hg_sessions *sessions = sum->sessions;
    hg_headroom *out = sum->out;
    bool own = own_is_counted(sessions);
    int role_others, database_others;

    out->others = sessions->used - out->pools_now - own;
    out->left = sessions->max_connections - sessions->reserved - out->others;
    database_others =
        bind(out, &sessions->database_limit, sum->database_now, own, HG_BOUND_DATABASE);
    role_others = bind(out, &sessions->role_limit, sum->role_now, own, HG_BOUND_ROLE);
    out->spare = out->left - out->pools_max;
    out->spare_alike = out->spare;
    if (out->hosts > 1)
        out->spare_alike -= (out->hosts - 1) * out->pools_max - sum->alike_now;
    put_message(sum, role_others, database_others);
}

void hg_headroom_measure(const hg_sessions *sessions, const hg_url *url, const hg_pool_list *pools,
                         hg_headroom *out)
{
    struct sum sum = {.sessions = sessions, .url = url, .pools = pools, .out = out};

    *out = (hg_headroom){0};
    for (size_t i = 0; i < pools->count; i++)
        add_pool(&sum, &pools->pools[i]);
    look_at_hosts(&sum);
    conclude(&sum);
}
