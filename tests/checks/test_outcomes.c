/*
 * test_outcomes.c - states of a real server and a real file, and what the catalogue says of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/headgate.h>

#include "support/postgres.h"
#include "support/temp.h"

/* One check on a database that a statement has brought into a state. */
struct outcome {
    const char *id;
    const char *state; /* SQL, "" for none */
    hg_status status;
};

static void run_one(const char *url, bool may_create, const struct outcome *o, const char *sql)
{
    const char *only[] = {o->id};
    hg_smoke_options options = {.only = only, .only_count = 1};
    hg_settings *settings = NULL;
    hg_pool *pool = NULL;
    hg_smoke *smoke = NULL;
    hg_conn *conn = NULL;
    hg_pool_options made;
    hg_error err = {0};

    assert_true(
        hg_settings_load(&(hg_settings_options){.url = url, .environ = (const char *const[]){NULL}},
                         &settings, NULL));
    made = hg_pool_options_from(settings);
    made.may_create = may_create;
    made.runtime_dir = NULL;
    assert_true(hg_pool_open(hg_settings_url(settings), &made, &pool, NULL));
    if (sql != NULL && hg_pool_checkout(pool, NULL, hg_deadline_in_ms(20000), &conn, &err)) {
        char *copy = strdup(sql), *rest = copy, *one;

        while ((one = strsep(&rest, ";")) != NULL)
            if (one[0] != '\0'
                && !hg_conn_execute(conn, one, NULL, 0, hg_deadline_in_ms(20000), NULL, &err))
                fail_msg("%s: %s", one, err.message);
        free(copy);
        hg_pool_return(pool, conn);
    }
    if (!hg_smoke_run(settings, pool, &options, hg_deadline_in_ms(30000), NULL, &smoke, &err))
        fail_msg("%s", err.message);
    assert_int_equal(smoke->check_count, 1);
    if (smoke->checks[0].status != o->status)
        fail_msg("%s after <%s>: %s, %s", o->id, o->state, hg_status_name(smoke->checks[0].status),
                 smoke->checks[0].observed);
    if (o->status == HG_WARN || o->status == HG_FAIL)
        assert_true(smoke->checks[0].hint[0] != '\0' && smoke->checks[0].code != NULL);
    hg_smoke_free(smoke);
    hg_pool_close(pool, hg_deadline_in_ms(10000));
    hg_settings_free(settings);
}

// clang-format off
static const struct outcome of_files[] = {
    {"sqlite.primary_keys", "CREATE TABLE t (a)", HG_WARN},
    {"sqlite.primary_keys", "CREATE TABLE t (a INTEGER PRIMARY KEY)", HG_PASS},
    {"sqlite.foreign_keys", "CREATE TABLE p (a INTEGER PRIMARY KEY); CREATE TABLE c (a INTEGER REFERENCES p);"
                            "PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (7)", HG_WARN},
    {"sqlite.integrity", "CREATE TABLE t (a)", HG_PASS},
    {"fidelity.integers", "CREATE TABLE t (a INTEGER)", HG_PASS},
    {"fidelity.integers", "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES ('seven')", HG_FAIL},
    {"fidelity.integers", "CREATE TABLE t (a TEXT)", HG_SKIP},
    {"fidelity.texts", "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('gr\xc3\xbc\xc3\x9f')", HG_PASS},
    {"fidelity.texts", "CREATE TABLE t (a TEXT); INSERT INTO t VALUES (CAST(x'61ff62' AS TEXT))", HG_FAIL},
    {"fidelity.texts", "CREATE TABLE t (a TEXT); INSERT INTO t VALUES (CAST(x'610062' AS TEXT))", HG_FAIL},
    {"fidelity.lengths", "CREATE TABLE t (a VARCHAR(3)); INSERT INTO t VALUES ('abc')", HG_PASS},
    {"fidelity.lengths", "CREATE TABLE t (a VARCHAR(3)); INSERT INTO t VALUES ('abcd')", HG_FAIL},
    {"fidelity.ranges", "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (3000000000)", HG_FAIL},
    {"fidelity.ranges", "CREATE TABLE t (a BIGINT, b INTEGER); INSERT INTO t VALUES (3000000000, 1)", HG_PASS},
    {"fidelity.booleans", "CREATE TABLE t (a BOOLEAN); INSERT INTO t VALUES (2)", HG_FAIL},
    {"fidelity.booleans", "CREATE TABLE t (a BOOLEAN); INSERT INTO t VALUES (1)", HG_PASS},
    {"fidelity.times", "CREATE TABLE t (a DATETIME); INSERT INTO t VALUES ('yesterday')", HG_FAIL},
    {"fidelity.times", "CREATE TABLE t (a DATETIME); INSERT INTO t VALUES ('2026-11-23 10:00:00')", HG_PASS},
    {"fidelity.json", "CREATE TABLE t (a JSON); INSERT INTO t VALUES ('{')", HG_WARN},
    {"fidelity.json", "CREATE TABLE t (a JSON); INSERT INTO t VALUES ('{}')", HG_PASS},
    {"tls.in_use", "", HG_SKIP},
};

