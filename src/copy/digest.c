/*
 * digest.c - XXH3 with 128 bits, summed up.
 */
#include "digest.h"

#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static void add_hash(struct digest *digest, XXH128_hash_t hash)
{
    digest->rows++;
    digest->sum[0] += hash.low64;
    digest->sum[1] += hash.high64;
}

void digest_row(struct digest *digest, const char *bytes, size_t size)
{
    add_hash(digest, XXH3_128bits(bytes, size));
}

void digest_add(struct digest *digest, const struct digest *more)
{
    digest->rows += more->rows;
    digest->sum[0] += more->sum[0];
    digest->sum[1] += more->sum[1];
}

bool digest_same(const struct digest *a, const struct digest *b)
{
    return a->rows == b->rows && a->sum[0] == b->sum[0] && a->sum[1] == b->sum[1];
}

void digest_text(const struct digest *digest, char out[33])
{
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)digest->sum[0],
             (unsigned long long)digest->sum[1]);
}

/* --- in pieces --- */

/* It is the library's state: that has to be aligned as the library alone knows how. */
static XXH3_state_t *state_of(struct digest_run *run)
{
    return (XXH3_state_t *)run;
}

struct digest_run *digest_begin(void)
{
    XXH3_state_t *state = XXH3_createState();

    if (state != NULL)
        XXH3_128bits_reset(state);
    return (struct digest_run *)state;
}

void digest_piece(struct digest_run *run, const char *bytes, size_t size)
{
    XXH3_128bits_update(state_of(run), bytes, size);
}

void digest_end(struct digest_run *run, struct digest *digest)
{
    if (run == NULL)
        return;
    if (digest != NULL)
        add_hash(digest, XXH3_128bits_digest(state_of(run)));
    XXH3_freeState(state_of(run));
}
