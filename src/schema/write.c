/*
 * write.c - a difference → SQL: the entry for both engines, and what they share.
 */
#include "writer.h"

#include <stdio.h>
#include <string.h>

enum { STATEMENT_LIMIT = 64 << 20 };

void writer_put(struct writer *w, enum write_phase phase, struct buf *sql, const char *loses)
{
    struct written_statement *statement = VEC_PUSH(&w->out);
    const char *text = buf_failed(sql) ? NULL : arena_text_n(w->arena, sql->bytes, sql->size);

    buf_release(sql);
    if (statement == NULL || text == NULL) {
        w->failed = true;
        return;
    }
    *statement = (struct written_statement){.phase = phase, .sql = text, .loses = loses};
}

void writer_printf(struct writer *w, enum write_phase phase, const char *format, ...)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);
    va_list args;

    va_start(args, format);
    buf_vprintf(&sql, format, args);
    va_end(args);
    writer_put(w, phase, &sql, NULL);
}

void writer_danger(struct writer *w, const char *hazard)
{
    if (!w->failed)
        w->out.items[w->out.count - 1].danger = hazard;
}

void writer_loses(struct writer *w, const char *what)
{
    if (!w->failed)
        w->out.items[w->out.count - 1].loses = what;
}

void writer_accept(struct writer *w, const char *hazard_and_reason)
{
    if (!w->failed)
        w->out.items[w->out.count - 1].accept = hazard_and_reason;
}

const char *writer_text(struct writer *w, const char *format, ...)
{
    struct buf text = BUF_INIT(STATEMENT_LIMIT);
    const char *kept;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    kept = buf_failed(&text) ? NULL : arena_text_n(w->arena, text.bytes, text.size);
    buf_release(&text);
    w->failed = w->failed || kept == NULL;
    return kept == NULL ? "" : kept;
}

static const char *qualified(struct writer *w, const char *schema, const char *name)
{
    struct buf text = BUF_INIT(STATEMENT_LIMIT);
    const char *kept;

    name_put_qualified(&text, schema, name);
    kept = buf_failed(&text) ? NULL : arena_text_n(w->arena, text.bytes, text.size);
    buf_release(&text);
    w->failed = w->failed || kept == NULL;
    return kept == NULL ? "" : kept;
}

/* The name of a function stands as SQL already. */
const char *writer_name(struct writer *w, const struct object *object)
{
    if (object->kind != OBJECT_FUNCTION)
        return qualified(w, object->schema, object->name);
    return object->schema[0] == '\0'
               ? object->name
               : writer_text(w, "%s.%s", writer_quote(w, object->schema), object->name);
}

const char *writer_table(struct writer *w, const struct object *object)
{
    return qualified(w, object->schema, object->table);
}

const char *writer_quote(struct writer *w, const char *name)
{
    return qualified(w, "", name);
}

void writer_impossible(struct writer *w, const struct object *object, const char *why)
{
    struct buf text = BUF_INIT(STATEMENT_LIMIT);
    const char **place = VEC_PUSH(&w->impossible);

    buf_printf(&text, "%s ",
               object->kind == OBJECT_OTHER ? object->facts[FACT_VARIETY]
                                            : object_kind_name(object->kind));
    object_tell(object, &text);
    buf_printf(&text, ": %s", why);
    if (place != NULL)
        *place = writer_text(w, "%s", text.bytes);
    else
        w->failed = true;
    buf_release(&text);
}

bool fact_differs(const struct writer *w, size_t from, enum fact fact)
{
    return (w->facts[from] >> fact & 1) != 0;
}

bool goes_with_owner(const struct writer *w, size_t from)
{
    size_t owner = w->from->objects[from].owner;

    return owner != from && (w->fate[owner] == FATE_DROP || w->fate[owner] == FATE_RECREATE);
}

bool comes_with_owner(const struct writer *w, size_t to)
{
    size_t owner = w->to->objects[to].owner;

    return owner != to && w->make[owner];
}

/* Pairs the models' objects, and says of each what the difference does to it. */
static bool begin(struct writer *w, const struct diff *diff)
{
    const struct model *from = w->from, *to = w->to;

    w->match = arena_alloc(w->arena, from->count + 1, sizeof *w->match);
    w->back = arena_alloc(w->arena, to->count + 1, sizeof *w->back);
    w->fate = arena_alloc(w->arena, from->count + 1, sizeof *w->fate);
    w->facts = arena_alloc(w->arena, from->count + 1, sizeof *w->facts);
    w->make = arena_alloc(w->arena, to->count + 1, sizeof *w->make);
    if (!w->match || !w->back || !w->fate || !w->facts || !w->make)
        return false;
    for (size_t j = 0; j < to->count; j++)
        w->back[j] = NONE;
    for (size_t i = 0; i < from->count; i++) {
        const struct object *o = &from->objects[i];
        const struct object *same = model_find(to, o->kind, o->schema, o->table, o->name);

        w->match[i] = same == NULL ? NONE : same - to->objects;
        if (same != NULL)
            w->back[same - to->objects] = (ptrdiff_t)i;
    }
    for (size_t k = 0; k < diff->count; k++) {
        const struct change *change = &diff->changes[k];

        if (change->verb == CHANGE_ADD) {
            w->make[change->to - to->objects] = true;
            continue;
        }
        w->fate[change->from - from->objects] =
            change->verb == CHANGE_DROP ? FATE_DROP : FATE_ALTER;
        w->facts[change->from - from->objects] = change->facts;
    }
    return true;
}

/* Statements of one phase stand together, in the order in which they were written. */
static bool finish(struct writer *w, struct written *out)
{
    struct written_statement *statement;
    size_t n = 0;

    *out = (struct written){.rebuilds = w->rebuilds, .impossible_count = w->impossible.count};
    out->statements = arena_alloc(w->arena, w->out.count + 1, sizeof *out->statements);
    out->impossible = arena_alloc(w->arena, w->impossible.count + 1, sizeof *out->impossible);
    if (w->failed || out->statements == NULL || out->impossible == NULL)
        return false;
    if (w->impossible.count > 0)
        memcpy(out->impossible, w->impossible.items, w->impossible.count * sizeof *out->impossible);
    for (int phase = 0; phase < PHASES; phase++) {
        VEC_EACH (&w->out, statement)
            if (statement->phase == (enum write_phase)phase) {
                out->statements[n++] = *statement;
                out->of_phase[phase]++;
            }
    }
    out->count = n;
    return true;
}

bool write_changes(struct arena *arena, const struct model *from, const struct model *to,
                   const struct diff *diff, enum write_mode mode, struct written *out_written,
                   hg_error *err)
{
    struct writer w = {.arena = arena, .from = from, .to = to, .mode = mode};
    bool ok = begin(&w, diff);

    if (ok && from->driver == HG_SQLITE)
        write_sqlite(&w);
    else if (ok && (ok = fate_spread(&w) && dependents_make(arena, to, &w.users)))
        write_postgres(&w);
    ok = ok && finish(&w, out_written);
    VEC_RELEASE(&w.out);
    VEC_RELEASE(&w.impossible);
    return ok || hg_fail(err, HG_NOMEM, "could not write the migration: out of memory");
}
