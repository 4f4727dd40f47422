/* A REQ peer that is not ours: plain libnng, unmodified, as the referee of our endpoint.
 *     nng_req URL FILE COUNT [CA CERT KEY NAME [TIMEOUT_MS]]
 * sends FILE's bytes COUNT times, one after the other, and prints each answer in hexadecimal. CERT
 * "-" shows no certificate. Exit 0 when every request was answered; else 1, with nng's word. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/tls.h>

static char file_bytes[65536];

static size_t load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    size_t length = fread(file_bytes, 1, sizeof file_bytes - 1, file);
    fclose(file);
    file_bytes[length] = '\0';
    return length;
}

static _Noreturn void give_up(const char *what, int error) {
    fprintf(stderr, "%s: %s\n", what, nng_strerror(error));
    exit(1);
}

static nng_tls_config *tls_config(char **argv) {
    static char certificate[65536];
    nng_tls_config *config;
    int error = nng_tls_config_alloc(&config, NNG_TLS_MODE_CLIENT);
    if (error == 0) error = nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_REQUIRED);
    if (error == 0) error = nng_tls_config_ca_file(config, argv[4]);
    if (error == 0) error = nng_tls_config_server_name(config, argv[7]);
    if (error != 0) give_up("tls", error);
    if (strcmp(argv[5], "-") == 0) return config;
    load(argv[5]);
    strcpy(certificate, file_bytes);
    load(argv[6]);
    error = nng_tls_config_own_cert(config, certificate, file_bytes, NULL);
    if (error != 0) give_up("own certificate", error);
    return config;
}

static void print_answer(nng_msg *message) {
    const unsigned char *body = nng_msg_body(message);
    printf("answer ");
    for (size_t i = 0; i < nng_msg_len(message); i++) printf("%02x", body[i]);
    printf("\n");
    fflush(stdout);
    nng_msg_free(message);
}

static void ask(nng_socket socket, size_t length) {
    nng_msg *message;
    int error = nng_msg_alloc(&message, 0);
    if (error == 0) error = nng_msg_append(message, file_bytes, length);
    if (error == 0) error = nng_sendmsg(socket, message, 0);
    if (error != 0) give_up("send", error);
    error = nng_recvmsg(socket, &message, 0);
    if (error != 0) give_up("receive", error);
    print_answer(message);
}

int main(int argc, char **argv) {
    nng_socket socket;
    nng_dialer dialer;
    if (argc < 4) return 2;
    int timeout_ms = argc > 8 ? atoi(argv[8]) : 8000;
    int error = nng_req0_open(&socket);
    if (error == 0) error = nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, timeout_ms);
    if (error == 0) error = nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, timeout_ms);
    if (error == 0) error = nng_dialer_create(&dialer, socket, argv[1]);
    if (error != 0) give_up("open", error);
    if (argc > 7) {
        error = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, tls_config(argv));
        if (error != 0) give_up("tls", error);
    }
    error = nng_dialer_start(dialer, 0);
    if (error != 0) give_up("dial", error);
    size_t length = load(argv[2]);
    for (int i = 0; i < atoi(argv[3]); i++) ask(socket, length);
    nng_close(socket);
    return 0;
}
