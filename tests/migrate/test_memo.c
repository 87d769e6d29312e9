/*
 * test_memo.c - what the files of a folder said the last time: believed only of files that nobody
 * has touched since, and never needed.
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
#include <sys/stat.h>
#include <unistd.h>

#include <headgate/migrate.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "migrate/folder.h"
#include "support/temp.h"

struct place {
    char *dir, *migrations, *memos;
};

/* As if everything had been written long ago. */
static void much_later(void)
{
    clock_set_fake(-1, -1);
    clock_set_fake(-1, clock_wall_ms() + 3600 * 1000);
}

static int open_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    p->dir = temp_dir_make();
    p->migrations = temp_path(p->dir, "migrations");
    p->memos = temp_path(p->dir, "run");
    *state = p;
    much_later();
    return mkdir(p->migrations, 0755);
}

static int close_place(void **state)
{
    struct place *p = *state;

    alloc_fail_at(0);
    clock_set_fake(-1, -1);
    temp_dir_remove(p->dir);
    free(p->migrations);
    free(p->memos);
    free(p);
    return 0;
}

/* The system's times move in steps, and what this test does fits into one of them. */
static void step_on(const struct place *p)
{
    static time_t seconds = 1;
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds++}};

    assert_int_equal(utimensat(AT_FDCWD, p->migrations, times, 0), 0);
}

static void write_up(const struct place *p, const char *name, const char *sql)
{
    char text[256];

    snprintf(text, sizeof text, "-- migrate:up\n%s;\n", sql);
    temp_write(p->migrations, name, text);
    step_on(p);
}

static void describe_names(struct buf *out, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s%s", i == 0 ? " <" : ",", names[i]);
}

/* All that is known of every file, as text; the caller frees it. "!" and a message: it failed. */
static char *read_with(const struct place *p, const char *memos)
{
    const struct folder_place place = {p->migrations, memos};
    struct arena arena = ARENA_INIT;
    struct buf out = BUF_INIT(1 << 20);
    struct folder folder = {0};
    hg_error err;

    if (!folder_read(&place, HG_POSTGRESQL, &arena, &folder, &err))
        buf_printf(&out, "!%s", err.message);
    for (size_t i = 0; i < folder.count; i++) {
        const struct migration_file *f = &folder.files[i];

        buf_printf(&out, "%s \"%s\" %s %s %s%s%s%s%s", f->revision, f->message, f->path,
                   f->up.checksum, f->up.raw_checksum, f->up.transaction ? " transaction" : "",
                   f->down.present ? " down" : "", f->down.irreversible ? " irreversible" : "",
                   f->revises_given ? " revises" : "");
        describe_names(&out, f->revises, f->revises_count);
        describe_names(&out, f->depends_on, f->depends_on_count);
        buf_char(&out, '\n');
    }
    arena_release(&arena);
    return buf_take(&out);
}

/* With the memo as without. */
static void assert_true_to_files(const struct place *p)
{
    char *without = read_with(p, NULL), *with = read_with(p, p->memos);

    assert_string_equal(with, without);
    free(with);
    free(without);
}

/* The only file in the folder of memos; the caller frees its path. NULL: there is none. */
static char *memo_path(const struct place *p)
{
    struct file_list list;
    char *path;

    if (!file_list(p->memos, "", &list, NULL))
        return NULL;
    assert_true(list.count <= 1);
    path = list.count == 0 ? NULL : temp_path(p->memos, list.names[0]);
    file_list_release(&list);
    return path;
}

static struct buf memo_text(const struct place *p)
{
    struct buf text = BUF_INIT(1 << 20);
    char *path = memo_path(p);

    assert_non_null(path);
    assert_true(file_read(path, &text, NULL));
    free(path);
    return text;
}

static void write_all_kinds(const struct place *p)
{
    write_up(p, "20260101000000_a.sql", "CREATE TABLE a (n integer)");
    temp_write(p->migrations, "20260101000001_b.sql",
               "-- revision: bbb\n-- revises: 20260101000000\n-- message: second\n"
               "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (n);\n"
               "-- migrate:down irreversible:true\n");
    temp_write(p->migrations, "merge.sql",
               "-- revision: ccc\n-- revises: aaa, bbb\n-- depends_on: ddd\n"
               "-- migrate:up\n-- @sqlite\nSELECT 1;\n-- @end\n-- migrate:down\nSELECT 2;\n");
    temp_write(p->migrations, "notes.sql", "-- nothing of ours\n");
}

