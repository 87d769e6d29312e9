/*
 * plan_allow.c - the safety rule of production: what nobody accepted by name is not run. Pure.
 * There is one of it: the runner, the command line and the console all ask here.
 */
#include <headgate/migrate.h>

#include <string.h>

#include "base/buf.h"

enum { PLACES_LIMIT = 560, IDS_LIMIT = 180 }; /* what fits into an error */

const char *hg_plan_source_name(hg_plan_source source)
{
    static const char *const names[] = {"unknown", "table", "measured", "words"};

    return (unsigned)source < sizeof names / sizeof *names ? names[source] : "unknown";
}

static bool stands_in_the_way(const hg_hazard *hazard)
{
    return hazard->severity == HG_SEVERITY_DANGER && hazard->accepted == NULL;
}

struct refusal {
    struct buf places, ids;
    size_t count;
};

/* Whether a list "a,b," has this id. */
static bool lists(const char *list, const char *id)
{
    size_t n = strlen(id);

    for (const char *at = list; *at != '\0'; at += strcspn(at, ",") + 1)
        if (strcspn(at, ",") == n && strncmp(at, id, n) == 0)
            return true;
    return false;
}

static void note(struct refusal *r, const hg_plan_step *step, const hg_plan_statement *statement,
                 const hg_hazard *hazard)
{
    buf_printf(&r->places, "%s%s (%s:%d)", r->count++ == 0 ? "" : ", ", hazard->id, step->file,
               statement->line);
    if (!lists(r->ids.bytes, hazard->id))
        buf_printf(&r->ids, "%s,", hazard->id);
}

static void note_all(struct refusal *r, const hg_plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const hg_plan_step *step = &plan->steps[i];

        for (size_t j = 0; j < step->statement_count; j++) {
            const hg_plan_statement *statement = &step->statements[j];

            for (size_t k = 0; k < statement->hazard_count; k++)
                if (stands_in_the_way(&statement->hazards[k]))
                    note(r, step, statement, &statement->hazards[k]);
        }
    }
}

bool hg_plan_allowed(const hg_plan *plan, hg_error *err)
{
    struct refusal r = {BUF_INIT(PLACES_LIMIT), BUF_INIT(IDS_LIMIT), 0};

    note_all(&r, plan);
    if (r.count > 0) {
        hg_fail(err, HG_REFUSED, "the plan has %zu hazard%s that nobody accepted: %s%s", r.count,
                r.count == 1 ? "" : "s", r.places.bytes, buf_failed(&r.places) ? ", ..." : "");
        buf_truncate(&r.ids, r.ids.size - 1);
        hg_error_hint(
            err, "The plan shows what to write instead. To run it as it is, add: --accept %s%s",
            r.ids.bytes, buf_failed(&r.ids) ? ",..." : "");
    }
    buf_release(&r.places);
    buf_release(&r.ids);
    return r.count == 0;
}
