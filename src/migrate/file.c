/*
 * file.c - one migration file.
 *
 * One pass over the tokens: directives move the parser from header to section to section and from
 * guard to guard, everything else is weighed into the section's checksum.
 */
#include "file.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/near.h"
#include "base/text.h"
#include "base/vec.h"

/* A piece of the text. */
struct piece {
    const char *at;
    size_t n;
};

struct parser {
    const struct file_source *source;
    struct arena *arena;
    struct split split;
    struct migration_file file;
    struct file_section *section; /* NULL: before the first one */
    struct checksum sum;          /* of what the section has so far */
    struct split_token stray;     /* the first token before any section; size 0: none */
    unsigned headers;             /* those that were read, by their place in the table */

    bool guarded;
    bool active; /* what is read now runs on this engine */
    struct split_token guard;
    size_t guard_end;
    struct split_state at_guard; /* the statement as it was before the guards */
    struct split_state kept;     /* and as the branch that runs here leaves it */
    VEC(struct file_gap) gaps;
    hg_error *err; /* never NULL */
};

static bool no_memory(const struct parser *p)
{
    return hg_fail(p->err, HG_NOMEM, "could not read \"%s\": out of memory", p->source->path);
}

static bool fault_at(const struct parser *p, const struct split_token *t, size_t offset,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A fault at byte `offset`, which stands on the line of token t. */
static bool fault_at(const struct parser *p, const struct split_token *t, size_t offset,
                     const char *format, ...)
{
    char message[256];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    hg_fail(p->err, HG_FILE, "%s", message);
    hg_error_place(p->err, p->source->path, t->line,
                   split_column(p->source->text, t->line_start, offset));
    hg_error_excerpt(p->err, p->source->text, p->source->size, offset);
    return false;
}

static bool piece_is(struct piece piece, const char *lower)
{
    return lex_is(piece.at, piece.n, lower);
}

static size_t offset_of(const struct parser *p, struct piece piece)
{
    return (size_t)(piece.at - p->source->text);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct piece trim(struct piece piece)
{
    while (piece.n > 0 && is_blank(*piece.at)) {
        piece.at++;
        piece.n--;
    }
    while (piece.n > 0 && is_blank(piece.at[piece.n - 1]))
        piece.n--;
    return piece;
}

/* Cuts what stands before the first of `ends` (or a blank, when blanks end it) off the rest. */
static struct piece cut(struct piece *rest, char end)
{
    struct piece head = {rest->at, 0};

    while (head.n < rest->n && (end == ' ' ? !is_blank(rest->at[head.n]) : rest->at[head.n] != end))
        head.n++;
    rest->at += head.n;
    rest->n -= head.n;
    return head;
}

static char *keep(struct parser *p, struct piece piece)
{
    return arena_text_n(p->arena, piece.at, piece.n);
}

/* --- revisions --- */

static bool is_reserved(const char *revision)
{
    return strcmp(revision, "head") == 0 || strcmp(revision, "heads") == 0
           || strcmp(revision, "base") == 0;
}

bool file_revision_valid(const char *revision, const char **out_why)
{
    const char *why = NULL;
    size_t characters = 0;

    for (const unsigned char *c = (const unsigned char *)revision; *c != '\0'; c++) {
        characters += (*c & 0xC0) != 0x80;
        if (*c <= ' ' || *c == 0x7F || strchr(",@:+-", *c) != NULL)
            why = "it must not contain spaces, control characters or any of , @ : + -";
    }
    if (characters == 0)
        why = "it is empty";
    else if (characters > REVISION_CHARACTERS)
        why = "it has more than 32 characters, which is all that alembic_version holds";
    else if (is_reserved(revision))
        why = "head, heads and base are the names of targets";
    else if (!text_valid(revision, strlen(revision)))
        why = "it is not UTF-8";
    if (why != NULL)
        *out_why = why;
    return why == NULL;
}

static bool take_revision(struct parser *p, const struct split_token *t, struct piece piece,
                          const char **out)
{
    const char *why, *revision = keep(p, piece);

    if (revision == NULL)
        return no_memory(p);
    if (!file_revision_valid(revision, &why))
        return fault_at(p, t, offset_of(p, piece), "\"%s\" cannot be a revision: %s", revision,
                        why);
    *out = revision;
    return true;
}

/* --- headers --- */

static bool contains(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

/* Revisions separated by commas; none at all is fine. */
static bool take_list(struct parser *p, const struct split_token *t, struct piece value,
                      const char *const **out, size_t *out_count)
{
    const char **list;
    size_t n = 0, room = 1;

    for (size_t i = 0; i < value.n; i++)
        room += value.at[i] == ',';
    list = arena_alloc(p->arena, room, sizeof *list);
    if (list == NULL)
        return no_memory(p);
    while (value.n > 0) {
        struct piece one = trim(cut(&value, ','));

        if (!take_revision(p, t, one, &list[n]))
            return false;
        if (contains(list, n, list[n]))
            return fault_at(p, t, offset_of(p, one), "revision \"%s\" stands here twice", list[n]);
        n++;
        if (value.n > 0) { /* the comma: something must follow */
            value.at++;
            value = trim((struct piece){value.at, value.n - 1});
            if (value.n == 0)
                return fault_at(p, t, offset_of(p, value),
                                "a revision is missing behind the comma");
        }
    }
    *out = list;
    *out_count = n;
    return true;
}

static bool header_revision(struct parser *p, const struct split_token *t, struct piece value)
{
    return take_revision(p, t, value, &p->file.revision);
}

static bool header_revises(struct parser *p, const struct split_token *t, struct piece value)
{
    p->file.revises_given = true;
    return take_list(p, t, value, &p->file.revises, &p->file.revises_count);
}

static bool header_message(struct parser *p, const struct split_token *t, struct piece value)
{
    (void)t;
    p->file.message = keep(p, value);
    return p->file.message != NULL || no_memory(p);
}

static bool header_depends_on(struct parser *p, const struct split_token *t, struct piece value)
{
    return take_list(p, t, value, &p->file.depends_on, &p->file.depends_on_count);
}

static const struct header {
    const char *key;
    bool (*take)(struct parser *p, const struct split_token *t, struct piece value);
} headers[] = {
    {"revision", header_revision},
    {"revises", header_revises},
    {"message", header_message},
    {"depends_on", header_depends_on},
};

/* A comment before the first section: a header, or just a comment. */
static bool read_header(struct parser *p, const struct split_token *t, struct piece comment)
{
    struct piece value = comment, key = cut(&value, ':');

    if (value.n == 0)
        return true;
    value = trim((struct piece){value.at + 1, value.n - 1});
    for (unsigned i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (!piece_is(key, headers[i].key))
            continue;
        if ((p->headers & 1U << i) != 0)
            return fault_at(p, t, offset_of(p, key), "a second \"%s\" header", headers[i].key);
        p->headers |= 1U << i;
        return headers[i].take(p, t, value);
    }
    return true;
}

/* --- options --- */

static bool parse_flag(struct piece value, bool *out)
{
    *out = piece_is(value, "true");
    return *out || piece_is(value, "false");
}

/* A whole number with its unit; 0 needs none. */
static bool parse_duration(struct piece value, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 60 * 60 * 1000}};
    int64_t number = 0;
    size_t digits = 0;

    for (; digits < value.n && value.at[digits] >= '0' && value.at[digits] <= '9'; digits++)
        if ((number = number * 10 + value.at[digits] - '0') > INT_MAX)
            return false;
    value.at += digits;
    value.n -= digits;
    if (digits > 0 && number == 0 && value.n == 0) {
        *out_ms = 0;
        return true;
    }
    for (size_t i = 0; digits > 0 && i < sizeof units / sizeof *units; i++) {
        if (piece_is(value, units[i].unit) && number * units[i].ms <= INT_MAX) {
            *out_ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

static bool set_transaction(struct file_section *section, struct piece value)
{
    return parse_flag(value, &section->transaction);
}

static bool set_irreversible(struct file_section *section, struct piece value)
{
    return parse_flag(value, &section->irreversible);
}

static bool set_rebuild(struct file_section *section, struct piece value)
{
    return parse_flag(value, &section->rebuild);
}

static bool set_lock_timeout(struct file_section *section, struct piece value)
{
    return parse_duration(value, &section->lock_timeout_ms);
}

static bool set_statement_timeout(struct file_section *section, struct piece value)
{
    return parse_duration(value, &section->statement_timeout_ms);
}

static const struct option {
    const char *key;
    bool down_only;
    bool (*set)(struct file_section *section, struct piece value);
    const char *wants;
} options[] = {
    {"transaction", false, set_transaction, "true or false"},
    {"irreversible", true, set_irreversible, "true or false"},
    {"rebuild", false, set_rebuild, "true or false"},
    {"lock_timeout", false, set_lock_timeout, "a time such as 500ms, 2s or 1min, or 0 for none"},
    {"statement_timeout", false, set_statement_timeout,
     "a time such as 500ms, 2s or 1min, or 0 for none"},
};
enum { OPTIONS = sizeof options / sizeof *options };

static unsigned find_option(struct piece key)
{
    unsigned i = 0;

    while (i < OPTIONS && !piece_is(key, options[i].key))
        i++;
    return i;
}

static bool refuse_option(struct parser *p, const struct split_token *t, struct piece word,
                          struct piece key)
{
    char name[32];

    fault_at(p, t, offset_of(p, word), "unknown option \"%.*s\"", (int)key.n, key.at);
    snprintf(name, sizeof name, "%.*s", (int)key.n, key.at);
    for (unsigned i = 0; i < OPTIONS; i++)
        if (near_enough(name, options[i].key))
            hg_error_hint(p->err, "Did you mean %s?", options[i].key);
    return false;
}

/*
 * One word behind the directive. A word without a colon is a remark, as dbmate takes it, unless it
 * is clearly an option that was written wrong: what looks like an option and would do nothing is
 * more dangerous than a refusal.
 */
static bool read_option(struct parser *p, const struct split_token *t, struct piece word,
                        unsigned *given)
{
    struct piece value = word, key = cut(&value, memchr(word.at, ':', word.n) ? ':' : '=');
    unsigned i = find_option(key);
    size_t at = offset_of(p, word);

    if (value.n == 0 && i == OPTIONS)
        return true;
    if (i == OPTIONS)
        return refuse_option(p, t, word, key);
    if (value.n == 0 || *value.at != ':')
        return fault_at(p, t, at, "option \"%s\" is written as %s:VALUE", options[i].key,
                        options[i].key);
    if ((*given & 1U << i) != 0)
        return fault_at(p, t, at, "option \"%s\" stands here twice", options[i].key);
    if (options[i].down_only && p->section == &p->file.up)
        return fault_at(p, t, at, "option \"%s\" belongs to -- migrate:down", options[i].key);
    *given |= 1U << i;
    value = (struct piece){value.at + 1, value.n - 1};
    if (!options[i].set(p->section, value))
        return fault_at(p, t, value.n > 0 ? offset_of(p, value) : at, "option \"%s\" wants %s",
                        options[i].key, options[i].wants);
    return true;
}

static bool read_options(struct parser *p, const struct split_token *t, struct piece rest)
{
    unsigned given = 0;

    for (rest = trim(rest); rest.n > 0; rest = trim(rest))
        if (!read_option(p, t, cut(&rest, ' '), &given))
            return false;
    return !p->section->rebuild || p->section->transaction
           || fault_at(p, t, t->offset, "rebuild:true is for a section that is a transaction");
}

/* --- sections --- */

static bool is_weighed(const struct parser *p)
{
    return !p->source->glance || p->section == &p->file.up;
}

static bool close_section(struct parser *p, size_t end)
{
    struct checksum raw;

    if (p->guarded)
        return fault_at(p, &p->guard, p->guard.offset,
                        "this guard is not closed by -- @end before the section ends");
    if (p->section == NULL)
        return true;
    p->section->to = end;
    if (!is_weighed(p))
        return true;
    checksum_hex(&p->sum, p->section->checksum);
    checksum_init(&raw);
    checksum_bytes(&raw, p->source->text + p->section->from, end - p->section->from);
    checksum_hex(&raw, p->section->raw_checksum);
    return true;
}

static bool open_section(struct parser *p, const struct split_token *t,
                         struct file_section *section, struct piece rest)
{
    const char *name = section == &p->file.up ? "up" : "down";

    if (section->present)
        return fault_at(p, t, t->offset, "a second -- migrate:%s section", name);
    if (section == &p->file.up && p->file.down.present)
        return fault_at(p, t, t->offset, "-- migrate:up stands behind -- migrate:down");
    if (!close_section(p, t->offset))
        return false;
    *section = (struct file_section){.present = true,
                                     .directive = t->offset,
                                     .from = p->split.at,
                                     .line = p->split.line,
                                     .transaction = true,
                                     .empty = true,
                                     .lock_timeout_ms = -1,
                                     .statement_timeout_ms = -1};
    p->section = section;
    p->split.state = (struct split_state){0};
    checksum_init(&p->sum);
    return read_options(p, t, rest);
}

static bool read_directive(struct parser *p, const struct split_token *t, struct piece comment)
{
    struct piece rest = {comment.at + strlen("migrate:"), comment.n - strlen("migrate:")};
    struct piece name = cut(&rest, ' ');

    if (t->offset != t->line_start)
        return fault_at(p, t, t->offset,
                        "a -- migrate: directive must stand at the start of its line");
    if (memcmp(comment.at, "migrate:", strlen("migrate:")) == 0) {
        if (name.n == 2 && memcmp(name.at, "up", 2) == 0)
            return open_section(p, t, &p->file.up, rest);
        if (name.n == 4 && memcmp(name.at, "down", 4) == 0)
            return open_section(p, t, &p->file.down, rest);
    }
    return fault_at(p, t, offset_of(p, comment),
                    "unknown directive; write -- migrate:up or -- migrate:down");
}

/* --- guards --- */

/* What was read since the last guard is over. */
static bool end_branch(struct parser *p, const struct split_token *t)
{
    struct file_gap *gap;

    if (p->active) {
        p->kept = p->split.state;
        return true;
    }
    gap = VEC_PUSH(&p->gaps);
    if (gap == NULL)
        return no_memory(p);
    *gap = (struct file_gap){p->guard_end, t->offset};
    return true;
}

static bool open_guard(struct parser *p, const struct split_token *t, hg_driver dialect)
{
    if (!p->guarded) {
        p->at_guard = p->split.state;
        p->kept = p->split.state;
    } else if (!end_branch(p, t)) {
        return false;
    }
    p->split.state = p->at_guard;
    p->split.dialect = dialect;
    p->guarded = true;
    p->active = dialect == p->source->dialect;
    p->guard = *t;
    p->guard_end = p->split.at;
    return true;
}

static bool close_guard(struct parser *p, const struct split_token *t)
{
    if (!p->guarded)
        return fault_at(p, t, t->offset, "-- @end without a guard before it");
    if (!end_branch(p, t))
        return false;
    p->split.state = p->kept;
    p->split.dialect = p->source->dialect;
    p->guarded = false;
    p->active = true;
    return true;
}

/* @word and nothing behind it, or a guard's name whatever stands behind it. */
static bool read_guard(struct parser *p, const struct split_token *t, struct piece comment)
{
    struct piece rest = comment, name = cut(&rest, ' ');
    bool postgresql = piece_is(name, "@postgresql"), sqlite = piece_is(name, "@sqlite");
    bool known = postgresql || sqlite || piece_is(name, "@end");

    rest = trim(rest);
    if (!known && rest.n > 0)
        return true;
    if (!known)
        return fault_at(p, t, offset_of(p, name),
                        "unknown guard \"%.*s\"; they are @postgresql, @sqlite and @end",
                        (int)name.n, name.at);
    if (rest.n > 0)
        return fault_at(p, t, offset_of(p, rest), "nothing may stand behind a guard");
    if (postgresql || sqlite)
        return open_guard(p, t, postgresql ? HG_POSTGRESQL : HG_SQLITE);
    return close_guard(p, t);
}

/* --- tokens --- */

/* Whether only blanks stand before the token on its line. */
static bool begins_line(const struct parser *p, const struct split_token *t)
{
    for (size_t i = t->line_start; i < t->offset; i++)
        if (!is_blank(p->source->text[i]))
            return false;
    return true;
}

/* migrate: followed by a letter, whatever the case: prose such as "migrate: the users" is not. */
static bool is_directive(struct piece comment)
{
    const size_t n = strlen("migrate:");

    return comment.n > n && lex_is(comment.at, n, "migrate:")
           && ((comment.at[n] | 0x20) >= 'a' && (comment.at[n] | 0x20) <= 'z');
}

static bool read_comment(struct parser *p, const struct split_token *t)
{
    struct piece comment = trim((struct piece){p->source->text + t->offset + 2, t->size - 2});

    if (!begins_line(p, t))
        return true;
    if (is_directive(comment))
        return read_directive(p, t, comment);
    if (p->section == NULL)
        return read_header(p, t, comment);
    if (comment.n > 1 && comment.at[0] == '@')
        return read_guard(p, t, comment);
    return true;
}

static bool read_token(struct parser *p, const struct split_token *t)
{
    if (t->kind == LEX_LINE_COMMENT)
        return read_comment(p, t);
    if (t->kind < LEX_WORD)
        return true;
    if (p->section == NULL) {
        if (p->stray.size == 0)
            p->stray = *t;
    } else if (p->active) {
        if (is_weighed(p))
            checksum_token(&p->sum, p->source->text, t);
        p->section->empty = p->section->empty && t->ends_statement;
    }
    return true;
}

/* --- the whole file --- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* Whether anything says so far that this is a migration. */
static bool is_migration(const struct parser *p)
{
    return p->section != NULL || p->file.revision != NULL
           || strspn(base_name(p->source->path), "0123456789") > 0;
}

static bool read_tokens(struct parser *p)
{
    struct split_token t;

    do {
        if (!split_token(&p->split, &t, p->err)) {
            hg_error_place(p->err, p->source->path, p->err->line, p->err->column);
            return false;
        }
        if (!read_token(p, &t))
            return false;
    } while (t.kind != LEX_END);
    return close_section(p, p->source->size);
}

/* What the name says where no header does: 20260123_add_accounts.sql. */
static bool read_name(struct parser *p)
{
    const char *name = base_name(p->source->path);
    size_t digits = strspn(name, "0123456789");
    const char *rest = name + digits + strspn(name + digits, "_- ");
    size_t n = strlen(rest);

    if (p->file.revision == NULL) {
        if (digits > REVISION_CHARACTERS)
            return hg_fail(p->err, HG_FILE,
                           "\"%s\" begins with more than 32 digits, and no header says which "
                           "revision it is",
                           name);
        p->file.revision = arena_text_n(p->arena, name, digits);
    }
    if (p->file.message == NULL) {
        char *message =
            arena_text_n(p->arena, rest, n >= 4 && strcmp(rest + n - 4, ".sql") == 0 ? n - 4 : n);

        for (char *c = message; c != NULL && *c != '\0'; c++)
            *c = *c == '_' ? ' ' : *c;
        p->file.message = message;
    }
    return (p->file.revision != NULL && p->file.message != NULL) || no_memory(p);
}

/* What must hold of a whole file. */
static bool check_whole(struct parser *p)
{
    static const struct split_token start = {.line = 1};

    if (p->stray.size > 0) {
        fault_at(p, &p->stray, p->stray.offset, "SQL outside of a section");
        hg_error_hint(p->err, "Put it behind a line that says -- migrate:up.");
        return false;
    }
    if (!p->file.up.present) {
        fault_at(p, &start, 0, "a migration without a -- migrate:up section");
        hg_error_hint(p->err, "Write -- migrate:up on a line of its own before its statements.");
        return false;
    }
    return read_name(p);
}

static bool keep_gaps(struct parser *p)
{
    struct file_gap *gaps = arena_alloc(p->arena, p->gaps.count + 1, sizeof *gaps);

    if (gaps == NULL)
        return no_memory(p);
    if (p->gaps.count > 0)
        memcpy(gaps, p->gaps.items, p->gaps.count * sizeof *gaps);
    p->file.gaps = gaps;
    p->file.gap_count = p->gaps.count;
    return true;
}

static bool refuse_nul(struct parser *p)
{
    const char *nul = memchr(p->source->text, '\0', p->source->size);

    if (nul == NULL)
        return false;
    hg_fail(p->err, HG_FILE, "a NUL byte: this is not a text file");
    hg_error_place(p->err, p->source->path, 0, 0);
    hg_error_excerpt(p->err, p->source->text, p->source->size, (size_t)(nul - p->source->text));
    return true;
}

bool file_parse(const struct file_source *source, struct arena *arena, struct migration_file *out,
                hg_error *err)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* U+FEFF, that some editors put first */
    size_t start = source->size >= 3 && memcmp(source->text, mark, 3) == 0 ? 3 : 0;
    hg_error fault; /* forgotten when the file turns out to be no migration */
    struct parser p = {.source = source, .arena = arena, .active = true, .err = &fault};
    bool ok;

    p.file.path = source->path;
    split_init(&p.split, source->dialect, source->text, source->size, start, 1);
    ok = read_tokens(&p);
    if (!source->down_only && !is_migration(&p)) {
        VEC_RELEASE(&p.gaps);
        *out = (struct migration_file){.path = source->path};
        return true;
    }
    ok = ok && !refuse_nul(&p) && (source->down_only || check_whole(&p)) && keep_gaps(&p);
    VEC_RELEASE(&p.gaps);
    if (ok)
        *out = p.file;
    else if (err != NULL)
        *err = fault;
    return ok;
}

void file_blank(char *text, const struct migration_file *file)
{
    for (size_t i = 0; i < file->gap_count; i++)
        for (size_t at = file->gaps[i].from; at < file->gaps[i].to; at++)
            if (text[at] != '\n')
                text[at] = ' ';
}
