/*
 * test_recipes.c - every outcome of every check, forced on a real server or file. A check that
 * comes new has to bring a recipe for each outcome, or a reason why none can be had.
 *
 * What is only judged by a number of seconds or bytes is not waited for: the number is real, and
 * the threshold is moved by `shift`, which is the same as moving the number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/buf.h"
#include "checks/beanstalk.h"
#include "recipe_book.h"
#include "support/certificate.h"
#include "support/kitchen.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"
#include "support/web.h"

static void files_and_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++)
        recipe_cook(&of_files[i], ALWAYS, ALWAYS);
}

static void servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof of_servers / sizeof *of_servers; i++)
        recipe_cook(&of_servers[i], MAKER, APP);
}

/* --- recipes that need more than a sentence --- */

static void sessions_in_each_others_way(void **state)
{
    // clang-format off
    static const struct recipe meanwhile[] = {
        {"activity.idle_in_transaction", HG_PASS},
        {"activity.idle_in_transaction", HG_WARN, .shift = 61},
        {"activity.idle_in_transaction", HG_FAIL, .shift = 301},
        {"activity.long_transactions", HG_PASS},
        {"activity.long_transactions", HG_WARN, .shift = 301},
        {"activity.long_transactions", HG_FAIL, .shift = 1801},
        {"activity.long_queries", HG_PASS},
        {"activity.long_queries", HG_WARN, .shift = 61},
        {"activity.long_queries", HG_FAIL, .shift = 301},
        {"activity.blocked", HG_PASS},
        {"activity.blocked", HG_WARN, .shift = 11},
        {"activity.blocked", HG_FAIL, .shift = 61},
        {"activity.many_blocked", HG_PASS},
        {"activity.many_blocked", HG_FAIL, .shift = 4},
        {"activity.strong_locks", HG_PASS},
        {"activity.strong_locks", HG_WARN, .shift = 6},
        {"activity.strong_locks", HG_FAIL, .shift = 31},
        {"activity.strangers", HG_WARN},
    };
    // clang-format on
    struct session holder = session_open(MAKER), waiter = session_open(MAKER);

    (void)state;
    session_do(&holder, "SET application_name = 'x'; CREATE TABLE s (a int PRIMARY KEY);"
                        "BEGIN; LOCK TABLE s");
    session_start(&waiter, "SELECT * FROM s");
    session_wait("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    for (size_t i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++)
        recipe_cook(&meanwhile[i], MAKER, APP);
    session_do(&holder, "COMMIT; DROP TABLE s");
    session_close(&waiter);
    session_close(&holder);
}

static void a_deadlock_that_was(void **state)
{
    static const struct recipe after = {"activity.deadlocks", HG_WARN};
    struct session one = session_open(MAKER), other = session_open(MAKER);

    (void)state;
    session_do(&one, "CREATE TABLE s (a int); CREATE TABLE p (a int); BEGIN; LOCK TABLE s");
    session_start(&other, "BEGIN; LOCK TABLE p; LOCK TABLE s; ROLLBACK");
    session_wait("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    session_do(&one, "LOCK TABLE p; ROLLBACK; SELECT pg_stat_force_next_flush()");
    session_close(&other);
    session_do(&one, "DROP TABLE s; DROP TABLE p");
    session_close(&one);
    session_wait("SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()");
    recipe_cook(&after, MAKER, APP);
}

static void an_application_that_is_connected_or_not(void **state)
{
    static const struct web_page page = {"/readiness", 200, "{}"};
    struct web *web = web_start(&page, 1);
    struct session session;
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", web_port(web));
    kitchen.application_url = url;
    recipe_cook(&(struct recipe){"http.sessions", HG_WARN}, MAKER, APP);
    session = session_open(APP);
    session_do(&session, "SET application_name = 'shop'");
    recipe_cook(&(struct recipe){"http.sessions", HG_PASS}, MAKER, APP);
    session_close(&session);
    kitchen.application_url = NULL;
    recipe_cook(&(struct recipe){"http.sessions", HG_SKIP}, MAKER, APP);
    web_stop(web);
}

/* --- migrations that were run --- */

static void migrate(const char *url, const hg_observer *observer)
{
    const struct recipe none = {.id = "migrate"};
    struct stage stage = stage_open(&none, url);
    hg_migrate_options options = hg_migrate_options_default("migrations");
    hg_run_result result = {0};

    (void)!hg_migrate_run(stage.pool, &options, observer, &result, NULL);
    hg_run_result_release(&result);
    stage_close(&stage);
}

static void runs_that_ended_badly(void **state)
{
    static const struct recipe file = {
        "", HG_PASS, .file = "migrations/1.sql",
        .content = UP("a1", "") "CREATE TABLE s (a INTEGER);\nSELECT nothing;\n"};
    static const struct recipe again = {"", HG_PASS, .file = "migrations/1.sql",
                                        .content =
                                            "-- revision: a1\n-- migrate:up transaction:false\n"
                                            "CREATE TABLE s (a INTEGER);\nSELECT nothing;\n"};
    static const struct recipe good = {
        "", HG_PASS, .file = "migrations/1.sql",
        .content = UP("a1", "") "CREATE TABLE q (a INTEGER PRIMARY KEY);\n"};
    static const struct recipe edited = {
        "migrate.checksums", HG_WARN, .file = "migrations/1.sql",
        .content = UP("a1", "") "CREATE TABLE q (b INTEGER PRIMARY KEY);\n"};
    static const char one[] = "sqlite:///<DIR>/one.db", two[] = "sqlite:///<DIR>/two.db";
    static const char three[] = "sqlite:///<DIR>/three.db";

    (void)state;
    recipe_put_file(&file);
    migrate(one, NULL);
    recipe_cook(&(struct recipe){"migrate.half_applied", HG_WARN, .url = one}, one, one);
    recipe_put_file(&again);
    migrate(two, NULL);
    recipe_cook(&(struct recipe){"migrate.half_applied", HG_FAIL, .url = two}, two, two);
    recipe_put_file(&good);
    migrate(three, NULL);
    recipe_cook(&edited, three, three);
}

static void on_event(void *context, const hg_event *event)
{
    bool *asked = context;

    if (*asked || event->kind != HG_EVENT_STEP_STARTED)
        return;
    *asked = true;
    recipe_cook(&(struct recipe){"migrate.deployer", HG_WARN}, MAKER, APP);
}

static void somebody_who_migrates(void **state)
{
    static const struct recipe file = {"", HG_PASS, .file = "migrations/1.sql",
                                       .content = UP("a1", "") "CREATE TABLE q (a int);\n"};
    bool asked = false;
    const hg_observer observer = {.on_event = on_event, .context = &asked};

    (void)state;
    recipe_put_file(&file);
    migrate(APP, &observer);
    assert_true(asked);
    recipe_take_file(&file);
    kitchen_sql(MAKER, "DROP TABLE q; DROP TABLE alembic_version; DROP TABLE headgate_history");
}

/* --- files of a certain size or content --- */

static void make_sparse(const char *name, off_t size)
{
    char *path = temp_path(kitchen.folder, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
    free(path);
}

static void files_that_are_large(void **state)
{
    static const char big[] = "sqlite:///<DIR>/big.db";
    const off_t mb = 1 << 20;
    struct statvfs disk;
    off_t room;

    (void)state;
    make_sparse("big.db-wal", 65 * mb);
    recipe_cook(&(struct recipe){"sqlite.wal", HG_WARN, .url = big}, big, big);
    make_sparse("big.db-wal", 513 * mb);
    recipe_cook(&(struct recipe){"sqlite.wal", HG_FAIL, .url = big}, big, big);
    make_sparse("big.db-wal", 0);
    assert_int_equal(statvfs(kitchen.folder, &disk), 0);
    room = (off_t)(disk.f_bavail * disk.f_frsize);
    make_sparse("big.db", room / 2 + 100 * mb);
    recipe_cook(&(struct recipe){"sqlite.space", HG_WARN, .url = big}, big, big);
    make_sparse("big.db", room * 2);
    recipe_cook(&(struct recipe){"sqlite.space", HG_FAIL, .url = big}, big, big);
    make_sparse("big.db", 0);
}

static void a_file_that_is_broken(void **state)
{
    static const char broken[] = "sqlite:///<DIR>/broken.db";
    char *path = temp_path(kitchen.folder, "broken.db"), noise[600];
    int fd;

    (void)state;
    kitchen_sql(broken, "PRAGMA journal_mode = delete; CREATE TABLE t (a TEXT);"
                        "INSERT INTO t SELECT hex(randomblob(2000)) FROM pragma_function_list");
    fd = open(path, O_WRONLY | O_CLOEXEC);
    memset(noise, 0xee, sizeof noise);
    for (off_t page = 3; page < 8; page++) /* the schema's page stays */
        assert_int_equal(pwrite(fd, noise, sizeof noise, page * 4096), sizeof noise);
    close(fd);
    recipe_cook(&(struct recipe){"sqlite.integrity", HG_FAIL, .url = broken}, broken, broken);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    recipe_cook(&(struct recipe){"sqlite.file", HG_UNKNOWN, .url = broken}, broken, broken);
    free(path);
}

static void a_copy_that_is_old(void **state)
{
    char *path = temp_path(kitchen.folder, "app.db.copy");
    const struct timespec times[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    (void)state;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    recipe_cook(&(struct recipe){"sqlite.copy", HG_WARN}, ALWAYS, ALWAYS);
    unlink(path);
    free(path);
}

static void properties_that_have_no_room(void **state)
{
    struct recipe large = {"beanstalk.size", HG_FAIL, .file = ".ebextensions/a.config"};
    struct buf text = BUF_INIT(1 << 16);

    (void)state;
    buf_text(&text, EB);
    for (int i = 0; i < 50; i++)
        buf_printf(&text, "    A%d: \"%0100d\"\n", i, i);
    large.content = text.bytes;
    recipe_cook(&large, ALWAYS, ALWAYS);
    buf_release(&text);
}

static void bundles_that_end(void **state)
{
    char *key = temp_path(kitchen.folder, "key.pem"), *good = temp_path(kitchen.folder, "good.pem"),
         *expired = temp_path(kitchen.folder, "expired.pem");

    (void)state;
    certificate_make(good, key);
    certificate_make_expired(expired, key);
    recipe_cook(
        &(struct recipe){"tls.bundle", HG_FAIL, .url = PLAIN "&sslrootcert=<DIR>/expired.pem"},
        MAKER, APP);
    recipe_cook(&(struct recipe){"tls.bundle", HG_PASS, .url = PLAIN "&sslrootcert=<DIR>/good.pem"},
                MAKER, APP);
    free(key);
    free(good);
    free(expired);
}

static void deployments(void **state)
{
    hg_check_result result = {0};
    int64_t now_ms = (int64_t)time(NULL) * 1000;

    (void)state;
    beanstalk_deploy(kitchen.folder, now_ms, &result);
    assert_int_equal(result.status, HG_SKIP);
    temp_write(kitchen.folder, "var/log/eb-engine.log", "x\n");
    beanstalk_deploy(kitchen.folder, now_ms, &result);
    assert_int_equal(result.status, HG_WARN);
    beanstalk_deploy(kitchen.folder, now_ms + 3600 * 1000, &result);
    assert_int_equal(result.status, HG_PASS);
    recipe_note("beanstalk.deploy", HG_WARN);
    recipe_note("beanstalk.deploy", HG_PASS);
}

/* --- the host --- */

static void limits_of_the_process(void **state)
{
    struct rlimit before, now;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    recipe_cook(&(struct recipe){"host.descriptors", HG_WARN}, ALWAYS, ALWAYS);
    now.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    recipe_cook(&(struct recipe){"host.descriptors", HG_FAIL}, ALWAYS, ALWAYS);
    now.rlim_cur = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    recipe_cook(&(struct recipe){"host.descriptors", before.rlim_max > 1024 ? HG_PASS : HG_WARN},
                ALWAYS, ALWAYS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
    now = before;
    now.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_CORE, &now), 0);
    recipe_cook(&(struct recipe){"security.cores", HG_PASS}, ALWAYS, ALWAYS);
    if (before.rlim_max > 0) {
        now.rlim_cur = 4096 < before.rlim_max ? 4096 : before.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_CORE, &now), 0);
        recipe_cook(&(struct recipe){"security.cores", HG_WARN}, ALWAYS, ALWAYS);
    }
    assert_int_equal(setrlimit(RLIMIT_CORE, &before), 0);
}

/* Others' processes come and go on this host: that none is found cannot be asserted. */
static void processes_that_tell_too_much(void **state)
{
    static const char stopped[] = "kill -STOP $$; : postgresql://app:pw@db/app";
    const char *argv[] = {"/bin/sh", "-c", stopped, NULL},
               *listener[] = {TEST_HEADGATE, "serve", "--listen", "0.0.0.0:0", NULL};
    const char *other[] = {"DATABASE_URL=postgresql://other@elsewhere/x", NULL};
    const char *open[] = {"HEADGATE_TOKEN=a-token-of-some-length", "DATABASE_URL=sqlite:///app.db",
                          NULL};
    pid_t teller = process_start(kitchen.folder, other, argv),
          door = process_start(kitchen.folder, open, listener);
    const struct recipe told = {"security.command_lines", HG_WARN};
    const struct recipe heard = {"security.listener", HG_WARN};
    struct stage stage = stage_open(&told, ALWAYS);

    (void)state;
    while (recipe_run(&stage, &told).status == HG_PASS
           || recipe_run(&stage, &heard).status == HG_SKIP)
        ; /* until they are what they are to become */
    stage_close(&stage);
    recipe_cook(&told, ALWAYS, ALWAYS);
    recipe_cook(&heard, ALWAYS, ALWAYS);
    recipe_cook(&(struct recipe){"security.command_lines", HG_FAIL, .env = "ENV=production"},
                ALWAYS, ALWAYS);
    recipe_cook(&(struct recipe){"config.application", HG_FAIL, .env = "DATABASE_URL=" ALWAYS},
                ALWAYS, ALWAYS);
    kill(teller, SIGKILL);
    kill(door, SIGKILL);
    process_wait(teller);
    process_wait(door);
}

/* Runs the check beside a variable of so many bytes; returns how many it has counted in all. */
static size_t count_beside(size_t bytes, hg_status expected)
{
    char variable[6000] = "X=";
    struct process_result result;
    const json_t *check;
    size_t all;
    json_t *root;

    memset(variable + 2, 'x', bytes);
    variable[2 + bytes] = '\0';
    result = headgate_run(kitchen.folder, variable, "smoke", "--only", "config.size", "--json",
                          "--url", "sqlite:///app.db", NULL);
    root = json_loads(result.out, 0, NULL);
    check = json_array_get(json_object_get(root, "checks"), 0);
    assert_non_null(check);
    assert_string_equal(json_string_value(json_object_get(check, "status")),
                        hg_status_name(expected));
    recipe_note("config.size", expected);
    all = strtoul(json_string_value(json_object_get(check, "observed")), NULL, 10);
    json_decref(root);
    process_release(&result);
    return all;
}

/* The variables that a process was started with are those of a new one only. */
static void variables_that_have_no_room(void **state)
{
    size_t others = count_beside(10, HG_PASS) - 10;

    (void)state;
    count_beside(3900 - others, HG_WARN);
    count_beside(5000 - others, HG_FAIL);
}

static void *wait_in_vain(void *context)
{
    hg_conn *conn = NULL;

    if (hg_pool_checkout(context, "waiter", hg_deadline_in_ms(60 * SECONDS), &conn, NULL))
        hg_pool_return(context, conn);
    return NULL;
}

/* What is published lies in memory; so does a file system that goes with the host. */
static void what_lies_in_memory(void **state)
{
    char run[] = "/dev/shm/headgate-recipes-XXXXXX", url[64], env[64];
    hg_pool_options options = {.runtime_dir = run, .settings = {.size = 1, .recycle_ms = -1}};
    const struct recipe waiters = {"pool.waiters", HG_WARN, .env = env};
    struct stage stage;
    pthread_t thread;
    hg_conn *conn = NULL;
    hg_pool *pool = NULL;
    hg_url *memory = NULL;
    char file[64];

    (void)state;
    if (mkdtemp(run) == NULL)
        skip();
    snprintf(env, sizeof env, "HEADGATE_RUNTIME_DIR=%s", run);
    snprintf(url, sizeof url, "sqlite:///%s/x.db", run);
    snprintf(file, sizeof file, "%s/x.db", run);
    recipe_cook(&(struct recipe){"security.runtime", HG_PASS, .env = env}, ALWAYS, ALWAYS);
    kitchen_sql(url, "CREATE TABLE t (a)");
    recipe_cook(&(struct recipe){"sqlite.file_system", HG_WARN, .url = url}, url, url);
    unlink(file);
    assert_true(hg_url_parse("sqlite:///:memory:", &memory, NULL));
    assert_true(hg_pool_open(memory, &options, &pool, NULL));
    assert_true(hg_pool_checkout(pool, NULL, hg_deadline_in_ms(60 * SECONDS), &conn, NULL));
    assert_int_equal(pthread_create(&thread, NULL, wait_in_vain, pool), 0);
    stage = stage_open(&waiters, ALWAYS);
    while (recipe_run(&stage, &waiters).status == HG_PASS)
        ; /* until it waits */
    stage_close(&stage);
    recipe_cook(&waiters, ALWAYS, ALWAYS);
    hg_pool_return(pool, conn);
    pthread_join(thread, NULL);
    hg_pool_close(pool, hg_deadline_in_ms(5 * SECONDS));
    hg_url_free(memory);
    temp_dir_remove(strdup(run));
}

static void hold_the_write_lock(int ready)
{
    struct session s = session_open(ALWAYS);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    session_do(&s, "BEGIN IMMEDIATE");
    if (write(ready, "r", 1) == 1)
        for (;;)
            pause();
    _exit(1);
}

/* That nobody has the file, only who sees the processes of all users can say. */
static void nobody_has_it(const char *id)
{
    const struct recipe r = {id, HG_PASS};
    struct stage stage = stage_open(&r, ALWAYS);
    hg_status status = recipe_run(&stage, &r).status;

    stage_close(&stage);
    assert_true(status == HG_PASS || (status == HG_SKIP && geteuid() != 0));
    recipe_note(id, HG_PASS);
}

static void somebody_who_writes(void **state)
{
    int ends[2];
    char byte;
    pid_t pid;

    (void)state;
    nobody_has_it("sqlite.writer");
    nobody_has_it("sqlite.handles");
    assert_int_equal(pipe(ends), 0);
    if ((pid = fork()) == 0)
        hold_the_write_lock(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    recipe_cook(&(struct recipe){"sqlite.writer", HG_WARN}, ALWAYS, ALWAYS);
    kill(pid, SIGKILL);
    process_wait(pid);
    close(ends[0]);
    close(ends[1]);
}

/* A client's library that is too old cannot be had here; its number can. */
static void versions_of_libpq(void **state)
{
    static const struct {
        int version;
        hg_status status;
    } rows[] = {{150018, HG_PASS}, {150015, HG_PASS}, {150014, HG_WARN},
                {150011, HG_WARN}, {150010, HG_FAIL}, {170002, HG_FAIL},
                {180000, HG_WARN}, {190000, HG_PASS}, {120022, HG_FAIL}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(check_libpq_version(rows[i].version), rows[i].status);
        recipe_note("client.libpq", rows[i].status);
    }
}

/* --- as a role that may do nothing but connect --- */

/* Of what such a role is told in full. */
static const char *const open_to_all[] = {
    "db.", "conn.", "config.", "security.", "host.", "client.", "tls.", "server.", "beanstalk.",
    "capacity.acquire", "capacity.saturation", "capacity.heals", "capacity.recycle",
    "capacity.rollback", "capacity.temporary", "capacity.reset", "capacity.dead_peer", "pool.",
    "rights.", "migrate.", "capacity.headroom", "capacity.limits", "vacuum.wraparound",
    "vacuum.autovacuum", "activity.prepared", "activity.deadlocks", "storage.size",
    /* catalogs that everybody may read */
    "schema.primary_keys", "schema.invalid_indexes", "schema.unvalidated",
    "schema.foreign_key_indexes", "schema.duplicate_indexes", "schema.triggers", "schema.unlogged",
    "schema.definers", "schema.policies", "schema.analysed", "vacuum.dead_rows"};

static bool is_open_to_all(const char *id)
{
    for (size_t i = 0; i < sizeof open_to_all / sizeof *open_to_all; i++)
        if (strncmp(id, open_to_all[i], strlen(open_to_all[i])) == 0)
            return true;
    return false;
}

static void a_role_that_may_only_connect_passes_nothing_that_it_cannot_see(void **state)
{
    const struct recipe visitor = {"db.connect", HG_PASS};
    hg_smoke_options options = {0};
    hg_smoke *smoke = NULL;
    struct stage stage;
    hg_error err = {0};
    size_t unseen = 0;

    (void)state;
    kitchen_sql(MAKER,
                "CREATE ROLE visitor LOGIN; SET ROLE app; CREATE TABLE s (a serial PRIMARY KEY)");
    stage = stage_open(&visitor, "postgresql://visitor@localhost:<PORT>/<DB>");
    if (!hg_smoke_run(stage.settings, stage.pool, &options, hg_deadline_in_ms(60 * SECONDS), NULL,
                      &smoke, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < smoke->check_count; i++) {
        const hg_check_result *check = &smoke->checks[i];

        unseen += check->status == HG_SKIP || check->status == HG_UNKNOWN;
        if (check->status == HG_PASS && !is_open_to_all(check->id))
            fail_msg("%s passed: %s", check->id, check->observed);
    }
    assert_true(unseen > 10);
    hg_smoke_free(smoke);
    stage_close(&stage);
    kitchen_sql(MAKER, "DROP TABLE s; DROP ROLE visitor");
}

/* --- what has been forced --- */

static size_t without_of(const char *id)
{
    size_t i = 0;

    while (i < sizeof without / sizeof *without && strcmp(without[i].id, id) != 0)
        i++;
    return i;
}

/* What is about one engine is skipped on the other. */
static void note_other_engines(void)
{
    for (size_t i = 0; i < hg_check_count(); i++)
        if (hg_check_at(i).engines != ON_ANY) {
            const struct recipe r = {hg_check_at(i).id, HG_SKIP};

            recipe_cook(&r, MAKER, (hg_check_at(i).engines & ON_SQLITE) != 0 ? APP : ALWAYS);
        }
}

static void every_check_has_a_recipe_for_each_outcome_that_can_be_had(void **state)
{
    const unsigned bad = 1U << HG_WARN | 1U << HG_FAIL;
    size_t passes = 0, bads = 0, skips = 0;

    (void)state;
    assert_true(hg_check_count() <= CHECKS_MOST);
    note_other_engines();
    for (size_t i = 0; i < hg_check_count(); i++) {
        const char *id = hg_check_at(i).id;
        size_t w = without_of(id);
        bool excused = w < sizeof without / sizeof *without;
        bool no_pass = (kitchen.forced[i] & 1U << HG_PASS) == 0,
             no_bad = (kitchen.forced[i] & bad) == 0;

        passes += !no_pass;
        bads += !no_bad;
        skips += (kitchen.forced[i] & 1U << HG_SKIP) != 0;
        if (no_pass == (excused && without[w].pass) && no_bad == (excused && without[w].bad))
            continue;
        kitchen.wrong++;
        print_error("%s: %s%s%s\n", id, no_pass ? "no pass " : "", no_bad ? "no warn or fail " : "",
                    excused ? "(its excuse is another one)" : "");
    }
    print_message("%zu checks: %zu passed, %zu warned or failed, %zu were skipped\n",
                  hg_check_count(), passes, bads, skips);
    assert_int_equal(kitchen.wrong, 0);
}

/* --- */

#define RECIPES(test) cmocka_unit_test_teardown(test, recipe_count_wrong)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECIPES(files_and_settings),
        RECIPES(files_that_are_large),
        RECIPES(a_file_that_is_broken),
        RECIPES(a_copy_that_is_old),
        RECIPES(somebody_who_writes),
        RECIPES(properties_that_have_no_room),
        RECIPES(deployments),
        RECIPES(servers),
        RECIPES(sessions_in_each_others_way),
        RECIPES(a_deadlock_that_was),
        RECIPES(an_application_that_is_connected_or_not),
        RECIPES(runs_that_ended_badly),
        RECIPES(somebody_who_migrates),
        RECIPES(bundles_that_end),
        RECIPES(limits_of_the_process),
        RECIPES(processes_that_tell_too_much),
        RECIPES(variables_that_have_no_room),
        RECIPES(what_lies_in_memory),
        RECIPES(versions_of_libpq),
        RECIPES(a_role_that_may_only_connect_passes_nothing_that_it_cannot_see),
        cmocka_unit_test(every_check_has_a_recipe_for_each_outcome_that_can_be_had),
    };

    return cmocka_run_group_tests(tests, kitchen_open, kitchen_close);
}
