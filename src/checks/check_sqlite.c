/*
 * check_sqlite.c - a SQLite database and the file, folder and disk that it lives on.
 *
 * The file is looked at with stat() and by questions on the shared connection, never opened:
 * closing a descriptor of it would drop this process's own locks on it.
 */
#include "checks.h"

#include <headgate/server.h>

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define MB (1024.0 * 1024)

/* The file's path; NULL: in memory, and the result says so. */
static const char *file_of(const struct check_context *context, hg_check_result *result)
{
    const char *path = hg_url_path(hg_settings_url(context->settings));

    if (strcmp(path, ":memory:") != 0)
        return path;
    check_say(result, HG_SKIP, "in memory");
    return NULL;
}

static bool look_at(const char *path, struct stat *out, hg_check_result *result)
{
    if (stat(path, out) == 0)
        return true;
    check_say(result, errno == ENOENT ? HG_FAIL : HG_UNKNOWN, "%s", strerror(errno));
    return false;
}

static bool ask_number(struct check_context *context, const char *sql, int64_t *out,
                       hg_check_result *result)
{
    hg_rows *rows = NULL;
    hg_error err = {0};
    bool ok = hg_conn_query(context->conn, sql, NULL, 0, context->by, &rows, &err)
              && hg_rows_next(rows, context->by, &err) == HG_ROW;

    if (ok)
        *out = hg_rows_integer(rows, 0);
    else
        check_say_error(result, &err);
    hg_rows_close(rows);
    return ok;
}

static void check_file(struct check_context *context, hg_check_result *result)
{
    const char *path = file_of(context, result);
    int64_t pages = 0;
    struct stat st;

    if (path == NULL || !look_at(path, &st, result)
        || !ask_number(context,
                       "SELECT page_count * page_size FROM pragma_page_count,"
                       " pragma_page_size",
                       &pages, result))
        return;
    if (!S_ISREG(st.st_mode))
        check_say(result, HG_FAIL, "not a regular file");
    else if (st.st_size == 0)
        check_say(result, HG_WARN, "empty");
    else
        check_say(result, HG_PASS, "%.1f MB, pages %.1f MB", (double)st.st_size / MB,
                  (double)pages / MB);
}

static void check_permissions(struct check_context *context, hg_check_result *result)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    const char *path = file_of(context, result);
    hg_status worst = HG_PASS;
    struct stat first, st;
    char name[PATH_MAX];

    if (path == NULL || !look_at(path, &first, result))
        return;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (stat(name, &st) != 0)
            continue;
        if ((st.st_mode & 077) != 0)
            check_evidence(context, result, "%s has mode %03o", name, (unsigned)st.st_mode & 0777);
        if ((st.st_mode & S_IWOTH) != 0)
            worst = HG_FAIL;
        else if (((st.st_mode & S_IWGRP) != 0 || st.st_uid != first.st_uid) && worst == HG_PASS)
            worst = HG_WARN;
        if (st.st_uid != first.st_uid)
            check_evidence(context, result, "%s has another owner", name);
    }
    check_say(result, worst, "mode %03o", (unsigned)first.st_mode & 0777);
}

static void check_file_system(struct check_context *context, hg_check_result *result)
{
    static const struct {
        long type;
        const char *name;
        hg_status status;
    } kinds[] = {
        {NFS_SUPER_MAGIC, "NFS", HG_FAIL}, {SMB_SUPER_MAGIC, "SMB", HG_FAIL},
        {0xFE534D42, "SMB2", HG_FAIL},     {0xFF534D42, "CIFS", HG_FAIL},
        {0x65735546, "FUSE", HG_WARN},     {OVERLAYFS_SUPER_MAGIC, "overlay", HG_WARN},
        {TMPFS_MAGIC, "tmpfs", HG_WARN},
    };
    const char *path = file_of(context, result);
    struct statfs st;

    if (path == NULL)
        return;
    if (statfs(path, &st) != 0) {
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
        return;
    }
    check_say(result, HG_PASS, "a local file system, type %lx", (unsigned long)st.f_type);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((unsigned long)kinds[i].type == (unsigned long)st.f_type)
            check_say(result, kinds[i].status, "%s", kinds[i].name);
}

