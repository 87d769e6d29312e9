/*
 * changed.h - applied files that are not what they were, said to whoever runs the others.
 */
#ifndef MIGRATE_CHANGED_H
#define MIGRATE_CHANGED_H

#include <headgate/observer.h>

struct project;

/*
 * Notes applied revisions whose file was edited or is gone: a run does nothing about them, and
 * whoever edited one believes that it would.
 */
void changed_tell(const struct project *project, const hg_observer *observer);

#endif
