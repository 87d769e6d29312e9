/*
 * ledger.h - what is applied, and its history: the two tables in the database.
 *
 * alembic_version is Alembic's own table and keeps its meaning. headgate_history is append-only:
 * an event that has ended is never written again. On PostgreSQL both are named with their schema,
 * always: a migration may have changed the search_path. Reading creates nothing.
 *
 * headgate_history, one row an event:
 *   revision, direction        what: up, down, stamp, unstamp; import: from then on the table
 *                              "message" of the tool "revision" is kept up to date beside ours
 *   outcome                    ok, failed; running until it has ended; abandoned by a dead process
 *   file, message, revises     as they were then; parents separated by commas
 *   checksum, raw_checksum     of the up section, by its tokens and by its bytes
 *   down_section               as it was then, so that it can undo what was done whatever the file
 *                              says now
 *   statements, statements_done, statement_begun, done_checksum
 *                              outside of a transaction: how many there are and have ended; the one
 *                              that began; what those that ended were
 *   started_at, finished_at, duration_ms, lock_wait_ms, retries
 *   operator, os_user, host, headgate_version, backend_pid
 *   release                    of the program that the migration belongs to, as its deployer says
 *   work                       the forms of its statements: what is alike takes a like time
 *   spent                      and how long each kind of them took, see spent.h
 *   sqlstate, error            why it failed, without secrets
 */
#ifndef MIGRATE_LEDGER_H
#define MIGRATE_LEDGER_H

#include <headgate/connection.h>

#include "file.h"
#include "plan.h"
#include "spent.h"
#include "state.h"

struct arena;
struct buf;

/* Where the tables are, or will be. */
struct ledger_place {
    hg_driver driver;
    char schema[260];   /* PostgreSQL: its name; SQLite: "" */
    char versions[560]; /* the tables' names as SQL */
    char history[560];
    bool has_versions, has_history;
    int later; /* how many of the columns the history has that earlier versions did not make */
};

/* Finds the tables: alembic_version by the search_path, else the schema that it would be made in.
 */
bool ledger_locate(hg_conn *conn, hg_deadline by, struct ledger_place *out_place, hg_error *err);

/* The same for who writes nothing and wants no details: `later` may be 0. Mostly by a cheaper
 * question. */
bool ledger_locate_to_read(hg_conn *conn, hg_deadline by, struct ledger_place *out_place,
                           hg_error *err);

/* How much of the history is read. */
enum ledger_depth {
    LEDGER_GLANCE, /* what is applied, and from which file; nothing will be written */
    LEDGER_STATE,  /* the same for who decides, and goes on to write */
    LEDGER_DETAILS /* and who did it, when, how long it took, of which release */
};

/* How much is wanted, and the files that were read before: what the ledger says in the same words
 * is not kept twice. */
struct ledger_wish {
    enum ledger_depth depth;
    const struct migration_file *files;
    size_t file_count;
};

/* Reads both tables as of one moment. Everything in out_ledger lives in the arena, or is of the
 * files. */
bool ledger_read(hg_conn *conn, const struct ledger_place *place, const struct ledger_wish *wish,
                 struct arena *arena, hg_deadline by, struct ledger *out_ledger, hg_error *err);

/* The version table of another tool that stands where ours would; "": there is none. */
bool ledger_foreign(hg_conn *conn, const struct ledger_place *place, hg_deadline by, char *out,
                    size_t size, hg_error *err);

/* Makes what is missing. Only in a transaction, under the deployers' lock. */
bool ledger_create(hg_conn *conn, struct ledger_place *place, hg_deadline by, hg_error *err);

/* Adds what a history that an earlier version made lacks. It does as well without: a role that does
 * not own the table goes on as it is. Only in a transaction, under the deployers' lock. */
bool ledger_extend(hg_conn *conn, struct ledger_place *place, hg_deadline by, hg_error *err);

/* These columns, in the order in which they came: each is there when `later` is at least its
 * number. */
enum ledger_later {
    LEDGER_RELEASE = 1,
    LEDGER_WORK,
    LEDGER_SPENT,
    LEDGER_LATER_COUNT = LEDGER_SPENT
};

/* The first `later` of them, as they stand at the end of a list of columns. */
const char *ledger_later_names(const struct ledger_place *place);

