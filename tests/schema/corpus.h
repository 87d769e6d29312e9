/*
 * corpus.h - pairs of schemas in files: "-- case: name", "-- from", SQL, "-- to", SQL.
 */
#ifndef SCHEMA_CORPUS_H
#define SCHEMA_CORPUS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "schema/tokens.h"

struct pair {
    const char *file, *name, *from, *to;
};

struct corpus {
    struct arena arena;
    VEC(struct pair) pairs;
};

/* The text between two places, without what surrounds it. */
static inline const char *corpus_part(struct corpus *corpus, const char *from, const char *to)
{
    while (from < to && (*from == '\n' || *from == ' '))
        from++;
    return arena_text_n(&corpus->arena, from, (size_t)(to - from));
}

static inline void corpus_add_file(struct corpus *corpus, const char *dir, const char *name)
{
    struct buf text = BUF_INIT(16 << 20);
    char path[4096];

    assert_true(file_join(path, sizeof path, dir, name));
    assert_true(file_read(path, &text, NULL));
    for (const char *at = strstr(text.bytes, "-- case: "); at != NULL;) {
        const char *next = strstr(at + 9, "\n-- case: "), *end = next;
        const char *from = strstr(at, "\n-- from"), *to = strstr(at, "\n-- to");
        struct pair *pair = VEC_PUSH(&corpus->pairs);

        end = end == NULL ? text.bytes + text.size : end;
        assert_true(from != NULL && to != NULL && from < to && to < end);
        pair->file = arena_text(&corpus->arena, name);
        pair->name = corpus_part(corpus, at + 9, at + strcspn(at, "\n"));
        pair->from = corpus_part(corpus, from + 8, to);
        pair->to = corpus_part(corpus, to + 6, end);
        at = next == NULL ? NULL : next + 1;
    }
    buf_release(&text);
}

static inline void corpus_read(struct corpus *corpus, const char *dir)
{
    struct file_list files;

    assert_true(file_list(dir, ".sql", &files, NULL));
    for (size_t i = 0; i < files.count; i++)
        corpus_add_file(corpus, dir, files.names[i]);
    file_list_release(&files);
}

static inline void corpus_release(struct corpus *corpus)
{
    VEC_RELEASE(&corpus->pairs);
    arena_release(&corpus->arena);
}

/* The same statements in another coat: a comment and a line end between any two tokens, keywords
 * and plain names in capitals left as they are. */
static inline const char *corpus_mangle(struct corpus *corpus, hg_driver dialect, const char *sql)
{
    struct buf out = BUF_INIT(1 << 20);
    struct lex_token token;
    const char *kept;

    buf_text(&out, "-- another file\n");
    for (size_t at = 0, n = strlen(sql); (token = lex_token(dialect, sql, n, at)).kind != LEX_END;
         at = token.offset + token.size) {
        if (token.kind == LEX_SPACE || token.kind == LEX_LINE_COMMENT)
            buf_text(&out, " /* a\n;comment */\n\t-- and 'another\n");
        else
            buf_bytes(&out, sql + token.offset, token.size);
    }
    buf_text(&out, "\n");
    assert_false(buf_failed(&out));
    kept = arena_text(&corpus->arena, out.bytes);
    buf_release(&out);
    return kept;
}

#endif
