/*
 * test_bad_days.c - wrong usage, wrong settings, wrong URLs, servers that are down, silent or full:
 * each ends in time, with the right exit status, one message and a hint, and without the password
 * anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"

static const char password[] = "s3cr3t-w0rd";

struct bad_day {
    const char *name;
    const char *settings[4];
    const char *arguments[6];
    int status;
    const char *says; /* stands in stderr */
};

/* clang-format off */
static const struct bad_day days[] = {
    {"unknown option",        {NULL}, {"status", "--nope"}, 2, "unknown option"},
    {"unknown command",       {NULL}, {"migrate"}, 2, "unknown command"},
    {"missing folder",        {NULL}, {"-C", "nowhere", "status"}, 2, "nowhere"},
    {"missing settings file", {NULL}, {"--env-file", "none.env", "config"}, 2, "none.env"},
    {"binary settings file",  {NULL}, {"--env-file", "binary.env", "config"}, 2, "binary.env"},
    {"not a number",          {"DB_POOL_SIZE=ten"}, {"config"}, 2, "DB_POOL_SIZE"},
    {"not a number in file",  {NULL}, {"--env-file", "ten.env", "config"}, 2, "ten.env:2"},
    {"raw @ in the password", {"DATABASE_URL=postgresql://app:s3cr3t-w0rd@x@h/d"}, {"status"}, 2, "DATABASE_URL"},
    {"unknown scheme",        {"DATABASE_URL=mysql://app:s3cr3t-w0rd@h/d"}, {"status"}, 2, "mysql"},
    {"bad port",              {"DATABASE_URL=postgresql://app:s3cr3t-w0rd@h:99999/d"}, {"status"}, 2, "port"},
    {"no SQLite file",        {"DATABASE_URL=sqlite:///none.db"}, {"history"}, 3, "none.db"},
    {"not an SQLite file",    {"DATABASE_URL=sqlite:///text.db"}, {"history"}, 3, "text.db"},
    {"a folder as file",      {"DATABASE_URL=sqlite:///folder"}, {"history"}, 3, "folder"},
    {"nobody listens",        {"DATABASE_URL=postgresql://app:s3cr3t-w0rd@127.0.0.1:1/d", "DB_CONNECT_TIMEOUT=5"}, {"up"}, 3, "127.0.0.1"},
    {"no such host",          {"DATABASE_URL=postgresql://app:s3cr3t-w0rd@no-such-host.invalid/d", "DB_CONNECT_TIMEOUT=5"}, {"up"}, 3, "no-such-host.invalid"},
};
/* clang-format on */

static void make_fixtures(const char *dir)
{
    char *folder = temp_path(dir, "folder");
    FILE *binary;
    char *path = temp_path(dir, "binary.env");

    temp_write(dir, "ten.env", "ENV=development\nDB_POOL_SIZE=ten\n");
    temp_write(
        dir, "text.db",
        "this is certainly not an SQLite database, it is a text of more than a hundred bytes, "
        "so that nobody takes it for an empty file");
    temp_write(dir, "migrations/20260101000001_one.sql",
               "-- migrate:up\nCREATE TABLE one (n integer);\n-- migrate:down\nDROP TABLE one;\n");
    mkdir(folder, 0755);
    binary = fopen(path, "we");
    assert_non_null(binary);
    fwrite("A=\0\x01\xff\n", 1, 6, binary);
    fclose(binary);
    free(path);
    free(folder);
}

static struct process_result run_day(const char *dir, const struct bad_day *day)
{
    const char *argv[8] = {TEST_HEADGATE};

    for (int i = 0; i < 6; i++)
        argv[i + 1] = day->arguments[i];
    return process_run(dir, day->settings, argv);
}

static void each_bad_day_ends_with_its_status_a_message_and_no_secret(void **state)
{
    char *dir = temp_dir_make();

    (void)state;
    make_fixtures(dir);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        struct process_result result = run_day(dir, &days[i]);

        if (result.status != days[i].status || strstr(result.err, days[i].says) == NULL
            || strstr(result.err, password) != NULL || strstr(result.out, password) != NULL
            || result.ms > 60000)
            fail_msg("%s: exit %d after %.0f ms\n%s%s", days[i].name, result.status, result.ms,
                     result.out, result.err);
        process_release(&result);
    }
    temp_dir_remove(dir);
}

static void with_json_every_error_is_a_document(void **state)
{
    char *dir = temp_dir_make();

    (void)state;
    make_fixtures(dir);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        struct bad_day day = days[i];
        struct process_result result;
        int n = 0;

        while (day.arguments[n] != NULL)
            n++;
        day.arguments[n] = "--json";
        result = run_day(dir, &day);
        if (result.status != day.status || strncmp(result.out, "{\"headgate\":", 12) != 0
            || strstr(result.out, "\"error\":{\"code\":") == NULL)
            fail_msg("%s: exit %d\n%s%s", day.name, result.status, result.out, result.err);
        process_release(&result);
    }
    temp_dir_remove(dir);
}

