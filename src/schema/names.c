/*
 * names.c - names as SQL.
 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

/* What is a keyword, somewhere, on one of the engines; sorted. A word too many costs two quotes. */
/* clang-format off */
static const char *const keywords[] = {
    "abort", "action", "add", "after", "all", "alter", "always", "analyse", "analyze", "and", "any", "array", "as", "asc",
    "asymmetric", "attach", "authorization", "autoincrement", "before", "begin", "between", "bigint", "binary", "bit", "boolean",
    "both", "by", "cascade", "case", "cast", "char", "character", "check", "coalesce", "collate", "collation", "column",
    "commit", "concurrently", "conflict", "constraint", "create", "cross", "current", "current_catalog", "current_date",
    "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "database", "dec", "decimal", "default",
    "deferrable", "deferred", "delete", "desc", "detach", "distinct", "do", "drop", "each", "else", "end", "escape", "except",
    "exclude", "exclusive", "exists", "explain", "extract", "fail", "false", "fetch", "filter", "first", "float", "following",
    "for", "foreign", "freeze", "from", "full", "generated", "glob", "grant", "greatest", "group", "grouping", "groups",
    "having", "if", "ignore", "ilike", "immediate", "in", "index", "indexed", "initially", "inner", "inout", "insert",
    "instead", "int", "integer", "intersect", "interval", "into", "is", "isnull", "join", "key", "last", "lateral",
    "leading", "least", "left", "like", "limit", "localtime", "localtimestamp", "match", "materialized", "national",
    "natural", "nchar", "no", "none", "normalize", "not", "nothing", "notnull", "null", "nullif", "nulls", "numeric", "of",
    "offset", "on", "only", "or", "order", "others", "out", "outer", "over", "overlaps", "overlay", "partition", "placing",
    "plan", "position", "pragma", "preceding", "precision", "primary", "query", "raise", "range", "real", "recursive",
    "references", "regexp", "reindex", "release", "rename", "replace", "restrict", "returning", "right", "rollback", "row",
    "rows", "savepoint", "select", "session_user", "set", "setof", "similar", "smallint", "some", "substring", "symmetric",
    "system_user", "table", "tablesample", "temp", "temporary", "then", "ties", "time", "timestamp", "to", "trailing",
    "transaction", "treat", "trigger", "trim", "true", "unbounded", "union", "unique", "update", "user", "using", "vacuum",
    "values", "varchar", "variadic", "verbose", "view", "virtual", "when", "where", "window", "with", "without",
    "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot",
    "xmlserialize", "xmltable",
};
/* clang-format on */

static int compare(const void *name, const void *keyword)
{
    return strcmp(name, *(const char *const *)keyword);
}

bool name_is_plain(const char *name)
{
    return name[0] != '\0' && !(name[0] >= '0' && name[0] <= '9')
           && name[strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0'
           && bsearch(name, keywords, sizeof keywords / sizeof *keywords, sizeof *keywords, compare)
                  == NULL;
}

static void put_doubled(struct buf *out, const char *text, char quote)
{
    buf_char(out, quote);
    for (; *text != '\0'; text++) {
        buf_char(out, *text);
        if (*text == quote)
            buf_char(out, quote);
    }
    buf_char(out, quote);
}

void name_put(struct buf *out, const char *name)
{
    if (name_is_plain(name))
        buf_text(out, name);
    else
        put_doubled(out, name, '"');
}

void name_put_qualified(struct buf *out, const char *schema, const char *name)
{
    if (schema[0] != '\0') {
        name_put(out, schema);
        buf_char(out, '.');
    }
    name_put(out, name);
}

void literal_put(struct buf *out, const char *text)
{
    put_doubled(out, text, '\'');
}
