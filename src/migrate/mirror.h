/*
 * mirror.h - dbmate's version table, kept in step with ours where a take-over said so.
 */
#ifndef MIGRATE_MIRROR_H
#define MIGRATE_MIRROR_H

#include "run.h"

/* What dbmate calls a migration: the digits of its file's name. NULL: out of memory. */
const char *mirror_version(struct prepared *prepared, size_t node);

/* Writes that a migration is applied, or not any more; nothing without a mirror. */
bool mirror_write(struct run *run, size_t node, bool applied, hg_error *err);

/* Whether both tables still say the same; nothing without a mirror. err: HG_DRIFT: dbmate has been
 * used since. */
bool mirror_check(hg_conn *conn, struct prepared *prepared, hg_deadline by, hg_error *err);

#endif
