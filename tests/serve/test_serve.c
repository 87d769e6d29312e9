/*
 * test_serve.c - the endpoints as a load balancer, a scraper and somebody hostile meet them.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/answer.h"
#include "serve/serve.h"
#include "support/http.h"
#include "support/temp.h"

static const char token[] = "a-token-of-some-length";

struct fixture {
    char *dir;
    hg_settings *settings;
    struct serve *serve;
    pthread_t sweeper;
    atomic_bool stop;
    int port;
};

static void *sweep(void *context)
{
    const struct timespec pause = {.tv_nsec = 50 * 1000000L};
    struct fixture *f = context;

    while (!atomic_load(&f->stop)) {
        serve_sweep(f->serve);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void wait_for_sample(int port)
{
    for (int status = 0; status != 200;) {
        struct http_answer answer = http_get(port, "/startupz", "");

        status = answer.status;
        http_release(&answer);
    }
}

static struct fixture *start(const char *with_token, const char *environment)
{
    struct fixture *f = calloc(1, sizeof *f);
    char url[4096], runtime[4096], migrations[4096];
    const char *variables[] = {url, runtime, migrations, with_token, environment, NULL};
    hg_settings_options options = {.environ = variables};
    hg_error err = {0};

    signal(SIGPIPE, SIG_IGN);
    f->dir = temp_dir_make();
    temp_write(f->dir, "migrations/.keep", "");
    snprintf(url, sizeof url, "DATABASE_URL=sqlite:///%s/app.db", f->dir);
    snprintf(runtime, sizeof runtime, "HEADGATE_RUNTIME_DIR=%s/run", f->dir);
    snprintf(migrations, sizeof migrations, "DB_MIGRATIONS_DIR=%s/migrations", f->dir);
    temp_write(f->dir, "app.db", ""); /* an empty file is an empty database */
    assert_true(hg_settings_load(&options, &f->settings, NULL));
    if (!serve_start(f->settings, "127.0.0.1:0", 1000, &f->serve, &err))
        fail_msg("%s", err.message);
    f->port = serve_port(f->serve);
    atomic_init(&f->stop, false);
    assert_int_equal(pthread_create(&f->sweeper, NULL, sweep, f), 0);
    wait_for_sample(f->port);
    return f;
}

static void stop(struct fixture *f)
{
    atomic_store(&f->stop, true);
    pthread_join(f->sweeper, NULL);
    serve_stop(f->serve);
    hg_settings_free(f->settings);
    temp_dir_remove(f->dir);
    free(f);
}

static int setup(void **state)
{
    *state = start("HEADGATE_TOKEN=a-token-of-some-length", "ENV=test");
    return 0;
}

static int setup_open(void **state)
{
    *state = start("ENV=test", "ENV=test");
    return 0;
}

static int setup_production(void **state)
{
    *state = start("ENV=production", "ENV=production");
    return 0;
}

static int teardown(void **state)
{
    stop(*state);
    return 0;
}

static json_t *object_of(const struct http_answer *answer)
{
    json_t *root = json_loads(answer->body, 0, NULL);

    if (root == NULL)
        fail_msg("<%s> is no JSON", answer->body);
    return root;
}

static const char *text_of(json_t *root, const char *name)
{
    const char *text = json_string_value(json_object_get(root, name));

    return text == NULL ? "(no text)" : text;
}

static void readiness_has_the_words_that_anybody_may_read(void **state)
{
    static const char *const words[] = {
        "status",   "env",        "production",  "db",
        "db_state", "db_driver",  "db_url_kind", "migrations_applied",
        "codes",    "sampled_at", "age_s",       "ttl_s"};
    struct fixture *f = *state;
    struct http_answer answer = http_get(f->port, "/readiness", "");
    json_t *root = object_of(&answer);

    if (answer.status != 200)
        fail_msg("%s", answer.text);
    assert_non_null(strstr(answer.text, "Cache-Control: no-store"));
    assert_int_equal(json_object_size(root), sizeof words / sizeof *words);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_non_null(json_object_get(root, words[i]));
    assert_true(json_is_true(json_object_get(root, "db")));
    assert_string_equal(text_of(root, "db_driver"), "sqlite");
    assert_string_equal(text_of(root, "db_state"), "ok");
    assert_null(strstr(answer.text, f->dir));
    json_decref(root);
    http_release(&answer);
}

static void one_group_may_be_asked_about(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *said, *kept; /* codes that are there, and that are not */
    } rows[] = {
        {"/readiness?group=db", 503, "sqlite_in_production", "revision_unknown"},
        {"/readiness?group=migrate", 200, "\"pass\"", "sqlite_in_production"},
        {"/readiness?group=nothing", 404, "no check", "sqlite"},
        {"/readiness?group=", 404, "no check", "sqlite"},
        {"/readiness?group", 404, "no check", "sqlite"},
        {"/readiness?group=db&verbose", 403, "sqlite_in_production", "\"checks\""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_answer answer = http_get(f->port, rows[i].path, "");

        if (answer.status != rows[i].status || strstr(answer.body, rows[i].said) == NULL
            || strstr(answer.body, rows[i].kept) != NULL)
            fail_msg("%s: %s", rows[i].path, answer.text);
        http_release(&answer);
    }
}

