/*
 * test_import.c - projects of other tools, taken over by command line: their graphs, their files,
 * what they say is applied.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headgate/session.h>

#include "base/file.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

struct project {
    char *dir;
    char url[400];
    char setting[512];
    bool postgres;
};

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make(), .postgres = postgres};

    if (postgres) {
        char *name = postgres_database(), *url = postgres_url_text(name);

        snprintf(p.url, sizeof p.url, "%s", url);
        free(url);
        free(name);
    } else {
        snprintf(p.url, sizeof p.url, "sqlite:///%s/app.db", p.dir);
    }
    snprintf(p.setting, sizeof p.setting, "DATABASE_URL=%s", p.url);
    return p;
}

/* What a tool has done before: statements, separated by semicolons. */
static void execute(const struct project *p, const char *sql)
{
    const hg_pool_options options = {
        .role = "test",
        .may_create = true,
        .settings = {
            .size = 1, .timeout_ms = 30000, .recycle_ms = -1, .connect_timeout_ms = 20000}};
    hg_url *url = NULL;
    hg_pool *pool = NULL;
    hg_conn *conn = NULL;
    hg_error err = {0};
    bool ok = hg_url_parse(p->url, &url, &err) && hg_pool_open(url, &options, &pool, &err)
              && hg_pool_checkout(pool, "test", hg_deadline_in_ms(30000), &conn, &err);

    for (const char *at = sql; ok && *at != '\0';) {
        char one[512];
        size_t n = strcspn(at, ";");

        snprintf(one, sizeof one, "%.*s", (int)n, at);
        ok = hg_conn_execute(conn, one, NULL, 0, hg_deadline_in_ms(30000), NULL, &err);
        at += n + (at[n] == ';');
    }
    if (!ok)
        fail_msg("%s", err.message);
    hg_pool_return(pool, conn);
    hg_pool_close(pool, hg_deadline_in_ms(60000));
    hg_url_free(url);
}

/* Runs headgate and compares exit status and what it prints; NULL: whatever it prints. */
static void expect(const struct project *p, int status, const char *out, const char *const *argv)
{
    const char *const settings[] = {p->setting, NULL};
    struct process_result r = process_run(p->dir, settings, argv);

    if (r.status != status || (out != NULL && strcmp(r.out, out) != 0))
        fail_msg("%s: exit %d, not %d\n%s%s", argv[1], r.status, status, r.out, r.err);
    process_release(&r);
}
#define EXPECT(p, status, out, ...) \
    expect((p), (status), (out), (const char *const[]){TEST_HEADGATE, __VA_ARGS__, NULL})

/* The error that a command ends with. */
static char *fault_of(const struct project *p, int status, const char *const *argv)
{
    const char *const settings[] = {p->setting, NULL};
    struct process_result r = process_run(p->dir, settings, argv);
    char *text = strdup(r.err);

    if (r.status != status)
        fail_msg("exit %d, not %d\n%s%s", r.status, status, r.out, r.err);
    process_release(&r);
    return text;
}
#define FAULT(p, status, ...) \
    fault_of((p), (status), (const char *const[]){TEST_HEADGATE, __VA_ARGS__, NULL})

/* --- Alembic --- */

/* 18 revisions, four branch points, two merges; "": the base. */
static const char *const graph[][2] = {
    {"r01", "None"},  {"r02", "'r01'"},          {"r03", "'r02'"}, {"r04", "'r03'"},
    {"r05", "'r03'"}, {"r06", "'r04'"},          {"r07", "'r05'"}, {"r08", "('r06', 'r07')"},
    {"r09", "'r08'"}, {"r10", "'r08'"},          {"r11", "'r08'"}, {"r12", "'r09'"},
    {"r13", "'r10'"}, {"r14", "('r12', 'r13')"}, {"r15", "'r14'"}, {"r16", "'r11'"},
    {"r17", "'r02'"}, {"r18", "'r17'"},
};
enum { REVISIONS = sizeof graph / sizeof *graph };

