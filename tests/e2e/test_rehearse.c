/*
 * test_rehearse.c - pending migrations on a scratch copy: what is found, and that nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

struct project {
    char *dir;
    char setting[512];
};

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};

    if (postgres) {
        char *name = postgres_database(), *url = postgres_url_text(name);

        snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", url);
        free(url);
        free(name);
    } else {
        snprintf(p.setting, sizeof p.setting, "DATABASE_URL=sqlite:///a b.db");
    }
    temp_write(
        p.dir, "migrations/0001_a.sql",
        "-- migrate:up\nCREATE TABLE a (id integer PRIMARY KEY);\nINSERT INTO a VALUES (1);\n"
        "-- migrate:down\nDROP TABLE a;\n");
    return p;
}

/* Runs headgate; what it printed to both streams, for the caller to free. */
static char *run(const struct project *p, int status, const char *command)
{
    const char *const settings[] = {p->setting, NULL};
    const char *const argv[] = {TEST_HEADGATE, command, NULL};
    struct process_result r = process_run(p->dir, settings, argv);
    size_t size = strlen(r.out) + strlen(r.err) + 1;
    char *text = malloc(size);

    if (r.status != status)
        fail_msg("%s: exit %d, not %d\n%s%s", command, r.status, status, r.out, r.err);
    snprintf(text, size, "%s%s", r.out, r.err);
    process_release(&r);
    return text;
}

static void expect(const struct project *p, int status, const char *command, const char *text)
{
    char *said = run(p, status, command);

    if (strstr(said, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, said);
    free(said);
}

static void assert_nothing_is_left(const struct project *p, bool postgres)
{
    struct file_list names;
    char *answer;

    assert_true(file_list(p->dir, "", &names, NULL));
    for (size_t i = 0; i < names.count; i++)
        assert_null(strstr(names.names[i], "rehearsal"));
    file_list_release(&names);
    if (!postgres)
        return;
    answer = postgres_ask(NULL, "SELECT count(*) FROM pg_database WHERE datname LIKE "
                                "'headgate_scratch%'");
    assert_string_equal(answer, "0");
    free(answer);
}

static void walk(bool postgres)
{
    struct project p = project_make(postgres);

    free(run(&p, 0, "up"));
    expect(&p, 0, "rehearse", "nothing is pending");
    temp_write(p.dir, "migrations/0002_b.sql",
               "-- migrate:up\nCREATE TABLE b (id integer REFERENCES a (id), t text);\n"
               "INSERT INTO b SELECT 1, 'x' FROM a;\n-- migrate:down\nDROP TABLE b;\n");
    expect(&p, 0, "rehearse", "after each down the schema is what it was");
    expect(&p, 0, "current", "0001\n");
    temp_write(p.dir, "migrations/0003_c.sql",
               "-- migrate:up\nCREATE TABLE c (n integer);\nCREATE INDEX c_n ON b (t);\n"
               "-- migrate:down\nDROP INDEX c_n;\n");
    expect(&p, 1, "rehearse", "already exists");
    temp_write(p.dir, "migrations/0003_c.sql",
               "-- migrate:up\nCREATE INDEX c_n ON b (t);\n-- migrate:down\nSELECT 1;\n");
    expect(&p, 1, "rehearse", "already exists");
    temp_write(p.dir, "migrations/0003_c.sql",
               "-- migrate:up\nDROP TABLE IF EXISTS d;\nCREATE TABLE d (n integer);\n"
               "-- migrate:down\nSELECT 1;\n");
    expect(&p, 1, "rehearse", "0003, after down: table d is left over");
    temp_write(p.dir, "migrations/0003_c.sql", "-- migrate:up\nCREATE INDEX c_n ON b (t);\n");
    expect(&p, 4, "rehearse", "\"0003\" has no down section");
    temp_write(p.dir, "migrations/0003_c.sql",
               "-- migrate:up\nCREATE INDEX c_n ON b (t);\n-- migrate:down irreversible:true\n");
    expect(&p, 0, "rehearse", "not rolled back, being irreversible: 0003");
    temp_write(p.dir, "migrations/0003_c.sql", "-- migrate:up\nCREATE INDEX c_n ON nowhere (t);\n");
    expect(&p, 1, "rehearse", "0003_c.sql:2");
    expect(&p, 0, "current", "0001\n");
    assert_nothing_is_left(&p, postgres);
    temp_dir_remove(p.dir);
}

static void a_rehearsal_finds_what_down_leaves_and_leaves_nothing_itself_on_sqlite(void **state)
{
    (void)state;
    walk(false);
}

static void a_rehearsal_finds_what_down_leaves_and_leaves_nothing_itself_on_postgres(void **state)
{
    (void)state;
    walk(true);
}

static void without_the_right_to_create_databases_it_says_so(void **state)
{
    struct project p = project_make(true);
    char *name = strdup(strrchr(p.setting, '/') + 1);
    hg_url *url;

    (void)state;
    name[strcspn(name, "?")] = '\0';
    postgres_run(NULL, "DO $$ BEGIN CREATE ROLE plain LOGIN; EXCEPTION WHEN duplicate_object THEN "
                       "NULL; END $$");
    url = postgres_url_as("127.0.0.1", "plain", NULL, name);
    snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", hg_url_redacted(url));
    expect(&p, 1, "rehearse", "permission denied to create database");
    hg_url_free(url);
    free(name);
    temp_dir_remove(p.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rehearsal_finds_what_down_leaves_and_leaves_nothing_itself_on_sqlite),
        cmocka_unit_test(a_rehearsal_finds_what_down_leaves_and_leaves_nothing_itself_on_postgres),
        cmocka_unit_test(without_the_right_to_create_databases_it_says_so),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
