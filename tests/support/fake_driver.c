/*
 * fake_driver.c - the scripted engine. One lock guards the script and every fake connection.
 */
#include "support/fake_driver.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "driver/lent.h"

struct fake_conn {
    hg_conn base;
    struct fake_conn *next, **link;
    int64_t serial;
    int fd, peer; /* -1: hung up */
    bool in_transaction;
};

struct fake_rows {
    hg_rows base;
};

struct fake_statement {
    hg_statement base;
    char *sql;
};

struct fake_script {
    int count;
    int held;   /* calls that hang now */
    int passes; /* calls that may still go through while `hold` is on */
    bool hold;
    int fail_in; /* 0: none announced */
    hg_code fail_code;
    hg_code always;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct fake_script scripts[FAKE_CALLS];
static struct fake_conn *connections;
static int open_now, open_peak;
static bool hidden;
static int64_t last_serial;
static struct driver_options last_options;
static struct buf statements = BUF_INIT(1 << 20);

static const char *const call_names[FAKE_CALLS] = {
    "open", "close", "abandon", "alive", "ping", "reset", "query", "cancel",
};

static void make_condition(void)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void enter(void)
{
    pthread_once(&once, make_condition);
    pthread_mutex_lock(&lock);
}

static void leave(void)
{
    pthread_mutex_unlock(&lock);
}

/* Waits for a change of the script, at most a few milliseconds: a fake clock may pass the deadline
 * unseen. */
static void wait_for_change(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 5 * 1000 * 1000;
    if (until.tv_nsec >= 1000 * 1000 * 1000) {
        until.tv_sec++;
        until.tv_nsec -= 1000 * 1000 * 1000;
    }
    (void)pthread_cond_timedwait(&changed, &lock, &until);
}

/* Under the lock: hangs as long as the script wants; false: the deadline came first. */
static bool pass(struct fake_script *script, hg_deadline by)
{
    bool in_time = true;

    script->held++;
    pthread_cond_broadcast(&changed);
    while (script->hold && script->passes == 0 && (in_time = hg_deadline_left_ms(by) > 0))
        wait_for_change();
    if (script->hold && in_time)
        script->passes--;
    script->held--;
    return in_time;
}

/* Under the lock: what the script wants of this call. */
static hg_code follow(enum fake_call call, hg_deadline by)
{
    struct fake_script *script = &scripts[call];
    hg_code code;

    script->count++;
    pthread_cond_broadcast(&changed);
    code = script->always;
    if (script->fail_in > 0 && --script->fail_in == 0)
        code = script->fail_code;
    if (script->hold && !pass(script, by))
        code = HG_TIMEOUT;
    return code;
}

/* The same for a call on a connection, which may have been hung up on meanwhile. */
static bool follow_on(struct fake_conn *conn, enum fake_call call, hg_deadline by, hg_error *err)
{
    hg_code code = follow(call, by);

    if (code == HG_OK && conn->peer < 0)
        code = HG_LOST;
    if (code == HG_OK)
        return true;
    if (code == HG_LOST)
        conn->base.lost = true;
    return hg_fail(err, code, "the fake engine fails this %s: %s", call_names[call],
                   hg_code_name(code));
}

static void hang_up(struct fake_conn *conn)
{
    if (conn->peer >= 0)
        close(conn->peer);
    conn->peer = -1;
}

static struct fake_conn *conn_new(void)
{
    struct fake_conn *conn = alloc_zero(1, sizeof *conn);
    int ends[2];

