/*
 * build.h - tables for the target, made from the source's where the target has none: what they will
 * be, before anything is made.
 *
 * A table comes before its rows. Its keys, indexes and foreign keys come after them, since building
 * an index of rows that are there costs a fraction of keeping it while they come; they are listed
 * as held (target.h), as if they had been put aside. What does not translate is listed, too.
 */
#ifndef COPY_BUILD_H
#define COPY_BUILD_H

#include "mapping.h"

/* A statement that makes something. */
struct build_part {
    const char *subject; /* the table or view */
    const char *what;    /* "table", "check", "view" */
    const char *sql;
};

/* What is not made as it is, and why. */
struct build_note {
    const char *kind; /* of a problem: "view-left-out"; static */
    const char *table;
    const char *message;
    bool stops;
};

struct build {
    struct arena arena;
    VEC(struct target_table) tables; /* as they will be */
    VEC(struct target_hold) holds;   /* to be made after the rows */
    VEC(struct target_unique) uniques;
    VEC(struct target_check) checks;
    VEC(struct build_part) parts;  /* the tables */
    VEC(struct build_part) extras; /* checks and views: each may be refused by the server */
    VEC(struct build_note) notes;
};

/*
 * Plans all tables of the source that are wished for and missing in the target. conn: to the
 * source, whose values decide some types; target: what is there already. Texts of the result live
 * in its arena, or are borrowed from the source. err: what the connection says, HG_NOMEM.
 */
bool build_make(hg_conn *conn, const struct source *source, const struct target_db *target,
                const struct mapping_wish *wish, struct build *out, hg_error *err);

/* Makes the planned tables look as if they were in the target, which borrows from the build. */
bool build_pretend(const struct build *build, struct target_db *target, hg_error *err);

void build_release(struct build *build);

#endif
