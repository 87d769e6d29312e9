/*
 * test_sqlstate.c - the tables of failures: the rows that callers rely on, and what is not in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "driver/sqlstate.h"

static void a_state_of_its_own_wins_over_its_class(void **state)
{
    (void)state;
    assert_int_equal(sqlstate_code("08006"), HG_LOST);
    assert_int_equal(sqlstate_code("08001"), HG_UNAVAILABLE);
    assert_int_equal(sqlstate_code("40001"), HG_SERIALIZATION);
    assert_int_equal(sqlstate_code("40P01"), HG_SERIALIZATION);
    assert_int_equal(sqlstate_code("40002"), HG_CONSTRAINT);
    assert_int_equal(sqlstate_code("25006"), HG_READ_ONLY);
    assert_int_equal(sqlstate_code("25001"), HG_SQL);
}

static void a_state_that_nobody_knows_is_a_refused_statement(void **state)
{
    (void)state;
    assert_int_equal(sqlstate_code("42P01"), HG_SQL);
    assert_int_equal(sqlstate_code("ZZZZZ"), HG_SQL);
    assert_int_equal(sqlstate_code(""), HG_SQL);
    assert_int_equal(sqlstate_code(NULL), HG_SQL);
    assert_false(sqlstate_gone("ZZZZZ"));
    assert_false(sqlstate_gone(NULL));
}

static void the_session_ends_with_what_the_server_ends_it_with(void **state)
{
    static const char *const gone[] = {"57P01", "57P02", "57P03", "57P04", "57P05",
                                       "25P03", "08003", "08006", "28P01"};
    static const char *const goes_on[] = {"57014", "08P01", "23505", "40001", "53100", "XX000"};

    (void)state;
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        assert_true(sqlstate_gone(gone[i]));
    for (size_t i = 0; i < sizeof goes_on / sizeof *goes_on; i++)
        assert_false(sqlstate_gone(goes_on[i]));
}

static void what_may_be_retried_is_retryable(void **state)
{
    (void)state;
    assert_true(hg_code_retryable(sqlstate_code("40001")));
    assert_true(hg_code_retryable(sqlstate_code("57P03")));
    assert_true(hg_code_retryable(sqlstate_code("53300")));
    assert_false(hg_code_retryable(sqlstate_code("28P01")));
    assert_false(hg_code_retryable(sqlstate_code("23505")));
}

static void sqlites_extended_code_wins_over_its_primary_one(void **state)
{
    (void)state;
    assert_string_equal(sqlstate_of_sqlite(SQLITE_CONSTRAINT_UNIQUE, ""), "23505");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_CONSTRAINT_VTAB, ""), "23000");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_BUSY_SNAPSHOT, ""), "40001");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_BUSY_RECOVERY, ""), "55P03");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_IOERR_NOMEM, ""), "53200");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_IOERR_SHMSIZE, ""), "53100");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_IOERR_FSYNC, ""), "58030");
}

static void sqlites_texts_tell_its_plain_errors_apart(void **state)
{
    (void)state;
    assert_string_equal(sqlstate_of_sqlite(SQLITE_ERROR, "no such table: t"), "42P01");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_ERROR, "no such index: t"), "42704");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_ERROR, "near \"x\": syntax error"), "42601");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_ERROR, "something new"), "42000");
    assert_string_equal(sqlstate_of_sqlite(SQLITE_INTERNAL, "no such table: t"), "XX000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_of_its_own_wins_over_its_class),
        cmocka_unit_test(a_state_that_nobody_knows_is_a_refused_statement),
        cmocka_unit_test(the_session_ends_with_what_the_server_ends_it_with),
        cmocka_unit_test(what_may_be_retried_is_retryable),
        cmocka_unit_test(sqlites_extended_code_wins_over_its_primary_one),
        cmocka_unit_test(sqlites_texts_tell_its_plain_errors_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
