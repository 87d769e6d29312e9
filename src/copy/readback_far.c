/*
 * readback_far.c - first which rows there are, then each of them: its ordinary fields, and the
 * others piece by piece.
 *
 * The server takes such a value out of its store once and cuts it there. The pieces are those of
 * one row of an inner query, so that they come in their order.
 */
#include "readback_far.h"

#include <stdio.h>

#include "ask.h"
#include "base/buf.h"
#include "readback.h"
#include "schema/names.h"

enum {
    WHOLE = 512 << 10, /* bytes of a row's values that may be far, which are read as a row */
    FIELD = 128 << 10, /* and of one of them in a row that is not */
    PIECE = 256 << 10
};

/* A row by its place in the target. */
struct spot {
    char where[80];
};

struct back {
    struct hand *hand;
    const struct table *table;
    VEC(struct spot) spots;
    uint32_t *lengths; /* of the columns of the row that is read, as far as they may be far, */
    bool found;        /* which is still there */
    struct digest_run *hash;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read a row back: out of memory");
}

void readback_where(const struct table *table, struct buf *sql)
{
    buf_text(sql, "(0::bigint");
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].pieces_most == 0)
            continue;
        buf_text(sql, " + coalesce(octet_length(");
        name_put(sql, table->columns[i].target->name);
        buf_text(sql, "), 0)");
    }
    buf_printf(sql, " > %d)", WHOLE);
}

/* --- which rows --- */

static bool add_spot(void *context, hg_rows *rows, hg_error *err)
{
    struct back *b = context;
    struct spot *spot = VEC_PUSH(&b->spots);

    if (spot == NULL)
        return no_memory(err);
    snprintf(spot->where, sizeof spot->where, "tableoid = %lld AND ctid = '%s'::tid",
             (long long)hg_rows_integer(rows, 0), hg_rows_text(rows, 1));
    return true;
}

static bool find_spots(struct back *b, const char *where, hg_error *err)
{
    struct buf sql = BUF_INIT(2 << 20);
    bool ok;

    buf_printf(&sql, "SELECT tableoid::bigint, ctid::text FROM %s WHERE ",
               b->table->target->sql_name);
    readback_where(b->table, &sql);
    buf_text(&sql, where);
    ok = buf_failed(&sql)
             ? no_memory(err)
             : ask_rows(b->hand->target, sql.bytes, NULL, 0, add_spot, b, hg_deadline_never(), err);
    buf_release(&sql);
    return ok;
}

/* --- one COPY --- */

/* Hands the message of each row on, from the count of its fields on. */
static bool each_message(struct back *b, const char *sql,
                         bool (*take)(struct back *b, const char *row, size_t size, hg_error *err),
                         hg_error *err)
{
    hg_conn *conn = b->hand->target;
    const char *bytes = NULL;
    size_t size = 0, skip = READBACK_HEADER;
    bool ok = bulk_copy_out(conn, sql, hg_deadline_never(), err);
    hg_step step = HG_ROW;

    while (ok && (step = bulk_receive(conn, &bytes, &size, hg_deadline_never(), err)) == HG_ROW) {
        ok = size <= skip + 2 || take(b, bytes + skip, size - skip, err);
        if (!ok)
            bulk_copy_out_stop(conn);
        skip = 0;
    }
    return ok && step == HG_END;
}

/* --- one row --- */

/* In front of the row's fields stand the lengths of those that may be far. What is far is not among
 * the fields. */
static void put_row_query(const struct back *b, const struct spot *spot, struct buf *sql)
{
    const struct table *table = b->table;
    struct buf name = BUF_INIT(1 << 16), fields = BUF_INIT(2 << 20);

    buf_text(sql, "COPY (SELECT ");
    for (size_t i = 0; i < table->column_count; i++) {
        buf_truncate(&name, 0);
        name_put(&name, table->columns[i].target->name);
        buf_text(&fields, i == 0 ? "" : ", ");
        if (table->columns[i].pieces_most == 0) {
            buf_text(&fields, name.bytes);
            continue;
        }
        buf_printf(sql, "coalesce(octet_length(%s), 0), ", name.bytes);
        buf_printf(&fields, "CASE WHEN octet_length(%s) <= %d THEN %s END", name.bytes, FIELD,
                   name.bytes);
    }
    buf_printf(sql, "%s FROM %s WHERE %s) TO STDOUT (FORMAT binary)", fields.bytes,
               table->target->sql_name, spot->where);
    buf_release(&name);
    buf_release(&fields);
}

