/*
 * sqlite_table.c - a recursive descent over the tokens of CREATE TABLE.
 */
#include "sqlite_table.h"

#include <string.h>
#include <strings.h>

#include <headgate/connection.h>

#include "tokens.h"

enum { TEXT_LIMIT = 1 << 20, LIST_MAX = 2000 };

struct column {
    const char *name;
    size_t first, end; /* its tokens */
    const char *facts[FACTS];
};

struct constraint {
    const char *name; /* NULL: none was given */
    const char *facts[FACTS];
};

struct table {
    struct arena *arena;
    struct tokens tokens;
    const char *name;
    VEC(struct column) columns;
    VEC(struct constraint) constraints;
    const char *options;
    bool without_rowid;
    bool failed; /* memory ran out */
};

static const char *keep(struct table *t, struct buf *text)
{
    const char *kept = buf_failed(text) ? NULL : arena_text_n(t->arena, text->bytes, text->size);

    t->failed = t->failed || kept == NULL;
    buf_release(text);
    return kept;
}

static const char *squeezed(struct table *t, size_t from, size_t to)
{
    struct buf text = BUF_INIT(TEXT_LIMIT);

    tokens_squeeze(&t->tokens, from, to, &text);
    return keep(t, &text);
}

static const char *source(struct table *t, size_t from, size_t to)
{
    struct buf text = BUF_INIT(TEXT_LIMIT);

    tokens_source(&t->tokens, from, to, &text);
    return keep(t, &text);
}

static const char *name_at(struct table *t, size_t i)
{
    const char *name = token_name(&t->tokens, i, t->arena);

    t->failed = t->failed || name == NULL;
    return name == NULL ? "" : name;
}

static bool is(const struct table *t, size_t i, const char *lower)
{
    return token_is(&t->tokens, i, lower);
}

static bool is_any(const struct table *t, size_t i, const char *const *words)
{
    for (; *words != NULL; words++)
        if (is(t, i, *words))
            return true;
    return false;
}

/* As the column was spelled where it was defined. */
static const char *column_name(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->columns.count; i++)
        if (strcasecmp(t->columns.items[i].name, name) == 0)
            return t->columns.items[i].name;
    return name;
}

static void put_name(struct buf *out, const char *name)
{
    char quoted[1024];

    if (name[0] != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0'
        && (name[0] < '0' || name[0] > '9')) {
        buf_text(out, name);
        return;
    }
    hg_quote_identifier(name, quoted, sizeof quoted);
    buf_text(out, quoted);
}

/* "(a, b COLLATE nocase DESC)" from token i: the names alone. */
static const char *column_list(struct table *t, size_t i)
{
    size_t end = token_behind(&t->tokens, i);
    struct buf list = BUF_INIT(TEXT_LIMIT);
    bool at_name = true;

    for (size_t k = i + 1; k + 1 < end; k++) {
        if (at_name) {
            buf_text(&list, list.size > 0 ? ", " : "");
            put_name(&list, column_name(t, name_at(t, k)));
        }
        at_name = is(t, k, ",");
    }
    return keep(t, &list);
}

static struct constraint *add_constraint(struct table *t, const char *name, const char *variety)
{
    struct constraint *c = VEC_PUSH(&t->constraints);

    if (c == NULL) {
        t->failed = true;
        return NULL;
    }
    c->name = name;
    c->facts[FACT_VARIETY] = variety;
    return c;
}

/* --- clauses --- */

static size_t skip_conflict(const struct table *t, size_t i)
{
    return is(t, i, "on") && is(t, i + 1, "conflict") ? i + 3 : i;
}

/* ON DELETE ..., ON UPDATE ..., MATCH name, [NOT] DEFERRABLE [INITIALLY ...] */
static size_t skip_actions(const struct table *t, size_t i)
{
    for (;;) {
        if (is(t, i, "on")
            && (is(t, i + 1, "delete") || is(t, i + 1, "update") || is(t, i + 1, "insert")))
            i += is(t, i + 2, "set") || is(t, i + 2, "no") ? 4 : 3;
        else if (is(t, i, "match"))
            i += 2;
        else if (is(t, i, "deferrable"))
            i += 1;
        else if (is(t, i, "not") && is(t, i + 1, "deferrable"))
            i += 2;
        else if (is(t, i, "initially"))
            i += 2;
        else
            return i;
    }
}

