/*
 * test_schema_autogenerate.c - migrations from the schema file, as their user gets them: applied
 * they make the wanted schema, rolled back the old one, rows stay, a second time nothing is found,
 * and whatever goes wrong leaves no file and nothing on the server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <headgate/headgate.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

struct project {
    char *dir;
    char setting[512];
    char *url;
};

static const char first[] =
    "CREATE TABLE accounts (id integer PRIMARY KEY, email text NOT NULL UNIQUE, note text);\n"
    "CREATE TABLE orders (id integer PRIMARY KEY, account integer NOT NULL REFERENCES accounts\n"
    "  ON DELETE CASCADE, total numeric(10,2) CHECK (total > 0));\n"
    "CREATE VIEW rich AS SELECT id, account FROM orders WHERE total > 100;\n";

static const char rows[] =
    "-- migrate:up\nINSERT INTO accounts VALUES (1, 'a', 'x'), (2, 'b', NULL);\n"
    "INSERT INTO orders VALUES (1, 1, 10), (2, 2, 200);\n-- migrate:down\nDELETE FROM accounts;\n";

static const char second[] =
    "-- the same, and more\n"
    "CREATE TABLE accounts (id integer PRIMARY KEY, email text NOT NULL UNIQUE,\n"
    "  note text DEFAULT 'none' NOT NULL, country text);\n"
    "CREATE TABLE orders (id integer PRIMARY KEY, account integer NOT NULL REFERENCES accounts\n"
    "  ON DELETE CASCADE, total numeric(10,2) CHECK (total > 0 AND total < 100000));\n"
    "CREATE INDEX orders_account ON orders (account, total DESC);\n"
    "CREATE VIEW rich AS SELECT id, account FROM orders WHERE total > 1000;\n";

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};
    char *name = postgres ? postgres_database() : NULL;

    if (postgres) {
        p.url = postgres_url_text(name);
    } else {
        p.url = malloc(512);
        snprintf(p.url, 512, "sqlite:///%s/app.db", p.dir);
    }
    snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", p.url);
    temp_write(p.dir, "migrations/.keep", "");
    temp_write(p.dir, "schema.sql", first);
    free(name);
    return p;
}

static void project_release(struct project *p)
{
    temp_dir_remove(p->dir);
    free(p->url);
}

/* Runs headgate; stdout, with stderr behind it. Freed by the caller. */
#define RUN(p, expected, ...) \
    finish(headgate_run((p)->dir, (p)->setting, __VA_ARGS__, NULL), expected)

static char *finish(struct process_result r, int status)
{
    size_t size = strlen(r.out) + strlen(r.err) + 1;
    char *text = malloc(size);

    snprintf(text, size, "%s%s", r.out, r.err);
    if (r.status != status)
        fail_msg("exit %d, not %d\n%s", r.status, status, text);
    process_release(&r);
    return text;
}

static void expect(char *said, const char *text)
{
    if (strstr(said, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, said);
    free(said);
}

static size_t file_count(const struct project *p)
{
    char *path = temp_path(p->dir, "migrations");
    struct file_list list;
    size_t count;

    assert_true(file_list(path, ".sql", &list, NULL));
    count = list.count;
    file_list_release(&list);
    free(path);
    return count;
}

/* All migrations of the folder, one behind the other. */
static char *all_files(const struct project *p)
{
    struct buf text = BUF_INIT(1 << 20);
    char *path = temp_path(p->dir, "migrations");
    struct file_list list;
    char *copy;

    assert_true(file_list(path, ".sql", &list, NULL));
    for (size_t i = 0; i < list.count; i++) {
        char *one = temp_path(path, list.names[i]);

        assert_true(file_read(one, &text, NULL));
        free(one);
    }
    copy = strdup(text.bytes);
    buf_release(&text);
    file_list_release(&list);
    free(path);
    return copy;
}

/* The first field of a query on the project's database. */
static char *ask(const struct project *p, const char *sql)
{
    const hg_pool_options options = {
        .role = "test",
        .settings = {
            .size = 1, .timeout_ms = 20000, .connect_timeout_ms = 20000, .recycle_ms = -1}};
    hg_deadline by = hg_deadline_in_ms(20000);
    hg_pool *pool = NULL;
    hg_conn *conn = NULL;
    hg_rows *answer = NULL;
    hg_url *url = NULL;
    char *text;

    assert_true(hg_url_parse(p->url, &url, NULL));
    assert_true(hg_pool_open(url, &options, &pool, NULL));
    assert_true(hg_pool_checkout(pool, "test", by, &conn, NULL));
    assert_true(hg_conn_query(conn, sql, NULL, 0, by, &answer, NULL));
    assert_int_equal(hg_rows_next(answer, by, NULL), HG_ROW);
    text = strdup(hg_rows_text(answer, 0));
    hg_rows_close(answer);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, by);
    hg_url_free(url);
    return text;
}

