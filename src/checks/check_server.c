/*
 * check_server.c - questions about a PostgreSQL server: encryption, versions, parameters, vacuum,
 * replication, size.
 */
#include "checks.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "sql/split.h"

enum { SCHEMA_MOST = 64 << 20 };

/* --- how long a major version is looked after --- */

struct release {
    int major;
    int security_minor; /* the first that closes every hole known when this table was written */
    int end_year, end_month, end_day; /* of the community's support */
};

// clang-format off
static const struct release releases[] = {
    {12, 22, 2024, 11, 21}, {13, 23, 2025, 11, 13}, {14, 20, 2026, 11, 12}, {15, 15, 2027, 11, 11},
    {16, 11, 2028, 11,  9}, {17,  7, 2029, 11,  8}, {18,  1, 2030, 11, 14},
};
// clang-format on

enum { SUPPORT_WARN_DAYS = 180, DAY_S = 24 * 3600 };

static const struct release *release_of(const struct check_context *context)
{
    int major = hg_conn_server_version_number(context->conn) / 10000;

    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
        if (releases[i].major == major)
            return &releases[i];
    return NULL;
}

static void check_supported(struct check_context *context, hg_check_result *result)
{
    const struct release *r = release_of(context);
    struct tm end = {0};
    long left;

    if (r == NULL) {
        check_say(result, HG_SKIP, "no date is known for version %s",
                  hg_conn_server_version(context->conn));
        return;
    }
    end.tm_year = r->end_year - 1900;
    end.tm_mon = r->end_month - 1;
    end.tm_mday = r->end_day;
    left = (long)((timegm(&end) - clock_wall_ms() / 1000) / DAY_S);
    snprintf(result->threshold, sizeof result->threshold, "warn < %d days, fail < 0 days",
             SUPPORT_WARN_DAYS);
    check_say(result, check_judge((double)-left, -SUPPORT_WARN_DAYS, 0),
              "version %d until %04d-%02d-%02d, %ld days", r->major, r->end_year, r->end_month,
              r->end_day, left);
}

static void check_minor(struct check_context *context, hg_check_result *result)
{
    const struct release *r = release_of(context);

    if (r == NULL)
        check_say(result, HG_SKIP, "no minor version is known for %s",
                  hg_conn_server_version(context->conn));
    else
        check_say(result,
                  hg_conn_server_version_number(context->conn) % 10000 < r->security_minor
                      ? HG_WARN
                      : HG_PASS,
                  "%s, fixes are in %d.%d", hg_conn_server_version(context->conn), r->major,
                  r->security_minor);
}

enum { SKEW_WARN_MS = 2000, SKEW_FAIL_MS = 5000 };

/* The server's clock against ours in the middle of the round trip. */
static void check_clock(struct check_context *context, hg_check_result *result)
{
    int64_t before_ms = clock_wall_ms(), skew_ms;
    hg_rows *rows = NULL;
    hg_error err = {0};

    snprintf(result->threshold, sizeof result->threshold, "warn > 2 s, fail > 5 s");
    if (!hg_conn_query(context->conn,
                       "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint",
                       NULL, 0, context->by, &rows, &err)
        || hg_rows_next(rows, context->by, &err) != HG_ROW) {
        check_say_error(result, &err);
    } else {
        skew_ms = hg_rows_integer(rows, 0) - (before_ms + clock_wall_ms()) / 2;
        check_say(
            result,
            check_judge((double)(skew_ms < 0 ? -skew_ms : skew_ms), SKEW_WARN_MS, SKEW_FAIL_MS),
            "the server's clock is %lld ms %s ours", (long long)(skew_ms < 0 ? -skew_ms : skew_ms),
            skew_ms < 0 ? "behind" : "ahead of");
    }
    hg_rows_close(rows);
}

/* --- extensions --- */

