/*
 * typemap.c - a table of words that a declared type may contain, the first that is found decides.
 *
 * It follows what SQLite itself makes of the word where that is sensible (§3.1 of its datatype3
 * page: INT anywhere is an integer) and what people mean by it where SQLite has no such type.
 * Never narrower than what SQLite holds: integers are bigint, REAL is double precision.
 */
#include "typemap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum match { WHOLE, FRONT, PART };

/* What the values have to say about it. */
enum doubt {
    CERTAIN,
    IF_TRUTH, /* boolean, unless other values are there: then smallint */
    BY_VALUES
};

static const struct type_word {
    const char *word;
    enum match match;
    enum pg_type type;
    enum doubt doubt;
} words[] = {
    // clang-format off
    {"",                 WHOLE, PG_OTHER,       BY_VALUES},
    {"bool",             PART,  PG_BOOL,        IF_TRUTH},
    {"bit",              WHOLE, PG_BOOL,        IF_TRUTH},
    {"tinyint(1)",       WHOLE, PG_BOOL,        IF_TRUTH},
    {"point",            FRONT, PG_BYTEA,       CERTAIN},
    {"geometry",         FRONT, PG_BYTEA,       CERTAIN},
    {"uuid",             WHOLE, PG_UUID,        CERTAIN},
    {"guid",             WHOLE, PG_UUID,        CERTAIN},
    {"uniqueidentifier", WHOLE, PG_UUID,        CERTAIN},
    {"json",             FRONT, PG_JSONB,       CERTAIN},
    {"datetime",         FRONT, PG_TIMESTAMPTZ, CERTAIN},
    {"timestamp",        FRONT, PG_TIMESTAMPTZ, CERTAIN},
    {"date",             WHOLE, PG_DATE,        CERTAIN},
    {"time",             WHOLE, PG_TIME,        CERTAIN},
    {"int",              PART,  PG_INT8,        CERTAIN},
    {"long",             WHOLE, PG_INT8,        CERTAIN},
    {"char",             PART,  PG_TEXT,        CERTAIN},
    {"clob",             PART,  PG_TEXT,        CERTAIN},
    {"text",             PART,  PG_TEXT,        CERTAIN},
    {"string",           FRONT, PG_TEXT,        CERTAIN},
    {"blob",             PART,  PG_BYTEA,       CERTAIN},
    {"byte",             FRONT, PG_BYTEA,       CERTAIN},
    {"binary",           PART,  PG_BYTEA,       CERTAIN},
    {"image",            WHOLE, PG_BYTEA,       CERTAIN},
    {"real",             PART,  PG_FLOAT8,      CERTAIN},
    {"floa",             PART,  PG_FLOAT8,      CERTAIN},
    {"doub",             PART,  PG_FLOAT8,      CERTAIN},
    {"num",              FRONT, PG_NUMERIC,     CERTAIN},
    {"dec",              FRONT, PG_NUMERIC,     CERTAIN},
    {"money",            FRONT, PG_NUMERIC,     CERTAIN},
    {"currency",         FRONT, PG_NUMERIC,     CERTAIN},
    // clang-format on
};

static const struct type_word other = {"", WHOLE, PG_OTHER, BY_VALUES};

static bool is(const struct type_word *word, const char *declared)
{
    size_t n = strlen(word->word), open = strcspn(declared, " (");

    switch (word->match) {
    case WHOLE:
        return strcasecmp(declared, word->word) == 0
               || (open == n && strncasecmp(declared, word->word, n) == 0);
    case FRONT:
        return strncasecmp(declared, word->word, n) == 0;
    case PART:
        break;
    }
    for (; *declared != '\0'; declared++)
        if (strncasecmp(declared, word->word, n) == 0)
            return true;
    return false;
}

static const struct type_word *find(const char *declared)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is(&words[i], declared))
            return &words[i];
    return &other;
}

bool typemap_wants_values(const char *declared)
{
    return find(declared)->doubt != CERTAIN;
}

bool typemap_may_be_truth(const char *declared)
{
    return find(declared)->doubt == IF_TRUTH;
}

/* One storage class has its type; numbers of both kinds are numeric; with anything else beside it,
 * text takes the numbers too. */
static enum pg_type by_values(const struct values_seen *seen)
{
    if (seen->texts == 0 && seen->blobs > 0 && seen->integers == 0 && seen->reals == 0)
        return PG_BYTEA;
    if (seen->texts > 0 || seen->blobs > 0 || seen->integers + seen->reals == 0)
        return PG_TEXT;
    return seen->reals == 0 ? PG_INT8 : seen->integers == 0 ? PG_FLOAT8 : PG_NUMERIC;
}

/* The (p,s) of a numeric. PostgreSQL takes up to 1000 digits, and no more places than digits. */
static void take_digits(const char *declared, struct made_type *out)
{
    const char *open = strchr(declared, '(');
    long precision = 0, scale = 0;
    char *end;

    if (open == NULL)
        return;
    precision = strtol(open + 1, &end, 10);
    end += strspn(end, " ");
    if (*end == ',')
        scale = strtol(end + 1, NULL, 10);
    if (precision < 1 || precision > 1000 || scale < 0 || scale > precision)
        return;
    out->precision = (int32_t)precision;
    out->scale = (int32_t)scale;
}

