/*
 * test_new.c - a new, empty migration: its name, its parent, and that two never collide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <headgate/migrate.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "support/temp.h"

static int setup(void **state)
{
    *state = temp_dir_make();
    clock_set_fake(-1, 1790000000000); /* 2026-09-21T14:13:20Z */
    return 0;
}

static int teardown(void **state)
{
    clock_set_fake(-1, -1);
    temp_dir_remove(*state);
    return 0;
}

static char *make(const char *dir, const char *message)
{
    static char path[512];
    hg_error err = {0};

    if (!hg_migrate_new(dir, message, path, sizeof path, &err))
        fail_msg("%s", err.message);
    return path;
}

static const char *name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static hg_history *history_of(const char *dir)
{
    hg_history *history = NULL;

    assert_true(hg_history_read(NULL, dir, hg_deadline_never(), &history, NULL));
    return history;
}

static void the_first_one_revises_nothing_and_runs_as_it_is(void **state)
{
    const char *path = make(*state, "Add accounts: all of them!");
    struct buf text = BUF_INIT(4096);
    hg_history *history = history_of(*state);
    char revision[HG_REVISION_SIZE];

    assert_string_equal(name_of(path), "20260921141320_add_accounts_all_of_them.sql");
    assert_int_equal(history->revision_count, 1);
    assert_int_equal(history->revisions[0].revises_count, 0);
    assert_string_equal(history->revisions[0].message, "Add accounts: all of them!");
    snprintf(revision, sizeof revision, "%s", history->revisions[0].revision);
    assert_int_equal(strspn(revision, "0123456789abcdef"), 12);
    assert_true(file_read(path, &text, NULL));
    assert_non_null(strstr(text.bytes, "-- revises:\n"));
    buf_release(&text);
    hg_history_free(history);
}

static void two_in_one_second_follow_each_other(void **state)
{
    char first[64];
    hg_history *history;

    snprintf(first, sizeof first, "%s", name_of(make(*state, "one")));
    assert_string_equal(first, "20260921141320_one.sql");
    assert_string_equal(name_of(make(*state, "two")), "20260921141321_two.sql");
    assert_string_equal(name_of(make(*state, "two")), "20260921141322_two.sql");
    history = history_of(*state);
    assert_int_equal(history->head_count, 1);
    assert_string_equal(history->revisions[1].revises[0], history->revisions[0].revision);
    hg_history_free(history);
}

static void a_folder_of_dbmate_is_continued(void **state)
{
    hg_history *history;

    temp_write(*state, "20240101000000_a.sql", "-- migrate:up\n-- migrate:down\n");
    make(*state, "next");
    history = history_of(*state);
    assert_string_equal(history->revisions[1].revises[0], "20240101000000");
    hg_history_free(history);
}

static void any_message_stays_on_its_line(void **state)
{
    hg_history *history;

    assert_string_equal(name_of(make(*state, "\n-- migrate:up\nDROP TABLE a;\n")),
                        "20260921141320_migrate_up_drop_table_a.sql");
    assert_string_equal(name_of(make(*state, "\xE6\x97\xA5\xE6\x9C\xAC")),
                        "20260921141321_migration.sql");
    history = history_of(*state);
    assert_int_equal(history->revision_count, 2);
    assert_string_equal(history->revisions[0].message, "-- migrate:up DROP TABLE a;");
    assert_string_equal(history->revisions[1].message, "\xE6\x97\xA5\xE6\x9C\xAC");
    hg_history_free(history);
}

static void several_heads_are_refused_with_their_names(void **state)
{
    char path[512];
    hg_error err = {0};

    temp_write(*state, "1_a.sql", "-- revision: aaa\n-- revises:\n-- migrate:up\n");
    temp_write(*state, "2_b.sql", "-- revision: bbb\n-- revises:\n-- migrate:up\n");
    assert_false(hg_migrate_new(*state, "next", path, sizeof path, &err));
    assert_int_equal(err.code, HG_REFUSED);
    assert_non_null(strstr(err.message, "\"aaa\", \"bbb\""));
}

static void a_missing_folder_says_what_to_do(void **state)
{
    char path[512];
    char *missing = temp_path(*state, "missing");
    hg_error err = {0};

    assert_false(hg_migrate_new(missing, "next", path, sizeof path, &err));
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.hint, "headgate init"));
    free(missing);
}

static void eight_at_once_make_one_line(void **state)
{
    pid_t children[8];
    hg_history *history;

    for (int i = 0; i < 8; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char path[512];

            _exit(hg_migrate_new(*state, "same", path, sizeof path, NULL) ? 0 : 1);
        }
    }
    for (int i = 0; i < 8; i++) {
        int status = 1;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    history = history_of(*state);
    assert_int_equal(history->revision_count, 8);
    assert_int_equal(history->head_count, 1);
    hg_history_free(history);
}

static void write_heads(const char *dir, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[64], text[128];

        snprintf(name, sizeof name, "2024010100000%zu_%s.sql", i, names[i]);
        snprintf(text, sizeof text, "-- revision: %s\n-- revises:%s\n-- migrate:up\n", names[i],
                 i == 0 ? "" : " root");
        temp_write(dir, name, text);
    }
}

static void a_merge_joins_all_heads_and_says_so(void **state)
{
    static const char *const names[] = {"root", "left", "middle", "right"};
    char path[512];
    hg_history *history;

    write_heads(*state, names, 4);
    assert_true(hg_migrate_merge(*state, NULL, path, sizeof path, NULL));
    history = history_of(*state);
    assert_int_equal(history->revision_count, 5);
    assert_int_equal(history->head_count, 1);
    assert_int_equal(history->revisions[4].revises_count, 3);
    assert_string_equal(history->revisions[4].revises[2], "right");
    assert_string_equal(history->revisions[4].message, "merge left and middle and right");
    hg_history_free(history);
}

static void one_head_needs_no_merge(void **state)
{
    char path[512] = "untouched";
    hg_history *history;

    assert_true(hg_migrate_merge(*state, "nothing", path, sizeof path, NULL));
    assert_string_equal(path, "");
    make(*state, "one");
    assert_true(hg_migrate_merge(*state, "nothing", path, sizeof path, NULL));
    assert_string_equal(path, "");
    history = history_of(*state);
    assert_int_equal(history->revision_count, 1);
    hg_history_free(history);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_one_revises_nothing_and_runs_as_it_is),
        TEST(two_in_one_second_follow_each_other),
        TEST(a_folder_of_dbmate_is_continued),
        TEST(any_message_stays_on_its_line),
        TEST(several_heads_are_refused_with_their_names),
        TEST(a_merge_joins_all_heads_and_says_so),
        TEST(one_head_needs_no_merge),
        TEST(a_missing_folder_says_what_to_do),
        TEST(eight_at_once_make_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
