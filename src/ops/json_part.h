/*
 * json_part.h - what the documents of json.h are made of. Pure.
 *
 * A function that returns a value gives it away; NULL: memory ran out, which jansson passes on up
 * to json_part_finish().
 */
#ifndef OPS_JSON_PART_H
#define OPS_JSON_PART_H

#include <jansson.h>

#include "json.h"

/* A text of any bytes, what is not UTF-8 as U+FFFD; NULL is null. */
json_t *json_part_text(const char *bytes);

/* The same; an empty text counts as not known and is null too. */
json_t *json_part_text_or_null(const char *bytes);

json_t *json_part_texts(const char *const *items, size_t count);

/* RFC 3339; null for 0. */
json_t *json_part_utc(int64_t wall_ms);

/* Milliseconds with three decimals: more would only be noise. Null when negative. */
json_t *json_part_ms(double ms);

/* The same as members of an object, and other values that documents are made of. */
void json_part_set_text(json_t *object, const char *name, const char *text);
void json_part_set_text_or_null(json_t *object, const char *name, const char *text);
void json_part_set_count(json_t *object, const char *name, int64_t count);
void json_part_set_flag(json_t *object, const char *name, bool flag);
void json_part_set_ms(json_t *object, const char *name, double ms);

/* How big a pool is, and how busy: an object that may have more. */
json_t *json_part_pool_counts(const hg_pool_snapshot *pool);

/* Sets current, heads and pending; empty when the ledger could not be read (NULL). */
void json_part_revisions(json_t *root, const hg_history *history);

/* An error as every document shows it; NULL is null. */
json_t *json_part_error(const hg_error *error);

/* An object with "headgate": version. */
json_t *json_part_document(void);

/* An array of what `row` makes of each of `count` rows of `size` bytes. */
json_t *json_part_rows(const void *rows, size_t count, size_t size,
                       json_t *(*row)(const void *row));
#define json_part_set_rows(object, name, rows, count, row) \
    json_object_set_new((object), (name), json_part_rows((rows), (count), sizeof *(rows), (row)))

/* Appends the document, which it takes over, and a line end. false: memory ran out. */
bool json_part_finish(struct buf *out, json_t *root);

#endif