static void check_wal(struct check_context *context, hg_check_result *result)
{
    const char *path = file_of(context, result);
    char name[PATH_MAX];
    struct stat st;

    snprintf(result->threshold, sizeof result->threshold, "warn > 64 MB, fail > 512 MB");
    if (path == NULL)
        return;
    snprintf(name, sizeof name, "%s-wal", path);
    if (stat(name, &st) != 0)
        check_say(result, errno == ENOENT ? HG_PASS : HG_UNKNOWN, "%s",
                  errno == ENOENT ? "no WAL" : strerror(errno));
    else
        check_say(result, check_judge((double)st.st_size / MB, 64, 512), "%.1f MB",
                  (double)st.st_size / MB);
}

static void check_space(struct check_context *context, hg_check_result *result)
{
    const char *path = file_of(context, result);
    struct statvfs disk;
    struct stat st;
    double room, size;

    if (path == NULL || !look_at(path, &st, result))
        return;
    if (statvfs(path, &disk) != 0) {
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
        return;
    }
    room = (double)disk.f_bavail * (double)disk.f_frsize / MB;
    size = (double)st.st_size / MB;
    snprintf(result->threshold, sizeof result->threshold, "warn < %.0f MB, fail < %.0f MB",
             2 * size + 512, size);
    check_say(result, check_judge(-room, -(2 * size + 512), -size), "%.0f MB are free", room);
}

static bool is_open_elsewhere(const hg_sessions *sessions, hg_file_lock least)
{
    for (size_t i = 0; i < sessions->process_count; i++)
        if (!sessions->processes[i].own && sessions->processes[i].lock >= least)
            return true;
    return false;
}

static void list_processes(struct check_context *context, const hg_sessions *sessions,
                           hg_file_lock least, hg_check_result *result)
{
    for (size_t i = 0; i < sessions->process_count; i++) {
        const hg_file_process *p = &sessions->processes[i];

        if (!p->own && p->lock >= least)
            check_evidence(context, result, "process %lld, %s, lock: %s", (long long)p->pid,
                           p->name == NULL ? "unknown" : p->name, hg_file_lock_name(p->lock));
    }
}

static hg_sessions *sessions(struct check_context *context, hg_check_result *result)
{
    hg_sessions *read = NULL;
    hg_error err = {0};

    if (!hg_sessions_read(context->pool, context->by, &read, &err))
        check_say_error(result, &err);
    return read;
}

static void check_journal(struct check_context *context, hg_check_result *result)
{
    const char *path = file_of(context, result);
    hg_sessions *all;
    char name[PATH_MAX];
    struct stat st;

    if (path == NULL)
        return;
    snprintf(name, sizeof name, "%s-journal", path);
    if (stat(name, &st) != 0 || st.st_size == 0) {
        check_say(result, HG_PASS, "no journal");
    } else if ((all = sessions(context, result)) != NULL) {
        bool writing = is_open_elsewhere(all, HG_FILE_WRITES);

        check_say(result, writing ? HG_PASS : HG_WARN,
                  writing ? "a transaction is being written" : "a journal that nobody writes");
        hg_sessions_free(all);
    }
}

static void check_writer(struct check_context *context, hg_check_result *result)
{
    hg_sessions *all = file_of(context, result) == NULL ? NULL : sessions(context, result);

    if (all == NULL)
        return;
    list_processes(context, all, HG_FILE_WRITES, result);
    if (is_open_elsewhere(all, HG_FILE_WRITES))
        check_say(result, HG_WARN, "held now");
    else if (!all->complete)
        check_say(result, HG_SKIP, "processes of other users cannot be looked at");
    else
        check_say(result, HG_PASS, "nobody");
    hg_sessions_free(all);
}

static void check_handles(struct check_context *context, hg_check_result *result)
{
    hg_sessions *all = file_of(context, result) == NULL ? NULL : sessions(context, result);

    if (all == NULL)
        return;
    list_processes(context, all, HG_FILE_UNLOCKED, result);
    check_say(result, all->complete ? HG_PASS : HG_SKIP, "%zu processes%s", all->process_count,
              all->complete ? "" : ", those of other users cannot be looked at");
    hg_sessions_free(all);
}

