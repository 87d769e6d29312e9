/*
 * near.h - "did you mean": how far a mistyped word is from one that exists.
 */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/*
 * Keystrokes that lead from a to b, whatever their case: a letter more, less, another, or two
 * neighbours swapped (optimal string alignment distance). Words over 63 bytes are as far as can be.
 */
size_t near_distance(const char *a, const char *b);

/*
 * Whether a person who typed `word` may well have meant `name`: one slip in a word of up to five
 * letters, two in a longer one.
 */
int near_enough(const char *word, const char *name);

#endif
