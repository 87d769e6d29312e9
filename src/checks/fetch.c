/*
 * fetch.c - libcurl's easy interface, told what it may not do.
 */
#include "fetch.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "curl.h"

const char *fetch_fault(const char *url)
{
    const char *host = strstr(url, "://");

    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        return "it does not begin with http:// or https://";
    host += 3;
    if (host[strcspn(host, "/?#")] == '?' || strchr(host, '#') != NULL)
        return "it may end with a path, not with ? or #";
    if (memchr(host, '@', strcspn(host, "/")) != NULL)
        return "a user or password in it could be read by every user of this host";
    if (strcspn(host, "/:") == 0)
        return "there is no host in it";
    for (const char *c = url; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return "there is a blank in it";
    return NULL;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct fetched *out = context;

    buf_bytes(&out->body, bytes, size * count);
    return buf_failed(&out->body) ? 0 : size * count;
}

static int on_progress(void *context, curl_off_t down, curl_off_t downloaded, curl_off_t up,
                       curl_off_t uploaded)
{
    const hg_observer *observer = context;

    (void)down;
    (void)downloaded;
    (void)up;
    (void)uploaded;
    return observer != NULL && observer->cancelled != NULL
           && observer->cancelled(observer->context);
}

static bool prepare(const struct curl *c, CURL *easy, const char *url, hg_deadline by,
                    const hg_observer *observer, struct fetched *out)
{
    int64_t left_ms = hg_deadline_left_ms(by);
    long ms = left_ms < 1 ? 1 : left_ms > 3600 * 1000 ? 3600 * 1000 : (long)left_ms;

    return c->curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms) == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_USERAGENT, "headgate") == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_WRITEDATA, out) == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_XFERINFODATA, observer) == CURLE_OK
           && c->curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

static void fault(const struct curl *c, CURLcode code, const char *url, const struct fetched *out,
                  hg_error *err)
{
    hg_code as = code == CURLE_OPERATION_TIMEDOUT    ? HG_TIMEOUT
                 : code == CURLE_ABORTED_BY_CALLBACK ? HG_CANCELLED
                                                     : HG_FAILED;

    if (buf_failed(&out->body))
        hg_fail(err, as, "the answer of \"%s\" has more than %d bytes", url, FETCH_MOST);
    else
        hg_fail(err, as, "could not get \"%s\": %s", url, c->curl_easy_strerror(code));
}

bool fetch(const char *url, hg_deadline by, const hg_observer *observer, struct fetched *out,
           hg_error *err)
{
    const struct curl *c = curl_load(err);
    CURL *easy = c == NULL ? NULL : c->curl_easy_init();
    int64_t began_ns = clock_now_ns();
    CURLcode code = CURLE_FAILED_INIT;
    const char *type = NULL;
    long status = 0;

    *out = (struct fetched){.body = BUF_INIT(FETCH_MOST)};
    if (c == NULL)
        return false;
    if (easy == NULL || !prepare(c, easy, url, by, observer, out)) {
        hg_fail(err, HG_FAILED, "could not prepare a request to \"%s\"", url);
    } else if ((code = c->curl_easy_perform(easy)) != CURLE_OK) {
        fault(c, code, url, out, err);
    } else {
        c->curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        c->curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
        text_copy(out->type, sizeof out->type, type == NULL ? "" : type);
        out->status = (int)status;
        out->ms = clock_since_ms(began_ns);
    }
    if (easy != NULL)
        c->curl_easy_cleanup(easy);
    return code == CURLE_OK;
}
