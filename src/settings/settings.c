/*
 * settings.c - one table of settings, read once into one immutable value.
 * The only place that looks at the environment. Must not know what a setting is used for.
 */
#include <headgate/settings.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/near.h"
#include "base/secret.h"
#include "dotenv.h"

extern char **environ;

enum { ENV_FILE_LIMIT = 256 * 1024, VALUE_SHOWN = 60, SECRET_LEAST = 16 };

enum id {
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
    ID_COUNT
};

enum type { TEXT, URL, SECRET, COUNT, SECONDS, SWITCH, CHOICE };

struct row {
    const char *name;
    enum type type;
    const char *by_default;    /* "": none, or computed */
    const char *in_production; /* NULL: the same */
    int64_t least, most;       /* of a COUNT; of SECONDS in milliseconds, -1000 for -1 */
    const char *help;
};

#define DAY_MS (INT64_C(24) * 3600 * 1000)

// clang-format off
static const struct row rows[ID_COUNT] = {
    [ENV]                  = {"ENV", TEXT, "development", NULL, 0, 0,
                              "The environment; \"production\" changes the database, the pool's size and what is asked before a change."},
    [APP_ENV]              = {"APP_ENV", TEXT, "", NULL, 0, 0,
                              "Stands in for ENV when that is not set."},
    [FLASK_ENV]            = {"FLASK_ENV", TEXT, "", NULL, 0, 0,
                              "Stands in for ENV when that and APP_ENV are not set."},
    [DATABASE_URL]         = {"DATABASE_URL", URL, "sqlite:///./instance/app.db", NULL, 0, 0,
                              "The database: sqlite:///path/to/file.db or postgresql://user:password@host:port/name."},
    [DATABASE_URL_PROD]    = {"DATABASE_URL_PROD", URL, "", NULL, 0, 0,
                              "The database in production, where it takes the place of DATABASE_URL."},
    [DB_POOL_SIZE]         = {"DB_POOL_SIZE", COUNT, "5", "10", 1, 200,
                              "Connections that the pool keeps open (10 in production)."},
    [DB_MAX_OVERFLOW]      = {"DB_MAX_OVERFLOW", COUNT, "10", NULL, -1, 1000,
                              "Connections beyond the pool's size that close when they are returned; -1: no limit."},
    [DB_POOL_TIMEOUT]      = {"DB_POOL_TIMEOUT", SECONDS, "30", NULL, 0, DAY_MS,
                              "Seconds that a caller waits for a connection; 0: only what is free at once."},
    [DB_POOL_RECYCLE]      = {"DB_POOL_RECYCLE", SECONDS, "1800", NULL, -1000, 365 * DAY_MS,
                              "Seconds after which a connection is replaced; -1: never."},
    [DB_POOL_PRE_PING]     = {"DB_POOL_PRE_PING", SWITCH, "true", NULL, 0, 0,
                              "Whether a connection is tested before it is handed out."},
    [DB_POOL_RESET_ON_RETURN] = {"DB_POOL_RESET_ON_RETURN", CHOICE, "rollback", NULL, 0, 0,
                              "What is done when a connection is returned: rollback or commit what is open, none, or full (also settings, temporary tables, locks)."},
    [DB_POOL_USE_LIFO]     = {"DB_POOL_USE_LIFO", SWITCH, "true", NULL, 0, 0,
                              "Whether the connection used last is handed out first; false: the one idle longest."},
    [DB_POOL_MIN_IDLE]     = {"DB_POOL_MIN_IDLE", COUNT, "0", NULL, 0, 200,
                              "Connections that are opened before anybody asks, and kept ready."},
    [DB_POOL_IDLE_TIMEOUT] = {"DB_POOL_IDLE_TIMEOUT", SECONDS, "-1", NULL, -1000, 365 * DAY_MS,
                              "Seconds after which an unused connection is closed, down to DB_POOL_MIN_IDLE; -1: never."},
    [DB_POOL_MAX_WAITING]  = {"DB_POOL_MAX_WAITING", COUNT, "0", NULL, 0, 1000000,
                              "Callers that may wait for a connection; more fail at once; 0: no limit."},
    [DB_POOL_ON_DOWN]      = {"DB_POOL_ON_DOWN", CHOICE, "fail", NULL, 0, 0,
                              "What callers do while the database cannot be reached: fail at once, or wait until DB_POOL_TIMEOUT."},
    [DB_POOL_LEAK_AFTER]   = {"DB_POOL_LEAK_AFTER", SECONDS, "0", NULL, 0, 365 * DAY_MS,
                              "Seconds after which it is reported who holds a connection, with the thread's stack; 0: never."},
    [DB_CONNECT_TIMEOUT]   = {"DB_CONNECT_TIMEOUT", SECONDS, "10", NULL, 100, DAY_MS,
                              "Seconds that opening a connection may take."},
    [DB_STATEMENT_TIMEOUT] = {"DB_STATEMENT_TIMEOUT", SECONDS, "0", NULL, 0, 365 * DAY_MS,
                              "Seconds that a statement may run; 0: as the server says."},
    [DB_LOCK_TIMEOUT]      = {"DB_LOCK_TIMEOUT", SECONDS, "5", NULL, 0, 365 * DAY_MS,
                              "Seconds that a statement waits for a lock; 0: as the server says."},
    [DB_MIGRATIONS_DIR]    = {"DB_MIGRATIONS_DIR", TEXT, "migrations", NULL, 0, 0,
                              "The folder of migration files."},
    [DB_SCHEMA_FILE]       = {"DB_SCHEMA_FILE", TEXT, "schema.sql", NULL, 0, 0,
                              "The file of the wanted schema, as SQL."},
    [HEADGATE_CHECKS_DIR]  = {"HEADGATE_CHECKS_DIR", TEXT, "checks", NULL, 0, 0,
                              "The folder of the team's own checks and of the mutes."},
    [HEADGATE_CUTOVER_URL] = {"HEADGATE_CUTOVER_URL", URL, "", NULL, 0, 0,
                              "The PostgreSQL database that a guided cutover moves to."},
    [HEADGATE_READ_ONLY]   = {"HEADGATE_READ_ONLY", SWITCH, "false", NULL, 0, 0,
                              "Opens sessions read-only and refuses every command that changes something."},
    [HEADGATE_RELEASE]     = {"HEADGATE_RELEASE", TEXT, "", NULL, 0, 0,
                              "What the release that is deployed is called, for the history of migrations: a tag, a commit."},
    [HEADGATE_RUNTIME_DIR] = {"HEADGATE_RUNTIME_DIR", TEXT, "", NULL, 0, 0,
                              "The folder, in memory, where pools publish themselves and what files said is remembered; without it /dev/shm/headgate-UID."},
    [HEADGATE_STATE_DIR]   = {"HEADGATE_STATE_DIR", TEXT, "", NULL, 0, 0,
                              "The folder, on disk, for the journals of cutovers; without it /var/lib/headgate for root, else ~/.local/state/headgate."},
    [HEADGATE_TOKEN]       = {"HEADGATE_TOKEN", SECRET, "", NULL, 0, 0,
                              "What a client of headgate serve has to know to see details; at least 16 characters."},
    [HEADGATE_THEME]       = {"HEADGATE_THEME", TEXT, "dark", NULL, 0, 0,
                              "The console's theme: one that headgate theme list names, or a path."},
    [HEADGATE_MOUSE]       = {"HEADGATE_MOUSE", SWITCH, "false", NULL, 0, 0,
                              "Whether the console takes the mouse from the beginning; false: the terminal marks text with it until m is pressed."},
    [NO_COLOR]             = {"NO_COLOR", TEXT, "", NULL, 0, 0,
                              "Any value turns colour off (no-color.org); --color always wins."},
};
// clang-format on

