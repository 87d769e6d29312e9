/*
 * test_schema_requests.c - what is left out of a schema unless somebody asks: privileges, the
 * database in use as the beginning, another server for scratch databases; and what one transaction
 * cannot hold.
 */
#include "schema_project.h"

static const char granted[] =
    "CREATE TABLE accounts (id integer PRIMARY KEY, email text, secret text);\n"
    "CREATE SEQUENCE numbers;\nCREATE VIEW mails AS SELECT email FROM accounts;\n"
    "CREATE SCHEMA app;\n"
    "CREATE FUNCTION app.one() RETURNS integer LANGUAGE sql AS 'SELECT 1';\n"
    "GRANT SELECT ON accounts TO reader;\nGRANT SELECT, INSERT ON accounts TO writer;\n"
    "GRANT UPDATE (email) ON accounts TO reader;\nGRANT USAGE ON SEQUENCE numbers TO writer;\n"
    "GRANT SELECT ON mails TO \"odd, role\" WITH GRANT OPTION;\n"
    "GRANT USAGE ON SCHEMA app TO reader;\nREVOKE ALL ON FUNCTION app.one() FROM PUBLIC;\n"
    "GRANT EXECUTE ON FUNCTION app.one() TO writer;\n"
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader;\n";

static const char regranted[] =
    "CREATE TABLE accounts (id integer PRIMARY KEY, email text, secret text);\n"
    "CREATE SEQUENCE numbers;\nCREATE VIEW mails AS SELECT email FROM accounts;\n"
    "CREATE SCHEMA app;\nCREATE TABLE app.notes (id integer);\n"
    "CREATE FUNCTION app.one() RETURNS integer LANGUAGE sql AS 'SELECT 1';\n"
    "GRANT SELECT, DELETE ON accounts TO reader;\nGRANT SELECT ON accounts TO writer;\n"
    "GRANT UPDATE (email, secret) ON accounts TO reader;\n"
    "GRANT SELECT ON mails TO \"odd, role\";\nGRANT USAGE ON SCHEMA app TO reader;\n"
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, UPDATE ON TABLES TO writer;\n";

static void roles(void)
{
    postgres_run(NULL, "CREATE ROLE reader");
    postgres_run(NULL, "CREATE ROLE writer");
    postgres_run(NULL, "CREATE ROLE \"odd, role\"");
}

static void privileges_count_when_they_are_asked_for(void **state)
{
    struct project p = project_make(true, granted);
    char *before, *after;

    (void)state;
    roles();
    free(RUN(&p, 0, "rev", "-m", "first", "--autogenerate", "--privileges"));
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "check", "--privileges"), "schema      as in schema.sql");
    before = RUN(&p, 0, "schema", "dump", "--privileges", "-q");
    assert_non_null(
        strstr(before, "GRANT SELECT ON TABLE mails TO \"odd, role\" WITH GRANT OPTION"));
    assert_non_null(strstr(before, "GRANT UPDATE (email) ON TABLE accounts TO reader;\n"));
    assert_non_null(strstr(before, "REVOKE ALL ON FUNCTION app.one() FROM PUBLIC;\n"));
    temp_write(p.dir, "schema.sql", before);
    expect(RUN(&p, 0, "check", "--privileges"), "schema      as in schema.sql");

    temp_write(p.dir, "schema.sql", regranted);
    expect(RUN(&p, 1, "schema", "diff"), "+ table app.notes");
    expect(RUN(&p, 1, "check", "--privileges"), "accounts.secret: privileges");
    free(RUN(&p, 0, "rev", "-m", "second", "--autogenerate", "--privileges"));
    expect(RUN(&p, 0, "rev", "-m", "again", "--autogenerate", "--privileges"), "nothing to do: ");
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "check", "--privileges"), "schema      as in schema.sql");
    free(RUN(&p, 0, "down"));
    after = RUN(&p, 0, "schema", "dump", "--privileges", "-q");
    assert_string_equal(before, after);
    free(before);
    free(after);
    project_release(&p);
}

static void privileges_do_not_count_unless_they_are_asked_for(void **state)
{
    struct project p = project_make(true, "CREATE TABLE t (a integer);\n");
    char *dump;

    (void)state;
    free(RUN(&p, 0, "rev", "-m", "first", "--autogenerate"));
    free(RUN(&p, 0, "up"));
    temp_write(p.dir, "schema.sql", "CREATE TABLE t (a integer);\nGRANT SELECT ON t TO PUBLIC;\n");
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");
    expect(RUN(&p, 0, "rev", "-m", "again", "--autogenerate"), "nothing to do: ");
    dump = RUN(&p, 0, "schema", "dump");
    assert_null(strstr(dump, "GRANT"));
    free(dump);
    expect(RUN(&p, 2, "rev", "-m", "x", "--privileges"), "go with --autogenerate");
    project_release(&p);
    p = project_make(false, "CREATE TABLE t (a integer);\n");
    expect(RUN(&p, 2, "schema", "dump", "--privileges"), "SQLite knows no privileges");
    expect(RUN(&p, 2, "rev", "-m", "x", "--autogenerate", "--privileges"), "knows no privileges");
    project_release(&p);
}

/* Somebody made an index by hand: the next migration is written against it. */
static void live_walk(bool postgres)
{
    struct project p = project_make(postgres, "CREATE TABLE t (a integer, b text DEFAULT 'x');\n");

    free(RUN(&p, 0, "rev", "-m", "first", "--autogenerate"));
    free(RUN(&p, 0, "init"));
    expect(RUN(&p, 4, "rev", "-m", "x", "--autogenerate", "--live"), "not at head: 1 migration is");
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "rev", "-m", "x", "--autogenerate", "--live"), "nothing to do: ");
    temp_write(p.dir, "migrations/29990101000000_by_hand.sql",
               "-- migrate:up\nCREATE INDEX by_hand ON t (a);\n-- migrate:down\nSELECT 1;\n");
    free(RUN(&p, 0, "up"));
    temp_write(p.dir, "migrations/29990101000000_by_hand.sql",
               "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n");
    temp_write(p.dir, "schema.sql", "CREATE TABLE t (a integer, b text DEFAULT 'x', c text);\n");
    expect(RUN(&p, 0, "rev", "-m", "second", "--autogenerate", "--live"), "- index t.by_hand");
    project_release(&p);
}

