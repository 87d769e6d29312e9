/*
 * json_part.c - texts, times and whole documents with jansson.
 */
#include "json_part.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

/* A text of any bytes: jansson takes UTF-8 only. */
json_t *json_part_text(const char *bytes)
{
    struct buf clean = BUF_INIT(16 << 20);
    size_t n;
    json_t *value;

    if (bytes == NULL)
        return json_null();
    n = strlen(bytes);
    if (text_valid(bytes, n))
        return json_stringn_nocheck(bytes, n);
    while (n > 0) {
        uint32_t code;
        size_t length = text_decode(bytes, n, &code);

        buf_bytes(&clean, length == 0 ? "\xef\xbf\xbd" : bytes, length == 0 ? 3 : length);
        length = length == 0 ? 1 : length;
        bytes += length;
        n -= length;
    }
    value = json_stringn_nocheck(clean.bytes, clean.size);
    buf_release(&clean);
    return value;
}

json_t *json_part_text_or_null(const char *bytes)
{
    return bytes == NULL || bytes[0] == '\0' ? json_null() : json_part_text(bytes);
}

json_t *json_part_utc(int64_t wall_ms)
{
    char when[32];

    return json_part_text_or_null(clock_format_utc(wall_ms, when, sizeof when));
}

/* Milliseconds with three decimals: more would only be noise. */
json_t *json_part_ms(double ms)
{
    if (ms < 0)
        return json_null();
    return json_real((double)(int64_t)(ms * 1000 + 0.5) / 1000);
}

void json_part_set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_part_text(text));
}

void json_part_set_text_or_null(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_part_text_or_null(text));
}

void json_part_set_count(json_t *object, const char *name, int64_t count)
{
    json_object_set_new(object, name, json_integer(count));
}

void json_part_set_flag(json_t *object, const char *name, bool flag)
{
    json_object_set_new(object, name, json_boolean(flag));
}

void json_part_set_ms(json_t *object, const char *name, double ms)
{
    json_object_set_new(object, name, json_part_ms(ms));
}

json_t *json_part_error(const hg_error *error)
{
    json_t *object;

    if (error == NULL)
        return json_null();
    object = json_object();
    json_object_set_new(object, "code", json_part_text(hg_code_name(error->code)));
    json_object_set_new(object, "sqlstate", json_part_text_or_null(error->sqlstate));
    json_object_set_new(object, "message", json_part_text(error->message));
    json_object_set_new(object, "hint", json_part_text_or_null(error->hint));
    json_object_set_new(object, "file", json_part_text_or_null(error->file));
    json_object_set_new(object, "line", error->line > 0 ? json_integer(error->line) : json_null());
    json_object_set_new(object, "column",
                        error->column > 0 ? json_integer(error->column) : json_null());
    json_object_set_new(object, "excerpt", json_part_text_or_null(error->excerpt));
    json_object_set_new(object, "excerpt_column",
                        error->excerpt_column > 0 ? json_integer(error->excerpt_column)
                                                  : json_null());
    return object;
}

json_t *json_part_document(void)
{
    json_t *root = json_object();

    json_object_set_new(root, "headgate", json_part_text(hg_version()));
    return root;
}

bool json_part_finish(struct buf *out, json_t *root)
{
    char *dump = root == NULL ? NULL : json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(15));

    json_decref(root);
    if (dump == NULL)
        return false;
    buf_text(out, dump);
    buf_char(out, '\n');
    free(dump);
    return !buf_failed(out);
}

json_t *json_part_texts(const char *const *items, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_part_text(items[i]));
    return array;
}

json_t *json_part_pool_counts(const hg_pool_snapshot *pool)
{
    json_t *object = json_object();

    json_object_set_new(object, "size", json_integer(pool->size));
    json_object_set_new(object, "max_overflow", json_integer(pool->max_overflow));
    json_object_set_new(object, "in_use", json_integer(pool->in_use));
    json_object_set_new(object, "idle", json_integer(pool->idle));
    json_object_set_new(object, "overflow", json_integer(pool->overflow));
    json_object_set_new(object, "waiting", json_integer(pool->waiting));
    return object;
}

json_t *json_part_rows(const void *rows, size_t count, size_t size, json_t *(*row)(const void *row))
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, row((const char *)rows + i * size));
    return array;
}
