/*
 * look.h - a run as its journal tells it, with the journal itself.
 */
#ifndef CUTOVER_LOOK_H
#define CUTOVER_LOOK_H

#include <headgate/cutover.h>

#include "journal.h"

/* The run of a folder. out_cutover: the caller's until hg_cutover_free(). out_journal: lives as
 * long; NULL is fine. err: as of hg_cutover_read(). */
bool look_read(const hg_cutover_options *options, const char *dir, hg_cutover **out_cutover,
               const struct journal **out_journal, hg_error *err);

#endif
