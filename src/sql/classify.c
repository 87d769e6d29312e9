/*
 * classify.c - one statement → forms and effects: which reader reads it, and the result.
 */
#include "classify.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "class.h"
#include "grammar.h"

void class_use(struct class_maker *m, enum form_id form, const char *table, const char *other)
{
    struct class_use *use = VEC_PUSH(&m->uses);

    if (use == NULL || table == NULL || other == NULL)
        m->failed = true;
    else
        *use = (struct class_use){form, table, other, HG_LOCK_NONE};
}

void class_effect(struct class_maker *m, enum class_effect_kind kind, const char *name,
                  const char *to)
{
    struct class_effect *effect = VEC_PUSH(&m->effects);

    if (effect == NULL || name == NULL || to == NULL)
        m->failed = true;
    else
        *effect = (struct class_effect){kind, name, to};
}

static bool read_words(struct class_maker *m, hg_driver dialect, const char *sql, size_t size)
{
    struct words words;

    words_init(&words, dialect, sql, size);
    if (dialect == HG_SQLITE)
        class_sqlite(m, &words);
    else
        class_words(m, &words);
    return !m->failed;
}

static bool read_postgres(struct class_maker *m, const char *sql, size_t size,
                          struct classified *out)
{
    struct grammar_result result;

    switch (grammar_read(m->arena, sql, size, &result)) {
    case GRAMMAR_READ:
        class_postgres(m, result.statement);
        return !m->failed;
    case GRAMMAR_FAULT:
        out->how = CLASSIFY_FAULT;
        out->fault_message = arena_text(m->arena, result.message);
        if (out->fault_message == NULL)
            return false;
        out->fault_character = result.character;
        break;
    case GRAMMAR_LARGE:
        out->how = CLASSIFY_WORDS;
        break;
    case GRAMMAR_NOMEM:
        return false;
    }
    return read_words(m, HG_POSTGRESQL, sql, size);
}

/* Nearly every name is "". */
static const char *keep_text(struct arena *arena, const char *text)
{
    return text[0] == '\0' ? "" : arena_text(arena, text);
}

static bool keep_use(struct arena *arena, struct class_use *use)
{
    use->table = keep_text(arena, use->table);
    use->other = keep_text(arena, use->other);
    return use->table != NULL && use->other != NULL;
}

static bool keep_effect(struct arena *arena, struct class_effect *effect)
{
    effect->name = keep_text(arena, effect->name);
    effect->to = keep_text(arena, effect->to);
    return effect->name != NULL && effect->to != NULL;
}

/* Moves what was found into the arena. */
static bool keep(struct class_maker *m, struct arena *arena, struct classified *out)
{
    bool ok;

    if (m->uses.count == 0)
        class_use(m, FORM_UNKNOWN, "", "");
    out->uses = arena_alloc(arena, m->uses.count, sizeof *out->uses);
    out->effects = arena_alloc(arena, m->effects.count + 1, sizeof *out->effects);
    out->enum_value = keep_text(arena, m->enum_value);
    out->fault_message = keep_text(arena, out->fault_message);
    ok = !m->failed && out->uses != NULL && out->effects != NULL && out->enum_value != NULL
         && out->fault_message != NULL;
    for (; ok && out->use_count < m->uses.count; out->use_count++) {
        out->uses[out->use_count] = m->uses.items[out->use_count];
        ok = keep_use(arena, &out->uses[out->use_count]);
    }
    for (; ok && out->effect_count < m->effects.count; out->effect_count++) {
        out->effects[out->effect_count] = m->effects.items[out->effect_count];
        ok = keep_effect(arena, &out->effects[out->effect_count]);
    }
    return ok;
}

/* A statement's tree is many times as large as what is found in it: it goes with its arena. */
bool classify(struct arena *arena, hg_driver dialect, const char *sql, size_t size,
              struct classified *out, hg_error *err)
{
    struct arena trees = ARENA_INIT;
    struct class_maker m = {.arena = &trees, .enum_value = ""};
    struct classified result = {.how = CLASSIFY_TREE, .fault_message = ""};
    bool ok = dialect == HG_SQLITE ? read_words(&m, dialect, sql, size)
                                   : read_postgres(&m, sql, size, &result);

    ok = ok && keep(&m, arena, &result);
    VEC_RELEASE(&m.uses);
    VEC_RELEASE(&m.effects);
    arena_release(&trees);
    if (!ok)
        return hg_fail(err, HG_NOMEM, "could not look into the statements: out of memory");
    *out = result;
    return true;
}

bool classify_same_name(const char *a, const char *b)
{
    const char *in_a = strrchr(a, '.'), *in_b = strrchr(b, '.');

    if (in_a != NULL && in_b != NULL)
        return strcmp(a, b) == 0;
    return strcmp(in_a == NULL ? a : in_a + 1, in_b == NULL ? b : in_b + 1) == 0;
}
