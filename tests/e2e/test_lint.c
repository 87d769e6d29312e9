/*
 * test_lint.c - headgate lint as a build and an operator run it: what is pending or named, with a
 * database or without, and the exit status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/process.h"
#include "support/temp.h"

static const char database[] = "DATABASE_URL=sqlite:///app.db";
static const char nobody[] = "DATABASE_URL=postgresql://app@127.0.0.1:1/app";

static int make_project(void **state)
{
    char *dir = temp_dir_make();

    temp_write(dir, "migrations/0001_a.sql",
               "-- migrate:up\nCREATE TABLE t (a integer);\nDROP TABLE IF EXISTS old;\n");
    temp_write(dir, "migrations/0002_b.sql",
               "-- migrate:up\nCREATE INDEX i\n  ON t (a);\n-- migrate:down\nDROP INDEX i;\n");
    *state = dir;
    return 0;
}

static int remove_project(void **state)
{
    temp_dir_remove(*state);
    return 0;
}

static void assert_said(struct process_result r, int status, const char *out, const char *err)
{
    if (r.status != status)
        fail_msg("exit %d, not %d\n%s%s", r.status, status, r.out, r.err);
    if (strstr(r.out, out) == NULL || strstr(r.err, err) == NULL)
        fail_msg("\"%s\" or \"%s\" is missing in\n%s%s", out, err, r.out, r.err);
    process_release(&r);
}

static void what_is_applied_is_not_looked_into_again(void **state)
{
    struct process_result r;

    assert_said(headgate_run(*state, database, "lint", NULL), 1, "2 files as SQLite", "all files");
    assert_said(headgate_run(*state, database, "up", "0001", "--yes", NULL), 0, "", "0001");
    r = headgate_run(*state, database, "lint", NULL);
    assert_null(strstr(r.out, "0001_a.sql"));
    assert_said(r, 1,
                "migrations/0002_b.sql:2: danger index-blocks-writes (postgresql): builds the "
                "index from all rows while nobody may write to the table\n"
                "    CREATE INDEX i ...\n"
                "    instead: CREATE INDEX CONCURRENTLY in a migration with transaction:false\n"
                "1 file as SQLite 3.53 and PostgreSQL 15: 1 danger that production refuses, ",
                "");
    assert_said(headgate_run(*state, database, "lint", "--dialect", "sqlite", NULL), 0,
                "1 file as SQLite 3.53: 0 dangers", "");
    assert_said(headgate_run(*state, database, "up", "--yes", NULL), 0, "", "0002");
    assert_said(headgate_run(*state, database, "lint", NULL), 0, "0 files", "");
}

static void without_a_database_all_files_are_looked_into_and_none_is_made(void **state)
{
    char *path = temp_path(*state, "app.db");

    assert_said(headgate_run(*state, nobody, "lint", NULL), 1, "0001_a.sql:3: danger drop-table",
                "all files are looked into");
    assert_said(headgate_run(*state, database, "lint", NULL), 1, "2 files", "");
    assert_false(file_exists(path));
    free(path);
}

static void named_files_need_no_setting_at_all(void **state)
{
    assert_said(
        headgate_run(*state, "DATABASE_URL=nonsense", "lint", "migrations/0002_b.sql", NULL), 1,
        "1 file as", "");
    assert_said(headgate_run(*state, NULL, "lint", "migrations/0002_b.sql", "--accept",
                             "index-blocks-writes", NULL),
                0, "accepted: --accept", "");
}

static void what_engines_have_alike_is_told_once(void **state)
{
    struct process_result r;

    r = headgate_run(*state, NULL, "lint", "migrations/0001_a.sql", NULL);
    assert_non_null(strstr(r.out, "0001_a.sql:3: danger drop-table (sqlite, postgresql): "));
    assert_non_null(strstr(r.out, ": 1 danger that"));
    process_release(&r);
    assert_said(headgate_run(*state, NULL, "lint", "--down", "migrations/0002_b.sql", NULL), 0,
                "1 file as SQLite 3.53 and PostgreSQL 15: 0 dangers", "");
    temp_write(*state, "c.sql", "-- migrate:up\nSELECT 'open;\n");
    r = headgate_run(*state, NULL, "lint", "c.sql", NULL);
    assert_non_null(strstr(r.out, "1 fault\n"));
    assert_non_null(strstr(r.err, "c.sql:2:8: "));
    assert_null(strstr(strstr(r.err, "c.sql:2:8: ") + 1, "c.sql:2:8: "));
    process_release(&r);
}

static void a_fault_has_its_place_and_hides_no_other_file(void **state)
{
    temp_write(*state, "c.sql", "-- migrate:up\nCREATE TABEL x (y integer);\n");
    assert_said(headgate_run(*state, NULL, "lint", "c.sql", "migrations/0002_b.sql", NULL), 2,
                "danger index-blocks-writes",
                "c.sql:2:8: syntax error at or near \"TABEL\" (SQLSTATE 42601)\n"
                "  2 | CREATE TABEL x (y integer);\n"
                "             ^\n");
    assert_said(headgate_run(*state, NULL, "lint", "nowhere.sql", NULL), 2, "",
                "could not open \"nowhere.sql\"");
    assert_said(headgate_run(*state, NULL, "lint", "c.sql", "--json", NULL), 2,
                "\"line\":2,\"column\":8", "");
}

static void a_version_is_one_of_an_engine_that_is_asked_for(void **state)
{
    temp_write(*state, "c.sql", "-- migrate:up\nALTER TABLE t DROP COLUMN a;\n");
    assert_said(headgate_run(*state, NULL, "lint", "c.sql", "--server-version", "3.34,18", NULL), 1,
                "c.sql:2: danger not-in-this-version (sqlite)", "");
    assert_said(headgate_run(*state, NULL, "lint", "c.sql", "--server-version", "99", NULL), 2, "",
                "what PostgreSQL 99 does is not known here");
    assert_said(headgate_run(*state, NULL, "lint", "c.sql", "--server-version", "15", "--dialect",
                             "sqlite", NULL),
                2, "", "which --dialect leaves out");
    assert_said(headgate_run(*state, NULL, "lint", "c.sql", "--server-version", "1x", NULL), 2, "",
                "is no version");
    assert_said(headgate_run(*state, NULL, "lint", "c.sql", "--dialect", "oracle", NULL), 2, "",
                "is not sqlite, postgresql or both");
}

#define PROJECT_TEST(name) cmocka_unit_test_setup_teardown(name, make_project, remove_project)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROJECT_TEST(what_is_applied_is_not_looked_into_again),
        PROJECT_TEST(without_a_database_all_files_are_looked_into_and_none_is_made),
        PROJECT_TEST(named_files_need_no_setting_at_all),
        PROJECT_TEST(what_engines_have_alike_is_told_once),
        PROJECT_TEST(a_fault_has_its_place_and_hides_no_other_file),
        PROJECT_TEST(a_version_is_one_of_an_engine_that_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
