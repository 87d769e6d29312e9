/*
 * copy_sides.h - a SQLite file, an empty PostgreSQL database, and `headgate copy --json` between
 * them.
 *
 * Not a header in the usual sense: each test program includes it once.
 */
#ifndef E2E_COPY_SIDES_H
#define E2E_COPY_SIDES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

/* --- two databases --- */

struct sides {
    char *dir, *path, *database, *url;
};

static inline void in_source(const struct sides *sides, const char *sql)
{
    sqlite3 *db = NULL;
    char *said = NULL;

    assert_int_equal(sqlite3_open(sides->path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA synchronous = OFF; BEGIN", NULL, NULL, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK
        || sqlite3_exec(db, "COMMIT", NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    sqlite3_close(db);
}

/* Statements, each ended by a semicolon. */
static inline void in_target(const struct sides *sides, const char *sql)
{
    struct buf block = BUF_INIT(1 << 20);

    buf_printf(&block, "DO $block$ BEGIN %s END $block$", sql);
    postgres_run(sides->database, block.bytes);
    buf_release(&block);
}

static inline void open_sides(struct sides *sides, const char *source_sql, const char *target_sql)
{
    sides->dir = temp_dir_make();
    sides->path = temp_path(sides->dir, "app.db");
    sides->database = postgres_database_again();
    sides->url = postgres_url_text(sides->database);
    in_source(sides, source_sql);
    in_target(sides, target_sql);
}

static inline void close_sides(struct sides *sides)
{
    temp_dir_remove(sides->dir);
    free(sides->path);
    free(sides->database);
    free(sides->url);
}

static inline void assert_target(const struct sides *sides, const char *sql, const char *expected)
{
    char *said = postgres_ask(sides->database, sql);

    if (strcmp(said, expected) != 0)
        fail_msg("%s: %s instead of %s", sql, said, expected);
    free(said);
}

/* --- one run --- */

struct run {
    struct process_result process;
    json_t *said;
};

/* headgate copy with --json and up to eight more arguments, ended by NULL. */
static inline void copy_with(const struct sides *sides, const char *const *more, struct run *out)
{
    const char *argv[20] = {TEST_HEADGATE, "copy",       "--yes",    "--json", "--sqlite",
                            "app.db",      "--postgres", sides->url, "--jobs", "2"};
    int n = 10;

    while (*more != NULL && n < 19)
        argv[n++] = *more++;
    out->process = process_run(sides->dir, NULL, argv);
    out->said = json_loads(out->process.out, 0, NULL);
    if (out->said == NULL)
        fail_msg("exit %d, and no JSON:\n%s%s", out->process.status, out->process.out,
                 out->process.err);
}

static inline void end_run(struct run *run)
{
    json_decref(run->said);
    process_release(&run->process);
}

/* The arguments after `run` end with NULL. */
#define COPY_WITH(sides, run, ...) copy_with(sides, (const char *const[]){__VA_ARGS__}, run)

static inline void assert_status(const struct run *run, int status)
{
    if (run->process.status != status)
        fail_msg("exit %d instead of %d:\n%s%s", run->process.status, status, run->process.out,
                 run->process.err, NULL);
}

/* Everything went over, and every table was compared and has the same digest on both sides. */
static inline void assert_equal_sides(const struct run *run, size_t tables)
{
    json_t *list = json_object_get(run->said, "tables"), *table;
    size_t i;

    assert_status(run, 0);
    assert_true(json_is_true(json_object_get(run->said, "ok")));
    assert_int_equal(json_array_size(list), tables);
    json_array_foreach(list, i, table)
    {
        assert_true(json_is_true(json_object_get(table, "match")));
        assert_string_equal(json_string_value(json_object_get(table, "source_digest")),
                            json_string_value(json_object_get(table, "target_digest")));
    }
}

/* How often a misfit was met and this was done about it ("": nothing); -1: never. */
static inline int64_t count_of(const struct run *run, const char *column, const char *rule,
                               const char *action)
{
    json_t *finding;
    size_t i;

    json_array_foreach(json_object_get(run->said, "findings"), i, finding)
    {
        const char *did = json_string_value(json_object_get(finding, "action"));

        if (strcmp(json_string_value(json_object_get(finding, "column")), column) == 0
            && strcmp(json_string_value(json_object_get(finding, "rule")), rule) == 0
            && strcmp(did == NULL ? "" : did, action) == 0)
            return json_integer_value(json_object_get(finding, "count"));
    }
    return -1;
}

static inline bool has_problem(const struct run *run, const char *kind, const char *table)
{
    json_t *problem;
    size_t i;

    json_array_foreach(
        json_object_get(run->said, "problems"), i,
        problem) if (strcmp(json_string_value(json_object_get(problem, "kind")), kind) == 0
                     && strcmp(json_string_value(json_object_get(problem, "table")), table)
                            == 0) return true;
    return false;
}

static inline const char *message_of(const struct run *run)
{
    return json_string_value(json_object_get(json_object_get(run->said, "error"), "message"));
}

static inline const char *hint_of(const struct run *run)
{
    return json_string_value(json_object_get(json_object_get(run->said, "error"), "hint"));
}

#endif
