/*
 * fuzz_classify.c - any bytes as one statement. The first byte says for which engine.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "fuzz.h"
#include "sql/classify.h"
#include "sql/hazard.h"

static void check_uses(const struct classified *c, hg_driver dialect)
{
    assert(c->use_count > 0);
    for (size_t i = 0; i < c->use_count; i++) {
        const struct class_use *use = &c->uses[i];

        assert(use->form < FORM_COUNT && use->table != NULL && use->other != NULL);
        assert(use->form == FORM_UNKNOWN || form_is_sqlite(use->form) == (dialect == HG_SQLITE));
        assert(use->lock <= HG_LOCK_ACCESS_EXCLUSIVE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hg_driver dialect = size > 0 && data[0] == 's' ? HG_SQLITE : HG_POSTGRESQL;
    struct arena arena = ARENA_INIT;
    struct classified c;
    const char *sql = arena_text_n(&arena, (const char *)data + (size > 0), size - (size > 0));

    assert(sql != NULL);
    if (classify(&arena, dialect, sql, size - (size > 0), &c, NULL)) {
        check_uses(&c, dialect);
        for (size_t i = 0; i < c.effect_count; i++)
            assert(c.effects[i].name != NULL && c.effects[i].to != NULL);
        assert(c.how != CLASSIFY_FAULT || c.fault_message[0] != '\0');
        assert(c.fault_character >= 0 && (size_t)c.fault_character <= size + 1);
    }
    arena_release(&arena);
    return 0;
}
