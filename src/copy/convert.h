/*
 * convert.h - one value of SQLite as one field of PostgreSQL's binary COPY, or the rule it breaks.
 * Pure. Must not know tables, rows, or what a person wants done about a value that does not fit.
 *
 * The target's type decides, and the value's storage class; what the column was declared as in
 * SQLite is only a hint that many values do not follow. Nothing is changed in silence: what fits in
 * another form is counted under a finding of its own, everything else is a misfit.
 */
#ifndef COPY_CONVERT_H
#define COPY_CONVERT_H

#include "driver/bulk.h"
#include "image.h"

/* Types of PostgreSQL that a value can be sent as. */
enum pg_type {
    PG_OTHER, /* none of these */
    PG_BOOL,
    PG_INT2,
    PG_INT4,
    PG_INT8,
    PG_FLOAT4,
    PG_FLOAT8,
    PG_NUMERIC,
    PG_TEXT, /* also citext */
    PG_VARCHAR,
    PG_BPCHAR,
    PG_ENUM,
    PG_BYTEA,
    PG_DATE,
    PG_TIME,
    PG_TIMESTAMP,
    PG_TIMESTAMPTZ,
    PG_UUID,
    PG_JSON,
    PG_JSONB,
    PG_TYPES
};

/*
 * What a conversion found: the id that people and rules files see, whether the value fits after
 * all, and the sentence of the report.
 */
// clang-format off
#define FINDING_TABLE(X) \
    X(FITS,              "fits",              true,  "fits as it is") \
    X(TEXT_AS_NUMBER,    "text-as-number",    true,  "a text of digits, taken as the number") \
    X(REAL_AS_INTEGER,   "real-as-integer",   true,  "a whole REAL, taken as an integer") \
    X(TEXT_AS_BOOLEAN,   "text-as-boolean",   true,  "\"true\" or \"false\" as text, taken as the truth value") \
    X(NUMBER_AS_TEXT,    "number-as-text",    true,  "a number, written as its shortest text") \
    X(TEXT_AS_BYTES,     "text-as-bytes",     true,  "a text, taken as its bytes") \
    X(FRACTION_ROUNDED,  "fraction-rounded",  true,  "a fraction of a second, rounded to microseconds") \
    X(ZONE_TO_UTC,       "zone-to-utc",       true,  "a time with a zone, stored as UTC without one") \
    X(NOT_NULL,          "not-null",          false, "NULL in a column that is NOT NULL") \
    X(INTEGER_TEXT,      "integer-text",      false, "a text that is not a whole number") \
    X(INTEGER_FRACTION,  "integer-fraction",  false, "a REAL that is not a whole number below 2^53") \
    X(INTEGER_RANGE,     "integer-range",     false, "a number outside the range of the column's type") \
    X(INTEGER_BLOB,      "integer-blob",      false, "a BLOB in a column of whole numbers") \
    X(REAL_TEXT,         "real-text",         false, "a text in a column of floating point numbers") \
    X(REAL_BLOB,         "real-blob",         false, "a BLOB in a column of floating point numbers") \
    X(REAL_INEXACT,      "real-inexact",      false, "a number that the column's floating point type would change") \
    X(NUMERIC_TEXT,      "numeric-text",      false, "a text that is not a decimal number") \
    X(NUMERIC_SCALE,     "numeric-scale",     false, "more decimal places than the column keeps") \
    X(NUMERIC_PRECISION, "numeric-precision", false, "more digits than the column keeps") \
    X(NUMERIC_INFINITE,  "numeric-infinite",  false, "an infinity in a column of decimal numbers") \
    X(NUMERIC_BLOB,      "numeric-blob",      false, "a BLOB in a column of decimal numbers") \
    X(BOOLEAN_NUMBER,    "boolean-number",    false, "a number other than 0 and 1") \
    X(BOOLEAN_TEXT,      "boolean-text",      false, "a text other than true, false, 0 and 1") \
    X(BOOLEAN_BLOB,      "boolean-blob",      false, "a BLOB in a column of truth values") \
    X(TEXT_UTF8,         "text-utf8",         false, "a text that is not valid UTF-8") \
    X(TEXT_NUL,          "text-nul",          false, "a text with a NUL character, which PostgreSQL cannot store") \
    X(TEXT_LENGTH,       "text-length",       false, "a text longer than the column allows") \
    X(TEXT_BLOB,         "text-blob",         false, "a BLOB in a column of texts") \
    X(ENUM_LABEL,        "enum-label",        false, "a text that is not among the labels of the enum") \
    X(BYTES_NUMBER,      "bytes-number",      false, "a number in a column of bytes") \
    X(TIME_NUMBER,       "time-number",       false, "a number in a column of dates or times: since when, in which unit?") \
    X(TIME_SYNTAX,       "time-syntax",       false, "a text that is not a date or time of ISO 8601") \
    X(TIME_RANGE,        "time-range",        false, "a date or time that does not exist") \
    X(TIME_PRECISION,    "time-precision",    false, "a finer fraction of a second than the column keeps") \
    X(TIME_BLOB,         "time-blob",         false, "a BLOB in a column of dates or times") \
    X(DATE_TIME_PART,    "date-time-part",    false, "a time of day other than 00:00 in a column of dates") \
    X(UUID_SYNTAX,       "uuid-syntax",       false, "a text that is not a UUID") \
    X(UUID_BLOB,         "uuid-blob",         false, "a BLOB in a column of UUIDs: in which byte order?") \
    X(UUID_NUMBER,       "uuid-number",       false, "a number in a column of UUIDs") \
    X(JSON_SYNTAX,       "json-syntax",       false, "a text that is not JSON") \
    X(JSON_NUL,          "json-nul",          false, "JSON with \\u0000 or half a surrogate pair, which jsonb cannot store") \
    X(JSON_BLOB,         "json-blob",         false, "a BLOB in a column of JSON") \
    X(VALUE_SIZE,        "value-size",        false, "a value, or a row, that is too large to be carried") \
    X(TYPE_UNKNOWN,      "type-unknown",      false, "a column of a type that headgate cannot send")
