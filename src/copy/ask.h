/*
 * ask.h - small questions to a database, each one statement: the rows, one by one, or one number.
 */
#ifndef COPY_ASK_H
#define COPY_ASK_H

#include <headgate/connection.h>

/* Calls each() for every row until it says false, which ends it without an error of its own: each()
 * has set err. */
bool ask_rows(hg_conn *conn, const char *sql, const hg_value *params, size_t n,
              bool (*each)(void *context, hg_rows *rows, hg_error *err), void *context,
              hg_deadline by, hg_error *err);

/* The first field of the first row; 0 without a row. */
bool ask_integer(hg_conn *conn, const char *sql, const hg_value *params, size_t n, hg_deadline by,
                 int64_t *out, hg_error *err);

#endif
