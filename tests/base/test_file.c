/*
 * test_file.c - files as wholes, also where they cannot be read or written.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "support/temp.h"

static int make_dir(void **state)
{
    *state = temp_dir_make();
    return 0;
}

static int remove_dir(void **state)
{
    temp_dir_remove(*state);
    return 0;
}

static char *content_of(const char *path)
{
    struct buf b = BUF_INIT(1 << 20);

    assert_true(file_read(path, &b, NULL));
    return buf_take(&b);
}

static void assert_content(const char *path, const char *expected)
{
    char *content = content_of(path);

    assert_string_equal(content, expected);
    alloc_free(content);
}

/* How many entries a folder has: what a failed write must not leave behind. */
static size_t entries_in(const char *dir)
{
    struct file_list list;
    size_t count;

    assert_true(file_list(dir, "", &list, NULL));
    count = list.count;
    file_list_release(&list);
    return count;
}

static void what_was_written_is_read(void **state)
{
    char *path = temp_path(*state, "a.txt");
    struct stat st;

    assert_true(file_write(path, "one", 3, 0640, NULL));
    assert_content(path, "one");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_true(file_write(path, "", 0, 0600, NULL));
    assert_content(path, "");
    assert_int_equal(entries_in(*state), 1);
    free(path);
}

static void a_file_longer_than_one_read_is_whole(void **state)
{
    size_t size = 100 * 1000;
    char *path = temp_path(*state, "long"), *bytes = malloc(size), *content;

    memset(bytes, 'x', size);
    assert_true(file_write(path, bytes, size, 0600, NULL));
    content = content_of(path);
    assert_int_equal(strlen(content), size);
    alloc_free(content);
    free(bytes);
    free(path);
}

static void what_cannot_be_read_says_why(void **state)
{
    struct buf b = BUF_INIT(8);
    char *path = temp_path(*state, "missing");
    hg_error err;

    assert_false(file_read(path, &b, &err));
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, "No such file"));
    assert_false(file_read(*state, &b, &err));
    assert_non_null(strstr(err.message, "not a regular file"));
    assert_false(file_read("/dev/full", &b, &err));
    assert_non_null(strstr(err.message, "not a regular file"));
    temp_write(*state, "missing", "12345678");
    assert_false(file_read(path, &b, &err));
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.message, "larger than 8 bytes"));
    buf_release(&b);
    free(path);
}

static void memory_that_runs_out_is_not_called_a_large_file(void **state)
{
    struct buf b = BUF_INIT(1000);
    char *path = temp_path(*state, "a");
    hg_error err;

    temp_write(*state, "a", "content");
    alloc_fail_at(1);
    assert_false(file_read(path, &b, &err));
    alloc_fail_at(0);
    assert_int_equal(err.code, HG_NOMEM);
    buf_release(&b);
    free(path);
}

static void a_fifo_does_not_hang_the_reader(void **state)
{
    struct buf b = BUF_INIT(100);
    char *path = temp_path(*state, "fifo");
    hg_error err;

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(file_read(path, &b, &err));
    assert_non_null(strstr(err.message, "not a regular file"));
    free(path);
}

static void a_file_is_created_once(void **state)
{
    char *path = temp_path(*state, "new");
    hg_error err;

    assert_true(file_create(path, "one", 3, 0600, NULL));
    assert_false(file_create(path, "two", 3, 0600, &err));
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.message, "File exists"));
    assert_content(path, "one");
    free(path);
}

static void names_are_listed_in_order(void **state)
{
    struct file_list list;
    char *link = temp_path(*state, "d.sql"), *target = temp_path(*state, "b.sql"), *fifo;
    hg_error err;

    temp_write(*state, "b.sql", "");
    temp_write(*state, "a.sql", "");
    temp_write(*state, "c.txt", "");
    temp_write(*state, ".hidden.sql", "");
    temp_write(*state, "folder.sql/x", "");
    assert_int_equal(symlink(target, link), 0);
    assert_true(file_list(*state, ".sql", &list, NULL));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.names[0], "a.sql");
    assert_string_equal(list.names[1], "b.sql");
    assert_string_equal(list.names[2], "d.sql");
    file_list_release(&list);
    fifo = temp_path(*state, "none");
    assert_false(file_list(fifo, ".sql", &list, &err));
    assert_int_equal(err.code, HG_IO);
    free(fifo);
    free(link);
    free(target);
}

static void listing_without_memory_leaks_nothing(void **state)
{
    bool ok = false;
    long n;

    temp_write(*state, "a", "");
    temp_write(*state, "b", "");
    for (n = 1; !ok; n++) {
        struct file_list list;
        hg_error err;

        alloc_fail_at(n);
        ok = file_list(*state, "", &list, &err);
        alloc_fail_at(0);
        if (ok)
            file_list_release(&list);
        else
            assert_int_equal(err.code, HG_NOMEM);
    }
    assert_int_equal(n, 5);
}