    if (conn == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        alloc_free(conn);
        return NULL;
    }
    conn->base.driver = &fake_driver;
    conn->fd = ends[0];
    conn->peer = ends[1];
    conn->serial = ++last_serial;
    conn->next = connections;
    conn->link = &connections;
    if (connections != NULL)
        connections->link = &conn->next;
    connections = conn;
    open_peak = ++open_now > open_peak ? open_now : open_peak;
    return conn;
}

static bool fake_open(const hg_url *url, const struct driver_options *options, hg_deadline by,
                      hg_conn **out_conn, hg_error *err)
{
    struct fake_conn *conn = NULL;
    hg_code code;

    (void)url;
    enter();
    last_options = *options;
    code = follow(FAKE_OPEN, by);
    if (code == HG_OK && (conn = conn_new()) == NULL)
        code = HG_NOMEM;
    leave();
    if (code != HG_OK)
        return hg_fail(err, code, "the fake engine fails this open: %s", hg_code_name(code));
    *out_conn = &conn->base;
    return true;
}

static struct fake_conn *of(const hg_conn *conn)
{
    return (struct fake_conn *)conn;
}

static void end(hg_conn *conn, enum fake_call call)
{
    conn_end(conn);
    enter();
    (void)follow(call, hg_deadline_never());
    *of(conn)->link = of(conn)->next;
    if (of(conn)->next != NULL)
        of(conn)->next->link = of(conn)->link;
    hang_up(of(conn));
    open_now--;
    pthread_cond_broadcast(&changed);
    leave();
    close(of(conn)->fd);
    alloc_free(conn);
}

static void fake_close(hg_conn *conn)
{
    end(conn, FAKE_CLOSE);
}

static void fake_abandon(hg_conn *conn)
{
    end(conn, FAKE_ABANDON);
}

static bool fake_alive(hg_conn *conn)
{
    bool alive;

    enter();
    alive = follow_on(of(conn), FAKE_ALIVE, hg_deadline_never(), NULL);
    leave();
    return alive;
}

static bool fake_ping(hg_conn *conn, hg_deadline by, hg_error *err)
{
    bool ok;

    enter();
    ok = follow_on(of(conn), FAKE_PING, by, err);
    leave();
    return ok;
}

static void note_statement(const char *sql)
{
    if (statements.size > 0)
        buf_text(&statements, "; ");
    buf_text(&statements, sql);
}

static bool fake_reset_conn(hg_conn *conn, hg_reset how, hg_deadline by, bool *out_was_open,
                            hg_error *err)
{
    bool ok;

    conn_end(conn);
    enter();
    *out_was_open = of(conn)->in_transaction;
    ok = follow_on(of(conn), FAKE_RESET, by, err);
    if (ok && *out_was_open && how != HG_RESET_NONE)
        note_statement(how == HG_RESET_COMMIT ? "COMMIT" : "ROLLBACK");
    if (ok && how != HG_RESET_NONE)
        of(conn)->in_transaction = false;
    leave();
    return ok;
}

static int fake_descriptor(const hg_conn *conn)
{
    int fd;

    enter();
    fd = hidden ? -1 : of(conn)->fd;
    leave();
    return fd;
}

static void follow_transaction(struct fake_conn *conn, const char *sql)
{
    if (strncasecmp(sql, "BEGIN", 5) == 0)
        conn->in_transaction = true;
    else if (strcasecmp(sql, "COMMIT") == 0 || strcasecmp(sql, "ROLLBACK") == 0)
        conn->in_transaction = false;
}

static bool fake_query(hg_conn *conn, const char *sql, const hg_value *params, size_t n,
                       hg_deadline by, hg_rows **out_rows, hg_error *err)
{
    struct fake_rows *rows = alloc_zero(1, sizeof *rows);
    bool ok;

    (void)params;
    (void)n;
    if (rows == NULL)
        return hg_fail(err, HG_NOMEM, "memory ran out");
    enter();
    note_statement(sql);
    ok = follow_on(of(conn), FAKE_QUERY, by, err);
    if (ok)
        follow_transaction(of(conn), sql);
    leave();
    if (!ok) {
        alloc_free(rows);
        return false;
    }
    rows->base.conn = conn;
    rows->base.affected = -1;
    *out_rows = &rows->base;
    return true;
}

static hg_step fake_next(hg_rows *rows, hg_deadline by, hg_error *err)
{
    (void)rows;
    (void)by;
    (void)err;
    return HG_END;
}

static const char *fake_column_name(const hg_rows *rows, size_t column)
{
    (void)rows;
    (void)column;
    return "";
}

static hg_value fake_value(hg_rows *rows, size_t column)
{
    (void)rows;
    (void)column;
    return hg_null();
}

static void fake_rows_close(hg_rows *rows)
{
    alloc_free(rows);
}

static bool fake_prepare(hg_conn *conn, const char *sql, hg_deadline by,
                         hg_statement **out_statement, hg_error *err)
{
    struct fake_statement *statement = alloc_zero(1, sizeof *statement);

    (void)by;
    if (statement == NULL || (statement->sql = alloc_text(sql)) == NULL) {
        alloc_free(statement);
        return hg_fail(err, HG_NOMEM, "memory ran out");
    }
    statement->base.conn = conn;
    *out_statement = &statement->base;
    return true;
}

static bool fake_statement_query(hg_statement *statement, const hg_value *params, size_t n,
                                 hg_deadline by, hg_rows **out_rows, hg_error *err)
{
    return fake_query(statement->conn, ((struct fake_statement *)statement)->sql, params, n, by,
                      out_rows, err);
}

static void fake_statement_close(hg_statement *statement)
{
    alloc_free(((struct fake_statement *)statement)->sql);
    alloc_free(statement);
}

static void fake_cancel(hg_conn *conn)
{
    (void)conn;
    enter();
    (void)follow(FAKE_CANCEL, hg_deadline_never());
    leave();
}

static bool fake_in_transaction(const hg_conn *conn)
{
    return of(conn)->in_transaction;
}

static bool fake_transaction_failed(const hg_conn *conn)
{
    (void)conn;
    return false;
}

static int64_t fake_backend_pid(const hg_conn *conn)
{
    return of(conn)->serial;
}

static const char *fake_server_version(const hg_conn *conn)
{
    (void)conn;
    return "1.0";
}

static int fake_server_version_number(const hg_conn *conn)
{
    (void)conn;
    return 10000;
}

const struct driver fake_driver = {
    .id = HG_SQLITE,
    .open = fake_open,
    .close = fake_close,
    .abandon = fake_abandon,
    .alive = fake_alive,
    .ping = fake_ping,
    .reset = fake_reset_conn,
    .descriptor = fake_descriptor,
    .query = fake_query,
    .next = fake_next,
    .column_name = fake_column_name,
    .value = fake_value,
    .rows_close = fake_rows_close,
    .prepare = fake_prepare,
    .statement_query = fake_statement_query,
    .statement_close = fake_statement_close,
    .cancel = fake_cancel,
    .in_transaction = fake_in_transaction,
    .transaction_failed = fake_transaction_failed,
    .backend_pid = fake_backend_pid,
    .server_version = fake_server_version,
    .server_version_number = fake_server_version_number,
};

void fake_reset(void)
{
    enter();
    assert(open_now == 0); /* a test before this one left a connection open */
    memset(scripts, 0, sizeof scripts);
    open_peak = 0;
    hidden = false;
    buf_release(&statements);
    leave();
}

void fake_hide_descriptors(void)
{
    enter();
    hidden = true;
    leave();
}

void fake_fail(enum fake_call call, int n, hg_code code)
{
    enter();
    scripts[call].fail_in = n;
    scripts[call].fail_code = code;
    leave();
}

void fake_fail_always(enum fake_call call, hg_code code)
{
    enter();
    scripts[call].always = code;
    leave();
}

void fake_hold(enum fake_call call)
{
    enter();
    scripts[call].hold = true;
    scripts[call].passes = 0;
    leave();
}

void fake_release(enum fake_call call, int n)
{
    enter();
    scripts[call].passes += n;
    pthread_cond_broadcast(&changed);
    leave();
}

void fake_release_all(enum fake_call call)
{
    enter();
    scripts[call].hold = false;
    pthread_cond_broadcast(&changed);
    leave();
}

static bool wait_until(const int *value, int least, hg_deadline by)
{
    bool reached;

    enter();
    while (*value < least && hg_deadline_left_ms(by) > 0)
        wait_for_change();
    reached = *value >= least;
    leave();
    return reached;
}

bool fake_wait_held(enum fake_call call, int n, hg_deadline by)
{
    return wait_until(&scripts[call].held, n, by);
}

bool fake_wait_count(enum fake_call call, int n, hg_deadline by)
{
    return wait_until(&scripts[call].count, n, by);
}

static int read_locked(const int *value)
{
    int copy;

    enter();
    copy = *value;
    leave();
    return copy;
}

int fake_count(enum fake_call call)
{
    return read_locked(&scripts[call].count);
}

int fake_open_now(void)
{
    return read_locked(&open_now);
}

int fake_open_peak(void)
{
    return read_locked(&open_peak);
}

void fake_kill(hg_conn *conn)
{
    enter();
    hang_up(of(conn_behind(conn)));
    leave();
}

void fake_kill_serial(int64_t serial)
{
    enter();
    for (struct fake_conn *conn = connections; conn != NULL; conn = conn->next)
        if (conn->serial == serial)
            hang_up(conn);
    leave();
}

void fake_kill_all(void)
{
    enter();
    for (struct fake_conn *conn = connections; conn != NULL; conn = conn->next)
        hang_up(conn);
    leave();
}

int64_t fake_serial(const hg_conn *conn)
{
    return of(conn_behind(conn))->serial;
}

const char *fake_statements(void)
{
    static _Thread_local char copy[4096];

    enter();
    snprintf(copy, sizeof copy, "%s", statements.bytes);
    leave();
    return copy;
}

struct driver_options fake_last_options(void)
{
    struct driver_options copy;

    enter();
    copy = last_options;
    leave();
    copy.application_name = NULL;
    return copy;
}
