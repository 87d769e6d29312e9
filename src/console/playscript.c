/*
 * playscript.c - a table of verbs, each with the function that reads the rest of its line.
 */
#include "playscript.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/near.h"
#include "base/text.h"
#include "keys.h"

enum { UNTIL_S = 10, LONGEST_S = 3600, SIDE_MAX = 1000, STEPS_MAX = 100000 };

/* clang-format off */
static const struct {
    const char *name;
    uint32_t key;
} names[] = {
    {"Up", KEYS_UP},         {"Down", KEYS_DOWN},       {"Left", KEYS_LEFT},  {"Right", KEYS_RIGHT},
    {"Home", KEYS_HOME},     {"End", KEYS_END},         {"PgUp", KEYS_PAGE_UP}, {"PgDn", KEYS_PAGE_DOWN},
    {"Tab", KEYS_TAB},       {"S-Tab", KEYS_BACK_TAB},  {"Enter", KEYS_ENTER}, {"Esc", KEYS_ESCAPE},
    {"Backspace", KEYS_BACKSPACE}, {"Space", ' '},
    {"^C", KEYS_INTERRUPT},  {"^Z", KEYS_SUSPEND},      {"^L", KEYS_REDRAW},
    {"^D", 4},               {"^U", 21},
    {"F1", KEYS_F1},         {"F2", KEYS_F1 + 1},       {"F3", KEYS_F1 + 2},  {"F4", KEYS_F1 + 3},
    {"F5", KEYS_F1 + 4},     {"F6", KEYS_F1 + 5},       {"F7", KEYS_F1 + 6},  {"F8", KEYS_F1 + 7},
    {"F9", KEYS_F1 + 8},     {"F10", KEYS_F1 + 9},      {"F11", KEYS_F1 + 10}, {"F12", KEYS_F12},
};
/* clang-format on */

/* What is being read. */
struct reader {
    struct playscript *script;
    const char *origin;
    int line;
    const char *at, *end; /* of the line */
    hg_error *err;
};

const char *playscript_key_name(uint32_t key, char *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].key == key)
            return names[i].name;
    out[text_encode(key, out)] = '\0';
    return out;
}

__attribute__((format(printf, 2, 3))) static bool refuse(struct reader *r, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hg_fail(r->err, HG_USAGE, "%s", text);
    hg_error_place(r->err, r->origin, r->line, 0);
    return false;
}

static bool add(struct reader *r, struct playscript_step step)
{
    struct playscript *s = r->script;

    if (s->count == s->room) {
        size_t room = s->room == 0 ? 64 : 2 * s->room;
        struct playscript_step *steps =
            room > STEPS_MAX ? NULL : alloc_resize(s->steps, room, sizeof *steps);

        if (steps == NULL)
            return hg_fail(r->err, HG_NOMEM, "%s is too long for a script", r->origin);
        s->steps = steps;
        s->room = room;
    }
    step.line = r->line;
    s->steps[s->count++] = step;
    return true;
}

static void skip_spaces(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

/* The next word of the line; false: there is none. */
static bool take_word(struct reader *r, char *out, size_t size)
{
    size_t n = 0;

    skip_spaces(r);
    while (r->at + n < r->end && r->at[n] != ' ' && r->at[n] != '\t')
        n++;
    snprintf(out, size, "%.*s", (int)n, r->at);
    r->at += n;
    return n > 0;
}

bool playscript_key(const char *name, uint32_t *out)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].key;
            return true;
        }
    return n > 0 && text_decode(name, n, out) == n;
}

static bool add_key(struct reader *r, const char *word)
{
    uint32_t key;

    if (playscript_key(word, &key))
        return add(r, (struct playscript_step){.verb = SCRIPT_KEY, .key = key});
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (near_enough(word, names[i].name))
            return refuse(r, "no key is called \"%s\": did you mean %s?", word, names[i].name);
    return refuse(r, "no key is called \"%s\"", word);
}

static bool read_keys(struct reader *r, enum playscript_verb verb)
{
    char word[64];
    bool any = false;

    (void)verb;
    while (take_word(r, word, sizeof word)) {
        any = true;
        if (!add_key(r, word))
            return false;
    }
    return any || refuse(r, "keys needs a key");
}

/* Each character; what cannot be decoded is not typed by any keyboard. */
static bool read_type(struct reader *r, enum playscript_verb verb)
{
    (void)verb;
    skip_spaces(r);
    while (r->at < r->end) {
        uint32_t code = 0;
        size_t n = text_decode(r->at, (size_t)(r->end - r->at), &code);

        if (n == 0)
            return refuse(r, "this is not UTF-8");
        if (!add(r, (struct playscript_step){.verb = SCRIPT_KEY, .key = code}))
            return false;
        r->at += n;
    }
    return true;
}

