/*
 * postgres_open.c - opens a PostgreSQL connection: hosts, their addresses, login, the session's
 * settings.
 *
 * PQconnectPoll() has no timeout of its own and libpq's name look-up blocks, so hosts and addresses
 * are tried here, one after the other, each with a fair share of the time that is left.
 */
#include "postgres.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/buf.h"
#include "base/rand.h"
#include "postgres_keywords.h"
#include "resolve.h"
#include "sqlstate.h"

enum {
    HOSTS_MAX = 32,
    LOST_PEER_CHECK_MS = 1000 /* how soon a server notices that we are gone while it computes */
};

/* --- one attempt --- */

struct hint_row {
    hg_code code;
    const char *hint;
};

/* clang-format off */
static const struct hint_row hints[] = {
    {HG_AUTH,        "Check user and password of the URL (characters such as @ : / % percent-encoded), and the server's pg_hba.conf."},
    {HG_NO_DATABASE, "Create the database, or check its name in the URL."},
    {HG_SATURATED,   "Close connections that nobody needs, or raise max_connections or the role's limit."},
    {HG_UNAVAILABLE, "Check host and port of the URL, and whether the server runs and is reachable from here."},
    {HG_TIMEOUT,     "Check host and port of the URL, and whether a firewall drops the packets; DB_CONNECT_TIMEOUT is the time to wait."},
};
/* clang-format on */

static bool give_hint(hg_error *err)
{
    for (size_t i = 0; err != NULL && i < sizeof hints / sizeof *hints; i++)
        if (hints[i].code == err->code)
            hg_error_hint(err, "%s", hints[i].hint);
    return false;
}

/* The SQLSTATE inside a login's message: libpq has no other place for it before the connection
 * stands, so the messages are asked for in their verbose form, "FATAL:  28P01: password ...". */
static bool find_sqlstate(const char *said, char out[6], const char **out_message)
{
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (const char *at = strstr(said, ":  "); at != NULL; at = strstr(at + 1, ":  "))
        if (strspn(at + 3, allowed) == 5 && at[8] == ':') {
            memcpy(out, at + 3, 5);
            out[5] = '\0';
            *out_message = at + 10;
            return true;
        }
    return false;
}

/* libpq's text without "connection to server at ... failed: ", which we say ourselves. */
static const char *reason(const char *said)
{
    static const char marker[] = " failed: ";
    const char *behind = strstr(said, marker);

    return behind == NULL || behind - said > (ptrdiff_t)strcspn(said, "\n")
               ? said
               : behind + sizeof marker - 1;
}

static void name_target(const struct target *target, hg_error *err)
{
    if (target->address == NULL || strcmp(target->address, target->host) == 0)
        hg_error_context(err, "could not connect to \"%s\", port %d", target->host, target->port);
    else
        hg_error_context(err, "could not connect to \"%s\" (%s), port %d", target->host,
                         target->address, target->port);
}

static bool fail_attempt(const struct attempt *attempt, const struct target *target, hg_error *err)
{
    const struct pq *pq = attempt->conn->pq;
    PGconn *pg = attempt->conn->pg;
    const char *said = pg == NULL ? "out of memory" : pq->PQerrorMessage(pg);
    const char *message = reason(said);
    char sqlstate[6] = "08001";
    hg_code code = HG_UNAVAILABLE;

    if (find_sqlstate(said, sqlstate, &message) && sqlstate_code(sqlstate) != HG_SQL)
        code = sqlstate_code(sqlstate); /* poolers give 08P01 to whatever keeps them from serving */
    else if (pg != NULL && pq->PQconnectionNeedsPassword(pg))
        code = HG_AUTH;
    hg_fail(err, code, "%.*s", (int)strcspn(message, "\n"), message);
    hg_error_sqlstate(err, code == HG_AUTH && sqlstate[0] == '0' ? "28P01" : sqlstate);
    name_target(target, err);
    return give_hint(err);
}

