/*
 * fake_driver.h - an engine under a script: it fails, hangs and dies exactly when a test says so,
 * and counts what it is asked.
 *
 * There is one script for the whole program; a test starts with fake_reset(), after every
 * connection of the test before has been closed. Nothing here sleeps: a call that hangs waits for
 * fake_release() or for its own deadline. Any thread.
 */
#ifndef SUPPORT_FAKE_DRIVER_H
#define SUPPORT_FAKE_DRIVER_H

#include "driver/driver.h"

/* What a script can fail, hold and count. */
enum fake_call {
    FAKE_OPEN,
    FAKE_CLOSE,   /* may be held, cannot fail */
    FAKE_ABANDON, /* counted only */
    FAKE_ALIVE,   /* failing: the connection looks dead this once */
    FAKE_PING,
    FAKE_RESET,
    FAKE_QUERY,  /* also of prepared statements */
    FAKE_CANCEL, /* counted only */
    FAKE_CALLS
};

/* Says id HG_SQLITE; ignores the URL, which may be NULL. */
extern const struct driver fake_driver;

/* Forgets script and counts. */
void fake_reset(void);

/* Until fake_reset(), connections have no descriptor: nobody watches them behind the test's back.
 */
void fake_hide_descriptors(void);

/* The n-th call from now (1: the next) fails with the code. HG_LOST also marks the connection. */
void fake_fail(enum fake_call call, int n, hg_code code);

/* Every call from now fails with the code; HG_OK ends it. */
void fake_fail_always(enum fake_call call, hg_code code);

/* Calls from now on hang until they are released, or until their deadline (HG_TIMEOUT). */
void fake_hold(enum fake_call call);

/* Lets n of the calls that hang, or come later, go on. */
void fake_release(enum fake_call call, int n);

/* Ends fake_hold() and lets everybody go on. */
void fake_release_all(enum fake_call call);

/* Waits until at least n calls hang; false: not by then. */
bool fake_wait_held(enum fake_call call, int n, hg_deadline by);

/* Waits until at least n calls have begun since fake_reset(); false: not by then. */
bool fake_wait_count(enum fake_call call, int n, hg_deadline by);

int fake_count(enum fake_call call); /* calls begun since fake_reset() */
int fake_open_now(void);             /* connections that are open */
int fake_open_peak(void);            /* the most that were open at once since fake_reset() */

/* The server hangs up on one connection, or on all that are open: the descriptor reports it,
 * alive() is false, every other call fails with HG_LOST. */
void fake_kill(hg_conn *conn); /* which somebody holds */
void fake_kill_serial(int64_t serial);
void fake_kill_all(void);

/* Which open() of this program made the connection: 1, 2, ...; also its backend pid. */
int64_t fake_serial(const hg_conn *conn);

/* The statements since fake_reset(), joined with "; ", in a text that lives until the next call
 * here from this thread. BEGIN, COMMIT and ROLLBACK change hg_conn_in_transaction() as in a real
 * engine. */
const char *fake_statements(void);

/* The options of the last open, for a look at their numbers; texts in them are gone. */
struct driver_options fake_last_options(void);

#endif