static bool is_under(const char *path, const char *const *folders, size_t count, const char **out)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(path, folders[i]) != NULL) {
            *out = folders[i];
            return true;
        }
    return false;
}

static void check_place(struct check_context *context, hg_check_result *result)
{
    static const char *const deploy[] = {"/var/app/current/", "/var/app/staging/"};
    const char *path = file_of(context, result), *where = NULL;
    char real[PATH_MAX];

    if (path == NULL)
        return;
    if (realpath(path, real) == NULL)
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
    else if (is_under(real, deploy, sizeof deploy / sizeof *deploy, &where))
        check_say(result, HG_FAIL, "under %s", where);
    else
        check_say(result, HG_PASS, "not in a folder that a deploy replaces");
}

static void check_exposure(struct check_context *context, hg_check_result *result)
{
    static const char *const served[] = {"/static/",   "/public/", "/public_html/",
                                         "/www/html/", "/htdocs/", "/assets/"};
    const char *path = file_of(context, result), *where = NULL;
    char real[PATH_MAX];

    if (path == NULL)
        return;
    if (realpath(path, real) == NULL)
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
    else if (is_under(real, served, sizeof served / sizeof *served, &where))
        check_say(result, HG_FAIL, "under a folder named %s", where);
    else
        check_say(result, HG_PASS, "not in a folder that is served");
}

/* --- copies beside the file --- */

static const char magic[] = "SQLite format 3"; /* with its NUL: how a database begins */

/* A name that begins with the database's, and is none of the files that belong to it. */
static bool is_named_copy(const char *name, const char *base)
{
    static const char *const own[] = {"", "-wal", "-shm", "-journal"};
    size_t n = strlen(base);

    if (strncmp(name, base, n) != 0)
        return false;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(name + n, own[i]) == 0)
            return false;
    return true;
}

/* When a file was written that is a database; 0: it is none. */
static time_t copy_written(const char *path)
{
    char head[sizeof magic] = "";
    FILE *file = fopen(path, "re");
    struct stat st;
    bool is_one = file != NULL && fread(head, 1, sizeof head, file) == sizeof head
                  && memcmp(head, magic, sizeof magic) == 0 && fstat(fileno(file), &st) == 0
                  && S_ISREG(st.st_mode);

    if (file != NULL)
        fclose(file);
    return is_one ? st.st_mtime : 0;
}

static time_t newest_copy(const char *path)
{
    char folder[PATH_MAX], base[PATH_MAX], name[PATH_MAX];
    const struct dirent *entry;
    time_t newest = 0, written;
    const char *dir, *own;
    DIR *open;

    text_copy(folder, sizeof folder, path);
    text_copy(base, sizeof base, path);
    dir = dirname(folder);
    own = basename(base);
    open = opendir(dir);
    while (open != NULL && (entry = readdir(open)) != NULL)
        if (is_named_copy(entry->d_name, own) && file_join(name, sizeof name, dir, entry->d_name)
            && (written = copy_written(name)) > newest)
            newest = written;
    if (open != NULL)
        closedir(open);
    return newest;
}

/* Only what lies beside the file is looked for: where else copies are kept nobody says. */
static void check_copy(struct check_context *context, hg_check_result *result)
{
    const char *path = file_of(context, result);
    time_t newest = path == NULL ? 0 : newest_copy(path);
    double hours = (double)(clock_wall_ms() / 1000 - newest) / 3600;

    snprintf(result->threshold, sizeof result->threshold, "warn > 24 h");
    if (path == NULL)
        return;
    if (newest == 0)
        check_say(result, HG_SKIP, "no copy lies beside the file");
    else
        check_say(result, check_judge(hours, 24, INFINITY), "the newest copy is %.1f h old", hours);
}

/* --- questions --- */

#define TABLES \
    " FROM sqlite_schema t WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"

static const char journal_mode[] =
    "SELECT CASE WHEN journal_mode IN ('off', 'memory') THEN 1 ELSE 0 END,"
    " journal_mode FROM pragma_journal_mode";

static const char foreign_keys[] =
    "SELECT 1, \"table\" || ', row ' || coalesce(rowid, '?') || ', has no ' || parent"
    " FROM pragma_foreign_key_check";

