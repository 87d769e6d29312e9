/*
 * test_pools.c - `headgate pools` from another terminal while the demo's processes work, hang and
 * die; and orders to them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/process.h"
#include "support/temp.h"
#include "support/tty.h"

static char *folder, *memory; /* of these tests; the second one where pools publish themselves */
static char runtime[512];     /* HEADGATE_RUNTIME_DIR=... */
static struct tty *demo;
static json_t *seen; /* the last document; api's pools are borrowed from it */

static int begin(void **state)
{
    const char *const settings[] = {runtime, NULL};
    const char *const argv[] = {TEST_HEADGATE, "demo", NULL};
    const struct tty_options options = {.environment = settings};

    (void)state;
    folder = temp_dir_make();
    setenv("TMPDIR", "/dev/shm", 1);
    memory = temp_dir_make();
    unsetenv("TMPDIR");
    snprintf(runtime, sizeof runtime, "HEADGATE_RUNTIME_DIR=%s", memory);
    demo = tty_start(&options, argv);
    assert_true(tty_wait(demo, "shop-api"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    tty_type(demo, "q"); /* it takes its processes and its project with it */
    (void)tty_wait_end(demo);
    tty_free(demo);
    json_decref(seen);
    seen = NULL;
    temp_dir_remove(folder);
    temp_dir_remove(memory);
    return 0;
}

static struct process_result pools(const char *a, const char *b, const char *c, const char *d)
{
    return headgate_run(folder, runtime, "pools", a, b, c, d, NULL);
}

/* The pool of the demo's shop-api, as it is now. */
static json_t *api(void)
{
    struct process_result result = pools("--json", NULL, NULL, NULL);
    json_t *row;
    size_t i;

    assert_int_equal(result.status, 0);
    json_decref(seen);
    seen = json_loads(result.out, 0, NULL);
    assert_non_null(seen);
    process_release(&result);
    json_array_foreach(json_object_get(seen, "pools"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "process")), "shop-api") == 0)
            return row;
    }
    fail_msg("the demo's api has no pool");
    return NULL;
}

static json_int_t number(const json_t *pool, const char *name)
{
    return json_integer_value(json_object_get(pool, name));
}

static const char *text(const json_t *pool, const char *name)
{
    return json_string_value(json_object_get(pool, name));
}

/* 'S', 'R', 'T', 'Z', ...; 'X' when it is gone. */
static char state_of(pid_t pid)
{
    struct buf stat = BUF_INIT(4096);
    char path[64], letter = 'X';
    const char *at;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (file_read(path, &stat, NULL) && (at = strrchr(stat.bytes, ')')) != NULL)
        letter = at[2];
    buf_release(&stat);
    return letter;
}

static void await_state_of(pid_t pid, char letter)
{
    while (state_of(pid) != letter)
        sched_yield();
}

static void the_pools_of_the_demo_move(void **state)
{
    json_int_t before = number(api(), "checkouts");
    json_t *pool;

    (void)state;
    do
        pool = api();
    while (number(pool, "checkouts") == before);
    assert_true(number(pool, "checkouts") > before);
    assert_string_equal(text(pool, "life"), "alive");
    assert_int_equal(number(pool, "size"), 4);
    assert_true(json_array_size(json_object_get(pool, "connections")) > 0);
    assert_true(json_array_size(json_object_get(pool, "events")) > 0);
    assert_non_null(strstr(text(json_object_get(pool, "advice"), "message"), "8 configured"));
}

static void a_stopped_process_is_read_and_a_killed_one_is_dead_at_once(void **state)
{
    pid_t pid = (pid_t)number(api(), "pid");
    json_int_t checkouts;
    json_t *pool;

    (void)state;
    kill(pid, SIGSTOP);
    await_state_of(pid, 'T');
    pool = api();
    checkouts = number(pool, "checkouts");
    assert_true(json_is_true(json_object_get(pool, "alive")));
    assert_int_equal(number(api(), "checkouts"), checkouts);
    kill(pid, SIGKILL);
    do /* of a process with threads the first one may be gone before the others */
        pool = api();
    while (strcmp(text(pool, "life"), "dead") != 0);
    assert_int_equal(number(pool, "checkouts"), checkouts); /* its last words */
    assert_true(json_array_size(json_object_get(pool, "events")) > 0);
}

