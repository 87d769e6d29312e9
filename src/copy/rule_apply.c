/*
 * rule_apply.c - makes the value that a rule puts in the place of one that does not fit. Pure.
 */
#include "rule_apply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "rule.h"

/* --- what the scratch holds --- */

static bool set_text(struct image *scratch, const char *bytes, size_t size, struct cell *out)
{
    scratch->size = 0;
    if (!image_reserve(scratch, size + 1))
        return false;
    image_bytes(scratch, bytes, size);
    *out = (struct cell){CELL_TEXT, (uint32_t)size, {.bytes = scratch->bytes}};
    return true;
}

/* A text that lives as long as the rule does; for a column of floating point the number it says. */
static bool set_constant(const struct target *target, const char *text, struct cell *out)
{
    char *end = NULL;

    if (target->type == PG_FLOAT4 || target->type == PG_FLOAT8) {
        *out = (struct cell){CELL_REAL, 0, {.real = strtod(text, &end)}};
        return *text != '\0' && *end == '\0';
    }
    *out = (struct cell){CELL_TEXT, (uint32_t)strlen(text), {.bytes = text}};
    return true;
}

/* --- casts to a point in time --- */

/* Unix time in microseconds as the text that a date or time column takes. */
static bool set_moment(int64_t us, struct image *scratch, struct cell *out)
{
    int64_t seconds = us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000);
    int64_t days = seconds >= 0 ? seconds / 86400 : -((-seconds + 86399) / 86400);
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = yoe + era * 400 + (month <= 2), clock = seconds - days * 86400;
    char text[64];
    int n;

    if (year < 1 || year > 9999)
        return false;
    n = snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d.%06d", (int)year, (int)month,
                 (int)day, (int)(clock / 3600), (int)(clock / 60 % 60), (int)(clock % 60),
                 (int)(us - seconds * 1000000));
    return set_text(scratch, text, (size_t)n, out);
}

struct epoch {
    double per_second;   /* units */
    int64_t from_unix_s; /* when they began to count */
};

/* value units since an epoch. Whole numbers stay exact as far as microseconds go. */
static bool set_since(const struct cell *cell, const struct epoch *epoch, struct image *scratch,
                      struct cell *out)
{
    double us;

    if (cell->class == CELL_INTEGER)
        us = (double)cell->as.integer / epoch->per_second * 1e6;
    else if (cell->class == CELL_REAL)
        us = cell->as.real / epoch->per_second * 1e6;
    else
        return false;
    if (!(fabs(us) < 4e17))
        return false;
    if (cell->class == CELL_INTEGER && epoch->per_second <= 1e6) {
        int64_t unit = (int64_t)(1e6 / epoch->per_second);

        return set_moment(cell->as.integer * unit + epoch->from_unix_s * 1000000, scratch, out);
    }
    if (cell->class == CELL_INTEGER) /* finer than microseconds */
        return set_moment(cell->as.integer / (int64_t)(epoch->per_second / 1e6)
                              + epoch->from_unix_s * 1000000,
                          scratch, out);
    return set_moment(llround(us) + epoch->from_unix_s * 1000000, scratch, out);
}

static bool cast_julian(const struct cell *cell, struct image *scratch, struct cell *out)
{
    double days = cell->class == CELL_INTEGER ? (double)cell->as.integer : cell->as.real;

    if ((cell->class != CELL_INTEGER && cell->class != CELL_REAL) || !(fabs(days) < 1e7))
        return false;
    /* to the millisecond, which is what SQLite's own functions keep of a Julian day */
    return set_moment(llround((days - 2440587.5) * 86400000.0) * 1000, scratch, out);
}

static bool cast_unix(const struct cell *cell, struct image *scratch, struct cell *out)
{
    return set_since(cell, &(struct epoch){1, 0}, scratch, out);
}

static bool cast_unix_ms(const struct cell *cell, struct image *scratch, struct cell *out)
{
    return set_since(cell, &(struct epoch){1e3, 0}, scratch, out);
}

static bool cast_unix_us(const struct cell *cell, struct image *scratch, struct cell *out)
{
    return set_since(cell, &(struct epoch){1e6, 0}, scratch, out);
}

static bool cast_apple(const struct cell *cell, struct image *scratch, struct cell *out)
{
    return set_since(cell, &(struct epoch){1, 978307200}, scratch, out); /* 2001-01-01 */
}

static bool cast_webkit(const struct cell *cell, struct image *scratch, struct cell *out)
{
    return set_since(cell, &(struct epoch){1e6, -11644473600}, scratch, out); /* 1601-01-01 */
}

static bool cast_ticks(const struct cell *cell, struct image *scratch, struct cell *out)
{
    struct cell us = {CELL_INTEGER, 0, {.integer = cell->as.integer / 10}}; /* of 100 ns */

    return cell->class == CELL_INTEGER
           && set_since(&us, &(struct epoch){1e6, -62135596800}, scratch, out); /* 0001-01-01 */
}

/* --- casts of bytes and truth --- */

static bool cast_utf8(const struct cell *cell, struct image *scratch, struct cell *out)
{
    return cell->class == CELL_BLOB && set_text(scratch, cell->as.bytes, cell->size, out);
}

static bool cast_latin1(const struct cell *cell, struct image *scratch, struct cell *out)
{
    if (cell->class != CELL_TEXT && cell->class != CELL_BLOB)
        return false;
    scratch->size = 0;
    if (!image_reserve(scratch, (size_t)cell->size * 2 + 1))
        return false;
    for (uint32_t i = 0; i < cell->size; i++) {
        char character[4];

        image_bytes(scratch, character, text_encode((unsigned char)cell->as.bytes[i], character));
    }
    *out = (struct cell){CELL_TEXT, (uint32_t)scratch->size, {.bytes = scratch->bytes}};
    return true;
}

