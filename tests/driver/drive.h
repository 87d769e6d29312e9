/*
 * drive.h - what the tests of an engine do all the time: connect, run what must work or must fail,
 * ask.
 */
#ifndef DRIVER_DRIVE_H
#define DRIVER_DRIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "driver/driver.h"

struct engine {
    const struct driver *driver;
    hg_url *url; /* of a database that the suite may fill */
    const char *blob_type;
};

/* Runs until somebody stops it; on both engines. */
#define ENDLESS \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

/* A row a number up to a million, so that it cannot have been sent before anybody reads. */
#define ROWS(n)                                                                         \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " #n ") " \
    "SELECT i, 'row number ' || i FROM n"
#define MILLION ROWS(1000000)

/* What ends at once, or at a deadline of a moment, has ended by then on a busy machine too; what it
 * is told apart from takes a minute or never ends. */
#define PROMPT_MS 10000

static inline hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static inline hg_conn *connect_with(const struct engine *engine,
                                    const struct driver_options *options)
{
    hg_conn *conn = NULL;
    hg_error err = {0};

    if (!engine->driver->open(engine->url, options, soon(), &conn, &err))
        fail_msg("open: %s", err.message);
    return conn;
}

static inline hg_conn *connect_to(const struct engine *engine)
{
    const struct driver_options options = {.may_create = true};

    return connect_with(engine, &options);
}

static inline void disconnect(hg_conn *conn)
{
    conn->driver->close(conn);
}

static inline void run(hg_conn *conn, const char *sql)
{
    hg_error err = {0};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static inline void run_often(hg_conn *conn, const char *sql, int times)
{
    for (int i = 0; i < times; i++)
        run(conn, sql);
}

/* A statement that a thread of its own runs, and how it ended. */
struct statement_apart {
    hg_conn *conn;
    const char *sql;
    hg_error err;
    bool ok;
};

static inline void *run_apart(void *context)
{
    struct statement_apart *s = context;

    s->ok = hg_conn_execute(s->conn, s->sql, NULL, 0, soon(), NULL, &s->err);
    return NULL;
}

/* Runs what must fail. */
static inline hg_error refused(hg_conn *conn, const char *sql)
{
    hg_error err = {0};

    if (hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: was accepted", sql);
    return err;
}

/* The only field of the only row of a query, as an integer. */
static inline int64_t ask(hg_conn *conn, const char *sql)
{
    hg_rows *rows = NULL;
    hg_error err = {0};
    int64_t answer;

    if (!hg_conn_query(conn, sql, NULL, 0, soon(), &rows, &err)
        || hg_rows_next(rows, soon(), &err) != HG_ROW)
        fail_msg("%s: %s", sql, err.message);
    answer = hg_rows_integer(rows, 0);
    assert_int_equal(hg_rows_next(rows, soon(), &err), HG_END);
    hg_rows_close(rows);
    return answer;
}

#endif
