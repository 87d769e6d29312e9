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
    assert(memchr(connection->holder, 0, sizeof connection->holder) != NULL);
}

static void check(const hg_pool_snapshot *pool, int64_t now_ms)
{
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
    assert(pool->connection_count <= HG_POOL_SLOTS_MAX);
    for (size_t i = 0; i < pool->connection_count; i++)
        check_connection(&pool->connections[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now_ns = INT64_C(1000000000000), now_ms = INT64_C(1700000000000);
    hg_pool_snapshot *pool = malloc(sizeof *pool);
    struct telemetry_copy copy;

    assert(pool != NULL);
    if (telemetry_understand((const char *)data, size, &copy)) {
        (void)telemetry_settled(&copy.head);
        for (int alive = 0; alive <= 1; alive++) {
            telemetry_decode(&copy, alive, now_ns, now_ms, pool);
            check(pool, now_ms);
        }
    }
    free(pool);
    return 0;
}
