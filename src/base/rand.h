/*
 * rand.h - jitter and identifiers; a test can own it. Not for secrets.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

uint64_t rand_u64(void);                 /* any thread */
int64_t rand_below(int64_t n);           /* 0 <= result < n; 0 for n <= 1 */
void rand_hex(char *out, size_t digits); /* digits lower-case hexadecimal digits and a NUL */
void rand_seed(uint64_t seed); /* tests only: from here on the sequence of this thread is fixed */

#endif
