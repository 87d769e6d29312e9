/*
 * role.h - what a cell of the screen means. Views name roles, themes say how they look.
 */
#ifndef CONSOLE_ROLE_H
#define CONSOLE_ROLE_H

enum attribute { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_UNDERLINE = 4, ATTR_REVERSE = 8 };

/*
 * One row a role: name in code, name in themes, attributes on a terminal without colour (and under
 * a theme that does not speak of it). No role says anything that the text beside it does not say.
 */
/* clang-format off */
#define ROLE_TABLE(X) \
    X(ROLE_TEXT,              "text",              0) \
    X(ROLE_DIM,               "text.dim",          ATTR_DIM) \
    X(ROLE_VALUE,             "text.value",        ATTR_BOLD) \
    X(ROLE_TITLE,             "title",             ATTR_BOLD) \
    X(ROLE_TITLE_FOCUS,       "title.focus",       ATTR_BOLD | ATTR_UNDERLINE) \
    X(ROLE_BORDER,            "border",            ATTR_DIM) \
    X(ROLE_BORDER_FOCUS,      "border.focus",      0) \
    X(ROLE_BORDER_PROD,       "border.prod",       ATTR_BOLD) \
    X(ROLE_HEAD,              "head",              ATTR_DIM) \
    X(ROLE_KEY,               "key",               ATTR_BOLD) \
    X(ROLE_KEY_HINT,          "key.hint",          0) \
    X(ROLE_SELECT,            "select",            ATTR_REVERSE) \
    X(ROLE_SELECT_UNFOCUSED,  "select.unfocused",  0) \
    X(ROLE_BAR,               "bar",               ATTR_UNDERLINE) \
    X(ROLE_TAB,               "tab",               ATTR_DIM) \
    X(ROLE_TAB_OPEN,          "tab.open",          ATTR_BOLD | ATTR_UNDERLINE) \
    X(ROLE_ENV_DEV,           "env.dev",           ATTR_BOLD) \
    X(ROLE_ENV_OTHER,         "env.other",         ATTR_BOLD) \
    X(ROLE_ENV_PROD,          "env.prod",          ATTR_BOLD | ATTR_REVERSE) \
    X(ROLE_OK,                "ok",                0) \
    X(ROLE_INFO,              "info",              0) \
    X(ROLE_WARN,              "warn",              ATTR_BOLD) \
    X(ROLE_FAIL,              "fail",              ATTR_BOLD | ATTR_REVERSE) \
    X(ROLE_UNKNOWN,           "unknown",           ATTR_DIM) \
    X(ROLE_POOL_USED,         "pool.used",         0) \
    X(ROLE_POOL_OVERFLOW,     "pool.overflow",     ATTR_BOLD) \
    X(ROLE_POOL_IDLE,         "pool.idle",         0) \
    X(ROLE_POOL_FREE,         "pool.free",         ATTR_DIM) \
    X(ROLE_POOL_WAITING,      "pool.waiting",      ATTR_BOLD | ATTR_REVERSE) \
    X(ROLE_CONN_USED,         "conn.used",         0) \
    X(ROLE_CONN_IDLE,         "conn.idle",         ATTR_DIM) \
    X(ROLE_CONN_CHANGING,     "conn.changing",     ATTR_BOLD) \
    X(ROLE_MIG_APPLIED,       "mig.applied",       0) \
    X(ROLE_MIG_PENDING,       "mig.pending",       ATTR_BOLD) \
    X(ROLE_MIG_BROKEN,        "mig.broken",        ATTR_BOLD | ATTR_REVERSE) \
    X(ROLE_STEP_RUN,          "step.run",          ATTR_BOLD) \
    X(ROLE_GAUGE_DONE,        "gauge.done",        0) \
    X(ROLE_GAUGE_TODO,        "gauge.todo",        ATTR_DIM) \
    X(ROLE_SQL,               "sql",               0) \
    X(ROLE_SQL_KEYWORD,       "sql.keyword",       ATTR_BOLD) \
    X(ROLE_SQL_STRING,        "sql.string",        0) \
    X(ROLE_SQL_COMMENT,       "sql.comment",       ATTR_DIM) \
    X(ROLE_DIALOG,            "dialog",            0) \
    X(ROLE_DANGER,            "dialog.danger",     ATTR_BOLD | ATTR_REVERSE) \
    X(ROLE_INPUT,             "input",             ATTR_UNDERLINE) \
    X(ROLE_HIT,               "search.hit",        ATTR_REVERSE)
/* clang-format on */

enum role {
#define ROLE_ENUM(name, theme_name, mono) name,
    ROLE_TABLE(ROLE_ENUM)
#undef ROLE_ENUM
        ROLE_COUNT
};

#endif
