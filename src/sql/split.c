/*
 * split.c - SQL text → statements with their places.
 */
#include "split.h"

#include <string.h>

void split_init(struct split *s, hg_driver dialect, const char *text, size_t size, size_t at,
                int line)
{
    *s = (struct split){.dialect = dialect, .text = text, .size = size, .at = at};
    s->line = line;
    s->line_start = at;
}

int split_column(const char *text, size_t line_start, size_t offset)
{
    int column = 1;

    for (size_t i = line_start; i < offset; i++)
        column += ((unsigned char)text[i] & 0xC0) != 0x80;
    return column;
}

/* Puts the place of a token on an error that was just made. */
static bool at_token(const struct split *s, const struct split_token *t, hg_error *err)
{
    hg_error_place(err, NULL, t->line, split_column(s->text, t->line_start, t->offset));
    hg_error_excerpt(err, s->text, s->size, t->offset);
    return false;
}

static bool word_is(const struct split *s, int i, const char *lower)
{
    const struct split_word *w = &s->state.words[i];

    return i < s->state.word_count && lex_is(s->text + w->offset, w->size, lower);
}

static bool last_is(const struct split *s, const char *lower)
{
    return lex_is(s->text + s->state.last.offset, s->state.last.size, lower);
}

/* CREATE [OR REPLACE] FUNCTION|PROCEDURE: the only statements with BEGIN ATOMIC in them. */
static bool is_routine(const struct split *s)
{
    int kind = word_is(s, 1, "or") ? 3 : 1;

    return word_is(s, 0, "create")
           && (word_is(s, kind, "function") || word_is(s, kind, "procedure"));
}

static bool is_trigger(const struct split *s)
{
    int kind = word_is(s, 1, "temp") || word_is(s, 1, "temporary") ? 2 : 1;

    return word_is(s, 0, "create") && word_is(s, kind, "trigger");
}

/* BEGIN ATOMIC opens, and from there on CASE opens and END closes. */
static void count_blocks(struct split *s, const char *word, size_t n)
{
    struct split_state *state = &s->state;

    if (state->blocks == 0)
        state->blocks = lex_is(word, n, "atomic") && last_is(s, "begin") && is_routine(s);
    else if (lex_is(word, n, "case"))
        state->blocks++;
    else if (lex_is(word, n, "end"))
        state->blocks--;
}

static void feed_word(struct split *s, size_t offset, size_t n)
{
    struct split_state *state = &s->state;
    const char *word = s->text + offset;

    state->after_end = state->after_semicolon && lex_is(word, n, "end");
    if (state->word_count < SPLIT_WORDS)
        state->words[state->word_count++] = (struct split_word){offset, n};
    if (s->dialect == HG_POSTGRESQL) {
        count_blocks(s, word, n);
        if (lex_is(word, n, "stdin") && last_is(s, "from") && state->parentheses == 0)
            state->copy = word_is(s, 0, "copy");
        state->concurrently = state->concurrently || lex_is(word, n, "concurrently");
    } else if (state->word_count <= 3) {
        state->trigger = state->trigger || is_trigger(s);
    }
    state->last = (struct split_word){offset, n};
}

static void feed_mark(struct split *s, char c)
{
    struct split_state *state = &s->state;

    if (c == '(')
        state->parentheses++;
    else if (c == ')' && state->parentheses > 0)
        state->parentheses--;
}

/* Whether a semicolon here ends the statement. */
static bool semicolon_ends(struct split *s)
{
    struct split_state *state = &s->state;

    if (s->dialect == HG_POSTGRESQL)
        return state->parentheses == 0 && state->blocks == 0;
    return !state->trigger || state->after_end;
}

static bool feed_semicolon(struct split *s)
{
    struct split_state *state = &s->state;

    if (semicolon_ends(s)) {
        if (state->started)
            s->ended = *state;
        *state = (struct split_state){.rows_follow = state->copy};
        return true;
    }
    state->after_semicolon = true;
    state->after_end = false;
    state->last.size = 0;
    return false;
}

/* Takes a token that is neither space nor comment into account; whether it ends the statement. */
static bool feed(struct split *s, const struct split_token *t)
{
    struct split_state *state = &s->state;
    char c = s->text[t->offset];

    if (t->kind == LEX_MARK && c == ';')
        return feed_semicolon(s);
    state->started = true;
    if (t->kind == LEX_WORD) {
        feed_word(s, t->offset, t->size);
    } else {
        state->after_end = false;
        state->last.size = 0;
        if (t->kind == LEX_MARK)
            feed_mark(s, c);
    }
    state->after_semicolon = false;
    return false;
}

/* Moves behind a token and counts its lines. */
static void advance(struct split *s, size_t size)
{
    const char *at = s->text + s->at, *end = at + size;

    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        s->line++;
        s->line_start = (size_t)(at - s->text);
    }
    s->at += size;
}

static const char *opened(const struct split_token *t, const char *text)
{
    if (t->kind == LEX_BLOCK_COMMENT)
        return "comment";
    if (t->kind == LEX_QUOTED)
        return "quoted name";
    return text[t->offset] == '$' ? "dollar-quoted body" : "string";
}

