/*
 * bereaved.c - rows that would be orphans in the target because of what rules make of rows or
 * because a table is left out, found before one of them is sent.
 *
 * In the source nothing is wrong with them, or something else. What counts is what arrives. Where a
 * rule only rejects parents, their keys are kept as they would have been sent, and rows that are
 * sent are looked up there. Where rules change keys, or reject rows that refer, it is the other way
 * round: the keys that arrive are kept, and SQLite is not asked about this foreign key.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "key.h"

enum { KEPT = 1 << 20 }; /* keys of one parent */

static const size_t nowhere = SIZE_MAX; /* a parent that is not copied and has no rows */

/* A table, and another one that a foreign key of it leads to. */
struct bond {
    size_t child, parent; /* in the mapping */
    const char *name;     /* of the parent */
    size_t *from, *to;    /* columns */
    size_t count;         /* of them */
    bool arriving;        /* the keys that are kept are those that arrive; else those that do not */
    VEC(uint64_t) keys;   /* their hashes */
    bool more;            /* than were kept */
    int64_t rows, first;  /* that would be orphans; the first one's rowid */
};

struct bonds {
    struct run *run;
    VEC(struct bond) list;
    size_t next;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not check the keys: out of memory");
}

/* --- which tables --- */

static bool find_column(const struct table *table, const char *name, size_t *out)
{
    size_t i = 0;

    while (i < table->column_count && strcasecmp(table->columns[i].source->name, name) != 0)
        i++;
    *out = i;
    return i < table->column_count;
}

/* False: a column is not copied. */
static bool find_columns(const struct run *run, const struct source_reference *reference,
                         struct bond *bond)
{
    bool all = true;

    for (size_t i = 0; all && i < bond->count; i++)
        all = find_column(&run->mapping.tables[bond->child], reference->columns[i], &bond->from[i])
              && (bond->parent == nowhere
                  || (reference->referenced[i] != NULL
                      && find_column(&run->mapping.tables[bond->parent], reference->referenced[i],
                                     &bond->to[i])));
    return all;
}

/* Whether a rule has put another value in the place of one of these. */
static bool was_ruled(const struct run *run, size_t table, const size_t *columns, size_t count)
{
    const struct tally_group *group;

    VEC_EACH (&run->tally.groups, group)
        for (size_t i = 0; group->action >= 0 && group->table == table && i < count; i++)
            if (group->column == columns[i])
                return true;
    return false;
}

/* The number of a table of the source in the mapping; table_count: it is not copied. */
static size_t find_table(const struct run *run, const char *name)
{
    size_t i = 0;

    while (i < run->mapping.table_count
           && strcasecmp(run->mapping.tables[i].source->name, name) != 0)
        i++;
    return i;
}

/* Whether a foreign key leads from a copied table to one of the target that is not copied and has
 * no rows. */
static bool leads_nowhere(const struct run *run, size_t child, const char *parent)
{
    const struct target_table *other = target_find(&run->target, parent);
    const char *table = run->mapping.tables[child].target->name;

    for (size_t i = 0; other != NULL && !other->filled && i < run->target.hold_count; i++) {
        const struct target_hold *hold = &run->target.holds[i];

        if (hold->kind == HOLD_FOREIGN_KEY && strcmp(hold->table, table) == 0 && hold->other != NULL
            && strcmp(hold->other, other->name) == 0)
            return true;
    }
    return false;
}

/* What has to be looked at of a foreign key: *out_wanted, whether anything has. */
static bool make_bond(struct run *run, size_t child, const struct source_reference *reference,
                      struct bond *out, bool *out_wanted, hg_error *err)
{
    struct arena *arena = &run->mapping.arena;
    struct bond bond = {
        .child = child,
        .parent = find_table(run, reference->table),
        .name = reference->table,
        .from = arena_alloc(arena, reference->column_count, sizeof *bond.from),
        .to = arena_alloc(arena, reference->column_count, sizeof *bond.to),
        .count = reference->column_count,
    };