static void expect_rows(const struct project *p)
{
    char *orders = ask(p, "SELECT count(*) FROM orders"), *notes;

    notes = ask(p, "SELECT count(*) FROM accounts WHERE note = 'x'");
    assert_string_equal(orders, "2");
    assert_string_equal(notes, "1");
    free(orders);
    free(notes);
}

static void expect_nothing_left(void)
{
    char *left = postgres_ask(NULL, "SELECT count(*) FROM pg_database WHERE datname ~ '^headgate'");

    assert_string_equal(left, "0");
    free(left);
}

static void expect_nothing_to_do(const struct project *p)
{
    size_t before = file_count(p);

    expect(RUN(p, 0, "rev", "-m", "again", "--autogenerate"), "nothing to do: ");
    assert_int_equal(file_count(p), before);
}

/* There and back on a database with rows, with every promise looked at. */
static void walk(bool postgres)
{
    struct project p = project_make(postgres);
    char *before, *after;
    char steps[16];
    size_t count;

    expect(RUN(&p, 0, "rev", "-m", "first", "--autogenerate"), "_first.sql\n");
    expect_nothing_to_do(&p);
    temp_write(p.dir, "migrations/29990101000000_rows.sql", rows);
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");
    before = RUN(&p, 0, "schema", "dump", "-q");
    temp_write(p.dir, "schema.sql", second);
    count = file_count(&p);
    expect(RUN(&p, 0, "rev", "-m", "second", "--autogenerate"), "+ column accounts.country");
    snprintf(steps, sizeof steps, "-%zu", file_count(&p) - count);
    expect_nothing_to_do(&p);
    expect(RUN(&p, 0, "rehearse"), "after each down the schema is what it was");
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");
    expect_rows(&p);
    free(RUN(&p, 0, "down", steps));
    expect_rows(&p);
    after = RUN(&p, 0, "schema", "dump", "-q");
    assert_string_equal(before, after);
    free(before);
    free(after);
    project_release(&p);
}

static void an_autogenerated_migration_leads_there_and_back_on_sqlite(void **state)
{
    (void)state;
    walk(false);
}

static void an_autogenerated_migration_leads_there_and_back_on_postgres(void **state)
{
    (void)state;
    walk(true);
    expect_nothing_left();
}

static void what_takes_long_locks_comes_in_a_file_of_its_own(void **state)
{
    struct project p = project_make(true);
    char *files;

    (void)state;
    temp_write(p.dir, "schema.sql",
               "CREATE TYPE mood AS ENUM ('a');\nCREATE TABLE t (m mood, n text);\n");
    free(RUN(&p, 0, "rev", "-m", "first", "--autogenerate"));
    temp_write(p.dir, "schema.sql",
               "CREATE TYPE mood AS ENUM ('a', 'b');\nCREATE TABLE t (m mood DEFAULT 'b',\n"
               "  n text NOT NULL CHECK (n <> ''));\nCREATE INDEX t_n ON t (n);\n");
    expect(RUN(&p, 0, "rev", "-m", "second", "--autogenerate", "--json"), "second_values.sql");
    assert_int_equal(file_count(&p), 4);
    files = all_files(&p);
    assert_non_null(strstr(files, "-- migrate:up transaction:false\n"));
    assert_non_null(strstr(files, "CREATE INDEX CONCURRENTLY t_n"));
    assert_non_null(strstr(files, "CHECK ((n <> ''::text)) NOT VALID;"));
    assert_non_null(strstr(files, "VALIDATE CONSTRAINT t_n_check;"));
    free(files);
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");
    free(RUN(&p, 0, "down", "base"));
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");
    project_release(&p);
}

