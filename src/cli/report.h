/*
 * report.h - a readiness report for people. Pure.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <headgate/headgate.h>

struct buf;

/* One line a check, hints below the table, the verdict last. */
void report_checks(struct buf *out, const hg_readiness *report);

/* "READY", "READY, with warnings", "NOT READY" */
const char *report_verdict(hg_status status);

#endif
