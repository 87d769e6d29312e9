/*
 * runbook.h - steps as data: headgate's own runbook, and a team's from JSON. Pure.
 *
 *     {"name": "shop", "freeze": "C09", "commit": "C16",
 *      "steps": [{"id": "C09", "title": "Freeze the source", "what": "...", "cost": "...",
 *                 "action": "freeze", "class": "reversible", "confirm": "nothing", "arguments":
 * {}}]}
 *
 * `title` and `action` are needed, and `id`; `what`, `cost` and `arguments` may be left out,
 * `confirm` is "nothing" without a word (or "run", "cutover", "no return", "attest"), `class` is
 * the action's own. `rehearse` says that the
 * commands of a step may run in a rehearsal, too.
 */
#ifndef CUTOVER_RUNBOOK_H
#define CUTOVER_RUNBOOK_H

#include "drive.h"

/* What a runbook may ask for: the library of actions, as far as its form goes. */
struct action_form {
    const char *name;
    enum step_class class; /* what taking such a step back means at least */
    const char
        *arguments; /* names of its arguments, separated by spaces; "!" behind one that is needed */
    const char *passed_over; /* why a rehearsal does not take such a step; NULL: it does */
};

struct loaded_runbook; /* a runbook and the memory its texts live in */

/*
 * Reads and checks a runbook. Every fault is reported, the first becomes err with file, line and
 * column; `faults` hears all of them, in order (NULL is fine). out_book: the caller's until
 * runbook_free(). err: HG_FILE, HG_NOMEM.
 */
bool runbook_parse(const char *text, size_t size, const char *file, const struct action_form *forms,
                   size_t form_count, void (*fault)(void *context, const hg_error *fault),
                   void *context, struct loaded_runbook **out_book, hg_error *err);
void runbook_free(struct loaded_runbook *book); /* NULL is fine */
const struct runbook *runbook_of(const struct loaded_runbook *book);

#endif
