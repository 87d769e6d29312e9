/*
 * narrow.c - tables that differ, narrowed to their rows: both sides are read once more in the order
 * of the key, side by side.
 *
 * That takes a column of whole numbers that is the rowid in the source; other tables are sieve.c's.
 */
#include "run.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "readback.h"
#include "sieve.h"

/* A range of keys; together they have all numbers there are. */
struct stretch {
    size_t table;
    int64_t lo, hi;
    VEC(struct difference) found;
    int64_t count;
};

struct narrow {
    struct run *run;
    VEC(struct stretch) stretches;
    size_t next;
};

/* One side: the row that is looked at. */
struct side {
    bool over;
    int64_t key;
    struct image row;
};

struct merge {
    struct hand *hand;
    const struct table *table;
    struct stretch *stretch;
    struct reader reader;
    bool first; /* nothing has been received yet */
    struct side source, target;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare the rows: out of memory");
}

/* --- the two sides --- */

static bool next_of_source(struct merge *m, hg_error *err)
{
    struct encoder *encoder = &m->hand->encoder;
    enum encoded said = ROW_REJECTED;
    hg_step step = HG_ROW;

    while (said == ROW_REJECTED
           && (step = reader_next(&m->reader, m->hand->cells, err)) == HG_ROW) {
        encoder->image.size = 0;
        said = encode_row(encoder, m->hand->cells, err);
    }
    m->source.over = step == HG_END;
    if (step == HG_ERROR || said == ROW_FAILED)
        return false;
    if (m->source.over)
        return true;
    m->source.key = m->hand->cells[m->table->rowid_cell].as.integer;
    m->source.row.size = 0;
    if (!image_reserve(&m->source.row, encoder->image.size))
        return no_memory(err);
    image_bytes(&m->source.row, encoder->image.bytes, encoder->image.size);
    return true;
}

/* The key stands in front of the row's own fields: count, length, eight bytes. */
static bool next_of_target(struct merge *m, hg_error *err)
{
    enum { FRONT = 2 + 4 + 8 };
    const char *bytes = NULL;
    size_t size = 0, skip = m->first ? READBACK_HEADER : 0;
    hg_step step = bulk_receive(m->hand->target, &bytes, &size, hg_deadline_never(), err);
    uint64_t key;

    m->first = false;
    m->target.over = step != HG_ROW || size < skip + FRONT;
    if (m->target.over) /* what is left is the trailer */
        return step == HG_END
               || (step == HG_ROW
                   && bulk_receive(m->hand->target, &bytes, &size, hg_deadline_never(), err)
                          == HG_END);
    bytes += skip;
    memcpy(&key, bytes + 2 + 4, sizeof key);
    m->target.key = (int64_t)be64toh(key);
    return readback_row(m->table, bytes + FRONT, size - skip - FRONT, &m->target.row)
           || no_memory(err);
}

/* --- what differs --- */

const char *difference_columns(const struct table *table, const char *a, const char *b,
                               struct arena *arena)
{
    struct buf text = BUF_INIT(1 << 16);
    const char *kept;

    for (size_t i = 0; i < table->column_count; i++) {
        uint32_t a_size, b_size;
        const char *a_field = row_field(a, i, &a_size), *b_field = row_field(b, i, &b_size);

        if (a_size != b_size || (a_size != UINT32_MAX && memcmp(a_field, b_field, a_size) != 0))
            buf_printf(&text, "%s%s", text.size == 0 ? "" : ", ", table->columns[i].source->name);
    }
    kept = arena_text(arena, text.bytes);
    buf_release(&text);
    return kept;
}

static bool note(struct merge *m, const char *kind, int64_t key, hg_error *err)
{
    struct difference *found;

    if (m->stretch->count++ >= DIFFERENCES_TOLD)
        return true;
    found = VEC_PUSH(&m->stretch->found);
    if (found == NULL)
        return no_memory(err);
    *found = (struct difference){
        .table = m->stretch->table, .kind = kind, .key = key, .arena = ARENA_INIT, .columns = ""};
    if (strcmp(kind, "different") == 0)
        found->columns =
            difference_columns(m->table, m->source.row.bytes, m->target.row.bytes, &found->arena);
    return found->columns != NULL || no_memory(err);
}

static bool is_same(const struct merge *m)
{
    return m->source.row.size == m->target.row.size
           && memcmp(m->source.row.bytes, m->target.row.bytes, m->source.row.size) == 0;
}

static bool merge_rows(struct merge *m, hg_error *err)
{
    bool ok = next_of_source(m, err) && next_of_target(m, err);

    while (ok && !(m->source.over && m->target.over)) {
        bool behind = m->target.over || (!m->source.over && m->source.key < m->target.key);
        bool ahead = m->source.over || (!m->target.over && m->target.key < m->source.key);

        if (behind)
            ok = note(m, "missing", m->source.key, err) && next_of_source(m, err);
        else if (ahead)
            ok = note(m, "extra", m->target.key, err) && next_of_target(m, err);
        else
            ok = (is_same(m) || note(m, "different", m->source.key, err)) && next_of_source(m, err)
                 && next_of_target(m, err);
    }
    return ok;
}

