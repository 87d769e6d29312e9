/*
 * progress.c - what an operation tells its observer, and hears from it.
 */
#include "progress.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

enum { SLICE_MS = 50 };

void progress_tell(const hg_observer *observer, const hg_event *event)
{
    if (observer != NULL && observer->on_event != NULL)
        observer->on_event(observer->context, event);
}

void progress_say(const hg_observer *observer, hg_event_kind kind, const char *subject,
                  const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    progress_tell(
        observer,
        &(hg_event){.kind = kind, .subject = subject, .message = message, .unit = "step"});
}

bool progress_cancelled(const hg_observer *observer)
{
    return observer != NULL && observer->cancelled != NULL
           && observer->cancelled(observer->context);
}

bool progress_pause(const hg_observer *observer, int64_t ms, hg_error *err)
{
    hg_deadline by = hg_deadline_in_ms(ms);
    int64_t left;

    while ((left = hg_deadline_left_ms(by)) > 0) {
        if (progress_cancelled(observer))
            return hg_fail(err, HG_CANCELLED, "interrupted");
        (void)poll(NULL, 0, (int)(left < SLICE_MS ? left : SLICE_MS));
    }
    return true;
}
