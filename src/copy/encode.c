/*
 * encode.c - one row after the other into an image.
 */
#include "encode.h"

#include <stdio.h>

#include "base/buf.h"

void encode_header(struct image *image)
{
    static const char signature[11] = "PGCOPY\n\377\r\n";

    if (!image_reserve(image, IMAGE_FIXED))
        return;
    image_bytes(image, signature, sizeof signature);
    image_u32(image, 0); /* flags */
    image_u32(image, 0); /* extension */
}

void encode_trailer(struct image *image)
{
    if (image_reserve(image, IMAGE_FIXED))
        image_u16(image, UINT16_MAX);
}

/* --- values that do not simply fit --- */

static void put_key_part(struct buf *out, const struct cell *cell)
{
    char value[VALUE_SHOWN + 8];

    buf_text(out, out->size == 0 ? "" : ", ");
    buf_text(out, cell_show(cell, value, sizeof value));
}

/* The primary key as text, where no rowid tells a row from the others. */
static void show_key(const struct table *table, const struct cell *cells, struct buf *out)
{
    for (int k = 1; k <= (int)table->column_count; k++)
        for (size_t i = 0; i < table->column_count; i++)
            if (table->columns[i].source->key == k)
                put_key_part(out, &cells[i]);
    if (out->size == 0) /* not even that: the first value has to do */
        put_key_part(out, &cells[0]);
}

struct misfit {
    size_t column;
    enum finding finding;
    struct cell *cells; /* of the row */
    struct place place;
};

static bool list_value(struct encoder *e, const struct misfit *m, hg_error *err)
{
    return e->rejects == NULL || !e->dry
           || rejects_value(e->rejects, e->table, &m->place, m->finding, &m->cells[m->column], err);
}

static enum finding convert(const struct column *column, const struct cell *cell, struct image *out)
{
    const struct target *target = &column->target->target;

    if (!image_reserve(out, IMAGE_FIXED) || cell->class == CELL_LARGE)
        return VALUE_SIZE;
    return cell->class == CELL_NULL ? convert_null(target, out)
                                    : column->convert(target, cell, out);
}

/* Asks the rules one after the other; the first whose value fits is taken. */
static enum encoded follow_rules(struct encoder *e, const struct misfit *m, hg_error *err)
{
    const struct column *column = &e->table->columns[m->column];
    const struct cell *cell = &m->cells[m->column];

    for (size_t i = 0; i < column->rule_count; i++) {
        const struct rule *rule = column->rules[i];
        struct cell other;

        if (rule->finding != FITS && rule->finding != m->finding)
            continue;
        if (rule->action == RULE_REJECT) {
            tally_add(e->tally, &m->place, m->finding, RULE_REJECT, cell);
            if (e->rejects != NULL
                && !rejects_row(e->rejects, e->table, &m->place, m->finding, m->cells, err))
                return ROW_FAILED;
            return ROW_REJECTED;
        }
        if (rule_apply(rule, &column->target->target, m->finding, cell, &e->scratch, &other)
            && finding_fits(convert(column, &other, &e->image))) {
            tally_add(e->tally, &m->place, m->finding, (int)rule->action, cell);
            return ROW_FITS;
        }
    }
    tally_add(e->tally, &m->place, m->finding, -1, cell);
    return list_value(e, m, err) ? ROW_REJECTED : ROW_FAILED;
}

/* What is far is read where a rule, or the file of rejects, has to do with it. */
static bool fetch(struct encoder *e, const struct misfit *m, hg_error *err)
{
    return (e->table->columns[m->column].rule_count == 0 && e->rejects == NULL)
           || far_fetch(m->cells, e->table->column_count, &e->whole, err);
}

/* A value that fits in another form, or not at all. */
static enum encoded note(struct encoder *e, size_t column, enum finding finding, struct cell *cells,
                         hg_error *err)
{
    struct misfit m = {column, finding, cells, {.table = e->table_number, .column = column}};
    struct buf key = BUF_INIT(4096);
    enum encoded said = ROW_FITS;

    if (e->table->rowid_cell >= 0) {
        m.place.rowid = cells[e->table->rowid_cell].as.integer;
    } else {
        show_key(e->table, cells, &key);
        m.place.key = key.bytes;
    }
    if (finding_fits(finding))
        tally_add(e->tally, &m.place, finding, -1, &cells[column]);
    else
        said = fetch(e, &m, err) ? follow_rules(e, &m, err) : ROW_FAILED;
    buf_release(&key);
    return said;
}

static size_t largest_of(const struct table *table, const struct cell *cells)
{
    size_t largest = 0;

    for (size_t i = 1; i < table->column_count; i++)
        if (cells[i].class >= CELL_TEXT
            && (cells[largest].class < CELL_TEXT || cells[i].size > cells[largest].size))
            largest = i;
    return largest;
}

static bool hash_piece(void *context, const char *bytes, size_t size, hg_error *err)
{
    (void)err;
    digest_piece(context, bytes, size);
    return true;
}

