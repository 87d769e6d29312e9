/*
 * test_server_headroom.c - whether the connections that this host's pools may open fit into what
 * the server has left. Needs no server: what it said is a value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headgate/server.h>

static hg_url *url_of(const char *text)
{
    hg_url *url = NULL;

    assert_true(hg_url_parse(text, &url, NULL));
    return url;
}

static hg_pool_snapshot *snapshot_of(int64_t pid, const char *database, int size, int overflow)
{
    hg_pool_snapshot *pool = calloc(1, sizeof *pool);

    assert_non_null(pool);
    *pool = (hg_pool_snapshot){.pid = pid, .alive = true, .size = size, .max_overflow = overflow};
    snprintf(pool->database, sizeof pool->database, "%s", database);
    return pool;
}

static hg_headroom measure(const hg_sessions *sessions, hg_pool_snapshot *pool)
{
    hg_url *url = url_of("postgresql://app@db.internal/app");
    hg_pool_list list = {pool != NULL, pool};
    hg_headroom headroom;

    hg_headroom_measure(sessions, url, &list, &headroom);
    hg_url_free(url);
    free(pool);
    return headroom;
}

/* A server of 100 with 3 reserved, 40 sessions, of which three are told apart below. */
static hg_server_session three[] = {
    {.pid = 1, .own = true, .application = "headgate/cli@web1:900"},
    {.pid = 2, .application = "headgate/app@web1:700"},
    {.pid = 3, .application = "worker"},
};
static const hg_sessions crowd = {.driver = HG_POSTGRESQL,
                                  .sessions = three,
                                  .session_count = 3,
                                  .max_connections = 100,
                                  .reserved = 3,
                                  .used = 40};

static void pools_that_fit_have_room_to_spare(void **state)
{
    hg_pool_snapshot *pool = snapshot_of(700, "postgresql://app:***@db.internal:5432/app", 10, 10);
    hg_headroom room;

    (void)state;
    pool->connection_count = 1;
    pool->connections[0].backend_pid = 2;
    room = measure(&crowd, pool);
    assert_int_equal(room.pools, 1);
    assert_int_equal(room.pools_max, 20);
    assert_int_equal(room.pools_now, 1);
    assert_int_equal(room.others, 38); /* neither the pool's own nor the one that asks */
    assert_int_equal(room.left, 59);
    assert_int_equal(room.spare, 39);
    assert_string_equal(room.message, "this host's pools may open 20; the server has 100, 3 "
                                      "reserved, 38 in use by others: 39 to spare");
}

static void pools_that_do_not_fit_are_short(void **state)
{
    hg_headroom room =
        measure(&crowd, snapshot_of(700, "postgresql://app@db.internal/other", 40, 40));

    (void)state;
    assert_int_equal(room.left, 58);
    assert_int_equal(room.spare, -22);
    assert_non_null(strstr(room.message, "39 in use by others: 22 short"));
}

static void a_pool_without_limit_is_counted_with_all_its_slots(void **state)
{
    hg_headroom room = measure(&crowd, snapshot_of(700, "postgresql://db.internal/app", 5, -1));

    (void)state;
    assert_true(room.no_limit);
    assert_int_equal(room.pools_max, HG_POOL_SLOTS_MAX);
    assert_non_null(strstr(room.message, "256 (one has no limit)"));
}

static void a_pool_of_another_server_and_a_dead_one_need_nothing_here(void **state)
{
    hg_pool_snapshot *dead = snapshot_of(700, "postgresql://db.internal/app", 5, 5);

    (void)state;
    dead->alive = false;
    assert_int_equal(measure(&crowd, dead).pools, 0);
    assert_int_equal(
        measure(&crowd, snapshot_of(700, "postgresql://elsewhere/app", 5, 5)).pools_max, 0);
    assert_int_equal(
        measure(&crowd, snapshot_of(700, "postgresql://db.internal:6432/app", 5, 5)).pools_max, 0);
    assert_int_equal(measure(&crowd, snapshot_of(700, "sqlite:///app.db", 5, 5)).pools_max, 0);
    assert_non_null(strstr(measure(&crowd, NULL).message, "no pool of this host"));
}

static void a_pool_under_another_name_of_the_server_is_known_by_its_session(void **state)
{
    hg_pool_snapshot *pool = snapshot_of(700, "postgresql://10.0.0.5/app", 5, 5);
    hg_pool_snapshot *same_number = snapshot_of(701, "postgresql://10.0.0.6/app", 5, 5);

    (void)state;
    pool->connection_count = same_number->connection_count = 1;
    pool->connections[0].backend_pid = same_number->connections[0].backend_pid = 2;
    assert_int_equal(measure(&crowd, pool).pools_max, 10);
    assert_int_equal(measure(&crowd, same_number).pools_max, 0); /* of another server's process 2 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_that_fit_have_room_to_spare),
        cmocka_unit_test(pools_that_do_not_fit_are_short),
        cmocka_unit_test(a_pool_without_limit_is_counted_with_all_its_slots),
        cmocka_unit_test(a_pool_of_another_server_and_a_dead_one_need_nothing_here),
        cmocka_unit_test(a_pool_under_another_name_of_the_server_is_known_by_its_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
