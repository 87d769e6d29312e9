/*
 * demo_workload.c - a shop's api and its background workers, each a process with threads over one
 * pool.
 *
 * The load rises and falls within a minute, so that the pool is idle, busy, in overflow and out of
 * connections in turn.
 */
#include "demo_workload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/rand.h"

enum { PROCESSES = 2, THREADS_MAX = 16, WAVE_MS = 45000, CHECKOUT_MS = 1500, STATEMENT_MS = 3000 };

/* One kind of work that a thread does again and again. */
struct task {
    const char *tag;
    const char *sql; /* $1: a number from 1 to 500 */
    int hold_ms;     /* how long the connection is kept beside the statement, at most */
    int pause_ms;    /* between two pieces of work, at most */
};

/* clang-format off */
static const struct task api_tasks[] = {
    {"GET /products",  "SELECT id, name, price_cents FROM products WHERE id >= $1 LIMIT 20", 90, 90},
    {"GET /orders",    "SELECT o.id, sum(i.quantity) FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.account_id = $1 GROUP BY o.id", 160, 110},
    {"POST /orders",   "INSERT INTO orders (account_id) VALUES ($1)", 140, 200},
    {"POST /checkout", "UPDATE products SET stock = stock - 1 WHERE id = $1 AND stock > 0", 220, 220},
};
static const struct task worker_tasks[] = {
    {"nightly report", "SELECT p.name, sum(i.quantity * p.price_cents) FROM order_items i JOIN products p ON p.id = i.product_id GROUP BY p.id ORDER BY 2 DESC LIMIT $1", 400, 700},
    {"audit writer",   "INSERT INTO audit (who, what) VALUES ('worker', 'checked product ' || $1)", 60, 400},
};

/* One process: its name, pool and threads. */
static const struct process {
    const char *name;
    int size, max_overflow, threads;
    const struct task *tasks;
    size_t task_count;
} processes[PROCESSES] = {
    {"shop-api",    4, 4, 14, api_tasks,    sizeof api_tasks / sizeof *api_tasks},
    {"shop-worker", 2, 1, 3,  worker_tasks, sizeof worker_tasks / sizeof *worker_tasks},
};
/* clang-format on */

struct demo_workload {
    pid_t pids[PROCESSES];
    int gate; /* closing it lets them go */
};

struct thread {
    pthread_t id;
    int index;
    const struct process *process;
    hg_pool *pool;
};

static atomic_bool stopping;

static void nap(int64_t ms)
{
    poll(NULL, 0, (int)ms);
}

/* How many of ten threads work now: a wave between 3 and 10. */
static bool is_my_turn(const struct thread *thread)
{
    double phase = (double)(clock_now_ns() / 1000000 % WAVE_MS) / WAVE_MS;
    double load = 0.3 + 1.4 * (phase < 0.5 ? phase : 1 - phase);

    return thread->index < load * thread->process->threads;
}

static void work_once(const struct thread *thread, const struct task *task)
{
    hg_deadline by = hg_deadline_in_ms(CHECKOUT_MS + STATEMENT_MS);
    const hg_value parameter = hg_integer(1 + rand_below(500));
    hg_session *session = NULL;
    bool ok;

    if (!hg_session_open(thread->pool, task->tag, hg_deadline_in_ms(CHECKOUT_MS), &session, NULL))
        return;                     /* out of connections: that is what the gauges show */
    nap(rand_below(task->hold_ms)); /* what an application does with a connection in its hand */
    ok = hg_session_begin(session, by, NULL)
         && hg_conn_execute(hg_session_conn(session), task->sql, &parameter, 1, by, NULL, NULL);
    if (ok)
        (void)hg_session_commit(
            session, by, NULL); /* a lost one is rolled back: the demo's data does not matter */
    hg_session_close(session);
}

static void *run_thread(void *argument)
{
    const struct thread *thread = argument;
    const struct task *task =
        &thread->process->tasks[(size_t)thread->index % thread->process->task_count];

    while (!atomic_load(&stopping)) {
        if (is_my_turn(thread))
            work_once(thread, task);
        nap(1 + rand_below(task->pause_ms));
    }
    return NULL;
}

static void on_stop(int signal_number)
{
    (void)signal_number;
    atomic_store(&stopping, true);
}

static void run_threads(const struct process *process, hg_pool *pool)
{
    struct thread threads[THREADS_MAX];
    int started = 0;

    for (; started < process->threads; started++) {
        threads[started] = (struct thread){.index = started, .process = process, .pool = pool};
        if (pthread_create(&threads[started].id, NULL, run_thread, &threads[started]) != 0)
            break;
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i].id, NULL);
}

/* The child: never returns. */
static void run_process(const struct process *process, const hg_settings *settings, int gate,
                        pid_t parent)
{
    hg_pool_options options = hg_pool_options_from(settings);
    struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
    hg_pool *pool = NULL;
    char byte;

    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &ignore, NULL); /* the console's key, not ours */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0); /* it was gone before we could ask to be told */
    prctl(PR_SET_NAME, process->name);
    options.name = "main";
    options.settings.size = process->size;
    options.settings.max_overflow = process->max_overflow;
    while (read(gate, &byte, 1) < 0 && errno == EINTR && !atomic_load(&stopping))
        continue;
    if (hg_pool_open(hg_settings_url(settings), &options, &pool, NULL)) {
        run_threads(process, pool);
        hg_pool_close(pool, hg_deadline_in_ms(STATEMENT_MS));
    }
    _exit(0);
}

bool demo_workload_fork(const hg_settings *settings, struct demo_workload **out_workload,
                        hg_error *err)
{
    struct demo_workload *workload = alloc_zero(1, sizeof *workload);
    pid_t self = getpid();
    int ends[2];

    if (workload == NULL)
        return hg_fail(err, HG_NOMEM, "could not start the workload: out of memory");
    if (pipe2(ends, O_CLOEXEC) != 0) {
        alloc_free(workload);
        return hg_fail(err, HG_IO, "could not start the workload: %s", strerror(errno));
    }
    workload->gate = ends[1];
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        workload->pids[i] = fork();
        if (workload->pids[i] == 0) {
            close(ends[1]);
            run_process(&processes[i], settings, ends[0], self);
        }
    }
    close(ends[0]);
    *out_workload = workload;
    return true;
}

void demo_workload_go(struct demo_workload *workload)
{
    close(workload->gate);
    workload->gate = -1;
}

void demo_workload_stop(struct demo_workload *workload)
{
    if (workload == NULL)
        return;
    for (int i = 0; i < PROCESSES; i++)
        if (workload->pids[i] > 0)
            kill(workload->pids[i], SIGTERM);
    if (workload->gate >= 0)
        close(workload->gate);
    for (int i = 0; i < PROCESSES; i++)
        if (workload->pids[i] > 0)
            waitpid(workload->pids[i], NULL, 0);
    alloc_free(workload);
}
