/*
 * write_objects.c - PostgreSQL: creates, alters and drops one object of each kind.
 */
#include "writer.h"

#include <string.h>

enum { STATEMENT_LIMIT = 64 << 20 };

/* --- comments --- */

static const char *comment_kind(const struct object *object)
{
    if (object->kind == OBJECT_TYPE)
        return object_is(object, "domain") ? "DOMAIN" : "TYPE";
    if (object->kind == OBJECT_FUNCTION)
        return object_is(object, "procedure") ? "PROCEDURE" : "FUNCTION";
    if (object->kind == OBJECT_VIEW)
        return object_is(object, "materialized view") ? "MATERIALIZED VIEW" : "VIEW";
    switch (object->kind) {
    case OBJECT_SCHEMA:
        return "SCHEMA";
    case OBJECT_EXTENSION:
        return "EXTENSION";
    case OBJECT_SEQUENCE:
        return "SEQUENCE";
    case OBJECT_TABLE:
        return "TABLE";
    case OBJECT_COLUMN:
        return "COLUMN";
    case OBJECT_CONSTRAINT:
        return "CONSTRAINT";
    case OBJECT_INDEX:
        return "INDEX";
    case OBJECT_TRIGGER:
        return "TRIGGER";
    case OBJECT_RULE:
        return "RULE";
    default:
        return "POLICY";
    }
}

const char *object_described(struct writer *w, const struct object *object, bool domain)
{
    const char *kind = comment_kind(object);

    if (object->kind == OBJECT_COLUMN)
        return writer_text(w, "COLUMN %s.%s", writer_table(w, object),
                           writer_quote(w, object->name));
    if (object->table[0] != '\0' && object->kind != OBJECT_INDEX)
        return writer_text(w, "%s %s ON %s%s", kind, writer_quote(w, object->name),
                           domain ? "DOMAIN " : "", writer_table(w, object));
    return writer_text(w, "%s %s", kind, writer_name(w, object));
}

static void put_comment(struct writer *w, const struct object *object, bool domain,
                        enum write_phase phase)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    buf_printf(&sql, "COMMENT ON %s IS ", object_described(w, object, domain));
    if (fact_has(object, FACT_COMMENT))
        literal_put(&sql, object->facts[FACT_COMMENT]);
    else
        buf_text(&sql, "NULL");
    writer_put(w, phase, &sql, NULL);
}

/* What is made after the main transaction is described after it, too. */
static enum write_phase comment_phase(const struct writer *w, const struct object *to)
{
    bool late = to->kind == OBJECT_INDEX
                || (to->kind == OBJECT_CONSTRAINT
                    && (object_is(to, "unique") || object_is(to, "primary key")));

    return late && is_online(w, to) && w->make[to - w->to->objects] ? PHASE_AFTER : PHASE_MAIN;
}

void object_comment(struct writer *w, const struct object *to)
{
    if (fact_has(to, FACT_COMMENT))
        put_comment(w, to, is_of_domain(w->to, to), comment_phase(w, to));
}

/* --- views, functions, triggers, policies --- */

static void create_view(struct writer *w, const struct object *to, bool replace)
{
    bool materialized = object_is(to, "materialized view");
    const char *options = fact_text(to, FACT_OPTIONS);

    writer_printf(w, PHASE_MAIN, "CREATE %s%sVIEW %s%s%s%s AS\n%s", replace ? "OR REPLACE " : "",
                  materialized ? "MATERIALIZED " : "", writer_name(w, to),
                  options[0] == '\0' ? "" : " WITH (", options, options[0] == '\0' ? "" : ")",
                  fact_text(to, FACT_DEFINITION));
}

/* Comments on columns of a view that is made, whether they are new or not. */
static void comment_columns(struct writer *w, const struct object *view)
{
    size_t first, count = model_range(w->to, OBJECT_COLUMN, view->schema, view->name, &first);

    for (size_t i = first; i < first + count; i++)
        put_comment(w, &w->to->objects[i], false, PHASE_MAIN);
}

