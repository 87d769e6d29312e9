/*
 * cache.c - statements in a small table that is searched by hash: sixty-four comparisons cost less
 * than one page fault, and a round trip costs a thousand times as much.
 */
#include "cache.h"

#include <string.h>

#include "base/alloc.h"

/* Eight bytes at a time; good enough to tell texts apart that mean no harm: equality is checked. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    const uint64_t prime = UINT64_C(0x9E3779B97F4A7C15);
    const char *at = bytes;

    while (size > 0) {
        size_t n = size < sizeof(uint64_t) ? size : sizeof(uint64_t);
        uint64_t word = 0;

        memcpy(&word, at, n);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 32;
        at += n;
        size -= n;
    }
    return hash;
}

struct cache_key cache_key(const char *sql, const unsigned *types, size_t count)
{
    size_t size = strlen(sql);
    uint64_t hash = mix(size, sql, size);

    return (struct cache_key){.sql = sql,
                              .types = types,
                              .size = size,
                              .count = count,
                              .hash = mix(hash, types, count * sizeof *types)};
}

static bool same(const struct cached *cached, const struct cache_key *key)
{
    return cached->types != NULL && cached->hash == key->hash && cached->size == key->size
           && cached->count == key->count && memcmp(cached->sql, key->sql, key->size) == 0
           && (key->count == 0
               || memcmp(cached->types, key->types, key->count * sizeof *key->types) == 0);
}

struct cached *cache_find(struct cache *cache, const struct cache_key *key)
{
    for (size_t i = 0; i < CACHE_ROOM; i++)
        if (same(&cache->kept[i], key)) {
            cache->kept[i].used = ++cache->now;
            return &cache->kept[i];
        }
    return NULL;
}

bool cache_worth(struct cache *cache, const struct cache_key *key)
{
    size_t at = key->hash % CACHE_SEEN;

    if (key->size > CACHE_TEXT_MAX)
        return false;
    if (cache->seen[at].hash != key->hash) {
        cache->seen[at].hash = key->hash;
        cache->seen[at].times = 0;
    }
    return ++cache->seen[at].times >= CACHE_FROM;
}

/* A free place, or the one whose use is the longest ago. */
static struct cached *oldest(struct cache *cache)
{
    struct cached *oldest = &cache->kept[0];

    for (size_t i = 0; i < CACHE_ROOM; i++) {
        if (cache->kept[i].types == NULL)
            return &cache->kept[i];
        if (cache->kept[i].used < oldest->used)
            oldest = &cache->kept[i];
    }
    return oldest;
}

struct cached *cache_keep(struct cache *cache, const struct cache_key *key, uintptr_t statement)
{
    size_t types_size = key->count * sizeof *key->types;
    unsigned *types = alloc_zero(1, types_size + key->size + 1);
    struct cached *cached = oldest(cache);
    char *sql;

    if (types == NULL)
        return NULL;
    if (cached->types != NULL)
        cache_forget(cache, cached);
    sql = (char *)types + types_size;
    memcpy(sql, key->sql, key->size);
    if (types_size > 0)
        memcpy(types, key->types, types_size);
    *cached = (struct cached){.hash = key->hash,
                              .used = ++cache->now,
                              .types = types,
                              .sql = sql,
                              .size = key->size,
                              .count = key->count,
                              .statement = statement};
    return cached;
}

void cache_forget(struct cache *cache, struct cached *cached)
{
    if (cache->drop != NULL)
        cache->drop(cache->owner, cached->statement);
    alloc_free(cached->types);
    *cached = (struct cached){0};
}

void cache_clear(struct cache *cache)
{
    for (size_t i = 0; i < CACHE_ROOM; i++)
        if (cache->kept[i].types != NULL)
            cache_forget(cache, &cache->kept[i]);
}
