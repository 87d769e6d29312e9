/*
 * postgres_prepared.h - statements that the server keeps under a name: those that a program
 * prepares, and those that are prepared behind its back because their text comes often.
 *
 * The second kind must never be noticed, except by the clock. So they are used only where nothing
 * can have changed their meaning, see prepared_settle(), and what the server has forgotten or does
 * not stand by any more is sent once more as it is.
 */
#ifndef DRIVER_POSTGRES_PREPARED_H
#define DRIVER_POSTGRES_PREPARED_H

#include "postgres.h"
#include "postgres_params.h"

/* What a statement is called on the server; number 0 is the one without a name, which the next
 * replaces. */
struct prepared_name {
    char text[32];
};

struct prepared_name prepared_name(unsigned long number);

/* Whether statements may have names on this connection: the URL allows it, and one and the same
 * server process answers. */
bool prepared_is_possible(const struct postgres_conn *conn);

/* Makes a statement on the server. types: NULL lets it infer them. */
bool prepared_make(struct postgres_conn *conn, const char *sql, const struct params *params,
                   size_t n, unsigned long *out_number, hg_error *err);

/* Lets the server look at a statement that will have no name. */
bool prepared_check(struct postgres_conn *conn, const char *sql, hg_error *err);

/* Whoever held this statement does not any more; the server hears of it with the next one. */
void prepared_close(struct postgres_conn *conn, unsigned long number);

/* The statement kept for this text with these types, made now when it is worth one. *out_cached is
 * NULL when there is none. false: the server refuses the text. */
bool prepared_find(struct postgres_conn *conn, const char *sql, const struct params *params,
                   size_t n, struct cached **out_cached, hg_error *err);

/* A statement has been run: what it was says whether those that are kept still mean the same. */
void prepared_settle(struct postgres_conn *conn, const PGresult *result);

/* Whether an error says that a kept statement is of no use any more, while its text may be. */
bool prepared_is_outdated(const struct postgres_conn *conn, const PGresult *error);

/* After such an error: nothing that is kept is used again. Always false. Inside a transaction,
 * which is lost, err tells of it; outside the text can be sent as it is, and err stays untouched.
 */
bool prepared_fail(struct postgres_conn *conn, const PGresult *error, hg_error *err);

/* The server has none of them any more. */
void prepared_gone(struct postgres_conn *conn);

/* Frees what is remembered of them. */
void prepared_release(struct postgres_conn *conn);

#endif
