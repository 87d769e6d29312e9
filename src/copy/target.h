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
    bool filled;          /* has rows */
    bool owned;           /* by the role, or one it belongs to */
    struct target_column *columns;
    size_t column_count;
};

/* A foreign key or a trigger that is put aside while rows come. */
struct target_hold {
    const char *table;    /* quoted, with its schema */
    const char *name;     /* quoted */
    const char *put_back; /* the statement, or those, that bring it back */
    const char *put_away;
    bool foreign_key;
    bool valid; /* of a foreign key: it was validated */
};

struct target_db {
    struct arena arena;
    const char *schema; /* the default schema */
    const char *version;
    const char *database;
    bool read_only;              /* a standby, or a session that cannot write */
    struct target_table *tables; /* by bytes of their names */
    size_t table_count;
    struct target_hold *holds;
    size_t hold_count;
};

/* Reads the session's default schema. err: what the connection says, HG_NO_DATABASE (search_path
 * leads to no schema), HG_NOMEM. */
bool target_read(hg_conn *conn, hg_deadline by, struct target_db *out, hg_error *err);
void target_release(struct target_db *target);

/* The table: of exactly that name, or the only one that is it without regard to case; else NULL. */
struct target_table *target_find(const struct target_db *target, const char *name);

/* Whether the foreign key or trigger is one of the table. */
bool target_is_on(const struct target_hold *hold, const struct target_table *table);

#endif