static void write_revision(const struct project *p, size_t i, const char *revision,
                           const char *down)
{
    char name[64], text[1024];

    snprintf(name, sizeof name, "migrations/versions/%s_step.py", revision);
    snprintf(text, sizeof text,
             "\"\"\"step %s\n\nCreate Date: 2023-01-%02zu 12:00:00.5\n\n\"\"\"\n"
             "from alembic import op\nimport sqlalchemy as sa\n\nrevision = '%s'\n"
             "down_revision = %s\nbranch_labels = None\ndepends_on = None\n\n\n"
             "def upgrade() -> None:\n    op.create_table('t%zu', sa.Column('n', sa.Integer), "
             "sa.Column('note', sa.String(5), server_default='50%%'))\n\n\n"
             "def downgrade() -> None:\n    op.drop_table('t%zu')\n",
             revision, i + 1, revision, down, i, i);
    temp_write(p->dir, name, text);
}

static void write_alembic(const struct project *p)
{
    temp_write(p->dir, "migrations/env.py",
               "from alembic import context\n"
               "def run():\n"
               "    context.configure(url=context.config.get_main_option('sqlalchemy.url'))\n"
               "    with context.begin_transaction():\n        context.run_migrations()\n"
               "if context.is_offline_mode():\n    run()\nelse:\n"
               "    from sqlalchemy import create_engine\n"
               "    with create_engine(context.config.get_main_option('sqlalchemy.url'))"
               ".connect() as connection:\n"
               "        context.configure(connection=connection)\n"
               "        with context.begin_transaction():\n            context.run_migrations()\n");
    temp_write(p->dir, "alembic.ini",
               "[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///app.db\n");
    for (size_t i = 0; i < REVISIONS; i++)
        write_revision(p, i, graph[i][0], graph[i][1]);
}

static void note_in_alembic_version(const struct project *p, const char *revision)
{
    char sql[256];

    snprintf(sql, sizeof sql,
             "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
             "INSERT INTO alembic_version VALUES ('%s')",
             revision);
    execute(p, sql);
}

/* As `alembic history` shows it: every revision behind what it revises, three of them heads. */
static void shows_the_graph(const struct project *p)
{
    const char *const settings[] = {p->setting, NULL};
    struct process_result r =
        process_run(p->dir, settings, (const char *const[]){TEST_HEADGATE, "history", NULL});
    const char *at = r.out;
    char row[64];

    assert_int_equal(r.status, 0);
    for (size_t i = 0; i < REVISIONS; i++) {
        snprintf(row, sizeof row, "\n%s ", graph[i][0]);
        at = strstr(at, row);
        if (at == NULL)
            fail_msg("%s is not where it should be in\n%s", graph[i][0], r.out);
    }
    assert_non_null(strstr(r.out, "\nr14       r12, r13  applied, current "));
    assert_non_null(strstr(r.out, "\nr11       r08       pending           "));
    assert_non_null(strstr(r.out, "\nr15       r14       pending, head     "));
    assert_non_null(strstr(r.out, "\nr16       r11       pending, head     "));
    assert_non_null(strstr(r.out, "\nr18       r17       pending, head     "));
    process_release(&r);
}

static void the_graph_of_an_alembic_project(bool postgres)
{
    struct project p = project_make(postgres);
    char *fault;

    write_alembic(&p);
    note_in_alembic_version(&p, "r14");
    EXPECT(&p, 0, "r15\nr16\nr18\n", "heads");
    EXPECT(&p, 0, "r15\nr16\nr18\n", "--migrations", "migrations/versions", "heads");
    EXPECT(&p, 0, "r14\n", "current");
    shows_the_graph(&p);
    fault = FAULT(&p, 1, "up");
    assert_non_null(strstr(fault, "\"r11\" is Alembic's, in Python"));
    assert_non_null(strstr(fault, "headgate import alembic"));
    free(fault);
    EXPECT(&p, 0, "r14\n", "current");
    temp_dir_remove(p.dir);
}

static void an_alembic_project_is_shown_without_python_on_sqlite(void **state)
{
    (void)state;
    the_graph_of_an_alembic_project(false);
}

