/*
 * builtin.h - the runbooks that come with headgate, as JSON like everybody's. Pure.
 */
#ifndef CUTOVER_BUILTIN_H
#define CUTOVER_BUILTIN_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Appends the runbook of this name, or of "systemd:UNIT", which restarts that unit; false: there is
 * none. */
bool builtin_runbook(const char *name, struct buf *out);

/* The names of all, "env-file" first; NULL behind the last. */
const char *builtin_name(size_t i);

#endif