struct value {
    const char *text; /* "" when unset */
    const char *shown;
    const char *source;
    int line, column; /* in the .env file; 0: elsewhere, or not byte by byte */
    bool is_set;
    int64_t number; /* COUNT, SECONDS in milliseconds, SWITCH, CHOICE: which one */
};

struct hg_settings {
    struct arena arena; /* every text */
    struct value values[ID_COUNT];
    bool production;
    hg_url *url;
    const char *env_file; /* "": none was read */
    struct secret *token; /* NULL: not set */
    const char *url_setting;
    const char *theme_dir;
    bool prod_url_missing;
};

/* What loading works with; settings is the only part that stays. */
struct loader {
    const hg_settings_options *options;
    const char *const *environment;
    const char *env_file;
    struct dotenv entries;
    hg_settings *settings;
    hg_error *err;
};

static bool fail_memory(struct loader *l)
{
    return hg_fail(l->err, HG_NOMEM, "could not read the settings: out of memory");
}

/* The environment's value, or NULL. A dotenv_lookup. */
static const char *from_environment(void *context, const char *name)
{
    const struct loader *l = context;
    size_t n = strlen(name);

    for (const char *const *e = l->environment; *e != NULL; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e + n + 1;
    return NULL;
}

static bool read_env_file(struct loader *l)
{
    struct buf text = BUF_INIT(ENV_FILE_LIMIT);
    bool ok;

    l->env_file = l->options->env_file == NULL ? ".env" : l->options->env_file;
    if (l->options->env_file == NULL && !file_exists(l->env_file))
        return true;
    ok = file_read(l->env_file, &text, l->err);
    if (!ok && l->err != NULL && l->err->code == HG_IO) {
        l->err->code = HG_CONFIG; /* a settings file that cannot be read is not understood */
        if (l->options->env_file == NULL)
            hg_error_hint(l->err, "Settings are read from it; name another file with --env-file.");
    }
    ok = ok
         && dotenv_parse(text.bytes, text.size, l->env_file, from_environment, l, &l->entries,
                         l->err);
    explicit_bzero(text.bytes, text.size);
    buf_release(&text);
    return ok;
}

static const char *option_for(const hg_settings_options *o, enum id id)
{
    switch (id) {
    case ENV:
        return o->env;
    case DB_MIGRATIONS_DIR:
        return o->migrations_dir;
    case DB_SCHEMA_FILE:
        return o->schema_file;
    case HEADGATE_READ_ONLY:
        return o->read_only ? "true" : NULL;
    default:
        return NULL;
    }
}

/* A copy without the spaces around it. */
static const char *trimmed(struct arena *arena, const char *text)
{
    size_t n;

    text += strspn(text, " \t\r\n");
    n = strlen(text);
    while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
        n--;
    return arena_text_n(arena, text, n);
}

static bool set_value(struct loader *l, struct value *v, const char *text, const char *source)
{
    v->text = trimmed(&l->settings->arena, text);
    if (v->text == NULL || source == NULL)
        return fail_memory(l);
    v->is_set = v->text[0] != '\0';
    v->source = v->is_set ? source : "default";
    return true;
}

static bool set_from_file(struct loader *l, struct value *v, const struct dotenv_entry *e)
{
    v->line = e->value_line;
    v->column = e->verbatim ? e->value_column : 0;
    return set_value(l, v, e->value,
                     arena_printf(&l->settings->arena, "%s:%d", l->env_file, e->line));
}

/* The first source that has the name wins, also with an empty value, which counts as unset. */
static bool find_value(struct loader *l, enum id id)
{
    struct value *v = &l->settings->values[id];
    const char *option = option_for(l->options, id);
    const char *variable = from_environment(l, rows[id].name);
    const struct dotenv_entry *entry = dotenv_find(&l->entries, rows[id].name);

    *v = (struct value){.text = "", .source = "default"};
    if (option != NULL)
        return set_value(l, v, option, "option");
    if (variable != NULL)
        return set_value(l, v, variable, "environment");
    if (entry != NULL && entry->value != NULL)
        return set_from_file(l, v, entry);
    return true;
}

/* ENV, then APP_ENV, then FLASK_ENV; "Production" is meant as "production". */
static void choose_env(hg_settings *s)
{
    struct value *env = &s->values[ENV];

    if (!env->is_set && s->values[APP_ENV].is_set)
        *env = s->values[APP_ENV];
    else if (!env->is_set && s->values[FLASK_ENV].is_set)
        *env = s->values[FLASK_ENV];
    s->production = strcasecmp(env->text, "production") == 0;
    if (s->production)
        env->text = "production";
}

static void apply_default(hg_settings *s, enum id id)
{
    const struct row *row = &rows[id];
    struct value *v = &s->values[id];

    if (v->is_set)
        return;
    v->text = s->production && row->in_production != NULL ? row->in_production : row->by_default;
}

/* What an error may repeat of a value: a URL that strayed into another setting is not shown. */
static const char *repeatable(const char *text)
{
    return strstr(text, "://") != NULL ? "***" : text;
}

/* Where the value came from, for people and, in a file, as the error's place. */
static bool fault(struct loader *l, enum id id, const char *wanted)
{
    const struct value *v = &l->settings->values[id];
    const char *text = repeatable(v->text);
    const char *source = v->line > 0                        ? ""
                         : strcmp(v->source, "option") == 0 ? " (option)"
                                                            : " (environment)";

    hg_fail(l->err, HG_CONFIG, "%s%s is \"%.*s%s\", which is not %s", rows[id].name, source,
            VALUE_SHOWN, text, strlen(text) > VALUE_SHOWN ? "..." : "", wanted);
    hg_error_hint(l->err, "%s", rows[id].help);
    if (v->line > 0)
        hg_error_place(l->err, l->env_file, v->line, v->column);
    return false;
}

static bool fault_range(struct loader *l, enum id id, const char *kind, int64_t unit)
{
    char wanted[100];

    snprintf(wanted, sizeof wanted, "%s from %lld%s to %lld", kind,
             (long long)(rows[id].least / unit), rows[id].least % unit == 0 ? "" : ".1",
             (long long)(rows[id].most / unit));
    return fault(l, id, wanted);
}

static bool take_count(struct loader *l, enum id id)
{
    struct value *v = &l->settings->values[id];
    size_t sign = v->text[0] == '-' || v->text[0] == '+';
    size_t digits = strspn(v->text + sign, "0123456789");

    v->number = digits <= 9 ? strtoll(v->text, NULL, 10) : INT64_MAX;
    if (digits == 0 || v->text[sign + digits] != '\0' || v->number < rows[id].least
        || v->number > rows[id].most)
        return fault_range(l, id, "a whole number", 1);
    return true;
}

/* Seconds with up to three decimals, read without the locale's decimal point. */
static bool read_ms(const char *text, int64_t *out_ms)
{
    bool negative = text[0] == '-';
    int64_t ms = 0;
    size_t digits, decimals;

    text += negative || text[0] == '+';
    digits = strspn(text, "0123456789");
    if (digits > 9)
        return false;
    for (size_t i = 0; i < digits; i++)
        ms = ms * 10 + (text[i] - '0');
    text += digits;
    text += *text == '.';
    decimals = strspn(text, "0123456789");
    if (digits + decimals == 0 || decimals > 3 || text[decimals] != '\0')
        return false;
    for (size_t i = 0; i < 3; i++)
        ms = ms * 10 + (i < decimals ? text[i] - '0' : 0);
    *out_ms = negative ? -ms : ms;
    return true;
}

static bool take_seconds(struct loader *l, enum id id)
{
    struct value *v = &l->settings->values[id];
    bool never;

    if (!read_ms(v->text, &v->number))
        return fault_range(l, id, "a number of seconds", 1000);
    never = rows[id].least == -1000 && v->number == -1000;
    if ((v->number < 0 && !never) || v->number < rows[id].least || v->number > rows[id].most)
        return fault_range(l, id, "a number of seconds", 1000);
    return true;
}

static bool take_switch(struct loader *l, enum id id)
{
    static const char *const words[] = {"false", "true", "0", "1", "off", "on",
                                        "no",    "yes",  "f", "t", "n",   "y"};
    struct value *v = &l->settings->values[id];

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(v->text, words[i]) == 0) {
            v->number = (int64_t)(i % 2);
            v->text = words[i % 2];
            return true;
        }
    return fault(l, id, "true or false");
}