static void an_alembic_project_is_shown_without_python_on_postgres(void **state)
{
    (void)state;
    the_graph_of_an_alembic_project(true);
}

static void a_broken_graph_is_shown_with_its_names(void **state)
{
    struct project p = project_make(false);
    char *fault;

    (void)state;
    write_alembic(&p);
    execute(&p, "CREATE TABLE a (n integer)");
    write_revision(&p, 30, "r19", "'r99'");
    write_revision(&p, 31, "r20", "('r18', 'r98')");
    fault = FAULT(&p, 2, "history");
    assert_non_null(strstr(fault, "\"r20\" revises \"r98\", which no file has"));
    assert_non_null(strstr(fault, "\"r19\" revises \"r99\", which no file has"));
    assert_non_null(strstr(fault, "r19_step.py"));
    free(fault);
    write_revision(&p, 30, "r19", "'r18'");
    write_revision(&p, 31, "r20", "'r19'");
    temp_write(p.dir, "migrations/versions/again.py", "revision = 'r05'\ndown_revision = 'r01'\n");
    fault = FAULT(&p, 2, "heads");
    assert_non_null(strstr(fault, "revision \"r05\" stands in two files"));
    free(fault);
    temp_dir_remove(p.dir);
}

static bool alembic_is_installed(void)
{
    return file_exists("/usr/bin/alembic");
}

/* What alembic prints, without "(head)" and such, its lines sorted. */
static void compare_heads(const struct project *p)
{
    const char *const settings[] = {NULL};
    const char *const argv[] = {"sh", "-c", "alembic heads | cut -d' ' -f1 | sort", NULL};
    struct process_result r = process_run(p->dir, settings, argv);

    EXPECT(p, 0, r.out, "heads");
    assert_string_equal(r.out, "r15\nr16\nr18\n");
    process_release(&r);
}

/* alembic history: "a, b -> c (head), message" a line; the edges are compared. */
static void compare_history(const struct project *p)
{
    const char *const settings[] = {p->setting, NULL};
    const char *const theirs[] = {"sh", "-c", "alembic history", NULL};
    const char *const ours[] = {TEST_HEADGATE, "history", NULL};
    struct process_result them = process_run(p->dir, settings, theirs);
    struct process_result us = process_run(p->dir, settings, ours);
    size_t lines = 0;

    for (const char *line = them.out; *line != '\0'; line = strchr(line, '\n') + 1, lines++) {
        char parents[64], revision[16], row[128];

        assert_int_equal(sscanf(line, "%63[^-]-> %15[^, (]", parents, revision), 2);
        parents[strlen(parents) - 1] = '\0';
        snprintf(row, sizeof row, "%-8s  %-8s  ", revision,
                 strcmp(parents, "<base>") == 0 ? "base" : parents);
        if (strstr(us.out, row) == NULL)
            fail_msg("\"%s\" is not in\n%s", row, us.out);
    }
    assert_int_equal(lines, REVISIONS);
    process_release(&them);
    process_release(&us);
}

static void alembic_becomes_sql(bool postgres)
{
    struct project p = project_make(postgres);
    char *path;

    if (!alembic_is_installed()) {
        temp_dir_remove(p.dir);
        skip();
    }
    write_alembic(&p);
    execute(&p, "CREATE TABLE a (n integer)");
    if (!postgres)
        compare_history(&p);
    EXPECT(&p, 0, "alembic: 18 revisions in migrations; 18 files written, 0 applied\n", "import",
           "alembic");
    EXPECT(&p, 0, "alembic: 18 revisions in migrations; 0 files written, 0 applied\n", "import",
           "alembic");
    EXPECT(&p, 0, "18 migrations done, now at r15, r16, r18\n", "up");
    EXPECT(&p, 0, "18 migrations done, now at base\n", "down", "base");
    EXPECT(&p, 0, NULL, "up", "r14");
    path = temp_path(p.dir, "migrations/20230101120000_step_r01.sql");
    assert_true(file_exists(path));
    free(path);
    if (!postgres)
        compare_heads(&p); /* Alembic works as before beside the new files */
    temp_dir_remove(p.dir);
}

