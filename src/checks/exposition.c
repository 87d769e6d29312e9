/*
 * exposition.c - lines: a comment, nothing, or name{label="value",...} number [time]. Pure.
 */
#include "exposition.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || c == ':';
}

static const char *skip_name(const char *at)
{
    if (!is_name_start(*at))
        return NULL;
    while (is_name_start(*at) || isdigit((unsigned char)*at))
        at++;
    return at;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* "value" with \\, \" and \n in it */
static const char *skip_value(const char *at)
{
    if (*at != '"')
        return NULL;
    for (at++; *at != '"'; at++) {
        if (*at == '\\' && strchr("\\\"n", *++at) == NULL)
            return NULL;
        if (*at == '\0' || *at == '\n')
            return NULL;
    }
    return at + 1;
}

/* {name="value",...}, a comma at the end is allowed. */
static const char *skip_labels(const char *at)
{
    for (at = skip_blanks(at + 1); *at != '}'; at = skip_blanks(at)) {
        if ((at = skip_name(at)) == NULL || *(at = skip_blanks(at)) != '='
            || (at = skip_value(skip_blanks(at + 1))) == NULL)
            return NULL;
        at = skip_blanks(at);
        if (*at == ',')
            at++;
        else if (*at != '}')
            return NULL;
    }
    return at + 1;
}

/* Not strtod(): what that takes for a point depends on the locale. */
static const char *skip_number(const char *at)
{
    static const char *const words[] = {"infinity", "inf", "nan"};

    at += *at == '+' || *at == '-';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    if (!isdigit((unsigned char)at[*at == '.']))
        return NULL;
    at += strspn(at, "0123456789");
    at += *at == '.';
    at += strspn(at, "0123456789");
    if (*at != 'e' && *at != 'E')
        return at;
    at += at[1] == '+' || at[1] == '-' ? 2 : 1;
    return isdigit((unsigned char)*at) ? at + strspn(at, "0123456789") : NULL;
}

static bool is_sample(const char *at)
{
    if ((at = skip_name(at)) == NULL)
        return false;
    at = skip_blanks(at);
    if (*at == '{' && (at = skip_labels(at)) == NULL)
        return false;
    if ((at = skip_number(skip_blanks(at))) == NULL)
        return false;
    at = skip_blanks(at);
    if (*at == '-' || isdigit((unsigned char)*at))
        at = skip_blanks(at + 1 + strspn(at + 1, "0123456789"));
    return *at == '\n';
}

bool exposition_check(const char *bytes, size_t n, size_t *out_samples, size_t *out_line)
{
    const char *end = bytes + n;

    *out_samples = 0;
    *out_line = 0;
    if (n > 0 && (bytes[n - 1] != '\n' || memchr(bytes, '\0', n) != NULL))
        return false;
    for (const char *at = bytes; at < end; at = strchr(at, '\n') + 1) {
        const char *first = skip_blanks(at);

        ++*out_line;
        if (*first == '#' || *first == '\n')
            continue;
        if (!is_sample(first))
            return false;
        ++*out_samples;
    }
    return true;
}
