/*
 * test_file.c - one migration file: what is understood, and how each fault is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/content.h"
#include "migrate/file.h"

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static bool parse(hg_driver dialect, const char *path, const char *text, struct migration_file *out,
                  hg_error *err)
{
    const struct file_source source = {
        .path = path, .text = text, .size = strlen(text), .dialect = dialect};

    return file_parse(&source, &arena, out, err);
}

static struct migration_file parsed(hg_driver dialect, const char *text)
{
    struct migration_file file;
    hg_error err = {0};

    if (!parse(dialect, "db/0001_a.sql", text, &file, &err))
        fail_msg("%d:%d %s", err.line, err.column, err.message);
    return file;
}

/* The section as it runs, in a buffer of its own. */
static const char *runs(const char *text, const struct migration_file *file,
                        const struct file_section *section)
{
    static char copy[4096];
    struct content content = CONTENT_INIT(sizeof copy);

    assert_true(content_take(&content, text, strlen(text)));
    assert_true(file_blank(&content, file));
    snprintf(copy, sizeof copy, "%s", content.bytes);
    content_release(&content);
    copy[section->to] = '\0';
    return copy + section->from;
}

static const char whole[] = "-- revision: 3f9a1c0b7d21\n"
                            "-- revises: 9d1e44f0a2bc, 17\n"
                            "-- message: add accounts: all of them\n"
                            "-- depends_on: 5\n"
                            "\n"
                            "-- migrate:up lock_timeout:2s transaction:false\n"
                            "CREATE TABLE a (\n"
                            "  -- @postgresql\n"
                            "  id bigserial -- it's\n"
                            "  -- @sqlite\n"
                            "  id integer [x]\n"
                            "  -- @end\n"
                            ");\n"
                            "\n"
                            "-- migrate:down irreversible:true statement_timeout:0\n"
                            "DROP TABLE a;\n";

static void a_whole_file_is_understood(void **state)
{
    struct migration_file file = parsed(HG_POSTGRESQL, whole);

    (void)state;
    assert_string_equal(file.revision, "3f9a1c0b7d21");
    assert_true(file.revises_given);
    assert_int_equal(file.revises_count, 2);
    assert_string_equal(file.revises[0], "9d1e44f0a2bc");
    assert_string_equal(file.revises[1], "17");
    assert_string_equal(file.message, "add accounts: all of them");
    assert_int_equal(file.depends_on_count, 1);
    assert_false(file.up.transaction);
    assert_int_equal(file.up.lock_timeout_ms, 2000);
    assert_int_equal(file.up.statement_timeout_ms, -1);
    assert_int_equal(file.up.line, 6);
    assert_true(file.down.transaction);
    assert_true(file.down.irreversible);
    assert_int_equal(file.down.statement_timeout_ms, 0);
}

static void only_what_is_guarded_for_this_engine_runs_and_places_stay(void **state)
{
    struct migration_file pg = parsed(HG_POSTGRESQL, whole), lite = parsed(HG_SQLITE, whole);
    const char *text;

    (void)state;
    text = runs(whole, &pg, &pg.up);
    assert_non_null(strstr(text, "bigserial"));
    assert_null(strstr(text, "integer"));
    assert_ptr_not_equal(strstr(text, ");"), NULL);
    assert_int_equal(strstr(text, ");") - text, strstr(whole, ");") - (whole + pg.up.from));
    text = runs(whole, &lite, &lite.up);
    assert_null(strstr(text, "bigserial"));
    assert_non_null(strstr(text, "integer [x]"));
    assert_string_not_equal(pg.up.checksum, lite.up.checksum);
    assert_string_equal(pg.down.checksum, lite.down.checksum);
}

static void what_is_guarded_for_the_other_engine_is_read_by_its_rules(void **state)
{
    static const char text[] = "-- migrate:up\n"
                               "-- @postgresql\n"
                               "DO $$ it's -- @end\n"
                               "$$; COPY t FROM stdin;\n"
                               "-- migrate:down\n"
                               "\\.\n"
                               "-- @sqlite\n"
                               "CREATE TABLE [it's] (a);\n"
                               "-- @end\n"
                               "SELECT 1;\n";
    struct migration_file pg = parsed(HG_POSTGRESQL, text), lite = parsed(HG_SQLITE, text);

    (void)state;
    assert_false(pg.down.present);
    assert_false(lite.down.present);
    assert_non_null(strstr(runs(text, &pg, &pg.up), "-- migrate:down"));
    assert_null(strstr(runs(text, &lite, &lite.up), "COPY"));
    assert_non_null(strstr(runs(text, &lite, &lite.up), "[it's]"));
    assert_non_null(strstr(runs(text, &lite, &lite.up), "SELECT 1"));
}

