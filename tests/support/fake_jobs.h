/*
 * fake_jobs.h - a console whose jobs answer from a scene, run on the real terminal of the process.
 */
#ifndef SUPPORT_FAKE_JOBS_H
#define SUPPORT_FAKE_JOBS_H

/* Runs it until it is quit; returns the exit status. name: "calm", "busy", "prod", "hang" (the
 * database never answers), "endless" (a change that never ends unless it is cancelled), "crash"
 * (dies of a signal when a plan is asked for). theme: NULL for the dark one. */
int fake_console(const char *name, const char *theme);

#endif
