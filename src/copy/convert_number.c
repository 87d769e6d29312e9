/*
 * convert_number.c - truth values, whole numbers, floating point, decimal numbers. Pure.
 *
 * A decimal number goes over the wire as PostgreSQL keeps it (numeric_recv): digits of base 10,000,
 * the weight of the first, sign, and how many decimal places are shown.
 */
#include "convert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    BASE = 10000,
    BASE_DIGITS = 4,
    NEGATIVE = 0x4000,
    FAST_SCALE = 15,   /* 10^15 and all below are exact as double and as int64_t */
    DIGITS_MAX = 1200, /* of a text that is taken as a decimal number */
    SCALE_MAX = 1000   /* of a column numeric(p,s) */
};

static const int64_t exact_below = INT64_C(1) << 53; /* whole numbers that a double keeps apart */

static const int64_t powers[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
};

/* --- whole numbers --- */

/* A text of a sign and digits, and nothing else. */
static bool parse_integer(const struct cell *cell, int64_t *out)
{
    const char *at = cell->as.bytes, *end = at + cell->size;
    bool negative = at < end && *at == '-';
    uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;

    at += at < end && (*at == '-' || *at == '+');
    if (at == end)
        return false;
    for (; at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';

        if (digit > 9 || value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static enum finding integer_of(const struct cell *cell, int64_t *out)
{
    switch (cell->class) {
    case CELL_INTEGER:
        *out = cell->as.integer;
        return FITS;
    case CELL_REAL:
        if (!(fabs(cell->as.real) < (double)exact_below)
            || cell->as.real != (double)(int64_t)cell->as.real)
            return INTEGER_FRACTION;
        *out = (int64_t)cell->as.real;
        return REAL_AS_INTEGER;
    case CELL_TEXT:
        return parse_integer(cell, out) ? TEXT_AS_NUMBER : INTEGER_TEXT;
    default:
        return INTEGER_BLOB;
    }
}

enum finding convert_int8(const struct target *target, const struct cell *cell, struct image *out)
{
    int64_t value = cell->as.integer;
    enum finding finding = cell->class == CELL_INTEGER ? FITS : integer_of(cell, &value);

    (void)target;
    if (!finding_fits(finding))
        return finding;
    image_u32(out, 8);
    image_u64(out, (uint64_t)value);
    return finding;
}

enum finding convert_int4(const struct target *target, const struct cell *cell, struct image *out)
{
    int64_t value = 0;
    enum finding finding = integer_of(cell, &value);

    (void)target;
    if (!finding_fits(finding))
        return finding;
    if (value < INT32_MIN || value > INT32_MAX)
        return INTEGER_RANGE;
    image_u32(out, 4);
    image_u32(out, (uint32_t)value);
    return finding;
}

enum finding convert_int2(const struct target *target, const struct cell *cell, struct image *out)
{
    int64_t value = 0;
    enum finding finding = integer_of(cell, &value);

    (void)target;
    if (!finding_fits(finding))
        return finding;
    if (value < INT16_MIN || value > INT16_MAX)
        return INTEGER_RANGE;
    image_u32(out, 2);
    image_u16(out, (uint16_t)value);
    return finding;
}

/* --- truth values --- */

static bool is_word(const struct cell *cell, const char *word)
{
    return cell->size == strlen(word) && strncasecmp(cell->as.bytes, word, cell->size) == 0;
}

static enum finding truth_of(const struct cell *cell, bool *out)
{
    switch (cell->class) {
    case CELL_INTEGER:
        *out = cell->as.integer == 1;
        return cell->as.integer == 0 || cell->as.integer == 1 ? FITS : BOOLEAN_NUMBER;
    case CELL_REAL:
        *out = cell->as.real == 1;
        return cell->as.real == 0 || cell->as.real == 1 ? REAL_AS_INTEGER : BOOLEAN_NUMBER;
    case CELL_TEXT:
        *out = is_word(cell, "true") || is_word(cell, "1");
        return *out || is_word(cell, "false") || is_word(cell, "0") ? TEXT_AS_BOOLEAN
                                                                    : BOOLEAN_TEXT;
    default:
        return BOOLEAN_BLOB;
    }
}

enum finding convert_bool(const struct target *target, const struct cell *cell, struct image *out)
{
    bool value = false;
    enum finding finding = truth_of(cell, &value);

    (void)target;
    if (finding_fits(finding)) {
        image_u32(out, 1);
        image_u8(out, value);
    }
    return finding;
}

/* --- floating point --- */

static enum finding real_of(const struct cell *cell, double *out)
{
    switch (cell->class) {
    case CELL_REAL:
        *out = cell->as.real;
        return FITS;
    case CELL_INTEGER:
        *out = (double)cell->as.integer;
        return cell->as.integer >= -exact_below && cell->as.integer <= exact_below ? FITS
                                                                                   : REAL_INEXACT;
    case CELL_TEXT:
        return REAL_TEXT;
    default:
        return REAL_BLOB;
    }
}

enum finding convert_float8(const struct target *target, const struct cell *cell, struct image *out)
{
    double value = 0;
    uint64_t bits;
    enum finding finding = real_of(cell, &value);

    (void)target;
    if (finding != FITS)
        return finding;
    memcpy(&bits, &value, sizeof bits);
    image_u32(out, 8);
    image_u64(out, bits);
    return FITS;
}

enum finding convert_float4(const struct target *target, const struct cell *cell, struct image *out)
{
    double value = 0;
    float narrow;
    uint32_t bits;
    enum finding finding = real_of(cell, &value);

    (void)target;
    if (finding != FITS)
        return finding;
    narrow = fabs(value) <= (double)3.402823466e38F || isinf(value) ? (float)value : 0.0F;
    if ((double)narrow != value)
        return REAL_INEXACT;
    memcpy(&bits, &narrow, sizeof bits);
    image_u32(out, 4);
    image_u32(out, bits);
    return FITS;
}

/* The shortest decimal that reads back as the same double: "1.5e-07"; with a point, whatever the
 * locale. */
static void shortest(double value, char *out, size_t size)
{
    char *comma;

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    comma = strchr(out, ',');
    if (comma != NULL)
        *comma = '.';
}

size_t number_text(const struct cell *cell, char *out, size_t size)
{
    int n;

    if (cell->class == CELL_INTEGER)
        return (size_t)snprintf(out, size, "%lld", (long long)cell->as.integer);
    if (isinf(cell->as.real))
        return (size_t)snprintf(out, size, cell->as.real < 0 ? "-Inf" : "Inf");
    shortest(cell->as.real, out, size);
    n = (int)strlen(out);
    if (out[strcspn(out, ".e")] == '\0')
        n += snprintf(out + n, size - (size_t)n, ".0");
    return (size_t)n;
}

/* --- decimal numbers --- */

/* digits[0..n) with the decimal point behind the first `point` of them (which may lie outside). */
struct decimal {
    bool negative;
    char digits[DIGITS_MAX];
    int n, point;
};

/* Leading and trailing zeros say nothing about the value. */
static void trim(struct decimal *d)
{
    int zeros = 0;

    while (zeros < d->n && d->digits[zeros] == '0')
        zeros++;
    d->n -= zeros;
    d->point -= zeros;
    memmove(d->digits, d->digits + zeros, (size_t)d->n);
    while (d->n > 0 && d->digits[d->n - 1] == '0')
        d->n--;
    if (d->n == 0) {
        d->point = 0;
        d->negative = false;
    }
}

/* [sign] digits [. digits] [e [sign] digits]; *out_places: decimal places as written. */
static bool parse_decimal(const char *at, const char *end, struct decimal *out, int *out_places)
{
    long exponent = 0, sign = 1;
    int places = -1;
    bool any = false;

    out->n = out->point = 0;
    out->negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    for (; at < end && ((*at >= '0' && *at <= '9') || (*at == '.' && places < 0)); at++) {
        if (*at == '.') {
            places = 0;
            continue;
        }
        if (out->n == DIGITS_MAX)
            return false;
        any = true;
        out->digits[out->n++] = *at;
        out->point += places < 0;
        places += places >= 0;
    }
    if (!any)
        return false;
    if (at < end && (*at == 'e' || *at == 'E')) {
        const char *first = ++at;

        if (at < end && (*at == '-' || *at == '+')) {
            sign = *at == '-' ? -1 : 1;
            first = ++at;
        }
        for (; at < end && *at >= '0' && *at <= '9' && exponent < 100000; at++)
            exponent = exponent * 10 + (*at - '0');
        if (at == first || exponent > DIGITS_MAX)
            return false;
    }
    out->point += (int)(sign * exponent);
    places = (places < 0 ? 0 : places) - (int)(sign * exponent);
    *out_places = places < 0 ? 0 : places;
    trim(out);
    return at == end;
}

/* The digit of weight 10^(point - 1 - i): zero outside of those that are kept. */
static int digit_at(const struct decimal *d, int i)
{
    return i < 0 || i >= d->n ? 0 : d->digits[i] - '0';
}

static int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static void put_decimal(struct image *out, const struct decimal *d, int scale)
{
    int weight = d->n == 0 ? 0 : floor_div(d->point - 1, BASE_DIGITS);
    int first = d->point - (weight + 1) * BASE_DIGITS; /* index of the first group's first digit */
    int groups = d->n == 0 ? 0 : (d->n - first + BASE_DIGITS - 1) / BASE_DIGITS;

    if (!image_reserve(out, IMAGE_FIXED + 2 * (size_t)groups))
        return; /* the image has failed as a whole */
    image_u32(out, 8 + 2 * (uint32_t)groups);
    image_u16(out, (uint16_t)groups);
    image_u16(out, (uint16_t)weight);
    image_u16(out, d->negative ? NEGATIVE : 0);
    image_u16(out, (uint16_t)scale);
    for (int g = 0; g < groups; g++) {
        int value = 0;

        for (int i = 0; i < BASE_DIGITS; i++)
            value = value * 10 + digit_at(d, first + g * BASE_DIGITS + i);
        image_u16(out, (uint16_t)value);
    }
}

/* value / 10^scale, both small enough to be exact. */
static void put_scaled(struct image *out, int64_t value, int scale)
{
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int padding = (BASE_DIGITS - scale % BASE_DIGITS) % BASE_DIGITS, n = 0, zeros = 0, weight;
    uint16_t groups[8];

    left *= (uint64_t)powers[padding];
    for (; left > 0; left /= BASE)
        groups[n++] = (uint16_t)(left % BASE);
    while (zeros < n && groups[zeros] == 0)
        zeros++;
    weight = n == 0 ? 0 : n - 1 - (scale + padding) / BASE_DIGITS;
    image_u32(out, 8 + 2 * (uint32_t)(n - zeros));
    image_u16(out, (uint16_t)(n - zeros));
    image_u16(out, (uint16_t)weight);
    image_u16(out, value < 0 ? NEGATIVE : 0);
    image_u16(out, (uint16_t)scale);
    while (n > zeros)
        image_u16(out, groups[--n]);
}

/* Whether the column keeps so many digits, and places. */
static enum finding check_decimal(const struct target *target, const struct decimal *d)
{
    if (target->precision == 0)
        return FITS;
    if (d->n - d->point > target->scale)
        return NUMERIC_SCALE;
    return d->point > target->precision - target->scale ? NUMERIC_PRECISION : FITS;
}

static enum finding numeric_of_text(const struct target *target, const char *bytes, size_t size,
                                    enum finding taken, struct image *out)
{
    struct decimal d;
    int places = 0;
    enum finding finding;

    if (!parse_decimal(bytes, bytes + size, &d, &places))
        return NUMERIC_TEXT;
    finding = check_decimal(target, &d);
    if (finding != FITS)
        return finding;
    put_decimal(out, &d, target->precision > 0 ? target->scale : places);
    return taken;
}

/* Most numbers with a few decimal places are whole when they are scaled; then no text is needed.
 * r / 10^s is correctly rounded, so it is the value only if the value is the double nearest to it.
 */
static bool numeric_of_scaled(const struct target *target, double value, int scale,
                              struct image *out)
{
    double scaled = value * (double)powers[scale];
    int64_t r;

    if (!(fabs(scaled) < (double)powers[FAST_SCALE]))
        return false;
    r = llround(scaled);
    if ((double)r / (double)powers[scale] != value)
        return false;
    if (target->precision > 0 && target->precision <= FAST_SCALE
        && llabs(r) >= powers[target->precision])
        return false; /* the way through the digits says what is wrong */
    put_scaled(out, r, scale);
    return true;
}

static enum finding numeric_of_real(const struct target *target, double value, struct image *out)
{
    char text[40];

    if (isinf(value))
        return NUMERIC_INFINITE;
    if (target->precision > 0 && target->scale <= FAST_SCALE
        && numeric_of_scaled(target, value, target->scale, out))
        return FITS;
    for (int scale = 0; target->precision == 0 && scale <= 6; scale++)
        if (numeric_of_scaled(target, value, scale, out))
            return FITS;
    shortest(value, text, sizeof text);
    return numeric_of_text(target, text, strlen(text), FITS, out);
}

enum finding convert_numeric(const struct target *target, const struct cell *cell,
                             struct image *out)
{
    char text[24];

    switch (cell->class) {
    case CELL_REAL:
        return numeric_of_real(target, cell->as.real, out);
    case CELL_INTEGER:
        if (cell->as.integer > -exact_below && cell->as.integer < exact_below)
            return numeric_of_real(target, (double)cell->as.integer, out);
        snprintf(text, sizeof text, "%lld", (long long)cell->as.integer);
        return numeric_of_text(target, text, strlen(text), FITS, out);
    case CELL_TEXT:
        return numeric_of_text(target, cell->as.bytes, cell->size, TEXT_AS_NUMBER, out);
    default:
        return NUMERIC_BLOB;
    }
}
