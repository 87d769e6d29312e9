/*
 * test_copy_triggers.c - `headgate copy --triggers` as its user runs it: asked first, followed
 * while the application writes, killed at any moment; in the end both sides are equal, and the
 * source has nothing of it left.
 *
 * HEADGATE_TEST_KILLS says how often it is killed at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "copy_sides.h"

enum { KILLS = 2, TABLES = 4 };

static const char source[] =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, n INTEGER);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id) ON "
    "DELETE CASCADE, note TEXT);"
    "CREATE INDEX orders_user ON orders (user_id);"
    "CREATE TABLE stock (place TEXT, item INTEGER, n INTEGER, PRIMARY KEY (place, item)) WITHOUT "
    "ROWID;"
    "CREATE TABLE visits (at TEXT, n REAL);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO "
    "users SELECT i, 'u' || i, i FROM n;"
    "INSERT INTO orders SELECT id, id, hex(zeroblob(300)) FROM users;"
    "INSERT INTO stock SELECT 'p' || (id % 9), id, 1 FROM users;"
    "INSERT INTO visits SELECT 't' || id, id / 2.0 FROM users WHERE id < 40;";

static void use_wal(const struct sides *sides)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(sides->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void open_shop(struct sides *sides)
{
    open_sides(sides, source, "");
    use_wal(sides);
}

static int64_t ask_source(const struct sides *sides, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t said;

    assert_int_equal(sqlite3_open(sides->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    said = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return said;
}

static void assert_nothing_left(const struct sides *sides)
{
    assert_int_equal(
        ask_source(sides, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'headgate*'"), 0);
    assert_target(sides, "SELECT count(*) FROM pg_class WHERE relname LIKE 'headgate%'", "0");
}

static void what_is_installed_is_shown_asked_about_and_taken_away(void **state)
{
    struct process_result result;
    struct sides sides;
    struct run run;

    (void)state;
    open_shop(&sides);
    COPY_WITH(&sides, &run, "--triggers", "--dry-run", NULL);
    assert_status(&run, 0);
    assert_non_null(strstr(run.process.out, "headgate_delta_delete_users AFTER DELETE ON users"));
    end_run(&run);
    result = headgate_run(sides.dir, NULL, "copy", "--sqlite", "app.db", "--postgres", sides.url,
                          "--triggers", NULL);
    assert_int_equal(result.status, 4);
    assert_non_null(strstr(result.err, "writes into the source"));
    process_release(&result);
    assert_nothing_left(&sides);
    COPY_WITH(&sides, &run, "--triggers", NULL);
    assert_equal_sides(&run, TABLES);
    assert_true(has_problem(&run, "log-whole", "visits"));
    assert_false(has_problem(&run, "trigger-left-out", "users"));
    end_run(&run);
    in_source(&sides,
              "DELETE FROM orders WHERE id IN (7, 8); INSERT OR REPLACE INTO users VALUES (9000, "
              "'u7', 0); UPDATE stock SET n = 2 WHERE item = 9");
    COPY_WITH(&sides, &run, "--catch-up", NULL);
    assert_status(&run, 0);
    end_run(&run);
    assert_target(&sides, "SELECT id FROM users WHERE email = 'u7'", "9000");
    COPY_WITH(&sides, &run, "--last", NULL);
    assert_status(&run, 0);
    end_run(&run);
    COPY_WITH(&sides, &run, "--verify-only", NULL);
    assert_equal_sides(&run, TABLES);
    end_run(&run);
    assert_nothing_left(&sides);
    result = headgate_run(sides.dir, NULL, "copy", "--yes", "--sqlite", "app.db",
                          "--remove-triggers", NULL);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "nothing of headgate's"));
    process_release(&result);
    close_sides(&sides);
}

/* --- an application that writes, and a copy that is killed --- */

static const char *const writes[] = {
    "UPDATE users SET n = n + 1 WHERE id = abs(random()) % 3000",
    "UPDATE OR REPLACE users SET email = 'u' || (abs(random()) % 3000) WHERE id = abs(random()) % "
    "3000",
    "INSERT OR REPLACE INTO users (email, n) VALUES ('u' || (abs(random()) % 4000), 0)",
    "INSERT INTO users (email, n) VALUES ('u' || (abs(random()) % 4000), 1) ON CONFLICT (email) DO "
    "UPDATE SET n = -n",
    "DELETE FROM users WHERE id = abs(random()) % 3000",
    "INSERT INTO orders (user_id, note) SELECT id, 'new' FROM users WHERE id > abs(random()) % "
    "3000 "
    "LIMIT 3",
    "UPDATE orders SET user_id = (SELECT max(id) FROM users), note = 'moved' WHERE id = "
    "abs(random()) % 3000",
    "DELETE FROM orders WHERE id = abs(random()) % 3000",
    "UPDATE OR REPLACE stock SET item = item + 1 WHERE item = abs(random()) % 3000",
    "INSERT OR REPLACE INTO stock VALUES ('p' || (abs(random()) % 9), abs(random()) % 3000, 7)",
    "DELETE FROM stock WHERE item = abs(random()) % 3000",
    "INSERT INTO visits VALUES ('now', random())",
    "BEGIN; DELETE FROM stock; DELETE FROM users; ROLLBACK",
};

