/*
 * report.h - a run from beginning to end as one document: JSON for programs, and the same in
 * Markdown for people.
 */
#ifndef CUTOVER_REPORT_H
#define CUTOVER_REPORT_H

#include <headgate/cutover.h>

/* Writes report.md and report.json into the folder of a run. err: HG_IO, HG_DISK_FULL, HG_NOMEM. */
bool report_write(const hg_cutover_options *options, const char *dir, hg_error *err);

#endif
