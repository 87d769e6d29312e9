/*
 * postgres_keywords.c - what libpq is told about a connection.
 *
 * libpq gets keywords and values, never a URL as text, and always host, port, user and database, so
 * that no PG* variable leads to another database than the URL names. What the URL leaves open
 * beside those (password file, certificates, sslmode) libpq fills in as it does for psql.
 */
#include "postgres_keywords.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "settings/url.h"

enum { PAIRS_MAX = 80 };

/* Keywords and values as PQconnectStartParams() takes them. */
struct pairs {
    const char *names[PAIRS_MAX + 1];
    const char *values[PAIRS_MAX + 1];
    size_t count;
};

static void pair(struct pairs *pairs, const char *name, const char *value)
{
    assert(pairs->count < PAIRS_MAX);
    pairs->names[pairs->count] = name;
    pairs->values[pairs->count++] = value;
}

const char *keywords_parameter(const hg_url *url, const char *name)
{
    for (size_t i = 0; i < hg_url_parameter_count(url); i++)
        if (strcmp(hg_url_parameter_name(url, i), name) == 0)
            return hg_url_parameter_value(url, i);
    return NULL;
}

/* What is said unless the URL says otherwise: a dead peer is noticed within a minute, also when
 * bytes of ours are on their way to it; Kerberos encryption, whose set-up blocks, only on request.
 */
static const char *const defaults[][2] = {
    {"keepalives", "1"},       {"keepalives_idle", "30"},     {"keepalives_interval", "10"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "30000"}, {"gssencmode", "disable"},
};

/* Parameters that are obeyed here and not handed on. */
static bool is_ours(const char *name)
{
    static const char *const names[] = {
        "hostaddr",           "connect_timeout",      "client_encoding",
        "load_balance_hosts", "target_session_attrs", "prepared",
        "reset_on_return"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void add_parameters(struct pairs *pairs, const hg_url *url)
{
    for (size_t i = 0; i < hg_url_parameter_count(url); i++) {
        const struct secret *secret = url_parameter_secret(url, i);

        if (!is_ours(hg_url_parameter_name(url, i)))
            pair(pairs, hg_url_parameter_name(url, i),
                 secret != NULL ? secret_reveal(secret) : hg_url_parameter_value(url, i));
    }
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (keywords_parameter(url, defaults[i][0]) == NULL)
            pair(pairs, defaults[i][0], defaults[i][1]);
}

PGconn *keywords_start(const struct attempt *attempt, const struct target *target)
{
    const hg_url *url = attempt->url;
    struct pairs pairs = {.count = 0};
    char port[16];

    snprintf(port, sizeof port, "%d", target->port);
    pair(&pairs, "host", target->host);
    if (target->address != NULL)
        pair(&pairs, "hostaddr", target->address);
    pair(&pairs, "port", port);
    pair(&pairs, "user", attempt->user);
    pair(&pairs, "dbname", attempt->database);
    if (url_password(url) != NULL)
        pair(&pairs, "password", secret_reveal(url_password(url)));
    pair(&pairs, "client_encoding", "UTF8");
    if (attempt->options->application_name != NULL
        && keywords_parameter(url, "application_name") == NULL)
        pair(&pairs, "application_name", attempt->options->application_name);
    if (target->session != NULL)
        pair(&pairs, "target_session_attrs", target->session);
    add_parameters(&pairs, url);
    return attempt->conn->pq->PQconnectStartParams(pairs.names, pairs.values, 0);
}

const char *keywords_unknown(const struct pq *pq, const hg_url *url)
{
    PQconninfoOption *options = hg_url_parameter_count(url) == 0 ? NULL : pq->PQconndefaults();
    const char *unknown = NULL;

    for (size_t i = 0; options != NULL && i < hg_url_parameter_count(url) && unknown == NULL; i++) {
        const PQconninfoOption *option = options;

        while (option->keyword != NULL
               && strcmp(option->keyword, hg_url_parameter_name(url, i)) != 0)
            option++;
        if (option->keyword == NULL && !is_ours(hg_url_parameter_name(url, i)))
            unknown = hg_url_parameter_name(url, i);
    }
    pq->PQconninfoFree(options);
    return unknown;
}
