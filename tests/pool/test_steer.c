/*
 * test_steer.c - what another process of the same user may ask of a pool, and what nobody may.
 *
 * With "publish FOLDER" as its arguments the program is such another process, as in
 * test_telemetry.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "pool/pool_state.h"
#include "pool/steer.h"
#include "support/callers.h"
#include "support/fake_driver.h"
#include "support/temp.h"

static char *folder;
static char answer[400];
static hg_error err;

static int begin(void **state)
{
    (void)state;
    fake_reset();
    setenv("TMPDIR", "/dev/shm", 1); /* pools publish themselves in memory only */
    folder = temp_dir_make();
    err = (hg_error){HG_OK};
    answer[0] = '\0';
    return 0;
}

static int end(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    temp_dir_remove(folder);
    return 0;
}

static hg_pool *published_pool(void)
{
    hg_pool_options options = pool_of(2, 2);

    options.runtime_dir = folder;
    options.name = "main";
    return fake_pool(&options);
}

/* The one pool in the folder. */
static void read_one(hg_pool_snapshot *out)
{
    hg_pool_list list;

    if (!hg_pool_list_read(folder, &list, &err))
        fail_msg("%s", err.message);
    assert_int_equal(list.count, 1);
    *out = list.pools[0];
    hg_pool_list_release(&list);
}

static bool ask_within(int64_t ms, hg_pool_order_kind kind, int number)
{
    const hg_pool_order order = {kind, number};
    hg_pool_snapshot pool;

    read_one(&pool);
    return hg_pool_ask(folder, &pool, &order, hg_deadline_in_ms(ms), answer, sizeof answer, &err);
}

static void ask(hg_pool_order_kind kind, int number)
{
    if (!ask_within(30000, kind, number))
        fail_msg("%s: %s", hg_pool_order_name(kind), err.message);
}

static hg_pool_snapshot seen(void)
{
    hg_pool_snapshot pool;

    read_one(&pool);
    return pool;
}

static void a_pool_is_paused_and_resumed_from_outside(void **state)
{
    hg_pool *pool = published_pool();
    hg_conn *conn = take(pool);
    struct caller *caller;
    struct call call;

    (void)state;
    ask(HG_ORDER_PAUSE, 0);
    assert_string_equal(answer, "paused: callers wait; 1 in use stay with their holders");
    assert_int_equal(seen().mode, HG_MODE_PAUSED);
    hg_pool_return(pool, conn);
    caller = caller_start(pool, NULL, 30000);
    await_waiting(pool, 1);
    ask(HG_ORDER_RESUME, 0);
    assert_string_equal(answer, "resumed");
    call = caller_end(caller);
    assert_true(call.ok);
    hg_pool_return(pool, call.conn);
    assert_int_equal(seen().mode, HG_MODE_OPEN);
    close_fake_pool(pool);
}

static void a_pool_is_resized_from_outside_and_keeps_its_overflow(void **state)
{
    hg_pool *pool = published_pool();

    (void)state;
    ask(HG_ORDER_RESIZE, 7);
    assert_string_equal(answer, "size is 7 now, it was 2");
    assert_int_equal(seen().size, 7);
    assert_int_equal(seen().max_overflow, 2);
    assert_false(ask_within(30000, HG_ORDER_RESIZE, 0));
    assert_int_equal(err.code, HG_USAGE);
    assert_false(ask_within(30000, HG_ORDER_RESIZE, 100000));
    assert_int_equal(err.code, HG_CONFIG);
    assert_int_equal(seen().size, 7);
    close_fake_pool(pool);
}

static void a_connection_is_evicted_from_outside_and_one_that_is_not_there_is_refused(void **state)
{
    hg_pool *pool = published_pool();
    hg_conn *conn = take(pool);

    (void)state;
    ask(HG_ORDER_EVICT, 0);
    assert_string_equal(answer, "connection 0 closes when it comes back");
    hg_pool_return(pool, conn);
    assert_int_equal(fake_open_now(), 0);
    assert_false(ask_within(30000, HG_ORDER_EVICT, 3));
    assert_int_equal(err.code, HG_MISUSE);
    assert_non_null(strstr(err.message, "the pool has none there"));
    close_fake_pool(pool);
}

