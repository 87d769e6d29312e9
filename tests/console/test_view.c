/*
 * test_view.c - every screen as text, at several sizes, as it was looked at; and what no screen may
 * ever hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "console/view.h"
#include "poor_frame.h"
#include "support/golden.h"
#include "support/stills.h"

static void screens_are_as_they_were_looked_at(void **state)
{
    size_t count;
    const struct still *still = stills(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct scene *s = still_open(&still[i]);
        char *screen = scene_screen(s, true);

        golden_compare(still[i].name, screen);
        free(screen);
        scene_free(s);
    }
    setlocale(LC_ALL, "C.UTF-8");
}

static void assert_harmless(const char *screen, bool utf8, int rows)
{
    size_t n = strlen(screen);
    int lines = 0;

    for (const char *s = screen; n > 0;) {
        uint32_t code = 0;
        size_t length = text_decode(s, n, &code);

        if (length == 0)
            fail_msg("not UTF-8: %s", screen);
        if (code == '\n')
            lines++;
        else if (code < ' ' || code == 0x7F || (code >= 0x80 && text_char_width(code) < 0)
                 || (!utf8 && code >= 0x80))
            fail_msg("U+%04X: %s", code, screen);
        s += length;
        n -= length;
    }
    assert_int_equal(lines, rows);
}

static void no_text_from_outside_leaves_its_place(void **state)
{
    static void (*const pages[])(struct scene *) = {still_help,
                                                    still_log_page,
                                                    still_pool_detail,
                                                    still_connection_detail,
                                                    still_migration_detail,
                                                    still_check_detail,
                                                    still_failed,
                                                    still_waiting};

    size_t count;
    const char *const *hostile = hostile_texts(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t page = 0; page < sizeof pages / sizeof *pages; page++)
            for (int utf8 = 0; utf8 < 2; utf8++) {
                struct scene *s;
                char *screen;

                setlocale(LC_ALL, utf8 ? "C.UTF-8" : "C");
                s = scene_new(80, 24, utf8, false);
                pages[page](s);
                scene_hostile(s, hostile[i]);
                scene_deliver(s);
                screen = scene_screen(s, false);
                assert_harmless(screen, utf8, 24);
                free(screen);
                scene_key(s, KEYS_ESCAPE);
                screen = scene_screen(s, false);
                assert_harmless(screen, utf8, 24);
                free(screen);
                scene_free(s);
            }
    setlocale(LC_ALL, "C.UTF-8");
}

static void hostile_sql_and_errors_stay_text(void **state)
{
    size_t count;
    const char *const *hostile = hostile_texts(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct scene *s = scene_new(80, 24, true, false);
        hg_plan_statement statement = {hostile[i], 1, .unmeasured = hostile[i]};
        hg_plan_step step = {.revision = hostile[i],
                             .message = hostile[i],
                             .file = hostile[i],
                             .statements = &statement,
                             .statement_count = 1};
        char *screen;

        still_plan(s);
        s->planned.steps = &step;
        s->planned.step_count = 1;
        screen = scene_screen(s, false);
        assert_harmless(screen, true, 24);
        free(screen);
        still_failed(s);
        snprintf(s->run.error.message, sizeof s->run.error.message, "%s", hostile[i]);
        snprintf(s->run.error.excerpt, sizeof s->run.error.excerpt, "%s", hostile[i]);
        snprintf(s->run.error.file, sizeof s->run.error.file, "%s", hostile[i]);
        screen = scene_screen(s, false);
        assert_harmless(screen, true, 24);
        free(screen);
        scene_free(s);
    }
}

static void assert_plan_says(struct scene *s, const char *text)
{
    char *screen = scene_screen(s, false);

    if (strstr(screen, text) == NULL)
        fail_msg("\"%s\" is not in\n%s", text, screen);
    free(screen);
}

static void a_plan_says_whether_it_was_measured(void **state)
{
    struct scene *s = scene_new(100, 40, true, false);

    (void)state;
    still_plan(s);
    s->planned.measured_ms = 412;
    assert_plan_says(s, "Measured on an empty copy of the schema in 412ms.");
    s->planned.unmeasured = "part of it could not be copied";
    assert_plan_says(s, "412ms. But part of it could not be copied");
    s->planned.measured_ms = -1;
    s->planned.unmeasured = "the role needs CREATEDB";
    assert_plan_says(s, "not measured: the role needs CREATEDB");
    s->planned.steps[0].statements[0].unmeasured = "no transaction can hold it";
    assert_plan_says(s, "not measured: no transaction can hold it");
    s->planned.steps[0].statements[0].unmeasured = ""; /* the scene keeps it */
    scene_free(s);
}

