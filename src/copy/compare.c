/*
 * compare.c - reads the target back as binary COPY and compares its digest with the source's.
 *
 * A digest does not depend on the order of rows, so a table is read in pieces of its file (ranges
 * of ctid), by several workers. Only what differs is looked at by key, see narrow.c.
 */
#include "run.h"

#include <stdio.h>

#include "ask.h"
#include "base/buf.h"
#include "readback.h"
#include "readback_far.h"

enum {
    PIECE_BLOCKS = 4096,
    PIECE_BYTES = 16 << 20, /* of values, which may well lie elsewhere than in those blocks */
    TID_RANGES_FROM = 140000
};

enum piece_kind {
    PIECE_ROWS,
    PIECE_FAR,       /* rows with values that are larger than memory is for */
    PIECE_STATISTICS /* of the table are gathered */
};

/* Blocks of a table's file. */
struct piece {
    enum piece_kind kind;
    size_t table;
    int64_t from, to; /* to < 0: all of it, without a range */
    int share;        /* of those rows, of so many as there are workers; -1: all */
    struct digest digest;
};

struct compare {
    struct run *run;
    VEC(struct piece) pieces;
    size_t next;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not compare the sides: out of memory");
}

static bool take_row(struct hand *hand, const struct table *table, const char *row, size_t size,
                     struct digest *digest)
{
    if (!table->has_jsonb) {
        digest_row(digest, row, size);
        return true;
    }
    if (!readback_row(table, row + 2, size - 2, &hand->encoder.scratch))
        return false;
    digest_row(digest, hand->encoder.scratch.bytes, hand->encoder.scratch.size);
    return true;
}

/* Adds all rows of a COPY TO STDOUT to a digest. */
static bool digest_query(struct run *run, struct hand *hand, const struct table *table,
                         const char *sql, struct digest *digest, hg_error *err)
{
    const char *bytes = NULL;
    size_t size = 0;
    bool first = true, ok = bulk_copy_out(hand->target, sql, hg_deadline_never(), err);
    hg_step step = HG_ROW;

    while (ok
           && (step = bulk_receive(hand->target, &bytes, &size, hg_deadline_never(), err))
                  == HG_ROW) {
        size_t skip = first ? READBACK_HEADER : 0;

        first = false;
        pace_row(&run->pace, hand);
        if (size > skip + 2 && !take_row(hand, table, bytes + skip, size - skip, digest)) {
            bulk_copy_out_stop(hand->target);
            return no_memory(err);
        }
    }
    return ok && step == HG_END;
}

/* --- pieces --- */

static bool analyze(struct hand *hand, const struct table *table, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 16);
    bool ok;

    buf_printf(&sql, "ANALYZE %s", table->target->sql_name);
    ok = buf_failed(&sql) ? no_memory(err)
                          : bulk_script(hand->target, sql.bytes, hg_deadline_never(), err);
    buf_release(&sql);
    return ok;
}

/* " AND ..." for the rows of a piece. What shares go by is where in its block a row stands. */
static void put_range(const struct compare *compare, const struct piece *piece, struct buf *sql)
{
    if (piece->to >= 0)
        buf_printf(sql, " AND ctid >= '(%lld,0)'::tid AND ctid < '(%lld,0)'::tid",
                   (long long)piece->from, (long long)piece->to);
    if (piece->share >= 0)
        buf_printf(sql, " AND (ctid::text::point)[1]::int %% %d = %d", compare->run->crew.size,
                   piece->share);
}

static bool read_rows(const struct compare *compare, struct hand *hand, struct piece *piece,
                      const char *range, hg_error *err)
{
    struct run *run = compare->run;
    const struct table *table = &run->mapping.tables[piece->table];
    struct buf sql = BUF_INIT(2 << 20);
    bool ok;

    buf_printf(&sql, "%s WHERE true%s", table->read_back, range);
    if (atomic_load(&run->advances[piece->table].far)) {
        buf_text(&sql, " AND NOT ");
        readback_where(table, &sql);
    }
    buf_text(&sql, ") TO STDOUT (FORMAT binary)");
    ok = buf_failed(&sql) ? no_memory(err)
                          : digest_query(run, hand, table, sql.bytes, &piece->digest, err);
    buf_release(&sql);
    return ok;
}

static bool do_piece(void *context, struct hand *hand, void *task, hg_error *err)
{
    struct compare *compare = context;
    struct run *run = compare->run;
    struct piece *piece = task;
    const struct table *table = &run->mapping.tables[piece->table];
    struct buf range = BUF_INIT(1 << 16);
    bool ok = true;

    put_range(compare, piece, &range);
    switch (piece->kind) {
    case PIECE_STATISTICS:
        ok = analyze(hand, table, err);
        break;
    case PIECE_ROWS:
        ok = read_rows(compare, hand, piece, range.bytes, err);
        break;
    case PIECE_FAR:
        ok = readback_far(run, hand, table, range.bytes, &piece->digest, err);
        break;
    }
    buf_release(&range);
    if (!ok)
        hg_error_context(err, "could not read table \"%s\" back", table->source->name);
    atomic_fetch_add_explicit(&run->advances[piece->table].rows, piece->digest.rows,
                              memory_order_relaxed);
    return ok;
}

