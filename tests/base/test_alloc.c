/*
 * test_alloc.c - the door to malloc, and the containers that go through it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/vec.h"

static void memory_comes_zeroed_and_never_of_no_size(void **state)
{
    unsigned char *bytes = alloc_zero(3, 5);
    void *none = alloc_zero(0, 8);

    (void)state;
    for (size_t i = 0; i < 15; i++)
        assert_int_equal(bytes[i], 0);
    assert_non_null(none);
    alloc_free(bytes);
    alloc_free(none);
    alloc_free(NULL);
}

static void a_product_that_overflows_is_no_memory(void **state)
{
    void *block = alloc_zero(1, 1);
    struct arena arena = ARENA_INIT;

    (void)state;
    assert_null(alloc_zero(SIZE_MAX / 2, 3));
    assert_null(alloc_resize(block, SIZE_MAX / 2, 3));
    assert_null(alloc_text_n("", SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_text_n(&arena, "", SIZE_MAX));
    arena_release(&arena);
    alloc_free(block);
}

static void lines_begin_where_a_cache_line_does(void **state)
{
    char *block = alloc_lines(100);

    (void)state;
    assert_int_equal((uintptr_t)block % 64, 0);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(block[i], 0);
    alloc_free(block);
}

static void exactly_the_nth_allocation_fails(void **state)
{
    void *first, *second, *third;

    (void)state;
    alloc_fail_at(2);
    first = alloc_zero(1, 1);
    assert_false(alloc_failed());
    second = alloc_text("x");
    assert_true(alloc_failed());
    third = alloc_zero(1, 1);
    alloc_fail_at(0);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_false(alloc_failed());
    alloc_free(first);
    alloc_free(third);
}

static void what_an_arena_gives_is_zeroed_aligned_and_apart(void **state)
{
    struct arena arena = ARENA_INIT;
    char *before = NULL;

    (void)state;
    for (size_t n = 1; n < 20000; n = n * 2 + 1) {
        char *block = arena_alloc(&arena, n, 1);

        assert_non_null(block);
        assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(block[i], 0);
        memset(block, 0x5A, n);
        if (before != NULL)
            assert_int_equal(*before, 0x5A);
        before = block;
    }
    arena_release(&arena);
    assert_non_null(arena_alloc(&arena, 1, 1)); /* may be used again */
    arena_release(&arena);
}

static void an_arena_keeps_texts(void **state)
{
    struct arena arena = ARENA_INIT;
    const char *whole = arena_text(&arena, "whole");
    const char *part = arena_text_n(&arena, "partial", 4);
    const char *made = arena_printf(&arena, "%s-%d", "x", 7);

    (void)state;
    assert_string_equal(whole, "whole");
    assert_string_equal(part, "part");
    assert_string_equal(made, "x-7");
    arena_release(&arena);
}

static void an_arena_without_memory_says_so_and_keeps_what_it_has(void **state)
{
    struct arena arena = ARENA_INIT;
    const char *kept = arena_text(&arena, "kept");

    (void)state;
    alloc_fail_at(1);
    assert_null(arena_alloc(&arena, 100000, 1));
    alloc_fail_at(0);
    assert_string_equal(kept, "kept");
    arena_release(&arena);
}

static void a_vector_grows_and_keeps_its_items(void **state)
{
    VEC(int) numbers = VEC_INIT;
    int *n, expected = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        n = VEC_PUSH(&numbers);
        assert_non_null(n);
        assert_int_equal(*n, 0);
        *n = i;
    }
    assert_int_equal(numbers.count, 1000);
    VEC_EACH (&numbers, n)
        assert_int_equal(*n, expected++);
    assert_int_equal(expected, 1000);
    VEC_RELEASE(&numbers);
    assert_int_equal(numbers.count, 0);
    VEC_EACH (&numbers, n)
        fail_msg("an empty vector has no items");
}

static void a_vector_that_cannot_grow_is_as_it_was(void **state)
{
    VEC(int) numbers = VEC_INIT;

    (void)state;
    for (int i = 0; i < 8; i++)
        *VEC_PUSH(&numbers) = i;
    alloc_fail_at(1);
    assert_null(VEC_PUSH(&numbers));
    alloc_fail_at(0);
    assert_int_equal(numbers.count, 8);
    assert_int_equal(numbers.items[7], 7);
    VEC_RELEASE(&numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_zeroed_and_never_of_no_size),
        cmocka_unit_test(a_product_that_overflows_is_no_memory),
        cmocka_unit_test(lines_begin_where_a_cache_line_does),
        cmocka_unit_test(exactly_the_nth_allocation_fails),
        cmocka_unit_test(what_an_arena_gives_is_zeroed_aligned_and_apart),
        cmocka_unit_test(an_arena_keeps_texts),
        cmocka_unit_test(an_arena_without_memory_says_so_and_keeps_what_it_has),
        cmocka_unit_test(a_vector_grows_and_keeps_its_items),
        cmocka_unit_test(a_vector_that_cannot_grow_is_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
