/*
 * accounted.c - the list of situations of a room: a table whose rows say "file: `test`, `test`".
 */
#include "support/accounted.h"

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

enum { FILE_LIMIT = 1 << 20 };

/* Whether tests/ROOM/test_FILE.c has the test; where: "ROOM/FILE", or "FILE" of this room; a suite
 * of several programs is tests/ROOM/FILE.h. */
static bool has_test(const char *room, const char *where, const char *name)
{
    static const struct {
        const char *before, *behind;
    } forms[] = {{"test_", ".c"}, {"", ".h"}};
    const char *slash = strchr(where, '/'), *file = slash == NULL ? where : slash + 1;
    const char *folder = slash == NULL ? room : where;
    int length = slash == NULL ? (int)strlen(room) : (int)(slash - where);
    struct buf text = BUF_INIT(FILE_LIMIT);
    char path[512], wanted[512];
    bool has = false;

    snprintf(wanted, sizeof wanted, "%s(", name);
    for (size_t i = 0; i < sizeof forms / sizeof *forms && !has; i++) {
        buf_truncate(&text, 0);
        snprintf(path, sizeof path, "%s/tests/%.*s/%s%s%s", TEST_SOURCE_DIR, length, folder,
                 forms[i].before, file, forms[i].behind);
        has = file_read(path, &text, NULL) && strstr(text.bytes, wanted) != NULL;
    }
    buf_release(&text);
    if (!has)
        fprintf(stderr, "%s has no test %s\n", where, name);
    return has;
}

static void copy_match(char *out, size_t size, const char *at, regmatch_t match)
{
    snprintf(out, size, "%.*s", (int)(match.rm_eo - match.rm_so), at + match.rm_so);
}

/* The tests of a row: "file: `test`, `test`; file: `test`". */
static int count_missing(const char *room, const char *row)
{
    regmatch_t m[4];
    regex_t piece;
    char where[64] = "", name[256];
    int missing = 0;

    assert_int_equal(regcomp(&piece, "(([a-z0-9_/]+): )?`([a-z0-9_]+)`", REG_EXTENDED), 0);
    for (; regexec(&piece, row, 4, m, 0) == 0; row += m[0].rm_eo) {
        if (m[2].rm_so >= 0)
            copy_match(where, sizeof where, row, m[2]);
        copy_match(name, sizeof name, row, m[3]);
        missing += strncmp(name, "bench_", 6) != 0 && !has_test(room, where, name);
    }
    regfree(&piece);
    return missing;
}

void accounted_check(const char *room, int situations)
{
    struct buf text = BUF_INIT(FILE_LIMIT);
    char path[512], *line, *rest;
    int rows = 0, missing = 0;

    snprintf(path, sizeof path, "%s/tests/%s/README.md", TEST_SOURCE_DIR, room);
    assert_true(file_read(path, &text, NULL));
    for (line = strtok_r(text.bytes, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "| ", 2) != 0 || atoi(line + 2) == 0)
            continue;
        assert_int_equal(atoi(line + 2), ++rows);
        assert_non_null(strchr(line, '`'));
        missing += count_missing(room, line);
    }
    assert_int_equal(rows, situations);
    assert_int_equal(missing, 0);
    buf_release(&text);
}
