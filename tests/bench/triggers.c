/*
 * triggers.c - what `headgate copy --triggers` costs an application, by hand:
 *   build/bench_triggers [ROUNDS]
 *
 * Statements that are a transaction each, prepared once, through SQLite alone: on a database with
 * the triggers and on one without them, of 200,000 rows with three indexes. Blocks of both take
 * turns, because the machine's speed changes, and each is held against the one beside it; printed
 * is the median of these ratios, of the time that passed and of the processor's.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <headgate/headgate.h>

#include "base/clock.h"
#include "support/temp.h"

enum { ROWS = 200000, ROUNDS_MOST = 1001 };

static const char schema[] =
    "CREATE TABLE people (id INTEGER PRIMARY KEY, team INTEGER, email TEXT UNIQUE, body TEXT, at "
    "INTEGER); CREATE INDEX people_team ON people (team); CREATE INDEX people_at ON people (at);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO "
    "people SELECT i, i % 1000, 'u' || i || '@example.com', 'a body of some eighty bytes, as they "
    "tend to be, and this one is no exception ' || i, i FROM n;";

static const struct kind {
    const char *name, *sql; /* ?1: any row's id; ?2: a number that was not there before */
} kinds[] = {
    {"INSERT",
     "INSERT INTO people (team, email, body, at) VALUES (?1 % 1000, 'n' || ?2, 'a body of "
     "some eighty bytes, as they tend to be, and this one is no exception', ?2)"},
    {"UPDATE, no index",
     "UPDATE people SET body = 'another body of some eighty bytes, as they tend "
     "to be, and this one is ' || ?2 WHERE id = ?1"},
    {"UPDATE, an index", "UPDATE people SET at = ?2 WHERE id = ?1"},
    {"upsert",
     "INSERT INTO people (email, at) VALUES ('u' || ?1 || '@example.com', ?2) ON CONFLICT "
     "(email) DO UPDATE SET at = excluded.at"},
    {"DELETE", "DELETE FROM people WHERE id = ?1 AND ?2"},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct setting {
    const char *name, *journal, *synchronous;
    int block; /* statements: what reaches the disk each time takes its time */
} settings[] = {
    {"WAL, synchronous=NORMAL", "WAL", "NORMAL", 400},
    {"WAL, synchronous=FULL", "WAL", "FULL", 40},
    {"rollback journal, NORMAL", "DELETE", "NORMAL", 30},
    {"rollback journal, FULL", "DELETE", "FULL", 30},
};

struct side {
    sqlite3 *db;
    sqlite3_stmt *statements[KINDS];
};

struct took {
    double wall_us, cpu_us;
};

struct ratios {
    double wall[ROUNDS_MOST], cpu[ROUNDS_MOST], base_us[ROUNDS_MOST];
    int count;
};

static void must(bool ok, const char *why)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
    char *said = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK)
        must(false, said);
}

/* The statements that headgate would run. */
static void install(const char *path, sqlite3 *db)
{
    hg_pool_options options = {.name = "bench", .read_only = true};
    hg_copy_options copy = hg_copy_options_default();
    hg_copy_result *list = NULL;
    hg_url *url = NULL;
    hg_pool *pool = NULL;
    hg_error err = {HG_OK};

    options.settings = hg_pool_settings_for_tool(
        (hg_pool_settings){.size = 2, .timeout_ms = 1000, .connect_timeout_ms = 1000});
    copy.mode = HG_COPY_LIST_TRIGGERS;
    must(hg_url_of_file(path, &url, &err) && hg_pool_open(url, &options, &pool, &err)
             && hg_copy(pool, NULL, &copy, NULL, &list, &err),
         err.message);
    for (size_t i = 0; i < list->statement_count; i++)
        run(db, list->statements[i].sql);
    hg_copy_result_free(list);
    hg_pool_close(pool, hg_deadline_in_ms(1000));
    hg_url_free(url);
}

