/*
 * portable.c - PostgreSQL's words → SQLite's, statement by statement, token by token.
 *
 * The mapping keeps what PostgreSQL checks: lengths, truth values, labels of enums and JSON become
 * CHECKs, and tables are STRICT where no numeric column stands in the way, so that a value which
 * production would refuse is refused in development.
 */
#include "portable.h"

#include <string.h>

#include "sql/split.h"
#include "tokens.h"

#define UTC_NOW "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"
#define RANDOM_UUID                                                                          \
    "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4'"                         \
    " || substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (abs(random()) % 4), 1)" \
    " || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))"

enum { MESSAGE_NAME = 60 };

/* --- a statement --- */

struct translation {
    struct portable *portable;
    struct tokens tokens;
    struct buf *out;
    size_t offset; /* of the statement in the file */
    size_t at;     /* the next byte that is not written yet */
    bool numeric;  /* a column whose values SQLite has no strict type for */
    hg_error *err; /* never NULL */
};

void portable_release(struct portable *portable)
{
    VEC_RELEASE(&portable->enums);
    VEC_RELEASE(&portable->own);
    VEC_RELEASE(&portable->stored);
    arena_release(&portable->arena);
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read the schema file: out of memory");
}

static bool is(const struct translation *t, size_t i, const char *lower)
{
    return token_is(&t->tokens, i, lower);
}

static size_t start_of(const struct translation *t, size_t i)
{
    return i < t->tokens.count ? t->tokens.items[i].offset : strlen(t->tokens.text);
}

static size_t end_of(const struct translation *t, size_t i)
{
    return t->tokens.items[i].offset + t->tokens.items[i].size;
}

/* Writes what stands before token i as it is. */
static void copy_to(struct translation *t, size_t i)
{
    size_t to = start_of(t, i);

    if (to > t->at)
        buf_bytes(t->out, t->tokens.text + t->at, to - t->at);
    t->at = to > t->at ? to : t->at;
}

/* The same, and token i. */
static void copy_through(struct translation *t, size_t i)
{
    size_t end = end_of(t, i);

    if (end > t->at) {
        buf_bytes(t->out, t->tokens.text + t->at, end - t->at);
        t->at = end;
    }
}

/* Leaves tokens [from, to) out; their line ends stay. */
static void leave_out(struct translation *t, size_t from, size_t to)
{
    copy_to(t, from);
    if (t->out->size > 0 && t->out->bytes[t->out->size - 1] == ' ')
        buf_truncate(t->out, t->out->size - 1);
    for (size_t end = to == 0 ? 0 : end_of(t, to - 1); t->at < end; t->at++)
        if (t->tokens.text[t->at] == '\n')
            buf_char(t->out, '\n');
}

static void put_instead(struct translation *t, size_t from, size_t to, const char *text)
{
    copy_to(t, from);
    buf_text(t->out, text);
    leave_out(t, from, to); /* what it copies is written already */
}

static bool refuse(struct translation *t, size_t from, size_t to, const char *what)
{
    struct buf source = BUF_INIT(1 << 20);

    tokens_source(&t->tokens, from, to, &source);
    hg_fail(t->err, HG_FILE, "%s \"%.*s\" has no counterpart on SQLite", what, MESSAGE_NAME,
            buf_failed(&source) ? "" : source.bytes);
    hg_error_hint(t->err, "Put it between -- @postgresql and -- @end, and what SQLite is to have "
                          "between -- @sqlite and -- @end.");
    t->err->column = split_column(t->tokens.text, 0, t->tokens.items[from].offset);
    buf_release(&source);
    return false;
}

/* --- types --- */

enum check { CHECK_NONE, CHECK_BOOLEAN, CHECK_LENGTH, CHECK_JSON };

