/*
 * live.c - the schema of a database that is in use: as a dump, and against a file.
 * Must not know who asks and how the answer is shown.
 */
#include <headgate/schema.h>

#include <string.h>

#include "place.h"
#include "publish.h"

struct comparison {
    hg_pool *pool;
    const char *file; /* of the wanted side */
    struct place_terms terms;
    struct place live, wanted, image; /* image: live once more, in a scratch database */
    struct model *from;               /* the model that stands for live */
    struct diff diff;
};

struct whole {
    hg_schema_diff public; /* first: it is what the caller has */
    struct arena arena;
};

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

static void close_all(struct comparison *c)
{
    place_close(&c->live);
    place_close(&c->wanted);
    place_close(&c->image);
}

/* --- comparing --- */

/* A model without anything in it. */
static struct model *empty_like(const struct model *model, hg_error *err)
{
    struct model_maker maker = {
        .model = model_new(model->driver, model->version, model->default_schema)};

    if (maker.model == NULL)
        no_memory(err);
    else if (!model_finish(&maker, err)) {
        model_free(maker.model);
        maker.model = NULL;
    }
    return maker.model;
}

static bool write_whole(struct arena *arena, const struct model *empty, const struct model *model,
                        struct diff *out_diff, struct written *out_written, hg_error *err)
{
    return (diff_make(arena, empty, model, false, out_diff) || no_memory(err))
           && write_changes(arena, empty, model, out_diff, WRITE_DUMP, out_written, err);
}

/* Builds the live schema in the image. *out_true: it is live, but for the wording of texts. */
static bool build_image(struct comparison *c, struct arena *arena, bool *out_true, hg_error *err)
{
    struct model *empty = empty_like(c->live.side.model, err);
    struct written written;
    struct diff diff;
    bool ok = empty != NULL && place_open(&c->image, &c->terms, err)
              && write_whole(arena, empty, c->live.side.model, &diff, &written, err);

    *out_true = false;
    if (ok && side_run(&c->image.side, &written, err)) {
        ok = side_read(&c->image.side, err)
             && (diff_make(arena, c->live.side.model, c->image.side.model, false, &diff)
                 || no_memory(err));
        *out_true = ok && diff_is_wording(&diff);
    } else if (ok) {
        ok = place_is_verdict(err); /* then the first comparison stands */
    }
    model_free(empty);
    return ok;
}

/*
 * A server words its own text anew when it reads it, so a live database and a file that was dumped
 * from it differ in texts that mean the same. Nothing may be tried in the live database: a copy of
 * it without rows takes its place.
 */
static bool settle_wording(struct comparison *c, struct arena *arena, hg_error *err)
{
    bool same = false;

    if (!diff_has_wording(&c->diff))
        return true;
    if (!build_image(c, arena, &same, err))
        return false;
    if (!same)
        return true;
    c->from = c->image.side.model;
    if (!sides_compare(arena, &c->image.side, true, &c->wanted.side, true, &c->diff, err))
        return false;
    c->from = c->image.side.model;
    return true;
}

static bool compare(struct comparison *c, struct arena *arena, hg_error *err)
{
    if (!place_open_live(&c->live, c->pool, &c->terms, err) || !side_read(&c->live.side, err)
        || !place_open(&c->wanted, &c->terms, err) || !place_load(&c->wanted, c->file, err)
        || !side_read(&c->wanted.side, err)
        || !sides_compare(arena, &c->live.side, false, &c->wanted.side, true, &c->diff, err))
        return false;
    c->from = c->live.side.model;
    return c->from->driver != HG_POSTGRESQL || settle_wording(c, arena, err);
}

/* --- the answer --- */

static bool tell_statements(struct arena *arena, const struct written *written, hg_schema_diff *out)
{
    static const hg_schema_phase phases[] = {[PHASE_BEFORE] = HG_SCHEMA_BEFORE,
                                             [PHASE_MAIN] = HG_SCHEMA_MAIN,
                                             [PHASE_AFTER] = HG_SCHEMA_AFTER};

    out->statements = arena_alloc(arena, written->count + 1, sizeof *out->statements);
    if (out->statements == NULL)
        return false;
    for (size_t i = 0; i < written->count; i++) {
        const struct written_statement *s = &written->statements[i];

        out->statements[out->statement_count++] =
            (hg_schema_statement){phases[s->phase], s->sql, s->loses == NULL ? "" : s->loses};
    }
    out->impossible = written->impossible;
    out->impossible_count = written->impossible_count;
    out->rebuilds = written->rebuilds;
    return true;
}

static bool tell(struct whole *whole, const struct diff *diff, const struct written *written,
                 hg_error *err)
{
    hg_schema_diff *out = &whole->public;

    return (diff_publish(&whole->arena, diff, &out->changes, &out->change_count)
            && tell_statements(&whole->arena, written, out))
           || no_memory(err);
}

/* --- all of it --- */

static bool diff_into(struct comparison *c, struct whole *whole, hg_error *err)
{
    struct written written;

    return compare(c, &whole->arena, err)
           && write_changes(&whole->arena, c->from, c->wanted.side.model, &c->diff, WRITE_ONLINE,
                            &written, err)
           && tell(whole, &c->diff, &written, err);
}

static bool dump_into(struct comparison *c, struct whole *whole, hg_error *err)
{
    struct model *empty = NULL;
    struct written written;
    bool ok = place_open_live(&c->live, c->pool, &c->terms, err) && side_read(&c->live.side, err)
              && (empty = empty_like(c->live.side.model, err)) != NULL
              && write_whole(&whole->arena, empty, c->live.side.model, &c->diff, &written, err)
              && tell(whole, &c->diff, &written, err);

    model_free(empty);
    return ok;
}

static bool make(struct comparison *c,
                 bool (*into)(struct comparison *, struct whole *, hg_error *),
                 hg_schema_diff **out, hg_error *err)
{
    struct whole *whole = alloc_zero(1, sizeof *whole);
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    ok = whole == NULL ? no_memory(err) : into(c, whole, err);
    close_all(c);
    if (ok)
        *out = &whole->public;
    else
        hg_schema_diff_free(whole == NULL ? NULL : &whole->public);
    return ok;
}

bool hg_schema_diff_make(hg_pool *pool, const char *file, hg_deadline by,
                         const hg_observer *observer, hg_schema_diff **out_diff, hg_error *err)
{
    struct comparison c = {.pool = pool, .file = file, .terms = {hg_pool_url(pool), by, observer}};

    return make(&c, diff_into, out_diff, err);
}

bool hg_schema_dump_make(hg_pool *pool, hg_deadline by, const hg_observer *observer,
                         hg_schema_diff **out_dump, hg_error *err)
{
    struct comparison c = {.pool = pool, .terms = {hg_pool_url(pool), by, observer}};

    return make(&c, dump_into, out_dump, err);
}

void hg_schema_diff_free(hg_schema_diff *diff)
{
    struct whole *whole = (struct whole *)diff;

    if (whole == NULL)
        return;
    arena_release(&whole->arena);
    alloc_free(whole);
}
