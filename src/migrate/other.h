/*
 * other.h - other tools that have migrated the same database: what their version tables say against
 * ours.
 */
#ifndef MIGRATE_OTHER_H
#define MIGRATE_OTHER_H

#include "prepare.h"

/*
 * Whether nobody else's table stands against what would be applied. idle: nothing would be. err:
 * HG_DRIFT when another tool has migrated a database that has no ledger of ours, or when dbmate has
 * been used since its project was taken over; what reading its table says.
 */
bool other_check(hg_conn *conn, struct prepared *prepared, bool idle, hg_deadline by,
                 hg_error *err);

#endif
