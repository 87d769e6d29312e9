/*
 * keys.c - the key table. The order of the rows is that of the help; the hint line takes them in
 * the same order until the room ends.
 */
#include "keys.h"

enum {
    READS = IN_OVERVIEW | IN_PAGE | IN_RESULT,
    SCROLLS = IN_OVERVIEW | IN_PAGE | IN_PLAN | IN_RUN | IN_RESULT
};

/* clang-format off */
static const struct key_row rows[] = {
    /* command              keys                     where                         name       hint        group, help */
    {COMMAND_HELP,          {'?', 'h'},              READS | IN_PLAN | IN_RUN,     "?",       "help",     "LOOK",
     "this page"},
    {COMMAND_NEXT_PANE,     {KEYS_TAB, KEYS_RIGHT},  IN_OVERVIEW,                  "Tab",     "pane",     "LOOK",
     "the next pane; Shift-Tab the one before"},
    {COMMAND_PREVIOUS_PANE, {KEYS_BACK_TAB, KEYS_LEFT}, IN_OVERVIEW,               "S-Tab",   "",         NULL, NULL},
    {COMMAND_DOWN,          {KEYS_DOWN, 'j'},        SCROLLS,                      "j k",     "",         "LOOK",
     "down and up, as the arrows"},
    {COMMAND_UP,            {KEYS_UP, 'k'},          SCROLLS,                      "k",       "",         NULL, NULL},
    {COMMAND_DOWN,          {KEYS_DOWN},             IN_PROMPT,                    "Down",    "",         NULL, NULL},
    {COMMAND_UP,            {KEYS_UP},               IN_PROMPT,                    "Up",      "",         NULL, NULL},
    {COMMAND_PAGE_DOWN,     {KEYS_PAGE_DOWN, 4},     SCROLLS | IN_PROMPT,          "PgDn PgUp", "",       "LOOK",
     "a screenful; ^D and ^U do the same"},
    {COMMAND_PAGE_UP,       {KEYS_PAGE_UP, 21},      SCROLLS | IN_PROMPT,          "PgUp",    "",         NULL, NULL},
    {COMMAND_FIRST,         {KEYS_HOME, 'g'},        SCROLLS,                      "g G",     "",         "LOOK",
     "first and last, as Home and End"},
    {COMMAND_LAST,          {KEYS_END, 'G'},         SCROLLS,                      "G",       "",         NULL, NULL},
    {COMMAND_OPEN,          {KEYS_ENTER},            IN_OVERVIEW,                  "Enter",   "",         "LOOK",
     "what is known about the selected row"},
    {COMMAND_BACK,          {KEYS_ESCAPE, KEYS_ENTER}, IN_PAGE | IN_RESULT,        "Esc",     "back",     "LOOK",
     "back to where you came from; never quits"},
    {COMMAND_BACK,          {KEYS_ESCAPE},           IN_PLAN | IN_PROMPT,          "Esc",     "leave",    NULL, NULL},
    {COMMAND_BACK,          {KEYS_ESCAPE, 'n'},      IN_ASK,                       "Esc",     "go on",    NULL, NULL},
    {COMMAND_SORT,          {'s'},                   IN_OVERVIEW,                  "s",       "",         "LOOK",
     "sort the connections by another column"},

    {COMMAND_APPLY,         {'A'},                   IN_OVERVIEW | IN_RESULT,      "A",       "apply",    "CHANGE",
     "apply what is pending, or up to the selected one", .changes = true},
    {COMMAND_ROLL_BACK,     {'U'},                   IN_OVERVIEW | IN_RESULT,      "U",       "roll back", "CHANGE",
     "roll back the newest migration", .changes = true},
    {COMMAND_RESET,         {'X'},                   IN_OVERVIEW | IN_RESULT,      "X",       "reset",    "CHANGE",
     "roll everything back, then apply everything again", .changes = true},
    {COMMAND_YES,           {'y'},                   IN_PLAN | IN_ASK,             "y",       "yes",      NULL, NULL},
    {COMMAND_STOP,          {KEYS_ESCAPE},           IN_RUN,                       "Esc",     "stop",     NULL, NULL},

    {COMMAND_CHECKS,        {'r'},                   READS,                        "r",       "checks",   "DO",
     "run the readiness checks now"},
    {COMMAND_REFRESH,       {'R'},                   READS,                        "R",       "refresh",  "DO",
     "read pools and database again now"},
    {COMMAND_LOG,           {'l'},                   IN_OVERVIEW | IN_RESULT,      "l",       "",         "DO",
     "what has happened since the console was opened"},
    {COMMAND_THEME,         {'t'},                   READS | IN_RUN,               "t",       "",         "DO",
     "the next theme"},
    {COMMAND_REDRAW,        {KEYS_REDRAW},           ANYWHERE,                     "^L",      "",         "DO",
     "draw the whole screen again"},
    {COMMAND_SUSPEND,       {KEYS_SUSPEND},          ANYWHERE,                     "^Z",      "",         "DO",
     "suspend; fg comes back"},
    {COMMAND_INTERRUPT,     {KEYS_INTERRUPT},        ANYWHERE,                     "^C",      "",         "DO",
     "as q; while something runs it asks whether to stop it"},
    {COMMAND_QUIT,          {'q'},                   READS | IN_PLAN | IN_RUN,     "q",       "quit",     "DO",
     "quit; asks while something runs"},
};
/* clang-format on */

const struct key_row *keys_rows(size_t *out_count)
{
    *out_count = sizeof rows / sizeof *rows;
    return rows;
}

static bool has_key(const struct key_row *row, uint32_t key)
{
    for (size_t i = 0; i < sizeof row->keys / sizeof *row->keys && row->keys[i] != 0; i++)
        if (row->keys[i] == key)
            return true;
    return false;
}

enum command keys_find(enum context context, uint32_t key)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((rows[i].contexts & context) != 0 && has_key(&rows[i], key))
            return rows[i].command;
    return COMMAND_NONE;
}

const struct key_row *keys_row(enum command command)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].command == command)
            return &rows[i];
    return &rows[0];
}