static const struct outcome of_servers[] = {
    {"schema.primary_keys", "CREATE TABLE t (a int)", HG_WARN},
    {"schema.primary_keys", "CREATE TABLE t (a int PRIMARY KEY)", HG_PASS},
    {"schema.sequences", "CREATE TABLE t (a serial PRIMARY KEY); INSERT INTO t VALUES (5)", HG_FAIL},
    {"schema.sequences", "CREATE TABLE t (a serial PRIMARY KEY); INSERT INTO t DEFAULT VALUES", HG_PASS},
    {"schema.sequence_room", "CREATE TABLE t (a serial PRIMARY KEY); SELECT setval('t_a_seq', 1900000000)", HG_WARN},
    {"schema.sequence_room", "CREATE TABLE t (a serial PRIMARY KEY); SELECT setval('t_a_seq', 2100000000)", HG_FAIL},
    {"schema.int_keys", "CREATE TABLE t (a serial PRIMARY KEY); SELECT setval('t_a_seq', 1900000000)", HG_WARN},
    {"schema.unvalidated", "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", HG_WARN},
    {"schema.foreign_key_indexes", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p)", HG_WARN},
    {"schema.foreign_key_indexes", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p); CREATE INDEX ON c (a)", HG_PASS},
    {"schema.duplicate_indexes", "CREATE TABLE t (a int); CREATE INDEX ON t (a); CREATE INDEX ON t (a)", HG_WARN},
    {"schema.unlogged", "CREATE UNLOGGED TABLE t (a int)", HG_WARN},
    {"schema.policies", "CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY", HG_WARN},
    {"activity.prepared", "", HG_PASS},
    {"server.encoding", "", HG_PASS},
    {"capacity.headroom", "", HG_PASS},
    {"rights.power", "", HG_WARN},
    {"sqlite.file", "", HG_SKIP},
};
// clang-format on

static void states_of_a_file_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++) {
        char *dir = temp_dir_make();
        char url[4096];

        snprintf(url, sizeof url, "sqlite:///%s/app.db", dir);
        run_one(url, true, &of_files[i], of_files[i].state);
        temp_dir_remove(dir);
    }
}

static void states_of_a_server_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof of_servers / sizeof *of_servers; i++) {
        char *database = postgres_database(), *url = postgres_url_text(database);

        run_one(url, false, &of_servers[i], of_servers[i].state);
        free(url);
        free(database);
    }
}

/* What a role may not look at is never a pass. */
static void a_role_that_may_only_connect_passes_nothing_that_it_cannot_see(void **state)
{
    static const char *const hidden[] = {"activity.idle_in_transaction",
                                         "activity.long_transactions",
                                         "activity.long_queries",
                                         "activity.blocked",
                                         "activity.many_blocked",
                                         "activity.strong_locks",
                                         "replication.lag",
                                         "replication.slots",
                                         "replication.lost_slots",
                                         "schema.sequences",
                                         "schema.sequence_room",
                                         "rights.monitor"};
    char *database = postgres_database();
    char url[4096];

    (void)state;
    postgres_run(database, "CREATE ROLE visitor LOGIN");
    postgres_run(database, "CREATE TABLE t (a serial PRIMARY KEY)");
    snprintf(url, sizeof url, "postgresql://visitor@127.0.0.1:%d/%s", postgres_port(), database);
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        run_one(url, false, &(struct outcome){hidden[i], "", HG_SKIP}, NULL);
    run_one(url, false, &(struct outcome){"rights.data", "", HG_FAIL}, NULL);
    run_one(url, false, &(struct outcome){"rights.power", "", HG_PASS}, NULL);
    free(database);
}

static void a_role_that_is_read_only_on_purpose_is_a_warning(void **state)
{
    const struct outcome writable = {"db.writable", "", HG_FAIL};
    char *database = postgres_database();
    char url[4096];

    (void)state;
    postgres_run(database, "CREATE ROLE fenced LOGIN");
    postgres_run(database, "ALTER ROLE fenced SET default_transaction_read_only = on");
    snprintf(url, sizeof url, "postgresql://fenced@127.0.0.1:%d/%s", postgres_port(), database);
    run_one(url, false, &writable, NULL);
    postgres_run(database, "ALTER ROLE fenced SET " HG_PLANNED_READONLY " = 'run 7'");
    run_one(url, false, &(struct outcome){"db.writable", "", HG_WARN}, NULL);
    free(database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_of_a_file_are_told),
        cmocka_unit_test(states_of_a_server_are_told),
        cmocka_unit_test(a_role_that_may_only_connect_passes_nothing_that_it_cannot_see),
        cmocka_unit_test(a_role_that_is_read_only_on_purpose_is_a_warning),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
