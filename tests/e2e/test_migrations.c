/*
 * test_migrations.c - init, rev, up, history, down, reset by command line, the same on both
 * engines; eight deployers at once; kill -9 and again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <headgate/types.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

/* A project in a folder of its own on an empty database. */
struct project {
    char *dir;
    char setting[512]; /* DATABASE_URL=... */
    char *database;    /* PostgreSQL only */
};

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};

    if (postgres) {
        char *url;

        p.database = postgres_database();
        url = postgres_url_text(p.database);
        snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", url);
        free(url);
    } else {
        snprintf(p.setting, sizeof p.setting, "DATABASE_URL=sqlite:///app.db");
    }
    return p;
}

static void project_remove(struct project *p)
{
    temp_dir_remove(p->dir);
    free(p->database);
}

static void add_migration(const struct project *p, int number, const char *sql, const char *down)
{
    char name[64], text[4096];

    snprintf(name, sizeof name, "migrations/2026010100%04d_step.sql", number);
    snprintf(text, sizeof text, "-- migrate:up\n%s\n\n-- migrate:down\n%s\n", sql, down);
    temp_write(p->dir, name, text);
}

static void assert_run(const struct process_result *result, int status)
{
    if (result->status != status)
        fail_msg("exit %d, not %d\n%s%s", result->status, status, result->out, result->err);
}

/* Runs headgate; the caller releases the result. */
#define RUN(p, status, ...) \
    run_expecting((p), (status), (const char *const[]){TEST_HEADGATE, __VA_ARGS__, NULL})

static struct process_result run_expecting(const struct project *p, int status,
                                           const char *const *argv)
{
    const char *const settings[] = {p->setting, NULL};
    struct process_result result = process_run(p->dir, settings, argv);

    assert_run(&result, status);
    return result;
}

static json_t *json_of(const struct project *p, const char *const *argv)
{
    struct process_result result = run_expecting(p, 0, argv);
    json_t *root = json_loads(result.out, 0, NULL);

    if (root == NULL)
        fail_msg("not JSON: %s", result.out);
    process_release(&result);
    return root;
}
#define JSON(p, ...) json_of((p), (const char *const[]){TEST_HEADGATE, __VA_ARGS__, NULL})

static void run_quietly(const struct project *p, int status, const char *command,
                        const char *option)
{
    struct process_result result =
        option == NULL ? RUN(p, status, command) : RUN(p, status, command, option);

    process_release(&result);
}

static const char *text_at(const json_t *root, const char *array, size_t i, const char *name)
{
    return json_string_value(
        json_object_get(json_array_get(json_object_get(root, array), i), name));
}

/* What the documentation promises of a first migration, from an empty folder. */
static void walk(bool postgres)
{
    struct project p = project_make(postgres);
    struct process_result result;
    char path[512], *slash;
    json_t *root;

    run_quietly(&p, 0, "init", NULL);
    run_quietly(&p, 0, "init", NULL);
    result = RUN(&p, 0, "rev", "-m", "add accounts");
    snprintf(path, sizeof path, "%.*s", (int)strcspn(result.out, "\n"), result.out);
    process_release(&result);
    slash = strstr(path, "migrations/");
    assert_non_null(slash);
    temp_write(
        p.dir, slash,
        "-- migrate:up\nCREATE TABLE accounts (id integer PRIMARY KEY, email text NOT NULL);\n"
        "INSERT INTO accounts VALUES (1, 'a@example.com');\n"
        "-- migrate:down\nDROP TABLE accounts;\n");
    root = JSON(&p, "up", "--json");
    assert_string_equal(text_at(root, "applied", 0, "direction"), "up");
    assert_int_equal(json_integer_value(json_object_get(
                         json_array_get(json_object_get(root, "applied"), 0), "statements")),
                     2);
    json_decref(root);
    root = JSON(&p, "history", "--json");
    assert_int_equal(json_array_size(json_object_get(root, "revisions")), 1);
    assert_string_equal(text_at(root, "revisions", 0, "state"), "applied");
    assert_true(json_is_true(
        json_object_get(json_array_get(json_object_get(root, "revisions"), 0), "checksum_ok")));
    assert_non_null(text_at(root, "revisions", 0, "applied_at"));
    json_decref(root);
    root = JSON(&p, "down", "--json");
    assert_string_equal(text_at(root, "applied", 0, "direction"), "down");
    assert_int_equal(json_array_size(json_object_get(root, "current")), 0);
    json_decref(root);
    run_quietly(&p, 0, "reset", NULL); /* nothing is applied, so nothing is dropped */
    run_quietly(&p, 4, "reset", NULL); /* now something is */
    root = JSON(&p, "reset", "--yes", "--json");
    assert_int_equal(json_array_size(json_object_get(root, "current")), 1);
    json_decref(root);
    root = JSON(&p, "status", "--json");
    assert_int_equal(json_integer_value(json_object_get(root, "pending")), 0);
    json_decref(root);
    run_quietly(&p, 0, "ready", NULL);
    project_remove(&p);
}

