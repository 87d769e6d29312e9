/*
 * pulse.h - the question that is asked again and again while nothing changes.
 *
 * The thread of its job rests, asks, reads the pools, and rests again; it ends when there is
 * something to tell. Whoever waits for news is not woken for none: it looks when the database was
 * last heard of when it wakes for something else, and is woken by an alarm when that is too long
 * ago.
 */
#ifndef OPS_PULSE_H
#define OPS_PULSE_H

#include <headgate/headgate.h>

struct job_result;
struct ops;
struct pulse;

/* messages: a descriptor that is readable while there is something to tell, borrowed. NULL: no
 * memory or descriptor. */
struct pulse *pulse_new(int messages);
void pulse_free(struct pulse *pulse); /* NULL is fine */

/* Asks as result->request says and fills in the mark: once, or from the end of a rest on until the
 * mark or the pools are others than the last time that it told, or the database does not answer.
 * One at a time. err in result: HG_CANCELLED, what the database said. */
bool pulse_run(struct pulse *pulse, const struct ops *ops, const hg_observer *observer,
               struct job_result *result);

/* Any thread: ends a rest; the observer says whether there is another one. */
void pulse_stir(struct pulse *pulse);

/* When the database was last heard of by one that goes on, of clock_now_ns(); 0: by none. */
int64_t pulse_beat_ms(const struct pulse *pulse);

/* Readable while `messages` is, or when an answer is overdue, until pulse_silence(). */
int pulse_fd(const struct pulse *pulse);
void pulse_silence(struct pulse *pulse);

#endif
