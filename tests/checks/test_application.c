/*
 * test_application.c - an application is asked over HTTP, and what it may answer; last, headgate's
 * own endpoints are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/headgate.h>

#include "base/clock.h"
#include "checks/exposition.h"
#include "checks/fetch.h"
#include "serve/serve.h"
#include "support/temp.h"
#include "support/web.h"

#define GOOD \
    "{\"status\": \"pass\", \"db\": true, \"db_driver\": \"sqlite\", \"db_url_kind\": \"sqlite\"}"
#define SECRET "S3cret-of-the-test"

struct world {
    char *dir;
    hg_settings *settings;
    hg_pool *pool;
};

static struct world open_world(void)
{
    struct world w = {.dir = temp_dir_make()};
    char url[4096], migrations[4096];
    const char *variables[] = {url, migrations, "ENV=test", "HEADGATE_TOKEN=" SECRET, NULL};
    hg_pool_options options;

    temp_write(w.dir, "app.db", "");
    temp_write(w.dir, "migrations/.keep", "");
    snprintf(url, sizeof url, "DATABASE_URL=sqlite:///%s/app.db", w.dir);
    snprintf(migrations, sizeof migrations, "DB_MIGRATIONS_DIR=%s/migrations", w.dir);
    assert_true(hg_settings_load(&(hg_settings_options){.environ = variables}, &w.settings, NULL));
    options = hg_pool_options_from(w.settings);
    options.runtime_dir = NULL;
    assert_true(hg_pool_open(hg_settings_url(w.settings), &options, &w.pool, NULL));
    return w;
}

static void close_world(struct world *w)
{
    hg_pool_close(w->pool, hg_deadline_in_ms(5000));
    hg_settings_free(w->settings);
    temp_dir_remove(w->dir);
}

static hg_smoke *ask(const struct world *w, const char *id, const char *url)
{
    hg_smoke_options options = {.only = &id, .only_count = 1, .app_url = url};
    hg_smoke *smoke = NULL;
    hg_error err = {0};

    if (!hg_smoke_run(w->settings, w->pool, &options, hg_deadline_in_ms(20000), NULL, &smoke, &err))
        fail_msg("%s", err.message);
    return smoke;
}

/* One page, and what a check makes of it. */
// clang-format off
static const struct {
    const char *id;
    struct web_page page;
    hg_status status;
} answers[] = {
    {"http.alive", {"/healthz", 200, "ok"}, HG_PASS},
    {"http.alive", {"/other", 200, "ok"}, HG_WARN},
    {"http.alive", {"/healthz", 500, "oh"}, HG_FAIL},
    {"http.alive", {"/healthz", 0, ""}, HG_FAIL},
    {"http.alive", {"/healthz", 302, ""}, HG_FAIL},
    {"http.ready", {"/readiness", 200, GOOD}, HG_PASS},
    {"http.ready", {"/readiness", 200, "{\"status\": \"warn\", \"codes\": [\"x\"]}"}, HG_WARN},
    {"http.ready", {"/readiness", 200, "{\"status\": \"fail\"}"}, HG_FAIL},
    {"http.ready", {"/readiness", 503, "{\"status\": \"fail\", \"codes\": [\"dns\"]}"}, HG_FAIL},
    {"http.ready", {"/readiness", 200, "ok"}, HG_FAIL},
    {"http.ready", {"/readiness", 200, "[1]"}, HG_FAIL},
    {"http.ready", {"/other", 200, GOOD}, HG_FAIL},
    {"http.database", {"/readiness", 200, GOOD}, HG_PASS},
    {"http.database", {"/readiness", 200, "{\"db_driver\": \"postgresql\"}"}, HG_FAIL},
    {"http.database", {"/readiness", 200, "{\"db_url_kind\": \"postgres\"}"}, HG_FAIL},
    {"http.database", {"/readiness", 200, "{\"db_url_kind\": \"sqlite\", \"production\": {\"is_production\": true}}"}, HG_FAIL},
    {"http.database", {"/readiness", 503, "{\"db_url_kind\": \"sqlite\", \"db\": false}"}, HG_FAIL},
    {"http.database", {"/readiness", 200, "{\"status\": \"pass\"}"}, HG_UNKNOWN},
    {"http.database", {"/readiness", 200, "{\"db_driver\": 7}"}, HG_UNKNOWN},
    {"http.sessions", {"/readiness", 200, GOOD}, HG_SKIP},
    {"http.metrics", {"/metrics", 200, "a_total{x=\"1\"} 7\n"}, HG_PASS},
    {"http.metrics", {"/metrics", 200, "# nothing\n"}, HG_WARN},
    {"http.metrics", {"/metrics", 200, "<html>\n"}, HG_FAIL},
    {"http.metrics", {"/metrics", 500, ""}, HG_FAIL},
    {"http.metrics", {"/metrics", 403, ""}, HG_SKIP},
    {"http.metrics", {"/other", 200, ""}, HG_SKIP},
    {"http.discreet", {"/readiness", 200, GOOD}, HG_PASS},
    {"http.discreet", {"/readiness", 200, "{\"db_url\": \"sqlite:///x\"}"}, HG_WARN},
    {"http.discreet", {"/readiness", 500, "could not connect to postgresql://app:pw@db/app"}, HG_FAIL},
    {"http.discreet", {"/healthz", 200, "token " SECRET}, HG_FAIL},
};
// clang-format on

