/*
 * script.c - one section of a migration as it will run.
 */
#include "script.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/vec.h"

static bool no_memory(const char *path, hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read \"%s\": out of memory", path);
}

/* On the disk where the copy of a large file lies, or in memory. */
static bool no_room(const char *path, hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read \"%s\": no room for a copy of it", path);
}

/* Moves a byte offset's place by the characters of a statement that come before it. */
static size_t offset_of_character(const struct script_statement *statement, int column)
{
    size_t at = 0;

    for (int seen = 1; at < statement->size; at++) {
        if (((unsigned char)statement->sql[at] & 0xC0) == 0x80)
            continue;
        if (seen++ == column)
            break;
    }
    return at;
}

static void restore(char *text, size_t size)
{
    char *nul = text;

    while ((nul = memchr(nul, '\0', size - (size_t)(nul - text))) != NULL)
        *nul = ';'; /* a file has no other */
}

const char *script_source(const struct script *script, struct arena *arena)
{
    char *copy = arena_text_n(arena, script->text->bytes, script->text->size);

    if (copy != NULL)
        restore(copy, script->text->size);
    return copy;
}

/* The line around byte `at`, or as much of it as anybody is shown. */
static void put_excerpt(const struct script *script, size_t line_start, size_t at, hg_error *err)
{
    enum { AROUND = 1024 };
    char line[2 * AROUND];
    size_t from = at - line_start > AROUND ? at - AROUND : line_start, n = at - from;

    while (n < sizeof line && from + n < script->text->size
           && script->text->bytes[from + n] != '\n')
        n++;
    memcpy(line, script->text->bytes + from, n);
    restore(line, n);
    hg_error_excerpt(err, line, n, at - from);
}

void script_place(const struct script *script, const struct script_statement *statement,
                  hg_error *err)
{
    size_t at, line_start;
    int line;

    at = err->column > 0 ? offset_of_character(statement, err->column) : 0;
    line = statement->line;
    for (size_t i = 0; i < at; i++)
        line += statement->sql[i] == '\n';
    at += statement->offset;
    for (line_start = at; line_start > 0 && script->text->bytes[line_start - 1] != '\n';)
        line_start--;
    hg_error_place(err, script->path, line, split_column(script->text->bytes, line_start, at));
    put_excerpt(script, line_start, at, err);
}

bool script_fail_syntax(const struct script *script, size_t i, const char *message, int character,
                        hg_error *err)
{
    hg_fail(err, HG_FILE, "%s", message);
    hg_error_sqlstate(err, "42601");
    err->column = character;
    script_place(script, &script->statements[i], err);
    return false;
}

/* What cannot be run in this section. */
static bool check_statement(const struct script *script, const struct script_statement *statement,
                            hg_error *err)
{
    if (!script->section.transaction
        || (statement->kind != HEAD_BEGIN && statement->kind != HEAD_FINISH))
        return true;
    hg_fail(err, HG_FILE, "the section is a transaction already, and cannot begin or end one");
    hg_error_hint(err, "Leave the statement out, or write transaction:false behind the "
                       "-- migrate: directive.");
    script_place(script, statement, err);
    return false;
}

/* The statement as a text of its own: in its place where its semicolon can make room for the NUL.
 */
static const char *end_in_place(struct arena *arena, struct script *script,
                                const struct split_statement *found)
{
    const char *sql = script->text->bytes + found->offset, *end = sql + found->size;

    if (*end == ';' && !content_write(script->text, found->offset + found->size, "", 1))
        return NULL;
    return *end == '\0' ? sql : arena_text_n(arena, sql, found->size);
}

/* First words of statements that change no setting. Any other may call a function that does. */
static bool is_harmless(const char *sql)
{
    static const char *const words[] = {"create", "alter",   "drop",  "insert", "update",
                                        "delete", "comment", "grant", "revoke", "truncate"};
    size_t n = strcspn(sql, " \t\r\n(;");

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (lex_is(sql, n, words[i]))
            return true;
    return false;
}

