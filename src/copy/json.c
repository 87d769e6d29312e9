/*
 * json.c - one descent through a text, which writes the normal form as it goes or only looks.
 */
#include "json.h"

#include <stdlib.h>

#include "base/text.h"
#include "base/vec.h"

enum { EXPONENT_MAX = 10000 };

struct parser {
    const char *at, *end;
    struct image *out; /* NULL: only look */
    int depth;
    enum json_verdict verdict;
};

static bool fail(struct parser *p, enum json_verdict verdict)
{
    p->verdict = verdict;
    return false;
}

static void put(struct parser *p, const char *bytes, size_t n)
{
    if (p->out != NULL && image_reserve(p->out, n))
        image_bytes(p->out, bytes, n);
}

static void skip_blank(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

static bool take(struct parser *p, char wanted)
{
    if (p->at == p->end || *p->at != wanted)
        return false;
    p->at++;
    return true;
}

/* --- strings --- */

static bool take_hex(struct parser *p, uint32_t *out)
{
    uint32_t value = 0;

    if (p->end - p->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = text_hex_digit(p->at[i]);

        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    p->at += 4;
    *out = value;
    return true;
}

/* Behind "\u": a character, or two halves of one. The type json stores halves as they are written.
 */
static bool take_code(struct parser *p, uint32_t *out)
{
    uint32_t low = 0;

    if (!take_hex(p, out))
        return fail(p, JSON_BAD);
    if (p->out == NULL)
        return true;
    if (*out >= 0xD800 && *out < 0xDC00) {
        if (!take(p, '\\') || !take(p, 'u') || !take_hex(p, &low) || low < 0xDC00 || low > 0xDFFF)
            return fail(p, JSON_NOT_IN_JSONB);
        *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
        return true;
    }
    return (*out != 0 && (*out < 0xDC00 || *out > 0xDFFF)) || fail(p, JSON_NOT_IN_JSONB);
}

/* One character of a string, decoded, as jsonb escapes it. */
static void put_character(struct parser *p, uint32_t code)
{
    static const char letters[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
    const char *special = code > 0 && code < 0x80 ? strchr(letters, (int)code) : NULL;
    char bytes[8] = "\\";

    if (special != NULL) {
        bytes[1] = names[special - letters];
        put(p, bytes, 2);
    } else if (code < 0x20) {
        static const char digits[] = "0123456789abcdef";

        memcpy(bytes, "\\u00", 4);
        bytes[4] = digits[code >> 4];
        bytes[5] = digits[code & 15];
        put(p, bytes, 6);
    } else {
        put(p, bytes, text_encode(code, bytes));
    }
}

static bool take_escape(struct parser *p)
{
    static const char names[] = "bfnrt\"\\/", letters[] = "\b\f\n\r\t\"\\/";
    const char *name;
    uint32_t code = 0;

    if (p->at == p->end)
        return fail(p, JSON_BAD);
    if (take(p, 'u')) {
        if (!take_code(p, &code))
            return false;
    } else {
        name = *p->at == '\0' ? NULL : strchr(names, *p->at);
        if (name == NULL)
            return fail(p, JSON_BAD);
        code = (uint32_t)letters[name - names];
        p->at++;
    }
    put_character(p, code);
    return true;
}

/* The opening quote has been taken. Characters that need no escape go as they are, many at once. */
static bool take_string(struct parser *p)
{
    put(p, "\"", 1);
    for (;;) {
        const char *from = p->at;

        while (p->at < p->end && (unsigned char)*p->at >= 0x20 && *p->at != '"' && *p->at != '\\')
            p->at++;
        put(p, from, (size_t)(p->at - from));
        if (take(p, '"'))
            break;
        if (!take(p, '\\'))
            return fail(p, JSON_BAD);
        if (!take_escape(p))
            return false;
    }
    put(p, "\"", 1);
    return true;
}

/* --- numbers --- */

struct number {
    bool negative;
    const char *whole, *fraction;
    int whole_size, fraction_size;
    long exponent;
};

static int take_digits(struct parser *p, const char **out)
{
    *out = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return (int)(p->at - *out);
}

static bool parse_number(struct parser *p, struct number *out)
{
    const char *digits;
    long sign = 1;
    int n;

    *out = (struct number){.negative = take(p, '-')};
    out->whole_size = take_digits(p, &out->whole);
    if (out->whole_size == 0 || (out->whole_size > 1 && out->whole[0] == '0'))
        return false;
    if (take(p, '.') && (out->fraction_size = take_digits(p, &out->fraction)) == 0)
        return false;
    if (!take(p, 'e') && !take(p, 'E'))
        return true;
    if (take(p, '-'))
        sign = -1;
    else
        (void)take(p, '+');
    n = take_digits(p, &digits);
    for (int i = 0; i < n && out->exponent <= EXPONENT_MAX; i++)
        out->exponent = out->exponent * 10 + (digits[i] - '0');
    out->exponent *= sign;
    return n > 0;
}

/* The digit at a place of whole and fraction as one row of digits; zero outside. */
static char digit_of(const struct number *n, long i)
{
    if (i < 0 || i >= n->whole_size + n->fraction_size)
        return '0';
    return i < n->whole_size ? n->whole[i] : n->fraction[i - n->whole_size];
}

static bool is_zero(const struct number *n)
{
    for (long i = 0; i < n->whole_size + n->fraction_size; i++)
        if (digit_of(n, i) != '0')
            return false;
    return true;
}

/* As numeric writes it: no exponent, the decimal places that were written, no minus zero. */
static void put_number(struct parser *p, const struct number *n)
{
    long point = n->whole_size + n->exponent; /* digits before the point */
    long places = n->fraction_size - n->exponent > 0 ? n->fraction_size - n->exponent : 0;
    long first = 0;

    while (first < point - 1 && digit_of(n, first) == '0')
        first++;
    if (point < 1)
        first = point - 1;
    if (n->negative && !is_zero(n))
        put(p, "-", 1);
    for (long i = first; i < point + places; i++) {
        char digit = digit_of(n, i);

        if (i == point)
            put(p, ".", 1);
        put(p, &digit, 1);
    }
}

static bool take_number(struct parser *p)
{
    struct number number;

    if (!parse_number(p, &number))
        return fail(p, JSON_BAD);
    if (p->out == NULL)
        return true;
    if (labs(number.exponent) > EXPONENT_MAX)
        return fail(p, JSON_NOT_IN_JSONB);
    put_number(p, &number);
    return true;
}

/* --- values --- */

static bool take_value(struct parser *p);

static bool take_word(struct parser *p, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
        return fail(p, JSON_BAD);
    p->at += n;
    put(p, word, n);
    return true;
}

static bool take_array(struct parser *p)
{
    put(p, "[", 1);
    skip_blank(p);
    for (bool first = true; !take(p, ']'); first = false) {
        if (!first && !take(p, ','))
            return fail(p, JSON_BAD);
        if (!first)
            put(p, ", ", 2);
        if (!take_value(p))
            return false;
    }
    put(p, "]", 1);
    return true;
}

/* Where a member of an object stands in the output: "key": value. */
struct member {
    size_t at, key_size, size, number;
    const char *bytes; /* while they are sorted */
};

/* Bytes of a key without its escapes, which is what jsonb sorts by; into room, as many as fit. */
static size_t plain_key(const struct member *m, char *out, size_t room)
{
    const char *at = m->bytes + 1, *end = m->bytes + m->key_size - 1;
    size_t n = 0;

    for (; at < end && n < room; n++) {
        char c = *at++;

        if (c == '\\' && *at == 'u') {
            c = (char)strtol((char[]){at[3], at[4], '\0'}, NULL, 16);
            at += 5;
        } else if (c == '\\') {
            static const char names[] = "bfnrt\"\\", letters[] = "\b\f\n\r\t\"\\";

            c = letters[strchr(names, *at++) - names];
        }
        out[n] = c;
    }
    return n;
}

enum { KEY_ROOM = 4096 }; /* longer keys are told apart by this much and by their length */

static int compare_keys(const struct member *a, const struct member *b)
{
    char a_key[KEY_ROOM], b_key[KEY_ROOM];
    size_t a_size, b_size;

    if (a->key_size == b->key_size && memcmp(a->bytes, b->bytes, a->key_size) == 0)
        return 0;
    a_size = plain_key(a, a_key, sizeof a_key);
    b_size = plain_key(b, b_key, sizeof b_key);
    if (a_size != b_size)
        return a_size < b_size ? -1 : 1;
    return memcmp(a_key, b_key, a_size);
}

static int compare_members(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    int order = compare_keys(a, b);

    return order != 0 ? order : a->number < b->number ? -1 : 1;
}

typedef VEC(struct member) members;

/* Rewrites the members, which stand one behind the other from `from` on, in jsonb's order. */
static void sort_members(struct parser *p, size_t from, members *list)
{
    size_t size = p->out->size - from;
    char *copy = alloc_zero(size, 1);

    if (copy == NULL) {
        p->out->failed = true;
        return;
    }
    memcpy(copy, p->out->bytes + from, size);
    for (size_t i = 0; i < list->count; i++)
        list->items[i].bytes = copy + (list->items[i].at - from);
    qsort(list->items, list->count, sizeof *list->items, compare_members);
    p->out->size = from;
    for (size_t i = 0; i < list->count; i++) {
        const struct member *m = &list->items[i];

        if (i + 1 < list->count && compare_keys(m, m + 1) == 0)
            continue;
        if (p->out->size > from)
            put(p, ", ", 2);
        put(p, m->bytes, m->size);
    }
    alloc_free(copy);
}

static bool take_member(struct parser *p, members *list)
{
    struct member *m = NULL;
    struct member here = {.at = p->out == NULL ? 0 : p->out->size, .number = list->count};

    skip_blank(p);
    if (!take(p, '"'))
        return fail(p, JSON_BAD);
    if (!take_string(p))
        return false;
    if (p->out != NULL)
        here.key_size = p->out->size - here.at;
    skip_blank(p);
    if (!take(p, ':'))
        return fail(p, JSON_BAD);
    put(p, ": ", 2);
    if (!take_value(p))
        return false;
    if (p->out == NULL)
        return true;
    here.size = p->out->size - here.at;
    m = VEC_PUSH(list);
    if (m == NULL)
        p->out->failed = true;
    else
        *m = here;
    return true;
}

static bool take_object(struct parser *p)
{
    members list = VEC_INIT;
    size_t from;
    bool ok = true;

    put(p, "{", 1);
    from = p->out == NULL ? 0 : p->out->size;
    skip_blank(p);
    for (bool first = true; ok && !take(p, '}'); first = false) {
        if (!first && !take(p, ','))
            ok = fail(p, JSON_BAD);
        ok = ok && take_member(p, &list);
    }
    if (ok && list.count > 1)
        sort_members(p, from, &list);
    VEC_RELEASE(&list);
    if (ok)
        put(p, "}", 1);
    return ok;
}

static bool take_nested(struct parser *p, bool (*nested)(struct parser *p))
{
    bool ok;

    if (p->depth == JSON_DEPTH)
        return fail(p, JSON_BAD);
    p->at++;
    p->depth++;
    ok = nested(p);
    p->depth--;
    return ok;
}

/* With the blanks around it. */
static bool take_value(struct parser *p)
{
    bool ok;

    skip_blank(p);
    if (p->at == p->end)
        return fail(p, JSON_BAD);
    switch (*p->at) {
    case '{':
        ok = take_nested(p, take_object);
        break;
    case '[':
        ok = take_nested(p, take_array);
        break;
    case '"':
        p->at++;
        ok = take_string(p);
        break;
    case 't':
        ok = take_word(p, "true");
        break;
    case 'f':
        ok = take_word(p, "false");
        break;
    case 'n':
        ok = take_word(p, "null");
        break;
    default:
        ok = take_number(p);
    }
    skip_blank(p);
    return ok;
}

static enum json_verdict descend(const char *bytes, size_t size, struct image *out)
{
    struct parser p = {.at = bytes, .end = bytes + size, .out = out};

    if (take_value(&p) && p.at != p.end)
        return JSON_BAD;
    return p.verdict;
}

enum json_verdict json_check(const char *bytes, size_t size)
{
    return descend(bytes, size, NULL);
}

enum json_verdict json_normal(const char *bytes, size_t size, struct image *out)
{
    return descend(bytes, size, out);
}
