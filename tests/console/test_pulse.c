/*
 * test_pulse.c - a console where nothing happens leaves the asking to the job of its ping, and
 * takes it back when something does; how often the database is asked on each screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "support/scene.h"

enum { MARK = 7 };

static void send_result(struct scene *s, struct job_result *result)
{
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = result}, 0);
}

/* A look after some time, the pulse having been answered just before. */
static void beat(struct scene *s, int64_t after_ms)
{
    scene_send(s, (struct message){.kind = MSG_TICK, .beat_ms = s->now_ms + after_ms}, after_ms);
}

static struct scene *open_still(void)
{
    struct scene *s = scene_new(80, 24, true, true);

    scene_idle(s);
    s->ping.mark = MARK;
    scene_deliver(s);
    scene_tick(s, 1000);
    send_result(s, &s->ping);
    return s;
}

static void a_quiet_console_asks_one_refresh_ahead_and_sleeps(void **state)
{
    struct scene *s = open_still();

    (void)state;
    assert_int_equal(scene_started(s)->kind, JOB_PING);
    assert_int_equal(scene_started(s)->period_ms, 1000);
    assert_in_range(scene_started(s)->rest_ms, 900, 1000);
    for (int i = 0; i < 4; i++)
        beat(s, 1000);
    assert_true(s->model.feeds[FEED_STATUS].asked_ms
                != 0); /* the second look, soon after the first */
    send_result(s, &s->status);
    beat(s, 16000);
    assert_int_equal(scene_count(s, EFFECT_START), 0);
    assert_in_range(model_wake_ms(&s->model) - s->now_ms, 5000, 30000);
    assert_true(model_db_answers(&s->model));
    assert_int_equal(s->model.known_wall_ms, s->wall_ms + s->now_ms - SCENE_START_MS);
    scene_free(s);
}

static void it_is_taken_back_for_what_changes_by_itself(void **state)
{
    static const uint32_t keys[] = {'2', '3', 'W', '+', KEYS_UNWATCHED};

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct scene *s = open_still();
        struct job_result cancelled = s->ping;
        uint64_t pulse = s->model.pulse.job;

        assert_int_not_equal(pulse, 0);
        scene_key(s, keys[i]);
        assert_int_equal(scene_count(s, EFFECT_CANCEL), 1);
        scene_tick(s, 0);
        assert_int_equal(scene_count(s, EFFECT_CANCEL), 0); /* once is enough */
        cancelled.ok = false;
        cancelled.error = (hg_error){.code = HG_CANCELLED, .message = "taken back"};
        send_result(s, &cancelled);
        assert_true(model_db_answers(&s->model));
        assert_int_equal(s->model.pulse.job != 0, keys[i] == '+'); /* the same at another pace */
        scene_free(s);
    }
}

static void without_an_answer_the_pools_are_read_and_the_outage_is_told(void **state)
{
    struct scene *s = open_still();

    (void)state;
    s->model.wizard.due_ms = INT64_MAX;
    scene_tick(s, 1050);
    assert_int_equal(scene_count(s, EFFECT_START), 0);
    scene_tick(s, 300);
    assert_int_equal(scene_started(s)->kind, JOB_POOLS);
    send_result(s, &s->pools);
    assert_true(model_wake_ms(&s->model) <= s->now_ms + 1200);
    scene_tick(s, 2700);
    assert_false(model_db_answers(&s->model));
    beat(s, 100);
    assert_true(model_db_answers(&s->model));
    scene_free(s);
}

static void the_checks_come_soon_after_a_change_and_seldom_without(void **state)
{
    struct scene *s = open_still();
    int64_t asked;

    (void)state;
    for (int i = 0; i < 4; i++)
        beat(s, 1000);
    send_result(s, &s->status);
    asked = s->model.checked_ms;
    assert_int_equal(s->model.feeds[FEED_STATUS].due_ms, asked + 30000);
    s->ping.mark = MARK + 1;
    send_result(s, &s->ping);
    assert_int_equal(s->model.feeds[FEED_STATUS].due_ms, asked + 5000);
    send_result(s, &s->status);
    scene_key(s, '5'); /* whoever looks at them does not wait for so long */
    assert_int_equal(s->model.feeds[FEED_STATUS].asked_ms, s->now_ms);
    scene_free(s);
}

/* --- how often the database is asked --- */

struct asked {
    int small, checks;
};

/* What is asked now is answered at once. */
static void answer(struct scene *s, struct asked *asked)
{
    const struct feed *feeds = s->model.feeds;

    if (s->model.pulse.period_ms != 0) {
        asked->small += s->model.pulse.job != 0;
        if (s->model.pulse.job == 0) /* taken back */
            send_result(s, &s->ping);
    } else if (feeds[FEED_PING].asked_ms != 0) {
        asked->small++;
        send_result(s, &s->ping);
    }
    if (feeds[FEED_SESSIONS].asked_ms != 0) {
        asked->small++;
        scene_deliver_sessions(s);
    }
    if (feeds[FEED_STATUS].asked_ms != 0) {
        asked->checks++;
        send_result(s, &s->status);
    }
    if (feeds[FEED_POOLS].asked_ms != 0 || asked->small > 0)
        send_result(s, &s->pools);
}

static void a_refresh_is_one_statement_on_every_screen(void **state)
{
    enum { REFRESHES = 120 };

    (void)state;
    for (uint32_t screen = 0; screen < SCREEN_COUNT; screen++) {
        struct scene *s = open_still();
        struct asked asked = {0, 0};

        scene_key(s, '1' + screen);
        for (int i = 0; i < REFRESHES; i++) {
            answer(s, &asked);
            s->model.wizard.asked_ms = 0;
            beat(s, 1000);
        }
        assert_in_range(asked.small, REFRESHES - 3 - asked.checks, REFRESHES + 1);
        assert_in_range(asked.checks, 1,
                        screen == SCREEN_CHECKS ? REFRESHES / 5 + 1 : REFRESHES / 30 + 2);
        scene_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_console_asks_one_refresh_ahead_and_sleeps),
        cmocka_unit_test(it_is_taken_back_for_what_changes_by_itself),
        cmocka_unit_test(without_an_answer_the_pools_are_read_and_the_outage_is_told),
        cmocka_unit_test(the_checks_come_soon_after_a_change_and_seldom_without),
        cmocka_unit_test(a_refresh_is_one_statement_on_every_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
