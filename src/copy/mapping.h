/*
 * mapping.h - which table and column goes where, and what is wrong with that before a row is read.
 * Pure, but for the two schemas that it is made from. The order is that of the foreign keys.
 */
#ifndef COPY_MAPPING_H
#define COPY_MAPPING_H

#include <headgate/copy.h>

#include "rule.h"
#include "source.h"
#include "target.h"

/* A column that is copied. */
struct column {
    const struct source_column *source;
    const struct target_column *target;
    convert_value *convert;
    int64_t pieces_most; /* bytes of a value that may come in pieces; 0: it has to come whole */
    const struct rule **rules; /* that are about it, in their order */
    size_t rule_count;
};

/* A table that is copied. */
struct table {
    const struct source_table *source;
    const struct target_table *target;
    struct column *columns;
    size_t column_count;
    int rowid_cell; /* which cell of a row is its rowid; -1: none */
    size_t cell_count;
    const char *select;    /* reads all columns; of a table with a rowid between $1 and $2 */
    const char *order;     /* of one without: the key that its rows are stored by; NULL: none */
    const char *copy;      /* COPY ... FROM STDIN */
    const char *read_back; /* COPY (SELECT ...%s) TO STDOUT up to where a WHERE may stand */
    const char *key;       /* the target's column that has the rowid, quoted; NULL: none */
    bool has_jsonb;
};

/* Whether a column is one of those that tell the table's rows apart, on both sides. */
bool table_is_key(const struct table *table, size_t column);

struct mapping {
    struct arena arena;
    struct table *tables; /* parents before children */
    size_t table_count;
    VEC(hg_copy_problem) problems;
};

/* What to leave out or in. */
struct mapping_wish {
    const char *const *tables; /* only these; count 0: all */
    size_t table_count;
    const struct rules *rules;
    int64_t largest; /* bytes of a value in pieces; 0: as large as can be */
};

/* Whether a table of the source is to be copied. */
bool mapping_wants(const struct mapping_wish *wish, const char *table);

/* The first rule that says what a column becomes, or NULL. target: as it would without. */
const struct rule *mapping_choice(const struct mapping_wish *wish, const char *table,
                                  const char *column, const struct target_column *target);

/*
 * Texts and rules are borrowed from source, target and rules. A problem is not an error: it is kept
 * in the list. err: HG_USAGE (a table that was asked for is not there), HG_NOMEM.
 */
bool mapping_make(const struct source *source, const struct target_db *target,
                  const struct mapping_wish *wish, struct mapping *out, hg_error *err);
void mapping_release(struct mapping *mapping);

/* Adds a problem with a message made in the mapping's arena; false: memory ran out. */
bool mapping_problem(struct mapping *mapping, const char *kind, const char *table, int64_t count,
                     bool stops, const char *format, ...) HG_PRINTF(6, 7);

#endif
