/*
 * settings_load.c - reads every setting once, from the first source that has it.
 * The only place that looks at the environment. Must not know what a setting is used for.
 */
#include "settings_parts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/near.h"
#include "dotenv.h"

extern char **environ;

enum { ENV_FILE_LIMIT = 256 * 1024 };

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

static const char *option_for(const hg_settings_options *o, enum setting id)
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

static bool set_value(struct loader *l, struct setting_value *v, const char *text,
                      const char *source)
{
    v->text = trimmed(&l->settings->arena, text);
    if (v->text == NULL || source == NULL)
        return fail_memory(l);
    v->is_set = v->text[0] != '\0';
    v->source = v->is_set ? source : "default";
    return true;
}

static bool set_from_file(struct loader *l, struct setting_value *v, const struct dotenv_entry *e)
{
    v->line = e->value_line;
    v->column = e->verbatim ? e->value_column : 0;
    return set_value(l, v, e->value,
                     arena_printf(&l->settings->arena, "%s:%d", l->env_file, e->line));
}

/* The first source that has the name wins, also with an empty value, which counts as unset. */
static bool find_value(struct loader *l, enum setting id)
{
    struct setting_value *v = &l->settings->values[id];
    const char *option = option_for(l->options, id);
    const char *variable = from_environment(l, setting_rows[id].name);
    const struct dotenv_entry *entry = dotenv_find(&l->entries, setting_rows[id].name);

    *v = (struct setting_value){.text = "", .source = "default"};
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
    struct setting_value *env = &s->values[ENV];

    if (!env->is_set && s->values[APP_ENV].is_set)
        *env = s->values[APP_ENV];
    else if (!env->is_set && s->values[FLASK_ENV].is_set)
        *env = s->values[FLASK_ENV];
    s->production = strcasecmp(env->text, "production") == 0;
    if (s->production)
        env->text = "production";
}

static void apply_default(hg_settings *s, enum setting id)
{
    const struct setting_row *row = &setting_rows[id];
    struct setting_value *v = &s->values[id];

    if (v->is_set)
        return;
    v->text = s->production && row->in_production != NULL ? row->in_production : row->by_default;
}

/* No copy of the token's text stays behind: see forget_secrets(). */
static bool keep_token(struct loader *l, const struct setting_value *v)
{
    if (!v->is_set)
        return true;
    l->settings->token = secret_new(v->text, strlen(v->text));
    return l->settings->token != NULL || fail_memory(l);
}

static bool understand(struct loader *l, enum setting id)
{
    struct setting_value *v = &l->settings->values[id];

    if (setting_understand(id, v, l->err))
        return setting_rows[id].type != SECRET || keep_token(l, v);
    if (v->line > 0)
        hg_error_place(l->err, l->env_file, v->line, v->column);
    return false;
}

/* Puts the setting's name, and its place in a file, to what the URL parser said. */
static void place_url_error(struct loader *l, const char *setting, const struct setting_value *v)
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
    enum setting id = l->options->cutover_target ? HEADGATE_CUTOVER_URL
                      : prod                     ? DATABASE_URL_PROD
                                                 : DATABASE_URL;
    const struct setting_value *v = l->options->url != NULL ? NULL : &s->values[id];
    bool ok;

    if (v != NULL && id == HEADGATE_CUTOVER_URL && !v->is_set) {
        hg_fail(l->err, HG_CONFIG, "HEADGATE_CUTOVER_URL is not set");
        hg_error_hint(l->err, "It names the PostgreSQL database that the cutover moves to.");
        return false;
    }
    ok = hg_url_parse(v == NULL ? l->options->url : v->text, &s->url, l->err);

    s->prod_url_missing = s->production && !s->values[DATABASE_URL_PROD].is_set && v != NULL;
    s->url_setting = v == NULL ? "--url" : v->is_set ? setting_rows[id].name : "";
    if (!ok && (l->err == NULL || l->err->code == HG_CONFIG))
        place_url_error(l, v == NULL ? "--url" : setting_rows[id].name, v);
    return ok;
}

/* A URL as `config` shows it; one that is not used need not be understood to be hidden. */
static bool show_url(struct loader *l, enum setting id)
{
    struct setting_value *v = &l->settings->values[id];
    hg_url *url = NULL;
    hg_error err = {HG_OK};

    if (v->text[0] == '\0')
        return true;
    v->shown = "*** (not a database URL that headgate understands)";
    if (hg_url_parse(v->text, &url, &err))
        v->shown = arena_text(&l->settings->arena, hg_url_redacted(url));
    else if (err.code == HG_CONFIG)
        log_line(LOG_WARN, "settings", "not understood", "setting", setting_rows[id].name, "reason",
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
    struct setting_value *v = &l->settings->values[HEADGATE_RUNTIME_DIR];

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
    struct setting_value *v = &l->settings->values[HEADGATE_STATE_DIR];
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

static const struct setting_row *known(const char *name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strcmp(setting_rows[i].name, name) == 0)
            return &setting_rows[i];
    return NULL;
}

/* The setting that a name of one of our families was probably meant for, or SETTING_COUNT. */
static enum setting meant(const hg_settings *s, const char *name, size_t distance)
{
    for (size_t i = DATABASE_URL; i < SETTING_COUNT; i++)
        if (!s->values[i].is_set && near_distance(setting_rows[i].name, name) <= distance)
            return (enum setting)i;
    return SETTING_COUNT;
}

static bool fail_unknown(struct loader *l, const struct dotenv_entry *e, enum setting near)
{
    hg_fail(l->err, HG_CONFIG, "\"%s\" is not a setting", e->name);
    if (near != SETTING_COUNT)
        hg_error_hint(l->err, "Did you mean %s?", setting_rows[near].name);
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
    enum setting near;

    if (known(e->name) != NULL || (!ours && !shared))
        return true;
    near = meant(l->settings, e->name, ours ? 4 : 1);
    if (ours || near != SETTING_COUNT)
        return fail_unknown(l, e, near);
    near = meant(l->settings, e->name, 2);
    if (near != SETTING_COUNT)
        log_line(LOG_WARN, "settings", "a name that is close to a setting", "name", e->name,
                 "setting", setting_rows[near].name, NULL);
    return true;
}

static bool load(struct loader *l)
{
    const struct dotenv_entry *e;
    bool ok = read_env_file(l);

    for (enum setting id = 0; ok && id < SETTING_COUNT; id++)
        ok = find_value(l, id);
    if (!ok)
        return false;
    choose_env(l->settings);
    for (enum setting id = 0; ok && id < SETTING_COUNT; id++) {
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
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if ((setting_rows[i].type == URL || setting_rows[i].type == SECRET)
            && s->values[i].is_set) {
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
