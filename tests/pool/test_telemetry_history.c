/*
 * test_telemetry_history.c - what a pool's page tells of the past: waits, events, the last minute
 * and quarter, and since when nobody has written there.
 */
#include "published.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "pool/pool_state.h"

#define NS_PER_MS INT64_C(1000000)

static void waits_are_counted_in_buckets_a_fifth_wide(void **state)
{
    (void)state;
    for (int64_t us = 1; us < 3600 * INT64_C(1000000); us += us / 7 + 1) {
        double ms =
            telemetry_bucket_middle(telemetry_bucket((uint64_t)us, TELEMETRY_WAIT_BUCKETS)) / 1000;

        assert_true(ms >= (double)us / 1000 * 0.80);
        assert_true(ms <= (double)us / 1000 * 1.25);
    }
    assert_int_equal(telemetry_bucket(0, TELEMETRY_WAIT_BUCKETS), 0);
    assert_int_equal(telemetry_bucket(UINT64_MAX, TELEMETRY_WAIT_BUCKETS),
                     TELEMETRY_WAIT_BUCKETS - 1);
}

static void the_percentiles_count_those_who_did_not_wait(void **state)
{
    hg_pool *pool = published_pool(1, "main");
    hg_pool_snapshot now;

    (void)state;
    for (int i = 0; i < 97; i++)
        hg_pool_return(pool, take(pool));
    for (int i = 0; i < 3; i++)
        telemetry_note_wait(pool->telemetry.head, 40 * INT64_C(1000000));
    hg_pool_inspect(pool, &now);
    assert_true(now.wait_p50_ms < 0.0001);
    assert_true(now.wait_p99_ms > 32 && now.wait_p99_ms < 48);
    assert_true(now.wait_max_ms >= 40);
    close_fake_pool(pool);
}

static void closes_waiters_and_the_next_connect_are_told(void **state)
{
    hg_pool *pool = published_pool(1, "main");
    hg_pool_snapshot now;
    hg_conn *conns[3];
    struct caller *waiter;

    (void)state;
    hg_pool_discard(pool, take(pool));
    for (int i = 0; i < 3; i++)
        conns[i] = take(pool);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.closed[HG_CLOSE_DISCARD], 1);
    assert_int_equal(now.oldest_waiting_ms, -1);
    assert_int_equal(now.next_connect_ms, -1);
    waiter = caller_start(pool, NULL, 60000);
    await_waiting(pool, 1);
    hg_pool_inspect(pool, &now);
    assert_true(now.oldest_waiting_ms >= 0);
    fake_fail_always(FAKE_OPEN, HG_AUTH);
    for (int i = 0; i < 3; i++)
        hg_pool_discard(pool, conns[i]);
    assert_int_equal(caller_end(waiter).err.code, HG_AUTH);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.oldest_waiting_ms, -1);
    assert_int_equal(now.next_connect_ms, 0); /* whoever asks next finds out */
    close_fake_pool(pool);
}

static const hg_pool_event *event_of(const hg_pool_snapshot *pool, hg_pool_event_kind kind)
{
    for (size_t i = pool->event_count; i-- > 0;)
        if (pool->events[i].kind == kind)
            return &pool->events[i];
    fail_msg("no event \"%s\" among %zu", hg_pool_event_name(kind), pool->event_count);
    return NULL;
}

static void what_happened_is_told_in_order(void **state)
{
    hg_pool *pool = published_pool(2, "main");
    const hg_pool_event *event;
    hg_pool_snapshot now;
    hg_conn *conn;
    int64_t serial;

    (void)state;
    conn = take(pool);
    serial = fake_serial(conn);
    hg_pool_discard(pool, conn);
    hg_pool_invalidate(pool);
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.event_count, 3);
    assert_int_equal(now.events[0].kind, HG_POOL_EVENT_CONNECTED);
    assert_int_equal(now.events[0].slot, 0);
    assert_int_equal(now.events[0].backend_pid, serial);
    assert_int_equal(now.events[1].kind, HG_POOL_EVENT_CLOSED);
    assert_string_equal(now.events[1].detail, "discard");
    assert_int_equal(now.events[2].kind, HG_POOL_EVENT_INVALIDATED);
    assert_int_equal(now.events[2].slot, -1);
    hg_pool_return(pool, take(pool));
    fake_kill_all();
    do
        hg_pool_inspect(pool, &now);
    while (now.closed[HG_CLOSE_HUNG_UP] == 0);
    event = event_of(&now, HG_POOL_EVENT_HUNG_UP);
    assert_int_equal(event->slot, 0);
    assert_true(event->at_ms > 0);
    close_fake_pool(pool);
}