/* What a choice may be, by its number; NULL behind the last. */
static const char *const *choices_of(enum id id)
{
    static const char *const resets[] = {[HG_RESET_ROLLBACK] = "rollback",
                                         [HG_RESET_COMMIT] = "commit",
                                         [HG_RESET_NONE] = "none",
                                         [HG_RESET_FULL] = "full",
                                         NULL};
    static const char *const on_down[] = {"fail", "wait", NULL};

    return id == DB_POOL_RESET_ON_RETURN ? resets : on_down;
}

static bool take_choice(struct loader *l, enum id id)
{
    const char *const *choices = choices_of(id);
    struct value *v = &l->settings->values[id];
    char wanted[100] = "";
    size_t n = 0;

    for (v->number = 0; choices[v->number] != NULL; v->number++) {
        if (strcasecmp(v->text, choices[v->number]) == 0) {
            v->text = choices[v->number];
            return true;
        }
        n += (size_t)snprintf(wanted + n, sizeof wanted - n, "%s%s", n == 0 ? "one of " : ", ",
                              choices[v->number]);
    }
    return fault(l, id, wanted);
}

static bool take_text(struct loader *l, enum id id)
{
    const char *text = l->settings->values[id].text;

    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return fault(l, id, "text without control characters");
    if (strlen(text) >= PATH_MAX / 2)
        return fault(l, id, "short enough");
    return true;
}

