/*
 * http.h - a client of the endpoints that says what it likes, also what no client should.
 */
#ifndef SUPPORT_HTTP_H
#define SUPPORT_HTTP_H

#include <stddef.h>

struct http_answer {
    int status; /* 0: the server hung up without an answer */
    char *text; /* head and body, NUL-terminated; free() */
    const char *body;
    double ms;
};

/* Connects to 127.0.0.1; fails the test when it cannot. */
int http_connect(int port);

/* Sends bytes and reads one answer, on a connection that is closed afterwards. */
struct http_answer http_send(int port, const char *bytes, size_t n);

/* GET of a path with further header lines ("Name: value\r\n", or ""), on a connection of its own.
 */
struct http_answer http_get(int port, const char *path, const char *headers);

void http_release(struct http_answer *answer);

#endif