static void what_is_remembered_is_what_the_files_say(void **state)
{
    const struct place *p = *state;
    struct buf first, second;

    write_all_kinds(p);
    assert_true_to_files(p);
    first = memo_text(p);
    assert_non_null(memmem(first.bytes, first.size, "second", 6));
    assert_true_to_files(p);
    second = memo_text(p);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.bytes, second.bytes, first.size);
    buf_release(&first);
    buf_release(&second);
}

/* Whether a file was opened: its time of access would say so only on some systems. */
static void what_nobody_touched_is_not_read_again(void **state)
{
    const struct place *p = *state;
    char *memo, *path;
    struct stat before, after;

    write_all_kinds(p);
    assert_true_to_files(p);
    memo = memo_path(p);
    assert_int_equal(stat(memo, &before), 0);
    assert_true_to_files(p);
    assert_int_equal(stat(memo, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* nothing was news */
    path = temp_path(p->migrations, "20260101000000_a.sql");
    assert_int_equal(chmod(path, 0600), 0); /* even that is a change */
    assert_true_to_files(p);
    assert_int_equal(stat(memo, &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
    free(path);
    free(memo);
}

static void an_edit_that_keeps_size_and_time_is_noticed(void **state)
{
    const struct place *p = *state;
    char *path = temp_path(p->migrations, "20260101000000_a.sql");
    struct stat st;
    struct timespec times[2];
    int fd;

    write_up(p, "20260101000000_a.sql", "CREATE TABLE a (n integer)");
    assert_true_to_files(p);
    assert_int_equal(stat(path, &st), 0);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "B", 1, 27), 1);
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
    assert_true_to_files(p);
    free(path);
}

static void files_that_come_and_go_are_noticed(void **state)
{
    const struct place *p = *state;
    char *a = temp_path(p->migrations, "20260101000003.sql");
    char *b = temp_path(p->migrations, "20260101000007.sql");

    for (int i = 0; i < 6; i++) {
        char name[64], sql[64];

        snprintf(name, sizeof name, "2026010100000%d.sql", i);
        snprintf(sql, sizeof sql, "SELECT %d", i);
        write_up(p, name, sql);
    }
    assert_true_to_files(p);
    assert_int_equal(unlink(a), 0);
    step_on(p);
    assert_true_to_files(p);
    write_up(p, "20260101000002_between.sql", "SELECT 7");
    assert_true_to_files(p);
    assert_int_equal(rename(b, a) == 0, 0);
    write_up(p, "20260101000009.sql", "SELECT 8");
    assert_true_to_files(p);
    write_up(p, "20260101000004.sql", "SELECT 44");
    assert_true_to_files(p);
    free(a);
    free(b);
}

/* What a link leads to changes without the folder's noticing. */
static void a_link_that_leads_to_a_file_at_last_is_noticed(void **state)
{
    const struct place *p = *state;
    char *link = temp_path(p->migrations, "20260101000005.sql");
    char *goal = temp_path(p->dir, "goal");

    write_up(p, "20260101000000.sql", "SELECT 1");
    assert_int_equal(mkdir(goal, 0755), 0);
    assert_int_equal(symlink(goal, link), 0);
    step_on(p);
    assert_true_to_files(p);
    assert_int_equal(rmdir(goal), 0);
    temp_write(p->dir, "goal", "-- migrate:up\nSELECT 2;\n");
    assert_true_to_files(p);
    free(goal);
    free(link);
}

/* Renamed to and fro, and one swapped for another: the number of names stays. */
static void a_name_for_another_is_noticed(void **state)
{
    const struct place *p = *state;
    char *a = temp_path(p->migrations, "20260101000001.sql");
    char *b = temp_path(p->migrations, "20260101000002.sql");

    write_up(p, "20260101000000.sql", "SELECT 0");
    write_up(p, "20260101000001.sql", "SELECT 1");
    assert_true_to_files(p);
    assert_int_equal(rename(a, b), 0);
    step_on(p);
    assert_true_to_files(p);
    assert_int_equal(rename(b, a), 0);
    step_on(p);
    assert_true_to_files(p);
    free(a);
    free(b);
}

static void what_was_touched_a_moment_ago_is_not_remembered(void **state)
{
    const struct place *p = *state;
    char *path;

    clock_set_fake(-1, -1);
    write_up(p, "20260101000000_a.sql", "SELECT 1");
    assert_true_to_files(p);
    path = memo_path(p);
    assert_null(path);
    much_later();
    assert_true_to_files(p);
    path = memo_path(p);
    assert_non_null(path);
    free(path);
}

static void a_fault_is_a_fault_with_a_memo_too(void **state)
{
    const struct place *p = *state;

    write_all_kinds(p);
    assert_true_to_files(p);
    write_up(p, "20260101000001_b.sql", "SELECT 'not closed");
    assert_true_to_files(p);
}

static void a_memo_that_is_damaged_is_forgotten(void **state)
{
    const struct place *p = *state;
    struct buf sound;
    char *path;

    write_all_kinds(p);
    assert_true_to_files(p);
    sound = memo_text(p);
    path = memo_path(p);
    for (size_t n = 0; n < sound.size; n += 3) {
        assert_true(file_write_lightly(path, sound.bytes, n, 0600, NULL));
        assert_true_to_files(p);
    }
    for (size_t i = 0; i < sound.size; i += 3) {
        sound.bytes[i] = (char)(sound.bytes[i] ^ 0x15);
        assert_true(file_write_lightly(path, sound.bytes, sound.size, 0600, NULL));
        assert_true_to_files(p);
        sound.bytes[i] = (char)(sound.bytes[i] ^ 0x15);
    }
    free(path);
    buf_release(&sound);
}

/* Puts the digest of what follows where it belongs. */
static void sign(struct buf *memo)
{
    const size_t head = (size_t)(strchr(memo->bytes, '\n') - memo->bytes) + 1;
    const size_t payload = head + CHECKSUM_DIGITS + 1;
    char digest[CHECKSUM_DIGITS + 1];
    struct checksum sum;

    checksum_init(&sum);
    checksum_bytes(&sum, memo->bytes + payload, memo->size - payload);
    checksum_hex(&sum, digest);
    memcpy(memo->bytes + head, digest, CHECKSUM_DIGITS);
}

/* Nobody but its user can write it; all the same nothing in it is read beyond its end. */
static void whatever_stands_in_a_memo_does_no_harm(void **state)
{
    const struct place *p = *state;
    struct buf sound;
    char *path, *said;

    write_all_kinds(p);
    assert_true_to_files(p);
    sound = memo_text(p);
    path = memo_path(p);
    for (size_t i = 90; i < sound.size; i++) {
        char was = sound.bytes[i];

        sound.bytes[i] = (char)(i % 2 == 0 ? 0xFF : was + 1);
        sign(&sound);
        assert_true(file_write_lightly(path, sound.bytes, sound.size, 0600, NULL));
        said = read_with(p, p->memos);
        assert_non_null(said);
        assert_true(said[0] != '!');
        free(said);
        sound.bytes[i] = was;
    }
    free(path);
    buf_release(&sound);
}

static void a_folder_that_others_write_to_is_not_believed(void **state)
{
    const struct place *p = *state;
    char *path;

    write_all_kinds(p);
    assert_int_equal(mkdir(p->memos, 0700), 0);
    assert_int_equal(chmod(p->memos, 0777), 0);
    assert_true_to_files(p);
    path = memo_path(p);
    assert_null(path);
}

static void without_memory_it_fails_or_says_the_same(void **state)
{
    const struct place *p = *state;
    char *without, *with;
    bool said = false;

    write_all_kinds(p);
    without = read_with(p, NULL);
    free(read_with(p, p->memos));
    for (int n = 1; !said; n++) {
        alloc_fail_at(n);
        with = read_with(p, p->memos);
        alloc_fail_at(0);
        said = with != NULL && strcmp(with, without) == 0;
        assert_true(said || with == NULL || with[0] == '!' || strstr(without, with) == without);
        free(with);
    }
    free(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_remembered_is_what_the_files_say, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(what_nobody_touched_is_not_read_again, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(an_edit_that_keeps_size_and_time_is_noticed, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(files_that_come_and_go_are_noticed, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(a_link_that_leads_to_a_file_at_last_is_noticed, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(a_name_for_another_is_noticed, open_place, close_place),
        cmocka_unit_test_setup_teardown(what_was_touched_a_moment_ago_is_not_remembered, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(a_fault_is_a_fault_with_a_memo_too, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(a_memo_that_is_damaged_is_forgotten, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(whatever_stands_in_a_memo_does_no_harm, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(a_folder_that_others_write_to_is_not_believed, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(without_memory_it_fails_or_says_the_same, open_place,
                                        close_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