/* REFERENCES at token i, for these columns. */
static size_t take_references(struct table *t, size_t i, const char *name, const char *columns)
{
    struct constraint *c = add_constraint(t, name, "foreign key");
    struct buf text = BUF_INIT(TEXT_LIMIT), target = BUF_INIT(4096);
    size_t end = i + 2;

    tokens_squeeze(&t->tokens, i + 1, i + 2, &target);
    if (is(t, end, "("))
        end = token_behind(&t->tokens, end);
    if (c != NULL) {
        c->facts[FACT_COLUMNS] = columns;
        c->facts[FACT_REFERENCES] = keep(t, &target);
        c->facts[FACT_REFERENCED] = is(t, i + 2, "(") ? column_list(t, i + 2) : NULL;
    }
    end = skip_actions(t, end);
    buf_printf(&text, "FOREIGN KEY (%s) ", columns == NULL ? "" : columns);
    tokens_squeeze(&t->tokens, i, end, &text);
    if (c != NULL)
        c->facts[FACT_DEFINITION] = keep(t, &text);
    buf_release(&text);
    buf_release(&target);
    return end;
}

static size_t take_check(struct table *t, size_t i, const char *name)
{
    struct constraint *c = add_constraint(t, name, "check");
    size_t end = token_behind(&t->tokens, i + 1);

    if (c != NULL)
        c->facts[FACT_DEFINITION] = squeezed(t, i, skip_conflict(t, end));
    return skip_conflict(t, end);
}

/* PRIMARY KEY or UNIQUE of one column, from token i to `end`. */
static void add_key(struct table *t, const char *name, const char *variety, const char *column,
                    const char *rest)
{
    struct constraint *c = add_constraint(t, name, variety);
    struct buf text = BUF_INIT(TEXT_LIMIT), columns = BUF_INIT(TEXT_LIMIT);

    put_name(&columns, column);
    buf_printf(&text, "%s(%s)%s%s", variety, columns.bytes, rest[0] == '\0' ? "" : " ", rest);
    if (c != NULL) {
        c->facts[FACT_COLUMNS] = keep(t, &columns);
        c->facts[FACT_DEFINITION] = keep(t, &text);
    }
    buf_release(&columns);
    buf_release(&text);
}

static size_t take_column_key(struct table *t, struct column *column, size_t i, const char *name)
{
    bool primary = is(t, i, "primary"), autoincrement;
    size_t rest = primary ? i + 2 : i + 1, end = rest;

    if (is(t, end, "asc"))
        rest = ++end;
    if (is(t, end, "desc"))
        end++;
    end = skip_conflict(t, end);
    autoincrement = is(t, end, "autoincrement");
    end += autoincrement;
    add_key(t, name, primary ? "primary key" : "unique", column->name, squeezed(t, rest, end));
    if (autoincrement)
        column->facts[FACT_IDENTITY] = "autoincrement";
    return end;
}

/* A literal may be several tokens that touch each other: 1.5e-3, x'00'. */
static size_t literal_end(const struct table *t, size_t i)
{
    i += is(t, i, "-") || is(t, i, "+");
    for (i++; i < t->tokens.count; i++) {
        const struct lex_token *before = &t->tokens.items[i - 1], *token = &t->tokens.items[i];

        if (before->offset + before->size != token->offset || is(t, i, ",") || is(t, i, ")")
            || is(t, i, "("))
            break;
    }
    return i;
}

static size_t take_default(struct table *t, struct column *column, size_t i)
{
    size_t end = is(t, i + 1, "(") ? token_behind(&t->tokens, i + 1) : literal_end(t, i + 1);

    column->facts[FACT_DEFAULT] = squeezed(t, i + 1, end);
    return end;
}

static size_t take_generated(struct table *t, struct column *column, size_t i)
{
    size_t as = is(t, i, "generated") ? i + 2 : i, end = token_behind(&t->tokens, as + 1);
    bool stored = is(t, end, "stored");

    column->facts[FACT_GENERATED] = squeezed(t, as + 1, end);
    column->facts[FACT_STORED] = stored ? "stored" : "virtual";
    return end + (stored || is(t, end, "virtual"));
}

static size_t take_not_null(struct table *t, struct column *column, size_t i)
{
    size_t end = skip_conflict(t, i + 2);

    column->facts[FACT_NOT_NULL] = end == i + 2 ? "yes" : squeezed(t, i + 2, end);
    return end;
}

