/*
 * drive.h - takes a runbook forward or back, one step at a time, with the journal in front of every
 * act.
 *
 * A step is decided by its action: probe says whether it has happened, apply makes it happen,
 * verify proves it, undo takes it back. What a crash left is decided by the probe, never by
 * guessing: a step that was begun and not finished is asked about before anything else is done.
 *
 * The drive must not know what any action does; actions must not know the order in which they come.
 */
#ifndef CUTOVER_DRIVE_H
#define CUTOVER_DRIVE_H

#include <headgate/observer.h>

#include "journal.h"

/* What taking a step back means. */
enum step_class {
    STEP_HARMLESS,    /* it has no effect: nothing to take back */
    STEP_REVERSIBLE,  /* headgate takes it back */
    STEP_BY_OPERATOR, /* a person takes it back, headgate verifies */
    STEP_NO_RETURN,   /* it cannot be taken back without losing something */
    STEP_CLASSES
};

/* What has to be typed before a step acts. */
enum confirmation {
    CONFIRM_NOTHING,
    CONFIRM_RUN,       /* the run's name */
    CONFIRM_CUTOVER,   /* CUTOVER DATABASE RUN */
    CONFIRM_NO_RETURN, /* NO RETURN RUN */
    CONFIRM_ATTEST,    /* anything but nothing: what a person says that only a person can know */
    CONFIRMATIONS
};

struct step {
    const char *id;    /* "C09" */
    const char *title; /* "Freeze the source" */
    const char *what;  /* what is going to happen, a sentence */
    const char *cost;  /* what it costs to abort once it has happened, a sentence */
    const char *action;
    enum step_class class;
    enum confirmation confirmation;
    const json_t *arguments; /* of the action; NULL: none */
    bool rehearse;           /* its commands are safe in a rehearsal */
};

struct runbook {
    const char *name;
    const struct step *steps;
    size_t count;
    const char *freeze; /* id of the step from which on nobody can write, and of the one that */
    const char *commit; /* ends the time in which that may still be given up; NULL: neither */
};

enum probe { PROBE_NOT_DONE, PROBE_PARTLY, PROBE_DONE, PROBE_FAILED };

/* A row of the library of actions. world: what they work on, the same for all. */
struct action {
    const char *name;
    const char *title; /* of what it does, for people who write runbooks */
    /* PROBE_FAILED: it could not be found out, with err set. */
    enum probe (*probe)(void *world, const struct step *step, hg_error *err);
    /* Brings it about, also from halfway. facts: an object for what the journal is to keep. NULL:
     * nothing. */
    bool (*apply)(void *world, const struct step *step, json_t *facts, hg_error *err);
    bool (*verify)(void *world, const struct step *step,
                   hg_error *err); /* NULL: the probe is enough */
    bool (*undo)(void *world, const struct step *step,
                 hg_error *err); /* NULL: nothing to take back */
};

/* A question to the operator. */
struct question {
    const struct step *step;
    char text[160];     /* "Type CUTOVER shop run-1 to go on" */
    char expected[128]; /* what has to be typed; "": any words */
};

/* What a person said to it. */
struct reply {
    char text[256];
    char by[64]; /* who; "": whoever works on the run */
};

struct drive {
    const struct runbook *runbook;
    const struct action *actions;
    size_t action_count;
    struct journal *journal;
    void *world;
    const char *database;        /* the target's name, for CONFIRM_CUTOVER */
    const hg_observer *observer; /* NULL is fine */
    /* Before a step is taken forward; false, with err: it is not. NULL: nothing. */
    bool (*enter)(void *context, const struct step *step, hg_error *err);
    /* false: nobody answers now. */
    bool (*ask)(void *context, const struct question *question, struct reply *out);
    void *context;     /* of both */
    int64_t budget_ms; /* how long the source may stay frozen before the commit; 0: as long as it
                          takes */
};

enum step_state {
    STEP_PENDING,
    STEP_BEGUN, /* the journal has an intent and no end: the probe has to say */
    STEP_DONE,
    STEP_FAILED,
    STEP_UNDOING,
    STEP_UNDONE,
    STEP_STATES
};

const char *step_state_name(enum step_state state); /* "pending", "begun", ... */
const char *step_class_name(
    enum step_class class); /* "harmless", "reversible", "by operator", "no return" */

/* Where a step stands, from the journal alone. */
enum step_state drive_state(const struct journal *journal, const struct step *step);

/* What a step asks before it acts; false: nothing. Only runbook, journal and database of the drive
 * are looked at, here and in the two functions below. */
bool drive_question(const struct drive *drive, const struct step *step, struct question *out);

/* Whether the point of no return has been begun or passed. */
bool drive_past_return(const struct drive *drive);

/* Milliseconds for which nobody has been able to write: since the freeze began; -1 when it has not,
 * or was taken back. */
int64_t drive_frozen_ms(const struct drive *drive);

/* For how long the source may stay frozen until all is taken back: one and a half times the budget.
 * 0: as long as it takes, because there is no budget, or the commit has been made. */
int64_t drive_patience_ms(const struct drive *drive);

/* Whether the budget is used up while it counts: time to warn, not yet to go back. */
bool drive_past_budget(const struct drive *drive);

/* Whether the source has been frozen for longer than drive_patience_ms(). Only up to the commit: a
 * freeze that lasts too long is worth less than another day, but an application that has moved is
 * not moved back behind anybody's back. */
bool drive_over_budget(const struct drive *drive);

/*
 * Goes on until the runbook ends or something stops it. Steps that are done stay done. err: what
 * the step said; HG_CANCELLED (the observer wants to stop: between steps, nothing is half done);
 * HG_REFUSED (an answer was wrong, nobody answered, or the run is being aborted); HG_TIMEOUT (the
 * source was frozen for longer than one and a half times the budget: the run has been aborted, and
 * err says whether all of it was taken back).
 */
bool drive_forward(struct drive *drive, hg_error *err);

/*
 * Takes every step back, the last first, and closes the run. Begins again where it was interrupted.
 * err: HG_REFUSED (past the point of no return); what the step said.
 */
bool drive_abort(struct drive *drive, hg_error *err);

#endif
