/*
 * cache.h - which texts come often enough to be worth a prepared statement, and the statements that
 * were prepared for them.
 * Pure. Must not know an engine: what a statement is and how it ends, the engine says.
 *
 * A text has to come CACHE_FROM times while few others come in between: who sends each text once
 * prepares nothing, and a thousand texts in a circle do not push one another out.
 */
#ifndef DRIVER_CACHE_H
#define DRIVER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CACHE_ROOM = 64, /* statements kept; the least recently used one goes first */
    CACHE_SEEN = 64, /* texts remembered, one a place, while they are not yet worth it */
    CACHE_FROM = 3,
    CACHE_TEXT_MAX = 16 * 1024 /* longer ones are more likely made than written */
};

/* What one statement is good for: a text, and the types that its parameters came with. Borrowed. */
struct cache_key {
    const char *sql;
    const unsigned *types; /* of `count` parameters; the engine's numbers */
    size_t size, count;
    uint64_t hash;
};

struct cached {
    uint64_t hash, used;
    unsigned *types; /* with the text behind them; NULL: the place is free */
    const char *sql;
    size_t size, count;
    uintptr_t statement;
};

/* Zeroed it is ready for use, once `drop` is set: it ends a statement that goes. NULL: nothing has
 * to be done for it. */
struct cache {
    struct cached kept[CACHE_ROOM];
    struct {
        uint64_t hash;
        unsigned times;
    } seen[CACHE_SEEN];
    uint64_t now; /* counts uses */
    void (*drop)(void *owner, uintptr_t statement);
    void *owner;
};

struct cache_key cache_key(const char *sql, const unsigned *types, size_t count);

/* The statement for this key, which is the most recently used one from here on; NULL: none. */
struct cached *cache_find(struct cache *cache, const struct cache_key *key);

/* Counts a text for which there is no statement; whether it is worth one now. */
bool cache_worth(struct cache *cache, const struct cache_key *key);

/* Takes a statement over. NULL when memory ran out: then it stays the caller's. */
struct cached *cache_keep(struct cache *cache, const struct cache_key *key, uintptr_t statement);

void cache_forget(struct cache *cache, struct cached *cached);
void cache_clear(struct cache *cache); /* frees everything; the cache may be used again */

#endif