static bool take_secret(struct loader *l, enum id id)
{
    struct value *v = &l->settings->values[id];
    size_t n = strlen(v->text);

    v->shown = n == 0 ? "" : "***";
    if (n == 0)
        return true;
    if (n < SECRET_LEAST) {
        hg_fail(l->err, HG_CONFIG, "%s is shorter than %d characters", rows[id].name, SECRET_LEAST);
        hg_error_hint(l->err, "Make one with: openssl rand -hex 24");
        if (v->line > 0)
            hg_error_place(l->err, l->env_file, v->line, v->column);
        return false;
    }
    l->settings->token = secret_new(v->text, n);
    return l->settings->token != NULL || fail_memory(l);
}

static bool understand(struct loader *l, enum id id)
{
    struct value *v = &l->settings->values[id];

    v->shown = v->text;
    switch (rows[id].type) {
    case COUNT:
        return take_count(l, id);
    case SECONDS:
        return take_seconds(l, id);
    case SWITCH:
        return take_switch(l, id) && (v->shown = v->text, true);
    case CHOICE:
        return take_choice(l, id) && (v->shown = v->text, true);
    case URL:
        return true;
    case SECRET:
        return take_secret(l, id);
    default:
        return take_text(l, id);
    }
}

/* Puts the setting's name, and its place in a file, to what the URL parser said. */
static void place_url_error(struct loader *l, const char *setting, const struct value *v)
{
    int column = l->err == NULL ? 0 : l->err->column;

    hg_error_context(l->err, "%s%s", setting, v == NULL || v->line > 0 ? "" : " (environment)");
    if (v != NULL && v->line > 0)
        hg_error_place(l->err, l->env_file, v->line,
                       v->column > 0 && column > 0 ? v->column + column - 1 : 0);
}

