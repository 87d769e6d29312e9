/*
 * checks.h - the table of checks: adding a check is adding a row.
 *
 * A check looks at the context and fills one result. No evidence is never a pass: what a check
 * could not look at is HG_UNKNOWN, what does not apply is HG_SKIP with the reason.
 */
#ifndef CHECKS_CHECKS_H
#define CHECKS_CHECKS_H

#include <headgate/checks.h>

/* What the checks of one run share. Earlier rows fill in what later ones need. */
struct check_context {
    const hg_settings *settings;
    hg_pool *pool;
    hg_conn *conn; /* NULL until db.connect has passed */
    const hg_observer *observer;
    hg_deadline by; /* of the check that runs */
    hg_readiness *report;
    hg_error history_error; /* why report->history is NULL */
};

struct check {
    const char *id;
    const char *title;
    bool needs_connection; /* unknown without one */
    bool production_only;  /* skipped elsewhere */
    void (*run)(struct check_context *context, hg_check_result *result);
    const char *hint; /* what to do when it does not pass */
};

/* Sets status and observed value of a result. */
void check_say(hg_check_result *result, hg_status status, const char *format, ...) HG_PRINTF(3, 4);

/* The checks by subject; each is a row's `run`. */
void check_engine(struct check_context *context, hg_check_result *result);
void check_prod_url(struct check_context *context, hg_check_result *result);
void check_connect(struct check_context *context, hg_check_result *result);
void check_round_trip(struct check_context *context, hg_check_result *result);
void check_writable(struct check_context *context, hg_check_result *result);
void check_at_head(struct check_context *context, hg_check_result *result);
void check_ahead(struct check_context *context, hg_check_result *result);
void check_checksums(struct check_context *context, hg_check_result *result);
void check_waiters(struct check_context *context, hg_check_result *result);

#endif
