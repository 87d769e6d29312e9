/*
 * test_days.c - bad days of either side: each ends with a clear account, the source as it was, the
 * target as before or fit to be resumed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "copying.h"

/* What is mounted from now on is seen by this program and the server that it starts. */
static bool mounts_are_ours;

static bool write_map(const char *path, const char *map)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, map, strlen(map)) == (ssize_t)strlen(map);

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool stay_who_we_are(unsigned user, unsigned group)
{
    char users[64], groups[64];

    snprintf(users, sizeof users, "%u %u 1", user, user);
    snprintf(groups, sizeof groups, "%u %u 1", group, group);
    return write_map("/proc/self/setgroups", "deny") && write_map("/proc/self/uid_map", users)
           && write_map("/proc/self/gid_map", groups);
}

/* An ordinary user may in a user namespace. */
static void have_own_mounts(void)
{
    unsigned user = geteuid(), group = getegid();

    mounts_are_ours = unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) == 0
                      && (user == 0 || stay_who_we_are(user, group))
                      && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void run_sql(sqlite3 *db, const char *sql)
{
    char *said = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
}

static sqlite3 *open_app(const struct sides *sides)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(sides->path, &db), SQLITE_OK);
    return db;
}

static void assert_target_is_empty(const struct sides *sides)
{
    assert_target(sides,
                  "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace", "0");
}

/* A file system of so many megabytes, seen by us and by the server alone; NULL: nobody may mount
 * one here. */
static char *mount_disk(const struct sides *sides, const char *size)
{
    char *disk = temp_path(sides->dir, "disk");

    if (mounts_are_ours && mkdir(disk, 0700) == 0 && mount("none", disk, "tmpfs", 0, size) == 0)
        return disk;
    print_message("no file system can be mounted here, so no disk was filled\n");
    free(disk);
    return NULL;
}

static void unmount_disk(char *disk)
{
    umount2(disk, MNT_DETACH);
    free(disk);
}

/* --- the source --- */

static void copy_file(const struct sides *sides, const char *suffix, const char *to)
{
    struct buf bytes = BUF_INIT(64 << 20);
    char from[1024], path[1024];

    snprintf(from, sizeof from, "%s%s", sides->path, suffix);
    snprintf(path, sizeof path, "%s/%s%s", sides->dir, to, suffix);
    assert_true(file_read(from, &bytes, NULL));
    assert_true(file_create(path, bytes.bytes, bytes.size, 0600, NULL));
    buf_release(&bytes);
}

/* The source becomes what an application leaves that died at this moment, as a file of this name.
 */
static void die_now(struct sides *sides, const char *name, const char *log)
{
    copy_file(sides, "", name);
    copy_file(sides, log, name);
    hg_pool_close(sides->source, soon());
    free(sides->path);
    sides->path = temp_path(sides->dir, name);
    sides->source = open_side(source_url(sides), false, true);
}

static void a_log_that_an_application_left_when_it_died_is_read(void **state)
{
    struct sides sides;
    sqlite3 *app;

    (void)state;
    open_sides(&sides);
    app = open_app(&sides);
    run_sql(app,
            "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); PRAGMA "
            "wal_checkpoint(TRUNCATE); INSERT INTO t VALUES (1, 'in the log')");
    die_now(&sides, "dead.db", "-wal");
    must_copy(&sides);
    assert_target(&sides, "SELECT x FROM t", "in the log");
    sqlite3_close(app);
    close_sides(&sides);
}

static void make_room(const char *disk)
{
    char *path = temp_path(disk, "filler");

    assert_int_equal(unlink(path), 0);
    free(path);
}

static void fill(const char *disk)
{
    char *path = temp_path(disk, "filler");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static const char nothing[4096];

    while (write(fd, nothing, sizeof nothing) > 0)
        continue;
    close(fd);
    free(path);
}

/* There is no room for what SQLite needs beside a log to read it, nor for anything else. */
static void a_source_on_a_full_disk_is_copied_or_told_of(void **state)
{
    struct sides sides;
    sqlite3 *app;
    char *disk;

    (void)state;
    open_sides(&sides);
    disk = mount_disk(&sides, "size=2m");
    if (disk == NULL) {
        close_sides(&sides);
        skip();
    }
    app = open_app(&sides);
    run_sql(app, "PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER); PRAGMA "
                 "wal_checkpoint(TRUNCATE); INSERT INTO t VALUES (1), (2)");
    die_now(&sides, "disk/dead.db", "-wal");
    sqlite3_close(app);
    fill(disk);
    if (!copy_them(&sides)) {
        assert_int_equal(sides.err.code, HG_DISK_FULL);
        assert_target_is_empty(&sides);
        make_room(disk);
        must_copy(&sides);
    }
    assert_target(&sides, "SELECT count(*) FROM t", "2");
    unmount_disk(disk);
    close_sides(&sides);
}

