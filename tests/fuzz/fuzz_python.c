/*
 * fuzz_python.c - any bytes as one of Alembic's revision files.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fuzz.h"
#include "migrate/python.h"

static void check_names(const struct python_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        assert(names->items[i] != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct buf text = BUF_INIT(1 << 24); /* it ends in a NUL, as a file that was read does */
    struct python_revision found;
    hg_error err = {0};

    buf_bytes(&text, data, size);
    if (python_read("versions/fuzz.py", text.bytes, text.size, &arena, &found, &err)) {
        assert(found.message != NULL && found.created >= 0 && err.code == HG_OK);
        check_names(&found.down_revision);
        check_names(&found.depends_on);
        check_names(&found.branch_labels);
    } else {
        assert(err.code == HG_FILE && err.line >= 1 && err.column >= 1);
        assert(strcmp(err.file, "versions/fuzz.py") == 0);
    }
    buf_release(&text);
    arena_release(&arena);
    return 0;
}
