/*
 * form.h - the table of statement forms: what each locks, reads, writes anew and loses, since which
 * version of the server. Pure.
 * Must not know how a form is recognised (classify.h) nor what to think of it (hazard.h).
 *
 * Every row has been measured: tests/sql/test_hazards_postgres.c and test_hazards_sqlite.c run each
 * form and compare locks, file nodes and scans with what stands here.
 */
#ifndef SQL_FORM_H
#define SQL_FORM_H

#include <headgate/hazard.h>

enum form_id {
    FORM_NONE, /* takes no lock on a table that others use */
    FORM_UNKNOWN,

    /* PostgreSQL: tables and what hangs on them */
    FORM_CREATE_TABLE,
    FORM_CREATE_TABLE_REFERENCES,
    FORM_CREATE_TABLE_PARTITION_OF,
    FORM_CREATE_TABLE_INHERITS,
    FORM_CREATE_TABLE_LIKE,
    FORM_CREATE_TABLE_AS,
    FORM_DROP_TABLE,
    FORM_TRUNCATE,
    FORM_CREATE_INDEX,
    FORM_CREATE_INDEX_ONLY,
    FORM_CREATE_INDEX_CONCURRENTLY,
    FORM_CREATE_INDEX_CONCURRENTLY_IF,
    FORM_DROP_INDEX,
    FORM_DROP_INDEX_CONCURRENTLY,
    FORM_REINDEX,
    FORM_REINDEX_CONCURRENTLY,
    FORM_REINDEX_DATABASE,
    FORM_CREATE_TRIGGER,
    FORM_ALTER_TRIGGER_RENAME,
    FORM_DROP_TRIGGER,
    FORM_CREATE_RULE,
    FORM_DROP_RULE,
    FORM_CREATE_POLICY,
    FORM_ALTER_POLICY,
    FORM_DROP_POLICY,
    FORM_CREATE_STATISTICS,
    FORM_CREATE_PUBLICATION,
    FORM_ALTER_PUBLICATION,
    FORM_COMMENT_TABLE,
    FORM_LOCK_TABLE,

    /* ALTER TABLE, one subcommand each */
    FORM_ADD_COLUMN,
    FORM_ADD_COLUMN_DEFAULT,
    FORM_ADD_COLUMN_VOLATILE,
    FORM_ADD_COLUMN_NOT_NULL,
    FORM_ADD_COLUMN_SERIAL,
    FORM_ADD_COLUMN_IDENTITY,
    FORM_ADD_COLUMN_STORED,
    FORM_ADD_COLUMN_VIRTUAL,
    FORM_ADD_COLUMN_UNIQUE,
    FORM_ADD_COLUMN_REFERENCES,
    FORM_ADD_COLUMN_CHECK,
    FORM_DROP_COLUMN,
    FORM_RENAME_COLUMN,
    FORM_RENAME_TABLE,
    FORM_RENAME_CONSTRAINT,
    FORM_SET_SCHEMA,
    FORM_COLUMN_TYPE,
    FORM_SET_DEFAULT,
    FORM_DROP_DEFAULT,
    FORM_SET_NOT_NULL,
    FORM_DROP_NOT_NULL,
    FORM_SET_STATISTICS,
    FORM_SET_COLUMN_OPTIONS,
    FORM_SET_STORAGE,
    FORM_SET_COMPRESSION,
    FORM_ADD_IDENTITY,
    FORM_SET_IDENTITY,
    FORM_DROP_IDENTITY,
    FORM_DROP_EXPRESSION,
    FORM_SET_EXPRESSION,
    FORM_ADD_CHECK,
    FORM_ADD_CHECK_NOT_VALID,
    FORM_ADD_FOREIGN_KEY,
    FORM_ADD_FOREIGN_KEY_NOT_VALID,
    FORM_ADD_UNIQUE,
    FORM_ADD_PRIMARY_KEY,
    FORM_ADD_UNIQUE_USING_INDEX,
    FORM_ADD_PRIMARY_KEY_USING_INDEX,
    FORM_ADD_EXCLUDE,
    FORM_VALIDATE_CONSTRAINT,
    FORM_ALTER_CONSTRAINT,
    FORM_DROP_CONSTRAINT,
    FORM_ATTACH_PARTITION,
    FORM_DETACH_PARTITION,
    FORM_DETACH_PARTITION_CONCURRENTLY,
    FORM_DETACH_PARTITION_FINALIZE,
    FORM_INHERIT,
    FORM_NO_INHERIT,
    FORM_OF_TYPE,
    FORM_NOT_OF,
    FORM_SET_OPTIONS,
    FORM_SET_LOGGED,
    FORM_SET_UNLOGGED,
    FORM_SET_TABLESPACE,
    FORM_SET_ACCESS_METHOD,
    FORM_CLUSTER_ON,
    FORM_REPLICA_IDENTITY,
    FORM_TRIGGER_STATE,
    FORM_DISABLE_TRIGGER,
    FORM_RULE_STATE,
    FORM_ROW_SECURITY,
    FORM_OWNER,
    FORM_ALTER_TABLE_OTHER,