static void directives_inside_literals_and_comments_are_text(void **state)
{
    static const char text[] = "-- migrate:up\n"
                               "SELECT '\n-- migrate:down\n', \"\n-- @sqlite\n\";\n"
                               "/*\n-- migrate:down\n*/\n"
                               "DO $$\n-- @end\n-- migrate:up\n$$; -- migrate:down\n"
                               "-- migrate: the users of old\n"
                               "-- @param a is a word of documentation\n";
    struct migration_file file = parsed(HG_POSTGRESQL, text);

    (void)state;
    assert_false(file.down.present);
    assert_int_equal(file.up.to, strlen(text));
    assert_int_equal(file.gap_count, 0);
}

static void a_file_of_dbmate_works_as_it_is(void **state)
{
    struct migration_file file;

    (void)state;
    assert_true(parse(HG_SQLITE, "db/migrations/20240102030405_add_all-users.sql",
                      "-- migrate:up transaction:false because of that\nSELECT 1;\n\n"
                      "-- migrate:down\n",
                      &file, NULL));
    assert_string_equal(file.revision, "20240102030405");
    assert_string_equal(file.message, "add all-users");
    assert_false(file.revises_given);
    assert_false(file.up.transaction);
    assert_false(file.up.empty);
    assert_true(file.down.present);
    assert_true(file.down.empty);
}

static void other_sql_files_in_the_folder_are_no_migrations(void **state)
{
    struct migration_file file;
    hg_error err = {0};

    (void)state;
    assert_true(parse(HG_POSTGRESQL, "db/seed.sql", "INSERT INTO a VALUES (1);", &file, &err));
    assert_null(file.revision);
    assert_true(parse(HG_POSTGRESQL, "db/load.sql", "\\copy a from 'b'\n", &file, &err));
    assert_null(file.revision);
    assert_int_equal(err.code, HG_OK);
}

static void a_byte_order_mark_and_carriage_returns_do_no_harm(void **state)
{
    static const char text[] = "\xEF\xBB\xBF-- revision: a\r\n-- revises:\r\n\r\n"
                               "-- migrate:up\r\nSELECT 1;\r\n-- migrate:down\r\nSELECT 2;\r\n";
    struct migration_file file = parsed(HG_POSTGRESQL, text);

    (void)state;
    assert_string_equal(file.revision, "a");
    assert_true(file.revises_given);
    assert_int_equal(file.revises_count, 0);
    assert_string_equal(file.up.checksum,
                        parsed(HG_POSTGRESQL, "-- migrate:up\nSELECT 1;").up.checksum);
}

static void the_checksum_sees_statements_and_not_their_layout(void **state)
{
    static const char *const same[] = {
        "-- migrate:up\nselect 'A', b from c;\n",
        "-- migrate:up\nSELECT 'A' , B\n FROM c -- note\n",
        "-- migrate:up lock_timeout:1s\n;; select/**/'A',b from c;;\n\n-- migrate:down\nSELECT 2;",
    };
    static const char *const different[] = {
        "-- migrate:up\nselect 'a', b from c;\n",
        "-- migrate:up\nselect 'A', b from c; select 1\n",
        "-- migrate:up\nselect 'A', \"b\" from c;\n",
        "-- migrate:up\nselect 'A', b fromc;\n",
        "-- migrate:up\nselect 'A'; b from c;\n",
    };
    struct migration_file first = parsed(HG_POSTGRESQL, same[0]);

    (void)state;
    assert_int_equal(strlen(first.up.checksum), 64);
    for (size_t i = 1; i < sizeof same / sizeof *same; i++)
        assert_string_equal(parsed(HG_POSTGRESQL, same[i]).up.checksum, first.up.checksum);
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        assert_string_not_equal(parsed(HG_POSTGRESQL, different[i]).up.checksum, first.up.checksum);
}

