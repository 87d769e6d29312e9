/*
 * check_capacity.c - a pool as the application has it, of one connection, tried out against its
 * database: what it does when it is empty, when its connection dies, when it comes back used.
 *
 * It is the second connection of a run. What a trial makes is temporary, and goes with it.
 */
#include "checks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    ACQUIRES = 5,
    ACQUIRE_WARN_MS = 100,
    WAIT_MS = 50,   /* for a connection that nobody gives back */
    LATE_MS = 1000, /* so much later may an answer be on a busy host */
    DEAD_MS = 200
};

/* Reset, pre-ping and limits as the settings say. */
static bool open_trial(const struct check_context *context, int64_t recycle_ms, hg_pool **out,
                       hg_error *err)
{
    hg_pool_options options = hg_pool_options_from(context->settings);
    hg_reset reset = options.settings.reset_on_return;

    options.name = options.role = "smoke";
    options.runtime_dir = NULL;
    options.read_only = hg_settings_read_only(context->settings);
    options.settings = hg_pool_settings_for_tool(options.settings);
    options.settings.reset_on_return = reset;
    options.settings.size = 1;
    options.settings.max_overflow = 0;
    options.settings.recycle_ms = recycle_ms;
    return hg_pool_open(hg_settings_url(context->settings), &options, out, err);
}

/* A trial pool and its connection; false: the result says why not. */
static bool begin(struct check_context *context, int64_t recycle_ms, hg_pool **out_pool,
                  hg_conn **out_conn, hg_check_result *result)
{
    hg_error err = {0};

    if (open_trial(context, recycle_ms, out_pool, &err)
        && hg_pool_checkout(*out_pool, "smoke", context->by, out_conn, &err))
        return true;
    check_say_error(result, &err);
    return false;
}

/* The same for a check that writes, which a read-only run skips. */
static bool begin_to_write(struct check_context *context, hg_pool **out_pool, hg_conn **out_conn,
                           hg_check_result *result)
{
    if (!hg_settings_read_only(context->settings))
        return begin(context, -1, out_pool, out_conn, result);
    check_say(result, HG_SKIP, "this run is read-only");
    return false;
}

static void end(struct check_context *context, hg_pool *pool, hg_conn *conn)
{
    if (conn != NULL)
        hg_pool_discard(pool, conn);
    hg_pool_close(pool, context->by);
}

static bool run(struct check_context *context, hg_conn *conn, const char *sql, hg_error *err)
{
    return hg_conn_execute(conn, sql, NULL, 0, context->by, NULL, err);
}

/* The first number of the first row. */
static bool ask(struct check_context *context, hg_conn *conn, const char *sql, int64_t *out,
                hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(conn, sql, NULL, 0, context->by, &rows, err)
              && hg_rows_next(rows, context->by, err) == HG_ROW;

    if (ok)
        *out = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    return ok;
}

/* --- getting one --- */

/* The first one has to be opened, as in an application that has just started. */
static void check_acquire(struct check_context *context, hg_check_result *result)
{
    int64_t fail_ms = hg_settings_pool(context->settings).timeout_ms;
    double worst_ms = 0, ms;
    hg_pool *pool = NULL;
    hg_error err = {0};
    bool ok = open_trial(context, -1, &pool, &err);

    snprintf(result->threshold, sizeof result->threshold, "warn > %d ms, fail > %lld ms",
             ACQUIRE_WARN_MS, (long long)fail_ms);
    for (int i = 0; ok && i < ACQUIRES; i++) {
        int64_t started_ns = clock_now_ns();
        hg_conn *conn = NULL;

        ok = hg_pool_checkout(pool, "smoke", context->by, &conn, &err);
        ms = clock_since_ms(started_ns);
        worst_ms = ms > worst_ms ? ms : worst_ms;
        if (ok)
            hg_pool_return(pool, conn);
    }
    if (!ok)
        check_say(result, HG_FAIL, "%s", err.message);
    else
        check_say(result, check_judge(worst_ms, ACQUIRE_WARN_MS, (double)fail_ms),
                  "at most %.1f ms", worst_ms);
    hg_pool_close(pool, context->by);
}

