/*
 * plan_accept.c - hazards that a file accepts itself.
 */
#include "plan_accept.h"

#include <string.h>

#include "base/arena.h"
#include "base/vec.h"
#include "sql/hazard.h"

static const char mark[] = "headgate:";

struct reader {
    struct arena *arena;
    const struct script *script;
    const char *source; /* the script's text as it was read */
    VEC(struct plan_accept) found;
};

/* The end of the line that byte `at` stands in. */
static size_t line_end(const struct script *script, size_t at)
{
    const char *text = script->text->bytes;

    while (at < script->section.to && text[at] != '\n')
        at++;
    return at;
}

/* The statement that a comment at `at` speaks of; beyond the last one: none. */
static size_t owner(const struct script *script, size_t at)
{
    size_t i = 0;

    while (i < script->count
           && line_end(script, script->statements[i].offset + script->statements[i].size) < at)
        i++;
    return i;
}

/* What stands behind the dashes, without blanks around it. */
static bool directive(const struct reader *r, const struct split_token *t, const char **out,
                      size_t *out_size)
{
    const char *text = r->source + t->offset + 2, *end = text + t->size - 2;

    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    *out = text + sizeof mark - 1;
    *out_size = (size_t)(end - text) - (sizeof mark - 1);
    return (size_t)(end - text) >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0;
}

static bool fault(const struct reader *r, const struct split_token *t, hg_error *err)
{
    hg_error_place(err, r->script->path, t->line,
                   split_column(r->source, t->line_start, t->offset));
    hg_error_excerpt(err, r->source, r->script->text->size, t->offset);
    return false;
}

static bool refuse(const struct reader *r, const struct split_token *t, const char *message,
                   hg_error *err)
{
    hg_fail(err, HG_FILE, "%s", message);
    hg_error_hint(err, "Write: -- headgate:accept HAZARD why it may be");
    return fault(r, t, err);
}

/* A copy of the next word, in the arena; moves behind it and the blanks that follow. */
static const char *word(struct arena *arena, const char **at, size_t *left)
{
    size_t n = 0;
    const char *copy;

    while (n < *left && (*at)[n] != ' ' && (*at)[n] != '\t')
        n++;
    copy = arena_text_n(arena, *at, n);
    while (n < *left && ((*at)[n] == ' ' || (*at)[n] == '\t'))
        n++;
    *at += n;
    *left -= n;
    return copy;
}

static bool read_directive(struct reader *r, const struct split_token *t, const char *text,
                           size_t size, hg_error *err)
{
    const char *verb = word(r->arena, &text, &size), *id = word(r->arena, &text, &size);
    const char *reason = arena_text_n(r->arena, text, size);
    size_t statement = owner(r->script, t->offset);
    struct plan_accept *accept;
    const hg_hazard *hazard;

    if (verb == NULL || id == NULL || reason == NULL)
        return hg_fail(err, HG_NOMEM, "could not read \"%s\": out of memory", r->script->path);
    if (strcmp(verb, "accept") != 0)
        return refuse(r, t, "nothing but accept may stand behind headgate:", err);
    hazard = hazard_named(id, err);
    if (hazard == NULL) {
        err->code = HG_FILE;
        return fault(r, t, err);
    }
    if (reason[0] == '\0')
        return refuse(r, t, "a hazard is accepted without a reason", err);
    if (statement == r->script->count)
        return refuse(r, t, "a hazard is accepted where no statement follows", err);
    accept = VEC_PUSH(&r->found);
    if (accept == NULL)
        return hg_fail(err, HG_NOMEM, "could not read \"%s\": out of memory", r->script->path);
    *accept = (struct plan_accept){statement, hazard->id, reason};
    return true;
}

static bool keep(struct reader *r, struct plan_accepts *out, hg_error *err)
{
    out->count = r->found.count;
    out->items = arena_alloc(r->arena, r->found.count + 1, sizeof *out->items);
    if (out->items == NULL)
        return hg_fail(err, HG_NOMEM, "could not read \"%s\": out of memory", r->script->path);
    if (r->found.count > 0)
        memcpy(out->items, r->found.items, r->found.count * sizeof *out->items);
    return true;
}

/* Most files have none, and large ones are not kept for it. */
static bool has_mark(const struct script *script)
{
    enum { AT_ONCE = 1 << 20 };
    const size_t to = script->section.to;

    for (size_t at = script->section.from, n; at < to; at += n) {
        n = to - at < AT_ONCE ? to - at : AT_ONCE;
        if (memmem(script->text->bytes + at, to - at < n + sizeof mark ? to - at : n + sizeof mark,
                   mark, sizeof mark - 1)
            != NULL)
            return true;
        script_passed(script, at + n);
    }
    return false;
}

bool plan_accepts_read(struct arena *arena, hg_driver dialect, const struct script *script,
                       struct plan_accepts *out, hg_error *err)
{
    const struct file_section *section = &script->section;
    struct reader r = {.arena = arena, .script = script};
    struct split_token t = {.kind = LEX_SPACE};
    const char *text;
    struct split split;
    size_t size;
    bool ok = true;

    *out = (struct plan_accepts){0};
    if (!has_mark(script))
        return true;
    r.source = script_source(script, arena);
    if (r.source == NULL)
        return hg_fail(err, HG_NOMEM, "could not read \"%s\": out of memory", script->path);
    split_init(&split, dialect, r.source, section->to, section->from, section->line);
    while (ok && t.kind != LEX_END) {
        ok = split_token(&split, &t, err);
        if (ok && t.kind == LEX_LINE_COMMENT && directive(&r, &t, &text, &size))
            ok = read_directive(&r, &t, text, size, err);
    }
    ok = ok && keep(&r, out, err);
    VEC_RELEASE(&r.found);
    return ok;
}

const char *plan_accepts_find(const struct plan_accepts *accepts, size_t statement, const char *id)
{
    for (size_t i = 0; i < accepts->count; i++)
        if (accepts->items[i].statement == statement && strcmp(accepts->items[i].id, id) == 0)
            return accepts->items[i].reason;
    return NULL;
}
