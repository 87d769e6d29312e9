/*
 * write_objects.c - PostgreSQL: creates, alters and drops one object of each kind.
 */
#include "writer.h"

#include <stdlib.h>
#include <string.h>

enum { STATEMENT_LIMIT = 64 << 20 };

static const char *fact(const struct object *object, enum fact which)
{
    return object->facts[which] == NULL ? "" : object->facts[which];
}

static bool has(const struct object *object, enum fact which)
{
    return object->facts[which] != NULL;
}

bool is_partitioned(const struct model *model, const struct object *object)
{
    return object_is(&model->objects[object->owner], "partitioned table");
}

/* Whether it belongs to a domain and not to a table. */
static bool of_domain(const struct model *model, const struct object *object)
{
    return model->objects[object->owner].kind == OBJECT_TYPE;
}

/* A view that groups by a key cannot be made before it. */
static bool view_waits(const struct writer *w, const struct object *key)
{
    size_t index = (size_t)(key - w->to->objects);

    for (size_t i = 0; key->kind == OBJECT_CONSTRAINT && i < w->to->count; i++)
        for (size_t k = 0; w->to->objects[i].kind == OBJECT_VIEW && w->make[i]
                           && k < w->to->objects[i].need_count;
             k++)
            if (w->to->objects[i].needs[k] == index)
                return true;
    return false;
}

/* Whether rows may be there already: the table is not made by this very change. */
static bool online(const struct writer *w, const struct object *to)
{
    return w->mode == WRITE_ONLINE && !w->make[to->owner] && !is_partitioned(w->to, to)
           && !view_waits(w, to);
}

/* --- comments and privileges --- */

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

/* "TABLE accounts", "COLUMN accounts.email", "TRIGGER t ON accounts" */
static const char *described(struct writer *w, const struct object *object, bool domain)
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

    buf_printf(&sql, "COMMENT ON %s IS ", described(w, object, domain));
    if (has(object, FACT_COMMENT))
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

    return late && online(w, to) && w->make[to - w->to->objects] ? PHASE_AFTER : PHASE_MAIN;
}

void object_comment(struct writer *w, const struct object *to)
{
    if (has(to, FACT_COMMENT))
        put_comment(w, to, of_domain(w->to, to), comment_phase(w, to));
}

/* "SELECT+INSERT* TO reader": one grantee's, a star for those that may be passed on. */
static void grant_one(struct writer *w, const struct object *object, const char *line, size_t n)
{
    const char *to = memmem(line, n, " TO ", 4);
    const char *target = described(w, object, false);

    if (to == NULL)
        return;
    for (int option = 0; option < 2; option++) {
        struct buf list = BUF_INIT(4096);

        for (const char *at = line; at < to;) {
            size_t size = strcspn(at, "+ "), star = at[size - 1] == '*';

            if ((int)star == option)
                buf_printf(&list, "%s%.*s", list.size > 0 ? ", " : "", (int)(size - star), at);
            at += size + (at[size] == '+');
        }
        if (list.size > 0)
            writer_printf(w, PHASE_MAIN, "GRANT %s ON %s%s TO %.*s%s", list.bytes,
                          strncmp(target, "VIEW ", 5) == 0
                                  || strncmp(target, "MATERIALIZED", 12) == 0
                              ? "TABLE "
                              : "",
                          object->kind == OBJECT_VIEW ? writer_name(w, object) : target,
                          (int)(n - (size_t)(to + 4 - line)), to + 4,
                          option == 1 ? " WITH GRANT OPTION" : "");
        buf_release(&list);
    }
}

static void write_privileges(struct writer *w, const struct object *from, const struct object *to)
{
    const char *target = to->kind == OBJECT_VIEW ? writer_text(w, "TABLE %s", writer_name(w, to))
                                                 : described(w, to, false);

    for (const char *line = from == NULL ? "" : fact(from, FACT_PRIVILEGES); *line != '\0';) {
        const char *end = strstr(line, ", "), *grantee = strstr(line, " TO ");
        size_t n = end == NULL ? strlen(line) : (size_t)(end - line);

        if (grantee != NULL)
            writer_printf(w, PHASE_MAIN, "REVOKE ALL ON %s FROM %.*s", target,
                          (int)(n - (size_t)(grantee + 4 - line)), grantee + 4);
        line += n + (end == NULL ? 0 : 2);
    }
    for (const char *line = fact(to, FACT_PRIVILEGES); *line != '\0';) {
        const char *end = strstr(line, ", ");
        size_t n = end == NULL ? strlen(line) : (size_t)(end - line);

        grant_one(w, to, line, n);
        line += n + (end == NULL ? 0 : 2);
    }
}