static void a_command_that_only_looks_creates_no_database(void **state)
{
    static const char *const commands[] = {"status",  "ready", "history",
                                           "current", "heads", "config"};
    char *dir = temp_dir_make(), *file = temp_path(dir, "app.db");

    (void)state;
    temp_write(dir, "migrations/20260101000001_one.sql",
               "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct process_result result =
            headgate_run(dir, "DATABASE_URL=sqlite:///app.db", commands[i], NULL);

        process_release(&result);
        assert_int_not_equal(access(file, F_OK), 0);
    }
    free(file);
    temp_dir_remove(dir);
}

static void a_database_that_is_away_is_said_once_with_what_to_do(void **state)
{
    char *dir = temp_dir_make();
    struct process_result result =
        headgate_run(dir, "DATABASE_URL=sqlite:///nowhere/app.db", "status", NULL);

    (void)state;
    assert_int_equal(result.status, 3);
    assert_non_null(strstr(result.out, "fail    The database answers: could not open"));
    assert_non_null(strstr(result.out, "Check the path in the URL, or run `headgate init`"));
    assert_null(strstr(result.out, "no connection"));
    process_release(&result);
    temp_dir_remove(dir);
}

/* A server that accepts and never says a word. */
static int silent_server(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

static void a_server_that_never_answers_costs_the_connect_timeout(void **state)
{
    char *dir = temp_dir_make(), url[128];
    const char *const settings[] = {url, "DB_CONNECT_TIMEOUT=1", NULL};
    const char *const argv[] = {TEST_HEADGATE, "history", NULL};
    struct process_result result;
    int port, fd = silent_server(&port);

    (void)state;
    snprintf(url, sizeof url, "DATABASE_URL=postgresql://app:%s@127.0.0.1:%d/d", password, port);
    result = process_run(dir, settings, argv);
    assert_int_equal(result.status, 3);
    assert_true(result.ms < 30000);
    assert_null(strstr(result.err, password));
    process_release(&result);
    close(fd);
    temp_dir_remove(dir);
}

static void nobody_has_to_wait_for_a_server_that_never_answers(void **state)
{
    static const char *const commands[] = {"up", "history", "check"};
    char url[128];
    const char *const settings[] = {url, "DB_CONNECT_TIMEOUT=60", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *const argv[] = {TEST_HEADGATE, commands[i], NULL};
        int port, fd = silent_server(&port), client;
        char *dir = temp_dir_make();
        pid_t pid;

        make_fixtures(dir);
        snprintf(url, sizeof url, "DATABASE_URL=postgresql://app:%s@127.0.0.1:%d/d", password,
                 port);
        pid = process_start(dir, settings, argv);
        client = accept(fd, NULL, NULL);
        kill(pid, SIGINT);
        assert_int_equal(process_wait(pid), 130);
        close(client);
        close(fd);
        temp_dir_remove(dir);
    }
}

static void a_wrong_password_is_said_without_saying_it(void **state)
{
    char *dir = temp_dir_make(), url[256];
    struct process_result result;

    (void)state;
    postgres_run(NULL, "CREATE ROLE guarded LOGIN PASSWORD 'right-one' IN ROLE guards");
    snprintf(url, sizeof url, "DATABASE_URL=postgresql://guarded:%s@127.0.0.1:%d/postgres",
             password, postgres_port());
    result = headgate_run(dir, url, "history", NULL);
    assert_int_equal(result.status, 3);
    assert_non_null(strstr(result.err, "28P01"));
    assert_non_null(strstr(result.err, "hint:"));
    assert_null(strstr(result.err, password));
    process_release(&result);
    temp_dir_remove(dir);
}

static void an_unknown_database_is_named(void **state)
{
    char *dir = temp_dir_make(), url[256];
    struct process_result result;

    (void)state;
    snprintf(url, sizeof url, "DATABASE_URL=postgresql://postgres@127.0.0.1:%d/no_such_db",
             postgres_port());
    result = headgate_run(dir, url, "history", NULL);
    assert_int_equal(result.status, 3);
    assert_non_null(strstr(result.err, "no_such_db"));
    process_release(&result);
    temp_dir_remove(dir);
}

static void a_frozen_server_ends_a_command_within_its_deadline(void **state)
{
    char *dir = temp_dir_make(), *database = postgres_database(),
         *url = postgres_url_text(database), setting[512];
    const char *const settings[] = {setting, "DB_CONNECT_TIMEOUT=1", NULL};
    const char *const argv[] = {TEST_HEADGATE, "ready", NULL};
    struct process_result result;

    (void)state;
    snprintf(setting, sizeof setting, "DATABASE_URL=%s", url);
    postgres_freeze();
    result = process_run(dir, settings, argv);
    postgres_thaw();
    assert_int_equal(result.status, 1);
    assert_true(result.ms < 60000);
    process_release(&result);
    free(url);
    free(database);
    temp_dir_remove(dir);
}

static void production_on_sqlite_is_not_ready(void **state)
{
    char *dir = temp_dir_make();
    const char *const settings[] = {"ENV=production", "DATABASE_URL=sqlite:///app.db", NULL};
    const char *const argv[] = {TEST_HEADGATE, "ready", "--json", NULL};
    const char *const up[] = {TEST_HEADGATE, "up", "--confirm", "app.db", NULL};
    struct process_result result;

    (void)state;
    temp_write(dir, "migrations/20260101000001_one.sql",
               "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n");
    result = process_run(dir, settings, up);
    assert_int_equal(result.status, 0);
    process_release(&result);
    result = process_run(dir, settings, argv);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.out, "\"status\":\"fail\""));
    assert_non_null(strstr(result.out, "\"is_production\":true"));
    process_release(&result);
    temp_dir_remove(dir);
}