/* A journal that has to be played back is a write, which is not the copy's to do. */
static void a_transaction_that_an_application_died_in_is_not_copied(void **state)
{
    struct sides sides;
    sqlite3 *app;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA journal_mode = DELETE",
              "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
              "INSERT INTO t VALUES (1, 'whole')");
    app = open_app(&sides);
    run_sql(app, "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5; BEGIN; UPDATE t SET x = "
                 "'half'; WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < "
                 "5000) INSERT INTO t SELECT i, hex(randomblob(100)) FROM n");
    die_now(&sides, "dead.db", "-journal");
    if (copy_them(&sides))
        assert_target(&sides, "SELECT string_agg(x, ' ') FROM t", "whole");
    else
        assert_target_is_empty(&sides);
    sqlite3_close(app);
    close_sides(&sides);
}

static void a_source_that_somebody_has_locked_is_told_of(void **state)
{
    hg_pool_options options = pool_of(9, 0);
    struct sides sides;
    hg_url *url;
    sqlite3 *app;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA journal_mode = DELETE", "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    hg_pool_close(sides.source, soon());
    options.read_only = true;
    options.settings.lock_timeout_ms = 200;
    url = source_url(&sides);
    assert_true(hg_pool_open(url, &options, &sides.source, NULL));
    hg_url_free(url);
    app = open_app(&sides);
    run_sql(app, "BEGIN EXCLUSIVE");
    assert_false(copy_them(&sides));
    assert_int_equal(sides.err.code, HG_LOCKED);
    assert_memory_equal(sides.err.message, "source: ", 8);
    assert_target_is_empty(&sides);
    sqlite3_close(app);
    must_copy(&sides);
    close_sides(&sides);
}

static void a_damaged_page_stops_the_copy_before_anything_is_made(void **state)
{
    static const char junk[4096] = {13, 0, 0, 0x7f, 0x7f, 0x7f, 0x7f};
    struct sides sides;
    int fd;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA journal_mode = DELETE", "CREATE TABLE t (id INTEGER PRIMARY KEY, x)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
              "INSERT INTO t SELECT i, 'row ' || i FROM n");
    fd = open(sides.path, O_WRONLY);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 9 * 4096), sizeof junk);
    close(fd);
    assert_false(copy_them(&sides));
    assert_non_null(strstr(sides.err.message, "malformed"));
    assert_target_is_empty(&sides);
    close_sides(&sides);
}

struct meanwhile {
    const struct sides *sides;
    bool done;
};

/* As soon as the copy tells of something, the application changes its schema and its rows. */
static void change_everything(void *context, const hg_event *event)
{
    struct meanwhile *m = context;

    if (event->kind != HG_EVENT_STEP_PROGRESS || m->done)
        return;
    m->done = true;
    IN_SOURCE(m->sides, "ALTER TABLE t ADD COLUMN y", "DELETE FROM t WHERE id > 10",
              "CREATE TABLE other (a)");
}

static void what_the_application_does_meanwhile_does_not_show(void **state)
{
    struct sides sides;
    struct meanwhile meanwhile = {&sides, false};
    const hg_observer observer = {change_everything, NULL, &meanwhile};

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA journal_mode = WAL",
              "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
              "INSERT INTO t SELECT i, 'row ' || i FROM n");
    if (!hg_copy(sides.source, sides.target, &sides.options, &observer, &sides.result, &sides.err))
        fail_msg("%s", sides.err.message);
    assert_true(meanwhile.done);
    assert_target(&sides, "SELECT count(*) FROM t", "200000");
    close_sides(&sides);
}

