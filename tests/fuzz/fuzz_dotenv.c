/*
 * fuzz_dotenv.c - any bytes as a .env file.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "settings/dotenv.h"

static const char *environment(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "HOME") == 0 ? "/home/app" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dotenv entries = DOTENV_INIT;
    hg_error err = {HG_OK};

    if (!dotenv_parse((const char *)data, size, ".env", environment, NULL, &entries, &err)) {
        assert(err.code == HG_CONFIG && err.line >= 1 && err.column >= 1);
        assert((size_t)err.line <= size + 1 && entries.count == 0);
        return 0;
    }
    for (size_t i = 0; i < entries.count; i++) {
        assert(entries.items[i].name[0] != '\0' && entries.items[i].line >= 1);
        assert(dotenv_find(&entries, entries.items[i].name) != NULL);
        assert(i == 0 || entries.items[i - 1].line <= entries.items[i].line);
    }
    dotenv_release(&entries);
    return 0;
}
