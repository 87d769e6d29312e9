/*
 * model.h - a schema as a value: what a database holds beside rows, in facts that either engine
 * can give. Pure. Must not know how it is read, compared or written.
 *
 * An object is a kind, a name and facts; a fact is a text that the database has normalised. What
 * belongs to a table (columns, constraints, indexes, triggers, policies) is an object of its own
 * that names the table. Objects are sorted by kind, schema, table and name; a model never changes
 * once model_finish() has made it.
 */
#ifndef SCHEMA_MODEL_H
#define SCHEMA_MODEL_H

#include <headgate/error.h>

#include "base/arena.h"
#include "base/vec.h"

/* In the order in which they can be made when nothing else is known. */
enum object_kind {
    OBJECT_SCHEMA,
    OBJECT_EXTENSION,
    OBJECT_TYPE, /* enum, domain, composite, range: FACT_VARIETY says which */
    OBJECT_SEQUENCE,
    OBJECT_FUNCTION, /* its name has the types of its arguments: f(integer, text) */
    OBJECT_TABLE,
    OBJECT_COLUMN,
    OBJECT_CONSTRAINT, /* of a table, or of a domain: FACT_VARIETY */
    OBJECT_INDEX,
    OBJECT_VIEW, /* FACT_VARIETY: view, materialized view */
    OBJECT_TRIGGER,
    OBJECT_RULE,
    OBJECT_POLICY,
    OBJECT_DEFAULTS, /* default privileges: "FOR ROLE r IN SCHEMA s TABLES" */
    OBJECT_OTHER,    /* of a kind that is not modelled: FACT_VARIETY names it */
    OBJECT_KINDS
};

enum fact {
    FACT_VARIETY,     /* "enum", "primary key", "materialized view", "procedure", ... */
    FACT_TYPE,        /* of a column, domain, sequence: as the database spells it */
    FACT_NOT_NULL,    /* "yes" */
    FACT_DEFAULT,     /* an expression */
    FACT_IDENTITY,    /* "always", "by default"; SQLite: "rowid", "autoincrement" */
    FACT_GENERATED,   /* an expression */
    FACT_STORED,      /* of a generated column: "stored", "virtual" */
    FACT_COLLATION,   /* where it is not the type's own; as SQL */
    FACT_SEQUENCE,    /* options of a sequence, or of an identity column's */
    FACT_OWNER,       /* of a sequence: table.column that it goes with */
    FACT_COLUMNS,     /* of a view, with their types; of a function, its arguments; SQLite: of a key
                         or plain index: names as SQL, separated by ", " */
    FACT_REFERENCES,  /* of a foreign key: the table, as SQL */
    FACT_REFERENCED,  /* SQLite: and its columns; "" when they are its primary key's */
    FACT_DEFINITION,  /* the whole as SQL, as the kind has it: see read_postgres.c, read_sqlite.c */
    FACT_OPTIONS,     /* storage parameters; SQLite: STRICT, WITHOUT ROWID */
    FACT_PERSISTENCE, /* "unlogged" */
    FACT_STORAGE,
    FACT_COMPRESSION,
    FACT_STATISTICS,
    FACT_PARTITION_BY, /* the key */
    FACT_PARENTS,      /* tables that it inherits from or is a partition of, as SQL */
    FACT_BOUND,        /* of a partition */
    FACT_SECURITY,     /* "enabled", "forced", "enabled forced": row level security */
    FACT_REPLICA,      /* replica identity where it is not the default */
    FACT_CLUSTER,      /* of an index: "yes" */
    FACT_ENABLED,      /* of a trigger where it is not the default: "D", "R", "A" */
    FACT_VALID,        /* "no": a constraint or index that is not valid */
    FACT_COMMENT,
    FACT_PRIVILEGES, /* only when they were asked for */
    /* What follows is kept for who writes, and is never compared. */
    FACT_SOURCE,   /* SQLite: the text as it was created */
    FACT_POSITION, /* of a column, from 1 */
    FACTS
};

enum { FACTS_COMPARED = FACT_SOURCE };

struct object {
    enum object_kind kind;
    const char *schema; /* "" for the default schema, where names need none */
    const char *table;  /* table, view or domain that it belongs to; "": none */
    const char *name;
    const char *facts[FACTS]; /* NULL: there is none */
    const size_t *needs;      /* objects that must be there before it */
    size_t need_count;
    size_t owner; /* the object of its table; itself when it belongs to none */
    uint64_t tag; /* of the reader: which thing of the catalogs it is */
};

struct model {
    struct arena arena;
    hg_driver driver;
    int version;                /* of the server: 150004, 3040001 */
    const char *default_schema; /* its name in the database; SQLite: "main" */
    bool privileges;            /* they were asked for */
    struct object *objects;
    size_t count;
    char fingerprint[33]; /* of all that is compared: equal schemas have equal ones */
};

/* While it is read. */
struct model_edge {
    uint64_t from, to; /* tags: `from` needs `to` */
};

struct model_maker {
    struct model *model;
    VEC(struct object) objects;
    VEC(struct model_edge) edges;
};

/* Begins a model; NULL when memory ran out. */
struct model *model_new(hg_driver driver, int version, const char *default_schema);

/* Adds an object with its texts copied; NULL when memory ran out. Its facts are set with
 * model_fact(). Valid until the next is added. */
struct object *model_add(struct model_maker *maker, enum object_kind kind, const char *schema,
                         const char *table, const char *name);

/* Sets a fact to a copy; NULL or "" leaves it unset. */
bool model_fact(struct model_maker *maker, struct object *object, enum fact fact,
                const char *value);

bool model_need(struct model_maker *maker, uint64_t from, uint64_t to);

/* Sorts, ties and fingerprints. The maker is empty afterwards, also on failure. err: HG_NOMEM. */
bool model_finish(struct model_maker *maker, hg_error *err);
void model_maker_release(struct model_maker *maker);

void model_free(struct model *model); /* NULL is fine */

/* The object of this kind and name, or NULL. */
const struct object *model_find(const struct model *model, enum object_kind kind,
                                const char *schema, const char *table, const char *name);

/* Objects of a kind that belong to a table stand together: *out_first, and how many. */
size_t model_range(const struct model *model, enum object_kind kind, const char *schema,
                   const char *table, size_t *out_first);

/* By kind, schema, table and name: below, equal to or above zero. */
int object_compare(const struct object *a, const struct object *b);

/* Whether everything that is compared is the same. */
bool object_same(const struct object *a, const struct object *b);

bool object_is(const struct object *object, const char *variety);

const char *object_kind_name(enum object_kind kind); /* "table", "column", ...; static */
const char *fact_name(enum fact fact);               /* "type", "not null", ...; static */

#endif
