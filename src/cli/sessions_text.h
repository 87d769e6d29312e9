/*
 * sessions_text.h - the database's own view of who uses it, for people. Pure.
 */
#ifndef CLI_SESSIONS_TEXT_H
#define CLI_SESSIONS_TEXT_H

#include <headgate/server.h>

struct buf;

/* What a server's sessions are held against. */
struct sessions_context {
    const hg_url *url; /* of the server */
    const hg_pool_list *pools;
    const hg_headroom *headroom;
};

void sessions_text(struct buf *out, const hg_sessions *sessions,
                   const struct sessions_context *context);

/* "session 4711 of app, headgate/api@web1:700: UPDATE ..." */
void sessions_text_one(struct buf *out, const hg_server_session *session);

#endif
