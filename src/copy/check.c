/*
 * check.c - reads every row once and encodes it for nobody: afterwards it is known that everything
 * fits, how much it is, and where to cut it into chunks.
 */
#include "run.h"

#include <stdio.h>

#include "ask.h"
#include "guard.h"

enum {
    CHUNK_BYTES = 8 << 20,
    SPANS_A_HAND = 6,      /* so that nobody is left with a long one at the end */
    SPAN_MIN_ROWS = 20000, /* less is not worth a statement of its own */
    COUNT_EVERY = 1024     /* rows between two notes of the progress */
};

/* Rows that one worker checks. */
struct span {
    size_t table;
    int64_t lo, hi;
    bool keep_whole; /* it is one chunk, whatever its size */
    VEC(struct chunk) chunks;
};

struct check {
    struct run *run;
    bool digests;
    VEC(struct span) spans;
    size_t next;
};

/* --- one span --- */

struct scan {
    const struct check *check;
    struct span *span;
    struct chunk chunk;  /* that is being filled */
    int64_t rows, bytes; /* that the progress has not heard of */
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not check the rows: out of memory");
}

/* hi: the last rowid of the chunk. */
static bool end_chunk(struct scan *scan, int64_t hi, hg_error *err)
{
    struct chunk *chunk = VEC_PUSH(&scan->span->chunks);

    if (chunk == NULL)
        return no_memory(err);
    *chunk = scan->chunk;
    chunk->hi = hi;
    scan->chunk = (struct chunk){.table = scan->span->table, .lo = hi == INT64_MAX ? hi : hi + 1};
    return true;
}

static void count_progress(struct scan *scan)
{
    struct advance *advance = &scan->check->run->advances[scan->span->table];

    atomic_fetch_add_explicit(&advance->rows, scan->rows, memory_order_relaxed);
    atomic_fetch_add_explicit(&advance->bytes, scan->bytes, memory_order_relaxed);
    scan->rows = scan->bytes = 0;
}

static bool drop(void *context, const char *bytes, size_t size, hg_error *err)
{
    (void)context;
    (void)bytes;
    (void)size;
    (void)err;
    return true;
}

/* A row that would be sent. */
static bool take_row(struct scan *scan, const struct encoder *encoder, hg_error *err)
{
    struct digest *digest = &scan->chunk.digest;
    size_t size = encoded_size(encoder, 0);

    scan->chunk.bytes += (int64_t)size;
    scan->bytes += (int64_t)size;
    if (encoder->holes.count > 0)
        atomic_store_explicit(&scan->check->run->advances[scan->span->table].far, true,
                              memory_order_relaxed);
    if (!scan->check->digests)
        digest->rows++;
    else if (encoder->holes.count > 0)
        return encoded_pieces(encoder, 0, digest, drop, NULL, err);
    else
        digest_row(digest, encoder->image.bytes, size);
    return true;
}

static bool check_row(struct scan *scan, struct hand *hand, hg_error *err)
{
    struct encoder *encoder = &hand->encoder;
    const struct table *table = encoder->table;
    enum encoded said = encode_row(encoder, hand->cells, err);

    if (said == ROW_FAILED)
        return false;
    pace_row(&scan->check->run->pace, hand);
    if (scan->check->run->guards != NULL)
        guards_look(scan->check->run->guards, scan->span->table, hand->cells);
    if (++scan->rows >= COUNT_EVERY)
        count_progress(scan);
    if (said == ROW_REJECTED) {
        atomic_fetch_add_explicit(&scan->check->run->advances[scan->span->table].rejected, 1,
                                  memory_order_relaxed);
        return true;
    }
    if (!take_row(scan, encoder, err))
        return false;
    image_clear(&encoder->image);
    if (scan->chunk.bytes < CHUNK_BYTES || table->rowid_cell < 0 || scan->span->keep_whole)
        return true;
    return end_chunk(scan, hand->cells[table->rowid_cell].as.integer, err);
}

static bool check_span(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct check *check = context;
    struct span *span = task;
    const struct table *table = &check->run->mapping.tables[span->table];
    struct scan scan = {
        .check = check, .span = span, .chunk = {.table = span->table, .lo = span->lo}};
    struct reader reader;
    hg_step step = HG_ROW;
    bool ok = reader_open(hand->source, table, READ_FAR, span->lo, span->hi, &reader, err);

    hand->encoder.table = table;
    hand->encoder.table_number = span->table;
    hand->encoder.image.size = 0;
    while (ok && (step = reader_next(&reader, hand->cells, err)) == HG_ROW)
        ok = check_row(&scan, hand, err);
    reader_close(&reader);
    count_progress(&scan);
    ok = ok && step == HG_END;
    if (ok && (scan.chunk.digest.rows > 0 || span->keep_whole))
        ok = end_chunk(&scan, span->hi, err);
    if (!ok)
        hg_error_context(err, "table \"%s\"", table->source->name);
    return ok;
}

/* --- all spans --- */

static enum crew_said next_span(void *context, struct hand *hand, void **out_task)
{
    struct check *check = context;

    (void)hand;
    if (check->next == check->spans.count)
        return CREW_OVER;
    *out_task = &check->spans.items[check->next++];
    return CREW_TASK;
}

