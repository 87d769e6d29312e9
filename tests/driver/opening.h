/*
 * opening.h - what the tests of opening a PostgreSQL connection share: URLs that must lead
 * somewhere or nowhere, and ports where nobody answers.
 */
#ifndef DRIVER_OPENING_H
#define DRIVER_OPENING_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "drive.h"
#include "support/postgres.h"

#define PASSWORD "tr0ub4dor&3:@/x"

static inline hg_url *parse(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline hg_url *parse(const char *format, ...)
{
    char text[1024];
    hg_url *url = NULL;
    hg_error err = {0};
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!hg_url_parse(text, &url, &err))
        fail_msg("%s: %s", text, err.message);
    return url;
}

static inline bool open_url(const hg_url *url, int64_t ms, hg_conn **out_conn, hg_error *err)
{
    const struct driver_options options = {.application_name = "headgate/test"};

    return driver_postgres.open(url, &options, hg_deadline_in_ms(ms), out_conn, err);
}

/* Opens what must open, takes the URL. */
static inline hg_conn *opened(hg_url *url)
{
    hg_conn *conn = NULL;
    hg_error err = {0};

    if (!open_url(url, 20000, &conn, &err))
        fail_msg("%s", err.message);
    hg_url_free(url);
    return conn;
}

/* Opens what must not open, takes the URL. */
static inline hg_error not_opened(hg_url *url, int64_t ms)
{
    hg_conn *conn = NULL;
    hg_error err = {0};

    if (open_url(url, ms, &conn, &err))
        fail_msg("it was opened");
    assert_null(conn);
    hg_url_free(url);
    return err;
}

/* A socket of 127.0.0.1 that the kernel accepts connections for, and nobody ever reads: a server
 * that accepts and never answers. */
static inline int listen_in_silence(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

/* A port of 127.0.0.1 that is bound, so nobody else has it, and does not listen: it refuses. */
static inline int refuse_on(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

#endif
