/*
 * settings.h - which database, which environment, how large a pool: read once, immutable, each with
 * its origin.
 *
 * Sources, the first that has a value wins: options, real environment variables, the .env file, the
 * default.
 */
#ifndef HEADGATE_SETTINGS_H
#define HEADGATE_SETTINGS_H

#include <headgate/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A parsed database URL. Immutable; any thread. The password is inside, and no function returns it.
 */
typedef struct hg_url hg_url;

/*
 * Parses a database URL (RFC 3986 §3 with SQLAlchemy's and libpq's habits): postgresql://,
 * postgres://, either with +driver, several hosts, Unix sockets, IPv6; sqlite:///relative,
 * sqlite:////absolute, sqlite://, sqlite:///:memory:. Relative SQLite paths stay relative. out_url:
 * on success the caller's until hg_url_free(). err: HG_CONFIG with the column of the fault and
 * never the secret.
 */
HG_API bool hg_url_parse(const char *text, hg_url **out_url, hg_error *err);

/*
 * The URL of a SQLite file by its path, taken byte by byte: "%", "?" and "#" are parts of a name.
 * A relative path stays relative. out_url: the caller's until hg_url_free(). err: HG_CONFIG when
 * the path names no file or is longer than 64 KiB, HG_NOMEM.
 */
HG_API bool hg_url_of_file(const char *path, hg_url **out_url, hg_error *err);
HG_API void hg_url_free(hg_url *url); /* wipes the password */

/*
 * The same server, user, password and parameters with another database: beside the one that is
 * served, as a scratch database is. PostgreSQL only. out_url: the caller's until hg_url_free().
 * err: HG_MISUSE (SQLite), HG_NOMEM.
 */
HG_API bool hg_url_with_database(const hg_url *url, const char *database, hg_url **out_url,
                                 hg_error *err);

/* What a URL says. Texts live as long as it does. */
HG_API hg_driver hg_url_driver(const hg_url *url);
/* The scheme without +driver: "postgresql", "postgres", "sqlite". */
HG_API const char *hg_url_kind(const hg_url *url);
/* The URL as people may see it: password as ***. */
HG_API const char *hg_url_redacted(const hg_url *url);
/* The database's name; SQLite: the file's name without folders, or ":memory:". */
HG_API const char *hg_url_database(const hg_url *url);
/* SQLite: the file, ":memory:" for memory; PostgreSQL: NULL. */
HG_API const char *hg_url_path(const hg_url *url);
HG_API const char *hg_url_user(const hg_url *url); /* NULL when not given */
HG_API bool hg_url_password_set(const hg_url *url);
HG_API size_t hg_url_host_count(const hg_url *url);
/* A name, an address without brackets, or a socket's folder. */
HG_API const char *hg_url_host(const hg_url *url, size_t i);
HG_API int hg_url_port(const hg_url *url, size_t i); /* 5432 when not given */
HG_API size_t hg_url_parameter_count(const hg_url *url);
HG_API const char *hg_url_parameter_name(const hg_url *url, size_t i);
/* *** when the name says that it is a secret. */
HG_API const char *hg_url_parameter_value(const hg_url *url, size_t i);

/* What a command line says over the environment. All texts are borrowed until hg_settings_load()
 * returns; NULL: not given. */
typedef struct hg_settings_options {
    const char *env_file; /* NULL: .env when there is one; a named file must exist */
    const char *env;
    const char *url;
    const char *migrations_dir;
    const char *schema_file;
    bool read_only;
    bool cutover_target; /* the database is the one of HEADGATE_CUTOVER_URL, which must be set */
    const char *const
        *environ; /* NULL: the process's own; else NAME=value texts, NULL-terminated */
} hg_settings_options;

/* All settings. Immutable once loaded; any thread. */
typedef struct hg_settings hg_settings;

/* Reads environment and .env file. out_settings: on success the caller's until hg_settings_free().
 * err: HG_CONFIG with name, file, line. */
HG_API bool hg_settings_load(const hg_settings_options *options, hg_settings **out_settings,
                             hg_error *err);
HG_API void hg_settings_free(hg_settings *settings);

/* One row of `headgate config`. Texts live as long as the settings. */
typedef struct hg_setting {
    const char *name;   /* of the environment variable */
    const char *value;  /* as text, secrets hidden, "" when unset */
    const char *source; /* "default", "environment", ".env:12" (file and line), "option" */
    const char *help;
    bool is_set; /* false: value is the default */
} hg_setting;

HG_API size_t hg_settings_count(const hg_settings *settings);
HG_API hg_setting hg_settings_at(const hg_settings *settings, size_t i);

/* --- single settings; texts live as long as the settings --- */

/* "development", "production", or what was given. */
HG_API const char *hg_settings_env(const hg_settings *settings);
HG_API bool hg_settings_production(const hg_settings *settings);

