/*
 * world.h - a database and a folder of migrations of a test's own, and what is done to them.
 *
 * A test program that includes it defines new_database().
 */
#ifndef MIGRATE_WORLD_H
#define MIGRATE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <headgate/migrate.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "support/temp.h"
#include "support/threads.h"

/* A database and a folder of a test's own. */
struct world {
    char *dir;
    char *migrations;
    hg_url *url;
    hg_pool *pool;
    hg_error err; /* of what failed last */
};

/* A new, empty database; with SQLite it lies in dir. The test frees the URL. */
static hg_url *new_database(const char *dir);

static inline hg_pool_options pool_options(void)
{
    return (hg_pool_options){.role = "test",
                             .may_create = true,
                             .settings = {.size = 2,
                                          .max_overflow = 4,
                                          .timeout_ms = 60000,
                                          .recycle_ms = -1,
                                          .connect_timeout_ms = 60000}};
}

static inline hg_pool *pool_to(const hg_url *url)
{
    const hg_pool_options options = pool_options();
    hg_pool *pool = NULL;
    hg_error err = {0};

    if (!hg_pool_open(url, &options, &pool, &err))
        fail_msg("pool: %s", err.message);
    return pool;
}

static inline int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->dir = temp_dir_make_quick();
    w->migrations = temp_path(w->dir, "migrations");
    if (mkdir(w->migrations, 0755) != 0)
        return -1;
    w->url = new_database(w->dir);
    w->pool = pool_to(w->url);
    *state = w;
    return 0;
}

static inline int close_world(void **state)
{
    struct world *w = *state;

    alloc_fail_at(0);
    hg_pool_close(w->pool, hg_deadline_in_ms(60000));
    hg_url_free(w->url);
    temp_dir_remove(w->dir);
    free(w->migrations);
    free(w);
    return 0;
}

static inline void write_file(const struct world *w, const char *name, const char *text)
{
    temp_write(w->migrations, name, text);
}

static inline void remove_file(const struct world *w, const char *name)
{
    char *path = temp_path(w->migrations, name);

    assert_int_equal(unlink(path), 0);
    free(path);
}

/* Three tables, each depending on the one before. */
static inline void write_three(const struct world *w)
{
    write_file(w, "20260101000000_a.sql",
               "-- revision: aaa\n-- revises:\n-- message: first\n"
               "-- migrate:up\nCREATE TABLE a (id integer PRIMARY KEY);\n"
               "INSERT INTO a VALUES (1);\n"
               "-- migrate:down\nDROP TABLE a;\n");
    write_file(w, "20260101000001_b.sql",
               "-- revision: bbb\n-- revises: aaa\n-- message: second\n"
               "-- migrate:up\nCREATE TABLE b (id integer REFERENCES a);\n"
               "INSERT INTO b VALUES (1);\n"
               "-- migrate:down\nDROP TABLE b;\n");
    write_file(w, "20260101000002_c.sql",
               "-- revision: ccc\n-- revises: bbb\n-- message: third\n"
               "-- migrate:up\nALTER TABLE b ADD COLUMN note text;\n"
               "-- migrate:down\nALTER TABLE b DROP COLUMN note;\n");
}

static inline hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static inline hg_migrate_options options_for(const struct world *w, hg_migrate_kind kind,
                                             const char *target)
{
    hg_migrate_options options = hg_migrate_options_default(w->migrations);

    options.kind = kind;
    options.target = target;
    options.operator_name = "tester";
    return options;
}

/* "+aaa +bbb -ccc = bbb": what was done and what is current; an error as "code: message". */
static inline const char *told(const hg_run_result *result)
{
    static char out[1024];
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < result->applied_count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s ",
                              result->applied[i].direction == HG_UP ? "+" : "-",
                              result->applied[i].revision);
    n += (size_t)snprintf(out + n, sizeof out - n, "=");
    for (size_t i = 0; i < result->current_count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, " %s", result->current[i]);
    return out;
}

static inline const char *run_with(struct world *w, const hg_migrate_options *options,
                                   const hg_observer *observer)
{
    hg_run_result result;
    const char *text;

    memset(&w->err, 0, sizeof w->err);
    if (!hg_migrate_run(w->pool, options, observer, &result, &w->err))
        assert_int_not_equal(w->err.code, HG_OK);
    text = told(&result);
    hg_run_result_release(&result);
    return text;
}

static inline const char *run(struct world *w, hg_migrate_kind kind, const char *target)
{
    const hg_migrate_options options = options_for(w, kind, target);

    return run_with(w, &options, NULL);
}

