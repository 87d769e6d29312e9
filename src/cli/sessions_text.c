/*
 * sessions_text.c - who uses the database, for people: sessions by application, who blocks whom,
 * connections left; for a SQLite file the processes that have it open.
 */
#include "sessions_text.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli.h"
#include "ops/blocking.h"
#include "table.h"

enum { QUERY_CHARACTERS = 200 };

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* --- one session --- */

/* How long it has been as it is: a transaction that waits for its client since it began. */
static int64_t state_ms(const hg_sessions *sessions, const hg_server_session *s)
{
    int64_t since = s->state_change_ms;

    if (same(s->state, "active"))
        since = s->query_start_ms;
    else if (s->xact_start_ms > 0)
        since = s->xact_start_ms;
    if (since == 0)
        return -1;
    return sessions->read_ms > since ? sessions->read_ms - since : 0;
}

static const char *state_of(const hg_server_session *s)
{
    return s->visible ? s->state : "not visible";
}

/* Runs of white space become one space, in place. */
static void squeeze(char *text)
{
    bool gap = false;
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        bool space = strchr(" \t\r\n", *from) != NULL;

        if (!space || !gap)
            *to++ = space ? ' ' : *from;
        gap = space;
    }
    *to = '\0';
}

/* Cuts before the character with this number, from 0, in place. */
static void cut(char *text, int characters)
{
    while (*text != '\0' && (((unsigned char)*text & 0xC0) == 0x80 || characters-- > 0))
        text++;
    *text = '\0';
}

/* A query for a table: one line, and not all of it. */
static const char *short_query(struct arena *arena, const char *query)
{
    char *line = query == NULL ? NULL : arena_text(arena, query);

    if (line != NULL) {
        squeeze(line);
        cut(line, QUERY_CHARACTERS);
    }
    return line;
}

/* "  |- 4711 (own)": its place in the tree and its process. */
static const char *pid_cell(struct arena *arena, const struct blocking_row *row,
                            const hg_server_session *s)
{
    struct buf cell = BUF_INIT(4096);
    const char *copy;

    for (int depth = 1; depth <= row->depth; depth++) {
        bool more = (row->more >> depth & 1) != 0;

        if (depth < row->depth)
            buf_text(&cell, more ? "| " : "  ");
        else
            buf_text(&cell, more ? "|-" : "`-");
    }
    buf_printf(&cell, "%lld%s", (long long)s->pid, s->own ? " (own)" : "");
    copy = arena_text(arena, cell.bytes);
    buf_release(&cell);
    return copy;
}

/* What it waits for, and whose it is where the tree does not say it or not all of it. */
static const char *wait_cell(struct arena *arena, const struct blocking_row *row,
                             const hg_server_session *s)
{
    struct buf cell = BUF_INIT(4096);
    const char *copy;

    if (s->blocked_by_count == 0 || (s->blocked_by_count == 1 && row->depth > 0))
        return s->wait;
    buf_text(&cell, s->wait == NULL ? "blocked" : s->wait);
    for (size_t i = 0; i < s->blocked_by_count; i++)
        if (s->blocked_by[i] == 0)
            buf_printf(&cell, "%s a prepared transaction", i == 0 ? " by" : ",");
        else
            buf_printf(&cell, "%s %lld", i == 0 ? " by" : ",", (long long)s->blocked_by[i]);
    copy = arena_text(arena, cell.bytes);
    buf_release(&cell);
    return copy;
}

/* "GET /orders (shop-api 4711, thread 4712)": who has the connection of one of this host's pools.
 */
static const char *holder_cell(struct arena *arena, const hg_server_session *s,
                               const struct sessions_context *context)
{
    const hg_pool_snapshot *pool = NULL;
    const hg_pool_connection *c = hg_server_session_holder(s, context->url, context->pools, &pool);

    if (c == NULL)
        return NULL;
    if (c->holder_tid == 0)
        return arena_printf(arena, "%s %lld", pool->process, (long long)pool->pid);
    return arena_printf(arena, "%s (%s %lld, thread %lld)", c->holder, pool->process,
                        (long long)pool->pid, (long long)c->holder_tid);
}

