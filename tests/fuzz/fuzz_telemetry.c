/*
 * fuzz_telemetry.c - any bytes as the page that another process's pool published.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "pool/telemetry.h"

static void check_connection(const hg_pool_connection *connection)
{
    assert(connection->slot >= 0 && connection->slot < HG_POOL_SLOTS_MAX);
    assert(connection->state > HG_SLOT_EMPTY && connection->state <= HG_SLOT_CLOSING);
    assert(connection->age_ms >= -1 && connection->held_ms >= -1 && connection->idle_ms >= -1);
    assert(connection->backend_pid >= 0 && connection->holder_tid >= 0);
    assert(connection->phase < HG_CONNECT_PHASES);
    for (int i = 0; i < HG_CONNECT_PHASES; i++)
        assert(connection->phase_ms[i] >= 0);
    assert(memchr(connection->holder, 0, sizeof connection->holder) != NULL);
    assert(memchr(connection->address, 0, sizeof connection->address) != NULL);
}

static void check_event(const hg_pool_event *event, int64_t now_ms)
{
    assert(event->at_ms >= 0 && event->at_ms <= now_ms);
    assert(event->kind < HG_POOL_EVENT_KINDS && event->backend_pid >= 0);
    assert(event->slot >= -1 && event->slot < HG_POOL_SLOTS_MAX);
    assert(memchr(event->detail, 0, sizeof event->detail) != NULL);
}

static void check_window(const hg_pool_window *window)
{
    assert(window->span_ms >= 0 && window->wait_p50_ms <= window->wait_p99_ms);
    assert(window->hold_p50_ms <= window->hold_p99_ms && window->hold_mean_ms >= 0);
}

static void check_advice(const hg_pool_snapshot *pool)
{
    hg_pool_advice advice;

    hg_pool_advise(pool, &advice);
    assert(advice.needed >= 0 && advice.needed <= HG_POOL_SLOTS_MAX && advice.fewer >= 0);
    assert(memchr(advice.message, 0, sizeof advice.message) != NULL);
}

static void check(const hg_pool_snapshot *pool, int64_t now_ms)
{
    check_advice(pool);
    assert(pool->pid >= 0 && pool->size >= 0 && pool->size <= HG_POOL_SLOTS_MAX);
    assert(pool->max_overflow >= -1 && pool->waiting >= 0 && pool->overflow >= 0);
    assert(pool->started_ms >= 0 && pool->started_ms <= pool->seen_ms && pool->seen_ms <= now_ms);
    assert(pool->last_error_ms >= 0 && pool->last_error_ms <= now_ms);
    assert(pool->wait_p50_ms <= pool->wait_p99_ms && pool->wait_max_ms >= 0);
    assert(memchr(pool->process, 0, sizeof pool->process) != NULL);
    assert(memchr(pool->name, 0, sizeof pool->name) != NULL);
    assert(memchr(pool->role, 0, sizeof pool->role) != NULL);
    assert(memchr(pool->database, 0, sizeof pool->database) != NULL);
    assert(memchr(pool->last_error, 0, sizeof pool->last_error) != NULL);
    assert(memchr(pool->last_sqlstate, 0, sizeof pool->last_sqlstate) != NULL);
    assert(pool->mode <= HG_MODE_DRAINING && pool->silent_ms >= -1);
    assert(pool->oldest_waiting_ms >= -1 && pool->next_connect_ms >= -1);
    assert(pool->down_since_ms >= 0 && pool->down_ms >= 0);
    assert(pool->expected_wait_ms >= -1);
    check_window(&pool->minute);
    check_window(&pool->quarter);
    assert(pool->event_count <= HG_POOL_EVENTS_MAX);
    for (size_t i = 0; i < pool->event_count; i++)
        check_event(&pool->events[i], now_ms);
    assert(pool->connection_count <= HG_POOL_SLOTS_MAX);
    for (size_t i = 0; i < pool->connection_count; i++)
        check_connection(&pool->connections[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now_ns = INT64_C(1000000000000), now_ms = INT64_C(1700000000000);
    hg_pool_snapshot *pool = malloc(sizeof *pool);
    char *bytes = malloc(size + 1); /* on an address for words */
    struct telemetry_copy copy;

    assert(pool != NULL && bytes != NULL);
    memcpy(bytes, data, size);
    if (telemetry_understand(bytes, size, &copy)) {
        (void)telemetry_settled(&copy.head);
        for (int alive = 0; alive <= 1; alive++) {
            telemetry_decode(&copy, alive, now_ns, now_ms, pool);
            check(pool, now_ms);
        }
    }
    free(bytes);
    free(pool);
    return 0;
}
