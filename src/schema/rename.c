/*
 * rename.c - which objects of one model are those of another under a new name.
 */
#include "rename.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "diff.h"
#include "names.h"

enum { TEXT_LIMIT = 1 << 20 };

struct finder {
    struct arena *arena;
    const struct model *from, *to;
    struct hints *hints;
    struct renames *renames;
    bool failed;
};

/* SQLite's names are the same in either case. */
static bool same_name(const struct model *model, const char *a, const char *b)
{
    return (model->driver == HG_SQLITE ? strcasecmp(a, b) : strcmp(a, b)) == 0;
}

static const char *schema_of(const struct model *model, const struct hint *hint)
{
    return strcmp(hint->schema, model->default_schema) == 0 ? "" : hint->schema;
}

static const struct object *find(const struct model *model, enum object_kind kind,
                                 const char *schema, const char *table, const char *name)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct object *o = &model->objects[i];

        if (o->kind == kind && strcmp(o->schema, schema) == 0 && same_name(model, o->name, name)
            && (table == NULL || same_name(model, o->table, table)))
            return o;
    }
    return NULL;
}

/* --- statements --- */

static const char *text(struct finder *f, struct buf *buf)
{
    const char *kept = buf_failed(buf) ? NULL : arena_text_n(f->arena, buf->bytes, buf->size);

    buf_release(buf);
    f->failed = f->failed || kept == NULL;
    return kept == NULL ? "" : kept;
}

static const char *kept(struct finder *f, const char *name)
{
    const char *copy = arena_text(f->arena, name);

    f->failed = f->failed || copy == NULL;
    return copy == NULL ? "" : copy;
}

/* "ALTER TABLE app.accounts RENAME COLUMN email TO mail": head, name, what, old, new. */
static const char *statement(struct finder *f, const char *head, const char *schema,
                             const char *name, const char *what, const char *old, const char *new,
                             bool literal)
{
    struct buf sql = BUF_INIT(TEXT_LIMIT);

    buf_printf(&sql, "ALTER %s ", head);
    name_put_qualified(&sql, schema, name);
    buf_printf(&sql, " RENAME %s", what);
    if (literal) {
        literal_put(&sql, old);
        buf_text(&sql, " TO ");
        literal_put(&sql, new);
    } else {
        if (old[0] != '\0') {
            name_put(&sql, old);
            buf_char(&sql, ' ');
        }
        buf_text(&sql, "TO ");
        name_put(&sql, new);
    }
    return text(f, &sql);
}

static bool add(struct finder *f, enum object_kind kind, const struct object *to, const char *label,
                const char *old, const char *up, const char *down)
{
    struct rename *rename = VEC_PUSH(&f->renames->items);
    struct buf told = BUF_INIT(TEXT_LIMIT);

    object_tell(to, &told);
    if (label != NULL)
        buf_printf(&told, ".%s", label);
    if (rename == NULL)
        f->failed = true;
    else /* a name outlives the model that it comes from */
        *rename = (struct rename){kind, "", kept(f, old), up, down};
    if (rename == NULL)
        buf_release(&told);
    else
        rename->object = text(f, &told);
    return true;
}

/* A thing with a statement of its own: table, index, sequence. */
static bool add_whole(struct finder *f, const char *head, const struct object *from,
                      const struct object *to)
{
    return add(f, to->kind, to, NULL, from->name,
               statement(f, head, to->schema, from->name, "", "", to->name, false),
               statement(f, head, to->schema, to->name, "", "", from->name, false));
}

/* A part of a table, whatever the table is called: by then it has its new name. */
static bool add_part(struct finder *f, const char *what, const struct object *to, const char *old)
{
    return add(f, to->kind, to, NULL, old,
               statement(f, "TABLE", to->schema, to->table, what, old, to->name, false),
               statement(f, "TABLE", to->schema, to->table, what, to->name, old, false));
}

/* --- hints --- */

static bool hinted_table(struct finder *f, const struct hint *hint)
{
    const char *schema = schema_of(f->to, hint);
    const struct object *from = find(f->from, OBJECT_TABLE, schema, NULL, hint->old);
    const struct object *to = find(f->to, OBJECT_TABLE, schema, NULL, hint->name);

    if (from != NULL && to != NULL && find(f->from, OBJECT_TABLE, schema, NULL, hint->name) == NULL
        && find(f->to, OBJECT_TABLE, schema, NULL, hint->old) == NULL)
        return add_whole(f, "TABLE", from, to);
    return false;
}

