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

void golden_compare(const char *name, const char *text)
{
    struct buf golden = BUF_INIT(1 << 20);
    char path[512];
    hg_error err = {.code = HG_OK};

    snprintf(path, sizeof path, "%s/tests/golden/%s.txt", TEST_SOURCE_DIR, name);
    if (getenv("UPDATE_GOLDEN") != NULL) {
        if (!file_write(path, text, strlen(text), 0644, &err))
            fail_msg("%s", err.message);
        return;
    }
    if (!file_read(path, &golden, &err))
        fail_msg("%s", err.message);
    if (strcmp(golden.bytes, text) != 0) {
        fprintf(stderr, "%s is not as it was; now it is:\n%s", path, text);
        buf_release(&golden);
        fail_msg("golden screen %s", name);
    }
    buf_release(&golden);
}
