/*
 * test_log.c - secrets vanish from texts and logs, and a log line is one line.
 */
#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

static const char *scrubbed(const char *text)
{
    static char room[200];

    snprintf(room, sizeof room, "%s", text);
    secret_scrub(room, sizeof room);
    return room;
}

static struct secret *secret(const char *plain)
{
    struct secret *s = secret_new(plain, strlen(plain));

    assert_non_null(s);
    return s;
}

static void a_living_secret_is_replaced_wherever_it_stands(void **state)
{
    struct secret *s = secret("hu@sh");

    (void)state;
    assert_string_equal(secret_reveal(s), "hu@sh");
    assert_string_equal(scrubbed("hu@sh, xhu@shx and hu@shhu@sh"), "***, x***x and ******");
    assert_string_equal(scrubbed("u:hu%40sh@h"), "u:***@h");
    assert_string_equal(scrubbed("hush"), "hush");
    secret_free(s);
    assert_string_equal(scrubbed("hu@sh"), "hu@sh");
}

static void a_longer_secret_goes_before_the_one_it_begins_with(void **state)
{
    struct secret *longer = secret("hush-hush"), *shorter = secret("hush"),
                  *longest = secret("hush-hush-now");

    (void)state;
    assert_string_equal(scrubbed("hush-hush hush-hush-now hush"), "*** *** ***");
    secret_free(longer);
    assert_string_equal(scrubbed("hush-hush-now hush"), "*** ***");
    secret_free(shorter);
    secret_free(longest);
}

static void a_text_never_grows_beyond_its_room(void **state)
{
    struct secret *s = secret("abc");
    char room[10] = "abcabcabc";

    (void)state;
    secret_scrub(room, sizeof room);
    assert_string_equal(room, "*********");
    secret_free(s);
}

static void a_secret_too_short_to_search_for_is_left_alone(void **state)
{
    struct secret *s = secret("ab");

    (void)state;
    assert_string_equal(scrubbed("about"), "about");
    secret_free(s);
    secret_free(NULL);
}

static void a_secret_without_memory_is_none(void **state)
{
    bool ok = false;
    long n;

    (void)state;
    for (n = 1; !ok; n++) {
        struct secret *s;

        alloc_fail_at(n);
        s = secret_new("hu@sh", 5);
        alloc_fail_at(0);
        ok = s != NULL;
        secret_free(s);
        assert_string_equal(scrubbed("hu@sh"), "hu@sh");
    }
    assert_int_equal(n, 5);
}

struct heard {
    int count;
    enum log_level level;
    char line[20000];
};

static void hear(void *context, enum log_level level, const char *line)
{
    struct heard *heard = context;

    heard->count++;
    heard->level = level;
    snprintf(heard->line, sizeof heard->line, "%s", line);
}

static struct heard heard;

static int listen_at_info(void **state)
{
    (void)state;
    heard = (struct heard){0};
    clock_set_fake(-1, INT64_C(1795413480000));
    log_to(hear, &heard, LOG_INFO);
    return 0;
}

static int stop_listening(void **state)
{
    (void)state;
    log_to(NULL, NULL, LOG_DEBUG);
    clock_set_fake(-1, -1);
    return 0;
}

static void a_line_has_time_level_room_message_and_pairs(void **state)
{
    (void)state;
    log_line(LOG_WARN, "pool", "connect failed", "code", "57P03", "next_ms", "400", NULL);
    assert_string_equal(heard.line,
                        "2026-11-23T05:58:00Z warn  pool: connect failed code=57P03 next_ms=400");
    assert_int_equal(heard.level, LOG_WARN);
}

static void levels_below_the_least_are_not_made(void **state)
{
    (void)state;
    log_line(LOG_DEBUG, "pool", "not heard", NULL);
    assert_int_equal(heard.count, 0);
    assert_false(log_wants(LOG_DEBUG));
    assert_true(log_wants(LOG_INFO));
    log_to(NULL, NULL, LOG_DEBUG);
    assert_false(log_wants(LOG_ERROR));
    log_line(LOG_ERROR, "pool", "nobody listens", NULL);
    assert_int_equal(heard.count, 0);
}

static void a_value_cannot_pass_for_another_pair_or_line(void **state)
{
    (void)state;
    log_line(LOG_INFO, "x", "m\nn", "a", "1 level=error", "b", "q\" c=\"2", "d", "", "e", NULL,
             NULL);
    assert_non_null(
        strstr(heard.line, "x: m\\nn a=\"1 level=error\" b=\"q\\\" c=\\\"2\" d=\"\" e=-"));
    log_line(LOG_INFO, "x", "m", "a", "1\n2026 error", "b", "\x1b[2J", NULL);
    assert_non_null(strstr(heard.line, "a=\"1\\n2026 error\" b=\\x1b[2J"));
    assert_null(strchr(heard.line, '\n'));
}

static void a_secret_never_reaches_the_sink(void **state)
{
    struct secret *s = secret("hush-hush");

    (void)state;
    log_line(LOG_INFO, "x", "hush-hush", "password", "hush-hush", NULL);
    assert_null(strstr(heard.line, "hush"));
    secret_free(s);
}

static void a_line_without_end_is_cut(void **state)
{
    char *text = malloc(100001);

    (void)state;
    memset(text, 'a', 100000);
    text[100000] = '\0';
    log_line(LOG_INFO, "x", "long", "value", text, "more", "y", NULL);
    assert_int_equal(heard.count, 1);
    assert_in_range(strlen(heard.line), 10, 16384);
    free(text);
}

static void levels_have_names(void **state)
{
    (void)state;
    assert_string_equal(log_level_name(LOG_DEBUG), "debug");
    assert_string_equal(log_level_name(LOG_ERROR), "error");
}

#define heard_test(name) cmocka_unit_test_setup_teardown(name, listen_at_info, stop_listening)

static atomic_bool enough;

static void swallow(void *context, enum log_level level, const char *line)
{
    (void)context;
    (void)level;
    (void)line;
}

static void *chatter(void *context)
{
    struct secret *s = secret("hush");

    while (!atomic_load(&enough))
        log_line(LOG_INFO, "test", "the password is hush", NULL);
    secret_free(s);
    return context;
}

/*
 * A child that hangs is ended by an alarm. The address sanitizer's allocator knows nothing of
 * forks: a child may find its locks held for good by a thread that it does not have.
 */
static void a_forked_child_may_log_whoever_was_logging(void **state)
{
    pthread_t thread;

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    log_to(swallow, NULL, LOG_INFO);
    assert_int_equal(pthread_create(&thread, NULL, chatter, NULL), 0);
    for (int i = 0; i < 50; i++) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0) {
            alarm(60);
            log_line(LOG_INFO, "test", "the password is hush", NULL);
            _exit(0);
        }
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    log_to(NULL, NULL, LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forked_child_may_log_whoever_was_logging),
        cmocka_unit_test(a_living_secret_is_replaced_wherever_it_stands),
        cmocka_unit_test(a_longer_secret_goes_before_the_one_it_begins_with),
        cmocka_unit_test(a_text_never_grows_beyond_its_room),
        cmocka_unit_test(a_secret_too_short_to_search_for_is_left_alone),
        cmocka_unit_test(a_secret_without_memory_is_none),
        heard_test(a_line_has_time_level_room_message_and_pairs),
        heard_test(levels_below_the_least_are_not_made),
        heard_test(a_value_cannot_pass_for_another_pair_or_line),
        heard_test(a_secret_never_reaches_the_sink),
        heard_test(a_line_without_end_is_cut),
        cmocka_unit_test(levels_have_names),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
