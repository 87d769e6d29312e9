/*
 * json.h - results as the JSON documents of the command-line contract. Pure.
 *
 * Each function appends one document with a line end. Names are snake_case, times RFC 3339 in UTC,
 * durations end in _ms; every document has "headgate": version. false: memory ran out. Bytes that
 * are not UTF-8 appear as U+FFFD.
 */
#ifndef OPS_JSON_H
#define OPS_JSON_H

#include <headgate/headgate.h>

struct buf;

bool json_error(struct buf *out, const hg_error *error);
bool json_config(struct buf *out, const hg_settings *settings);
bool json_ready(struct buf *out, const hg_settings *settings, const hg_readiness *report);
/* What /readiness answers: what anybody may know, with a report all of it. */
bool json_sample(struct buf *out, const hg_settings *settings, const hg_sample *sample,
                 const hg_readiness *report);
bool json_smoke(struct buf *out, const hg_smoke *smoke);
bool json_status(struct buf *out, const hg_settings *settings, const hg_readiness *report,
                 size_t pool_count);
bool json_history(struct buf *out, const hg_history *history);
bool json_pools(struct buf *out, const hg_pool_list *list);

/* What was asked of a pool, and what its process answered. */
bool json_pool_order(struct buf *out, const hg_pool_order *order, const hg_pool_snapshot *pool,
                     const char *answer);

/* headroom: of PostgreSQL; not looked at for SQLite, nor are url, the server that was asked, and
 * the pools of this host. */
bool json_sessions(struct buf *out, const hg_sessions *sessions, const hg_headroom *headroom,
                   const hg_url *url, const hg_pool_list *pools);

/* A session that was cancelled or ended. */
bool json_session_order(struct buf *out, const char *order, const hg_server_session *session);

bool json_plan(struct buf *out, const hg_plan *plan);

/* up, down, reset, stamp and init; error NULL when it went well. */
bool json_run(struct buf *out, const hg_run_result *result, const hg_error *error);

/* Themes by name and file. */
bool json_themes(struct buf *out, const char *const *names, const char *const *files, size_t count);

/* rev: what was written. */
bool json_new_file(struct buf *out, const char *path);

#endif