static int entries_of(const char *dir)
{
    DIR *folder = opendir(dir);
    int count = -2; /* "." and ".." */

    while (folder != NULL && readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void a_disk_that_has_no_room_for_the_moment_is_told_of(void **state)
{
    struct sides sides;
    char *small;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
              "INSERT INTO t SELECT i, hex(zeroblob(300)) FROM n");
    small = mount_disk(&sides, "size=64k");
    if (small != NULL) {
        sides.options.snapshot = small;
        assert_false(copy_them(&sides));
        assert_non_null(strstr(sides.err.message, "could not keep the source's moment"));
        assert_int_equal(sides.err.code, HG_DISK_FULL);
        assert_int_equal(entries_of(small), 0);
        assert_target_is_empty(&sides);
        unmount_disk(small);
    }
    close_sides(&sides);
}

/* --- tables that few have --- */

static void more_columns_than_a_table_of_postgresql_may_have_are_told_of(void **state)
{
    struct buf sql = BUF_INIT(1 << 20);
    struct sides sides;

    (void)state;
    buf_text(&sql, "CREATE TABLE wide (c0 INTEGER");
    for (int i = 1; i < 2000; i++)
        buf_printf(&sql, ", c%d INTEGER", i);
    buf_char(&sql, ')');
    open_sides(&sides);
    IN_SOURCE(&sides, sql.bytes, "CREATE TABLE t (a INTEGER)");
    sides.options.mode = HG_COPY_DRY_RUN;
    assert_false(copy_them(&sides));
    assert_string_equal(problem_of(&sides, "columns-many")->table, "wide");
    sides.options.mode = HG_COPY_RUN;
    assert_false(copy_them(&sides));
    assert_target_is_empty(&sides);
    buf_release(&sql);
    close_sides(&sides);
}

static void a_virtual_table_has_to_be_left_out_by_name(void **state)
{
    static const char *const rules[] = {"docs skip"};
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE VIRTUAL TABLE docs USING fts5(body)", "INSERT INTO docs VALUES ('x')",
              "CREATE TABLE t (a INTEGER)");
    assert_false(copy_them(&sides));
    assert_string_equal(problem_of(&sides, "table-virtual")->table, "docs");
    sides.options.rules = rules;
    sides.options.rule_count = 1;
    must_copy(&sides);
    assert_int_equal(sides.result->table_count, 1); /* nor what the virtual one keeps in tables */
    close_sides(&sides);
}

/* Its module reads it; the tables in which that keeps its books do not go over. */
static void a_virtual_table_that_has_a_counterpart_is_copied(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE VIRTUAL TABLE docs USING fts5(title, body)",
              "INSERT INTO docs VALUES ('one', 'first words'), ('two', 'other words')",
              "CREATE VIRTUAL TABLE places USING rtree(id, x0, x1)",
              "INSERT INTO places VALUES (7, 1.5, 2.5)");
    in_target(&sides, "CREATE TABLE docs (title text, body text); CREATE TABLE places (id bigint, "
                      "x0 double precision, x1 double precision)");
    must_copy(&sides);
    assert_int_equal(sides.result->table_count, 2);
    assert_target(&sides, "SELECT string_agg(title || body, '; ' ORDER BY title) FROM docs",
                  "onefirst words; twoother words");
    assert_target(&sides, "SELECT id || ' ' || x0 || ' ' || x1 FROM places", "7 1.5 2.5");
    close_sides(&sides);
}

static void circles_of_foreign_keys_are_made(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "PRAGMA foreign_keys = OFF",
              "CREATE TABLE yin (id INTEGER PRIMARY KEY, yang INTEGER REFERENCES yang(id))",
              "CREATE TABLE yang (id INTEGER PRIMARY KEY, yin INTEGER REFERENCES yin(id), self "
              "INTEGER REFERENCES yang)",
              "INSERT INTO yin VALUES (1, 2)", "INSERT INTO yang VALUES (2, 1, 2)");
    must_copy(&sides);
    assert_target(&sides, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated",
                  "3");
    close_sides(&sides);
}

/* --- the target --- */

/* The server has no room for some row in the middle: what is there already stays. */
static void a_target_that_is_full_can_be_resumed(void **state)
{
    struct sides sides;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
              "INSERT INTO a SELECT i, hex(zeroblob(100)) FROM n");
    in_target(&sides,
              "CREATE FUNCTION fill(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN IF "
              "id > 90000 THEN RAISE 'no space left' USING ERRCODE = '53100'; END IF; RETURN "
              "true; END$$; CREATE TABLE a (id bigint PRIMARY KEY CHECK (fill(id)), x text)");
    sides.options.jobs = 1;
    assert_false(copy_them(&sides));
    assert_int_equal(sides.err.code, HG_DISK_FULL);
    in_target(&sides, "ALTER TABLE a DROP CONSTRAINT a_id_check");
    sides.options.resume = true;
    must_copy(&sides);
    assert_true(sides.result->resumed);
    assert_target(&sides, "SELECT count(*) || ' ' || count(DISTINCT id) FROM a", "100000 100000");
    close_sides(&sides);
}

