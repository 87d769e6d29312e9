/*
 * copy_work.h - a copy as front ends carry it out: from side to side, and the whole life of the
 * process that copies.
 */
#ifndef OPS_COPY_WORK_H
#define OPS_COPY_WORK_H

#include "copy_sides.h"

struct worker;

enum { COPY_SUBJECT_SIZE = 1024 };

/* By this the worker that copies into a database is found again; no secret is in it. */
void copy_subject(const hg_url *target, char out[COPY_SUBJECT_SIZE]);

/* What a console copies with: one that was interrupted goes on. */
hg_copy_options copy_begin_options(hg_copy_mode mode);

/* Opens both sides and does what the options say. err and out_result: as of hg_copy(). */
bool copy_carry_out(const struct copy_sides *sides, const hg_copy_options *options,
                    const hg_observer *observer, hg_copy_result **out_result, hg_error *err);

/* Copies, and ends the worker; returns its exit status. */
int copy_work(const struct copy_sides *sides, const hg_copy_options *options,
              struct worker *worker);

#endif
