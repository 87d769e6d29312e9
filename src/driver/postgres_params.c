/*
 * postgres_params.c - values into libpq's arrays.
 */
#include "postgres_params.h"

#include <endian.h>
#include <string.h>

#include "sqlstate.h"

enum { PARAMS_MAX = 65535 }; /* of the protocol */

static void put_binary(struct params *params, size_t i, Oid type, const void *bytes, size_t size)
{
    char *copy = arena_alloc(&params->arena, size == 0 ? 1 : size, 1);

    if (copy != NULL && size > 0)
        memcpy(copy, bytes, size);
    params->types[i] = type;
    params->values[i] = copy;
    params->lengths[i] = (int)size;
    params->formats[i] = 1;
}

static void put_value(struct params *params, size_t i, const hg_value *value)
{
    uint64_t bits;
    char boolean;

    switch (value->type) {
    case HG_NULL:
        break;
    case HG_INTEGER:
        bits = htobe64((uint64_t)value->as.integer);
        put_binary(params, i, OID_INT8, &bits, sizeof bits);
        break;
    case HG_REAL:
        memcpy(&bits, &value->as.real, sizeof bits);
        bits = htobe64(bits);
        put_binary(params, i, OID_FLOAT8, &bits, sizeof bits);
        break;
    case HG_BOOLEAN:
        boolean = value->as.boolean ? 1 : 0;
        put_binary(params, i, OID_BOOL, &boolean, 1);
        break;
    case HG_TEXT:
        params->values[i] =
            arena_text_n(&params->arena, value->as.bytes.data, value->as.bytes.size);
        break;
    case HG_BLOB:
        put_binary(params, i, OID_BYTEA, value->as.bytes.data, value->as.bytes.size);
        break;
    }
}

/* "\x00ff" */
static const char *hexadecimal(struct arena *arena, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(arena, size * 2 + 3, 1), *to = text;

    if (text == NULL)
        return NULL;
    *to++ = '\\';
    *to++ = 'x';
    for (size_t i = 0; i < size; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return text;
}

/* Enough digits to read back the same number, and a point whatever the program's locale. */
static const char *decimal(struct arena *arena, double value)
{
    char *text = arena_printf(arena, "%.17g", value);
    char *comma = text == NULL ? NULL : strchr(text, ',');

    if (comma != NULL)
        *comma = '.';
    return text;
}

/* A prepared statement has types of its own, which the server inferred: its values go as text. */
static void put_text(struct params *params, size_t i, const hg_value *value)
{
    const char **out = &params->values[i];

    switch (value->type) {
    case HG_NULL:
        break;
    case HG_INTEGER:
        *out = arena_printf(&params->arena, "%lld", (long long)value->as.integer);
        break;
    case HG_REAL:
        *out = decimal(&params->arena, value->as.real);
        break;
    case HG_BOOLEAN:
        *out = value->as.boolean ? "t" : "f";
        break;
    case HG_TEXT:
        *out = arena_text_n(&params->arena, value->as.bytes.data, value->as.bytes.size);
        break;
    case HG_BLOB:
        *out = hexadecimal(&params->arena, value->as.bytes.data, value->as.bytes.size);
        break;
    }
}

static bool check_value(const hg_value *value, size_t i, hg_error *err)
{
    bool bytes = value->type == HG_TEXT || value->type == HG_BLOB;
    size_t size = bytes ? value->as.bytes.size : 0;

    if (size > INT32_MAX / 2)
        return sqlstate_fail(err, "54000", "parameter $%zu is larger than a gigabyte", i + 1);
    if (value->type == HG_TEXT && size > 0 && memchr(value->as.bytes.data, '\0', size) != NULL)
        return sqlstate_fail(err, "22021",
                             "parameter $%zu has a zero byte in it, which "
                             "PostgreSQL keeps in no text",
                             i + 1);
    return true;
}

static bool make_arrays(struct params *params, size_t n)
{
    params->types = arena_alloc(&params->arena, n, sizeof *params->types);
    params->values = arena_alloc(&params->arena, n, sizeof *params->values);
    params->lengths = arena_alloc(&params->arena, n, sizeof *params->lengths);
    params->formats = arena_alloc(&params->arena, n, sizeof *params->formats);
    return params->types != NULL && params->values != NULL && params->lengths != NULL
           && params->formats != NULL;
}

bool params_init(struct params *params, const hg_value *values, size_t n, bool prepared,
                 hg_error *err)
{
    *params = (struct params){.arena = ARENA_INIT};
    if (n > PARAMS_MAX)
        return sqlstate_fail(err, "54000", "%zu parameters are more than the %d of a statement", n,
                             PARAMS_MAX);
    if (n > 0 && !make_arrays(params, n))
        return sqlstate_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        if (!check_value(&values[i], i, err))
            return false;
        (prepared ? put_text : put_value)(params, i, &values[i]);
        if (params->values[i] == NULL && values[i].type != HG_NULL)
            return sqlstate_no_memory(err);
    }
    return true;
}

void params_release(struct params *params)
{
    arena_release(&params->arena);
}
