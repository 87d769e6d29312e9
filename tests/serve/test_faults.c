/*
 * test_faults.c - nine ways in which a database goes away, on a real server: the right word within
 * three samples, and nobody who asks has to wait meanwhile.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/serve.h"
#include "support/certificate.h"
#include "support/http.h"
#include "support/postgres.h"
#include "support/relay.h"
#include "support/temp.h"

enum {
    INTERVAL_MS = 250,
    INTERVAL_SANITIZED_MS = 1000, /* a sample has to get done within it */
    SAMPLES = 3,
    PATIENCE_MS = 60000,
    REQUESTS = 15,
    QUICK_MS = 100,
    FAULTS_MOST = 16
};

#define PASSWORD "right-horse"

/* One fault. Texts with %s get the database's name; the role is called as the database. */
struct fault {
    const char *name;
    const char *state; /* what /readiness says then */
    const char *host;  /* NULL: 127.0.0.1 */
    const char *parameters;
    const char *sql[2];   /* as superuser, before the sessions of the role are ended */
    void (*strike)(void); /* NULL: none */
    void (*heal)(void);   /* NULL: it does not go away in the test */
    bool relayed;         /* through the relay */
    bool from_start;      /* there is no good time before it */
    bool alone;           /* it strikes the whole server */
};

struct fixture {
    const struct fault *fault;
    char *dir, *database;
    hg_settings *settings;
    hg_sampler *sampler;
    struct serve *serve;
    pthread_t watcher;
    atomic_bool stop;
    _Atomic uint64_t said_at; /* the sample that first had the fault's word; 0: none has */
    _Atomic uint64_t hurried; /* how many before it tell nothing of the fault */
    int port;
};

__attribute__((format(printf, 1, 2))) static char *text(const char *format, ...)
{
    va_list args;
    char *out = NULL;

    va_start(args, format);
    assert_true(vasprintf(&out, format, args) >= 0);
    va_end(args);
    return out;
}

__attribute__((format(printf, 1, 2))) static void run_sql(const char *format, ...)
{
    va_list args;
    char *sql = NULL;

    va_start(args, format);
    assert_true(vasprintf(&sql, format, args) >= 0);
    va_end(args);
    postgres_run(NULL, sql);
    free(sql);
}

static void short_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5 * 1000000L}, NULL);
}

static void cut(void)
{
    relay_set(RELAY_RESET);
}

static void swallow(void)
{
    relay_set(RELAY_HOLE);
}

static void mend(void)
{
    relay_set(RELAY_PASS);
}

/* From the next session on the server shows one that has expired. */
static void let_certificate_expire(void)
{
    char *key = text("%s/server.key", postgres_socket_dir());
    char *certificate = text("%s/expired.crt", postgres_socket_dir()), *now;

    certificate_make_expired(certificate, key);
    run_sql("ALTER SYSTEM SET ssl_cert_file = '%s'", certificate);
    run_sql("SELECT pg_reload_conf()");
    while (now = postgres_ask(NULL, "SHOW ssl_cert_file"), strcmp(now, certificate) != 0) {
        free(now);
        short_pause();
    }
    free(now);
    free(certificate);
    free(key);
}

/* A label of more than 63 characters: the resolver says no and asks nobody. */
#define LABEL "gone-gone-gone-gone-gone-gone-gone-gone-gone-gone-gone-gone-gone-gone"

/* clang-format off */
static const struct fault faults[] = {
    {.name = "reset",      .state = "unreachable", .relayed = true, .strike = cut, .heal = mend, .alone = true},
    {.name = "black hole", .state = "timeout", .relayed = true, .strike = swallow, .heal = mend, .alone = true},
    {.name = "frozen",     .state = "timeout", .strike = postgres_freeze, .heal = postgres_thaw, .alone = true},
    {.name = "no name",    .state = "unreachable", .host = LABEL ".invalid", .from_start = true},
    {.name = "password",   .state = "auth_failed", .sql = {"ALTER ROLE %s PASSWORD 'another'"}},
    {.name = "read-only",  .state = "readonly",
     .sql = {"ALTER ROLE %s SET default_transaction_read_only = on"}},
    {.name = "too many",   .state = "saturated", .sql = {"ALTER ROLE %s CONNECTION LIMIT 0"}},
    {.name = "database",   .state = "not_found",
     .sql = {"ALTER DATABASE %s ALLOW_CONNECTIONS off", "DROP DATABASE %s WITH (FORCE)"}},
    {.name = "expired",    .state = "tls_failed", .host = "localhost",
     .parameters = "sslmode=verify-full", .strike = let_certificate_expire, .alone = true},
};
/* clang-format on */