static enum crew_said next_piece(void *context, struct hand *hand, void **out_task)
{
    struct compare *compare = context;

    (void)hand;
    if (compare->next == compare->pieces.count)
        return CREW_OVER;
    *out_task = &compare->pieces.items[compare->next++];
    return CREW_TASK;
}

static void report(void *context)
{
    copy_report(((struct compare *)context)->run);
}

/* While one worker waits for the statistics of a table, others read. */
static bool add_statistics(struct compare *compare, hg_error *err)
{
    struct run *run = compare->run;

    for (size_t i = 0; i < run->mapping.table_count; i++) {
        struct piece *piece = run->advances[i].unanalyzed ? VEC_PUSH(&compare->pieces) : NULL;

        if (piece == NULL && run->advances[i].unanalyzed)
            return no_memory(err);
        if (piece != NULL)
            *piece = (struct piece){.kind = PIECE_STATISTICS, .table = i, .to = -1, .share = -1};
        run->advances[i].unanalyzed = false;
    }
    return true;
}

static bool add_one(struct compare *compare, const struct piece *piece, hg_error *err)
{
    struct piece *kept = VEC_PUSH(&compare->pieces);

    if (kept == NULL)
        return no_memory(err);
    *kept = *piece;
    return true;
}

/* < 0: the table has no file of its own, or the server cannot look for rows by their block. */
static bool count_blocks(struct run *run, const struct table *table, int64_t *out, hg_error *err)
{
    hg_value name = hg_text(table->target->sql_name);

    *out = -1;
    return hg_conn_server_version_number(run->to) < TID_RANGES_FROM
           || ask_integer(run->to,
                          "SELECT CASE relkind WHEN 'r' THEN pg_relation_size(oid) / "
                          "current_setting('block_size')::int ELSE -1 END FROM pg_class WHERE oid "
                          "= $1::text::regclass",
                          &name, 1, copy_soon(), out, err);
}

/* In so many ranges of its blocks. Where rows are large, those of a block may be most of the table:
 * then the workers share them; but not where looking at each row's place three times over would
 * cost more than one who reads them all. */
static bool cut(struct compare *compare, enum piece_kind kind, size_t table, int64_t blocks,
                int64_t count, hg_error *err)
{
    struct piece piece = {.kind = kind, .table = table, .to = -1, .share = -1};
    int size = compare->run->crew.size;
    bool ok = true;

    if (count == 1 || (blocks < 0 && kind == PIECE_ROWS))
        return add_one(compare, &piece, err);
    for (int i = 0; ok && blocks < count && i < size; i++) {
        piece.share = i;
        ok = add_one(compare, &piece, err);
    }
    for (int64_t i = 0; ok && blocks >= count && i < count; i++) {
        piece.from = blocks * i / count;
        piece.to = i + 1 < count ? blocks * (i + 1) / count : INT32_MAX;
        ok = add_one(compare, &piece, err);
    }
    return ok;
}

static bool cut_table(struct compare *compare, size_t table, hg_error *err)
{
    struct run *run = compare->run;
    int64_t by_bytes = run->advances[table].total_bytes / PIECE_BYTES + 1;
    int64_t blocks = 0, count;

    if (!count_blocks(run, &run->mapping.tables[table], &blocks, err))
        return false;
    count = blocks / PIECE_BLOCKS + 1 > by_bytes ? blocks / PIECE_BLOCKS + 1 : by_bytes;
    return (!atomic_load(&run->advances[table].far)
            || cut(compare, PIECE_FAR, table, blocks, count, err))
           && cut(compare, PIECE_ROWS, table, blocks, count, err);
}

/* --- what differs --- */

static bool judge(struct run *run)
{
    bool same = true;

    for (size_t i = 0; i < run->mapping.table_count; i++) {
        struct advance *advance = &run->advances[i];

        advance->compared = true;
        same = same && digest_same(&advance->source, &advance->target);
    }
    return same;
}

bool compare_sides(struct run *run, hg_error *err)
{
    struct compare compare = {.run = run};
    const struct crew_work work = {&compare, next_piece, do_piece, NULL, report};
    const struct piece *piece;
    bool ok = add_statistics(&compare, err);

    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        ok = cut_table(&compare, i, err);
    ok = ok && crew_run(&run->crew, &work, err);
    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        run->advances[i].target = (struct digest){0};
    VEC_EACH (&compare.pieces, piece)
        if (ok)
            digest_add(&run->advances[piece->table].target, &piece->digest);
    VEC_RELEASE(&compare.pieces);
    run->result->ok = ok && judge(run);
    return ok && (run->result->ok || narrow_differences(run, err));
}