static bool fail_in_time(const struct target *target, hg_connect_phase phase, hg_error *err)
{
    static const char *const unanswered[HG_CONNECT_PHASES] = {
        [HG_CONNECT_TCP] = "",
        [HG_CONNECT_TLS] = " to the request for TLS",
        [HG_CONNECT_AUTH] = " to the login",
    };

    hg_fail(err, HG_TIMEOUT, "no answer in time%s", unanswered[phase]);
    hg_error_sqlstate(err, "08001");
    name_target(target, err);
    return give_hint(err);
}

/* PGHOSTADDR would lead a connection to a socket elsewhere. */
static bool led_astray(const struct attempt *attempt, const struct target *target)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    int fd = attempt->conn->pq->PQsocket(attempt->conn->pg);

    return target->address == NULL && fd >= 0
           && getsockname(fd, (struct sockaddr *)&address, &size) == 0
           && address.ss_family != AF_UNIX;
}

static bool wait_for(int fd, short events, hg_deadline by)
{
    struct pollfd end = {.fd = fd, .events = events};
    int64_t left;

    while ((left = hg_deadline_left_ms(by)) > 0)
        if (poll(&end, 1, left < 60000 ? (int)left : 60000) > 0)
            return true;
    return false;
}

static void enter(const struct attempt *attempt, hg_connect_phase phase)
{
    if (attempt->options->on_phase != NULL)
        attempt->options->on_phase(attempt->options->on_phase_context, phase);
}

/* Where libpq stands. What its later versions add between these is part of letting us in. */
static hg_connect_phase phase_of(ConnStatusType status, hg_connect_phase before)
{
    switch (status) {
    case CONNECTION_BAD:
    case CONNECTION_MADE: /* TCP, or TLS */
        return before;
    case CONNECTION_STARTED:
    case CONNECTION_NEEDED:
        return HG_CONNECT_TCP;
    case CONNECTION_SSL_STARTUP:
    case CONNECTION_GSS_STARTUP:
        return HG_CONNECT_TLS;
    default:
        return HG_CONNECT_AUTH;
    }
}

static bool log_in(struct attempt *attempt, const struct target *target, hg_deadline by,
                   hg_error *err)
{
    const struct pq *pq = attempt->conn->pq;
    PGconn *pg = attempt->conn->pg;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    hg_connect_phase phase = HG_CONNECT_TCP, now;

    if (pg == NULL || pq->PQstatus(pg) == CONNECTION_BAD)
        return fail_attempt(attempt, target, err);
    if (led_astray(attempt, target)) {
        hg_fail(err, HG_CONFIG, "PGHOSTADDR leads away from the socket that the URL names");
        name_target(target, err);
        return false;
    }
    (void)pq->PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
        if (!wait_for(pq->PQsocket(pg), next == PGRES_POLLING_READING ? POLLIN : POLLOUT, by))
            return fail_in_time(target, phase, err);
        next = pq->PQconnectPoll(pg);
        if ((now = phase_of(pq->PQstatus(pg), phase)) != phase)
            enter(attempt, phase = now);
    }
    return next == PGRES_POLLING_OK || fail_attempt(attempt, target, err);
}

static bool try_target(struct attempt *attempt, const struct target *target, hg_deadline by,
                       hg_error *err)
{
    enter(attempt, HG_CONNECT_TCP);
    attempt->conn->pg = keywords_start(attempt, target);
    if (log_in(attempt, target, by, err))
        return true;
    attempt->conn->pq->PQfinish(attempt->conn->pg);
    attempt->conn->pg = NULL;
    return false;
}

/* --- all attempts --- */

/* A server that was reached and said no to the user or the database is not asked elsewhere. */
static bool is_final(hg_code code)
{
    return code == HG_AUTH || code == HG_NO_DATABASE || code == HG_CONFIG || code == HG_NOMEM;
}

static hg_deadline share(hg_deadline by, size_t parts, int64_t most_ms)
{
    int64_t left = hg_deadline_left_ms(by);

    if (left == INT64_MAX)
        return most_ms == 0 ? by : hg_deadline_in_ms(most_ms);
    left /= (int64_t)parts;
    return hg_deadline_in_ms(most_ms > 0 && most_ms < left ? most_ms : left);
}

