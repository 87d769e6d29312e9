/*
 * test_queue.c - values between threads: order, refusal, waking, closing.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/queue.h"

static bool readable(const struct queue *q)
{
    struct pollfd wait = {.fd = queue_fd(q), .events = POLLIN};

    return poll(&wait, 1, 0) == 1;
}

static void items_come_out_in_the_order_they_went_in(void **state)
{
    struct queue *q = queue_new(sizeof(int), 4);
    int out;

    (void)state;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 4; i++)
            assert_true(queue_put(q, &(int){round * 10 + i}, hg_deadline_in_ms(0)));
        for (int i = 0; i < 4; i++) {
            assert_true(queue_take(q, &out));
            assert_int_equal(out, round * 10 + i);
        }
    }
    assert_false(queue_take(q, &out));
    queue_free(q);
}

static void the_descriptor_is_readable_while_something_is_inside(void **state)
{
    struct queue *q = queue_new(sizeof(int), 4);
    int out;

    (void)state;
    assert_false(readable(q));
    assert_true(queue_put(q, &(int){1}, hg_deadline_in_ms(0)));
    assert_true(queue_put(q, &(int){2}, hg_deadline_in_ms(0)));
    assert_true(readable(q));
    assert_true(queue_take(q, &out));
    assert_true(readable(q));
    assert_true(queue_take(q, &out));
    assert_false(readable(q));
    queue_free(q);
}

static void a_full_queue_makes_its_sender_wait_until_the_deadline(void **state)
{
    struct queue *q = queue_new(sizeof(int), 1);
    hg_deadline by = hg_deadline_in_ms(30);

    (void)state;
    assert_true(queue_put(q, &(int){1}, by));
    assert_false(queue_put(q, &(int){2}, by));
    assert_int_equal(hg_deadline_left_ms(by), 0);
    queue_free(q);
}

static void a_closed_queue_takes_nothing_more_and_still_gives(void **state)
{
    struct queue *q = queue_new(sizeof(int), 4);
    int out = 0;

    (void)state;
    assert_true(queue_put(q, &(int){5}, hg_deadline_in_ms(0)));
    queue_close(q);
    assert_false(queue_put(q, &(int){6}, hg_deadline_in_ms(0)));
    assert_false(queue_put(q, &(int){6}, hg_deadline_never()));
    assert_true(queue_take(q, &out));
    assert_int_equal(out, 5);
    queue_free(q);
    queue_free(NULL);
}

enum { SENDERS = 4, ITEMS = 2000 };

struct sender {
    struct queue *q;
    int number;
};

static void *send_all(void *context)
{
    const struct sender *sender = context;

    for (int i = 0; i < ITEMS; i++)
        if (!queue_put(sender->q, &(int){sender->number * ITEMS + i}, hg_deadline_never()))
            return NULL;
    return context;
}

static void nothing_is_lost_or_doubled_between_threads(void **state)
{
    struct queue *q = queue_new(sizeof(int), 8);
    int next[SENDERS] = {0}, item;
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];

    (void)state;
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){q, i};
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    for (int taken = 0; taken < SENDERS * ITEMS;) {
        struct pollfd wait = {.fd = queue_fd(q), .events = POLLIN};

        assert_int_equal(poll(&wait, 1, 60000), 1);
        while (queue_take(q, &item)) {
            assert_int_equal(item % ITEMS, next[item / ITEMS]++);
            taken++;
        }
    }
    for (int i = 0; i < SENDERS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_non_null(result);
    }
    assert_false(queue_take(q, &item));
    queue_free(q);
}

struct waiter {
    struct queue *q;
    atomic_bool waits;
    bool put;
};

static void *put_into_a_full_one(void *context)
{
    struct waiter *waiter = context;

    atomic_store(&waiter->waits, true);
    waiter->put = queue_put(waiter->q, &(int){2}, hg_deadline_never());
    return NULL;
}

static void closing_wakes_a_sender_that_waits(void **state)
{
    struct waiter waiter = {.q = queue_new(sizeof(int), 1), .put = true};
    pthread_t thread;

    (void)state;
    assert_true(queue_put(waiter.q, &(int){1}, hg_deadline_in_ms(0)));
    assert_int_equal(pthread_create(&thread, NULL, put_into_a_full_one, &waiter), 0);
    while (!atomic_load(&waiter.waits))
        continue;
    queue_close(waiter.q);
    pthread_join(thread, NULL);
    assert_false(waiter.put);
    queue_free(waiter.q);
}

static void without_memory_there_is_no_queue(void **state)
{
    (void)state;
    alloc_fail_at(1);
    assert_null(queue_new(sizeof(int), 4));
    alloc_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_in_the_order_they_went_in),
        cmocka_unit_test(the_descriptor_is_readable_while_something_is_inside),
        cmocka_unit_test(a_full_queue_makes_its_sender_wait_until_the_deadline),
        cmocka_unit_test(a_closed_queue_takes_nothing_more_and_still_gives),
        cmocka_unit_test(nothing_is_lost_or_doubled_between_threads),
        cmocka_unit_test(closing_wakes_a_sender_that_waits),
        cmocka_unit_test(without_memory_there_is_no_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
