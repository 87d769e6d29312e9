/*
 * postgres_database.c - databases of the tests' own server, what is run in them, URLs to them.
 */
#include "support/postgres_parts.h"

#include <string.h>

#include "driver/driver.h"

enum { PATIENCE_MS = 60 * 1000 };

static int made;       /* databases so far */
static bool has_owner; /* role "owner" has been made */

static hg_conn *connect_to(const char *database)
{
    const struct driver_options options = {.application_name = "headgate/test"};
    hg_url *url = postgres_url(database);
    hg_conn *conn = NULL;
    hg_error err = {0};

    if (!driver_postgres.open(url, &options, hg_deadline_in_ms(PATIENCE_MS), &conn, &err))
        give_up("%s", err.message);
    hg_url_free(url);
    return conn;
}

void postgres_run(const char *database, const char *sql)
{
    hg_conn *conn = connect_to(database);
    hg_error err = {0};

    if (!hg_conn_execute(conn, sql, NULL, 0, hg_deadline_in_ms(PATIENCE_MS), NULL, &err))
        give_up("%s: %s", sql, err.message);
    driver_postgres.close(conn);
}

char *postgres_ask(const char *database, const char *sql)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    hg_conn *conn = connect_to(database);
    hg_rows *rows = NULL;
    hg_error err = {0};
    char *answer;

    if (!hg_conn_query(conn, sql, NULL, 0, by, &rows, &err)
        || hg_rows_next(rows, by, &err) != HG_ROW)
        give_up("%s: %s", sql, err.code == HG_OK ? "no row" : err.message);
    answer = text("%s", hg_rows_text(rows, 0));
    hg_rows_close(rows);
    driver_postgres.close(conn);
    return answer;
}

char *postgres_database(void)
{
    char *name = text("test_%d", ++made);
    char *sql = text("CREATE DATABASE %s", name);

    postgres_run(NULL, sql);
    free(sql);
    return name;
}

char *postgres_database_again(void)
{
    static char *kept;
    char *sql;

    if (kept == NULL)
        return text("%s", kept = postgres_database());
    sql = text("ALTER DATABASE %s RESET ALL", kept);
    postgres_run(NULL, sql);
    free(sql);
    postgres_run(kept, "DO $$BEGIN DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE "
                       "ON SCHEMA public TO PUBLIC; END$$");
    return text("%s", kept);
}

/* Percent-encodes everything but what stands for itself anywhere in a URL (RFC 3986 §2.3). */
static char *encode(const char *plain)
{
    char *out = text("%*s", (int)strlen(plain) * 3, ""), *to = out;

    for (; *plain != '\0'; plain++) {
        if (strspn(plain, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") > 0)
            *to++ = *plain;
        else
            to += sprintf(to, "%%%02X", (unsigned char)*plain);
    }
    *to = '\0';
    return out;
}

static char *url_text(const char *host, const char *user, const char *password,
                      const char *database)
{
    char *host_part = strchr(host, ':') == NULL ? encode(host) : text("[%s]", host);
    char *user_part = encode(user), *password_part = encode(password == NULL ? "" : password);
    char *database_part = encode(database);
    char *url = text("postgresql://%s%s%s@%s:%d/%s", user_part, password == NULL ? "" : ":",
                     password_part, host_part, postgres_port(), database_part);

    free(host_part);
    free(user_part);
    free(password_part);
    free(database_part);
    return url;
}

char *postgres_owner_url_text(const char *database)
{
    char *sql = text("ALTER DATABASE \"%s\" OWNER TO owner", database);

    if (!has_owner)
        postgres_run(NULL, "CREATE ROLE owner LOGIN");
    has_owner = true;
    postgres_run(NULL, sql);
    free(sql);
    return url_text(postgres_socket_dir(), "owner", NULL, database);
}

char *postgres_url_text(const char *database)
{
    return url_text(postgres_socket_dir(), "postgres", NULL,
                    database == NULL ? "postgres" : database);
}

hg_url *postgres_url_as(const char *host, const char *user, const char *password,
                        const char *database)
{
    char *plain =
        url_text(host == NULL ? postgres_socket_dir() : host, user == NULL ? "postgres" : user,
                 password, database == NULL ? "postgres" : database);
    hg_url *url = NULL;
    hg_error err = {0};

    if (!hg_url_parse(plain, &url, &err))
        give_up("%s: %s", plain, err.message);
    free(plain);
    return url;
}

hg_url *postgres_url(const char *database)
{
    return postgres_url_as(NULL, NULL, NULL, database);
}
