/*
 * highlight.c - words, strings and comments of SQL as both engines write them.
 */
#include "highlight.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "role.h"

/* Sorted, for bsearch(). */
static const char *const keywords[] = {
    "add",          "alter",    "analyze",      "and",        "as",         "asc",     "begin",
    "between",      "by",       "cascade",      "case",       "check",      "collate", "column",
    "comment",      "commit",   "concurrently", "constraint", "copy",       "create",  "cross",
    "database",     "default",  "delete",       "desc",       "distinct",   "do",      "domain",
    "drop",         "each",     "else",         "end",        "enum",       "except",  "exclude",
    "execute",      "exists",   "extension",    "false",      "for",        "foreign", "from",
    "full",         "function", "generated",    "grant",      "group",      "having",  "if",
    "in",           "index",    "inner",        "insert",     "intersect",  "into",    "is",
    "join",         "key",      "language",     "left",       "like",       "limit",   "lock",
    "materialized", "natural",  "not",          "nothing",    "null",       "of",      "offset",
    "on",           "only",     "or",           "order",      "outer",      "owner",   "partition",
    "policy",       "pragma",   "primary",      "procedure",  "references", "reindex", "rename",
    "replace",      "restrict", "returning",    "returns",    "revoke",     "right",   "role",
    "rollback",     "row",      "rowid",        "savepoint",  "schema",     "select",  "sequence",
    "set",          "table",    "temporary",    "then",       "to",         "trigger", "true",
    "truncate",     "type",     "union",        "unique",     "update",     "using",   "vacuum",
    "valid",        "validate", "values",       "view",       "virtual",    "when",    "where",
    "with",         "without",
};

enum { KEYWORD_BYTES_MAX = 16 };

static int compare_words(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

static bool is_keyword(const char *word, size_t n)
{
    char lower[KEYWORD_BYTES_MAX];

    if (n >= sizeof lower)
        return false;
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)tolower((unsigned char)word[i]);
    lower[n] = '\0';
    return bsearch(lower, keywords, sizeof keywords / sizeof *keywords, sizeof *keywords,
                   compare_words)
           != NULL;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || ((unsigned char)c & 0x80) != 0;
}

static size_t word_size(const char *s, size_t n)
{
    size_t size = 0;

    while (size < n && in_word(s[size]))
        size++;
    return size;
}

/* Up to and with the text that ends it, or to the end of all. */
static size_t size_up_to(const char *s, size_t n, size_t opened, const char *end)
{
    const char *found = n <= opened ? NULL : memmem(s + opened, n - opened, end, strlen(end));

    return found == NULL ? n : (size_t)(found - s) + strlen(end);
}

/* "$tag$ ... $tag$"; 0: it is something else, as "$1". */
static size_t dollar_size(const char *s, size_t n)
{
    char tag[66];
    size_t size = 1 + word_size(s + 1, n - 1);

    if (size >= n || s[size] != '$' || size + 1 >= sizeof tag || isdigit((unsigned char)s[1]))
        return 0;
    memcpy(tag, s, size + 1);
    tag[size + 1] = '\0';
    return size_up_to(s, n, size + 1, tag);
}

/* The size of the token at s, and its role. */
static size_t token(const char *s, size_t n, enum role *role)
{
    size_t size = word_size(s, n);

    *role = ROLE_SQL;
    if (size > 0) {
        *role = is_keyword(s, size) ? ROLE_SQL_KEYWORD : ROLE_SQL;
        return size;
    }
    if (n > 1 && (memcmp(s, "--", 2) == 0 || memcmp(s, "/*", 2) == 0)) {
        *role = ROLE_SQL_COMMENT;
        return s[0] == '-' ? size_up_to(s, n, 2, "\n") : size_up_to(s, n, 2, "*/");
    }
    if (s[0] == '\'' || (s[0] == '$' && (size = dollar_size(s, n)) > 0)) {
        *role = ROLE_SQL_STRING;
        return s[0] == '\'' ? size_up_to(s, n, 1, "'") : size;
    }
    return s[0] == '"' ? size_up_to(s, n, 1, "\"") : 1;
}

void highlight_sql(const char *sql, size_t n, uint8_t *roles)
{
    for (size_t at = 0, size; at < n; at += size) {
        enum role role;

        size = token(sql + at, n - at, &role);
        memset(roles + at, (int)role, size);
    }
}