static void alter_view(struct writer *w, size_t i)
{
    const struct object *to = &w->to->objects[w->match[i]];

    if (fact_differs(w, i, FACT_DEFINITION) || fact_differs(w, i, FACT_COLUMNS)
        || (fact_differs(w, i, FACT_OPTIONS) && object_is(to, "view")))
        create_view(w, to, true);
}

static void set_enabled(struct writer *w, const struct object *to)
{
    static const struct {
        char code;
        const char *word;
    } states[] = {{'D', "DISABLE"}, {'R', "ENABLE REPLICA"}, {'A', "ENABLE ALWAYS"}};
    const char *word = "ENABLE";

    for (size_t k = 0; k < sizeof states / sizeof *states; k++)
        if (fact_text(to, FACT_ENABLED)[0] == states[k].code)
            word = states[k].word;
    writer_printf(w, PHASE_MAIN, "ALTER TABLE %s %s %s %s", writer_table(w, to), word,
                  to->kind == OBJECT_RULE ? "RULE" : "TRIGGER", writer_quote(w, to->name));
}

/* --- all kinds --- */

/* Whether it is a schema that every database has. */
static bool is_standing(const struct object *schema)
{
    return object_is(schema, "standing");
}

static void create_extension(struct writer *w, const struct object *to)
{
    const char *schema = fact_text(to, FACT_OPTIONS);

    writer_printf(w, PHASE_MAIN, "CREATE EXTENSION %s%s%s", writer_name(w, to),
                  schema[0] == '\0' ? "" : " SCHEMA ",
                  schema[0] == '\0' ? "" : writer_quote(w, schema));
}

/* A function's text ends with a line end, a rule's with a semicolon. */
static void put_definition(struct writer *w, const struct object *to)
{
    const char *text = fact_text(to, FACT_DEFINITION);
    size_t n = strlen(text);

    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ';'))
        n--;
    writer_printf(w, PHASE_MAIN, "%.*s", (int)n, text);
}

void object_create(struct writer *w, size_t j)
{
    const struct object *to = &w->to->objects[j];

    switch (to->kind) {
    case OBJECT_SCHEMA:
        if (!is_standing(to))
            writer_printf(w, PHASE_MAIN, "CREATE SCHEMA %s", writer_name(w, to));
        break;
    case OBJECT_EXTENSION:
        create_extension(w, to);
        break;
    case OBJECT_TYPE:
        type_create(w, to);
        break;
    case OBJECT_SEQUENCE:
        sequence_create(w, to);
        break;
    case OBJECT_FUNCTION:
    case OBJECT_TRIGGER:
    case OBJECT_RULE:
        put_definition(w, to);
        break;
    case OBJECT_TABLE:
        table_create(w, j);
        break;
    case OBJECT_COLUMN:
        if (comes_with_owner(w, j) && w->to->objects[to->owner].kind == OBJECT_VIEW)
            return; /* its comment came with the view */
        column_create(w, j);
        break;
    case OBJECT_CONSTRAINT:
        if (!constraint_inline(w, j))
            constraint_create(w, to);
        break;
    case OBJECT_INDEX:
        index_create(w, to);
        break;
    case OBJECT_VIEW:
        create_view(w, to, false);
        comment_columns(w, to);
        break;
    case OBJECT_POLICY:
        writer_printf(w, PHASE_MAIN, "CREATE POLICY %s ON %s %s", writer_quote(w, to->name),
                      writer_table(w, to), fact_text(to, FACT_DEFINITION));
        break;
    case OBJECT_DEFAULTS:
        break; /* they are nothing but privileges */
    case OBJECT_OTHER:
    case OBJECT_KINDS:
        writer_impossible(w, to, "this kind of object is not modelled; it is not created");
        return;
    }
    if (fact_has(to, FACT_ENABLED))
        set_enabled(w, to);
    object_comment(w, to);
    if (w->to->privileges)
        privileges_create(w, to);
}

