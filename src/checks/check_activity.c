/*
 * check_activity.c - what the sessions of a PostgreSQL server are doing to each other.
 */
#include "checks.h"

/* Others' states are null to a role that may not see them: what is missing is said, not passed. */
#define UNSEEN                                                                      \
    " UNION ALL SELECT NULL, 'the role may not see other sessions: pg_monitor may'" \
    " WHERE NOT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"

#define SINCE(column) "extract(epoch FROM pg_catalog.clock_timestamp() - " column ")::bigint"
#define WHO \
    "'process ' || a.pid || ' of ' || coalesce(nullif(a.application_name, ''), a.usename, '?')"
#define FROM_CLIENTS                                                              \
    " FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend'" \
    " AND a.pid <> pg_catalog.pg_backend_pid()"

static const char idle_in_transaction[] =
    "SELECT " SINCE("a.state_change") ", " WHO FROM_CLIENTS
                                      " AND a.state LIKE 'idle in transaction%'" UNSEEN;

static const char long_transactions[] =
    "SELECT " SINCE("a.xact_start") ", " WHO FROM_CLIENTS " AND a.xact_start IS NOT NULL" UNSEEN;

static const char long_queries[] =
    "SELECT " SINCE("a.query_start") ", " WHO FROM_CLIENTS " AND a.state = 'active'" UNSEEN;

static const char blocked[] = "SELECT " SINCE(
    "a.query_start") ", " WHO " || ' waits for '"
                     " || pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(a.pid), ', "
                     "')" FROM_CLIENTS " AND cardinality(pg_catalog.pg_blocking_pids(a.pid)) > 0 "
                     "AND a.query_start IS NOT NULL" UNSEEN;

static const char many_blocked[] =
    "SELECT 1, " WHO FROM_CLIENTS " AND cardinality(pg_catalog.pg_blocking_pids(a.pid)) > 0" UNSEEN;

static const char prepared[] =
    "SELECT " SINCE("prepared") ", gid || ' of ' || owner FROM pg_catalog.pg_prepared_xacts";

static const char deadlocks[] =
    "SELECT CASE WHEN deadlocks > 0 THEN 1 ELSE 0 END, deadlocks || ' since '"
    " || coalesce(stats_reset::date::text, 'the database was made')"
    " FROM pg_catalog.pg_stat_database WHERE datname = current_database()";

static const char strong_locks[] = "SELECT " SINCE(
    "coalesce(a.xact_start, a.state_change)") ", " WHO " || ' on '"
                                              " || l.relation::regclass::text FROM "
                                              "pg_catalog.pg_locks l"
                                              " JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
                                              " WHERE l.granted AND l.mode = 'AccessExclusiveLock' "
                                              "AND l.locktype = 'relation'"
                                              " AND l.database = (SELECT oid FROM "
                                              "pg_catalog.pg_database WHERE datname = "
                                              "current_database())"
                                              " AND a.pid <> pg_catalog.pg_backend_pid()" UNSEEN;

static const char strangers[] =
    "SELECT 1, " WHO " || ' as ' || a.usename" FROM_CLIENTS
    " AND a.datname = current_database() AND a.usename <> current_user"
    " AND a.usename NOT LIKE 'rds%' AND a.application_name NOT LIKE 'headgate/%'" UNSEEN;

#define P ON_POSTGRES | CONNECTED

// clang-format off
static const struct check rows[] = {
    {"activity.idle_in_transaction", "ACT001", "No transaction stands idle", MAJOR, P, NULL,
     {idle_in_transaction, MEASURE_MOST, 60, 300, "s"}, "idle_in_transaction", "Set idle_in_transaction_session_timeout; who forgot to commit?"},
    {"activity.long_transactions", "ACT002", "No transaction is old", MAJOR, P, NULL,
     {long_transactions, MEASURE_MOST, 300, 1800, "s"}, "long_transaction", "An old transaction keeps vacuum and migrations waiting: end it."},
    {"activity.long_queries", "ACT003", "No query runs for long", MINOR, P, NULL,
     {long_queries, MEASURE_MOST, 60, 300, "s"}, "long_query", "Is an index missing? headgate sessions shows the query."},
    {"activity.blocked", "ACT004", "Nobody waits for a lock for long", MAJOR, P, NULL,
     {blocked, MEASURE_MOST, 10, 60, "s"}, "blocked_sessions", "headgate sessions shows who blocks whom."},
    {"activity.many_blocked", "ACT004", "Few wait for locks", MAJOR, P, NULL,
     {many_blocked, MEASURE_COUNT, NAN, 4, "sessions"}, "many_blocked_sessions", "headgate sessions shows who blocks whom."},
    {"activity.prepared", "ACT005", "No prepared transaction is left over", MAJOR, P, NULL,
     {prepared, MEASURE_MOST, 1, 30, "s"}, "prepared_transaction", "COMMIT PREPARED or ROLLBACK PREPARED it: it keeps its locks for ever."},
    {"activity.deadlocks", "ACT006", "There were no deadlocks", INFO, P, NULL,
     {deadlocks, MEASURE_LEVEL}, "deadlocks", "The server's log names the statements: take locks in one order."},
    {"activity.strong_locks", "ACT007", "No table is locked against everybody", MAJOR, P, NULL,
     {strong_locks, MEASURE_MOST, 5, 30, "s"}, "strong_lock", "A migration that runs, or one that was left open?"},
    {"activity.strangers", "ACT008", "Only known roles use the database", MAJOR, P, NULL,
     {strangers, MEASURE_COUNT, 0, NAN, "sessions"}, "strangers", "Who else writes here? It matters before a cutover."},
};
// clang-format on

const struct check_table activity_checks = {rows, sizeof rows / sizeof *rows};
