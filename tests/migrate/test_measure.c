/*
 * test_measure.c - what a plan says when its statements were tried on an empty copy of the schema:
 * more than the table of forms knows, never anything to the database itself, and nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <headgate/migrate.h>

#include "support/pgbouncer.h"
#include "support/postgres.h"
#include "support/temp.h"
#include "support/threads.h"

/* A database and a folder of a test's own. */
struct world {
    char *dir;
    hg_url *url;
    hg_pool *pool;
    hg_plan *plan;
    hg_error err; /* of what failed last */
};

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static bool open_pool(struct world *w)
{
    const hg_pool_options options = {
        .role = "test",
        .settings = {.size = 2, .max_overflow = 4, .timeout_ms = 60000, .recycle_ms = -1}};

    return hg_pool_open(w->url, &options, &w->pool, NULL);
}

static int make_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char *name = postgres_database();

    w->dir = temp_dir_make();
    w->url = postgres_url(name);
    free(name);
    *state = w;
    return open_pool(w) ? 0 : -1;
}

static int remove_world(void **state)
{
    struct world *w = *state;

    hg_plan_free(w->plan);
    hg_pool_close(w->pool, soon());
    hg_url_free(w->url);
    temp_dir_remove(w->dir);
    free(w);
    return 0;
}

static void sql(struct world *w, const char *text)
{
    postgres_run(hg_url_database(w->url), text);
}

/* The first field of a query's first row is true. */
static bool holds(const struct world *w, const char *text)
{
    char *answer = postgres_ask(hg_url_database(w->url), text);
    bool yes = answer[0] == 't';

    free(answer);
    return yes;
}

static hg_migrate_options options_of(const struct world *w)
{
    hg_migrate_options options = hg_migrate_options_default(w->dir);

    options.measure = true;
    return options;
}

static void assert_nothing_left(const struct world *w)
{
    assert_true(holds(w, "SELECT count(*) = 0 FROM pg_database "
                         "WHERE datname LIKE 'headgate_scratch_%'"));
}

static void plan_with(struct world *w, const hg_migrate_options *options)
{
    w->err = (hg_error){0};
    hg_plan_free(w->plan);
    w->plan = NULL;
    hg_plan_make(w->pool, options, soon(), &w->plan, &w->err);
    if (w->err.code != HG_OK)
        fail_msg("%s:%d: %s", w->err.file, w->err.line, w->err.message);
    assert_nothing_left(w);
}

/* Plans a migration of these statements. */
static void plan(struct world *w, const char *text)
{
    const hg_migrate_options options = options_of(w);
    char file[4096];

    snprintf(file, sizeof file, "-- migrate:up\n%s\n", text);
    temp_write(w->dir, "0001_a.sql", file);
    plan_with(w, &options);
}

static const hg_plan_statement *statement(const struct world *w, size_t i)
{
    assert_true(i < w->plan->steps[0].statement_count);
    return &w->plan->steps[0].statements[i];
}

/*
 * Of a statement "source LOCK table, LOCK table: hazards", and behind it why it was not measured.
 * Of a table also what was done to all of it: s, r, b, l.
 */
static const char *said(const struct world *w, size_t i)
{
    static char out[1024];
    const hg_plan_statement *s = statement(w, i);
    size_t n = (size_t)snprintf(out, sizeof out, "%s", hg_plan_source_name(s->source));

    for (size_t t = 0; t < s->table_count; t++) {
        const hg_plan_table *table = &s->tables[t];

        n += (size_t)snprintf(
            out + n, sizeof out - n, "%s %s %s%s%s%s%s%s%s", t > 0 ? "," : "",
            hg_lock_mode_name(table->lock), table->name, table->created ? " new" : "",
            table->scan || table->rewrite || table->loses_rows ? " " : "", table->scan ? "s" : "",
            table->rewrite ? "r" : "", table->index_build ? "b" : "", table->loses_rows ? "l" : "");
    }
    n += (size_t)snprintf(out + n, sizeof out - n, ":");
    for (size_t h = 0; h < s->hazard_count; h++)
        n += (size_t)snprintf(out + n, sizeof out - n, " %s", s->hazards[h].id);
    if (s->unmeasured[0] != '\0')
        snprintf(out + n, sizeof out - n, " (%s)", s->unmeasured);
    return out;
}

