/*
 * keyword.c - tables of URL parameters, ours and those that other programs understand.
 */
#include "keyword.h"

#include <stddef.h>
#include <string.h>

#include "base/near.h"

// clang-format off
#define SSL_VERSIONS "TLSv1|TLSv1.1|TLSv1.2|TLSv1.3"

/* libpq of PostgreSQL 18, section 34.1.2; what an older libpq does not know, it says itself. */
static const struct keyword postgresql[] = {
    {"user",                      KEYWORD_PLACE,  NULL},
    {"password",                  KEYWORD_PLACE,  NULL},
    {"host",                      KEYWORD_PLACE,  NULL},
    {"port",                      KEYWORD_PLACE,  NULL},
    {"dbname",                    KEYWORD_PLACE,  NULL},
    {"hostaddr",                  KEYWORD_TEXT,   NULL},
    {"service",                   KEYWORD_TEXT,   NULL},
    {"passfile",                  KEYWORD_TEXT,   NULL},
    {"connect_timeout",           KEYWORD_NUMBER, NULL},
    {"client_encoding",           KEYWORD_TEXT,   NULL},
    {"options",                   KEYWORD_TEXT,   NULL},
    {"application_name",          KEYWORD_TEXT,   NULL},
    {"fallback_application_name", KEYWORD_TEXT,   NULL},
    {"keepalives",                KEYWORD_NUMBER, NULL},
    {"keepalives_idle",           KEYWORD_NUMBER, NULL},
    {"keepalives_interval",       KEYWORD_NUMBER, NULL},
    {"keepalives_count",          KEYWORD_NUMBER, NULL},
    {"tcp_user_timeout",          KEYWORD_NUMBER, NULL},
    {"replication",               KEYWORD_TEXT,   NULL},
    {"gssencmode",                KEYWORD_CHOICE, "disable|prefer|require"},
    {"gssdelegation",             KEYWORD_NUMBER, NULL},
    {"gsslib",                    KEYWORD_TEXT,   NULL},
    {"krbsrvname",                KEYWORD_TEXT,   NULL},
    {"sslmode",                   KEYWORD_CHOICE, "disable|allow|prefer|require|verify-ca|verify-full"},
    {"sslnegotiation",            KEYWORD_CHOICE, "postgres|direct"},
    {"sslcompression",            KEYWORD_NUMBER, NULL},
    {"sslcert",                   KEYWORD_TEXT,   NULL},
    {"sslkey",                    KEYWORD_TEXT,   NULL},
    {"sslkeylogfile",             KEYWORD_TEXT,   NULL},
    {"sslpassword",               KEYWORD_SECRET, NULL},
    {"sslcertmode",               KEYWORD_CHOICE, "disable|allow|require"},
    {"sslrootcert",               KEYWORD_TEXT,   NULL},
    {"sslcrl",                    KEYWORD_TEXT,   NULL},
    {"sslcrldir",                 KEYWORD_TEXT,   NULL},
    {"sslsni",                    KEYWORD_NUMBER, NULL},
    {"ssl_min_protocol_version",  KEYWORD_CHOICE, SSL_VERSIONS},
    {"ssl_max_protocol_version",  KEYWORD_CHOICE, SSL_VERSIONS},
    {"min_protocol_version",      KEYWORD_CHOICE, "3.0|3.2|latest"},
    {"max_protocol_version",      KEYWORD_CHOICE, "3.0|3.2|latest"},
    {"channel_binding",           KEYWORD_CHOICE, "disable|prefer|require"},
    {"require_auth",              KEYWORD_TEXT,   NULL},
    {"requirepeer",               KEYWORD_TEXT,   NULL},
    {"scram_client_key",          KEYWORD_SECRET, NULL},
    {"scram_server_key",          KEYWORD_SECRET, NULL},
    {"oauth_issuer",              KEYWORD_TEXT,   NULL},
    {"oauth_client_id",           KEYWORD_TEXT,   NULL},
    {"oauth_client_secret",       KEYWORD_SECRET, NULL},
    {"oauth_scope",               KEYWORD_TEXT,   NULL},
    {"target_session_attrs",      KEYWORD_CHOICE, "any|read-write|read-only|primary|standby|prefer-standby"},
    {"load_balance_hosts",        KEYWORD_CHOICE, "disable|random"},
    /* our own, libpq never sees them */
    {"prepared",                  KEYWORD_CHOICE, "named|unnamed|off"},
    {"reset_on_return",           KEYWORD_CHOICE, "rollback|commit|none|full"},
};

/* How Python's sqlite3 should behave: shown, and of no consequence here. And what is ours. */
static const struct keyword sqlite[] = {
    {"timeout",           KEYWORD_TEXT, NULL},
    {"check_same_thread", KEYWORD_TEXT, NULL},
    {"isolation_level",   KEYWORD_TEXT, NULL},
    {"detect_types",      KEYWORD_TEXT, NULL},
    {"cached_statements", KEYWORD_TEXT, NULL},
    /* our own */
    {"reset_on_return",   KEYWORD_CHOICE, "rollback|commit|none|full"},
};

