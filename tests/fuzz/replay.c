/*
 * replay.c - feeds every file of the folder that argv names to a fuzz target, whole and cut short.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/file.h"
#include "fuzz.h"

static int replay(const char *dir, const char *name)
{
    struct buf content = BUF_INIT(1 << 20);
    char path[4096];
    hg_error err;

    if (!file_join(path, sizeof path, dir, name) || !file_read(path, &content, &err)) {
        fprintf(stderr, "%s: cannot be read\n", name);
        return 1;
    }
    for (size_t n = 0; n <= content.size; n++)
        LLVMFuzzerTestOneInput((const uint8_t *)content.bytes, n);
    buf_release(&content);
    return 0;
}

int main(int argc, char **argv)
{
    struct file_list inputs;
    int status = 0;
    hg_error err;

    if (argc != 2 || !file_list(argv[1], "", &inputs, &err) || inputs.count == 0) {
        fprintf(stderr, "usage: %s FOLDER-WITH-INPUTS\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; i < inputs.count; i++)
        status |= replay(argv[1], inputs.names[i]);
    printf("%zu inputs\n", inputs.count);
    file_list_release(&inputs);
    return status;
}
