/*
 * console_project.h - a project in a folder of its own, on a database of its own, and a console
 * over it, for the tests that open one.
 */
#ifndef E2E_CONSOLE_PROJECT_H
#define E2E_CONSOLE_PROJECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/process.h"
#include "support/temp.h"
#include "support/tty.h"

struct project {
    char *dir, *database; /* database: PostgreSQL only */
    char *runtime_dir;    /* pools publish themselves in memory only */
    char url[512], runtime[512];
    struct tty *tty;
};

static const char accounts[] = "-- migrate:up\n"
                               "CREATE TABLE accounts (id integer PRIMARY KEY);\n"
                               "CREATE TABLE invoices (id integer PRIMARY KEY);\n"
                               "-- migrate:down\n"
                               "DROP TABLE invoices;\n"
                               "DROP TABLE accounts;\n";
static const char audit[] = "-- migrate:up\n"
                            "CREATE TABLE audit (id integer PRIMARY KEY);\n"
                            "-- migrate:down\n"
                            "DROP TABLE audit;\n";

static inline struct project project_make(bool postgres)
{
    struct project p = {.dir = temp_dir_make()};
    char *url;

    p.runtime_dir = strdup("/dev/shm/headgate-test-XXXXXX");
    assert_non_null(mkdtemp(p.runtime_dir));
    snprintf(p.runtime, sizeof p.runtime, "HEADGATE_RUNTIME_DIR=%s", p.runtime_dir);
    temp_write(p.dir, "migrations/0001_accounts.sql", accounts);
    temp_write(p.dir, "migrations/0002_audit.sql", audit);
    if (postgres) {
        p.database = postgres_database();
        url = postgres_owner_url_text(p.database);
        snprintf(p.url, sizeof p.url, "DATABASE_URL=%s", url);
        free(url);
    } else {
        snprintf(p.url, sizeof p.url, "DATABASE_URL=sqlite:///app.db");
    }
    return p;
}

static inline void run_command(const struct project *p, const char *command)
{
    struct process_result result = headgate_run(p->dir, p->url, command, NULL);

    if (result.status != 0)
        fail_msg("%s: %s", command, result.err);
    process_release(&result);
}

static inline void open_console(struct project *p)
{
    const char *const environment[] = {p->url, p->runtime, NULL};
    const char *const argv[] = {TEST_HEADGATE, NULL};

    p->tty =
        tty_start(&(struct tty_options){.directory = p->dir, .environment = environment}, argv);
    assert_true(tty_wait(p->tty, "READINESS"));
}

static inline void quit_console(struct project *p)
{
    tty_type(p->tty, "q");
    assert_int_equal(tty_wait_end(p->tty), 0);
    assert_true(tty_modes_restored(p->tty));
    tty_free(p->tty);
    p->tty = NULL;
}

static inline void project_remove(struct project *p)
{
    tty_free(p->tty);
    temp_dir_remove(p->dir);
    temp_dir_remove(p->runtime_dir);
    free(p->database);
}

/* What another process finds the database to be at. */
static inline void assert_current(const struct project *p, const char *revision)
{
    struct process_result result = headgate_run(p->dir, p->url, "current", NULL);

    assert_int_equal(result.status, 0);
    if (strstr(result.out, revision) == NULL)
        fail_msg("not at %s: %s", revision, result.out);
    process_release(&result);
}

/* A key that asks for a change, the question, and the answer when its dead time is over. */
static inline void change(const struct project *p, const char *key, const char *prompt,
                          const char *answer)
{
    tty_type(p->tty, key);
    assert_true(tty_wait(p->tty, "QUESTION"));
    assert_true(tty_wait(p->tty, prompt));
    tty_listen(p->tty, 350);
    tty_type(p->tty, answer);
}

#endif