static void the_ring_keeps_the_last_events_and_counts_repeats(void **state)
{
    hg_pool *pool = published_pool(2, "main");
    hg_pool_snapshot now;
    char detail[16];

    (void)state;
    for (int i = 0; i < 1000; i++)
        telemetry_note_event(&pool->telemetry, HG_POOL_EVENT_TIMEOUT, -1, "again");
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.event_count, 1);
    assert_int_equal(now.events[0].times, 1000);
    for (int i = 0; i < 10; i++) { /* as overflow comes and goes */
        telemetry_note_event(&pool->telemetry, HG_POOL_EVENT_CONNECTED, i % 4, "");
        telemetry_note_event(&pool->telemetry, HG_POOL_EVENT_CLOSED, i % 4, "surplus");
    }
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.event_count, 3);
    assert_int_equal(now.events[2].times, 10);
    assert_int_equal(now.events[2].slot, 1);
    for (int i = 0; i < 200; i++) {
        snprintf(detail, sizeof detail, "%d", i);
        telemetry_note_event(&pool->telemetry, HG_POOL_EVENT_TIMEOUT, -1, detail);
    }
    hg_pool_inspect(pool, &now);
    assert_int_equal(now.event_count, HG_POOL_EVENTS_MAX);
    assert_string_equal(now.events[0].detail, "136");
    assert_string_equal(now.events[HG_POOL_EVENTS_MAX - 1].detail, "199");
    assert_int_equal(now.events[0].times, 1);
    close_fake_pool(pool);
}

/* A page of our own that no pool works on, so that time can be told to it. */
static struct telemetry lonely_page(unsigned slots)
{
    const struct telemetry_identity who = {.name = "x", .role = "y", .database = "z", .size = 2};
    struct telemetry t;

    assert_true(telemetry_open(&t, "", &who, slots));
    return t;
}

/* What the housekeeper does in so many seconds. */
static void pass_seconds(struct telemetry *t, int64_t *now_ns, int seconds)
{
    for (int i = 0; i < seconds * 10; i++) {
        *now_ns += 100 * NS_PER_MS;
        telemetry_record(t, *now_ns);
    }
}

static void use_once(struct telemetry *t, int64_t held_ms)
{
    telemetry_count(&t->slots[0].checkouts);
    atomic_fetch_add(&t->slots[0].held_ns, (uint64_t)(held_ms * NS_PER_MS));
    telemetry_note_hold(&t->slots[0], held_ms * NS_PER_MS);
}

static void decode_at(const struct telemetry *t, int64_t now_ns, hg_pool_snapshot *out)
{
    struct telemetry_copy copy;

    assert_true(telemetry_understand((const char *)t->head, t->bytes, &copy));
    telemetry_decode(&copy, true, now_ns, clock_wall_ms(), out);
}

static void the_last_minute_and_quarter_forget_what_was_before(void **state)
{
    struct telemetry t = lonely_page(4);
    int64_t now_ns = t.head->started_ns;
    hg_pool_snapshot now;

    (void)state;
    for (int i = 0; i < 10; i++) {
        use_once(&t, 100);
        telemetry_note_wait(t.head, 30 * NS_PER_MS);
    }
    pass_seconds(&t, &now_ns, 30);
    decode_at(&t, now_ns, &now);
    assert_int_equal(now.minute.checkouts, 10);
    assert_true(now.minute.hold_p50_ms > 80 && now.minute.hold_p50_ms < 125);
    assert_true(now.minute.wait_p99_ms > 24 && now.minute.wait_p99_ms < 38);
    assert_true(now.minute.hold_mean_ms > 99.9 && now.minute.hold_mean_ms < 100.1);
    assert_int_equal(now.minute.span_ms, 30000);

    pass_seconds(&t, &now_ns, 90);
    for (int i = 0; i < 10; i++)
        use_once(&t, 1000);
    pass_seconds(&t, &now_ns, 1);
    decode_at(&t, now_ns, &now);
    assert_int_equal(now.minute.checkouts, 10);
    assert_true(now.minute.hold_p50_ms > 800 && now.minute.hold_p50_ms < 1250);
    assert_true(now.minute.wait_p99_ms < 0.001);
    assert_in_range(now.minute.span_ms, 60000, 76000);
    assert_int_equal(now.quarter.checkouts, 20);
    assert_true(now.quarter.hold_p99_ms > 800);

    pass_seconds(&t, &now_ns, 18 * 60);
    decode_at(&t, now_ns, &now);
    assert_int_equal(now.minute.checkouts, 0);
    assert_int_equal(now.quarter.checkouts, 0);
    assert_in_range(now.quarter.span_ms, 15 * 60000, 18 * 60000);
    assert_int_equal(now.checkouts, 20);
    telemetry_close(&t);
}