/* The failures before the last one, in front of it; the last one's code counts. */
static void join(hg_error *all, const hg_error *one)
{
    hg_error joined = *one;

    if (all->code != HG_OK)
        hg_error_context(&joined, "%s; then", all->message);
    *all = joined;
}

static void shuffle(size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)rand_below((int64_t)i), kept = order[i - 1];

        order[i - 1] = order[other];
        order[other] = kept;
    }
}

/* The i-th part of a list with commas, or NULL. */
static const char *part(const char *list, size_t i, char *out, size_t room)
{
    while (list != NULL && i-- > 0)
        list = (list = strchr(list, ',')) == NULL ? NULL : list + 1;
    if (list == NULL || list[0] == '\0' || list[0] == ',')
        return NULL;
    snprintf(out, room, "%.*s", (int)strcspn(list, ","), list);
    return out;
}

static bool is_socket(const char *host)
{
    return host[0] == '/' || host[0] == '@';
}

/* Without a host: the folder where this system's packages put the socket. */
static const char *default_folder(int port)
{
    static const char *const folders[] = {"/run/postgresql", "/var/run/postgresql", "/tmp"};
    char path[128];

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/.s.PGSQL.%d", folders[i], port);
        if (access(path, F_OK) == 0)
            return folders[i];
    }
    return folders[0];
}

/* The addresses of one host: given, numeric, looked up, or an empty one for a socket. */
static bool find_addresses(const struct attempt *attempt, size_t host, const char *name,
                           hg_deadline by, struct addresses *out, hg_error *err)
{
    const hg_url *url = attempt->url;
    char *first = out->text[0];
    bool given =
        part(keywords_parameter(url, "hostaddr"), host, first, sizeof out->text[0]) != NULL;

    if (!given && !is_socket(name) && !resolve_is_numeric(name)) {
        enter(attempt, HG_CONNECT_RESOLVE);
        return resolve(name, by, out, err);
    }
    if (!given)
        snprintf(first, sizeof out->text[0], "%s", is_socket(name) ? "" : name);
    out->count = 1;
    return true;
}

static struct target target_of(const hg_url *url, size_t host, const char *session)
{
    struct target target = {.session = session, .host = "", .port = 5432};

    if (host < hg_url_host_count(url)) {
        target.host = hg_url_host(url, host);
        target.port = hg_url_port(url, host);
    }
    if (target.host[0] == '\0')
        target.host = default_folder(target.port);
    return target;
}

/* One host: all of its addresses. */
static bool try_host(struct attempt *attempt, size_t host, const char *session, hg_deadline by,
                     hg_error *all)
{
    struct target target = target_of(attempt->url, host, session);
    struct addresses addresses = {.count = 0};
    hg_error one = {0};

    if (!find_addresses(attempt, host, target.host, by, &addresses, &one))
        join(all, &one);
    for (size_t i = 0; i < addresses.count && !is_final(all->code); i++) {
        target.address = addresses.text[i][0] == '\0' ? NULL : addresses.text[i];
        if (try_target(attempt, &target, share(by, addresses.count - i, 0), &one))
            return true;
        join(all, &one);
    }
    return false;
}

static bool try_hosts(struct attempt *attempt, const char *session, hg_deadline by, hg_error *all)
{
    const hg_url *url = attempt->url;
    const char *limit = keywords_parameter(url, "connect_timeout");
    const char *balance = keywords_parameter(url, "load_balance_hosts");
    size_t count = hg_url_host_count(url), order[HOSTS_MAX] = {0};

    count = count == 0 ? 1 : count; /* without any: the local socket */
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    if (balance != NULL && strcmp(balance, "random") == 0)
        shuffle(order, count);
    for (size_t i = 0; i < count && !is_final(all->code); i++)
        if (try_host(attempt, order[i], session,
                     share(by, count - i, limit == NULL ? 0 : atoi(limit) * INT64_C(1000)), all))
            return true;
    return false;
}

