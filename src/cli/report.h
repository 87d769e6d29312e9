/*
 * report.h - a readiness report for people. Pure.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <headgate/headgate.h>

struct buf;

/* One line a check, hints below the table, the verdict last. */
void report_checks(struct buf *out, const hg_readiness *report);

/* A table by group, with hints and evidence of what did not pass, then the counts. verbosity below
 * 0: only what did not pass; above: also what is about the other engine. */
void report_smoke(struct buf *out, const hg_smoke *smoke, int verbosity);

/* Every check that there is. */
void report_catalogue(struct buf *out);

/* The Test Anything Protocol, version 13: what is skipped or muted says so with its
 * directive. */
void report_tap(struct buf *out, const hg_smoke *smoke);

/* JUnit's XML, as test reporters of build servers read it. */
void report_junit(struct buf *out, const hg_smoke *smoke);

/* "READY", "READY, with warnings", "NOT READY" */
const char *report_verdict(hg_status status);

#endif
