/*
 * lock.c - one deployer at a time.
 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "ledger.h"

enum { QUERY_MS = 30 * 1000 };

/* FNV-1a, kept below 2^31 so that it is the same number as integer and as oid. */
static int64_t hash(const char *text)
{
    uint32_t sum = 2166136261U;

    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * 16777619U;
    return sum & 0x7FFFFFFFU;
}

void lock_init(struct lock *lock, hg_pool *pool, hg_conn *conn, const struct ledger_place *place)
{
    char real[PATH_MAX];
    const char *path = hg_url_path(hg_pool_url(pool));

    *lock = (struct lock){.conn = conn, .driver = place->driver, .fd = -1};
    if (place->driver == HG_POSTGRESQL) {
        lock->key = hash(place->versions);
        if (place->has_history)
            text_copy(lock->history, sizeof lock->history, place->history);
        return;
    }
    if (path != NULL && realpath(path, real) != NULL) /* else in memory: nobody else can be there */
        snprintf(lock->path, sizeof lock->path, "%.*s-headgate", (int)sizeof lock->path - 16, real);
}

/* --- PostgreSQL --- */

static enum lock_answer try_advisory(struct lock *lock, hg_error *err)
{
    const hg_value key[] = {hg_integer(LOCK_FAMILY), hg_integer(lock->key)};
    enum lock_answer answer = LOCK_FAILED;
    hg_rows *rows = NULL;

    if (hg_conn_query(lock->conn, "SELECT pg_catalog.pg_try_advisory_lock($1::int, $2::int)", key,
                      2, hg_deadline_in_ms(QUERY_MS), &rows, err)
        && hg_rows_next(rows, hg_deadline_in_ms(QUERY_MS), err) == HG_ROW)
        answer = hg_rows_integer(rows, 0) != 0 ? LOCK_TAKEN : LOCK_BUSY;
    hg_rows_close(rows);
    if (answer == LOCK_FAILED)
        hg_error_context(err, "could not take the deployers' lock");
    return answer;
}

static const char holder_sql[] =
    "SELECT coalesce(nullif(a.application_name, ''), 'a session') || ' (process '"
    " || a.pid || coalesce(', from ' || pg_catalog.host(a.client_addr), '') || ', since '"
    " || pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    " || ' UTC' || coalesce(', ' || 100 * p.blocks_done / nullif(p.blocks_total, 0)"
    " || ' % of an index', '') || ')'"
    " FROM pg_catalog.pg_locks l"
    " JOIN pg_catalog.pg_stat_activity a USING (pid)"
    " LEFT JOIN pg_catalog.pg_stat_progress_create_index p USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.classid = $1::int::oid"
    " AND l.objid = $2::int::oid AND l.objsubid = 2 AND l.granted"
    " AND a.datname = pg_catalog.current_database()";

/* The first field of the first row, or "". */
static void ask_text(struct lock *lock, const char *sql, const hg_value *values, size_t n,
                     char *out, size_t size)
{
    hg_rows *rows = NULL;

    if (hg_conn_query(lock->conn, sql, values, n, hg_deadline_in_ms(QUERY_MS), &rows, NULL)
        && hg_rows_next(rows, hg_deadline_in_ms(QUERY_MS), NULL) == HG_ROW)
        text_copy(out, size, hg_rows_text(rows, 0));
    hg_rows_close(rows);
}

/* What runs outside of a transaction stands in the history while it does. */
static void advisory_holder(struct lock *lock, char *out, size_t size)
{
    const hg_value key[] = {hg_integer(LOCK_FAMILY), hg_integer(lock->key)};
    char who[400] = "", doing[200] = "", sql[1000];

    ask_text(lock, holder_sql, key, 2, who, sizeof who);
    if (who[0] == '\0')
        return;
    snprintf(sql, sizeof sql,
             "SELECT pg_catalog.format(' for %%s: %%s, statement %%s of %%s', operator, revision,"
             " least(statements_done + 1, statements), statements) FROM %s"
             " WHERE outcome = 'running' ORDER BY id DESC LIMIT 1",
             lock->history);
    if (lock->history[0] != '\0')
        ask_text(lock, sql, NULL, 0, doing, sizeof doing);
    snprintf(out, size, "%s%s", who, doing);
}

static void release_advisory(struct lock *lock)
{
    const hg_value key[] = {hg_integer(LOCK_FAMILY), hg_integer(lock->key)};

    if (!hg_conn_lost(lock->conn))
        (void)hg_conn_execute(lock->conn, "SELECT pg_catalog.pg_advisory_unlock($1::int, $2::int)",
                              key, 2, hg_deadline_in_ms(QUERY_MS), NULL, NULL);
}

/* --- SQLite --- */

/* Whether the file that was locked is still the one of that name: its holder before removes it. */
static bool is_same_file(int fd, const char *path)
{
    struct stat locked, named;

    return fstat(fd, &locked) == 0 && stat(path, &named) == 0 && locked.st_dev == named.st_dev
           && locked.st_ino == named.st_ino;
}

static void sign(int fd, const char *who, const char *doing)
{
    char line[512];
    int n = snprintf(line, sizeof line, "%s (process %ld)%s\n", who, (long)getpid(), doing);

    if (ftruncate(fd, 0) != 0 || pwrite(fd, line, strnlen(line, (size_t)n), 0) < 0)
        errno = 0; /* only a courtesy to whoever waits */
}

/* Where no file can be made, the database cannot be written either, or flock() has no meaning: the
 * write lock of each migration decides alone. */
static enum lock_answer try_file(struct lock *lock, const char *who)
{
    for (;;) {
        int fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        enum lock_answer answer = LOCK_TAKEN;

        if (fd < 0)
            fd = open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return LOCK_TAKEN;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0)
            answer = errno == EWOULDBLOCK ? LOCK_BUSY : LOCK_TAKEN;
        else if (!is_same_file(fd, lock->path)) {
            close(fd);
            continue;
        }
        if (answer == LOCK_TAKEN) {
            lock->fd = fd;
            sign(fd, who, "");
        } else {
            close(fd);
        }
        return answer;
    }
}

