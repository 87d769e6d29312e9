/*
 * build_extras.c - checks and views of the source for the target; triggers, which are only told of.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "build_parts.h"
#include "schema/names.h"

static bool add_extra(struct maker *m, const char *subject, const char *what, struct buf *sql,
                      hg_error *err)
{
    struct build_part *part = VEC_PUSH(&m->out->extras);

    if (part != NULL)
        *part = (struct build_part){arena_text(&m->out->arena, subject), what,
                                    arena_text(&m->out->arena, sql->bytes)};
    return (part != NULL && part->subject != NULL && part->sql != NULL && !buf_failed(sql))
           || build_no_memory(err);
}

/* --- checks --- */

/* CHECK (flag IN (0, 1)), which tools write because SQLite has no booleans, is what a boolean is.
 */
static bool is_implied(const struct making *t, const struct tokens *tokens)
{
    struct arena arena = ARENA_INIT;
    const char *name = tokens->count < 3 ? NULL : token_name(tokens, 2, &arena);
    struct buf text = BUF_INIT(SQL_MAX);
    bool implied = false;

    tokens_squeeze(tokens, 3, tokens->count, &text);
    for (size_t i = 0; name != NULL && i < t->target->column_count; i++)
        if (strcasecmp(t->target->columns[i].name, name) == 0
            && t->target->columns[i].target.type == PG_BOOL)
            implied = strcmp(text.bytes, "in(0,1))") == 0;
    buf_release(&text);
    arena_release(&arena);
    return implied;
}

static bool names_column(const struct tokens *tokens, const char *column, struct arena *arena)
{
    for (size_t i = 0; i < tokens->count; i++) {
        enum lex_kind kind = tokens->items[i].kind;
        const char *name =
            kind == LEX_WORD || kind == LEX_QUOTED ? token_name(tokens, i, arena) : NULL;

        if (name != NULL && strcasecmp(name, column) == 0)
            return true;
    }
    return false;
}

/* What the rows will have to meet. expression: as the target reads it. */
static bool add_condition(struct maker *m, const struct making *t, const struct object *check,
                          const struct tokens *tokens, const char *expression, hg_error *err)
{
    struct arena *arena = &m->out->arena;
    struct target_check *condition = VEC_PUSH(&m->out->checks);

    if (condition == NULL)
        return build_no_memory(err);
    *condition = (struct target_check){
        .table = t->source->name,
        .name = arena_text(arena, check->name),
        .expression = arena_text(arena, expression),
        .columns = arena_alloc(arena, t->source->column_count, sizeof *condition->columns)};
    if (condition->name == NULL || condition->expression == NULL || condition->columns == NULL)
        return build_no_memory(err);
    for (size_t i = 0; i < t->source->column_count; i++)
        if (names_column(tokens, t->source->columns[i].name, arena))
            condition->columns[condition->column_count++] = t->source->columns[i].name;
    return true;
}

static bool add_check(struct maker *m, const struct making *t, const struct object *check,
                      hg_error *err)
{
    const char *text = check->facts[FACT_DEFINITION];
    struct buf sql = BUF_INIT(SQL_MAX);
    struct arena arena = ARENA_INIT;
    struct tokens tokens;
    struct scope scope;
    char why[WHY_SIZE];
    size_t from;
    bool ok = tokens_cut(&arena, HG_SQLITE, text, strlen(text), &tokens) || build_no_memory(err);

    ok = ok && build_scope(m, t, &scope, err);
    if (ok && !is_implied(t, &tokens)) {
        buf_printf(&sql, "ALTER TABLE %s ADD", t->target->sql_name);
        if (strcmp(check->name, text) != 0) {
            buf_text(&sql, " CONSTRAINT ");
            name_put(&sql, check->name);
        }
        buf_text(&sql, " CHECK ");
        from = sql.size;
        ok = translate(&scope, &tokens, 1, tokens.count, &sql, why)
                 ? add_condition(m, t, check, &tokens, sql.bytes + from, err)
                       && add_extra(m, t->source->name, "check", &sql, err)
                 : build_note(m, "check-left-out", t->source->name, false, err,
                              "%s is not made: %s", text, why);
    }
    buf_release(&sql);
    arena_release(&arena);
    return ok;
}

