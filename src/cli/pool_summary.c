/*
 * pool_summary.c - many pools for people: one row each, and what they come to together.
 */
#include "pool_summary.h"

#include "base/arena.h"
#include "base/buf.h"
#include "cli.h"
#include "table.h"

static const char *const ok = "ok";

const char *pool_state_word(const hg_pool_snapshot *pool)
{
    if (!pool->alive)
        return "DEAD";
    if (pool->silent_ms >= 0)
        return "SILENT";
    if (pool->down_since_ms > 0)
        return "DOWN";
    if (pool->mode != HG_MODE_OPEN)
        return hg_pool_mode_name(pool->mode);
    return pool->waiting > 0 ? "waiting" : ok;
}

bool pool_wants_attention(const hg_pool_snapshot *pool)
{
    return pool_state_word(pool) != ok;
}

static const char *number(struct arena *arena, int64_t value)
{
    return arena_printf(arena, "%lld", (long long)value);
}

/* "10+5": how many are kept, and how many more there may be. */
static const char *sizes(struct arena *arena, const hg_pool_snapshot *pool)
{
    if (pool->size == 0 || pool->max_overflow < 0)
        return "no limit";
    return arena_printf(arena, "%d+%d", pool->size, pool->max_overflow);
}

static void fill_row(struct arena *arena, const hg_pool_snapshot *pool, const char **row)
{
    const hg_pool_window *recent = &pool->minute;

    row[0] = pool->process;
    row[1] = number(arena, pool->pid);
    row[2] = pool->name;
    row[3] = pool_state_word(pool);
    row[4] = number(arena, pool->in_use);
    row[5] = number(arena, pool->idle);
    row[6] = sizes(arena, pool);
    row[7] = number(arena, pool->waiting);
    row[8] = cli_took(arena, (double)pool->oldest_waiting_ms);
    row[9] = recent->checkouts == 0 ? NULL : cli_took(arena, recent->wait_p99_ms);
    row[10] = number(arena, (int64_t)pool->quarter.timeouts);
}

static void put_total(struct buf *out, const hg_pool_list *list)
{
    long long in_use = 0, idle = 0, waiting = 0, troubled = 0;

    for (size_t i = 0; i < list->count; i++) {
        in_use += list->pools[i].alive ? list->pools[i].in_use : 0;
        idle += list->pools[i].alive ? list->pools[i].idle : 0;
        waiting += list->pools[i].alive ? list->pools[i].waiting : 0;
        troubled += pool_wants_attention(&list->pools[i]);
    }
    buf_printf(out, "%zu pools: %lld connections in use, %lld idle; %lld callers waiting; ",
               list->count, in_use, idle, waiting);
    buf_printf(out, troubled == 0 ? "all are well\n" : "%lld not well\n", troubled);
}

void pool_summary(struct buf *out, const hg_pool_list *list)
{
    static const struct table_column columns[] = {
        {"PROCESS", ALIGN_LEFT},   {"PID", ALIGN_RIGHT},      {"POOL", ALIGN_LEFT},
        {"STATE", ALIGN_LEFT},     {"IN USE", ALIGN_RIGHT},   {"IDLE", ALIGN_RIGHT},
        {"OF", ALIGN_RIGHT},       {"WAITING", ALIGN_RIGHT},  {"OLDEST", ALIGN_RIGHT},
        {"WAIT P99", ALIGN_RIGHT}, {"TIMEOUTS", ALIGN_RIGHT},
    };
    struct table t = TABLE_INIT(columns);

    for (size_t i = 0; i < list->count; i++)
        fill_row(&t.arena, &list->pools[i], table_row(&t));
    table_end(&t, out);
    put_total(out, list);
}
