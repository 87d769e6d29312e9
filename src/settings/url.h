/*
 * url.h - what the drivers need of a database URL beyond headgate/settings.h: its secrets.
 *
 * A URL never reaches libpq as text: libpq repeats it, password included, in its errors. What is in
 * here goes to it as keywords and values.
 */
#ifndef SETTINGS_URL_H
#define SETTINGS_URL_H

#include <headgate/settings.h>

struct secret;

/* The same URL once more, for somebody who keeps it longer; each ends with hg_url_free(). Any
 * thread. */
hg_url *url_share(const hg_url *url);

/* NULL when not given. Borrowed. */
const struct secret *url_password(const hg_url *url);

/* The value of the i-th parameter when its name says that it is a secret, else NULL. Borrowed. */
const struct secret *url_parameter_secret(const hg_url *url, size_t i);

/* Whether a port was written for this host; libpq's default may be another one than 5432. */
bool url_port_given(const hg_url *url, size_t i);

#endif