static void what_alembic_cannot_write_stays_in_the_graph_and_fails_when_run(void **state)
{
    struct project p = project_make(false);
    char *fault;

    (void)state;
    if (!alembic_is_installed()) {
        temp_dir_remove(p.dir);
        skip();
    }
    write_alembic(&p);
    temp_write(p.dir, "migrations/versions/r19.py",
               "from alembic import op\nrevision = 'r19'\ndown_revision = 'r18'\n"
               "def upgrade():\n    list(op.get_bind().execute('SELECT 1'))\n"
               "def downgrade():\n    raise NotImplementedError()\n");
    write_revision(&p, 30, "r20", "'r19'");
    EXPECT(&p, 0,
           "alembic: 20 revisions in migrations; 20 files written, 0 applied\n"
           "1 of them cannot be run: Alembic could not write their SQL\n",
           "--migrations", "sql", "import", "alembic", "migrations");
    EXPECT(&p, 0, "r15\nr16\nr20\n", "--migrations", "sql", "heads");
    fault = FAULT(&p, 1, "--migrations", "sql", "up", "r20");
    assert_non_null(strstr(fault, "there_is_no_sql_of_this_revision_for_sqlite"));
    free(fault);
    EXPECT(&p, 0, "r18\n", "--migrations", "sql", "current");
    temp_dir_remove(p.dir);
}

static void an_alembic_project_becomes_sql_on_sqlite(void **state)
{
    (void)state;
    alembic_becomes_sql(false);
}

static void an_alembic_project_becomes_sql_on_postgres(void **state)
{
    (void)state;
    alembic_becomes_sql(true);
}

/* --- dbmate --- */

/* Who only looks hears what a run would be refused for. */
static void refuses(const struct project *p, const char *why)
{
    const char *const settings[] = {p->setting, NULL};
    const char *const status[] = {TEST_HEADGATE, "--migrations", "db/migrations", "status", NULL};
    struct process_result r = process_run(p->dir, settings, status);
    char *fault = FAULT(p, 4, "--migrations", "db/migrations", "up");

    if (strstr(r.out, why) == NULL || strstr(r.out, "headgate import") == NULL)
        fail_msg("\"%s\" is not in\n%s", why, r.out);
    assert_non_null(strstr(fault, why));
    assert_non_null(strstr(fault, "headgate import"));
    free(fault);
    free(FAULT(p, 4, "--migrations", "db/migrations", "up", "--plan"));
    process_release(&r);
}

static void a_folder_of_dbmate_goes_on_and_back(bool postgres)
{
    struct project p = project_make(postgres);

    temp_write(p.dir, "db/migrations/20240101000001_a.sql",
               "-- migrate:up\nCREATE TABLE a (n integer);\n-- migrate:down\nDROP TABLE a;\n");
    temp_write(p.dir, "db/migrations/20240101000002_b.sql",
               "-- migrate:up\nCREATE TABLE b (n integer);\n-- migrate:down\nDROP TABLE b;\n");
    temp_write(p.dir, "db/migrations/20240101000003_c.sql",
               "-- migrate:up\nCREATE TABLE c (n integer);\n-- migrate:down\nDROP TABLE c;\n");
    execute(&p, "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
                "INSERT INTO schema_migrations VALUES ('20240101000001'), ('20240101000002');"
                "CREATE TABLE a (n integer);CREATE TABLE b (n integer)");
    refuses(&p, "another tool has migrated this database: its table is \"schema_migrations\"");
    EXPECT(&p, 0, "dbmate: 3 revisions in db/migrations; 0 files written, 2 applied\n",
           "--migrations", "db/migrations", "import", "dbmate");
    EXPECT(&p, 0, "20240101000002\n", "--migrations", "db/migrations", "current");
    EXPECT(&p, 0, NULL, "--migrations", "db/migrations", "up");
    execute(&p, "INSERT INTO c SELECT 1 FROM schema_migrations WHERE version = '20240101000003'");
    execute(&p, "DELETE FROM schema_migrations WHERE version = '20240101000003';DROP TABLE c");
    refuses(&p, "dbmate has rolled back \"20240101000003\" since"); /* as dbmate leaves it */
    EXPECT(&p, 0, NULL, "--migrations", "db/migrations", "import", "dbmate");
    EXPECT(&p, 0, "20240101000002\n", "--migrations", "db/migrations", "current");
    EXPECT(&p, 0, NULL, "--migrations", "db/migrations", "up");
    EXPECT(&p, 0, NULL, "--migrations", "db/migrations", "down", "-2");
    execute(&p, "CREATE TABLE b (n integer);CREATE TABLE c (n integer);"
                "INSERT INTO b SELECT count(*) FROM schema_migrations;"
                "CREATE TABLE is_one (n integer CHECK (n = 1));INSERT INTO is_one SELECT n FROM b");
    temp_dir_remove(p.dir);
}

