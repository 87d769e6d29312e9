/*
 * place.c - walks a JSON text that is known to be valid; jansson keeps no positions of values.
 */
#include "place.h"

#include <stdbool.h>
#include <string.h>

struct walk {
    const char *at, *end;
};

static void blank(struct walk *w)
{
    while (w->at < w->end && strchr(" \t\r\n", *w->at) != NULL)
        w->at++;
}

/* Behind a string that begins here. */
static void string(struct walk *w)
{
    for (w->at++; w->at < w->end && *w->at != '"'; w->at++)
        if (*w->at == '\\' && w->at + 1 < w->end)
            w->at++;
    if (w->at < w->end)
        w->at++;
}

/* Behind a value of any kind: brackets are counted, so that no value is entered. */
static void value(struct walk *w)
{
    size_t depth = 0;

    blank(w);
    do {
        if (w->at >= w->end)
            return;
        if (*w->at == '"') {
            string(w);
            continue;
        }
        if (*w->at == '{' || *w->at == '[')
            depth++;
        else if (*w->at == '}' || *w->at == ']')
            depth--;
        w->at++;
    } while (depth > 0
             || (w->at < w->end && w->at[-1] != '"' && w->at[-1] != '}' && w->at[-1] != ']'
                 && strchr(",]} \t\r\n", *w->at) == NULL));
}

/* Whether the key that begins here is this one. Keys with escapes are never ours. */
static bool is_key(const struct walk *w, const char *key)
{
    size_t n = strlen(key);

    return (size_t)(w->end - w->at) > n + 1 && memcmp(w->at + 1, key, n) == 0
           && w->at[n + 1] == '"';
}

/* From the bracket of an object or array to the wanted value in it; false: it is not there. */
static bool enter(struct walk *w, const struct place_step *step)
{
    char open = step->key != NULL ? '{' : '[';
    size_t index = 0;

    blank(w);
    if (w->at >= w->end || *w->at != open)
        return false;
    w->at++;
    for (blank(w); w->at < w->end && *w->at != '}' && *w->at != ']'; blank(w)) {
        bool found = step->key == NULL ? index++ == step->index : is_key(w, step->key);

        if (step->key != NULL) {
            string(w);
            blank(w);
            w->at++; /* the colon */
        }
        blank(w);
        if (found)
            return true;
        value(w);
        blank(w);
        if (w->at < w->end && *w->at == ',')
            w->at++;
    }
    return false;
}

size_t place_of(const char *text, size_t size, const struct place_step *way, size_t steps)
{
    struct walk w = {text, text + size};
    size_t reached;

    blank(&w);
    reached = (size_t)(w.at - text);
    for (size_t i = 0; i < steps && enter(&w, &way[i]); i++)
        reached = (size_t)(w.at - text);
    return reached;
}
