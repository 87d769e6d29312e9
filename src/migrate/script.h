/*
 * script.h - one section of a migration as it will run: its statements, each with its place. Pure.
 */
#ifndef MIGRATE_SCRIPT_H
#define MIGRATE_SCRIPT_H

#include "base/content.h"
#include "file.h"
#include "sql/head.h"

struct arena;

struct script_statement {
    const char *sql; /* mostly in the script's text: a large file is there once */
    size_t size;
    size_t offset; /* in the script's text */
    int line, column;
    enum head_kind kind;
    bool harmless;    /* surely changes no setting, and answers without rows or with few */
    const char *rows; /* COPY ... FROM stdin: what follows it, in the script's text */
    size_t rows_size;
};

struct script {
    const char *path;
    struct content *text; /* the whole file, with what does not run on this engine blanked;
                          statements end in it with a NUL where they ended with a semicolon */
    struct file_section section;
    struct script_statement *statements; /* the script's */
    size_t count;
    bool harmless;            /* all of them are */
    const char *down_section; /* up: the down section, to be kept; NULL: none */
};

/*
 * Cuts a section into statements. text: the file as it was read; it becomes the script's, also on
 * failure. What it makes besides lives in the arena; release with script_release(). err (not NULL):
 * HG_FILE with its place, HG_NOMEM.
 */
bool script_make(struct arena *arena, hg_driver dialect, const struct migration_file *file,
                 bool down, struct content *text, struct script *out_script, hg_error *err);
void script_release(struct script *script);

/* Tells that the text is read up to byte `at`, so that what was read need not be kept. */
void script_passed(const struct script *script, size_t at);

/* A copy of the text with its semicolons, in the arena; NULL: memory ran out. */
const char *script_source(const struct script *script, struct arena *arena);

/* Refuses what cannot run: BEGIN, COMMIT and ROLLBACK in a section that is a transaction itself
 * (HG_FILE), with the place. err: not NULL. */
bool script_check(const struct script *script, hg_error *err);

/* Puts the place of a statement on an error, or where the error's column points to inside of it. */
void script_place(const struct script *script, const struct script_statement *statement,
                  hg_error *err);

/* Fails with a syntax error of statement i, where it stands in the file. character: in the
 * statement, from 1; 0: not known. err: not NULL. */
bool script_fail_syntax(const struct script *script, size_t i, const char *message, int character,
                        hg_error *err);

/* Adds a statement to a checksum, by its tokens. */
void script_weigh(hg_driver dialect, const struct script_statement *statement,
                  struct checksum *sum);

#endif