static void a_folder_of_dbmate_goes_on_and_back_on_sqlite(void **state)
{
    (void)state;
    a_folder_of_dbmate_goes_on_and_back(false);
}

static void a_folder_of_dbmate_goes_on_and_back_on_postgres(void **state)
{
    (void)state;
    a_folder_of_dbmate_goes_on_and_back(true);
}

static void what_dbmate_left_out_is_named(void **state)
{
    struct project p = project_make(false);
    char *fault;

    (void)state;
    temp_write(p.dir, "old/01_a.sql", "-- migrate:up\nCREATE TABLE a (n integer);\n");
    temp_write(p.dir, "old/02_b.sql", "-- migrate:up\nCREATE TABLE b (n integer);\n");
    execute(&p, "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
                "INSERT INTO schema_migrations VALUES ('02')");
    fault = FAULT(&p, 4, "import", "dbmate", "old");
    assert_non_null(strstr(fault, "\"02\" is applied, but \"01\" is not"));
    free(fault);
    execute(&p, "INSERT INTO schema_migrations VALUES ('03')");
    fault = FAULT(&p, 4, "import", "dbmate", "old");
    assert_non_null(strstr(fault, "\"03\" is applied, which no file has"));
    free(fault);
    temp_dir_remove(p.dir);
}

/* --- the others --- */

static void the_rest_runs(const struct project *p, const char *tool, const char *dir,
                          const char *told)
{
    char line[256];

    snprintf(line, sizeof line, "%s: 3 revisions in %s; 3 files written, 2 applied\n", tool, dir);
    EXPECT(p, 0, line, "import", tool, dir);
    EXPECT(p, 0, told, "up");
    EXPECT(p, 0, NULL, "down", "base"); /* what the tool applied has its way back too */
    EXPECT(p, 0, NULL, "up");
}

static void take_over_goose(bool postgres)
{
    struct project p = project_make(postgres);

    temp_write(p.dir, "sql/00001_a.sql",
               "-- +goose Up\nCREATE TABLE a (n integer);\n\n-- +goose Down\nDROP TABLE a;\n");
    temp_write(p.dir, "sql/00002_b.sql",
               "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE b (n integer);\n"
               "-- +goose Down\nDROP TABLE b;\n");
    temp_write(p.dir, "sql/00010_c.sql",
               "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE c (n integer);\n"
               "-- +goose StatementEnd\n-- +goose Down\nDROP TABLE c;\n");
    execute(&p, "CREATE TABLE goose_db_version (id integer PRIMARY KEY, version_id bigint, "
                "is_applied boolean);"
                "INSERT INTO goose_db_version VALUES (1, 0, true), (2, 1, true), (3, 2, true), "
                "(4, 10, true), (5, 10, false);"
                "CREATE TABLE a (n integer);CREATE TABLE b (n integer)");
    the_rest_runs(&p, "goose", "sql", "1 migration done, now at 10\n");
    temp_dir_remove(p.dir);
}

static void goose_is_taken_over_on_sqlite(void **state)
{
    (void)state;
    take_over_goose(false);
}

