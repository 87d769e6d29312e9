/*
 * write_constraints.c - PostgreSQL: constraints and indexes, and whether they come while the
 * application goes on.
 */
#include "writer.h"

#include <string.h>

enum { STATEMENT_LIMIT = 64 << 20 };

bool is_partitioned(const struct model *model, const struct object *object)
{
    return object_is(&model->objects[object->owner], "partitioned table");
}

bool is_of_domain(const struct model *model, const struct object *object)
{
    return model->objects[object->owner].kind == OBJECT_TYPE;
}

/* A view that groups by a key cannot be made before it. */
static bool view_waits(const struct writer *w, const struct object *key)
{
    size_t index = (size_t)(key - w->to->objects);

    for (size_t k = w->users.starts[index];
         key->kind == OBJECT_CONSTRAINT && k < w->users.starts[index + 1]; k++)
        if (w->to->objects[w->users.items[k]].kind == OBJECT_VIEW && w->make[w->users.items[k]])
            return true;
    return false;
}

bool is_online(const struct writer *w, const struct object *to)
{
    return w->mode == WRITE_ONLINE && !w->make[to->owner] && !is_partitioned(w->to, to)
           && !view_waits(w, to);
}

/* --- constraints and indexes --- */

static const char *suffix(const struct object *to)
{
    return fact_has(to, FACT_VALID) ? " NOT VALID" : "";
}

/* "UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE" as the index that it stands on. */
static void put_key_index(struct writer *w, const struct object *to, struct buf *sql)
{
    static const char nulls[] = "NULLS NOT DISTINCT ";
    const char *definition = strchr(fact_text(to, FACT_DEFINITION), '(');
    const char *end = strstr(definition, ") DEFERRABLE");
    bool distinct =
        strstr(fact_text(to, FACT_DEFINITION), nulls) == fact_text(to, FACT_DEFINITION) + 7;

    buf_printf(sql, "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s %.*s%s", writer_quote(w, to->name),
               writer_table(w, to),
               end == NULL ? (int)strlen(definition) : (int)(end - definition) + 1, definition,
               distinct ? " NULLS NOT DISTINCT" : "");
}

static void add_key_online(struct writer *w, const struct object *to)
{
    const char *options = strstr(fact_text(to, FACT_DEFINITION), ") DEFERRABLE");
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

        if (w->make[to->needs[k]] && needed->kind == OBJECT_CONSTRAINT && is_online(w, needed))
            return true;
    }
    return false;
}

void constraint_create(struct writer *w, const struct object *to)
{
    const char *target = is_of_domain(w->to, to) ? "DOMAIN" : "TABLE";
    bool key = object_is(to, "unique") || object_is(to, "primary key");
    bool late = !is_of_domain(w->to, to) && is_online(w, to);

    if (late && key && strstr(fact_text(to, FACT_DEFINITION), "WITHOUT OVERLAPS") == NULL) {
        add_key_online(w, to);
        return;
    }
    late = late && (object_is(to, "check") || object_is(to, "foreign key"))
           && !fact_has(to, FACT_VALID);
    writer_printf(w,
                  object_is(to, "foreign key") && needs_late_key(w, to) ? PHASE_AFTER : PHASE_MAIN,
                  "ALTER %s %s ADD CONSTRAINT %s %s%s", target, writer_table(w, to),
                  writer_quote(w, to->name), fact_text(to, FACT_DEFINITION),
                  late ? " NOT VALID" : suffix(to));
    if (object_is(to, "exclude") && !is_of_domain(w->to, to) && is_online(w, to))
        writer_danger(w, "exclude-blocks");
    if (late)
        writer_printf(w, PHASE_AFTER, "ALTER TABLE %s VALIDATE CONSTRAINT %s", writer_table(w, to),
                      writer_quote(w, to->name));
}

void index_create(struct writer *w, const struct object *to)
{
    bool late = is_online(w, to);

    writer_printf(w, late ? PHASE_AFTER : PHASE_MAIN, "CREATE %sINDEX %s%s ON %s %s",
                  object_is(to, "unique") ? "UNIQUE " : "", late ? "CONCURRENTLY " : "",
                  writer_quote(w, to->name), writer_table(w, to), fact_text(to, FACT_DEFINITION));
}

void constraint_alter(struct writer *w, size_t i)
{
    const struct object *to = &w->to->objects[w->match[i]];

    if (fact_differs(w, i, FACT_VALID))
        writer_printf(w, w->mode == WRITE_ONLINE ? PHASE_AFTER : PHASE_MAIN,
                      "ALTER %s %s VALIDATE CONSTRAINT %s",
                      is_of_domain(w->to, to) ? "DOMAIN" : "TABLE", writer_table(w, to),
                      writer_quote(w, to->name));
}
