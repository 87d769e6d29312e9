/*
 * stage.c - rows that changed, and keys, out of the source into temporary tables of the target, in
 * the transaction that the target is brought on in.
 */
#include <stdio.h>

#include "base/buf.h"
#include "catchup.h"
#include "schema/names.h"

enum { SEND_BYTES = 128 << 10, SCRIPT_MAX = 16 << 20 };

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not send the changes: out of memory");
}

static bool run_script(struct run *run, struct buf *sql, hg_error *err)
{
    bool ok = buf_failed(sql) ? no_memory(err)
                              : bulk_script(run->to, sql->bytes, hg_deadline_never(), err);

    buf_truncate(sql, 0);
    return ok;
}

bool change_is_any(const struct change *change)
{
    return change->whole || change->rows != NULL || change->put.count > 0 || change->gone.count > 0;
}

void stage_columns(struct buf *out, const struct table *table, const char *prefix)
{
    for (size_t i = 0; i < table->column_count; i++) {
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", prefix);
        name_put(out, table->columns[i].target->name);
    }
}

static bool send(struct run *run, struct image *image, hg_error *err)
{
    bool ok = bulk_send(run->to, image->bytes, image->size, hg_deadline_never(), err);

    image->size = 0;
    return ok;
}

static bool send_range(struct catchup *c, size_t number, int64_t lo, int64_t hi, hg_error *err)
{
    struct hand *hand = &c->run->crew.hands[0];
    struct encoder *encoder = &hand->encoder;
    struct reader reader;
    hg_step step = HG_ROW;
    bool ok = reader_open(hand->source, encoder->table, READ_WHOLE, lo, hi, &reader, err);

    while (ok && (step = reader_next(&reader, hand->cells, err)) == HG_ROW) {
        enum encoded said = encode_row(encoder, hand->cells, err);
        int64_t *gone = NULL;

        if (said == ROW_REJECTED && encoder->table->rowid_cell >= 0)
            gone = VEC_PUSH(&c->changes[number].gone);
        if (gone != NULL) /* a rule says that it is not copied: no more, if it was */
            *gone = hand->cells[encoder->table->rowid_cell].as.integer;
        c->run->advances[number].total_rows += said == ROW_FITS;
        ok = said != ROW_FAILED
             && (encoder->image.size < SEND_BYTES || send(c->run, &encoder->image, err));
    }
    reader_close(&reader);
    return ok && step == HG_END;
}

/* Rowids that stand beside one another are read in one go. */
static bool send_rows(struct catchup *c, size_t number, hg_error *err)
{
    const struct change *change = &c->changes[number];
    bool ok = true;

    if (change->rows != NULL)
        c->run->crew.hands[0].encoder.table = change->rows;
    if (change->whole || change->rows != NULL)
        return send_range(c, number, INT64_MIN, INT64_MAX, err);
    for (size_t i = 0, next; ok && i < change->put.count; i = next) {
        for (next = i + 1; next < change->put.count
                           && change->put.items[next] == change->put.items[next - 1] + 1;)
            next++;
        ok = send_range(c, number, change->put.items[i], change->put.items[next - 1], err);
    }
    return ok;
}

static bool copy_in(struct catchup *c, const char *sql, size_t number,
                    bool (*rows)(struct catchup *c, size_t number, hg_error *err), hg_error *err)
{
    struct encoder *encoder = &c->run->crew.hands[0].encoder;
    bool ok;

    encoder->table = &c->run->mapping.tables[number];
    encoder->table_number = number;
    encoder->image.size = 0;
    if (!bulk_copy_in(c->run->to, sql, copy_soon(), err))
        return false;
    encode_header(&encoder->image);
    ok = rows(c, number, err);
    encode_trailer(&encoder->image);
    if (ok && send(c->run, &encoder->image, err))
        return bulk_copy_end(c->run->to, NULL, hg_deadline_never(), NULL, err);
    (void)bulk_copy_end(c->run->to, "the changes were given up", copy_soon(), NULL, NULL);
    return false;
}

static bool send_gone(struct catchup *c, size_t number, hg_error *err)
{
    struct image *image = &c->run->crew.hands[0].encoder.image;
    const int64_t *rowid;

    VEC_EACH (&c->changes[number].gone, rowid) {
        if (!image_reserve(image, IMAGE_FIXED))
            return no_memory(err);
        image_u16(image, 1);
        image_u32(image, sizeof *rowid);
        image_u64(image, (uint64_t)*rowid);
        if (image->size >= SEND_BYTES && !send(c->run, image, err))
            return false;
    }
    return true;
}

