/*
 * import.h - what the parts of a take-over share: another tool's revisions as neutral items.
 */
#ifndef MIGRATE_IMPORT_H
#define MIGRATE_IMPORT_H

#include <headgate/migrate.h>

#include "base/arena.h"
#include "base/vec.h"

struct import_section {
    bool present;
    bool transaction;
    const char *sql[2]; /* by hg_driver, the same pointer where both are the same; NULL: nobody can
                           write it */
};

struct import_item {
    const char *revision, *message;
    const char *source; /* the file it comes from */
    const char *const *revises;
    size_t revises_count;
    const char *const *depends_on;
    size_t depends_on_count;
    long long number;    /* what its file's name begins with; 0: as may be */
    const char *copy_as; /* the file is taken as it is, under this name; NULL: it is written anew */
    struct import_section up, down;
};

struct import {
    const hg_import_options *options;
    const hg_observer *observer;
    struct arena arena;
    VEC(struct import_item) items; /* ancestors first */
    bool stays;                    /* the tool's files are read from our folder too */
};

/* --- import_alembic.c: with its offline SQL; import_files.c: the others --- */

bool import_read_alembic(struct import *import, const char *from, hg_error *err);
bool import_read_dbmate(struct import *import, const char *from, hg_error *err);
bool import_read_goose(struct import *import, const char *from, hg_error *err);
bool import_read_golang_migrate(struct import *import, const char *from, hg_error *err);
bool import_read_flyway(struct import *import, const char *from, hg_error *err);

/* The folder of an Alembic project that holds env.py and versions; false: dir is none. */
bool import_find_alembic(const char *dir, char *out_place, size_t size);

/* --- import_ledger.c --- */

/* What a tool's own version table says. */
struct import_applied {
    char table[600]; /* with its schema, as SQL; "": there is none */
    bool *items;     /* of each item: it is applied; in the arena */
};

/* err: HG_DRIFT when the table knows revisions that no file has, or is in the middle of something.
 */
bool import_read_applied(struct import *import, hg_conn *conn, hg_deadline by,
                         struct import_applied *out, hg_error *err);

/* --- import_write.c --- */

/* Writes the items that options->dir does not have yet as our files; *out_written: how many,
 * *out_left: revisions whose SQL nobody could write; in the tool's own folder its files stay what
 * tells of them, elsewhere a file that fails when it is run. */
bool import_write(struct import *import, size_t *out_written, size_t *out_left, hg_error *err);

#endif