static void details_are_for_who_has_the_token(void **state)
{
    struct fixture *f = *state;
    char header[128];
    struct http_answer without = http_get(f->port, "/readiness?verbose", "");
    struct http_answer wrong =
        http_get(f->port, "/readiness?verbose", "Authorization: Bearer a-token-of-some-lengtx\r\n");
    struct http_answer with;
    json_t *root;

    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", token);
    with = http_get(f->port, "/readiness?verbose", header);
    assert_int_equal(without.status, 403);
    assert_int_equal(wrong.status, 403);
    assert_null(strstr(wrong.body, "\"checks\""));
    assert_int_equal(with.status, 200);
    root = object_of(&with);
    assert_true(json_array_size(json_object_get(root, "checks")) > 5);
    assert_non_null(strstr(text_of(root, "db_url"), "app.db"));
    assert_null(strstr(with.text, token));
    json_decref(root);
    http_release(&without);
    http_release(&wrong);
    http_release(&with);
}

static void metrics_ask_for_the_token_when_there_is_one(void **state)
{
    struct fixture *f = *state;
    char header[128];
    struct http_answer without = http_get(f->port, "/metrics", ""), with;

    snprintf(header, sizeof header, "Authorization: bearer %s\r\n", token);
    with = http_get(f->port, "/metrics", header);
    assert_int_equal(without.status, 403);
    assert_int_equal(with.status, 200);
    assert_non_null(strstr(with.text, "text/plain; version=0.0.4"));
    http_release(&without);
    http_release(&with);
}

static void a_name_that_leads_here_from_elsewhere_reads_no_metrics(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n"
                                  "Connection: close\r\n\r\n";
    struct fixture *f = *state;
    struct http_answer open = http_get(f->port, "/metrics", "");
    struct http_answer led = http_send(f->port, request, sizeof request - 1);

    assert_int_equal(open.status, 200);
    assert_int_equal(led.status, 403);
    http_release(&open);
    http_release(&led);
    assert_true(answer_host_is_plain("127.0.0.1:8080"));
    assert_true(answer_host_is_plain("[::1]:8080"));
    assert_true(answer_host_is_plain("LocalHost:1"));
    assert_false(answer_host_is_plain("localhost.evil.example"));
    assert_false(answer_host_is_plain("127.0.0.1.evil.example"));
}

static void sqlite_in_production_is_503_at_once_and_alive(void **state)
{
    struct fixture *f = *state;
    struct http_answer ready = http_get(f->port, "/readyz", "");
    struct http_answer alive = http_get(f->port, "/livez", "");
    json_t *root = object_of(&ready);

    assert_int_equal(ready.status, 503);
    assert_int_equal(alive.status, 200);
    assert_string_equal(text_of(root, "status"), "fail");
    assert_non_null(strstr(ready.body, "sqlite_in_production"));
    assert_non_null(strstr(ready.body, "prod_url_unset"));
    json_decref(root);
    http_release(&ready);
    http_release(&alive);
}

