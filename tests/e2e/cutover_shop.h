/*
 * cutover_shop.h - a shop whose day to move has come: a SQLite file, an empty PostgreSQL database
 * of its own role, a .env file, an application that writes all the time, and an operator.
 *
 * Not a header in the usual sense: each test program includes it once.
 */
#ifndef E2E_CUTOVER_SHOP_H
#define E2E_CUTOVER_SHOP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <headgate/pool.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

enum { WORKERS = 3, PATIENCE_MS = 60000, MOMENT_MS = 20 };

struct shop {
    char *dir, *database, *url;
    pid_t application; /* 0: none */
};

static const char *const shop_environ[] = {"HEADGATE_STATE_DIR=state", NULL};

static inline void moment(void)
{
    (void)poll(NULL, 0, MOMENT_MS);
}

/* --- the shop --- */

static inline int shop_setup(void **state)
{
    int bad = postgres_setup(state);

    postgres_run(NULL, "CREATE ROLE keeper LOGIN CREATEDB");
    return bad;
}

static inline void shop_write_env(const struct shop *s)
{
    struct buf text = BUF_INIT(1 << 16);

    buf_printf(&text, "DATABASE_URL=sqlite:///./instance/app.db\nHEADGATE_CUTOVER_URL=%s\n",
               s->url);
    temp_write(s->dir, ".env", text.bytes);
    buf_release(&text);
}

static inline struct process_result shop_run(const struct shop *s, const char *const *argv)
{
    return process_run(s->dir, shop_environ, argv);
}
#define HEADGATE(s, ...) shop_run((s), (const char *const[]){TEST_HEADGATE, __VA_ARGS__, NULL})

static inline void assert_status(struct process_result r, int status)
{
    if (r.status != status)
        fail_msg("exit %d, not %d\n%s%s", r.status, status, r.out, r.err);
    process_release(&r);
}

static inline int shop_open(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    struct buf url = BUF_INIT(1 << 12), grant = BUF_INIT(1 << 12);

    s->dir = temp_dir_make();
    s->database = postgres_database();
    buf_printf(&url, "postgresql://keeper@127.0.0.1:%d/%s", postgres_port(), s->database);
    s->url = buf_take(&url);
    buf_printf(&grant, "ALTER DATABASE \"%s\" OWNER TO keeper", s->database);
    postgres_run(NULL, grant.bytes);
    postgres_run(s->database, "GRANT ALL ON SCHEMA public TO keeper");
    buf_release(&grant);
    shop_write_env(s);
    temp_write(s->dir, "instance/.keep", "");
    temp_write(s->dir, "application/.keep", "");
    temp_write(s->dir, "ready", "");
    temp_write(s->dir, "migrations/0001_shop.sql",
               "-- migrate:up\n"
               "-- @sqlite\n"
               "CREATE TABLE entries (id integer PRIMARY KEY, label text NOT NULL);\n"
               "-- @postgresql\n"
               "CREATE TABLE entries (id bigserial PRIMARY KEY, label text NOT NULL);\n"
               "-- @end\n"
               "CREATE TABLE goods (name text PRIMARY KEY, price integer NOT NULL);\n"
               "-- migrate:down\nDROP TABLE goods;\nDROP TABLE entries;\n");
    assert_status(HEADGATE(s, "up"), 0);
    *state = s;
    return 0;
}

static inline void shop_close_application(struct shop *s)
{
    if (s->application > 0) {
        kill(s->application, SIGTERM);
        waitpid(s->application, NULL, 0);
    }
    s->application = 0;
}

/* A run that a failed test has left would go on without end. */
static inline void shop_stop_worker(const struct shop *s)
{
    struct process_result r = HEADGATE(s, "cutover", "--status", "--json");
    json_t *run = json_loads(r.out, 0, NULL);
    const char *name = json_string_value(json_object_get(run, "run"));

    process_release(&r);
    if (json_is_true(json_object_get(run, "working"))) {
        r = HEADGATE(s, "cutover", "--abort", "--confirm", name);
        process_release(&r);
    }
    json_decref(run);
}

static inline int shop_close(void **state)
{
    struct shop *s = *state;

    shop_stop_worker(s);
    shop_close_application(s);
    temp_dir_remove(s->dir);
    free(s->database);
    free(s->url);
    free(s);
    return 0;
}

/* --- both sides --- */

static inline sqlite3 *shop_sqlite(const struct shop *s)
{
    char *path = temp_path(s->dir, "instance/app.db");
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, PATIENCE_MS);
    free(path);
    return db;
}

static inline void in_source(const struct shop *s, const char *sql)
{
    sqlite3 *db = shop_sqlite(s);
    char *said = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    sqlite3_close(db);
}

static inline void put_rows(sqlite3 *db, const char *sql, struct buf *out)
{
    sqlite3_stmt *rows = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const char *text = (const char *)sqlite3_column_text(rows, i);

            buf_printf(out, "%d:%s|", sqlite3_column_type(rows, i), text == NULL ? "" : text);
        }
        buf_char(out, '\n');
    }
    sqlite3_finalize(rows);
}

