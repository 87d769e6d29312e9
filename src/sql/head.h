/*
 * head.h - what the first words of a statement say about how it may be run. Pure.
 * Must not know what a statement locks or loses; only whether a transaction can hold it.
 */
#ifndef SQL_HEAD_H
#define SQL_HEAD_H

#include "split.h"

enum head_kind {
    HEAD_PLAIN,    /* runs inside or outside of a transaction */
    HEAD_BEGIN,    /* opens a transaction */
    HEAD_FINISH,   /* ends one: COMMIT, END, ROLLBACK, ABORT, PREPARE TRANSACTION */
    HEAD_ALONE,    /* no transaction can hold it */
    HEAD_CALL,     /* runs code that may end a transaction itself */
    HEAD_SESSION,  /* changes the session, not the database: SET, PRAGMA, ATTACH */
    HEAD_COPY_ROWS /* COPY ... FROM stdin with its rows */
};

enum head_kind head_kind(hg_driver dialect, const char *text,
                         const struct split_statement *statement);

/* Whether the i-th word (from 0) of the statement is this one, given in lower case. */
bool head_word(const char *text, const struct split_statement *statement, int i, const char *lower);

#endif
