/*
 * write_privileges.c - PostgreSQL: who may do what with an object, beside its owner.
 *
 * FACT_PRIVILEGES lists grants, "SELECT+INSERT* TO reader, USAGE TO PUBLIC": a star says that the
 * privilege may be passed on. An object that is made begins with what its kind gives to everybody
 * and what default privileges of the old schema give; those of the new one are set last of all.
 */
#include "writer.h"

#include <string.h>

struct grant {
    const char *privileges; /* "SELECT+INSERT*" */
    size_t size;
    const char *grantee; /* as SQL */
    size_t grantee_size;
};

static size_t grantee_length(const char *grantee)
{
    size_t n = 1;

    if (grantee[0] != '"')
        return strcspn(grantee, ",");
    for (; grantee[n] != '\0' && (grantee[n] != '"' || grantee[n + 1] == '"'); n++)
        n += grantee[n] == '"';
    return n + (grantee[n] == '"');
}

/* Takes the next grant off a list. */
static bool next_grant(const char **list, struct grant *out)
{
    const char *to = strstr(*list, " TO ");

    if (to == NULL)
        return false;
    *out = (struct grant){*list, (size_t)(to - *list), to + 4, grantee_length(to + 4)};
    *list = out->grantee + out->grantee_size;
    *list += strspn(*list, ", ");
    return true;
}

static bool find_grant(const char *list, const struct grant *same, struct grant *out)
{
    while (next_grant(&list, out))
        if (out->grantee_size == same->grantee_size
            && memcmp(out->grantee, same->grantee, same->grantee_size) == 0)
            return true;
    return false;
}

/* "SELECT", "INSERT*": the privilege that begins at a place of the grant. */
static size_t privilege_length(const struct grant *grant, size_t at)
{
    size_t n = 0;

    while (at + n < grant->size && grant->privileges[at + n] != '+')
        n++;
    return n;
}

static bool has_privilege(const struct grant *grant, const char *privilege, size_t size)
{
    for (size_t at = 0, n; at < grant->size; at += n + 1) {
        n = privilege_length(grant, at);
        if (n == size && memcmp(grant->privileges + at, privilege, n) == 0)
            return true;
    }
    return false;
}

static bool has_all(const struct grant *grant, const struct grant *of)
{
    for (size_t at = 0, n; at < of->size; at += n + 1) {
        n = privilege_length(of, at);
        if (!has_privilege(grant, of->privileges + at, n))
            return false;
    }
    return true;
}

/* --- statements --- */

/* What stands around the privileges: "ALTER DEFAULT PRIVILEGES IN SCHEMA app ", "TABLES". */
struct frame {
    const char *before, *on;
    const char *column; /* " (email)"; "": none */
};

/* The name of default privileges is what stands between PRIVILEGES and GRANT, and what they are
 * on. */
static struct frame frame_of(struct writer *w, const struct object *object)
{
    const char *word = strrchr(object->name, ' ');

    if (object->kind == OBJECT_COLUMN)
        return (struct frame){"", writer_text(w, "TABLE %s", writer_table(w, object)),
                              writer_text(w, " (%s)", writer_quote(w, object->name))};
    if (object->kind == OBJECT_VIEW)
        return (struct frame){"", writer_text(w, "TABLE %s", writer_name(w, object)), ""};
    if (object->kind != OBJECT_DEFAULTS)
        return (struct frame){"", object_described(w, object, false), ""};
    if (word == NULL)
        return (struct frame){"ALTER DEFAULT PRIVILEGES ", object->name, ""};
    return (struct frame){
        writer_text(w, "ALTER DEFAULT PRIVILEGES %.*s ", (int)(word - object->name), object->name),
        word + 1, ""};
}

/* What `has` (NULL: nothing) lacks of a grant; with the right to pass it on, or without. */
static void grant_rest(struct writer *w, const struct frame *frame, const struct grant *grant,
                       const struct grant *has, bool option)
{
    struct buf list = BUF_INIT(4096);

    for (size_t at = 0, n; at < grant->size; at += n + 1) {
        const char *privilege = grant->privileges + at;
        bool star;

        n = privilege_length(grant, at);
        star = privilege[n - 1] == '*';
        if (star == option && (has == NULL || !has_privilege(has, privilege, n)))
            buf_printf(&list, "%s%.*s%s", list.size > 0 ? ", " : "", (int)(n - star), privilege,
                       frame->column);
    }
    if (list.size > 0)
        writer_printf(w, PHASE_MAIN, "%sGRANT %s ON %s TO %.*s%s", frame->before, list.bytes,
                      frame->on, (int)grant->grantee_size, grant->grantee,
                      option ? " WITH GRANT OPTION" : "");
    buf_release(&list);
}

/* Whether a grantee loses anything on the way from one list to the other. */
static bool loses_some(const char *before, const char *after, const struct grant *grantee)
{
    struct grant had, has;

    return find_grant(before, grantee, &had)
           && !(find_grant(after, grantee, &has) && has_all(&has, &had));
}

static void change_grants(struct writer *w, const struct frame *frame, const char *before,
                          const char *after)
{
    struct grant grant, other;

    for (const char *list = before; next_grant(&list, &grant);)
        if (loses_some(before, after, &grant))
            writer_printf(w, PHASE_MAIN, "%sREVOKE ALL%s ON %s FROM %.*s", frame->before,
                          frame->column, frame->on, (int)grant.grantee_size, grant.grantee);
    for (const char *list = after; next_grant(&list, &grant);) {
        bool stays = find_grant(before, &grant, &other) && has_all(&grant, &other);

        for (int option = 0; option < 2; option++)
            grant_rest(w, frame, &grant, stays ? &other : NULL, option == 1);
    }
}

