/*
 * new.c - writes a new, empty migration.
 */
#include <headgate/migrate.h>

#include "draft.h"

static bool write_empty(struct draft *draft, const char *message, char *out_path, size_t size,
                        hg_error *err)
{
    const struct draft_file file = {.message = message, .up = "\n\n\n", .down = "\n\n"};

    return draft_write(draft, &file, out_path, size, err);
}

/* "merge 3f9a1c0b7d21 and 9d1e44f0a2bc" */
static char *merge_message(struct draft *draft)
{
    char *message = arena_text(&draft->arena, "merge");

    for (size_t i = 0; message != NULL && i < draft->parent_count; i++)
        message = arena_printf(&draft->arena, "%s%s %s", message, i == 0 ? "" : " and",
                               draft->parents[i]);
    return message;
}

bool hg_migrate_new(const char *dir, const char *message, char *out_path, size_t size,
                    hg_error *err)
{
    struct draft draft;
    hg_error unheard;
    bool ok;

    err = err == NULL ? &unheard : err;
    if (!draft_open(dir, &draft, err))
        return false;
    ok = draft.parent_count > 1 ? draft_refuse_many(&draft, err)
                                : write_empty(&draft, message, out_path, size, err);
    draft_close(&draft);
    return ok;
}

bool hg_migrate_merge(const char *dir, const char *message, char *out_path, size_t size,
                      hg_error *err)
{
    struct draft draft;
    hg_error unheard;
    bool ok = true;

    err = err == NULL ? &unheard : err;
    if (!draft_open(dir, &draft, err))
        return false;
    out_path[0] = '\0';
    if (draft.parent_count > 1) {
        message = message == NULL ? merge_message(&draft) : message;
        ok = message == NULL ? hg_fail(err, HG_NOMEM, "could not write a migration: out of memory")
                             : write_empty(&draft, message, out_path, size, err);
    }
    draft_close(&draft);
    return ok;
}
