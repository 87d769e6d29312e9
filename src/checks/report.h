/*
 * report.h - results in order, the worst one wins. Pure.
 */
#ifndef CHECKS_REPORT_H
#define CHECKS_REPORT_H

#include <headgate/checks.h>

/* fail > unknown > warn > pass; a skip does not count. No results at all are unknown. */
hg_status report_worst(const hg_check_result *results, size_t count);

/* The same as the answer to a load balancer, which knows pass, warn and fail only: what nobody
 * could look at is no pass, and by itself no reason to take an instance out. */
hg_status report_readiness(const hg_check_result *results, size_t count);

#endif
