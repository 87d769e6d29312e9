/*
 * changed.c - applied files that are not what they were.
 */
#include "changed.h"

#include "progress.h"
#include "project.h"

enum { NAMED = 3 };

/* What is wrong with a revision; NULL: nothing. */
static const char *fault_of(const struct project *project, size_t node)
{
    if (!project->applied[node])
        return NULL;
    if (project->graph.nodes[node].file == NULL)
        return "is applied, but no file has it any more";
    return project_edited(project, node)
               ? "was edited after it was applied, and the edit is not run: write a new migration"
               : NULL;
}

void changed_tell(const struct project *project, const hg_observer *observer)
{
    size_t count = 0;

    for (size_t i = 0; i < project->graph.count; i++) {
        size_t node = project->graph.order[i];
        const char *revision = project->graph.nodes[node].revision;
        const char *fault = fault_of(project, node);

        if (fault != NULL && ++count <= NAMED)
            progress_say(observer, HG_EVENT_NOTE, revision, "\"%s\" %s", revision, fault);
    }
    if (count > NAMED)
        progress_say(observer, HG_EVENT_NOTE, "", "and %zu more; headgate check names all of them",
                     count - NAMED);
}