static void check_saturation(struct check_context *context, hg_check_result *result)
{
    hg_conn *conn = NULL, *second = NULL;
    hg_pool *pool = NULL;
    hg_error err = {0};
    int64_t started_ns;
    double ms;

    if (begin(context, -1, &pool, &conn, result)) {
        started_ns = clock_now_ns();
        if (hg_pool_checkout(pool, "smoke", hg_deadline_in_ms(WAIT_MS), &second, &err))
            check_say(result, HG_FAIL, "a pool of one lent a second connection");
        else if (err.code != HG_POOL_TIMEOUT)
            check_say(result, HG_FAIL, "%s", err.message);
        else if ((ms = clock_since_ms(started_ns)) > WAIT_MS + LATE_MS)
            check_say(result, HG_FAIL, "gave up after %.0f ms, not %d", ms, WAIT_MS);
        else
            check_say(result, HG_PASS, "the next caller gave up after %.0f ms", ms);
        if (second != NULL)
            hg_pool_return(pool, second);
        hg_pool_return(pool, conn);
        conn = NULL;
        if (result->status == HG_PASS && !hg_pool_checkout(pool, "smoke", context->by, &conn, &err))
            check_say(result, HG_FAIL, "and then nobody got it: %s", err.message);
    }
    end(context, pool, conn);
}

/* --- getting another one --- */

/* Ends a session from another one, and returns when it is gone. */
static bool terminate(struct check_context *context, int64_t backend, hg_error *err)
{
    static const char kill[] = "SELECT pg_catalog.pg_terminate_backend($1::int)";
    static const char look[] = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = $1::int";
    const struct timespec pause = {.tv_nsec = 2 * 1000000L};
    hg_value pid = hg_integer(backend);
    hg_step step = HG_ROW;

    if (!hg_conn_execute(context->conn, kill, &pid, 1, context->by, NULL, err))
        return false;
    while (step == HG_ROW) {
        hg_rows *rows = NULL;

        step = hg_conn_query(context->conn, look, &pid, 1, context->by, &rows, err)
                   ? hg_rows_next(rows, context->by, err)
                   : HG_ERROR;
        hg_rows_close(rows);
        nanosleep(&pause, NULL);
    }
    return step == HG_END;
}

/* A caller's whole visit. */
static bool visit(struct check_context *context, hg_pool *pool, hg_error *err)
{
    hg_conn *conn = NULL;
    int64_t one;
    bool ok = hg_pool_checkout(pool, "smoke", context->by, &conn, err)
              && ask(context, conn, "SELECT 1", &one, err);

    if (conn != NULL)
        hg_pool_return(pool, conn);
    return ok;
}

/* The server takes a moment from giving up the session to hanging up: who comes in between cannot
 * be spared, who comes after that has to be. */
static void judge_healing(struct check_context *context, hg_pool *pool, int64_t backend,
                          hg_check_result *result)
{
    hg_error err = {0}, again = {0};

    if (!terminate(context, backend, &err))
        check_say_error(result, &err);
    else if (visit(context, pool, &err))
        check_say(result, HG_PASS, "the next caller noticed nothing");
    else if (visit(context, pool, &again))
        check_say(result, HG_PASS, "one caller got an error, the next one a new connection");
    else
        check_say(result, HG_FAIL, "two callers got errors: %s", again.message);
}

static void check_heals(struct check_context *context, hg_check_result *result)
{
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_error err = {0};
    int64_t backend = 0;

    if (begin(context, -1, &pool, &conn, result)) {
        bool known = ask(context, conn, "SELECT pg_catalog.pg_backend_pid()", &backend, &err);

        hg_pool_return(pool, conn);
        if (known)
            judge_healing(context, pool, backend, result);
        else
            check_say_error(result, &err);
    }
    end(context, pool, NULL);
}