/* "prefer-standby" is a wish about all hosts; to libpq, which sees one at a time, it is two. */
static bool connect_any(struct attempt *attempt, hg_deadline by, hg_error *err)
{
    const char *wanted = keywords_parameter(attempt->url, "target_session_attrs");
    hg_error all = {0};
    bool ok;

    if (wanted != NULL && strcmp(wanted, "prefer-standby") == 0)
        ok = try_hosts(attempt, "standby", share(by, 2, 0), &all)
             || (!is_final(all.code) && try_hosts(attempt, "any", by, &all));
    else
        ok = try_hosts(attempt, wanted, by, &all);
    if (!ok && err != NULL)
        *err = all;
    return ok;
}

/* --- who and where --- */

/* Both explicit, as libpq would find them without its variables: the URL's, else the system user's
 * name, and a database of the user's name. */
static bool name_user_and_database(struct attempt *attempt, hg_error *err)
{
    struct passwd entry, *found = NULL;

    attempt->user = hg_url_user(attempt->url);
    attempt->database = hg_url_database(attempt->url);
    if (attempt->user == NULL
        && getpwuid_r(geteuid(), &entry, attempt->account, sizeof attempt->account, &found) == 0
        && found != NULL)
        attempt->user = found->pw_name;
    if (attempt->user == NULL)
        return hg_fail(err, HG_CONFIG, "the URL names no user, and this process's has no name");
    if (attempt->database == NULL || attempt->database[0] == '\0')
        attempt->database = attempt->user;
    return true;
}

static bool check_url(const struct attempt *attempt, hg_error *err)
{
    const char *unknown = keywords_unknown(attempt->conn->pq, attempt->url);

    if (unknown != NULL) {
        sqlstate_fail(err, "0A000", "the installed libpq does not know the URL's parameter \"%s\"",
                      unknown);
        hg_error_hint(err, "Leave the parameter out, or install a newer libpq.");
        return false;
    }
    if (hg_url_host_count(attempt->url) > HOSTS_MAX)
        return hg_fail(err, HG_CONFIG, "the URL names more than %d hosts", HOSTS_MAX);
    if (keywords_parameter(attempt->url, "service") != NULL
        && hg_url_host_count(attempt->url) == 0) {
        sqlstate_fail(err, "0A000", "the URL leaves the host to a service file");
        hg_error_hint(err, "Write host and database into the URL itself.");
        return false;
    }
    return true;
}

/* --- the session --- */

static void take_notice(void *context, const PGresult *result)
{
    const struct postgres_conn *conn = context;
    const char *message = conn->pq->PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *sqlstate = conn->pq->PQresultErrorField(result, PG_DIAG_SQLSTATE);

    log_line(LOG_INFO, "postgres", message == NULL ? "notice" : message, "sqlstate",
             sqlstate == NULL ? "" : sqlstate, NULL);
}

static void set(struct buf *sql, const char *name, long long value, const char *unit)
{
    buf_printf(sql, "%s set_config('%s', '%lld%s', false)", sql->size == 0 ? "SELECT" : ",", name,
               value, unit);
}

/*
 * One round trip, and none of it through a transaction pooler: there the process that answers is
 * not the one we logged in to, the WHERE is false, and nothing is left behind in a session that
 * belongs to others.
 */
bool postgres_set_up(struct postgres_conn *conn, hg_error *err)
{
    int version = conn->pq->PQserverVersion(conn->pg), rows = 0;
    struct buf sql = BUF_INIT(4096);
    bool ok;

    buf_text(&sql, "SELECT set_config('bytea_output', 'hex', false)");
    if (version < 120000)
        set(&sql, "extra_float_digits", 3, "");
    if (version >= 140000)
        set(&sql, "client_connection_check_interval", LOST_PEER_CHECK_MS, "ms");
    if (conn->statement_timeout_ms > 0)
        set(&sql, "statement_timeout", conn->statement_timeout_ms, "ms");
    if (conn->lock_timeout_ms > 0)
        set(&sql, "lock_timeout", conn->lock_timeout_ms, "ms");
    if (conn->read_only)
        buf_text(&sql, ", set_config('default_transaction_read_only', 'on', false)");
    buf_printf(&sql, " WHERE pg_catalog.pg_backend_pid() = %d", conn->pq->PQbackendPID(conn->pg));
    ok = buf_failed(&sql) ? sqlstate_no_memory(err) : wire_run(conn, sql.bytes, &rows, err);
    buf_release(&sql);
    conn->pooled = ok && rows == 0;
    return ok;
}

