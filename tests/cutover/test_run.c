/*
 * test_run.c - the newest run has the greatest name, whatever happens to the clock; a name is of
 * one folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cutover/run.h"
#include "support/temp.h"

static char *dir;
static hg_settings *settings;

static int open_folder(void **state)
{
    char state_dir[4200], env_file[4200];
    const char *environ[] = {state_dir, NULL};
    const hg_settings_options options = {.env_file = env_file, .environ = environ};

    (void)state;
    dir = temp_dir_make();
    temp_write(dir, ".env", "");
    snprintf(env_file, sizeof env_file, "%s/.env", dir);
    snprintf(state_dir, sizeof state_dir, "HEADGATE_STATE_DIR=%s/state", dir);
    assert_true(hg_settings_load(&options, &settings, NULL));
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    clock_set_fake(-1, -1);
    hg_settings_free(settings);
    temp_dir_remove(dir);
    return 0;
}

/* A run begun at this time, with its name. */
static void begin_at(int64_t wall_ms, bool rehearsal, char run[JOURNAL_RUN_MAX])
{
    struct journal *journal = NULL;
    char folder[RUN_PATH];
    hg_error err = {0};

    clock_set_fake(1000000000, wall_ms);
    if (!run_make(settings, rehearsal, folder, run, &err)
        || !journal_create(folder, run, "anna", &journal, &err)
        || !run_publish(settings, rehearsal, run, folder, &err))
        fail_msg("%s", err.message);
    journal_close(journal);
}

static void assert_newest(const char *run)
{
    char newest[RUN_PATH];

    assert_true(run_newest(settings, newest, NULL));
    assert_string_equal(strrchr(newest, '/') + 1, run);
}

static void a_new_run_is_the_newest_also_when_the_clock_was_set_back(void **state)
{
    static const int64_t hours[] = {10, 10, 9, 3, 11};
    char run[JOURNAL_RUN_MAX], last[JOURNAL_RUN_MAX] = "";

    (void)state;
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
        begin_at(INT64_C(1790000000000) + hours[i] * 3600000, false, run);
        assert_true(strcmp(run, last) > 0);
        assert_newest(run);
        snprintf(last, sizeof last, "%s", run);
    }
}

static void a_rehearsal_is_found_by_its_name_and_is_never_the_newest_run(void **state)
{
    char run[JOURNAL_RUN_MAX], rehearsal[JOURNAL_RUN_MAX], found[RUN_PATH], name[JOURNAL_RUN_MAX];

    (void)state;
    begin_at(1790000000000, false, run);
    begin_at(1790000000000, true, rehearsal);
    assert_string_not_equal(run, rehearsal);
    assert_newest(run);
    assert_true(run_find(settings, rehearsal, found, NULL));
    assert_string_equal(strrchr(found, '/') + 1, rehearsal);
    assert_true(run_before(settings, "~", name, found)); /* its times count all the same */
    assert_string_equal(name, rehearsal);
    assert_true(run_before(settings, name, name, found));
    assert_string_equal(name, run);
    assert_false(run_before(settings, name, name, found));
    assert_false(run_find(settings, "../state/runs", found, NULL));
    assert_false(run_find(settings, "", found, NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_new_run_is_the_newest_also_when_the_clock_was_set_back),
        TEST(a_rehearsal_is_found_by_its_name_and_is_never_the_newest_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