static void check_recycle(struct check_context *context, hg_check_result *result)
{
    const struct timespec older = {.tv_nsec = 25 * 1000000L}; /* clocks here tick every few ms */
    hg_pool_snapshot *seen = arena_alloc(context->arena, 1, sizeof *seen);
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_error err = {0};

    if (hg_settings_pool(context->settings).recycle_ms < 0) {
        check_say(result, HG_SKIP, "DB_POOL_RECYCLE is off");
        return;
    }
    if (begin(context, 1, &pool, &conn, result)) {
        hg_pool_return(pool, conn);
        conn = NULL;
        nanosleep(&older, NULL);
        if (seen == NULL || !hg_pool_checkout(pool, "smoke", context->by, &conn, &err)) {
            check_say_error(result, &err);
        } else {
            hg_pool_inspect(pool, seen);
            check_say(result, seen->connects >= 2 ? HG_PASS : HG_FAIL, "%s",
                      seen->connects >= 2 ? "replaced when its time was over" : "kept for longer");
        }
    }
    end(context, pool, conn);
}

/* --- using it --- */

static const char *count_probe(const hg_conn *conn)
{
    return hg_conn_driver(conn) == HG_POSTGRESQL
               ? "SELECT (pg_catalog.to_regclass('pg_temp.headgate_probe') IS NOT NULL)::int"
               : "SELECT count(*) FROM sqlite_temp_schema WHERE name = 'headgate_probe'";
}

static void check_rollback(struct check_context *context, hg_check_result *result)
{
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_error err = {0};
    int64_t inside = 0, after = 0;

    if (begin_to_write(context, &pool, &conn, result)) {
        if (!hg_conn_begin(conn, context->by, &err)
            || !run(context, conn, "CREATE TEMPORARY TABLE headgate_probe (a int)", &err)
            || !ask(context, conn, count_probe(conn), &inside, &err)
            || !hg_conn_rollback(conn, context->by, &err)
            || !ask(context, conn, count_probe(conn), &after, &err))
            check_say_error(result, &err);
        else
            check_say(result, inside == 1 && after == 0 ? HG_PASS : HG_FAIL, "%s",
                      after == 0 ? "a table that was rolled back is gone"
                                 : "a table that was rolled back is there");
    }
    end(context, pool, conn);
}

static void check_temporary(struct check_context *context, hg_check_result *result)
{
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_error err = {0};
    int64_t read = 0;

    if (begin_to_write(context, &pool, &conn, result)) {
        if (!hg_conn_begin(conn, context->by, &err)
            || !run(context, conn, "CREATE TEMPORARY TABLE headgate_probe (a int)", &err)
            || !run(context, conn, "INSERT INTO headgate_probe VALUES (7)", &err)
            || !ask(context, conn, "SELECT a FROM headgate_probe", &read, &err))
            check_say(result, HG_FAIL, "%s", err.message);
        else
            check_say(result, read == 7 ? HG_PASS : HG_FAIL, "wrote 7, read %lld", (long long)read);
    }
    end(context, pool, conn);
}

/* --- giving it back --- */

static bool leave_behind(struct check_context *context, hg_conn *conn, hg_error *err)
{
    return run(context, conn, "SET headgate.probe = 'left'", err)
           && run(context, conn, "LISTEN headgate_probe", err)
           && hg_conn_begin(conn, context->by, err) && run(context, conn, "SELECT 1", err);
}

static const char left_behind[] =
    "SELECT (coalesce(pg_catalog.current_setting('headgate.probe', true), '') <> '')::int"
    " + (SELECT count(*) FROM pg_catalog.pg_listening_channels())";

static void judge_reset(const struct check_context *context, bool open, int64_t left,
                        hg_check_result *result)
{
    hg_reset reset = hg_settings_pool(context->settings).reset_on_return;

    if (open)
        check_say(result, HG_FAIL, "the next caller is inside the transaction");
    else if (reset == HG_RESET_FULL)
        check_say(result, left > 0 ? HG_FAIL : HG_PASS, "%lld things of the session are left",
                  (long long)left);
    else if (reset == HG_RESET_COMMIT)
        check_say(result, HG_WARN, "what is left open is committed");
    else
        check_say(result, HG_PASS, "rolled back; settings and locks of a session stay");
}

