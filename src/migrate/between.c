/*
 * between.c - what differs between any two of the database, a file and a revision.
 */
#include <headgate/migrate.h>

#include "replay.h"
#include "schema/compare.h"
#include "schema/publish.h"

static bool open_one(struct place *place, hg_pool *pool, const char *dir,
                     const hg_schema_source *source, const struct place_terms *terms, hg_error *err)
{
    switch (source->kind) {
    case HG_SCHEMA_OF_DATABASE:
        return place_open_live(place, pool, terms, err) && side_read(&place->side, err);
    case HG_SCHEMA_OF_FILE:
        return place_open(place, terms, err) && place_load(place, source->name, err)
               && side_read(&place->side, err);
    case HG_SCHEMA_OF_REVISION:
        return replay_open(place, dir, source->name, terms, err);
    }
    return hg_fail(err, HG_USAGE, "a schema of an unknown kind");
}

static bool compare(struct comparison *c, hg_pool *pool, const char *dir,
                    const hg_schema_source *from, const hg_schema_source *to, struct answer *answer,
                    hg_error *err)
{
    struct written written;

    return open_one(&c->from, pool, dir, from, &c->terms, err)
           && open_one(&c->to, pool, dir, to, &c->terms, err)
           && compare_places(c, &answer->arena, err)
           && compare_write(c, &answer->arena, &written, err)
           && answer_fill(answer, &c->diff, &written, err);
}

bool hg_schema_diff_between(hg_pool *pool, const char *dir, const hg_schema_source *from,
                            const hg_schema_source *to, const hg_schema_options *options,
                            hg_deadline by, const hg_observer *observer, hg_schema_diff **out_diff,
                            hg_error *err)
{
    struct comparison c = {.terms = {.home = hg_pool_url(pool), .by = by, .observer = observer}};
    struct answer *answer = answer_new();
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    if (options != NULL) {
        c.terms.privileges = options->privileges;
        c.terms.home = options->scratch == NULL ? c.terms.home : options->scratch;
    }
    ok = answer == NULL ? hg_fail(err, HG_NOMEM, "could not compare schemas: out of memory")
                        : compare(&c, pool, dir, from, to, answer, err);
    compare_close(&c);
    if (ok)
        *out_diff = &answer->public;
    else
        hg_schema_diff_free(answer == NULL ? NULL : &answer->public);
    return ok;
}
