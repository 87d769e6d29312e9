/*
 * head.c - what the first words of a statement say about how it may be run.
 */
#include "head.h"

#include <string.h>

enum { PG = 1 << HG_POSTGRESQL, LITE = 1 << HG_SQLITE, BOTH = PG | LITE };

struct row {
    unsigned dialects;
    const char *words; /* lower case, in order from the first word; the first row that fits wins */
    enum head_kind kind;
};

/* clang-format off */
static const struct row rows[] = {
    {BOTH, "begin",                    HEAD_BEGIN},
    {PG,   "start transaction",        HEAD_BEGIN},
    {BOTH, "commit",                   HEAD_FINISH},
    {BOTH, "end",                      HEAD_FINISH},
    {BOTH, "rollback to",              HEAD_PLAIN},
    {BOTH, "rollback work to",         HEAD_PLAIN},
    {BOTH, "rollback transaction to",  HEAD_PLAIN},
    {BOTH, "rollback",                 HEAD_FINISH},
    {PG,   "abort",                    HEAD_FINISH},
    {PG,   "prepare transaction",      HEAD_FINISH},
    {PG,   "refresh",                  HEAD_PLAIN}, /* CONCURRENTLY or not */
    {PG,   "vacuum",                   HEAD_ALONE},
    {PG,   "cluster",                  HEAD_ALONE},
    {PG,   "reindex",                  HEAD_ALONE},
    {PG,   "call",                     HEAD_CALL},
    {PG,   "do",                       HEAD_CALL},
    {PG,   "set",                      HEAD_SESSION},
    {PG,   "reset",                    HEAD_SESSION},
    {PG,   "load",                     HEAD_SESSION},
    {PG,   "alter system",             HEAD_ALONE},
    {PG,   "alter database",           HEAD_ALONE}, /* SET TABLESPACE */
    {PG,   "create database",          HEAD_ALONE},
    {PG,   "drop database",            HEAD_ALONE},
    {PG,   "create tablespace",        HEAD_ALONE},
    {PG,   "drop tablespace",          HEAD_ALONE},
    {PG,   "create subscription",      HEAD_ALONE},
    {PG,   "alter subscription",       HEAD_ALONE},
    {PG,   "drop subscription",        HEAD_ALONE},
    {PG,   "discard all",              HEAD_ALONE},
    {LITE, "vacuum",                   HEAD_ALONE},
    {LITE, "pragma",                   HEAD_SESSION},
    {LITE, "attach",                   HEAD_SESSION},
    {LITE, "detach",                   HEAD_SESSION},
};
/* clang-format on */

bool head_word(const char *text, const struct split_statement *statement, int i, const char *lower)
{
    const struct split_word *w = &statement->state.words[i];

    return i < statement->state.word_count && lex_is(text + w->offset, w->size, lower);
}

static bool fits(const char *text, const struct split_statement *statement, const char *words)
{
    char word[16];
    int i = 0;

    for (const char *at = words; *at != '\0'; i++) {
        size_t n = strcspn(at, " ");

        memcpy(word, at, n);
        word[n] = '\0';
        if (!head_word(text, statement, i, word))
            return false;
        at += n + (at[n] == ' ');
    }
    return true;
}

enum head_kind head_kind(hg_driver dialect, const char *text,
                         const struct split_statement *statement)
{
    if (statement->state.copy)
        return HEAD_COPY_ROWS;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((rows[i].dialects & (1U << dialect)) != 0 && fits(text, statement, rows[i].words))
            return rows[i].kind;
    return statement->state.concurrently ? HEAD_ALONE : HEAD_PLAIN;
}
