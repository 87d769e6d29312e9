/*
 * proof.h - where the application is, as this host's processes and the target's sessions show it.
 *
 * Of a process is looked at what it was started with (/proc/PID/environ) and what it has open; only
 * host and database of a URL are compared, and nothing of a password is kept. Processes of other
 * users cannot be looked into, nor those of other hosts: for them the server's sessions speak. A
 * shell keeps what it was started with, so what has a terminal does not count, nor does headgate.
 */
#ifndef CUTOVER_PROOF_H
#define CUTOVER_PROOF_H

#include <jansson.h>

#include "world.h"

/* Who has the source open, or was started with its URL: "gunicorn (pid 7) has the source open"; ""
 * when nobody is known to. */
bool proof_on_source(struct world *world, char *out, size_t size, hg_error *err);

/* Who was started with the target's URL; "" when nobody is known to have been. */
void proof_on_target(struct world *world, char *out, size_t size);

/* Writes down who was seen on the target: processes here, and sessions by client address. */
bool proof_write(struct world *world, const char *role, json_t *facts, hg_error *err);

#endif
