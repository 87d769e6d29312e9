/*
 * launcher.c - the process that forks workers, what a worker does, and asking for one.
 */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "copy_work.h"
#include "cutover_sides.h"
#include "ops.h"
#include "outcome.h"

enum { WORKING_BYTES = 4 << 20 }; /* what a run keeps for itself once it has had it */

struct launcher {
    int fd;
    pid_t pid;
    pthread_mutex_t lock; /* one asks at a time; nothing is locked under it */
};

/* What a worker may need, as the front end had it when it forked. */
struct memory {
    hg_settings *settings;
    const hg_settings_options *reading;
};

struct answer {
    bool ok;
    struct worker_info info;
    hg_error error;
};

/* --- the worker --- */

static const char *command_of(const struct job_request *run)
{
    static const char *const names[] = {
        [HG_MIGRATE_UP] = "up", [HG_MIGRATE_DOWN] = "down", [HG_MIGRATE_RESET] = "reset"};

    return run->kind == JOB_CUTOVER_WORK ? "cutover"
           : run->kind == JOB_COPY       ? "copy"
                                         : names[run->migrate];
}

static int migrate(struct worker *worker, const struct job_request *run, hg_settings *settings)
{
    const hg_observer observer = {worker_event, worker_cancelled, worker};
    const struct ops_options how = {.role = command_of(run),
                                    .may_create = run->migrate != HG_MIGRATE_DOWN};
    struct ops ops = {0};
    hg_run_result result = {0};
    hg_migrate_options options;
    struct outcome outcome;
    hg_error err = {0};
    bool ok = ops_open_with(settings, &how, &ops, &err);
    int status;

    outcome_init(&outcome);
    if (ok) {
        options = ops_migrate_options(&ops, run->migrate, run->target);
        options.plan_id = run->plan_id[0] == '\0' ? NULL : run->plan_id;
        ok = hg_migrate_run(ops.pool, &options, &observer, &result, &err);
    }
    status = outcome_of_run(&outcome, &result, ok ? NULL : &err);
    hg_run_result_release(&result);
    ops_close(&ops);
    return outcome_end(&outcome, status, worker);
}

/* The settings may have changed since the front end was opened: a flip changes them. */
static int cut_over(struct worker *worker, const struct job_request *run,
                    const hg_settings_options *reading)
{
    struct cutover_sides sides;
    struct outcome outcome;
    hg_error err = {0};
    int status;

    if (cutover_sides_open(reading, NULL, 0, &sides, &err)) {
        status = cutover_work(&sides, run->back, worker);
    } else {
        outcome_init(&outcome);
        status = outcome_end(&outcome, outcome_status(&outcome, &err), worker);
    }
    cutover_sides_close(&sides);
    return status;
}

static bool is_cutover(const struct job_request *run)
{
    return run->kind == JOB_CUTOVER_WORK;
}

/* --- the process between --- */

/* Away from the terminal, whose keys and whose end are for the front end alone. */
static void leave_terminal(void)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    for (int fd = 0; nothing >= 0 && fd <= 2; fd++)
        dup2(nothing, fd);
    if (nothing > 2)
        close(nothing);
}

static void start_one(int fd, const struct job_request *run, const struct memory *memory)
{
    const char *subject = hg_url_redacted(hg_settings_url(memory->settings));
    char cutover[CUTOVER_SUBJECT_SIZE];
    struct worker *worker = NULL;
    struct answer answer = {.ok = false};

    cutover_subject(run->text, cutover);
    answer.ok =
        worker_start(hg_settings_runtime_dir(memory->settings), command_of(run),
                     is_cutover(run) ? cutover : subject, &worker, &answer.info, &answer.error);
    if (worker != NULL) {
        close(fd);
        _exit(is_cutover(run) ? cut_over(worker, run, memory->reading)
                              : migrate(worker, run, memory->settings));
    }
    (void)!send(fd, &answer, sizeof answer, MSG_NOSIGNAL);
}

/* Its sides are found before there is a worker: the subject says where it copies to. */
static void start_copy(int fd, const struct job_request *run, const struct memory *memory)
{
    char subject[COPY_SUBJECT_SIZE];
    const hg_copy_options options = copy_begin_options(HG_COPY_RUN);
    struct copy_sides sides = {.source = NULL};
    struct worker *worker = NULL;
    struct answer answer = {.ok = false};

    answer.ok = copy_sides_find(memory->reading, &sides, &answer.error);
    if (answer.ok) {
        copy_subject(sides.target, subject);
        answer.ok = worker_start(hg_settings_runtime_dir(memory->settings), command_of(run),
                                 subject, &worker, &answer.info, &answer.error);
    }
    if (worker != NULL) {
        close(fd);
        _exit(copy_work(&sides, &options, worker));
    }
    copy_sides_release(&sides);
    (void)!send(fd, &answer, sizeof answer, MSG_NOSIGNAL);
}

/* Until the front end has gone. */
_Noreturn static void serve(int fd, const struct memory *memory)
{
    struct job_request run;
    ssize_t n;

    leave_terminal();
    while ((n = recv(fd, &run, sizeof run, 0)) == (ssize_t)sizeof run
           || (n < 0 && errno == EINTR)) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (n > 0 && run.kind == JOB_COPY)
            start_copy(fd, &run, memory);
        else if (n > 0)
            start_one(fd, &run, memory);
    }
    _exit(0);
}

/* --- the front end's side --- */

struct launcher *launcher_open(hg_settings *settings, const hg_settings_options *reading)
{
    const hg_url *url = hg_settings_url(settings);
    struct launcher *l = alloc_zero(1, sizeof *l);
    int ends[2] = {-1, -1};

    if (l == NULL || (hg_url_path(url) != NULL && strcmp(hg_url_path(url), ":memory:") == 0)
        || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        alloc_free(l);
        return NULL;
    }
    l->fd = ends[0];
    l->pid = fork();
    if (l->pid == 0) {
        close(ends[0]);
        mallopt(M_ARENA_MAX, 0); /* whoever works has as many heaps as it wants, and keeps them */
        mallopt(M_MMAP_THRESHOLD, WORKING_BYTES);
        mallopt(M_TRIM_THRESHOLD, 2 * WORKING_BYTES);
        serve(ends[1], &(struct memory){settings, reading});
    }
    close(ends[1]);
    pthread_mutex_init(&l->lock, NULL);
    if (l->pid > 0)
        return l;
    close(ends[0]);
    alloc_free(l);
    return NULL;
}

bool launcher_start(struct launcher *l, const struct job_request *run, struct worker_info *out_info,
                    hg_error *err)
{
    struct answer answer;
    bool heard;

    pthread_mutex_lock(&l->lock);
    heard = send(l->fd, run, sizeof *run, MSG_NOSIGNAL) == (ssize_t)sizeof *run
            && recv(l->fd, &answer, sizeof answer, 0) == (ssize_t)sizeof answer;
    pthread_mutex_unlock(&l->lock);
    if (!heard)
        return hg_fail(err, HG_IO,
                       "could not start a process for the run: the one that does is gone");
    if (answer.ok)
        *out_info = answer.info;
    else if (err != NULL)
        *err = answer.error;
    return answer.ok;
}

void launcher_close(struct launcher *l)
{
    if (l == NULL)
        return;
    close(l->fd);
    (void)waitpid(l->pid, NULL, 0);
    pthread_mutex_destroy(&l->lock);
    alloc_free(l);
}
