/*
 * writer.h - what the files that write SQL share: both models, the fate of every object, and the
 * statements so far. Pure.
 *
 *   write.c            entry; the fates that follow from the difference alone
 *   write_fate.c       PostgreSQL: what must be made anew because of what else changes
 *   write_postgres.c   PostgreSQL: drops, changes and creations in their order
 *   write_objects.c    PostgreSQL: one statement for each kind of object
 *   write_columns.c    PostgreSQL: tables and columns
 *   write_constraints.c  PostgreSQL: constraints and indexes
 *   write_types.c      PostgreSQL: types and sequences
 *   write_privileges.c PostgreSQL: grants
 *   write_sqlite.c     SQLite: what ALTER TABLE can do, and rebuilds for the rest
 */
#ifndef SCHEMA_WRITER_H
#define SCHEMA_WRITER_H

#include "names.h"
#include "order.h"
#include "write.h"

enum { NONE = -1 };

enum fate {
    FATE_KEEP,
    FATE_DROP,
    FATE_ALTER,
    FATE_RECREATE, /* dropped, and made as the other model has it */
    FATE_SWAP      /* a type: made anew beside the old one, columns moved over */
};

struct writer {
    struct arena *arena;
    const struct model *from, *to;
    enum write_mode mode;
    ptrdiff_t *match;        /* of each object of `from`: the same in `to`, or NONE */
    ptrdiff_t *back;         /* and the other way round */
    enum fate *fate;         /* of each object of `from` */
    uint32_t *facts;         /* of each object of `from`: those that differ */
    bool *make;              /* of each object of `to`: it is created */
    struct dependents users; /* PostgreSQL: of each object of `to`, what needs it */
    const char **gone; /* PostgreSQL: columns that are dropped, as FACT_OWNER names them, sorted */
    size_t gone_count;
    VEC(struct written_statement) out;
    VEC(const char *) impossible;
    bool rebuilds;
    bool failed; /* memory ran out */
};

/* Appends a statement and releases the buffer. loses: NULL, or what data is lost. */
void writer_put(struct writer *w, enum write_phase phase, struct buf *sql, const char *loses);
void writer_printf(struct writer *w, enum write_phase phase, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says of the statement that was appended last which hazard it is, what data it loses, or which
 * hazard it only looks like. */
void writer_danger(struct writer *w, const char *hazard);
void writer_loses(struct writer *w, const char *what);
void writer_accept(struct writer *w, const char *hazard_and_reason);

void writer_impossible(struct writer *w, const struct object *object, const char *why);

/* Texts in the arena; "" and failed when memory ran out. */
const char *writer_name(struct writer *w, const struct object *object);  /* qualified */
const char *writer_table(struct writer *w, const struct object *object); /* that it belongs to */
const char *writer_quote(struct writer *w, const char *name);
const char *writer_text(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline bool fact_has(const struct object *object, enum fact fact)
{
    return object->facts[fact] != NULL;
}

/* "" where there is none. */
static inline const char *fact_text(const struct object *object, enum fact fact)
{
    return fact_has(object, fact) ? object->facts[fact] : "";
}

bool fact_differs(const struct writer *w, size_t from, enum fact fact);

/* Whether an object of `from` goes with the table, view or domain that it belongs to. */
bool goes_with_owner(const struct writer *w, size_t from);
/* Whether an object of `to` belongs to one that is created. */
bool comes_with_owner(const struct writer *w, size_t to);

/* --- write_fate.c --- */
bool fate_spread(struct writer *w);
bool enum_only_grows(const struct object *from, const struct object *to);

/* --- write_postgres.c --- */
void write_postgres(struct writer *w);

/* --- write_objects.c --- */
void object_create(struct writer *w, size_t to);
void object_alter(struct writer *w, size_t from);
void object_drop(struct writer *w, size_t from, enum write_phase phase);
void object_comment(struct writer *w, const struct object *object);
/* "TABLE accounts", "COLUMN accounts.email", "TRIGGER t ON accounts"; domain: "ON DOMAIN d" */
const char *object_described(struct writer *w, const struct object *object, bool domain);

/* --- write_constraints.c --- */
void constraint_create(struct writer *w, const struct object *to);
void constraint_alter(struct writer *w, size_t from);
void index_create(struct writer *w, const struct object *to);
bool is_partitioned(const struct model *model, const struct object *object);
/* Whether it belongs to a domain and not to a table. */
bool is_of_domain(const struct model *model, const struct object *object);
/* Whether rows may be there already: the table is not made by this very change. */
bool is_online(const struct writer *w, const struct object *to);

/* --- write_types.c --- */
void type_create(struct writer *w, const struct object *to);
void type_alter(struct writer *w, size_t from);
void sequence_create(struct writer *w, const struct object *to);
void sequence_alter(struct writer *w, size_t from);

/* --- write_privileges.c: only where they were read --- */
void privileges_create(struct writer *w, const struct object *to);
void privileges_alter(struct writer *w, const struct object *from, const struct object *to);
void privileges_drop(struct writer *w, const struct object *from);

/* --- write_columns.c --- */
void table_create(struct writer *w, size_t to);
void table_alter(struct writer *w, size_t from);
void table_finish(struct writer *w, size_t to);            /* what names indexes of the table */
bool constraint_inline(const struct writer *w, size_t to); /* stands in its CREATE TABLE */
void column_create(struct writer *w, size_t to);
void column_release(struct writer *w, size_t from); /* names that others may take */
void column_alter(struct writer *w, size_t from);
void type_swap(struct writer *w, size_t from);

/* --- write_sqlite.c --- */
void write_sqlite(struct writer *w);

#endif
