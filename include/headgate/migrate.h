/*
 * migrate.h - revisions in files, the ledger in the database, plans, and runs.
 *
 * Every function here takes a pool, talks to the database on the calling thread until a deadline or
 * for as long as a migration takes, and may be called from any thread. "dir" is the migrations
 * folder.
 */
#ifndef HEADGATE_MIGRATE_H
#define HEADGATE_MIGRATE_H

#include <headgate/hazard.h>
#include <headgate/observer.h>
#include <headgate/pool.h>
#include <headgate/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for a revision: the 32 characters of UTF-8 that alembic_version holds, and a NUL. */
#define HG_REVISION_SIZE 129

typedef enum hg_revision_state {
    HG_REVISION_PENDING,
    HG_REVISION_APPLIED,
    HG_REVISION_MISSING /* applied, but no file has it */
} hg_revision_state;

/* "pending", "applied", "missing" */
HG_API const char *hg_revision_state_name(hg_revision_state state);

typedef struct hg_revision {
    const char *revision; /* up to 32 characters */
    const char *const *revises;
    size_t revises_count;
    const char *message;
    const char *file; /* path, "" when missing */
    hg_revision_state state;
    int64_t applied_ms;     /* Unix time; 0 when unknown (another tool applied it) */
    double duration_ms;     /* -1 when unknown */
    const char *applied_by; /* "" when unknown */
    const char *release;    /* of the program, as its deployer called it; "" when unknown */
    bool checksum_known;
    bool checksum_ok; /* false: the file's up section runs something else than was applied */
    bool reformatted; /* it runs the same, but other white space, comments, case of words, or
                         statements for the other engine stand in it */
    bool head;        /* nothing in the folder revises it */
    bool current;     /* stands in alembic_version */
    bool irreversible;
    bool has_down;
} hg_revision;

/* The graph with what is applied, ancestors first. Everything in it lives until hg_history_free().
 */
typedef struct hg_history {
    hg_revision *revisions;
    size_t revision_count;
    const char **current;
    size_t current_count;
    const char **heads;
    size_t head_count;
    size_t pending_count; /* of what `up` to the heads would apply */
    bool ledger_exists;   /* the database has an alembic_version table */
    hg_error drift;       /* HG_DRIFT: another tool's table says otherwise, and `up` would refuse */
} hg_history;

/*
 * Reads files and ledger; changes nothing. pool NULL: files only, all pending. out_history: the
 * caller's until hg_history_free(). err: HG_FILE (with place), HG_IO, what the pool and connection
 * say.
 */
HG_API bool hg_history_read(hg_pool *pool, const char *dir, hg_deadline by,
                            hg_history **out_history, hg_error *err);
HG_API void hg_history_free(hg_history *history);

/* The files of a folder, before the ledger says what is applied of them. */
typedef struct hg_history_files hg_history_files;

/*
 * hg_history_read() in two halves, for those who have the files read while they wait for the
 * database. memo_dir: a folder of this user's own in which it may be kept what the files said, so
 * that those nobody has touched since are not read again; made when it is missing; NULL: none.
 * out_files: the caller's until hg_history_join() or hg_history_files_free(). err: HG_FILE, HG_IO.
 */
HG_API bool hg_history_files_read(hg_driver driver, const char *dir, const char *memo_dir,
                                  hg_history_files **out_files, hg_error *err);
HG_API void hg_history_files_free(hg_history_files *files);

/* Reads the ledger and brings both together. Takes the files over, also on failure. conn: of the
 * driver that the files were read for. The rest as hg_history_read(). */
HG_API bool hg_history_join(hg_history_files *files, hg_conn *conn, hg_deadline by,
                            hg_history **out_history, hg_error *err);

/* The same without who applied a revision, when, how long it took and of which release: these are
 * as if nobody knew. */
HG_API bool hg_history_glance(hg_history_files *files, hg_conn *conn, hg_deadline by,
                              hg_history **out_history, hg_error *err);

