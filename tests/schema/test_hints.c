/*
 * test_hints.c - what a remark behind a name is about, and what a person may say about names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "schema/hints.h"

/* The hints of a text, one a line: "column app.t.new<old:3". */
static const char *read_all(hg_driver dialect, const char *text)
{
    static char out[2048];
    struct arena arena = ARENA_INIT;
    struct hints hints = {0};
    const struct hint *hint;
    size_t n = 0;

    out[0] = '\0';
    assert_true(hints_read(&arena, dialect, text, strlen(text), &hints));
    VEC_EACH (&hints.items, hint)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s %s%s%s%s%s<%s:%d\n",
                              object_kind_name(hint->kind), hint->schema,
                              hint->schema[0] == '\0' ? "" : ".", hint->owner,
                              hint->owner[0] == '\0' ? "" : ".", hint->name, hint->old, hint->line);
    VEC_RELEASE(&hints.items);
    arena_release(&arena);
    return out;
}

static void a_hint_is_about_what_began_last_before_it(void **state)
{
    static const char text[] =
        "CREATE TABLE customers ( -- @renamed from=accounts\n"
        "  id bigint PRIMARY KEY,\n"
        "  mail text NOT NULL DEFAULT f(1, 'x;'), -- @renamed from=email\n"
        "  tier text -- @renamed from=\"The Rank\"\n"
        ");\n"
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS c_mail ON customers (mail); -- no hint\n"
        "CREATE INDEX Other ON customers (tier) -- @renamed from=another\n;\n"
        "CREATE TYPE app.mood AS ENUM ('sad', -- @renamed from=unhappy\n 'it''s');\n";

    (void)state;
    assert_string_equal(read_all(HG_POSTGRESQL, text), "table customers<accounts:1\n"
                                                       "column customers.mail<email:3\n"
                                                       "column customers.tier<The Rank:4\n"
                                                       "index other<another:7\n"
                                                       "type app.mood.sad<unhappy:9\n");
}

static void a_hint_stands_before_a_statement_or_behind_it(void **state)
{
    (void)state;
    assert_string_equal(read_all(HG_SQLITE, "-- @renamed from=a\nCREATE TABLE b (c, d);\n"
                                            "CREATE TABLE \"E e\" (f, g); -- @renamed from=h\n"),
                        "table b<a:1\ntable E e<h:3\n");
}

static void a_remark_that_names_nothing_is_no_hint(void **state)
{
    static const char *const texts[] = {
        "-- @renamed\nCREATE TABLE b (c);",
        "-- @renamed from=\nCREATE TABLE b (c);",
        "CREATE TABLE b (c); -- renamed from=a",
        "CREATE TABLE b (c text DEFAULT '-- @renamed from=a');",
        "SELECT 1; -- @renamed from=a",
        "-- @renamed from=a\nSELECT 1;\nCREATE TABLE b (c);",
        "CREATE VIEW b AS SELECT 1; -- @renamed from=a",
        "-- @renamed from=a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(read_all(HG_POSTGRESQL, texts[i]), "");
}

static void a_person_says_old_and_new(void **state)
{
    static const struct {
        const char *said, *owner, *old, *name;
        bool denied;
    } cases[] = {{"accounts=customers", "", "accounts", "customers", false},
                 {"customers.email=mail", "customers", "email", "mail", false},
                 {"customers.email=", "customers", "email", "", true},
                 {"a.b=c.d", "a", "b", "c.d", false}};
    static const char *const wrong[] = {"", "=", "accounts", "=customers", ".email=mail", "a.=b"};
    struct arena arena = ARENA_INIT;
    struct hints hints = {0};
    bool fine;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(hints_say(&arena, cases[i].said, &hints, &fine));
        assert_true(fine);
        assert_string_equal(hints.items.items[i].owner, cases[i].owner);
        assert_string_equal(hints.items.items[i].old, cases[i].old);
        assert_string_equal(hints.items.items[i].name, cases[i].name);
        assert_int_equal(hints.items.items[i].denied, cases[i].denied);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_true(hints_say(&arena, wrong[i], &hints, &fine));
        assert_false(fine);
    }
    VEC_RELEASE(&hints.items);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hint_is_about_what_began_last_before_it),
        cmocka_unit_test(a_hint_stands_before_a_statement_or_behind_it),
        cmocka_unit_test(a_remark_that_names_nothing_is_no_hint),
        cmocka_unit_test(a_person_says_old_and_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