static bool choose_url(struct loader *l)
{
    hg_settings *s = l->settings;
    bool prod = s->production && s->values[DATABASE_URL_PROD].is_set;
    enum id id = l->options->cutover_target ? HEADGATE_CUTOVER_URL
                 : prod                     ? DATABASE_URL_PROD
                                            : DATABASE_URL;
    const struct value *v = l->options->url != NULL ? NULL : &s->values[id];
    bool ok;

    if (v != NULL && id == HEADGATE_CUTOVER_URL && !v->is_set) {
        hg_fail(l->err, HG_CONFIG, "HEADGATE_CUTOVER_URL is not set");
        hg_error_hint(l->err, "It names the PostgreSQL database that the cutover moves to.");
        return false;
    }
    ok = hg_url_parse(v == NULL ? l->options->url : v->text, &s->url, l->err);

    s->prod_url_missing = s->production && !s->values[DATABASE_URL_PROD].is_set && v != NULL;
    s->url_setting = v == NULL ? "--url" : v->is_set ? rows[id].name : "";
    if (!ok && (l->err == NULL || l->err->code == HG_CONFIG))
        place_url_error(l, v == NULL ? "--url" : rows[id].name, v);
    return ok;
}

/* A URL as `config` shows it; one that is not used need not be understood to be hidden. */
static bool show_url(struct loader *l, enum id id)
{
    struct value *v = &l->settings->values[id];
    hg_url *url = NULL;
    hg_error err = {HG_OK};

    if (v->text[0] == '\0')
        return true;
    v->shown = "*** (not a database URL that headgate understands)";
    if (hg_url_parse(v->text, &url, &err))
        v->shown = arena_text(&l->settings->arena, hg_url_redacted(url));
    else if (err.code == HG_CONFIG)
        log_line(LOG_WARN, "settings", "not understood", "setting", rows[id].name, "reason",
                 err.message, NULL);
    hg_url_free(url);
    return (v->shown != NULL && err.code != HG_NOMEM) || fail_memory(l);
}

