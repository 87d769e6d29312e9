/*
 * json_pools.c - pools and what was asked of them as JSON documents.
 */
#include "base/text.h"
#include "json_part.h"

static json_t *count_of(uint64_t count)
{
    return json_integer((json_int_t)count);
}

static json_t *integer_or_null(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *positive_or_null(int64_t value)
{
    return value <= 0 ? json_null() : json_integer(value);
}

static json_t *phases_object(const hg_pool_connection *c)
{
    json_t *object = json_object();

    for (int i = 0; i < HG_CONNECT_PHASES; i++)
        json_object_set_new(object, hg_connect_phase_name((hg_connect_phase)i),
                            json_part_ms(c->phase_ms[i]));
    return object;
}

static json_t *connection_array(const hg_pool_snapshot *pool)
{
    json_t *array = json_array();

    for (size_t i = 0; i < pool->connection_count; i++) {
        const hg_pool_connection *c = &pool->connections[i];
        json_t *row = json_object();

        json_object_set_new(row, "slot", json_integer(c->slot));
        json_object_set_new(row, "state", json_part_text(hg_slot_state_name(c->state)));
        json_object_set_new(row, "phase",
                            c->state == HG_SLOT_OPENING
                                ? json_part_text(hg_connect_phase_name(c->phase))
                                : json_null());
        json_object_set_new(row, "connect_ms", phases_object(c));
        json_object_set_new(row, "overflow", json_boolean(c->overflow));
        json_object_set_new(row, "leaked", json_boolean(c->leaked));
        json_object_set_new(row, "age_s",
                            c->age_ms < 0 ? json_null() : json_real((double)c->age_ms / 1000));
        json_object_set_new(row, "held_ms", integer_or_null(c->held_ms));
        json_object_set_new(row, "idle_ms", integer_or_null(c->idle_ms));
        json_object_set_new(row, "backend_pid", positive_or_null(c->backend_pid));
        json_object_set_new(row, "address", json_part_text_or_null(c->address));
        json_object_set_new(row, "holder", json_part_text_or_null(c->holder));
        json_object_set_new(row, "thread", positive_or_null(c->holder_tid));
        json_object_set_new(row, "checkouts", count_of(c->checkouts));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *event_array(const hg_pool_snapshot *pool)
{
    json_t *array = json_array();

    for (size_t i = 0; i < pool->event_count; i++) {
        const hg_pool_event *e = &pool->events[i];
        json_t *row = json_object();

        json_object_set_new(row, "at", json_part_utc(e->at_ms));
        json_object_set_new(row, "first_at", json_part_utc(e->first_ms));
        json_object_set_new(row, "event", json_part_text(hg_pool_event_name(e->kind)));
        json_object_set_new(row, "times", json_integer((json_int_t)e->times));
        json_object_set_new(row, "slot", integer_or_null(e->slot));
        json_object_set_new(row, "backend_pid", positive_or_null(e->backend_pid));
        json_object_set_new(row, "detail", json_part_text_or_null(e->detail));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *closed_object(const hg_pool_snapshot *pool)
{
    json_t *object = json_object();
    char name[32];

    for (int why = 0; why < HG_CLOSE_REASONS; why++) {
        text_copy(name, sizeof name, hg_close_name((hg_close)why));
        for (char *c = name; *c != '\0'; c++)
            *c = *c == ' ' ? '_' : *c;
        json_object_set_new(object, name, count_of(pool->closed[why]));
    }
    return object;
}

static json_t *window_object(const hg_pool_window *window)
{
    json_t *object = json_object(), *wait = json_object(), *hold = json_object();

    json_object_set_new(wait, "p50", json_part_ms(window->wait_p50_ms));
    json_object_set_new(wait, "p99", json_part_ms(window->wait_p99_ms));
    json_object_set_new(hold, "p50", json_part_ms(window->hold_p50_ms));
    json_object_set_new(hold, "p99", json_part_ms(window->hold_p99_ms));
    json_object_set_new(hold, "mean", json_part_ms(window->hold_mean_ms));
    json_object_set_new(object, "span_ms", json_integer(window->span_ms));
    json_object_set_new(object, "checkouts", count_of(window->checkouts));
    json_object_set_new(object, "timeouts", count_of(window->timeouts));
    json_object_set_new(object, "wait_ms", wait);
    json_object_set_new(object, "hold_ms", hold);
    return object;
}

/* In use at once and for how long so, without the numbers that never were. */
static json_t *use_array(const hg_pool_use *use)
{
    json_t *array = json_array();

    for (int i = 0; i < HG_POOL_LEVELS; i++) {
        json_t *row;

        if (use->level_ms[i] == 0)
            continue;
        row = json_object();
        json_object_set_new(row, "in_use", json_integer(hg_pool_level_most(i)));
        json_object_set_new(row, "ms", count_of(use->level_ms[i]));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *advice_object(const hg_pool_snapshot *pool)
{
    json_t *object = json_object();
    hg_pool_advice advice;

    hg_pool_advise(pool, &advice);
    json_object_set_new(object, "configured", positive_or_null(advice.configured));
    json_object_set_new(object, "needed", json_integer(advice.needed));
    json_object_set_new(object, "full_percent", json_real(advice.full_percent));
    json_object_set_new(object, "fewer", positive_or_null(advice.fewer));
    json_object_set_new(object, "message", json_part_text(advice.message));
    return object;
}

/* "alive", "silent" (stopped or hung) or "dead". */
static const char *life_of(const hg_pool_snapshot *pool)
{
    if (!pool->alive)
        return "dead";
    return pool->silent_ms >= 0 ? "silent" : "alive";
}

static void set_identity(json_t *object, const hg_pool_snapshot *pool)
{
    json_object_set_new(object, "pid", json_integer(pool->pid));
    json_object_set_new(object, "process", json_part_text(pool->process));
    json_object_set_new(object, "name", json_part_text(pool->name));
    json_object_set_new(object, "role", json_part_text(pool->role));
    json_object_set_new(object, "database", json_part_text(pool->database));
    json_object_set_new(object, "alive", json_boolean(pool->alive));
    json_object_set_new(object, "life", json_part_text(life_of(pool)));
    json_object_set_new(object, "silent_ms", integer_or_null(pool->silent_ms));
    json_object_set_new(object, "started_at", json_part_utc(pool->started_ms));
    json_object_set_new(object, "seen_at", json_part_utc(pool->seen_ms));
    json_object_set_new(object, "mode", json_part_text(hg_pool_mode_name(pool->mode)));
}

static void set_counters(json_t *object, const hg_pool_snapshot *pool)
{
    json_object_set_new(object, "opening", json_integer(pool->opening));
    json_object_set_new(object, "oldest_waiting_ms", integer_or_null(pool->oldest_waiting_ms));
    json_object_set_new(object, "expected_wait_ms", json_part_ms(pool->expected_wait_ms));
    json_object_set_new(object, "checkouts", count_of(pool->checkouts));
    json_object_set_new(object, "timeouts", count_of(pool->timeouts));
    json_object_set_new(object, "timeouts_paused", count_of(pool->timeouts_paused));
    json_object_set_new(object, "connects", count_of(pool->connects));
    json_object_set_new(object, "connect_failures", count_of(pool->connect_failures));
    json_object_set_new(object, "down_since", json_part_utc(pool->down_since_ms));
    json_object_set_new(object, "down_ms", json_integer(pool->down_ms));
    json_object_set_new(object, "outages", count_of(pool->outages));
    json_object_set_new(object, "next_connect_ms", integer_or_null(pool->next_connect_ms));
    json_object_set_new(object, "closed", closed_object(pool));
    json_object_set_new(object, "returned_in_transaction", count_of(pool->resets_open));
    json_object_set_new(object, "leaks", count_of(pool->leaks));
    json_object_set_new(object, "last_error", json_part_text_or_null(pool->last_error));
    json_object_set_new(object, "last_error_sqlstate", json_part_text_or_null(pool->last_sqlstate));
    json_object_set_new(object, "last_error_at", json_part_utc(pool->last_error_ms));
}

static json_t *pool_object(const hg_pool_snapshot *pool)
{
    json_t *object = json_part_pool_counts(pool), *wait = json_object();

    json_object_set_new(wait, "p50", json_part_ms(pool->wait_p50_ms));
    json_object_set_new(wait, "p99", json_part_ms(pool->wait_p99_ms));
    json_object_set_new(wait, "max", json_part_ms(pool->wait_max_ms));
    set_identity(object, pool);
    set_counters(object, pool);
    json_object_set_new(object, "wait_ms", wait);
    json_object_set_new(object, "hold_max_ms", json_part_ms(pool->hold_max_ms));
    json_object_set_new(object, "hold_tick_ms", json_part_ms(pool->hold_tick_ms));
    json_object_set_new(object, "last_minute", window_object(&pool->minute));
    json_object_set_new(object, "last_15_minutes", window_object(&pool->quarter));
    json_object_set_new(object, "use", use_array(&pool->use));
    json_object_set_new(object, "advice", advice_object(pool));
    json_object_set_new(object, "connections", connection_array(pool));
    json_object_set_new(object, "events", event_array(pool));
    return object;
}

bool json_pools(struct buf *out, const hg_pool_list *list)
{
    json_t *root = json_part_document(), *rows = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(rows, pool_object(&list->pools[i]));
    json_object_set_new(root, "pools", rows);
    return json_part_finish(out, root);
}

bool json_pool_order(struct buf *out, const hg_pool_order *order, const hg_pool_snapshot *pool,
                     const char *answer)
{
    json_t *root = json_part_document();
    bool has_number = order->kind == HG_ORDER_RESIZE || order->kind == HG_ORDER_EVICT;

    json_object_set_new(root, "order", json_part_text(hg_pool_order_name(order->kind)));
    json_object_set_new(root, "number", has_number ? json_integer(order->number) : json_null());
    json_object_set_new(root, "pid", json_integer(pool->pid));
    json_object_set_new(root, "process", json_part_text(pool->process));
    json_object_set_new(root, "name", json_part_text(pool->name));
    json_object_set_new(root, "answer", json_part_text(answer));
    return json_part_finish(out, root);
}
