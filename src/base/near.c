/*
 * near.c - the distance table, three rows at a time.
 */
#include "near.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { LONGEST = 63, SHORT_WORD = 5 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t least_ab = a < b ? a : b;

    return least_ab < c ? least_ab : c;
}

static int same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t near_distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    size_t n = strlen(a), m = strlen(b);

    if (n > LONGEST || m > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *oldest = before;

        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = same(a[i - 1], b[j - 1]) ? 0 : 1;

            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                now[j] = least(now[j], before[j - 2] + 1, SIZE_MAX);
        }
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

int near_enough(const char *word, const char *name)
{
    return near_distance(word, name) <= (strlen(word) <= SHORT_WORD ? 1u : 2u);
}
