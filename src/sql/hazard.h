/*
 * hazard.h - the table of hazards: what can go wrong with a form, how bad it is, what to write
 * instead. Pure.
 */
#ifndef SQL_HAZARD_H
#define SQL_HAZARD_H

#include <headgate/error.h>
#include <headgate/hazard.h>

/* The row of an id; NULL: there is none. */
const hg_hazard *hazard_find(const char *id);

/* The same for an id that somebody wrote. err: HG_USAGE, with the nearest id there is. */
const hg_hazard *hazard_named(const char *id, hg_error *err);

#endif
