/*
 * model.c - a schema as a sorted array of objects in one arena.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[OBJECT_KINDS] = {
    [OBJECT_SCHEMA] = "schema",     [OBJECT_EXTENSION] = "extension",
    [OBJECT_TYPE] = "type",         [OBJECT_SEQUENCE] = "sequence",
    [OBJECT_FUNCTION] = "function", [OBJECT_TABLE] = "table",
    [OBJECT_COLUMN] = "column",     [OBJECT_CONSTRAINT] = "constraint",
    [OBJECT_INDEX] = "index",       [OBJECT_VIEW] = "view",
    [OBJECT_TRIGGER] = "trigger",   [OBJECT_RULE] = "rule",
    [OBJECT_POLICY] = "policy",     [OBJECT_DEFAULTS] = "default privileges",
    [OBJECT_OTHER] = "other",
};

static const char *const fact_names[FACTS] = {
    [FACT_VARIETY] = "kind",
    [FACT_TYPE] = "type",
    [FACT_NOT_NULL] = "not null",
    [FACT_DEFAULT] = "default",
    [FACT_IDENTITY] = "identity",
    [FACT_GENERATED] = "generated",
    [FACT_STORED] = "stored",
    [FACT_COLLATION] = "collation",
    [FACT_SEQUENCE] = "sequence options",
    [FACT_OWNER] = "owned by",
    [FACT_COLUMNS] = "columns",
    [FACT_REFERENCES] = "references",
    [FACT_REFERENCED] = "referenced columns",
    [FACT_DEFINITION] = "definition",
    [FACT_OPTIONS] = "options",
    [FACT_PERSISTENCE] = "persistence",
    [FACT_STORAGE] = "storage",
    [FACT_COMPRESSION] = "compression",
    [FACT_STATISTICS] = "statistics",
    [FACT_PARTITION_BY] = "partition key",
    [FACT_PARENTS] = "parents",
    [FACT_BOUND] = "partition bound",
    [FACT_SECURITY] = "row security",
    [FACT_REPLICA] = "replica identity",
    [FACT_CLUSTER] = "cluster",
    [FACT_ENABLED] = "enabled",
    [FACT_VALID] = "valid",
    [FACT_COMMENT] = "comment",
    [FACT_PRIVILEGES] = "privileges",
    [FACT_SOURCE] = "source",
    [FACT_POSITION] = "position",
};

const char *object_kind_name(enum object_kind kind)
{
    return (unsigned)kind < OBJECT_KINDS ? kind_names[kind] : "unknown";
}

const char *fact_name(enum fact fact)
{
    return (unsigned)fact < FACTS ? fact_names[fact] : "unknown";
}

struct model *model_new(hg_driver driver, int version, const char *default_schema)
{
    struct model *model = alloc_zero(1, sizeof *model);

    if (model == NULL)
        return NULL;
    model->driver = driver;
    model->version = version;
    model->default_schema = arena_text(&model->arena, default_schema);
    if (model->default_schema == NULL) {
        model_free(model);
        return NULL;
    }
    return model;
}

void model_free(struct model *model)
{
    if (model == NULL)
        return;
    arena_release(&model->arena);
    alloc_free(model);
}

struct object *model_add(struct model_maker *maker, enum object_kind kind, const char *schema,
                         const char *table, const char *name)
{
    struct arena *arena = &maker->model->arena;
    struct object *object = VEC_PUSH(&maker->objects);

    if (object == NULL)
        return NULL;
    object->kind = kind;
    object->schema = schema[0] == '\0' ? "" : arena_text(arena, schema);
    object->table = table[0] == '\0' ? "" : arena_text(arena, table);
    object->name = arena_text(arena, name);
    return object->schema == NULL || object->table == NULL || object->name == NULL ? NULL : object;
}

bool model_fact(struct model_maker *maker, struct object *object, enum fact fact, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return true;
    object->facts[fact] = arena_text(&maker->model->arena, value);
    return object->facts[fact] != NULL;
}

bool model_need(struct model_maker *maker, uint64_t from, uint64_t to)
{
    struct model_edge *edge = VEC_PUSH(&maker->edges);

    if (edge == NULL)
        return false;
    *edge = (struct model_edge){from, to};
    return true;
}

/* --- order --- */