static void session_row(struct table *t, const struct blocking_row *at, const hg_sessions *sessions,
                        const struct sessions_context *context)
{
    const hg_server_session *s = &sessions->sessions[at->session];
    struct arena *arena = &t->arena;
    const char **row = table_row(t);

    row[0] = pid_cell(arena, at, s);
    row[1] = s->user == NULL ? s->kind : s->user;
    row[2] = s->application;
    row[3] = s->client;
    row[4] = state_of(s);
    row[5] = wait_cell(arena, at, s);
    row[6] = cli_took(arena, (double)state_ms(sessions, s));
    row[7] = holder_cell(arena, s, context);
    row[8] = short_query(arena, s->query);
}

static void put_sessions(struct buf *out, const hg_sessions *sessions,
                         const struct sessions_context *context)
{
    static const struct table_column columns[] = {
        {"PID", ALIGN_LEFT},    {"USER", ALIGN_LEFT},   {"APPLICATION", ALIGN_LEFT},
        {"CLIENT", ALIGN_LEFT}, {"STATE", ALIGN_LEFT},  {"WAIT", ALIGN_LEFT},
        {"FOR", ALIGN_RIGHT},   {"HOLDER", ALIGN_LEFT}, {"QUERY", ALIGN_LEFT}};
    struct table blocking = TABLE_INIT(columns), others = TABLE_INIT(columns);
    size_t count = sessions->session_count, in_trees = 0;
    struct blocking_row *rows = arena_alloc(&others.arena, count + 1, sizeof *rows);

    if (rows == NULL || !blocking_order(sessions, rows, &in_trees))
        count = 0;
    for (size_t i = 0; i < count; i++)
        session_row(i < in_trees ? &blocking : &others, &rows[i], sessions, context);
    if (in_trees > 0)
        buf_text(out, "\nwho blocks whom\n");
    table_end(&blocking, out);
    buf_text(out, in_trees > 0 ? "\nnot blocked\n" : "\nsessions, none blocked\n");
    table_end(&others, out);
}

/* --- sessions by application, host and state --- */

static bool same_group(const hg_server_session *a, const hg_server_session *b)
{
    return same(a->application, b->application) && same(a->client, b->client)
           && same(a->database, b->database) && same(state_of(a), state_of(b));
}

/* Sessions come in the order of their groups. */
static size_t group_size(const hg_sessions *sessions, size_t first)
{
    size_t end = first + 1;

    while (end < sessions->session_count
           && same_group(&sessions->sessions[first], &sessions->sessions[end]))
        end++;
    return end - first;
}

static void put_groups(struct buf *out, const hg_sessions *sessions)
{
    static const struct table_column columns[] = {
        {"SESSIONS", ALIGN_RIGHT}, {"DATABASE", ALIGN_LEFT}, {"APPLICATION", ALIGN_LEFT},
        {"CLIENT", ALIGN_LEFT},    {"STATE", ALIGN_LEFT},    {"LONGEST", ALIGN_RIGHT}};
    struct table t = TABLE_INIT(columns);
    size_t size;

    for (size_t i = 0; i < sessions->session_count; i += size) {
        const hg_server_session *s = &sessions->sessions[i];
        const char **row = table_row(&t);
        int64_t longest = -1;

        size = group_size(sessions, i);
        for (size_t j = i; j < i + size; j++) {
            int64_t ms = state_ms(sessions, &sessions->sessions[j]);

            longest = ms > longest ? ms : longest;
        }
        row[0] = arena_printf(&t.arena, "%zu", size);
        row[1] = s->database;
        row[2] = s->application;
        row[3] = s->client;
        row[4] = state_of(s);
        row[5] = cli_took(&t.arena, (double)longest);
    }
    table_end(&t, out);
}

