/*
 * world_postgres.h - a world on PostgreSQL: its database as superuser and its pools see it, and an
 * observer that does something in the middle of a run.
 */
#ifndef MIGRATE_WORLD_POSTGRES_H
#define MIGRATE_WORLD_POSTGRES_H

#include "world.h"

#include "support/postgres.h"

static hg_url *new_database(const char *dir)
{
    char *name = postgres_database();
    hg_url *url = postgres_url(name);

    (void)dir;
    free(name);
    return url;
}

static inline const char *database(const struct world *w)
{
    return hg_url_database(w->url);
}

/* Another pool to the same database, as its user or environment sees it. */
static inline void reopen(struct world *w, const hg_pool_options *options)
{
    hg_pool_close(w->pool, soon());
    assert_true(hg_pool_open(w->url, options, &w->pool, NULL));
}

static inline hg_conn *connection(struct world *w)
{
    hg_conn *conn = NULL;

    assert_true(hg_pool_checkout(w->pool, "test", soon(), &conn, NULL));
    return conn;
}

static inline void on(hg_conn *conn, const char *sql)
{
    hg_error err = {0};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

/* An observer that does something once, at the first event of a kind. */
struct trap {
    struct world *w;
    hg_event_kind kind;
    const char *subject, *part; /* of the message; NULL: any */
    void (*spring)(struct trap *trap);
    bool sprung;
    hg_conn *conn;
    hg_error err;
    char message[400];
};

static inline void trap_event(void *context, const hg_event *event)
{
    struct trap *trap = context;

    if (trap->sprung || event->kind != trap->kind
        || (trap->subject != NULL && strcmp(event->subject, trap->subject) != 0)
        || (trap->part != NULL && strstr(event->message, trap->part) == NULL))
        return;
    trap->sprung = true;
    snprintf(trap->message, sizeof trap->message, "%s", event->message);
    if (trap->spring != NULL)
        trap->spring(trap);
}

static inline hg_observer trapper(struct trap *trap)
{
    return (hg_observer){trap_event, NULL, trap};
}

#endif
