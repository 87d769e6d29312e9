/*
 * test_cast.c - what a recording must not hold, and what it says when it cannot be written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"
#include "console/cast.h"
#include "support/temp.h"

struct recording {
    char *dir, *path;
    struct cast *cast;
    struct theme theme;
    struct canvas canvas;
};

static struct recording begin(void)
{
    struct recording r = {.dir = temp_dir_make()};

    r.path = temp_path(r.dir, "a.cast");
    theme_plain(&r.theme);
    assert_true(canvas_init(&r.canvas, 60, 4, true));
    assert_true(cast_open(r.path, true, &r.cast, NULL));
    return r;
}

static void show(struct recording *r, int y, const char *text)
{
    area_put(area_of(&r->canvas), 0, y, ROLE_TEXT, text);
    cast_frame(r->cast, &r->canvas, &r->theme);
}

/* The file; freed by the caller. */
static char *end(struct recording *r)
{
    struct buf text = BUF_INIT(1 << 20);

    assert_true(cast_close(r->cast, NULL));
    assert_true(file_read(r->path, &text, NULL));
    canvas_release(&r->canvas);
    free(r->path);
    temp_dir_remove(r->dir);
    return buf_take(&text);
}

static void a_secret_of_the_process_is_not_recorded(void **state)
{
    struct secret *secret = secret_new("hunter22", 8);
    struct recording r = begin();
    char *text;

    (void)state;
    show(&r, 1, "connected with hunter22 to shop");
    text = end(&r);
    assert_null(strstr(text, "hunter22"));
    assert_non_null(strstr(text, "connected with *** to shop"));
    free(text);
    secret_free(secret);
}

static void a_password_in_a_statement_is_not_recorded(void **state)
{
    struct recording r = begin();
    char *text;

    (void)state;
    show(&r, 2, "ALTER ROLE app Password 'tiger' VALID UNTIL 'now'");
    text = end(&r);
    assert_null(strstr(text, "tiger"));
    assert_non_null(strstr(text, "ALTER ROLE app Password ***"));
    free(text);
}

static void only_what_changed_is_recorded(void **state)
{
    struct recording r = begin();
    char *text, *last;

    (void)state;
    show(&r, 0, "first");
    show(&r, 0, "first"); /* nothing */
    show(&r, 3, "a \"quoted\\ 漢字");
    text = end(&r);
    last = strstr(text, "quoted");
    assert_non_null(last);
    assert_null(strstr(strstr(text, "first") + 1, "first"));
    assert_non_null(strstr(text, "\\\"quoted\\\\ 漢字"));
    free(text);
}

static void another_size_is_said(void **state)
{
    struct recording r = begin();
    char *text;

    (void)state;
    show(&r, 0, "small");
    canvas_release(&r.canvas);
    assert_true(canvas_init(&r.canvas, 100, 30, true));
    show(&r, 0, "large");
    text = end(&r);
    assert_non_null(strstr(text, "\"width\": 60, \"height\": 4"));
    assert_non_null(strstr(text, "\"r\", \"100x30\"]"));
    free(text);
}

/* A limit on the size of files stands for a full disk. */
static void what_could_not_be_written_is_told_at_the_end(void **state)
{
    struct recording r = begin();
    struct rlimit before, tight;
    hg_error err = {0};
    bool ok;

    (void)state;
    getrlimit(RLIMIT_FSIZE, &before);
    tight = (struct rlimit){.rlim_cur = 64, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    show(&r, 0, "more than fits");
    setrlimit(RLIMIT_FSIZE, &before);
    ok = cast_close(r.cast, &err);
    assert_false(ok);
    assert_int_equal(err.code, HG_IO);
    assert_non_null(strstr(err.message, "could not record to"));
    r.cast = NULL;
    free(end(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_of_the_process_is_not_recorded),
        cmocka_unit_test(a_password_in_a_statement_is_not_recorded),
        cmocka_unit_test(only_what_changed_is_recorded),
        cmocka_unit_test(another_size_is_said),
        cmocka_unit_test(what_could_not_be_written_is_told_at_the_end),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
