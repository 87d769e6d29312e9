/*
 * test_cache.c - which texts get a statement, and which statement goes when there are too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/cache.h"

static size_t dropped;
static uintptr_t dropped_last;

static void drop(void *owner, uintptr_t statement)
{
    *(size_t *)owner += 1;
    dropped_last = statement;
}

static struct cache *cache_new(void)
{
    struct cache *cache = calloc(1, sizeof *cache);

    assert_non_null(cache);
    dropped = 0;
    cache->drop = drop;
    cache->owner = &dropped;
    return cache;
}

static void cache_free(struct cache *cache)
{
    cache_clear(cache);
    free(cache);
}

/* The key of a text of its own for each number; the text lives until the next call. */
static struct cache_key numbered(unsigned number)
{
    static char sql[64];

    snprintf(sql, sizeof sql, "SELECT %u", number);
    return cache_key(sql, NULL, 0);
}

static void keep(struct cache *cache, unsigned number)
{
    struct cache_key key = numbered(number);

    assert_non_null(cache_keep(cache, &key, number));
}

static bool is_kept(struct cache *cache, unsigned number)
{
    struct cache_key key = numbered(number);

    return cache_find(cache, &key) != NULL;
}

static void a_text_is_worth_a_statement_when_it_comes_again_and_again(void **state)
{
    struct cache *cache = cache_new();
    struct cache_key key = cache_key("SELECT 1", NULL, 0);

    (void)state;
    for (int times = 1; times < CACHE_FROM; times++)
        assert_false(cache_worth(cache, &key));
    assert_true(cache_worth(cache, &key));
    cache_free(cache);
}

static void texts_that_come_once_are_never_worth_it(void **state)
{
    struct cache *cache = cache_new();

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        struct cache_key key = numbered(i);

        assert_false(cache_worth(cache, &key));
    }
    cache_free(cache);
}

static void a_very_long_text_is_never_worth_it(void **state)
{
    struct cache *cache = cache_new();
    char *sql = malloc(CACHE_TEXT_MAX + 2);
    struct cache_key key;

    (void)state;
    assert_non_null(sql);
    memset(sql, 'x', CACHE_TEXT_MAX + 1);
    sql[CACHE_TEXT_MAX + 1] = '\0';
    key = cache_key(sql, NULL, 0);
    for (int times = 0; times < 2 * CACHE_FROM; times++)
        assert_false(cache_worth(cache, &key));
    free(sql);
    cache_free(cache);
}

static void a_statement_serves_its_text_with_its_types_and_no_other(void **state)
{
    const unsigned integer[] = {20}, text[] = {0}, two[] = {20, 20};
    struct cache_key key = cache_key("SELECT $1", integer, 1);
    struct cache_key others[] = {
        cache_key("SELECT $1", text, 1),     cache_key("SELECT $1", two, 2),
        cache_key("SELECT $1", NULL, 0),     cache_key("SELECT $2", integer, 1),
        cache_key("SELECT $1 ", integer, 1),
    };
    struct cache *cache = cache_new();
    char sql[] = "SELECT $1";

    (void)state;
    assert_non_null(cache_keep(cache, &key, 7));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(cache_find(cache, &others[i]));
    key = cache_key(sql, integer, 1); /* the same text in another place */
    assert_non_null(cache_find(cache, &key));
    assert_int_equal(cache_find(cache, &key)->statement, 7);
    cache_free(cache);
}

static void texts_with_the_same_hash_are_still_told_apart(void **state)
{
    struct cache *cache = cache_new();
    struct cache_key key = cache_key("SELECT 1", NULL, 0), other = cache_key("SELECT 2", NULL, 0);

    (void)state;
    assert_non_null(cache_keep(cache, &key, 7));
    other.hash = key.hash;
    assert_null(cache_find(cache, &other));
    cache_free(cache);
}

static void the_least_recently_used_statement_makes_room(void **state)
{
    struct cache *cache = cache_new();

    (void)state;
    for (unsigned i = 0; i < CACHE_ROOM; i++)
        keep(cache, i);
    assert_int_equal(dropped, 0);
    assert_true(is_kept(cache, 0)); /* which makes 1 the oldest */
    keep(cache, CACHE_ROOM);
    assert_int_equal(dropped, 1);
    assert_int_equal(dropped_last, 1);
    assert_true(is_kept(cache, 0));
    assert_false(is_kept(cache, 1));
    assert_true(is_kept(cache, CACHE_ROOM));
    cache_free(cache);
    assert_int_equal(dropped, CACHE_ROOM + 1);
}

static void a_forgotten_statement_leaves_a_place_for_the_next(void **state)
{
    struct cache *cache = cache_new();
    struct cache_key key;

    (void)state;
    for (unsigned i = 0; i < CACHE_ROOM; i++)
        keep(cache, i);
    key = numbered(3);
    cache_forget(cache, cache_find(cache, &key));
    assert_int_equal(dropped_last, 3);
    keep(cache, CACHE_ROOM);
    assert_int_equal(dropped, 1);
    assert_true(is_kept(cache, 0));
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_worth_a_statement_when_it_comes_again_and_again),
        cmocka_unit_test(texts_that_come_once_are_never_worth_it),
        cmocka_unit_test(a_very_long_text_is_never_worth_it),
        cmocka_unit_test(a_statement_serves_its_text_with_its_types_and_no_other),
        cmocka_unit_test(texts_with_the_same_hash_are_still_told_apart),
        cmocka_unit_test(the_least_recently_used_statement_makes_room),
        cmocka_unit_test(a_forgotten_statement_leaves_a_place_for_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