/* What the table was called before. */
static const char *old_table(const struct finder *f, const char *schema, const char *table)
{
    const struct hint *hint;

    VEC_EACH (&f->hints->items, hint)
        if (hint->kind == OBJECT_TABLE && !hint->denied && same_name(f->to, hint->name, table)
            && strcmp(schema_of(f->to, hint), schema) == 0
            && find(f->from, OBJECT_TABLE, schema, NULL, table) == NULL)
            return hint->old;
    return table;
}

static bool hinted_column(struct finder *f, const struct hint *hint)
{
    const char *schema = schema_of(f->to, hint);
    const char *before = old_table(f, schema, hint->owner);
    const struct object *from = find(f->from, OBJECT_COLUMN, schema, before, hint->old);
    const struct object *to = find(f->to, OBJECT_COLUMN, schema, hint->owner, hint->name);

    if (from != NULL && to != NULL
        && find(f->from, OBJECT_COLUMN, schema, before, hint->name) == NULL
        && find(f->to, OBJECT_COLUMN, schema, hint->owner, hint->old) == NULL)
        return add_part(f, "COLUMN ", to, from->name);
    return false;
}

static bool hinted_index(struct finder *f, const struct hint *hint)
{
    const char *schema = schema_of(f->to, hint);
    const struct object *from = find(f->from, OBJECT_INDEX, schema, NULL, hint->old);
    const struct object *to = find(f->to, OBJECT_INDEX, schema, NULL, hint->name);

    if (f->to->driver == HG_POSTGRESQL && from != NULL && to != NULL
        && find(f->from, OBJECT_INDEX, schema, NULL, hint->name) == NULL)
        return add_whole(f, "INDEX", from, to);
    return false;
}

/* Whether an enum has a label; its definition is a list of literals. */
static bool has_label(const struct object *type, const char *label)
{
    const char *labels = type->facts[FACT_DEFINITION];
    struct buf literal = BUF_INIT(TEXT_LIMIT);
    bool found = false;

    literal_put(&literal, label);
    for (const char *at = labels; !found && at != NULL && (at = strstr(at, literal.bytes)) != NULL;
         at++)
        found = (at == labels || at[-1] == ' ')
                && (at[literal.size] == ',' || at[literal.size] == '\0');
    buf_release(&literal);
    return found;
}

static bool hinted_value(struct finder *f, const struct hint *hint)
{
    const char *schema = schema_of(f->to, hint);
    const struct object *from = find(f->from, OBJECT_TYPE, schema, NULL, hint->owner);
    const struct object *to = find(f->to, OBJECT_TYPE, schema, NULL, hint->owner);

    if (from != NULL && to != NULL && has_label(from, hint->old) && !has_label(from, hint->name)
        && has_label(to, hint->name) && !has_label(to, hint->old))
        return add(
            f, OBJECT_TYPE, to, hint->name, hint->old,
            statement(f, "TYPE", to->schema, to->name, "VALUE ", hint->old, hint->name, true),
            statement(f, "TYPE", to->schema, to->name, "VALUE ", hint->name, hint->old, true));
    return false;
}

bool renames_hinted(struct arena *arena, const struct model *from, const struct model *to,
                    struct hints *hints, struct renames *renames)
{
    static const struct {
        enum object_kind kind;
        bool (*find)(struct finder *f, const struct hint *hint);
    } order[] = {{OBJECT_TABLE, hinted_table},
                 {OBJECT_COLUMN, hinted_column},
                 {OBJECT_INDEX, hinted_index},
                 {OBJECT_TYPE, hinted_value}};
    struct finder f = {.arena = arena, .from = from, .to = to, .hints = hints, .renames = renames};
    struct hint *hint;

    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        VEC_EACH (&hints->items, hint)
            if (hint->kind == order[k].kind && !hint->denied)
                hint->used = order[k].find(&f, hint);
    return !f.failed;
}

/* --- what has no rows --- */

static bool is_gone(const struct model *other, const struct object *o)
{
    return model_find(other, o->kind, o->schema, o->table, o->name) == NULL;
}

