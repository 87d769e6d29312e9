/*
 * child.c - another program, run to its end.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "progress.h"

enum { CHUNK = 64 * 1024, LOOK_MS = 100 };

struct child {
    pid_t pid;
    int out[2], errors[2]; /* pipes; -1 when closed */
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool start(struct child *c, const char *const *argv, hg_error *err)
{
    posix_spawn_file_actions_t actions;
    int fault;

    if (pipe2(c->out, O_CLOEXEC) != 0 || pipe2(c->errors, O_CLOEXEC) != 0)
        return hg_fail(err, HG_IO, "could not start %s: %s", argv[0], strerror(errno));
    if (posix_spawn_file_actions_init(&actions) != 0)
        return hg_fail(err, HG_NOMEM, "could not start %s: out of memory", argv[0]);
    fault = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (fault == 0)
        fault = posix_spawn_file_actions_adddup2(&actions, c->out[1], 1);
    if (fault == 0)
        fault = posix_spawn_file_actions_adddup2(&actions, c->errors[1], 2);
    if (fault == 0)
        fault =
            posix_spawnp(&c->pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close_end(&c->out[1]);
    close_end(&c->errors[1]);
    if (fault == 0)
        return true;
    c->pid = 0;
    return hg_fail(err, HG_IO, "could not start %s: %s", argv[0], strerror(fault));
}

/* Moves what is there; closes the end that has nothing more to say. */
static void take(int *fd, short events, struct buf *to)
{
    size_t before = to->size;
    char *room;
    ssize_t n;

    if (events == 0)
        return;
    room = buf_extend(to, CHUNK);
    n = room == NULL ? 0 : read(*fd, room, CHUNK);
    if (room != NULL)
        buf_truncate(to, before + (n > 0 ? (size_t)n : 0));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_end(fd);
}

static bool listen_to(struct child *c, const hg_observer *observer, struct buf *out,
                      struct buf *errors, hg_error *err)
{
    while (c->out[0] >= 0 || c->errors[0] >= 0) {
        struct pollfd ends[] = {{.fd = c->out[0], .events = POLLIN},
                                {.fd = c->errors[0], .events = POLLIN}};

        if (progress_cancelled(observer))
            return hg_fail(err, HG_CANCELLED, "interrupted");
        if (poll(ends, 2, LOOK_MS) <= 0)
            continue;
        take(&c->out[0], ends[0].revents, out);
        take(&c->errors[0], ends[1].revents, errors);
    }
    return !buf_failed(out) || hg_fail(err, HG_NOMEM, "the program wrote more than can be held");
}

bool child_run(const char *const *argv, const hg_observer *observer, struct buf *out,
               struct buf *errors, int *out_status, hg_error *err)
{
    struct child c = {.out = {-1, -1}, .errors = {-1, -1}};
    int status = 0;
    bool ok = start(&c, argv, err) && listen_to(&c, observer, out, errors, err);

    if (c.pid > 0 && !ok)
        kill(c.pid, SIGKILL);
    close_end(&c.out[0]);
    close_end(&c.errors[0]);
    while (c.pid > 0 && waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
        ;
    close_end(&c.out[1]);
    close_end(&c.errors[1]);
    if (ok)
        *out_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ok;
}