/* How long the statements of one form on one table took, in one event. */
typedef struct hg_migration_spent {
    const char *form, *table; /* table "": none */
    int64_t rows;             /* of the table, before; -1: not known */
    int64_t statements;
    double duration_ms; /* of all of them */
} hg_migration_spent;

/* One event of headgate_history, as it was written then. */
typedef struct hg_migration_event {
    int64_t id;
    const char *revision;
    const char *direction; /* "up", "down", "stamp", "unstamp", "import" */
    const char *outcome;   /* "ok", "failed", "running", "abandoned" by a process that died */
    const char *file;
    int64_t started_ms, finished_ms; /* Unix time; 0: not known, or not yet */
    double duration_ms;              /* -1 when unknown */
    int64_t lock_wait_ms;            /* for the deployers' lock */
    int64_t retries;
    int64_t statements, statements_done;
    const char *operator_name, *os_user, *host, *headgate_version;
    const char *release; /* of the program that the migration belongs to; "" when unknown */
    int64_t backend_pid;
    const char *sqlstate, *error; /* "" unless it failed; without secrets */
    hg_migration_spent *spent;    /* of a step that ended well; none: not known */
    size_t spent_count;
} hg_migration_event;

/* Newest first. Lives until hg_events_free(). */
typedef struct hg_events {
    hg_migration_event *items;
    size_t count;
} hg_events;

/* Reads the last events, at most limit; none where there is no history. out_events: the caller's
 * until hg_events_free(). err: what the pool and connection say. */
HG_API bool hg_events_read(hg_pool *pool, int64_t limit, hg_deadline by, hg_events **out_events,
                           hg_error *err);
HG_API void hg_events_free(hg_events *events);

typedef enum hg_direction { HG_UP, HG_DOWN } hg_direction;
typedef enum hg_migrate_kind { HG_MIGRATE_UP, HG_MIGRATE_DOWN, HG_MIGRATE_RESET } hg_migrate_kind;

/* A table or index of the database that a statement locks, reads or writes. */
typedef struct hg_plan_table {
    const char *name; /* as the statement names it, or schema.name when the database told */
    hg_lock_mode lock;
    bool scan;          /* every row is read */
    bool rewrite;       /* its file is written anew */
    bool index_build;   /* an index on it is built */
    bool loses_rows;    /* rows, or a column of them, are gone afterwards */
    bool created;       /* by an earlier statement of the same plan: nobody uses it yet */
    int64_t rows;       /* the server's estimate; rows_exact: counted; -1: not known */
    int64_t size_bytes; /* with indexes; -1: not known */
    bool rows_exact;
} hg_plan_table;

/* Where what is said about a statement comes from. */
typedef enum hg_plan_source {
    HG_PLAN_UNKNOWN,  /* the statement is not understood: nothing is said about it */
    HG_PLAN_TABLE,    /* the table of statement forms */
    HG_PLAN_MEASURED, /* tried on an empty copy of the schema */
    HG_PLAN_WORDS     /* the table, by the first words alone: no grammar here reads the rest */
} hg_plan_source;

/* "unknown", "table", "measured", "words" */
HG_API const char *hg_plan_source_name(hg_plan_source source);

/* Texts are never NULL. */
typedef struct hg_plan_statement {
    const char *sql;  /* as in the file, without the final semicolon */
    int line;         /* in the step's file */
    const char *form; /* "ALTER TABLE ... SET NOT NULL"; "" when unknown */
    hg_plan_source source;
    const char *unmeasured; /* why not, where others of the plan were measured; "" */
    hg_lock_mode lock;   /* the strongest that it takes on a table that was there before the plan */
    const char *table;   /* that table; "" for none */
    bool scan, rewrite;  /* of any table that was there before; neither: the catalog only */
    double predicted_ms; /* as its like on its table took the last time, else the longest of its
                            like, by how many rows there are now; -1: nothing like it ran here */
    hg_plan_table *tables; /* the strongest lock first, then the largest */
    size_t table_count;
    hg_hazard *hazards; /* the most severe first */
    size_t hazard_count;
} hg_plan_statement;