static void a_migration_begins_with_the_database_in_use_on_sqlite(void **state)
{
    (void)state;
    live_walk(false);
}

static void a_migration_begins_with_the_database_in_use_on_postgres(void **state)
{
    (void)state;
    live_walk(true);
    expect_nothing_left();
}

/* Production takes what is written for it without a word said for it; what is not safe is marked in
 * the file, and refused. */
static void production_takes_what_is_generated(void **state)
{
    struct project p = project_make(
        true, "CREATE TABLE t (id integer PRIMARY KEY, a text, v varchar(9), n numeric(9,4));\n");
    const char *name = strrchr(p.url, '/') + 1;
    char database[64], settings[1100];
    char *files;

    (void)state;
    snprintf(database, sizeof database, "%.*s", (int)strcspn(name, "?"), name);
    free(RUN(&p, 0, "rev", "-m", "first", "--autogenerate"));
    free(RUN(&p, 0, "up"));
    postgres_run(database, "INSERT INTO t VALUES (1, 'x', 'ninechars', 1.2345)");
    snprintf(settings, sizeof settings, "ENV=production\nDATABASE_URL=%s\nDATABASE_URL_PROD=%s\n",
             p.url, p.url);
    temp_write(p.dir, ".env", settings);
    snprintf(p.setting, sizeof p.setting, "HEADGATE_UNUSED=1");
    temp_write(p.dir, "schema.sql",
               "CREATE TABLE t (id integer PRIMARY KEY, a text NOT NULL CHECK (a <> ''),\n"
               "  v varchar(20), n numeric(9,4), u text UNIQUE);\nCREATE INDEX i ON t (a);\n"
               "CREATE TABLE q (t integer REFERENCES t);\n");
    free(RUN(&p, 0, "rev", "-m", "second", "--autogenerate"));
    free(RUN(&p, 0, "up", "--confirm", database, "--no-measure"));
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");

    temp_write(p.dir, "schema.sql",
               "CREATE TABLE t (id integer PRIMARY KEY, a text NOT NULL CHECK (a <> ''),\n"
               "  v varchar(3), n numeric(9,2), u text UNIQUE);\nCREATE INDEX i ON t (a);\n"
               "CREATE TABLE q (t integer REFERENCES t);\n");
    expect(RUN(&p, 0, "rev", "-m", "third", "--autogenerate"), "are what production refuses");
    files = all_files(&p);
    assert_non_null(strstr(files, "-- loses data: digits of t.n, which was numeric(9,4)\n"));
    assert_non_null(strstr(files, "-- danger column-type: "));
    free(files);
    expect(RUN(&p, 4, "up", "--confirm", database), "column-type");
    expect(RUN(&p, 1, "up", "--confirm", database, "--accept", "column-type"), "too long for type");
    project_release(&p);
}

static void write_tables(const struct project *p, int count, const char *type)
{
    struct buf text = BUF_INIT(1 << 20);

    for (int i = 0; i < count; i++)
        buf_printf(&text,
                   "CREATE TABLE t%d (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
                   "  name %s UNIQUE, parent bigint REFERENCES t%d);\n",
                   i, type, i / 2);
    temp_write(p->dir, "schema.sql", count == 0 ? "" : text.bytes);
    buf_release(&text);
}

/* The server's table of locks has room for some two hundred: sixty tables with their keys, indexes
 * and sequences are more than that. */
static void what_no_transaction_can_hold_comes_in_parts(void **state)
{
    struct project p = project_make(true, "");
    size_t count;
    char *files;

    (void)state;
    postgres_run(NULL, "ALTER SYSTEM SET max_locks_per_transaction = 10");
    postgres_run(NULL, "ALTER SYSTEM SET max_connections = 15");
    postgres_restart(POSTGRES_FAST);
    write_tables(&p, 60, "text");
    expect(RUN(&p, 0, "rev", "-m", "many", "--autogenerate"), "_many_part_2.sql\n");
    files = all_files(&p);
    assert_null(strstr(files, "transaction:false"));
    free(files);
    expect_nothing_to_do(&p);
    free(RUN(&p, 0, "up"));
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");
    count = file_count(&p);
    write_tables(&p, 60, "varchar(9)"); /* columns are changed together or not at all */
    expect(RUN(&p, 1, "rev", "-m", "x", "--autogenerate"), "Raise max_locks_per_transaction on");
    assert_int_equal(file_count(&p), count);
    write_tables(&p, 0, "");
    free(RUN(&p, 0, "down", "base"));
    expect(RUN(&p, 0, "check"), "schema      as in schema.sql");
    project_release(&p);
    expect_nothing_left();
    postgres_run(NULL, "ALTER SYSTEM RESET ALL");
    postgres_restart(POSTGRES_FAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(privileges_count_when_they_are_asked_for),
        cmocka_unit_test(privileges_do_not_count_unless_they_are_asked_for),
        cmocka_unit_test(a_migration_begins_with_the_database_in_use_on_sqlite),
        cmocka_unit_test(a_migration_begins_with_the_database_in_use_on_postgres),
        cmocka_unit_test(production_takes_what_is_generated),
        cmocka_unit_test(what_no_transaction_can_hold_comes_in_parts),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
