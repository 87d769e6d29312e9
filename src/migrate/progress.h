/*
 * progress.h - what an operation tells its observer, and hears from it. A NULL observer is fine
 * everywhere.
 */
#ifndef MIGRATE_PROGRESS_H
#define MIGRATE_PROGRESS_H

#include <headgate/connection.h>
#include <headgate/observer.h>

void progress_tell(const hg_observer *observer, const hg_event *event);

/* Something worth a line: a note, or what is being waited for. */
void progress_say(const hg_observer *observer, hg_event_kind kind, const char *subject,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

bool progress_cancelled(const hg_observer *observer);

/* Waits, asking the observer twenty times a second. err: HG_CANCELLED. */
bool progress_pause(const hg_observer *observer, int64_t ms, hg_error *err);

#endif
