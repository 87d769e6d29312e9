/*
 * far.c - one piece of a value after the other.
 */
#include "far.h"

bool far_suits(const struct target *target)
{
    return target->type == PG_TEXT || target->type == PG_VARCHAR || target->type == PG_BYTEA;
}

bool far_each(struct bulk_value *value, far_sink *sink, void *context, hg_error *err)
{
    char piece[FAR_PIECE];
    uint32_t size = bulk_value_size(value), n;
    bool ok = true;

    for (uint32_t at = 0; ok && at < size; at += n) {
        n = size - at < FAR_PIECE ? size - at : FAR_PIECE;
        ok = bulk_value_read(value, at, n, piece, err) && sink(context, piece, n, err);
    }
    return ok;
}

/* --- looked through --- */

static bool take_bytes(void *context, const char *bytes, size_t size, hg_error *err)
{
    (void)context;
    (void)bytes;
    (void)size;
    (void)err;
    return true;
}

/* A text of which some pieces have been seen. */
struct look {
    char seam[8]; /* the end of a piece that breaks a character off, and a few bytes behind it */
    size_t broken;
    size_t characters;
    enum finding finding;
};

/* Bytes at the end that begin a character and are not all of it. */
static size_t unfinished(const char *bytes, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        unsigned char byte = (unsigned char)bytes[size - back];
        size_t whole = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;

        if ((byte & 0xC0) != 0x80)
            return whole > back ? back : 0;
    }
    return 0;
}

static void look_at(struct look *look, const char *bytes, size_t size)
{
    if (look->finding == FITS)
        look->finding = text_check(bytes, size);
    look->characters += text_characters(bytes, size);
}

/* The character that the piece before began. */
static size_t close_seam(struct look *look, const char *bytes, size_t size)
{
    size_t n = 0;

    while (n < size && n < 3 && unfinished(look->seam, look->broken + n) != 0)
        look->seam[look->broken + n] = bytes[n], n++;
    look_at(look, look->seam, look->broken + n);
    look->broken = 0;
    return n;
}

static bool look_at_piece(void *context, const char *bytes, size_t size, hg_error *err)
{
    struct look *look = context;
    size_t from = look->broken > 0 ? close_seam(look, bytes, size) : 0;
    size_t broken = unfinished(bytes + from, size - from);

    (void)err;
    look_at(look, bytes + from, size - from - broken);
    memcpy(look->seam, bytes + size - broken, broken);
    look->broken = broken;
    return true;
}

static bool look_at_text(const struct target *target, struct bulk_value *value, enum finding *out,
                         hg_error *err)
{
    struct look look = {.finding = FITS};

    if (!far_each(value, look_at_piece, &look, err))
        return false;
    if (look.broken > 0)
        look_at(&look, look.seam, look.broken);
    if (look.finding == FITS && target->type == PG_VARCHAR && target->length > 0
        && look.characters > (size_t)target->length)
        look.finding = TEXT_LENGTH;
    *out = look.finding;
    return true;
}

bool far_look(const struct target *target, const struct cell *cell, enum finding *out,
              hg_error *err)
{
    bool text = bulk_value_is_text(cell->as.far);

    if (target->type == PG_BYTEA) {
        *out = text ? TEXT_AS_BYTES : FITS;
        return far_each(cell->as.far, take_bytes, NULL, err); /* all of it can be read */
    }
    *out = TEXT_BLOB;
    return !text || look_at_text(target, cell->as.far, out, err);
}

/* --- read whole after all --- */

bool far_fetch(struct cell *cells, size_t count, struct image *whole, hg_error *err)
{
    size_t all = 0;

    for (size_t i = 0; i < count; i++)
        all += is_far(&cells[i]) ? cells[i].size : 0;
    whole->size = 0;
    if (!image_reserve(whole, all))
        return hg_fail(err, HG_NOMEM, "could not read a row: out of memory");
    for (size_t i = 0; i < count; i++) {
        struct cell *cell = &cells[i];
        char *bytes = whole->bytes + whole->size;
        bool text = is_far(cell) && bulk_value_is_text(cell->as.far);

        if (!is_far(cell))
            continue;
        if (!bulk_value_read(cell->as.far, 0, cell->size, bytes, err))
            return false;
        whole->size += cell->size;
        *cell = (struct cell){text ? CELL_TEXT : CELL_BLOB, cell->size, {.bytes = bytes}};
    }
    return true;
}
