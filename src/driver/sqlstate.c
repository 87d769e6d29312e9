/*
 * sqlstate.c - the tables of failures.
 */
#include "sqlstate.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct state_row {
    const char *prefix; /* of two or five characters; the first row that fits counts */
    hg_code code;
    bool gone;
};

/* clang-format off */
static const struct state_row states[] = {
    {"08001", HG_UNAVAILABLE,   true},  /* client could not connect */
    {"08004", HG_UNAVAILABLE,   true},  /* server rejected the connection */
    {"08P01", HG_SQL,           false}, /* protocol violation: also a wrong number of parameters */
    {"08",    HG_LOST,          true},  /* connection exception */
    {"0A",    HG_UNSUPPORTED,   false}, /* feature not supported */
    {"23",    HG_CONSTRAINT,    false}, /* integrity constraint violation */
    {"25006", HG_READ_ONLY,     false}, /* read-only transaction */
    {"25P03", HG_LOST,          true},  /* idle_in_transaction_session_timeout */
    {"25P04", HG_LOST,          true},  /* transaction_timeout */
    {"28",    HG_AUTH,          true},  /* invalid authorization */
    {"3D000", HG_NO_DATABASE,   false}, /* invalid catalog name */
    {"40002", HG_CONSTRAINT,    false}, /* integrity constraint, found at commit */
    {"40003", HG_LOST,          true},  /* statement completion unknown */
    {"40",    HG_SERIALIZATION, false}, /* serialization failure, deadlock */
    {"42501", HG_PRIVILEGE,     false}, /* insufficient privilege */
    {"53100", HG_DISK_FULL,     false},
    {"53200", HG_NOMEM,         false}, /* the server's memory, or SQLite's */
    {"53300", HG_SATURATED,     false}, /* too many connections */
    {"55P03", HG_LOCKED,        false}, /* lock not available */
    {"57014", HG_CANCELLED,     false}, /* query cancelled */
    {"57P01", HG_LOST,          true},  /* admin shutdown, pg_terminate_backend */
    {"57P02", HG_LOST,          true},  /* crash shutdown */
    {"57P03", HG_UNAVAILABLE,   true},  /* starting up, shutting down, in recovery */
    {"57P04", HG_LOST,          true},  /* database dropped */
    {"57P05", HG_LOST,          true},  /* idle_session_timeout */
    {"58",    HG_IO,            false}, /* system error of the server */
    {"XX001", HG_IO,            false}, /* data corrupted */
    {"XX002", HG_IO,            false}, /* index corrupted */
};

struct sqlite_row {
    int code; /* extended, or primary for all of its kind that have no row above it */
    const char *sqlstate;
};

static const struct sqlite_row sqlite_codes[] = {
    {SQLITE_CONSTRAINT_UNIQUE,     "23505"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, "23505"},
    {SQLITE_CONSTRAINT_ROWID,      "23505"},
    {SQLITE_CONSTRAINT_NOTNULL,    "23502"},
    {SQLITE_CONSTRAINT_CHECK,      "23514"},
    {SQLITE_CONSTRAINT_FOREIGNKEY, "23503"},
    {SQLITE_CONSTRAINT_TRIGGER,    "P0001"}, /* RAISE() */
    {SQLITE_CONSTRAINT_DATATYPE,   "42804"}, /* STRICT table */
    {SQLITE_CONSTRAINT,            "23000"},
    {SQLITE_BUSY_SNAPSHOT,         "40001"}, /* another wrote since this transaction has read */
    {SQLITE_BUSY,                  "55P03"},
    {SQLITE_LOCKED,                "55P03"},
    {SQLITE_INTERRUPT,             "57014"},
    {SQLITE_READONLY,              "25006"},
    {SQLITE_FULL,                  "53100"},
    {SQLITE_IOERR_SHMSIZE,         "53100"}, /* the index of a log cannot grow */
    {SQLITE_IOERR_NOMEM,           "53200"},
    {SQLITE_IOERR,                 "58030"},
    {SQLITE_NOMEM,                 "53200"},
    {SQLITE_CORRUPT,               "XX001"},
    {SQLITE_NOTADB,                "3D000"},
    {SQLITE_CANTOPEN,              "58030"},
    {SQLITE_PERM,                  "42501"},
    {SQLITE_AUTH,                  "42501"},
    {SQLITE_TOOBIG,                "54000"},
    {SQLITE_MISMATCH,              "22P02"},
    {SQLITE_RANGE,                 "42P02"},
    {SQLITE_NOLFS,                 "54000"},
};