static bool take(struct arena *arena, hg_driver dialect, struct script *script,
                 const struct split_statement *found, struct script_statement *out, hg_error *err)
{
    enum head_kind kind = head_kind(dialect, script->text->bytes, found);
    const char *sql = end_in_place(arena, script, found);

    if (sql == NULL)
        return no_room(script->path, err);
    *out = (struct script_statement){.sql = sql,
                                     .size = found->size,
                                     .offset = found->offset,
                                     .line = found->line,
                                     .column = found->column,
                                     .kind = kind,
                                     .harmless = is_harmless(sql),
                                     .rows = script->text->bytes + found->rows_offset,
                                     .rows_size = found->rows_size};
    return true;
}

static bool cut(struct arena *arena, hg_driver dialect, struct script *script, hg_error *err)
{
    VEC(struct script_statement) list = VEC_INIT;
    struct split_statement found;
    struct split split;
    enum split_answer answer = SPLIT_END;
    bool ok = true;

    split_init(&split, dialect, script->text->bytes, script->section.to, script->section.from,
               script->section.line);
    split.passed = content_passed;
    split.context = script->text;
    while (ok && (answer = split_next(&split, &found, err)) == SPLIT_STATEMENT) {
        struct script_statement *s = VEC_PUSH(&list);

        ok =
            s != NULL ? take(arena, dialect, script, &found, s, err) : no_memory(script->path, err);
    }
    if (ok && answer == SPLIT_FAULT) {
        hg_error_place(err, script->path, err->line, err->column);
        ok = false;
    }
    script->statements = list.items;
    script->count = list.count;
    script->harmless = ok;
    for (size_t i = 0; i < list.count; i++)
        script->harmless = script->harmless && list.items[i].harmless;
    return ok;
}

/* The section as the history keeps it: from its directive to its end, guards and all. */
static bool keep_down(struct arena *arena, const struct migration_file *file, struct script *script,
                      hg_error *err)
{
    const struct file_section *down = &file->down;

    if (!down->present)
        return true;
    script->down_section =
        arena_text_n(arena, script->text->bytes + down->directive, down->to - down->directive);
    return script->down_section != NULL || no_memory(script->path, err);
}

bool script_make(struct arena *arena, hg_driver dialect, const struct migration_file *file,
                 bool down, struct content *text, struct script *out_script, hg_error *err)
{
    struct script script = {.path = file->path,
                            .text = arena_alloc(arena, 1, sizeof *script.text),
                            .section = down ? file->down : file->up};
    bool ok;

    if (script.text == NULL)
        return no_memory(file->path, err);
    *script.text = *text;
    *text = CONTENT_INIT(text->small.limit);
    ok = down || keep_down(arena, file, &script, err);
    ok = ok && (file_blank(script.text, file) || no_room(file->path, err))
         && cut(arena, dialect, &script, err);
    if (ok)
        *out_script = script;
    else
        script_release(&script);
    return ok;
}

bool script_check(const struct script *script, hg_error *err)
{
    for (size_t i = 0; i < script->count; i++)
        if (!check_statement(script, &script->statements[i], err))
            return false;
    return true;
}

void script_release(struct script *script)
{
    content_release(script->text);
    alloc_free(script->statements);
    script->statements = NULL;
}

void script_passed(const struct script *script, size_t at)
{
    content_passed(script->text, at);
}

void script_weigh(hg_driver dialect, const struct script_statement *statement, struct checksum *sum)
{
    struct split split;
    struct split_token token;

    split_init(&split, dialect, statement->sql, statement->size, 0, 1);
    while (split_token(&split, &token, NULL) && token.kind != LEX_END)
        checksum_token(sum, statement->sql, &token);
    checksum_bytes(sum, statement->rows, statement->rows_size);
    checksum_bytes(sum, ";", 2);
}
