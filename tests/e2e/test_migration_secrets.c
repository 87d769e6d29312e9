/*
 * test_migration_secrets.c - passwords with every awkward character, given in every way, while
 * migrations run, fail, are planned, watched and looked at: the password is in no output, no file
 * that headgate left, and no row of the history.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

/* Stands in every password, and survives any encoding of the rest. */
#define CORE "S3cr3tC0re"

static const char *const passwords[] = {
    CORE "%41 x", CORE " with space", "@" CORE ":/?#[]@",
    CORE "&=+;,", "'" CORE "'\"\\",   "\xC3\xA9" CORE "\xE2\x82\xAC",
};

enum way { IN_URL, IN_PGPASSWORD, IN_SERVICE_FILE, WAYS };

struct project {
    char *dir, *database;
    char url[1024], password[256], service[300];
};

static void encode(const char *text, char *out)
{
    for (; *text != '\0'; text++)
        out += sprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

/* A role of its own with this password, which owns the database's schema. */
static void make_role(const struct project *p, const char *role, const char *password)
{
    char sql[512], quoted[256], *out = quoted;

    for (; *password != '\0'; password++) {
        if (*password == '\'')
            *out++ = '\'';
        *out++ = *password;
    }
    *out = '\0';
    snprintf(sql, sizeof sql, "CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE guards", role, quoted);
    postgres_run(p->database, sql);
    snprintf(sql, sizeof sql, "GRANT ALL ON SCHEMA public TO %s", role);
    postgres_run(p->database, sql);
}

/* pg_service.conf takes a value to the end of its line. */
static void write_service(const struct project *p, const char *password)
{
    char text[1024];

    snprintf(text, sizeof text, "[app]\npassword=%s\n", password);
    temp_write(p->dir, "elsewhere/service", text);
}

static struct project project_make(size_t number, enum way way)
{
    struct project p = {.dir = temp_dir_make(), .database = postgres_database()};
    const char *password = passwords[number];
    char role[32], encoded[256] = "";

    snprintf(role, sizeof role, "awkward_%zu_%d", number, (int)way);
    make_role(&p, role, password);
    if (way == IN_URL)
        encode(password, encoded);
    snprintf(p.url, sizeof p.url, "DATABASE_URL=postgresql://%s%s%s@127.0.0.1:%d/%s", role,
             way == IN_URL ? ":" : "", encoded, postgres_port(), p.database);
    if (way == IN_PGPASSWORD)
        snprintf(p.password, sizeof p.password, "PGPASSWORD=%s", password);
    if (way == IN_SERVICE_FILE) {
        write_service(&p, password);
        snprintf(p.url, sizeof p.url, "DATABASE_URL=postgresql://%s@127.0.0.1:%d/%s?service=app",
                 role, postgres_port(), p.database);
        snprintf(p.service, sizeof p.service, "PGSERVICEFILE=%s/elsewhere/service", p.dir);
    }
    temp_write(p.dir, "migrations/0001_a.sql",
               "-- migrate:up\nCREATE TABLE a (n integer);\n-- migrate:down\nDROP TABLE a;\n");
    return p;
}

static void project_remove(struct project *p)
{
    temp_dir_remove(p->dir);
    free(p->database);
}

static void run(const struct project *p, int status, const char *one, const char *two,
                const char *three)
{
    const char *settings[4] = {p->url}, *const argv[] = {TEST_HEADGATE, one, two, three, NULL};
    struct process_result r;

    if (p->password[0] != '\0')
        settings[1] = p->password;
    if (p->service[0] != '\0')
        settings[1] = p->service;
    r = process_run(p->dir, settings, argv);
    if (r.status != status)
        fail_msg("%s: exit %d, not %d\n%s%s", one, r.status, status, r.out, r.err);
    if (strstr(r.out, CORE) != NULL || strstr(r.err, CORE) != NULL)
        fail_msg("%s tells the password:\n%s%s", one, r.out, r.err);
    process_release(&r);
}

/* What is in a file, except in the one that the test wrote it to. */
static int look_into(const char *path, const struct stat *st, int type, struct FTW *where)
{
    struct buf text = BUF_INIT(64 << 20);
    bool told;

    (void)where;
    if (type != FTW_F || !S_ISREG(st->st_mode) || strstr(path, "/elsewhere/") != NULL)
        return 0;
    assert_true(file_read(path, &text, NULL));
    told = memmem(text.bytes, text.size, CORE, strlen(CORE)) != NULL;
    buf_release(&text);
    if (told || strstr(path, CORE) != NULL)
        fail_msg("\"%s\" has the password", path);
    return 0;
}

static void assert_nothing_left(const struct project *p)
{
    char *found = postgres_ask(
        p->database, "SELECT count(*) FROM headgate_history h WHERE h::text LIKE '%" CORE "%'");

    assert_string_equal(found, "0");
    free(found);
    assert_int_equal(nftw(p->dir, look_into, 16, FTW_PHYS), 0);
}

static void work_with(size_t number, enum way way)
{
    struct project p = project_make(number, way);

    run(&p, 0, "config", "--json", NULL);
    run(&p, 0, "up", "--plan", "--json");
    run(&p, 0, "up", "-vv", "--detach");
    run(&p, 0, "up", "--attach", NULL);
    temp_write(p.dir, "migrations/0002_b.sql",
               "-- migrate:up\nCREATE TABLE b (n integer);\nINSERT INTO nowhere VALUES (1);\n");
    run(&p, 1, "up", "-vv", NULL);
    run(&p, 1, "up", "--json", NULL);
    run(&p, 0, "history", "--events", "--json");
    run(&p, 0, "status", "-vv", NULL);
    run(&p, 0, "down", "-vv", "--json");
    assert_nothing_left(&p);
    project_remove(&p);
}

static void no_password_is_told_whatever_it_is_made_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++)
        work_with(i, IN_URL);
}

static void nor_where_it_comes_from(void **state)
{
    (void)state;
    for (int way = IN_PGPASSWORD; way < WAYS; way++)
        work_with(0, (enum way)way);
}

static void a_url_that_cannot_be_read_is_not_repeated(void **state)
{
    static const char *const urls[] = {
        "postgresql://app:" CORE "%zz@h/d", "postgresql://app:" CORE " x@h/d",
        "postgresql://app:" CORE "@x@h/d",  "postgresql://app:" CORE "%@h/d",
        "postgresql://app:" CORE "#@h/d",
    };
    char *dir = temp_dir_make();

    (void)state;
    temp_write(dir, "migrations/0001_a.sql", "-- migrate:up\nSELECT 1;\n");
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char setting[128];
        struct process_result r;

        snprintf(setting, sizeof setting, "DATABASE_URL=%s", urls[i]);
        r = headgate_run(dir, setting, "up", "-vv", NULL);
        if (r.status == 0 || strstr(r.out, CORE) != NULL || strstr(r.err, CORE) != NULL)
            fail_msg("%s: exit %d\n%s%s", urls[i], r.status, r.out, r.err);
        process_release(&r);
    }
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_password_is_told_whatever_it_is_made_of),
        cmocka_unit_test(nor_where_it_comes_from),
        cmocka_unit_test(a_url_that_cannot_be_read_is_not_repeated),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