static const struct type {
    const char *name; /* its words, one blank between them */
    const char *sqlite;
    enum check check;
} types[] = {
    {"smallint", "INTEGER", CHECK_NONE},
    {"int2", "INTEGER", CHECK_NONE},
    {"integer", "INTEGER", CHECK_NONE},
    {"int", "INTEGER", CHECK_NONE},
    {"int4", "INTEGER", CHECK_NONE},
    {"bigint", "INTEGER", CHECK_NONE},
    {"int8", "INTEGER", CHECK_NONE},
    {"serial", "INTEGER", CHECK_NONE},
    {"bigserial", "INTEGER", CHECK_NONE},
    {"boolean", "INTEGER", CHECK_BOOLEAN},
    {"bool", "INTEGER", CHECK_BOOLEAN},
    {"text", "TEXT", CHECK_NONE},
    {"varchar", "TEXT", CHECK_LENGTH},
    {"character varying", "TEXT", CHECK_LENGTH},
    {"char", "TEXT", CHECK_LENGTH},
    {"character", "TEXT", CHECK_LENGTH},
    {"real", "REAL", CHECK_NONE},
    {"float4", "REAL", CHECK_NONE},
    {"float8", "REAL", CHECK_NONE},
    {"double precision", "REAL", CHECK_NONE},
    {"numeric", "NUMERIC", CHECK_NONE},
    {"decimal", "NUMERIC", CHECK_NONE},
    {"uuid", "TEXT", CHECK_NONE},
    {"date", "TEXT", CHECK_NONE},
    {"time", "TEXT", CHECK_NONE},
    {"time without time zone", "TEXT", CHECK_NONE},
    {"timestamp", "TEXT", CHECK_NONE},
    {"timestamp without time zone", "TEXT", CHECK_NONE},
    {"timestamp with time zone", "TEXT", CHECK_NONE},
    {"timestamptz", "TEXT", CHECK_NONE},
    {"json", "TEXT", CHECK_JSON},
    {"jsonb", "TEXT", CHECK_JSON},
    {"bytea", "BLOB", CHECK_NONE},
};

/* What a column's type was, and what came of it. */
struct column {
    size_t name, type, rest, end; /* tokens: its name, its type from there, what follows, its end */
    const struct type *known;     /* NULL: an enum */
    const struct portable_enum *labels;
    size_t arguments; /* the parenthesis behind the type; 0: none */
    bool always;      /* an identity that is never given */
};

/* The type's words without its arguments, in the arena. */
static const char *type_name(struct translation *t, struct column *c)
{
    struct buf name = BUF_INIT(1024);
    const char *kept;

    for (size_t i = c->type; i < c->rest; i++) {
        if (is(t, i, "(")) {
            c->arguments = i;
            i = token_behind(&t->tokens, i) - 1;
            continue;
        }
        if (name.size > 0)
            buf_char(&name, ' ');
        tokens_squeeze(&t->tokens, i, i + 1, &name);
    }
    kept = buf_failed(&name) ? "" : arena_text(&t->portable->arena, name.bytes);
    buf_release(&name);
    return kept;
}

/* A numeric column whose line says that digits matter more than sums. */
static const struct type stored = {"numeric", "TEXT", CHECK_NONE};

static bool is_stored(const struct translation *t, const struct column *c)
{
    const struct portable_range *range;
    size_t at = t->offset + start_of(t, c->type);

    VEC_EACH (&t->portable->stored, range)
        if (at >= range->from && at < range->to)
            return true;
    return false;
}

static bool find_type(struct translation *t, struct column *c)
{
    const char *name = type_name(t, c);
    const struct portable_enum *one;

    if (name == NULL)
        return no_memory(t->err);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) {
            c->known = &types[i];
            if (strcmp(types[i].sqlite, "NUMERIC") == 0 && is_stored(t, c))
                c->known = &stored;
            t->numeric = t->numeric || strcmp(c->known->sqlite, "NUMERIC") == 0;
            return true;
        }
    VEC_EACH (&t->portable->enums, one)
        if (strcmp(one->name, name) == 0) {
            c->labels = one;
            return true;
        }
    return refuse(t, c->type, c->rest, "the type");
}

/* --- what follows a column's type --- */

static bool begins_constraint(const struct translation *t, size_t i)
{
    static const char *const words[] = {"constraint", "not",     "null",       "default",
                                        "primary",    "unique",  "check",      "references",
                                        "generated",  "collate", "deferrable", "initially"};

    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (is(t, i, words[k]))
            return true;
    return false;
}

/* The token behind GENERATED ... AS IDENTITY (...) that token i begins; i when it does not. */
static size_t behind_identity(const struct translation *t, size_t i, bool *out_always)
{
    size_t k = i + 1;

    if (!is(t, i, "generated"))
        return i;
    *out_always = is(t, k, "always");
    k += *out_always ? 1 : 2;
    if (!is(t, k, "as") || !is(t, k + 1, "identity"))
        return i;
    k += 2;
    return is(t, k, "(") ? token_behind(&t->tokens, k) : k;
}

