/*
 * own_keys.c - reading them, and what is refused.
 */
#include "own_keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "palette.h"
#include "playscript.h"

struct reader {
    const char *origin;
    int line;
    struct own_keys *out;
    hg_error *err;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct reader *r, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hg_fail(r->err, HG_FILE, "%s", text);
    hg_error_place(r->err, r->origin, r->line, 0);
    return false;
}

/* What it means already somewhere that own keys work; COMMAND_NONE: nothing. */
static enum command taken_by(uint32_t key)
{
    unsigned contexts = keys_row(COMMAND_LINE)->contexts;
    enum command found = COMMAND_NONE;

    for (unsigned context = 1; context <= ANYWHERE && found == COMMAND_NONE; context *= 2)
        if ((contexts & context) != 0)
            found = keys_find((enum context)context, key);
    return found;
}

static bool is_taken_twice(const struct own_keys *own, uint32_t key)
{
    for (size_t i = 0; i < own->count; i++)
        if (own->keys[i].key == key)
            return true;
    return false;
}

/* Whoever presses these has meant to. */
static bool may_change(uint32_t key)
{
    return (key >= 'A' && key <= 'Z') || (key >= KEYS_F1 && key <= KEYS_F12);
}

static bool add(struct reader *r, const char *name, const char *line)
{
    struct own_key *to = &r->out->keys[r->out->count];
    bool changes;
    uint32_t key;

    if (!playscript_key(name, &key))
        return refuse(r, "no key is called \"%s\"", name);
    if (strlen(name) >= sizeof to->name)
        return refuse(r, "the name of the key is too long");
    if (taken_by(key) != COMMAND_NONE)
        return refuse(r, "the key %s has its meaning already: %s", name,
                      keys_row(taken_by(key))->help);
    if (is_taken_twice(r->out, key))
        return refuse(r, "the key %s stands for another line above", name);
    if (line[0] == '\0')
        return refuse(r, "behind the key %s a line is missing, as it is typed behind :", name);
    if (!palette_knows(line, &changes))
        return refuse(r, "\"%.*s\" is nothing that can be typed behind :", (int)strcspn(line, " "),
                      line);
    if (changes && !may_change(key))
        return refuse(r, "\"%s\" leads to a change: that takes a capital letter or a function key",
                      line);
    if (r->out->count + 1 == OWN_KEYS_MAX || strlen(line) >= sizeof to->line)
        return refuse(r, "that is too much: there is room for %d keys and short lines",
                      OWN_KEYS_MAX - 1);
    to->key = key;
    snprintf(to->name, sizeof to->name, "%s", name);
    snprintf(to->line, sizeof to->line, "%s", line);
    r->out->count++;
    return true;
}

static void strip(char *text)
{
    size_t n = strlen(text);

    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
        text[--n] = '\0';
}

/* "KEY LINE", a comment, or nothing. */
static bool read_line(struct reader *r, const char *text, size_t n)
{
    char line[256], *name = line, *rest;

    if (n >= sizeof line || memchr(text, '\0', n) != NULL)
        return refuse(r, "this is no line of keys");
    memcpy(line, text, n);
    line[n] = '\0';
    strip(line);
    name += strspn(name, " \t");
    if (name[0] == '\0' || (name[0] == '#' && (name[1] == '\0' || name[1] == ' ')))
        return true;
    rest = name + strcspn(name, " \t");
    if (*rest != '\0')
        *rest++ = '\0';
    return add(r, name, rest + strspn(rest, " \t:"));
}

bool own_keys_parse(const char *text, size_t size, const char *origin, struct own_keys *out,
                    hg_error *err)
{
    struct reader r = {origin, 0, out, err};

    out->count = 0;
    for (const char *end = text + size; text < end;) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((stop == NULL ? end : stop) - text);

        r.line++;
        if (!read_line(&r, text, n)) {
            out->count = 0;
            return false;
        }
        text += n + 1;
    }
    return true;
}

const char *own_keys_find(const struct own_keys *own, unsigned context, uint32_t key)
{
    if ((keys_row(COMMAND_LINE)->contexts & context) == 0)
        return NULL;
    for (size_t i = 0; i < own->count; i++)
        if (own->keys[i].key == key)
            return own->keys[i].line;
    return NULL;
}
