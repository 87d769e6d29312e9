/*
 * ebextension.c - lines, a stack of indentations, and the path that they make. Pure.
 */
#include "ebextension.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

enum { DEPTH_MOST = 16, PATH_MOST = 1024, LINE_MOST = 4096 };

static const char settings[] = "option_settings";
static const char environment[] = "aws:elasticbeanstalk:application:environment";

/* What is open above a line. */
struct level {
    int indent;   /* of its own line; -1: the whole file */
    int below;    /* of its children; -1: there is none yet */
    int elements; /* of the sequence below it */
    bool element; /* it is one itself */
    size_t path;  /* the length of its path */
};

struct reader {
    const char *at, *end;
    int line, indent;
    char text[LINE_MOST]; /* of the line, without what stands around it */
    char path[PATH_MOST];
    struct level levels[DEPTH_MOST];
    int depth; /* the innermost level */
    struct arena *arena;
    struct eb_file *out;
    hg_error *err;
};

static bool fault(struct reader *r, const char *what)
{
    hg_fail(r->err, HG_FILE, "%s", what);
    hg_error_place(r->err, "", r->line, 0);
    return false;
}

/* --- lines --- */

/* How much of a text stands before a comment; inside quotes a # is a letter. */
static size_t without_comment(const char *text, size_t n)
{
    char quote = '\0';

    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || strchr(" {[,", text[i - 1]) != NULL;

        if (quote != '\0')
            quote = text[i] == quote ? '\0' : quote;
        else if (text[i] == '#' && first)
            return i;
        else if ((text[i] == '"' || text[i] == '\'') && first)
            quote = text[i];
    }
    return n;
}

/* The next line as it is; false: there is none. */
static bool raw_line(struct reader *r, const char **out, size_t *out_n)
{
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));

    if (r->at == r->end)
        return false;
    *out = r->at;
    *out_n = (size_t)((stop == NULL ? r->end : stop) - r->at);
    r->at = stop == NULL ? r->end : stop + 1;
    r->line++;
    return true;
}

enum answer { GOT, END, FAULT };

/* The next line that says something. */
static enum answer next_line(struct reader *r)
{
    const char *line;
    size_t n, blanks;

    while (raw_line(r, &line, &n)) {
        for (blanks = 0; blanks < n && line[blanks] == ' ';)
            blanks++;
        r->indent = (int)blanks;
        n = without_comment(line + blanks, n - blanks);
        while (n > 0 && isspace((unsigned char)line[blanks + n - 1]))
            n--;
        if (n == 0 || (blanks == 0 && n == 3 && memcmp(line, "---", 3) == 0))
            continue;
        if (line[blanks] == '\t' || n >= sizeof r->text || memchr(line, '\0', blanks + n) != NULL)
            return fault(r, "a tab, a NUL or thousands of letters in a line"), FAULT;
        memcpy(r->text, line + blanks, n);
        r->text[n] = '\0';
        return GOT;
    }
    return END;
}

/* Passes over what is indented deeper than the line before: a text of several lines. */
static void skip_block(struct reader *r)
{
    const char *before = r->at, *line;
    int number = r->line;
    size_t n;

    while (raw_line(r, &line, &n)) {
        size_t blanks = strspn(line, " ");

        if (blanks < n && (int)blanks <= r->indent) {
            r->at = before;
            r->line = number;
            return;
        }
        before = r->at;
        number = r->line;
    }
}

/* --- values --- */

static bool add(struct reader *r, const char *value, bool quoted)
{
    struct eb_value *row;

    if (ebextension_find(r->out, r->path) != NULL)
        return fault(r, "the key is given twice");
    if ((row = VEC_PUSH(r->out)) == NULL)
        return hg_fail(r->err, HG_NOMEM, "could not read the file: out of memory");
    *row = (struct eb_value){arena_text(r->arena, r->path), arena_text(r->arena, value), r->line,
                             quoted};
    return (row->path != NULL && row->value != NULL)
           || hg_fail(r->err, HG_NOMEM, "could not read the file: out of memory");
}

/* Puts a key behind the first `at` bytes of the path. */
static bool extend(struct reader *r, size_t at, const char *key, size_t n)
{
    if (at + 1 + n >= sizeof r->path)
        return fault(r, "the keys are too long");
    if (at > 0)
        r->path[at++] = '/';
    memcpy(r->path + at, key, n);
    r->path[at + n] = '\0';
    return true;
}

/* Takes the quotes off; false: they are not closed. */
static bool unquote(char *text, bool *out_quoted)
{
    size_t n = strlen(text);

    *out_quoted = text[0] == '"' || text[0] == '\'';
    if (!*out_quoted)
        return true;
    if (n < 2 || text[n - 1] != text[0])
        return false;
    text[n - 1] = '\0';
    memmove(text, text + 1, n - 1);
    return true;
}

static bool add_scalar(struct reader *r, char *text)
{
    bool quoted;

    if (!unquote(text, &quoted))
        return fault(r, "a quotation mark is not closed");
    if (!quoted && text[0] != '\0' && strchr("@`%", text[0]) != NULL)
        return fault(r, "a value that begins with @, ` or % has to be quoted");
    if (!quoted && strstr(text, ": ") != NULL)
        return fault(r, "a value with \": \" in it has to be quoted");
    return add(r, text, quoted);
}

/* Where the colon behind a key is; NULL: there is none. */
static char *colon_of(char *text)
{
    for (char *c = strchr(text, ':'); c != NULL; c = strchr(c + 1, ':'))
        if (c[1] == ' ' || c[1] == '\0')
            return c;
    return NULL;
}

