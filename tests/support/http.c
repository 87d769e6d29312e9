/*
 * http.c - sockets and bytes.
 */
#include "http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

enum { ANSWER_MOST = 4 << 20, PATIENCE_MS = 60000 };

int http_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Until the server hangs up: every request here asks it to. */
static size_t read_all(int fd, char *to, size_t room)
{
    size_t size = 0;

    while (size + 1 < room) {
        struct pollfd end = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&end, 1, PATIENCE_MS) <= 0)
            fail_msg("no answer");
        n = recv(fd, to + size, room - size - 1, 0);
        if (n <= 0)
            break;
        size += (size_t)n;
    }
    to[size] = '\0';
    return size;
}

struct http_answer http_send(int port, const char *bytes, size_t n)
{
    struct http_answer answer = {.text = malloc(ANSWER_MOST)};
    int64_t started_ns = clock_now_ns();
    int fd = http_connect(port);

    assert_non_null(answer.text);
    (void)!send(fd, bytes, n, MSG_NOSIGNAL); /* the server may have had enough before the end */
    read_all(fd, answer.text, ANSWER_MOST);
    close(fd);
    answer.ms = clock_since_ms(started_ns);
    if (sscanf(answer.text, "HTTP/1.%*d %d", &answer.status) != 1)
        answer.status = 0;
    answer.body = strstr(answer.text, "\r\n\r\n");
    answer.body = answer.body == NULL ? "" : answer.body + 4;
    return answer;
}

struct http_answer http_get(int port, const char *path, const char *headers)
{
    char request[2048];
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n", path,
                     headers);

    assert_true(n > 0 && (size_t)n < sizeof request);
    return http_send(port, request, (size_t)n);
}

void http_release(struct http_answer *answer)
{
    free(answer->text);
    answer->text = NULL;
}
