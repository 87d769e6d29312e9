/*
 * publish.c - a difference as those outside of this room see it.
 */
#include "publish.h"

#include "base/alloc.h"
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

struct answer *answer_new(void)
{
    return alloc_zero(1, sizeof(struct answer));
}

bool answer_fill(struct answer *answer, const struct diff *diff, const struct written *written,
                 hg_error *err)
{
    hg_schema_diff *out = &answer->public;

    return (diff_publish(&answer->arena, diff, &out->changes, &out->change_count)
            && tell_statements(&answer->arena, written, out))
           || hg_fail(err, HG_NOMEM, "could not compare schemas: out of memory");
}

void hg_schema_diff_free(hg_schema_diff *diff)
{
    struct answer *answer = (struct answer *)diff;

    if (answer == NULL)
        return;
    arena_release(&answer->arena);
    alloc_free(answer);
}
