/*
 * settings_parts.h - what settings are made of: for the files that share them and for nobody else.
 *
 *   settings_table.c  the settings there are: a row each
 *   settings_value.c  a text as what its row takes
 *   settings_load.c   where a value comes from: options, environment, .env file, default
 *   settings.c        what was read, for whoever asks
 */
#ifndef SETTINGS_SETTINGS_PARTS_H
#define SETTINGS_SETTINGS_PARTS_H

#include <headgate/settings.h>

#include "base/arena.h"
#include "base/secret.h"

/* --- settings_table.c --- */

/* By the variable's name; the order is that of `headgate config`. */
enum setting {
    ENV,
    APP_ENV,
    FLASK_ENV,
    DATABASE_URL,
    DATABASE_URL_PROD,
    DB_POOL_SIZE,
    DB_MAX_OVERFLOW,
    DB_POOL_TIMEOUT,
    DB_POOL_RECYCLE,
    DB_POOL_PRE_PING,
    DB_POOL_RESET_ON_RETURN,
    DB_POOL_USE_LIFO,
    DB_POOL_MIN_IDLE,
    DB_POOL_IDLE_TIMEOUT,
    DB_POOL_MAX_WAITING,
    DB_POOL_ON_DOWN,
    DB_POOL_LEAK_AFTER,
    DB_CONNECT_TIMEOUT,
    DB_STATEMENT_TIMEOUT,
    DB_LOCK_TIMEOUT,
    DB_MIGRATIONS_DIR,
    DB_SCHEMA_FILE,
    HEADGATE_CHECKS_DIR,
    HEADGATE_CUTOVER_URL,
    HEADGATE_READ_ONLY,
    HEADGATE_RELEASE,
    HEADGATE_RUNTIME_DIR,
    HEADGATE_STATE_DIR,
    HEADGATE_TOKEN,
    HEADGATE_THEME,
    HEADGATE_MOUSE,
    NO_COLOR,
    SETTING_COUNT
};

enum setting_type { TEXT, URL, SECRET, COUNT, SECONDS, SWITCH, CHOICE };

struct setting_row {
    const char *name;
    enum setting_type type;
    const char *by_default;    /* "": none, or computed */
    const char *in_production; /* NULL: the same */
    int64_t least, most;       /* of a COUNT; of SECONDS in milliseconds, -1000 for -1 */
    const char *help;
};

extern const struct setting_row setting_rows[SETTING_COUNT];

/* --- settings_value.c --- */

struct setting_value {
    const char *text; /* "" when unset */
    const char *shown;
    const char *source;
    int line, column; /* in the .env file; 0: elsewhere, or not byte by byte */
    bool is_set;
    int64_t number; /* COUNT, SECONDS in milliseconds, SWITCH, CHOICE: which one */
};

/*
 * Reads the value's text as its setting's type, into `number`; `text` and `shown` become the way it
 * is written, a secret's `shown` what hides it. err: HG_CONFIG, without its place in a file.
 */
bool setting_understand(enum setting id, struct setting_value *v, hg_error *err);

/* --- settings_load.c --- */

struct hg_settings {
    struct arena arena; /* every text */
    struct setting_value values[SETTING_COUNT];
    bool production;
    hg_url *url;
    const char *env_file; /* "": none was read */
    struct secret *token; /* NULL: not set */
    const char *url_setting;
    const char *theme_dir;
    bool prod_url_missing;
};

#endif
