#include <libwebsockets.h>

#include <stdlib.h>
#include <string.h>

#include "matrix.h"

enum { QUEUE = 16 };

// It has the answer to its own Close for itself.
const char *client_lacks[] = {"close", NULL};

struct connection {
    struct lws_context *context;
    struct lws *socket;
    const char *authorization;
    char protocol[64], extensions[256];
    bool opened, ended;
    int status;
    struct { unsigned char *bytes; size_t length; int how; } queue[QUEUE];  // to be written
    int first, behind;
    char *partial;  // of a message that arrives
    size_t length;
    event inbox[QUEUE];
    int taken, arrived;
    char pong[126];
    int close_code;  // 0: not closing
    const char *close_reason;
};

static void arrive(connection *c, event event) { c->inbox[c->arrived++ % QUEUE] = event; }

static void piece(connection *c, struct lws *socket, const char *bytes, size_t length) {
    c->partial = realloc(c->partial, c->length + length + 1);
    memcpy(c->partial + c->length, bytes, length);
    c->length += length;
    c->partial[c->length] = 0;
    if (lws_remaining_packet_payload(socket) || !lws_is_final_fragment(socket)) return;
    arrive(c, (event){MESSAGE, c->partial, c->length, 0});
    c->partial = NULL;
    c->length = 0;
}

static int write_next(connection *c, struct lws *socket) {
    if (c->first == c->behind) {
        if (!c->close_code) return 0;
        lws_close_reason(socket, c->close_code, (unsigned char *)c->close_reason, strlen(c->close_reason));
        return -1;
    }
    int i = c->first++ % QUEUE;
    int written = lws_write(socket, c->queue[i].bytes + LWS_PRE, c->queue[i].length, c->queue[i].how);
    lws_callback_on_writable(socket);
    return written < (int)c->queue[i].length ? -1 : 0;
}

static int happened(struct lws *socket, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
    (void)user;
    connection *c = lws_context_user(lws_get_context(socket));
    switch (reason) {
        case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: {
            unsigned char **at = in, *end = *at + length;
            if (!c->authorization) return 0;
            return lws_add_http_header_by_name(socket, (const unsigned char *)"authorization:",
                (const unsigned char *)c->authorization, strlen(c->authorization), at, end);
        }
        case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
            lws_hdr_copy(socket, c->protocol, sizeof c->protocol, WSI_TOKEN_PROTOCOL);
            lws_hdr_copy(socket, c->extensions, sizeof c->extensions, WSI_TOKEN_EXTENSIONS);
            return 0;
        case LWS_CALLBACK_CLIENT_ESTABLISHED:
            c->opened = true;
            return 0;
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
            c->status = lws_http_client_http_response(socket);
            c->ended = true;
            return 0;
        case LWS_CALLBACK_CLIENT_RECEIVE:
            piece(c, socket, in, length);
            return 0;
        case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
            memcpy(c->pong, in, length);
            return 0;
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: {
            const unsigned char *bytes = in;
            char *why = length > 2 ? strndup((char *)bytes + 2, length - 2) : "";
            arrive(c, (event){CLOSED, why, 0, length >= 2 ? bytes[0] << 8 | bytes[1] : 1005});
            return 0;
        }
        case LWS_CALLBACK_CLIENT_CLOSED:
            c->ended = true;
            return 0;
        case LWS_CALLBACK_CLIENT_WRITEABLE:
            return write_next(c, socket);
        default:
            return 0;
    }
}

connection *client_open(const char *authorization, const char **protocols, bool deflate, int *status) {
    static const struct lws_protocols callbacks[] = {{"matrix", happened, 0, 65536, 0, NULL, 0}, {0}};
    static const struct lws_extension extensions[] = {
        {"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate; client_max_window_bits"}, {0}};
    connection *c = calloc(1, sizeof *c);
    c->authorization = authorization;
    lws_set_log_level(0, NULL);
    struct lws_context_creation_info options = {
        .port = CONTEXT_PORT_NO_LISTEN, .protocols = callbacks, .user = c, .gid = -1, .uid = -1,
        .extensions = deflate ? extensions : NULL};
    c->context = lws_create_context(&options);
    char host[64], path[64], offered[128] = "";
    int port;
    address(host, &port, path);
    for (; *protocols; protocols++) {
        strcat(offered, *offered ? ", " : "");
        strcat(offered, *protocols);
    }
    struct lws_client_connect_info target = {
        .context = c->context, .address = host, .port = port, .path = path, .host = host, .pwsi = &c->socket,
        .protocol = *offered ? offered : NULL, .local_protocol_name = "matrix", .ietf_version_or_minus_one = -1};
    lws_client_connect_via_info(&target);
    while (!c->opened && !c->ended) lws_service(c->context, 0);
    *status = c->status;
    return c->opened ? c : NULL;
}

const char *client_protocol(connection *c) { return c->protocol; }
const char *client_extensions(connection *c) { return c->extensions; }

static void put(connection *c, const char *payload, size_t length, int how) {
    int i = c->behind++ % QUEUE;
    c->queue[i].bytes = malloc(LWS_PRE + length);
    memcpy(c->queue[i].bytes + LWS_PRE, payload, length);
    c->queue[i].length = length;
    c->queue[i].how = how;
    lws_callback_on_writable(c->socket);
}

void client_send(connection *c, const char *payload, size_t length, bool binary) {
    put(c, payload, length, binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
}

event client_receive(connection *c) {
    while (c->taken == c->arrived) {
        if (c->ended) return (event){FAILED, "the connection ended", 0, 0};
        lws_service(c->context, 0);
    }
    return c->inbox[c->taken++ % QUEUE];
}

void client_fragments(connection *c, const char **texts) {
    for (int i = 0; texts[i]; i++) {
        put(c, texts[i], strlen(texts[i]), lws_write_ws_flags(LWS_WRITE_TEXT, i == 0, !texts[i + 1]));
    }
}

bool client_ping(connection *c, const char *payload) {
    put(c, payload, strlen(payload), LWS_WRITE_PING);
    while (!*c->pong && !c->ended) lws_service(c->context, 0);
    return !strcmp(c->pong, payload);
}

int client_close(connection *c, int code, const char *reason) {
    c->close_code = code;
    c->close_reason = reason;
    lws_callback_on_writable(c->socket);
    while (!c->ended) lws_service(c->context, 0);
    return 0;
}
