/*
 * replay.c - the schema that migrations make, made in a scratch database.
 */
#include "replay.h"

#include <string.h>

#include <headgate/migrate.h>

static bool run_all(struct place *place, const char *dir, const char *target,
                    const struct place_terms *terms, hg_error *err)
{
    hg_migrate_options options = hg_migrate_options_default(dir);
    hg_observer quiet = {0};
    hg_run_result result;
    bool ok;

    if (terms->observer != NULL) {
        quiet.cancelled = terms->observer->cancelled;
        quiet.context = terms->observer->context;
    }
    options.target = target;
    ok = hg_migrate_run(place->pool, &options, &quiet, &result, err);
    hg_run_result_release(&result);
    if (!ok)
        hg_error_context(err, "could not make the schema that the migrations make");
    return ok;
}

bool replay_open(struct place *place, const char *dir, const char *target,
                 const struct place_terms *terms, hg_error *err)
{
    bool runs = target == NULL || strcmp(target, "base") != 0;

    return place_make(place, terms, err) && (!runs || run_all(place, dir, target, terms, err))
           && place_take(place, terms, err) && side_read(&place->side, err);
}
