/*
 * alembic.h - the revision files of a project that Alembic manages, read without Python. Must not
 * know what is applied.
 */
#ifndef MIGRATE_ALEMBIC_H
#define MIGRATE_ALEMBIC_H

#include "python.h"

struct alembic_file {
    const char *path;
    struct python_revision python;
};

struct alembic_folder {
    struct alembic_file *files; /* sorted by the bytes of their names */
    size_t count;
};

/*
 * Reads dir/versions; without that folder there are no files. A branch label in depends_on is
 * replaced by the revision that carries it. Everything in out lives in the arena. err: HG_IO,
 * HG_FILE, HG_NOMEM.
 */
bool alembic_read(const char *dir, struct arena *arena, struct alembic_folder *out, hg_error *err);

#endif
