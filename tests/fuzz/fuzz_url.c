/*
 * fuzz_url.c - any bytes as a database URL, and as a password inside one.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <headgate/settings.h>

#include "base/buf.h"
#include "fuzz.h"

/* What people may see of a URL is a URL again, and says no less and no more the second time. */
static void check_redacted(const hg_url *url)
{
    hg_url *again = NULL;

    assert(hg_url_parse(hg_url_redacted(url), &again, NULL));
    assert(strcmp(hg_url_redacted(again), hg_url_redacted(url)) == 0);
    assert(hg_url_host_count(again) == hg_url_host_count(url));
    assert(hg_url_password_set(again) == hg_url_password_set(url));
    hg_url_free(again);
}

static void parse(const char *text, const char *secret)
{
    hg_url *url = NULL;
    hg_error err = {HG_OK};

    if (hg_url_parse(text, &url, &err)) {
        check_redacted(url);
        hg_url_free(url);
        return;
    }
    assert(err.code == HG_CONFIG);
    assert(err.column >= 1 && (size_t)err.column <= strlen(text) + 1);
    assert(secret == NULL || (!strstr(err.message, secret) && !strstr(err.hint, secret)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf plain = BUF_INIT(1 << 20), inside = BUF_INIT(1 << 20);
    size_t half = size / 2;

    buf_bytes(&plain, data, size);
    parse(plain.bytes, NULL);
    buf_text(&inside, "postgresql://u:");
    buf_bytes(&inside, data, half);
    buf_text(&inside, "Zq7Zq7");
    buf_bytes(&inside, data + half, size - half);
    buf_text(&inside, "@h/d");
    if (memchr(data, 0, size) == NULL)
        parse(inside.bytes, "Zq7Zq7");
    buf_release(&plain);
    buf_release(&inside);
    return 0;
}
