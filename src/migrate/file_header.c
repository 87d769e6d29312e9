/*
 * file_header.c - what stands before the first section of a migration file.
 */
#include "file_parser.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* --- revisions --- */

static bool is_reserved(const char *revision)
{
    return strcmp(revision, "head") == 0 || strcmp(revision, "heads") == 0
           || strcmp(revision, "base") == 0;
}

bool file_revision_valid(const char *revision, const char **out_why)
{
    const char *why = NULL;
    size_t characters = 0;

    for (const unsigned char *c = (const unsigned char *)revision; *c != '\0'; c++) {
        characters += (*c & 0xC0) != 0x80;
        if (*c <= ' ' || *c == 0x7F || strchr(",@:+-", *c) != NULL)
            why = "it must not contain spaces, control characters or any of , @ : + -";
    }
    if (characters == 0)
        why = "it is empty";
    else if (characters > REVISION_CHARACTERS)
        why = "it has more than 32 characters, which is all that alembic_version holds";
    else if (is_reserved(revision))
        why = "head, heads and base are the names of targets";
    else if (!text_valid(revision, strlen(revision)))
        why = "it is not UTF-8";
    if (why != NULL)
        *out_why = why;
    return why == NULL;
}

static bool take_revision(struct parser *p, const struct split_token *t, struct piece piece,
                          const char **out)
{
    const char *why, *revision = parser_keep(p, piece);

    if (revision == NULL)
        return parser_no_memory(p);
    if (!file_revision_valid(revision, &why))
        return parser_fault(p, t, parser_offset(p, piece), "\"%s\" cannot be a revision: %s",
                            revision, why);
    *out = revision;
    return true;
}

/* --- headers --- */

static bool contains(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

/* Revisions separated by commas; none at all is fine. */
static bool take_list(struct parser *p, const struct split_token *t, struct piece value,
                      const char *const **out, size_t *out_count)
{
    const char **list;
    size_t n = 0, room = 1;

    for (size_t i = 0; i < value.n; i++)
        room += value.at[i] == ',';
    list = arena_alloc(p->arena, room, sizeof *list);
    if (list == NULL)
        return parser_no_memory(p);
    while (value.n > 0) {
        struct piece one = piece_trim(piece_cut(&value, ','));

        if (!take_revision(p, t, one, &list[n]))
            return false;
        if (contains(list, n, list[n]))
            return parser_fault(p, t, parser_offset(p, one), "revision \"%s\" stands here twice",
                                list[n]);
        n++;
        if (value.n > 0) { /* the comma: something must follow */
            value.at++;
            value = piece_trim((struct piece){value.at, value.n - 1});
            if (value.n == 0)
                return parser_fault(p, t, parser_offset(p, value),
                                    "a revision is missing behind the comma");
        }
    }
    *out = list;
    *out_count = n;
    return true;
}

static bool header_revision(struct parser *p, const struct split_token *t, struct piece value)
{
    return take_revision(p, t, value, &p->file.revision);
}

static bool header_revises(struct parser *p, const struct split_token *t, struct piece value)
{
    p->file.revises_given = true;
    return take_list(p, t, value, &p->file.revises, &p->file.revises_count);
}

static bool header_message(struct parser *p, const struct split_token *t, struct piece value)
{
    (void)t;
    p->file.message = parser_keep(p, value);
    return p->file.message != NULL || parser_no_memory(p);
}

static bool header_depends_on(struct parser *p, const struct split_token *t, struct piece value)
{
    return take_list(p, t, value, &p->file.depends_on, &p->file.depends_on_count);
}

static const struct header {
    const char *key;
    bool (*take)(struct parser *p, const struct split_token *t, struct piece value);
} headers[] = {
    {"revision", header_revision},
    {"revises", header_revises},
    {"message", header_message},
    {"depends_on", header_depends_on},
};

bool parser_header(struct parser *p, const struct split_token *t, struct piece comment)
{
    struct piece value = comment, key = piece_cut(&value, ':');

    if (value.n == 0)
        return true;
    value = piece_trim((struct piece){value.at + 1, value.n - 1});
    for (unsigned i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (!piece_is(key, headers[i].key))
            continue;
        if ((p->headers & 1U << i) != 0)
            return parser_fault(p, t, parser_offset(p, key), "a second \"%s\" header",
                                headers[i].key);
        p->headers |= 1U << i;
        return headers[i].take(p, t, value);
    }
    return true;
}
