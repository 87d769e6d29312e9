/*
 * file.h - one migration file: headers, sections, options, guards, checksums. Pure.
 * Must not know where files lie, which other revisions exist, or what is applied.
 *
 *     -- revision: 3f9a1c0b7d21
 *     -- revises: 9d1e44f0a2bc
 *     -- message: add accounts
 *
 *     -- migrate:up lock_timeout:2s
 *     CREATE TABLE accounts (email text NOT NULL);
 *     -- @postgresql
 *     CREATE INDEX ON accounts USING hash (email);
 *     -- @end
 *
 *     -- migrate:down
 *     DROP TABLE accounts;
 *
 * A directive is a line comment that begins its line, outside of literals and comments. A guard may
 * stand inside a statement. What is guarded for the other engine is read by that engine's rules.
 */
#ifndef MIGRATE_FILE_H
#define MIGRATE_FILE_H

#include <headgate/error.h>

#include "checksum.h"

struct arena;
struct content;

enum { REVISION_CHARACTERS = 32 };

struct file_section {
    bool present;
    size_t directive; /* where its -- migrate: line begins */
    size_t from, to;  /* its text: from the end of that line */
    int line;         /* of `from` */
    bool transaction;
    bool irreversible;
    bool rebuild; /* SQLite: foreign keys are off around the transaction, and checked in it */
    int64_t lock_timeout_ms, statement_timeout_ms; /* -1: not given; 0: none */
    bool empty;                                    /* nothing in it runs on this engine */
    const char *checksum;                          /* of what runs on this engine */
    const char *raw_checksum;                      /* of its text as it is written */
};

/* Lines that do not run on this engine, guards included. */
struct file_gap {
    size_t from, to;
};

struct migration_file {
    const char *path;
    const char *revision; /* NULL: the file is no migration */
    const char *message;
    const char *const *revises;
    size_t revises_count;
    bool revises_given; /* false: its parent is the file before it */
    const char *const *depends_on;
    size_t depends_on_count;
    struct file_section up, down;
    const struct file_gap *gaps;
    size_t gap_count;
    bool python; /* Alembic's: its place in the graph is known, what it does is not */
};

struct file_source {
    const char *path; /* for errors, and for the revision when no header names it */
    const char *text;
    size_t size;
    hg_driver dialect;
    bool down_only; /* a down section alone, as the history keeps it */
    bool glance;    /* the down section's checksums are not wanted, and stay "" */
    void (*passed)(void *context, size_t at); /* told how far it is read; NULL: nobody */
    void *context;
};

/*
 * Reads a file. A file whose name begins with no digit, without revision header and without
 * sections, is no migration: revision is NULL and nothing else is set. Everything in out lives in
 * the arena, apart from path. err: HG_FILE with file, line, column and excerpt; HG_NOMEM.
 */
bool file_parse(const struct file_source *source, struct arena *arena, struct migration_file *out,
                hg_error *err);

/* Overwrites what does not run on this engine with spaces; every place stays what it was. false: it
 * could not be written. */
bool file_blank(struct content *text, const struct migration_file *file);

/* Whether a text may be a revision: 1 to 32 characters without white space, control characters and
 * , @ : + - and none of the words head, heads and base. *out_why, when not: the reason. */
bool file_revision_valid(const char *revision, const char **out_why);

#endif
