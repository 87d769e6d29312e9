/*
 * golden.c - compare, or rewrite.
 */
#include "golden.h"

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
#include "tty.h"

/* The golden text, or what is to be said about it; freed by the caller. */
static char *read_golden(const char *name)
{
    struct buf golden = BUF_INIT(1 << 20);
    char path[512];
    hg_error err = {.code = HG_OK};

    snprintf(path, sizeof path, "%s/tests/golden/%s.txt", TEST_SOURCE_DIR, name);
    if (!file_read(path, &golden, &err))
        fail_msg("%s", err.message);
    return buf_take(&golden);
}

static void write_golden(const char *name, const char *text)
{
    char path[512];
    hg_error err = {.code = HG_OK};

    snprintf(path, sizeof path, "%s/tests/golden/%s.txt", TEST_SOURCE_DIR, name);
    if (!file_write(path, text, strlen(text), 0644, &err))
        fail_msg("%s", err.message);
}

static bool updating(void)
{
    return getenv("UPDATE_GOLDEN") != NULL;
}

void golden_compare(const char *name, const char *text)
{
    char *golden;

    if (updating()) {
        write_golden(name, text);
        return;
    }
    golden = read_golden(name);
    if (strcmp(golden, text) != 0) {
        fprintf(stderr, "%s is not as it was; now it is:\n%s", name, text);
        free(golden);
        fail_msg("golden screen %s", name);
    }
    free(golden);
}

void golden_compare_tty(const char *name, struct tty *t)
{
    char *golden = updating() ? NULL : read_golden(name), *shown;

    if (golden == NULL)
        tty_listen(t, 500);
    else
        tty_wait_same(t, golden, true);
    free(golden);
    shown = tty_dump_below(t, true);
    golden_compare(name, shown);
    free(shown);
}