    *out_wanted = false;
    if (bond.from == NULL || bond.to == NULL)
        return no_memory(err);
    if (bond.parent == run->mapping.table_count) {
        bond.parent = nowhere;
        bond.arriving = leads_nowhere(run, child, reference->table);
        *out_wanted = bond.arriving && find_columns(run, reference, &bond);
    } else if (find_columns(run, reference, &bond)) {
        bond.arriving = (atomic_load(&run->advances[child].rejected) > 0
                         || was_ruled(run, child, bond.from, bond.count)
                         || was_ruled(run, bond.parent, bond.to, bond.count))
                        && run->advances[bond.parent].total_rows <= KEPT;
        *out_wanted = bond.arriving || atomic_load(&run->advances[bond.parent].rejected) > 0;
    }
    *out = bond;
    return true;
}

static bool plan_table(struct bonds *b, size_t child, hg_error *err)
{
    const struct source_table *source = b->run->mapping.tables[child].source;

    for (size_t i = 0; i < source->reference_count; i++) {
        bool wanted = false;
        struct bond bond, *kept;

        if (!make_bond(b->run, child, &source->references[i], &bond, &wanted, err))
            return false;
        kept = wanted ? VEC_PUSH(&b->list) : NULL;
        if (kept == NULL && wanted)
            return no_memory(err);
        if (wanted)
            *kept = bond;
    }
    return true;
}

bool bereaved_decides(struct run *run, size_t table, size_t reference, bool *out, hg_error *err)
{
    struct bond bond;
    bool wanted;

    if (!make_bond(run, table, &run->mapping.tables[table].source->references[reference], &bond,
                   &wanted, err))
        return false;
    *out = wanted && bond.arriving && bond.parent != nowhere;
    return true;
}

/* --- rows --- */

typedef bool each_row(struct bond *bond, struct hand *hand, enum encoded said, hg_error *err);

static bool read_rows(struct run *run, struct hand *hand, size_t table, struct bond *bond,
                      each_row *each, hg_error *err)
{
    struct encoder *encoder = &hand->encoder;
    struct reader reader;
    hg_step step = HG_ROW;
    bool ok = reader_open(hand->source, &run->mapping.tables[table], READ_FAR, INT64_MIN, INT64_MAX,
                          &reader, err);

    encoder->table = &run->mapping.tables[table];
    encoder->table_number = table;
    encoder->brief = true;
    while (ok && (step = reader_next(&reader, hand->cells, err)) == HG_ROW) {
        enum encoded said;

        image_clear(&encoder->image);
        said = encode_row(encoder, hand->cells, err);
        pace_row(&run->pace, hand);
        ok = said != ROW_FAILED && each(bond, hand, said, err);
    }
    reader_close(&reader);
    encoder->brief = false;
    return ok && step == HG_END;
}

/* The row with its key alone: other values need not fit, and are NULL. False: the key does not fit,
 * or memory ran out, which the image remembers. */
static bool encode_key(const struct bond *bond, struct encoder *e, const struct cell *cells)
{
    const struct table *table = e->table;
    bool fits;

    image_clear(&e->image);
    fits = image_reserve(&e->image, IMAGE_FIXED);
    if (fits)
        image_u16(&e->image, (uint16_t)table->column_count);
    for (size_t i = 0; fits && i < table->column_count; i++) {
        bool wanted = false;

        for (size_t k = 0; k < bond->count; k++)
            wanted = wanted || bond->to[k] == i;
        fits = image_reserve(&e->image, IMAGE_FIXED);
        if (fits && wanted && cells[i].class != CELL_NULL && cells[i].class != CELL_LARGE)
            fits = finding_fits(
                table->columns[i].convert(&table->columns[i].target->target, &cells[i], &e->image));
        else if (fits)
            image_u32(&e->image, UINT32_MAX);
    }
    return fits;
}

