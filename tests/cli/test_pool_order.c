/*
 * test_pool_order.c - what stands behind `headgate pools`: only what can be meant in one way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/pool_order.h"

static hg_pool_order order;
static struct pool_target target;
static hg_error err;

/* Words with one space between them. */
static bool parse(const char *line)
{
    static char text[128];
    const char *words[8];
    size_t count = 0;
    char *save = NULL;

    order = (hg_pool_order){HG_ORDER_KINDS, -1};
    target = (struct pool_target){0};
    err = (hg_error){HG_OK};
    assert_true(strlen(line) < sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        words[count++] = word;
    return pool_order_parse(words, count, &order, &target, &err);
}

static void every_order_is_understood(void **state)
{
    (void)state;
    assert_true(parse("pause 42"));
    assert_int_equal(order.kind, HG_ORDER_PAUSE);
    assert_int_equal(target.pid, 42);
    assert_null(target.name);
    assert_true(parse("resume 42:main"));
    assert_int_equal(order.kind, HG_ORDER_RESUME);
    assert_string_equal(target.name, "main");
    assert_true(parse("drain 42:a:b"));
    assert_int_equal(order.kind, HG_ORDER_DRAIN);
    assert_string_equal(target.name, "a:b");
    assert_true(parse("resize 10 42"));
    assert_int_equal(order.kind, HG_ORDER_RESIZE);
    assert_int_equal(order.number, 10);
    assert_true(parse("evict 0 42:main"));
    assert_int_equal(order.kind, HG_ORDER_EVICT);
    assert_int_equal(order.number, 0);
}

static void what_can_be_misread_is_refused(void **state)
{
    static const char *const lines[] = {
        "stop 42",     "pause",         "pause main",    "pause 0",           "pause -4",
        "pause 42:",   "pause 42x",     "pause 42 main", "pause 99999999999", "resize 42",
        "resize 0 42", "resize 257 42", "resize 5x 42",  "resize 5",          "resize 5 6 42",
        "evict 42",    "evict 256 42",  "evict -1 42",   "evict 1 2 42",      "resize 10 :main",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (parse(lines[i]))
            fail_msg("\"%s\" was understood", lines[i]);
        assert_int_equal(err.code, HG_USAGE);
        assert_true(err.message[0] != '\0');
    }
}

static hg_pool_snapshot pools[3];
static const hg_pool_list list = {3, pools};

static int make_pools(void **state)
{
    (void)state;
    pools[0] = (hg_pool_snapshot){.pid = 42, .name = "main", .alive = true};
    pools[1] = (hg_pool_snapshot){.pid = 42, .name = "jobs", .alive = true};
    pools[2] = (hg_pool_snapshot){.pid = 43, .name = "main", .alive = true};
    return 0;
}

static const hg_pool_snapshot *find(int64_t pid, const char *name)
{
    const struct pool_target wanted = {pid, name};
    const hg_pool_snapshot *pool = NULL;

    err = (hg_error){HG_OK};
    return pool_order_find(&list, &wanted, &pool, &err) ? pool : NULL;
}

static void a_process_with_one_pool_needs_no_name(void **state)
{
    (void)state;
    assert_ptr_equal(find(43, NULL), &pools[2]);
    assert_ptr_equal(find(42, "jobs"), &pools[1]);
}

static void a_process_with_several_pools_has_to_be_told_which(void **state)
{
    (void)state;
    assert_null(find(42, NULL));
    assert_int_equal(err.code, HG_USAGE);
    assert_non_null(strstr(err.message, "more than one pool"));
    assert_null(find(42, "other"));
    assert_non_null(strstr(err.message, "no pool"));
    assert_null(find(44, NULL));
}

static void two_of_one_name_cannot_be_told_apart(void **state)
{
    (void)state;
    memcpy(pools[1].name, "main", 5);
    assert_null(find(42, "main"));
    assert_non_null(strstr(err.message, "more than one pool of the name main"));
}

static void one_that_lives_is_meant_before_what_a_dead_one_left(void **state)
{
    (void)state;
    memcpy(pools[1].name, "main", 5);
    pools[0].alive = false;
    assert_ptr_equal(find(42, "main"), &pools[1]);
    pools[0].alive = true;
    pools[1].alive = false;
    assert_ptr_equal(find(42, "main"), &pools[0]);
}

#define TEST(name) cmocka_unit_test_setup(name, make_pools)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_order_is_understood),
        TEST(what_can_be_misread_is_refused),
        TEST(a_process_with_one_pool_needs_no_name),
        TEST(a_process_with_several_pools_has_to_be_told_which),
        TEST(two_of_one_name_cannot_be_told_apart),
        TEST(one_that_lives_is_meant_before_what_a_dead_one_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