static void a_disk_of_the_target_that_is_full_can_be_resumed(void **state)
{
    struct sides sides;
    struct stat server;
    char sql[1024], *disk;

    (void)state;
    open_sides(&sides);
    disk = mount_disk(&sides, "size=6m");
    if (disk == NULL) {
        close_sides(&sides);
        skip();
    }
    assert_int_equal(stat(postgres_socket_dir(), &server), 0);
    assert_int_equal(chown(disk, server.st_uid, server.st_gid), 0);
    IN_SOURCE(&sides, "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
              "INSERT INTO a SELECT i, hex(zeroblob(50)) FROM n",
              "CREATE INDEX a_x ON a (x, id)");
    snprintf(sql, sizeof sql, "CREATE TABLESPACE small LOCATION '%s'", disk);
    postgres_run(NULL, sql);
    snprintf(sql, sizeof sql, "ALTER DATABASE %s SET default_tablespace = small", sides.database);
    postgres_run(NULL, sql);
    sides.options.jobs = 1;
    for (int i = 0; i < 2; i++) { /* there is no more room for whoever tries again */
        assert_false(copy_them(&sides));
        assert_int_equal(sides.err.code, HG_DISK_FULL);
        sides.options.resume = true;
    }
    assert_int_equal(mount("none", disk, "tmpfs", MS_REMOUNT, "size=64m"), 0);
    must_copy(&sides);
    assert_true(sides.result->resumed);
    assert_target(&sides, "SELECT count(*) || ' ' || count(DISTINCT id) FROM a", "100000 100000");
    assert_target(&sides, "SELECT count(*) FROM pg_tables WHERE tablespace = 'small'", "1");
    snprintf(sql, sizeof sql, "ALTER DATABASE %s RESET default_tablespace", sides.database);
    postgres_run(NULL, sql);
    in_target(&sides, "DROP TABLE a");
    postgres_run(NULL, "DROP TABLESPACE small");
    unmount_disk(disk);
    close_sides(&sides);
}

/* Who gives up once the server has stopped answering. */
struct patience {
    bool frozen;
    int asked; /* since then */
};

static void freeze_amid_the_rows(void *context, const hg_event *event)
{
    struct patience *patience = context;

    if (!patience->frozen && event->kind == HG_EVENT_STEP_PROGRESS && event->subject[0] == '\0'
        && event->done > 0 && strncmp(event->message, "copying", 7) == 0) {
        patience->frozen = true;
        postgres_freeze();
    }
}

static bool has_had_enough(void *context)
{
    struct patience *patience = context;

    return patience->frozen && ++patience->asked > 3;
}

/* So that there is time to look. */
static int64_t unhurried(void *context)
{
    (void)context;
    return 40000;
}

static void a_target_that_freezes_can_be_left_and_resumed(void **state)
{
    struct sides sides;
    struct patience patience = {false, 0};
    const hg_observer observer = {freeze_amid_the_rows, has_had_enough, &patience};
    int64_t begun;

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
              "INSERT INTO a SELECT i, hex(zeroblob(1000)) FROM n");
    sides.options.rate = unhurried;
    begun = clock_now_ns();
    assert_false(
        hg_copy(sides.source, sides.target, &sides.options, &observer, &sides.result, &sides.err));
    assert_true(patience.frozen);
    assert_int_equal(sides.err.code, HG_CANCELLED);
    assert_true(clock_since_ms(begun) < 30000);
    postgres_thaw();
    sides.options.rate = NULL;
    sides.options.resume = true;
    must_copy(&sides);
    assert_target(&sides, "SELECT count(*) || ' ' || count(DISTINCT id) FROM a", "20000 20000");
    close_sides(&sides);
}

static void a_target_that_takes_no_writes_is_told_of(void **state)
{
    struct sides sides;
    char sql[200];

    (void)state;
    open_sides(&sides);
    IN_SOURCE(&sides, "CREATE TABLE t (a INTEGER)");
    in_target(&sides, "CREATE TABLE t (a bigint)");
    snprintf(sql, sizeof sql, "ALTER DATABASE %s SET default_transaction_read_only = on",
             sides.database);
    in_target(&sides, sql);
    hg_pool_close(sides.target, soon());
    sides.target = open_side(postgres_url(sides.database), false, false);
    assert_false(copy_them(&sides));
    assert_int_equal(sides.err.code, HG_READ_ONLY);
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_an_application_left_when_it_died_is_read),
        cmocka_unit_test(a_transaction_that_an_application_died_in_is_not_copied),
        cmocka_unit_test(a_source_on_a_full_disk_is_copied_or_told_of),
        cmocka_unit_test(a_source_that_somebody_has_locked_is_told_of),
        cmocka_unit_test(a_damaged_page_stops_the_copy_before_anything_is_made),
        cmocka_unit_test(what_the_application_does_meanwhile_does_not_show),
        cmocka_unit_test(a_disk_that_has_no_room_for_the_moment_is_told_of),
        cmocka_unit_test(more_columns_than_a_table_of_postgresql_may_have_are_told_of),
        cmocka_unit_test(a_virtual_table_has_to_be_left_out_by_name),
        cmocka_unit_test(a_virtual_table_that_has_a_counterpart_is_copied),
        cmocka_unit_test(circles_of_foreign_keys_are_made),
        cmocka_unit_test(a_target_that_is_full_can_be_resumed),
        cmocka_unit_test(a_disk_of_the_target_that_is_full_can_be_resumed),
        cmocka_unit_test(a_target_that_freezes_can_be_left_and_resumed),
        cmocka_unit_test(a_target_that_takes_no_writes_is_told_of),
    };

    have_own_mounts(); /* before there are threads, and a server */
    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
