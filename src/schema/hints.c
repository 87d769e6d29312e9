/*
 * hints.c - what a schema file says about names.
 */
#include "hints.h"

#include <string.h>
#include <strings.h>

#include "sql/split.h"
#include "tokens.h"

enum stage {
    STAGE_BEFORE, /* nothing of the statement has come */
    STAGE_VERB,   /* CREATE */
    STAGE_NAME,   /* and TABLE, INDEX, TYPE */
    STAGE_DOT,    /* and its name, which may have been that of a schema */
    STAGE_REST,
    STAGE_OTHER /* a statement that makes nothing of these */
};

struct reader {
    struct arena *arena;
    struct hints *hints;
    hg_driver dialect;
    const char *text;
    enum stage stage;
    enum object_kind kind;
    const char *schema, *name;
    const char *element; /* the column or value that began last; NULL: none */
    int depth;
    bool body;           /* inside the first parentheses */
    bool expecting;      /* the next token begins an element */
    struct hint pending; /* for the statement that comes; old NULL: none */
    bool failed;
};

static void begin_statement(struct reader *r)
{
    r->stage = STAGE_BEFORE;
    r->schema = "";
    r->name = NULL;
    r->element = NULL;
    r->depth = 0;
    r->body = false;
    r->expecting = false;
}

