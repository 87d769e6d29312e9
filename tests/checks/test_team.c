/*
 * test_team.c - a team's own checks and mutes: how their files are read, and how checks run on a
 * real file without a way to change it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "checks/mute.h"
#include "checks/team.h"
#include "support/temp.h"

static struct team_check understood(struct arena *arena, const char *text)
{
    struct team_check check = {0};
    hg_error err = {0};

    if (!team_parse(text, "c.sql", arena, &check, &err))
        fail_msg("%s:%d: %s", err.file, err.line, err.message);
    return check;
}

static void a_file_says_what_it_expects(void **state)
{
    struct arena arena = ARENA_INIT;
    struct team_check check = understood(
        &arena, "-- headgate: id=app.orders engines=sqlite groups=smoke,cutover severity=critical "
                "timeout=250ms\n"
                "-- title:  every order has a customer \n"
                "\n"
                "-- an ordinary comment\n"
                "-- warn: rows > 0\n"
                "-- fail: rows > 10\n"
                "-- hint: run the script\n"
                "SELECT 1 -- ; not the end\n;\n");

    (void)state;
    assert_string_equal(check.id, "app.orders");
    assert_string_equal(check.title, "every order has a customer");
    assert_string_equal(check.hint, "run the script");
    assert_int_equal(check.engines, ON_SQLITE);
    assert_int_equal(check.severity, HG_CHECK_CRITICAL);
    assert_int_equal(check.timeout_ms, 250);
    assert_true(team_in_group(&check, "cutover"));
    assert_false(team_in_group(&check, "cut"));
    assert_int_equal(check.warn.kind, EXPECT_COMPARE);
    assert_true(check.fail.low == 10);
    arena_release(&arena);
}

static void without_an_expectation_no_rows_are_expected(void **state)
{
    struct arena arena = ARENA_INIT;
    struct team_check check = understood(&arena, "-- headgate: id=a\nSELECT 1");

    (void)state;
    assert_string_equal(check.title, "a");
    assert_int_equal(expect_holds(&check.fail, 0, ""), EXPECT_NO);
    assert_int_equal(expect_holds(&check.fail, 1, ""), EXPECT_YES);
    arena_release(&arena);
}

static void what_cannot_be_understood_is_an_error_with_its_line(void **state)
{
    static const struct {
        const char *text;
        int line;
    } wrong[] = {
        {"SELECT 1", 1},
        {"-- headgate: id=a color=red\nSELECT 1", 1},
        {"-- headgate: id=a engines=oracle\nSELECT 1", 1},
        {"-- headgate: id=a timeout=1h\nSELECT 1", 1},
        {"-- headgate: id=a timeout=0s\nSELECT 1", 1},
        {"-- headgate: id=a b\nSELECT 1", 1},
        {"-- headgate: id=\x1b[2J\nSELECT 1", 1},
        {"-- headgate: id=a\n-- fail: rows\nSELECT 1", 2},
        {"-- headgate: id=a\n-- expect: equal\nSELECT 1", 2},
        {"-- headgate: id=a\n-- expect: same\n-- fail: rows > 1\nSELECT 1", 1},
        {"-- headgate: id=a\n\nSELECT 1;\nSELECT 2", 4},
        {"-- headgate: id=a\n\nDELETE FROM t", 3},
        {"-- headgate: id=a engines=sqlite\nPRAGMA journal_mode=off", 2},
        {"-- headgate: id=a engines=sqlite\nATTACH 'x' AS y", 2},
        {"-- headgate: id=a\n", 1},
        {"-- headgate: id=a\nSELECT 'open", 2},
    };
    struct arena arena = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct team_check check = {0};
        hg_error err = {0};

        if (team_parse(wrong[i].text, "c.sql", &arena, &check, &err))
            fail_msg("<%s> was understood", wrong[i].text);
        assert_int_equal(err.code, HG_FILE);
        assert_string_equal(err.file, "c.sql");
        assert_int_equal(err.line, wrong[i].line);
    }
    arena_release(&arena);
}

/* --- on a file --- */

