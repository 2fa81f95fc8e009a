// The cases of the matrix for C's clients. A client is a file that defines what is declared here, linked with matrix.c.
//
// Nothing is freed: a client is gone after its cases.
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct connection connection;

typedef struct {
    enum { MESSAGE, CLOSED, FAILED } kind;
    char *data;      // of a message, a NUL behind it; the reason of a Close; what failed
    size_t length;   // of a message
    int code;        // of a Close
} event;

// Cases that the client has no means for; clients.toml says why. Ends with NULL.
extern const char *client_lacks[];

// `protocols` ends with NULL. Without a connection, `status` is what the server answered, or 0.
connection *client_open(const char *authorization, const char **protocols, bool deflate, int *status);
const char *client_protocol(connection *);
const char *client_extensions(connection *);
void client_send(connection *, const char *payload, size_t length, bool binary);
event client_receive(connection *);
void client_fragments(connection *, const char **texts);     // ends with NULL
bool client_ping(connection *, const char *payload);         // whether its pong came
int client_close(connection *, int code, const char *reason);  // the code of the Close that answers

const char *environment(const char *name);
// `ws://HOST:PORT/PATH` in its parts.
void address(char host[64], int *port, char path[64]);
