/*
 * certificate.h - a self-signed certificate for a test's server.
 */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

/* Writes a new certificate for "localhost" and its key (mode 0600), in PEM. Exits the program when
 * it cannot. */
void certificate_make(const char *certificate_path, const char *key_path);

/* Writes one that expired yesterday, for a key that there is. */
void certificate_make_expired(const char *certificate_path, const char *key_path);

#endif