static char *trim(char *text)
{
    size_t n;

    text += strspn(text, " ");
    for (n = strlen(text); n > 0 && text[n - 1] == ' ';)
        text[--n] = '\0';
    return text;
}

/* { key: value, ... } in one line, without another inside. */
static bool add_flow(struct reader *r, char *text)
{
    size_t at = strlen(r->path), n = strlen(text);
    char *rest = text + 1, *part, *colon;
    bool quoted;

    if (text[n - 1] != '}' || strchr(rest, '{') != NULL)
        return fault(r, "a { is not closed in its line");
    text[n - 1] = '\0';
    while ((part = strsep(&rest, ",")) != NULL) {
        part = trim(part);
        if (part[0] == '\0')
            continue;
        if ((colon = colon_of(part)) == NULL)
            return fault(r, "there is no \": \" behind a key");
        *colon = '\0';
        part = trim(part);
        if (!unquote(part, &quoted))
            return fault(r, "a quotation mark is not closed");
        if (!extend(r, at, part, strlen(part)) || !add_scalar(r, trim(colon + 1)))
            return false;
        r->path[at] = '\0';
    }
    return true;
}

static bool add_value(struct reader *r, char *text)
{
    if (text[0] == '|' || text[0] == '>') {
        skip_block(r);
        return add(r, "", true);
    }
    if (text[0] == '{')
        return add_flow(r, text);
    return add_scalar(r, text);
}

/* --- structure --- */

static bool push(struct reader *r, int indent, bool element)
{
    if (++r->depth == DEPTH_MOST)
        return fault(r, "the keys are nested too deeply");
    r->levels[r->depth] =
        (struct level){.indent = indent, .below = -1, .element = element, .path = strlen(r->path)};
    return true;
}

/* Closes what the line's indentation ends. */
static struct level *parent_of(struct reader *r, int indent, bool element)
{
    while (r->levels[r->depth].indent > indent
           || (r->levels[r->depth].indent == indent && (!element || r->levels[r->depth].element)))
        r->depth--;
    return &r->levels[r->depth];
}

static bool take_key(struct reader *r, char *text, int indent)
{
    struct level *parent = parent_of(r, indent, false);
    char *colon = colon_of(text), *value;
    bool quoted;

    if (colon == NULL)
        return fault(r, "there is no \": \" behind a key");
    if (parent->below >= 0 && parent->below != indent)
        return fault(r, "the line is indented otherwise than those that it belongs to");
    parent->below = indent;
    *colon = '\0';
    value = trim(colon + 1);
    text = trim(text);
    if (!unquote(text, &quoted) || text[0] == '\0')
        return fault(r, "this is no key");
    return extend(r, parent->path, text, strlen(text)) && add_value(r, value)
           && (value[0] != '\0' || push(r, indent, false));
}

/* "- " and a scalar, or the first key of a mapping. */
static bool take_element(struct reader *r, char *text, int indent)
{
    struct level *parent = parent_of(r, indent, true);
    size_t blanks = 1 + strspn(text + 1, " ");
    char number[16];

    snprintf(number, sizeof number, "%d", parent->elements++);
    if (!extend(r, parent->path, number, strlen(number)) || !push(r, indent, true))
        return false;
    text += blanks;
    if (text[0] != '"' && text[0] != '\'' && text[0] != '{' && colon_of(text) != NULL)
        return take_key(r, text, indent + (int)blanks);
    return add_value(r, text);
}

static bool take_line(struct reader *r)
{
    return r->text[0] == '-' && (r->text[1] == ' ' || r->text[1] == '\0')
               ? take_element(r, r->text, r->indent)
               : take_key(r, r->text, r->indent);
}

/* --- option_settings as a sequence of namespace, option_name and value --- */

static bool name_options(struct reader *r)
{
    for (int i = 0;; i++) {
        char path[64];
        const struct eb_value *space, *name, *value;

        snprintf(path, sizeof path, "%s/%d/option_name", settings, i);
        if ((name = ebextension_find(r->out, path)) == NULL)
            return true;
        snprintf(path, sizeof path, "%s/%d/namespace", settings, i);
        space = ebextension_find(r->out, path);
        snprintf(path, sizeof path, "%s/%d/value", settings, i);
        value = ebextension_find(r->out, path);
        r->line = name->line;
        if (value == NULL)
            return fault(r, "an option without a value");
        snprintf(r->path, sizeof r->path, "%s/%s/%s", settings,
                 space == NULL ? environment : space->value, name->value);
        if (!add(r, value->value, value->quoted))
            return false;
    }
}

bool ebextension_read(const char *text, size_t n, struct arena *arena, struct eb_file *out,
                      hg_error *err)
{
    struct reader r = {.at = text, .end = text + n, .arena = arena, .out = out, .err = err};
    enum answer answer;

    *out = (struct eb_file){0};
    r.levels[0] = (struct level){.indent = -1, .below = -1};
    while ((answer = next_line(&r)) == GOT)
        if (!take_line(&r))
            return false;
    return answer == END && name_options(&r);
}

void ebextension_release(struct eb_file *file)
{
    VEC_RELEASE(file);
}

const struct eb_value *ebextension_find(const struct eb_file *file, const char *path)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->items[i].path, path) == 0)
            return &file->items[i];
    return NULL;
}

const struct eb_value *ebextension_option(const struct eb_file *file, const char *space,
                                          const char *option)
{
    char path[PATH_MOST];

    snprintf(path, sizeof path, "%s/%s/%s", settings, space, option);
    return ebextension_find(file, path);
}