static void several_pools_are_a_table_first_and_one_can_be_asked_for(void **state)
{
    char pid[16], target[32];
    struct process_result result;

    (void)state;
    snprintf(pid, sizeof pid, "%d", (int)number(api(), "pid"));
    result = pools(NULL, NULL, NULL, NULL);
    assert_memory_equal(result.out, "PROCESS ", 8);
    assert_non_null(strstr(result.out, "3 pools: "));
    assert_non_null(strstr(result.out, "\nshop-worker "));
    process_release(&result);
    result = pools(pid, NULL, NULL, NULL);
    assert_memory_equal(result.out, "shop-api ", 9);
    assert_null(strstr(result.out, "shop-worker"));
    process_release(&result);
    snprintf(target, sizeof target, "%s:main", pid);
    result = pools("--json", target, NULL, NULL);
    assert_null(strstr(result.out, "shop-worker"));
    assert_non_null(strstr(result.out, "shop-api"));
    process_release(&result);
}

static void orders_reach_the_pool_and_only_the_consented_ones(void **state)
{
    char pid[32];
    struct process_result result;

    (void)state;
    snprintf(pid, sizeof pid, "%d:main", (int)number(api(), "pid"));
    result = pools("pause", pid, NULL, NULL);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "paused: callers wait"));
    process_release(&result);
    assert_string_equal(text(api(), "mode"), "paused");
    result = pools("resume", pid, "--json", NULL);
    assert_non_null(strstr(result.out, "\"order\":\"resume\""));
    assert_non_null(strstr(result.out, "\"answer\":\"resumed\""));
    process_release(&result);
    assert_string_equal(text(api(), "mode"), "open");

    result = pools("resize", "6", pid, NULL);
    assert_int_equal(result.status, 0);
    process_release(&result);
    assert_int_equal(number(api(), "size"), 6);
    result = pools("resize", "6", pid, "--read-only");
    assert_int_equal(result.status, 4);
    process_release(&result);
    result = pools("drain", pid, NULL, NULL);
    assert_int_equal(result.status, 4);
    assert_non_null(strstr(result.err, "cannot be taken back"));
    process_release(&result);
    assert_string_equal(text(api(), "mode"), "open");
    result = pools("drain", pid, "--yes", NULL);
    assert_int_equal(result.status, 0);
    process_release(&result);
    assert_string_equal(text(api(), "mode"), "draining");
}

static void in_production_an_order_wants_the_databases_name(void **state)
{
    char pid[32];
    struct process_result result;

    (void)state;
    snprintf(pid, sizeof pid, "%d", (int)number(api(), "pid"));
    result = headgate_run(folder, runtime, "--env", "production", "--url",
                          "postgresql://app@db.internal/shop", "pools", "pause", pid, NULL);
    assert_int_equal(result.status, 4);
    assert_non_null(strstr(result.err, "--confirm shop"));
    process_release(&result);
    assert_string_equal(text(api(), "mode"), "open");
    result = headgate_run(folder, runtime, "--env", "production", "--url",
                          "postgresql://app@db.internal/shop", "pools", "pause", pid, "--confirm",
                          "shop", NULL);
    assert_int_equal(result.status, 0);
    process_release(&result);
    assert_string_equal(text(api(), "mode"), "paused");
}

static void what_cannot_be_meant_is_refused_with_status_2(void **state)
{
    struct process_result result = pools("pause", "1", NULL, NULL);

    (void)state;
    assert_int_equal(result.status, 2);
    assert_non_null(strstr(result.err, "process 1 has no pool"));
    process_release(&result);
    result = pools("stop", "1", NULL, NULL);
    assert_int_equal(result.status, 2);
    process_release(&result);
}

static void watching_goes_on_until_ctrl_c(void **state)
{
    const char *const settings[] = {runtime, NULL};
    const char *const argv[] = {TEST_HEADGATE, "pools", "--watch", NULL};
    const struct tty_options options = {.environment = settings, .width = 120, .height = 60};
    struct tty *watch = tty_start(&options, argv);
    size_t size = 0;

    (void)state;
    assert_true(tty_wait(watch, "shop-worker"));
    (void)tty_bytes(watch, &size);
    while (size < 3 * strlen("\x1b[H\x1b[2J")
           || strstr(strstr(tty_bytes(watch, &size), "\x1b[2J") + 4, "\x1b[2J") == NULL)
        (void)tty_listen(watch, 20); /* until it has been drawn twice */
    tty_type(watch, "\x03");
    assert_int_equal(tty_wait_end(watch), 0);
    tty_free(watch);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_pools_of_the_demo_move),
        TEST(a_stopped_process_is_read_and_a_killed_one_is_dead_at_once),
        TEST(several_pools_are_a_table_first_and_one_can_be_asked_for),
        TEST(orders_reach_the_pool_and_only_the_consented_ones),
        TEST(in_production_an_order_wants_the_databases_name),
        TEST(what_cannot_be_meant_is_refused_with_status_2),
        TEST(watching_goes_on_until_ctrl_c),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