/* --- types --- */

static void create_type(struct writer *w, const struct object *to)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);
    const char *name = writer_name(w, to);

    if (object_is(to, "domain")) {
        buf_printf(&sql, "CREATE DOMAIN %s AS %s", name, fact(to, FACT_TYPE));
        if (has(to, FACT_COLLATION))
            buf_printf(&sql, " COLLATE %s", fact(to, FACT_COLLATION));
        if (has(to, FACT_DEFAULT))
            buf_printf(&sql, " DEFAULT %s", fact(to, FACT_DEFAULT));
        buf_text(&sql, has(to, FACT_NOT_NULL) ? " NOT NULL" : "");
    } else {
        buf_printf(&sql, "CREATE TYPE %s AS %s(%s)", name, object_is(to, "enum") ? "ENUM " : "",
                   fact(to, FACT_DEFINITION));
    }
    writer_put(w, PHASE_MAIN, &sql, NULL);
}

/* The labels of `to` that `from` lacks, each behind the one that precedes it. */
static void add_values(struct writer *w, const struct object *from, const struct object *to)
{
    const char *old = fact(from, FACT_DEFINITION), *new = fact(to, FACT_DEFINITION);
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

static void alter_type(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    const char *name = writer_name(w, to);

    if (fact_differs(w, i, FACT_DEFINITION))
        add_values(w, from, to);
    if (fact_differs(w, i, FACT_DEFAULT) && has(to, FACT_DEFAULT))
        writer_printf(w, PHASE_MAIN, "ALTER DOMAIN %s SET DEFAULT %s", name,
                      fact(to, FACT_DEFAULT));
    else if (fact_differs(w, i, FACT_DEFAULT))
        writer_printf(w, PHASE_MAIN, "ALTER DOMAIN %s DROP DEFAULT", name);
    if (fact_differs(w, i, FACT_NOT_NULL))
        writer_printf(w, PHASE_MAIN, "ALTER DOMAIN %s %s NOT NULL", name,
                      has(to, FACT_NOT_NULL) ? "SET" : "DROP");
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
    if (has(to, FACT_SEQUENCE))
        buf_printf(sql, " %s", fact(to, FACT_SEQUENCE));
    else if (all)
        buf_printf(sql, " INCREMENT BY 1 MINVALUE 1 MAXVALUE %s START WITH 1 CACHE 1 NO CYCLE",
                   largest(fact(to, FACT_TYPE)));
}

static void create_sequence(struct writer *w, const struct object *to)
{
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    buf_printf(&sql, "CREATE %sSEQUENCE %s", has(to, FACT_PERSISTENCE) ? "UNLOGGED " : "",
               writer_name(w, to));
    if (strcmp(fact(to, FACT_TYPE), "bigint") != 0)
        buf_printf(&sql, " AS %s", fact(to, FACT_TYPE));
    put_sequence(&sql, to, false);
    writer_put(w, PHASE_MAIN, &sql, NULL);
}

/* A number of a sequence's options; those that stand nowhere are the default ones. */
static long long option(const struct object *sequence, const char *name, long long otherwise)
{
    const char *at = strstr(fact(sequence, FACT_SEQUENCE), name);

    return at == NULL ? otherwise : strtoll(at + strlen(name), NULL, 10);
}

/* Whether the sequence may stand outside of its new limits: it did when it began. */
static bool leaves_limits(const struct object *from, const struct object *to)
{
    long long start = option(from, "START WITH ", 1);

    return start < option(to, "MINVALUE ", 1) || start > option(to, "MAXVALUE ", start);
}

static void alter_sequence(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];
    const char *loses = NULL;
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    if (fact_differs(w, i, FACT_TYPE) || fact_differs(w, i, FACT_SEQUENCE)) {
        buf_printf(&sql, "ALTER SEQUENCE %s AS %s", writer_name(w, to), fact(to, FACT_TYPE));
        put_sequence(&sql, to, true);
        if (leaves_limits(from, to)) {
            buf_text(&sql, " RESTART");
            loses = writer_text(w, "where the sequence %s stands", writer_name(w, to));
        }
        writer_put(w, PHASE_MAIN, &sql, loses);
    }
    if (fact_differs(w, i, FACT_PERSISTENCE))
        writer_printf(w, PHASE_MAIN, "ALTER SEQUENCE %s SET %s", writer_name(w, to),
                      has(to, FACT_PERSISTENCE) ? "UNLOGGED" : "LOGGED");
}

/* --- constraints and indexes --- */

static const char *suffix(const struct object *to)
{
    return has(to, FACT_VALID) ? " NOT VALID" : "";
}

