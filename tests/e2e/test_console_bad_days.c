/*
 * test_console_bad_days.c - a connection that drops, a terminal that takes nothing, and a database
 * full of escape sequences, with the real program on a pseudo-terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"
#include "support/tty.h"

#define HOSTILE "\033]0;owned\007\033[2J\302\23331m\342\200\256"

struct project {
    char *dir, *database;
    char url[512], runtime[512]; /* runtime: nobody else's, so that our processes are known by it */
};

static struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};
    char *url;

    snprintf(p.runtime, sizeof p.runtime, "HEADGATE_RUNTIME_DIR=%s/run", p.dir);
    snprintf(p.url, sizeof p.url, "DATABASE_URL=sqlite:///app.db");
    if (postgres) {
        p.database = postgres_database();
        url = postgres_url_text(p.database);
        snprintf(p.url, sizeof p.url, "DATABASE_URL=%s", url);
        free(url);
    }
    temp_write(p.dir, "run/.keep", "");
    temp_write(p.dir, "migrations/0001_hostile.sql",
               "-- message: " HOSTILE "\n-- migrate:up\nCREATE TABLE a (id integer);\n-- " HOSTILE
               "\n-- migrate:down\nDROP TABLE a;\n");
    return p;
}

static void project_remove(struct project *p)
{
    temp_dir_remove(p->dir);
    free(p->database);
}

static struct tty *open_console(const struct project *p, const char *const *argv)
{
    const char *const environment[] = {p->url, p->runtime, NULL};
    struct tty *t = tty_start(
        &(struct tty_options){
            .width = 132, .height = 43, .directory = p->dir, .environment = environment},
        argv);

    assert_true(tty_wait(t, "READINESS"));
    return t;
}

/* Whether a process was started with this in its environment. */
static bool has_environment(const char *pid, const char *setting)
{
    static char bytes[64 * 1024];
    char path[300];
    FILE *file;
    size_t n;

    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    file = fopen(path, "r");
    n = file == NULL ? 0 : fread(bytes, 1, sizeof bytes, file);
    if (file != NULL)
        fclose(file);
    return memmem(bytes, n, setting, strlen(setting)) != NULL;
}

static int count_processes(const struct project *p)
{
    DIR *proc = opendir("/proc");
    int count = 0;

    assert_non_null(proc);
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            count += has_environment(entry->d_name, p->runtime);
    closedir(proc);
    return count;
}

static void assert_nobody_is_left(const struct project *p)
{
    for (int i = 0; i < 200 && count_processes(p) > 0; i++)
        usleep(50 * 1000);
    assert_int_equal(count_processes(p), 0);
}

/* Processor time of a process, in clock ticks. */
static long ticks_of(pid_t pid)
{
    unsigned long user = 0, system = 0;
    char path[64], line[1024] = "";
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    assert_non_null(file);
    if (fgets(line, sizeof line, file) != NULL)
        sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system);
    fclose(file);
    return (long)(user + system);
}

static void a_dropped_connection_leaves_no_process(void **state)
{
    static const char *const plain[] = {TEST_HEADGATE, NULL};
    static const char *const nohup[] = {"/bin/sh", "-c", "trap '' HUP; exec " TEST_HEADGATE, NULL};
    const char *const *ways[] = {plain, nohup};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct project p = project_make(i >= 2);
        struct tty *t = open_console(&p, ways[i % 2]);

        assert_true(count_processes(&p) > 0);
        tty_hang_up(t);
        assert_int_not_equal(tty_wait_end(t), -1);
        assert_nobody_is_left(&p);
        tty_free(t);
        project_remove(&p);
    }
}

/* Nobody reads what is written: a link that has stopped. Once its answers are not awaited any more
 * the console goes on drawing into it, as far as it takes something. */
static void a_terminal_that_takes_nothing_costs_nothing(void **state)
{
    static const char *const argv[] = {TEST_HEADGATE, "demo", NULL};
    struct project p = project_make(false);
    struct tty *t = open_console(&p, argv);
    long before = ticks_of(tty_pid(t));

    (void)state;
    for (int i = 0; i < 30; i++) {
        usleep(100 * 1000);
        tty_type(t, "\014"); /* ask for all of the screen again */
    }
    assert_in_range(ticks_of(tty_pid(t)) - before, 0, sysconf(_SC_CLK_TCK));
    tty_hang_up(t);
    assert_int_not_equal(tty_wait_end(t), -1);
    assert_nobody_is_left(&p);
    tty_free(t);
    project_remove(&p);
}

static pid_t run_hostile_query(const struct project *p)
{
    pid_t pid = fork();

    if (pid == 0) {
        postgres_run(p->database, "SELECT /* " HOSTILE " */ pg_sleep(60)");
        _exit(0);
    }
    return pid;
}

static void assert_harmless(const struct tty *t)
{
    static const char *const raw[] = {"\033]", "\007", "\302\233", "\342\200\256", "\033c"};
    size_t size;
    const char *bytes = tty_bytes(t, &size);

    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
        if (memmem(bytes, size, raw[i], strlen(raw[i])) != NULL)
            fail_msg("number %zu reached the terminal", i);
    assert_int_equal(tty_unknown(t), 0);
}

static void a_hostile_database_reaches_no_terminal(void **state)
{
    static const char *const argv[] = {TEST_HEADGATE, NULL};
    struct project p = project_make(true);
    pid_t client = run_hostile_query(&p);
    struct tty *t = open_console(&p, argv);

    (void)state;
    tty_type(t, "3");
    assert_true(tty_wait(t, "SELECT /* \\x1b]0;owned"));
    tty_type(t, "G\r");
    tty_type(t, "\0334");
    assert_true(tty_wait(t, "\\x1b]0;owned\\x07"));
    for (const char *key = "1\r\0332\r\0333\r\0334\r\0335\r\0336\r\0334p\033A\0334\r"; *key != '\0';
         key++) {
        const char one[] = {*key, '\0'};

        tty_type(t, one);
        tty_listen(t, 40);
    }
    assert_harmless(t);
    tty_type(t, "\033\033");
    tty_listen(t, 100);
    tty_type(t, "q");
    assert_int_equal(tty_wait_end(t), 0);
    tty_free(t);
    kill(client, SIGKILL);
    waitpid(client, NULL, 0);
    project_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dropped_connection_leaves_no_process),
        cmocka_unit_test(a_terminal_that_takes_nothing_costs_nothing),
        cmocka_unit_test(a_hostile_database_reaches_no_terminal),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