typedef struct hg_plan_step {
    const char *revision;
    const char *message;
    const char *file;
    hg_direction direction;
    bool transaction;             /* all statements and the ledger row in one */
    bool kept;                    /* down: not the file's section, which is gone or was edited, but
                                     the one that the history kept when it was applied */
    int64_t lock_timeout_ms;      /* -1: as the settings say */
    int64_t statement_timeout_ms; /* -1: as the settings say */
    double predicted_ms;          /* as long as it took the last time, else as its statements are
                                     expected to, else as the longest with the same kinds of them;
                                     -1: nothing like it ran here */
    hg_plan_statement *statements;
    size_t statement_count;
} hg_plan_step;

/* What would run, in order. Immutable; lives until hg_plan_free(). */
typedef struct hg_plan {
    char id[17]; /* digest of what it would do: the same plan has the same id */
    hg_plan_step *steps;
    size_t step_count;
    const char **current_before;
    size_t current_before_count;
    const char **current_after;
    size_t current_after_count;
    size_t danger_count; /* hazards that refuse a run in production: dangers that nobody accepted */
    double measured_ms;  /* how long measuring took; -1: nothing was measured */
    const char *unmeasured; /* why not, or why only in part, though it was asked for; "" */
} hg_plan;

typedef struct hg_migrate_options {
    const char *dir;
    hg_migrate_kind kind;
    const char *target;  /* as Alembic spells it; NULL: heads for up, -1 for down */
    const char *plan_id; /* refuse with HG_REFUSED unless the plan has this id; NULL: do not ask */
    bool single_transaction;   /* up: all migrations in one */
    int64_t lock_wait_ms;      /* how long to wait for another deployer; -1: as long as it takes */
    int64_t lock_timeout_ms;   /* of each statement's locks; -1: as file and settings say */
    int64_t deadline_ms;       /* start no migration that is not expected to end within this time
                                  from the call, by how long it took before; 0: none */
    const char *operator_name; /* who, for the history; NULL: the operating system's user */
    const char *release;       /* of the program, for the history; NULL or "": not known */
    bool production;           /* lock_timeout is set and retried; hazards refuse the run */
    bool measure;              /* PostgreSQL: statements of a plan are tried on an empty copy of the
                                  schema, in a scratch database of the same server; a run does so
                                  only before hazards refuse it that may turn out to be none */
    bool safety_copy;          /* SQLite: before the first step of a run that loses rows the file is
                                  copied beside itself; the three newest copies are kept */
    const char *memo_dir;      /* as of hg_history_files_read(): whether there is anything to do may
                                  be found out with its help; what runs is read anew. NULL: none */
    const hg_observer *observer; /* of hg_plan_make(): its cancelled() is asked; NULL is fine */
    const char *const *accept; /* ids of hazards that refuse nothing; an unknown one is HG_USAGE */
    size_t accept_count;
} hg_migrate_options;

/*
 * Options with nothing chosen: up to the heads, wait 10 minutes for another deployer. Nothing is
 * measured unless `measure` is set: it makes a database on the server, which a program that uses
 * the library has to want, and its role to be allowed. Without it the table of forms decides what
 * is a hazard, and where it cannot know it supposes the worse; the command line sets it, unless the
 * session is read-only.
 */
HG_API hg_migrate_options hg_migrate_options_default(const char *dir);

/* Decides what would run; changes nothing. out_plan may have no steps. err: HG_FILE,
 * HG_NO_REVISION, HG_REFUSED (irreversible), HG_DRIFT, ... */
HG_API bool hg_plan_make(hg_pool *pool, const hg_migrate_options *options, hg_deadline by,
                         hg_plan **out_plan, hg_error *err);
