/*
 * encode.c - one row after the other into an image.
 */
#include "encode.h"

#include <stdio.h>

#include "base/buf.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

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
    const struct cell *cells; /* of the row */
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

/* A value that fits in another form, or not at all. */
static enum encoded note(struct encoder *e, size_t column, enum finding finding,
                         const struct cell *cells, hg_error *err)
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
        said = follow_rules(e, &m, err);
    buf_release(&key);
    return said;
}

/* All of a row comes back in one message, of which PostgreSQL makes no larger ones. */
enum { ROW_MOST = 1000 << 20 };

static size_t largest_of(const struct table *table, const struct cell *cells)
{
    size_t largest = 0;

    for (size_t i = 1; i < table->column_count; i++)
        if (cells[i].class >= CELL_TEXT
            && (cells[largest].class < CELL_TEXT || cells[i].size > cells[largest].size))
            largest = i;
    return largest;
}

enum encoded encode_row(struct encoder *e, const struct cell *cells, hg_error *err)
{
    const struct table *table = e->table;
    struct image *image = &e->image;
    size_t from = image->size;
    enum encoded said = ROW_FITS;

    if (!image_reserve(image, IMAGE_FIXED))
        said = ROW_FAILED;
    else
        image_u16(image, (uint16_t)table->column_count);
    for (size_t i = 0; i < table->column_count && said != ROW_FAILED; i++) {
        enum finding finding = convert(&table->columns[i], &cells[i], image);
        enum encoded one = finding == FITS ? ROW_FITS : note(e, i, finding, cells, err);

        if (one != ROW_FITS)
            said = one;
    }
    if (said == ROW_FITS && image->size - from > ROW_MOST) {
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

/* --- digests --- */

void digest_row(struct digest *digest, const char *bytes, size_t size)
{
    XXH128_hash_t hash = XXH3_128bits(bytes, size);

    digest->rows++;
    digest->sum[0] += hash.low64;
    digest->sum[1] += hash.high64;
}

void digest_add(struct digest *digest, const struct digest *more)
{
    digest->rows += more->rows;
    digest->sum[0] += more->sum[0];
    digest->sum[1] += more->sum[1];
}

bool digest_same(const struct digest *a, const struct digest *b)
{
    return a->rows == b->rows && a->sum[0] == b->sum[0] && a->sum[1] == b->sum[1];
}

void digest_text(const struct digest *digest, char out[33])
{
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)digest->sum[0],
             (unsigned long long)digest->sum[1]);
}