// clang-format on

enum finding {
#define FINDING_ENUM(name, id, fits, title) name,
    FINDING_TABLE(FINDING_ENUM)
#undef FINDING_ENUM
        FINDINGS
};

const char *finding_id(enum finding finding);    /* "integer-text"; static */
const char *finding_title(enum finding finding); /* static */
bool finding_fits(enum finding finding);         /* the value arrives, if in another form */

/* A column of the target, as far as a value is concerned. Texts are borrowed. */
struct target {
    enum pg_type type;
    int32_t length;           /* of varchar and char; 0: any */
    int32_t precision, scale; /* of numeric; precision 0: any */
    int32_t places;           /* of a time: digits of the fraction that are kept, 0 to 6 */
    bool not_null;
    const char *const *labels; /* of an enum, sorted by bytes */
    size_t label_count;
};

/* Appends the field, its length in front, to an image in which IMAGE_FIXED bytes are free. A misfit
 * appends nothing. */
typedef enum finding convert_value(const struct target *target, const struct cell *cell,
                                   struct image *out);

/* The conversion to a type; never NULL: to PG_OTHER nothing fits. NULL values are not its business,
 * see convert_null(). */
convert_value *convert_to(enum pg_type type);

/* Appends a null, or says that the column has none. */
static inline enum finding convert_null(const struct target *target, struct image *out)
{
    if (target->not_null)
        return NOT_NULL;
    image_u32(out, UINT32_MAX);
    return FITS;
}

/* --- what the conversions share, see convert_*.c --- */

convert_value convert_bool, convert_int2, convert_int4, convert_int8, convert_float4,
    convert_float8, convert_numeric, convert_text, convert_varchar, convert_bpchar, convert_enum,
    convert_bytea, convert_date, convert_time, convert_timestamp, convert_timestamptz, convert_uuid,
    convert_json, convert_jsonb;

/* The shortest text that reads back as the same number, as SQLite writes it: "1.5", "3.0", "Inf".
 */
size_t number_text(const struct cell *cell, char *out, size_t size);

/* Whether a text can be stored: FITS, TEXT_UTF8 or TEXT_NUL. */
enum finding text_check(const char *bytes, size_t size);

/* Characters of a text that is valid. */
size_t text_characters(const char *bytes, size_t size);

/* Days from 2000-01-01 to a date of the proleptic Gregorian calendar. */
int64_t days_of(int year, int month, int day);

#endif
