/*
 * json_schema.h - documents of the schema commands. Pure.
 */
#ifndef OPS_JSON_SCHEMA_H
#define OPS_JSON_SCHEMA_H

#include <headgate/headgate.h>

struct buf;

/* What makes the database the one that the file wants. False: out of memory. */
bool json_schema_diff(struct buf *out, const char *file, const hg_schema_diff *diff);

/* The schema as statements. False: out of memory. */
bool json_schema_dump(struct buf *out, const hg_schema_diff *dump);

/* What is wrong with the file of an applied revision: "edited", "missing"; NULL: nothing. */
const char *json_revision_fault(const hg_revision *revision);

/* What a check found. diff NULL: there is no schema file. False: out of memory. */
bool json_schema_check(struct buf *out, const char *file, const hg_schema_diff *diff,
                       const hg_history *history, bool ok);

#endif