static void a_first_migration_goes_up_down_and_is_reset_on_sqlite(void **state)
{
    (void)state;
    walk(false);
}

static void a_first_migration_goes_up_down_and_is_reset_on_postgres(void **state)
{
    (void)state;
    walk(true);
}

static void make_many(const struct project *p, int count)
{
    for (int i = 1; i <= count; i++) {
        char up[256], down[64];

        snprintf(up, sizeof up,
                 "CREATE TABLE t%d (n integer);\nINSERT INTO t%d VALUES (1);\nINSERT INTO t%d "
                 "VALUES (2);",
                 i, i, i);
        snprintf(down, sizeof down, "DROP TABLE t%d;", i);
        add_migration(p, i, up, down);
    }
}

/* Every migration is there exactly once. */
static void assert_all_applied(const struct project *p, size_t count)
{
    json_t *root = JSON(p, "history", "--json");
    json_t *rows = json_object_get(root, "revisions");

    assert_int_equal(json_array_size(rows), count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(text_at(root, "revisions", i, "state"), "applied");
    json_decref(root);
    for (size_t i = 1; p->database != NULL && i <= count; i++) {
        char sql[64], *answer;

        snprintf(sql, sizeof sql, "SELECT count(*) FROM t%zu", i);
        answer = postgres_ask(p->database, sql);
        assert_string_equal(answer, "2");
        free(answer);
    }
}

static void eight_at_once(bool postgres)
{
    enum { DEPLOYERS = 8, MIGRATIONS = 12 };
    struct project p = project_make(postgres);
    const char *const settings[] = {p.setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, "up", NULL};
    pid_t pids[DEPLOYERS];

    make_many(&p, MIGRATIONS);
    for (int i = 0; i < DEPLOYERS; i++)
        pids[i] = process_start(p.dir, settings, argv);
    for (int i = 0; i < DEPLOYERS; i++)
        assert_int_equal(process_wait(pids[i]), 0);
    assert_all_applied(&p, MIGRATIONS);
    project_remove(&p);
}

static void eight_deployers_at_once_all_succeed_on_postgres(void **state)
{
    (void)state;
    eight_at_once(true);
}

static void eight_deployers_at_once_all_succeed_on_sqlite(void **state)
{
    (void)state;
    eight_at_once(false);
}

/* kill -9 after ever longer times, until a run gets through by itself; then once more. */
static void kill_and_repeat(bool postgres)
{
    enum { MIGRATIONS = 20, FIRST_US = 2000, STEP_US = 3000, ROUNDS = 20 };
    struct project p = project_make(postgres);
    const char *const settings[] = {p.setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, "up", NULL};

    make_many(&p, MIGRATIONS);
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = process_start(p.dir, settings, argv);

        usleep(
            (useconds_t)(FIRST_US
                         + i * STEP_US)); /* when it dies is the question, not what is waited for */
        kill(pid, SIGKILL);
        process_wait(pid);
    }
    run_quietly(&p, 0, "up", NULL);
    assert_all_applied(&p, MIGRATIONS);
    project_remove(&p);
}

static void a_killed_run_is_finished_by_the_next_on_postgres(void **state)
{
    (void)state;
    kill_and_repeat(true);
}

