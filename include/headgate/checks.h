/*
 * checks.h - readiness and smoke: may this instance take traffic, does all that it stands on hold,
 * and if not, why.
 *
 * Both run rows of one catalogue. No evidence is never a pass: what could not be looked at is
 * HG_UNKNOWN, what does not apply, or may not be seen by this role, is HG_SKIP with the reason.
 * Texts of a result come from databases, files and servers: a terminal sees them through a front
 * end's filter only.
 */
#ifndef HEADGATE_CHECKS_H
#define HEADGATE_CHECKS_H

#include <headgate/migrate.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hg_status { HG_PASS, HG_SKIP, HG_WARN, HG_UNKNOWN, HG_FAIL } hg_status;
#define HG_STATUS_COUNT 5

/* "pass", "skip", "warn", "unknown", "fail" */
HG_API const char *hg_status_name(hg_status status);

typedef enum hg_check_severity {
    HG_CHECK_INFO,
    HG_CHECK_MINOR,
    HG_CHECK_MAJOR,
    HG_CHECK_CRITICAL
} hg_check_severity;

/* "info", "minor", "major", "critical" */
HG_API const char *hg_check_severity_name(hg_check_severity severity);

#define HG_EVIDENCE_MAX 20 /* lines of evidence of one result */

/* What one check found. Pointers live as long as the report that the result stands in. */
typedef struct hg_check_result {
    const char *id;    /* "db.connect"; the part before the first dot is its group */
    const char *title; /* what holds when it passes */
    hg_status status;
    char observed[128]; /* what was found, or why nothing could be: "1.2 ms" */
    char hint[256];     /* what to do, "" when passed */
    double duration_ms;
    char threshold[64];          /* what it is held against: "warn > 20 ms, fail > 200 ms"; "": yes
                                    or no */
    const char *code;            /* one word for programs, as "unreachable"; NULL when passed */
    hg_check_severity severity;  /* how much it matters when it does not pass */
    bool muted;                  /* somebody muted it: a warn or fail does not count */
    const char *mute_reason;     /* NULL: not muted */
    const char *const *evidence; /* the rows, files or processes behind it, one a line */
    size_t evidence_count;       /* at most HG_EVIDENCE_MAX; observed says how many there are */
} hg_check_result;

/* The code of a check that is skipped because it is about the other engine. */
#define HG_CODE_OTHER_ENGINE "other_engine"

#define HG_CHECKS_MAX 32 /* of readiness */

/* What stands between the application and its database, as one word. */
typedef enum hg_db_state {
    HG_DB_UNKNOWN,
    HG_DB_OK,
    HG_DB_DEGRADED, /* a sample went wrong, not yet enough of them to say so */
    HG_DB_READONLY,
    HG_DB_UNREACHABLE,
    HG_DB_AUTH_FAILED,
    HG_DB_TLS_FAILED,
    HG_DB_NOT_FOUND,
    HG_DB_SATURATED,
    HG_DB_TIMEOUT
} hg_db_state;

/* "unknown", "ok", "degraded", "readonly", "unreachable", "auth_failed", "tls_failed",
 * "not_found", "saturated", "timeout" */
HG_API const char *hg_db_state_name(hg_db_state state);

/* The readiness report. A plain value apart from `history`. */
typedef struct hg_readiness {
    hg_status status; /* HG_PASS, HG_WARN or HG_FAIL; ready means not HG_FAIL */
    bool db;          /* the database answered */
    char server_version[32];
    bool migrations_known;
    bool migrations_applied;
    hg_history *history; /* NULL when it could not be read; freed by hg_readiness_release() */
    hg_pool_snapshot pool;
    hg_check_result checks[HG_CHECKS_MAX];
    size_t check_count;
    hg_db_state db_state;
    int64_t sampled_ms; /* Unix time when the run ended */
} hg_readiness;

/* Runs the readiness checks on one connection of the pool. Never fails: what goes wrong is a
 * check's result. observer: NULL is fine. */
HG_API void hg_readiness_run(const hg_settings *settings, hg_pool *pool, hg_deadline by,
                             const hg_observer *observer, hg_readiness *out_report);
/* The same with a history as of hg_history_glance(): for who shows no more of a revision than
 * whether it is applied, and edited. */
HG_API void hg_readiness_glance(const hg_settings *settings, hg_pool *pool, hg_deadline by,
                                const hg_observer *observer, hg_readiness *out_report);
HG_API void hg_readiness_release(hg_readiness *report);

/*
 * Whether the database answers, by one small statement: what who looks every second asks between
 * two runs of readiness. out_mark: as long as it stays the same there is nothing new for readiness
 * to find but the weather: nobody has written into the ledger (PostgreSQL: as far as the server's
 * statistics tell, at once when the writer disconnects) or taken the deployers' lock, the server is
 * no more read-only than it was, and its connections are used about as much. Never 0. Marks of
 * different connections of SQLite may differ for nothing. observer: NULL is fine.
 */
HG_API bool hg_readiness_pulse(hg_pool *pool, hg_deadline by, const hg_observer *observer,
                               uint64_t *out_mark, hg_error *err);

/*
 * A database that is read-only on purpose says so: whoever makes the application's role read-only
 * for a while (ALTER ROLE app SET default_transaction_read_only = on) also sets this parameter of
 * the role to a word of its own, and readiness warns instead of failing, on every instance. A
 * cutover says the same without a superuser's help, in the comment of its table headgate_cutover.
 */
