/*
 * test_telemetry.c - what other processes see of a pool, while it lives, hangs, has died or lies.
 *
 * With "publish FOLDER" as its arguments the program is such another process: it makes a pool with
 * two connections in use and one idle, says so with a line, and waits until its input ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rand.h"
#include "pool/pool_state.h"
#include "published.h"
#include "support/callers.h"
#include "support/fake_driver.h"
#include "support/temp.h"

static size_t count_files(void)
{
    struct file_list files;
    size_t count;

    assert_true(file_list(folder, "", &files, NULL));
    count = files.count;
    file_list_release(&files);
    return count;
}

/* Another process with a pool. */
struct neighbour {
    pid_t pid;
    int input;
};

static struct neighbour neighbour_start(void)
{
    char *argv[] = {(char[]){"neighbour"}, (char[]){"publish"}, folder, NULL};
    posix_spawn_file_actions_t files;
    struct neighbour n;
    int in[2], out[2];
    char line[8] = "";

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    assert_int_equal(posix_spawn(&n.pid, "/proc/self/exe", &files, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    close(in[0]);
    close(out[1]);
    assert_int_equal(read(out[0], line, sizeof line - 1), 6);
    assert_string_equal(line, "ready\n");
    close(out[0]);
    n.input = in[1];
    return n;
}

static void neighbour_end(struct neighbour n)
{
    int status;

    close(n.input);
    assert_int_equal(waitpid(n.pid, &status, 0), n.pid);
}

static int be_neighbour(const char *where)
{
    hg_conn *conns[3];
    hg_pool *pool;
    char c;

    prctl(PR_SET_NAME, "neighbour");
    folder = (char *)where;
    pool = published_pool(2, "orders");
    for (int i = 0; i < 3; i++)
        conns[i] = take(pool);
    hg_pool_return(pool, conns[2]);
    if (write(1, "ready\n", 6) != 6)
        return 1;
    while (read(0, &c, 1) > 0)
        continue;
    hg_pool_return(pool, conns[0]);
    hg_pool_return(pool, conns[1]);
    hg_pool_close(pool, hg_deadline_in_ms(60000));
    return 0;
}

static void assert_neighbour_is_seen(pid_t pid, bool alive)
{
    hg_pool_list list = read_list();
    const hg_pool_snapshot *pool = list.pools;

    assert_int_equal(list.count, 1);
    assert_int_equal(pool->pid, pid);
    assert_int_equal(pool->alive, alive);
    assert_string_equal(pool->process, "neighbour");
    assert_string_equal(pool->name, "orders");
    assert_string_equal(pool->role, "test");
    assert_int_equal(pool->size, 2);
    assert_int_equal(pool->max_overflow, 2);
    assert_int_equal(pool->in_use, 2);
    assert_int_equal(pool->idle, 1);
    assert_int_equal(pool->overflow, 1);
    assert_int_equal(pool->checkouts, 3);
    assert_int_equal(pool->connection_count, 3);
    assert_string_equal(pool->connections[0].holder, "test");
    assert_int_equal(pool->connections[0].holder_tid, pid);
    assert_true(pool->connections[0].held_ms >= 0);
    assert_true(pool->seen_ms >= pool->started_ms);
    hg_pool_list_release(&list);
}

static void a_pool_is_seen_by_another_process_until_it_is_closed(void **state)
{
    struct neighbour n = neighbour_start();

    (void)state;
    assert_neighbour_is_seen(n.pid, true);
    neighbour_end(n);
    assert_int_equal(count_files(), 0);
}

static void a_pool_whose_process_is_stopped_can_be_read(void **state)
{
    struct neighbour n = neighbour_start();
    int status;

    (void)state;
    kill(n.pid, SIGSTOP);
    assert_int_equal(waitpid(n.pid, &status, WUNTRACED), n.pid);
    assert_neighbour_is_seen(n.pid, true);
    kill(n.pid, SIGCONT);
    neighbour_end(n);
}

static void a_pool_whose_process_was_killed_shows_its_last_state_for_ten_minutes(void **state)
{
    struct neighbour n = neighbour_start();
    int64_t now_ms = clock_wall_ms();
    hg_pool_list list;

    (void)state;
    kill(n.pid, SIGKILL);
    neighbour_end(n);
    assert_neighbour_is_seen(n.pid, false);
    clock_set_fake(clock_now_ns(), now_ms + 9 * 60 * 1000);
    assert_neighbour_is_seen(n.pid, false);
    clock_set_fake(clock_now_ns(), now_ms + 11 * 60 * 1000);
    list = read_list();
    hg_pool_list_release(&list);
    assert_int_equal(count_files(), 0);
}

static void pools_of_one_process_are_told_apart_and_ordered(void **state)
{
    hg_pool *b = published_pool(2, "b"), *a = published_pool(2, "a");
    hg_pool_list list = read_list();

    (void)state;
    assert_int_equal(list.count, 2);
    assert_string_equal(list.pools[0].name, "a");
    assert_string_equal(list.pools[1].name, "b");
    assert_true(list.pools[0].alive);
    hg_pool_list_release(&list);
    close_fake_pool(a);
    list = read_list();
    assert_int_equal(list.count, 1);
    assert_true(list.pools[0].alive); /* reading our own file has not dropped its lock */
    hg_pool_list_release(&list);
    close_fake_pool(b);
}

static void a_failed_connect_leaves_its_text(void **state)
{
    hg_pool *pool = published_pool(2, "main");
    hg_conn *conn = NULL;
    hg_pool_list list;

    (void)state;
    fake_fail(FAKE_OPEN, 1, HG_UNAVAILABLE);
    assert_false(hg_pool_checkout(pool, NULL, hg_deadline_in_ms(60000), &conn, NULL));
    list = read_list();
    assert_string_equal(list.pools[0].last_error, "the fake engine fails this open: unavailable");
    assert_true(list.pools[0].last_error_ms > 0);
    assert_int_equal(list.pools[0].connect_failures, 1);
    hg_pool_list_release(&list);
    close_fake_pool(pool);
}

static void a_folder_that_is_missing_is_made_and_one_without_pools_is_empty(void **state)
{
    char *deeper = temp_path(folder, "deeper"), *outer = folder;
    struct stat st;
    hg_pool_list list;
    hg_pool *pool;

    (void)state;
    folder = deeper;
    list = read_list();
    assert_int_equal(list.count, 0);
    pool = published_pool(2, "main");
    assert_int_equal(stat(deeper, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    list = read_list();
    assert_int_equal(list.count, 1);
    hg_pool_list_release(&list);
    close_fake_pool(pool);
    folder = outer;
    free(deeper);
}

static char logged[1024];

static void note(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    snprintf(logged, sizeof logged, "%s", line);
}

/* The pool works, nobody sees it, and the log says why. */
static void assert_works_unseen(const char *why)
{
    size_t before = count_files();
    hg_pool *pool;

    logged[0] = '\0';
    log_to(note, NULL, LOG_WARN);
    pool = published_pool(2, "main");
    log_to(NULL, NULL, LOG_ERROR);
    assert_non_null(strstr(logged, why));
    hg_pool_return(pool, take(pool));
    assert_status(pool, 1, -1, 0);
    assert_int_equal(count_files(), before);
    close_fake_pool(pool);
}

static void a_folder_that_others_may_write_to_is_not_used(void **state)
{
    (void)state;
    assert_int_equal(chmod(folder, 0777), 0);
    assert_works_unseen("other users may write");
}

static void a_folder_that_belongs_to_somebody_else_is_not_used(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can give a folder away */
    assert_int_equal(chown(folder, 65534, 65534), 0);
    assert_works_unseen("belongs to another user");
}

static void a_folder_on_a_disk_is_not_used(void **state)
{
    char *in_memory = folder;

    (void)state;
    folder = (char[]){"/proc/self/task"}; /* no disk either, but not shared memory */
    logged[0] = '\0';
    log_to(note, NULL, LOG_WARN);
    close_fake_pool(published_pool(2, "main"));
    assert_non_null(strstr(logged, "not in memory"));
    folder = in_memory;
}

static void without_room_for_its_file_a_pool_works_all_the_same(void **state)
{
    struct rlimit before, little;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

    (void)state;
    getrlimit(RLIMIT_FSIZE, &before);
    little = before;
    little.rlim_cur = 100;
    setrlimit(RLIMIT_FSIZE, &little);
    assert_works_unseen("reserve and lock a file");
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
}

static void put_file(const char *name, const void *bytes, size_t n)
{
    char *path = temp_path(folder, name);

    unlink(path);
    assert_true(file_create(path, bytes, n, 0600, NULL));
    free(path);
}

/* Reads whatever lies there; what comes out must hold what the header promises. */
static void assert_reading_is_safe(void)
{
    hg_pool_list list = read_list();

    for (size_t i = 0; i < list.count; i++) {
        const hg_pool_snapshot *pool = &list.pools[i];

        assert_true(pool->connection_count <= HG_POOL_SLOTS_MAX);
        assert_true(memchr(pool->name, 0, sizeof pool->name) != NULL);
        assert_true(memchr(pool->database, 0, sizeof pool->database) != NULL);
        assert_true(memchr(pool->last_error, 0, sizeof pool->last_error) != NULL);
        assert_in_range(pool->size, 0, HG_POOL_SLOTS_MAX);
        assert_true(pool->waiting >= 0 && pool->overflow >= 0);
        for (size_t k = 0; k < pool->connection_count; k++) {
            assert_in_range(pool->connections[k].state, HG_SLOT_OPENING, HG_SLOT_CLOSING);
            assert_true(memchr(pool->connections[k].holder, 0, HG_TAG_MAX) != NULL);
        }
    }
    hg_pool_list_release(&list);
}

static void bytes_that_lie_are_read_without_harm(void **state)
{
    struct buf page = BUF_INIT(1 << 20);
    hg_pool *pool = published_pool(2, "main");
    struct file_list files;
    char *path, *bytes;

    (void)state;
    hg_pool_return(pool, take(pool));
    assert_true(file_list(folder, "", &files, NULL));
    path = temp_path(folder, files.names[0]);
    assert_true(file_read(path, &page, NULL));
    free(path);
    file_list_release(&files);
    close_fake_pool(pool);
    bytes = malloc(page.size);
    rand_seed(77);
    for (int round = 0; round < 3000; round++) {
        memcpy(bytes, page.bytes, page.size);
        for (int64_t i = rand_below(8); i >= 0; i--) /* the head is what others believe */
            bytes[rand_below(i % 2 ? 2048 : (int64_t)page.size)] = (char)rand_u64();
        put_file("pool-1-0", bytes, round % 3 ? page.size : (size_t)rand_below((int64_t)page.size));
        assert_reading_is_safe();
    }
    for (size_t i = 0; i < page.size; i++)
        bytes[i] = (char)rand_u64();
    put_file("pool-1-0", bytes, page.size);
    memcpy(bytes, page.bytes, 32);
    put_file("pool-2-0", bytes, page.size);
    assert_reading_is_safe();
    free(bytes);
    buf_release(&page);
}

static void what_is_not_a_file_of_ours_is_passed_over(void **state)
{
    char *link = temp_path(folder, "pool-1-0"), *fifo = temp_path(folder, "pool-2-0");
    char *dir = temp_path(folder, "pool-3-0");
    hg_pool *pool = published_pool(2, "main");
    hg_pool_list list;

    (void)state;
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    put_file("pool-4-0", "", 0);
    list = read_list();
    assert_int_equal(list.count, 1);
    hg_pool_list_release(&list);
    close_fake_pool(pool);
    free(link);
    free(fifo);
    free(dir);
}

struct work {
    hg_pool *pool;
    atomic_bool stop;
};

static void *work(void *context)
{
    struct work *w = context;

    while (!atomic_load(&w->stop))
        hg_pool_return(w->pool, take(w->pool));
    return NULL;
}

static void counters_never_go_back_while_a_pool_is_at_work(void **state)
{
    struct work w = {.pool = published_pool(2, "main")};
    uint64_t before = 0, first = 0;
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &w), 0);
    for (int i = 0; i < 2000 || before == first; i++) {
        hg_pool_list list = read_list();

        assert_int_equal(list.count, 1);
        assert_true(list.pools[0].in_use <= 4);
        assert_true(list.pools[0].checkouts >= before);
        before = list.pools[0].checkouts;
        first = first == 0 ? before : first;
        hg_pool_list_release(&list);
    }
    atomic_store(&w.stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    close_fake_pool(w.pool);
}

static void a_published_pool_gives_signs_of_life_before_it_has_connections(void **state)
{
    hg_pool *pool = published_pool(2, "main");

    (void)state;
    while (atomic_load(&pool->telemetry.head->beat_ns) == 0)
        sched_yield();
    close_fake_pool(pool);
}

static void a_pool_without_history_is_seen_and_steered_and_keeps_none(void **state)
{
    const hg_pool_order resume = {HG_ORDER_RESUME, 0};
    hg_pool_options options = pool_of(2, 2);
    char answer[200];
    hg_pool_list list;
    hg_pool *pool;

    (void)state;
    options.runtime_dir = folder;
    options.name = "tool";
    options.no_history = true;
    pool = fake_pool(&options);
    list = read_list();
    assert_int_equal(list.count, 1);
    assert_true(list.pools[0].alive);
    assert_true(hg_pool_ask(folder, &list.pools[0], &resume, hg_deadline_in_ms(20000), answer,
                            sizeof answer, NULL)); /* its housekeeper has been around */
    assert_int_equal(atomic_load(&pool->telemetry.head->beat_ns), 0);
    hg_pool_list_release(&list);
    close_fake_pool(pool);
}

static void a_pool_of_ten_takes_less_than_64_kilobytes(void **state)
{
    hg_pool *pool = published_pool(10, "main");
    struct stat st;

    (void)state;
    assert_int_equal(fstat(pool->telemetry.fd, &st), 0);
    assert_true(sizeof *pool + HG_POOL_SLOTS_MAX * sizeof *pool->slots
                    + 10 * sizeof *pool->slots->loans + (size_t)st.st_size
                < 64 * 1024);
    close_fake_pool(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pool_is_seen_by_another_process_until_it_is_closed),
        TEST(a_pool_whose_process_is_stopped_can_be_read),
        TEST(a_pool_whose_process_was_killed_shows_its_last_state_for_ten_minutes),
        TEST(pools_of_one_process_are_told_apart_and_ordered),
        TEST(a_failed_connect_leaves_its_text),
        TEST(a_folder_that_is_missing_is_made_and_one_without_pools_is_empty),
        TEST(a_folder_that_others_may_write_to_is_not_used),
        TEST(a_folder_that_belongs_to_somebody_else_is_not_used),
        TEST(a_folder_on_a_disk_is_not_used),
        TEST(without_room_for_its_file_a_pool_works_all_the_same),
        TEST(bytes_that_lie_are_read_without_harm),
        TEST(what_is_not_a_file_of_ours_is_passed_over),
        TEST(counters_never_go_back_while_a_pool_is_at_work),
        TEST(a_published_pool_gives_signs_of_life_before_it_has_connections),
        TEST(a_pool_without_history_is_seen_and_steered_and_keeps_none),
        TEST(a_pool_of_ten_takes_less_than_64_kilobytes),
    };

    if (argc == 3 && strcmp(argv[1], "publish") == 0)
        return be_neighbour(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