struct fixture {
    char *dir, *url;
    hg_settings *settings;
    hg_pool *pool;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    hg_pool_options options;
    hg_conn *conn = NULL;

    f->dir = temp_dir_make();
    f->url = malloc(4096);
    snprintf(f->url, 4096, "sqlite:///%s/app.db", f->dir);
    assert_true(hg_settings_load(
        &(hg_settings_options){.url = f->url, .environ = (const char *const[]){NULL}}, &f->settings,
        NULL));
    options = hg_pool_options_from(f->settings);
    options.may_create = true;
    options.runtime_dir = NULL;
    assert_true(hg_pool_open(hg_settings_url(f->settings), &options, &f->pool, NULL));
    assert_true(hg_pool_checkout(f->pool, NULL, hg_deadline_in_ms(60000), &conn, NULL));
    assert_true(hg_conn_execute(conn, "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer)",
                                NULL, 0, hg_deadline_in_ms(60000), NULL, NULL));
    assert_true(hg_conn_execute(conn, "INSERT INTO orders VALUES (1, 'a'), (2, NULL), (3, NULL)",
                                NULL, 0, hg_deadline_in_ms(60000), NULL, NULL));
    hg_pool_return(f->pool, conn);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hg_pool_close(f->pool, hg_deadline_in_ms(60000));
    hg_settings_free(f->settings);
    temp_dir_remove(f->dir);
    free(f->url);
    free(f);
    return 0;
}

/* Writes one check, runs the group "app" and returns the report. */
static hg_smoke *run(struct fixture *f, const char *text)
{
    const char *only[] = {"app"};
    char *dir = temp_path(f->dir, "checks");
    hg_smoke_options options = {.only = only, .only_count = 1, .checks_dir = dir};
    hg_smoke *smoke = NULL;
    hg_error err = {0};

    temp_write(f->dir, "checks/one.sql", text);
    if (!hg_smoke_run(f->settings, f->pool, &options, hg_deadline_in_ms(20000), NULL, &smoke, &err))
        fail_msg("%s", err.message);
    free(dir);
    assert_int_equal(smoke->check_count, 1);
    return smoke;
}

static void assert_outcome(struct fixture *f, const char *text, hg_status status,
                           const char *observed)
{
    hg_smoke *smoke = run(f, text);

    if (smoke->checks[0].status != status || strcmp(smoke->checks[0].observed, observed) != 0)
        fail_msg("<%s>: %s, <%s>", text, hg_status_name(smoke->checks[0].status),
                 smoke->checks[0].observed);
    hg_smoke_free(smoke);
}

static void each_outcome_can_be_had(void **state)
{
    assert_outcome(*state, "-- headgate: id=app.a\nSELECT 1 WHERE 0", HG_PASS, "0 rows");
    assert_outcome(*state, "-- headgate: id=app.a\nSELECT id FROM orders WHERE customer IS NULL",
                   HG_FAIL, "2 rows");
    assert_outcome(*state, "-- headgate: id=app.a\n-- warn: value > 2\nSELECT count(*) FROM orders",
                   HG_WARN, "3");
    assert_outcome(*state, "-- headgate: id=app.a\n-- fail: value > 3\nSELECT count(*) FROM orders",
                   HG_PASS, "3");
    assert_outcome(*state, "-- headgate: id=app.a\n-- fail: value > 3\nSELECT 1 WHERE 0",
                   HG_UNKNOWN, "no row came back, so there is no value");
    assert_outcome(*state, "-- headgate: id=app.a\n-- fail: value > 3\nSELECT 'many'", HG_UNKNOWN,
                   "\"many\" is not a number");
    assert_outcome(*state, "-- headgate: id=app.a engines=postgresql\nSELECT 1", HG_SKIP,
                   "not for sqlite");
    assert_outcome(*state, "-- headgate: id=app.a\n-- expect: same\nSELECT 1", HG_SKIP,
                   "compares two databases: only a cutover has them");
}

static void a_statement_that_fails_is_unknown(void **state)
{
    hg_smoke *smoke = run(*state, "-- headgate: id=app.a\nSELECT * FROM nowhere");

    assert_int_equal(smoke->checks[0].status, HG_UNKNOWN);
    assert_non_null(strstr(smoke->checks[0].observed, "nowhere"));
    hg_smoke_free(smoke);
}