#define HG_PLANNED_READONLY "headgate.planned_readonly"

/* --- readiness, sampled --- */

/* Takes a sample every interval on a connection of its own, so that who asks never waits. */
typedef struct hg_sampler hg_sampler;

/* What the sampler knows; hysteresis is in `status`: three bad samples in a row make it HG_FAIL,
 * two good ones end that. What is configuration, not weather, fails at once. */
typedef struct hg_sample {
    hg_status status;
    hg_db_state db_state;
    bool db;
    bool migrations_known, migrations_applied;
    size_t migrations_pending;            /* 0 when not known */
    const char *codes[HG_CHECKS_MAX + 1]; /* of the checks that did not pass; static */
    size_t code_count;
    int64_t sampled_ms;  /* Unix time; 0: no sample yet */
    int64_t age_ms;      /* since then, by a clock that nobody sets */
    int64_t interval_ms; /* older than three of these is stale, and fails */
    uint64_t samples;
} hg_sample;

/* How long one readiness check has taken, over the sampler's life. */
#define HG_TIMING_BOUNDS 9
typedef struct hg_check_timing {
    const char *id;
    uint64_t within[HG_TIMING_BOUNDS]; /* runs that took at most hg_timing_bound_s(i) */
    uint64_t count;
    double sum_s;
    int64_t last_ms; /* Unix time of the last run */
} hg_check_timing;

/* 1 ms to 10 s, as OpenTelemetry has them for db.client.operation.duration. */
HG_API double hg_timing_bound_s(size_t i);

/* The codes of the checks that warn or fail, each once; room for HG_CHECKS_MAX. Returns how
 * many. */
HG_API size_t hg_readiness_codes(const hg_readiness *report, const char **out_codes);

/*
 * Narrows a sample to the checks of one group, "db" for "db.connect": their status and their codes
 * alone. A fail that is not yet steady is a warning. report: of the same moment; NULL leaves the
 * sample as it is. false: no check of readiness is in that group, and nothing has changed.
 */
HG_API bool hg_sample_narrow(hg_sample *sample, const hg_readiness *report, const char *group);

/* Starts a thread that samples from now on. settings: borrowed until hg_sampler_stop().
 * interval_ms: at least 50. err: HG_NOMEM, HG_CONFIG, HG_FAILED. */
HG_API bool hg_sampler_start(const hg_settings *settings, int64_t interval_ms,
                             hg_sampler **out_sampler, hg_error *err);
/* Ends the thread and frees. Waits at most for the sample that is being taken, which is told to
 * stop. NULL is fine. */
HG_API void hg_sampler_stop(hg_sampler *sampler);

/* Any thread; never waits for a sample. */
HG_API void hg_sampler_read(hg_sampler *sampler, hg_sample *out_sample);

/* Shows the last report whole, under the sampler's lock: visit is quick and calls nothing of the
 * sampler. report: NULL before the first sample. timings: one for each of its checks. */
HG_API void hg_sampler_visit(hg_sampler *sampler,
                             void (*visit)(void *context, const hg_sample *sample,
                                           const hg_readiness *report,
                                           const hg_check_timing *timings),
                             void *context);

/* --- smoke --- */

/* One row of the catalogue. Static. */
typedef struct hg_check_info {
    const char *id;
    const char *ref; /* of the published catalogue: "CON004"; "": none */
    const char *title;
    hg_check_severity severity;
    unsigned engines; /* bit 1 << hg_driver for each that it applies to */
} hg_check_info;

HG_API size_t hg_check_count(void);
HG_API hg_check_info hg_check_at(size_t i); /* in the order in which a run shows them */

/* Texts are borrowed until the run returns; NULL: none. */
typedef struct hg_smoke_options {
    const char *const *only; /* ids, refs or groups ("tls", "app.orders"); count 0: all */
    size_t only_count;
    const char *checks_dir; /* the team's own checks and mutes; need not exist */
    const char *app_url;    /* of the application, http or https without user and password: its
                               /healthz, /readiness and /metrics are asked too */
} hg_smoke_options;

/* What a run found, in the catalogue's order, the team's own behind it. Immutable. */
typedef struct hg_smoke {
    hg_status status; /* the worst that is not muted; ready to serve means neither fail nor unknown
                         of a critical check */
    const hg_check_result *checks;
    size_t check_count;
    size_t counts[HG_STATUS_COUNT]; /* by hg_status, muted ones left out */
    size_t muted_count;             /* warn and fail that a mute has taken out */
    int64_t started_ms;             /* Unix time */
    double duration_ms;
} hg_smoke;

/*
 * Runs the catalogue, or the part of it that options->only names, on at most two connections: one
 * of the pool, one of its own. A check that does not answer within its own deadline is HG_UNKNOWN;
 * the others go on. Changes nothing that stays. observer hears each check as a step; when it
 * cancels, the rest is HG_UNKNOWN. out_smoke: the caller's until hg_smoke_free(). err: HG_FILE (a
 * check or mute of the team's that cannot be understood, with place), HG_USAGE (`only` names
 * nothing that there is, or app_url is none), HG_NOMEM; what the database does is never an error
 * here.
 */
HG_API bool hg_smoke_run(const hg_settings *settings, hg_pool *pool,
                         const hg_smoke_options *options, hg_deadline by,
                         const hg_observer *observer, hg_smoke **out_smoke, hg_error *err);
HG_API void hg_smoke_free(hg_smoke *smoke); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
