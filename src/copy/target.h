/*
 * target.h - what the copy has to know of the PostgreSQL database: its tables and columns as values
 * have to fit them, what stands in the way of rows (foreign keys, triggers), sequences.
 */
#ifndef COPY_TARGET_H
#define COPY_TARGET_H

#include <headgate/connection.h>

#include "base/arena.h"
#include "convert.h"

struct target_column {
    const char *name;
    const char *type_name;  /* "character varying(80)", for people */
    const char *short_type; /* "varchar" */
    struct target target;
    bool generated;       /* computed by the server: nothing can be sent */
    bool has_default;     /* or is an identity column */
    const char *sequence; /* that gives its values, as SQL; NULL: none */
};

struct target_table {
    const char *name;
    const char *sql_name; /* quoted, with its schema */
    bool readable;        /* by the role; of others it is not known whether they have rows */
    bool fillable;        /* the role may insert, into some of its columns at least */
    bool filled;          /* has rows */
    bool owned;           /* by the role, or one it belongs to */
    bool made;            /* it is not there: the copy will make it */
    struct target_column *columns;
    size_t column_count;
};

enum hold_kind {
    HOLD_FOREIGN_KEY,
    HOLD_TRIGGER,
    HOLD_INDEX, /* made by the copy, as the others below */
    HOLD_KEY,   /* a constraint out of the index of its name */
    HOLD_TABLE  /* nothing to put back: the record that the copy made it */
};

/* What is put aside while rows come, or comes after them because the copy makes it. */
struct target_hold {
    enum hold_kind kind;
    const char *table; /* of the default schema; not quoted */
    const char *other; /* of a foreign key: the table that it leads to; NULL: of another schema */
    const char *name;  /* quoted */
    const char *put_back; /* the statement, or those, that bring it back */
    const char *put_away; /* NULL: it is not there yet */
    bool valid;           /* of a foreign key: it was validated */
    bool made;            /* by the copy: it was never there before */
};

/* A unique index over plain columns and all rows. */
struct target_unique {
    const char *table, *name;
    const char **columns;
    size_t column_count;
};

/* A condition that rows have to meet: of the table, of one of its partitions, or of a domain that
 * one of its columns is of; or that one of its partitions is theirs; or one that looks at several
 * rows. */
struct target_check {
    const char *table, *name;
    const char *expression; /* SQL over the table's columns */
    const char **columns;   /* that it looks at */
    size_t column_count;
    bool whole;       /* it looks at the row as such, too */
    const char *base; /* of a domain's: the type that its only column is of beneath; else NULL */
    bool partitions;  /* that some partition takes the row; without an expression: of very many */
    const char *exclude; /* EXCLUDE ...: the constraint, and there is no expression; else NULL */
};

struct target_db {
    struct arena arena;
    const char *schema; /* the default schema */
    const char *version;
    const char *database;
    bool read_only;              /* a standby, or a session that cannot write */
    bool may_create;             /* the role may make tables in the schema */
    struct target_table *tables; /* by bytes of their names */
    size_t table_count;
    struct target_hold *holds;
    size_t hold_count;
    struct target_unique *uniques;
    size_t unique_count;
    struct target_check *checks;
    size_t check_count;
    const char **relations; /* names of everything in the schema that a table could not be called */
    size_t relation_count;
};

/* Reads the session's default schema. err: what the connection says, HG_NO_DATABASE (search_path
 * leads to no schema), HG_NOMEM. */
bool target_read(hg_conn *conn, hg_deadline by, struct target_db *out, hg_error *err);
void target_release(struct target_db *target);

/* The table: of exactly that name, or the only one that is it without regard to case; else NULL. */
struct target_table *target_find(const struct target_db *target, const char *name);

/* The number of the table of exactly that name; table_count: there is none. name: NULL is fine. */
size_t target_number(const struct target_db *target, const char *name);

/* What gives the values of identity columns, once the tables are made. */
bool target_read_sequences(hg_conn *conn, hg_deadline by, struct target_db *target, hg_error *err);

const char *hold_kind_name(enum hold_kind kind); /* "foreign key", ...; static */
bool hold_kind_parse(const char *name, enum hold_kind *out);

#endif
