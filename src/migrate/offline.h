/*
 * offline.h - the SQL that Alembic would run for each revision of a project, asked of Alembic
 * itself: its offline mode, for both engines, up and down.
 */
#ifndef MIGRATE_OFFLINE_H
#define MIGRATE_OFFLINE_H

#include <headgate/error.h>
#include <headgate/observer.h>

struct arena;

struct offline_text {
    const char *sql;    /* NULL: Alembic could not write it */
    const char *reason; /* why not, one line; NULL: nobody asked */
};

struct offline_revision {
    const char *revision;
    struct offline_text up[2], down[2]; /* by hg_driver */
};

/*
 * place: the folder of env.py; ini: the path of alembic.ini, or NULL. The project's env.py and
 * revisions run, without a database. Everything in out lives in the arena. err: HG_UNSUPPORTED
 * where Alembic is not installed, HG_FAILED with what Python said, HG_CANCELLED, HG_IO, HG_NOMEM.
 */
bool offline_read(const char *place, const char *ini, const hg_observer *observer,
                  struct arena *arena, struct offline_revision **out, size_t *out_count,
                  hg_error *err);

#endif