static bool has_word(const struct split_statement *statement, const char *text, int i,
                     const char *word)
{
    const struct split_word *w = &statement->state.words[i];

    return i < statement->state.word_count && w->size == strlen(word)
           && strncasecmp(text + w->offset, word, w->size) == 0;
}

/* The name in CREATE EXTENSION [IF NOT EXISTS] name; false: it is another statement. */
static bool read_extension(const struct split_statement *statement, const char *text, char *out,
                           size_t size)
{
    const struct split_word *name;
    int i = 2;

    if (!has_word(statement, text, 0, "create") || !has_word(statement, text, 1, "extension"))
        return false;
    if (has_word(statement, text, 2, "if"))
        i = 5;
    if (i >= statement->state.word_count)
        return false;
    name = &statement->state.words[i];
    if (name->size >= size)
        return false;
    memcpy(out, text + name->offset, name->size);
    out[name->size] = '\0';
    return true;
}

/* 0: it is missing; 1: it is there, and could be installed; 2: it is installed. -1: err. */
static int64_t look_up_extension(struct check_context *context, const char *name, hg_error *err)
{
    static const char question[] =
        "SELECT (SELECT count(*) FROM pg_catalog.pg_available_extensions WHERE name = $1)"
        " + (SELECT count(*) FROM pg_catalog.pg_extension WHERE extname = $1)";
    hg_value value = hg_text(name);
    hg_rows *rows = NULL;
    int64_t found = -1;

    if (hg_conn_query(context->conn, question, &value, 1, context->by, &rows, err)
        && hg_rows_next(rows, context->by, err) == HG_ROW)
        found = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    return found;
}

/* What the schema file asks for. false: err. */
static bool look_for_extensions(struct check_context *context, const struct buf *text,
                                size_t *out_wanted, size_t *out_missing, hg_check_result *result,
                                hg_error *err)
{
    struct split_statement statement;
    enum split_answer answer;
    struct split split;
    char name[64];
    int64_t found;

    split_init(&split, HG_POSTGRESQL, text->bytes, text->size, 0, 1);
    while ((answer = split_next(&split, &statement, err)) == SPLIT_STATEMENT) {
        if (!read_extension(&statement, text->bytes, name, sizeof name))
            continue;
        if ((found = look_up_extension(context, name, err)) < 0)
            return false;
        ++*out_wanted;
        *out_missing += found < 2;
        if (found < 2)
            check_evidence(context, result, "%s%s", name,
                           found == 1 ? "" : ", which the server does not have");
    }
    return answer == SPLIT_END;
}

static void check_extensions(struct check_context *context, hg_check_result *result)
{
    const char *file = hg_settings_schema_file(context->settings);
    struct buf text = BUF_INIT(SCHEMA_MOST);
    size_t wanted = 0, missing = 0;
    hg_error err = {0};

    if (!file_exists(file))
        check_say(result, HG_SKIP, "there is no file \"%s\"", file);
    else if (!file_read(file, &text, &err)
             || !look_for_extensions(context, &text, &wanted, &missing, result, &err))
        check_say_error(result, &err);
    else
        check_say(result, missing > 0 ? HG_FAIL : HG_PASS, "%zu of %zu are missing", missing,
                  wanted);
    buf_release(&text);
}

/* --- questions --- */

#define SETTING(name) "pg_catalog.current_setting('" name "', true)"
#define UNSEEN                                                          \
    " UNION ALL SELECT NULL, 'the role may not see it: pg_monitor may'" \
    " WHERE NOT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"

static const char tls_in_use[] =
    "SELECT CASE WHEN inet_server_addr() IS NULL THEN NULL WHEN ssl THEN 0 ELSE 2 END,"
    " CASE WHEN inet_server_addr() IS NULL THEN 'a local socket needs none'"
    " WHEN ssl THEN version || ', ' || cipher ELSE 'not encrypted' END"
    " FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()";

