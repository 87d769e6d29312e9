/*
 * kitchen.h - brings a situation about and asks one check what it says of it; keeps a record of
 * which outcomes were had. One server, one folder that is also the working folder, one test
 * program.
 */
#ifndef SUPPORT_KITCHEN_H
#define SUPPORT_KITCHEN_H

#include <pthread.h>

#include "checks/checks.h"

enum { SECONDS = 1000, CHECKS_MOST = 400 };

/* URLs of the usual SQLite file, and of the server as superuser. */
#define ALWAYS "sqlite:///<DIR>/app.db"
#define MAKER  "postgresql:///<DB>?host=<SOCKET>&port=<PORT>&user=postgres"

/* One check in one situation. Texts may have <DIR>, <PORT>, <SOCKET>, <DB> and <CERT> in them. */
struct recipe {
    const char *id;
    hg_status status;
    const char *before, *after; /* SQL that brings it about as superuser, and ends it; a statement
                                   behind ! may fail */
    const char *env;            /* "NAME=value NAME=value" */
    const char *url;            /* NULL: the usual one */
    const char *file, *content; /* in the folder */
    unsigned mode;              /* of that file; 0: 0600 */
    double shift;               /* of both thresholds, down */
};

extern struct kitchen {
    char *folder, *database;
    const char *application_url;  /* NULL: none */
    size_t wrong;                 /* recipes that came out otherwise, which has been printed */
    unsigned forced[CHECKS_MOST]; /* by the place in the catalogue: bits 1 << status */
} kitchen;

/* A group's setup and teardown. */
int kitchen_open(void **state);
int kitchen_close(void **state);

/* Runs statements, separated by semicolons. */
void kitchen_sql(const char *url, const char *sql);

/* All of a recipe. maker: where its SQL runs; usual: the URL of one that has none. */
void recipe_cook(const struct recipe *r, const char *maker, const char *usual);

/* Its parts. */
void recipe_put_file(const struct recipe *r);
void recipe_take_file(const struct recipe *r);
void recipe_note(const char *id, hg_status status); /* an outcome that was had otherwise */

/* A test's teardown: whether a recipe came out otherwise. */
int recipe_count_wrong(void **state);

/* Settings and a pool, as a recipe says. */
struct stage {
    hg_settings *settings;
    hg_pool *pool;
};

struct stage stage_open(const struct recipe *r, const char *url);
void stage_close(struct stage *stage);

/* The recipe's check, on a stage; without its evidence. */
hg_check_result recipe_run(const struct stage *stage, const struct recipe *r);

/* A session that did something and stays as it is. */
struct session {
    struct stage stage;
    hg_conn *conn;
    pthread_t thread; /* 0: none */
    const char *sql;
};

struct session session_open(const char *url);
void session_do(struct session *s, const char *sql);    /* faults do not matter */
void session_start(struct session *s, const char *sql); /* in a thread */
void session_close(struct session *s);
void session_wait(const char *question); /* until the server answers with true */

#endif
