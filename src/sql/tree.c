/*
 * tree.c - libpg_query's JSON → nodes in one array.
 */
#include "tree.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct reader {
    char *at, *end;
    struct tree_node *nodes;
    size_t *open; /* the objects and lists that are not closed yet, by their numbers */
    size_t count, room, depth;
};

static void pass_space(struct reader *r)
{
    while (r->at < r->end && strchr(" \t\r\n,:", *r->at) != NULL && *r->at != '\0')
        r->at++;
}

/* More nodes than braces, brackets and separators there are not. */
static size_t count_nodes(const char *json, size_t n)
{
    size_t count = 1;

    for (size_t i = 0; i < n; i++)
        count += json[i] == ',' || json[i] == '{' || json[i] == '[';
    return count;
}

static size_t hex4(const char *digits, const char *end)
{
    size_t value = 0;

    for (int i = 0; i < 4 && digits + i < end; i++) {
        char c = digits[i];

        value = value * 16 + (size_t)(c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0');
    }
    return value;
}

/* What stands behind a backslash, at `from`; moves it on. */
static char *unescape(struct reader *r, char **from, char *to)
{
    static const char letters[] = "nrtbf", values[] = "\n\r\t\b\f";
    const char *known = strchr(letters, **from);

    if (**from == 'u' && r->end - *from > 4) {
        to += text_encode((uint32_t)hex4(*from + 1, r->end), to);
        *from += 5;
        return to;
    }
    *to++ = known != NULL && **from != '\0' ? values[known - letters] : **from;
    (*from)++;
    return to;
}

/* A text behind its opening quote, unescaped in place; NULL: it is not closed. */
static const char *quoted(struct reader *r)
{
    char *start = r->at, *to = start, *from = start;

    while (from < r->end && *from != '"') {
        if (*from == '\\' && from + 1 < r->end) {
            from++;
            to = unescape(r, &from, to);
        } else {
            *to++ = *from++;
        }
    }
    if (from >= r->end)
        return NULL;
    r->at = from + 1;
    *to = '\0';
    return start;
}

static bool in_object(const struct reader *r)
{
    return r->depth > 0 && r->nodes[r->open[r->depth - 1]].kind == TREE_OBJECT;
}

static void close_container(struct reader *r)
{
    r->nodes[r->open[--r->depth]].end = r->nodes + r->count;
    *r->at++ = '\0'; /* ends a bare value that stands before it */
}

/* A value that is no text: cut off where the next byte of structure stands. */
static const char *bare(struct reader *r)
{
    char *start = r->at;

    while (r->at < r->end && strchr(",}] \n", *r->at) == NULL)
        r->at++;
    return start;
}

static bool read_value(struct reader *r, const char *key)
{
    struct tree_node *node = &r->nodes[r->count++];

    *node = (struct tree_node){.key = key, .text = "", .end = node + 1};
    if (*r->at == '{' || *r->at == '[') {
        node->kind = *r->at++ == '{' ? TREE_OBJECT : TREE_LIST;
        r->open[r->depth++] = r->count - 1;
        return true;
    }
    if (*r->at == '"') {
        node->kind = TREE_TEXT;
        r->at++;
        node->text = quoted(r);
        return node->text != NULL;
    }
    node->kind = TREE_BARE;
    node->text = bare(r);
    return *node->text != '\0';
}

/* One key with its value, one value, or the end of an object or list. */
static bool read_item(struct reader *r)
{
    const char *key = "";

    if (r->depth > 0 && (*r->at == '}' || *r->at == ']')) {
        close_container(r);
        return true;
    }
    if (in_object(r)) {
        if (*r->at++ != '"' || (key = quoted(r)) == NULL)
            return false;
        pass_space(r);
    }
    return r->count < r->room && r->at < r->end && read_value(r, key);
}

/* Separators end bare values; only now nothing looks at them any more. */
static void end_texts(struct reader *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->nodes[i].kind == TREE_BARE) {
            char *text = (char *)(uintptr_t)r->nodes[i].text;

            text[strcspn(text, ",}] \n")] = '\0';
        }
}

const struct tree_node *tree_read(struct arena *arena, char *json, size_t n)
{
    struct reader r = {.at = json, .end = json + n, .room = count_nodes(json, n)};
    bool ok;

    r.nodes = arena_alloc(arena, r.room, sizeof *r.nodes);
    r.open = arena_alloc(arena, r.room, sizeof *r.open);
    ok = r.nodes != NULL && r.open != NULL && n > 0;
    do {
        pass_space(&r);
        ok = ok && r.at < r.end && read_item(&r);
    } while (ok && r.depth > 0);
    if (!ok)
        return NULL;
    end_texts(&r);
    return r.nodes;
}

const struct tree_node *tree_first(const struct tree_node *node)
{
    return node == NULL || node->end == node + 1 ? NULL : node + 1;
}

const struct tree_node *tree_next(const struct tree_node *parent, const struct tree_node *child)
{
    return child->end < parent->end ? child->end : NULL;
}

const struct tree_node *tree_last(const struct tree_node *node)
{
    const struct tree_node *last = tree_first(node), *next;

    while (last != NULL && (next = tree_next(node, last)) != NULL)
        last = next;
    return last;
}

const struct tree_node *tree_get(const struct tree_node *node, const char *key)
{
    const struct tree_node *child = tree_first(node);

    while (child != NULL && strcmp(child->key, key) != 0)
        child = tree_next(node, child);
    return child;
}

const char *tree_text(const struct tree_node *node, const char *key)
{
    const struct tree_node *child = tree_get(node, key);

    return child == NULL ? "" : child->text;
}

bool tree_has(const struct tree_node *node, const char *key, const char *text)
{
    return strcmp(tree_text(node, key), text) == 0;
}

bool tree_true(const struct tree_node *node, const char *key)
{
    return tree_has(node, key, "true");
}

const struct tree_node *tree_find(const struct tree_node *from, const struct tree_node *end,
                                  const char *key)
{
    for (; from < end; from++)
        if (strcmp(from->key, key) == 0)
            return from;
    return NULL;
}