/* Schema and rows of the source, as text; allocated with malloc(). */
static inline char *shop_dump(const struct shop *s)
{
    struct buf out = BUF_INIT(64 << 20);
    sqlite3 *db = shop_sqlite(s);

    put_rows(db, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2", &out);
    put_rows(db, "PRAGMA user_version", &out);
    put_rows(db, "SELECT * FROM entries ORDER BY id", &out);
    put_rows(db, "SELECT * FROM goods ORDER BY name", &out);
    put_rows(db, "SELECT * FROM alembic_version", &out);
    sqlite3_close(db);
    return buf_take(&out);
}

static inline void assert_target(const struct shop *s, const char *sql, const char *expected)
{
    char *said = postgres_ask(s->database, sql);

    if (strcmp(said, expected) != 0)
        fail_msg("%s: %s instead of %s", sql, said, expected);
    free(said);
}

/* --- the application --- */

/* What the application was told of its writes: a line each. */
static inline void write_log(const char *dir, const char *name, const char *line)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof path, "%s/application/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, line, strlen(line)) < 0)
        _exit(90);
    close(fd);
}

/* One write; what it was told goes to "done" or to "refused". */
static inline void write_entry(const char *dir, hg_pool *pool, const char *label)
{
    hg_deadline by = hg_deadline_in_ms(2000);
    hg_value params[] = {hg_text(label)};
    hg_conn *conn = NULL;
    hg_error err = {0};
    char line[1024];
    bool ok = hg_pool_checkout(pool, "shop", by, &conn, &err);

    if (ok) {
        ok = hg_conn_execute(conn, "INSERT INTO entries (label) VALUES ($1)", params, 1, by, NULL,
                             &err);
        hg_pool_return(pool, conn);
    }
    snprintf(line, sizeof line, ok ? "%s\n" : "%s %s\n", label, err.message);
    write_log(dir, ok ? "done" : "refused", line);
}

/* A worker process: reads its URL once, as such programs do, and writes until it is ended. */
static inline void work_in_shop(const char *dir, int worker)
{
    const hg_settings_options from = {.env_file = ".env", .environ = (const char *const[]){NULL}};
    hg_pool_options options;
    hg_settings *settings = NULL;
    hg_pool *pool = NULL;
    char name[32], pid[32];

    if (chdir(dir) != 0 || !hg_settings_load(&from, &settings, NULL))
        _exit(91);
    options = hg_pool_options_from(settings);
    options.role = "shop";
    options.runtime_dir = NULL;
    if (!hg_pool_open(hg_settings_url(settings), &options, &pool, NULL))
        _exit(92);
    snprintf(name, sizeof name, "%d.pid", worker);
    snprintf(pid, sizeof pid, "%d\n", getpid());
    for (int n = 1;; n++) {
        char label[64];

        snprintf(label, sizeof label, "%d-%d-%d", worker, getpid(), n);
        write_entry(dir, pool, label);
        if (n == 1) { /* from here on a restart reaches it */
            char path[4096];

            snprintf(path, sizeof path, "%s/application/%s", dir, name);
            if (!file_write(path, pid, strlen(pid), 0644, NULL))
                _exit(93);
        }
        (void)poll(NULL, 0, 2);
    }
}

static inline pid_t start_worker(const struct shop *s, int worker)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGTERM, SIG_DFL);
        work_in_shop(s->dir, worker);
    }
    return pid;
}

static volatile sig_atomic_t closing;

static inline void on_close(int signal_number)
{
    (void)signal_number;
    closing = 1;
}

/* What systemd or gunicorn does: whoever ends is started again. */
static inline void supervise(const struct shop *s)
{
    struct sigaction end = {.sa_handler = on_close};
    pid_t workers[WORKERS];

    sigaction(SIGTERM, &end, NULL);
    for (int i = 0; i < WORKERS; i++)
        workers[i] = start_worker(s, i);
    while (!closing) {
        pid_t ended = waitpid(-1, NULL, 0);

        for (int i = 0; i < WORKERS && ended > 0 && !closing; i++)
            if (workers[i] == ended)
                workers[i] = start_worker(s, i);
    }
    for (int i = 0; i < WORKERS; i++) {
        kill(workers[i], SIGKILL);
        waitpid(workers[i], NULL, 0);
    }
    _exit(0);
}

/* Lines of a log of the application. */
static inline size_t count_lines(const struct shop *s, const char *name)
{
    struct buf text = BUF_INIT(64 << 20);
    char path[4096];
    size_t lines = 0;

    snprintf(path, sizeof path, "%s/application/%s", s->dir, name);
    (void)file_read(path, &text, NULL);
    for (const char *at = text.bytes; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    buf_release(&text);
    return lines;
}

/* Until so many more writes have succeeded. */
static inline void await_writes(const struct shop *s, const char *log, size_t more)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    size_t from = count_lines(s, log);

    while (count_lines(s, log) < from + more) {
        assert_true(hg_deadline_left_ms(by) > 0);
        moment();
    }
}

static inline void shop_open_application(struct shop *s)
{
    s->application = fork();
    assert_true(s->application >= 0);
    if (s->application == 0)
        supervise(s);
    await_writes(s, "done", 3 * WORKERS);
}

