/*
 * checks.h - the catalogue of checks and what they share: adding a check is adding a row.
 *
 * A check looks at the context and fills one result, or is a question to the database whose rows
 * are held against thresholds. No evidence is never a pass: what a check could not look at is
 * HG_UNKNOWN, what does not apply is HG_SKIP with the reason. No text of another session's query
 * becomes part of a result: it may hold secrets that nobody here can know.
 */
#ifndef CHECKS_CHECKS_H
#define CHECKS_CHECKS_H

#include <math.h>

#include <headgate/checks.h>

#include "base/arena.h"

/* What the checks of one run share. Earlier rows fill in what later ones need. */
struct check_context {
    const hg_settings *settings;
    hg_pool *pool;
    hg_conn *conn;        /* NULL until db.connect has passed */
    double first_trip_ms; /* how long its first statement took */
    const hg_observer *observer;
    hg_deadline by; /* of the check that runs */
    hg_readiness *report;
    hg_error connect_error;          /* why conn is NULL */
    hg_history_files *files;         /* read ahead of the ledger; NULL: they are not */
    hg_error history_error;          /* why report->history is NULL */
    bool glance;                     /* nobody asks who applied what, and when */
    struct arena *arena;             /* of evidence; NULL: nobody wants any */
    struct application *application; /* what it has answered; of smoke alone */
};

/* How the rows of a question are judged; the first column is a number, the second says what it is
 * about. A number that is null: that much could not be seen, or does not apply. */
enum measure {
    MEASURE_LEVEL, /* 0 pass, 1 warn, 2 fail; the worst row is what was observed */
    MEASURE_COUNT, /* each row is one finding; how many there are counts */
    MEASURE_MOST,  /* the largest number counts; no row: nothing of the kind */
    MEASURE_LEAST  /* the smallest */
};

struct question {
    const char *sql; /* NULL: the check is a function */
    enum measure measure;
    double warn, fail; /* beyond these; NAN: never */
    const char *unit;  /* behind the number; for MEASURE_COUNT what is counted */
    int from;          /* first server version that has what is asked, as 150000; 0: all */
};

enum {
    ON_SQLITE = 1 << HG_SQLITE,
    ON_POSTGRES = 1 << HG_POSTGRESQL,
    ON_ANY = ON_SQLITE | ON_POSTGRES,
    CONNECTED = 4,  /* unknown without a connection */
    PRODUCTION = 8, /* skipped elsewhere */
    READY = 16,     /* part of readiness */
    AT_ONCE = 32,   /* configuration, not weather: readiness fails without waiting for more */
    LENIENT = 64,   /* outside production a fail is a warning */
    PATIENT = 128   /* may take as long as the whole run */
};

/* Short in the tables' rows. */
enum {
    INFO = HG_CHECK_INFO,
    MINOR = HG_CHECK_MINOR,
    MAJOR = HG_CHECK_MAJOR,
    CRITICAL = HG_CHECK_CRITICAL
};

struct check {
    const char *id;
    const char *ref;
    const char *title;
    int severity; /* one of the above */
    unsigned flags;
    void (*run)(struct check_context *context, hg_check_result *result);
    struct question ask;
    const char *code; /* what a program is told when it does not pass */
    const char *hint; /* what to do then */
};

/* The rows of one subject. */
struct check_table {
    const struct check *rows;
    size_t count;
};

/* All of them, in order. Static. */
extern const struct check_table *const check_tables[];
extern const size_t check_table_count;

extern const struct check_table database_checks, server_checks, activity_checks, schema_checks,
    migration_checks, pool_checks, sqlite_checks, fidelity_checks, config_checks, host_checks,
    http_checks, client_checks, capacity_checks, beanstalk_checks;

/* db.connect: takes the connection that the rows behind it share. */
void check_connect(struct check_context *context, hg_check_result *result);

/* Reads the files of the migrations, for the rows about them; what goes wrong, these say. */
void check_read_files(struct check_context *context);

/* Runs one row; `result` is zero before. */
void check_run(const struct check *check, struct check_context *context, hg_check_result *result);

/* A row's question, asked and judged. */
void check_ask(const struct check *check, struct check_context *context, hg_check_result *result);

/* Sets status and observed value of a result. Known secrets become ***. */
void check_say(hg_check_result *result, hg_status status, const char *format, ...) HG_PRINTF(3, 4);

/* What went wrong stands in err: unknown, a skip when the role may not look, a fail when the data
 * are corrupt. */
void check_say_error(hg_check_result *result, const hg_error *err);

/* Adds a line of evidence; beyond HG_EVIDENCE_MAX, or when nobody wants it, it is dropped. */
void check_evidence(struct check_context *context, hg_check_result *result, const char *format, ...)
    HG_PRINTF(3, 4);

/* The value of a parameter of the URL; NULL: it is not there. */
const char *check_url_parameter(const struct check_context *context, const char *name);

/* What is known of a version of libpq, as PQlibVersion() counts. Pure. */
hg_status check_libpq_version(int version);

/* pass, warn or fail of a number against what it must not exceed. */
hg_status check_judge(double number, double warn, double fail);

/* The database's state as the error that kept us from it tells. Pure. */
hg_db_state check_db_state(const hg_error *err);

/* A connection that an error has cost is not asked again; rows that need one say so. Whether it
 * was. */
bool check_drop_lost(struct check_context *context);

/* Whether a check that fails is reason enough at once; of an id that there is. */
bool check_is_at_once(const char *id);

/* Gives the connection back. */
void check_context_release(struct check_context *context);

#endif