/* "UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE" as the index that it stands on. */
static void put_key_index(struct writer *w, const struct object *to, struct buf *sql)
{
    static const char nulls[] = "NULLS NOT DISTINCT ";
    const char *definition = strchr(fact(to, FACT_DEFINITION), '(');
    const char *end = strstr(definition, ") DEFERRABLE");
    bool distinct = strstr(fact(to, FACT_DEFINITION), nulls) == fact(to, FACT_DEFINITION) + 7;

    buf_printf(sql, "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s %.*s%s", writer_quote(w, to->name),
               writer_table(w, to),
               end == NULL ? (int)strlen(definition) : (int)(end - definition) + 1, definition,
               distinct ? " NULLS NOT DISTINCT" : "");
}

static void add_key_online(struct writer *w, const struct object *to)
{
    const char *options = strstr(fact(to, FACT_DEFINITION), ") DEFERRABLE");
    struct buf sql = BUF_INIT(STATEMENT_LIMIT);

    put_key_index(w, to, &sql);
    writer_put(w, PHASE_AFTER, &sql, NULL);
    writer_printf(w, PHASE_AFTER, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s",
                  writer_table(w, to), writer_quote(w, to->name),
                  object_is(to, "unique") ? "UNIQUE" : "PRIMARY KEY", writer_quote(w, to->name),
                  options == NULL ? "" : options + 1);
}

/* A foreign key to a key that only comes after the main transaction. */
static bool needs_late_key(const struct writer *w, const struct object *to)
{
    for (size_t k = 0; k < to->need_count; k++) {
        const struct object *needed = &w->to->objects[to->needs[k]];

        if (w->make[to->needs[k]] && needed->kind == OBJECT_CONSTRAINT && online(w, needed))
            return true;
    }
    return false;
}

static void create_constraint(struct writer *w, const struct object *to)
{
    const char *target = of_domain(w->to, to) ? "DOMAIN" : "TABLE";
    bool key = object_is(to, "unique") || object_is(to, "primary key");
    bool late = !of_domain(w->to, to) && online(w, to);

    if (late && key && strstr(fact(to, FACT_DEFINITION), "WITHOUT OVERLAPS") == NULL) {
        add_key_online(w, to);
        return;
    }
    late = late && (object_is(to, "check") || object_is(to, "foreign key")) && !has(to, FACT_VALID);
    writer_printf(
        w, object_is(to, "foreign key") && needs_late_key(w, to) ? PHASE_AFTER : PHASE_MAIN,
        "ALTER %s %s ADD CONSTRAINT %s %s%s", target, writer_table(w, to),
        writer_quote(w, to->name), fact(to, FACT_DEFINITION), late ? " NOT VALID" : suffix(to));
    if (late)
        writer_printf(w, PHASE_AFTER, "ALTER TABLE %s VALIDATE CONSTRAINT %s", writer_table(w, to),
                      writer_quote(w, to->name));
}

static void create_index(struct writer *w, const struct object *to)
{
    bool late = online(w, to);

    writer_printf(w, late ? PHASE_AFTER : PHASE_MAIN, "CREATE %sINDEX %s%s ON %s %s",
                  object_is(to, "unique") ? "UNIQUE " : "", late ? "CONCURRENTLY " : "",
                  writer_quote(w, to->name), writer_table(w, to), fact(to, FACT_DEFINITION));
}

static void alter_constraint(struct writer *w, size_t i)
{
    const struct object *to = &w->to->objects[w->match[i]];

    if (fact_differs(w, i, FACT_VALID))
        writer_printf(w, w->mode == WRITE_ONLINE ? PHASE_AFTER : PHASE_MAIN,
                      "ALTER %s %s VALIDATE CONSTRAINT %s",
                      of_domain(w->to, to) ? "DOMAIN" : "TABLE", writer_table(w, to),
                      writer_quote(w, to->name));
}

/* --- views, functions, triggers, policies --- */

static void create_view(struct writer *w, const struct object *to, bool replace)
{
    bool materialized = object_is(to, "materialized view");
    const char *options = fact(to, FACT_OPTIONS);

    writer_printf(w, PHASE_MAIN, "CREATE %s%sVIEW %s%s%s%s AS\n%s", replace ? "OR REPLACE " : "",
                  materialized ? "MATERIALIZED " : "", writer_name(w, to),
                  options[0] == '\0' ? "" : " WITH (", options, options[0] == '\0' ? "" : ")",
                  fact(to, FACT_DEFINITION));
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
        if (fact(to, FACT_ENABLED)[0] == states[k].code)
            word = states[k].word;
    writer_printf(w, PHASE_MAIN, "ALTER TABLE %s %s %s %s", writer_table(w, to), word,
                  to->kind == OBJECT_RULE ? "RULE" : "TRIGGER", writer_quote(w, to->name));
}

