/*
 * copy_sides.h - from where to where a copy goes when nobody names it: from the SQLite database of
 * the settings into their PostgreSQL.
 */
#ifndef OPS_COPY_SIDES_H
#define OPS_COPY_SIDES_H

#include <headgate/headgate.h>

struct copy_sides {
    const hg_url *source, *target;
    const hg_settings *settings; /* of the target's environment */
    hg_settings *owned[2];       /* that the others are parts of */
    hg_url *by_custom;           /* the source, when no setting names one */
};

/*
 * Of the selected database, DATABASE_URL and DATABASE_URL_PROD the first of its kind each; without
 * a SQLite one the file that an application has by custom. options: NULL when they are not known.
 * out: on success the caller's until copy_sides_release(). err: HG_USAGE (no PostgreSQL is named),
 * HG_CONFIG, HG_NOMEM.
 */
bool copy_sides_find(const hg_settings_options *options, struct copy_sides *out, hg_error *err);
void copy_sides_release(struct copy_sides *sides);

#endif