/* Writes until it is ended; returns in the parent. */
static pid_t start_application(const struct sides *sides)
{
    pid_t pid = fork();
    sqlite3 *db = NULL;

    if (pid != 0)
        return pid;
    if (sqlite3_open(sides->path, &db) != SQLITE_OK)
        _exit(1);
    sqlite3_busy_timeout(db, 60000);
    sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON", NULL, NULL, NULL);
    for (size_t i = 0;; i++) {
        const struct timespec pause = {.tv_nsec = 200000};
        int said =
            sqlite3_exec(db, writes[i * 7 % (sizeof writes / sizeof *writes)], NULL, NULL, NULL);

        if (said != SQLITE_OK && said != SQLITE_CONSTRAINT)
            _exit(2);
        nanosleep(&pause, NULL);
    }
}

/* It may have been in the middle of a transaction. */
static void stop_application(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void pause_ms(double ms)
{
    struct timespec wait = {(time_t)(ms / 1000),
                            (long)((ms - 1000 * (double)(time_t)(ms / 1000)) * 1e6)};

    nanosleep(&wait, NULL);
}

/* Begins an order and kills it some time within what it took before. */
static void kill_one(const struct sides *sides, const char *order, double whole_ms)
{
    const char *argv[] = {TEST_HEADGATE, "copy",     "--yes", "--sqlite", "app.db",
                          "--postgres",  sides->url, order,   NULL};
    pid_t pid = process_start(sides->dir, NULL, argv);

    pause_ms(whole_ms * (double)(random() % 1000) / 1000);
    kill(pid, SIGKILL);
    process_wait(pid);
}

/* Whatever a copy that was killed has left; the target is complete afterwards. */
static void finish_copy(const struct sides *sides)
{
    struct run run;

    COPY_WITH(sides, &run, "--triggers", NULL);
    if (run.process.status == 4 && strstr(message_of(&run), "unfinished copy") != NULL) {
        end_run(&run);
        COPY_WITH(sides, &run, "--resume", NULL);
        assert_status(&run, 0);
    } else if (run.process.status != 0
               && strstr(message_of(&run), "follows the source by triggers already") == NULL) {
        fail_msg("%s", run.process.out);
    }
    end_run(&run);
}

static double time_one(const struct sides *sides, const char *order)
{
    struct run run;
    double ms;

    COPY_WITH(sides, &run, order, NULL);
    assert_status(&run, 0);
    ms = run.process.ms;
    end_run(&run);
    return ms;
}

/* The last round, killed: it has taken the log away, or has to be done again, or only the former.
 */
static void finish_last(const struct sides *sides)
{
    struct process_result result;
    struct run run;

    COPY_WITH(sides, &run, "--last", NULL);
    if (run.process.status != 0 && strstr(message_of(&run), "does not follow") == NULL)
        fail_msg("%s", run.process.out);
    end_run(&run);
    result = headgate_run(sides->dir, NULL, "copy", "--yes", "--sqlite", "app.db",
                          "--remove-triggers", NULL);
    assert_int_equal(result.status, 0);
    process_release(&result);
    COPY_WITH(sides, &run, "--verify-only", NULL);
    assert_equal_sides(&run, TABLES);
    end_run(&run);
    assert_nothing_left(sides);
}

static void killed_at_any_moment_it_ends_with_both_sides_equal(void **state)
{
    const char *wish = getenv("HEADGATE_TEST_KILLS");
    int kills = wish == NULL ? KILLS : atoi(wish);
    unsigned seed = (unsigned)time(NULL);
    struct sides sides;
    double copy_ms, round_ms;
    pid_t application;

    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    open_shop(&sides);
    copy_ms = time_one(&sides, "--triggers");
    round_ms = time_one(&sides, "--last");
    for (int i = 0; i < kills; i++) {
        postgres_run(sides.database, "DROP TABLE users, orders, stock, visits");
        application = start_application(&sides);
        kill_one(&sides, "--triggers", copy_ms);
        finish_copy(&sides);
        for (int k = 0; k < 2; k++) {
            kill_one(&sides, "--catch-up", round_ms);
            round_ms = time_one(&sides, "--catch-up");
        }
        stop_application(application);
        kill_one(&sides, "--last", round_ms);
        finish_last(&sides);
    }
    close_sides(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_installed_is_shown_asked_about_and_taken_away),
        cmocka_unit_test(killed_at_any_moment_it_ends_with_both_sides_equal),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