static void make_schema(struct world *w)
{
    sql(w, "CREATE DOMAIN positive AS int CHECK (VALUE > 0)");
    sql(w, "CREATE TABLE p (id int PRIMARY KEY)");
    sql(w, "CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(50), p int CONSTRAINT t_p "
           "REFERENCES p, CONSTRAINT t_a CHECK (a IS NOT NULL))");
    sql(w, "CREATE VIEW v AS SELECT id, a FROM t");
    sql(w, "CREATE TABLE pt (id int, a int) PARTITION BY RANGE (id)");
    sql(w, "CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (100)");
    sql(w, "CREATE TABLE ptd PARTITION OF pt DEFAULT");
    sql(w, "INSERT INTO p SELECT generate_series(1, 40)");
    sql(w, "ANALYZE p");
}

/* --- more than the table of forms knows --- */

static void check_what_is_seen(struct world *w)
{
    static const struct {
        const char *sql, *said;
    } cases[] = {
        /* the worst that it could be, and is not */
        {"ALTER TABLE t ALTER b TYPE varchar(90)", "measured ACCESS EXCLUSIVE public.t:"},
        {"ALTER TABLE t ALTER b TYPE varchar(20)",
         "measured ACCESS EXCLUSIVE public.t srb: column-type"},
        {"ALTER TABLE t ALTER a SET NOT NULL", "measured ACCESS EXCLUSIVE public.t:"},
        {"ALTER TABLE t ALTER p SET NOT NULL",
         "measured ACCESS EXCLUSIVE public.t s: not-null-scan"},
        {"ALTER DOMAIN positive ADD CHECK (VALUE < 9)", "measured:"},

        /* tables that it does not name */
        {"ALTER TABLE pt ADD c int", "measured ACCESS EXCLUSIVE public.pt, "
                                     "ACCESS EXCLUSIVE public.pt1, ACCESS EXCLUSIVE public.ptd:"},
        {"UPDATE v SET a = 1 WHERE id = 1", "measured ROW EXCLUSIVE public.t, "
                                            "ROW EXCLUSIVE public.v s:"},

        /* work that no form foretells */
        {"ALTER TABLE p ADD c positive", "measured ACCESS EXCLUSIVE public.p srb: table-rewrite"},
        {"CREATE TABLE pt2 PARTITION OF pt FOR VALUES FROM (100) TO (200)",
         "measured ACCESS EXCLUSIVE public.pt, ACCESS EXCLUSIVE public.ptd s: table-scan "
         "partition-of-locks-parent"},

        /* what goes */
        {"TRUNCATE t", "measured ACCESS EXCLUSIVE public.t rl: truncate"},
        {"DROP TABLE p CASCADE", "measured ACCESS EXCLUSIVE public.p l, ACCESS EXCLUSIVE "
                                 "public.t: drop-table drop-cascade"},
    };
    const hg_migrate_options options = options_of(w);
    char text[2048] = "-- migrate:up transaction:false\n";

    make_schema(w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s;\n", cases[i].sql);
    temp_write(w->dir, "0001_a.sql", text);
    plan_with(w, &options);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(said(w, i), cases[i].said) != 0)
            fail_msg("%s\n  is said:  %s\n  expected: %s", cases[i].sql, said(w, i), cases[i].said);
}

static void what_a_statement_does_is_seen_and_not_guessed(void **state)
{
    check_what_is_seen(*state);
}

