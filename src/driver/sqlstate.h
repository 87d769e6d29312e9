/*
 * sqlstate.h - what a native failure means: SQLite's codes as SQLSTATE, an SQLSTATE as hg_code, and
 * whether the connection is gone.
 * Pure. Must not know a connection. The states are ISO/IEC 9075-2, 24.1 and PostgreSQL's
 * errcodes.txt.
 */
#ifndef DRIVER_SQLSTATE_H
#define DRIVER_SQLSTATE_H

#include <stdbool.h>

#include <headgate/error.h>

/* What the caller of a statement is told. Unknown states, "" and NULL: HG_SQL. */
hg_code sqlstate_code(const char *sqlstate);

/* Whether the server ends the session with this error. */
bool sqlstate_gone(const char *sqlstate);

/* Fails with a state of our own choice and the code that the table gives it. Always false. */
bool sqlstate_fail(hg_error *err, const char *sqlstate, const char *format, ...) HG_PRINTF(3, 4);

/* The same for want of memory. */
bool sqlstate_no_memory(hg_error *err);

/* The state that PostgreSQL would give. extended: SQLite's extended result code; message: its text,
 * which for SQLITE_ERROR is all there is to tell errors apart. Static. */
const char *sqlstate_of_sqlite(int extended, const char *message);

#endif