static bool compare_stretch(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct narrow *n = context;
    struct stretch *stretch = task;
    const struct table *table = &n->run->mapping.tables[stretch->table];
    struct merge m = {.hand = hand, .table = table, .stretch = stretch, .first = true};
    struct buf sql = BUF_INIT(2 << 20);
    bool ok;

    hand->encoder.table = table;
    hand->encoder.table_number = stretch->table;
    buf_printf(&sql,
               "COPY (SELECT %s::bigint, %s WHERE %s BETWEEN %lld AND %lld ORDER BY 1) TO "
               "STDOUT (FORMAT binary)",
               table->key, table->read_back + strlen("COPY (SELECT "), table->key,
               (long long)stretch->lo, (long long)stretch->hi);
    ok = buf_failed(&sql) ? no_memory(err)
                          : bulk_copy_out(hand->target, sql.bytes, hg_deadline_never(), err);
    if (ok) {
        ok = reader_open(hand->source, table, READ_WHOLE, stretch->lo, stretch->hi, &m.reader, err)
             && merge_rows(&m, err);
        reader_close(&m.reader);
        if (!ok)
            bulk_copy_out_stop(hand->target);
    }
    image_release(&m.source.row);
    image_release(&m.target.row);
    buf_release(&sql);
    return ok;
}

/* --- all of them --- */

static enum crew_said next_stretch(void *context, struct hand *hand, void **out_task)
{
    struct narrow *n = context;

    (void)hand;
    if (n->next == n->stretches.count)
        return CREW_OVER;
    *out_task = &n->stretches.items[n->next++];
    return CREW_TASK;
}

static bool add_stretch(struct narrow *n, size_t table, int64_t lo, int64_t hi, hg_error *err)
{
    struct stretch *stretch = VEC_PUSH(&n->stretches);

    if (stretch == NULL)
        return no_memory(err);
    *stretch = (struct stretch){.table = table, .lo = lo, .hi = hi};
    return true;
}

/* As the chunks are cut, but without gaps and ends: the target may have rows where the source has
 * none. */
static bool cut(struct narrow *n, size_t table, hg_error *err)
{
    const struct chunk *chunk;
    int64_t lo = INT64_MIN;

    VEC_EACH (&n->run->chunks, chunk) {
        if (chunk->table != table || chunk->hi == INT64_MAX || chunk->hi < lo)
            continue;
        if (!add_stretch(n, table, lo, chunk->hi, err))
            return false;
        lo = chunk->hi + 1;
    }
    return add_stretch(n, table, lo, INT64_MAX, err);
}

static bool tell(struct narrow *n, size_t table, hg_error *err)
{
    struct run *run = n->run;
    const struct advance *advance = &run->advances[table];
    const char *name = run->mapping.tables[table].source->name;
    struct stretch *stretch;
    int64_t count = 0;
    size_t told = 0;

    VEC_EACH (&n->stretches, stretch) {
        if (stretch->table != table)
            continue;
        count += stretch->count;
        for (size_t i = 0; i < stretch->found.count && told < DIFFERENCES_TOLD; i++, told++) {
            struct difference *kept = VEC_PUSH(&run->differences);

            if (kept == NULL)
                return no_memory(err);
            *kept = stretch->found.items[i];
            stretch->found.items[i].arena = (struct arena)ARENA_INIT;
        }
    }
    return mapping_problem(&run->mapping, "differs", name, count, false,
                           "%lld rows differ; the source has %lld and the target %lld",
                           (long long)count, (long long)advance->source.rows,
                           (long long)advance->target.rows)
           || no_memory(err);
}

static void release(struct narrow *n)
{
    struct stretch *stretch;
    struct difference *found;

    VEC_EACH (&n->stretches, stretch) {
        VEC_EACH (&stretch->found, found)
            arena_release(&found->arena);
        VEC_RELEASE(&stretch->found);
    }
    VEC_RELEASE(&n->stretches);
}

static bool is_different(const struct run *run, size_t table)
{
    return !digest_same(&run->advances[table].source, &run->advances[table].target);
}

/* --- tables without numbers, one after the other --- */

struct sieves {
    struct run *run;
    size_t next;
    bool busy;
};

static enum crew_said next_table(void *context, struct hand *hand, void **out_task)
{
    struct sieves *sieves = context;
    const struct mapping *mapping = &sieves->run->mapping;

    (void)hand;
    if (sieves->busy)
        return CREW_WAIT;
    while (
        sieves->next < mapping->table_count
        && (mapping->tables[sieves->next].key != NULL || !is_different(sieves->run, sieves->next)))
        sieves->next++;
    if (sieves->next == mapping->table_count)
        return CREW_OVER;
    sieves->busy = true;
    *out_task = &mapping->tables[sieves->next++];
    return CREW_TASK;
}

static bool sieve_one(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct run *run = ((struct sieves *)context)->run;

    return sieve_table(run, hand, (size_t)((struct table *)task - run->mapping.tables), err);
}

static void table_done(void *context, struct hand *hand, void *task)
{
    (void)hand;
    (void)task;
    ((struct sieves *)context)->busy = false;
}

static bool sieve_tables(struct run *run, hg_error *err)
{
    struct sieves sieves = {.run = run};
    const struct crew_work work = {&sieves, next_table, sieve_one, table_done, NULL};

    return crew_run(&run->crew, &work, err);
}

bool narrow_differences(struct run *run, hg_error *err)
{
    struct narrow n = {.run = run};
    const struct crew_work work = {&n, next_stretch, compare_stretch, NULL, NULL};
    struct tally ignored = {.groups = VEC_INIT}; /* all of it was counted by the check */
    bool ok = true;

    for (int i = 0; i < run->crew.size; i++)
        run->crew.hands[i].encoder.dry = false;
    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        if (is_different(run, i) && run->mapping.tables[i].key != NULL)
            ok = cut(&n, i, err);
    ok = ok && crew_run(&run->crew, &work, err) && sieve_tables(run, err);
    crew_collect(&run->crew, &ignored);
    tally_release(&ignored);
    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        if (is_different(run, i) && run->mapping.tables[i].key != NULL)
            ok = tell(&n, i, err);
    release(&n);
    return ok;
}
