/*
 * checks.h - readiness: may this instance take traffic, and if not, why.
 */
#ifndef HEADGATE_CHECKS_H
#define HEADGATE_CHECKS_H

#include <headgate/migrate.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hg_status { HG_PASS, HG_SKIP, HG_WARN, HG_UNKNOWN, HG_FAIL } hg_status;

/* "pass", "skip", "warn", "unknown", "fail" */
HG_API const char *hg_status_name(hg_status status);

typedef struct hg_check_result {
    const char *id;    /* "db.connect"; static */
    const char *title; /* static */
    hg_status status;
    char observed[128];
    char hint[256]; /* "" when passed */
    double duration_ms;
} hg_check_result;

#define HG_CHECKS_MAX 32

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
} hg_readiness;

/* Runs the readiness checks on one connection of the pool. Never fails: what goes wrong is a
 * check's result. observer: NULL is fine. */
HG_API void hg_readiness_run(const hg_settings *settings, hg_pool *pool, hg_deadline by,
                             const hg_observer *observer, hg_readiness *out_report);
HG_API void hg_readiness_release(hg_readiness *report);

#ifdef __cplusplus
}
#endif
#endif
