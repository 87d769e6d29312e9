/*
 * draft.h - new migration files behind those that a folder has.
 */
#ifndef MIGRATE_DRAFT_H
#define MIGRATE_DRAFT_H

#include "base/arena.h"
#include "base/buf.h"
#include "folder.h"
#include "project.h"

enum { DRAFT_REVISION_SIZE = 12 + 1, DRAFT_LIMIT = 1 << 30, DRAFT_MESSAGE_MAX = 60 * 1024 };

/* A folder that nobody else writes to until draft_close(). */
struct draft {
    const char *dir;
    int lock;
    struct arena arena;
    struct folder folder;
    struct project project;
    const char **parents; /* what the next file follows: the heads, ancestors first */
    size_t parent_count;
    long long version; /* the number that its name begins with */
};

/* What stands in a file. Texts begin behind the directive, with its options, and end with a line
 * end. */
struct draft_file {
    const char *message;
    const char *remarks; /* comment lines behind the headers; NULL: none */
    const char *up, *down;
};

/* err: HG_IO, HG_FILE, HG_NOMEM. Nothing to close on failure. */
bool draft_open(const char *dir, struct draft *out_draft, hg_error *err);
void draft_close(struct draft *draft);

/* Fails with HG_REFUSED and the names of several heads. */
bool draft_refuse_many(const struct draft *draft, hg_error *err);

/* Writes a file that follows the parents; it is the parent of the next. out_path: size bytes. */
bool draft_write(struct draft *draft, const struct draft_file *file, char *out_path, size_t size,
                 hg_error *err);

#endif