bool build_checks(struct maker *m, const struct making *t, hg_error *err)
{
    size_t first = 0;
    size_t count = model_range(m->model, OBJECT_CONSTRAINT, "", t->source->name, &first);

    for (size_t i = first; i < first + count; i++)
        if (object_is(&m->model->objects[i], "check")
            && !add_check(m, t, &m->model->objects[i], err))
            return false;
    return true;
}

/* --- views --- */

static bool add_names(struct maker *m, const struct target_table *table, struct known_name *names,
                      size_t *io_count)
{
    (void)m;
    names[(*io_count)++] = (struct known_name){table->name, false};
    for (size_t i = 0; i < table->column_count; i++)
        names[(*io_count)++] =
            (struct known_name){table->columns[i].name, table->columns[i].target.type == PG_BOOL};
    return true;
}

/* All tables and columns that a view may name. */
static bool view_scope(struct maker *m, struct scope *out, hg_error *err)
{
    size_t room = 0, count = 0;
    struct known_name *names;

    for (size_t i = 0; i < m->out->tables.count; i++)
        room += m->out->tables.items[i].column_count + 1;
    for (size_t i = 0; i < m->target->table_count; i++)
        room += m->target->tables[i].column_count + 1;
    names = arena_alloc(&m->out->arena, room, sizeof *names);
    if (names == NULL)
        return build_no_memory(err);
    for (size_t i = 0; i < m->out->tables.count; i++)
        add_names(m, &m->out->tables.items[i], names, &count);
    for (size_t i = 0; i < m->target->table_count; i++)
        add_names(m, &m->target->tables[i], names, &count);
    *out = (struct scope){names, count, true};
    return true;
}

/* Behind CREATE [TEMP] VIEW [IF NOT EXISTS] name. */
static size_t view_body(const struct tokens *tokens)
{
    size_t i = 0;

    while (i < tokens->count && !token_is(tokens, i, "view"))
        i++;
    return i + (token_is(tokens, i + 1, "if") ? 5 : 2);
}

static bool add_view(struct maker *m, const struct source_view *view, const struct scope *scope,
                     hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct arena arena = ARENA_INIT;
    struct tokens tokens;
    char why[WHY_SIZE];
    bool ok = tokens_cut(&arena, HG_SQLITE, view->sql, strlen(view->sql), &tokens)
              || build_no_memory(err);

    buf_text(&sql, "CREATE VIEW ");
    name_put_qualified(&sql, m->target->schema, view->name);
    buf_char(&sql, ' ');
    if (ok)
        ok = translate(scope, &tokens, view_body(&tokens), tokens.count, &sql, why)
                 ? add_extra(m, view->name, "view", &sql, err)
                 : build_note(m, "view-left-out", view->name, false, err,
                              "the view is not made: %s", why);
    buf_release(&sql);
    arena_release(&arena);
    return ok;
}

static bool tell_triggers(struct maker *m, hg_error *err)
{
    for (size_t i = 0; i < m->model->count; i++) {
        const struct object *object = &m->model->objects[i];

        if (object->kind == OBJECT_TRIGGER
            && !build_note(m, "trigger-left-out", object->table, false, err,
                           "trigger \"%s\" is not made: triggers do not translate", object->name))
            return false;
    }
    return true;
}

static bool is_there(const struct maker *m, const char *name)
{
    for (size_t i = 0; i < m->target->relation_count; i++)
        if (strcmp(m->target->relations[i], name) == 0)
            return true;
    return false;
}

bool build_views(struct maker *m, hg_error *err)
{
    struct scope scope;
    bool ok = view_scope(m, &scope, err);

    for (size_t i = 0; ok && m->wish->table_count == 0 && i < m->source->view_count; i++)
        if (!is_there(m, m->source->views[i].name))
            ok = add_view(m, &m->source->views[i], &scope, err);
    return ok && (m->out->tables.count == 0 || tell_triggers(m, err));
}