static void one_file_serves_both_engines(void **state)
{
    struct project lite = project_make(false), postgres = project_make(true);
    char *folder = temp_path(lite.dir, "migrations");
    char *files;

    (void)state;
    expect(RUN(&lite, 2, "rev", "-m", "first", "--autogenerate", "--dialect", "both"), "--scratch");
    expect(RUN(&lite, 2, "rev", "-m", "first", "--autogenerate", "--dialect", "nosql"),
           "\"nosql\"");
    assert_int_equal(file_count(&lite), 0);
    free(RUN(&lite, 0, "rev", "-m", "first", "--autogenerate", "--dialect", "both", "--scratch",
             postgres.url));
    temp_write(lite.dir, "schema.sql", second);
    free(RUN(&lite, 0, "rev", "-m", "second", "--autogenerate", "--dialect", "both", "--scratch",
             postgres.url));
    files = all_files(&lite);
    assert_non_null(strstr(files, "-- @postgresql\n"));
    assert_non_null(strstr(files, "-- @sqlite\n"));
    free(files);
    temp_write(postgres.dir, "schema.sql", second);
    free(RUN(&lite, 0, "up"));
    free(RUN(&postgres, 0, "up", "--migrations", folder));
    expect(RUN(&lite, 0, "check"), "schema      as in schema.sql");
    expect(RUN(&postgres, 0, "check", "--migrations", folder), "schema      as in schema.sql");
    free(RUN(&lite, 0, "down", "base"));
    free(RUN(&postgres, 0, "down", "base", "--migrations", folder));
    free(RUN(&lite, 0, "up"));
    free(RUN(&postgres, 0, "up", "--migrations", folder));
    expect(RUN(&lite, 0, "check"), "schema      as in schema.sql");
    expect(RUN(&postgres, 0, "check", "--migrations", folder), "schema      as in schema.sql");
    free(folder);
    project_release(&lite);
    project_release(&postgres);
}

static void one_portable_schema_file_serves_both_engines(void **state)
{
    static const char portable[] =
        "-- @portable\nCREATE TYPE mood AS ENUM ('sad', 'ok');\n"
        "CREATE TABLE people (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,\n"
        "  name varchar(20) NOT NULL, feels mood DEFAULT 'ok', made timestamptz DEFAULT now());\n";
    struct project lite = project_make(false), postgres = project_make(true);
    char *folder = temp_path(lite.dir, "migrations"), *file = temp_path(lite.dir, "schema.sql");
    char *feels;

    (void)state;
    temp_write(lite.dir, "schema.sql", portable);
    free(RUN(&lite, 0, "rev", "-m", "first", "--autogenerate", "--dialect", "both", "--scratch",
             postgres.url));
    free(RUN(&lite, 0, "up"));
    free(RUN(&postgres, 0, "up", "--migrations", folder));
    expect(RUN(&lite, 0, "check"), "schema      as in schema.sql");
    expect(RUN(&postgres, 0, "check", "--migrations", folder, "--schema", file),
           "schema      as in ");
    feels = ask(&lite, "INSERT INTO people (name) VALUES ('x') RETURNING feels");
    assert_string_equal(feels, "ok");
    free(feels);
    free(folder);
    free(file);
    project_release(&lite);
    project_release(&postgres);
}

static const char renamed[] =
    "CREATE TABLE customers ( -- @renamed from=accounts\n"
    "  id integer PRIMARY KEY, mail text NOT NULL UNIQUE, -- @renamed from=email\n  note text);\n"
    "CREATE TABLE orders (id integer PRIMARY KEY, account integer NOT NULL REFERENCES customers\n"
    "  ON DELETE CASCADE, total numeric(10,2) CHECK (total > 0), paid text);\n"
    "CREATE VIEW rich AS SELECT id, account FROM orders WHERE total > 100;\n";

