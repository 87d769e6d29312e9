/*
 * test_stack.c - code addresses in words, and where another thread is.
 */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/stack.h"

/* A thread that waits, and may block the signal. */
struct sleeper {
    pthread_t thread;
    sem_t begun, end;
    bool blocks;
    int tid;
};

static void *sleep_on(void *context)
{
    struct sleeper *sleeper = context;
    sigset_t urgent;

    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    if (sleeper->blocks)
        pthread_sigmask(SIG_BLOCK, &urgent, NULL);
    sleeper->tid = (int)syscall(SYS_gettid);
    sem_post(&sleeper->begun);
    while (sem_wait(&sleeper->end) != 0)
        continue;
    return NULL;
}

static void start(struct sleeper *sleeper, bool blocks)
{
    *sleeper = (struct sleeper){.blocks = blocks};
    sem_init(&sleeper->begun, 0, 0);
    sem_init(&sleeper->end, 0, 0);
    assert_int_equal(pthread_create(&sleeper->thread, NULL, sleep_on, sleeper), 0);
    while (sem_wait(&sleeper->begun) != 0)
        continue;
}

static void finish(struct sleeper *sleeper)
{
    sem_post(&sleeper->end);
    pthread_join(sleeper->thread, NULL);
}

static void an_address_is_named_by_function_or_file(void **state)
{
    char place[160], unknown[160];

    (void)state;
    stack_place((const void *)(uintptr_t)&malloc, place, sizeof place);
    assert_non_null(strstr(place, "malloc+0"));
    stack_place((const void *)(uintptr_t)&an_address_is_named_by_function_or_file, place,
                sizeof place);
    assert_non_null(strstr(place, "test_base_stack"));
    assert_string_equal(stack_place(NULL, unknown, sizeof unknown), "an unknown place");
}

/* The thread sanitizer keeps a signal back that comes while it hands on another one, or blocks all
 * of them for as long; without it the first question is answered. */
static bool answers(int tid, struct stack *out)
{
    bool ok = stack_of_thread(tid, out);

    for (int i = 0; TEST_SANITIZE[0] != '\0' && !ok && i < 10000; i++) {
        (void)poll(NULL, 0, 1);
        ok = stack_of_thread(tid, out);
    }
    return ok;
}

static void a_thread_says_where_it_is(void **state)
{
    struct sleeper sleeper;
    struct stack stack = {0};
    char text[2048], place[160];

    (void)state;
    start(&sleeper, false);
    for (int i = 0; i < 10; i++)
        assert_true(answers(sleeper.tid, &stack));
    finish(&sleeper);
    assert_in_range(stack.count, 2, STACK_FRAMES);
    assert_non_null(strstr(stack_text(&stack, text, sizeof text), " < "));
    assert_non_null(strstr(text, "test_base_stack"));
    assert_non_null(
        strstr(stack_place(stack_of_program(&stack), place, sizeof place), "test_base"));
}

static void a_thread_that_blocks_the_signal_or_is_gone_is_not_waited_for(void **state)
{
    struct sleeper sleeper;
    struct stack stack = {0};

    (void)state;
    start(&sleeper, true);
    assert_false(stack_of_thread(sleeper.tid, &stack));
    finish(&sleeper);
    assert_false(stack_of_thread(sleeper.tid, &stack));
    assert_int_equal(stack.count, 0);
}

static void a_text_without_room_is_cut(void **state)
{
    struct stack stack = {.count = 2, .frames = {NULL, NULL}};
    char text[12];

    (void)state;
    assert_string_equal(stack_text(&stack, text, sizeof text), "an unknown ");
}

static volatile sig_atomic_t heard;

static void hear(int signal_number)
{
    heard = signal_number;
}

/* In a process of its own, where nobody has asked for a stack yet. */
static int urgent_data_still_reaches_the_program(void)
{
    struct sigaction programs = {.sa_handler = hear};
    struct sleeper sleeper;
    struct stack stack;
    bool ok;

    sigaction(SIGURG, &programs, NULL);
    start(&sleeper, false);
    ok = answers(sleeper.tid, &stack) && heard == 0;
    finish(&sleeper);
    raise(SIGURG);
    for (long i = 0; heard == 0 && i < 1000000; i++) /* the thread sanitizer hands it on later */
        (void)poll(NULL, 0, 0);
    return ok && heard == SIGURG ? 0 : 1;
}

/* The program takes the signal for itself after we have used it: from then on it is its own. */
static int a_later_handler_is_left_in_place(void)
{
    struct sigaction programs = {.sa_handler = hear}, now;
    struct sleeper sleeper;
    struct stack stack;
    bool ok;

    start(&sleeper, false);
    ok = answers(sleeper.tid, &stack);
    sigaction(SIGURG, &programs, NULL);
    ok = ok && !stack_of_thread(sleeper.tid, &stack) && heard == 0;
    finish(&sleeper);
    sigaction(SIGURG, NULL, &now);
    return ok && now.sa_handler == hear ? 0 : 1;
}

static void the_programs_own_handler_stays_in_force(void **state)
{
    const char *const cases[] = {"before", "after"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char command[64];

        snprintf(command, sizeof command, "/proc/%d/exe %s", (int)getpid(), cases[i]);
        assert_int_equal(system(command), 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_named_by_function_or_file),
        cmocka_unit_test(a_thread_says_where_it_is),
        cmocka_unit_test(a_thread_that_blocks_the_signal_or_is_gone_is_not_waited_for),
        cmocka_unit_test(a_text_without_room_is_cut),
        cmocka_unit_test(the_programs_own_handler_stays_in_force),
    };

    if (argc > 1)
        return strcmp(argv[1], "before") == 0 ? urgent_data_still_reaches_the_program()
                                              : a_later_handler_is_left_in_place();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
