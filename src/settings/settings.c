/*
 * settings.c - the settings as one immutable value: what was read, for whoever asks.
 * Must not know where a value came from.
 */
#include "settings_parts.h"

#include "base/alloc.h"

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
    return SETTING_COUNT;
}

hg_setting hg_settings_at(const hg_settings *s, size_t i)
{
    const struct setting_value *v = &s->values[i];

    return (hg_setting){setting_rows[i].name, v->shown, v->source, setting_rows[i].help, v->is_set};
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

static int64_t ms_or_never(const struct setting_value *v)
{
    return v->number < 0 ? -1 : v->number;
}

hg_pool_settings hg_settings_pool(const hg_settings *s)
{
    const struct setting_value *v = s->values;

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