HG_API void hg_plan_free(hg_plan *plan);

/*
 * The safety rule that a run in production applies, for those who ask before they confirm: false
 * with HG_REFUSED when the plan has dangers that nobody accepted: which and where stands in the
 * message, how to accept them in the hint, what to write instead in the plan.
 */
HG_API bool hg_plan_allowed(const hg_plan *plan, hg_error *err);

typedef struct hg_lint_options {
    hg_driver driver;
    int server_version;        /* 150004, 3040001 */
    bool down;                 /* the hazards of the down section, not of the up section */
    const char *const *accept; /* as in hg_migrate_options */
    size_t accept_count;
} hg_lint_options;

/* Nothing accepted; the newest version of which all is known: PostgreSQL 15, whose grammar reads
 * the statements, and the newest SQLite that the table of forms speaks of. */
HG_API hg_lint_options hg_lint_options_default(hg_driver driver);

/*
 * The hazards of one file's up section, without a database: a plan of one step, the caller's until
 * hg_plan_free(). The other section is read too, for its faults. The file is looked at by itself:
 * what another one has made may be in use by the time it runs. A statement that the grammar does
 * not read is a fault, unless the server is newer than the grammar: then only its first words
 * count. err: HG_FILE with its place, also for a file that cannot be read; HG_USAGE for accept and
 * for a version that the table does not know; HG_UNSUPPORTED for Alembic's; HG_NOMEM.
 */
HG_API bool hg_lint_file(const char *path, const hg_lint_options *options, hg_plan **out_plan,
                         hg_error *err);

typedef struct hg_applied {
    char revision[HG_REVISION_SIZE];
    hg_direction direction;
    double duration_ms;
    int statements;
} hg_applied;

/* What a run did, also when it failed. Lives until hg_run_result_release(). */
typedef struct hg_run_result {
    hg_applied *applied;
    size_t applied_count;
    char (*current)[HG_REVISION_SIZE];
    size_t current_count;
    char *safety_copy; /* the file that the option of this name has made; NULL: none */
} hg_run_result;

/*
 * Takes the deployers' lock, plans anew, and carries the plan out: each migration in one
 * transaction with its ledger rows. Safe to repeat after any interruption. observer: NULL is fine.
 * out_result: filled on success and on failure, the caller's until hg_run_result_release(). err:
 * HG_LOCKED, HG_CANCELLED, HG_REFUSED, HG_DRIFT, HG_READ_ONLY, what the statements said with file,
 * line and column.
 */
HG_API bool hg_migrate_run(hg_pool *pool, const hg_migrate_options *options,
                           const hg_observer *observer, hg_run_result *out_result, hg_error *err);
HG_API void hg_run_result_release(hg_run_result *result);

/* Who holds the deployers' lock of the database, from where, and what they are doing; "" when
 * nobody does. out: `size` bytes. err: what the pool and connection say. */
HG_API bool hg_migrate_holder(hg_pool *pool, hg_deadline by, char *out, size_t size, hg_error *err);

/* Makes the folder and the ledger tables; safe to repeat. err: HG_IO, what the pool and connection
 * say. */
HG_API bool hg_migrate_init(hg_pool *pool, const char *dir, hg_deadline by, hg_error *err);

/* Sets the current revision without running anything. options->target: a revision, head(s) or base.
 * The rest as hg_migrate_run(). */
HG_API bool hg_migrate_stamp(hg_pool *pool, const hg_migrate_options *options,
                             const hg_observer *observer, hg_run_result *out_result, hg_error *err);

/* Writes a new, empty migration whose parent is the current head of the files. out_path: size
 * bytes. err: HG_FILE, HG_REFUSED (several heads), HG_IO. */
HG_API bool hg_migrate_new(const char *dir, const char *message, char *out_path, size_t size,
                           hg_error *err);