static inline void must(const struct world *w)
{
    if (w->err.code != HG_OK)
        fail_msg("%s: %s (%s:%d:%d)", hg_code_name(w->err.code), w->err.message, w->err.file,
                 w->err.line, w->err.column);
}

/* The first field of the first row; "" when there is none; "!" and the code when it fails. */
static inline const char *ask(const struct world *w, const char *sql)
{
    static char text[4096];
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;
    hg_error err = {0};
    hg_step step = HG_ERROR;

    text[0] = '\0';
    if (!hg_pool_checkout(w->pool, "test", soon(), &conn, &err))
        fail_msg("checkout: %s", err.message);
    if (hg_conn_query(conn, sql, NULL, 0, soon(), &rows, &err))
        step = hg_rows_next(rows, soon(), &err);
    if (step == HG_ROW)
        snprintf(text, sizeof text, "%s", hg_rows_text(rows, 0));
    else if (step == HG_ERROR)
        snprintf(text, sizeof text, "!%s", hg_code_name(err.code));
    hg_rows_close(rows);
    hg_pool_return(w->pool, conn);
    return text;
}

static inline void execute(const struct world *w, const char *sql)
{
    const char *said = ask(w, sql);

    if (said[0] == '!')
        fail_msg("%s: %s", sql, said);
}

/* What an observer heard, and when it asks to stop or dies. */
struct witness {
    long asked;   /* calls of either kind */
    long stop_at; /* cancel at this call; 0: never */
    long kill_at; /* die at this call; 0: never */
    long statements;
    long stop_at_statement; /* cancel from this statement on, counted from 1; 0: never */
    char waiting[256];
    char notes[1024];
    char events[4096];
};

static inline void count_call(struct witness *witness)
{
    if (++witness->asked == witness->kill_at)
        kill(getpid(), SIGKILL);
}

static inline bool hear_cancelled(void *context)
{
    struct witness *witness = context;

    count_call(witness);
    return (witness->stop_at > 0 && witness->asked >= witness->stop_at)
           || (witness->stop_at_statement > 0 && witness->statements >= witness->stop_at_statement);
}

static inline void hear_event(void *context, const hg_event *event)
{
    static const char *const names[] = {"start", "statement", "done", "failed", "waiting", "note"};
    struct witness *witness = context;
    size_t n = strlen(witness->events);

    count_call(witness);
    witness->statements += event->kind == HG_EVENT_STEP_PROGRESS;
    if (event->kind == HG_EVENT_WAITING)
        snprintf(witness->waiting, sizeof witness->waiting, "%s", event->message);
    if (event->kind == HG_EVENT_NOTE)
        snprintf(witness->notes + strlen(witness->notes),
                 sizeof witness->notes - strlen(witness->notes), "%s\n", event->message);
    snprintf(witness->events + n, sizeof witness->events - n, "%s %s %d/%d %s\n",
             names[event->kind], event->subject, (int)event->done, (int)event->total,
             event->kind == HG_EVENT_STEP_DONE ? "" : event->message);
}

static inline hg_observer observer_of(struct witness *witness)
{
    return (hg_observer){hear_event, hear_cancelled, witness};
}

static inline const hg_revision *find(const hg_history *history, const char *revision)
{
    for (size_t i = 0; i < history->revision_count; i++)
        if (strcmp(history->revisions[i].revision, revision) == 0)
            return &history->revisions[i];
    fail_msg("no revision %s", revision);
    return NULL;
}

static inline hg_history *history_of(struct world *w)
{
    hg_history *history = NULL;

    memset(&w->err, 0, sizeof w->err);
    if (!hg_history_read(w->pool, w->migrations, soon(), &history, &w->err))
        must(w);
    return history;
}

/* --- several processes --- */

/* Runs `work` in a child with a pool of its own; returns the child. */
static inline pid_t in_child(const struct world *w, int (*work)(struct world *child, long number),
                             long number)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct world child = *w;
        int code;

        child.pool = pool_to(w->url);
        code = work(&child, number);
        hg_pool_close(child.pool, hg_deadline_in_ms(60000));
        _exit(code);
    }
    assert_true(pid > 0);
    return pid;
}

static inline int exit_of(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A pool's threads do not come along into a child: it makes its own. */
static inline void without_pool(struct world *w)
{
    hg_pool_close(w->pool, hg_deadline_in_ms(60000));
    w->pool = NULL;
    threads_await_last();
}

#define UP    HG_MIGRATE_UP
#define DOWN  HG_MIGRATE_DOWN
#define RESET HG_MIGRATE_RESET

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

#endif
