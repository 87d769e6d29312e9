/*
 * rand.c - splitmix64 (Steele, Lea, Flood 2014), one state a thread, seeded by the kernel.
 */
#include "rand.h"

#include <stdbool.h>
#include <sys/random.h>

#include "clock.h"

static _Thread_local uint64_t state;
static _Thread_local bool seeded;

static void seed_from_kernel(void)
{
    if (getrandom(&state, sizeof state, GRND_NONBLOCK) != (ssize_t)sizeof state)
        state = (uint64_t)clock_now_ns() ^ (uint64_t)(uintptr_t)&state;
    seeded = true;
}

uint64_t rand_u64(void)
{
    uint64_t z;

    if (!seeded)
        seed_from_kernel();
    z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t rand_below(int64_t n)
{
    return n <= 1 ? 0 : (int64_t)(rand_u64() % (uint64_t)n);
}

void rand_hex(char *out, size_t digits)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < digits; i++) {
        if (i % 16 == 0)
            bits = rand_u64();
        out[i] = "0123456789abcdef"[bits & 15];
        bits >>= 4;
    }
    out[digits] = '\0';
}

void rand_seed(uint64_t seed)
{
    state = seed;
    seeded = true;
}
