/*
 * source.h - what the copy has to know of the SQLite database: its tables, how their rows can be
 * read in ranges, keys that the other side will hold them to.
 * Must not know the target.
 */
#ifndef COPY_SOURCE_H
#define COPY_SOURCE_H

#include <headgate/connection.h>

#include "base/arena.h"

struct source_column {
    const char *name;
    const char *declared; /* type as declared, "" for none */
    const char *fallback; /* of DEFAULT, as SQL; NULL: none */
    bool not_null;
    bool generated;
    int key; /* place in the primary key, from 1; 0: not in it */
};

/* A column of an index. */
struct source_key {
    const char *name; /* "": the rowid; NULL: an expression */
    bool descending;
    const char *collation; /* "BINARY", "NOCASE", ... */
};

/* An index, a UNIQUE or the primary key. */
struct source_index {
    const char *name;
    const char *sql; /* as it was created; NULL: it belongs to a constraint */
    bool unique, primary;
    bool partial, expression; /* columns do not say all of it */
    struct source_key *keys;
    size_t key_count;
};

struct source_reference {
    const char *table; /* as written; may not exist */
    const char **columns;
    const char **referenced; /* as many, with those of an implicit primary key filled in */
    size_t column_count;
    const char *on_update, *on_delete; /* "NO ACTION", "CASCADE", ... */
};

struct source_table {
    const char *name;
    const char *sql;   /* as it was created */
    bool virtual;      /* of an extension such as FTS; its shadow tables are left out */
    const char *rowid; /* the name that means the rowid, or NULL: it has none */
    int rowid_column;  /* the column that is the rowid; -1: none is */
    int64_t sequence;  /* of AUTOINCREMENT: the last one given out; 0 without */
    bool autoincrement;
    struct source_column *columns;
    size_t column_count;
    struct source_index *indexes;
    size_t index_count;
    struct source_reference *references;
    size_t reference_count;
};

struct source_view {
    const char *name, *sql;
};

struct source {
    struct arena arena;
    struct source_table *tables; /* by name, without regard to case */
    size_t table_count;
    struct source_view *views;
    size_t view_count;
    size_t trigger_count;
    bool wal;
    const char *encoding; /* "UTF-8", "UTF-16le", ... */
    int64_t page_size, page_count, application_id, user_version;
};

/* Reads it as of the connection's transaction. err: what the connection says, HG_NOMEM. */
bool source_read(hg_conn *conn, hg_deadline by, struct source *out, hg_error *err);
void source_release(struct source *source);

/* The table of that name without regard to case, or NULL. */
struct source_table *source_find(const struct source *source, const char *name);

#endif
