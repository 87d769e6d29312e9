/*
 * bereaved.c - rows that would be orphans in the target because a rule rejects their parents, found
 * before one of them is sent.
 *
 * In the source the parents are there, so SQLite sees nothing wrong. What counts is what arrives:
 * the keys of rejected rows are kept as they would have been sent, and rows that are sent are
 * looked up there. Where a rejected row's key itself does not fit, nothing that fits is equal to
 * it.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "key.h"

enum { KEPT = 2 << 20 }; /* keys of one parent */

/* A table, and another one that a foreign key of it leads to. */
struct bond {
    size_t child, parent; /* in the mapping */
    size_t *from, *to;    /* columns */
    size_t count;         /* of them */
    VEC(uint64_t) lost;   /* hashes of the keys that do not arrive */
    bool more;            /* than were kept */
    int64_t rows, first;  /* that refer to one of them; the first one's rowid */
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
        all =
            reference->referenced[i] != NULL
            && find_column(&run->mapping.tables[bond->child], reference->columns[i], &bond->from[i])
            && find_column(&run->mapping.tables[bond->parent], reference->referenced[i],
                           &bond->to[i]);
    return all;
}

static bool add_bond(struct bonds *b, size_t child, size_t parent,
                     const struct source_reference *reference, hg_error *err)
{
    struct arena *arena = &b->run->mapping.arena;
    struct bond bond = {.child = child, .parent = parent, .count = reference->column_count};
    struct bond *kept;

    bond.from = arena_alloc(arena, bond.count, sizeof *bond.from);
    bond.to = arena_alloc(arena, bond.count, sizeof *bond.to);
    if (bond.from == NULL || bond.to == NULL)
        return no_memory(err);
    if (!find_columns(b->run, reference, &bond))
        return true;
    kept = VEC_PUSH(&b->list);
    if (kept == NULL)
        return no_memory(err);
    *kept = bond;
    return true;
}

static bool plan_table(struct bonds *b, size_t child, hg_error *err)
{
    const struct run *run = b->run;
    const struct source_table *source = run->mapping.tables[child].source;
    bool ok = true;

    for (size_t i = 0; i < source->reference_count; i++)
        for (size_t k = 0; ok && k < run->mapping.table_count; k++)
            if (atomic_load(&run->advances[k].rejected) > 0
                && strcasecmp(run->mapping.tables[k].source->name, source->references[i].table)
                       == 0)
                ok = add_bond(b, child, k, &source->references[i], err);
    return ok;
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

/* Keeps the key of a row that does not arrive. */
static bool keep_key(struct bond *bond, struct hand *hand, enum encoded said, hg_error *err)
{
    struct encoder *encoder = &hand->encoder;
    uint64_t hash, *kept;

    if (said != ROW_REJECTED || !encode_key(bond, encoder, hand->cells)
        || !key_hash(encoder, 0, bond->to, bond->count, &hash))
        return !(encoder->image.failed || encoder->scratch.failed) || no_memory(err);
    bond->more = bond->lost.count == KEPT;
    kept = bond->more ? NULL : VEC_PUSH(&bond->lost);
    if (kept != NULL)
        *kept = hash;
    return kept != NULL || bond->more || no_memory(err);
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static bool look_up(struct bond *bond, struct hand *hand, enum encoded said, hg_error *err)
{
    const struct table *table = hand->encoder.table;
    uint64_t hash;

    (void)err;
    if (said != ROW_FITS || !key_hash(&hand->encoder, 0, bond->from, bond->count, &hash)
        || bsearch(&hash, bond->lost.items, bond->lost.count, sizeof hash, compare_hashes) == NULL)
        return true;
    if (bond->rows++ == 0 && table->rowid_cell >= 0)
        bond->first = hand->cells[table->rowid_cell].as.integer;
    return true;
}

static bool run_bond(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct run *run = ((struct bonds *)context)->run;
    struct bond *bond = task;
    bool ok = read_rows(run, hand, bond->parent, bond, keep_key, err);

    if (bond->lost.count > 1)
        qsort(bond->lost.items, bond->lost.count, sizeof *bond->lost.items, compare_hashes);
    return ok && (bond->lost.count == 0 || read_rows(run, hand, bond->child, bond, look_up, err));
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
    return mapping_problem(&run->mapping, "parents-rejected", child->name, bond->rows, true,
                           "%s%lld row%s to rows of \"%s\" that a rule rejects%s",
                           bond->more ? "at least " : "", (long long)bond->rows,
                           bond->rows == 1 ? " refers" : "s refer",
                           run->mapping.tables[bond->parent].source->name, where)
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
        VEC_RELEASE(&bond->lost);
    }
    VEC_RELEASE(&b.list);
    return ok;
}