static const struct {
    hg_driver driver;
    const char *name, *advice;
} foreign[] = {
    {HG_POSTGRESQL, "ssl",           "libpq calls it sslmode: write sslmode=require, or sslmode=verify-full to check the server's name."},
    {HG_POSTGRESQL, "tls",           "libpq calls it sslmode: write sslmode=require, or sslmode=verify-full to check the server's name."},
    {HG_POSTGRESQL, "requiressl",    "libpq calls it sslmode: write sslmode=require."},
    {HG_POSTGRESQL, "sslrootca",     "libpq calls it sslrootcert."},
    {HG_POSTGRESQL, "username",      "libpq calls it user."},
    {HG_POSTGRESQL, "database",      "libpq calls it dbname; usually it stands behind the host: postgresql://host/NAME."},
    {HG_POSTGRESQL, "pass",          "libpq calls it password; usually it stands before the host: user:password@host."},
    {HG_POSTGRESQL, "schema",        "libpq has no such parameter: write options=-csearch_path%3DNAME."},
    {HG_POSTGRESQL, "currentSchema", "This is JDBC's: write options=-csearch_path%3DNAME."},
    {HG_POSTGRESQL, "search_path",   "libpq has no such parameter: write options=-csearch_path%3DNAME."},
    {HG_POSTGRESQL, "pgbouncer",     "libpq has no such parameter; a pooler in between is noticed without it."},
    {HG_POSTGRESQL, "prepared_statements", "headgate calls it prepared: named, unnamed or off."},
    {HG_POSTGRESQL, "prepareThreshold", "headgate calls it prepared: named, unnamed or off."},
    {HG_POSTGRESQL, "statement_cache_size", "headgate calls it prepared: named, unnamed or off."},
    {HG_POSTGRESQL, "pool_size",     "Set DB_POOL_SIZE instead."},
    {HG_POSTGRESQL, "max_overflow",  "Set DB_MAX_OVERFLOW instead."},
    {HG_POSTGRESQL, "pool_timeout",  "Set DB_POOL_TIMEOUT instead."},
    {HG_POSTGRESQL, "pool_recycle",  "Set DB_POOL_RECYCLE instead."},
    {HG_POSTGRESQL, "pool_pre_ping", "Set DB_POOL_PRE_PING instead."},
    {HG_POSTGRESQL, "pool_reset_on_return", "headgate calls it reset_on_return: rollback, commit, none or full."},
    {HG_POSTGRESQL, "pool_use_lifo", "Set DB_POOL_USE_LIFO instead."},
    {HG_POSTGRESQL, "statement_timeout", "Set DB_STATEMENT_TIMEOUT instead."},
    {HG_POSTGRESQL, "lock_timeout",  "Set DB_LOCK_TIMEOUT instead."},
    {HG_SQLITE,     "uri",           "Write the path alone, as in sqlite:///app.db; file: URIs are not used."},
    {HG_SQLITE,     "mode",          "Write the path alone; --read-only opens the database read-only."},
    {HG_SQLITE,     "immutable",     "Write the path alone; --read-only opens the database read-only."},
    {HG_SQLITE,     "cache",         "Write the path alone; the pool shares a memory database by itself."},
};
// clang-format on

static const struct keyword *table_of(hg_driver driver, size_t *out_count)
{
    *out_count = driver == HG_POSTGRESQL ? sizeof postgresql / sizeof *postgresql
                                         : sizeof sqlite / sizeof *sqlite;
    return driver == HG_POSTGRESQL ? postgresql : sqlite;
}

const struct keyword *keyword_find(hg_driver driver, const char *name)
{
    size_t count;
    const struct keyword *rows = table_of(driver, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);

    for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, value, n) == 0 && (at[n] == '|' || at[n] == '\0') && n > 0)
            return true;
    }
    return false;
}

static bool is_number(const char *value)
{
    size_t n;

    value += *value == '-';
    n = strspn(value, "0123456789");
    return n > 0 && n <= 9 && value[n] == '\0';
}

bool keyword_allows(const struct keyword *keyword, const char *value)
{
    switch (keyword->kind) {
    case KEYWORD_NUMBER:
        return is_number(value);
    case KEYWORD_CHOICE:
        return is_choice(keyword->choices, value);
    default:
        return true;
    }
}

const char *keyword_advice(hg_driver driver, const char *name)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (foreign[i].driver == driver && strcmp(foreign[i].name, name) == 0)
            return foreign[i].advice;
    return NULL;
}

const char *keyword_near(hg_driver driver, const char *name)
{
    size_t count;
    const struct keyword *rows = table_of(driver, &count);

    for (size_t i = 0; i < count; i++)
        if (near_enough(name, rows[i].name))
            return rows[i].name;
    return NULL;
}