/* The limit on a file's size stands in for a full disk: the engine's writes fail in the middle of a
 * migration. */
static void a_database_that_cannot_grow_is_left_as_it_was(void **state)
{
    const char *const settings[] = {"DATABASE_URL=sqlite:///app.db", NULL};
    const char *const limited[] = {"sh", "-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" up",
                                   TEST_HEADGATE, NULL};
    char *dir = temp_dir_make();
    struct process_result result;

    (void)state;
    temp_write(dir, "migrations/20260101000001_one.sql",
               "-- migrate:up\nCREATE TABLE one (t text);\n-- migrate:down\nDROP TABLE one;\n");
    result = headgate_run(dir, settings[0], "up", NULL);
    assert_int_equal(result.status, 0);
    process_release(&result);
    temp_write(dir, "migrations/20260101000002_two.sql",
               "-- migrate:up\nCREATE TABLE two (t text);\n"
               "INSERT INTO two WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
               "WHERE i < 2000)"
               " SELECT hex(randomblob(200)) FROM n;\n-- migrate:down\nDROP TABLE two;\n");
    result = process_run(dir, settings, limited);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "hint:"));
    process_release(&result);
    result = headgate_run(dir, settings[0], "current", NULL);
    assert_string_equal(result.out, "20260101000001\n");
    process_release(&result);
    result = headgate_run(dir, settings[0], "up", NULL);
    assert_int_equal(result.status, 0);
    process_release(&result);
    temp_dir_remove(dir);
}

static void the_url_is_not_in_the_process_list(void **state)
{
    char *dir = temp_dir_make(), url[128], path[64], line[512] = "";
    const char *const settings[] = {"DB_CONNECT_TIMEOUT=30", NULL};
    const char *argv[] = {TEST_HEADGATE, "--url", url, "history", NULL};
    int port, fd = silent_server(&port), client;
    FILE *cmdline;
    pid_t pid;

    (void)state;
    snprintf(url, sizeof url, "postgresql://app:%s@127.0.0.1:%d/d", password, port);
    pid = process_start(dir, settings, argv);
    client = accept(fd, NULL, NULL); /* it is connected: its options have been read */
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    cmdline = fopen(path, "re");
    assert_non_null(cmdline);
    for (size_t n = fread(line, 1, sizeof line - 1, cmdline); n > 0; n--)
        if (line[n - 1] == '\0')
            line[n - 1] = ' ';
    fclose(cmdline);
    assert_non_null(strstr(line, "history"));
    assert_null(strstr(line, password));
    kill(pid, SIGINT);
    assert_int_equal(process_wait(pid), 130);
    close(client);
    close(fd);
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bad_day_ends_with_its_status_a_message_and_no_secret),
        cmocka_unit_test(with_json_every_error_is_a_document),
        cmocka_unit_test(a_command_that_only_looks_creates_no_database),
        cmocka_unit_test(a_database_that_is_away_is_said_once_with_what_to_do),
        cmocka_unit_test(a_server_that_never_answers_costs_the_connect_timeout),
        cmocka_unit_test(nobody_has_to_wait_for_a_server_that_never_answers),
        cmocka_unit_test(a_wrong_password_is_said_without_saying_it),
        cmocka_unit_test(an_unknown_database_is_named),
        cmocka_unit_test(a_frozen_server_ends_a_command_within_its_deadline),
        cmocka_unit_test(production_on_sqlite_is_not_ready),
        cmocka_unit_test(a_database_that_cannot_grow_is_left_as_it_was),
        cmocka_unit_test(the_url_is_not_in_the_process_list),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