static const char no_key[] =
    "SELECT 1, t.name" TABLES " AND t.sql NOT LIKE 'CREATE VIRTUAL%'"
    " AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE pk > 0)";

static const char busy_timeout[] =
    "SELECT 0, 'this session waits ' || timeout || ' ms' FROM pragma_busy_timeout";

#define S ON_SQLITE

// clang-format off
static const struct check rows[] = {
    {"sqlite.file", "SQL001", "The file is a database", CRITICAL, S | CONNECTED, check_file,
     .code = "file", .hint = "Is the path relative to another folder than this one?"},
    {"sqlite.integrity", "SQL002", "The pages are whole", CRITICAL, S | CONNECTED, NULL,
     {"SELECT 1, quick_check FROM pragma_quick_check(100) WHERE quick_check <> 'ok'", MEASURE_COUNT, NAN, 0, "faults"},
     "corrupt", "Restore a backup; .recover of the sqlite3 shell saves what can be read."},
    {"sqlite.foreign_keys", "SQL003", "Every reference leads somewhere", MAJOR, S | CONNECTED, NULL,
     {foreign_keys, MEASURE_COUNT, 0, NAN, "rows"}, "orphans", "PostgreSQL will refuse them: delete the rows, or add what they refer to."},
    {"sqlite.journal_mode", "SQL004", "A commit survives a crash", MAJOR, S | CONNECTED, NULL,
     {journal_mode, MEASURE_LEVEL}, "journal_off", "PRAGMA journal_mode = WAL."},
    {"sqlite.busy_timeout", "SQL005", "How long a writer waits for another", INFO, S | CONNECTED, NULL,
     {busy_timeout, MEASURE_LEVEL}, "busy_timeout", "Let the application wait five seconds as well."},
    {"sqlite.permissions", "SQL006", "Only its owner may write the file", MAJOR, S, check_permissions,
     .code = "file_mode", .hint = "chmod 600, and one owner for the file and what lies beside it."},
    {"sqlite.file_system", "SQL007", "The file system can lock", CRITICAL, S, check_file_system,
     .code = "file_system", .hint = "Move the file to a local disk: over a network WAL and locks do not work; in memory it goes with the host."},
    {"sqlite.wal", "SQL008", "The WAL is small", MAJOR, S, check_wal,
     .code = "wal_large", .hint = "A reader that never ends keeps it from being emptied."},
    {"sqlite.space", "SQL009", "There is room for a copy", CRITICAL, S, check_space,
     .code = "disk_full", .hint = "Free space, or move the file: migrations and the cutover need a copy."},
    {"sqlite.journal", "SQL010", "No crash is left to recover from", MAJOR, S, check_journal,
     .code = "hot_journal", .hint = "The next writer recovers it; keep the journal with the file until then."},
    {"sqlite.writer", "SQL011", "Nobody holds the write lock", MAJOR, S, check_writer,
     .code = "write_locked", .hint = "headgate sessions shows who; is it still there in a moment?"},
    {"sqlite.handles", "SQL012", "Who has the file open", MAJOR, S, check_handles,
     .code = "file_open", .hint = "After a cutover nobody may."},
    {"sqlite.primary_keys", "SQL013", "Every table has a primary key", MINOR, S | CONNECTED, NULL,
     {no_key, MEASURE_COUNT, 0, NAN, "tables"}, "no_primary_key", "Without one, rows cannot be compared or found again in PostgreSQL."},
    {"sqlite.copy", "SQL014", "The copy beside the file is fresh", MAJOR, S, check_copy,
     .code = "copy_old", .hint = "VACUUM INTO 'FILE.copy' makes one while the application works."},
    {"sqlite.place", "SQL015", "A deploy does not delete the file", CRITICAL, S | LENIENT, check_place,
     .code = "in_deploy_folder", .hint = "The next deploy or change of a variable replaces the folder: move the file out of it."},
    {"sqlite.exposure", "SQL016", "The file is not served", CRITICAL, S, check_exposure,
     .code = "file_served", .hint = "Whoever knows its name can download it: move it."},
};
// clang-format on

const struct check_table sqlite_checks = {rows, sizeof rows / sizeof *rows};