/* Who is at work, and where. */
struct ledger_author {
    char operator_name[128];
    char os_user[64];
    char host[256];
    char release[128]; /* "": not known */
    int64_t backend_pid;
};

/* operator_name NULL: the operating system's user. */
void ledger_author_init(struct ledger_author *author, const char *operator_name,
                        const char *release, const hg_conn *conn);

/* What is written of an event. Texts may be NULL: not known. */
struct ledger_event {
    const char *revision, *direction, *outcome;
    const char *file, *message, *revises;
    const char *checksum, *raw_checksum, *down_section, *done_checksum;
    int64_t statements, statements_done;
    int64_t statement_begun;         /* -1: none */
    int64_t started_ms, finished_ms; /* Unix time; finished 0: not yet */
    double duration_ms;
    int64_t lock_wait_ms, retries;
    const char *work;   /* see plan_work.h */
    struct spent spent; /* see spent.h */
    const char *sqlstate, *error;
};

/* Writes an event; *out_id: its number. */
bool ledger_append(hg_conn *conn, const struct ledger_place *place,
                   const struct ledger_author *author, const struct ledger_event *event,
                   hg_deadline by, int64_t *out_id, hg_error *err);

/* Writes how far an event has come that has not ended: statements_done, statement_begun,
 * done_checksum. */
bool ledger_progress(hg_conn *conn, const struct ledger_place *place, int64_t id,
                     const struct ledger_event *event, hg_deadline by, hg_error *err);

/* Ends an event: outcome, finished, duration, retries, sqlstate, error; nothing has begun any more.
 * How far it came stays as it was written: the one who writes may not know. */
bool ledger_end(hg_conn *conn, const struct ledger_place *place, int64_t id,
                const struct ledger_event *event, hg_deadline by, hg_error *err);

/* Changes alembic_version. err: HG_DRIFT when what leaves was not there, or what comes was. */
bool ledger_move(hg_conn *conn, const struct ledger_place *place, const char *const *removes,
                 size_t remove_count, const char *const *adds, size_t add_count, hg_deadline by,
                 hg_error *err);

/* What a step changes beside the history. */
struct ledger_change {
    const char *const *removes; /* from alembic_version */
    size_t remove_count;
    const char *const *adds;
    size_t add_count;
    const char *mirror;   /* dbmate's table; NULL: none */
    const char *mirrored; /* and what it calls the migration */
    bool applied;
};

/*
 * PostgreSQL: the change and the event as statements that travel with the migration's last one;
 * *count of them more. Its time ends when they run. prepared: the session has what ledger_prepare()
 * makes. Fails with 23502 or 23505 when alembic_version is not what it was; ledger_explain() says
 * so. false: memory ran out.
 */
bool ledger_script(struct buf *out, const struct ledger_place *place,
                   const struct ledger_author *author, const struct ledger_event *event,
                   const struct ledger_change *change, bool prepared, size_t *count);

/* The statement that makes the session ready for prepared scripts, and the query that has a row
 * where it is: a migration may have thrown it away. false: memory ran out. */
bool ledger_prepare(struct buf *out, const struct ledger_place *place,
                    const struct ledger_author *author);
extern const char ledger_is_prepared[];
void ledger_explain(hg_error *err);

/* A text as a literal that every setting of the session reads alike; NULL: null. */
void ledger_literal(struct buf *out, const char *text);

/* Writes into dbmate's own version table that a version is applied, or not any more. */
bool ledger_mirror(hg_conn *conn, const char *table, const char *version, bool applied,
                   hg_deadline by, hg_error *err);

/* The last event of a revision, as far as resuming needs it. */
struct ledger_last {
    int64_t id; /* 0: there is none */
    char direction[8], outcome[12];
    int64_t statements_done, statement_begun;
    char done_checksum[65];
};
bool ledger_last(hg_conn *conn, const struct ledger_place *place, const char *revision,
                 hg_deadline by, struct ledger_last *out_last, hg_error *err);

/* The down section that was kept when the revision was applied, in the arena. */
bool ledger_down_section(hg_conn *conn, const struct ledger_place *place, const char *revision,
                         struct arena *arena, hg_deadline by, const char **out_text,
                         size_t *out_size, hg_error *err);

#endif
