/*
 * span.h - a part of a text, cut without copying.
 */
#ifndef SETTINGS_SPAN_H
#define SETTINGS_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *at, *end;
};

static inline size_t length(struct span s)
{
    return (size_t)(s.end - s.at);
}

static inline const char *find(struct span s, char c)
{
    return memchr(s.at, c, length(s));
}

static inline const char *find_any(struct span s, const char *set)
{
    for (; s.at < s.end; s.at++)
        if (strchr(set, *s.at) != NULL)
            return s.at;
    return NULL;
}

static inline size_t count_of(struct span s, char c)
{
    size_t n = 0;

    for (; s.at < s.end; s.at++)
        n += *s.at == c;
    return n;
}

/* Cuts *s before the first `c`: returns that part and leaves what stands behind it in *s. */
static inline struct span cut(struct span *s, char c)
{
    const char *at = find(*s, c);
    struct span part = {s->at, at == NULL ? s->end : at};

    s->at = at == NULL ? s->end : at + 1;
    return part;
}

static inline bool starts_with(struct span s, const char *text)
{
    size_t n = strlen(text);

    return length(s) >= n && memcmp(s.at, text, n) == 0;
}

#endif