/* Of which only that part is copied that the statements may touch. */
static void a_large_schema_makes_no_difference(void **state)
{
    struct world *w = *state;

    sql(w, "DO $$ BEGIN FOR i IN 1..150 LOOP EXECUTE format('CREATE TABLE filler_%s "
           "(a int PRIMARY KEY, b int, c int, d int, e int, f int)', i); END LOOP; END $$");
    check_what_is_seen(w);
}

static void a_table_that_nobody_names_has_its_rows_and_size(void **state)
{
    struct world *w = *state;
    const hg_plan_table *p;

    make_schema(w);
    plan(w, "ALTER TABLE t DROP CONSTRAINT t_p;");
    p = &statement(w, 0)->tables[0];
    assert_string_equal(p->name, "public.p");
    assert_int_equal(p->rows, 40);
    assert_true(p->size_bytes > 0);
    assert_true(w->plan->measured_ms > 0);
    assert_string_equal(w->plan->unmeasured, "");
}

static void each_statement_finds_what_those_before_it_did(void **state)
{
    struct world *w = *state;

    make_schema(w);
    plan(w, "CREATE TABLE fresh (id int);\n"
            "CREATE INDEX i ON fresh (id);\n"
            "ALTER TABLE p RENAME TO parents;\n"
            "ALTER TABLE parents ADD c int DEFAULT random();\n"
            "DROP TABLE parents CASCADE;");
    assert_string_equal(said(w, 0), "measured:");
    assert_string_equal(said(w, 1), "measured SHARE public.fresh new sb:");
    assert_string_equal(said(w, 3), "measured ACCESS EXCLUSIVE public.p srb: table-rewrite");
    assert_string_equal(said(w, 4), "measured ACCESS EXCLUSIVE public.p l, ACCESS EXCLUSIVE "
                                    "public.t: drop-table drop-cascade");
    assert_int_equal(statement(w, 4)->tables[0].rows, 40);
}

static void settings_hold_for_the_statements_behind_them(void **state)
{
    struct world *w = *state;

    sql(w, "CREATE SCHEMA apart");
    sql(w, "CREATE TABLE apart.t (a int)");
    plan(w, "SET LOCAL search_path = apart;\nALTER TABLE t ADD b int;");
    assert_string_equal(said(w, 1), "measured ACCESS EXCLUSIVE apart.t:");
    plan(w, "SET SESSION search_path TO apart;\nSET ROLE nobody_here;\nALTER TABLE t ADD b int;");
    assert_string_equal(said(w, 2), "measured ACCESS EXCLUSIVE apart.t:");
    plan(w, "SELECT pg_catalog.set_config('search_path', 'apart', false);\n"
            "ALTER TABLE t ADD b int;");
    assert_string_equal(said(w, 1), "measured ACCESS EXCLUSIVE apart.t:");
}

static void what_no_transaction_can_hold_comes_from_the_table_and_is_there_afterwards(void **state)
{
    struct world *w = *state;

    make_schema(w);
    plan(w, "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);\n"
            "ALTER TABLE t ADD CONSTRAINT i UNIQUE USING INDEX i;\n"
            "VACUUM t;\n"
            "ALTER TABLE t ADD d int;");
    assert_string_equal(said(w, 0), "table SHARE UPDATE EXCLUSIVE public.t sb: not-in-transaction "
                                    "(no transaction can hold it)");
    assert_string_equal(said(w, 1), "measured ACCESS EXCLUSIVE public.t:");
    assert_int_equal(statement(w, 2)->source, HG_PLAN_TABLE);
    assert_int_equal(statement(w, 3)->source, HG_PLAN_MEASURED);
}

