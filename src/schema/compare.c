/*
 * compare.c - two places, scratch or in use.
 */
#include "compare.h"

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare schemas: out of memory");
}

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

bool compare_whole(struct arena *arena, const struct model *model, struct diff *out_diff,
                   struct written *out_written, hg_error *err)
{
    struct model *empty = empty_like(model, err);
    bool ok = empty != NULL && (diff_make(arena, empty, model, false, out_diff) || no_memory(err))
              && write_changes(arena, empty, model, out_diff, WRITE_DUMP, out_written, err);

    model_free(empty);
    return ok;
}

bool compare_image(struct arena *arena, const struct place *of, const struct place_terms *terms,
                   struct place *image, struct diff *out_diff, hg_error *err)
{
    struct written written;
    struct diff whole;

    return place_open(image, terms, err)
           && compare_whole(arena, of->side.model, &whole, &written, err)
           && side_build(&image->side, &written, err) && side_read(&image->side, err)
           && (diff_make(arena, of->side.model, image->side.model, terms->privileges, out_diff)
               || no_memory(err));
}

/* *out_true: the image is the same, but for the wording of texts. Where none can be made, the first
 * comparison stands. */
static bool build_image(struct comparison *c, struct arena *arena, const struct place *place,
                        bool *out_true, hg_error *err)
{
    struct diff diff;
    bool ok = compare_image(arena, place, &c->terms, &c->image, &diff, err);

    *out_true = ok && diff_is_wording(&diff);
    return ok || (c->image.scratch != NULL && place_is_verdict(err));
}

/* Servers of different versions word the same expression differently. */
static bool check_versions(const struct comparison *c, hg_error *err)
{
    const struct model *a = c->from.side.model, *b = c->to.side.model;

    if (a->driver != HG_POSTGRESQL || a->version / 10000 == b->version / 10000)
        return true;
    hg_fail(err, HG_USAGE, "PostgreSQL %d and %d word the same schema differently",
            a->version / 10000, b->version / 10000);
    hg_error_hint(err, "Name a server of the database's version with --scratch.");
    return false;
}

static bool compare_sides(struct comparison *c, struct arena *arena, struct place *from,
                          struct place *to, hg_error *err)
{
    if (!sides_compare(arena, &from->side, from->scratch != NULL, &to->side, to->scratch != NULL,
                       &c->diff, err))
        return false;
    c->models[0] = from->side.model;
    c->models[1] = to->side.model;
    return true;
}

bool compare_places(struct comparison *c, struct arena *arena, hg_error *err)
{
    bool from_live = c->from.scratch == NULL;
    const struct place *live = from_live ? &c->from : &c->to;
    bool same = false;

    if (!check_versions(c, err) || !compare_sides(c, arena, &c->from, &c->to, err))
        return false;
    if (live->scratch != NULL || live->side.model->driver != HG_POSTGRESQL
        || !diff_has_wording(&c->diff))
        return true;
    return build_image(c, arena, live, &same, err)
           && (!same
               || compare_sides(c, arena, from_live ? &c->image : &c->from,
                                from_live ? &c->to : &c->image, err));
}

bool compare_write(const struct comparison *c, struct arena *arena, struct written *out_written,
                   hg_error *err)
{
    return write_changes(arena, c->models[0], c->models[1], &c->diff, WRITE_ONLINE, out_written,
                         err);
}

void compare_close(struct comparison *c)
{
    place_close(&c->from);
    place_close(&c->to);
    place_close(&c->image);
}
