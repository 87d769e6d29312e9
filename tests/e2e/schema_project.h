/*
 * schema_project.h - a project with a schema file, and what its user asks of headgate there.
 */
#ifndef E2E_SCHEMA_PROJECT_H
#define E2E_SCHEMA_PROJECT_H

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
#include "base/file.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

struct project {
    char *dir;
    char setting[512];
    char *url;
};

static inline struct project project_make(bool postgres, const char *schema)
{
    struct project p = {.dir = temp_dir_make()};
    char *name = postgres ? postgres_database() : NULL;

    if (postgres) {
        p.url = postgres_url_text(name);
    } else {
        p.url = malloc(512);
        snprintf(p.url, 512, "sqlite:///%s/app.db", p.dir);
    }
    snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", p.url);
    temp_write(p.dir, "migrations/.keep", "");
    temp_write(p.dir, "schema.sql", schema);
    free(name);
    return p;
}

static inline void project_release(struct project *p)
{
    temp_dir_remove(p->dir);
    free(p->url);
}

/* Runs headgate; stdout, with stderr behind it. Freed by the caller. */
#define RUN(p, expected, ...) \
    finish(headgate_run((p)->dir, (p)->setting, __VA_ARGS__, NULL), expected)

static inline char *finish(struct process_result r, int status)
{
    size_t size = strlen(r.out) + strlen(r.err) + 1;
    char *text = malloc(size);

    snprintf(text, size, "%s%s", r.out, r.err);
    if (r.status != status)
        fail_msg("exit %d, not %d\n%s", r.status, status, text);
    process_release(&r);
    return text;
}

static inline void expect(char *said, const char *text)
{
    if (strstr(said, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, said);
    free(said);
}

static inline size_t file_count(const struct project *p)
{
    char *path = temp_path(p->dir, "migrations");
    struct file_list list;
    size_t count;

    assert_true(file_list(path, ".sql", &list, NULL));
    count = list.count;
    file_list_release(&list);
    free(path);
    return count;
}

/* All migrations of the folder, one behind the other. */
static inline char *all_files(const struct project *p)
{
    struct buf text = BUF_INIT(1 << 20);
    char *path = temp_path(p->dir, "migrations");
    struct file_list list;
    char *copy;

    assert_true(file_list(path, ".sql", &list, NULL));
    for (size_t i = 0; i < list.count; i++) {
        char *one = temp_path(path, list.names[i]);

        assert_true(file_read(one, &text, NULL));
        free(one);
    }
    copy = strdup(text.bytes);
    buf_release(&text);
    file_list_release(&list);
    free(path);
    return copy;
}

/* The first field of a query on the project's database. */
static inline char *ask(const struct project *p, const char *sql)
{
    const hg_pool_options options = {
        .role = "test",
        .settings = {
            .size = 1, .timeout_ms = 20000, .connect_timeout_ms = 20000, .recycle_ms = -1}};
    hg_deadline by = hg_deadline_in_ms(20000);
    hg_pool *pool = NULL;
    hg_conn *conn = NULL;
    hg_rows *answer = NULL;
    hg_url *url = NULL;
    char *text;

    assert_true(hg_url_parse(p->url, &url, NULL));
    assert_true(hg_pool_open(url, &options, &pool, NULL));
    assert_true(hg_pool_checkout(pool, "test", by, &conn, NULL));
    assert_true(hg_conn_query(conn, sql, NULL, 0, by, &answer, NULL));
    assert_int_equal(hg_rows_next(answer, by, NULL), HG_ROW);
    text = strdup(hg_rows_text(answer, 0));
    hg_rows_close(answer);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, by);
    hg_url_free(url);
    return text;
}

static inline void expect_nothing_left(void)
{
    char *left = postgres_ask(NULL, "SELECT count(*) FROM pg_database WHERE datname ~ '^headgate'");

    assert_string_equal(left, "0");
    free(left);
}

static inline void expect_nothing_to_do(const struct project *p)
{
    size_t before = file_count(p);

    expect(RUN(p, 0, "rev", "-m", "again", "--autogenerate"), "nothing to do: ");
    assert_int_equal(file_count(p), before);
}

#endif
