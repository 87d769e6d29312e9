/*
 * load.c - reads, encodes and sends; several workers at once, the three of each overlapped by the
 * socket's buffer in between.
 *
 * A batch of chunks is one transaction together with its record. Many small tables share one, since
 * a commit costs more than a thousand rows.
 */
#include "run.h"

#include "base/buf.h"
#include "base/clock.h"

enum {
    SEND_BYTES = 128 << 10,
    BATCH_BYTES = 4 << 20,
    STALLED_MS = 120000, /* a server that takes no byte for so long is not there any more */
    BATCH_CHUNKS = 64
};

struct batch {
    size_t first, count; /* of the run's chunks */
};

struct load {
    struct run *run;
    VEC(struct batch) batches;
    size_t next;
};

static hg_deadline not_stalled(void)
{
    return hg_deadline_in_ms(STALLED_MS);
}

/* --- one chunk --- */

struct transfer {
    struct run *run;
    struct hand *hand;
    struct chunk *chunk;
    const struct table *table;
    int64_t rows; /* of the progress, since it was told */
};

/* What is sent is copied once more, so that of a large row only parts are. */
static bool send_bytes(void *context, const char *bytes, size_t size, hg_error *err)
{
    const struct transfer *t = context;
    bool ok = true;

    for (size_t at = 0, n; ok && at < size; at += n) {
        n = size - at < 2 * SEND_BYTES ? size - at : SEND_BYTES;
        ok = bulk_send(t->hand->target, bytes + at, n, not_stalled(), err);
    }
    t->chunk->bytes += (int64_t)size;
    atomic_fetch_add_explicit(&t->run->advances[t->chunk->table].bytes, (int64_t)size,
                              memory_order_relaxed);
    return ok;
}

static void count_rows(struct transfer *t)
{
    atomic_fetch_add_explicit(&t->run->advances[t->chunk->table].rows, t->rows,
                              memory_order_relaxed);
    t->rows = 0;
}

static bool send_image(struct transfer *t, hg_error *err)
{
    struct image *image = &t->hand->encoder.image;
    bool ok = send_bytes(t, image->bytes, image->size, err);

    count_rows(t);
    image_clear(image);
    return ok;
}

/* A row that is larger than memory is for, behind those that are not sent yet. */
static bool send_far_row(struct transfer *t, size_t from, hg_error *err)
{
    struct encoder *encoder = &t->hand->encoder;
    bool ok = send_bytes(t, encoder->image.bytes, from, err)
              && encoded_pieces(encoder, from, &t->chunk->digest, send_bytes, t, err);

    count_rows(t);
    image_clear(&encoder->image);
    return ok;
}

static bool send_row(struct transfer *t, hg_error *err)
{
    struct encoder *encoder = &t->hand->encoder;
    size_t from = encoder->image.size;
    enum encoded said = encode_row(encoder, t->hand->cells, err);

    if (said != ROW_FITS)
        return said == ROW_REJECTED;
    t->rows++;
    pace_row(&t->run->pace, t->hand);
    if (encoder->holes.count > 0)
        return send_far_row(t, from, err);
    digest_row(&t->chunk->digest, encoder->image.bytes + from, encoder->image.size - from);
    return encoder->image.size < SEND_BYTES || send_image(t, err);
}

static bool send_rows(struct transfer *t, hg_error *err)
{
    struct encoder *encoder = &t->hand->encoder;
    struct reader reader;
    hg_step step = HG_ROW;
    bool ok =
        reader_open(t->hand->source, t->table, READ_FAR, t->chunk->lo, t->chunk->hi, &reader, err);

    encoder->image.size = 0;
    encode_header(&encoder->image);
    while (ok && (step = reader_next(&reader, t->hand->cells, err)) == HG_ROW)
        ok = send_row(t, err);
    reader_close(&reader);
    encode_trailer(&encoder->image);
    return ok && step == HG_END && send_image(t, err);
}

static bool load_chunk(struct run *run, struct hand *hand, struct chunk *chunk, hg_error *err)
{
    struct transfer t = {run, hand, chunk, &run->mapping.tables[chunk->table], 0};
    int64_t taken = 0, expected = chunk->digest.rows;
    bool ok;

    hand->encoder.table = t.table;
    hand->encoder.table_number = chunk->table;
    chunk->digest = (struct digest){0};
    chunk->bytes = 0;
    ok = bulk_copy_in(hand->target, t.table->copy, copy_soon(), err);
    if (ok && !send_rows(&t, err)) {
        ok = false;
        (void)bulk_copy_end(hand->target, "the copy was given up", copy_soon(), NULL, NULL);
    }
    ok = ok && bulk_copy_end(hand->target, NULL, hg_deadline_never(), &taken, err);
    if (ok && (taken != chunk->digest.rows || taken != expected))
        ok = hg_fail(err, HG_FAILED,
                     "%lld rows were checked, %lld sent and %lld taken by the server",
                     (long long)expected, (long long)chunk->digest.rows, (long long)taken);
    if (!ok)
        hg_error_context(err, "table \"%s\"", t.table->source->name);
    return ok;
}