void object_alter(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];

    switch (to->kind) {
    case OBJECT_EXTENSION:
        if (fact_differs(w, i, FACT_OPTIONS))
            writer_printf(w, PHASE_MAIN, "ALTER EXTENSION %s SET SCHEMA %s", writer_name(w, to),
                          fact_has(to, FACT_OPTIONS) ? writer_quote(w, fact_text(to, FACT_OPTIONS))
                                                     : writer_quote(w, w->to->default_schema));
        break;
    case OBJECT_TYPE:
        type_alter(w, i);
        break;
    case OBJECT_SEQUENCE:
        sequence_alter(w, i);
        break;
    case OBJECT_FUNCTION:
        if (fact_differs(w, i, FACT_DEFINITION))
            put_definition(w, to);
        break;
    case OBJECT_TABLE:
        table_alter(w, i);
        break;
    case OBJECT_COLUMN:
        column_alter(w, i);
        break;
    case OBJECT_CONSTRAINT:
        constraint_alter(w, i);
        break;
    case OBJECT_VIEW:
        alter_view(w, i);
        break;
    case OBJECT_TRIGGER:
    case OBJECT_RULE:
        if (fact_differs(w, i, FACT_ENABLED))
            set_enabled(w, to);
        break;
    default:
        break;
    }
    if (fact_differs(w, i, FACT_COMMENT))
        put_comment(w, to, is_of_domain(w->to, to), comment_phase(w, to));
    if (fact_differs(w, i, FACT_PRIVILEGES))
        privileges_alter(w, from, to);
}

static const char *what_is_lost(struct writer *w, const struct object *from)
{
    if (from->kind == OBJECT_TABLE)
        return writer_text(w, "all rows of %s", writer_name(w, from));
    if (from->kind == OBJECT_COLUMN && !fact_has(from, FACT_GENERATED))
        return writer_text(w, "the values of %s.%s", writer_table(w, from),
                           writer_quote(w, from->name));
    if (from->kind == OBJECT_SEQUENCE)
        return writer_text(w, "where the sequence %s stands", writer_name(w, from));
    return NULL;
}

void object_drop(struct writer *w, size_t i, enum write_phase phase)
{
    const struct object *from = &w->from->objects[i];
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    if (from->kind == OBJECT_OTHER) {
        writer_impossible(w, from, "this kind of object is not modelled; it is not dropped");
        return;
    }
    if (from->kind == OBJECT_DEFAULTS) {
        privileges_drop(w, from);
        return;
    }
    if (from->kind == OBJECT_COLUMN && w->from->objects[from->owner].kind != OBJECT_TABLE) {
        writer_printf(w, PHASE_MAIN, "COMMENT ON %s IS NULL", object_described(w, from, false));
        return; /* of a view: it was a comment alone */
    }
    if (from->kind == OBJECT_COLUMN)
        buf_printf(&sql, "ALTER TABLE %s DROP COLUMN %s", writer_table(w, from),
                   writer_quote(w, from->name));
    else if (from->kind == OBJECT_CONSTRAINT)
        buf_printf(&sql, "ALTER %s %s DROP CONSTRAINT %s",
                   is_of_domain(w->from, from) ? "DOMAIN" : "TABLE", writer_table(w, from),
                   writer_quote(w, from->name));
    else if (from->kind == OBJECT_TRIGGER || from->kind == OBJECT_RULE
             || from->kind == OBJECT_POLICY)
        buf_printf(&sql, "DROP %s", object_described(w, from, false));
    else if (from->kind == OBJECT_INDEX)
        buf_printf(&sql, "DROP INDEX %s%s", phase == PHASE_AFTER ? "CONCURRENTLY " : "",
                   writer_name(w, from));
    else
        buf_printf(&sql, "DROP %s %s", comment_kind(from), writer_name(w, from));
    writer_put(w, phase, &sql, what_is_lost(w, from));
}
