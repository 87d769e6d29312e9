/*
 * test_session.c - scopes that end well, badly and too early, over the fake engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <headgate/session.h>

#include "support/callers.h"
#include "support/fake_driver.h"

static hg_pool *pool;

static int begin(void **state)
{
    hg_pool_options options = pool_of(1, 0);

    (void)state;
    fake_reset();
    pool = fake_pool(&options);
    return 0;
}

static int end(void **state)
{
    (void)state;
    close_fake_pool(pool);
    return 0;
}

static hg_session *open_session(void)
{
    hg_session *session = NULL;

    assert_true(hg_session_open(pool, "test", hg_deadline_in_ms(60000), &session, NULL));
    return session;
}

static void work_that_is_committed_is_sent_between_begin_and_commit(void **state)
{
    hg_session *session = open_session();
    hg_deadline by = hg_deadline_never();

    (void)state;
    assert_true(hg_session_begin(session, by, NULL));
    assert_true(hg_conn_execute(hg_session_conn(session), "INSERT", NULL, 0, by, NULL, NULL));
    assert_true(hg_session_commit(session, by, NULL));
    assert_int_equal(hg_session_depth(session), 0);
    hg_session_close(session);
    assert_string_equal(fake_statements(), "BEGIN; INSERT; COMMIT");
}

static void a_scope_inside_a_scope_is_a_savepoint(void **state)
{
    hg_session *session = open_session();
    hg_deadline by = hg_deadline_never();

    (void)state;
    assert_true(hg_session_begin(session, by, NULL));
    assert_true(hg_session_begin(session, by, NULL));
    assert_int_equal(hg_session_depth(session), 2);
    assert_true(hg_session_rollback(session, by, NULL));
    assert_true(hg_session_begin(session, by, NULL));
    assert_true(hg_session_commit(session, by, NULL));
    assert_true(hg_session_commit(session, by, NULL));
    hg_session_close(session);
    assert_string_equal(fake_statements(),
                        "BEGIN; SAVEPOINT hg_2; ROLLBACK TO SAVEPOINT hg_2; RELEASE SAVEPOINT "
                        "hg_2; SAVEPOINT hg_2; RELEASE SAVEPOINT hg_2; COMMIT");
}

static void a_session_that_is_closed_too_early_leaves_nothing_behind(void **state)
{
    hg_session *session = open_session();

    (void)state;
    assert_true(hg_session_begin(session, hg_deadline_never(), NULL));
    assert_true(hg_session_begin(session, hg_deadline_never(), NULL));
    hg_session_close(session);
    assert_string_equal(fake_statements(), "BEGIN; SAVEPOINT hg_2; ROLLBACK");
    assert_status(pool, 1, 0, 0);
}

static void a_commit_without_a_scope_is_a_misuse(void **state)
{
    hg_session *session = open_session();
    hg_error err = {HG_OK};

    (void)state;
    assert_false(hg_session_commit(session, hg_deadline_never(), &err));
    assert_int_equal(err.code, HG_MISUSE);
    assert_false(hg_session_rollback(session, hg_deadline_never(), NULL));
    hg_session_close(session);
}

static void a_scope_inside_a_transaction_that_is_gone_cannot_begin(void **state)
{
    hg_session *session = open_session();
    hg_deadline by = hg_deadline_never();
    hg_error err = {HG_OK};

    (void)state;
    assert_true(hg_session_begin(session, by, NULL));
    assert_true(hg_conn_execute(hg_session_conn(session), "ROLLBACK", NULL, 0, by, NULL, NULL));
    assert_false(hg_session_begin(session, by, &err));
    assert_string_equal(err.sqlstate, "25P01");
    assert_int_equal(hg_session_depth(session), 1);
    assert_false(hg_session_commit(session, by, NULL));
    assert_int_equal(hg_session_depth(session), 0);
    hg_session_close(session);
}

/* Work that fails with a code the first few times. */
struct script {
    int failures;
    hg_code code;
    int runs;
};

static bool follow(hg_session *session, void *context, hg_error *err)
{
    struct script *script = context;

    assert_int_equal(hg_session_depth(session), 1);
    if (script->runs++ < script->failures)
        return hg_fail(err, script->code, "scripted");
    return true;
}

static void work_is_repeated_after_a_serialization_failure(void **state)
{
    struct script script = {.failures = 2, .code = HG_SERIALIZATION};

    (void)state;
    assert_true(hg_session_run(pool, "test", 3, hg_deadline_in_ms(60000), follow, &script, NULL));
    assert_int_equal(script.runs, 3);
    assert_string_equal(fake_statements(), "BEGIN; ROLLBACK; BEGIN; ROLLBACK; BEGIN; COMMIT");
}

static void work_is_not_repeated_more_often_than_asked(void **state)
{
    struct script script = {.failures = 5, .code = HG_SERIALIZATION};
    hg_error err = {HG_OK};

    (void)state;
    assert_false(hg_session_run(pool, "test", 2, hg_deadline_in_ms(60000), follow, &script, &err));
    assert_int_equal(script.runs, 2);
    assert_int_equal(err.code, HG_SERIALIZATION);
}

static void work_that_failed_for_good_is_not_repeated(void **state)
{
    struct script script = {.failures = 1, .code = HG_CONSTRAINT};

    (void)state;
    assert_false(hg_session_run(pool, "test", 3, hg_deadline_in_ms(60000), follow, &script, NULL));
    assert_int_equal(script.runs, 1);
    assert_string_equal(fake_statements(), "BEGIN; ROLLBACK");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(work_that_is_committed_is_sent_between_begin_and_commit),
        TEST(a_scope_inside_a_scope_is_a_savepoint),
        TEST(a_session_that_is_closed_too_early_leaves_nothing_behind),
        TEST(a_commit_without_a_scope_is_a_misuse),
        TEST(a_scope_inside_a_transaction_that_is_gone_cannot_begin),
        TEST(work_is_repeated_after_a_serialization_failure),
        TEST(work_is_not_repeated_more_often_than_asked),
        TEST(work_that_failed_for_good_is_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