static void every_fault_has_its_place_and_its_own_words(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        int line, column;
        const char *message;
    } cases[] = {
        {"SELECT 1;\n", 1, 1, "SQL outside of a section"},
        {"-- note\n", 1, 1, "a migration without a -- migrate:up section"},
        {"", 1, 1, "a migration without a -- migrate:up section"},
        {"-- migrate:down\n", 1, 1, "a migration without a -- migrate:up section"},
        {"SELECT 1;\n-- migrate:up\n", 1, 1, "SQL outside of a section"},
        {"-- migrate:up\n-- migrate:up\n", 2, 1, "a second -- migrate:up section"},
        {"-- migrate:up\n-- migrate:down\n\n-- migrate:down\n", 4, 1, "a second -- migrate:down section"},
        {"-- migrate:down\n-- migrate:up\n", 2, 1, "-- migrate:up stands behind -- migrate:down"},
        {"-- migrate:up\n  -- migrate:down\n", 2, 3, "a -- migrate: directive must stand at the start of its line"},
        {"-- migrate:upp\n", 1, 4, "unknown directive; write -- migrate:up or -- migrate:down"},
        {"-- Migrate:Up\n", 1, 4, "unknown directive; write -- migrate:up or -- migrate:down"},
        {"-- migrate:up transacton:false\n", 1, 15, "unknown option \"transacton\""},
        {"-- migrate:up lock_timeout:1s colour=red\n", 1, 31, "unknown option \"colour\""},
        {"-- migrate:up transaction=false\n", 1, 15, "option \"transaction\" is written as transaction:VALUE"},
        {"-- migrate:up transaction\n", 1, 15, "option \"transaction\" is written as transaction:VALUE"},
        {"-- migrate:up transaction:off\n", 1, 27, "option \"transaction\" wants true or false"},
        {"-- migrate:up transaction:false rebuild:true\n", 1, 1, "rebuild:true is for a section that is a transaction"},
        {"-- migrate:up transaction:\n", 1, 15, "option \"transaction\" wants true or false"},
        {"-- migrate:up transaction:false transaction:true\n", 1, 33, "option \"transaction\" stands here twice"},
        {"-- migrate:up lock_timeout:2\n", 1, 28, "option \"lock_timeout\" wants a time such as 500ms, 2s or 1min, or 0 for none"},
        {"-- migrate:up statement_timeout:9999999h\n", 1, 33, "option \"statement_timeout\" wants a time such as 500ms, 2s or 1min, or 0 for none"},
        {"-- migrate:up irreversible:true\n", 1, 15, "option \"irreversible\" belongs to -- migrate:down"},
        {"-- migrate:up\n-- @postgresql\nSELECT 1;\n", 2, 1, "this guard is not closed by -- @end before the section ends"},
        {"-- migrate:up\n-- @sqlite\n-- migrate:down\n", 2, 1, "this guard is not closed by -- @end before the section ends"},
        {"-- migrate:up\n-- @postgres\n", 2, 4, "unknown guard \"@postgres\"; they are @postgresql, @sqlite and @end"},
        {"-- migrate:up\n-- @sqlite 3\n", 2, 12, "nothing may stand behind a guard"},
        {"-- migrate:up\n-- @end\n", 2, 1, "-- @end without a guard before it"},
        {"-- revision: a\n-- revision: b\n-- migrate:up\n", 2, 4, "a second \"revision\" header"},
        {"-- revision:\n-- migrate:up\n", 1, 13, "\"\" cannot be a revision: it is empty"},
        {"-- revision: a b\n-- migrate:up\n", 1, 14, "\"a b\" cannot be a revision: it must not contain spaces, control characters or any of , @ : + -"},
        {"-- revision: heads\n-- migrate:up\n", 1, 14, "\"heads\" cannot be a revision: head, heads and base are the names of targets"},
        {"-- revision: 012345678901234567890123456789012\n", 1, 14, "\"012345678901234567890123456789012\" cannot be a revision: it has more than 32 characters, which is all that alembic_version holds"},
        {"-- revises: a, b, a\n-- migrate:up\n", 1, 19, "revision \"a\" stands here twice"},
        {"-- revises: a, \n-- migrate:up\n", 1, 15, "a revision is missing behind the comma"},
        {"-- migrate:up\nSELECT '\n", 2, 8, "the string that begins here is not closed"},
        {"-- migrate:up\n\\connect x\n", 2, 1, "a command of psql cannot run here"},
    };
    /* clang-format on */
    struct migration_file file;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hg_error err = {0};

        if (parse(HG_POSTGRESQL, "db/0001_a.sql", cases[i].text, &file, &err))
            fail_msg("understood: %s", cases[i].text);
        assert_int_equal(err.code, HG_FILE);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.file, "db/0001_a.sql");
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
    }
}

static void a_fault_shows_its_line(void **state)
{
    struct migration_file file;
    hg_error err = {0};

    (void)state;
    assert_false(parse(HG_POSTGRESQL, "1.sql", "-- migrate:up\n-- migrate:up lock_timeout:2\n",
                       &file, &err));
    assert_string_equal(err.excerpt, "-- migrate:up lock_timeout:2");
    assert_int_equal(err.excerpt_column, 1);
}

