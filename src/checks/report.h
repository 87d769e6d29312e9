/*
 * report.h - results in order, the worst one wins. Pure.
 */
#ifndef CHECKS_REPORT_H
#define CHECKS_REPORT_H

#include <headgate/checks.h>

/* fail > unknown > warn > pass; a skip does not count. No results at all are unknown. */
hg_status report_worst(const hg_check_result *results, size_t count);

#endif
