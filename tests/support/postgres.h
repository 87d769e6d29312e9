/*
 * postgres.h - a PostgreSQL server of a test program's own.
 *
 * It lives in a temporary folder, speaks on a socket in that folder and on a free port of the
 * loopback addresses, runs as another user when the test runs as root (the server refuses root),
 * and goes with the test program, however that ends. The first test of a build folder makes a
 * template of the data directory there, the others copy it. Where PostgreSQL is not installed the
 * program fails and says what to install: a test that was not run is not a test that passed.
 *
 * TCP connections may use TLS: its certificate is for "localhost" and lies in the socket's folder
 * as server.crt. Role "postgres" is a superuser and needs no password, nor do others; members of
 * role "guards" need theirs (scram-sha-256); role "rejected" is turned away by pg_hba.conf.
 */
#ifndef SUPPORT_POSTGRES_H
#define SUPPORT_POSTGRES_H

#include <stdbool.h>

#include <headgate/settings.h>

/* Starts the server unless it runs. Call it from the main thread. Exits the program on failure. */
void postgres_start(void);

/* The same, as a group's setup: cmocka_run_group_tests(tests, postgres_setup, NULL). */
int postgres_setup(void **state);

/* How a server ends: as `pg_ctl stop -m` says. POSTGRES_KILLED: all its processes
 * get SIGKILL. */
enum postgres_end { POSTGRES_SMART, POSTGRES_FAST, POSTGRES_IMMEDIATE, POSTGRES_KILLED };

void postgres_stop(enum postgres_end how);    /* returns when the server is gone */
void postgres_restart(enum postgres_end how); /* same folder, same port */

/* Stops every process of the server in its tracks (SIGSTOP), while the kernel goes on accepting
 * connections for it; and lets them go on. */
void postgres_freeze(void);
void postgres_thaw(void);

/* Creates an empty database with a name of its own; returns the name, allocated with malloc(). */
char *postgres_database(void);

/* The same for a third of the time: a database that this was asked for before, emptied. Nobody may
 * be connected to it, and what was made in another schema than public stays. */
char *postgres_database_again(void);

/* Runs a statement as superuser in a database; NULL: in "postgres". Exits the program on failure.
 */
void postgres_run(const char *database, const char *sql);

/* The first field of the first row of a query, as text, allocated with malloc(). */
char *postgres_ask(const char *database, const char *sql);

/* A URL of the database, parsed; the test frees it with hg_url_free(). Through the socket, or
 * through TCP to host ("127.0.0.1", "localhost", "::1"). user NULL: postgres. password NULL: none.
 */
hg_url *postgres_url(const char *database);
hg_url *postgres_url_as(const char *host, const char *user, const char *password,
                        const char *database);

/* The same as text, allocated with malloc(), for command lines and environments. */
char *postgres_url_text(const char *database);

/* The same for a role that owns the database and may make no other, as an application's usually
 * does: its plans are not measured on a copy of the schema, which takes a second each. */
char *postgres_owner_url_text(const char *database);

const char *postgres_socket_dir(void);
int postgres_port(void);

#endif
