/*
 * test_wait.c - what ends a wait: the descriptor, the time, another thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/clock.h"
#include "driver/wait.h"

#define MS INT64_C(1000000)

struct scene {
    struct wait wait;
    int ends[2]; /* of a pipe */
};

static void open_scene(struct scene *scene)
{
    assert_true(wait_init(&scene->wait));
    assert_int_equal(pipe(scene->ends), 0);
}

static void close_scene(struct scene *scene)
{
    wait_release(&scene->wait);
    close(scene->ends[0]);
    close(scene->ends[1]);
}

static bool wait_here(struct scene *scene, int64_t until_ns)
{
    return wait_until(&scene->wait, scene->ends[0], POLLIN, until_ns);
}

static void say(struct scene *scene)
{
    assert_int_equal(write(scene->ends[1], "!", 1), 1);
}

static void hear(struct scene *scene)
{
    char said;

    assert_int_equal(read(scene->ends[0], &said, 1), 1);
}

static void a_descriptor_that_is_ready_ends_the_wait(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    say(&scene);
    assert_true(wait_here(&scene, INT64_MAX));
    assert_true(wait_here(&scene, clock_now_ns() + 60000 * MS)); /* still: nobody has read it */
    hear(&scene);
    assert_false(wait_here(&scene, clock_now_ns() + MS));
    close_scene(&scene);
}

static void the_time_ends_the_wait(void **state)
{
    int64_t until_ns = clock_now_ns() + 30 * MS;
    struct scene scene;

    (void)state;
    open_scene(&scene);
    assert_false(wait_here(&scene, until_ns));
    assert_true(clock_now_ns() >= until_ns);
    assert_false(wait_here(&scene, until_ns)); /* which has passed */
    close_scene(&scene);
}

static void an_earlier_time_counts_after_a_later_one(void **state)
{
    struct scene scene;
    int64_t begun_ns;

    (void)state;
    open_scene(&scene);
    say(&scene);
    assert_true(wait_here(&scene, clock_now_ns() + 60000 * MS));
    hear(&scene);
    begun_ns = clock_now_ns();
    assert_false(wait_here(&scene, begun_ns + 20 * MS));
    assert_in_range(clock_now_ns() - begun_ns, 20 * MS, 30000 * MS);
    close_scene(&scene);
}

static void a_time_left_over_costs_a_later_wait_one_look(void **state)
{
    struct scene scene;
    int64_t until_ns;
    int looks = 0;

    (void)state;
    open_scene(&scene);
    say(&scene);
    assert_true(wait_here(&scene, clock_now_ns() + 10 * MS));
    hear(&scene);
    until_ns = clock_now_ns() + 60 * MS;
    while (clock_now_ns() < until_ns) {
        assert_false(wait_here(&scene, until_ns));
        looks++;
    }
    assert_in_range(looks, 1, 2);
    close_scene(&scene);
}

static void a_call_before_the_wait_ends_it_and_only_it(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    wait_wake(&scene.wait);
    wait_wake(&scene.wait);
    assert_false(wait_here(&scene, INT64_MAX));
    say(&scene);
    assert_true(wait_here(&scene, INT64_MAX));
    close_scene(&scene);
}

static void *call(void *wait)
{
    wait_wake(wait);
    return NULL;
}

static void a_call_from_another_thread_ends_the_wait(void **state)
{
    struct scene scene;
    pthread_t thread;

    (void)state;
    open_scene(&scene);
    assert_int_equal(pthread_create(&thread, NULL, call, &scene.wait), 0);
    assert_false(wait_here(&scene, INT64_MAX));
    pthread_join(thread, NULL);
    close_scene(&scene);
}

static void what_is_waited_for_may_change(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    assert_false(wait_until(&scene.wait, scene.ends[1], POLLIN, clock_now_ns() + MS));
    assert_true(wait_until(&scene.wait, scene.ends[1], POLLIN | POLLOUT, INT64_MAX));
    assert_false(wait_until(&scene.wait, scene.ends[1], POLLIN, clock_now_ns() + MS));
    close_scene(&scene);
}

static void nobody_waits_for_a_descriptor_that_is_no_more(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    assert_true(wait_until(&scene.wait, -1, POLLIN, INT64_MAX));
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_that_is_ready_ends_the_wait),
        cmocka_unit_test(the_time_ends_the_wait),
        cmocka_unit_test(an_earlier_time_counts_after_a_later_one),
        cmocka_unit_test(a_time_left_over_costs_a_later_wait_one_look),
        cmocka_unit_test(a_call_before_the_wait_ends_it_and_only_it),
        cmocka_unit_test(a_call_from_another_thread_ends_the_wait),
        cmocka_unit_test(what_is_waited_for_may_change),
        cmocka_unit_test(nobody_waits_for_a_descriptor_that_is_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
