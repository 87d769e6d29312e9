/*
 * copying.h - what the tests of the copy do all the time: make both databases, copy, look.
 *
 * Not a header in the usual sense: each test program includes it once.
 */
#ifndef COPY_COPYING_H
#define COPY_COPYING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headgate/headgate.h>

#include "base/buf.h"
#include "driver/bulk.h"
#include "support/callers.h"
#include "support/postgres.h"
#include "support/temp.h"

/* Two databases and a pool to each. */
struct sides {
    char *dir, *path, *database;
    hg_pool *source, *target;
    hg_copy_options options;
    hg_copy_result *result;
    hg_error err;
};

static inline hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static inline hg_pool *open_side(hg_url *url, bool may_create, bool read_only)
{
    hg_pool_options options = pool_of(9, 0);
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    options.may_create = may_create;
    options.read_only = read_only;
    if (!hg_pool_open(url, &options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return pool;
}

static inline hg_url *source_url(const struct sides *sides)
{
    char text[1024];
    hg_url *url = NULL;

    snprintf(text, sizeof text, "sqlite:///%s", sides->path);
    assert_true(hg_url_parse(text, &url, NULL));
    return url;
}

/* Runs statements in the source, as an application would. */
static inline void in_source(const struct sides *sides, const char *const *statements)
{
    hg_pool *pool = open_side(source_url(sides), true, false);
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    assert_true(hg_pool_checkout(pool, "test", soon(), &conn, &err));
    assert_true(hg_conn_execute(conn, "PRAGMA synchronous = OFF", NULL, 0, soon(), NULL, &err));
    for (; *statements != NULL; statements++)
        if (!hg_conn_execute(conn, *statements, NULL, 0, soon(), NULL, &err))
            fail_msg("%s: %s", *statements, err.message);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, soon());
}

#define IN_SOURCE(sides, ...) in_source(sides, (const char *const[]){__VA_ARGS__, NULL})

/* Runs statements, separated by semicolons, in the target. */
static inline void in_target(const struct sides *sides, const char *sql)
{
    hg_conn *conn = NULL;
    hg_error err = {HG_OK};

    assert_true(hg_pool_checkout(sides->target, "test", soon(), &conn, &err));
    if (!bulk_script(conn, sql, soon(), &err))
        fail_msg("%s: %s", sql, err.message);
    hg_pool_return(sides->target, conn);
}

static inline void open_sides(struct sides *sides)
{
    sides->dir = temp_dir_make();
    sides->path = temp_path(sides->dir, "app.db");
    sides->database = postgres_database_again();
    IN_SOURCE(sides, "SELECT 1");
    sides->source = open_side(source_url(sides), false, true);
    sides->target = open_side(postgres_url(sides->database), false, false);
    sides->options = hg_copy_options_default();
    sides->options.jobs = 2;
    sides->result = NULL;
}

static inline void close_sides(struct sides *sides)
{
    hg_copy_result_free(sides->result);
    hg_pool_close(sides->source, soon());
    hg_pool_close(sides->target, soon());
    free(sides->path);
    free(sides->database);
    temp_dir_remove(sides->dir);
}

/* As the options say; what was found is in sides->result. */
static inline bool copy_them(struct sides *sides)
{
    hg_copy_result_free(sides->result);
    sides->result = NULL;
    sides->err = (hg_error){HG_OK};
    return hg_copy(sides->source, sides->target, &sides->options, NULL, &sides->result,
                   &sides->err);
}

static inline void must_copy(struct sides *sides)
{
    if (!copy_them(sides))
        fail_msg("%s (%s)", sides->err.message, sides->err.hint);
    assert_true(sides->result->ok);
}

/* The only field of the only row of a query on the target, as text. */
static inline void assert_target(const struct sides *sides, const char *sql, const char *expected)
{
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;
    hg_error err = {HG_OK};

    assert_true(hg_pool_checkout(sides->target, "test", soon(), &conn, &err));
    if (!hg_conn_query(conn, sql, NULL, 0, soon(), &rows, &err)
        || hg_rows_next(rows, soon(), &err) != HG_ROW)
        fail_msg("%s: %s", sql, err.message);
    if (strcmp(hg_rows_text(rows, 0), expected) != 0)
        fail_msg("%s: %s instead of %s", sql, hg_rows_text(rows, 0), expected);
    hg_rows_close(rows);
    hg_pool_return(sides->target, conn);
}

/* The finding of a table and rule, or NULL. */
static inline const hg_copy_finding *finding_of(const struct sides *sides, const char *table,
                                                const char *rule)
{
    for (size_t i = 0; i < sides->result->finding_count; i++)
        if (strcmp(sides->result->findings[i].table, table) == 0
            && strcmp(sides->result->findings[i].rule, rule) == 0)
            return &sides->result->findings[i];
    return NULL;
}

static inline const hg_copy_problem *problem_of(const struct sides *sides, const char *kind)
{
    for (size_t i = 0; i < sides->result->problem_count; i++)
        if (strcmp(sides->result->problems[i].kind, kind) == 0)
            return &sides->result->problems[i];
    return NULL;
}

#endif