/* --- a batch --- */

static bool commit(struct run *run, struct hand *hand, const struct batch *batch, hg_error *err)
{
    struct buf sql = BUF_INIT(8 << 20);
    bool ok;

    for (size_t i = batch->first; i < batch->first + batch->count; i++)
        state_record(run, &run->chunks.items[i], &sql);
    buf_text(&sql, "COMMIT");
    ok = buf_failed(&sql) ? hg_fail(err, HG_NOMEM, "could not record a chunk: out of memory")
                          : bulk_script(hand->target, sql.bytes, hg_deadline_never(), err);
    buf_release(&sql);
    return ok;
}

static bool load_batch(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct run *run = ((struct load *)context)->run;
    const struct batch *batch = task;
    bool ok = bulk_script(hand->target, "BEGIN", copy_soon(), err);

    for (size_t i = batch->first; ok && i < batch->first + batch->count; i++)
        ok = load_chunk(run, hand, &run->chunks.items[i], err);
    ok = ok && commit(run, hand, batch, err);
    if (!ok && !hg_conn_lost(hand->target))
        (void)bulk_script(hand->target, "ROLLBACK", copy_soon(), NULL);
    return ok;
}

static enum crew_said next_batch(void *context, struct hand *hand, void **out_task)
{
    struct load *load = context;

    (void)hand;
    if (load->next == load->batches.count)
        return CREW_OVER;
    *out_task = &load->batches.items[load->next++];
    return CREW_TASK;
}

static void batch_done(void *context, struct hand *hand, void *task)
{
    struct run *run = ((struct load *)context)->run;
    const struct batch *batch = task;

    (void)hand;
    for (size_t i = batch->first; i < batch->first + batch->count; i++) {
        struct advance *advance = &run->advances[run->chunks.items[i].table];

        run->chunks.items[i].done = true;
        if (--advance->chunks_left == 0)
            advance->duration_ms = clock_since_ms(run->phase_ns);
    }
}

static void report(void *context)
{
    copy_report(((struct load *)context)->run);
}

/* Chunks that stand together and are not in the target yet, up to a few megabytes. */
static bool make_batches(struct load *load, hg_error *err)
{
    struct run *run = load->run;
    struct batch *batch = NULL;
    int64_t bytes = 0;

    for (size_t i = 0; i < run->chunks.count; i++) {
        const struct chunk *chunk = &run->chunks.items[i];

        if (chunk->done) {
            batch = NULL;
            continue;
        }
        run->advances[chunk->table].chunks_left++;
        if (batch == NULL || bytes + chunk->bytes > BATCH_BYTES || batch->count == BATCH_CHUNKS) {
            batch = VEC_PUSH(&load->batches);
            bytes = 0;
        }
        if (batch == NULL)
            return hg_fail(err, HG_NOMEM, "could not load the rows: out of memory");
        if (batch->count++ == 0)
            batch->first = i;
        bytes += chunk->bytes;
    }
    return true;
}

/* The digest of what was sent now, and of what was there. */
static void sum_up(struct run *run)
{
    const struct chunk *chunk;

    for (size_t i = 0; i < run->mapping.table_count; i++)
        run->advances[i].source = (struct digest){0};
    VEC_EACH (&run->chunks, chunk)
        digest_add(&run->advances[chunk->table].source, &chunk->digest);
}

bool load_rows(struct run *run, hg_error *err)
{
    struct load load = {.run = run};
    const struct crew_work work = {&load, next_batch, load_batch, batch_done, report};
    struct tally ignored = {.groups = VEC_INIT}; /* all of it was counted by the check */
    bool ok = make_batches(&load, err);

    for (int i = 0; i < run->crew.size; i++)
        run->crew.hands[i].encoder.dry = false;
    ok = ok && crew_run(&run->crew, &work, err);
    crew_collect(&run->crew, &ignored);
    tally_release(&ignored);
    VEC_RELEASE(&load.batches);
    if (ok)
        sum_up(run);
    return ok;
}
