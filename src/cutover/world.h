/*
 * world.h - what the actions of a cutover work on: the source, the target, the run's folder and its
 * journal.
 */
#ifndef CUTOVER_WORLD_H
#define CUTOVER_WORLD_H

#include <headgate/observer.h>
#include <headgate/pool.h>
#include <stdatomic.h>

#include "drive.h"

enum { WORLD_PATH = 4096 };

struct world {
    const hg_settings *source_settings; /* of the application's folder */
    const hg_settings *target_settings;
    hg_pool *source; /* SQLite; writes only to freeze and to thaw */
    hg_pool *reader; /* the same file, for reading alone, as wide as a copy needs it */
    hg_pool *target; /* crosses the fence, as wide as a copy needs it */
    char source_path[WORLD_PATH];
    char dir[WORLD_PATH];      /* of the run */
    char env_file[WORLD_PATH]; /* the application's; "": as the settings say */
    bool rehearsal;            /* all of this is a copy: nobody else may notice */
    struct journal *journal;
    const hg_observer *observer;
    atomic_llong rate;           /* rows a second that a copy may do; 0: as many as it can */
    int64_t budget_ms;           /* how long the source may stay frozen; 0: not known */
    bool (*stop)(void *context); /* whether the operation is to end: cancelled, or another order */
    void *stop_context;
};

/*
 * Opens the pools; connects to nothing. world->dir, settings, source_path are set by the caller.
 * world_close() in any case.
 */
bool world_open(struct world *world, hg_error *err);
void world_close(struct world *world);

/* The same on copies: the source is the file of source_path, the target another database of its
 * server. */
bool world_open_copies(struct world *world, const char *database, hg_error *err);

/* Opens the pools of the source anew: what they have open may be a file that is gone. */
bool world_reopen_source(struct world *world, hg_error *err);

/* A pool to a server that is not there. */
bool world_open_nowhere(const struct world *world, hg_pool **out_pool, hg_error *err);

/* A SQLite pool for reading alone on another file, as wide as a copy needs it. */
bool world_open_file(const struct world *world, const char *path, hg_pool **out_pool,
                     hg_error *err);

/* A pool on another database of the target's server, as wide as a copy needs it. */
bool world_open_database(const struct world *world, const char *name, hg_pool **out_pool,
                         hg_error *err);

void world_close_pool(hg_pool *pool); /* NULL is fine */

/* dir/name of the run's folder. */
bool world_path(const struct world *world, const char *name, char *out, hg_error *err);

/* The application's role in the target: an argument "role" of the step, else the user of the URL.
 */
const char *world_role(const struct world *world, const struct step *step);

/* The variable that selects the database where the application runs. */
const char *world_variable(const struct world *world);

/* An argument of a step; the fallback when it is not there. */
int64_t step_integer(const struct step *step, const char *name, int64_t fallback);
const char *step_text(const struct step *step, const char *name, const char *fallback);

/* The first column of the first row of a query. */
bool world_ask(hg_pool *pool, const char *sql, hg_deadline by, int64_t *out, hg_error *err);

/* What the journal keeps of a step that is done; NULL: it is not done. */
const json_t *world_facts(const struct world *world, const char *step);

/* Waits a moment; false, with err, when the operation is to end or the deadline has passed. */
bool world_wait(const struct world *world, hg_deadline by, hg_error *err);

/* Whether the operation is to end; for hg_conn_set_interrupt(), with the world as its context. */
bool world_stopped(void *world);

/* A copy of the source in a file, instead of what is there. However long it takes, it ends when the
 * operation is to end. */
bool world_backup(struct world *world, const char *path, hg_error *err);

/* Deadline of a question that should be answered at once. */
hg_deadline world_soon(void);

/* An observer that passes on what the operation below says, and stops it when this one is to end.
 */
hg_observer world_observer(const struct world *world);

#endif
