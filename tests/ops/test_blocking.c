/*
 * test_blocking.c - who blocks whom, in the order in which people read it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ops/blocking.h"

enum { MOST = 8 };

/* A session and the pids that block it, ended by -1. */
struct given {
    int64_t pid;
    int64_t blocked_by[4];
};

static size_t blockers(const int64_t *list)
{
    size_t n = 0;

    while (list[n] != -1)
        n++;
    return n;
}

/* The order as "pid@depth" and, where the branch goes on, the bits of it. */
static void assert_order(const struct given *given, size_t count, size_t in_trees,
                         const char *expected)
{
    hg_server_session list[MOST] = {{0}};
    hg_sessions sessions = {.sessions = list, .session_count = count};
    struct blocking_row rows[MOST];
    char got[200] = "";
    size_t found = 99;

    for (size_t i = 0; i < count; i++)
        list[i] = (hg_server_session){.pid = given[i].pid,
                                      .blocked_by = given[i].blocked_by,
                                      .blocked_by_count = blockers(given[i].blocked_by)};
    assert_true(blocking_order(&sessions, rows, &found));
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(got);

        snprintf(got + n, sizeof got - n, "%s%lld@%d", i == 0 ? "" : " ",
                 (long long)list[rows[i].session].pid, rows[i].depth);
        n = strlen(got);
        if (rows[i].more != 0)
            snprintf(got + n, sizeof got - n, "/%llu", (unsigned long long)rows[i].more);
    }
    assert_string_equal(got, expected);
    assert_int_equal(found, in_trees);
}

static void those_who_wait_stand_below_whom_they_wait_for(void **state)
{
    const struct given given[] = {{90, {-1}},    {18, {11, -1}}, {2, {11, -1}},
                                  {10, {2, -1}}, {11, {-1}},     {5, {-1}}};

    (void)state;
    assert_order(given, 6, 4, "11@0 2@1/2 10@2/2 18@1 90@0 5@0");
}

static void a_queue_for_one_lock_is_a_chain(void **state)
{
    const struct given given[] = {{1, {-1}}, {2, {1, -1}}, {3, {1, 2, -1}}, {4, {1, 2, 3, -1}}};

    (void)state;
    assert_order(given, 4, 4, "1@0 2@1 3@2 4@3");
}

static void a_deadlock_is_shown_once(void **state)
{
    const struct given given[] = {{1, {2, -1}}, {2, {1, -1}}, {3, {-1}}};

    (void)state;
    assert_order(given, 3, 2, "1@0 2@1 3@0");
}

static void who_waits_for_somebody_unlisted_leads_a_tree(void **state)
{
    const struct given given[] = {{7, {-1}}, {8, {0, -1}}, {9, {4711, 8, -1}}};

    (void)state;
    assert_order(given, 3, 2, "8@0 9@1 7@0");
}

static void without_a_blocker_the_order_stays(void **state)
{
    const struct given given[] = {{3, {-1}}, {1, {-1}}, {2, {-1}}};

    (void)state;
    assert_order(given, 3, 0, "3@0 1@0 2@0");
    assert_order(given, 0, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_wait_stand_below_whom_they_wait_for),
        cmocka_unit_test(a_queue_for_one_lock_is_a_chain),
        cmocka_unit_test(a_deadlock_is_shown_once),
        cmocka_unit_test(who_waits_for_somebody_unlisted_leads_a_tree),
        cmocka_unit_test(without_a_blocker_the_order_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
