/*
 * resolve.c - getaddrinfo() on an errand.
 */
#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "errand.h"
#include "sqlstate.h"

struct look_up {
    char *host;
    int error; /* EAI_... */
    int cause; /* errno, for EAI_SYSTEM */
    struct addresses found;
};

static _Atomic(resolve_lookup *) fake;

void resolve_set_fake(resolve_lookup *lookup)
{
    atomic_store(&fake, lookup);
}

bool resolve_is_numeric(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char parsed[sizeof(struct in6_addr)];
    size_t n = strcspn(host, "%");

    if (n >= sizeof address)
        return false;
    memcpy(address, host, n);
    address[n] = '\0';
    return inet_pton(AF_INET, host, parsed) == 1 || inet_pton(AF_INET6, address, parsed) == 1;
}

static void keep_address(struct addresses *found, const struct addrinfo *info)
{
    char text[sizeof found->text[0]];

    if (found->count == RESOLVE_MAX
        || getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST)
               != 0)
        return;
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->text[i], text) == 0)
            return;
    memcpy(found->text[found->count++], text, sizeof text);
}

static void run(void *work)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    resolve_lookup *lookup = atomic_load(&fake);
    struct look_up *job = work;
    struct addrinfo *list = NULL;

    job->error = (lookup == NULL ? getaddrinfo : lookup)(job->host, NULL, &wanted, &list);
    job->cause = errno;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        keep_address(&job->found, info);
    if (list != NULL)
        freeaddrinfo(list);
}

static void drop(void *work)
{
    alloc_free(((struct look_up *)work)->host);
    alloc_free(work);
}

static bool wait_until_done(const struct errand *errand, hg_deadline by)
{
    struct pollfd end = {.fd = errand_fd(errand), .events = POLLIN};
    int64_t left;

    while (!errand_done(errand) && (left = hg_deadline_left_ms(by)) > 0)
        (void)poll(&end, 1, left < 60000 ? (int)left : 60000);
    return errand_done(errand);
}

static bool report(const struct look_up *job, struct addresses *out, hg_error *err)
{
    if (job->found.count > 0) {
        *out = job->found;
        return true;
    }
    sqlstate_fail(err, "08001", "could not find the address of \"%s\": %s", job->host,
                  job->error == EAI_SYSTEM ? strerror(job->cause)
                  : job->error != 0        ? gai_strerror(job->error)
                                           : "it has none");
    hg_error_hint(err, "Check the host's name in the URL, and this machine's name server.");
    return false;
}

bool resolve(const char *host, hg_deadline by, struct addresses *out, hg_error *err)
{
    struct look_up *job = alloc_zero(1, sizeof *job);
    struct errand *errand = NULL;
    bool ok = false;

    if (job == NULL || (job->host = alloc_text(host)) == NULL
        || (errand = errand_start(run, drop, job)) == NULL) {
        if (job != NULL)
            drop(job);
        return hg_fail(err, HG_NOMEM, "could not look up \"%s\": out of memory or threads", host);
    }
    if (wait_until_done(errand, by)) {
        ok = report(job, out, err);
    } else {
        hg_fail(err, HG_TIMEOUT, "could not find the address of \"%s\" in time", host);
        hg_error_sqlstate(err, "08001");
        hg_error_hint(err, "The name server does not answer; check this machine's name server.");
    }
    errand_leave(errand);
    return ok;
}
