/*
 * steer_ask.c - asking another process's pool for something. Trusts nothing that comes back, and
 * waits for it no longer than it was told.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "steer.h"
#include "telemetry.h"

static bool fail_deaf(const hg_pool_snapshot *pool, const char *why, hg_error *err)
{
    hg_fail(err, HG_FAILED, "process %lld does not listen: %s", (long long)pool->pid, why);
    hg_error_hint(err, "It is stopped or hung, or could not make its socket; nothing was changed.");
    return false;
}

/* Whether there is anybody to ask. */
static bool check_pool(const hg_pool_snapshot *pool, hg_error *err)
{
    if (!pool->alive)
        return hg_fail(err, HG_FAILED, "process %lld is gone", (long long)pool->pid);
    if (pool->mode == HG_MODE_DRAINING)
        return hg_fail(err, HG_POOL_CLOSED,
                       "pool \"%s\" of process %lld is draining: its end has "
                       "begun",
                       pool->name, (long long)pool->pid);
    if (pool->number < 0)
        return hg_fail(err, HG_MISUSE, "a pool that is not published cannot be asked");
    return true;
}

/* A folder that somebody else can write to may hold a socket of somebody else's. */
static int open_folder(const char *runtime_dir, hg_error *err)
{
    int folder = open(runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;

    if (folder < 0 || fstat(folder, &st) != 0)
        hg_fail(err, HG_IO, "could not open folder \"%s\": %s", runtime_dir, strerror(errno));
    else if (st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return folder;
    else
        hg_fail(err, HG_PRIVILEGE, "folder \"%s\" is not this user's alone", runtime_dir);
    if (folder >= 0)
        close(folder);
    return -1;
}

static bool is_same_user(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static bool reach(int fd, int folder, const hg_pool_snapshot *pool, hg_error *err)
{
    struct sockaddr_un address;
    char page[64];

    snprintf(page, sizeof page, TELEMETRY_PREFIX "%lld-%d", (long long)pool->pid, pool->number);
    steer_address(folder, page, &address);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return fail_deaf(pool, errno == EAGAIN ? "others wait to be heard" : strerror(errno), err);
    return is_same_user(fd) || fail_deaf(pool, "another user holds its socket", err);
}

static bool send_request(int fd, const hg_pool_snapshot *pool, const hg_pool_order *order,
                         hg_deadline by, hg_error *err)
{
    struct steer_request request = {
        .magic = STEER_MAGIC,
        .kind = (uint32_t)order->kind,
        .number = order->number,
        .by_ns = by.at_ns,
    };

    return send(fd, &request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL)
               == (ssize_t)sizeof request
           || fail_deaf(pool, strerror(errno), err);
}

static bool fail_late(const hg_pool_snapshot *pool, hg_error *err)
{
    hg_fail(err, HG_FAILED, "process %lld gave no answer in time", (long long)pool->pid);
    hg_error_hint(err, "It is stopped or hung; what was asked is void now, unless it was being "
                       "carried out at that very moment: `headgate pools` shows it.");
    return false;
}

static bool receive_answer(int fd, const hg_pool_snapshot *pool, hg_deadline by,
                           struct steer_answer *out, hg_error *err)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int64_t left_ms = hg_deadline_left_ms(by);
    ssize_t n;

    if (poll(&wait, 1, left_ms < INT32_MAX ? (int)left_ms : -1) != 1)
        return fail_late(pool, err);
    n = recv(fd, out, sizeof *out, MSG_DONTWAIT);
    if (n != (ssize_t)sizeof *out || memcmp(out->magic, STEER_MAGIC, sizeof out->magic) != 0
        || out->code < HG_OK || out->code >= HG_CODE_COUNT)
        return hg_fail(err, HG_FAILED, "process %lld gave no answer that can be understood",
                       (long long)pool->pid);
    out->message[sizeof out->message - 1] = '\0';
    return true;
}

static bool ask(int fd, int folder, const hg_pool_snapshot *pool, const hg_pool_order *order,
                hg_deadline by, struct steer_answer *out, hg_error *err)
{
    if (!reach(fd, folder, pool, err) || !send_request(fd, pool, order, by, err)
        || !receive_answer(fd, pool, by, out, err))
        return false;
    return out->code == HG_OK || hg_fail(err, (hg_code)out->code, "%s", out->message);
}

bool hg_pool_ask(const char *runtime_dir, const hg_pool_snapshot *pool, const hg_pool_order *order,
                 hg_deadline by, char *out_answer, size_t size, hg_error *err)
{
    struct steer_answer answer;
    int folder = -1, fd = -1;
    bool ok = check_pool(pool, err) && (folder = open_folder(runtime_dir, err)) >= 0;

    if (ok) {
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ok = fd >= 0 || hg_fail(err, HG_IO, "could not make a socket: %s", strerror(errno));
    }
    ok = ok && ask(fd, folder, pool, order, by, &answer, err);
    if (ok)
        text_copy(out_answer, size, answer.message);
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return ok;
}
