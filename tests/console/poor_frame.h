/*
 * poor_frame.h - a frame that is drawn while memory runs out.
 */
#ifndef CONSOLE_POOR_FRAME_H
#define CONSOLE_POOR_FRAME_H

#include "support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "console/view.h"

/* Whichever allocation fails, such a frame may lack words; the next one does not. */
static inline void assert_poor_frames_do_no_harm(const struct scene *s)
{
    struct canvas whole, poor;
    bool failing = true;

    assert_true(canvas_init(&whole, 80, 24, true));
    assert_true(canvas_init(&poor, 80, 24, true));
    view(&s->model, &whole);
    for (long n = 1; failing; n++) {
        alloc_fail_at(n);
        view(&s->model, &poor);
        failing = alloc_failed();
        alloc_fail_at(0);
    }
    view(&s->model, &poor);
    assert_true(canvas_equal(&whole, &poor));
    canvas_release(&whole);
    canvas_release(&poor);
}

#endif