struct message_row {
    const char *part; /* of the message */
    const char *sqlstate;
};

/* SQLITE_ERROR says nothing but its text, which SQLite does not translate. */
static const struct message_row messages[] = {
    {"syntax error",                                    "42601"},
    {"incomplete input",                                "42601"},
    {"unrecognized token",                              "42601"},
    {"values for",                                      "42601"}, /* 2 values for 3 columns */
    {"no such table",                                   "42P01"},
    {"no such view",                                    "42P01"},
    {"no such column",                                  "42703"},
    {"has no column named",                             "42703"},
    {"unknown column",                                  "42703"},
    {"ambiguous column name",                           "42702"},
    {"duplicate column name",                           "42701"},
    {"no such function",                                "42883"},
    {"wrong number of arguments",                       "42883"},
    {"no such savepoint",                               "3B001"},
    {"no such",                                         "42704"}, /* index, trigger, collation, module */
    {"already exists",                                  "42P07"},
    {"already a table named",                           "42P07"},
    {"already another table or index with this name",   "42P07"},
    {"misuse of aggregate",                             "42803"},
    {"foreign key mismatch",                            "42830"},
    {"Cannot add a NOT NULL column",                    "23502"},
    {"cannot start a transaction within a transaction", "25001"},
    {"no transaction is active",                        "25P01"},
    {"integer overflow",                                "22003"},
    {"malformed JSON",                                  "22P02"},
    {"stack overflow",                                  "54001"},
    {"too many",                                        "54000"},
    {"more than one primary key",                       "42P16"},
    {"cannot modify",                                   "42809"}, /* a view */
    {"may not be",                                      "42501"}, /* sqlite_ tables */
};
/* clang-format on */

static const struct state_row *row_of(const char *sqlstate)
{
    static const struct state_row other = {"", HG_SQL, false};

    for (size_t i = 0; sqlstate != NULL && i < COUNT(states); i++)
        if (strncmp(sqlstate, states[i].prefix, strlen(states[i].prefix)) == 0)
            return &states[i];
    return &other;
}

hg_code sqlstate_code(const char *sqlstate)
{
    return row_of(sqlstate)->code;
}

bool sqlstate_gone(const char *sqlstate)
{
    return row_of(sqlstate)->gone;
}

bool sqlstate_fail(hg_error *err, const char *sqlstate, const char *format, ...)
{
    char message[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    hg_fail(err, sqlstate_code(sqlstate), "%s", message);
    hg_error_sqlstate(err, sqlstate);
    return false;
}

bool sqlstate_no_memory(hg_error *err)
{
    return sqlstate_fail(err, "53200", "memory ran out");
}

static const char *state_of_message(const char *message)
{
    for (size_t i = 0; i < COUNT(messages); i++)
        if (strstr(message, messages[i].part) != NULL)
            return messages[i].sqlstate;
    return "42000"; /* syntax error or access rule violation, no more is known */
}

const char *sqlstate_of_sqlite(int extended, const char *message)
{
    for (size_t i = 0; i < COUNT(sqlite_codes); i++)
        if (sqlite_codes[i].code == extended || sqlite_codes[i].code == (extended & 0xFF))
            return sqlite_codes[i].sqlstate;
    return (extended & 0xFF) == SQLITE_ERROR ? state_of_message(message) : "XX000";
}