/*
 * Not the login's runtime folder ($XDG_RUNTIME_DIR): a service and a login of the same user have
 * different ones, and the operator's console would not see the application's pools.
 */
static bool choose_runtime_dir(struct loader *l)
{
    struct value *v = &l->settings->values[HEADGATE_RUNTIME_DIR];

    if (v->is_set)
        return true;
    v->text = arena_printf(&l->settings->arena, "/dev/shm/headgate-%lu", (unsigned long)geteuid());
    v->shown = v->text;
    return v->text != NULL || fail_memory(l);
}

/* Outside of the application's folder, which a deployment replaces. */
static bool choose_state_dir(struct loader *l)
{
    const char *state = from_environment(l, "XDG_STATE_HOME");
    const char *home = from_environment(l, "HOME");
    struct value *v = &l->settings->values[HEADGATE_STATE_DIR];
    struct arena *arena = &l->settings->arena;

    if (v->is_set)
        return true;
    if (geteuid() == 0 || home == NULL || home[0] != '/')
        v->text = "/var/lib/headgate";
    else if (state != NULL && state[0] == '/')
        v->text = arena_printf(arena, "%s/headgate", state);
    else
        v->text = arena_printf(arena, "%s/.local/state/headgate", home);
    v->shown = v->text;
    return v->text != NULL || fail_memory(l);
}

static bool keep_env_file(struct loader *l)
{
    hg_settings *s = l->settings;

    s->env_file = file_exists(l->env_file) ? arena_text(&s->arena, l->env_file) : "";
    return s->env_file != NULL || fail_memory(l);
}

/* The XDG base directory specification: a relative path counts as not set. */
static bool choose_theme_dir(struct loader *l)
{
    const char *config = from_environment(l, "XDG_CONFIG_HOME");
    const char *home = from_environment(l, "HOME");
    struct arena *arena = &l->settings->arena;

    l->settings->theme_dir = "";
    if (config != NULL && config[0] == '/')
        l->settings->theme_dir = arena_printf(arena, "%s/headgate/themes", config);
    else if (home != NULL && home[0] == '/')
        l->settings->theme_dir = arena_printf(arena, "%s/.config/headgate/themes", home);
    return l->settings->theme_dir != NULL || fail_memory(l);
}

