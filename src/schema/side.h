/*
 * side.h - one side of a comparison: a scratch database (or a live one) and the model read from it.
 */
#ifndef SCHEMA_SIDE_H
#define SCHEMA_SIDE_H

#include <headgate/connection.h>
#include <headgate/observer.h>

#include "read.h"
#include "write.h"

struct side {
    hg_conn *conn;
    hg_deadline by;
    struct read_options read;
    struct model *model; /* as last read; freed by side_release() */
    bool second;         /* some of its texts are those of a second round */
};

void side_release(struct side *side); /* the connection stays the caller's */

/* Reads the model anew. */
bool side_read(struct side *side, hg_error *err);

struct side_text {
    const char *path; /* for errors */
    const char *text;
    size_t size;
};

/*
 * Runs a file of SQL: statement by statement, without BEGIN and COMMIT, without waiting where it
 * says CONCURRENTLY, since nobody else is there. The session's search_path is as before afterwards.
 * err: HG_FILE and what the server says, with file, line, column and excerpt.
 */
bool side_load(struct side *side, const struct side_text *text, hg_error *err);

/* Runs one statement of what was written. */
bool side_run_statement(struct side *side, const struct written_statement *statement,
                        hg_error *err);

/* Runs what makes a schema out of nothing, in transactions that are short enough for the server's
 * table of locks. */
bool side_build(struct side *side, const struct written *whole, hg_error *err);

/* Runs what was written, each phase in a transaction of its own unless one is open; one phase
 * alone, without what a rebuild needs around it. */
bool side_run(struct side *side, const struct written *written, hg_error *err);
bool side_run_phase(struct side *side, const struct written *written, enum write_phase phase,
                    hg_error *err);

/*
 * Compares two sides. The server's text for an expression is stable only when the server has read
 * its own text once: where texts differ, both sides make those objects anew from them, in a
 * transaction that is rolled back, and what is read then decides. try_from, try_to: false for a
 * live database, in which nothing is tried. The models become those that were compared last.
 */
bool sides_compare(struct arena *arena, struct side *from, bool try_from, struct side *to,
                   bool try_to, struct diff *out_diff, hg_error *err);

#endif
