/*
 * test_type_change.c - what a change of type does to values, as tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/type_change.h"
#include "support/postgres.h"

static const struct change {
    const char *from, *to, *loses;
    bool alike;
} changes[] = {
    {"character varying(50)", "character varying(100)", NULL, true},
    {"character varying(50)", "character varying", NULL, true},
    {"character varying(50)", "text", NULL, true},
    {"text", "character varying", NULL, true},
    {"numeric(10,2)", "numeric(12,2)", NULL, true},
    {"numeric(10,2)", "numeric", NULL, true},
    {"timestamp(3) without time zone", "timestamp(6) without time zone", NULL, true},
    {"timestamp(3) without time zone", "timestamp without time zone", NULL, true},
    {"cidr", "inet", NULL, true},
    {"bit varying(5)", "bit varying(9)", NULL, true},
    {"character varying(50)", "character varying(20)", NULL, false},
    {"text", "character varying(100)", NULL, false},
    {"integer", "bigint", NULL, false},
    {"bigint", "integer", NULL, false},
    {"character(10)", "text", NULL, false},
    {"real", "double precision", NULL, false},
    {"numeric(10,4)", "numeric(10,2)", "digits", false},
    {"numeric", "numeric(10,2)", "digits", false},
    {"numeric(10,2)", "numeric(12,4)", NULL, false},
    {"numeric(10,2)", "integer", "digits", false},
    {"double precision", "bigint", "digits", false},
    {"double precision", "real", "digits", false},
    {"timestamp with time zone", "date", "the time of day", false},
    {"timestamp without time zone", "time without time zone", "the date", false},
    {"timestamp without time zone", "timestamp(0) without time zone", "fractions of seconds",
     false},
    {"json", "jsonb", "the order and layout of keys", false},
};

static void what_is_lost_and_what_is_stored_alike_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        const char *loses = type_change_loses(c->from, c->to);

        if (type_change_alike(c->from, c->to) != c->alike
            || strcmp(loses == NULL ? "" : loses, c->loses == NULL ? "" : c->loses) != 0)
            fail_msg("%s to %s: %s", c->from, c->to, loses == NULL ? "nothing" : loses);
    }
}

/* A table that is not written anew keeps its file. */
static void the_server_stores_alike_what_is_said_to_be(void **state)
{
    char *database = postgres_database();

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        char sql[512];
        char *said;

        snprintf(sql, sizeof sql, "CREATE TABLE t%zu (c %s)", i, c->from);
        postgres_run(database, sql);
        snprintf(sql, sizeof sql, "CREATE TABLE f%zu AS SELECT pg_relation_filenode('t%zu') AS f",
                 i, i);
        postgres_run(database, sql);
        snprintf(sql, sizeof sql, "ALTER TABLE t%zu ALTER COLUMN c TYPE %s USING c::%s", i, c->to,
                 c->to);
        postgres_run(database, sql);
        snprintf(sql, sizeof sql, "SELECT (f = pg_relation_filenode('t%zu'))::int FROM f%zu", i, i);
        said = postgres_ask(database, sql);
        if (strcmp(said, c->alike ? "1" : "0") != 0)
            fail_msg("%s to %s: written anew: %s", c->from, c->to, c->alike ? "yes" : "no");
        free(said);
    }
    free(database);
}

static void what_does_not_fit_fails_and_is_not_cut_off(void **state)
{
    (void)state;
    assert_true(type_change_is_strict("character varying(10)"));
    assert_true(type_change_is_strict("character(3)"));
    assert_false(type_change_is_strict("integer"));
    assert_false(type_change_is_strict("mood"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_lost_and_what_is_stored_alike_is_known),
        cmocka_unit_test(what_does_not_fit_fails_and_is_not_cut_off),
        cmocka_unit_test(the_server_stores_alike_what_is_said_to_be),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