static void a_way_down_is_measured_too(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_of(w);
    hg_run_result result;

    temp_write(w->dir, "0001_a.sql",
               "-- migrate:up\nCREATE TABLE a (id int PRIMARY KEY);\n"
               "CREATE TABLE b (id int REFERENCES a);\n"
               "-- migrate:down\nDROP TABLE b;\nDROP TABLE a;\n");
    assert_true(hg_migrate_run(w->pool, &options, NULL, &result, NULL));
    hg_run_result_release(&result);
    sql(w, "INSERT INTO a VALUES (1), (2)");
    options.kind = HG_MIGRATE_DOWN;
    plan_with(w, &options);
    assert_string_equal(said(w, 0), "measured ACCESS EXCLUSIVE public.a, ACCESS EXCLUSIVE "
                                    "public.b l: drop-table");
    assert_int_equal(statement(w, 1)->tables[0].rows, 2);
    assert_true(statement(w, 1)->tables[0].rows_exact);
}

/* --- never anything to the database itself --- */

static void code_is_not_run(void **state)
{
    struct world *w = *state;

    make_schema(w);
    plan(w, "SELECT pg_create_physical_replication_slot('seen');\n"
            "INSERT INTO p SELECT length(pg_create_physical_replication_slot('seen')::text);\n"
            "CREATE TABLE x AS SELECT pg_create_physical_replication_slot('seen')::text;\n"
            "CREATE MATERIALIZED VIEW mv AS SELECT x.*, pg_create_physical_replication_slot('seen')"
            "::text AS y FROM x;\n"
            "REFRESH MATERIALIZED VIEW mv;\n"
            "SELECT set_config('a.b', pg_create_physical_replication_slot('seen')::text, false);\n"
            "DO $$ BEGIN PERFORM pg_create_physical_replication_slot('seen'); END $$;\n"
            "ALTER TABLE t ADD c int;");
    assert_true(holds(w, "SELECT count(*) = 0 FROM pg_replication_slots"));
    assert_string_equal(said(w, 0), "measured:");
    assert_string_equal(said(w, 1), "measured ROW EXCLUSIVE public.p:");
    assert_string_equal(said(w, 2), "measured:");
    assert_string_equal(said(w, 3), "measured ACCESS SHARE public.x new:");
    assert_string_equal(statement(w, 4)->unmeasured, "it runs a query, which is not tried");
    assert_string_equal(said(w, 6), "table: code-not-read (it runs code, which is not tried)");
    assert_string_equal(said(w, 7), "table ACCESS EXCLUSIVE public.t: "
                                    "(an earlier statement could not be tried: what was seen "
                                    "counts beside the table of forms)");
}

static void what_all_databases_share_stays_as_it_is(void **state)
{
    struct world *w = *state;

    make_schema(w);
    plan(w, "CREATE ROLE measured;\nALTER DATABASE postgres SET work_mem = '5MB';\n"
            "ALTER TABLE t ADD c int;");
    assert_string_equal(said(w, 0), "table: (it changes what all databases of the server share)");
    assert_string_equal(said(w, 1), "table: (an earlier statement could not be tried)");
    assert_string_equal(statement(w, 2)->table, "public.t");
    assert_true(holds(w, "SELECT count(*) = 0 FROM pg_roles WHERE rolname = 'measured'"));
    assert_true(holds(w, "SELECT count(*) = 0 FROM pg_db_role_setting WHERE setdatabase <> 0"));
}

/* Of the versions of all rows in the catalogs that a statement here would change. */
static char *state_of(const struct world *w)
{
    return postgres_ask(hg_url_database(w->url),
                        "SELECT md5(string_agg(x, ',' ORDER BY x)) FROM ("
                        "SELECT 'c' || oid || ':' || xmin FROM pg_class UNION ALL "
                        "SELECT 'a' || attrelid || '.' || attnum || ':' || xmin FROM pg_attribute "
                        "UNION ALL SELECT 'd' || objid || '.' || refobjid || ':' || xmin "
                        "FROM pg_depend UNION ALL SELECT 'p' || xmin || ':' || id FROM p) v (x)");
}

