/*
 * fake_jobs.h - a console whose jobs answer from a scene, run on the real terminal of the process.
 */
#ifndef SUPPORT_FAKE_JOBS_H
#define SUPPORT_FAKE_JOBS_H

/*
 * Runs it until it is quit; returns the exit status. theme: NULL for the dark one. name:
 * "calm"; "idle": calm, and no connection in use; "busy"; "prod": busy, in production; "still" and
 * "still prod": the same, with pools that are read only once, so that their past stands still;
 * "hang": the database never answers; "endless": a change that never ends unless it is cancelled;
 * "crash": dies when a plan is asked for; "busy mouse": busy, and the mouse is taken.
 */
int fake_console(const char *name, const char *theme);

#endif
