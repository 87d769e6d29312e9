/*
 * limit.c - the least that applying files can cost: the same SQL with a ledger's insert, one
 * transaction and one round trip a file, through nothing but libpq or sqlite3.
 *   limit pg status | up FILES... | down FILES...          (connection from PGHOST and the like)
 *   limit sqlite DATABASE status | up FILES... | down FILES...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>
#include <sqlite3.h>

static const char create[] = "CREATE TABLE IF NOT EXISTS ledger (version text PRIMARY KEY)";
static const char read_ledger[] = "SELECT version FROM ledger ORDER BY 1";

/* BEGIN, the section, the ledger's row, COMMIT. */
static char *text_of(const char *path, const char *command)
{
    FILE *f = fopen(path, "rb");
    char *all = calloc(1, 1 << 20), *sql = calloc(1, 1 << 20), *up, *down;
    const char *slash = strrchr(path, '/');

    if (f == NULL || all == NULL || sql == NULL)
        exit(2);
    all[fread(all, 1, (1 << 20) - 1, f)] = '\0';
    fclose(f);
    up = strstr(all, "-- migrate:up");
    down = strstr(all, "-- migrate:down");
    if (up == NULL || down == NULL)
        exit(2);
    if (strcmp(command, "up") == 0)
        *down = '\0';
    snprintf(sql, 1 << 20,
             strcmp(command, "up") == 0
                 ? "BEGIN;\n%s\nINSERT INTO ledger VALUES ('%s');\nCOMMIT;"
                 : "BEGIN;\n%s\nDELETE FROM ledger WHERE version = '%s';\nCOMMIT;",
             strcmp(command, "up") == 0 ? up : down, slash == NULL ? path : slash + 1);
    free(all);
    return sql;
}

static int run_pg(int argc, char **argv)
{
    PGconn *c = PQconnectdb("");
    PGresult *r;

    if (PQstatus(c) != CONNECTION_OK)
        return 1;
    if (strcmp(argv[2], "status") == 0) {
        r = PQexec(c, read_ledger);
        for (int i = 0; i < PQntuples(r); i++)
            puts(PQgetvalue(r, i, 0));
        return PQresultStatus(r) != PGRES_TUPLES_OK;
    }
    PQclear(PQexec(c, create));
    for (int i = 3; i < argc; i++) {
        char *sql = text_of(argv[i], argv[2]);

        r = PQexec(c, sql);
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            return fprintf(stderr, "%s: %s", argv[i], PQerrorMessage(c)), 1;
        PQclear(r);
        free(sql);
    }
    PQfinish(c);
    return 0;
}

static int print_row(void *unused, int n, char **values, char **names)
{
    (void)unused;
    (void)n;
    (void)names;
    puts(values[0]);
    return 0;
}

static int run_sqlite(int argc, char **argv)
{
    sqlite3 *db;

    if (argc < 4 || sqlite3_open(argv[2], &db) != SQLITE_OK)
        return 1;
    if (strcmp(argv[3], "status") == 0)
        return sqlite3_exec(db, read_ledger, print_row, NULL, NULL) != SQLITE_OK;
    sqlite3_exec(db, create, NULL, NULL, NULL);
    for (int i = 4; i < argc; i++) {
        char *sql = text_of(argv[i], argv[3]);

        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
            return fprintf(stderr, "%s: %s\n", argv[i], sqlite3_errmsg(db)), 1;
        free(sql);
    }
    sqlite3_close(db);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    return strcmp(argv[1], "pg") == 0 ? run_pg(argc, argv) : run_sqlite(argc, argv);
}
