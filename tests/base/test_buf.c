/*
 * test_buf.c - growing bytes: limits and sticky failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"

static void what_is_appended_is_there(void **state)
{
    struct buf b = BUF_INIT(1024);

    (void)state;
    buf_text(&b, "a");
    buf_printf(&b, "%d", 42);
    buf_char(&b, '!');
    assert_false(buf_failed(&b));
    assert_string_equal(b.bytes, "a42!");
    buf_release(&b);
}

static void a_full_buffer_keeps_what_it_had_and_refuses_the_rest(void **state)
{
    struct buf b = BUF_INIT(8);

    (void)state;
    buf_text(&b, "1234567");
    assert_false(buf_failed(&b));
    buf_text(&b, "8");
    assert_true(buf_failed(&b));
    assert_string_equal(b.bytes, "1234567");
    buf_release(&b);
}

static void a_failed_allocation_sticks(void **state)
{
    struct buf b = BUF_INIT(1024);

    (void)state;
    alloc_fail_at(1);
    buf_text(&b, "lost");
    alloc_fail_at(0);
    buf_text(&b, "not added either");
    assert_true(buf_failed(&b));
    assert_null(buf_take(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_there),
        cmocka_unit_test(a_full_buffer_keeps_what_it_had_and_refuses_the_rest),
        cmocka_unit_test(a_failed_allocation_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