static void what_is_no_get_of_a_known_path_is_refused(void **state)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {"POST /readiness HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 413},
        {"GET /readiness HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n", 413},
        {"GET /readiness HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413},
        {"DELETE /readiness HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405},
        {"GET /readiness/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404},
        {"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404},
        {"GET /%2e%2e/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404},
        {"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200},
        {"GET /healthz HTTP/1.0\r\n\r\n", 200},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_answer answer = http_send(f->port, rows[i].request, strlen(rows[i].request));

        if (answer.status != rows[i].status)
            fail_msg("<%s>: %d", rows[i].request, answer.status);
        http_release(&answer);
    }
}

/* A good client is served, and quickly for a machine that may be busy. */
static void assert_served(int port)
{
    struct http_answer answer = http_get(port, "/readiness", "");

    assert_int_equal(answer.status, 200);
    assert_true(answer.ms < 30000);
    http_release(&answer);
}

static void noise_and_size_harm_nobody(void **state)
{
    struct fixture *f = *state;
    char *large = malloc(1 << 20);
    unsigned seed = 7;

    memset(large, 'a', 1 << 20);
    memcpy(large, "GET /readiness HTTP/1.1\r\nX: ", 28);
    for (int i = 0; i < 20; i++) {
        struct http_answer answer = http_send(f->port, large, 1 << 20);

        assert_true(answer.status == 0 || answer.status == 431 || answer.status == 400);
        http_release(&answer);
        for (size_t j = 0; j < 2000; j++)
            large[(1 << 19) + j] = (char)rand_r(&seed);
        memcpy(large + (1 << 19) + 2000, "\r\n\r\n", 4);
        answer = http_send(f->port, large + (1 << 19), 2004);
        assert_true(answer.status == 0 || answer.status >= 400);
        http_release(&answer);
    }
    free(large);
    assert_served(f->port);
}

/* Whether the server has hung up. */
static bool is_ended(int fd, int patience_ms)
{
    struct pollfd end = {.fd = fd, .events = POLLIN};
    char byte;

    return poll(&end, 1, patience_ms) > 0 && recv(fd, &byte, 1, 0) <= 0;
}

/* As many connections as this process may have descriptors for, both ends being here. */
static size_t allow_descriptors(size_t wanted)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * wanted + 200) {
        limit.rlim_cur = limit.rlim_max < 2 * wanted + 200 ? limit.rlim_max : 2 * wanted + 200;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    return limit.rlim_cur < 2 * wanted + 200 ? (limit.rlim_cur - 200) / 2 : wanted;
}

static void a_client_that_never_gets_done_is_ended_whatever_it_sends(void **state)
{
    enum { SLOW = 300 };
    int count = (int)allow_descriptors(SLOW), fds[SLOW], ended = 0;
    struct fixture *f = *state;
    int64_t started_ns = clock_now_ns();

    for (int i = 0; i < count; i++) {
        fds[i] = http_connect(f->port);
        assert_int_equal(send(fds[i], "GET /readiness", 14, MSG_NOSIGNAL), 14);
    }
    assert_served(f->port);
    while (ended < count && clock_since_ms(started_ns) < 60000)
        for (int i = ended = 0; i < count; i++) {
            (void)!send(fds[i], "x", 1, MSG_NOSIGNAL); /* always one byte more */
            ended += is_ended(fds[i], 1);
        }
    assert_int_equal(ended, count);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    assert_served(f->port);
}

static void thousands_of_connections_keep_nobody_out(void **state)
{
    enum { MANY = 4000 };
    size_t count = allow_descriptors(MANY);
    int *fds = calloc(count, sizeof *fds);
    struct fixture *f = start("ENV=test", "ENV=test"); /* its limit is of now */

    (void)state;
    for (size_t i = 0; i < count; i++) {
        fds[i] = http_connect(f->port);
        if (i % 2 == 0)
            assert_int_equal(send(fds[i], "GET /", 5, MSG_NOSIGNAL), 5);
        if (i % 500 == 0)
            assert_served(f->port);
    }
    assert_served(f->port);
    for (size_t i = 0; i < count; i++)
        assert_true(is_ended(fds[i], 60000)); /* none of them has said what it wants */
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    assert_served(f->port);
    stop(f);
    free(fds);
}

static void an_idle_connection_may_ask_again_and_is_not_ended_early(void **state)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    const struct timespec pause = {.tv_sec = 2, .tv_nsec = 300 * 1000000L};
    struct fixture *f = *state;
    int fd = http_connect(f->port);
    char answer[512];

    for (int i = 0; i < 2; i++) { /* the second one after the first request's time has passed */
        struct pollfd end = {.fd = fd, .events = POLLIN};

        assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
        assert_int_equal(poll(&end, 1, 20000), 1);
        assert_true(recv(fd, answer, sizeof answer, 0) > 12);
        assert_memory_equal(answer, "HTTP/1.1 200", 12);
        if (i == 0)
            nanosleep(&pause, NULL);
    }
    close(fd);
}

static void an_address_for_others_needs_a_token(void **state)
{
    static const char *const wrong[] = {"",           "8080",    ":8080",           "127.0.0.1",
                                        "127.0.0.1:", "here:80", "127.0.0.1:65536", "127.0.0.1:8a",
                                        "::1:80",     "[]:80"};
    struct fixture *f = *state;
    struct serve *serve = NULL;
    hg_error err = {0};

    assert_false(serve_start(f->settings, "0.0.0.0:0", 1000, &serve, &err));
    assert_int_equal(err.code, HG_CONFIG);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (serve_start(f->settings, wrong[i], 1000, &serve, &err))
            fail_msg("<%s> was understood", wrong[i]);
        assert_int_equal(err.code, HG_USAGE);
    }
}

static void an_address_that_is_taken_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct serve *serve = NULL;
    hg_error err = {0};
    char listen[32];

    snprintf(listen, sizeof listen, "127.0.0.1:%d", f->port);
    assert_false(serve_start(f->settings, listen, 1000, &serve, &err));
    assert_int_equal(err.code, HG_FAILED);
    assert_non_null(strstr(err.message, "in use"));
}

#define WITH(name, from) cmocka_unit_test_setup_teardown(name, from, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(readiness_has_the_words_that_anybody_may_read, setup),
        WITH(one_group_may_be_asked_about, setup_production),
        WITH(details_are_for_who_has_the_token, setup),
        WITH(metrics_ask_for_the_token_when_there_is_one, setup),
        WITH(a_name_that_leads_here_from_elsewhere_reads_no_metrics, setup_open),
        WITH(sqlite_in_production_is_503_at_once_and_alive, setup_production),
        WITH(what_is_no_get_of_a_known_path_is_refused, setup_open),
        WITH(noise_and_size_harm_nobody, setup_open),
        WITH(a_client_that_never_gets_done_is_ended_whatever_it_sends, setup_open),
        cmocka_unit_test(thousands_of_connections_keep_nobody_out),
        WITH(an_idle_connection_may_ask_again_and_is_not_ended_early, setup_open),
        WITH(an_address_for_others_needs_a_token, setup_open),
        WITH(an_address_that_is_taken_is_an_error, setup_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
