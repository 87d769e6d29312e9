/*
 * relay.c - one thread between a listener and the server's socket.
 */
#include "support/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/postgres.h"

enum { CLIENTS = 32, TICK_MS = 10 };

struct pair {
    int client, server;
};

static int listener = -1;
static pthread_t thread;
static atomic_int mode;
static atomic_bool ending;
static struct pair pairs[CLIENTS]; /* of the thread */
static size_t pair_count;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static int connect_to_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%d", postgres_socket_dir(),
             postgres_port());
    must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "relay: server");
    return fd;
}

/* With RST instead of FIN. */
static void reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static void drop(size_t i)
{
    reset(pairs[i].client);
    close(pairs[i].server);
    pairs[i] = pairs[--pair_count];
}

static void take_client(void)
{
    int client = accept(listener, NULL, NULL);

    must(client >= 0 && pair_count < CLIENTS, "relay: client");
    if (atomic_load(&mode) == RELAY_RESET)
        reset(client);
    else
        pairs[pair_count++] = (struct pair){client, connect_to_server()};
}

static bool pass(int from, int to)
{
    char bytes[16 * 1024];
    ssize_t n = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);

    return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static bool pass_both(struct pair *pair)
{
    struct pollfd ends[] = {{.fd = pair->client, .events = POLLIN},
                            {.fd = pair->server, .events = POLLIN}};

    poll(ends, 2, 0);
    return (ends[0].revents == 0 || pass(pair->client, pair->server))
           && (ends[1].revents == 0 || pass(pair->server, pair->client));
}

static void wait_for_bytes(void)
{
    struct pollfd fds[1 + 2 * CLIENTS] = {{.fd = listener, .events = POLLIN}};
    nfds_t n = 1;

    for (size_t i = 0; i < pair_count && atomic_load(&mode) == RELAY_PASS; i++) {
        fds[n++] = (struct pollfd){.fd = pairs[i].client, .events = POLLIN};
        fds[n++] = (struct pollfd){.fd = pairs[i].server, .events = POLLIN};
    }
    poll(fds, n, TICK_MS);
    if (fds[0].revents == POLLIN)
        take_client();
}

static void *run(void *context)
{
    (void)context;
    while (!atomic_load(&ending)) {
        wait_for_bytes();
        for (size_t i = pair_count; i-- > 0;)
            if (atomic_load(&mode) == RELAY_RESET
                || (atomic_load(&mode) == RELAY_PASS && !pass_both(&pairs[i])))
                drop(i);
    }
    while (pair_count > 0)
        drop(pair_count - 1);
    return NULL;
}

int relay_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    atomic_store(&mode, RELAY_PASS);
    atomic_store(&ending, false);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0
             && listen(listener, CLIENTS) == 0
             && getsockname(listener, (struct sockaddr *)&address, &size) == 0,
         "relay: listen");
    must(pthread_create(&thread, NULL, run, NULL) == 0, "relay: thread");
    return ntohs(address.sin_port);
}

void relay_set(enum relay_mode next)
{
    atomic_store(&mode, (int)next);
}

void relay_stop(void)
{
    atomic_store(&ending, true);
    pthread_join(thread, NULL);
    close(listener);
}
