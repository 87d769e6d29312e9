/*
 * steer.c - the pool's side of being steered from outside: who asks, what for, and what comes of
 * it. Must not wait for an asker for longer than a moment.
 */
#include "steer.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "pool_state.h"

enum { ASKERS_WAITING = 8, PATIENCE_MS = 200 };

const char *hg_pool_order_name(hg_pool_order_kind kind)
{
    static const char *const names[] = {"pause", "resume", "drain", "resize", "evict"};

    _Static_assert(sizeof names / sizeof *names == HG_ORDER_KINDS, "a name for each");
    return (unsigned)kind < HG_ORDER_KINDS ? names[kind] : "unknown";
}

void steer_name(const char *page, char *out, size_t size)
{
    snprintf(out, size, "steer-%s", page + strlen(TELEMETRY_PREFIX));
}

void steer_address(int folder, const char *page, struct sockaddr_un *out)
{
    char name[64];

    steer_name(page, name, sizeof name);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", folder, name);
}

int steer_listen(int folder, const char *page, const char *pool_name)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;
    char name[64];

    steer_address(folder, page, &address);
    steer_name(page, name, sizeof name);
    (void)unlinkat(folder, name, 0);                  /* of a process that had our pid, and died */
    if (fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) == 0 /* what the file will have */
        && bind(fd, (struct sockaddr *)&address, sizeof address) == 0
        && listen(fd, ASKERS_WAITING) == 0)
        return fd;
    log_line(LOG_WARN, "pool", "the pool cannot be steered from outside", "pool", pool_name,
             "cause", strerror(errno), NULL);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What came of an order: fills in the answer's message. */
typedef bool carry_out(hg_pool *pool, int number, struct steer_answer *answer, hg_error *err);

static void say(struct steer_answer *answer, const char *format, ...) HG_PRINTF(2, 3);

static void say(struct steer_answer *answer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(answer->message, sizeof answer->message, format, args);
    va_end(args);
}

static int count_in_use(const hg_pool *pool)
{
    int count = 0;

    for (unsigned i = 0; i < pool_slot_count(pool); i++)
        count += slot_state(&pool->slots[i]) == HG_SLOT_IN_USE;
    return count;
}

static bool order_pause(hg_pool *pool, int number, struct steer_answer *answer, hg_error *err)
{
    (void)number;
    (void)err;
    hg_pool_pause(pool);
    say(answer, "paused: callers wait; %d in use stay with their holders", count_in_use(pool));
    return true;
}

static bool order_resume(hg_pool *pool, int number, struct steer_answer *answer, hg_error *err)
{
    (void)number;
    (void)err;
    hg_pool_resume(pool);
    say(answer, "resumed");
    return true;
}

static bool order_drain(hg_pool *pool, int number, struct steer_answer *answer, hg_error *err)
{
    (void)number;
    (void)err;
    hg_pool_drain(pool);
    say(answer, "draining: nobody gets a connection any more; %d in use close when they come back",
        count_in_use(pool));
    return true;
}

static bool order_resize(hg_pool *pool, int number, struct steer_answer *answer, hg_error *err)
{
    int was = atomic_load(&pool->telemetry.head->size);
    int max_overflow = atomic_load(&pool->telemetry.head->max_overflow);

    if (number < 1)
        return hg_fail(err, HG_USAGE, "a pool cannot be resized to %d", number);
    if (!hg_pool_resize(pool, number, max_overflow, err))
        return false;
    say(answer, "size is %d now, it was %d", number, was);
    return true;
}

static bool order_evict(hg_pool *pool, int number, struct steer_answer *answer, hg_error *err)
{
    bool in_use = number >= 0 && (unsigned)number < pool_slot_count(pool)
                  && slot_state(&pool->slots[number]) == HG_SLOT_IN_USE;

    if (!hg_pool_evict(pool, number, err))
        return false;
    say(answer, in_use ? "connection %d closes when it comes back" : "connection %d is closed",
        number);
    return true;
}

static carry_out *const orders[HG_ORDER_KINDS] = {
    [HG_ORDER_PAUSE] = order_pause, [HG_ORDER_RESUME] = order_resume,
    [HG_ORDER_DRAIN] = order_drain, [HG_ORDER_RESIZE] = order_resize,
    [HG_ORDER_EVICT] = order_evict,
};

/* "resize 5 by headgate 4711: size is 5 now, it was 10" */
static void note(hg_pool *pool, const struct steer_request *request, pid_t asker,
                 const struct steer_answer *answer)
{
    hg_pool_order_kind kind = (hg_pool_order_kind)request->kind;
    bool has_number = kind == HG_ORDER_RESIZE || kind == HG_ORDER_EVICT;
    char detail[512], number[16] = "";

    if (has_number)
        snprintf(number, sizeof number, " %d", request->number);
    snprintf(detail, sizeof detail, "%s%s by process %d: %s%s", hg_pool_order_name(kind), number,
             (int)asker, answer->code == HG_OK ? "" : "refused: ", answer->message);
    pool_note(pool, HG_POOL_EVENT_ASKED, NULL, detail);
    log_line(LOG_WARN, "pool", "asked from outside", "pool", pool->name, "what", detail, NULL);
}

static void obey(hg_pool *pool, const struct steer_request *request, pid_t asker,
                 struct steer_answer *answer)
{
    hg_error err = {HG_OK};

    if (!orders[request->kind](pool, request->number, answer, &err)) {
        answer->code = (int32_t)err.code;
        text_copy(answer->message, sizeof answer->message, err.message);
    }
    note(pool, request, asker, answer);
}

static bool is_same_user(int fd, pid_t *out_pid)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid())
        return false;
    *out_pid = peer.pid;
    return true;
}

/* Takes the request; false: there is none, it cannot be understood, or nobody waits for the answer
 * any more. */
static bool receive(int fd, struct steer_request *out)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char room[sizeof *out + 1];

    if (poll(&wait, 1, PATIENCE_MS) != 1 || (wait.revents & (POLLIN | POLLHUP)) != POLLIN
        || recv(fd, room, sizeof room, MSG_DONTWAIT) != (ssize_t)sizeof *out)
        return false;
    memcpy(out, room, sizeof *out);
    return memcmp(out->magic, STEER_MAGIC, sizeof out->magic) == 0 && out->kind < HG_ORDER_KINDS
           && clock_now_ns() < out->by_ns;
}

void steer_hear(hg_pool *pool, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct steer_answer answer = {.magic = STEER_MAGIC};
    struct steer_request request;
    pid_t asker = 0;

    if (fd < 0)
        return;
    if (is_same_user(fd, &asker) && receive(fd, &request)) {
        obey(pool, &request, asker, &answer);
        (void)send(fd, &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    close(fd);
}