static const char tls_protocol[] =
    "SELECT CASE WHEN NOT ssl THEN NULL WHEN version IN ('TLSv1.2', 'TLSv1.3') THEN 0 ELSE 2 END,"
    " CASE WHEN ssl THEN version ELSE 'not encrypted' END"
    " FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()";

static const char tls_enforced[] = "SELECT CASE " SETTING(
    "rds.force_ssl") " WHEN '1' THEN 0 WHEN 'on' THEN 0 WHEN '0' THEN 1"
                     " WHEN 'off' THEN 1 END, coalesce('rds.force_ssl is ' || nullif(" SETTING(
                         "rds.force_ssl") ", ''), 'not RDS')";

static const char password_hash[] =
    "SELECT CASE v WHEN 'scram-sha-256' THEN 0 ELSE 1 END, 'password_encryption is ' || v"
    " FROM (SELECT " SETTING("password_encryption") " AS v) AS s";

static const char right_server[] =
    "SELECT 0, current_database() || ' as ' || current_user || ' at '"
    " || coalesce(host(inet_server_addr()), 'a local socket') || ', system '"
    " || (SELECT system_identifier FROM pg_catalog.pg_control_system())";

static const char durability[] =
    "SELECT CASE WHEN v <> 'off' THEN 0 WHEN name = 'synchronous_commit' THEN 1 ELSE 2 END,"
    " name || ' is ' || v FROM (SELECT name, setting AS v FROM pg_catalog.pg_settings"
    " WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')) AS s";

/* What the role gets at its log-in: this session's own limits are headgate's. */
static const char role_timeouts[] =
    "SELECT 1, name FROM pg_catalog.pg_settings WHERE name IN ('statement_timeout',"
    " 'lock_timeout', 'idle_in_transaction_session_timeout') AND reset_val = '0' ORDER BY name";

static const char encoding[] =
    "SELECT CASE WHEN v = 'UTF8' THEN 0 ELSE 2 END, 'server_encoding is ' || v"
    " FROM (SELECT " SETTING("server_encoding") " AS v) AS s";

static const char time_zone[] =
    "SELECT CASE WHEN upper(reset_val) IN ('UTC', 'ETC/UTC', 'GMT', 'ETC/GMT', 'ZULU', 'ETC/ZULU',"
    " 'UCT', 'ETC/UCT') THEN 0 ELSE 1 END, 'TimeZone is ' || reset_val"
    " FROM pg_catalog.pg_settings WHERE name = 'TimeZone'";

static const char string_rules[] =
    "SELECT CASE WHEN v = 'on' THEN 0 ELSE 2 END, 'standard_conforming_strings is ' || v"
    " FROM (SELECT " SETTING("standard_conforming_strings") " AS v) AS s";

/* Indexes of text that are ordered by other rules than the server's now. */
static const char collation[] =
    "SELECT CASE WHEN datcollversion IS NOT DISTINCT FROM v THEN 0"
    " WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indisunique AND i.indrelid >= 16384"
    " AND 0 <> ANY (i.indcollation::oid[])) THEN 2 ELSE 1 END,"
    " CASE WHEN datcollversion IS NULL AND v IS NULL THEN datcollate || ' has no versions'"
    " ELSE datcollate || ' of version ' || coalesce(datcollversion, 'unknown') || ', the server "
    "has '"
    " || coalesce(v, 'none') END"
    " FROM (SELECT datcollate, datcollversion,"
    " pg_catalog.pg_database_collation_actual_version(oid) AS v"
    " FROM pg_catalog.pg_database WHERE datname = current_database()) AS d";

static const char extension_updates[] =
    "SELECT 1, name || ' ' || installed_version || ', there is ' || default_version"
    " FROM pg_catalog.pg_available_extensions"
    " WHERE installed_version IS NOT NULL AND installed_version <> default_version ORDER BY name";

