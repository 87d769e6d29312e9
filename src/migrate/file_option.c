/*
 * file_option.c - what stands behind a -- migrate: directive: how its section runs.
 */
#include "file_parser.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"

static bool parse_flag(struct piece value, bool *out)
{
    *out = piece_is(value, "true");
    return *out || piece_is(value, "false");
}

/* A whole number with its unit; 0 needs none. */
static bool parse_duration(struct piece value, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 60 * 60 * 1000}};
    int64_t number = 0;
    size_t digits = 0;

    for (; digits < value.n && value.at[digits] >= '0' && value.at[digits] <= '9'; digits++)
        if ((number = number * 10 + value.at[digits] - '0') > INT_MAX)
            return false;
    value.at += digits;
    value.n -= digits;
    if (digits > 0 && number == 0 && value.n == 0) {
        *out_ms = 0;
        return true;
    }
    for (size_t i = 0; digits > 0 && i < sizeof units / sizeof *units; i++) {
        if (piece_is(value, units[i].unit) && number * units[i].ms <= INT_MAX) {
            *out_ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

static bool set_transaction(struct file_section *section, struct piece value)
{
    return parse_flag(value, &section->transaction);
}

static bool set_irreversible(struct file_section *section, struct piece value)
{
    return parse_flag(value, &section->irreversible);
}

static bool set_rebuild(struct file_section *section, struct piece value)
{
    return parse_flag(value, &section->rebuild);
}

static bool set_lock_timeout(struct file_section *section, struct piece value)
{
    return parse_duration(value, &section->lock_timeout_ms);
}

static bool set_statement_timeout(struct file_section *section, struct piece value)
{
    return parse_duration(value, &section->statement_timeout_ms);
}

static const struct option {
    const char *key;
    bool down_only;
    bool (*set)(struct file_section *section, struct piece value);
    const char *wants;
} options[] = {
    {"transaction", false, set_transaction, "true or false"},
    {"irreversible", true, set_irreversible, "true or false"},
    {"rebuild", false, set_rebuild, "true or false"},
    {"lock_timeout", false, set_lock_timeout, "a time such as 500ms, 2s or 1min, or 0 for none"},
    {"statement_timeout", false, set_statement_timeout,
     "a time such as 500ms, 2s or 1min, or 0 for none"},
};
enum { OPTIONS = sizeof options / sizeof *options };

static unsigned find_option(struct piece key)
{
    unsigned i = 0;

    while (i < OPTIONS && !piece_is(key, options[i].key))
        i++;
    return i;
}

static bool refuse_option(struct parser *p, const struct split_token *t, struct piece word,
                          struct piece key)
{
    char name[32];

    parser_fault(p, t, parser_offset(p, word), "unknown option \"%.*s\"", (int)key.n, key.at);
    snprintf(name, sizeof name, "%.*s", (int)key.n, key.at);
    for (unsigned i = 0; i < OPTIONS; i++)
        if (near_enough(name, options[i].key))
            hg_error_hint(p->err, "Did you mean %s?", options[i].key);
    return false;
}

/*
 * One word behind the directive. A word without a colon is a remark, as dbmate takes it, unless it
 * is clearly an option that was written wrong: what looks like an option and would do nothing is
 * more dangerous than a refusal.
 */
static bool read_option(struct parser *p, const struct split_token *t, struct piece word,
                        unsigned *given)
{
    struct piece value = word, key = piece_cut(&value, memchr(word.at, ':', word.n) ? ':' : '=');
    unsigned i = find_option(key);
    size_t at = parser_offset(p, word);

    if (value.n == 0 && i == OPTIONS)
        return true;
    if (i == OPTIONS)
        return refuse_option(p, t, word, key);
    if (value.n == 0 || *value.at != ':')
        return parser_fault(p, t, at, "option \"%s\" is written as %s:VALUE", options[i].key,
                            options[i].key);
    if ((*given & 1U << i) != 0)
        return parser_fault(p, t, at, "option \"%s\" stands here twice", options[i].key);
    if (options[i].down_only && p->section == &p->file.up)
        return parser_fault(p, t, at, "option \"%s\" belongs to -- migrate:down", options[i].key);
    *given |= 1U << i;
    value = (struct piece){value.at + 1, value.n - 1};
    if (!options[i].set(p->section, value))
        return parser_fault(p, t, value.n > 0 ? parser_offset(p, value) : at,
                            "option \"%s\" wants %s", options[i].key, options[i].wants);
    return true;
}

bool parser_options(struct parser *p, const struct split_token *t, struct piece rest)
{
    unsigned given = 0;

    for (rest = piece_trim(rest); rest.n > 0; rest = piece_trim(rest))
        if (!read_option(p, t, piece_cut(&rest, ' '), &given))
            return false;
    return !p->section->rebuild || p->section->transaction
           || parser_fault(p, t, t->offset, "rebuild:true is for a section that is a transaction");
}