static const struct row *known(const char *name)
{
    for (size_t i = 0; i < ID_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* The setting that a name of one of our families was probably meant for, or ID_COUNT. */
static enum id meant(const hg_settings *s, const char *name, size_t distance)
{
    for (size_t i = DATABASE_URL; i < ID_COUNT; i++)
        if (!s->values[i].is_set && near_distance(rows[i].name, name) <= distance)
            return (enum id)i;
    return ID_COUNT;
}

static bool fail_unknown(struct loader *l, const struct dotenv_entry *e, enum id near)
{
    hg_fail(l->err, HG_CONFIG, "\"%s\" is not a setting", e->name);
    if (near != ID_COUNT)
        hg_error_hint(l->err, "Did you mean %s?", rows[near].name);
    hg_error_hint(l->err, "`headgate config` lists the settings; names with HEADGATE_ in front "
                          "are its own.");
    hg_error_place(l->err, l->env_file, e->line, 1);
    return false;
}

/*
 * A mistyped name must not end in a silent default, yet a .env file is shared with an application
 * that has names of its own. So HEADGATE_... is ours alone and must be known; DB_... and
 * DATABASE_... one slip away from a setting that nobody set is refused, two slips away is logged;
 * beside a setting that is set, it is the application's business.
 */
static bool check_name(struct loader *l, const struct dotenv_entry *e)
{
    bool ours = strncmp(e->name, "HEADGATE_", 9) == 0;
    bool shared = strncmp(e->name, "DB_", 3) == 0 || strncmp(e->name, "DATABASE", 8) == 0;
    enum id near;

    if (known(e->name) != NULL || (!ours && !shared))
        return true;
    near = meant(l->settings, e->name, ours ? 4 : 1);
    if (ours || near != ID_COUNT)
        return fail_unknown(l, e, near);
    near = meant(l->settings, e->name, 2);
    if (near != ID_COUNT)
        log_line(LOG_WARN, "settings", "a name that is close to a setting", "name", e->name,
                 "setting", rows[near].name, NULL);
    return true;
}

static bool load(struct loader *l)
{
    const struct dotenv_entry *e;
    bool ok = read_env_file(l);

    for (enum id id = 0; ok && id < ID_COUNT; id++)
        ok = find_value(l, id);
    if (!ok)
        return false;
    choose_env(l->settings);
    for (enum id id = 0; ok && id < ID_COUNT; id++) {
        apply_default(l->settings, id);
        ok = understand(l, id);
    }
    for (e = l->entries.items; ok && e < l->entries.items + l->entries.count; e++)
        ok = check_name(l, e);
    return ok && choose_url(l) && show_url(l, DATABASE_URL) && show_url(l, DATABASE_URL_PROD)
           && show_url(l, HEADGATE_CUTOVER_URL) && choose_runtime_dir(l) && choose_state_dir(l)
           && choose_theme_dir(l) && keep_env_file(l);
}

/* The texts of URLs have passwords in them and are not needed once they are parsed; nor is that of
 * the token. */
static void forget_secrets(hg_settings *s)
{
    for (size_t i = 0; i < ID_COUNT; i++)
        if ((rows[i].type == URL || rows[i].type == SECRET) && s->values[i].is_set) {
            explicit_bzero((char *)s->values[i].text, strlen(s->values[i].text));
            s->values[i].text = "";
        }
}

bool hg_settings_load(const hg_settings_options *options, hg_settings **out_settings, hg_error *err)
{
    static const hg_settings_options none;
    struct loader l = {.options = options == NULL ? &none : options,
                       .entries = DOTENV_INIT,
                       .settings = alloc_zero(1, sizeof(hg_settings)),
                       .err = err};
    bool ok;

    l.environment = l.options->environ != NULL ? l.options->environ : (const char *const *)environ;
    ok = l.settings == NULL ? fail_memory(&l) : load(&l);
    dotenv_release(&l.entries);
    if (l.settings != NULL)
        forget_secrets(l.settings);
    if (ok)
        *out_settings = l.settings;
    else
        hg_settings_free(l.settings);
    return ok;
}

void hg_settings_free(hg_settings *s)
{
    if (s == NULL)
        return;
    hg_url_free(s->url);
    secret_free(s->token);
    arena_release(&s->arena);
    alloc_free(s);
}

size_t hg_settings_count(const hg_settings *s)
{
    (void)s;
    return ID_COUNT;
}

hg_setting hg_settings_at(const hg_settings *s, size_t i)
{
    const struct value *v = &s->values[i];

    return (hg_setting){rows[i].name, v->shown, v->source, rows[i].help, v->is_set};
}

const char *hg_settings_env(const hg_settings *s)
{
    return s->values[ENV].text;
}

bool hg_settings_production(const hg_settings *s)
{
    return s->production;
}

const hg_url *hg_settings_url(const hg_settings *s)
{
    return s->url;
}

const char *hg_settings_url_setting(const hg_settings *s)
{
    return s->url_setting;
}

bool hg_settings_prod_url_missing(const hg_settings *s)
{
    return s->prod_url_missing;
}

const char *hg_settings_migrations_dir(const hg_settings *s)
{
    return s->values[DB_MIGRATIONS_DIR].text;
}

const char *hg_settings_schema_file(const hg_settings *s)
{
    return s->values[DB_SCHEMA_FILE].text;
}

const char *hg_settings_checks_dir(const hg_settings *s)
{
    return s->values[HEADGATE_CHECKS_DIR].text;
}

const char *hg_settings_state_dir(const hg_settings *s)
{
    return s->values[HEADGATE_STATE_DIR].text;
}

const char *hg_settings_env_file(const hg_settings *s)
{
    return s->env_file;
}

bool hg_settings_token_set(const hg_settings *s)
{
    return s->token != NULL;
}

bool hg_settings_token_is(const hg_settings *s, const char *given, size_t n)
{
    return s->token != NULL && secret_equals(s->token, given, n);
}

bool hg_settings_no_color(const hg_settings *s)
{
    return s->values[NO_COLOR].text[0] != '\0';
}

bool hg_settings_read_only(const hg_settings *s)
{
    return s->values[HEADGATE_READ_ONLY].number != 0;
}

const char *hg_settings_release(const hg_settings *s)
{
    return s->values[HEADGATE_RELEASE].text;
}

const char *hg_settings_theme(const hg_settings *s)
{
    return s->values[HEADGATE_THEME].text;
}

bool hg_settings_mouse(const hg_settings *s)
{
    return s->values[HEADGATE_MOUSE].number != 0;
}

const char *hg_settings_theme_dir(const hg_settings *s)
{
    return s->theme_dir;
}

const char *hg_settings_runtime_dir(const hg_settings *s)
{
    return s->values[HEADGATE_RUNTIME_DIR].text;
}

static int64_t ms_or_never(const struct value *v)
{
    return v->number < 0 ? -1 : v->number;
}

hg_pool_settings hg_settings_pool(const hg_settings *s)
{
    const struct value *v = s->values;

    return (hg_pool_settings){
        .size = (int)v[DB_POOL_SIZE].number,
        .max_overflow = (int)v[DB_MAX_OVERFLOW].number,
        .timeout_ms = v[DB_POOL_TIMEOUT].number,
        .recycle_ms = ms_or_never(&v[DB_POOL_RECYCLE]),
        .pre_ping = v[DB_POOL_PRE_PING].number != 0,
        .reset_on_return = (hg_reset)v[DB_POOL_RESET_ON_RETURN].number,
        .use_fifo = v[DB_POOL_USE_LIFO].number == 0,
        .min_idle = (int)v[DB_POOL_MIN_IDLE].number,
        .idle_timeout_ms = ms_or_never(&v[DB_POOL_IDLE_TIMEOUT]),
        .max_waiting = (int)v[DB_POOL_MAX_WAITING].number,
        .wait_for_server = v[DB_POOL_ON_DOWN].number != 0,
        .leak_after_ms = v[DB_POOL_LEAK_AFTER].number,
        .connect_timeout_ms = v[DB_CONNECT_TIMEOUT].number,
        .statement_timeout_ms = v[DB_STATEMENT_TIMEOUT].number,
        .lock_timeout_ms = v[DB_LOCK_TIMEOUT].number,
    };
}
