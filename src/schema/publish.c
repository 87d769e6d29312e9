/*
 * publish.c - a difference as those outside of this room see it.
 */
#include "publish.h"

#include "base/buf.h"

enum { LINE_LIMIT = 1 << 20 };

static const char *keep(struct arena *arena, struct buf *text)
{
    const char *kept = buf_failed(text) ? NULL : arena_text_n(arena, text->bytes, text->size);

    buf_release(text);
    return kept;
}

static bool tell_change(struct arena *arena, const struct change *change, hg_schema_change *out)
{
    static const hg_schema_verb verbs[] = {
        [CHANGE_ADD] = HG_SCHEMA_ADD, [CHANGE_DROP] = HG_SCHEMA_DROP, HG_SCHEMA_ALTER};
    const struct object *object = change->to == NULL ? change->from : change->to;
    struct buf name = BUF_INIT(LINE_LIMIT), what = BUF_INIT(LINE_LIMIT);

    object_tell(object, &name);
    change_tell_facts(change, &what);
    *out = (hg_schema_change){.verb = verbs[change->verb],
                              .kind = arena_text(arena, object_tell_kind(object)),
                              .object = keep(arena, &name),
                              .what = keep(arena, &what)};
    return out->kind != NULL && out->object != NULL && out->what != NULL;
}

bool diff_publish(struct arena *arena, const struct diff *diff, hg_schema_change **out_changes,
                  size_t *out_count)
{
    hg_schema_change *changes = arena_alloc(arena, diff->apart + 1, sizeof *changes);
    size_t n = 0;

    for (size_t i = 0; changes != NULL && i < diff->count; i++)
        if (!diff->changes[i].inside && !tell_change(arena, &diff->changes[i], &changes[n++]))
            return false;
    *out_changes = changes;
    *out_count = n;
    return changes != NULL;
}