int object_compare(const struct object *a, const struct object *b)
{
    int order = (int)a->kind - (int)b->kind;

    order = order != 0 ? order : strcmp(a->schema, b->schema);
    order = order != 0 ? order : strcmp(a->table, b->table);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static int compare_objects(const void *a, const void *b)
{
    return object_compare(a, b);
}

static int compare_edges(const void *a, const void *b)
{
    const struct model_edge *x = a, *y = b;
    int order = (x->from > y->from) - (x->from < y->from);

    return order != 0 ? order : (x->to > y->to) - (x->to < y->to);
}

static int compare_tags(const void *a, const void *b)
{
    const struct object *x = *(const struct object *const *)a;
    const struct object *y = *(const struct object *const *)b;

    return (x->tag > y->tag) - (x->tag < y->tag);
}

/* The index of the first object that is not below the key. */
static size_t lower_bound(const struct model *model, const struct object *key)
{
    size_t low = 0, high = model->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (object_compare(&model->objects[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct object *model_find(const struct model *model, enum object_kind kind,
                                const char *schema, const char *table, const char *name)
{
    const struct object key = {.kind = kind, .schema = schema, .table = table, .name = name};
    size_t i = lower_bound(model, &key);

    return i < model->count && object_compare(&model->objects[i], &key) == 0 ? &model->objects[i]
                                                                             : NULL;
}

size_t model_range(const struct model *model, enum object_kind kind, const char *schema,
                   const char *table, size_t *out_first)
{
    const struct object key = {.kind = kind, .schema = schema, .table = table, .name = ""};
    size_t first = lower_bound(model, &key), at = first;

    while (at < model->count && model->objects[at].kind == kind
           && strcmp(model->objects[at].schema, schema) == 0
           && strcmp(model->objects[at].table, table) == 0)
        at++;
    *out_first = first;
    return at - first;
}

bool object_is(const struct object *object, const char *variety)
{
    return object->facts[FACT_VARIETY] != NULL && strcmp(object->facts[FACT_VARIETY], variety) == 0;
}

bool object_same(const struct object *a, const struct object *b)
{
    for (int i = 0; i < FACTS_COMPARED; i++)
        if ((a->facts[i] == NULL) != (b->facts[i] == NULL)
            || (a->facts[i] != NULL && strcmp(a->facts[i], b->facts[i]) != 0))
            return false;
    return true;
}

/* --- finishing --- */

/* What a column, constraint and so on belongs to. */
static size_t owner_of(const struct model *model, size_t i)
{
    static const enum object_kind owners[] = {OBJECT_TABLE, OBJECT_VIEW, OBJECT_TYPE};
    const struct object *object = &model->objects[i];

    if (object->table[0] == '\0')
        return i;
    for (size_t k = 0; k < sizeof owners / sizeof *owners; k++) {
        const struct object *owner =
            model_find(model, owners[k], object->schema, "", object->table);

        if (owner != NULL)
            return (size_t)(owner - model->objects);
    }
    return i;
}

/* Objects by the reader's tag; several may have none. */
static const struct object **index_tags(struct model *model, size_t *out_count)
{
    const struct object **tags = alloc_zero(model->count, sizeof(const struct object *));

    *out_count = 0;
    for (size_t i = 0; tags != NULL && i < model->count; i++)
        if (model->objects[i].tag != 0)
            tags[(*out_count)++] = &model->objects[i];
    if (tags != NULL)
        qsort(tags, *out_count, sizeof *tags, compare_tags);
    return tags;
}

static const struct object *find_tag(const struct object **tags, size_t count, uint64_t tag)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tags[middle]->tag < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && tags[low]->tag == tag ? tags[low] : NULL;
}

/* Gives the edges of one tag, which stand together, to its object. */
static bool tie_one(struct model *model, const struct object **tags, size_t tag_count,
                    const struct model_edge *edges, size_t count)
{
    const struct object *from = find_tag(tags, tag_count, edges[0].from);
    size_t *needs;

    if (from == NULL)
        return true;
    needs = arena_alloc(&model->arena, count, sizeof *needs);
    if (needs == NULL)
        return false;
    struct object *object = &model->objects[from - model->objects];
    for (size_t i = 0; i < count; i++) {
        const struct object *to = find_tag(tags, tag_count, edges[i].to);

        if (to != NULL && to != from && (i == 0 || edges[i].to != edges[i - 1].to))
            needs[object->need_count++] = (size_t)(to - model->objects);
    }
    object->needs = needs;
    return true;
}

static bool tie(struct model_maker *maker)
{
    struct model *model = maker->model;
    struct model_edge *edges = maker->edges.items;
    size_t tag_count = 0, count = maker->edges.count;
    const struct object **tags;
    bool ok = true;

    for (size_t i = 0; i < model->count; i++)
        model->objects[i].owner = owner_of(model, i);
    if (count == 0)
        return true;
    tags = index_tags(model, &tag_count);
    qsort(edges, count, sizeof *edges, compare_edges);
    for (size_t i = 0, n; tags != NULL && ok && i < count; i += n) {
        for (n = 1; i + n < count && edges[i + n].from == edges[i].from;)
            n++;
        ok = tie_one(model, tags, tag_count, edges + i, n);
    }
    ok = ok && tags != NULL;
    alloc_free(tags);
    return ok;
}

/* FNV-1a over two halves with different seeds: equality of schemas, no defence against malice. */
static void weigh(uint64_t sums[2], const char *text)
{
    const unsigned char *c = (const unsigned char *)(text == NULL ? "\1" : text);

    do {
        sums[0] = (sums[0] ^ *c) * 1099511628211ULL;
        sums[1] = (sums[1] ^ (*c + 0x9EU)) * 0x100000001B3ULL + 0x7F4A7C15U;
    } while (*c++ != '\0');
}

static void fingerprint(struct model *model)
{
    uint64_t sums[2] = {14695981039346656037ULL, 0x2545F4914F6CDD1DULL};

    for (size_t i = 0; i < model->count; i++) {
        const struct object *object = &model->objects[i];

        weigh(sums, kind_names[object->kind]);
        weigh(sums, object->schema);
        weigh(sums, object->table);
        weigh(sums, object->name);
        for (int k = 0; k < FACTS_COMPARED; k++)
            weigh(sums, object->facts[k]);
    }
    snprintf(model->fingerprint, sizeof model->fingerprint, "%016llx%016llx",
             (unsigned long long)sums[0], (unsigned long long)sums[1]);
}

bool model_finish(struct model_maker *maker, hg_error *err)
{
    struct model *model = maker->model;
    bool ok;

    model->objects = arena_alloc(&model->arena, maker->objects.count + 1, sizeof *model->objects);
    ok = model->objects != NULL;
    if (ok && maker->objects.count > 0) {
        memcpy(model->objects, maker->objects.items, maker->objects.count * sizeof *model->objects);
        model->count = maker->objects.count;
        qsort(model->objects, model->count, sizeof *model->objects, compare_objects);
    }
    ok = ok && tie(maker);
    if (ok)
        fingerprint(model);
    model_maker_release(maker);
    return ok || hg_fail(err, HG_NOMEM, "could not read the schema: out of memory");
}

void model_maker_release(struct model_maker *maker)
{
    VEC_RELEASE(&maker->objects);
    VEC_RELEASE(&maker->edges);
}