static void the_rows_are_the_evidence(void **state)
{
    hg_smoke *smoke = run(*state, "-- headgate: id=app.a\n-- hint: call them\n"
                                  "SELECT id, 'order' FROM orders WHERE customer IS NULL");

    assert_int_equal(smoke->checks[0].evidence_count, 2);
    assert_string_equal(smoke->checks[0].evidence[0], "2, order");
    assert_string_equal(smoke->checks[0].hint, "call them");
    hg_smoke_free(smoke);
}

static void a_statement_that_never_ends_is_unknown_at_its_deadline(void **state)
{
    int64_t started_ns = clock_now_ns();
    hg_smoke *smoke = run(
        *state, "-- headgate: id=app.a timeout=200ms\n-- fail: value < 0\nWITH RECURSIVE n(i) AS "
                "(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");

    assert_int_equal(smoke->checks[0].status, HG_UNKNOWN);
    assert_true(clock_since_ms(started_ns) < 30000);
    hg_smoke_free(smoke);
}

static void a_mute_takes_a_failure_out_until_its_day(void **state)
{
    struct fixture *f = *state;
    hg_smoke *smoke;

    temp_write(f->dir, "checks/mutes", "# why\n\napp.a until 2999-01-01: we know\n");
    smoke = run(f, "-- headgate: id=app.a\nSELECT 1");
    assert_true(smoke->checks[0].muted);
    assert_string_equal(smoke->checks[0].mute_reason, "we know");
    assert_int_equal(smoke->checks[0].status, HG_FAIL);
    assert_int_equal(smoke->status, HG_PASS);
    assert_int_equal(smoke->muted_count, 1);
    assert_int_equal(smoke->counts[HG_FAIL], 0);
    hg_smoke_free(smoke);

    temp_write(f->dir, "checks/mutes", "app until 2001-01-01: we knew\n");
    smoke = run(f, "-- headgate: id=app.a\nSELECT 1");
    assert_false(smoke->checks[0].muted);
    assert_int_equal(smoke->status, HG_FAIL);
    hg_smoke_free(smoke);
}

static void a_mute_says_how_long_and_why(void **state)
{
    static const char *const wrong[] = {"app.a",
                                        "app.a until 2999-01-01",
                                        "app.a until 2999-01-01:",
                                        "app.a until 2999-13-01: x",
                                        "app.a until 2999-02-31: x",
                                        "app.a until tomorrow: x",
                                        " until 2999-01-01: x"};
    struct arena arena = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mutes mutes = {0};
        hg_error err = {0};

        if (mutes_parse(wrong[i], "mutes", &arena, &mutes, &err))
            fail_msg("<%s> was understood", wrong[i]);
        assert_int_equal(err.code, HG_FILE);
        assert_int_equal(err.line, 1);
        mutes_release(&mutes);
    }
    arena_release(&arena);
}

static void a_name_that_there_is_not_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *only[] = {"tlsx"};
    hg_smoke_options options = {.only = only, .only_count = 1};
    hg_smoke *smoke = NULL;
    hg_error err = {0};

    assert_false(
        hg_smoke_run(f->settings, f->pool, &options, hg_deadline_in_ms(1000), NULL, &smoke, &err));
    assert_int_equal(err.code, HG_USAGE);
    assert_null(smoke);
}

#define ON_FILE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_says_what_it_expects),
        cmocka_unit_test(without_an_expectation_no_rows_are_expected),
        cmocka_unit_test(what_cannot_be_understood_is_an_error_with_its_line),
        ON_FILE(each_outcome_can_be_had),
        ON_FILE(a_statement_that_fails_is_unknown),
        ON_FILE(the_rows_are_the_evidence),
        ON_FILE(a_statement_that_never_ends_is_unknown_at_its_deadline),
        ON_FILE(a_mute_takes_a_failure_out_until_its_day),
        cmocka_unit_test(a_mute_says_how_long_and_why),
        ON_FILE(a_name_that_there_is_not_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
