/*
 * check_http.c - what the running application says of itself, asked over HTTP: that it lives, that
 * it is ready, that it works on the database that is meant, and that it tells strangers no more
 * than that.
 *
 * It is asked as anybody could ask: without a token. Each of its endpoints is asked once a run.
 */
#include "application.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "base/text.h"
#include "exposition.h"

enum { SLOW_MS = 1000, URL_MOST = 2048 };

static const char *const paths[APP_ENDPOINTS] = {"/healthz", "/readiness", "/metrics"};

/* --- asking --- */

static void ask_once(struct check_context *context, enum app_endpoint which)
{
    struct app_answer *answer = &context->application->answers[which];
    const char *base = context->application->url;
    size_t n = strlen(base);
    char url[URL_MOST];

    if (answer->asked)
        return;
    answer->asked = true;
    n -= n > 0 && base[n - 1] == '/';
    snprintf(url, sizeof url, "%.*s%s", (int)n, base, paths[which]);
    answer->ok = fetch(url, context->by, context->observer, &answer->got, &answer->err);
}

/* The answer of an endpoint; NULL: there is none, and the result says why. */
static const struct fetched *answer_of(struct check_context *context, enum app_endpoint which,
                                       hg_check_result *result)
{
    const struct app_answer *answer;

    if (context->application->url == NULL) {
        check_say(result, HG_SKIP, "no --app-url was given");
        return NULL;
    }
    ask_once(context, which);
    answer = &context->application->answers[which];
    if (answer->ok)
        return &answer->got;
    check_say(result,
              answer->err.code == HG_UNSUPPORTED || answer->err.code == HG_CANCELLED ? HG_UNKNOWN
                                                                                     : HG_FAIL,
              "%s", answer->err.message);
    text_copy(result->hint, sizeof result->hint, answer->err.hint);
    return NULL;
}

void application_release(struct application *application)
{
    for (int i = 0; i < APP_ENDPOINTS; i++)
        if (application->answers[i].asked)
            buf_release(&application->answers[i].got.body);
}

/* --- alive and ready --- */

static void check_alive(struct check_context *context, hg_check_result *result)
{
    const struct fetched *got = answer_of(context, APP_HEALTH, result);

    snprintf(result->threshold, sizeof result->threshold, "warn > %d ms", SLOW_MS);
    if (got == NULL)
        return;
    if (got->status == 404)
        check_say(result, HG_WARN, "it has no /healthz");
    else if (got->status != 200)
        check_say(result, HG_FAIL, "/healthz answers %d", got->status);
    else
        check_say(result, check_judge(got->ms, SLOW_MS, INFINITY), "%.1f ms", got->ms);
}

/* The object that /readiness answers with, for json_decref(); NULL: the result says why. */
static json_t *readiness_of(const struct fetched *got, hg_check_result *result)
{
    json_t *root = json_loadb(got->body.bytes, got->body.size, 0, NULL);

    if (json_is_object(root))
        return root;
    json_decref(root);
    check_say(result, HG_FAIL, "/readiness answers %d, and no JSON object", got->status);
    return NULL;
}

static const char *text_of(const json_t *root, const char *name)
{
    const char *text = json_string_value(json_object_get(root, name));

    return text == NULL ? "" : text;
}

static void say_codes(struct check_context *context, const json_t *root, hg_check_result *result)
{
    const json_t *codes = json_object_get(root, "codes");

    for (size_t i = 0; i < json_array_size(codes); i++)
        if (json_is_string(json_array_get(codes, i)))
            check_evidence(context, result, "%s", json_string_value(json_array_get(codes, i)));
}

static void check_ready(struct check_context *context, hg_check_result *result)
{
    const struct fetched *got = answer_of(context, APP_READINESS, result);
    json_t *root;
    const char *status;

    snprintf(result->threshold, sizeof result->threshold, "warn > %d ms", SLOW_MS);
    if (got == NULL || (root = readiness_of(got, result)) == NULL)
        return;
    status = text_of(root, "status");
    if (got->status != 200 || strcmp(status, "fail") == 0)
        check_say(result, HG_FAIL, "/readiness answers %d%s%s", got->status,
                  status[0] == '\0' ? "" : ", status ", status);
    else if (strcmp(status, "warn") == 0)
        check_say(result, HG_WARN, "ready, with a warning");
    else
        check_say(result, check_judge(got->ms, SLOW_MS, INFINITY), "%.1f ms", got->ms);
    say_codes(context, root, result);
    json_decref(root);
}

