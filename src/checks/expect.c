/*
 * expect.c - a small grammar: (rows | value) (sign number | [not] between a and b | ~ | !~ regex).
 */
#include "expect.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

static const char *skip(const char *text)
{
    return text + strspn(text, " \t");
}

/* Moves over a word that stands by itself. */
static bool take_word(const char **text, const char *word)
{
    size_t n = strlen(word);
    const char *at = skip(*text);

    if (strncmp(at, word, n) != 0 || (at[n] != ' ' && at[n] != '\t' && at[n] != '\0'))
        return false;
    *text = at + n;
    return true;
}

static bool take_number(const char **text, double *out)
{
    const char *at = skip(*text);
    char *end;

    *out = strtod(at, &end);
    *text = end;
    return end != at;
}

static bool take_sign(const char **text, char sign[3])
{
    static const char *const signs[] = {"<=", ">=", "<>", "!=", "<", ">", "="};
    const char *at = skip(*text);

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t n = strlen(signs[i]);

        if (strncmp(at, signs[i], n) == 0) {
            memcpy(sign, signs[i], n + 1);
            *text = at + n;
            return true;
        }
    }
    return false;
}

static bool is_regex(const char *pattern)
{
    regex_t regex;
    bool ok = pattern[0] != '\0' && regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0;

    if (ok)
        regfree(&regex);
    return ok;
}

static bool take_match(const char **text, struct expectation *e)
{
    const char *at = skip(*text);

    e->negated = at[0] == '!' && at[1] == '~';
    if (!e->negated && at[0] != '~')
        return false;
    e->kind = EXPECT_MATCH;
    e->pattern = skip(at + 1 + e->negated);
    *text = "";
    return !e->of_rows && is_regex(e->pattern);
}

static bool take_between(const char **text, struct expectation *e)
{
    const char *at = *text;

    e->negated = take_word(&at, "not");
    if (!take_word(&at, "between"))
        return false;
    e->kind = EXPECT_BETWEEN;
    *text = at;
    return take_number(text, &e->low) && take_word(text, "and") && take_number(text, &e->high)
           && e->low <= e->high;
}

static bool take_comparison(const char **text, struct expectation *e)
{
    e->kind = EXPECT_COMPARE;
    return take_sign(text, e->sign) && take_number(text, &e->low);
}

bool expect_parse(const char *text, struct expectation *out)
{
    struct expectation e = {.of_rows = take_word(&text, "rows")};
    bool ok = (e.of_rows || take_word(&text, "value"))
              && (take_match(&text, &e) || (e.kind == EXPECT_NOTHING && take_between(&text, &e))
                  || (e.kind == EXPECT_NOTHING && take_comparison(&text, &e)));

    if (!ok || *skip(text) != '\0')
        return false;
    *out = e;
    return true;
}

static bool compare(const char *sign, double a, double b)
{
    switch (sign[0]) {
    case '<':
        return sign[1] == '=' ? a <= b : sign[1] == '>' ? a != b : a < b;
    case '>':
        return sign[1] == '=' ? a >= b : a > b;
    case '!':
        return a != b;
    default:
        return a == b;
    }
}

static bool matches(const char *pattern, const char *value)
{
    regex_t regex;
    bool found;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    found = regexec(&regex, value, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

enum expect_answer expect_holds(const struct expectation *e, size_t rows, const char *value)
{
    double number = (double)rows;
    char *end;
    bool holds;

    if (e->kind == EXPECT_NOTHING)
        return EXPECT_NO;
    if (e->kind == EXPECT_MATCH)
        return matches(e->pattern, value) != e->negated ? EXPECT_YES : EXPECT_NO;
    if (!e->of_rows) {
        number = strtod(value, &end);
        if (end == value || *skip(end) != '\0')
            return EXPECT_NOT_A_NUMBER;
    }
    holds = e->kind == EXPECT_BETWEEN ? (number >= e->low && number <= e->high) != e->negated
                                      : compare(e->sign, number, e->low);
    return holds ? EXPECT_YES : EXPECT_NO;
}