static void a_pool_that_was_drained_from_outside_hands_out_nothing_and_hears_nothing(void **state)
{
    hg_pool *pool = published_pool();
    hg_conn *conn = NULL;

    (void)state;
    ask(HG_ORDER_DRAIN, 0);
    assert_false(hg_pool_checkout(pool, NULL, hg_deadline_in_ms(0), &conn, &err));
    assert_int_equal(err.code, HG_POOL_CLOSED);
    assert_int_equal(seen().mode, HG_MODE_DRAINING);
    assert_false(ask_within(30000, HG_ORDER_RESUME, 0));
    assert_int_equal(err.code, HG_POOL_CLOSED);
    close_fake_pool(pool);
}

static void what_was_asked_and_by_whom_stands_in_the_events(void **state)
{
    hg_pool *pool = published_pool();
    char expected[80];
    hg_pool_snapshot now;

    (void)state;
    ask(HG_ORDER_RESIZE, 3);
    now = seen();
    assert_int_equal(now.event_count, 2);
    assert_int_equal(now.events[0].kind, HG_POOL_EVENT_RESIZED);
    assert_string_equal(now.events[0].detail, "size 3, max overflow 2");
    assert_int_equal(now.events[1].kind, HG_POOL_EVENT_ASKED);
    snprintf(expected, sizeof expected, "resize 3 by process %d: size is 3 now, it was 2",
             (int)getpid());
    assert_string_equal(now.events[1].detail, expected);
    assert_false(ask_within(30000, HG_ORDER_EVICT, 1));
    now = seen();
    assert_non_null(strstr(now.events[2].detail, ": refused: could not evict connection 1"));
    close_fake_pool(pool);
}

/* --- another process --- */

static pid_t neighbour;
static int neighbour_input;