static void check_reset(struct check_context *context, hg_check_result *result)
{
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_error err = {0};
    int64_t left = 0;
    bool open;

    if (begin(context, -1, &pool, &conn, result)) {
        if (!leave_behind(context, conn, &err)) {
            check_say_error(result, &err);
        } else {
            hg_pool_return(pool, conn);
            conn = NULL;
            if (!hg_pool_checkout(pool, "smoke", context->by, &conn, &err)) {
                check_say(result, HG_FAIL, "the next caller got: %s", err.message);
            } else {
                open = hg_conn_in_transaction(conn);
                if (!ask(context, conn, left_behind, &left, &err))
                    check_say_error(result, &err);
                else
                    judge_reset(context, open, left, result);
            }
        }
    }
    end(context, pool, conn);
}

/* --- nobody there --- */

/* A port where the kernel takes connections and nobody answers them; -1. */
static int listen_in_silence(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 1) == 0
        && getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        *out_port = ntohs(address.sin_port);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static void connect_to_nobody(int port, hg_check_result *result)
{
    hg_pool_options options = {.role = "smoke", .settings = {.size = 1, .recycle_ms = -1}};
    int64_t started_ns = clock_now_ns();
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_url *url = NULL;
    hg_error err = {0};
    char text[64];
    double ms;

    snprintf(text, sizeof text, "postgresql://nobody@127.0.0.1:%d/nobody", port);
    if (!hg_url_parse(text, &url, &err) || !hg_pool_open(url, &options, &pool, &err)) {
        check_say_error(result, &err);
    } else if (hg_pool_checkout(pool, NULL, hg_deadline_in_ms(DEAD_MS), &conn, &err)) {
        hg_pool_discard(pool, conn);
        check_say(result, HG_FAIL, "a connection to nobody");
    } else {
        ms = clock_since_ms(started_ns);
        check_say(result, ms > DEAD_MS + LATE_MS ? HG_FAIL : HG_PASS, "gave up after %.0f ms", ms);
    }
    hg_pool_close(pool, hg_deadline_in_ms(DEAD_MS));
    hg_url_free(url);
}

static void check_dead_peer(struct check_context *context, hg_check_result *result)
{
    int port = 0, fd = listen_in_silence(&port);

    (void)context;
    snprintf(result->threshold, sizeof result->threshold, "fail > %d ms", DEAD_MS + LATE_MS);
    if (fd < 0) {
        check_say(result, HG_UNKNOWN, "no port to listen on");
        return;
    }
    connect_to_nobody(port, result);
    close(fd);
}

#define P ON_POSTGRES | CONNECTED
#define A ON_ANY | CONNECTED

// clang-format off
static const struct check rows[] = {
    {"capacity.acquire", "CAP003", "A connection is there at once", CRITICAL, A, check_acquire,
     .code = "acquire_slow", .hint = "Opening one takes so long: a name server, TLS, or the server's load?"},
    {"capacity.saturation", "CAP004", "Who waits in vain is told in time", MAJOR, A, check_saturation,
     .code = "saturation", .hint = "Report this, with the log of a run with -vv."},
    {"capacity.heals", "CAP005", "A connection that died is replaced", CRITICAL, P, check_heals,
     .code = "no_healing", .hint = "Set DB_POOL_PRE_PING to on; is a proxy between that keeps dead sessions?"},
    {"capacity.recycle", "CAP006", "An old connection is replaced", MINOR, A, check_recycle,
     .code = "no_recycle", .hint = "Report this, with the log of a run with -vv."},
    {"capacity.rollback", "CAP007", "A rollback takes back what was done", CRITICAL, A, check_rollback,
     .code = "no_rollback", .hint = "Is a proxy between that commits every statement by itself?"},
    {"capacity.temporary", "CAP008", "What is written can be read", MAJOR, A, check_temporary,
     .code = "no_temporary", .hint = "The role lacks TEMPORARY on the database, or the database is read-only."},
    {"capacity.reset", "CAP009", "What a caller leaves behind is cleared", MAJOR, P, check_reset,
     .code = "not_reset", .hint = "Set DB_POOL_RESET_ON_RETURN to rollback, or to full for settings and locks as well."},
    {"capacity.dead_peer", "CAP010", "A server that says nothing is given up", MINOR, ON_POSTGRES, check_dead_peer,
     .code = "no_deadline", .hint = "Report this, with the log of a run with -vv."},
};
// clang-format on

const struct check_table capacity_checks = {rows, sizeof rows / sizeof *rows};