static void the_time_at_each_level_of_use_is_kept(void **state)
{
    struct telemetry t = lonely_page(4);
    int64_t now_ns = t.head->started_ns;
    hg_pool_snapshot now;

    (void)state;
    pass_seconds(&t, &now_ns, 60);
    atomic_store(&t.slots[0].state, HG_SLOT_IN_USE);
    atomic_store(&t.slots[3].state, HG_SLOT_IN_USE);
    pass_seconds(&t, &now_ns, 30);
    decode_at(&t, now_ns, &now);
    assert_in_range(now.use.level_ms[0], 58000, 61000);
    assert_in_range(now.use.level_ms[2], 29000, 31000);
    assert_int_equal(now.use.level_ms[1], 0);
    telemetry_close(&t);
    t = lonely_page(HG_POOL_SLOTS_MAX);
    for (int i = 0; i < HG_POOL_SLOTS_MAX; i++)
        atomic_store(&t.slots[i].state, HG_SLOT_IN_USE);
    now_ns = t.head->started_ns;
    pass_seconds(&t, &now_ns, 2);
    decode_at(&t, now_ns, &now);
    assert_true(now.use.level_ms[telemetry_level(HG_POOL_SLOTS_MAX)] > 0);
    telemetry_close(&t);
}

static void a_process_that_gives_no_sign_of_life_is_called_silent(void **state)
{
    struct telemetry t = lonely_page(4);
    int64_t now_ns = t.head->started_ns;
    hg_pool_snapshot now;

    (void)state;
    use_once(&t, 50);
    pass_seconds(&t, &now_ns, 20);
    decode_at(&t, now_ns + 2000 * NS_PER_MS, &now);
    assert_int_equal(now.silent_ms, -1);
    decode_at(&t, now_ns + 600000 * NS_PER_MS, &now);
    assert_in_range(now.silent_ms, 600000, 601000);
    assert_int_equal(now.minute.checkouts, 1);      /* of the minute before it fell silent */
    decode_at(&t, now_ns + 6000 * NS_PER_MS, &now); /* a ping may take five seconds */
    assert_int_equal(now.silent_ms, -1);
    atomic_store(&t.head->mode, HG_MODE_DRAINING); /* its housekeeper has ended, as it should */
    decode_at(&t, now_ns + 600000 * NS_PER_MS, &now);
    assert_int_equal(now.silent_ms, -1);
    telemetry_close(&t);
}

static void a_mark_or_event_that_was_being_written_is_passed_over(void **state)
{
    struct telemetry t = lonely_page(4);
    int64_t now_ns = t.head->started_ns;
    hg_pool_snapshot now;

    (void)state;
    pass_seconds(&t, &now_ns, 120);
    telemetry_note_event(&t, HG_POOL_EVENT_PAUSED, -1, "");
    telemetry_note_event(&t, HG_POOL_EVENT_RESUMED, -1, "");
    for (int i = 0; i < TELEMETRY_MARKS; i++)
        atomic_fetch_add(&t.marks[i].begun, 1);
    atomic_fetch_add(&t.events[2].begun, TELEMETRY_EVENTS);
    decode_at(&t, now_ns, &now);
    assert_int_equal(now.minute.span_ms, 120000); /* since it began: no mark can be used */
    assert_int_equal(now.event_count, 1);
    assert_int_equal(now.events[0].kind, HG_POOL_EVENT_PAUSED);
    telemetry_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(waits_are_counted_in_buckets_a_fifth_wide),
        TEST(the_percentiles_count_those_who_did_not_wait),
        TEST(closes_waiters_and_the_next_connect_are_told),
        TEST(what_happened_is_told_in_order),
        TEST(the_ring_keeps_the_last_events_and_counts_repeats),
        TEST(the_last_minute_and_quarter_forget_what_was_before),
        TEST(the_time_at_each_level_of_use_is_kept),
        TEST(a_process_that_gives_no_sign_of_life_is_called_silent),
        TEST(a_mark_or_event_that_was_being_written_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
