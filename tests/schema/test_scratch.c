/*
 * test_scratch.c - a scratch database is as the one it stands beside, and nothing of it stays:
 * closed, failed or killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schema/scratch.h"
#include "support/postgres.h"
#include "support/threads.h"

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static struct scratch *open_beside(const hg_url *url)
{
    const struct scratch_options options = {.url = url};
    struct scratch *scratch = NULL;
    hg_error err = {0};

    if (!scratch_open(&options, soon(), &scratch, &err))
        fail_msg("scratch: %s", err.message);
    return scratch;
}

static hg_url *sqlite_url(void)
{
    hg_url *url = NULL;

    assert_true(hg_url_parse("sqlite:///nowhere.db", &url, NULL));
    return url;
}

static void run(hg_conn *conn, const char *sql)
{
    hg_error err = {0};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

/* The first field of the first row; valid until the next call. */
static const char *ask(hg_conn *conn, const char *sql)
{
    static char answer[256];
    hg_rows *rows = NULL;
    hg_error err = {0};

    if (!hg_conn_query(conn, sql, NULL, 0, soon(), &rows, &err)
        || hg_rows_next(rows, soon(), &err) != HG_ROW)
        fail_msg("%s: %s", sql, err.message);
    strncpy(answer, hg_rows_text(rows, 0), sizeof answer - 1);
    hg_rows_close(rows);
    return answer;
}

static void assert_nothing_left(void)
{
    char *count = postgres_ask(
        NULL, "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'headgate\\_scratch%')"
              " + (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'headgate\\_scratch%')");

    assert_string_equal(count, "0");
    free(count);
}

static void sqlite_gets_a_database_in_memory(void **state)
{
    hg_url *url = sqlite_url();
    struct scratch *scratch = open_beside(url);
    hg_conn *conn = NULL;

    (void)state;
    assert_int_equal(scratch_kind(scratch), SCRATCH_MEMORY);
    assert_true(scratch_take(scratch, soon(), &conn, NULL));
    run(conn, "CREATE TABLE t (a)");
    scratch_give(scratch, conn);
    assert_true(scratch_take(scratch, soon(), &conn, NULL)); /* and it is still there */
    assert_string_equal(ask(conn, "SELECT count(*) FROM t"), "0");
    scratch_give(scratch, conn);
    scratch_close(scratch);
    hg_url_free(url);
    assert_int_not_equal(access("nowhere.db", F_OK), 0);
}

static void postgres_gets_a_database_like_the_one_beside(void **state)
{
    hg_url *url;
    struct scratch *scratch;
    hg_conn *conn = NULL;

    (void)state;
    postgres_run(NULL, "CREATE DATABASE \"odd 'name\" TEMPLATE template0 LC_CTYPE 'C.UTF-8'");
    postgres_run(NULL, "ALTER DATABASE \"odd 'name\" SET search_path = \"my App\", public");
    postgres_run("odd 'name", "CREATE SCHEMA \"my App\"");
    url = postgres_url("odd 'name");
    scratch = open_beside(url);
    assert_int_equal(scratch_kind(scratch), SCRATCH_DATABASE);
    assert_string_equal(scratch_reason(scratch), "");
    assert_true(scratch_take(scratch, soon(), &conn, NULL));
    assert_string_equal(ask(conn, "SELECT current_database()"), scratch_name(scratch));
    assert_string_equal(ask(conn, "SELECT current_schema()"), "my App");
    assert_string_equal(
        ask(conn, "SELECT datctype FROM pg_database WHERE datname = current_database()"),
        "C.UTF-8");
    run(conn, "CREATE TABLE t (a integer)");
    scratch_give(scratch, conn);
    assert_non_null(scratch_pool(scratch));
    scratch_close(scratch);
    hg_url_free(url);
    assert_nothing_left();
}

static void who_may_not_create_a_database_gets_a_schema_that_is_rolled_back(void **state)
{
    char *database = postgres_database();
    hg_url *url;
    struct scratch_options options = {0};
    struct scratch *scratch;
    hg_conn *conn = NULL;
    hg_error err = {0};

    (void)state;
    postgres_run(NULL, "CREATE ROLE plain LOGIN");
    postgres_run(NULL, "GRANT ALL ON DATABASE postgres TO plain");
    url = postgres_url_as(NULL, "plain", NULL, "postgres");
    scratch = open_beside(url);
    assert_int_equal(scratch_kind(scratch), SCRATCH_SCHEMA);
    assert_non_null(strstr(scratch_reason(scratch), "permission denied"));
    assert_null(scratch_pool(scratch));
    assert_true(scratch_take(scratch, soon(), &conn, NULL));
    assert_string_equal(ask(conn, "SELECT current_schema()"), scratch_name(scratch));
    run(conn, "CREATE TABLE t (a integer)");
    scratch_give(scratch, conn);
    scratch_close(scratch);
    assert_nothing_left();

    options = (struct scratch_options){.url = url, .own_database = true};
    scratch = NULL;
    assert_false(scratch_open(&options, soon(), &scratch, &err));
    assert_int_equal(err.code, HG_PRIVILEGE);
    assert_non_null(strstr(err.message, "CREATEDB"));
    assert_null(scratch);
    hg_url_free(url);
    free(database);
}

/* The child is gone at once; its server process notices a moment later. */
static void sweep_until_one_is_gone(const hg_url *url)
{
    hg_pool_options options = {.name = "test", .settings.size = 1};
    const struct timespec pause = {0, 5 * 1000 * 1000};
    hg_deadline by = soon();
    hg_pool *pool = NULL;
    hg_conn *conn = NULL;
    int count = 0;

    assert_true(hg_pool_open(url, &options, &pool, NULL));
    assert_true(hg_pool_checkout(pool, "test", by, &conn, NULL));
    while (count == 0 && hg_deadline_left_ms(by) > 0)
        if ((count = scratch_sweep(conn, by)) == 0)
            nanosleep(&pause, NULL);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, by);
    assert_int_equal(count, 1);
}

static void what_a_killed_process_left_behind_is_swept(void **state)
{
    hg_url *url = postgres_url("postgres");
    int status = 0;
    pid_t child;

    (void)state;
    threads_await_last();
    child = fork();
    if (child == 0) {
        (void)open_beside(url);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    sweep_until_one_is_gone(url);
    hg_url_free(url);
    assert_nothing_left();
}

static void what_is_in_use_is_not_swept(void **state)
{
    hg_url *url = postgres_url("postgres");
    struct scratch *one = open_beside(url), *two = open_beside(url);
    hg_conn *conn = NULL;

    (void)state;
    assert_true(scratch_take(one, soon(), &conn, NULL));
    assert_string_equal(ask(conn, "SELECT 1"), "1");
    scratch_give(one, conn);
    scratch_close(two);
    scratch_close(one);
    hg_url_free(url);
    assert_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sqlite_gets_a_database_in_memory),
        cmocka_unit_test(postgres_gets_a_database_like_the_one_beside),
        cmocka_unit_test(who_may_not_create_a_database_gets_a_schema_that_is_rolled_back),
        cmocka_unit_test(what_a_killed_process_left_behind_is_swept),
        cmocka_unit_test(what_is_in_use_is_not_swept),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
