/*
 * test_proof.c - who is on which side, by what processes were started with and what they have open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cutover/proof.h"
#include "support/temp.h"

/* Of this process: others that run the same test are none of its business. */
static char database[32];

#define URL(start) variable("DATABASE_URL=postgresql" start, database)

static char *dir, *file;
static struct world world;
static hg_settings *source, *target;

/* NAME=URL/database; stays until the next four. */
static const char *variable(const char *start, const char *name)
{
    static char rooms[4][200];
    static int next;
    char *out = rooms[next++ % 4];

    snprintf(out, sizeof rooms[0], "%s/%s", start, name);
    return out;
}

static hg_settings *load(bool of_target)
{
    char url[4200], env_file[4200], target_url[200];
    const char *variables[] = {url, target_url, NULL};
    const hg_settings_options options = {
        .env_file = env_file, .environ = variables, .cutover_target = of_target};
    hg_settings *settings = NULL;
    hg_error err = {0};

    snprintf(url, sizeof url, "DATABASE_URL=sqlite:///%s", file);
    snprintf(env_file, sizeof env_file, "%s/.env", dir);
    snprintf(target_url, sizeof target_url,
             "HEADGATE_CUTOVER_URL=postgresql://app:s3cret@db.internal:5433/%s", database);
    if (!hg_settings_load(&options, &settings, &err))
        fail_msg("%s", err.message);
    return settings;
}

static int open_world(void **state)
{
    (void)state;
    dir = temp_dir_make();
    temp_write(dir, "app.db", "");
    temp_write(dir, ".env", "");
    snprintf(database, sizeof database, "shop%d", (int)getpid());
    file = temp_path(dir, "app.db");
    source = load(false);
    target = load(true);
    world = (struct world){.source_settings = source, .target_settings = target};
    snprintf(world.source_path, sizeof world.source_path, "%s", file);
    assert_true(world_open_file(&world, file, &world.reader, NULL));
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    world_close(&world);
    hg_settings_free(source);
    hg_settings_free(target);
    free(file);
    temp_dir_remove(dir);
    return 0;
}

/* A program as a service manager starts it: without a terminal, with this one variable. open: a
 * file that it has open; NULL: none. */
static pid_t start(const char *variable, const char *open_file)
{
    char *const argv[] = {"sleep", "600", NULL};
    char *environment[] = {(char *)(uintptr_t)variable, NULL};
    int ready[2];
    char none;
    pid_t pid;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setsid();
        if (chdir(dir) != 0 || (open_file != NULL && open(open_file, O_RDONLY) < 0))
            _exit(96);
        execve("/bin/sleep", argv, environment);
        _exit(97);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &none, 1), 0); /* it runs: execve() has closed the other end */
    close(ready[0]);
    return pid;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void assert_source(pid_t pid, const char *does)
{
    char said[400], expected[200];

    assert_true(proof_on_source(&world, said, sizeof said, NULL));
    snprintf(expected, sizeof expected, "sleep (pid %d) %s", (int)pid, does);
    if (does[0] == '\0' ? said[0] != '\0' : strcmp(said, expected) != 0)
        fail_msg("\"%s\" instead of \"%s\"", said, expected);
}

static void who_has_the_source_open_is_named(void **state)
{
    pid_t pid = start("A=b", "app.db");

    (void)state;
    assert_source(pid, "has the source open");
    stop(pid);
    assert_source(0, "");
}

static void who_was_started_with_the_sources_url_is_named(void **state)
{
    static const char *const same[] = {"DATABASE_URL=sqlite:///app.db",
                                       "DATABASE_URL=sqlite:///./app.db?timeout=5"};
    static const char *const others[] = {"DATABASE_URL=sqlite:///other.db",
                                         "DATABASE_URL=", "OTHER_URL=sqlite:///app.db"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        pid_t pid = start(same[i], NULL);

        assert_source(pid, "was started with the source's URL");
        stop(pid);
    }
    for (int i = 0; i < 3; i++) {
        pid_t pid = start(others[i], NULL);

        assert_source(0, "");
        stop(pid);
    }
}

static void who_was_started_with_the_targets_url_is_named_and_no_secret_is(void **state)
{
    const char *const others[] = {"DATABASE_URL=postgresql://app@db.internal:5433/other",
                                  URL("://app@db.other:5433"), URL("://app@db.internal:5432")};
    pid_t pid = start(URL("+psycopg2://else:0ther@db.internal:5433"), NULL);
    char said[400], expected[200];

    (void)state;
    proof_on_target(&world, said, sizeof said);
    snprintf(expected, sizeof expected, "sleep (pid %d) was started with the target's URL",
             (int)pid);
    assert_string_equal(said, expected);
    stop(pid);
    for (int i = 0; i < 3; i++) {
        pid = start(others[i], NULL);
        proof_on_target(&world, said, sizeof said);
        assert_string_equal(said, "");
        stop(pid);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TEST(who_has_the_source_open_is_named),
        TEST(who_was_started_with_the_sources_url_is_named),
        TEST(who_was_started_with_the_targets_url_is_named_and_no_secret_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
