/*
 * observer.h - how an operation reports progress and hears that it should stop.
 *
 * An operation calls the observer from the thread that runs it. Texts live until the call returns.
 * The command line prints what it hears; the console turns it into messages for its own thread.
 */
#ifndef HEADGATE_OBSERVER_H
#define HEADGATE_OBSERVER_H

#include <headgate/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hg_event_kind {
    HG_EVENT_STEP_STARTED,  /* subject: what (a revision, a table, a check); done/total: its place
                               among the steps */
    HG_EVENT_STEP_PROGRESS, /* done/total in `unit`; message: what is being done right now */
    HG_EVENT_STEP_DONE,     /* message: what was done, as "applied"; duration_ms is set */
    HG_EVENT_STEP_FAILED,   /* message: the error's message */
    HG_EVENT_WAITING,       /* for a lock, a connection, a server; message: for whom or what. When
                               the unit is "attempt": for the next one, which begins in duration_ms
                               and is number done of total */
    HG_EVENT_NOTE           /* something worth a line in a log */
} hg_event_kind;

typedef struct hg_event {
    hg_event_kind kind;
    const char *subject; /* never NULL, may be "" */
    const char *message; /* never NULL, may be "" */
    const char *unit;    /* of done and total: "step", "statement", "row", "byte", or "part": of
                            what one long statement has to do; never NULL */
    int64_t done;
    int64_t total; /* 0 when unknown */
    double duration_ms;
} hg_event;

typedef struct hg_observer {
    void (*on_event)(void *context, const hg_event *event); /* NULL: nobody listens */
    /*
     * Asked often, also while a statement runs or a lock is waited for; true: stop soon, roll back,
     * return HG_CANCELLED. Must not block. NULL: never. May be called from a database engine's
     * callback.
     */
    bool (*cancelled)(void *context);
    void *context;
} hg_observer;

#ifdef __cplusplus
}
#endif
#endif