static void draw_at(struct scene *s, int width, int height)
{
    struct canvas c;

    assert_true(canvas_init(&c, width, height, true));
    scene_send(s, (struct message){.kind = MSG_RESIZE, .width = width, .height = height}, 0);
    view(&s->model, &c);
    canvas_release(&c);
}

/* Every size from one cell up: nothing is drawn outside, and nothing divides by nothing. */
static void every_size_can_be_drawn(void **state)
{
    static void (*const pages[])(struct scene *) = {still_busy,    still_stale,  still_question,
                                                    still_waiting, still_failed, still_help};

    (void)state;
    for (size_t page = 0; page < sizeof pages / sizeof *pages; page++) {
        struct scene *s = scene_new(80, 24, true, page % 2 == 0);

        pages[page](s);
        for (int width = 1; width < 140; width += width < 50 ? 1 : 7)
            for (int height = 1; height < 50; height += height < 30 ? 1 : 5)
                draw_at(s, width, height);
        scene_free(s);
    }
}

static void a_frame_without_memory_does_no_harm(void **state)
{
    static void (*const pages[])(struct scene *) = {still_busy, still_question, still_failed,
                                                    still_help, still_pool_detail};

    (void)state;
    for (size_t page = 0; page < sizeof pages / sizeof *pages; page++) {
        struct scene *s = scene_new(80, 24, true, false);

        pages[page](s);
        assert_poor_frames_do_no_harm(s);
        scene_free(s);
    }
}

static char *screen_of(struct scene *s)
{
    s->pools.ok = true;
    scene_send(s, (struct message){.kind = MSG_RESULT, .result = &s->pools}, 0);
    return scene_screen(s, false);
}

static void a_pool_that_is_down_says_for_how_long(void **state)
{
    struct scene *s = scene_new(100, 40, true, true);
    char *screen;

    (void)state;
    still_pool_detail(s);
    s->snapshots[0].down_since_ms = s->model.wall_ms - 42000;
    screen = screen_of(s);
    assert_non_null(strstr(screen, "down for 42s, since 14:0"));
    free(screen);
    s->snapshots[0].down_since_ms = 0;
    s->snapshots[0].outages = 2;
    s->snapshots[0].down_ms = 180000;
    screen = screen_of(s);
    assert_non_null(strstr(screen, "2, 3m in all"));
    free(screen);
    scene_free(s);
}

static void what_opening_a_connection_took_is_told_by_phase(void **state)
{
    struct scene *s = scene_new(100, 40, true, true);
    hg_pool_connection *c;
    char *screen;

    (void)state;
    still_connection_detail(s);
    for (size_t i = 0; i < s->snapshots[0].connection_count; i++) {
        c = &s->snapshots[0].connections[i];
        c->phase_ms[HG_CONNECT_RESOLVE] = 1;
        c->phase_ms[HG_CONNECT_TCP] = 0.4;
        c->phase_ms[HG_CONNECT_TLS] = 9;
        c->phase_ms[HG_CONNECT_AUTH] = 4;
        c->phase_ms[HG_CONNECT_SETUP] = 2;
        snprintf(c->address, sizeof c->address, "10.0.3.17");
    }
    screen = screen_of(s);
    assert_non_null(strstr(screen, "resolve 1.0ms, tcp 0.4ms, tls 9.0ms, auth 4.0ms, setup 2.0ms"));
    assert_non_null(strstr(screen, "10.0.3.17"));
    free(screen);
    for (size_t i = 0; i < s->snapshots[0].connection_count; i++) {
        c = &s->snapshots[0].connections[i];
        c->state = HG_SLOT_OPENING;
        c->phase = HG_CONNECT_AUTH;
        c->phase_ms[HG_CONNECT_AUTH] = 3200;
        c->phase_ms[HG_CONNECT_SETUP] = 0;
    }
    screen = screen_of(s);
    assert_non_null(strstr(screen, "auth 3.2s so far"));
    free(screen);
    scene_free(s);
}