static void open_side(const char *folder, const char *name, const struct setting *setting,
                      bool with_triggers, struct side *out)
{
    char *path = temp_path(folder, name);
    char sql[100];

    must(sqlite3_open(path, &out->db) == SQLITE_OK, "could not make a database");
    snprintf(sql, sizeof sql, "PRAGMA synchronous = OFF; PRAGMA journal_mode = %s",
             setting->journal);
    run(out->db, sql);
    run(out->db, schema);
    if (with_triggers)
        install(path, out->db);
    snprintf(sql, sizeof sql, "PRAGMA synchronous = %s", setting->synchronous);
    run(out->db, sql);
    for (int i = 0; i < KINDS; i++)
        must(sqlite3_prepare_v2(out->db, kinds[i].sql, -1, &out->statements[i], NULL) == SQLITE_OK,
             sqlite3_errmsg(out->db));
    free(path);
}

static void close_side(struct side *side)
{
    for (int i = 0; i < KINDS; i++)
        sqlite3_finalize(side->statements[i]);
    sqlite3_close(side->db);
}

static double cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* seed: of the rows; both sides get the same. */
static struct took block(const struct side *side, int kind, int count, int64_t seed)
{
    sqlite3_stmt *statement = side->statements[kind];
    int64_t begun = clock_now_ns();
    double cpu = cpu_us();

    for (int64_t i = seed * count; i < (seed + 1) * count; i++) {
        sqlite3_bind_int64(statement, 1, i * 7919 % ROWS + 1);
        sqlite3_bind_int64(statement, 2, ROWS + i + 1);
        must(sqlite3_step(statement) == SQLITE_DONE, sqlite3_errmsg(side->db));
        sqlite3_reset(statement);
    }
    return (struct took){clock_since_ms(begun) * 1000 / count, (cpu_us() - cpu) / count};
}

static void compare(struct side *sides, int kind, int count, int64_t seed, struct ratios *out)
{
    struct took took[2];
    int first = (int)(seed % 2);

    took[first] = block(&sides[first], kind, count, seed);
    took[1 - first] = block(&sides[1 - first], kind, count, seed);
    out->wall[out->count] = took[1].wall_us / took[0].wall_us;
    out->cpu[out->count] = took[1].cpu_us / (took[0].cpu_us > 0 ? took[0].cpu_us : 1);
    out->base_us[out->count++] = took[0].wall_us;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    return values[count / 2];
}

static void measure(const char *folder, const struct setting *setting, int rounds)
{
    struct side sides[2];
    struct ratios *ratios = calloc(KINDS, sizeof *ratios);
    double base = 0, with = 0, with_cpu = 0;

    must(ratios != NULL, "out of memory");
    open_side(folder, "without.db", setting, false, &sides[0]);
    open_side(folder, "with.db", setting, true, &sides[1]);
    for (int i = 0; i < rounds; i++)
        for (int k = 0; k < KINDS; k++)
            compare(sides, k, setting->block, i, &ratios[k]);
    printf("%s\n", setting->name);
    for (int k = 0; k < KINDS; k++) {
        double us = median(ratios[k].base_us, rounds), wall = median(ratios[k].wall, rounds);
        double cpu = median(ratios[k].cpu, rounds);

        printf("  %-18s %8.1f us  x%.2f, processor x%.2f\n", kinds[k].name, us, wall, cpu);
        base += us;
        with += us * wall;
        with_cpu += cpu / KINDS;
    }
    printf("  %-18s %8.1f us  x%.2f, processor x%.2f\n", "one of each", base, with / base,
           with_cpu);
    close_side(&sides[0]);
    close_side(&sides[1]);
    free(ratios);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 41;

    rounds = rounds < 1 ? 1 : rounds > ROUNDS_MOST ? ROUNDS_MOST : rounds;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char *made = temp_dir_make();

        measure(made, &settings[i], rounds);
        temp_dir_remove(made);
    }
    return 0;
}
