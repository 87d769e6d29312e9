/*
 * test_pool_summary.c - many pools at a glance.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "cli/pool_summary.h"

enum { POOLS = 100 };

static hg_pool_snapshot pools[POOLS];
static const hg_pool_list list = {POOLS, pools};

static int begin(void **state)
{
    (void)state;
    for (int i = 0; i < POOLS; i++)
        pools[i] = (hg_pool_snapshot){
            .pid = 1000 + i,
            .process = "shop-api",
            .name = "main",
            .alive = true,
            .silent_ms = -1,
            .size = 10,
            .max_overflow = 5,
            .in_use = 2,
            .idle = 1,
            .oldest_waiting_ms = -1,
        };
    return 0;
}

static void assert_word(const char *expected)
{
    assert_string_equal(pool_state_word(&pools[0]), expected);
    assert_int_equal(pool_wants_attention(&pools[0]), strcmp(expected, "ok") != 0);
}

static void the_worst_about_a_pool_is_its_word(void **state)
{
    (void)state;
    assert_word("ok");
    pools[0].waiting = 1;
    assert_word("waiting");
    pools[0].mode = HG_MODE_PAUSED;
    assert_word("paused");
    pools[0].down_since_ms = 1;
    assert_word("DOWN");
    pools[0].silent_ms = 20000;
    assert_word("SILENT");
    pools[0].alive = false;
    assert_word("DEAD");
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (; (text = strchr(text, '\n')) != NULL; text++)
        lines++;
    return lines;
}

static void a_hundred_pools_are_a_hundred_rows_of_a_screens_width(void **state)
{
    struct buf out = BUF_INIT(1 << 20);

    (void)state;
    pools[7].waiting = 3;
    pools[7].oldest_waiting_ms = 1200;
    pools[9].alive = false; /* holds nothing any more */
    pool_summary(&out, &list);
    assert_int_equal(count_lines(out.bytes), POOLS + 2);
    assert_non_null(strstr(out.bytes, "1007"));
    assert_non_null(strstr(out.bytes, "1.2 s"));
    assert_non_null(strstr(out.bytes, "10+5"));
    assert_non_null(strstr(out.bytes, "100 pools: 198 connections in use, 99 idle; 3 callers "
                                      "waiting; 2 not well\n"));
    assert_in_range(strcspn(out.bytes, "\n"), 60, 100);
    buf_release(&out);
}

static void a_pool_without_limit_says_so(void **state)
{
    const hg_pool_list one = {1, pools};
    struct buf out = BUF_INIT(1 << 20);

    (void)state;
    pools[0].max_overflow = -1;
    pool_summary(&out, &one);
    assert_non_null(strstr(out.bytes, "no limit"));
    assert_non_null(strstr(out.bytes, "all are well\n"));
    buf_release(&out);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_worst_about_a_pool_is_its_word),
        TEST(a_hundred_pools_are_a_hundred_rows_of_a_screens_width),
        TEST(a_pool_without_limit_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
