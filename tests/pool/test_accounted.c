/*
 * test_accounted.c - the list of situations beside this file names tests that are there.
 */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"

enum { SITUATIONS = 80, FILE_LIMIT = 1 << 20 };

/* Whether tests/ROOM/test_FILE.c has the test; where: "ROOM/FILE", or "FILE" of this room. */
static bool has_test(const char *where, const char *name)
{
    const char *slash = strchr(where, '/');
    struct buf text = BUF_INIT(FILE_LIMIT);
    char path[512], wanted[512];
    bool has;

    if (slash == NULL)
        snprintf(path, sizeof path, "%s/tests/pool/test_%s.c", TEST_SOURCE_DIR, where);
    else
        snprintf(path, sizeof path, "%s/tests/%.*s/test_%s.c", TEST_SOURCE_DIR,
                 (int)(slash - where), where, slash + 1);
    snprintf(wanted, sizeof wanted, "%s(", name);
    has = file_read(path, &text, NULL) && strstr(text.bytes, wanted) != NULL;
    buf_release(&text);
    if (!has)
        fprintf(stderr, "%s has no test %s\n", path, name);
    return has;
}

static void copy_match(char *out, size_t size, const char *at, regmatch_t match)
{
    snprintf(out, size, "%.*s", (int)(match.rm_eo - match.rm_so), at + match.rm_so);
}

/* The tests of a row: "file: `test`, `test`; file: `test`". */
static int count_missing(const char *row)
{
    regmatch_t m[4];
    regex_t piece;
    char where[64] = "", name[256];
    int missing = 0;

    assert_int_equal(regcomp(&piece, "(([a-z_/]+): )?`([a-z0-9_]+)`", REG_EXTENDED), 0);
    for (; regexec(&piece, row, 4, m, 0) == 0; row += m[0].rm_eo) {
        if (m[2].rm_so >= 0)
            copy_match(where, sizeof where, row, m[2]);
        copy_match(name, sizeof name, row, m[3]);
        missing += strncmp(name, "bench_", 6) != 0 && !has_test(where, name);
    }
    regfree(&piece);
    return missing;
}

static void every_situation_has_a_test_that_is_there(void **state)
{
    struct buf text = BUF_INIT(FILE_LIMIT);
    int rows = 0, missing = 0;
    char *line, *rest;

    (void)state;
    assert_true(file_read(TEST_SOURCE_DIR "/tests/pool/README.md", &text, NULL));
    for (line = strtok_r(text.bytes, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "| ", 2) != 0 || atoi(line + 2) == 0)
            continue;
        assert_int_equal(atoi(line + 2), ++rows);
        assert_non_null(strchr(line, '`'));
        missing += count_missing(line);
    }
    assert_int_equal(rows, SITUATIONS);
    assert_int_equal(missing, 0);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_situation_has_a_test_that_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