static void what_became_of_an_applied_file_is_told(void **state)
{
    struct scene *s = scene_new(132, 43, true, true);
    char *screen;

    (void)state;
    scene_busy(s);
    s->revisions[40].release = "v1.4";
    s->revisions[40].reformatted = true;
    scene_deliver(s);
    scene_type(s, "4k");
    screen = scene_screen(s, false);
    assert_non_null(strstr(screen, "v1.4"));
    assert_non_null(strstr(screen, "and runs the same"));
    assert_null(strstr(screen, "EDITED"));
    free(screen);
    s->revisions[40].checksum_ok = false;
    screen = scene_screen(s, false);
    assert_non_null(strstr(screen, "runs something else"));
    assert_non_null(strstr(screen, "EDITED"));
    free(screen);
    scene_free(s);
}

static void the_same_state_looks_the_same(void **state)
{
    struct scene *s = scene_new(80, 24, true, false);
    char *before, *after;

    (void)state;
    scene_idle(s);
    scene_deliver(s);
    scene_deliver(s);
    before = scene_screen(s, true);
    for (int i = 0; i < 40; i++) { /* within the same minute */
        scene_tick(s, 1000);
        scene_deliver(s);
    }
    after = scene_screen(s, true);
    assert_string_equal(before, after);
    free(before);
    free(after);
    scene_free(s);
}

static void production_can_be_told_without_colour(void **state)
{
    struct scene *dev = scene_new(80, 24, false, false), *prod = scene_new(80, 24, false, true);
    char *a, *b;

    (void)state;
    still_calm(dev);
    still_calm(prod);
    a = scene_screen(dev, false);
    b = scene_screen(prod, false);
    assert_null(strstr(a, "PRODUCTION"));
    assert_null(strstr(a, "=="));
    assert_non_null(strstr(b, "[PRODUCTION]"));
    assert_non_null(strstr(b, "=========="));
    free(a);
    free(b);
    scene_free(dev);
    scene_free(prod);
}

static void the_password_is_nowhere(void **state)
{
    struct scene *s = scene_new(200, 60, true, true);
    char *screen;

    (void)state;
    still_busy(s);
    screen = scene_screen(s, false);
    assert_null(strstr(screen, "***"));
    assert_non_null(strstr(screen, "app@db.internal:5432/shop"));
    free(screen);
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_they_were_looked_at),
        cmocka_unit_test(no_text_from_outside_leaves_its_place),
        cmocka_unit_test(hostile_sql_and_errors_stay_text),
        cmocka_unit_test(a_plan_says_whether_it_was_measured),
        cmocka_unit_test(every_size_can_be_drawn),
        cmocka_unit_test(a_frame_without_memory_does_no_harm),
        cmocka_unit_test(a_pool_that_is_down_says_for_how_long),
        cmocka_unit_test(what_opening_a_connection_took_is_told_by_phase),
        cmocka_unit_test(what_became_of_an_applied_file_is_told),
        cmocka_unit_test(the_same_state_looks_the_same),
        cmocka_unit_test(production_can_be_told_without_colour),
        cmocka_unit_test(the_password_is_nowhere),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
