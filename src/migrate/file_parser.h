/*
 * file_parser.h - the inside of the parser of a migration file, for its parts.
 *
 *   file.c         tokens, sections, guards, and what must hold of a whole file
 *   file_header.c  what stands before the first section: revisions, parents, message
 *   file_option.c  what stands behind a -- migrate: directive
 */
#ifndef MIGRATE_FILE_PARSER_H
#define MIGRATE_FILE_PARSER_H

#include "base/vec.h"
#include "file.h"

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
    struct checksum raw;          /* of its text, up to byte `read` */
    size_t read;
    const char *nul;          /* the first in the text; NULL: none so far */
    struct split_token stray; /* the first token before any section; size 0: none */
    unsigned headers;         /* those that were read, by their place in the table */

    bool guarded;
    bool active; /* what is read now runs on this engine */
    struct split_token guard;
    size_t guard_end;
    struct split_state at_guard; /* the statement as it was before the guards */
    struct split_state kept;     /* and as the branch that runs here leaves it */
    VEC(struct file_gap) gaps;
    hg_error *err; /* never NULL */
};

/* --- file.c --- */

bool parser_no_memory(const struct parser *p);

/* A fault at byte `offset`, which stands on the line of token t. */
bool parser_fault(const struct parser *p, const struct split_token *t, size_t offset,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

bool piece_is(struct piece piece, const char *lower);
bool piece_is_blank(char c);
struct piece piece_trim(struct piece piece);

/* Cuts what stands before the first `end` (or a blank, when a blank ends it) off the rest. */
struct piece piece_cut(struct piece *rest, char end);

/* Where a piece begins in the text. */
size_t parser_offset(const struct parser *p, struct piece piece);

/* A copy in the arena; NULL: memory ran out. */
char *parser_keep(struct parser *p, struct piece piece);

/* --- file_header.c --- */

/* A comment before the first section: a header, or just a comment. */
bool parser_header(struct parser *p, const struct split_token *t, struct piece comment);

/* --- file_option.c --- */

/* The words behind the directive that has opened p->section. */
bool parser_options(struct parser *p, const struct split_token *t, struct piece rest);

#endif