/* Writes an empty migration that joins all heads of the files; with one head or none nothing, and
 * out_path is "". message NULL: says which are joined. err: HG_FILE, HG_IO. */
HG_API bool hg_migrate_merge(const char *dir, const char *message, char *out_path, size_t size,
                             hg_error *err);

typedef struct hg_autogenerate_options {
    const char *dir;
    const char *schema_file; /* the wanted schema */
    const char *message;
    bool sqlite;          /* write what SQLite needs */
    const hg_url *server; /* write what PostgreSQL needs; scratch databases are made on the server
                             of this URL. NULL: nothing */
    hg_pool *live;        /* begin with the schema of this database, of the one engine that is
                             written, instead of what the migrations make. It must be at head; it
                             is only read. NULL: the migrations' */
    bool privileges;      /* PostgreSQL: grants and default privileges count, too */
    const char *const *renames; /* "accounts=customers", "customers.email=mail"; "customers.email="
                                   was not renamed */
    size_t rename_count;
    /* Asks whether a table or column that is gone is the new one. NULL: where somebody would have
     * to be asked, HG_USAGE. */
    bool (*ask)(void *context, const char *kind, const char *gone, const char *fresh);
    void *ask_context;
} hg_autogenerate_options;

/* What one engine needs, and what is left as it is there. */
typedef struct hg_autogenerated_part {
    hg_driver driver;
    const hg_schema_change *changes;
    size_t change_count;
    const char *const *impossible;
    size_t impossible_count;
    size_t losses;            /* statements on the way up that lose data */
    size_t dangers;           /* and that production refuses: the file says why, and what instead */
    const char *const *stale; /* hints of the schema file that say nothing any more */
    size_t stale_count;
} hg_autogenerated_part;

/* Lives until hg_autogenerated_free(). */
typedef struct hg_autogenerated {
    const char **files; /* that were written, in order; none: there is nothing to do */
    size_t file_count;
    hg_autogenerated_part *parts; /* of each engine */
    size_t part_count;
} hg_autogenerated;

/*
 * Writes the migrations that lead from the schema that the folder's migrations make to the one of
 * the schema file, and back. Both are made in scratch databases, where the migrations are also run
 * up and down before they are written; no database in use is touched. Mostly one file; values of
 * enums come in one before it, what PostgreSQL does beside the application's traffic in one behind
 * it. observer: cancelled() is asked; NULL is fine. err: HG_FILE (a file does not parse or load,
 * with its place), HG_USAGE (no schema file), HG_REFUSED (several heads), HG_PRIVILEGE (the role
 * needs CREATEDB), HG_FAILED (what was found does not lead there: with what would differ), HG_DRIFT
 * (the live database is not at head, or somebody added a migration meanwhile), HG_IO,
 * HG_CANCELLED, what the connections say.
 */
HG_API bool hg_autogenerate(const hg_autogenerate_options *options, hg_deadline by,
                            const hg_observer *observer, hg_autogenerated **out_autogenerated,
                            hg_error *err);
HG_API void hg_autogenerated_free(hg_autogenerated *autogenerated); /* NULL is fine */

typedef enum hg_schema_source_kind {
    HG_SCHEMA_OF_DATABASE, /* the pool's, as it is */
    HG_SCHEMA_OF_FILE,     /* what a file of SQL makes in an empty database */
    HG_SCHEMA_OF_REVISION  /* what the migrations up to a target make in one */
} hg_schema_source_kind;

typedef struct hg_schema_source {
    hg_schema_source_kind kind;
    const char *name; /* the file; the target as Alembic spells it; NULL for the database */
} hg_schema_source;

/*
 * What makes the one schema the other. Files and revisions are made in scratch databases beside the
 * pool's, of the same engine; that one is only read. options: NULL is fine. out_diff and err: as
 * hg_schema_diff_make(), what the migrations say, and HG_USAGE where a scratch server is of another
 * version.
 */
