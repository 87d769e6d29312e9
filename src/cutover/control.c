/*
 * control.c - orders as remarks of the journal, and what follows from all of them.
 */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *order_in(const struct journal_record *r)
{
    const char *name =
        r->event == JOURNAL_NOTE ? json_string_value(json_object_get(r->data, "order")) : NULL;

    return name == NULL ? "" : name;
}

static bool says(const struct journal_record *r, hg_cutover_order order)
{
    return strcmp(order_in(r), order_name(order)) == 0;
}

bool control_rate(const char *text, int64_t *out)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || n < 0 || n > INT32_MAX)
        return false;
    *out = n;
    return true;
}

struct control control_read(const struct journal *journal)
{
    struct control c = {0};

    for (size_t i = 0; i < journal_count(journal); i++) {
        const struct journal_record *r = journal_at(journal, i);

        if (says(r, HG_CUTOVER_PAUSE))
            c.paused = true;
        else if (says(r, HG_CUTOVER_CONTINUE) || r->event == JOURNAL_RESUME)
            c.paused = false;
        else if (says(r, HG_CUTOVER_POSTPONE) || says(r, HG_CUTOVER_UNPOSTPONE))
            c.postponed = says(r, HG_CUTOVER_POSTPONE);
        else if (says(r, HG_CUTOVER_RATE))
            c.rate = json_integer_value(json_object_get(r->data, "rate"));
    }
    return c;
}

bool control_record(struct journal *journal, const struct order *order, hg_error *err)
{
    const char *name = order_name(order->kind);
    char words[sizeof order->text + 16];
    json_t *data;
    int64_t rate;

    snprintf(words, sizeof words, order->text[0] == '\0' ? "%s" : "%s %s", name, order->text);
    data = json_pack("{s:s, s:s, s:s}", "order", name, "by", order->actor, "note",
                     order->kind == HG_CUTOVER_NOTE ? order->text : words);
    if (order->kind == HG_CUTOVER_RATE && control_rate(order->text, &rate))
        json_object_set_new(data, "rate", json_integer((json_int_t)rate));
    return journal_append(journal, "", JOURNAL_NOTE, data, err);
}

bool control_stalled(const struct journal *journal, const char *step)
{
    const struct journal_record *failed = journal_last(journal, step, JOURNAL_FAILED);

    if (failed == NULL)
        return false;
    for (size_t i = (size_t)failed->seq; i < journal_count(journal); i++) {
        const struct journal_record *r = journal_at(journal, i);

        if (r->event == JOURNAL_RESUME || says(r, HG_CUTOVER_CONTINUE)
            || (strcmp(r->step, step) == 0 && r->event != JOURNAL_DECISION))
            return false;
    }
    return true;
}