static size_t take_column_clause(struct table *t, struct column *column, size_t i,
                                 const char **name)
{
    const char *given = *name;

    *name = NULL;
    if (is(t, i, "constraint")) {
        *name = name_at(t, i + 1);
        return i + 2;
    }
    if (is(t, i, "primary") || is(t, i, "unique"))
        return take_column_key(t, column, i, given);
    if (is(t, i, "not") && is(t, i + 1, "null"))
        return take_not_null(t, column, i);
    if (is(t, i, "null"))
        return skip_conflict(t, i + 1);
    if (is(t, i, "check"))
        return take_check(t, i, given);
    if (is(t, i, "default"))
        return take_default(t, column, i);
    if (is(t, i, "collate")) {
        column->facts[FACT_COLLATION] = squeezed(t, i + 1, i + 2);
        return i + 2;
    }
    if (is(t, i, "references")) {
        struct buf columns = BUF_INIT(TEXT_LIMIT);

        put_name(&columns, column->name);
        return take_references(t, i, given, keep(t, &columns));
    }
    if (is(t, i, "generated") || is(t, i, "as"))
        return take_generated(t, column, i);
    return skip_actions(t, i) > i ? skip_actions(t, i) : i + 1;
}

static const char *const clause_words[] = {
    "constraint", "primary",    "not",       "null", "unique",     "check", "default",
    "collate",    "references", "generated", "as",   "deferrable", NULL};

static void take_column(struct table *t, size_t i, size_t end)
{
    const char *name_found = name_at(t, i), *given = NULL;
    struct column *column = VEC_PUSH(&t->columns);
    size_t type = i + 1, at = type;

    if (column == NULL) {
        t->failed = true;
        return;
    }
    column->name = name_found;
    column->first = i;
    column->end = end;
    while (at < end && !is_any(t, at, clause_words))
        at = is(t, at, "(") ? token_behind(&t->tokens, at) : at + 1;
    column->facts[FACT_TYPE] = squeezed(t, type, at);
    while (at < end)
        at = take_column_clause(t, column, at, &given);
    column->facts[FACT_SOURCE] = source(t, i, end);
}

static size_t take_table_key(struct table *t, size_t i, const char *name)
{
    bool primary = is(t, i, "primary");
    struct constraint *c = add_constraint(t, name, primary ? "primary key" : "unique");
    size_t open = primary ? i + 2 : i + 1, end = token_behind(&t->tokens, open);
    struct buf text = BUF_INIT(TEXT_LIMIT);
    size_t behind = skip_conflict(t, end);

    buf_text(&text, primary ? "primary key" : "unique");
    tokens_squeeze(&t->tokens, open, end, &text);
    if (behind > end) {
        buf_char(&text, ' ');
        tokens_squeeze(&t->tokens, end, behind, &text);
    }
    if (c != NULL) {
        c->facts[FACT_COLUMNS] = column_list(t, open);
        c->facts[FACT_DEFINITION] = keep(t, &text);
    }
    buf_release(&text);
    return behind;
}

/* Constraints of the table; commas between them may be missing. */
static void take_constraints(struct table *t, size_t i, size_t end)
{
    const char *name = NULL;

    while (i < end) {
        const char *given = name;

        name = NULL;
        if (is(t, i, "constraint")) {
            name = name_at(t, i + 1);
            i += 2;
        } else if (is(t, i, "primary") || is(t, i, "unique")) {
            i = take_table_key(t, i, given);
        } else if (is(t, i, "check")) {
            i = take_check(t, i, given);
        } else if (is(t, i, "foreign")) {
            size_t references = token_behind(&t->tokens, i + 2);

            i = take_references(t, references, given, column_list(t, i + 2));
        } else {
            i++;
        }
    }
}

static size_t entry_end(const struct table *t, size_t i, size_t close)
{
    while (i < close && !is(t, i, ","))
        i = is(t, i, "(") ? token_behind(&t->tokens, i) : i + 1;
    return i < close ? i : close;
}

static void take_options(struct table *t, size_t i)
{
    struct buf options = BUF_INIT(TEXT_LIMIT);
    bool strict = false;

    for (; i < t->tokens.count; i++) {
        strict = strict || is(t, i, "strict");
        t->without_rowid = t->without_rowid || is(t, i, "without");
    }
    buf_printf(&options, "%s%s%s", t->without_rowid ? "WITHOUT ROWID" : "",
               t->without_rowid && strict ? ", " : "", strict ? "STRICT" : "");
    t->options = keep(t, &options);
}