HG_API bool hg_schema_diff_between(hg_pool *pool, const char *dir, const hg_schema_source *from,
                                   const hg_schema_source *to, const hg_schema_options *options,
                                   hg_deadline by, const hg_observer *observer,
                                   hg_schema_diff **out_diff, hg_error *err);

/* One object that is not what it should be. */
typedef struct hg_rehearsal_difference {
    const char *revision;
    bool second_up;   /* after the second time up, compared with the first; else after down,
                         compared with before */
    const char *what; /* "column accounts.note: type is text, not varchar" */
} hg_rehearsal_difference;

/* What a rehearsal found. Lives until hg_rehearsal_free(). */
typedef struct hg_rehearsal {
    const char *place; /* where: the scratch database, or the copy of the file */
    size_t replayed;   /* PostgreSQL: migrations that were run to get where the database is */
    size_t migrations; /* the pending ones */
    double up_ms, down_ms, up_again_ms; /* of all of them; -1: not run */
    const char *irreversible; /* those that say so and were not rolled back, separated by commas */
    hg_rehearsal_difference *differences;
    size_t difference_count;
} hg_rehearsal;

/*
 * Applies what is pending on a scratch copy, rolls it back, compares the schema with the one
 * before, and applies it again. SQLite: the copy is the file with its rows. PostgreSQL: a scratch
 * database, for which the role needs CREATEDB and no more, in which the applied migrations are run
 * first. The database itself is only read. options: dir, target. out_rehearsal may have
 * differences. err: what the migrations say, HG_PRIVILEGE, HG_REFUSED (a down section is missing),
 * HG_CANCELLED.
 */
HG_API bool hg_rehearse(hg_pool *pool, const hg_migrate_options *options,
                        const hg_observer *observer, hg_rehearsal **out_rehearsal, hg_error *err);
HG_API void hg_rehearsal_free(hg_rehearsal *rehearsal);

/* Whose project is taken over. */
typedef enum hg_import_kind {
    HG_IMPORT_ALEMBIC,
    HG_IMPORT_DBMATE,
    HG_IMPORT_GOOSE,
    HG_IMPORT_GOLANG_MIGRATE,
    HG_IMPORT_FLYWAY
} hg_import_kind;

/* Understands "alembic", "dbmate", "goose", "golang-migrate", "flyway". err: HG_USAGE. */
HG_API bool hg_import_kind_parse(const char *name, hg_import_kind *out_kind, hg_error *err);

typedef struct hg_import_options {
    hg_import_kind kind;
    const char *from;          /* the tool's folder; NULL: where its users have it by custom */
    const char *dir;           /* ours, made when it is missing */
    const char *operator_name; /* as in hg_migrate_options, as what follows */
    const char *release;
    int64_t lock_wait_ms;
} hg_import_options;

typedef struct hg_import_result {
    char from[4096]; /* the folder that was read */
    size_t found;    /* its revisions */
    size_t written;  /* files of ours that were made */
    size_t left;     /* revisions that cannot be run, for Alembic could not write their SQL */
    size_t applied;  /* by the tool's own version table */
    size_t noted;    /* of these, how many our history did not know */
} hg_import_result;

/*
 * Takes a project over: makes our files of the tool's, keeping its revisions, and notes as applied
 * what its version table says; nothing is run. Safe to repeat. The tool's files and tables stay as
 * they are. A migration that dbmate could go on with keeps schema_migrations up to date from then
 * on. observer: also hears in notes what could not be taken over. err: HG_FILE, HG_IO, HG_DRIFT
 * (the table knows what no file has, or is in the middle of something), HG_UNSUPPORTED, HG_LOCKED.
 */
HG_API bool hg_import(hg_pool *pool, const hg_import_options *options, const hg_observer *observer,
                      hg_import_result *out_result, hg_error *err);

#ifdef __cplusplus
}
#endif
#endif