/* --- what there is before anything is granted --- */

/* Default privileges that are not of one schema stand in the place of these. */
static const char *given_to_all(const struct writer *w, const struct object *object)
{
    if (object->kind == OBJECT_FUNCTION)
        return "EXECUTE TO PUBLIC";
    if (object->kind == OBJECT_TYPE)
        return "USAGE TO PUBLIC";
    if (object->kind == OBJECT_SCHEMA && strcmp(object->name, "public") == 0)
        return w->to->version < 150000 ? "CREATE+USAGE TO PUBLIC" : "USAGE TO PUBLIC";
    if (object->kind == OBJECT_DEFAULTS && strstr(object->name, "IN SCHEMA ") == NULL) {
        const char *word = strrchr(object->name, ' ');

        word = word == NULL ? object->name : word + 1;
        return strcmp(word, "FUNCTIONS") == 0 ? "EXECUTE TO PUBLIC"
               : strcmp(word, "TYPES") == 0   ? "USAGE TO PUBLIC"
                                              : "";
    }
    return "";
}

/* What default privileges are called that apply to a kind of object; NULL: none do. */
static const char *defaults_word(enum object_kind kind)
{
    switch (kind) {
    case OBJECT_TABLE:
    case OBJECT_VIEW:
        return "TABLES";
    case OBJECT_SEQUENCE:
        return "SEQUENCES";
    case OBJECT_FUNCTION:
        return "FUNCTIONS";
    case OBJECT_TYPE:
        return "TYPES";
    case OBJECT_SCHEMA:
        return "SCHEMAS";
    default:
        return NULL;
    }
}

static const struct object *find_defaults(const struct writer *w, const char *name)
{
    return model_find(w->from, OBJECT_DEFAULTS, "", "", name);
}

/* What an object has from the moment it is made. */
static const char *given_at_first(struct writer *w, const struct object *object)
{
    const char *word = defaults_word(object->kind);
    const char *schema = object->schema[0] == '\0' ? w->to->default_schema : object->schema;
    const struct object *all, *inside;
    const char *given = given_to_all(w, object);

    if (word == NULL)
        return given;
    all = find_defaults(w, word);
    inside = find_defaults(w, writer_text(w, "IN SCHEMA %s %s", writer_quote(w, schema), word));
    given = all == NULL ? given : fact_text(all, FACT_PRIVILEGES);
    return inside == NULL || !fact_has(inside, FACT_PRIVILEGES)
               ? given
               : writer_text(w, "%s%s%s", given, given[0] == '\0' ? "" : ", ",
                             fact_text(inside, FACT_PRIVILEGES));
}

void privileges_create(struct writer *w, const struct object *to)
{
    struct frame frame = frame_of(w, to);

    change_grants(w, &frame, given_at_first(w, to), fact_text(to, FACT_PRIVILEGES));
}

/* What is revoked on a table is revoked on its columns, too: whoever keeps it there gets it again.
 */
static void grant_columns_again(struct writer *w, const struct object *from,
                                const struct object *to)
{
    const char *before = fact_text(from, FACT_PRIVILEGES), *after = fact_text(to, FACT_PRIVILEGES);
    size_t first, count = model_range(w->to, OBJECT_COLUMN, to->schema, to->name, &first);

    for (size_t j = first; j < first + count; j++) {
        const struct object *column = &w->to->objects[j];
        struct frame frame = frame_of(w, column);
        struct grant grant;

        for (const char *list = fact_text(column, FACT_PRIVILEGES);
             !w->make[j] && next_grant(&list, &grant);)
            for (int option = 0; loses_some(before, after, &grant) && option < 2; option++)
                grant_rest(w, &frame, &grant, NULL, option == 1);
    }
}

/* A list without those grantees whose grants its table has seen to. */
static const char *without_seen_to(struct writer *w, const struct object *column, const char *list)
{
    const struct object *to = &w->to->objects[column->owner];
    ptrdiff_t from = w->back[column->owner];
    const char *kept = "";
    struct grant grant;

    if (from == NONE)
        return list;
    while (next_grant(&list, &grant))
        if (!loses_some(fact_text(&w->from->objects[from], FACT_PRIVILEGES),
                        fact_text(to, FACT_PRIVILEGES), &grant))
            kept = writer_text(w, "%s%s%.*s", kept, kept[0] == '\0' ? "" : ", ",
                               (int)(grant.grantee + grant.grantee_size - grant.privileges),
                               grant.privileges);
    return kept;
}

void privileges_alter(struct writer *w, const struct object *from, const struct object *to)
{
    const char *before = fact_text(from, FACT_PRIVILEGES), *after = fact_text(to, FACT_PRIVILEGES);
    struct frame frame = frame_of(w, to);

    if (to->kind == OBJECT_COLUMN) {
        before = without_seen_to(w, to, before);
        after = without_seen_to(w, to, after);
    }
    change_grants(w, &frame, before, after);
    if (to->kind == OBJECT_TABLE)
        grant_columns_again(w, from, to);
}

void privileges_drop(struct writer *w, const struct object *from)
{
    struct frame frame = frame_of(w, from);

    change_grants(w, &frame, fact_text(from, FACT_PRIVILEGES), given_to_all(w, from));
}
