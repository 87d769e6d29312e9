/*
 * file.c - one migration file.
 *
 * One pass over the tokens: directives move the parser from header to section to section and from
 * guard to guard, everything else is weighed into the section's checksum.
 */
#include "file_parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/content.h"

enum { READ_AT_ONCE = 1 << 20 };

bool parser_no_memory(const struct parser *p)
{
    return hg_fail(p->err, HG_NOMEM, "could not read \"%s\": out of memory", p->source->path);
}

bool parser_fault(const struct parser *p, const struct split_token *t, size_t offset,
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

bool piece_is(struct piece piece, const char *lower)
{
    return lex_is(piece.at, piece.n, lower);
}

size_t parser_offset(const struct parser *p, struct piece piece)
{
    return (size_t)(piece.at - p->source->text);
}

bool piece_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct piece piece_trim(struct piece piece)
{
    while (piece.n > 0 && piece_is_blank(*piece.at)) {
        piece.at++;
        piece.n--;
    }
    while (piece.n > 0 && piece_is_blank(piece.at[piece.n - 1]))
        piece.n--;
    return piece;
}

struct piece piece_cut(struct piece *rest, char end)
{
    struct piece head = {rest->at, 0};

    while (head.n < rest->n
           && (end == ' ' ? !piece_is_blank(rest->at[head.n]) : rest->at[head.n] != end))
        head.n++;
    rest->at += head.n;
    rest->n -= head.n;
    return head;
}

char *parser_keep(struct parser *p, struct piece piece)
{
    return arena_text_n(p->arena, piece.at, piece.n);
}

/* --- sections --- */

static bool is_weighed(const struct parser *p)
{
    return !p->source->glance || p->section == &p->file.up;
}

/* NULL: memory ran out. */
static const char *digits_of(const struct parser *p, struct checksum *sum)
{
    char *digits = arena_alloc(p->arena, CHECKSUM_DIGITS + 1, 1);

    if (digits != NULL)
        checksum_hex(sum, digits);
    return digits;
}

/* Takes the bytes up to `end` into account, as they are. */
static void read_raw(struct parser *p, size_t end)
{
    const char *from = p->source->text + p->read;
    size_t n = end - p->read;

    if (p->section != NULL && is_weighed(p))
        checksum_bytes(&p->raw, from, n);
    if (p->nul == NULL && n > 0)
        p->nul = memchr(from, '\0', n);
    p->read = end;
}

/* Before anybody lets go of what was read. */
static void passed(void *context, size_t at)
{
    struct parser *p = context;

    if (at - p->read < READ_AT_ONCE)
        return;
    read_raw(p, at);
    if (p->source->passed != NULL)
        p->source->passed(p->source->context, at);
}

static bool close_section(struct parser *p, size_t end)
{
    if (p->guarded)
        return parser_fault(p, &p->guard, p->guard.offset,
                            "this guard is not closed by -- @end before the section ends");
    read_raw(p, end);
    if (p->section == NULL)
        return true;
    p->section->to = end;
    if (!is_weighed(p))
        return true;
    p->section->checksum = digits_of(p, &p->sum);
    p->section->raw_checksum = digits_of(p, &p->raw);
    return (p->section->checksum != NULL && p->section->raw_checksum != NULL)
           || parser_no_memory(p);
}

static bool open_section(struct parser *p, const struct split_token *t,
                         struct file_section *section, struct piece rest)
{
    const char *name = section == &p->file.up ? "up" : "down";

    if (section->present)
        return parser_fault(p, t, t->offset, "a second -- migrate:%s section", name);
    if (section == &p->file.up && p->file.down.present)
        return parser_fault(p, t, t->offset, "-- migrate:up stands behind -- migrate:down");
    if (!close_section(p, t->offset))
        return false;
    *section = (struct file_section){.present = true,
                                     .directive = t->offset,
                                     .from = p->split.at,
                                     .line = p->split.line,
                                     .transaction = true,
                                     .empty = true,
                                     .lock_timeout_ms = -1,
                                     .statement_timeout_ms = -1,
                                     .checksum = "",
                                     .raw_checksum = ""};
    p->section = section;
    p->split.state = (struct split_state){0};
    read_raw(p, section->from);
    checksum_init(&p->sum);
    checksum_init(&p->raw);
    return parser_options(p, t, rest);
}

static bool read_directive(struct parser *p, const struct split_token *t, struct piece comment)
{
    struct piece rest = {comment.at + strlen("migrate:"), comment.n - strlen("migrate:")};
    struct piece name = piece_cut(&rest, ' ');

    if (t->offset != t->line_start)
        return parser_fault(p, t, t->offset,
                            "a -- migrate: directive must stand at the start of its line");
    if (memcmp(comment.at, "migrate:", strlen("migrate:")) == 0) {
        if (name.n == 2 && memcmp(name.at, "up", 2) == 0)
            return open_section(p, t, &p->file.up, rest);
        if (name.n == 4 && memcmp(name.at, "down", 4) == 0)
            return open_section(p, t, &p->file.down, rest);
    }
    return parser_fault(p, t, parser_offset(p, comment),
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
        return parser_no_memory(p);
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
        return parser_fault(p, t, t->offset, "-- @end without a guard before it");
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
    struct piece rest = comment, name = piece_cut(&rest, ' ');
    bool postgresql = piece_is(name, "@postgresql"), sqlite = piece_is(name, "@sqlite");
    bool known = postgresql || sqlite || piece_is(name, "@end");

    rest = piece_trim(rest);
    if (!known && rest.n > 0)
        return true;
    if (!known)
        return parser_fault(p, t, parser_offset(p, name),
                            "unknown guard \"%.*s\"; they are @postgresql, @sqlite and @end",
                            (int)name.n, name.at);
    if (rest.n > 0)
        return parser_fault(p, t, parser_offset(p, rest), "nothing may stand behind a guard");
    if (postgresql || sqlite)
        return open_guard(p, t, postgresql ? HG_POSTGRESQL : HG_SQLITE);
    return close_guard(p, t);
}

/* --- tokens --- */

/* Whether only blanks stand before the token on its line. */
static bool begins_line(const struct parser *p, const struct split_token *t)
{
    for (size_t i = t->line_start; i < t->offset; i++)
        if (!piece_is_blank(p->source->text[i]))
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
    struct piece comment = piece_trim((struct piece){p->source->text + t->offset + 2, t->size - 2});

    if (!begins_line(p, t))
        return true;
    if (is_directive(comment))
        return read_directive(p, t, comment);
    if (p->section == NULL)
        return parser_header(p, t, comment);
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
    return (p->file.revision != NULL && p->file.message != NULL) || parser_no_memory(p);
}

/* What must hold of a whole file. */
static bool check_whole(struct parser *p)
{
    static const struct split_token start = {.line = 1};

    if (p->stray.size > 0) {
        parser_fault(p, &p->stray, p->stray.offset, "SQL outside of a section");
        hg_error_hint(p->err, "Put it behind a line that says -- migrate:up.");
        return false;
    }
    if (!p->file.up.present) {
        parser_fault(p, &start, 0, "a migration without a -- migrate:up section");
        hg_error_hint(p->err, "Write -- migrate:up on a line of its own before its statements.");
        return false;
    }
    return read_name(p);
}

static bool keep_gaps(struct parser *p)
{
    struct file_gap *gaps = arena_alloc(p->arena, p->gaps.count + 1, sizeof *gaps);

    if (gaps == NULL)
        return parser_no_memory(p);
    if (p->gaps.count > 0)
        memcpy(gaps, p->gaps.items, p->gaps.count * sizeof *gaps);
    p->file.gaps = gaps;
    p->file.gap_count = p->gaps.count;
    return true;
}

static bool refuse_nul(struct parser *p)
{
    read_raw(p, p->source->size);
    if (p->nul == NULL)
        return false;
    hg_fail(p->err, HG_FILE, "a NUL byte: this is not a text file");
    hg_error_place(p->err, p->source->path, 0, 0);
    hg_error_excerpt(p->err, p->source->text, p->source->size, (size_t)(p->nul - p->source->text));
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
    p.file.up = p.file.down = (struct file_section){.checksum = "", .raw_checksum = ""};
    split_init(&p.split, source->dialect, source->text, source->size, start, 1);
    p.split.passed = passed;
    p.split.context = &p;
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

bool file_blank(struct content *text, const struct migration_file *file)
{
    char blank[4096];
    bool ok = true;

    for (size_t i = 0; i < file->gap_count; i++)
        for (size_t at = file->gaps[i].from, n; ok && at < file->gaps[i].to; at += n) {
            n = file->gaps[i].to - at < sizeof blank ? file->gaps[i].to - at : sizeof blank;
            for (size_t k = 0; k < n; k++)
                blank[k] = text->bytes[at + k] == '\n' ? '\n' : ' ';
            ok = content_write(text, at, blank, n);
            content_passed(text, at);
        }
    return ok;
}
