/*
 * typemap.h - what a column of SQLite becomes in a table that the copy makes.
 * Pure. A declared type is a hint in SQLite, so some are decided by the values that are there.
 */
#ifndef COPY_TYPEMAP_H
#define COPY_TYPEMAP_H

#include "convert.h"

/* What a column holds, NULLs apart. */
struct values_seen {
    int64_t integers, reals, texts, blobs;
    int64_t not_truth; /* neither 0 nor 1 nor "true" nor "false" */
};

struct made_type {
    enum pg_type type;
    int32_t precision, scale; /* of numeric; precision 0: any */
    int32_t length;           /* of varchar and char; 0: any */
    const char *name;         /* as the catalogs have it: "int8"; static */
    char sql[160];            /* "numeric(12,2)" */
};

/* Whether the declared type alone does not decide. */
bool typemap_wants_values(const char *declared);

/* Whether it does, unless there are values that are not truth values: all that is asked then. */
bool typemap_may_be_truth(const char *declared);

/* seen: what typemap_wants_values() asked for; of other types it is not looked at. */
struct made_type typemap(const char *declared, const struct values_seen *seen);

/* A type as a person writes it: "integer", "varchar(80)", "text collate \"C\"". False: it is none
 * that values could be sent as. */
bool typemap_parse(const char *text, struct made_type *out);

#endif
