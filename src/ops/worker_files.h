/*
 * worker_files.h - what a worker and those who watch it both know: the names of its files and of
 * events.
 */
#ifndef OPS_WORKER_FILES_H
#define OPS_WORKER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include <headgate/observer.h>

#include "json_part.h"

enum { WORKER_PATH = 4096 };

/* dir/worker-ID.suffix */
bool worker_path(char *out, size_t size, const char *dir, const char *id, const char *suffix);

/* The address of a worker's socket; dir: a descriptor of its folder. */
bool worker_address(int dir, const char *id, struct sockaddr_un *out);

/* What the journal calls an event, and back; a name that is not known is a note. */
const char *worker_kind_name(hg_event_kind kind);
hg_event_kind worker_kind(const char *name);

#endif