static void file_holder(const struct lock *lock, char *out, size_t size)
{
    char line[512];
    int fd = open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);

    if (n > 0) {
        line[n] = '\0';
        line[strcspn(line, "\n")] = '\0';
        text_copy(out, size, line);
    }
    if (fd >= 0)
        close(fd);
}

static void peek_file(struct lock *lock, char *out, size_t size)
{
    int fd = lock->path[0] == '\0' ? -1 : open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        file_holder(lock, out, size);
    if (fd >= 0)
        close(fd);
}

void lock_peek(struct lock *lock, char *out, size_t size)
{
    out[0] = '\0';
    if (lock->driver == HG_POSTGRESQL)
        advisory_holder(lock, out, size);
    else
        peek_file(lock, out, size);
}

static void release_file(struct lock *lock)
{
    if (lock->fd < 0)
        return;
    if (is_same_file(lock->fd, lock->path))
        unlink(lock->path);
    close(lock->fd);
    lock->fd = -1;
}

/* --- either --- */

enum lock_answer lock_try(struct lock *lock, const char *who, hg_error *err)
{
    enum lock_answer answer = LOCK_TAKEN;

    if (lock->driver == HG_POSTGRESQL)
        answer = try_advisory(lock, err);
    else if (lock->path[0] != '\0')
        answer = try_file(lock, who);
    lock->held = answer == LOCK_TAKEN;
    return answer;
}

void lock_sign(struct lock *lock, const char *who, const char *doing)
{
    if (lock->held && lock->fd >= 0)
        sign(lock->fd, who, doing);
}

void lock_holder(struct lock *lock, char *out, size_t size)
{
    text_copy(out, size, "another deployer");
    if (lock->driver == HG_POSTGRESQL)
        advisory_holder(lock, out, size);
    else
        file_holder(lock, out, size);
}

void lock_release(struct lock *lock)
{
    if (!lock->held)
        return;
    if (lock->driver == HG_POSTGRESQL)
        release_advisory(lock);
    else
        release_file(lock);
    lock->held = false;
}