static void a_killed_run_is_finished_by_the_next_on_sqlite(void **state)
{
    (void)state;
    kill_and_repeat(false);
}

static void a_failing_statement(bool postgres)
{
    struct project p = project_make(postgres);
    struct process_result result;

    add_migration(&p, 1, "CREATE TABLE one (n integer);", "DROP TABLE one;");
    add_migration(&p, 2, "CREATE TABLE two (n integer);\nINSERT INTO nowhere VALUES (1);",
                  "DROP TABLE two;");
    temp_write(p.dir, ".env", "HEADGATE_RELEASE=v7\n");
    result = RUN(&p, 1, "up");
    assert_non_null(strstr(result.err, "20260101000002_step.sql:3"));
    assert_non_null(strstr(result.err, "INSERT INTO nowhere"));
    assert_non_null(strstr(result.err, "nothing of \"20260101000002\" stays"));
    assert_non_null(strstr(result.err, "42P01"));
    process_release(&result);
    result = RUN(&p, 0, "current");
    assert_string_equal(result.out, "20260101000001\n");
    process_release(&result);
    result = RUN(&p, 0, "history", "--events");
    assert_non_null(strstr(result.out, "failed"));
    assert_non_null(strstr(result.out, "nowhere"));
    assert_non_null(strstr(result.out, "release v7"));
    process_release(&result);
    result = RUN(&p, 0, "history");
    assert_non_null(strstr(result.out, "(v7)"));
    process_release(&result);
    {
        json_t *root = JSON(&p, "history", "--events", "--json");

        assert_int_equal(json_array_size(json_object_get(root, "events")), 2);
        assert_string_equal(text_at(root, "events", 0, "outcome"), "failed");
        assert_string_equal(text_at(root, "events", 1, "outcome"), "ok");
        assert_string_equal(text_at(root, "events", 0, "headgate_version"), hg_version());
        assert_string_equal(text_at(root, "events", 0, "release"), "v7");
        json_decref(root);
    }
    /* The first statement of the failed migration is gone with it: mending the file is enough. */
    add_migration(&p, 2, "CREATE TABLE two (n integer);", "DROP TABLE two;");
    run_quietly(&p, 0, "up", NULL);
    project_remove(&p);
}

static void a_failing_statement_names_its_line_and_leaves_nothing_on_postgres(void **state)
{
    (void)state;
    a_failing_statement(true);
}

static void a_failing_statement_names_its_line_and_leaves_nothing_on_sqlite(void **state)
{
    (void)state;
    a_failing_statement(false);
}

static void production_wants_the_name(void **state)
{
    struct project p = project_make(true);
    char prod[600];
    const char *settings[] = {"ENV=production", prod, NULL};
    const char *refused[] = {TEST_HEADGATE, "up", NULL};
    const char *wrong[] = {TEST_HEADGATE, "up", "--confirm", "other", NULL};
    const char *agreed[] = {TEST_HEADGATE, "up", "--confirm", p.database, NULL};
    const char *const yes[] = {TEST_HEADGATE, "up", "--yes", NULL};
    struct process_result result;

    (void)state;
    snprintf(prod, sizeof prod, "DATABASE_URL_PROD=%s", strchr(p.setting, '=') + 1);
    add_migration(&p, 1, "CREATE TABLE one (n integer);", "DROP TABLE one;");
    result = process_run(p.dir, settings, refused);
    assert_run(&result, 4);
    process_release(&result);
    result = process_run(p.dir, settings, wrong);
    assert_run(&result, 4);
    process_release(&result);
    result = process_run(p.dir, settings, yes);
    assert_run(&result, 4);
    process_release(&result);
    result = process_run(p.dir, settings, agreed);
    assert_run(&result, 0);
    process_release(&result);
    result = process_run(p.dir, settings, refused); /* nothing to do needs no consent */
    assert_run(&result, 0);
    process_release(&result);
    project_remove(&p);
}

