/*
 * plan_work.c - which kind of work a step is.
 */
#include "plan_work.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum { FORMS = 8, TEXT_LIMIT = 1024 }; /* a step of more forms is of no kind that comes again */

const char *plan_work(struct arena *arena, const hg_plan_step *step)
{
    const char *forms[FORMS], *work;
    struct buf text = BUF_INIT(TEXT_LIMIT);
    size_t count = 0;

    for (size_t i = 0; i < step->statement_count && count < FORMS; i++) {
        const char *form = step->statements[i].form;
        size_t k = 0;

        while (k < count && strcmp(forms[k], form) != 0)
            k++;
        if (k < count)
            continue;
        forms[count++] = form;
        buf_printf(&text, "%s%s", count == 1 ? "" : "; ", form[0] == '\0' ? "?" : form);
    }
    work = arena_text(arena, text.bytes == NULL ? "" : text.bytes);
    buf_release(&text);
    return work;
}