static void report(void *context)
{
    copy_report(((struct check *)context)->run);
}

static bool add_span(struct check *check, size_t table, int64_t lo, int64_t hi, bool keep_whole,
                     hg_error *err)
{
    struct span *span = VEC_PUSH(&check->spans);

    if (span == NULL)
        return no_memory(err);
    *span = (struct span){.table = table, .lo = lo, .hi = hi, .keep_whole = keep_whole};
    return true;
}

/* lo to hi in a few spans. The difference of two rowids fits into 64 bits without a sign only. */
static bool split_range(struct check *check, size_t table, int64_t lo, int64_t hi, hg_error *err)
{
    uint64_t width = (uint64_t)hi - (uint64_t)lo;
    uint64_t most = (uint64_t)check->run->crew.size * SPANS_A_HAND;
    uint64_t spans = width / SPAN_MIN_ROWS + 1 < most ? width / SPAN_MIN_ROWS + 1 : most;
    uint64_t step = width / spans;

    for (uint64_t i = 0; i < spans; i++) {
        int64_t from = (int64_t)((uint64_t)lo + i * step + (i > 0));
        int64_t to = i + 1 == spans ? hi : (int64_t)((uint64_t)lo + (i + 1) * step);

        if (!add_span(check, table, from, to, false, err))
            return false;
    }
    return true;
}

struct bounds {
    bool any;
    int64_t lo, hi;
};

static bool take_bounds(void *context, hg_rows *rows, hg_error *err)
{
    struct bounds *bounds = context;

    (void)err;
    bounds->any = hg_rows_value(rows, 0).type != HG_NULL;
    bounds->lo = hg_rows_integer(rows, 0);
    bounds->hi = hg_rows_integer(rows, 1);
    return true;
}

static bool read_bounds(struct check *check, const struct table *table, struct bounds *out,
                        hg_error *err)
{
    char name[1024], sql[2400];

    if (hg_quote_identifier(table->source->name, name, sizeof name) >= sizeof name)
        return hg_fail(err, HG_UNSUPPORTED, "the name of table \"%s\" is too long",
                       table->source->name);
    snprintf(sql, sizeof sql, "SELECT (SELECT min(%s) FROM %s), (SELECT max(%s) FROM %s)",
             table->source->rowid, name, table->source->rowid, name);
    return ask_rows(check->run->crew.hands[0].source, sql, NULL, 0, take_bounds, out,
                    hg_deadline_never(), err);
}

/* What is recorded as done is looked at as it was cut then, what lies between anew. */
static bool plan_table(struct check *check, size_t number, hg_error *err)
{
    const struct run *run = check->run;
    const struct table *table = &run->mapping.tables[number];
    struct bounds bounds = {.lo = 1};
    int64_t lo;
    bool over = false;

    if (table->source->rowid == NULL)
        return add_span(check, number, 0, 0, true, err);
    if (!read_bounds(check, table, &bounds, err))
        return false;
    lo = bounds.lo;
    for (size_t i = 0; i < run->chunks.count; i++) {
        const struct chunk *chunk = &run->chunks.items[i];

        if (chunk->table != number || !chunk->done)
            continue;
        if (bounds.any && lo < chunk->lo && lo <= bounds.hi
            && !split_range(check, number, lo,
                            chunk->lo - 1 < bounds.hi ? chunk->lo - 1 : bounds.hi, err))
            return false;
        if (!add_span(check, number, chunk->lo, chunk->hi, true, err))
            return false;
        over = chunk->hi == INT64_MAX;
        lo = over || chunk->hi + 1 < lo ? lo : chunk->hi + 1;
    }
    return !bounds.any || over || lo > bounds.hi || split_range(check, number, lo, bounds.hi, err);
}

/* Chunks in the order of the spans, which is that of tables and ranges. */
static bool collect(struct check *check, hg_error *err)
{
    struct run *run = check->run;
    struct span *span;
    struct chunk *chunk;

    run->chunks.count = 0;
    VEC_EACH (&check->spans, span)
        VEC_EACH (&span->chunks, chunk) {
            struct chunk *copy = VEC_PUSH(&run->chunks);
            struct advance *advance = &run->advances[chunk->table];

            if (copy == NULL)
                return no_memory(err);
            *copy = *chunk;
            advance->total_rows += chunk->digest.rows;
            advance->total_bytes += chunk->bytes;
            digest_add(&advance->source, &chunk->digest);
        }
    return true;
}

bool check_rows(struct run *run, bool digests, hg_error *err)
{
    struct check check = {.run = run, .digests = digests};
    const struct crew_work work = {&check, next_span, check_span, NULL, report};
    struct span *span;
    bool ok = true;

    for (int i = 0; i < run->crew.size; i++) {
        run->crew.hands[i].encoder.rejects = run->rejects;
        run->crew.hands[i].encoder.dry = true;
    }
    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        ok = plan_table(&check, i, err);
    ok = ok && crew_run(&run->crew, &work, err) && collect(&check, err);
    crew_collect(&run->crew, &run->tally);
    for (int i = 0; i < run->crew.size; i++)
        run->crew.hands[i].encoder.rejects = NULL;
    VEC_EACH (&check.spans, span)
        VEC_RELEASE(&span->chunks);
    VEC_RELEASE(&check.spans);
    return ok;
}
