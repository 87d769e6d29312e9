/*
 * test_postgres_refused.c - opening a PostgreSQL connection on bad days: each attempt ends in time,
 * with the right code, and without the password.
 */
#include "opening.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "driver/resolve.h"

/* The password stands neither in the error nor in what other users can see of this process. */
static void assert_secret_kept(const hg_error *err)
{
    char command_line[4096] = "";
    FILE *in = fopen("/proc/self/cmdline", "re");

    assert_null(strstr(err->message, PASSWORD));
    assert_null(strstr(err->message, "tr0ub4dor"));
    assert_null(strstr(err->hint, "tr0ub4dor"));
    assert_non_null(in);
    (void)fread(command_line, 1, sizeof command_line - 1, in);
    fclose(in);
    assert_null(memmem(command_line, sizeof command_line, "tr0ub4dor", 9));
}

static void a_wrong_password_is_told_as_such_and_kept_secret(void **state)
{
    hg_error err =
        not_opened(postgres_url_as("127.0.0.1", "guarded", "not " PASSWORD, "postgres"), 20000);

    (void)state;
    assert_int_equal(err.code, HG_AUTH);
    assert_string_equal(err.sqlstate, "28P01");
    assert_int_not_equal(err.hint[0], '\0');
    assert_non_null(strstr(err.message, "guarded"));
    assert_secret_kept(&err);
}

static void a_missing_password_is_told_as_such(void **state)
{
    hg_error err = not_opened(postgres_url_as(NULL, "guarded", NULL, "postgres"), 20000);

    (void)state;
    assert_int_equal(err.code, HG_AUTH);
    assert_string_equal(err.sqlstate, "28P01");
}

static void a_role_that_the_server_turns_away_is_an_authorization_error(void **state)
{
    hg_error err = not_opened(postgres_url_as("127.0.0.1", "rejected", NULL, "postgres"), 20000);

    (void)state;
    assert_int_equal(err.code, HG_AUTH);
    assert_string_equal(err.sqlstate, "28000");
}

static void an_unknown_database_is_told_as_such(void **state)
{
    hg_error err = not_opened(postgres_url("nosuch"), 20000);

    (void)state;
    assert_int_equal(err.code, HG_NO_DATABASE);
    assert_string_equal(err.sqlstate, "3D000");
    assert_non_null(strstr(err.message, "nosuch"));
}

static void a_role_without_a_connection_left_is_saturated(void **state)
{
    hg_error err = not_opened(postgres_url_as(NULL, "crowded", NULL, "postgres"), 20000);

    (void)state;
    assert_int_equal(err.code, HG_SATURATED);
    assert_string_equal(err.sqlstate, "53300");
}

static void a_port_where_nobody_listens_is_unavailable(void **state)
{
    int port, fd = refuse_on(&port);
    hg_error err = not_opened(parse("postgresql://u:%s@127.0.0.1:%d/x", "tr0ub4dor", port), 20000);

    (void)state;
    assert_int_equal(err.code, HG_UNAVAILABLE);
    assert_string_equal(err.sqlstate, "08001");
    assert_non_null(strstr(err.message, "refused"));
    assert_secret_kept(&err);
    close(fd);
}

static void a_socket_that_is_not_there_is_unavailable(void **state)
{
    hg_error err = not_opened(parse("postgresql://postgres@%%2Fno%%2Fsuch%%2Ffolder/x"), 20000);

    (void)state;
    assert_int_equal(err.code, HG_UNAVAILABLE);
}

static void a_server_that_accepts_and_never_answers_costs_the_deadline_and_no_more(void **state)
{
    int port, fd = listen_in_silence(&port);
    int64_t begun = clock_now_ns();
    hg_error err = not_opened(parse("postgresql://u:%s@127.0.0.1:%d/x", "tr0ub4dor", port), 300);

    (void)state;
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_in_range((int64_t)clock_since_ms(begun), 290, PROMPT_MS);
    assert_secret_kept(&err);
    close(fd);
}

static void the_urls_own_connect_timeout_counts(void **state)
{
    int port, fd = listen_in_silence(&port);
    int64_t begun = clock_now_ns();
    hg_error err =
        not_opened(parse("postgresql://u@127.0.0.1:%d/x?connect_timeout=1", port), 60 * 1000);

    (void)state;
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_in_range((int64_t)clock_since_ms(begun), 990, PROMPT_MS);
    close(fd);
}