/* The first name of a type is the one it is made with. */
static const struct type_name {
    enum pg_type type;
    const char *sql;
    const char *name; /* in the catalogs */
} names[] = {
    // clang-format off
    {PG_BOOL,        "boolean",                     "bool"},
    {PG_INT2,        "smallint",                    "int2"},
    {PG_INT4,        "integer",                     "int4"},
    {PG_INT4,        "int",                         "int4"},
    {PG_INT8,        "bigint",                      "int8"},
    {PG_FLOAT4,      "real",                        "float4"},
    {PG_FLOAT8,      "double precision",            "float8"},
    {PG_NUMERIC,     "numeric",                     "numeric"},
    {PG_NUMERIC,     "decimal",                     "numeric"},
    {PG_TEXT,        "text",                        "text"},
    {PG_VARCHAR,     "character varying",           "varchar"},
    {PG_BPCHAR,      "character",                   "bpchar"},
    {PG_BPCHAR,      "char",                        "bpchar"},
    {PG_BYTEA,       "bytea",                       "bytea"},
    {PG_DATE,        "date",                        "date"},
    {PG_TIME,        "time",                        "time"},
    {PG_TIMESTAMP,   "timestamp",                   "timestamp"},
    {PG_TIMESTAMP,   "timestamp without time zone", "timestamp"},
    {PG_TIMESTAMPTZ, "timestamp with time zone",    "timestamptz"},
    {PG_UUID,        "uuid",                        "uuid"},
    {PG_JSON,        "json",                        "json"},
    {PG_JSONB,       "jsonb",                       "jsonb"},
    // clang-format on
};

static void write_type(struct made_type *made, const char *behind)
{
    char digits[32] = "";
    size_t i = 0;

    while (names[i].type != made->type)
        i++;
    made->name = names[i].name;
    if (made->precision > 0)
        snprintf(digits, sizeof digits, "(%d,%d)", (int)made->precision, (int)made->scale);
    if (made->length > 0)
        snprintf(digits, sizeof digits, "(%d)", (int)made->length);
    snprintf(made->sql, sizeof made->sql, "%s%s%s", names[i].sql, digits, behind);
}

struct made_type typemap(const char *declared, const struct values_seen *seen)
{
    const struct type_word *word = find(declared);
    struct made_type made = {.type = word->type};

    if (word->doubt == BY_VALUES)
        made.type = by_values(seen);
    else if (word->doubt == IF_TRUTH && seen->not_truth > 0)
        made.type = PG_INT2;
    if (made.type == PG_NUMERIC && word->doubt == CERTAIN)
        take_digits(declared, &made);
    write_type(&made, "");
    return made;
}

/* --- what a person wants --- */

static bool parse_name(const char *text, size_t size, enum pg_type *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((strlen(names[i].sql) == size && strncasecmp(text, names[i].sql, size) == 0)
            || (strlen(names[i].name) == size && strncasecmp(text, names[i].name, size) == 0)) {
            *out = names[i].type;
            return true;
        }
    return false;
}

/* "(80)" or "(12,2)" behind a type that takes them; *io_at: behind it. */
static bool parse_digits(const char **io_at, struct made_type *out)
{
    enum { LENGTH_MAX = 10485760 }; /* PostgreSQL's MaxAttrSize */
    const char *open = *io_at, *close = strchr(open, ')');
    char *end;

    if (*open != '(')
        return true;
    if (close == NULL)
        return false;
    *io_at = close + 1;
    if (out->type == PG_NUMERIC) {
        take_digits(open, out);
        return out->precision > 0;
    }
    out->length = (int32_t)strtol(open + 1, &end, 10);
    end += strspn(end, " ");
    return (out->type == PG_VARCHAR || out->type == PG_BPCHAR) && end == close && out->length > 0
           && out->length <= LENGTH_MAX;
}

/* "collate NAME", the name as it is or in double quotes. */
static bool parse_collation(const char *at, const struct made_type *made, char *out, size_t size)
{
    static const char word[] = "collate ";
    bool of_text = made->type == PG_TEXT || made->type == PG_VARCHAR || made->type == PG_BPCHAR;
    size_t n;

    if (!of_text || strncasecmp(at, word, sizeof word - 1) != 0)
        return false;
    at += sizeof word - 1;
    at += strspn(at, " ");
    n = strlen(at);
    if (n > 2 && at[0] == '"' && at[n - 1] == '"') {
        at++;
        n -= 2;
    }
    if (n == 0 || n > 63 || memchr(at, '"', n) != NULL)
        return false;
    snprintf(out, size, " COLLATE \"%.*s\"", (int)n, at);
    return true;
}

bool typemap_parse(const char *text, struct made_type *out)
{
    struct made_type made = {.type = PG_OTHER};
    const char *at = text + strcspn(text, "("), *collate = strcasestr(text, " collate ");
    char behind[100] = "";
    size_t size;

    if (collate != NULL && collate < at)
        at = collate;
    size = (size_t)(at - text);
    while (size > 0 && text[size - 1] == ' ')
        size--;
    if (!parse_name(text, size, &made.type) || !parse_digits(&at, &made))
        return false;
    at += strspn(at, " ");
    if (*at != '\0' && !parse_collation(at, &made, behind, sizeof behind))
        return false;
    write_type(&made, behind);
    *out = made;
    return true;
}
