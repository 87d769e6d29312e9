/*
 * process.c - programs under test as child processes.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#include <headgate/types.h>

enum { LIMIT_MS = 240000, OUTPUT_MAX = 64 << 20 };

static void give_up(const char *what)
{
    fprintf(stderr, "process: %s: %s\n", what, strerror(errno));
    exit(99);
}

/* In the child: never returns. */
static void become(const char *dir, const char *const *settings, const char *const *argv)
{
    const char *path = getenv("PATH"), *asan = getenv("ASAN_OPTIONS"),
               *lsan = getenv("LSAN_OPTIONS"), *tsan = getenv("TSAN_OPTIONS");

    clearenv();
    setenv("PATH", path == NULL ? "/usr/bin:/bin" : path, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TZ", "UTC", 1);
    setenv("HEADGATE_RUNTIME_DIR", "run",
           1); /* in its folder: pools of this host are not its business */
    if (asan != NULL)
        setenv("ASAN_OPTIONS", asan, 1);
    if (lsan != NULL)
        setenv("LSAN_OPTIONS", lsan, 1);
    if (tsan != NULL)
        setenv("TSAN_OPTIONS", tsan, 1);
    for (; settings != NULL && *settings != NULL; settings++)
        putenv((char *)(uintptr_t)*settings);
    if (dir != NULL && chdir(dir) != 0)
        _exit(98);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(97);
}

static pid_t start(const char *dir, const char *const *settings, const char *const *argv, int out,
                   int err)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = fork();

    if (pid < 0 || nothing < 0)
        give_up("fork");
    if (pid == 0) {
        setsid(); /* no terminal: questions must be refused, not asked */
        dup2(nothing, STDIN_FILENO);
        dup2(out < 0 ? nothing : out, STDOUT_FILENO);
        dup2(err < 0 ? nothing : err, STDERR_FILENO);
        become(dir, settings, argv);
    }
    close(nothing);
    return pid;
}

pid_t process_start(const char *dir, const char *const *settings, const char *const *argv)
{
    return start(dir, settings, argv, -1, -1);
}

int process_wait(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            give_up("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* One read from a pipe; false at its end. */
static bool drain(struct pollfd *from, struct buf *to)
{
    char chunk[4096];
    ssize_t n;

    if (from->revents == 0)
        return true;
    n = read(from->fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR)
        return true;
    if (n > 0)
        buf_bytes(to, chunk, (size_t)n);
    return n > 0;
}

static void collect(pid_t pid, int out, int err, struct buf *out_text, struct buf *err_text)
{
    struct pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
    hg_deadline by = hg_deadline_in_ms(LIMIT_MS);

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (hg_deadline_left_ms(by) == 0) {
            kill(pid, SIGKILL);
            fprintf(stderr, "process: no end within %d ms; it printed:\n%s%s\n", LIMIT_MS,
                    out_text->bytes, err_text->bytes);
            exit(99);
        }
        poll(fds, 2, (int)hg_deadline_left_ms(by));
        if (fds[0].fd >= 0 && !drain(&fds[0], out_text))
            fds[0].fd = -1;
        if (fds[1].fd >= 0 && !drain(&fds[1], err_text))
            fds[1].fd = -1;
    }
}

struct process_result process_run(const char *dir, const char *const *settings,
                                  const char *const *argv)
{
    struct buf out_text = BUF_INIT(OUTPUT_MAX), err_text = BUF_INIT(OUTPUT_MAX);
    struct process_result result = {0};
    int64_t started_ns = clock_now_ns();
    int out[2], err[2];
    pid_t pid;

    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
        give_up("pipe");
    pid = start(dir, settings, argv, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    collect(pid, out[0], err[0], &out_text, &err_text);
    close(out[0]);
    close(err[0]);
    result.status = process_wait(pid);
    result.ms = clock_since_ms(started_ns);
    result.out = buf_take(&out_text);
    result.err = buf_take(&err_text);
    return result;
}

void process_release(struct process_result *result)
{
    free(result->out);
    free(result->err);
    result->out = result->err = NULL;
}

struct process_result headgate_run(const char *dir, const char *setting, ...)
{
    const char *settings[] = {setting, NULL};
    const char *argv[17] = {TEST_HEADGATE};
    va_list args;
    int n = 1;

    va_start(args, setting);
    while (n < 16 && (argv[n] = va_arg(args, const char *)) != NULL)
        n++;
    va_end(args);
    return process_run(dir, settings, argv);
}
