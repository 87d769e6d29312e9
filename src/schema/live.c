/*
 * live.c - the schema of a database that is in use: as a dump, and against a file.
 * Must not know who asks and how the answer is shown.
 */
#include <headgate/schema.h>

#include "compare.h"
#include "publish.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare schemas: out of memory");
}

const char *hg_schema_verb_name(hg_schema_verb verb)
{
    static const char *const names[] = {"add", "drop", "alter", "rename"};

    return (unsigned)verb < sizeof names / sizeof *names ? names[verb] : "unknown";
}

const char *hg_schema_phase_name(hg_schema_phase phase)
{
    static const char *const names[] = {"before", "main", "after"};

    return (unsigned)phase < sizeof names / sizeof *names ? names[phase] : "unknown";
}

static bool diff_into(struct comparison *c, hg_pool *pool, const char *file, struct answer *answer,
                      hg_error *err)
{
    struct written written;

    return place_open_live(&c->from, pool, &c->terms, err) && side_read(&c->from.side, err)
           && place_open(&c->to, &c->terms, err) && place_load(&c->to, file, err)
           && side_read(&c->to.side, err) && compare_places(c, &answer->arena, err)
           && compare_write(c, &answer->arena, &written, err)
           && answer_fill(answer, &c->diff, &written, err);
}

static bool dump_into(struct comparison *c, hg_pool *pool, const char *file, struct answer *answer,
                      hg_error *err)
{
    struct written written;

    (void)file;
    return place_open_live(&c->from, pool, &c->terms, err) && side_read(&c->from.side, err)
           && compare_whole(&answer->arena, c->from.side.model, &c->diff, &written, err)
           && answer_fill(answer, &c->diff, &written, err);
}

static bool make(hg_pool *pool, const char *file, const struct place_terms *terms,
                 bool (*into)(struct comparison *, hg_pool *, const char *, struct answer *,
                              hg_error *),
                 hg_schema_diff **out, hg_error *err)
{
    struct comparison c = {.terms = *terms};
    struct answer *answer = answer_new();
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = answer == NULL ? no_memory(err) : into(&c, pool, file, answer, err);
    compare_close(&c);
    if (ok)
        *out = &answer->public;
    else
        hg_schema_diff_free(answer == NULL ? NULL : &answer->public);
    return ok;
}

bool hg_schema_diff_make(hg_pool *pool, const char *file, hg_deadline by,
                         const hg_observer *observer, hg_schema_diff **out_diff, hg_error *err)
{
    const struct place_terms terms = {.home = hg_pool_url(pool), .by = by, .observer = observer};

    return make(pool, file, &terms, diff_into, out_diff, err);
}

bool hg_schema_dump_make(hg_pool *pool, const hg_schema_options *options, hg_deadline by,
                         const hg_observer *observer, hg_schema_diff **out_dump, hg_error *err)
{
    const struct place_terms terms = {hg_pool_url(pool), by, observer,
                                      options != NULL && options->privileges};

    return make(pool, NULL, &terms, dump_into, out_dump, err);
}