static void load_settings(struct fixture *f)
{
    const struct fault *fault = f->fault;
    char *url = text(
        "DATABASE_URL=postgresql://%s:" PASSWORD "@%s:%d/%s?%s&sslrootcert=%s/server.crt",
        f->database, fault->host == NULL ? "127.0.0.1" : fault->host,
        fault->relayed ? relay_start() : postgres_port(), f->database,
        fault->parameters == NULL ? "sslmode=disable" : fault->parameters, postgres_socket_dir());
    char *runtime = text("HEADGATE_RUNTIME_DIR=%s/run", f->dir);
    char *migrations = text("DB_MIGRATIONS_DIR=%s/migrations", f->dir);
    const char *environ[] = {url, runtime, migrations, "ENV=test", NULL};
    hg_settings_options options = {.environ = environ};
    hg_error err = {0};

    temp_write(f->dir, "migrations/.keep", "");
    if (!hg_settings_load(&options, &f->settings, &err))
        fail_msg("%s", err.message);
    free(url);
    free(runtime);
    free(migrations);
}

/* What there is of a sample when it has been looked at. */
struct look {
    struct fixture *fixture;
    uint64_t seen; /* the sample that was looked at last */
};

/* On a busy machine a sample may not get done, for which the word is another, and some may come
 * and go before they are looked at. */
static void look_at(void *context, const hg_sample *sample, const hg_readiness *report,
                    const hg_check_timing *timings)
{
    struct look *look = context;
    struct fixture *f = look->fixture;
    const char *word = f->fault->state;

    (void)timings;
    if (report == NULL || sample->samples == look->seen || atomic_load(&f->said_at) != 0)
        return;
    atomic_fetch_add(&f->hurried, sample->samples - look->seen - 1);
    look->seen = sample->samples;
    if (strcmp(hg_db_state_name(sample->db_state), word) == 0)
        atomic_store(&f->said_at, sample->samples);
    else if (report->db_state == HG_DB_TIMEOUT && strcmp(word, "timeout") != 0)
        atomic_fetch_add(&f->hurried, 1);
}

/* Notes which sample first says the word, whatever the test does meanwhile. */
static void *watch(void *context)
{
    struct look look = {.fixture = context};

    for (; !atomic_load(&look.fixture->stop); short_pause())
        hg_sampler_visit(look.fixture->sampler, look_at, &look);
    return NULL;
}

/* Which sample it is counts, not how long one takes. */
static void await_word(struct fixture *f, uint64_t samples_most)
{
    int64_t started_ns = clock_now_ns();

    while (atomic_load(&f->said_at) == 0) {
        if (clock_since_ms(started_ns) > PATIENCE_MS)
            fail_msg("%s: nobody says %s", f->fault->name, f->fault->state);
        short_pause();
    }
    if (atomic_load(&f->said_at) > samples_most + atomic_load(&f->hurried))
        fail_msg("%s: %s only after sample %llu, not %llu (%llu hurried)", f->fault->name,
                 f->fault->state, (unsigned long long)atomic_load(&f->said_at),
                 (unsigned long long)samples_most, (unsigned long long)atomic_load(&f->hurried));
}

