/*
 * web.h - an application's HTTP server that says what a test likes.
 */
#ifndef SUPPORT_WEB_H
#define SUPPORT_WEB_H

#include <stddef.h>

struct web_page {
    const char *path; /* exact */
    int status;       /* 0: hangs up without an answer; -1: never answers */
    const char *body;
};

struct web;

/* Answers GETs of these pages (borrowed), one after the other, with 404 for others; on a free port
 * of 127.0.0.1. Fails the test when it cannot. */
struct web *web_start(const struct web_page *pages, size_t count);
int web_port(const struct web *web);
void web_stop(struct web *web);

#endif
