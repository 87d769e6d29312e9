/*
 * certificate.c - a key, a name, a signature.
 */
#include "support/certificate.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { VALID_S = 24 * 3600 };

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "certificate: %s\n", what);
    exit(1);
}

static FILE *create(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    must(file != NULL, path);
    return file;
}

static void add_name(X509 *certificate)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_EXTENSION *hosts = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");

    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
                                    -1, -1, 0)
             && X509_set_issuer_name(certificate, name) && hosts != NULL
             && X509_add_ext(certificate, hosts, -1),
         "name");
    X509_EXTENSION_free(hosts);
}

/* valid_s: from now; negative: it has expired. */
static X509 *sign(EVP_PKEY *key, long valid_s)
{
    X509 *certificate = X509_new();

    must(certificate != NULL && X509_set_version(certificate, X509_VERSION_3)
             && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1)
             && X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * VALID_S) != NULL
             && X509_gmtime_adj(X509_getm_notAfter(certificate), valid_s) != NULL
             && X509_set_pubkey(certificate, key),
         "fields");
    add_name(certificate);
    must(X509_sign(certificate, key, EVP_sha256()) > 0, "signature");
    return certificate;
}

static void write_certificate(const char *path, EVP_PKEY *key, long valid_s)
{
    X509 *certificate = sign(key, valid_s);
    FILE *file = create(path, 0644);

    must(PEM_write_X509(file, certificate), "certificate");
    must(fclose(file) == 0, path);
    X509_free(certificate);
}

void certificate_make(const char *certificate_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = create(key_path, 0600);

    must(key != NULL && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), "key");
    must(fclose(file) == 0, key_path);
    write_certificate(certificate_path, key, 365L * VALID_S);
    EVP_PKEY_free(key);
}

void certificate_make_expired(const char *certificate_path, const char *key_path)
{
    FILE *file = fopen(key_path, "re");
    EVP_PKEY *key;

    must(file != NULL, key_path);
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    must(key != NULL, "key");
    fclose(file);
    write_certificate(certificate_path, key, -VALID_S);
    EVP_PKEY_free(key);
}
