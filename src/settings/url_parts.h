/*
 * url_parts.h - what a database URL is made of: for url.c, which answers for it, and the files
 * of url_parser.h, which read it. Nobody else sees a URL's inside.
 */
#ifndef SETTINGS_URL_PARTS_H
#define SETTINGS_URL_PARTS_H

#include "base/arena.h"
#include "base/secret.h"
#include "base/vec.h"
#include "url.h"

enum { URL_LIMIT = 64 * 1024 };

struct host {
    const char *name;
    int port; /* 0: not given */
};

struct parameter {
    const char *name, *value;
    struct secret *secret; /* NULL when the name is not a secret's */
};

struct hg_url {
    _Atomic int others; /* who hold it beside the first */
    struct arena arena; /* every text below */
    hg_driver driver;
    const char *kind, *redacted, *database, *path, *user;
    struct secret *password;
    VEC(struct host) hosts;
    VEC(struct parameter) parameters;
};

#endif