/* Through a pooler a session cannot be made read-only, and a promise that cannot be kept is
 * refused. */
static bool accept_pooler(struct postgres_conn *conn, hg_error *err)
{
    if (!conn->pooled)
        return true;
    log_line(LOG_INFO, "postgres",
             "a pooler stands between us and the server: timeouts are kept "
             "on this side, statements are not prepared",
             NULL);
    if (!conn->read_only)
        return true;
    hg_fail(err, HG_UNSUPPORTED,
            "a read-only session is not possible through a transaction pooler");
    hg_error_hint(err, "Use the server's own address, or a role that may only read.");
    return false;
}

static bool begin_session(const struct attempt *attempt, hg_deadline by, hg_error *err)
{
    struct postgres_conn *conn = attempt->conn;
    const char *version = conn->pq->PQparameterStatus(conn->pg, "server_version");

    enter(attempt, HG_CONNECT_SETUP);
    (void)conn->pq->PQsetErrorVerbosity(conn->pg, PQERRORS_DEFAULT);
    (void)conn->pq->PQsetNoticeReceiver(conn->pg, take_notice, conn);
    snprintf(conn->version, sizeof conn->version, "%.*s",
             version == NULL ? 0 : (int)strcspn(version, " "), version == NULL ? "" : version);
    if (conn->pq->PQsetnonblocking(conn->pg, 1) != 0)
        return wire_fail_to_send(conn, err);
    wire_begin(conn, by);
    return postgres_set_up(conn, err) && accept_pooler(conn, err);
}

static bool wants_writable(const hg_url *url)
{
    const char *wanted = keywords_parameter(url, "target_session_attrs");

    return wanted != NULL && (strcmp(wanted, "read-write") == 0 || strcmp(wanted, "primary") == 0);
}

/* Behind a pooler it is unnamed at most, whatever the URL says: see prepared_is_possible(). */
static enum prepared prepared_of(const hg_url *url)
{
    static const char *const values[] = {
        [PREPARED_NAMED] = "named",
        [PREPARED_UNNAMED] = "unnamed",
        [PREPARED_OFF] = "off",
    };
    const char *value = keywords_parameter(url, "prepared");
    enum prepared prepared = PREPARED_OFF;

    while (value != NULL && prepared > PREPARED_NAMED && strcmp(values[prepared], value) != 0)
        prepared--;
    return value == NULL ? PREPARED_NAMED : prepared;
}

static struct postgres_conn *conn_new(const struct driver_options *options, hg_error *err)
{
    const struct pq *pq = pq_load(err);
    struct postgres_conn *conn = pq == NULL ? NULL : alloc_zero(1, sizeof *conn);

    if (pq != NULL && conn == NULL)
        sqlstate_no_memory(err);
    if (conn == NULL)
        return NULL;
    conn->base.driver = &driver_postgres;
    conn->pq = pq;
    conn->read_only = options->read_only;
    conn->statement_timeout_ms = options->statement_timeout_ms;
    conn->lock_timeout_ms = options->lock_timeout_ms;
    if (wait_init(&conn->wait))
        return conn;
    sqlstate_fail(err, "58030", "could not make a descriptor: %s", strerror(errno));
    driver_postgres.close(&conn->base);
    return NULL;
}

bool postgres_open(const hg_url *url, const struct driver_options *options, hg_deadline by,
                   hg_conn **out_conn, hg_error *err)
{
    struct postgres_conn *conn = conn_new(options, err);
    struct attempt attempt = {.url = url, .options = options, .conn = conn};

    if (conn == NULL)
        return false;
    conn->prepared = prepared_of(url);
    conn->wants_writable = wants_writable(url);
    if (!check_url(&attempt, err) || !name_user_and_database(&attempt, err)
        || !connect_any(&attempt, by, err) || !begin_session(&attempt, by, err)) {
        driver_postgres.close(&conn->base);
        return false;
    }
    *out_conn = &conn->base;
    return true;
}
