/*
 * test_schema.c - the schema commands on both engines: what is dumped makes the same schema again,
 * what differs is told, and what a file cannot say has its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

struct project {
    char *dir;
    char setting[512];
};

static const char portable[] =
    "-- migrate:up\n"
    "CREATE TABLE accounts (id integer PRIMARY KEY, email text NOT NULL DEFAULT 'it''s',\n"
    "  kind text CHECK (kind IN ('a', 'b')));\n"
    "CREATE TABLE orders (id integer PRIMARY KEY, account integer REFERENCES accounts (id),\n"
    "  total numeric(10,2), CONSTRAINT positive CHECK (total > 0 AND total < 1000000));\n"
    "CREATE UNIQUE INDEX accounts_email ON accounts (email) WHERE kind IN ('a', 'b');\n"
    "CREATE VIEW open_orders AS SELECT o.id, a.email FROM orders o JOIN accounts a\n"
    "  ON a.id = o.account WHERE o.total > 10;\n"
    "-- migrate:down\nDROP VIEW open_orders;\nDROP TABLE orders;\nDROP TABLE accounts;\n";

static const char postgres_only[] =
    "-- migrate:up\nCREATE TYPE mood AS ENUM ('sad', 'ok');\n"
    "ALTER TABLE accounts ADD feels mood DEFAULT 'ok', ADD tags text[] DEFAULT '{}';\n"
    "CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders';\n"
    "COMMENT ON TABLE accounts IS 'who \"they\" are';\n"
    "-- migrate:down\nDROP FUNCTION how_many();\nALTER TABLE accounts DROP feels, DROP tags;\n"
    "DROP TYPE mood;\n";

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};

    if (postgres) {
        char *name = postgres_database(), *url = postgres_url_text(name);

        snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", url);
        free(url);
        free(name);
        temp_write(p.dir, "migrations/0002_b.sql", postgres_only);
    } else {
        snprintf(p.setting, sizeof p.setting, "DATABASE_URL=sqlite:///a b.db");
    }
    temp_write(p.dir, "migrations/0001_a.sql", portable);
    return p;
}

/* Runs headgate with up to two words; stdout, and with it stderr where it is asked for. */
static char *run(const struct project *p, int status, bool both, const char *one, const char *two,
                 const char *option)
{
    const char *const settings[] = {p->setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, one, two, option, NULL};
    struct process_result r = process_run(p->dir, settings, argv);
    size_t size = strlen(r.out) + strlen(r.err) + 1;
    char *text = malloc(size);

    if (r.status != status)
        fail_msg("%s: exit %d, not %d\n%s%s", one, r.status, status, r.out, r.err);
    snprintf(text, size, "%s%s", r.out, both ? r.err : "");
    process_release(&r);
    return text;
}

