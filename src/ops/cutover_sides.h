/*
 * cutover_sides.h - a cutover as front ends begin and carry it on: the settings of both its sides,
 * and the whole life of the process that works on a run.
 */
#ifndef OPS_CUTOVER_SIDES_H
#define OPS_CUTOVER_SIDES_H

#include <headgate/cutover.h>

struct worker;

struct cutover_sides {
    hg_settings *source, *target;
    hg_cutover_options options;
};

enum { CUTOVER_SUBJECT_SIZE = HG_CUTOVER_RUN_SIZE + 16 };

/*
 * Reads the settings once for each side. settings: NULL when they are not known. runbook: of a new
 * run, borrowed; NULL: the built-in one. budget_ms: 0: as the rehearsal finds. out: the caller's
 * until cutover_sides_close(), also on failure. err: HG_CONFIG, HG_UNSUPPORTED, HG_NOMEM.
 */
bool cutover_sides_open(const hg_settings_options *settings, const char *runbook, int64_t budget_ms,
                        struct cutover_sides *out, hg_error *err);
void cutover_sides_close(struct cutover_sides *sides);

/* By this the worker of a run is found again. */
void cutover_subject(const char *run, char out[CUTOVER_SUBJECT_SIZE]);

/* Works on the newest run, forward or back, and ends the worker; returns its exit status. */
int cutover_work(const struct cutover_sides *sides, bool back, struct worker *worker);

#endif
