/*
 * entry.c - the line at the bottom that is typed into: a filter, which works while it is typed, or
 * a command, which is done at its end.
 */
#include <string.h>

#include "base/text.h"
#include "list.h"
#include "palette.h"
#include "update.h"

static bool append(char *text, size_t size, uint32_t code)
{
    char bytes[4];
    size_t n = text_encode(code, bytes), used = strlen(text);

    if (used + n < size) {
        memcpy(text + used, bytes, n);
        text[used + n] = '\0';
    }
    return true;
}

static bool erase(char *text)
{
    size_t used = strlen(text);

    while (used > 0 && ((unsigned char)text[used - 1] & 0xC0) == 0x80)
        used--;
    text[used > 0 ? used - 1 : 0] = '\0';
    return true;
}

bool entry_edit(char *text, size_t size, uint32_t key)
{
    if (key == KEYS_BACKSPACE)
        return erase(text);
    if (key == 21) { /* ^U */
        text[0] = '\0';
        return true;
    }
    return key >= ' ' && key < KEYS_UP && key != 0x7F && append(text, size, key);
}

static void set_filter(struct model *m, const char *filter)
{
    struct looking *looking = &m->lists[model_subject(m)];

    text_copy(looking->filter, sizeof looking->filter, filter);
    if (filter[0] != '\0')
        text_copy(looking->sought, sizeof looking->sought, filter);
    list_refresh(m, model_subject(m));
}

void entry_open(struct model *m, enum line_use use)
{
    m->entry.use = use;
    m->entry.text[0] = '\0';
    if (use == LINE_SEARCH)
        seek_begin(m);
    if (use == LINE_FILTER)
        text_copy(m->entry.text, sizeof m->entry.text, m->lists[model_subject(m)].filter);
}

void entry_leave(struct model *m)
{
    if (m->entry.use == LINE_FILTER)
        set_filter(m, "");
    else if (m->entry.use == LINE_SEARCH)
        seek_end(m);
    m->entry.use = LINE_NONE;
}

static void run_line(struct model *m, struct effects *effects)
{
    char line[sizeof m->entry.text];

    memcpy(line, m->entry.text, sizeof line);
    m->entry.use = LINE_NONE;
    palette_run(m, line, effects);
}

static void export_line(struct model *m, struct effects *effects)
{
    char path[sizeof m->entry.text];

    memcpy(path, m->entry.text, sizeof path);
    m->entry.use = LINE_NONE;
    export_write(m, path, effects);
}

/* What is typed works at once: rows are chosen by it, or the first match is gone to. */
static void type(struct model *m)
{
    if (m->entry.use == LINE_FILTER)
        set_filter(m, m->entry.text);
    else if (m->entry.use == LINE_SEARCH)
        seek_words(m, m->entry.text);
}

void entry_key(struct model *m, uint32_t key, struct effects *effects)
{
    bool commands = m->entry.use == LINE_COMMAND;
    bool seeks = m->entry.use == LINE_FILTER || m->entry.use == LINE_SEARCH;
    size_t room = seeks ? sizeof m->lists[0].filter : sizeof m->entry.text;

    if (key == KEYS_ENTER && m->entry.use == LINE_EXPORT && !m->pasting)
        export_line(m, effects);
    else if (key == KEYS_ENTER && seeks && !m->pasting)
        m->entry.use = LINE_NONE;
    else if (key == KEYS_ENTER && !m->pasting)
        run_line(m, effects);
    else if (key == KEYS_TAB && commands)
        palette_complete(m, m->entry.text, room);
    else if (key == KEYS_BACKSPACE && m->entry.text[0] == '\0')
        entry_leave(m);
    else if (entry_edit(m->entry.text, room, key))
        type(m);
}
