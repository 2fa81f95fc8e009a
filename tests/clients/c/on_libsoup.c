#include <libsoup/soup.h>
#include <string.h>

#include "matrix.h"

const char *client_lacks[] = {"fragments", "ping", NULL};

struct connection {
    SoupMessage *handshake;
    SoupWebsocketConnection *socket;
    bool answered;
    GQueue inbox;  // of events
};

static void arrive(connection *c, event what) { g_queue_push_tail(&c->inbox, g_memdup2(&what, sizeof what)); }

static void on_message(SoupWebsocketConnection *socket, int kind, GBytes *message, connection *c) {
    (void)socket, (void)kind;
    gsize length;
    const char *data = g_bytes_get_data(message, &length);
    char *copy = g_malloc0(length + 1);
    memcpy(copy, data, length);
    arrive(c, (event){MESSAGE, copy, length, 0});
}

static void on_closed(SoupWebsocketConnection *socket, connection *c) {
    const char *reason = soup_websocket_connection_get_close_data(socket);
    arrive(c, (event){CLOSED, g_strdup(reason ? reason : ""), 0, soup_websocket_connection_get_close_code(socket)});
}

static void on_answer(GObject *session, GAsyncResult *result, gpointer user) {
    connection *c = user;
    c->socket = soup_session_websocket_connect_finish(SOUP_SESSION(session), result, NULL);
    c->answered = true;
}

connection *client_open(const char *authorization, const char **protocols, bool deflate, int *status) {
    connection *c = g_new0(connection, 1);
    SoupSession *session = soup_session_new();
    if (deflate) soup_session_add_feature_by_type(session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
    c->handshake = soup_message_new("GET", environment("MATRIX_URL"));
    if (authorization) {
        soup_message_headers_append(soup_message_get_request_headers(c->handshake), "Authorization", authorization);
    }
    char **offered = *protocols ? (char **)protocols : NULL;
    soup_session_websocket_connect_async(session, c->handshake, NULL, offered, G_PRIORITY_DEFAULT, NULL, on_answer, c);
    while (!c->answered) g_main_context_iteration(NULL, true);
    *status = soup_message_get_status(c->handshake);
    if (!c->socket) return NULL;
    soup_websocket_connection_set_keepalive_interval(c->socket, 1);
    soup_websocket_connection_set_max_incoming_payload_size(c->socket, 2 << 20);
    g_signal_connect(c->socket, "message", G_CALLBACK(on_message), c);
    g_signal_connect(c->socket, "closed", G_CALLBACK(on_closed), c);
    return c;
}

const char *client_protocol(connection *c) {
    const char *protocol = soup_websocket_connection_get_protocol(c->socket);
    return protocol ? protocol : "";
}

const char *client_extensions(connection *c) {
    SoupMessageHeaders *headers = soup_message_get_response_headers(c->handshake);
    const char *extensions = soup_message_headers_get_one(headers, "Sec-WebSocket-Extensions");
    return extensions ? extensions : "";
}

void client_send(connection *c, const char *payload, size_t length, bool binary) {
    if (binary) soup_websocket_connection_send_binary(c->socket, payload, length);
    else soup_websocket_connection_send_text(c->socket, payload);
}

event client_receive(connection *c) {
    while (g_queue_is_empty(&c->inbox)) g_main_context_iteration(NULL, true);
    return *(event *)g_queue_pop_head(&c->inbox);
}

int client_close(connection *c, int code, const char *reason) {
    soup_websocket_connection_close(c->socket, code, reason);
    return client_receive(c).code;
}

void client_fragments(connection *c, const char **texts) { (void)c, (void)texts; }
bool client_ping(connection *c, const char *payload) { return (void)c, (void)payload, false; }
