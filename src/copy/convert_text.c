/*
 * convert_text.c - texts, labels, bytes, UUIDs. Pure.
 */
#include "convert.h"

#include <stdlib.h>

#include "base/text.h"
#include "json.h"

/* What a field may hold: a row with more cannot be kept in the server's memory (MaxAllocSize). */
static const uint32_t field_max = 0x3fffffffU - 1024;

/* --- UTF-8 --- */

/* Whether eight bytes are all from 0x01 to 0x7F. */
static bool is_plain(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return ((word | (word - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080)) == 0;
}

enum finding text_check(const char *bytes, size_t size)
{
    const char *at = bytes, *end = bytes + size;

    while (at < end) {
        uint32_t code = 0;
        size_t n;

        while (end - at >= 8 && is_plain(at))
            at += 8;
        if (at == end || (end - at < 8 && size >= 8 && is_plain(end - 8)))
            break;
        n = (unsigned char)*at < 0x80 ? 1 : text_decode(at, (size_t)(end - at), &code);
        if (n == 0)
            return TEXT_UTF8;
        if (*at == '\0')
            return TEXT_NUL;
        at += n;
    }
    return FITS;
}

size_t text_characters(const char *bytes, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    return n;
}

/* --- texts --- */

/* The text that a cell is, or is written as. */
struct words {
    const char *bytes;
    size_t size;
    char number[48];
};

static enum finding words_of(const struct cell *cell, struct words *out)
{
    switch (cell->class) {
    case CELL_TEXT:
        out->bytes = cell->as.bytes;
        out->size = cell->size;
        return cell->size > field_max ? VALUE_SIZE : text_check(cell->as.bytes, cell->size);
    case CELL_INTEGER:
    case CELL_REAL:
        out->bytes = out->number;
        out->size = number_text(cell, out->number, sizeof out->number);
        return NUMBER_AS_TEXT;
    default:
        return TEXT_BLOB;
    }
}

/* padding: blanks behind the text, as char(n) keeps them. */
static void put_text(struct image *out, const struct words *words, size_t padding)
{
    if (!image_reserve(out, words->size + padding + IMAGE_FIXED))
        return;
    image_u32(out, (uint32_t)(words->size + padding));
    image_bytes(out, words->bytes, words->size);
    memset(out->bytes + out->size, ' ', padding);
    out->size += padding;
}

enum finding convert_text(const struct target *target, const struct cell *cell, struct image *out)
{
    struct words words;
    enum finding finding = words_of(cell, &words);

    (void)target;
    if (finding_fits(finding))
        put_text(out, &words, 0);
    return finding;
}

enum finding convert_varchar(const struct target *target, const struct cell *cell,
                             struct image *out)
{
    struct words words;
    enum finding finding = words_of(cell, &words);

    if (!finding_fits(finding))
        return finding;
    if (target->length > 0 && words.size > (size_t)target->length
        && text_characters(words.bytes, words.size) > (size_t)target->length)
        return TEXT_LENGTH;
    put_text(out, &words, 0);
    return finding;
}

enum finding convert_bpchar(const struct target *target, const struct cell *cell, struct image *out)
{
    struct words words;
    enum finding finding = words_of(cell, &words);
    size_t count;

    if (!finding_fits(finding))
        return finding;
    count = text_characters(words.bytes, words.size);
    if (target->length > 0 && count > (size_t)target->length)
        return TEXT_LENGTH;
    put_text(out, &words, target->length > 0 ? (size_t)target->length - count : 0);
    return finding;
}

static int compare_label(const void *key, const void *item)
{
    const struct words *words = key;
    const char *label = *(const char *const *)item;
    int order = strncmp(words->bytes, label, words->size);

    return order != 0 ? order : label[words->size] == '\0' ? 0 : -1;
}

enum finding convert_enum(const struct target *target, const struct cell *cell, struct image *out)
{
    struct words words;
    enum finding finding = words_of(cell, &words);

    if (!finding_fits(finding))
        return finding;
    if (target->label_count == 0
        || bsearch(&words, target->labels, target->label_count, sizeof *target->labels,
                   compare_label)
               == NULL)
        return ENUM_LABEL;
    put_text(out, &words, 0);
    return finding;
}

/* --- bytes --- */

enum finding convert_bytea(const struct target *target, const struct cell *cell, struct image *out)
{
    (void)target;
    if (cell->class != CELL_BLOB && cell->class != CELL_TEXT)
        return BYTES_NUMBER;
    if (cell->size > field_max)
        return VALUE_SIZE;
    if (image_reserve(out, cell->size + IMAGE_FIXED)) {
        image_u32(out, cell->size);
        image_bytes(out, cell->as.bytes, cell->size);
    }
    return cell->class == CELL_BLOB ? FITS : TEXT_AS_BYTES;
}

/* --- UUIDs --- */

/* 32 digits, with or without the four hyphens, in braces or not. */
static bool parse_uuid(const char *at, size_t size, unsigned char out[16])
{
    bool hyphens;

    if (size >= 2 && at[0] == '{' && at[size - 1] == '}') {
        at++;
        size -= 2;
    }
    hyphens = size == 36;
    if (size != 32 && !hyphens)
        return false;
    for (int i = 0; i < 16; i++) {
        int high, low;

        if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10) && *at++ != '-')
            return false;
        high = text_hex_digit(at[0]);
        low = text_hex_digit(at[1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
        at += 2;
    }
    return true;
}

enum finding convert_uuid(const struct target *target, const struct cell *cell, struct image *out)
{
    unsigned char uuid[16];

    (void)target;
    if (cell->class == CELL_BLOB)
        return UUID_BLOB;
    if (cell->class != CELL_TEXT)
        return UUID_NUMBER;
    if (!parse_uuid(cell->as.bytes, cell->size, uuid))
        return UUID_SYNTAX;
    image_u32(out, sizeof uuid);
    image_bytes(out, uuid, sizeof uuid);
    return FITS;
}

/* --- JSON --- */

static enum finding json_words(const struct cell *cell, struct words *out)
{
    enum finding finding = words_of(cell, out);

    return finding == TEXT_BLOB ? JSON_BLOB : finding;
}

enum finding convert_json(const struct target *target, const struct cell *cell, struct image *out)
{
    struct words words;
    enum finding finding = json_words(cell, &words);

    (void)target;
    if (!finding_fits(finding))
        return finding;
    if (json_check(words.bytes, words.size) != JSON_FINE)
        return JSON_SYNTAX;
    put_text(out, &words, 0);
    return finding;
}

/* Version 1 of jsonb's wire format is a byte and the text; in its normal form, so that what comes
 * back is what was sent. */
enum finding convert_jsonb(const struct target *target, const struct cell *cell, struct image *out)
{
    struct words words;
    enum finding finding = json_words(cell, &words);
    enum json_verdict verdict;
    size_t from = out->size;
    uint32_t size;

    (void)target;
    if (!finding_fits(finding))
        return finding;
    image_u32(out, 0);
    image_u8(out, 1);
    verdict = json_normal(words.bytes, words.size, out);
    if (verdict != JSON_FINE) {
        out->size = from;
        return verdict == JSON_BAD ? JSON_SYNTAX : JSON_NUL;
    }
    size = htobe32((uint32_t)(out->size - from - 4));
    memcpy(out->bytes + from, &size, sizeof size);
    (void)image_reserve(out, IMAGE_FIXED);
    return finding;
}