static void expect(const struct project *p, int status, const char *one, const char *two,
                   const char *option, const char *text)
{
    char *said = run(p, status, true, one, two, option);

    if (strstr(said, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, said);
    free(said);
}

static void write_dump(const struct project *p)
{
    char *dump = run(p, 0, false, "schema", "dump", NULL);

    temp_write(p->dir, "schema.sql", dump);
    free(dump);
}

static void walk(bool postgres)
{
    struct project p = project_make(postgres);
    char *before, *after;

    free(run(&p, 0, true, "up", NULL, NULL));
    expect(&p, 2, "schema", "diff", NULL, "there is no schema file \"schema.sql\"");
    write_dump(&p);
    before = run(&p, 0, false, "schema", "dump", NULL);
    assert_non_null(strstr(before, "accounts_email"));
    assert_null(strstr(before, "alembic_version"));
    assert_null(strstr(before, "headgate_"));
    expect(&p, 0, "schema", "diff", NULL, "the database has the schema of schema.sql");
    expect(&p, 0, "schema", "diff", "--json", "\"equal\":true");
    temp_write(p.dir, "schema.sql", "CREATE TABLE accounts (id integer PRIMARY KEY, name text);\n");
    expect(&p, 1, "schema", "diff", NULL, "-- + column accounts.name\n");
    expect(&p, 1, "schema", "diff", NULL, "-- - table orders\n");
    expect(&p, 1, "schema", "diff", NULL, "-- loses data: ");
    expect(&p, 1, "schema", "diff", "--json", "\"object\":\"orders\"");
    temp_write(p.dir, "schema.sql", "CREATE TABLE a (b integer);\nCREATE TABLE c (d integer,,);\n");
    expect(&p, 2, "schema", "diff", NULL, "schema.sql:2:27: ");
    temp_write(p.dir, "schema.sql", "CREATE TABLE a (b integer);\nCREATE TABLE a (b integer);\n");
    expect(&p, 2, "schema", "diff", NULL, "schema.sql:2:");
    after = run(&p, 0, false, "schema", "dump", NULL);
    assert_string_equal(before, after);
    free(before);
    free(after);
    temp_dir_remove(p.dir);
}

static void check_walk(bool postgres)
{
    struct project p = project_make(postgres);
    char reformatted[sizeof portable + 64], *one_way;

    expect(&p, 0, "init", NULL, NULL, "");
    expect(&p, 0, "check", NULL, NULL, postgres ? "2 migrations are pending" : "1 migration is");
    free(run(&p, 0, true, "up", NULL, NULL));
    expect(&p, 0, "check", NULL, NULL, "there is no schema file \"schema.sql\"");
    expect(&p, 0, "check", "--json", NULL, "\"compared\":false");
    expect(&p, 2, "check", "--schema=elsewhere.sql", NULL, "no schema file \"elsewhere.sql\"");
    write_dump(&p);
    expect(&p, 0, "check", NULL, NULL, "files       as they were applied");
    expect(&p, 0, "check", "--json", NULL, "\"ok\":true");
    one_way = temp_path(p.dir, "migrations/0008_one_way.sql");
    temp_write(p.dir, "migrations/0008_one_way.sql", "-- migrate:up\nSELECT 1;\n");
    expect(&p, 0, "check", NULL, NULL, "note        0008 has no way back: no -- migrate:down in ");
    expect(&p, 0, "check", "--json", NULL, "\"one_way\":[\"0008\"]");
    assert_int_equal(unlink(one_way), 0);
    free(one_way);
    temp_write(p.dir, "migrations/0001_a.sql", "-- migrate:up\nCREATE TABLE other (id integer);\n");
    expect(&p, 1, "check", NULL, NULL, "0001 was edited after it was applied: ");
    expect(&p, 1, "check", "--json", NULL, "\"fault\":\"edited\"");
    expect(&p, 1, "check", NULL, NULL, "note        1 applied migration has no way back");
    expect(&p, 0, "status", NULL, NULL, "edited      0001\n");
    snprintf(reformatted, sizeof reformatted, "-- migrate:up\n-- who they are\n%s",
             portable + strlen("-- migrate:up\n"));
    temp_write(p.dir, "migrations/0001_a.sql", reformatted);
    expect(&p, 0, "check", NULL, NULL, "note        0001 was reformatted after it was applied");
    expect(&p, 0, "check", "--json", NULL, "\"reformatted\":[\"0001\"]");
    expect(&p, 0, "history", NULL, NULL, ", reformatted");
    expect(&p, 0, "history", "--json", NULL, "\"reformatted\":true");
    expect(&p, 0, "status", NULL, NULL, "reformatted 0001\n");
    temp_write(p.dir, "migrations/0001_a.sql", portable);
    temp_write(p.dir, "migrations/0009_z.sql",
               "-- migrate:up\nDROP INDEX accounts_email;\n-- migrate:down irreversible:true\n");
    free(run(&p, 0, true, "up", NULL, NULL));
    expect(&p, 1, "check", NULL, NULL, "+ index accounts.accounts_email");
    temp_dir_remove(p.dir);
}

static void expect_between(const struct project *p, int status, const char *from, const char *to,
                           const char *text)
{
    struct process_result r = headgate_run(p->dir, p->setting, "schema", "diff", from, to, NULL);

    if (r.status != status || (strstr(r.out, text) == NULL && strstr(r.err, text) == NULL))
        fail_msg("exit %d, not %d, or not \"%s\"\n%s%s", r.status, status, text, r.out, r.err);
    process_release(&r);
}

static void between_walk(bool postgres)
{
    struct project p = project_make(postgres);

    temp_write(p.dir, "migrations/0009_z.sql",
               "-- migrate:up\nDROP INDEX accounts_email;\n-- migrate:down\nSELECT 1;\n");
    temp_write(p.dir, "old.sql", "CREATE TABLE accounts (id integer PRIMARY KEY);\n");
    temp_write(p.dir, "new.sql", "CREATE TABLE accounts (id integer PRIMARY KEY, n text);\n");
    expect_between(&p, 1, "old.sql", "new.sql", "-- + column accounts.n\n");
    expect_between(&p, 1, "0001", "head", "-- - index accounts.accounts_email\n");
    expect_between(&p, 1, "head", "0001", "-- + index accounts.accounts_email\n");
    expect_between(&p, 1, "base", "old.sql", "-- + table accounts\n");
    expect_between(&p, 0, "0009", "head", "0009 has the schema of head");
    expect_between(&p, 2, "nosuch", "head", "nosuch");
    free(run(&p, 0, true, "up", "0001", NULL));
    expect_between(&p, 1, "head", "database", postgres ? "-- - function" : "accounts_email\n");
    free(run(&p, 0, true, "up", NULL, NULL));
    expect_between(&p, 0, "database", "head", "the database has the schema of head");
    expect_between(&p, 0, "head", "database", "head has the schema of database");
    temp_dir_remove(p.dir);
}

static void any_two_schemas_are_compared_on_sqlite(void **state)
{
    (void)state;
    between_walk(false);
}

static void any_two_schemas_are_compared_on_postgres(void **state)
{
    (void)state;
    between_walk(true);
}

static void a_check_finds_drift_and_edited_files_on_sqlite(void **state)
{
    (void)state;
    check_walk(false);
}

static void a_check_finds_drift_and_edited_files_on_postgres(void **state)
{
    (void)state;
    check_walk(true);
}

static void what_is_dumped_loads_again_and_what_differs_is_told_on_sqlite(void **state)
{
    (void)state;
    walk(false);
}

static void what_is_dumped_loads_again_and_what_differs_is_told_on_postgres(void **state)
{
    (void)state;
    walk(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_dumped_loads_again_and_what_differs_is_told_on_sqlite),
        cmocka_unit_test(what_is_dumped_loads_again_and_what_differs_is_told_on_postgres),
        cmocka_unit_test(any_two_schemas_are_compared_on_sqlite),
        cmocka_unit_test(any_two_schemas_are_compared_on_postgres),
        cmocka_unit_test(a_check_finds_drift_and_edited_files_on_sqlite),
        cmocka_unit_test(a_check_finds_drift_and_edited_files_on_postgres),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
