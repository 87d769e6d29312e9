/*
 * watch.h - when a call that waits or computes must stop: its deadline, a cancel from another
 * thread, the caller's own interrupt. The same for all engines. Must not know what it stops.
 */
#ifndef DRIVER_WATCH_H
#define DRIVER_WATCH_H

#include "driver.h"

enum stop { STOP_NOT, STOP_TIMEOUT, STOP_CANCELLED };

/* One call of one connection; belongs to the connection's thread. */
struct watch {
    hg_deadline by;
    int64_t asked_ns; /* when the caller's interrupt was asked last */
    enum stop stop;
    bool ending; /* it has been stopped and only its end is awaited: nothing but the deadline counts
                  */
};

void watch_start(struct watch *watch, hg_deadline by);

/* Whether to stop now, and why; once it has said so it stays with that. Cheap enough to be asked
 * every few microseconds. */
enum stop watch_look(struct watch *watch, const hg_conn *conn);

/* When to look again at the latest, of clock_now_ns(): INT64_MAX when only a descriptor ends it. */
int64_t watch_next_ns(const struct watch *watch, const hg_conn *conn);

/* Whether it is time to look: costs a third of looking, and says so up to ten milliseconds late. */
bool watch_is_due(const struct watch *watch, const hg_conn *conn);

/* How long the call may wait before it looks again, at most: -1 when only a descriptor ends it. */
int watch_wait_ms(const struct watch *watch, const hg_conn *conn);

/* Fails with HG_TIMEOUT or HG_CANCELLED. doing: "run the statement". */
bool stop_fail(enum stop why, const char *doing, hg_error *err);

#endif