/* A default that only PostgreSQL understands as it stands. Returns the token behind what it took.
 */
static size_t translate_default(struct translation *t, const struct column *c, size_t i)
{
    static const struct {
        const char *word;
        bool call; /* followed by () */
        const char *sqlite;
    } values[] = {{"now", true, UTC_NOW},
                  {"transaction_timestamp", true, UTC_NOW},
                  {"current_timestamp", false, UTC_NOW},
                  {"localtimestamp", false, UTC_NOW},
                  {"gen_random_uuid", true, RANDOM_UUID}};
    size_t wrapped = is(t, i, "(");

    for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
        size_t at = i + wrapped, end = at + (values[k].call ? 3 : 1) + wrapped;

        if (is(t, at, values[k].word) && (!values[k].call || is(t, at + 1, "("))
            && (!wrapped || is(t, end - 1, ")"))) {
            put_instead(t, i, end, values[k].sqlite);
            return end;
        }
    }
    if (c->known != NULL && c->known->check == CHECK_BOOLEAN
        && (is(t, i, "true") || is(t, i, "false"))) {
        put_instead(t, i, i + 1, is(t, i, "true") ? "1" : "0");
        return i + 1;
    }
    return i;
}

/* PostgreSQL's byte order is SQLite's; other collations are PostgreSQL's alone. */
static bool translate_collation(struct translation *t, size_t i)
{
    char *name = token_name(&t->tokens, i, &t->portable->arena);

    if (name == NULL)
        return no_memory(t->err);
    if (strcmp(name, "C") != 0 && strcmp(name, "POSIX") != 0)
        return refuse(t, i, i + 1, "the collation");
    put_instead(t, i, i + 1, "BINARY");
    return true;
}

static bool translate_rest(struct translation *t, const struct column *c)
{
    for (size_t i = c->rest; i < c->end; i++) {
        bool always;
        size_t behind = behind_identity(t, i, &always);

        if (behind > i) {
            leave_out(t, i, behind);
            i = behind - 1;
        } else if (is(t, i, "primary") && c->always) {
            copy_through(t, ++i);
            buf_text(t->out, " AUTOINCREMENT");
        } else if (is(t, i, "default")) {
            i = translate_default(t, c, i + 1) - 1;
        } else if (is(t, i, "collate") && !translate_collation(t, i + 1)) {
            return false;
        } else if (is(t, i, "(")) {
            i = token_behind(&t->tokens, i) - 1;
        }
    }
    return true;
}

static void put_check(struct translation *t, const struct column *c)
{
    const struct lex_token *name = &t->tokens.items[c->name];
    const char *text = t->tokens.text;
    int n = (int)name->size;

    if (c->labels != NULL) {
        buf_printf(t->out, " CHECK (%.*s IN (%s))", n, text + name->offset, c->labels->labels);
        return;
    }
    if (c->known->check == CHECK_BOOLEAN)
        buf_printf(t->out, " CHECK (%.*s IN (0, 1))", n, text + name->offset);
    if (c->known->check == CHECK_JSON)
        buf_printf(t->out, " CHECK (%.*s IS NULL OR json_valid(%.*s))", n, text + name->offset, n,
                   text + name->offset);
    if (c->known->check == CHECK_LENGTH && c->arguments > 0)
        buf_printf(t->out, " CHECK (length(%.*s) <= %.*s)", n, text + name->offset,
                   (int)t->tokens.items[c->arguments + 1].size,
                   text + t->tokens.items[c->arguments + 1].offset);
}

static bool translate_column(struct translation *t, size_t from, size_t end)
{
    struct column c = {.name = from, .type = from + 1, .rest = from + 1, .end = end};

    while (c.rest < end && !begins_constraint(t, c.rest))
        c.rest = is(t, c.rest, "(") ? token_behind(&t->tokens, c.rest) : c.rest + 1;
    if (c.rest == c.type)
        return refuse(t, from, end, "the column");
    if (!find_type(t, &c))
        return false;
    for (size_t i = c.rest; i < end; i++) {
        bool always = false;

        if (behind_identity(t, i, &always) > i)
            c.always = always;
    }
    put_instead(t, c.type, c.rest, c.labels == NULL ? c.known->sqlite : "TEXT");
    if (!translate_rest(t, &c))
        return false;
    copy_through(t, end - 1);
    put_check(t, &c);
    return true;
}

/* --- tables --- */