static void a_plan_that_has_changed_is_refused(void **state)
{
    struct project p = project_make(false);
    char id[32];
    json_t *root;
    struct process_result result;

    (void)state;
    add_migration(&p, 1, "CREATE TABLE one (n integer);", "DROP TABLE one;");
    run_quietly(&p, 0, "init", NULL);
    root = JSON(&p, "up", "--plan", "--json");
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(root, "plan_id")));
    json_decref(root);
    add_migration(&p, 2, "CREATE TABLE two (n integer);", "DROP TABLE two;");
    result = RUN(&p, 4, "up", "--plan-id", id);
    process_release(&result);
    project_remove(&p);
}

static void read_only_refuses_every_change(void **state)
{
    struct project p = project_make(false);
    static const char *const commands[] = {"up", "down", "reset", "init"};

    (void)state;
    add_migration(&p, 1, "CREATE TABLE one (n integer);", "DROP TABLE one;");
    run_quietly(&p, 0, "up", NULL);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        run_quietly(&p, 4, commands[i], "--read-only");
    run_quietly(&p, 0, "history", "--read-only");
    project_remove(&p);
}

/* --- memory --- */

enum { LARGE_MIB = 40 };

/* Written piece by piece: what this process had before it becomes another one counts with that. */
static FILE *begin_large(const struct project *p)
{
    char *path;
    FILE *f;

    temp_write(p->dir, "migrations/0001_large.sql", "");
    path = temp_path(p->dir, "migrations/0001_large.sql");
    f = fopen(path, "w");
    free(path);
    fputs("-- migrate:up\nCREATE TABLE large (n integer, t text);\n", f);
    return f;
}

static void must_be_small(const struct project *p)
{
    static const char *const argv[] = {TEST_HEADGATE, "up", "-q", NULL};
    const char *settings[] = {p->setting, NULL};
    struct rusage usage;
    int status;
    pid_t pid = process_start(p->dir, settings, argv);

    assert_int_equal(wait4(pid, &status, 0, &usage), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (TEST_SANITIZE[0] == '\0' && access("/var/tmp", W_OK) == 0 && usage.ru_maxrss > 28 * 1024)
        fail_msg("%ld KiB for a file of %d MiB", usage.ru_maxrss, LARGE_MIB);
}

static void a_large_file_costs_its_largest_statement_on_sqlite(void **state)
{
    struct project p = project_make(false);
    FILE *f = begin_large(&p);

    (void)state;
    for (int i = 0; i < 4 * LARGE_MIB; i++)
        fprintf(f, "INSERT INTO large VALUES (%d, '%0*d');\n", i, 256 * 1024, i);
    assert_int_equal(fclose(f), 0);
    must_be_small(&p);
    project_remove(&p);
}

static void the_rows_of_a_copy_cost_nothing_on_postgres(void **state)
{
    struct project p = project_make(true);
    FILE *f = begin_large(&p);

    (void)state;
    fputs("COPY large FROM stdin;\n", f);
    for (int i = 0; i < LARGE_MIB * 1024; i++)
        fprintf(f, "%d\t%01010d\n", i, i);
    fputs("\\.\n", f);
    assert_int_equal(fclose(f), 0);
    must_be_small(&p);
    project_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_migration_goes_up_down_and_is_reset_on_sqlite),
        cmocka_unit_test(a_first_migration_goes_up_down_and_is_reset_on_postgres),
        cmocka_unit_test(eight_deployers_at_once_all_succeed_on_postgres),
        cmocka_unit_test(eight_deployers_at_once_all_succeed_on_sqlite),
        cmocka_unit_test(a_killed_run_is_finished_by_the_next_on_postgres),
        cmocka_unit_test(a_killed_run_is_finished_by_the_next_on_sqlite),
        cmocka_unit_test(a_failing_statement_names_its_line_and_leaves_nothing_on_postgres),
        cmocka_unit_test(a_failing_statement_names_its_line_and_leaves_nothing_on_sqlite),
        cmocka_unit_test(production_wants_the_name),
        cmocka_unit_test(a_plan_that_has_changed_is_refused),
        cmocka_unit_test(read_only_refuses_every_change),
        cmocka_unit_test(a_large_file_costs_its_largest_statement_on_sqlite),
        cmocka_unit_test(the_rows_of_a_copy_cost_nothing_on_postgres),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