/* order: where each byte of the text form lies in the blob. */
static bool set_uuid(const struct cell *cell, const char order[16], struct image *scratch,
                     struct cell *out)
{
    static const char digits[] = "0123456789abcdef";
    char text[32];

    if (cell->class != CELL_BLOB || cell->size != 16)
        return false;
    for (int i = 0; i < 16; i++) {
        unsigned char byte = (unsigned char)cell->as.bytes[(int)order[i]];

        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    return set_text(scratch, text, sizeof text, out);
}

static bool cast_uuid(const struct cell *cell, struct image *scratch, struct cell *out)
{
    static const char order[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    return set_uuid(cell, order, scratch, out);
}

static bool cast_uuid_dotnet(const struct cell *cell, struct image *scratch, struct cell *out)
{
    static const char order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

    return set_uuid(cell, order, scratch, out);
}

static bool cast_boolean(const struct cell *cell, struct image *scratch, struct cell *out)
{
    (void)scratch;
    if (cell->class != CELL_INTEGER)
        return false;
    *out = (struct cell){CELL_INTEGER, 0, {.integer = cell->as.integer != 0}};
    return true;
}

/* A text with blanks around it. */
static bool cast_trim(const struct cell *cell, struct image *scratch, struct cell *out)
{
    const char *at = cell->as.bytes, *end = at + cell->size;

    if (cell->class != CELL_TEXT)
        return false;
    while (at < end && strchr(" \t\r\n", *at) != NULL && *at != '\0')
        at++;
    while (at < end && strchr(" \t\r\n", end[-1]) != NULL && end[-1] != '\0')
        end--;
    return set_text(scratch, at, (size_t)(end - at), out);
}

static const struct cast_row {
    const char *name;
    bool (*cast)(const struct cell *cell, struct image *scratch, struct cell *out);
} casts[] = {
    {"unix", cast_unix},
    {"unix-ms", cast_unix_ms},
    {"unix-us", cast_unix_us},
    {"julian", cast_julian},
    {"apple", cast_apple},
    {"webkit", cast_webkit},
    {"ticks", cast_ticks},
    {"utf8", cast_utf8},
    {"latin1", cast_latin1},
    {"uuid", cast_uuid},
    {"uuid-dotnet", cast_uuid_dotnet},
    {"boolean", cast_boolean},
    {"trim", cast_trim},
};

bool rule_find_cast(const char *name, int *out)
{
    for (size_t i = 0; i < sizeof casts / sizeof *casts; i++)
        if (strcmp(casts[i].name, name) == 0) {
            *out = (int)i;
            return true;
        }
    return false;
}

/* --- the other actions --- */

/* The bytes of a text's first n characters. */
static uint32_t first_characters(const struct cell *cell, int32_t n)
{
    uint32_t at = 0;

    while (at < cell->size && n >= 0) {
        n -= ((unsigned char)cell->as.bytes[at] & 0xC0) != 0x80;
        at += n >= 0;
    }
    return at;
}

/* Texts lose what is too much: behind the length, behind a NUL, behind the day. */
static bool truncate_text(const struct target *target, enum finding finding,
                          const struct cell *cell, struct cell *out)
{
    *out = *cell;
    if (cell->class != CELL_TEXT)
        return false;
    if (finding == TEXT_LENGTH)
        out->size = first_characters(cell, target->length);
    else if (finding == TEXT_NUL)
        out->size = (uint32_t)strnlen(cell->as.bytes, cell->size);
    else if (finding == DATE_TIME_PART)
        out->size = 10; /* YYYY-MM-DD, as the conversion has seen */
    return out->size < cell->size;
}

static bool round_number(const struct target *target, const struct cell *cell,
                         struct image *scratch, struct cell *out)
{
    char text[400];
    int n;

    if (cell->class != CELL_REAL || !(fabs(cell->as.real) < 9e18))
        return false;
    if (target->type == PG_NUMERIC) {
        n = snprintf(text, sizeof text, "%.*f", target->scale > 300 ? 300 : (int)target->scale,
                     cell->as.real);
        for (char *comma = strchr(text, ','); comma != NULL; comma = NULL)
            *comma = '.';
        return set_text(scratch, text, (size_t)n, out);
    }
    *out = (struct cell){CELL_INTEGER, 0, {.integer = llround(cell->as.real)}};
    return true;
}

/* Whether a value, written as text, is the one that a map is about. */
static bool is_value(const struct cell *cell, const char *text)
{
    char number[48];
    size_t n = strlen(text);

    if (cell->class == CELL_INTEGER || cell->class == CELL_REAL)
        return number_text(cell, number, sizeof number) == n && memcmp(number, text, n) == 0;
    return cell->class == CELL_TEXT && cell->size == n && memcmp(cell->as.bytes, text, n) == 0;
}

bool rule_apply(const struct rule *rule, const struct target *target, enum finding finding,
                const struct cell *cell, struct image *scratch, struct cell *out)
{
    switch (rule->action) {
    case RULE_NULL:
        *out = (struct cell){.class = CELL_NULL};
        return true;
    case RULE_DEFAULT:
        return set_constant(target, rule->to, out);
    case RULE_TRUNCATE:
        return truncate_text(target, finding, cell, out);
    case RULE_ROUND:
        return round_number(target, cell, scratch, out);
    case RULE_MAP:
        return is_value(cell, rule->from) && set_constant(target, rule->to, out);
    case RULE_CAST:
        return casts[rule->cast].cast(cell, scratch, out);
    case RULE_REJECT:
    case RULE_SKIP:
    case RULE_AS:
    case RULE_ACTIONS:
        break;
    }
    return false;
}