/* A schema that is searched before another and that everybody may put objects into. */
static const char search_path[] =
    "SELECT CASE WHEN s.place < max(s.place) OVER () AND n.nspname IS NOT NULL"
    " AND pg_catalog.has_schema_privilege('public', n.oid, 'CREATE') THEN 2 ELSE 0 END,"
    " s.name || CASE WHEN pg_catalog.has_schema_privilege('public', n.oid, 'CREATE')"
    " THEN ', where everybody may create' ELSE '' END"
    " FROM unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS s (name, place)"
    " JOIN pg_catalog.pg_namespace n ON n.nspname = s.name"
    " UNION ALL SELECT 1, 'no schema of the search_path exists'"
    " WHERE cardinality(pg_catalog.current_schemas(false)) = 0";

static const char memory[] =
    "SELECT 0, 'shared_buffers ' || pg_catalog.current_setting('shared_buffers') || ', work_mem '"
    " || pg_catalog.current_setting('work_mem') || ' for each of '"
    " || pg_catalog.current_setting('max_connections') || ' connections, in all '"
    " || pg_catalog.pg_size_pretty(pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem'))"
    " * pg_catalog.current_setting('max_connections')::bigint)";

/* The function below the view: what the view joins to it is most of its cost, and not wanted. */
/* Integers and format(): a new session looks up every operator and cast that it meets. */
static const char headroom[] =
    "SELECT (200 * used + most) / (2 * most), format('%s of %s connections', used, most)"
    " FROM (SELECT count(*) AS used, greatest(1,"
    " pg_catalog.current_setting('max_connections')::int"
    " - pg_catalog.current_setting('superuser_reserved_connections')::int"
    " - coalesce(" SETTING("reserved_connections") "::int, 0)) AS most"
                                                   " FROM pg_catalog.pg_stat_get_activity(NULL)"
                                                   " WHERE backend_type = 'client backend' OR "
                                                   "backend_type IS NULL) AS s";

static const char role_limit[] =
    "SELECT CASE WHEN most < 0 THEN 0 ELSE round(100.0 * used / greatest(most, 1)) END::bigint,"
    " what || CASE WHEN most < 0 THEN ' has no limit' ELSE ': ' || used || ' of ' || most END"
    " FROM (SELECT 'role ' || current_user AS what, rolconnlimit AS most, (SELECT count(*)"
    " FROM pg_catalog.pg_stat_activity WHERE usename = current_user) AS used"
    " FROM pg_catalog.pg_roles WHERE rolname = current_user"
    " UNION ALL SELECT 'database ' || datname, datconnlimit, (SELECT numbackends"
    " FROM pg_catalog.pg_stat_database s WHERE s.datid = d.oid)"
    " FROM pg_catalog.pg_database d WHERE datname = current_database()) AS l";

static const char wraparound[] = "SELECT greatest(pg_catalog.age(datfrozenxid), "
                                 "pg_catalog.mxid_age(datminmxid))::bigint, datname"
                                 " FROM pg_catalog.pg_database ORDER BY 1 DESC LIMIT 20";

static const char autovacuum[] =
    "SELECT CASE WHEN setting = 'on' THEN 0 ELSE 2 END, name || ' is ' || setting"
    " FROM pg_catalog.pg_settings WHERE name IN ('autovacuum', 'track_counts')"
    " UNION ALL SELECT 1, 'off for table ' || relname FROM pg_catalog.pg_class"
    " WHERE relkind IN ('r', 'm') AND 'autovacuum_enabled=false' = ANY (reloptions)";

static const char dead_rows[] =
    "SELECT 1, schemaname || '.' || relname || ', ' || n_dead_tup || ' of '"
    " || n_dead_tup + n_live_tup FROM pg_catalog.pg_stat_user_tables"
    " WHERE n_dead_tup > 10000 AND n_dead_tup > 0.2 * (n_dead_tup + n_live_tup)"
    " ORDER BY n_dead_tup DESC";

