/*
 * kept.h - a moment of the source, kept as a file of its own, page for page: what was copied from,
 * and what the source is compared with when only changes are to be brought over.
 *
 * A folder holds it under a name that the target has written down, so that both sides always know
 * which moment the target holds, whoever is killed whenever. Other moments in the folder are left
 * from somebody who was, and go with the next one.
 */
#ifndef COPY_KEPT_H
#define COPY_KEPT_H

#include <headgate/pool.h>

enum { KEPT_NAME = 16 };

struct kept {
    char name[KEPT_NAME + 1]; /* "": none is kept */
    char *path;
    hg_pool *pool;
};

/* Keeps the source as it is now; the folder is made when it is not there. jobs: of those who will
 * read it. err: HG_DISK_FULL, HG_IO, what the connection says. */
bool kept_make(hg_conn *source, const char *folder, int jobs, struct kept *out, hg_error *err);

/* Opens the one of this name. err: HG_USAGE (it is not there). */
bool kept_open(const char *folder, const char *name, int jobs, struct kept *out, hg_error *err);

/* Removes all others from the folder; name "": all. */
void kept_clear(const char *folder, const char *name);

/* Closes it; the file stays. */
void kept_close(struct kept *kept);

#endif