static void goose_is_taken_over_on_postgres(void **state)
{
    (void)state;
    take_over_goose(true);
}

static void take_over_golang_migrate(bool postgres)
{
    struct project p = project_make(postgres);
    char *fault;

    temp_write(p.dir, "sql/000001_a.up.sql", "CREATE TABLE a (n integer);\n");
    temp_write(p.dir, "sql/000001_a.down.sql", "DROP TABLE a;");
    temp_write(p.dir, "sql/000002_b.up.sql", "BEGIN;\nCREATE TABLE b (n integer);\nCOMMIT;\n");
    temp_write(p.dir, "sql/000002_b.down.sql", "DROP TABLE b;\n");
    temp_write(p.dir, "sql/000003_c.up.sql", "CREATE TABLE c (n integer)");
    temp_write(p.dir, "sql/000003_c.down.sql", "DROP TABLE c;\n");
    execute(&p, "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean);"
                "INSERT INTO schema_migrations VALUES (2, true);"
                "CREATE TABLE a (n integer);CREATE TABLE b (n integer)");
    fault = FAULT(&p, 4, "import", "golang-migrate", "sql");
    assert_non_null(strstr(fault, "dirty"));
    free(fault);
    execute(&p, "UPDATE schema_migrations SET dirty = false");
    the_rest_runs(&p, "golang-migrate", "sql", "1 migration done, now at 3\n");
    temp_dir_remove(p.dir);
}

static void golang_migrate_is_taken_over_on_sqlite(void **state)
{
    (void)state;
    take_over_golang_migrate(false);
}

static void golang_migrate_is_taken_over_on_postgres(void **state)
{
    (void)state;
    take_over_golang_migrate(true);
}

static void flyway_is_taken_over(void **state)
{
    struct project p = project_make(true);

    (void)state;
    temp_write(p.dir, "sql/V1__a.sql", "CREATE TABLE a (n integer);\n");
    temp_write(p.dir, "sql/U1__a.sql", "DROP TABLE a;\n");
    temp_write(p.dir, "sql/V1_9__b.sql", "CREATE TABLE b (n integer);\n");
    temp_write(p.dir, "sql/U1_9__b.sql", "DROP TABLE b;\n");
    temp_write(p.dir, "sql/V1_10__c.sql", "CREATE TABLE c (n integer);\n");
    temp_write(p.dir, "sql/U1_10__c.sql", "DROP TABLE c;\n");
    execute(&p, "CREATE TABLE flyway_schema_history (installed_rank integer, version varchar(50), "
                "type varchar(20), success boolean);"
                "INSERT INTO flyway_schema_history VALUES (1, '1', 'BASELINE', true), "
                "(2, '1.9', 'SQL', true), (3, NULL, 'SQL', true);"
                "CREATE TABLE a (n integer);CREATE TABLE b (n integer)");
    the_rest_runs(&p, "flyway", "sql", "1 migration done, now at 1.10\n");
    temp_dir_remove(p.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alembic_project_is_shown_without_python_on_sqlite),
        cmocka_unit_test(an_alembic_project_is_shown_without_python_on_postgres),
        cmocka_unit_test(a_broken_graph_is_shown_with_its_names),
        cmocka_unit_test(an_alembic_project_becomes_sql_on_sqlite),
        cmocka_unit_test(an_alembic_project_becomes_sql_on_postgres),
        cmocka_unit_test(what_alembic_cannot_write_stays_in_the_graph_and_fails_when_run),
        cmocka_unit_test(a_folder_of_dbmate_goes_on_and_back_on_sqlite),
        cmocka_unit_test(a_folder_of_dbmate_goes_on_and_back_on_postgres),
        cmocka_unit_test(what_dbmate_left_out_is_named),
        cmocka_unit_test(goose_is_taken_over_on_sqlite),
        cmocka_unit_test(goose_is_taken_over_on_postgres),
        cmocka_unit_test(golang_migrate_is_taken_over_on_sqlite),
        cmocka_unit_test(golang_migrate_is_taken_over_on_postgres),
        cmocka_unit_test(flyway_is_taken_over),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