static void neighbour_start(void)
{
    char *argv[] = {(char[]){"neighbour"}, (char[]){"publish"}, folder, NULL};
    posix_spawn_file_actions_t files;
    int in[2], out[2];
    char line[8] = "";

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    assert_int_equal(posix_spawn(&neighbour, "/proc/self/exe", &files, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    close(in[0]);
    close(out[1]);
    assert_int_equal(read(out[0], line, sizeof line - 1), 6);
    close(out[0]);
    neighbour_input = in[1];
}

static void neighbour_end(void)
{
    int status;

    close(neighbour_input);
    assert_int_equal(waitpid(neighbour, &status, 0), neighbour);
}

static int be_neighbour(char *where)
{
    hg_pool *pool;
    char c;

    folder = where;
    pool = published_pool();
    hg_pool_return(pool, take(pool));
    if (write(1, "ready\n", 6) != 6)
        return 1;
    while (read(0, &c, 1) > 0)
        continue;
    hg_pool_close(pool, hg_deadline_in_ms(60000));
    return 0;
}

static void a_process_that_is_stopped_is_not_waited_for_and_does_nothing_later(void **state)
{
    int status;

    (void)state;
    neighbour_start();
    kill(neighbour, SIGSTOP);
    assert_int_equal(waitpid(neighbour, &status, WUNTRACED), neighbour);
    assert_false(ask_within(50, HG_ORDER_RESIZE, 9));
    assert_int_equal(err.code, HG_FAILED);
    assert_non_null(strstr(err.message, "gave no answer in time"));
    kill(neighbour, SIGCONT);
    ask(HG_ORDER_PAUSE, 0); /* comes after the other one */
    assert_int_equal(seen().size, 2);
    ask(HG_ORDER_RESUME, 0);
    neighbour_end();
}

static void many_who_ask_a_stopped_process_hear_that_it_does_not_listen(void **state)
{
    int status;

    (void)state;
    neighbour_start();
    kill(neighbour, SIGSTOP);
    assert_int_equal(waitpid(neighbour, &status, WUNTRACED), neighbour);
    for (int i = 0; i < 40; i++)
        assert_false(ask_within(1, HG_ORDER_PAUSE, 0));
    assert_non_null(strstr(err.message, "does not listen: others wait to be heard"));
    kill(neighbour, SIGCONT);
    while (!ask_within(30000, HG_ORDER_RESUME, 0))
        sched_yield(); /* those before are dropped first */
    assert_int_equal(seen().mode, HG_MODE_OPEN);
    neighbour_end();
}

static void a_process_that_was_killed_is_said_to_be_gone(void **state)
{
    (void)state;
    neighbour_start();
    kill(neighbour, SIGKILL);
    neighbour_end();
    assert_false(ask_within(30000, HG_ORDER_PAUSE, 0));
    assert_int_equal(err.code, HG_FAILED);
    assert_non_null(strstr(err.message, "is gone"));
}

static void the_socket_of_a_dead_process_goes_with_its_page(void **state)
{
    int64_t now_ms = clock_wall_ms();
    hg_pool_list list;
    char name[64], *path;

    (void)state;
    neighbour_start();
    snprintf(name, sizeof name, "steer-%d-0", (int)neighbour);
    path = temp_path(folder, name);
    kill(neighbour, SIGKILL);
    neighbour_end();
    (void)seen();
    assert_int_equal(access(path, F_OK), 0);
    clock_set_fake(clock_now_ns(), now_ms + 11 * 60 * 1000);
    assert_true(hg_pool_list_read(folder, &list, NULL));
    hg_pool_list_release(&list);
    assert_int_equal(access(path, F_OK), -1);
    free(path);
}

/* --- those who may not, or do not know how --- */

static int connect_raw(void)
{
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;
    char page[64];

    snprintf(page, sizeof page, TELEMETRY_PREFIX "%d-0", (int)getpid());
    steer_address(dir, page, &address);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        fd = -1;
    }
    close(dir);
    return fd;
}

static void messages_that_make_no_sense_are_dropped_and_the_next_one_is_heard(void **state)
{
    hg_pool *pool = published_pool();
    struct steer_request request = {
        .magic = STEER_MAGIC, .kind = HG_ORDER_KINDS, .by_ns = INT64_MAX};
    char junk[5000];

    (void)state;
    memset(junk, 'x', sizeof junk);
    for (size_t n = 0; n <= sizeof junk; n += n < 64 ? 8 : 1234) {
        int fd = connect_raw();

        assert_true(fd >= 0);
        (void)!send(fd, junk, n, 0);
        assert_true(recv(fd, junk, 1, 0) <= 0); /* hung up on */
        close(fd);
    }
    for (uint32_t kind = HG_ORDER_KINDS; kind > 0; kind = kind < UINT32_MAX / 3 ? kind * 3 : 0) {
        int fd = connect_raw();

        request.kind = kind;
        assert_int_equal(send(fd, &request, sizeof request, 0), sizeof request);
        assert_true(recv(fd, junk, 1, 0) <= 0);
        close(fd);
    }
    ask(HG_ORDER_RESIZE, 4);
    assert_int_equal(seen().size, 4);
    close_fake_pool(pool);
}

static void a_request_whose_time_has_passed_or_whose_asker_has_gone_is_void(void **state)
{
    hg_pool *pool = published_pool();
    struct steer_request request = {.magic = STEER_MAGIC, .kind = HG_ORDER_RESIZE, .number = 9};
    int fd = connect_raw();

    (void)state;
    request.by_ns = clock_now_ns() - 1;
    assert_int_equal(send(fd, &request, sizeof request, 0), sizeof request);
    assert_true(recv(fd, &request, 1, 0) <= 0);
    close(fd);
    ask(HG_ORDER_RESUME, 0);
    assert_int_equal(seen().size, 2);
    close_fake_pool(pool);
}

static void the_socket_belongs_to_its_user_alone(void **state)
{
    hg_pool *pool = published_pool();
    char name[64], *path;
    struct stat st;
    int status;
    pid_t pid;

    (void)state;
    snprintf(name, sizeof name, "steer-%d-0", (int)getpid());
    path = temp_path(folder, name);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    free(path);
    if (geteuid() == 0) { /* even where the file's mode lets somebody in */
        int inherited = connect_raw(), dir = open(folder, O_RDONLY | O_DIRECTORY);

        assert_int_equal(fchmodat(dir, name, 0666, 0), 0);
        pid = fork();
        if (pid == 0) {
            char byte;
            int fd = setuid(65534) == 0 ? connect_raw() : -2;

            /* an honest temp folder may be entered by others: the pool itself has to refuse */
            _exit(fd == -1 ? 0 : fd >= 0 && recv(fd, &byte, 1, 0) <= 0 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        close(inherited);
        close(dir);
    }
    close_fake_pool(pool);
}

static void a_folder_that_others_may_write_to_is_not_trusted(void **state)
{
    hg_pool *pool = published_pool();

    (void)state;
    assert_int_equal(chmod(folder, 0777), 0);
    assert_false(ask_within(30000, HG_ORDER_PAUSE, 0));
    assert_int_equal(err.code, HG_PRIVILEGE);
    assert_int_equal(seen().mode, HG_MODE_OPEN);
    close_fake_pool(pool);
}

static void what_a_dead_process_of_the_same_pid_left_is_not_in_the_way(void **state)
{
    char name[64], *path;
    hg_pool *pool;

    (void)state;
    snprintf(name, sizeof name, "steer-%d-0", (int)getpid());
    path = temp_path(folder, name);
    temp_write(folder, name, "old");
    pool = published_pool();
    ask(HG_ORDER_PAUSE, 0);
    assert_int_equal(seen().mode, HG_MODE_PAUSED);
    close_fake_pool(pool);
    assert_int_equal(access(path, F_OK), -1);
    free(path);
}

static void a_forked_child_leaves_its_parents_pool_steerable(void **state)
{
    hg_pool *pool = published_pool();
    int status, gate[2];
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(gate), 0);
    pid = fork();
    if (pid == 0) {
        hg_pool_snapshot own;
        char c;

        close(gate[1]);
        hg_pool_inspect(pool, &own); /* its first call: it has a page of its own now */
        (void)!read(gate[0], &c, 1);
        _exit(0);
    }
    close(gate[0]);
    for (;;) { /* until both are there */
        hg_pool_list list;
        const hg_pool_order order = {HG_ORDER_RESIZE, 5};
        bool both;

        assert_true(hg_pool_list_read(folder, &list, NULL));
        both = list.count == 2;
        for (size_t i = 0; both && i < 2; i++)
            if (!hg_pool_ask(folder, &list.pools[i], &order, hg_deadline_in_ms(30000), answer,
                             sizeof answer, &err))
                fail_msg("%s", err.message);
        hg_pool_list_release(&list);
        if (both)
            break;
        sched_yield();
    }
    assert_int_equal(atomic_load(&pool->telemetry.head->size), 5);
    close(gate[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close_fake_pool(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pool_is_paused_and_resumed_from_outside),
        TEST(a_pool_is_resized_from_outside_and_keeps_its_overflow),
        TEST(a_connection_is_evicted_from_outside_and_one_that_is_not_there_is_refused),
        TEST(a_pool_that_was_drained_from_outside_hands_out_nothing_and_hears_nothing),
        TEST(what_was_asked_and_by_whom_stands_in_the_events),
        TEST(a_process_that_is_stopped_is_not_waited_for_and_does_nothing_later),
        TEST(many_who_ask_a_stopped_process_hear_that_it_does_not_listen),
        TEST(a_process_that_was_killed_is_said_to_be_gone),
        TEST(the_socket_of_a_dead_process_goes_with_its_page),
        TEST(messages_that_make_no_sense_are_dropped_and_the_next_one_is_heard),
        TEST(a_request_whose_time_has_passed_or_whose_asker_has_gone_is_void),
        TEST(the_socket_belongs_to_its_user_alone),
        TEST(a_folder_that_others_may_write_to_is_not_trusted),
        TEST(what_a_dead_process_of_the_same_pid_left_is_not_in_the_way),
        TEST(a_forked_child_leaves_its_parents_pool_steerable),
    };

    if (argc == 3 && strcmp(argv[1], "publish") == 0)
        return be_neighbour(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