    /* indexes, views, sequences, types */
    FORM_ALTER_INDEX_RENAME,
    FORM_ALTER_INDEX_OPTIONS,
    FORM_CREATE_VIEW,
    FORM_REPLACE_VIEW,
    FORM_ALTER_VIEW,
    FORM_RENAME_VIEW,
    FORM_DROP_VIEW,
    FORM_CREATE_MATVIEW,
    FORM_REFRESH,
    FORM_REFRESH_CONCURRENTLY,
    FORM_DROP_MATVIEW,
    FORM_CREATE_SEQUENCE,
    FORM_ALTER_SEQUENCE,
    FORM_DROP_SEQUENCE,
    FORM_CREATE_TYPE,
    FORM_ADD_VALUE,
    FORM_RENAME_VALUE,
    FORM_ALTER_TYPE,
    FORM_DROP_TYPE,
    FORM_CREATE_DOMAIN,
    FORM_DOMAIN_CHECK,
    FORM_DOMAIN_CHECK_NOT_VALID,
    FORM_DOMAIN_VALIDATE,
    FORM_DOMAIN_NOT_NULL,
    FORM_DOMAIN_OTHER,
    FORM_CREATE_FUNCTION,
    FORM_DROP_FUNCTION,
    FORM_CREATE_EXTENSION,
    FORM_DROP_EXTENSION,
    FORM_CREATE_SCHEMA,
    FORM_RENAME_SCHEMA,
    FORM_DROP_SCHEMA,
    FORM_DROP_CASCADE,
    FORM_DROP_OTHER,
    FORM_DROP_OWNED,
    FORM_GRANT,
    FORM_CREATE_OTHER,
    FORM_RENAME_OTHER,
    FORM_ALTER_OTHER,
    FORM_DROP_DATABASE,
    FORM_DATABASE,

    /* upkeep, data, code */
    FORM_ANALYZE,
    FORM_VACUUM,
    FORM_VACUUM_FULL,
    FORM_CLUSTER,
    FORM_SELECT,
    FORM_SELECT_FOR,
    FORM_INSERT,
    FORM_UPDATE,
    FORM_UPDATE_ALL,
    FORM_DELETE,
    FORM_DELETE_ALL,
    FORM_MERGE,
    FORM_COPY_FROM,
    FORM_COPY_TO,
    FORM_CODE,
    FORM_SESSION,
    FORM_TRANSACTION,

    /* SQLite */
    FORM_LITE_CREATE_TABLE,
    FORM_LITE_CREATE_TABLE_AS,
    FORM_LITE_CREATE_INDEX,
    FORM_LITE_CREATE_OTHER,
    FORM_LITE_DROP_TABLE,
    FORM_LITE_REBUILD,
    FORM_LITE_DROP_INDEX,
    FORM_LITE_DROP_OTHER,
    FORM_LITE_ADD_COLUMN,
    FORM_LITE_ADD_COLUMN_CHECK,
    FORM_LITE_ADD_COLUMN_REFUSED,
    FORM_LITE_DROP_COLUMN,
    FORM_LITE_RENAME_COLUMN,
    FORM_LITE_RENAME_TABLE,
    FORM_LITE_ALTER_REFUSED,
    FORM_LITE_REINDEX,
    FORM_LITE_VACUUM,
    FORM_LITE_FOREIGN_KEYS,
    FORM_LITE_WRITABLE_SCHEMA,
    FORM_LITE_PRAGMA,
    FORM_LITE_INSERT,
    FORM_LITE_UPDATE,
    FORM_LITE_UPDATE_ALL,
    FORM_LITE_DELETE,
    FORM_LITE_DELETE_ALL,
    FORM_LITE_SELECT,
    FORM_LITE_SESSION,

    FORM_COUNT
};

enum form_work {
    WORK_SCAN = 1,    /* reads every row */
    WORK_REWRITE = 2, /* writes the file anew */
    WORK_BUILD = 4,   /* builds an index, from every row */
    WORK_LOSS = 8,    /* rows, or a column of them, are gone afterwards */
    WORK_ALONE = 16,  /* no transaction can hold it */
    WORK_WORST = 32   /* the row says the worst; what the catalogs hold may make it milder */
};

struct form {
    enum form_id id;
    const char *text;         /* "ALTER TABLE ... SET NOT NULL" */
    hg_lock_mode lock, other; /* on the table it names; on another one: referenced, parent, ... */
    unsigned work;            /* on the table it names */
    const char *hazard;       /* an id of hazard.h; NULL: none */
    int since, until;         /* versions of the server that do so, until: no more; 0: all */
    unsigned other_work;      /* on the other table */
};

/* All rows, in the order of the ids; a form whose ways differ by version has several. */
const struct form *form_all(size_t *out_count);

/* The row of a form at a version of the server, or NULL when that version does not know the form.
 */
const struct form *form_at(enum form_id id, int server_version);

/* Whether a form is one of SQLite's. */
bool form_is_sqlite(enum form_id id);

#endif
