/*
 * account.h - what a run found and did, as the value that its caller keeps.
 */
#ifndef COPY_ACCOUNT_H
#define COPY_ACCOUNT_H

#include "run.h"

hg_copy_result *account_new(hg_copy_mode mode); /* NULL: no memory */

/* Copies everything out of the run. err: HG_NOMEM; NULL is fine. */
bool account_fill(struct run *run, hg_error *err);

#endif