static const char replica_lag[] =
    "SELECT extract(epoch FROM replay_lag)::bigint, coalesce(application_name, '') || ' '"
    " || coalesce(state, '') FROM pg_catalog.pg_stat_replication WHERE replay_lag IS NOT "
    "NULL" UNSEEN;

static const char slots[] =
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 0 ELSE"
    " round(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn) / 1048576) END"
    "::bigint, slot_name || CASE WHEN active THEN '' ELSE ', inactive' END"
    " FROM pg_catalog.pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL" UNSEEN;

static const char lost_slots[] =
    "SELECT 1, slot_name FROM pg_catalog.pg_replication_slots WHERE wal_status = 'lost'" UNSEEN;

static const char size[] =
    "SELECT 0, pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(current_database()))";

#define P ON_POSTGRES | CONNECTED

// clang-format off
static const struct check rows[] = {
    {"conn.server", "CON006", "This is the server that is meant", CRITICAL, P, NULL,
     {right_server, MEASURE_LEVEL, .from = 90600}, "wrong_server", "Compare the system identifier with the one you know."},
    {"conn.clock", "CON007", "The server's clock is ours", MAJOR, P, check_clock,
     .code = "clock_skew", .hint = "Let chrony set the clock of this host."},
    {"tls.in_use", "TLS001", "The connection is encrypted", CRITICAL, P | LENIENT, NULL,
     {tls_in_use, MEASURE_LEVEL}, "not_encrypted", "Add sslmode=verify-full and sslrootcert=FILE to the URL."},
    {"tls.protocol", "TLS004", "TLS is 1.2 or newer", CRITICAL, P, NULL,
     {tls_protocol, MEASURE_LEVEL}, "old_tls", "Raise ssl_min_protocol_version on the server."},
    {"tls.enforced", "TLS005", "The server insists on encryption", MINOR, P, NULL,
     {tls_enforced, MEASURE_LEVEL}, "tls_optional", "Set rds.force_ssl to 1 in the parameter group."},
    {"tls.password_hash", "TLS006", "Passwords are kept as SCRAM", MINOR, P, NULL,
     {password_hash, MEASURE_LEVEL}, "md5_passwords", "Set password_encryption to scram-sha-256 and set the passwords anew."},
    {"server.supported", "SRV001", "The major version is looked after", MAJOR, P, check_supported,
     .code = "version_unsupported", .hint = "Plan the upgrade; RDS charges for what is called Extended Support."},
    {"server.minor", "SRV002", "Known holes are closed", MINOR, P, check_minor,
     .code = "minor_behind", .hint = "Install the server's minor update."},
    {"server.pending_restart", "SRV005", "No parameter waits for a restart", MINOR, P, NULL,
     {"SELECT 1, name FROM pg_catalog.pg_settings WHERE pending_restart ORDER BY name", MEASURE_COUNT, 0, NAN, "parameters"},
     "pending_restart", "Restart the server in the next maintenance window."},
    {"server.durability", "SRV006", "A commit survives a crash", MAJOR, P, NULL,
     {durability, MEASURE_LEVEL}, "not_durable", "Turn fsync, full_page_writes and synchronous_commit on."},
    {"server.role_timeouts", "SRV007", "The role has timeouts of its own", MINOR, P, NULL,
     {role_timeouts, MEASURE_COUNT, 0, NAN, "timeouts are off"}, "no_timeouts", "ALTER ROLE ... SET statement_timeout, lock_timeout, idle_in_transaction_session_timeout."},
    {"server.encoding", "SRV008", "The database's encoding is UTF-8", MAJOR, P, NULL,
     {encoding, MEASURE_LEVEL}, "not_utf8", "Make a new database with ENCODING 'UTF8' and move the data."},
    {"server.time_zone", "SRV009", "Sessions run in UTC", MINOR, P, NULL,
     {time_zone, MEASURE_LEVEL}, "not_utc", "ALTER ROLE ... SET timezone = 'UTC': times without a zone shift otherwise."},
    {"server.strings", "SRV010", "A backslash in a string is a backslash", MAJOR, P, NULL,
     {string_rules, MEASURE_LEVEL}, "old_strings", "Turn standard_conforming_strings on."},
    {"server.collation", "SRV011", "Indexes are ordered as the server sorts now", MAJOR, P, NULL,
     {collation, MEASURE_LEVEL, .from = 150000}, "collation_changed", "REINDEX the database, then ALTER DATABASE ... REFRESH COLLATION VERSION."},
    {"server.extensions", "SRV012", "The extensions of the schema file are there", MAJOR, P, check_extensions,
     .code = "extension_missing", .hint = "CREATE EXTENSION; on RDS rds.allowed_extensions has to name it."},
    {"server.extension_updates", "SRV013", "Extensions are of the installed version", INFO, P, NULL,
     {extension_updates, MEASURE_COUNT, 0, NAN, "extensions"}, "extension_outdated", "ALTER EXTENSION ... UPDATE."},
    {"server.search_path", "SRV014", "Nobody can put objects in front of ours", MAJOR, P, NULL,
     {search_path, MEASURE_LEVEL}, "search_path_open", "REVOKE CREATE ON SCHEMA ... FROM PUBLIC."},
    {"server.memory", "SRV015", "What memory the server may need", INFO, P, NULL,
     {memory, MEASURE_LEVEL}, "memory", "Compare with the memory of the instance class."},
    {"capacity.headroom", "CAP001", "Connections are left", CRITICAL, P | READY, NULL,
     {headroom, MEASURE_MOST, 80, NAN, "%"}, "conn_headroom_low", "Pools are per process: lower their size, or use a proxy."},
    {"capacity.limits", "CAP002", "Role and database may have more connections", MAJOR, P, NULL,
     {role_limit, MEASURE_MOST, 70, 95, "%"}, "conn_limit_near", "ALTER ROLE or ALTER DATABASE ... CONNECTION LIMIT."},
    {"vacuum.wraparound", "VAC001", "Transaction numbers do not run out", MAJOR, P, NULL,
     {wraparound, MEASURE_MOST, 1.3e9, 1.4e9, "transactions old"}, "wraparound", "VACUUM FREEZE the database that is named; what keeps autovacuum from it?"},
    {"vacuum.autovacuum", "VAC002", "Autovacuum runs", MAJOR, P, NULL,
     {autovacuum, MEASURE_LEVEL}, "autovacuum_off", "Turn autovacuum and track_counts on, also for the tables named."},
    {"vacuum.dead_rows", "VAC003", "Dead rows are cleared away", MINOR, P, NULL,
     {dead_rows, MEASURE_COUNT, 0, NAN, "tables"}, "dead_rows", "VACUUM the tables; is an old transaction in the way?"},
    {"replication.lag", "REP001", "Replicas keep up", MINOR, P, NULL,
     {replica_lag, MEASURE_MOST, 30, 300, "s"}, "replica_lag", "Is the replica overloaded, or a query on it in the way?"},
    {"replication.slots", "REP002", "No idle slot keeps old WAL", MAJOR, P, NULL,
     {slots, MEASURE_MOST, 1024, 5120, "MB"}, "slot_retains_wal", "Drop the slot if nobody will come for it: pg_drop_replication_slot()."},
    {"replication.lost_slots", "REP002", "No slot has lost its WAL", MAJOR, P, NULL,
     {lost_slots, MEASURE_COUNT, NAN, 0, "slots", .from = 130000}, "slot_lost", "Drop the slot and set its replica up anew."},
    {"storage.size", "STO001", "How large the database is", INFO, P, NULL,
     {size, MEASURE_LEVEL}, "size", "Compare with the storage that is allocated."},
};
// clang-format on

const struct check_table server_checks = {rows, sizeof rows / sizeof *rows};
