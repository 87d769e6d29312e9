/*
 * keys.c - the key table. The order of the rows is that of the help; the hint line takes them in
 * the same order until the room ends.
 */
#include "keys.h"

enum {
    LISTS_HERE = IN_SCREEN | IN_CUTOVER,
    ELSEWHERE = IN_SCREEN | IN_PAGE | IN_RESULT, /* what has no place in a cutover */
    READS = ELSEWHERE | IN_CUTOVER,
    SCROLLS = READS | IN_PLAN | IN_RUN,
    GOES = READS | IN_RUN,
    CHANGES = ELSEWHERE
};

/* clang-format off */
static const struct key_row rows[] = {
    /* command              keys                     where                         name       hint        group, help */
    {COMMAND_HELP,          {'?'},                   READS | IN_PLAN | IN_RUN,     "?",       "help",     "LOOK",
     "this page"},
    {COMMAND_SCREEN + SCREEN_OVERVIEW, {'1', KEYS_F1}, GOES,                       "1",       "",         "LOOK",
     "Overview: pools, migrations and readiness at a glance"},
    {COMMAND_SCREEN + SCREEN_POOLS, {'2', KEYS_F1 + 1}, GOES,                      "2",       "",         "LOOK",
     "Pools: every pool of this host, and its connections"},
    {COMMAND_SCREEN + SCREEN_SESSIONS, {'3', KEYS_F1 + 2}, GOES,                   "3",       "",         "LOOK",
     "Sessions: who uses the database, and who blocks whom"},
    {COMMAND_SCREEN + SCREEN_MIGRATIONS, {'4', KEYS_F1 + 3}, GOES,                 "4",       "",         "LOOK",
     "Migrations: history, what is pending, and its SQL"},
    {COMMAND_SCREEN + SCREEN_CHECKS, {'5', KEYS_F1 + 4}, GOES,                     "5",       "",         "LOOK",
     "Checks: whether this instance may take traffic, and if not, why"},
    {COMMAND_SCREEN + SCREEN_CUTOVER, {'6', KEYS_F1 + 5}, GOES,                    "6",       "",         "LOOK",
     "Cutover: the guided move to PostgreSQL, step by step"},
    {COMMAND_SCREEN + SCREEN_LOG, {'7', KEYS_F1 + 6}, GOES,                        "7",       "",         "LOOK",
     "Log: what has happened since the console was opened"},
    {COMMAND_NEXT_PANE,     {KEYS_TAB, KEYS_RIGHT, 'l'}, LISTS_HERE,                "Tab",     "pane",     "LOOK",
     "the next pane, as l and Right; S-Tab, h, Left the one before"},
    {COMMAND_PREVIOUS_PANE, {KEYS_BACK_TAB, KEYS_LEFT, 'h'}, LISTS_HERE,            "S-Tab",   "",         NULL, NULL},
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
    {COMMAND_OPEN,          {KEYS_ENTER},            LISTS_HERE,                    "Enter",   "open",     "LOOK",
     "what is known about the selected row", .shy = true},
    {COMMAND_BACK,          {KEYS_ESCAPE, KEYS_ENTER}, IN_PAGE | IN_RESULT,        "Esc",     "back",     "LOOK",
     "back to where you came from; never quits"},
    {COMMAND_BACK,          {KEYS_ESCAPE},           LISTS_HERE,                   "Esc",     "",         NULL, NULL},
    {COMMAND_BACK,          {KEYS_ESCAPE},           IN_PLAN | IN_PROMPT | IN_LINE, "Esc",    "leave",    NULL, NULL},
    {COMMAND_FILTER,        {'/'},                   LISTS_HERE,                    "/",       "filter",   "FIND",
     "only rows with these words, !word without; Esc shows all"},
    {COMMAND_SORT,          {'s'},                   LISTS_HERE,                    "s",       "sort",     "FIND",
     "sort the list by its next column", .shy = true},
    {COMMAND_REVERSE,       {'S'},                   LISTS_HERE,                    "S",       "",         "FIND",
     "sort the other way round"},
    {COMMAND_COPY,          {'y'},                   READS,                        "y",       "copy",     "FIND",
     "copy what matters of the row, or the whole page", .shy = true},
    {COMMAND_SEARCH,        {'/'},                   IN_PAGE | IN_RESULT,          "/",       "search",   "FIND",
     "in a text: go to these words; Esc ends it", .shy = true},
    {COMMAND_MATCH,         {'n'},                   IN_PAGE | IN_RESULT,          "n N",     "next match", "FIND",
     "the next match in a text or row of the last filter, and back", .shy = true},
    {COMMAND_MATCH,         {'n'},                   IN_SCREEN,                    "n",       "",         NULL, NULL},
    {COMMAND_MATCH_BACK,    {'N'},                   ELSEWHERE,                    "N",       "",         NULL, NULL},

    {COMMAND_NEXT,          {'n'},                   IN_CUTOVER,                   "n",       "next",     "CUTOVER",
     "what comes next: begin, answer, try again, go on; asks first"},
    {COMMAND_PAUSE,         {'P'},                   IN_CUTOVER,                   "P",       "pause",    "CUTOVER",
     "wait before the next step; again: go on"},
    {COMMAND_BACK_OUT,      {'B'},                   IN_CUTOVER,                   "B",       "back out", "CUTOVER",
     "take all of it back; asks for the run's name"},
    {COMMAND_REMARK,        {'N'},                   IN_CUTOVER,                   "N",       "remark",   "CUTOVER",
     "write a remark into the journal", .shy = true},
    {COMMAND_LEAVE,         {'d'},                   IN_CUTOVER,                   "d",       "detach",   "CUTOVER",
     "leave this screen; the run goes on, also without any console"},

    {COMMAND_PLAN,          {'p'},                   CHANGES | IN_CUTOVER,         "p",       "plan",     "CHANGE",
     "what apply would do, and what it locks; of a cutover its steps"},
    {COMMAND_APPLY,         {'A'},                   CHANGES,                      "A",       "apply",    "CHANGE",
     "apply what is pending, or up to the selected one", .changes = true},
    {COMMAND_ROLL_BACK,     {'U'},                   CHANGES,                      "U",       "roll back", "CHANGE",
     "roll back the newest migration", .changes = true, .shy = true},
    {COMMAND_RESET,         {'X'},                   CHANGES,                      "X",       "reset",    "CHANGE",
     "roll everything back, then apply everything again", .changes = true, .shy = true},
    {COMMAND_YES,           {'y'},                   IN_PLAN,                      "y",       "yes",      NULL, NULL},
    {COMMAND_WAIT,          {'w', 'n', KEYS_ESCAPE}, IN_ASK | IN_STOP,             "w",       "wait",     NULL, NULL},
    {COMMAND_YES,           {'y'},                   IN_ASK,                       "y",       "yes",      NULL, NULL},
    {COMMAND_DETACH,        {'d'},                   IN_STOP,                      "d",       "detach",   NULL, NULL},
    {COMMAND_CANCEL,        {'c'},                   IN_STOP,                      "c",       "cancel",  NULL, NULL},
    {COMMAND_STOP,          {KEYS_ESCAPE},           IN_RUN,                       "Esc",     "stop",     NULL, NULL},
    {COMMAND_CANCEL_QUERY,  {'C'},                   CHANGES | IN_RUN,             "C",       "cancel its statement", "CHANGE",
     "cancel what the selected session, or in a run the blocker, runs", .shy = true},
    {COMMAND_END_SESSION,   {'K'},                   CHANGES | IN_RUN,             "K",       "end session", "CHANGE",
     "sessions: end the selected one; during a run the one in the way", .shy = true},
    {COMMAND_ARM,           {'W'},                   READS | IN_RUN,               "W",       "arm",      "CHANGE",
     "production: allow changes for ten minutes, or forbid them again", .shy = true},

    {COMMAND_DRIFT,         {'d'},                   ELSEWHERE,                       "d",       "drift",    "DO",
     "compare the database with the schema file, object by object", .shy = true},
    {COMMAND_TRANSFER,      {'c'},                   ELSEWHERE,                       "c",       "copy data", "DO",
     "copy SQLite into PostgreSQL: p checks all, A copies, v compares", .shy = true},
    {COMMAND_COMPARE,       {'v'},                   ELSEWHERE,                       "v",       "verify",   NULL, NULL, .shy = true},
    {COMMAND_ATTACH,        {'a'},                   ELSEWHERE,                       "a",       "attach",   "DO",
     "watch what goes on: a detached run, a copy, another deployer", .shy = true},
    {COMMAND_CHECKS,        {'r'},                   ELSEWHERE,                       "r",       "checks",   "DO",
     "run the checks of readiness now; on their screen all there are"},
    {COMMAND_CHECK_ONE,     {'o'},                   ELSEWHERE,                       "o",       "this check", "DO",
     "checks: run the selected one again", .shy = true},
    {COMMAND_CHECK_FAILED,  {'f'},                   ELSEWHERE,                       "f",       "failed checks", "DO",
     "checks: run those again that did not pass", .shy = true},
    {COMMAND_REFRESH,       {'R'},                   READS,                        "R",       "refresh",  "DO",
     "read everything again now", .shy = true},
    {COMMAND_HOLD,          {' '},                   READS,                        "Space",   "pause",    "DO",
     "read nothing more, until Space is pressed again; R reads once", .shy = true},
    {COMMAND_FASTER,        {'+'},                   READS | IN_RUN,               "+ -",     "",         "DO",
     "refresh more or less often; behind every 10 s comes not at all"},
    {COMMAND_SLOWER,        {'-'},                   READS | IN_RUN,               "-",       "",         NULL, NULL},
    {COMMAND_LINE,          {':'},                   READS | IN_RUN,               ":",       "command",  "DO",
     "type a command, as on the command line; Tab completes"},
    {COMMAND_ZOOM,          {'z'},                   LISTS_HERE,                    "z",       "zoom",     "DO",
     "give the pane the whole screen, or take it back", .shy = true},
    {COMMAND_EXPORT,        {'e'},                   READS,                        "e",       "export",   "DO",
     "write the list or page to a new file: .csv, .json, else text", .shy = true},
    {COMMAND_THEME,         {'t'},                   READS | IN_RUN,               "t",       "",         "DO",
     "the next theme"},
    {COMMAND_MOUSE,         {'m'},                   READS | IN_RUN,               "m",       "",         "DO",
     "take the mouse, or leave it to the terminal to mark text with"},
    {COMMAND_REDRAW,        {KEYS_REDRAW},           ANYWHERE,                     "^L",      "",         "DO",
     "draw the whole screen again"},
    {COMMAND_SUSPEND,       {KEYS_SUSPEND},          ANYWHERE,                     "^Z",      "",         "DO",
     "suspend; fg comes back"},
    {COMMAND_INTERRUPT,     {KEYS_INTERRUPT},        ANYWHERE,                     "^C",      "",         "DO",
     "as q; while something runs it asks: wait, cancel or detach"},
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