/* What a key is that the target cannot have, nobody needs to know: no row has it there. */
static bool send_keys(struct run *run, const struct table *keys, int64_t *sent, hg_error *err)
{
    struct hand *hand = &run->crew.hands[0];
    struct reader reader;
    hg_step step = HG_ROW;
    bool ok = reader_open(hand->source, keys, READ_WHOLE, INT64_MIN, INT64_MAX, &reader, err);

    while (ok && (step = reader_next(&reader, hand->cells, err)) == HG_ROW) {
        enum encoded said = encode_row(&hand->encoder, hand->cells, err);

        *sent += said == ROW_FITS;
        ok = said != ROW_FAILED
             && (hand->encoder.image.size < SEND_BYTES || send(run, &hand->encoder.image, err));
    }
    reader_close(&reader);
    return ok && step == HG_END;
}

bool stage_keys(struct run *run, const struct table *keys, const char *into, int64_t *out_sent,
                hg_error *err)
{
    struct encoder *encoder = &run->crew.hands[0].encoder;
    struct tally *tally = encoder->tally, unasked = {.failed = false};
    struct rejects *rejects = encoder->rejects;
    bool ok;

    *out_sent = 0;
    encoder->table = keys;
    encoder->image.size = 0;
    if (!bulk_copy_in(run->to, into, copy_soon(), err))
        return false;
    encoder->tally = &unasked;
    encoder->rejects = NULL;
    encode_header(&encoder->image);
    ok = send_keys(run, keys, out_sent, err);
    encode_trailer(&encoder->image);
    ok = ok && send(run, &encoder->image, err);
    if (ok)
        ok = bulk_copy_end(run->to, NULL, hg_deadline_never(), NULL, err);
    else
        (void)bulk_copy_end(run->to, "the changes were given up", copy_soon(), NULL, NULL);
    encoder->tally = tally;
    encoder->rejects = rejects;
    tally_release(&unasked);
    return ok;
}

static void put_temporary(struct buf *out, const char *what, size_t number,
                          const struct table *table)
{
    buf_printf(out, "CREATE TEMP TABLE headgate_%s_%zu ON COMMIT DROP AS SELECT ", what, number);
    stage_columns(out, table, "");
    buf_printf(out, " FROM %s WITH NO DATA;", table->target->sql_name);
}

static bool stage_gone(struct catchup *c, size_t number, hg_error *err)
{
    struct change *change = &c->changes[number];
    char into[100];

    snprintf(into, sizeof into, "COPY pg_temp.headgate_gone_%zu FROM STDIN (FORMAT binary)",
             number);
    return change->keys == NULL ? copy_in(c, into, number, send_gone, err)
                                : stage_keys(c->run, change->keys, into, &change->keys_sent, err);
}

bool stage_changes(struct catchup *c, size_t number, hg_error *err)
{
    const struct table *table = &c->run->mapping.tables[number];
    const struct change *change = &c->changes[number];
    struct buf sql = BUF_INIT(SCRIPT_MAX), copy = BUF_INIT(SCRIPT_MAX);
    bool ok;

    put_temporary(&sql, "put", number, table);
    if (change->keys != NULL)
        put_temporary(&sql, "gone", number, change->keys);
    else
        buf_printf(&sql, "CREATE TEMP TABLE headgate_gone_%zu (key bigint) ON COMMIT DROP", number);
    buf_printf(&copy, "COPY pg_temp.headgate_put_%zu (", number);
    stage_columns(&copy, table, "");
    buf_text(&copy, ") FROM STDIN (FORMAT binary)");
    ok = run_script(c->run, &sql, err) && copy_in(c, copy.bytes, number, send_rows, err)
         && stage_gone(c, number, err);
    buf_printf(&sql, "ANALYZE pg_temp.headgate_put_%zu; ANALYZE pg_temp.headgate_gone_%zu", number,
               number);
    ok = ok && run_script(c->run, &sql, err);
    buf_release(&copy);
    buf_release(&sql);
    if (!ok)
        hg_error_context(err, "table \"%s\"", table->source->name);
    return ok;
}
