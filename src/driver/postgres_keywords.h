/*
 * postgres_keywords.h - what libpq is told about a connection, from a URL and where it leads.
 */
#ifndef DRIVER_POSTGRES_KEYWORDS_H
#define DRIVER_POSTGRES_KEYWORDS_H

#include "postgres.h"

/* One place to try. */
struct target {
    const char *host;
    const char *address; /* NULL: a socket's folder */
    int port;
    const char *session; /* target_session_attrs; NULL: as the URL says */
};

/* What all attempts have in common. */
struct attempt {
    const hg_url *url;
    const struct driver_options *options;
    struct postgres_conn *conn;
    const char *user;
    const char *database;
    char account[1024]; /* room for the system's record of our user */
};

/* A parameter of the URL; NULL: it has none of the name. Borrowed. */
const char *keywords_parameter(const hg_url *url, const char *name);

/* Begins to connect to one place, without waiting. NULL: no memory. */
PGconn *keywords_start(const struct attempt *attempt, const struct target *target);

/* A parameter of the URL that this libpq is too old for; NULL: there is none. Borrowed. */
const char *keywords_unknown(const struct pq *pq, const hg_url *url);

#endif