/* Every write that the application was told had succeeded is in the target, and none twice. */
static inline void assert_nothing_is_lost(const struct shop *s)
{
    struct buf text = BUF_INIT(64 << 20), sql = BUF_INIT(64 << 20);
    char *path = temp_path(s->dir, "application/done"), *save = NULL, *lost;
    size_t lines = 0;

    assert_true(file_read(path, &text, NULL));
    buf_text(&sql, "SELECT coalesce(string_agg(label, ' '), '') FROM (VALUES ");
    for (char *line = strtok_r(text.bytes, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        buf_printf(&sql, "%s('%s')", lines++ == 0 ? "" : ",", line);
    buf_text(&sql, ") d (label) WHERE NOT EXISTS (SELECT FROM entries e WHERE e.label = d.label)");
    assert_true(lines > 0);
    lost = postgres_ask(s->database, sql.bytes);
    if (lost[0] != '\0')
        fail_msg("of %zu writes lost: %s", lines, lost);
    free(lost);
    assert_target(s, "SELECT count(*) - count(DISTINCT label) FROM entries", "0");
    assert_target(s, "SELECT count(*) - count(DISTINCT id) FROM entries", "0");
    buf_release(&text);
    buf_release(&sql);
    free(path);
}

/* --- the runbook --- */

/* A step of the team's runbook: what the built-in ones do, in little time. */
static const struct shop_step {
    const char *id, *action, *confirm, *arguments;
} shop_steps[] = {
    {"S01", "scan", NULL, NULL},
    {"S02", "preflight", NULL, "{\"only\": [\"db.connect\"]}"},
    {"S03", "schema", "run", NULL},
    {"S04", "rehearse", NULL, NULL},
    {"S05", "attest", "attest", NULL},
    {"S06", "fence", NULL, NULL},
    {"S07", "freeze", "run", NULL},
    {"S08", "drain", NULL, NULL},
    {"READY", "command", NULL, "{\"run\": [\"test\", \"-e\", \"ready\"]}"},
    {"S09", "snapshot", NULL, NULL},
    {"S10", "copy", NULL, NULL},
    {"S11", "verify", NULL, NULL},
    {"S12", "decide", "cutover", NULL},
    {"S13", "flip", NULL,
     "{\"restart\": [\"sh\", \"-c\", \"kill $(cat application/*.pid) 2>application/kill.log; "
     "true\"]}"},
    {"S14", "prove", NULL, "{\"seconds\": 1, \"within\": 40}"},
    {"S15", "smoke", NULL, "{\"only\": [\"db.connect\"]}"},
    {"S16", "unfence", "no return", NULL},
    {"S17", "watch", NULL, "{\"seconds\": 1}"},
};

enum { SHOP_STEPS = sizeof shop_steps / sizeof *shop_steps };

static inline json_t *shop_step_json(const struct shop_step *row)
{
    json_t *step =
        json_pack("{s:s, s:s, s:s}", "id", row->id, "title", row->action, "action", row->action);

    if (row->confirm != NULL)
        json_object_set_new(step, "confirm", json_string(row->confirm));
    if (row->arguments != NULL)
        json_object_set_new(step, "arguments", json_loads(row->arguments, 0, NULL));
    return step;
}

/* Before this step the runbook waits until there is a file "go"; NULL: nowhere. */
static const char *shop_hold;

static const struct shop_step shop_hold_step = {
    "HOLD", "command", NULL,
    "{\"run\": [\"sh\", \"-c\", \"until [ -e go ]; do sleep 0.05; done\"]}"};

/* Writes shop.json: the steps but `without`; up to `last` (NULL: all), behind which it waits for an
 * answer that nobody has to give. */
static inline void shop_write_runbook(const struct shop *s, const char *without, const char *last)
{
    const struct shop_step wait = {"WAIT", "attest", "attest", NULL};
    json_t *book = json_pack("{s:s, s:s, s:s}", "name", "shop", "freeze", "S07", "commit", "S12");
    json_t *steps = json_array();
    bool open = true, froze = false, committed = false;
    char *text;

    for (size_t i = 0; i < SHOP_STEPS && open; i++) {
        if (strstr(without, shop_steps[i].id) != NULL)
            continue;
        if (shop_hold != NULL && strcmp(shop_hold, shop_steps[i].id) == 0)
            json_array_append_new(steps, shop_step_json(&shop_hold_step));
        json_array_append_new(steps, shop_step_json(&shop_steps[i]));
        froze = froze || strcmp(shop_steps[i].id, "S07") == 0;
        committed = committed || strcmp(shop_steps[i].id, "S12") == 0;
        open = last == NULL || strcmp(shop_steps[i].id, last) != 0;
    }
    if (last != NULL)
        json_array_append_new(steps, shop_step_json(&wait));
    if (!froze)
        json_object_del(book, "freeze");
    if (!committed)
        json_object_del(book, "commit");
    json_object_set_new(book, "steps", steps);
    text = json_dumps(book, JSON_INDENT(2));
    temp_write(s->dir, "shop.json", text);
    free(text);
    json_decref(book);
}

#endif