/* The value as bytes is there once, whatever the number of its pieces. */
static void put_value_query(const struct back *b, size_t column, const struct spot *spot,
                            struct buf *sql)
{
    const struct target_column *target = b->table->columns[column].target;
    bool bytes = target->target.type == PG_BYTEA;

    buf_printf(sql, "COPY (SELECT substring(s.v FROM i FOR %d) FROM (SELECT ", PIECE);
    buf_text(sql, bytes ? "" : "convert_to(");
    name_put(sql, target->name);
    buf_text(sql, bytes ? "::bytea || ''::bytea" : "::text, 'UTF8')");
    buf_printf(sql,
               " AS v FROM %s WHERE %s OFFSET 0) AS s CROSS JOIN LATERAL generate_series(1, "
               "octet_length(s.v), %d) AS i) TO STDOUT (FORMAT binary)",
               b->table->target->sql_name, spot->where, PIECE);
}

static uint32_t number_at(const char *at)
{
    uint32_t number;

    memcpy(&number, at, sizeof number);
    return be32toh(number);
}

/* Keeps the lengths and the row's own fields. */
static bool keep_row(struct back *b, const char *row, size_t size, hg_error *err)
{
    const char *at = row + 2; /* behind the count */

    for (size_t i = 0; i < b->table->column_count; i++) {
        b->lengths[i] = 0;
        if (b->table->columns[i].pieces_most == 0)
            continue;
        b->lengths[i] = number_at(at + 4);
        at += 8;
    }
    b->found = readback_row(b->table, at, size - (size_t)(at - row), &b->hand->encoder.scratch);
    return b->found || no_memory(err);
}

static bool hash_value(struct back *b, const char *row, size_t size, hg_error *err)
{
    (void)err;
    digest_piece(b->hash, row + 2 + 4, size - 2 - 4); /* behind the count and the length */
    return true;
}

static bool hash_far(struct back *b, size_t column, const struct spot *spot, hg_error *err)
{
    struct buf sql = BUF_INIT(1 << 18);
    uint32_t length = htobe32(b->lengths[column]);
    bool ok;

    digest_piece(b->hash, (const char *)&length, sizeof length);
    put_value_query(b, column, spot, &sql);
    ok = buf_failed(&sql) ? no_memory(err) : each_message(b, sql.bytes, hash_value, err);
    buf_release(&sql);
    return ok;
}

/* The row that was kept, with what is far in its place. */
static bool hash_row(struct back *b, const struct spot *spot, struct digest *digest, hg_error *err)
{
    const char *row = b->hand->encoder.scratch.bytes, *at = row + 2;
    bool ok = true;

    b->hash = digest_begin();
    if (b->hash == NULL)
        return no_memory(err);
    digest_piece(b->hash, row, 2);
    for (size_t i = 0; ok && i < b->table->column_count; i++) {
        uint32_t size = number_at(at);
        size_t all = sizeof size + (size == UINT32_MAX ? 0 : size);

        if (b->lengths[i] > FIELD)
            ok = hash_far(b, i, spot, err);
        else
            digest_piece(b->hash, at, all);
        at += all;
    }
    digest_end(b->hash, ok ? digest : NULL);
    return ok;
}

static bool read_spot(struct back *b, const struct spot *spot, struct digest *digest, hg_error *err)
{
    struct buf sql = BUF_INIT(4 << 20);
    bool ok;

    b->found = false;
    put_row_query(b, spot, &sql);
    ok = buf_failed(&sql) ? no_memory(err) : each_message(b, sql.bytes, keep_row, err);
    buf_release(&sql);
    return ok && (!b->found || hash_row(b, spot, digest, err));
}

bool readback_far(struct run *run, struct hand *hand, const struct table *table, const char *where,
                  struct digest *digest, hg_error *err)
{
    struct back b = {.hand = hand, .table = table};
    const struct spot *spot;
    bool ok;

    b.lengths = alloc_zero(table->column_count, sizeof *b.lengths);
    ok = (b.lengths != NULL || no_memory(err)) && find_spots(&b, where, err);
    VEC_EACH (&b.spots, spot) {
        ok = ok && read_spot(&b, spot, digest, err);
        pace_row(&run->pace, hand);
    }
    image_clear(&hand->encoder.scratch);
    VEC_RELEASE(&b.spots);
    alloc_free(b.lengths);
    return ok;
}
