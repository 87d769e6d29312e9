/*
 * python.h - what one of Alembic's revision files says about itself, read without Python. Pure.
 * Must not know where files lie, and never runs or understands what upgrade() does.
 *
 * Only assignments at the beginning of a line count, as Alembic's templates write them: revision,
 * down_revision, depends_on and branch_labels, with or without an annotation, each None, a text, or
 * a tuple, list or set of texts. The first line of the docstring is the message.
 */
#ifndef MIGRATE_PYTHON_H
#define MIGRATE_PYTHON_H

#include <headgate/error.h>

struct arena;

struct python_names {
    const char *const *items;
    size_t count;
};

struct python_revision {
    const char *revision; /* NULL: the file is no revision */
    const char *message;  /* "" without a docstring */
    struct python_names down_revision, depends_on, branch_labels;
    long long created; /* "Create Date" as digits, 20260123184500; 0: none */
};

/*
 * Reads a file's text (NUL-terminated behind its size). path: for errors. Everything in out lives
 * in the arena. err: HG_FILE with the place for a value that only Python could work out; HG_NOMEM.
 */
bool python_read(const char *path, const char *text, size_t size, struct arena *arena,
                 struct python_revision *out, hg_error *err);

#endif
