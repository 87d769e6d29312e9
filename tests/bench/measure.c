/*
 * measure.c - what it costs to measure a plan, by hand:
 *   build/bench_measure [ROUNDS [TABLES]]
 *
 * A server of its own with a schema of that many tables; in turn: CREATE and DROP DATABASE by
 * themselves (the limit: a scratch database is one), and the plans of 1 and of 50 files of three
 * statements, from the table of forms and measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headgate/migrate.h>

#include "base/clock.h"
#include "median.h"
#include "support/postgres.h"
#include "support/temp.h"

enum { ROUNDS_MOST = 101, FILES = 50 };

static hg_pool *pool;
static char *dir;

static void make_tables(const char *database, int tables)
{
    char sql[1024];

    snprintf(sql, sizeof sql,
             "DO $$ BEGIN FOR i IN 1..%d LOOP EXECUTE format('CREATE TABLE m%%s (id bigint PRIMARY "
             "KEY, a int, b varchar(50), c timestamptz DEFAULT now(), d jsonb, parent bigint "
             "REFERENCES m%%s)', i, i); EXECUTE format('CREATE INDEX ON m%%s (a)', i); "
             "END LOOP; END $$",
             tables);
    postgres_run(database, sql);
}

static void write_files(int tables)
{
    for (int i = 1; i <= FILES; i++) {
        char name[64], text[1024];

        snprintf(name, sizeof name, "%04d_step.sql", i);
        snprintf(text, sizeof text,
                 "-- migrate:up\nCREATE TABLE n%d (id bigint PRIMARY KEY, m bigint REFERENCES "
                 "m1);\nALTER TABLE m%d ALTER b TYPE varchar(%d);\nCREATE INDEX ON m%d (b);\n",
                 i, 1 + i % tables, 50 + i, 1 + i % tables);
        temp_write(dir, name, text);
    }
}

static double alone_ms(void)
{
    int64_t start = clock_now_ns();

    postgres_run(NULL, "CREATE DATABASE alone TEMPLATE template0");
    postgres_run(NULL, "DROP DATABASE alone");
    return clock_since_ms(start);
}

static double plan_ms(const char *target, bool measure)
{
    hg_migrate_options options = hg_migrate_options_default(dir);
    int64_t start = clock_now_ns();
    hg_plan *plan = NULL;

    options.target = target;
    options.measure = measure;
    if (!hg_plan_make(pool, &options, hg_deadline_never(), &plan, NULL)
        || (measure && plan->measured_ms < 0))
        exit(1);
    hg_plan_free(plan);
    return clock_since_ms(start);
}

int main(int argc, char **argv)
{
    const hg_pool_options options = {
        .role = "bench", .settings = {.size = 2, .timeout_ms = 30000, .recycle_ms = -1}};
    int rounds = argc > 1 ? atoi(argv[1]) : 11, tables = argc > 2 ? atoi(argv[2]) : 100;
    double alone[ROUNDS_MOST], table[ROUNDS_MOST], one[ROUNDS_MOST], many[ROUNDS_MOST];
    hg_url *url;
    char *name;

    rounds = rounds < 1 ? 1 : rounds > ROUNDS_MOST ? ROUNDS_MOST : rounds;
    tables = tables < 1 ? 1 : tables;
    postgres_start();
    name = postgres_database();
    url = postgres_url(name);
    dir = temp_dir_make();
    make_tables(name, tables);
    write_files(tables);
    if (!hg_pool_open(url, &options, &pool, NULL))
        return 1;
    for (int i = 0; i < rounds; i++) {
        alone[i] = alone_ms();
        table[i] = plan_ms(NULL, false);
        one[i] = plan_ms("0001", true);
        many[i] = plan_ms(NULL, true);
    }
    printf("CREATE and DROP DATABASE   %8.1f ms\n", median(alone, rounds));
    printf("%d files, not measured     %8.1f ms\n", FILES, median(table, rounds));
    printf("1 file, measured           %8.1f ms\n", median(one, rounds));
    printf("%d files, measured         %8.1f ms\n", FILES, median(many, rounds));
    hg_pool_close(pool, hg_deadline_in_ms(10000));
    hg_url_free(url);
    temp_dir_remove(dir);
    free(name);
    return 0;
}