/* What has rows keeps them under its new name, where somebody says so, and only there. */
static void rename_walk(bool postgres)
{
    struct project p = project_make(postgres);
    char *files;
    char steps[16];
    size_t count;

    free(RUN(&p, 0, "rev", "-m", "first", "--autogenerate"));
    temp_write(p.dir, "migrations/29990101000000_rows.sql", rows);
    free(RUN(&p, 0, "up"));
    temp_write(p.dir, "schema.sql", renamed);
    count = file_count(&p);
    expect(RUN(&p, 0, "rev", "-m", "names", "--autogenerate"), "= table customers: was accounts\n");
    files = all_files(&p);
    assert_non_null(strstr(files, "ALTER TABLE accounts RENAME TO customers;\n"));
    assert_non_null(strstr(files, "ALTER TABLE customers RENAME COLUMN email TO mail;\n"));
    assert_non_null(strstr(files, "ALTER TABLE customers RENAME TO accounts;\n"));
    assert_null(strstr(files, "loses data: all rows of customers"));
    free(files);
    snprintf(steps, sizeof steps, "-%zu", file_count(&p) - count);
    expect(RUN(&p, 0, "rev", "-m", "again", "--autogenerate"), "the hint can go: schema.sql:1: ");
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");
    files = ask(&p, "SELECT count(*) FROM customers WHERE mail IN ('a', 'b')");
    assert_string_equal(files, "2");
    free(files);
    free(RUN(&p, 0, "down", steps));
    expect_rows(&p);
    temp_write(p.dir, "schema.sql", first);
    expect(RUN(&p, 0, "schema", "diff"), "the database has the schema of schema.sql");
    project_release(&p);
}

static void what_is_renamed_by_a_hint_keeps_its_rows_on_sqlite(void **state)
{
    (void)state;
    rename_walk(false);
}

static void what_is_renamed_by_a_hint_keeps_its_rows_on_postgres(void **state)
{
    (void)state;
    rename_walk(true);
}

static void what_may_have_been_renamed_is_asked_and_never_guessed(void **state)
{
    struct project p = project_make(false);
    char *files;

    (void)state;
    temp_write(p.dir, "schema.sql", "CREATE TABLE t (a integer, b text);\n");
    free(RUN(&p, 0, "rev", "-m", "first", "--autogenerate"));
    temp_write(p.dir, "schema.sql", "CREATE TABLE t (a integer, c text);\n");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate"), "--rename t.b=c when it was renamed");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate", "--rename", "t.b"), "says no new name");
    assert_int_equal(file_count(&p), 1);
    free(RUN(&p, 0, "rev", "-m", "same", "--autogenerate", "--rename", "t.b=c"));
    files = all_files(&p);
    assert_non_null(strstr(files, "ALTER TABLE t RENAME COLUMN b TO c;\n"));
    free(files);
    temp_write(p.dir, "schema.sql", "CREATE TABLE t (a integer, d text);\n");
    expect(RUN(&p, 0, "rev", "-m", "other", "--autogenerate", "--rename", "t.c="), "lose");
    files = all_files(&p);
    assert_non_null(strstr(files, "-- loses data: the values of t.c\n"));
    free(files);
    temp_write(p.dir, "schema.sql", "CREATE TABLE u (a integer, d text);\n");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate"), "table \"t\" is gone");
    project_release(&p);
}

static void what_goes_wrong_leaves_no_file(void **state)
{
    struct project p = project_make(true);

    (void)state;
    temp_write(p.dir, "schema.sql", "CREATE TABLE a (b integer);\nCREATE TABLE c (d integer,,);\n");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate"), "schema.sql:2:27: ");
    temp_write(p.dir, "schema.sql", "CREATE TABLE a (b nosuchtype);\n");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate"), "type \"nosuchtype\" does not exist");
    temp_write(p.dir, "schema.sql", "CREATE EXTENSION nosuchextension;\n");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate"), "schema.sql:1:");
    temp_write(p.dir, "schema.sql", "GRANT SELECT ON pg_class TO nosuchrole;\n");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate"), "nosuchrole");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate", "--schema", "none.sql"), "\"none.sql\"");
    temp_write(p.dir, "schema.sql", first);
    temp_write(p.dir, "migrations/0001_a.sql", "-- migrate:up\nCREATE TABLE a (;\n");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate"), "0001_a.sql:2:17: could not make");
    assert_int_equal(file_count(&p), 1);
    project_release(&p);
    expect_nothing_left();
}