/* --- all kinds --- */

static void create_extension(struct writer *w, const struct object *to)
{
    const char *schema = fact(to, FACT_OPTIONS);

    writer_printf(w, PHASE_MAIN, "CREATE EXTENSION %s%s%s", writer_name(w, to),
                  schema[0] == '\0' ? "" : " SCHEMA ",
                  schema[0] == '\0' ? "" : writer_quote(w, schema));
}

/* A function's text ends with a line end, a rule's with a semicolon. */
static void put_definition(struct writer *w, const struct object *to)
{
    const char *text = fact(to, FACT_DEFINITION);
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
        writer_printf(w, PHASE_MAIN, "CREATE SCHEMA %s", writer_name(w, to));
        break;
    case OBJECT_EXTENSION:
        create_extension(w, to);
        break;
    case OBJECT_TYPE:
        create_type(w, to);
        break;
    case OBJECT_SEQUENCE:
        create_sequence(w, to);
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
            create_constraint(w, to);
        break;
    case OBJECT_INDEX:
        create_index(w, to);
        break;
    case OBJECT_VIEW:
        create_view(w, to, false);
        comment_columns(w, to);
        break;
    case OBJECT_POLICY:
        writer_printf(w, PHASE_MAIN, "CREATE POLICY %s ON %s %s", writer_quote(w, to->name),
                      writer_table(w, to), fact(to, FACT_DEFINITION));
        break;
    case OBJECT_OTHER:
    case OBJECT_KINDS:
        writer_impossible(w, to, "this kind of object is not modelled; it is not created");
        return;
    }
    if (has(to, FACT_ENABLED))
        set_enabled(w, to);
    object_comment(w, to);
    if (has(to, FACT_PRIVILEGES))
        write_privileges(w, NULL, to);
}

void object_alter(struct writer *w, size_t i)
{
    const struct object *from = &w->from->objects[i], *to = &w->to->objects[w->match[i]];

    switch (to->kind) {
    case OBJECT_EXTENSION:
        if (fact_differs(w, i, FACT_OPTIONS))
            writer_printf(w, PHASE_MAIN, "ALTER EXTENSION %s SET SCHEMA %s", writer_name(w, to),
                          has(to, FACT_OPTIONS) ? writer_quote(w, fact(to, FACT_OPTIONS))
                                                : writer_quote(w, w->to->default_schema));
        break;
    case OBJECT_TYPE:
        alter_type(w, i);
        break;
    case OBJECT_SEQUENCE:
        alter_sequence(w, i);
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
        alter_constraint(w, i);
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
        put_comment(w, to, of_domain(w->to, to), comment_phase(w, to));
    if (fact_differs(w, i, FACT_PRIVILEGES))
        write_privileges(w, from, to);
}

static const char *what_is_lost(struct writer *w, const struct object *from)
{
    if (from->kind == OBJECT_TABLE)
        return writer_text(w, "all rows of %s", writer_name(w, from));
    if (from->kind == OBJECT_COLUMN && !has(from, FACT_GENERATED))
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
    if (from->kind == OBJECT_COLUMN && w->from->objects[from->owner].kind != OBJECT_TABLE) {
        writer_printf(w, PHASE_MAIN, "COMMENT ON %s IS NULL", described(w, from, false));
        return; /* of a view: it was a comment alone */
    }
    if (from->kind == OBJECT_COLUMN)
        buf_printf(&sql, "ALTER TABLE %s DROP COLUMN %s", writer_table(w, from),
                   writer_quote(w, from->name));
    else if (from->kind == OBJECT_CONSTRAINT)
        buf_printf(&sql, "ALTER %s %s DROP CONSTRAINT %s",
                   of_domain(w->from, from) ? "DOMAIN" : "TABLE", writer_table(w, from),
                   writer_quote(w, from->name));
    else if (from->kind == OBJECT_TRIGGER || from->kind == OBJECT_RULE
             || from->kind == OBJECT_POLICY)
        buf_printf(&sql, "DROP %s", described(w, from, false));
    else if (from->kind == OBJECT_INDEX)
        buf_printf(&sql, "DROP INDEX %s%s", phase == PHASE_AFTER ? "CONCURRENTLY " : "",
                   writer_name(w, from));
    else
        buf_printf(&sql, "DROP %s %s", comment_kind(from), writer_name(w, from));
    writer_put(w, phase, &sql, what_is_lost(w, from));
}