/* --- on which database --- */

/* "postgres" is the old name of one and the same. */
static const char *plain_kind(const char *kind)
{
    return strcmp(kind, "postgres") == 0 ? "postgresql" : kind;
}

/* What it says of one thing against what we know; whether it says so at all. */
static bool compare(struct check_context *context, const char *name, const char *theirs,
                    const char *ours, size_t *wrong, hg_check_result *result)
{
    if (theirs == NULL || theirs[0] == '\0')
        return false;
    if (strcmp(theirs, ours) != 0) {
        ++*wrong;
        check_evidence(context, result, "%s: the application says %s, the settings say %s", name,
                       theirs, ours);
    }
    return true;
}

static const char *truth(const json_t *value)
{
    return json_is_true(value) ? "true" : json_is_false(value) ? "false" : NULL;
}

static void compare_all(struct check_context *context, const json_t *root, hg_check_result *result)
{
    const hg_url *url = hg_settings_url(context->settings);
    const json_t *production =
        json_object_get(json_object_get(root, "production"), "is_production");
    size_t wrong = 0;
    bool kind = compare(context, "db_url_kind", plain_kind(text_of(root, "db_url_kind")),
                        plain_kind(hg_url_kind(url)), &wrong, result);
    bool driver = compare(context, "db_driver", text_of(root, "db_driver"),
                          hg_driver_name(hg_url_driver(url)), &wrong, result);

    compare(context, "production", truth(production),
            hg_settings_production(context->settings) ? "true" : "false", &wrong, result);
    if (wrong > 0)
        check_say(result, HG_FAIL, "it runs on %s, which is not what is meant here",
                  kind ? text_of(root, "db_url_kind") : "another database");
    else if (!kind && !driver)
        check_say(result, HG_UNKNOWN, "/readiness says neither db_url_kind nor db_driver");
    else if (json_is_false(json_object_get(root, "db")))
        check_say(result, HG_FAIL, "it cannot reach its database");
    else
        check_say(result, HG_PASS, "%s",
                  kind ? text_of(root, "db_url_kind") : text_of(root, "db_driver"));
}

static void check_database(struct check_context *context, hg_check_result *result)
{
    const struct fetched *got = answer_of(context, APP_READINESS, result);
    json_t *root = got == NULL ? NULL : readiness_of(got, result);

    if (root == NULL)
        return;
    compare_all(context, root, result);
    json_decref(root);
}

/* The server's side of it: an application that works here has sessions here. Of other roles'
 * sessions a role without pg_monitor does not see whether they are headgate's. */
static const char others[] =
    "SELECT count(*) FILTER (WHERE application_name NOT LIKE 'headgate/%'),"
    " count(*) FILTER (WHERE application_name IS NULL)"
    " FROM pg_catalog.pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_catalog.pg_backend_pid()"
    " AND coalesce(backend_type, 'client backend') = 'client backend'";

static void check_sessions(struct check_context *context, hg_check_result *result)
{
    hg_rows *rows = NULL;
    hg_error err = {0};

    if (answer_of(context, APP_READINESS, result) == NULL)
        return;
    if (!hg_conn_query(context->conn, others, NULL, 0, context->by, &rows, &err)
        || hg_rows_next(rows, context->by, &err) != HG_ROW)
        check_say_error(result, &err);
    else if (hg_rows_integer(rows, 0) > 0)
        check_say(result, HG_PASS, "%lld sessions besides headgate's",
                  (long long)hg_rows_integer(rows, 0));
    else if (hg_rows_integer(rows, 1) > 0)
        check_say(result, HG_SKIP, "the role may not see whose the other sessions are");
    else
        check_say(result, HG_WARN, "nobody but headgate is connected to this database");
    hg_rows_close(rows);
}

/* --- what it tells --- */

static void check_metrics(struct check_context *context, hg_check_result *result)
{
    const struct fetched *got = answer_of(context, APP_METRICS, result);
    size_t samples = 0, line = 0;

    if (got == NULL)
        return;
    if (got->status == 404 || got->status == 401 || got->status == 403)
        check_say(result, HG_SKIP, "/metrics answers %d", got->status);
    else if (got->status != 200)
        check_say(result, HG_FAIL, "/metrics answers %d", got->status);
    else if (!exposition_check(got->body.bytes, got->body.size, &samples, &line))
        check_say(result, HG_FAIL, "line %zu of /metrics is none that Prometheus reads", line);
    else
        check_say(result, samples > 0 ? HG_PASS : HG_WARN, "%zu samples", samples);
}

