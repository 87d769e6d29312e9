/*
 * other.c - other tools that have migrated the same database.
 */
#include "other.h"

#include "mirror.h"

/* A database that another tool has migrated is not migrated from the beginning. */
static bool refuse_foreign(hg_conn *conn, const struct prepared *p, hg_deadline by, hg_error *err)
{
    char table[64];

    if (!ledger_foreign(conn, &p->place, by, table, sizeof table, err))
        return false;
    if (table[0] == '\0')
        return true;
    hg_fail(err, HG_DRIFT, "another tool has migrated this database: its table is \"%s\"", table);
    hg_error_hint(err,
                  "Take its project over with headgate import, or say headgate init when it is "
                  "about something else.");
    return false;
}

bool other_check(hg_conn *conn, struct prepared *prepared, bool idle, hg_deadline by, hg_error *err)
{
    return (idle || prepared->place.has_versions || refuse_foreign(conn, prepared, by, err))
           && mirror_check(conn, prepared, by, err);
}
