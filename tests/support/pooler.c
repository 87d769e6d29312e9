/*
 * pooler.c - a relay on a thread. It reads the server's messages (PostgreSQL manual, 55.7) as far
 * as BackendKeyData, changes the process id there, and from then on passes bytes.
 */
#include "support/pooler.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/postgres.h"

enum { HEADER = 5, OUR_PID = 4242, MESSAGE_MAX = 64 * 1024 };

static int listener = -1;
static pthread_t thread;

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
    must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0,
         "pooler: server");
    return fd;
}

static bool send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool receive_all(int fd, char *bytes, size_t n)
{
    return recv(fd, bytes, n, MSG_WAITALL) == (ssize_t)n;
}

/* Passes one message of the server on; *out_type says which it was. */
static bool pass_message(int server, int client, char *out_type)
{
    static char message[MESSAGE_MAX]; /* of the only thread */
    const uint32_t pid = htonl(OUR_PID);
    uint32_t size;

    if (!receive_all(server, message, HEADER))
        return false;
    memcpy(&size, message + 1, sizeof size);
    size = ntohl(size) + 1; /* the type is not counted in it */
    must(size >= HEADER && size <= sizeof message, "pooler: message");
    if (!receive_all(server, message + HEADER, size - HEADER))
        return false;
    *out_type = message[0];
    if (message[0] == 'K')
        memcpy(message + HEADER, &pid, sizeof pid);
    return send_all(client, message, size);
}

static bool pass_bytes(int from, int to)
{
    char bytes[16 * 1024];
    ssize_t n = recv(from, bytes, sizeof bytes, 0);

    return n > 0 && send_all(to, bytes, (size_t)n);
}

static void serve(int client)
{
    int server = connect_to_server();
    struct pollfd ends[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    bool going = true, known = false;

    while (going && poll(ends, 2, -1) > 0) {
        char type = 0;

        if (ends[0].revents != 0)
            going = pass_bytes(client, server);
        if (going && ends[1].revents != 0)
            going = known ? pass_bytes(server, client) : pass_message(server, client, &type);
        known = known || type == 'K';
    }
    close(server);
}

static void *run(void *context)
{
    int client;

    (void)context;
    while ((client = accept(listener, NULL, NULL)) >= 0) {
        serve(client);
        close(client);
    }
    return NULL;
}

int pooler_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0
             && listen(listener, 4) == 0
             && getsockname(listener, (struct sockaddr *)&address, &size) == 0,
         "pooler: listen");
    must(pthread_create(&thread, NULL, run, NULL) == 0, "pooler: thread");
    return ntohs(address.sin_port);
}

void pooler_stop(void)
{
    shutdown(listener, SHUT_RDWR); /* ends accept() */
    pthread_join(thread, NULL);
    close(listener);
}