static void the_database_is_read_and_no_more(void **state)
{
    struct world *w = *state;
    char *before, *after;

    make_schema(w);
    before = state_of(w);
    plan(w, "CREATE TABLE x (id int);\nALTER TABLE t ADD c int;\nDELETE FROM p;\n"
            "DROP TABLE p CASCADE;");
    after = state_of(w);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void a_table_that_somebody_has_locked_is_waited_for_by_nobody(void **state)
{
    struct world *w = *state;
    hg_conn *conn = NULL;

    make_schema(w);
    assert_true(hg_pool_checkout(w->pool, "test", soon(), &conn, NULL));
    assert_true(hg_conn_execute(conn, "BEGIN", NULL, 0, soon(), NULL, NULL));
    assert_true(hg_conn_execute(conn, "LOCK TABLE p, t", NULL, 0, soon(), NULL, NULL));
    plan(w, "DROP TABLE p;");
    assert_string_equal(statement(w, 0)->table, "public.p");
    assert_true(w->plan->measured_ms > 0 || w->plan->unmeasured[0] != '\0');
    hg_pool_return(w->pool, conn);
}

/* --- what cannot be measured --- */

static void a_statement_that_fails_says_so_before_it_runs(void **state)
{
    struct world *w = *state;

    make_schema(w);
    plan(w, "ALTER TABLE t ADD c int;\nALTER TABLE t DROP COLUMN nowhere;\nDROP TABLE p CASCADE;");
    assert_string_equal(said(w, 0), "measured ACCESS EXCLUSIVE public.t:");
    assert_string_equal(said(w, 1), "table ACCESS EXCLUSIVE public.t l: drop-column (it "
                                    "fails on an empty copy of the schema: column \"nowhere\" of "
                                    "relation \"t\" does not exist)");
    assert_string_equal(said(w, 2),
                        "table ACCESS EXCLUSIVE public.p l, ACCESS EXCLUSIVE public.t: drop-table "
                        "drop-cascade (an earlier statement could not be tried: what was seen "
                        "counts beside the table of forms)");
}

static void behind_what_was_not_tried_the_table_keeps_its_word(void **state)
{
    struct world *w = *state;

    make_schema(w);
    plan(w, "DO $$ BEGIN ALTER TABLE t ADD c int; END $$;\n"
            "ALTER TABLE t ALTER b TYPE varchar(90);\n"
            "ALTER TABLE t DROP c;\n"
            "ALTER TABLE t DROP CONSTRAINT t_p;");
    assert_non_null(strstr(said(w, 1), "table ACCESS EXCLUSIVE public.t srb: column-type ("));
    assert_string_equal(said(w, 2), "table ACCESS EXCLUSIVE public.t l: drop-column "
                                    "(an earlier statement could not be tried)");
    assert_non_null(
        strstr(said(w, 3), "table ACCESS EXCLUSIVE public.p, ACCESS EXCLUSIVE public.t: ("));
}

static void owners_and_tablespaces_are_not_copied_and_said_to_be_so(void **state)
{
    static const char *const statements[] = {
        "DROP OWNED BY postgres", "REASSIGN OWNED BY postgres TO postgres",
        "ALTER TABLE t SET TABLESPACE pg_default",
        "ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default"};
    struct world *w = *state;
    char text[512] = "";

    make_schema(w);
    for (size_t i = 0; i < 4; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s;\n", statements[i]);
    plan(w, text);
    for (size_t i = 0; i < 4; i++)
        assert_int_not_equal(statement(w, i)->source, HG_PLAN_MEASURED);
    assert_string_equal(statement(w, 0)->unmeasured,
                        "it depends on owners or tablespaces, which are not copied");
    assert_int_equal(statement(w, 3)->table_count, 0);
}

static void what_cannot_be_copied_is_told_and_clears_no_hazard(void **state)
{
    struct world *w = *state;

    make_schema(w);
    sql(w, "CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int, INITCOND = 0)");
    sql(w, "CREATE VIEW totals AS SELECT total(a) FROM t");
    plan(w, "ALTER TABLE t ALTER b TYPE varchar(90);\nALTER TABLE t DROP CONSTRAINT t_p;");
    assert_non_null(strstr(w->plan->unmeasured, "part of the schema could not be copied: CREATE"));
    assert_true(w->plan->measured_ms > 0);
    assert_string_equal(
        said(w, 0), "table ACCESS EXCLUSIVE public.t srb: column-type (part of the schema could "
                    "not be copied: what was seen counts beside the table of forms)");
    assert_non_null(
        strstr(said(w, 1), "table ACCESS EXCLUSIVE public.p, ACCESS EXCLUSIVE public.t: ("));
}

static void who_may_not_create_databases_is_told_so_and_has_the_table(void **state)
{
    struct world *w = *state;
    hg_url *mine;

    make_schema(w);
    postgres_run(NULL, "DROP ROLE IF EXISTS humble");
    postgres_run(NULL, "CREATE ROLE humble LOGIN");
    mine = postgres_url_as("127.0.0.1", "humble", NULL, hg_url_database(w->url));
    hg_pool_close(w->pool, soon());
    hg_url_free(w->url);
    w->url = mine;
    assert_true(open_pool(w));
    plan(w, "ALTER TABLE t ALTER b TYPE varchar(90);");
    assert_string_equal(said(w, 0), "table ACCESS EXCLUSIVE public.t srb: column-type");
    assert_non_null(strstr(w->plan->unmeasured, "the role needs CREATEDB"));
    assert_true(w->plan->measured_ms < 0);
}

static void behind_a_pooler_no_database_is_made(void **state)
{
    struct world *w = *state;
    hg_url *through;

    if (!pgbouncer_start("transaction"))
        skip();
    make_schema(w);
    through = pgbouncer_url(hg_url_database(w->url));
    hg_pool_close(w->pool, soon());
    hg_url_free(w->url);
    w->url = through;
    assert_true(open_pool(w));
    plan(w, "DROP TABLE t;");
    assert_string_equal(said(w, 0), "table ACCESS EXCLUSIVE public.t l: drop-table");
    assert_non_null(strstr(w->plan->unmeasured, "a pooler stands between"));
    assert_true(holds(w, "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'"));
    pgbouncer_stop();
}

static void who_does_not_ask_gets_the_table(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_of(w);

    make_schema(w);
    temp_write(w->dir, "0001_a.sql", "-- migrate:up\nDROP TABLE t;\n");
    options.measure = false;
    plan_with(w, &options);
    assert_string_equal(said(w, 0), "table ACCESS EXCLUSIVE public.t l: drop-table");
    assert_true(w->plan->measured_ms < 0);
    assert_string_equal(w->plan->unmeasured, "");
}

/* --- production --- */

static void production_runs_what_turns_out_to_be_harmless(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_of(w);
    hg_run_result result;

    make_schema(w);
    temp_write(w->dir, "0001_a.sql", "-- migrate:up\nALTER TABLE t ALTER b TYPE varchar(90);\n");
    options.production = true;
    options.measure = false;
    assert_false(hg_migrate_run(w->pool, &options, NULL, &result, &w->err));
    assert_int_equal(w->err.code, HG_REFUSED);
    hg_run_result_release(&result);
    options.measure = true;
    assert_true(hg_migrate_run(w->pool, &options, NULL, &result, &w->err));
    hg_run_result_release(&result);
    temp_write(w->dir, "0002_b.sql", "-- migrate:up\nALTER TABLE t ALTER b TYPE varchar(20);\n");
    assert_false(hg_migrate_run(w->pool, &options, NULL, &result, &w->err));
    assert_int_equal(w->err.code, HG_REFUSED);
    hg_run_result_release(&result);
}

/* --- interrupted, and killed --- */

/* A default that is computed once, when the column is added, and takes its time for it. */
static void write_slow_migration(struct world *w)
{
    sql(w, "CREATE TABLE t (a int)");
    sql(w, "CREATE FUNCTION slow() RETURNS int LANGUAGE plpgsql STABLE AS "
           "'BEGIN PERFORM pg_sleep(600); RETURN 1; END'");
    temp_write(w->dir, "0001_a.sql", "-- migrate:up\nALTER TABLE t ADD b int DEFAULT slow();\n");
}

static bool at_once(void *context)
{
    int *asked = context;

    return (*asked)++ > 0;
}

static void an_interruption_ends_it_and_leaves_nothing(void **state)
{
    struct world *w = *state;
    int asked = 0;
    const hg_observer observer = {.cancelled = at_once, .context = &asked};
    hg_migrate_options options = options_of(w);

    write_slow_migration(w);
    options.observer = &observer;
    assert_false(hg_plan_make(w->pool, &options, soon(), &w->plan, &w->err));
    assert_int_equal(w->err.code, HG_CANCELLED);
    assert_true(asked > 1);
    assert_nothing_left(w);
}

/* In the middle of a statement that takes long. */
static void plan_and_be_killed(struct world *w)
{
    const hg_migrate_options options = options_of(w);
    pid_t child;
    int status;

    hg_pool_close(w->pool, soon());
    threads_await_last();
    child = fork();
    if (child == 0) {
        hg_plan *never = NULL;

        if (open_pool(w))
            hg_plan_make(w->pool, &options, soon(), &never, &w->err);
        fprintf(stderr, "not killed: %s\n", w->err.message);
        _exit(1);
    }
    while (!holds(w, "SELECT count(*) > 0 FROM pg_stat_activity "
                     "WHERE datname LIKE 'headgate_scratch_%' AND query LIKE '%DEFAULT slow()%'"))
        assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(open_pool(w));
}

static void the_next_plan_drops_what_a_killed_one_left(void **state)
{
    struct world *w = *state;
    const hg_migrate_options options = options_of(w);

    write_slow_migration(w);
    plan_and_be_killed(w);
    assert_true(holds(w, "SELECT count(*) = 1 FROM pg_database "
                         "WHERE datname LIKE 'headgate_scratch_%'"));
    /* its lock goes when the server notices that nobody is there */
    while (!holds(w, "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'"))
        continue;
    temp_write(w->dir, "0001_a.sql", "-- migrate:up\nCREATE TABLE x (id int);\n");
    plan_with(w, &options);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(what_a_statement_does_is_seen_and_not_guessed),
        WITH_WORLD(a_large_schema_makes_no_difference),
        WITH_WORLD(a_table_that_nobody_names_has_its_rows_and_size),
        WITH_WORLD(each_statement_finds_what_those_before_it_did),
        WITH_WORLD(settings_hold_for_the_statements_behind_them),
        WITH_WORLD(what_no_transaction_can_hold_comes_from_the_table_and_is_there_afterwards),
        WITH_WORLD(a_way_down_is_measured_too),
        WITH_WORLD(code_is_not_run),
        WITH_WORLD(what_all_databases_share_stays_as_it_is),
        WITH_WORLD(the_database_is_read_and_no_more),
        WITH_WORLD(a_table_that_somebody_has_locked_is_waited_for_by_nobody),
        WITH_WORLD(a_statement_that_fails_says_so_before_it_runs),
        WITH_WORLD(behind_what_was_not_tried_the_table_keeps_its_word),
        WITH_WORLD(owners_and_tablespaces_are_not_copied_and_said_to_be_so),
        WITH_WORLD(what_cannot_be_copied_is_told_and_clears_no_hazard),
        WITH_WORLD(who_may_not_create_databases_is_told_so_and_has_the_table),
        WITH_WORLD(behind_a_pooler_no_database_is_made),
        WITH_WORLD(who_does_not_ask_gets_the_table),
        WITH_WORLD(production_runs_what_turns_out_to_be_harmless),
        WITH_WORLD(an_interruption_ends_it_and_leaves_nothing),
        WITH_WORLD(the_next_plan_drops_what_a_killed_one_left),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