/* The rest of the line as it stands. */
static bool read_rest(struct reader *r, enum playscript_verb verb)
{
    struct playscript_step step = {.verb = verb};

    skip_spaces(r);
    if ((size_t)(r->end - r->at) >= sizeof step.text)
        return refuse(r, "that is too long");
    memcpy(step.text, r->at, (size_t)(r->end - r->at));
    if (!text_valid(step.text, strlen(step.text)))
        return refuse(r, "this is not UTF-8");
    r->at = r->end;
    return add(r, step);
}

static bool take_quoted(struct reader *r, char *out, size_t size)
{
    size_t n = 0;

    skip_spaces(r);
    if (r->at == r->end || *r->at++ != '"')
        return refuse(r, "the text has to stand between quotes");
    for (; r->at < r->end && *r->at != '"'; r->at++) {
        if (*r->at == '\\' && r->at + 1 < r->end)
            r->at++;
        if (n + 1 < size)
            out[n++] = *r->at;
    }
    out[n] = '\0';
    if (r->at == r->end)
        return refuse(r, "the quotes are not closed");
    r->at++;
    return n > 0 || refuse(r, "the text is empty");
}

static bool take_seconds(struct reader *r, double *out)
{
    char word[32], *end;

    if (!take_word(r, word, sizeof word))
        return refuse(r, "how many seconds?");
    *out = strtod(word, &end);
    if (*end != '\0' || !(*out >= 0 && *out <= LONGEST_S))
        return refuse(r, "\"%s\" is not a number of seconds up to %d", word, LONGEST_S);
    return true;
}

static bool read_until(struct reader *r, enum playscript_verb verb)
{
    struct playscript_step step = {.verb = verb, .seconds = UNTIL_S};
    char word[16];

    if (!take_quoted(r, step.text, sizeof step.text))
        return false;
    if (take_word(r, word, sizeof word)
        && ((strcmp(word, "within") != 0 && !refuse(r, "\"%s\" is not \"within\"", word))
            || !take_seconds(r, &step.seconds)))
        return false;
    return add(r, step);
}

bool playscript_size(const char *text, int *out_width, int *out_height)
{
    int width = 0, height = 0, used = 0;

    if (sscanf(text, "%4dx%4d%n", &width, &height, &used) != 2 || text[used] != '\0' || width < 1
        || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return false;
    *out_width = width;
    *out_height = height;
    return true;
}

static bool read_size(struct reader *r, enum playscript_verb verb)
{
    struct playscript_step step = {.verb = verb};
    char word[32] = "";

    take_word(r, word, sizeof word);
    if (!playscript_size(word, &step.width, &step.height))
        return refuse(r, "\"%s\" is not a size as 80x24 is", word);
    return add(r, step);
}

static bool read_pause(struct reader *r, enum playscript_verb verb)
{
    struct playscript_step step = {.verb = verb};

    return take_seconds(r, &step.seconds) && add(r, step);
}

/* clang-format off */
static const struct {
    const char *name;
    enum playscript_verb verb;
    bool (*read)(struct reader *r, enum playscript_verb verb);
} verbs[] = {
    {"keys",  SCRIPT_KEY,   read_keys},
    {"type",  SCRIPT_KEY,   read_type},
    {"paste", SCRIPT_PASTE, read_rest},
    {"until", SCRIPT_UNTIL, read_until},
    {"gone",  SCRIPT_GONE,  read_until},
    {"print", SCRIPT_PRINT, read_rest},
    {"size",  SCRIPT_SIZE,  read_size},
    {"pause", SCRIPT_PAUSE, read_pause},
};
/* clang-format on */

static bool read_line(struct reader *r)
{
    char word[32];

    skip_spaces(r);
    if (r->at == r->end || *r->at == '#')
        return true;
    take_word(r, word, sizeof word);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, word) == 0) {
            if (!verbs[i].read(r, verbs[i].verb))
                return false;
            skip_spaces(r);
            return r->at == r->end || refuse(r, "\"%s\" has more behind it than it takes", word);
        }
    return refuse(r, "\"%s\" is none of keys, type, paste, until, gone, print, size, pause", word);
}

bool playscript_parse(const char *text, size_t size, const char *origin, struct playscript *out,
                      hg_error *err)
{
    struct playscript script = {0};
    struct reader r = {.script = &script, .origin = origin, .err = err};
    const char *next = text, *end = text + size;

    while (next < end) {
        const char *newline = memchr(next, '\n', (size_t)(end - next));

        r.line++;
        r.at = next;
        r.end = newline == NULL ? end : newline;
        next = r.end + 1;
        if (r.end > r.at && r.end[-1] == '\r')
            r.end--;
        if (!read_line(&r)) {
            playscript_release(&script);
            return false;
        }
    }
    *out = script;
    return true;
}

void playscript_release(struct playscript *script)
{
    alloc_free(script->steps);
    *script = (struct playscript){0};
}
