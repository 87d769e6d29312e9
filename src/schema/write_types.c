/*
 * write_types.c - PostgreSQL: types and sequences.
 */
#include "writer.h"

#include <stdlib.h>
#include <string.h>

enum { STATEMENT_LIMIT = 64 << 20 };

/* --- types --- */

void type_create(struct writer *w, const struct object *to)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);
    const char *name = writer_name(w, to);

    if (object_is(to, "domain")) {
        buf_printf(&sql, "CREATE DOMAIN %s AS %s", name, fact_text(to, FACT_TYPE));
        if (fact_has(to, FACT_COLLATION))
            buf_printf(&sql, " COLLATE %s", fact_text(to, FACT_COLLATION));
        if (fact_has(to, FACT_DEFAULT))
            buf_printf(&sql, " DEFAULT %s", fact_text(to, FACT_DEFAULT));
        buf_text(&sql, fact_has(to, FACT_NOT_NULL) ? " NOT NULL" : "");
    } else {
        buf_printf(&sql, "CREATE TYPE %s AS %s(%s)", name, object_is(to, "enum") ? "ENUM " : "",
                   fact_text(to, FACT_DEFINITION));
    }
    writer_put(w, PHASE_MAIN, &sql, NULL);
}

/* The labels of `to` that `from` lacks, each behind the one that precedes it. */
static void add_values(struct writer *w, const struct object *from, const struct object *to)
{
    const char *old = fact_text(from, FACT_DEFINITION), *new = fact_text(to, FACT_DEFINITION);
    const char *before = NULL;
    size_t before_size = 0;

    while (*new != '\0') {
        size_t b = 1;

        for (; new[b] != '\'' || new[b + 1] == '\''; b++)
            b += new[b] == '\'';
        b++;
        if (strncmp(old, new, b) == 0 && (old[b] == '\0' || old[b] == ',')) {
            old += old[b] == ',' ? b + 2 : b;
        } else {
            struct buf sql = BUF_INIT(STATEMENT_LIMIT);

            buf_printf(&sql, "ALTER TYPE %s ADD VALUE %.*s", writer_name(w, to), (int)b, new);
            if (before != NULL)
                buf_printf(&sql, " AFTER %.*s", (int)before_size, before);
            else if (*old != '\0')
                buf_printf(&sql, " BEFORE %.*s",
                           (int)(strstr(old, "', '") == NULL
                                     ? strlen(old)
                                     : (size_t)(strstr(old, "', '") - old) + 1),
                           old);
            writer_put(w, PHASE_BEFORE, &sql, NULL);
        }
        before = new;
        before_size = b;
        new += new[b] == ',' ? b + 2 : b;
    }
}

void type_alter(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    const char *name = writer_name(w, to);

    if (fact_differs(w, i, FACT_DEFINITION))
        add_values(w, from, to);
    if (fact_differs(w, i, FACT_DEFAULT) && fact_has(to, FACT_DEFAULT))
        writer_printf(w, PHASE_MAIN, "ALTER DOMAIN %s SET DEFAULT %s", name,
                      fact_text(to, FACT_DEFAULT));
    else if (fact_differs(w, i, FACT_DEFAULT))
        writer_printf(w, PHASE_MAIN, "ALTER DOMAIN %s DROP DEFAULT", name);
    if (fact_differs(w, i, FACT_NOT_NULL))
        writer_printf(w, PHASE_MAIN, "ALTER DOMAIN %s %s NOT NULL", name,
                      fact_has(to, FACT_NOT_NULL) ? "SET" : "DROP");
}

/* --- sequences --- */

/* NO MAXVALUE means another number when the type changes in the same statement. */
static const char *largest(const char *type)
{
    return strcmp(type, "smallint") == 0  ? "32767"
           : strcmp(type, "integer") == 0 ? "2147483647"
                                          : "9223372036854775807";
}

static void put_sequence(struct buf *sql, const struct object *to, bool all)
{
    if (fact_has(to, FACT_SEQUENCE))
        buf_printf(sql, " %s", fact_text(to, FACT_SEQUENCE));
    else if (all)
        buf_printf(sql, " INCREMENT BY 1 MINVALUE 1 MAXVALUE %s START WITH 1 CACHE 1 NO CYCLE",
                   largest(fact_text(to, FACT_TYPE)));
}

void sequence_create(struct writer *w, const struct object *to)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    buf_printf(&sql, "CREATE %sSEQUENCE %s", fact_has(to, FACT_PERSISTENCE) ? "UNLOGGED " : "",
               writer_name(w, to));
    if (strcmp(fact_text(to, FACT_TYPE), "bigint") != 0)
        buf_printf(&sql, " AS %s", fact_text(to, FACT_TYPE));
    put_sequence(&sql, to, false);
    writer_put(w, PHASE_MAIN, &sql, NULL);
}

/* A number of a sequence's options; those that stand nowhere are the default ones. */
static long long option(const struct object *sequence, const char *name, long long otherwise)
{
    const char *at = strstr(fact_text(sequence, FACT_SEQUENCE), name);

    return at == NULL ? otherwise : strtoll(at + strlen(name), NULL, 10);
}

/* Whether the sequence may stand outside of its new limits: it did when it began. */
static bool leaves_limits(const struct object *from, const struct object *to)
{
    long long start = option(from, "START WITH ", 1);

    return start < option(to, "MINVALUE ", 1) || start > option(to, "MAXVALUE ", start);
}

void sequence_alter(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    const char *loses = NULL;
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    if (fact_differs(w, i, FACT_TYPE) || fact_differs(w, i, FACT_SEQUENCE)) {
        buf_printf(&sql, "ALTER SEQUENCE %s AS %s", writer_name(w, to), fact_text(to, FACT_TYPE));
        put_sequence(&sql, to, true);
        if (leaves_limits(from, to)) {
            buf_text(&sql, " RESTART");
            loses = writer_text(w, "where the sequence %s stands", writer_name(w, to));
        }
        writer_put(w, PHASE_MAIN, &sql, loses);
    }
    if (fact_differs(w, i, FACT_PERSISTENCE))
        writer_printf(w, PHASE_MAIN, "ALTER SEQUENCE %s SET %s", writer_name(w, to),
                      fact_has(to, FACT_PERSISTENCE) ? "UNLOGGED" : "LOGGED");
}
