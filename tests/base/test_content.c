/*
 * test_content.c - the content of a file, small and large: what was read stays readable whatever
 * happens to the file, and what is written over is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/content.h"
#include "base/log.h"
#include "support/temp.h"

enum { LINE = 16, LINES = 500000 }; /* 8 MB */

struct place {
    char *dir, *path;
};

/* Line i is its number in 15 digits. */
static int make_file(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    FILE *f;

    p->dir = temp_dir_make_quick();
    p->path = temp_path(p->dir, "large.sql");
    f = fopen(p->path, "w");
    for (int i = 0; i < LINES; i++)
        fprintf(f, "%015d\n", i);
    *state = p;
    return fclose(f);
}

static int remove_file(void **state)
{
    struct place *p = *state;

    temp_dir_remove(p->dir);
    free(p->path);
    free(p);
    return 0;
}

static void must_read(struct content *content, const char *path)
{
    struct file_stamp stamp;
    hg_error err = {0};

    if (!content_read(content, path, &stamp, &err))
        fail_msg("%s", err.message);
    assert_int_equal(stamp.size, content->size);
}

static void must_have_line(const struct content *content, int i)
{
    char line[LINE + 1];

    snprintf(line, sizeof line, "%015d\n", i);
    assert_memory_equal(content->bytes + (size_t)i * LINE, line, LINE);
}

static void a_large_file_is_read_as_often_as_anybody_likes(void **state)
{
    struct place *p = *state;
    struct content content = CONTENT_INIT(1 << 30);

    must_read(&content, p->path);
    assert_int_equal(content.size, LINE * LINES);
    assert_int_equal(content.bytes[content.size], '\0');
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < LINES; i += 7) {
            content_passed(&content, (size_t)i * LINE);
            must_have_line(&content, i);
        }
    must_have_line(&content, 3);
    content_release(&content);
}

static void a_file_that_is_cut_off_meanwhile_takes_nothing_away(void **state)
{
    struct place *p = *state;
    struct content content = CONTENT_INIT(1 << 30);

    must_read(&content, p->path);
    assert_int_equal(truncate(p->path, 0), 0);
    for (int i = 0; i < LINES; i += 100)
        must_have_line(&content, i);
    content_release(&content);
}

static void what_is_written_over_is_seen_and_the_file_stays(void **state)
{
    struct place *p = *state;
    struct content content = CONTENT_INIT(1 << 30);

    must_read(&content, p->path);
    assert_true(content_write(&content, 5000000, "\0abc", 4));
    content_passed(&content, content.size);
    assert_memory_equal(content.bytes + 5000000, "\0abc", 4);
    must_read(&content, p->path);
    must_have_line(&content, 5000000 / LINE);
    content_release(&content);
}

static void one_may_hold_files_of_every_size_in_turn(void **state)
{
    struct place *p = *state;
    struct content content = CONTENT_INIT(1 << 30);
    char *small = temp_path(p->dir, "small.sql");

    temp_write(p->dir, "small.sql", "SELECT 1;");
    for (int i = 0; i < 3; i++) {
        must_read(&content, p->path);
        must_have_line(&content, LINES - 1);
        must_read(&content, small);
        assert_string_equal(content.bytes, "SELECT 1;");
        assert_true(content_write(&content, 7, "2", 1));
        assert_string_equal(content.bytes, "SELECT 2;");
        assert_true(content_take(&content, "kept", 4));
        assert_string_equal(content.bytes, "kept");
    }
    content_release(&content);
    free(small);
}

static void a_file_over_the_limit_is_refused_as_a_small_one_is(void **state)
{
    struct place *p = *state;
    struct content content = CONTENT_INIT(CONTENT_LARGE);
    struct file_stamp stamp;
    hg_error err = {0};

    assert_false(content_read(&content, p->path, &stamp, &err));
    assert_int_equal(err.code, HG_IO);
    content_release(&content);
}

/* --- no room for the copy --- */

static void hear(void *context, enum log_level level, const char *line)
{
    (void)level;
    if (strstr(line, "held in memory") != NULL)
        *(bool *)context = true;
}

static rlim_t limit_to(int resource, rlim_t most)
{
    struct rlimit limit;
    rlim_t before;

    assert_int_equal(getrlimit((__rlimit_resource_t)resource, &limit), 0);
    before = limit.rlim_cur;
    limit.rlim_cur = most;
    assert_int_equal(setrlimit((__rlimit_resource_t)resource, &limit), 0);
    return before;
}

/* Reads while the limit holds: the content is whole, in memory, and that is said. */
static void read_within(const struct place *p, int resource, rlim_t most)
{
    struct content content = CONTENT_INIT(1 << 30);
    bool said = false;
    rlim_t before;

    log_to(hear, &said, LOG_INFO);
    before = limit_to(resource, most);
    must_read(&content, p->path);
    limit_to(resource, before);
    log_to(NULL, NULL, LOG_INFO);
    assert_true(said);
    assert_int_equal(content.copy, -1);
    assert_int_equal(content.size, LINE * LINES);
    for (int i = 0; i < LINES; i += 100)
        must_have_line(&content, i);
    assert_true(content_write(&content, 5000000, "\0abc", 4));
    content_passed(&content, content.size);
    assert_memory_equal(content.bytes + 5000000, "\0abc", 4);
    content_release(&content);
}

/* The file may be opened, and nothing beside it. */
static void where_no_copy_can_be_made_a_large_file_is_held_in_memory(void **state)
{
    int next = dup(STDIN_FILENO);

    assert_true(next >= 0);
    close(next);
    read_within(*state, RLIMIT_NOFILE, (rlim_t)next + 1);
}

/* As on a full disk: the copy is begun, and its second half finds no room. */
static void a_copy_that_cannot_be_finished_is_let_go_for_memory(void **state)
{
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);

    read_within(*state, RLIMIT_FSIZE, LINE * LINES / 2);
    signal(SIGXFSZ, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_large_file_is_read_as_often_as_anybody_likes, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(a_file_that_is_cut_off_meanwhile_takes_nothing_away,
                                        make_file, remove_file),
        cmocka_unit_test_setup_teardown(what_is_written_over_is_seen_and_the_file_stays, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(one_may_hold_files_of_every_size_in_turn, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(a_file_over_the_limit_is_refused_as_a_small_one_is,
                                        make_file, remove_file),
        cmocka_unit_test_setup_teardown(where_no_copy_can_be_made_a_large_file_is_held_in_memory,
                                        make_file, remove_file),
        cmocka_unit_test_setup_teardown(a_copy_that_cannot_be_finished_is_let_go_for_memory,
                                        make_file, remove_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
