/*
 * test_journal.c - what was written is there after a crash, and what was changed afterwards is
 * found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "cutover/journal.h"
#include "support/temp.h"

static char *dir, *path;

static int setup(void **state)
{
    char *root = temp_dir_make();

    dir = temp_path(root, "run");
    path = temp_path(dir, "journal.jsonl");
    *state = root;
    return 0;
}

static int teardown(void **state)
{
    clock_set_fake(-1, -1);
    free(dir);
    free(path);
    temp_dir_remove(*state);
    return 0;
}

static struct journal *create(void)
{
    struct journal *j = NULL;
    hg_error err = {0};

    if (!journal_create(dir, "run-1", "anna", &j, &err))
        fail_msg("%s", err.message);
    return j;
}

static struct journal *reopen(void)
{
    struct journal *j = NULL;
    hg_error err = {0};

    if (!journal_open(dir, "bert", &j, &err))
        fail_msg("%s", err.message);
    return j;
}

static void append(struct journal *j, const char *step, enum journal_event event)
{
    hg_error err = {0};

    if (!journal_append(j, step, event, json_pack("{s:s}", "of", step), &err))
        fail_msg("%s", err.message);
}

static void three_records(void)
{
    struct journal *j = create();

    append(j, "", JOURNAL_OPEN);
    append(j, "freeze", JOURNAL_INTENT);
    append(j, "freeze", JOURNAL_DONE);
    journal_close(j);
}

static char *content(void)
{
    struct buf text = BUF_INIT(1 << 20);

    assert_true(file_read(path, &text, NULL));
    return buf_take(&text);
}

static void overwrite(const char *text, size_t size)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static hg_error refusal(void)
{
    struct journal *j = NULL;
    hg_error err = {0};

    assert_false(journal_open(dir, "bert", &j, &err));
    assert_null(j);
    return err;
}

static void records_are_read_back_as_they_were_written(void **state)
{
    struct journal *j;
    const struct journal_record *r;

    (void)state;
    clock_set_fake(5000000000, 1790000000000);
    three_records();
    j = reopen();
    assert_int_equal(journal_count(j), 3);
    assert_string_equal(journal_run_id(j), "run-1");
    r = journal_last(j, "freeze", JOURNAL_DONE);
    assert_non_null(r);
    assert_int_equal(r->seq, 3);
    assert_int_equal(r->at_ms, 1790000000000);
    assert_int_equal(r->mono_ms, 5000);
    assert_string_equal(r->actor, "anna");
    assert_string_equal(json_string_value(json_object_get(r->data, "of")), "freeze");
    assert_null(journal_last(j, "freeze", JOURNAL_FAILED));
    journal_close(j);
}

static void the_journal_is_for_its_owner_alone(void **state)
{
    struct stat st;

    (void)state;
    three_records();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_second_journal_in_the_folder_is_refused(void **state)
{
    struct journal *j = NULL;
    hg_error err = {0};

    (void)state;
    three_records();
    assert_false(journal_create(dir, "run-2", "anna", &j, &err));
    assert_int_equal(err.code, HG_IO);
}

static void a_second_writer_is_refused_and_a_reader_is_not(void **state)
{
    struct journal *first, *reader = NULL;
    hg_error err;

    (void)state;
    three_records();
    first = reopen();
    err = refusal();
    assert_int_equal(err.code, HG_LOCKED);
    assert_true(journal_read(dir, &reader, NULL));
    assert_int_equal(journal_count(reader), 3);
    assert_false(journal_append(reader, "", JOURNAL_NOTE, NULL, &err));
    assert_int_equal(err.code, HG_MISUSE);
    journal_close(reader);
    journal_close(first);
}

/* Cut anywhere, the file is a journal of the records that were whole, and goes on from there. */
static void a_torn_last_record_is_cut_off_and_said(void **state)
{
    char *text;
    size_t size, whole;

    (void)state;
    three_records();
    text = content();
    size = strlen(text);
    whole = (size_t)(strstr(strchr(text, '\n') + 1, "\n") + 1 - text); /* of two records */
    for (size_t cut = whole + 1; cut < size; cut += 7) {
        struct journal *j;

        overwrite(text, cut);
        j = reopen();
        assert_true(journal_was_torn(j));
        assert_int_equal(journal_count(j), 3); /* two, and the note */
        assert_int_equal(journal_at(j, 2)->event, JOURNAL_NOTE);
        append(j, "freeze", JOURNAL_RESUME);
        journal_close(j);
        j = reopen();
        assert_false(journal_was_torn(j));
        assert_int_equal(journal_count(j), 4);
        journal_close(j);
    }
    free(text);
}

static void any_changed_byte_is_found(void **state)
{
    char *text;
    size_t size;

    (void)state;
    three_records();
    text = content();
    size = strlen(text);
    for (size_t i = 0; i + 1 < size; i += 3) {
        char was = text[i];
        hg_error err;

        text[i] = was == 'x' ? 'y' : 'x';
        overwrite(text, size);
        err = refusal();
        assert_int_equal(err.code, HG_FILE);
        assert_true(err.line >= 1 && err.line <= 3);
        text[i] = was;
    }
    free(text);
}

static void a_removed_record_is_found(void **state)
{
    char *text, *second, *third;
    hg_error err;

    (void)state;
    three_records();
    text = content();
    second = strchr(text, '\n') + 1;
    third = strchr(second, '\n') + 1;
    memmove(second, third, strlen(third) + 1);
    overwrite(text, strlen(text));
    err = refusal();
    assert_int_equal(err.line, 2);
    assert_non_null(strstr(err.message, "missing"));
    free(text);
}

/* A limit on the file's size stands for the full disk. */
static void a_full_disk_loses_the_record_and_nothing_else(void **state)
{
    pid_t child;
    int status;

    (void)state;
    three_records();
    child = fork();
    if (child == 0) {
        struct journal *j = NULL;
        struct stat st;
        hg_error err = {0};
        bool ok = journal_open(dir, "bert", &j, NULL) && stat(path, &st) == 0;
        struct rlimit limit = {(rlim_t)st.st_size + 100, (rlim_t)st.st_size + 100};

        signal(SIGXFSZ, SIG_IGN);
        ok = ok && setrlimit(RLIMIT_FSIZE, &limit) == 0
             && !journal_append(j, "freeze", JOURNAL_UNDO, NULL, &err) && err.code == HG_IO
             && journal_count(j) == 3;
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct journal *j = reopen();
    assert_false(journal_was_torn(j));
    assert_int_equal(journal_count(j), 3);
    journal_close(j);
}

static void time_since_a_record_ignores_a_clock_that_was_set_back(void **state)
{
    struct journal *j;

    (void)state;
    clock_set_fake(5000000000, 1790000000000);
    j = create();
    append(j, "", JOURNAL_OPEN);
    clock_set_fake(9000000000, 1780000000000);
    assert_int_equal(journal_since_ms(journal_at(j, 0)), 4000);
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_are_read_back_as_they_were_written, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_journal_is_for_its_owner_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_journal_in_the_folder_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_writer_is_refused_and_a_reader_is_not, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_torn_last_record_is_cut_off_and_said, setup, teardown),
        cmocka_unit_test_setup_teardown(any_changed_byte_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_removed_record_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_loses_the_record_and_nothing_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(time_since_a_record_ignores_a_clock_that_was_set_back,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
