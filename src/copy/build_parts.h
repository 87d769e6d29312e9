/*
 * build_parts.h - what the files of the build share: see build.h.
 */
#ifndef COPY_BUILD_PARTS_H
#define COPY_BUILD_PARTS_H

#include "base/buf.h"
#include "build.h"
#include "schema/model.h"
#include "translate.h"

enum { SQL_MAX = 4 << 20, NAME_MAX_BYTES = 63 };

struct maker {
    hg_conn *conn;
    const struct source *source;
    const struct target_db *target;
    const struct mapping_wish *wish;
    struct model *model; /* of the source: texts of checks, indexes and views */
    struct build *out;
    VEC(const char *) names; /* of relations, taken or given */
};

/* A table that is being planned. */
struct making {
    const struct source_table *source;
    struct target_table *target; /* valid until the next one is added */
    size_t number;               /* in out->tables */
};

bool build_no_memory(hg_error *err);

bool build_note(struct maker *m, const char *kind, const char *table, bool stops, hg_error *err,
                const char *format, ...) HG_PRINTF(6, 7);

/* A name that no relation of the target's schema has, in the build's arena: base, or base with a
 * number, cut to what PostgreSQL keeps. NULL: out of memory. */
const char *build_name(struct maker *m, const char *base);

/* What names the columns of a table may go by in its expressions. */
bool build_scope(struct maker *m, const struct making *t, struct scope *out, hg_error *err);

/* The table's text of CREATE, as a part. */
bool build_table(struct maker *m, const struct making *t, hg_error *err);

/* Keys, indexes, foreign keys. */
bool build_holds(struct maker *m, const struct making *t, hg_error *err);

/* Foreign keys of a table, once all tables are planned. */
bool build_references(struct maker *m, const struct source_table *table, hg_error *err);

/* Checks of a table; all views; triggers, which are only told of. */
bool build_checks(struct maker *m, const struct making *t, hg_error *err);
bool build_views(struct maker *m, hg_error *err);

#endif
