/*
 * test_fence.c - behind the fence the application's role reads and cannot write, whoever sets the
 * fence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cutover/fence.h"
#include "support/callers.h"
#include "support/postgres.h"

static char *database;

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static hg_pool *open_as(const char *user, const char *role)
{
    hg_pool_options options = pool_of(1, 0);
    hg_url *url = postgres_url_as("127.0.0.1", user, NULL, database);
    hg_pool *pool = NULL;
    hg_error err = {0};

    options.role = role;
    if (!hg_pool_open(url, &options, &pool, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return pool;
}

static int start(void **state)
{
    int bad = postgres_setup(state);

    postgres_run(NULL, "CREATE ROLE clerk LOGIN");
    postgres_run(NULL, "CREATE ROLE stranger LOGIN");
    return bad;
}

static int begin(void **state)
{
    (void)state;
    database = postgres_database();
    postgres_run(database, "CREATE TABLE orders (id int)");
    postgres_run(database, "GRANT ALL ON orders TO clerk, stranger");
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(database);
    return 0;
}

static hg_error write_as(hg_pool *pool)
{
    hg_conn *conn = NULL;
    hg_error err = {0};

    assert_true(hg_pool_checkout(pool, "test", soon(), &conn, NULL));
    if (hg_conn_execute(conn, "INSERT INTO orders VALUES (1)", NULL, 0, soon(), NULL, &err))
        err.code = HG_OK;
    hg_pool_return(pool, conn);
    return err;
}

static struct fence_state look(hg_pool *pool)
{
    struct fence_state state;
    hg_error err = {0};

    if (!fence_read(pool, "clerk", soon(), &state, &err))
        fail_msg("%s", err.message);
    return state;
}

/* The tool is connected as `user`. */
static void keeps_the_clerk_out(const char *user)
{
    hg_pool *tool = open_as(user, "cutover"), *application;
    hg_conn *conn = NULL;
    hg_error err = {0};

    assert_false(look(tool).fenced);
    if (!fence_set(tool, "clerk", soon(), &err))
        fail_msg("%s", err.message);
    assert_true(look(tool).fenced);

    application = open_as("clerk", "app");
    err = write_as(application);
    assert_int_equal(err.code, HG_READ_ONLY);
    assert_string_equal(err.sqlstate, "25006");
    assert_int_equal(look(tool).sessions, 1);

    assert_true(fence_cross(tool, soon(), &conn, NULL));
    if (!hg_conn_execute(conn, "INSERT INTO orders VALUES (2)", NULL, 0, soon(), NULL, &err))
        fail_msg("%s", err.message);
    hg_pool_return(tool, conn);
    hg_pool_close(application, soon());
    assert_true(fence_lift(tool, "clerk", soon(), NULL));
    assert_false(look(tool).fenced);
    application = open_as("clerk", "app");
    assert_int_equal(write_as(application).code, HG_OK);
    hg_pool_close(application, soon());
    hg_pool_close(tool, soon());
}

static void an_administrator_keeps_the_role_from_writing(void **state)
{
    (void)state;
    keeps_the_clerk_out("postgres");
}

static void the_role_keeps_itself_from_writing(void **state)
{
    (void)state;
    keeps_the_clerk_out("clerk");
}

static void a_role_without_the_right_is_told_who_has_it(void **state)
{
    hg_pool *pool = open_as("stranger", "cutover");
    hg_error err = {0};

    (void)state;
    assert_false(fence_set(pool, "clerk", soon(), &err));
    assert_int_equal(err.code, HG_PRIVILEGE);
    assert_non_null(strstr(err.hint, "\"clerk\""));
    assert_false(fence_read(pool, "nobody", soon(), &(struct fence_state){0}, &err));
    assert_int_equal(err.code, HG_REFUSED);
    hg_pool_close(pool, soon());
}

static void another_database_of_the_role_stays_writable(void **state)
{
    hg_pool *tool = open_as("postgres", "cutover"), *elsewhere;
    char *first = database;

    (void)state;
    assert_true(fence_set(tool, "clerk", soon(), NULL));
    begin(NULL);
    elsewhere = open_as("clerk", "app");
    assert_int_equal(write_as(elsewhere).code, HG_OK);
    hg_pool_close(elsewhere, soon());
    free(first);
    hg_pool_close(tool, soon());
}

static void sessions_of_the_role_are_ended_and_ours_are_not(void **state)
{
    hg_pool *tool = open_as("clerk", "cutover"), *application = open_as("clerk", "app");
    hg_error err = {0};

    (void)state;
    assert_int_equal(write_as(application).code, HG_OK);
    assert_int_equal(look(tool).sessions, 1);
    if (!fence_end_sessions(tool, "clerk", soon(), &err))
        fail_msg("%s", err.message);
    assert_int_equal(look(tool).sessions, 0);
    hg_pool_close(application, soon());
    hg_pool_close(tool, soon());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_administrator_keeps_the_role_from_writing, begin, end),
        cmocka_unit_test_setup_teardown(the_role_keeps_itself_from_writing, begin, end),
        cmocka_unit_test_setup_teardown(a_role_without_the_right_is_told_who_has_it, begin, end),
        cmocka_unit_test_setup_teardown(another_database_of_the_role_stays_writable, begin, end),
        cmocka_unit_test_setup_teardown(sessions_of_the_role_are_ended_and_ours_are_not, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