static void parse(struct table *t)
{
    static const char *const words[] = {"constraint", "primary", "unique",
                                        "check",      "foreign", NULL};
    size_t open = 0, close;

    while (open < t->tokens.count && !is(t, open, "("))
        open++;
    close = token_behind(&t->tokens, open);
    close -= close > 0;
    for (size_t i = open + 1, end; i < close; i = end + 1) {
        end = entry_end(t, i, close);
        if (is_any(t, i, words))
            take_constraints(t, i, end);
        else
            take_column(t, i, end);
    }
    take_options(t, close + 1);
}

/* An integer column that is the whole primary key is the row's own number. */
static void mark_rowid(struct table *t)
{
    for (size_t i = 0; i < t->constraints.count && !t->without_rowid; i++) {
        const struct constraint *c = &t->constraints.items[i];

        if (strcmp(c->facts[FACT_VARIETY], "primary key") != 0 || c->facts[FACT_COLUMNS] == NULL
            || strstr(c->facts[FACT_DEFINITION], ") desc") != NULL)
            continue;
        for (size_t k = 0; k < t->columns.count; k++) {
            struct column *column = &t->columns.items[k];
            struct buf name = BUF_INIT(4096);

            put_name(&name, column->name);
            if (strcmp(name.bytes, c->facts[FACT_COLUMNS]) == 0 && column->facts[FACT_TYPE] != NULL
                && strcmp(column->facts[FACT_TYPE], "integer") == 0
                && column->facts[FACT_IDENTITY] == NULL)
                column->facts[FACT_IDENTITY] = "rowid";
            buf_release(&name);
        }
    }
}

/* --- into the model --- */

static bool set_facts(struct model_maker *maker, struct object *object, const char *const *facts)
{
    bool ok = object != NULL;

    for (int i = 0; ok && i < FACTS; i++)
        ok = model_fact(maker, object, (enum fact)i, facts[i]);
    return ok;
}

static bool add_columns(struct model_maker *maker, const struct table *t)
{
    for (size_t i = 0; i < t->columns.count; i++) {
        const struct column *column = &t->columns.items[i];
        struct object *object = model_add(maker, OBJECT_COLUMN, "", t->name, column->name);
        const char *position = arena_printf(t->arena, "%zu", i + 1);

        if (!set_facts(maker, object, column->facts) || position == NULL
            || !model_fact(maker, object, FACT_POSITION, position))
            return false;
    }
    return true;
}

static bool is_repeated(const struct table *t, size_t i, const char *name)
{
    for (size_t k = 0; k < i; k++) {
        const struct constraint *c = &t->constraints.items[k];

        if (strcmp(c->name == NULL ? c->facts[FACT_DEFINITION] : c->name, name) == 0)
            return true;
    }
    return false;
}

static bool add_constraints(struct model_maker *maker, const struct table *t)
{
    for (size_t i = 0; i < t->constraints.count; i++) {
        const struct constraint *c = &t->constraints.items[i];
        const char *name = c->name == NULL ? c->facts[FACT_DEFINITION] : c->name;

        if (name == NULL)
            return false;
        if (!is_repeated(t, i, name)
            && !set_facts(maker, model_add(maker, OBJECT_CONSTRAINT, "", t->name, name), c->facts))
            return false;
    }
    return true;
}

bool sqlite_table_add(struct model_maker *maker, const char *name, const char *sql, uint64_t tag)
{
    struct arena arena = ARENA_INIT;
    struct table t = {.arena = &arena, .name = name};
    struct object *object;
    bool ok = tokens_cut(&arena, HG_SQLITE, sql, strlen(sql), &t.tokens);

    if (ok) {
        parse(&t);
        mark_rowid(&t);
    }
    ok = ok && !t.failed && add_columns(maker, &t) && add_constraints(maker, &t);
    object = ok ? model_add(maker, OBJECT_TABLE, "", "", name) : NULL;
    ok = object != NULL && model_fact(maker, object, FACT_VARIETY, "table")
         && model_fact(maker, object, FACT_OPTIONS, t.options)
         && model_fact(maker, object, FACT_SOURCE, sql);
    if (ok)
        object->tag = tag;
    VEC_RELEASE(&t.columns);
    VEC_RELEASE(&t.constraints);
    arena_release(&arena);
    return ok;
}
