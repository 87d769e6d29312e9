/*
 * web.c - one thread, one connection at a time.
 */
#include "web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct web {
    const struct web_page *pages;
    size_t count;
    int listener, stop[2]; /* the thread ends when the pipe closes */
    int port;
    pthread_t thread;
};

/* Until there is something to read; false: the test is over. */
static bool wait_for(const struct web *web, int fd)
{
    struct pollfd ends[2] = {{.fd = web->stop[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    return poll(ends, 2, -1) > 0 && ends[0].revents == 0;
}

/* The request's head; false: there is none. */
static bool read_head(const struct web *web, int fd, char *head, size_t room)
{
    size_t size = 0;
    ssize_t n = 1;

    head[0] = '\0';
    while (strstr(head, "\r\n\r\n") == NULL && size + 1 < room && wait_for(web, fd) && n > 0) {
        n = recv(fd, head + size, room - size - 1, 0);
        size += n > 0 ? (size_t)n : 0;
        head[size] = '\0';
    }
    return strstr(head, "\r\n\r\n") != NULL;
}

static const struct web_page *find(const struct web *web, const char *head)
{
    static const struct web_page missing = {"", 404, "not here\n"};

    for (size_t i = 0; i < web->count; i++) {
        size_t n = strlen(web->pages[i].path);

        if (strncmp(head, "GET ", 4) == 0 && strncmp(head + 4, web->pages[i].path, n) == 0
            && head[4 + n] == ' ')
            return &web->pages[i];
    }
    return &missing;
}

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

static void answer(const struct web *web, int fd)
{
    const struct web_page *page;
    char head[8192];

    if (!read_head(web, fd, head, sizeof head))
        return;
    page = find(web, head);
    if (page->status == -1)
        wait_for(web, fd); /* until the client gives up */
    if (page->status <= 0)
        return;
    snprintf(head, sizeof head,
             "HTTP/1.1 %d Fine\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n",
             page->status, strlen(page->body));
    send_all(fd, head, strlen(head));
    send_all(fd, page->body, strlen(page->body));
}

static void *run(void *context)
{
    const struct web *web = context;

    while (wait_for(web, web->listener)) {
        int fd = accept4(web->listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            continue;
        answer(web, fd);
        close(fd);
    }
    return NULL;
}

struct web *web_start(const struct web_page *pages, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct web *web = calloc(1, sizeof *web);

    assert_non_null(web);
    web->pages = pages;
    web->count = count;
    web->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(web->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(web->listener, 16), 0);
    assert_int_equal(getsockname(web->listener, (struct sockaddr *)&address, &size), 0);
    web->port = ntohs(address.sin_port);
    assert_int_equal(pipe(web->stop), 0);
    assert_int_equal(pthread_create(&web->thread, NULL, run, web), 0);
    return web;
}

int web_port(const struct web *web)
{
    return web->port;
}

void web_stop(struct web *web)
{
    close(web->stop[1]);
    pthread_join(web->thread, NULL);
    close(web->stop[0]);
    close(web->listener);
    free(web);
}