static bool put_hash(struct encoder *e, struct bulk_value *value, hg_error *err)
{
    struct digest_run *run = digest_begin();
    struct digest digest = {0};
    bool ok = (run != NULL || hg_fail(err, HG_NOMEM, "could not hash a value: out of memory"))
              && far_each(value, hash_piece, run, err);

    digest_end(run, &digest);
    image_u32(&e->image, sizeof digest.sum);
    image_bytes(&e->image, digest.sum, sizeof digest.sum);
    return ok;
}

/* A value that is far: its length, and a hole behind it. */
static bool put_far(struct encoder *e, size_t i, const struct cell *cell, enum finding *out,
                    hg_error *err)
{
    const struct target *target = &e->table->columns[i].target->target;
    struct hole *hole;

    if (!image_reserve(&e->image, IMAGE_FIXED))
        return false;
    if (!far_look(target, cell, out, err))
        return false;
    if (!finding_fits(*out))
        return true;
    if (e->brief)
        return put_hash(e, cell->as.far, err);
    image_u32(&e->image, cell->size);
    hole = VEC_PUSH(&e->holes);
    if (hole == NULL)
        return hg_fail(err, HG_NOMEM, "could not encode a row: out of memory");
    *hole = (struct hole){e->image.size, cell->as.far};
    return true;
}

static enum encoded put_field(struct encoder *e, size_t i, struct cell *cells, hg_error *err)
{
    enum finding finding = FITS;

    if (!is_far(&cells[i]))
        finding = convert(&e->table->columns[i], &cells[i], &e->image);
    else if (!put_far(e, i, &cells[i], &finding, err))
        return ROW_FAILED;
    return finding == FITS ? ROW_FITS : note(e, i, finding, cells, err);
}

enum encoded encode_row(struct encoder *e, struct cell *cells, hg_error *err)
{
    const struct table *table = e->table;
    struct image *image = &e->image;
    size_t from = image->size;
    enum encoded said = ROW_FITS;

    e->holes.count = 0;
    if (!image_reserve(image, IMAGE_FIXED))
        said = ROW_FAILED;
    else
        image_u16(image, (uint16_t)table->column_count);
    for (size_t i = 0; i < table->column_count && said != ROW_FAILED; i++) {
        enum encoded one = put_field(e, i, cells, err);

        if (one != ROW_FITS)
            said = one;
    }
    if (said == ROW_FITS && encoded_size(e, from) > FAR_MOST) {
        image->size = from;
        said = note(e, largest_of(table, cells), VALUE_SIZE, cells, err);
        said = said == ROW_FITS ? ROW_REJECTED : said;
    }
    if (image->failed || e->scratch.failed || e->tally->failed) {
        hg_fail(err, HG_NOMEM, "could not encode a row: out of memory");
        said = ROW_FAILED;
    }
    if (said != ROW_FITS)
        image->size = from;
    return said;
}

const char *row_field(const char *row, size_t column, uint32_t *out_size)
{
    const char *at = row + 2; /* behind the count of fields */
    uint32_t size;

    for (size_t i = 0;; i++, at += size == UINT32_MAX ? 0 : size) {
        memcpy(&size, at, sizeof size);
        size = be32toh(size);
        at += sizeof size;
        if (i == column)
            break;
    }
    *out_size = size;
    return at;
}

/* --- rows with holes --- */

size_t encoded_size(const struct encoder *e, size_t from)
{
    size_t size = e->image.size - from;
    const struct hole *hole;

    VEC_EACH (&e->holes, hole)
        size += bulk_value_size(hole->value);
    return size;
}

/* Where the pieces of a row go: into its hash, and to who wants them. */
struct outlet {
    struct digest_run *hash;
    far_sink *sink;
    void *context;
};

static bool let_out(void *context, const char *bytes, size_t size, hg_error *err)
{
    const struct outlet *outlet = context;

    digest_piece(outlet->hash, bytes, size);
    return outlet->sink(outlet->context, bytes, size, err);
}

bool encoded_pieces(const struct encoder *e, size_t from, struct digest *digest, far_sink *sink,
                    void *context, hg_error *err)
{
    struct outlet outlet = {digest_begin(), sink, context};
    const struct hole *hole;
    bool ok = outlet.hash != NULL || hg_fail(err, HG_NOMEM, "could not hash a row: out of memory");

    VEC_EACH (&e->holes, hole) {
        ok = ok && let_out(&outlet, e->image.bytes + from, hole->at - from, err)
             && far_each(hole->value, let_out, &outlet, err);
        from = hole->at;
    }
    ok = ok && let_out(&outlet, e->image.bytes + from, e->image.size - from, err);
    digest_end(outlet.hash, ok ? digest : NULL);
    return ok;
}

void encoder_release(struct encoder *e)
{
    image_release(&e->image);
    image_release(&e->scratch);
    image_release(&e->whole);
    VEC_RELEASE(&e->holes);
}
