/*
 * watch.c - one look at deadline, cancel and interrupt.
 */
#include "watch.h"

#include <stdatomic.h>

#include "base/clock.h"

#define ASK_EVERY_NS \
    INT64_C(50000000) /* hg_conn_set_interrupt() promises about twenty times a second */

void watch_start(struct watch *watch, hg_deadline by)
{
    *watch = (struct watch){.by = by};
}

static bool is_cancelled(const struct watch *watch, const hg_conn *conn)
{
    return !watch->ending && atomic_load_explicit(&conn->cancelled, memory_order_relaxed);
}

static bool interrupted(struct watch *watch, const hg_conn *conn, int64_t now_ns)
{
    if (watch->ending || conn->interrupted == NULL || now_ns - watch->asked_ns < ASK_EVERY_NS)
        return false;
    watch->asked_ns = now_ns;
    return conn->interrupted(conn->interrupt_context);
}

enum stop watch_look(struct watch *watch, const hg_conn *conn)
{
    int64_t now_ns;

    if (watch->stop != STOP_NOT)
        return watch->stop;
    if (is_cancelled(watch, conn))
        return watch->stop = STOP_CANCELLED;
    if (!clock_passed(watch_next_ns(watch, conn)))
        return STOP_NOT;
    now_ns = clock_now_ns();
    if (interrupted(watch, conn, now_ns))
        watch->stop = STOP_CANCELLED;
    else if (now_ns >= watch->by.at_ns)
        watch->stop = STOP_TIMEOUT;
    return watch->stop;
}

int64_t watch_next_ns(const struct watch *watch, const hg_conn *conn)
{
    int64_t ask_ns =
        conn->interrupted == NULL || watch->ending ? INT64_MAX : watch->asked_ns + ASK_EVERY_NS;

    return ask_ns < watch->by.at_ns ? ask_ns : watch->by.at_ns;
}

bool watch_is_due(const struct watch *watch, const hg_conn *conn)
{
    return is_cancelled(watch, conn) || clock_coarse_ns() >= watch_next_ns(watch, conn);
}

int watch_wait_ms(const struct watch *watch, const hg_conn *conn)
{
    const int64_t longest =
        conn->interrupted == NULL ? INT64_C(60000) : (int64_t)(ASK_EVERY_NS / 1000000);
    int64_t left = hg_deadline_left_ms(watch->by);

    return (int)(left < longest ? left : longest);
}

bool stop_fail(enum stop why, const char *doing, hg_error *err)
{
    if (why == STOP_CANCELLED) {
        hg_fail(err, HG_CANCELLED, "could not %s: it was cancelled", doing);
    } else {
        hg_fail(err, HG_TIMEOUT, "could not %s: the time it was given is over", doing);
        hg_error_hint(err, "Give it more time, or find out what it waits for.");
    }
    hg_error_sqlstate(err, "57014");
    return false;
}