/* scheme://user:password@, where the password is not made of stars */
static bool has_password(const char *text)
{
    for (const char *at = text; (at = strstr(at, "://")) != NULL; at++) {
        size_t n = strcspn(at + 3, "/@\"' \t\r\n");
        const char *colon = memchr(at + 3, ':', n);

        if (at[3 + n] == '@' && colon != NULL && colon + 1 < at + 3 + n && colon[1] != '*')
            return true;
    }
    return false;
}

/* Scrubbing takes out our secrets: what it changes had one. */
static bool has_secret(const struct buf *body)
{
    struct buf copy = BUF_INIT(FETCH_MOST);
    bool found = false;

    for (size_t i = 0; i < body->size; i++)
        buf_char(&copy, body->bytes[i] == '\0' ? ' ' : body->bytes[i]);
    if (!buf_failed(&copy) && copy.size > 0) {
        secret_scrub(copy.bytes, copy.size + 1);
        for (size_t i = 0; i < body->size && !found; i++)
            found = copy.bytes[i] != (body->bytes[i] == '\0' ? ' ' : body->bytes[i]);
    }
    buf_release(&copy);
    return found;
}

static bool has_host(const struct check_context *context, const char *text)
{
    const hg_url *url = hg_settings_url(context->settings);

    for (size_t i = 0; i < hg_url_host_count(url); i++) {
        const char *host = hg_url_host(url, i);

        if (strchr(host, '.') != NULL && strcmp(host, "127.0.0.1") != 0
            && strstr(text, host) != NULL)
            return true;
    }
    return false;
}

static void check_discreet(struct check_context *context, hg_check_result *result)
{
    size_t secrets = 0, details = 0;

    for (int i = 0; i < APP_ENDPOINTS; i++) {
        const struct fetched *got = answer_of(context, (enum app_endpoint)i, result);

        if (got == NULL)
            return;
        if ((has_secret(&got->body) || has_password(got->body.bytes)) && ++secrets)
            check_evidence(context, result, "%s shows a password", paths[i]);
        else if ((has_host(context, got->body.bytes)
                  || strstr(got->body.bytes, "\"db_url\"") != NULL)
                 && ++details)
            check_evidence(context, result, "%s shows where the database is", paths[i]);
    }
    check_say(result,
              secrets > 0   ? HG_FAIL
              : details > 0 ? HG_WARN
                            : HG_PASS,
              secrets > 0   ? "a password"
              : details > 0 ? "where the database is"
                            : "words and numbers only");
}

// clang-format off
static const struct check rows[] = {
    {"http.alive", "", "The application answers", CRITICAL, ON_ANY, check_alive,
     .code = "app_not_alive", .hint = "Does it run, and is the URL its own?"},
    {"http.ready", "HTTP001", "The application says it is ready", CRITICAL, ON_ANY, check_ready,
     .code = "app_not_ready", .hint = "Its codes say why; headgate ready on its host says more."},
    {"http.database", "HTTP001", "The application runs on this database", CRITICAL, ON_ANY, check_database,
     .code = "app_database_differs", .hint = "It was started with other variables than these: restart it, or look at the URL of the one that is wrong."},
    {"http.sessions", "HTTP001", "The application is connected to this database", MAJOR, ON_POSTGRES | CONNECTED, check_sessions,
     .code = "app_not_connected", .hint = "It may work on another database of the same kind: compare headgate config on its host."},
    {"http.metrics", "HTTP001", "Its metrics can be read", MINOR, ON_ANY, check_metrics,
     .code = "app_metrics_unreadable", .hint = "Prometheus drops the whole page for one line that it cannot read."},
    {"http.discreet", "HTTP001", "It tells strangers no more than that", CRITICAL, ON_ANY, check_discreet,
     .code = "app_tells_too_much", .hint = "Leave words and booleans to anybody, and the rest to who has a token."},
};
// clang-format on

const struct check_table http_checks = {rows, sizeof rows / sizeof *rows};
