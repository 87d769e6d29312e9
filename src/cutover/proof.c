/*
 * proof.c - reads /proc and pg_stat_activity.
 */
#include "proof.h"

#include <dirent.h>
#include <headgate/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "source_file.h"

enum { PATH_ROOM = 4096, NAME_ROOM = 64, ENVIRON_LIMIT = 4 << 20, STAT_LIMIT = 4096 };

enum side { SIDE_NEITHER, SIDE_SOURCE, SIDE_TARGET };

/* --- one process --- */

static bool is_same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;

    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev
           && of_a.st_ino == of_b.st_ino;
}

/* The fields behind the name, which may hold anything: proc(5). tty_nr is the fifth of them. */
static bool has_terminal(const char *pid)
{
    struct buf text = BUF_INIT(STAT_LIMIT);
    char path[PATH_ROOM];
    const char *at;
    int terminal = 0;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    if (file_read(path, &text, NULL) && (at = strrchr(text.bytes, ')')) != NULL
        && sscanf(at + 1, " %*c %*d %*d %*d %d", &terminal) != 1)
        terminal = 0;
    buf_release(&text);
    return terminal != 0;
}

static bool is_headgate(const char *pid)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    return is_same_file(path, "/proc/self/exe");
}

static void read_name(const char *pid, char out[NAME_ROOM])
{
    struct buf text = BUF_INIT(STAT_LIMIT);
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    (void)file_read(path, &text, NULL);
    text.bytes[strcspn(text.bytes, "\n")] = '\0';
    text_visible_copy(out, NAME_ROOM, text.bytes);
    buf_release(&text);
}

/* A path of a URL is the process's own, from the folder that it works in. */
static bool is_source(const struct world *w, const char *pid, const char *path)
{
    char there[PATH_ROOM];

    if (path == NULL)
        return false;
    snprintf(there, sizeof there, path[0] == '/' ? "/proc/%s/root%s" : "/proc/%s/cwd/%s", pid,
             path);
    return is_same_file(there, w->source_path);
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_target(const struct world *w, const hg_url *url)
{
    const hg_url *target = hg_settings_url(w->target_settings);

    return hg_url_driver(url) == HG_POSTGRESQL
           && same_text(hg_url_database(url), hg_url_database(target)) && hg_url_host_count(url) > 0
           && hg_url_host_count(target) > 0
           && same_text(hg_url_host(url, 0), hg_url_host(target, 0))
           && hg_url_port(url, 0) == hg_url_port(target, 0);
}

static enum side side_of_url(const struct world *w, const char *pid, const char *text)
{
    enum side side = SIDE_NEITHER;
    hg_url *url = NULL;

    if (!hg_url_parse(text, &url, NULL))
        return SIDE_NEITHER;
    if (hg_url_driver(url) == HG_SQLITE && is_source(w, pid, hg_url_path(url)))
        side = SIDE_SOURCE;
    else if (is_target(w, url))
        side = SIDE_TARGET;
    hg_url_free(url);
    return side;
}

/* What the process was started with: "NAME=value" texts, each with its NUL. */
static enum side side_of(const struct world *w, const char *pid)
{
    const char *name = world_variable(w);
    struct buf text = BUF_INIT(ENVIRON_LIMIT);
    enum side side = SIDE_NEITHER;
    char path[PATH_ROOM];
    size_t n = strlen(name);

    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    if (file_read(path, &text, NULL))
        for (const char *at = text.bytes; at < text.bytes + text.size; at += strlen(at) + 1)
            if (strncmp(at, name, n) == 0 && at[n] == '=')
                side = side_of_url(w, pid, at + n + 1);
    explicit_bzero(text.bytes, text.size);
    buf_release(&text);
    return side;
}

/* --- all of them --- */

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* Calls `seen` for every process that was started with the URL of this side. */
static void each_on(const struct world *w, enum side side,
                    void (*seen)(void *context, const char *pid, const char *name), void *context)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    char name[NAME_ROOM];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (!is_number(entry->d_name) || side_of(w, entry->d_name) != side
            || is_headgate(entry->d_name) || has_terminal(entry->d_name))
            continue;
        read_name(entry->d_name, name);
        seen(context, entry->d_name, name);
    }
    if (dir != NULL)
        closedir(dir);
}

/* Several in one sentence: as many as there is room for. */
struct sentence {
    char *out;
    size_t size;
    const char *does;
};

static void say_one(void *context, const char *pid, const char *name)
{
    struct sentence *s = context;
    size_t used = strlen(s->out);

    snprintf(s->out + used, s->size - used, "%s%s (pid %s) %s", used == 0 ? "" : ", ", name, pid,
             s->does);
}

static bool say_holders(struct world *w, struct sentence *s, hg_error *err)
{
    hg_sessions *sessions = NULL;

    if (!hg_sessions_read(w->reader, world_soon(), &sessions, err))
        return false;
    for (size_t i = 0; i < sessions->process_count; i++) {
        const hg_file_process *p = &sessions->processes[i];
        char pid[24];

        snprintf(pid, sizeof pid, "%lld", (long long)p->pid);
        if (!p->own && p->database && !is_headgate(pid))
            say_one(s, pid, p->name == NULL ? "a process" : p->name);
    }
    hg_sessions_free(sessions);
    return true;
}

bool proof_on_source(struct world *w, char *out, size_t size, hg_error *err)
{
    struct sentence s = {out, size, "has the source open"};

    out[0] = '\0';
    if (source_file_state(w) == SOURCE_SAME && !say_holders(w, &s, err))
        return false;
    s.does = "was started with the source's URL";
    each_on(w, SIDE_SOURCE, say_one, &s);
    return true;
}

void proof_on_target(struct world *w, char *out, size_t size)
{
    struct sentence s = {out, size, "was started with the target's URL"};

    out[0] = '\0';
    each_on(w, SIDE_TARGET, say_one, &s);
}

static void keep_one(void *context, const char *pid, const char *name)
{
    json_array_append_new(context,
                          json_pack("{s:I, s:s}", "pid", (json_int_t)atoll(pid), "process", name));
}

static bool write_clients(struct world *w, const char *role, json_t *clients, hg_error *err)
{
    static const char sql[] =
        "SELECT coalesce(host(client_addr), 'a socket of the server'), count(*)"
        " FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()"
        " AND application_name NOT LIKE 'headgate/cutover@%' GROUP BY 1 ORDER BY 1";
    const hg_value params[] = {hg_text(role)};
    hg_deadline by = world_soon();
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (!hg_pool_checkout(w->target, "cutover", by, &conn, err))
        return false;
    if (hg_conn_query(conn, sql, params, 1, by, &rows, err)) {
        while ((step = hg_rows_next(rows, by, err)) == HG_ROW)
            json_array_append_new(clients,
                                  json_pack("{s:s, s:I}", "address", hg_rows_text(rows, 0),
                                            "sessions", (json_int_t)hg_rows_integer(rows, 1)));
        hg_rows_close(rows);
    }
    hg_pool_return(w->target, conn);
    return step == HG_END;
}

bool proof_write(struct world *w, const char *role, json_t *facts, hg_error *err)
{
    json_t *processes = json_array(), *clients = json_array();

    each_on(w, SIDE_TARGET, keep_one, processes);
    json_object_set_new(facts, "processes", processes);
    json_object_set_new(facts, "clients", clients);
    return write_clients(w, role, clients, err);
}
