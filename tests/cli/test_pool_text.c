/*
 * test_pool_text.c - a pool as an operator reads it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "base/buf.h"
#include "cli/pool_text.h"

#define NOON INT64_C(1700049600000) /* 2023-11-15T12:00:00Z */

static hg_pool_snapshot pool;
static struct buf out = BUF_INIT(1 << 20);

static int begin(void **state)
{
    (void)state;
    pool = (hg_pool_snapshot){
        .pid = 4711,
        .process = "shop-api",
        .name = "main",
        .database = "postgresql://app:***@db/shop",
        .alive = true,
        .silent_ms = -1,
        .size = 10,
        .max_overflow = 10,
        .oldest_waiting_ms = -1,
        .next_connect_ms = -1,
    };
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

static const char *shown(void)
{
    buf_release(&out);
    pool_text(&out, &pool, 8, NOON);
    return out.bytes;
}

static void assert_shows(const char *text)
{
    if (strstr(shown(), text) == NULL)
        fail_msg("\"%s\" is not in:\n%s", text, out.bytes);
}

static void a_healthy_pool_says_nothing_of_trouble(void **state)
{
    (void)state;
    assert_shows("shop-api 4711, pool main: postgresql://app:***@db/shop\n");
    assert_shows("size 10, max overflow 10: 0 in use, 0 idle, 0 overflow, 0 waiting\n");
    for (size_t i = 0; i < 6; i++) {
        static const char *const trouble[] = {"DEAD",   "NO SIGN", "PAUSED",
                                              "closed", "error",   "wait has"};

        assert_null(strstr(shown(), trouble[i]));
    }
}

static void dead_silent_paused_and_draining_stand_in_capitals(void **state)
{
    (void)state;
    pool.alive = false;
    pool.seen_ms = NOON - 61000;
    assert_shows("DEAD since 11:58:59Z");
    pool.alive = true;
    pool.silent_ms = 40000;
    assert_shows("NO SIGN OF LIFE for 40.0 s: stopped or hung");
    pool.mode = HG_MODE_PAUSED;
    assert_shows("PAUSED: callers wait until `headgate pools resume 4711`");
    pool.mode = HG_MODE_DRAINING;
    assert_shows("DRAINING");
}

static void who_waits_and_for_how_long_yet_is_told(void **state)
{
    (void)state;
    pool.waiting = 3;
    pool.oldest_waiting_ms = 1200;
    pool.expected_wait_ms = 30;
    assert_shows(
        "the first of those who wait has for 1.2 s; who comes now is likely to wait 30 ms");
}

static void the_last_error_and_the_next_try_are_told(void **state)
{
    (void)state;
    memcpy(pool.last_error, "connection refused", 19);
    memcpy(pool.last_sqlstate, "57P03", 6);
    pool.last_error_ms = NOON - 3000;
    pool.next_connect_ms = 400;
    assert_shows("last error, 3.0 s ago: connection refused (SQLSTATE 57P03)\n");
    assert_shows("the next try comes in 400 ms");
    pool.next_connect_ms = 0;
    assert_shows("the next caller has another try made");
}

static void an_outage_shows_its_beginning_and_all_of_them_their_time(void **state)
{
    (void)state;
    assert_null(strstr(shown(), "outage"));
    pool.down_since_ms = NOON - 61000;
    pool.down_ms = 90000;
    pool.outages = 2;
    assert_shows("DOWN since 11:58:59Z: nothing is open, and connects fail\n");
    assert_shows("outages: 2, 1 min 30 s in all\n");
    pool.down_since_ms = 0;
    assert_shows("outages: 2");
    assert_null(strstr(shown(), "DOWN"));
}

static void what_the_slowest_connect_went_into_is_told(void **state)
{
    (void)state;
    pool.connection_count = 2;
    pool.connections[0] = (hg_pool_connection){
        .state = HG_SLOT_IDLE, .held_ms = -1, .phase_ms = {0, 0.4, 8.1, 3, 0.5}};
    pool.connections[1] = (hg_pool_connection){
        .slot = 1, .state = HG_SLOT_IDLE, .held_ms = -1, .phase_ms = {0, 0.4, 0, 3, 0.5}};
    assert_shows("slot 0 took longest to open: 12 ms (tcp 0.4 ms, tls 8.1 ms, auth 3.0 ms, "
                 "setup 0.5 ms)\n");
    pool.connections[1].state = HG_SLOT_OPENING;
    pool.connections[1].phase = HG_CONNECT_RESOLVE;
    pool.connections[1].phase_ms[HG_CONNECT_RESOLVE] = 4000;
    assert_shows("opening: resolve");
    assert_shows("slot 1 takes longest to open: 4.0 s (resolve 4.0 s, tcp");
}

static void closes_are_told_by_reason(void **state)
{
    (void)state;
    pool.closed[HG_CLOSE_HUNG_UP] = 3;
    pool.closed[HG_CLOSE_RECYCLE] = 1;
    assert_shows("closed: 1 recycle, 3 hung up\n");
}

static void a_busy_connection_leads_to_its_holder_thread_backend_and_address(void **state)
{
    (void)state;
    pool.connection_count = 1;
    pool.connections[0] = (hg_pool_connection){.slot = 7,
                                               .state = HG_SLOT_IN_USE,
                                               .leaked = true,
                                               .held_ms = 90000,
                                               .age_ms = 100000,
                                               .backend_pid = 815,
                                               .holder_tid = 4712,
                                               .holder = "GET /orders",
                                               .address = "10.0.0.7"};
    assert_shows("in use, LEAKED");
    assert_shows("GET /orders    4712");
    assert_shows("815  10.0.0.7");
}

static void holds_below_the_tick_of_their_clock_are_not_called_nothing(void **state)
{
    (void)state;
    pool.hold_tick_ms = 4;
    assert_shows("< 4 ms");
}

static void only_the_last_events_are_shown_with_their_repeats(void **state)
{
    (void)state;
    pool.event_count = 20;
    for (size_t i = 0; i < 20; i++)
        pool.events[i] = (hg_pool_event){.at_ms = NOON + (int64_t)i * 1000,
                                         .kind = HG_POOL_EVENT_CONNECT_FAILED,
                                         .times = (uint32_t)i,
                                         .slot = -1,
                                         .detail = "refused"};
    assert_shows("12:00:19Z  connect failed, 19 times: refused\n");
    assert_shows("12:00:12Z");
    assert_null(strstr(shown(), "12:00:11Z"));
}

static void bytes_of_another_process_cannot_drive_the_terminal(void **state)
{
    (void)state;
    memcpy(pool.process, "\x1b[2J", 5);
    memcpy(pool.name, "a\nb\x07", 5);
    memcpy(pool.last_error, "\x1b]0;title\x07", 11);
    pool.event_count = pool.connection_count = 1;
    pool.events[0].times = 1;
    memcpy(pool.events[0].detail, "\x1b[31m", 6);
    memcpy(pool.connections[0].holder,
           "\x9b"
           "31m",
           5);
    memcpy(pool.connections[0].address, "\r\x1b", 3);
    for (const char *c = shown(); *c != '\0'; c++)
        assert_true(*c == '\n' || (unsigned char)*c >= ' ');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_healthy_pool_says_nothing_of_trouble),
        TEST(dead_silent_paused_and_draining_stand_in_capitals),
        TEST(who_waits_and_for_how_long_yet_is_told),
        TEST(the_last_error_and_the_next_try_are_told),
        TEST(an_outage_shows_its_beginning_and_all_of_them_their_time),
        TEST(what_the_slowest_connect_went_into_is_told),
        TEST(closes_are_told_by_reason),
        TEST(a_busy_connection_leads_to_its_holder_thread_backend_and_address),
        TEST(holds_below_the_tick_of_their_clock_are_not_called_nothing),
        TEST(only_the_last_events_are_shown_with_their_repeats),
        TEST(bytes_of_another_process_cannot_drive_the_terminal),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