static void put_limit(struct buf *out, const char *what, const hg_connection_limit *limit)
{
    if (limit->most < 0)
        return;
    buf_printf(out, "%-8s  ", what);
    text_show(out, limit->name);
    buf_printf(out, ": %d of %d connections in use\n", limit->used, limit->most);
}

static void put_server(struct buf *out, const hg_sessions *sessions,
                       const struct sessions_context *context)
{
    buf_printf(out, "server    %d of %d connections in use, %d reserved:", sessions->used,
               sessions->max_connections, sessions->reserved);
    for (size_t i = 0; i < sessions->state_count; i++) {
        const hg_state_count *row = &sessions->states[i];

        const char *state = row->state == NULL ? "not visible" : row->state;

        buf_printf(out, "%s %d ", i == 0 ? "" : ",", row->count);
        text_show(out, state);
    }
    buf_char(out, '\n');
    put_limit(out, "database", &sessions->database_limit);
    put_limit(out, "role", &sessions->role_limit);
    buf_text(out, "headroom  ");
    text_show(out, context->headroom->message);
    buf_text(out, "\n\n");
    put_groups(out, sessions);
    put_sessions(out, sessions, context);
}

/* --- SQLite --- */

static const char *files_of(struct arena *arena, const hg_file_process *p)
{
    return arena_printf(arena, "%s%s%s%s", p->database ? "database" : "", p->wal ? " wal" : "",
                        p->index ? " shm" : "", p->journal ? " journal" : "");
}

static void put_writer(struct buf *out, const hg_sessions *sessions)
{
    bool nobody = true;

    for (size_t i = 0; i < sessions->process_count; i++) {
        const hg_file_process *p = &sessions->processes[i];
        char name[64];

        if (p->lock != HG_FILE_WRITES)
            continue;
        nobody = false;
        buf_printf(out, "process %lld (%s) holds the write lock\n", (long long)p->pid,
                   text_visible_copy(name, sizeof name, p->name == NULL ? "unknown" : p->name));
    }
    if (nobody)
        buf_text(out, "nobody holds the write lock\n");
}

static void put_files(struct buf *out, const hg_sessions *sessions)
{
    static const struct table_column columns[] = {{"PID", ALIGN_RIGHT},
                                                  {"PROCESS", ALIGN_LEFT},
                                                  {"LOCK", ALIGN_LEFT},
                                                  {"HAS OPEN", ALIGN_LEFT}};
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < sessions->process_count; i++) {
        const hg_file_process *p = &sessions->processes[i];
        const char **row = table_row(&t);

        row[0] = p->pid > 0 ? arena_printf(&t.arena, "%lld", (long long)p->pid) : NULL;
        row[1] = p->own && p->name != NULL ? arena_printf(&t.arena, "%s (own)", p->name) : p->name;
        row[2] = hg_file_lock_name(p->lock);
        row[3] = files_of(&t.arena, p);
    }
    text_show(out, sessions->path == NULL ? "in memory" : sessions->path);
    buf_char(out, '\n');
    table_end(&t, out);
    if (sessions->process_count == 0)
        buf_text(out, "no process has it open\n");
    put_writer(out, sessions);
    if (!sessions->complete)
        buf_text(out, "processes of other users may have it open too: only root sees all\n");
}

void sessions_text(struct buf *out, const hg_sessions *sessions,
                   const struct sessions_context *context)
{
    if (sessions->driver == HG_SQLITE)
        put_files(out, sessions);
    else
        put_server(out, sessions, context);
}

void sessions_text_one(struct buf *out, const hg_server_session *session)
{
    const char *parts[] = {session->user, session->application, session->query};
    static const char *const before[] = {" of ", ", ", ": "};
    struct arena arena = ARENA_INIT;

    buf_printf(out, "session %lld", (long long)session->pid);
    parts[2] = short_query(&arena, session->query);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i] != NULL) {
            buf_text(out, before[i]);
            text_show(out, parts[i]);
        }
    arena_release(&arena);
}
