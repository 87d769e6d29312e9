/*
 * type_change.c - rules for PostgreSQL's own types; of others nothing is known.
 */
#include "type_change.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64, UNLIMITED = -1, FRACTION_MAX = 6 };

/* "timestamp(3) without time zone": its name without what stands in brackets, and that. */
struct type {
    char name[NAME_SIZE];
    int first, second; /* UNLIMITED: not given */
};

static struct type parse(const char *text)
{
    struct type type = {.first = UNLIMITED, .second = UNLIMITED};
    const char *open = strchr(text, '('), *close = open == NULL ? NULL : strchr(open, ')');

    if (close == NULL) {
        snprintf(type.name, sizeof type.name, "%s", text);
        return type;
    }
    snprintf(type.name, sizeof type.name, "%.*s%s", (int)(open - text), text, close + 1);
    if (sscanf(open, "(%9d,%9d)", &type.first, &type.second) == 1)
        type.second = 0; /* numeric(10) has no digits behind the point */
    return type;
}

static bool is(const struct type *type, const char *name)
{
    return strcmp(type->name, name) == 0;
}

static bool is_one_of(const struct type *type, const char *const *names)
{
    for (; *names != NULL; names++)
        if (is(type, *names))
            return true;
    return false;
}

/* Whether a limit of `to` lets everything through that one of `from` did. */
static bool is_wider(int from, int to)
{
    return to == UNLIMITED || (from != UNLIMITED && to >= from);
}

static const char *const times[] = {"timestamp without time zone",
                                    "timestamp with time zone",
                                    "time without time zone",
                                    "time with time zone",
                                    "interval",
                                    NULL};
static const char *const timestamps[] = {"timestamp without time zone", "timestamp with time zone",
                                         NULL};
static const char *const integers[] = {"smallint", "integer", "bigint", NULL};
static const char *const fractions[] = {"numeric", "real", "double precision", NULL};

bool type_change_alike(const char *from, const char *to)
{
    struct type a = parse(from), b = parse(to);

    if (is(&a, "text") && is(&b, "character varying"))
        return b.first == UNLIMITED;
    if (is(&a, "character varying") && is(&b, "text"))
        return true;
    if (is(&a, "cidr") && is(&b, "inet"))
        return true;
    if (strcmp(a.name, b.name) != 0)
        return false;
    if (is(&a, "character varying") || is(&a, "bit varying"))
        return is_wider(a.first, b.first);
    if (is(&a, "numeric"))
        return b.first == UNLIMITED
               || (a.first != UNLIMITED && b.first >= a.first && b.second == a.second);
    return is_one_of(&a, times) && is_wider(a.first, b.first);
}

bool type_change_is_strict(const char *to)
{
    static const char *const cut[] = {"character varying", "character", "text",
                                      "bit varying",       "bit",       NULL};
    struct type type = parse(to);

    return is_one_of(&type, cut);
}

static int fraction(const struct type *type)
{
    return type->first == UNLIMITED ? FRACTION_MAX : type->first;
}

const char *type_change_loses(const char *from, const char *to)
{
    struct type a = parse(from), b = parse(to);

    if (is_one_of(&a, fractions) && is_one_of(&b, integers))
        return "digits";
    if (is(&a, "numeric") && is(&b, "numeric") && b.second != UNLIMITED)
        return a.second == UNLIMITED || a.second > b.second ? "digits" : NULL;
    if (is_one_of(&a, fractions) && is_one_of(&b, fractions))
        return strcmp(a.name, b.name) == 0 || is(&a, "real") ? NULL : "digits";
    if (is_one_of(&a, timestamps) && is(&b, "date"))
        return "the time of day";
    if (is_one_of(&a, timestamps) && strncmp(b.name, "time with", 9) == 0)
        return "the date";
    if (is_one_of(&a, times) && is_one_of(&b, times) && fraction(&b) < fraction(&a))
        return "fractions of seconds";
    if (is(&a, "json") && is(&b, "jsonb"))
        return "the order and layout of keys";
    return NULL;
}