static void a_role_that_may_make_no_database_is_told_so(void **state)
{
    struct project p = project_make(true);
    const char *database = strrchr(p.url, '/') + 1;

    (void)state;
    postgres_run(NULL, "CREATE ROLE meek LOGIN");
    snprintf(p.setting, sizeof p.setting, "DATABASE_URL=postgresql://meek@127.0.0.1:%d/%.*s",
             postgres_port(), (int)strcspn(database, "?"), database);
    expect(RUN(&p, 1, "rev", "-m", "x", "--autogenerate"), "CREATEDB");
    free(RUN(&p, 0, "rev", "-m", "x", "--autogenerate", "--scratch", p.url));
    assert_int_equal(file_count(&p), 1);
    project_release(&p);
    expect_nothing_left();
}

/* Waits until a question about the server has this answer. */
static void wait_for(const char *question, const char *answer)
{
    for (int tries = 0;; tries++) {
        char *said = postgres_ask(NULL, question);
        bool same = strcmp(said, answer) == 0;

        free(said);
        if (same)
            return;
        if (tries == 3000)
            fail_msg("never %s: %s", answer, question);
        usleep(10 * 1000);
    }
}

static void what_is_killed_leaves_nothing_for_long(void **state)
{
    struct project p = project_make(true);
    const char *const settings[] = {p.setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, "rev", "-m", "x", "--autogenerate", NULL};
    pid_t pid;

    (void)state;
    temp_write(p.dir, "schema.sql", "SELECT pg_sleep(600);\n");
    pid = process_start(p.dir, settings, argv);
    wait_for("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%'"
             " AND datname ~ '^headgate_scratch_'",
             "1");
    kill(pid, SIGKILL);
    assert_int_equal(process_wait(pid), 128 + SIGKILL);
    assert_int_equal(file_count(&p), 0);
    postgres_run(NULL, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE datname ~ '^headgate_scratch_'");
    wait_for("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "0");
    temp_write(p.dir, "schema.sql", first);
    free(RUN(&p, 0, "rev", "-m", "x", "--autogenerate"));
    assert_int_equal(file_count(&p), 1);
    project_release(&p);
    expect_nothing_left();
}

static void what_is_not_known_is_told_and_left_alone(void **state)
{
    struct project p = project_make(true);
    char *files;

    (void)state;
    temp_write(p.dir, "schema.sql", "CREATE TABLE t (a integer, b integer);\n");
    free(RUN(&p, 0, "rev", "-m", "first", "--autogenerate"));
    temp_write(p.dir, "schema.sql",
               "CREATE TABLE t (a integer, b integer, c text);\n"
               "CREATE STATISTICS s (dependencies) ON a, b FROM t;\n"
               "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);\n");
    expect(RUN(&p, 0, "rev", "-m", "second", "--autogenerate"), "left as it is: ");
    files = all_files(&p);
    assert_non_null(strstr(files, "ADD COLUMN c text;\n"));
    assert_null(strstr(files, "STATISTICS"));
    free(files);
    expect(RUN(&p, 0, "rev", "-m", "third", "--autogenerate"), "left as it is: ");
    assert_int_equal(file_count(&p), 2);
    project_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_autogenerated_migration_leads_there_and_back_on_sqlite),
        cmocka_unit_test(an_autogenerated_migration_leads_there_and_back_on_postgres),
        cmocka_unit_test(what_takes_long_locks_comes_in_a_file_of_its_own),
        cmocka_unit_test(one_file_serves_both_engines),
        cmocka_unit_test(one_portable_schema_file_serves_both_engines),
        cmocka_unit_test(what_is_renamed_by_a_hint_keeps_its_rows_on_sqlite),
        cmocka_unit_test(what_is_renamed_by_a_hint_keeps_its_rows_on_postgres),
        cmocka_unit_test(what_may_have_been_renamed_is_asked_and_never_guessed),
        cmocka_unit_test(what_goes_wrong_leaves_no_file),
        cmocka_unit_test(a_role_that_may_make_no_database_is_told_so),
        cmocka_unit_test(what_is_killed_leaves_nothing_for_long),
        cmocka_unit_test(what_is_not_known_is_told_and_left_alone),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
