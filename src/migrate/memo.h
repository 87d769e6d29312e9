/*
 * memo.h - what the files of a folder said when they were last read, so that those which nobody has
 * touched since need not be read again. It is kept in a file of the user's runtime folder and may
 * vanish at any time.
 *
 * A file is taken for what it was when device, inode, size and both times are what they were, and
 * it had not been touched for a moment when it was read; a folder is taken to have the names that
 * it had in the same way. The memo answers questions; what is going to run is always read anew.
 */
#ifndef MIGRATE_MEMO_H
#define MIGRATE_MEMO_H

#include "base/buf.h"
#include "base/file.h"
#include "file.h"

/* Which names the folder has: those of the records, as long as its stamp is this one. */
struct memo_names {
    struct file_stamp folder; /* all 0: a file of it has no record, or it has just been touched */
    uint64_t count;
};

struct memo {
    struct arena *arena;
    char path[4096]; /* "": nothing is remembered */
    int folder;      /* of the files, -1: it is not open */
    hg_driver dialect;
    const char *records; /* of the last time, sorted by the bytes of the names */
    size_t size, at;
    struct memo_names was, is; /* of the last time, of this time */
    struct buf next;           /* the records of this time, from the first difference on */
    bool differs;
    int64_t settled_ns; /* what was touched later may be touched again without a trace */
};

/* Never fails: what cannot be read, or is damaged, is forgotten. memo_dir NULL or "": nothing is
 * remembered. What is remembered lives in the arena. */
void memo_open(struct memo *memo, const char *memo_dir, const char *dir, hg_driver dialect,
               struct arena *arena);

/* How many names the folder has, when it is known to have those it had; otherwise 0. */
size_t memo_count(const struct memo *memo);

/* The next of them, valid as long as the memo. NULL: the memo is at its end. */
const char *memo_name(const struct memo *memo);

/* Begins again, for names that are read from the folder. unsure: what they are may change without
 * the folder's noticing. */
void memo_rewind(struct memo *memo, bool unsure);

/* Whether the file is what it was; then it is filled in as a glance at it would: without the places
 * of its sections. Names are asked for in order. */
bool memo_recall(struct memo *memo, const char *name, const char *path, struct migration_file *out);

/* Remembers what a file said that was read just now, in order with what is recalled. */
void memo_keep(struct memo *memo, const char *name, const struct file_stamp *stamp,
               const struct migration_file *file);

/* Writes what has changed, unless the folder could not be read to its end. */
void memo_close(struct memo *memo, bool complete);

#endif