static bool is_table_constraint(const struct translation *t, size_t i)
{
    static const char *const words[] = {"constraint", "primary", "unique", "check", "foreign"};

    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (is(t, i, words[k]))
            return true;
    return false;
}

/* The comma or parenthesis that ends the element that token i begins. */
static size_t element_end(const struct translation *t, size_t i, size_t last)
{
    while (i < last && !is(t, i, ","))
        i = is(t, i, "(") ? token_behind(&t->tokens, i) : i + 1;
    return i < last ? i : last;
}

static bool translate_table(struct translation *t)
{
    size_t open = 0, last, i;

    while (open < t->tokens.count && !is(t, open, "("))
        open++;
    if (open == t->tokens.count)
        return refuse(t, 0, t->tokens.count, "the statement");
    last = token_behind(&t->tokens, open) - 1;
    for (i = open + 1; i < last;) {
        size_t end = element_end(t, i, last);

        if (is(t, i, "exclude") || is(t, i, "like"))
            return refuse(t, i, end, "the clause");
        if (!is_table_constraint(t, i) && !translate_column(t, i, end))
            return false;
        i = end + 1;
    }
    if (last + 1 < t->tokens.count)
        return refuse(t, last + 1, t->tokens.count, "the clause");
    copy_to(t, t->tokens.count);
    buf_text(t->out, t->numeric ? "" : " STRICT");
    return true;
}

/* --- other statements --- */

static bool keep_enum(struct translation *t, size_t name)
{
    struct portable_enum *one = VEC_PUSH(&t->portable->enums);
    struct buf squeezed = BUF_INIT(1024), labels = BUF_INIT(1 << 20);
    size_t open = name + 3;

    if (one == NULL)
        return no_memory(t->err);
    tokens_squeeze(&t->tokens, name, name + 1, &squeezed);
    tokens_source(&t->tokens, open + 1, token_behind(&t->tokens, open) - 1, &labels);
    *one = (struct portable_enum){
        buf_failed(&squeezed) ? NULL : arena_text(&t->portable->arena, squeezed.bytes),
        buf_failed(&labels) ? NULL : arena_text(&t->portable->arena, labels.bytes)};
    buf_release(&squeezed);
    buf_release(&labels);
    return (one->name != NULL && one->labels != NULL) || no_memory(t->err);
}

static bool translate_type(struct translation *t)
{
    if (is(t, 3, "as") && is(t, 4, "enum") && is(t, 5, "("))
        return keep_enum(t, 2);
    return refuse(t, 2, 3, "the type");
}

/* Ways to look things up that SQLite has not are left out with their index: nothing depends on it.
 * What an index only carries along is left out alone. */
static bool translate_index(struct translation *t)
{
    for (size_t i = 0; i < t->tokens.count; i++) {
        if (is(t, i, "concurrently")) {
            leave_out(t, i, i + 1);
        } else if (is(t, i, "using")) {
            if (!is(t, i + 1, "btree") && !is(t, i + 1, "hash")) {
                buf_truncate(t->out, 0);
                return true;
            }
            leave_out(t, i, i + 2);
        } else if (is(t, i, "include") && is(t, i + 1, "(")) {
            leave_out(t, i, token_behind(&t->tokens, i + 1));
        }
    }
    copy_to(t, t->tokens.count);
    return true;
}

static bool translate_nothing(struct translation *t)
{
    (void)t;
    return true;
}

static const struct statement {
    const char *words[2];
    bool (*translate)(struct translation *t);
} statements[] = {
    {{"create", "table"}, translate_table}, {{"create", "type"}, translate_type},
    {{"create", "index"}, translate_index}, {{"create", "unique"}, translate_index},
    {{"comment", "on"}, translate_nothing}, {{"create", "extension"}, translate_nothing},
};

bool portable_statement(struct portable *portable, const char *file, size_t offset, size_t size,
                        struct buf *out, hg_error *err)
{
    char *text = arena_text_n(&portable->arena, file + offset, size);
    struct translation t = {.portable = portable, .out = out, .offset = offset, .err = err};

    if (text == NULL || !tokens_cut(&portable->arena, HG_POSTGRESQL, text, size, &t.tokens))
        return no_memory(err);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (is(&t, 0, statements[i].words[0]) && is(&t, 1, statements[i].words[1]))
            return statements[i].translate(&t) && (!buf_failed(out) || no_memory(err));
    buf_bytes(out, file + offset, size);
    return !buf_failed(out) || no_memory(err);
}