/* The database that was selected. */
HG_API const hg_url *hg_settings_url(const hg_settings *settings);
/* The name of the setting that selected it, "" for the default. */
HG_API const char *hg_settings_url_setting(const hg_settings *settings);
/* Production without DATABASE_URL_PROD: graceful fallback. */
HG_API bool hg_settings_prod_url_missing(const hg_settings *settings);

HG_API const char *hg_settings_migrations_dir(const hg_settings *settings); /* DB_MIGRATIONS_DIR */
HG_API const char *hg_settings_schema_file(const hg_settings *settings);    /* DB_SCHEMA_FILE */
HG_API const char *hg_settings_checks_dir(const hg_settings *settings); /* HEADGATE_CHECKS_DIR */
HG_API bool hg_settings_read_only(const hg_settings *settings);         /* HEADGATE_READ_ONLY */
HG_API const char *hg_settings_release(const hg_settings *settings);    /* HEADGATE_RELEASE, "" */
HG_API bool hg_settings_no_color(const hg_settings *settings);          /* NO_COLOR has a value */
HG_API bool hg_settings_mouse(const hg_settings *settings);             /* HEADGATE_MOUSE */
HG_API const char *hg_settings_theme(const hg_settings *settings);      /* HEADGATE_THEME */
/* Where the user's own themes are; "": nowhere. */
HG_API const char *hg_settings_theme_dir(const hg_settings *settings);
/* Where pools publish themselves; made on demand. */
HG_API const char *hg_settings_runtime_dir(const hg_settings *settings);
/* Where what must outlive a restart is kept; made on demand. */
HG_API const char *hg_settings_state_dir(const hg_settings *settings);
/* The file that settings were read from; "": none. */
HG_API const char *hg_settings_env_file(const hg_settings *settings);

HG_API bool hg_settings_token_set(const hg_settings *settings); /* HEADGATE_TOKEN */
/* Whether n bytes are the token; how long that takes does not tell how many of them are. */
HG_API bool hg_settings_token_is(const hg_settings *settings, const char *given, size_t n);

/* --- a .env file --- */

/*
 * Gives a variable of a .env file the value that another one of the same file has, so that a
 * program that reads the file goes to another database and no secret passes through anybody's
 * hands. The file as it was is kept as `keep` (mode 0600), beside what is there already from an
 * interrupted call. Again: nothing. Mode and owner of the file stay. Not for two threads or
 * processes at once. err: HG_CONFIG (with place), HG_IO, HG_DISK_FULL, HG_NOMEM.
 */
HG_API bool hg_env_file_point(const char *file, const char *variable, const char *like,
                              const char *keep, hg_error *err);

/* Takes the change back: the file is as it was, to the byte, or, where somebody else has changed it
 * meanwhile, the variable has the value again that it has in `keep`, or is gone. `keep` stays.
 * Without such a file nothing. Same errors. */
HG_API bool hg_env_file_restore(const char *file, const char *variable, const char *like,
                                const char *keep, hg_error *err);

/* Whether both variables of the file have the same value. Same errors. */
HG_API bool hg_env_file_points(const char *file, const char *variable, const char *like,
                               bool *out_same, hg_error *err);

/* --- the pool's numbers --- */

/* What is done to a transaction that is open when its connection is returned. */
typedef enum hg_reset {
    HG_RESET_ROLLBACK,
    HG_RESET_COMMIT,
    HG_RESET_NONE, /* nothing: the next user finds it */
    HG_RESET_FULL  /* rolled back, and the rest of the session made new: settings, prepared
                      statements, temporary tables, locks, channels listened to */
} hg_reset;

/* Numbers of the pool and of a connection; 0 means "no limit" where the help says so. */
typedef struct hg_pool_settings {
    int size;
    int max_overflow; /* -1: no limit */
    int64_t timeout_ms;
    int64_t recycle_ms; /* -1: never */
    bool pre_ping;
    hg_reset reset_on_return;
    bool use_fifo; /* hand out the connection that was idle longest; else the one used last */
    int min_idle;  /* as many as possible of these are kept ready, opened before anybody asks */
    int64_t idle_timeout_ms; /* closes what was idle for so long, down to min_idle; -1: never */
    int max_waiting;         /* more callers fail at once with HG_POOL_FULL; 0: no limit */
    bool wait_for_server;    /* when no connection can be opened, callers wait until their deadline;
                                else they hear why at once */
    int64_t leak_after_ms;   /* reports who holds a connection for longer; 0: nobody. See pool.h */
    int64_t connect_timeout_ms;
    int64_t statement_timeout_ms; /* 0: the server's own */
    int64_t lock_timeout_ms;      /* 0: the server's own; SQLite: busy timeout */
} hg_pool_settings;
HG_API hg_pool_settings hg_settings_pool(const hg_settings *settings);

#ifdef __cplusplus
}
#endif
#endif