static void folders_are_made_with_those_above(void **state)
{
    char *deep = temp_path(*state, "a/b//c/"), *through = temp_path(*state, "file/x");
    struct stat st;
    hg_error err;

    assert_true(file_make_dir(deep, 0700, NULL));
    assert_true(file_make_dir(deep, 0700, NULL));
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    temp_write(*state, "file", "");
    assert_false(file_make_dir(through, 0700, &err));
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.message, "Not a directory"));
    assert_true(file_exists(deep));
    assert_false(file_exists(through));
    free(deep);
    free(through);
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    char room[8], endless[5000];
    hg_error err;

    (void)state;
    assert_true(file_join(room, sizeof room, "a", "bcd"));
    assert_string_equal(room, "a/bcd");
    assert_true(file_join(room, sizeof room, "/", "b"));
    assert_string_equal(room, "/b");
    assert_false(file_join(room, sizeof room, "folder", "b"));
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_false(file_write(endless, "", 0, 0600, &err));
    assert_int_equal(err.code, HG_IO);
    assert_false(file_make_dir(endless, 0700, &err));
    assert_int_equal(err.code, HG_IO);
}

static void a_folder_that_may_not_be_written_keeps_its_file(void **state)
{
    char *path;
    hg_error err;

    if (geteuid() == 0)
        skip(); /* root may write everywhere */
    path = temp_path(*state, "a");
    temp_write(*state, "a", "old");
    assert_int_equal(chmod(*state, 0555), 0);
    assert_false(file_write(path, "new", 3, 0600, &err));
    assert_int_equal(chmod(*state, 0755), 0);
    assert_int_equal(err.code, HG_IO);
    assert_string_not_equal(err.hint, "");
    assert_content(path, "old");
    free(path);
}

/*
 * Runs `check` in a child whose view of `dir` is a small file system of its own; false: only root
 * may mount one, and not everywhere. The child's exit status is the number of what went wrong.
 */
static bool on_small_disk(const char *dir, unsigned long flags, int (*check)(const char *dir),
                          int *out_status)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
            || mount("none", dir, "tmpfs", 0, "size=16k") != 0)
            _exit(200);
        temp_write(dir, "a", "old");
        if (flags != 0 && mount(NULL, dir, NULL, MS_REMOUNT | flags, NULL) != 0)
            _exit(200);
        _exit(check(dir));
    }
    waitpid(child, &status, 0);
    *out_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return *out_status != 200;
}

static int write_too_much(const char *dir)
{
    static char bytes[1 << 20];
    char *path = temp_path(dir, "a"), *other = temp_path(dir, "b");
    struct buf b = BUF_INIT(100);
    hg_error err = {HG_OK};

    if (file_write(path, bytes, sizeof bytes, 0600, &err) || err.code != HG_DISK_FULL)
        return 1;
    if (!file_read(path, &b, NULL) || strcmp(b.bytes, "old") != 0)
        return 2;
    if (file_create(other, bytes, sizeof bytes, 0600, &err) || err.code != HG_DISK_FULL)
        return 3;
    if (strstr(err.hint, "Make room") == NULL || file_exists(other) || entries_in(dir) != 1)
        return 4;
    return 0;
}

static void a_full_disk_keeps_the_old_file_and_nothing_else(void **state)
{
    int status;

    if (!on_small_disk(*state, 0, write_too_much, &status))
        skip();
    assert_int_equal(status, 0);
}

static int write_where_nothing_can_be_written(const char *dir)
{
    char *path = temp_path(dir, "a"), *folder = temp_path(dir, "b");
    hg_error err = {HG_OK};

    if (file_write(path, "new", 3, 0600, &err) || strstr(err.hint, "read-only") == NULL)
        return 1;
    if (file_make_dir(folder, 0700, &err) || strstr(err.hint, "read-only") == NULL)
        return 2;
    return file_make_dir(dir, 0700, &err) ? 0 : 3;
}

static void a_file_system_that_is_read_only_is_named_as_such(void **state)
{
    int status;

    if (!on_small_disk(*state, MS_RDONLY, write_where_nothing_can_be_written, &status))
        skip();
    assert_int_equal(status, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(what_was_written_is_read),
        test(a_file_longer_than_one_read_is_whole),
        test(what_cannot_be_read_says_why),
        test(memory_that_runs_out_is_not_called_a_large_file),
        test(a_fifo_does_not_hang_the_reader),
        test(a_file_is_created_once),
        test(names_are_listed_in_order),
        test(listing_without_memory_leaks_nothing),
        test(folders_are_made_with_those_above),
        test(a_path_that_does_not_fit_is_refused),
        test(a_folder_that_may_not_be_written_keeps_its_file),
        test(a_full_disk_keeps_the_old_file_and_nothing_else),
        test(a_file_system_that_is_read_only_is_named_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