static void a_mistyped_option_is_guessed(void **state)
{
    struct migration_file file;
    hg_error err = {0};

    (void)state;
    assert_false(parse(HG_SQLITE, "1.sql", "-- migrate:up transacton:false\n", &file, &err));
    assert_string_equal(err.hint, "Did you mean transaction?");
    assert_false(parse(HG_SQLITE, "1.sql", "-- migrate:up colour:red\n", &file, &err));
    assert_string_equal(err.hint, "");
}

static void a_binary_file_is_refused(void **state)
{
    static const char text[] = "-- migrate:up\nSELECT \0 1;";
    const struct file_source source = {
        .path = "1.sql", .text = text, .size = sizeof text - 1, .dialect = HG_SQLITE};
    struct migration_file file;
    hg_error err = {0};

    (void)state;
    assert_false(file_parse(&source, &arena, &file, &err));
    assert_int_equal(err.code, HG_FILE);
    assert_int_equal(err.line, 2);
}

static void a_kept_down_section_is_read_alone(void **state)
{
    static const char text[] = "-- migrate:down transaction:false\nDROP TABLE a;\n";
    const struct file_source source = {.path = "history",
                                       .text = text,
                                       .size = sizeof text - 1,
                                       .dialect = HG_SQLITE,
                                       .down_only = true};
    struct migration_file file;

    (void)state;
    assert_true(file_parse(&source, &arena, &file, NULL));
    assert_true(file.down.present);
    assert_false(file.down.transaction);
    assert_false(file.down.empty);
}

static void every_allocation_that_fails_is_told(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct arena small = ARENA_INIT;
        const struct file_source source = {
            .path = "0001_a.sql", .text = whole, .size = strlen(whole), .dialect = HG_SQLITE};
        struct migration_file file;
        hg_error err = {0};
        bool ok;

        alloc_fail_at(n);
        ok = file_parse(&source, &small, &file, &err);
        arena_release(&small);
        if (!alloc_failed()) {
            alloc_fail_at(0);
            assert_true(ok);
            break;
        }
        assert_false(ok);
        assert_int_equal(err.code, HG_NOMEM);
    }
}

/* What a ledger has of a file it must have for ever, however the file is read. */
static void a_large_file_has_the_checksums_that_it_always_had(void **state)
{
    const char x60[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    struct migration_file file;
    struct buf text = BUF_INIT(4 << 20);

    (void)state;
    buf_text(&text, "-- migrate:up\nCREATE TABLE c (n integer, t text);\nCOPY c FROM stdin;\n");
    for (int i = 0; i < 50000; i++)
        buf_printf(&text, "%d\t%s\n", i, x60);
    buf_text(&text, "\\.\nINSERT INTO c VALUES (-1, 'end');\n-- migrate:down\nDROP TABLE c;\n");
    file = parsed(HG_POSTGRESQL, text.bytes);
    assert_string_equal(file.up.checksum,
                        "77278372d12b081534b6d137b33d72bd6fdfd58d64b496854812981ac12ce14b");
    assert_string_equal(file.up.raw_checksum,
                        "7e357d11178bc85821ff290b1e63fbf48da10a6f8b5f49512ca28ffc20102964");
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_whole_file_is_understood, release),
        cmocka_unit_test_teardown(only_what_is_guarded_for_this_engine_runs_and_places_stay,
                                  release),
        cmocka_unit_test_teardown(what_is_guarded_for_the_other_engine_is_read_by_its_rules,
                                  release),
        cmocka_unit_test_teardown(directives_inside_literals_and_comments_are_text, release),
        cmocka_unit_test_teardown(a_file_of_dbmate_works_as_it_is, release),
        cmocka_unit_test_teardown(other_sql_files_in_the_folder_are_no_migrations, release),
        cmocka_unit_test_teardown(a_byte_order_mark_and_carriage_returns_do_no_harm, release),
        cmocka_unit_test_teardown(the_checksum_sees_statements_and_not_their_layout, release),
        cmocka_unit_test_teardown(every_fault_has_its_place_and_its_own_words, release),
        cmocka_unit_test_teardown(a_fault_shows_its_line, release),
        cmocka_unit_test_teardown(a_mistyped_option_is_guessed, release),
        cmocka_unit_test_teardown(a_binary_file_is_refused, release),
        cmocka_unit_test_teardown(a_kept_down_section_is_read_alone, release),
        cmocka_unit_test(every_allocation_that_fails_is_told),
        cmocka_unit_test(a_large_file_has_the_checksums_that_it_always_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
