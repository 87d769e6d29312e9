/*
 * plan_read.c - what the statements of a step are, before anybody says what that means here.
 */
#include <string.h>

#include "base/arena.h"
#include "plan_assess.h"

enum { MANY = 1000 }; /* statements of a file */

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not look into the plan: out of memory");
}

static bool same_use(const struct class_use *a, const struct class_use *b)
{
    return a->form == b->form && a->lock == b->lock && strcmp(a->table, b->table) == 0
           && strcmp(a->other, b->other) == 0;
}

/* Whether one says of a statement what the other says, and nothing of what comes and goes. */
static bool same_class(const struct classified *a, const struct classified *b)
{
    if (a->how != CLASSIFY_TREE || b->how != CLASSIFY_TREE || a->use_count != b->use_count
        || a->effect_count > 0 || b->effect_count > 0 || strcmp(a->enum_value, b->enum_value) != 0)
        return false;
    for (size_t i = 0; i < a->use_count; i++)
        if (!same_use(&a->uses[i], &b->uses[i]))
            return false;
    return true;
}

/* Whether statement i is like the one before it, as the hundred thousandth INSERT of a file is. */
static bool read_repeated(hg_driver driver, const struct script *script, size_t i,
                          struct classified *classes, hg_error *err)
{
    const struct script_statement *s = &script->statements[i];
    struct arena scratch = ARENA_INIT;
    struct classified class;
    bool same = i > 0 && classify(&scratch, driver, s->sql, s->size, &class, err)
                && same_class(&classes[i - 1], &class);

    if (same)
        classes[i] = classes[i - 1];
    arena_release(&scratch);
    return same;
}

/* What many statements say alike is kept once, where there are so many that it matters. */
static bool read_statement(struct arena *arena, hg_driver driver, const struct script *script,
                           size_t i, struct classified *classes, hg_error *err)
{
    const struct script_statement *s = &script->statements[i];

    script_passed(script, s->offset);
    return (script->count >= MANY && read_repeated(driver, script, i, classes, err))
           || classify(arena, driver, s->sql, s->size, &classes[i], err);
}

bool assess_read(struct arena *arena, hg_driver driver, const struct script *script,
                 struct assess_step *out, hg_error *err)
{
    *out = (struct assess_step){.script = script};
    out->classes = arena_alloc(arena, script->count + 1, sizeof *out->classes);
    if (out->classes == NULL)
        return no_memory(err);
    for (size_t i = 0; i < script->count; i++)
        if (!read_statement(arena, driver, script, i, out->classes, err))
            return false;
    return plan_accepts_read(arena, driver, script, &out->accepts, err);
}
