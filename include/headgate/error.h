/*
 * error.h - the error value: what went wrong, for a program (code, SQLSTATE) and for a person
 * (message, hint, place).
 *
 * A function that can fail returns bool and takes `hg_error *err` last. It is a plain value on the
 * caller's stack: nothing in it is allocated, it is copied by assignment and may go to another
 * thread. NULL is accepted everywhere and means that nobody wants to know. It is written on failure
 * only. Texts of the database and of files stand in it as they came: pass them through the front
 * end's filter before a terminal sees them. Passwords that headgate knows are replaced by ***
 * before a message is stored.
 */
#ifndef HEADGATE_ERROR_H
#define HEADGATE_ERROR_H

#include <headgate/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One row a code: name, exit status of the command line, whether the same call may be tried again
 * as it is, meaning. The enum, the exit codes, the retry rule and doc/errors.md come from this
 * table.
 */
/* clang-format off */
#define HG_CODE_TABLE(X) \
    X(HG_OK,            0,   false, "no error") \
    X(HG_FAILED,        1,   false, "an operation or a check failed") \
    X(HG_SQL,           1,   false, "the database refused a statement") \
    X(HG_CONSTRAINT,    1,   false, "a constraint of the schema was violated") \
    X(HG_SERIALIZATION, 1,   true,  "a concurrent transaction was in the way (serialization failure or deadlock)") \
    X(HG_PRIVILEGE,     1,   false, "the role or the file's mode does not allow it") \
    X(HG_DISK_FULL,     1,   false, "no space is left where the database or a file lives") \
    X(HG_IO,            1,   false, "a file could not be read or written") \
    X(HG_NOMEM,         1,   false, "memory ran out") \
    X(HG_MISUSE,        1,   false, "a function was called in a state that its documentation excludes") \
    X(HG_UNSUPPORTED,   1,   false, "this engine, version or build cannot do it") \
    X(HG_USAGE,         2,   false, "an argument of the command line cannot be understood") \
    X(HG_CONFIG,        2,   false, "a setting, URL or settings file cannot be understood") \
    X(HG_FILE,          2,   false, "a migration file or the revision graph cannot be understood") \
    X(HG_NO_REVISION,   2,   false, "a revision is not known, or its prefix is ambiguous") \
    X(HG_UNAVAILABLE,   3,   true,  "the database cannot be reached") \
    X(HG_AUTH,          3,   false, "the server refused the user or password") \
    X(HG_NO_DATABASE,   3,   false, "the database does not exist, or the file is not a database") \
    X(HG_SATURATED,     3,   true,  "the server has no connection left") \
    X(HG_LOST,          3,   true,  "the connection was lost; what was in flight may or may not have happened") \
    X(HG_TIMEOUT,       3,   true,  "the deadline passed") \
    X(HG_REFUSED,       4,   false, "a safety rule refused it") \
    X(HG_READ_ONLY,     4,   false, "the session, database or file is read-only") \
    X(HG_DRIFT,         4,   false, "what is applied is not what the files say") \
    X(HG_LOCKED,        5,   true,  "gave up waiting for a lock of another deployer or of the database") \
    X(HG_POOL_TIMEOUT,  1,   true,  "every connection of the pool was still busy at the deadline") \
    X(HG_POOL_CLOSED,   1,   false, "the pool is closed or draining") \
    X(HG_POOL_FULL,     1,   true,  "too many callers wait for a connection already") \
    X(HG_CANCELLED,     130, false, "interrupted; whatever was open has been rolled back")
/* clang-format on */

typedef enum hg_code {
#define HG_CODE_ENUM(name, exit_status, retryable, meaning) name,
    HG_CODE_TABLE(HG_CODE_ENUM)
#undef HG_CODE_ENUM
        HG_CODE_COUNT
} hg_code;

typedef struct hg_error {
    hg_code code;
    char sqlstate[6];   /* five characters of the SQL standard (ISO/IEC 9075-2, 24.1), or "" */
    char message[640];  /* what was being done and why it failed: lower case, no full stop, UTF-8 */
    char hint[256];     /* a full sentence: what to do next, or "" */
    char file[192];     /* where in a file, or "" */
    int line;           /* from 1; 0 when unknown */
    int column;         /* in characters, from 1; 0 when unknown */
    char excerpt[160];  /* the line itself, cut around the column, or "" */
    int excerpt_column; /* where the fault stands in the excerpt, in characters, from 1; 0 when
                           unknown */
} hg_error;

/* "unavailable" for HG_UNAVAILABLE: the code as JSON and logs show it. Static. */
HG_API const char *hg_code_name(hg_code code);

/* The meaning column of the table. Static. */
HG_API const char *hg_code_meaning(hg_code code);

/* The exit status that the command line ends with. */
HG_API int hg_code_exit_status(hg_code code);

/* Whether the same call may succeed when it is simply repeated. */
HG_API bool hg_code_retryable(hg_code code);

/*
 * Fills `err` (NULL is fine) with a code and a message and clears all else in it. Always returns
 * false, so that a function can end with `return hg_fail(err, ...)`. Known secrets in the text
 * become ***.
 */
HG_API bool hg_fail(hg_error *err, hg_code code, const char *format, ...) HG_PRINTF(3, 4);

/* Puts context in front of the message, as "context: message"; the code stays. */
HG_API void hg_error_context(hg_error *err, const char *format, ...) HG_PRINTF(2, 3);

/* Sets the hint unless one is there: what was closer to the cause knew better. */
HG_API void hg_error_hint(hg_error *err, const char *format, ...) HG_PRINTF(2, 3);

/* Sets the SQLSTATE; anything that is not five characters clears it. */
HG_API void hg_error_sqlstate(hg_error *err, const char *sqlstate);

/* Sets the place. line and column count from 1, 0 means unknown; file may be NULL. */
HG_API void hg_error_place(hg_error *err, const char *file, int line, int column);

/*
 * Sets the excerpt from the text that holds the fault: the line around byte `offset`, cut to fit,
 * with the column in it; also sets line and column when they are 0. Control bytes become spaces. A
 * line with a known secret near the fault is not shown.
 */
HG_API void hg_error_excerpt(hg_error *err, const char *text, size_t size, size_t offset);

#ifdef __cplusplus
}
#endif
#endif