static void a_frozen_server_costs_the_deadline_and_no_more(void **state)
{
    int64_t begun;
    hg_error err;

    (void)state;
    postgres_freeze();
    begun = clock_now_ns();
    err = not_opened(postgres_url(NULL), 300);
    postgres_thaw();
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_in_range((int64_t)clock_since_ms(begun), 290, PROMPT_MS);
    assert_non_null(strstr(err.message, "no answer in time to the login"));
}

static void a_server_that_does_not_answer_the_request_for_tls_is_told_so(void **state)
{
    int port, fd = listen_in_silence(&port);
    hg_error err = not_opened(parse("postgresql://u@127.0.0.1:%d/x", port), 300);

    (void)state;
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_non_null(strstr(err.message, "no answer in time to the request for TLS"));
    close(fd);
}

/* --- names --- */

static sem_t resolver; /* a look-up hangs until it is posted */

static int hanging_lookup(const char *host, const char *service, const struct addrinfo *wanted,
                          struct addrinfo **out)
{
    (void)host;
    (void)service;
    (void)wanted;
    *out = NULL;
    while (sem_wait(&resolver) != 0)
        continue;
    return EAI_AGAIN;
}

static int unknown_name(const char *host, const char *service, const struct addrinfo *wanted,
                        struct addrinfo **out)
{
    (void)host;
    (void)service;
    (void)wanted;
    *out = NULL;
    return EAI_NONAME;
}

static void a_name_server_that_hangs_costs_the_deadline_and_no_more(void **state)
{
    int64_t begun = clock_now_ns();
    hg_error err;

    (void)state;
    resolve_set_fake(hanging_lookup);
    err = not_opened(parse("postgresql://u@db.example/x"), 200);
    resolve_set_fake(NULL);
    assert_int_equal(err.code, HG_TIMEOUT);
    assert_non_null(strstr(err.message, "db.example"));
    assert_in_range((int64_t)clock_since_ms(begun), 190, PROMPT_MS);
    sem_post(&resolver); /* the thread that was left behind ends and frees what it has */
}

static void an_unknown_name_is_unavailable(void **state)
{
    hg_error err;

    (void)state;
    resolve_set_fake(unknown_name);
    err = not_opened(parse("postgresql://u@db.example/x"), 20000);
    resolve_set_fake(NULL);
    assert_int_equal(err.code, HG_UNAVAILABLE);
    assert_non_null(strstr(err.message, "db.example"));
}

static void numeric_addresses_are_not_looked_up(void **state)
{
    hg_conn *conn;

    (void)state;
    resolve_set_fake(unknown_name);
    conn = opened(postgres_url_as("127.0.0.1", NULL, NULL, NULL));
    driver_postgres.close(conn);
    conn = opened(
        parse("postgresql://postgres@db.example:%d/postgres?hostaddr=127.0.0.1", postgres_port()));
    driver_postgres.close(conn);
    resolve_set_fake(NULL);
    assert_true(resolve_is_numeric("fe80::1%eth0"));
    assert_false(resolve_is_numeric("127.0.0"));
    assert_false(resolve_is_numeric("db.example"));
}

static int setup(void **state)
{
    (void)state;
    sem_init(&resolver, 0, 0);
    postgres_start();
    postgres_run(NULL, "CREATE ROLE guarded LOGIN PASSWORD '" PASSWORD "' IN ROLE guards");
    postgres_run(NULL, "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_password_is_told_as_such_and_kept_secret),
        cmocka_unit_test(a_missing_password_is_told_as_such),
        cmocka_unit_test(a_role_that_the_server_turns_away_is_an_authorization_error),
        cmocka_unit_test(an_unknown_database_is_told_as_such),
        cmocka_unit_test(a_role_without_a_connection_left_is_saturated),
        cmocka_unit_test(a_port_where_nobody_listens_is_unavailable),
        cmocka_unit_test(a_socket_that_is_not_there_is_unavailable),
        cmocka_unit_test(a_server_that_accepts_and_never_answers_costs_the_deadline_and_no_more),
        cmocka_unit_test(the_urls_own_connect_timeout_counts),
        cmocka_unit_test(a_frozen_server_costs_the_deadline_and_no_more),
        cmocka_unit_test(a_server_that_does_not_answer_the_request_for_tls_is_told_so),
        cmocka_unit_test(a_name_server_that_hangs_costs_the_deadline_and_no_more),
        cmocka_unit_test(an_unknown_name_is_unavailable),
        cmocka_unit_test(numeric_addresses_are_not_looked_up),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
