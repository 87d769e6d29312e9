/*
 * pooler.h - what a transaction pooler looks like from its client: between it and the server stands
 * a relay that tells a process id of its own at login.
 */
#ifndef SUPPORT_POOLER_H
#define SUPPORT_POOLER_H

/* Starts a relay to the server of support/postgres.h, for one client after the other; returns its
 * port on 127.0.0.1. It speaks no TLS: connect with sslmode=disable. */
int pooler_start(void);

/* Ends it. The client has hung up. */
void pooler_stop(void);

#endif