/* A name or label without its quotes; PostgreSQL means lower case where there are none. */
static const char *take(struct reader *r, const struct split_token *t)
{
    struct lex_token item = {t->kind, t->offset, t->size, true};
    const struct tokens one = {r->text, &item, 1};
    char *name = token_name(&one, 0, r->arena);

    r->failed = r->failed || name == NULL;
    for (char *c = name; c != NULL && *c != '\0'; c++)
        if (t->kind == LEX_WORD && r->dialect == HG_POSTGRESQL && *c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return name == NULL ? "" : name;
}

static bool is_word(const struct reader *r, const struct split_token *t, const char *lower)
{
    return (t->kind == LEX_WORD || t->kind == LEX_MARK)
           && lex_is(r->text + t->offset, t->size, lower);
}

/* --- hints --- */

static void add(struct reader *r, struct hint hint)
{
    struct hint *place = VEC_PUSH(&r->hints->items);

    if (place == NULL)
        r->failed = true;
    else
        *place = hint;
}

/* What the hint is about, where the reader stands. */
static void place_hint(struct reader *r, const char *old, int line)
{
    struct hint hint = {
        .kind = r->kind, .schema = r->schema, .owner = "", .old = old, .line = line};

    if (r->stage == STAGE_BEFORE || r->stage == STAGE_VERB || r->name == NULL) {
        if (r->stage != STAGE_OTHER)
            r->pending = hint;
        return;
    }
    if (r->element != NULL) {
        hint.kind = r->kind == OBJECT_TABLE ? OBJECT_COLUMN : OBJECT_TYPE;
        hint.owner = r->name;
        hint.name = r->element;
    } else {
        hint.name = r->name;
    }
    if (r->element != NULL || r->kind != OBJECT_TYPE)
        add(r, hint);
}

/* "-- @renamed from=old", "-- @renamed from="Old Name"" */
static void read_comment(struct reader *r, const struct split_token *t)
{
    static const char mark[] = "@renamed", from[] = "from=";
    const char *at = r->text + t->offset + 2, *end = r->text + t->offset + t->size;
    struct split_token name = {.kind = LEX_WORD};

    at += strspn(at, " \t");
    if ((size_t)(end - at) < sizeof mark || memcmp(at, mark, sizeof mark - 1) != 0)
        return;
    at += sizeof mark - 1;
    at += strspn(at, " \t");
    if ((size_t)(end - at) < sizeof from || memcmp(at, from, sizeof from - 1) != 0)
        return;
    at += sizeof from - 1;
    name.offset = (size_t)(at - r->text);
    if (*at == '"' || *at == '\'') {
        const char *close = memchr(at + 1, *at, (size_t)(end - at - 1));

        name.kind = LEX_QUOTED;
        name.size = close == NULL ? 0 : (size_t)(close - at) + 1;
    } else {
        while (at + name.size < end && strchr(" \t\r", at[name.size]) == NULL)
            name.size++;
    }
    if (name.size > 0)
        place_hint(r, take(r, &name), t->line);
}

/* --- statements --- */

static void read_verb(struct reader *r, const struct split_token *t)
{
    static const struct {
        const char *word;
        enum stage stage;
        enum object_kind kind;
    } words[] = {{"table", STAGE_NAME, OBJECT_TABLE},   {"index", STAGE_NAME, OBJECT_INDEX},
                 {"type", STAGE_NAME, OBJECT_TYPE},     {"unique", STAGE_VERB, OBJECT_KINDS},
                 {"temp", STAGE_VERB, OBJECT_KINDS},    {"temporary", STAGE_VERB, OBJECT_KINDS},
                 {"unlogged", STAGE_VERB, OBJECT_KINDS}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_word(r, t, words[i].word)) {
            r->stage = words[i].stage;
            r->kind = words[i].kind;
            return;
        }
    r->stage = STAGE_OTHER;
}

static void read_name(struct reader *r, const struct split_token *t)
{
    static const char *const skipped[] = {"if", "not", "exists", "concurrently"};

    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        if (is_word(r, t, skipped[i]))
            return;
    if (t->kind != LEX_WORD && t->kind != LEX_QUOTED) {
        r->stage = STAGE_OTHER;
        return;
    }
    r->name = take(r, t);
    r->stage = STAGE_DOT;
}

/* The statement's object is known: what was said before it is about it. */
static void settle_pending(struct reader *r)
{
    if (r->pending.old != NULL && r->kind != OBJECT_TYPE) {
        r->pending.kind = r->kind;
        r->pending.schema = r->schema;
        r->pending.name = r->name;
        add(r, r->pending);
    }
    r->pending.old = NULL;
}

static void read_rest(struct reader *r, const struct split_token *t)
{
    if (is_word(r, t, "(")) {
        r->body = r->body || r->kind != OBJECT_INDEX;
        r->expecting = r->expecting || (r->depth == 0 && r->kind != OBJECT_INDEX);
        r->depth++;
    } else if (is_word(r, t, ")")) {
        r->depth--;
        r->element = r->depth == 0 ? NULL : r->element;
    } else if (is_word(r, t, ",") && r->depth == 1) {
        r->expecting = true;
    } else if (r->expecting && r->depth == 1) {
        r->element = take(r, t);
        r->expecting = false;
    }
}

static void read_token(struct reader *r, const struct split_token *t)
{
    switch (r->stage) {
    case STAGE_BEFORE:
        r->stage = is_word(r, t, "create") ? STAGE_VERB : STAGE_OTHER;
        break;
    case STAGE_VERB:
        read_verb(r, t);
        break;
    case STAGE_NAME:
        read_name(r, t);
        break;
    case STAGE_DOT:
        if (is_word(r, t, ".")) {
            r->schema = r->name;
            r->stage = STAGE_NAME;
            break;
        }
        settle_pending(r);
        r->stage = STAGE_REST;
        read_rest(r, t);
        break;
    case STAGE_REST:
        read_rest(r, t);
        break;
    case STAGE_OTHER:
        r->pending.old = NULL;
        break;
    }
}

bool hints_read(struct arena *arena, hg_driver dialect, const char *text, size_t size,
                struct hints *hints)
{
    struct reader r = {.arena = arena, .hints = hints, .dialect = dialect, .text = text};
    struct split_token t = {.kind = LEX_SPACE};
    struct split split;
    bool ended = false;

    split_init(&split, dialect, text, size, 0, 1);
    begin_statement(&r);
    while (split_token(&split, &t, NULL) && t.kind != LEX_END) {
        bool significant = t.kind >= LEX_WORD && !t.rows;

        if (significant && ended)
            begin_statement(&r);
        ended = significant ? t.ends_statement : ended;
        if (t.kind == LEX_LINE_COMMENT)
            read_comment(&r, &t);
        else if (significant && !t.ends_statement)
            read_token(&r, &t);
    }
    return !r.failed;
}

/* --- what somebody says --- */

bool hints_say(struct arena *arena, const char *said, struct hints *hints, bool *out_fine)
{
    const char *equals = strchr(said, '='), *dot = strchr(said, '.');
    struct hint *hint;

    *out_fine = equals != NULL && equals > said && dot != said
                && (dot == NULL || dot > equals || dot + 1 < equals);
    if (!*out_fine)
        return true;
    dot = dot != NULL && dot < equals ? dot : NULL;
    hint = VEC_PUSH(&hints->items);
    if (hint == NULL)
        return false;
    *hint =
        (struct hint){.kind = dot == NULL ? OBJECT_TABLE : OBJECT_COLUMN,
                      .schema = "",
                      .owner = dot == NULL ? "" : arena_text_n(arena, said, (size_t)(dot - said)),
                      .old = dot == NULL ? arena_text_n(arena, said, (size_t)(equals - said))
                                         : arena_text_n(arena, dot + 1, (size_t)(equals - dot) - 1),
                      .name = arena_text(arena, equals + 1),
                      .denied = equals[1] == '\0'};
    return hint->owner != NULL && hint->old != NULL && hint->name != NULL;
}