static bool refuse_shell_command(const struct split *s, const struct split_token *t, hg_error *err)
{
    bool psql = s->dialect == HG_POSTGRESQL;

    hg_fail(err, HG_FILE, "a command of %s cannot run here", psql ? "psql" : "the sqlite3 shell");
    hg_error_hint(err, "Only SQL is sent to the database; write it as SQL, or leave it out.");
    return at_token(s, t, err);
}

/* A backslash outside of literals is psql's; a statement that begins with a point, sqlite3's. */
static bool is_shell_command(const struct split *s, const struct split_token *t)
{
    char c = s->text[t->offset];

    if (t->kind != LEX_MARK)
        return false;
    if (s->dialect == HG_POSTGRESQL)
        return c == '\\';
    return c == '.' && !s->state.started && t->offset == t->line_start;
}

/* Whether the line from `line` to `next` is \. alone. */
static bool ends_rows(const char *line, const char *next)
{
    return next - line >= 2 && memcmp(line, "\\.", 2) == 0
           && (next - line == 2 || (next - line == 3 && line[2] == '\r'));
}

/* The rows behind COPY ... FROM stdin: from the next line to a line that is \. alone; many of them
 * in pieces that end before a line end. */
static bool rows_token(struct split *s, struct split_token *out, hg_error *err)
{
    const char *start = s->text + s->at, *end = s->text + s->size, *line = start;

    out->kind = LEX_STRING;
    out->rows = true;
    while ((line = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        const char *next;

        out->goes_on = line - start >= SPLIT_ROWS;
        if (out->goes_on) {
            out->size = (size_t)(line - start);
            advance(s, out->size);
            return true;
        }
        line++;
        next = memchr(line, '\n', (size_t)(end - line));
        next = next == NULL ? end : next;
        if (ends_rows(line, next)) {
            out->size = (size_t)(next - start);
            s->state.rows_follow = s->state.rows_begun = false;
            advance(s, out->size);
            return true;
        }
    }
    hg_fail(err, HG_FILE, "the rows of COPY ... FROM stdin are not closed by a line \\.");
    hg_error_hint(err, "Put \\. on a line of its own behind the last row.");
    return at_token(s, &s->rows, err);
}

bool split_token(struct split *s, struct split_token *out, hg_error *err)
{
    struct split_token t = {
        .offset = s->at, .line = s->line, .line_start = s->line_start, .kind = LEX_END};
    struct lex_token lexed;

    if (s->passed != NULL)
        s->passed(s->context, s->at);
    if (s->state.rows_follow && s->at < s->size) {
        s->rows = s->state.rows_begun ? s->rows : t;
        s->state.rows_begun = true;
        if (!rows_token(s, &t, err))
            return false;
        *out = t;
        return true;
    }
    lexed = lex_token(s->dialect, s->text, s->size, s->at);
    t.kind = lexed.kind;
    t.size = lexed.size;
    if (!lexed.closed) {
        hg_fail(err, HG_FILE, "the %s that begins here is not closed", opened(&t, s->text));
        return at_token(s, &t, err);
    }
    if (is_shell_command(s, &t))
        return refuse_shell_command(s, &t, err);
    if (t.kind >= LEX_WORD)
        t.ends_statement = feed(s, &t);
    advance(s, t.size);
    *out = t;
    return true;
}

static void begin_statement(const struct split *s, const struct split_token *t,
                            struct split_statement *out)
{
    out->offset = t->offset;
    out->line = t->line;
    out->column = split_column(s->text, t->line_start, t->offset);
}

/* The rows as they are sent: from behind the line end to before the closing \. */
static void take_rows(const struct split *s, const struct split_token *t,
                      struct split_statement *out)
{
    size_t end = t->offset + t->size;

    if (out->rows_offset == 0) {
        const char *start = s->text + t->offset, *first = memchr(start, '\n', t->size);

        out->rows_offset = (size_t)(first - s->text) + 1;
    }
    if (t->goes_on)
        return;
    while (s->text[end - 1] != '\\')
        end--;
    out->rows_size = end - 1 - out->rows_offset;
}

enum split_answer split_next(struct split *s, struct split_statement *out, hg_error *err)
{
    struct split_statement statement = {0};
    struct split_token t;
    bool begun = false;

    for (;;) {
        if (!split_token(s, &t, err))
            return SPLIT_FAULT;
        if (t.rows) {
            take_rows(s, &t, &statement);
            if (t.goes_on)
                continue;
            break;
        }
        if (t.kind == LEX_END || (t.ends_statement && begun && !s->state.rows_follow))
            break;
        if (t.kind < LEX_WORD || t.ends_statement)
            continue;
        if (!begun)
            begin_statement(s, &t, &statement);
        begun = true;
        statement.size = t.offset + t.size - statement.offset;
    }
    if (!begun)
        return SPLIT_END;
    statement.state = s->state.started ? s->state : s->ended;
    *out = statement;
    return SPLIT_STATEMENT;
}
