/*
 * test_server_pools.c - the server's sessions held against this host's pools: whose each is, and
 * what limits and other hosts leave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <headgate/server.h>

/* A server of 100 with 3 reserved: the one that asks, a pool's connection of this host (web1), two
 * of the same role on other hosts, a console on a third, and a program of another kind. */
static hg_server_session all[] = {
    {.pid = 1,
     .own = true,
     .user = "app",
     .database = "shop",
     .application = "headgate/cli@web1:900"},
    {.pid = 2, .user = "app", .database = "shop", .application = "headgate/api@web1:700"},
    {.pid = 3, .user = "app", .database = "shop", .application = "headgate/api@web2:31"},
    {.pid = 4, .user = "app", .database = "shop", .application = "headgate/api@web3:7"},
    {.pid = 5, .user = "ops", .database = "shop", .application = "headgate/console@bastion:5"},
    {.pid = 6, .user = "report", .database = "stats", .application = "psql"},
};
static hg_sessions crowd;
static hg_pool_snapshot pool;
static const hg_pool_list list = {1, &pool};
static hg_url *url;

static int begin(void **state)
{
    (void)state;
    crowd = (hg_sessions){
        .driver = HG_POSTGRESQL,
        .sessions = all,
        .session_count = sizeof all / sizeof *all,
        .max_connections = 100,
        .reserved = 3,
        .used = 6,
        .role_limit = {"app", -1, 4},
        .database_limit = {"shop", -1, 5},
    };
    pool = (hg_pool_snapshot){.pid = 700,
                              .alive = true,
                              .role = "api",
                              .name = "main",
                              .database = "postgresql://app:***@db.internal/shop",
                              .size = 10,
                              .max_overflow = 10,
                              .connection_count = 1};
    pool.connections[0] =
        (hg_pool_connection){.slot = 3, .backend_pid = 2, .holder = "GET /orders"};
    assert_true(hg_url_parse("postgresql://app@db.internal/shop", &url, NULL));
    return 0;
}

static int end(void **state)
{
    (void)state;
    hg_url_free(url);
    return 0;
}

static hg_headroom measure(void)
{
    hg_headroom room;

    hg_headroom_measure(&crowd, url, &list, &room);
    return room;
}

static void hosts_with_pools_of_the_same_role_are_taken_to_be_alike(void **state)
{
    hg_headroom room = measure();

    (void)state;
    assert_int_equal(room.hosts, 3); /* the console on the bastion is none of them */
    assert_int_equal(room.others, 4);
    assert_int_equal(room.spare, 73);
    assert_int_equal(room.spare_alike, 100 - 3 - 2 - 3 * 20);
    assert_non_null(strstr(room.message, "if the pools of all 3 hosts may open as many: 35 to "
                                         "spare"));
}

static void a_host_that_is_alone_is_not_multiplied(void **state)
{
    hg_headroom room;

    (void)state;
    crowd.session_count = 2;
    crowd.used = 2;
    room = measure();
    assert_int_equal(room.hosts, 1);
    assert_int_equal(room.spare_alike, room.spare);
    assert_null(strstr(room.message, "hosts"));
}

static void a_limit_of_the_role_binds_before_the_server_does(void **state)
{
    hg_headroom room;

    (void)state;
    crowd.role_limit.most = 15;
    room = measure();
    assert_int_equal(room.bound, HG_BOUND_ROLE);
    assert_int_equal(room.left, 13); /* two of the role on other hosts */
    assert_int_equal(room.spare, -7);
    assert_non_null(strstr(room.message, "this host's pools may open 20; role \"app\" may have 15, "
                                         "2 in use by others: 7 short"));
}

static void a_limit_of_the_database_binds_before_the_server_does(void **state)
{
    hg_headroom room;

    (void)state;
    crowd.database_limit.most = 30;
    crowd.role_limit.most = 90;
    room = measure();
    assert_int_equal(room.bound, HG_BOUND_DATABASE);
    assert_int_equal(room.left, 27);
    assert_non_null(strstr(room.message, "database \"shop\" may have 30, 3 in use by others: 7 to "
                                         "spare"));
}

static void a_session_leads_to_its_holder(void **state)
{
    const hg_pool_snapshot *whose = NULL;
    const hg_pool_connection *c = hg_server_session_holder(&all[1], url, &list, &whose);

    (void)state;
    assert_non_null(c);
    assert_ptr_equal(whose, &pool);
    assert_int_equal(c->slot, 3);
    assert_string_equal(c->holder, "GET /orders");
    assert_null(hg_server_session_holder(&all[2], url, &list, &whose));
}

static void a_session_is_not_taken_for_one_of_another_server_or_of_the_dead(void **state)
{
    const hg_pool_snapshot *whose = NULL;
    hg_server_session stranger = {.pid = 2, .application = "psql"};

    (void)state;
    memcpy(pool.database, "postgresql://app@elsewhere/shop", 32);
    assert_null(hg_server_session_holder(&stranger, url, &list, &whose));
    assert_non_null(hg_server_session_holder(&all[1], url, &list, &whose)); /* it names itself */
    pool.alive = false;
    assert_null(hg_server_session_holder(&all[1], url, &list, &whose));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hosts_with_pools_of_the_same_role_are_taken_to_be_alike),
        TEST(a_host_that_is_alone_is_not_multiplied),
        TEST(a_limit_of_the_role_binds_before_the_server_does),
        TEST(a_limit_of_the_database_binds_before_the_server_does),
        TEST(a_session_leads_to_its_holder),
        TEST(a_session_is_not_taken_for_one_of_another_server_or_of_the_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