/* Of a row of the parent. */
static bool keep_key(struct bond *bond, struct hand *hand, enum encoded said, hg_error *err)
{
    struct encoder *encoder = &hand->encoder;
    uint64_t hash, *kept;

    if ((said == ROW_FITS) != bond->arriving
        || (said != ROW_FITS && !encode_key(bond, encoder, hand->cells))
        || !key_hash(encoder, 0, bond->to, bond->count, &hash))
        return !(encoder->image.failed || encoder->scratch.failed) || no_memory(err);
    bond->more = bond->keys.count == KEPT;
    kept = bond->more ? NULL : VEC_PUSH(&bond->keys);
    if (kept != NULL)
        *kept = hash;
    return kept != NULL || bond->more || no_memory(err);
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Of a row that refers. */
static bool look_up(struct bond *bond, struct hand *hand, enum encoded said, hg_error *err)
{
    const struct table *table = hand->encoder.table;
    bool kept;
    uint64_t hash;

    (void)err;
    if (said != ROW_FITS || !key_hash(&hand->encoder, 0, bond->from, bond->count, &hash))
        return true;
    kept =
        bond->keys.count > 0
        && bsearch(&hash, bond->keys.items, bond->keys.count, sizeof hash, compare_hashes) != NULL;
    if (kept != bond->arriving && bond->rows++ == 0 && table->rowid_cell >= 0)
        bond->first = hand->cells[table->rowid_cell].as.integer;
    return true;
}

static bool run_bond(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct run *run = ((struct bonds *)context)->run;
    struct bond *bond = task;

    if (bond->parent != nowhere && !read_rows(run, hand, bond->parent, bond, keep_key, err))
        return false;
    if (bond->keys.count > 1)
        qsort(bond->keys.items, bond->keys.count, sizeof *bond->keys.items, compare_hashes);
    return (!bond->arriving && bond->keys.count == 0)
           || read_rows(run, hand, bond->child, bond, look_up, err);
}

/* --- all of them --- */

static enum crew_said next_bond(void *context, struct hand *hand, void **out_task)
{
    struct bonds *b = context;

    (void)hand;
    if (b->next == b->list.count)
        return CREW_OVER;
    *out_task = &b->list.items[b->next++];
    return CREW_TASK;
}

static bool tell(struct run *run, const struct bond *bond, hg_error *err)
{
    const struct source_table *child = run->mapping.tables[bond->child].source;
    char where[64] = "";

    if (bond->rows == 0 && !bond->more)
        return true;
    if (bond->rows > 0 && child->rowid != NULL)
        snprintf(where, sizeof where, "; the first has rowid %lld", (long long)bond->first);
    return mapping_problem(&run->mapping, bond->arriving ? "orphan" : "parents-rejected",
                           child->name, bond->rows, true, "%s%lld row%s to rows of \"%s\" %s%s",
                           bond->more ? "at least " : "", (long long)bond->rows,
                           bond->rows == 1 ? " refers" : "s refer", bond->name,
                           bond->parent == nowhere ? "which is not copied and empty in the target"
                           : bond->arriving        ? "that do not arrive, as the rules are"
                                                   : "that a rule rejects",
                           where)
           || no_memory(err);
}

bool check_bereaved(struct run *run, hg_error *err)
{
    struct bonds b = {.run = run};
    const struct crew_work work = {&b, next_bond, run_bond, NULL, NULL};
    struct tally ignored = {.groups = VEC_INIT}; /* all of it was counted by the check */
    struct bond *bond;
    bool ok = true;

    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        if (keys_enforced(run, &run->mapping.tables[i]))
            ok = plan_table(&b, i, err);
    for (int i = 0; i < run->crew.size; i++)
        run->crew.hands[i].encoder.dry = false;
    ok = ok && (b.list.count == 0 || crew_run(&run->crew, &work, err));
    crew_collect(&run->crew, &ignored);
    tally_release(&ignored);
    VEC_EACH (&b.list, bond) {
        ok = ok && tell(run, bond, err);
        VEC_RELEASE(&bond->keys);
    }
    VEC_RELEASE(&b.list);
    return ok;
}