/* Asks /readiness until it says the word; the answer's status is what counts for a balancer. */
static void await_answer(const struct fixture *f, const char *state, int status)
{
    int64_t started_ns = clock_now_ns();
    bool said = false;

    while (!said) {
        struct http_answer answer = http_get(f->port, "/readiness", "");
        json_t *root = json_loads(answer.body, 0, NULL);
        const char *word = json_string_value(json_object_get(root, "db_state"));

        said = word != NULL && strcmp(word, state) == 0 && answer.status == status;
        assert_null(strstr(answer.text, f->database));
        if (!said && clock_since_ms(started_ns) > PATIENCE_MS)
            fail_msg("%s: %s", f->fault->name, answer.text);
        json_decref(root);
        http_release(&answer);
        if (!said)
            short_pause();
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* A quarter of the requests: what else the machine does delays some, waiting for a sample all but
 * the first, for each begins where a sample has just ended. */
static void assert_quick(const struct fixture *f)
{
    double ms[REQUESTS];

    for (size_t i = 0; i < REQUESTS; i++) {
        struct http_answer answer = http_get(f->port, "/readiness", "");

        ms[i] = answer.ms;
        http_release(&answer);
    }
    qsort(ms, REQUESTS, sizeof *ms, by_size);
    if (ms[REQUESTS / 4] > QUICK_MS)
        fail_msg("%s: /readiness takes %.1f ms", f->fault->name, ms[REQUESTS / 4]);
}

static void start(struct fixture *f)
{
    const int64_t interval_ms = TEST_SANITIZE[0] == '\0' ? INTERVAL_MS : INTERVAL_SANITIZED_MS;
    hg_error err = {0};

    f->dir = temp_dir_make();
    f->database = postgres_database();
    run_sql("CREATE ROLE %s LOGIN PASSWORD '" PASSWORD "' IN ROLE guards", f->database);
    load_settings(f);
    if (!hg_sampler_start(f->settings, interval_ms, &f->sampler, &err)
        || !serve_start(f->settings, "127.0.0.1:0", interval_ms, &f->serve, &err))
        fail_msg("%s", err.message);
    f->port = serve_port(f->serve);
    assert_int_equal(pthread_create(&f->watcher, NULL, watch, f), 0);
}

static void strike(struct fixture *f)
{
    const struct fault *fault = f->fault;

    if (fault->strike != NULL)
        fault->strike();
    for (size_t i = 0; i < 2 && fault->sql[i] != NULL; i++) {
        const char *at = strstr(fault->sql[i], "%s");

        run_sql("%.*s%s%s", (int)(at - fault->sql[i]), fault->sql[i], f->database, at + 2);
    }
    if (fault->heal == NULL)
        run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '%s'",
                f->database);
}

static void stop(struct fixture *f)
{
    atomic_store(&f->stop, true);
    pthread_join(f->watcher, NULL);
    serve_stop(f->serve);
    hg_sampler_stop(f->sampler);
    if (f->fault->relayed)
        relay_stop();
    hg_settings_free(f->settings);
    temp_dir_remove(f->dir);
    free(f->database);
}

/* Strikes, and returns by which sample it has to be known. */
static uint64_t start_and_strike(struct fixture *f)
{
    hg_sample before = {0};

    start(f);
    if (!f->fault->from_start) {
        await_answer(f, "ok", 200);
        do { /* the endpoint has a sampler of its own */
            short_pause();
            hg_sampler_read(f->sampler, &before);
        } while (before.db_state != HG_DB_OK);
        strike(f);
        hg_sampler_read(f->sampler, &before);
        atomic_store(&f->hurried, 0);
    }
    /* one that was being taken when the fault came may still be good */
    return before.samples + !f->fault->from_start + SAMPLES;
}

/* Faults that do not disturb each other are waited for together. */
static void check_faults(struct fixture *f, size_t count)
{
    uint64_t samples_most[FAULTS_MOST];

    for (size_t i = 0; i < count; i++)
        samples_most[i] = start_and_strike(&f[i]);
    for (size_t i = 0; i < count; i++) {
        await_word(&f[i], samples_most[i]);
        await_answer(&f[i], f[i].fault->state, 503);
        assert_quick(&f[i]);
        if (f[i].fault->heal != NULL) {
            f[i].fault->heal();
            await_answer(&f[i], "ok", 200);
        }
        stop(&f[i]);
    }
}

static void each_fault_has_its_word_within_three_samples_and_delays_nobody(void **state)
{
    static struct fixture together[FAULTS_MOST], alone[FAULTS_MOST]; /* outlive a test that fails */
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (!faults[i].alone)
            together[count++].fault = &faults[i];
    check_faults(together, count);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].alone) {
            alone[i].fault = &faults[i];
            check_faults(&alone[i], 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_its_word_within_three_samples_and_delays_nobody),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
