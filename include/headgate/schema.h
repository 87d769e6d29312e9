/*
 * schema.h - the schema of a database: as SQL, and how it differs from the one that a file wants.
 *
 * Every function here takes a pool, talks to the database on the calling thread until a deadline,
 * and may be called from any thread. The database of the pool is only read; files are loaded into a
 * scratch database of the same engine (SQLite: in memory; PostgreSQL: on the same server, for which
 * the role needs CREATEDB) that is gone afterwards. The tables that headgate keeps for itself and
 * alembic_version count as no part of the schema.
 */
#ifndef HEADGATE_SCHEMA_H
#define HEADGATE_SCHEMA_H

#include <headgate/observer.h>
#include <headgate/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hg_schema_verb {
    HG_SCHEMA_ADD,
    HG_SCHEMA_DROP,
    HG_SCHEMA_ALTER,
    HG_SCHEMA_RENAME
} hg_schema_verb;

/* "add", "drop", "alter", "rename" */
HG_API const char *hg_schema_verb_name(hg_schema_verb verb);

/* What is to be done to an object; what comes or goes with its table is not told apart from it. */
typedef struct hg_schema_change {
    hg_schema_verb verb;
    const char *kind;   /* "table", "column", "constraint", "index", "view", ... */
    const char *object; /* "accounts", "accounts.email", "app.accounts.email" */
    const char *what;   /* of an alteration: "type text -> citext; not null none -> yes", of a name:
                           "was   email"; else "" */
} hg_schema_change;

/* Statements of one phase stand together. */
typedef enum hg_schema_phase {
    HG_SCHEMA_BEFORE, /* in a transaction that is committed before the others: values of enums */
    HG_SCHEMA_MAIN,   /* in one transaction */
    HG_SCHEMA_AFTER   /* one by one, outside of a transaction */
} hg_schema_phase;

/* "before", "main", "after" */
HG_API const char *hg_schema_phase_name(hg_schema_phase phase);

typedef struct hg_schema_statement {
    hg_schema_phase phase;
    const char *sql;   /* without its semicolon */
    const char *loses; /* what data is lost, for people; "": none */
} hg_schema_statement;

/* Everything in it lives until hg_schema_diff_free(). */
typedef struct hg_schema_diff {
    hg_schema_change *changes;
    size_t change_count;
    hg_schema_statement *statements; /* in order */
    size_t statement_count;
    const char *const *impossible; /* what the statements leave as it is, and why */
    size_t impossible_count;
    bool rebuilds; /* SQLite: a table is built anew, which wants foreign_keys off and
                      legacy_alter_table on around the transaction */
} hg_schema_diff;

/* How schemas are read and tried. Zeroed: privileges do not count, scratch databases are made
 * beside the database of the pool. */
typedef struct hg_schema_options {
    bool privileges;       /* PostgreSQL: grants and default privileges count, too */
    const hg_url *scratch; /* PostgreSQL: a server of the same version where scratch databases are
                              made; NULL: the pool's */
} hg_schema_options;

/*
 * What makes the schema of the database the one that a file of SQL makes in an empty one. Nothing
 * is changed. Where texts of expressions differ, the server's own wording of both decides.
 * observer: cancelled() is asked; NULL is fine. out_diff: the caller's until hg_schema_diff_free(),
 * without changes when both are the same. err: HG_USAGE (there is no such file), HG_FILE (it does
 * not parse or load: with the server's message, file, line, column, excerpt), HG_IO, HG_PRIVILEGE,
 * HG_UNSUPPORTED, HG_CANCELLED, what the pool and the connection say.
 */
HG_API bool hg_schema_diff_make(hg_pool *pool, const char *file, hg_deadline by,
                                const hg_observer *observer, hg_schema_diff **out_diff,
                                hg_error *err);

/*
 * What makes an empty database one with this schema: the statements are its dump, in the same order
 * for the same schema. Needs no scratch database; options: NULL is fine. The rest as above.
 */
HG_API bool hg_schema_dump_make(hg_pool *pool, const hg_schema_options *options, hg_deadline by,
                                const hg_observer *observer, hg_schema_diff **out_dump,
                                hg_error *err);

HG_API void hg_schema_diff_free(hg_schema_diff *diff); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