/* Whether nothing but the name tells them apart. */
static bool is_twin(const struct object *a, const struct object *b)
{
    if (a->kind != b->kind || strcmp(a->schema, b->schema) != 0 || strcmp(a->table, b->table) != 0)
        return false;
    for (int i = 0; i < FACTS_COMPARED; i++)
        if ((a->facts[i] == NULL) != (b->facts[i] == NULL)
            || (a->facts[i] != NULL && strcmp(a->facts[i], b->facts[i]) != 0))
            return false;
    return a->kind != OBJECT_SEQUENCE || a->facts[FACT_OWNER] != NULL;
}

static void pair_up(struct finder *f, const struct object *to, bool *taken)
{
    for (size_t i = 0; i < f->from->count; i++) {
        const struct object *from = &f->from->objects[i];

        if (taken[i] || !is_twin(from, to) || !is_gone(f->to, from))
            continue;
        taken[i] = true;
        if (to->kind == OBJECT_CONSTRAINT)
            add_part(f, "CONSTRAINT ", to, from->name);
        else
            add_whole(f, to->kind == OBJECT_INDEX ? "INDEX" : "SEQUENCE", from, to);
        return;
    }
}

bool renames_obvious(struct arena *arena, const struct model *from, const struct model *to,
                     struct renames *renames)
{
    struct finder f = {.arena = arena, .from = from, .to = to, .renames = renames};
    bool *taken = arena_alloc(arena, from->count + 1, sizeof *taken);

    for (size_t j = 0; taken != NULL && j < to->count; j++) {
        const struct object *o = &to->objects[j];
        const struct object *owner = &to->objects[o->owner];

        if ((o->kind == OBJECT_SEQUENCE
             || ((o->kind == OBJECT_CONSTRAINT || o->kind == OBJECT_INDEX)
                 && (owner->kind == OBJECT_TABLE && !is_gone(from, owner))))
            && is_gone(from, o))
            pair_up(&f, o, taken);
    }
    return taken != NULL && !f.failed;
}

/* --- questions --- */

/* Whether somebody has said what became of it, or that it is not this new one. */
static bool is_answered(const struct model *model, const struct hints *hints,
                        const struct object *gone, const struct object *new)
{
    const struct hint *hint;

    VEC_EACH (&hints->items, hint)
        if (hint->kind == gone->kind && same_name(model, hint->old, gone->name)
            && same_name(model, hint->owner, gone->table)
            && (!hint->denied || hint->name[0] == '\0' || same_name(model, hint->name, new->name)))
            return true;
    return false;
}

static bool same_fact(const struct object *a, const struct object *b, enum fact fact)
{
    const char *x = a->facts[fact], *y = b->facts[fact];

    return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

/* Two tables with as many columns, of the same names and types. */
static bool same_columns(const struct model *from, const struct object *a, const struct model *to,
                         const struct object *b)
{
    size_t i, j, n = model_range(from, OBJECT_COLUMN, a->schema, a->name, &i);

    if (n == 0 || model_range(to, OBJECT_COLUMN, b->schema, b->name, &j) != n)
        return false;
    for (size_t k = 0; k < n; k++)
        if (strcmp(from->objects[i + k].name, to->objects[j + k].name) != 0
            || !same_fact(&from->objects[i + k], &to->objects[j + k], FACT_TYPE))
            return false;
    return true;
}

static bool alike(const struct model *from, const struct object *gone, const struct model *to,
                  const struct object *new)
{
    if (gone->kind != new->kind || strcmp(gone->schema, new->schema) != 0
        || strcmp(gone->table, new->table) != 0)
        return false;
    if (gone->kind == OBJECT_TABLE)
        return same_columns(from, gone, to, new);
    return same_fact(gone, new, FACT_TYPE) && gone->facts[FACT_GENERATED] == NULL
           && new->facts[FACT_GENERATED] == NULL;
}

bool renames_question(const struct model *from, const struct model *to, const struct hints *hints,
                      struct rename_question *out_question)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct object *gone = &from->objects[i];

        if ((gone->kind != OBJECT_TABLE && gone->kind != OBJECT_COLUMN)
            || from->objects[gone->owner].kind != OBJECT_TABLE || !is_gone(to, gone))
            continue;
        for (size_t j = 0; j < to->count; j++)
            if (alike(from, gone, to, &to->objects[j]) && is_gone(from, &to->objects[j])
                && !is_answered(to, hints, gone, &to->objects[j])) {
                *out_question = (struct rename_question){gone, &to->objects[j]};
                return true;
            }
    }
    return false;
}