static void what_an_application_answers_is_judged(void **state)
{
    struct world w = open_world();

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct web *web = web_start(&answers[i].page, 1);
        char url[64];
        hg_smoke *smoke;

        snprintf(url, sizeof url, "http://127.0.0.1:%d/", web_port(web));
        smoke = ask(&w, answers[i].id, url);
        assert_int_equal(smoke->check_count, 1);
        if (smoke->checks[0].status != answers[i].status)
            fail_msg("%s after %d <%s>: %s, %s", answers[i].id, answers[i].page.status,
                     answers[i].page.body, hg_status_name(smoke->checks[0].status),
                     smoke->checks[0].observed);
        assert_null(strstr(smoke->checks[0].observed, SECRET));
        hg_smoke_free(smoke);
        web_stop(web);
    }
    close_world(&w);
}

static void an_application_that_never_answers_fails_by_the_checks_deadline(void **state)
{
    static const struct web_page silent = {"/healthz", -1, ""};
    struct web *web = web_start(&silent, 1);
    struct world w = open_world();
    char url[64];
    hg_smoke *smoke;

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", web_port(web));
    smoke = ask(&w, "http.alive", url);
    assert_int_equal(smoke->checks[0].status, HG_FAIL);
    assert_true(smoke->checks[0].duration_ms < 30000);
    hg_smoke_free(smoke);
    web_stop(web);
    close_world(&w);
}

static void without_an_address_nothing_is_asked_and_nothing_passes(void **state)
{
    struct world w = open_world();
    hg_smoke *smoke = ask(&w, "http", NULL);

    (void)state;
    assert_int_equal(smoke->check_count, 6);
    for (size_t i = 0; i < smoke->check_count; i++)
        assert_int_equal(smoke->checks[i].status, HG_SKIP);
    hg_smoke_free(smoke);
    close_world(&w);
}

static void an_address_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"",           "127.0.0.1:80",       "ftp://host",
                                        "http://",    "http://:80",         "http://u:p@host/",
                                        "http://h?x", "file:///etc/passwd", "http://a b/",
                                        "http://h/#x"};
    struct world w = open_world();

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        hg_smoke_options options = {.app_url = wrong[i]};
        hg_smoke *smoke = NULL;
        hg_error err = {0};

        if (hg_smoke_run(w.settings, w.pool, &options, hg_deadline_in_ms(60000), NULL, &smoke,
                         &err))
            fail_msg("<%s> was asked", wrong[i]);
        assert_int_equal(err.code, HG_USAGE);
    }
    assert_null(fetch_fault("https://[::1]:8443/prefix"));
    close_world(&w);
}

/* A page of metrics that a scraper would drop is told from one that it takes. */
static void prometheus_text_format_is_known(void **state)
{
    static const struct {
        const char *text;
        bool fine;
        size_t samples;
    } rows[] = {
        {"", true, 0},
        {"a 1\n", true, 1},
        {"# HELP a b\n\na{x=\"1\",y=\"\\\"\\\\\\n\",} -1.5e+3 1700000000000\n", true, 1},
        {"a +Inf\nb NaN\nc{} .5\n", true, 3},
        {"a 1", false, 0},
        {"a\n", false, 0},
        {"a 1 2 3\n", false, 0},
        {"a{x=1} 1\n", false, 0},
        {"a{x=\"1} 1\n", false, 0},
        {"a{x=\"1\" 1\n", false, 0},
        {"a{x=\"\\q\"} 1\n", false, 0},
        {"1a 1\n", false, 0},
        {"a 1,5\n", false, 0},
        {"a 0x10\n", false, 0},
        {"{\"status\": 1}\n", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t samples, line;

        if (exposition_check(rows[i].text, strlen(rows[i].text), &samples, &line) != rows[i].fine)
            fail_msg("<%s> was %s", rows[i].text, rows[i].fine ? "refused" : "taken");
        if (rows[i].fine)
            assert_int_equal(samples, rows[i].samples);
    }
}

static void the_endpoints_of_headgate_pass_what_is_asked_of_an_application(void **state)
{
    static const char *const ids[] = {"http.alive", "http.ready", "http.database", "http.discreet"};
    struct world w = open_world();
    struct serve *serve = NULL;
    char url[64];

    (void)state;
    assert_true(serve_start(w.settings, "127.0.0.1:0", 500, &serve, NULL));
    snprintf(url, sizeof url, "http://127.0.0.1:%d", serve_port(serve));
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        hg_deadline by = hg_deadline_in_ms(60000);
        hg_smoke *smoke = ask(&w, ids[i], url);

        while (smoke->checks[0].status != HG_PASS && hg_deadline_left_ms(by) > 0) {
            hg_smoke_free(smoke); /* it has just started, or is slow for a moment */
            smoke = ask(&w, ids[i], url);
        }
        if (smoke->checks[0].status != HG_PASS)
            fail_msg("%s: %s", ids[i], smoke->checks[0].observed);
        hg_smoke_free(smoke);
    }
    serve_stop(serve);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_application_answers_is_judged),
        cmocka_unit_test(an_application_that_never_answers_fails_by_the_checks_deadline),
        cmocka_unit_test(without_an_address_nothing_is_asked_and_nothing_passes),
        cmocka_unit_test(an_address_that_is_none_is_refused),
        cmocka_unit_test(prometheus_text_format_is_known),
        cmocka_unit_test(the_endpoints_of_headgate_pass_what_is_asked_of_an_application),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
