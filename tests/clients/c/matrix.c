#define _GNU_SOURCE
#include "matrix.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "héllo, wörld ✓";

// What a case ends with: nothing, or why it failed.
typedef const char *verdict;
static const verdict passed = NULL;

static verdict failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

static verdict failed(const char *format, ...) {
    static char why[400];
    va_list values;
    va_start(values, format);
    vsnprintf(why, sizeof why, format, values);
    va_end(values);
    return why;
}

static char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *format, ...) {
    char *result;
    va_list values;
    va_start(values, format);
    if (vasprintf(&result, format, values) < 0) abort();
    va_end(values);
    return result;
}

const char *environment(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

void address(char host[64], int *port, char path[64]) {
    if (sscanf(environment("MATRIX_URL"), "ws://%63[^:]:%d%63s", host, port, path) != 3) abort();
}

static char *repeated(const char *piece, int times) {
    char *result = malloc(strlen(piece) * times + 1), *end = result;
    for (*end = 0; times > 0; times--) end = stpcpy(end, piece);
    return result;
}

static void say(connection *c, const char *what) {
    const char *message = format("{\"type\":\"say\",\"text\":\"%s\"}", what);
    client_send(c, message, strlen(message), false);
}

static verdict hears(connection *c, const char *expected) {
    event found = client_receive(c);
    if (found.kind == CLOSED) return failed("closed with %d %s", found.code, found.data);
    if (found.kind == FAILED) return failed("%s", found.data);
    return strcmp(found.data, expected) ? failed("%.150s instead of %.150s", found.data, expected) : passed;
}

static verdict hears_said(connection *c, const char *what) {
    return hears(c, format("{\"type\":\"said\",\"room\":\"lobby\",\"text\":\"%s\"}", what));
}

static verdict said(connection *c, const char *what) {
    say(c, what);
    return hears_said(c, what);
}

// Cases

static connection *open_with(const char *token, bool deflate, int *status) {
    const char *none[] = {NULL};
    return client_open(format("Bearer %s", token), none, deflate, status);
}

static verdict with(verdict (*use)(connection *), bool deflate) {
    int status = 0;
    connection *c = open_with(environment("MATRIX_TOKEN"), deflate, &status);
    if (!c) return failed("it does not connect: %d", status);
    verdict result = use(c);
    if (result == passed) client_close(c, 1000, "");
    return result;
}

static verdict nothing(connection *c) { return (void)c, passed; }
static verdict typed(connection *c) { return said(c, text); }
static verdict long_text(connection *c) { return said(c, repeated("x", 65536)); }

static verdict reply(connection *c) {
    const char *ids[] = {"a", "b"};
    for (int i = 0; i < 2; i++) {
        const char *question = format("{\"type\":\"ask\",\"id\":\"%s\",\"text\":\"%s\"}", ids[i], text);
        client_send(c, question, strlen(question), false);
    }
    for (int i = 0; i < 2; i++) {
        verdict result = hears(c, format("{\"type\":\"answer\",\"id\":\"%s\",\"length\":%zu}", ids[i], strlen(text)));
        if (result != passed) return result;
    }
    return passed;
}

static verdict binary(connection *c) {
    size_t length = 1 << 20;
    char *bytes = malloc(length);
    for (size_t i = 0; i < length; i++) bytes[i] = (char)(i * 7);
    client_send(c, bytes, length, true);
    event found = client_receive(c);
    bool same = found.kind == MESSAGE && found.length == length && !memcmp(bytes, found.data, length);
    return same ? passed : failed("other bytes, %zu of them", found.length);
}

static verdict fragments(connection *c) {
    const char *texts[] = {"{\"type\":", "\"say\",\"text\":\"hé", "llo\"}", NULL};
    client_fragments(c, texts);
    return hears_said(c, "héllo");
}

static verdict ping(connection *c) { return client_ping(c, "are you there") ? said(c, text) : failed("no pong"); }

static verdict heartbeat(connection *c) {
    const char *message = "{\"type\":\"wait\",\"milliseconds\":3000}";
    client_send(c, message, strlen(message), false);
    return hears_said(c, "waited");
}

static verdict closes(connection *c) {
    int code = client_close(c, 4001, "done here");
    return code == 4001 ? passed : failed("%d instead of 4001", code);
}

static verdict closed(connection *c) {
    const char *message = "{\"type\":\"leave\",\"code\":4002,\"reason\":\"enough\"}";
    client_send(c, message, strlen(message), false);
    event end = client_receive(c);
    bool expected = end.kind == CLOSED && end.code == 4002 && !strcmp(end.data, "enough");
    return expected ? passed : failed("%d %.150s instead of 4002 enough", end.code, end.data);
}

static verdict deflate(connection *c) {
    if (!strstr(client_extensions(c), "permessage-deflate")) return failed("not agreed: '%s'", client_extensions(c));
    const char *what = repeated("wörds that repeat ", 1000);
    verdict first = said(c, what);
    return first == passed ? said(c, what) : first;
}

static verdict run_header(void) { return with(nothing, false); }
static verdict run_typed(void) { return with(typed, false); }
static verdict run_reply(void) { return with(reply, false); }
static verdict run_text(void) { return with(long_text, false); }
static verdict run_binary(void) { return with(binary, false); }
static verdict run_fragments(void) { return with(fragments, false); }
static verdict run_ping(void) { return with(ping, false); }
static verdict run_heartbeat(void) { return with(heartbeat, false); }
static verdict run_deflate(void) { return with(deflate, true); }

// These end the connection by themselves.
static verdict alone(verdict (*use)(connection *)) {
    int status = 0;
    connection *c = open_with(environment("MATRIX_TOKEN"), false, &status);
    return c ? use(c) : failed("it does not connect: %d", status);
}

static verdict run_close(void) { return alone(closes); }
static verdict run_closed(void) { return alone(closed); }

static verdict run_subprotocol(void) {
    int status = 0;
    const char *protocols[] = {"bearer", format("bearer.%s", environment("MATRIX_TOKEN")), NULL};
    connection *c = client_open(NULL, protocols, false, &status);
    if (!c) return failed("it does not connect: %d", status);
    if (strcmp(client_protocol(c), "bearer")) return failed("'%s' instead of bearer", client_protocol(c));
    client_close(c, 1000, "");
    return passed;
}

static verdict run_refused(void) {
    int status = 0;
    if (open_with("wrong", false, &status)) return failed("it connected with a wrong token");
    return status == 401 ? passed : failed("%d instead of 401", status);
}

static bool lacks(const char *name) {
    for (const char **lacked = client_lacks; *lacked; lacked++) {
        if (!strcmp(*lacked, name)) return true;
    }
    return false;
}

static void report(const char *name, verdict result) {
    if (result == passed) {
        printf("{\"case\": \"%s\", \"result\": \"pass\"}\n", name);
        return;
    }
    printf("{\"case\": \"%s\", \"result\": \"fail\", \"detail\": \"", name);
    for (; *result; result++) putchar(*result == '"' || *result == '\\' || (unsigned char)*result < ' ' ? '\'' : *result);
    printf("\"}\n");
}

int main(void) {
    static const struct { const char *name; verdict (*run)(void); } cases[] = {
        {"header", run_header}, {"subprotocol", run_subprotocol}, {"typed", run_typed}, {"reply", run_reply},
        {"text", run_text}, {"binary", run_binary}, {"fragments", run_fragments}, {"ping", run_ping},
        {"heartbeat", run_heartbeat}, {"close", run_close}, {"closed", run_closed}, {"refused", run_refused},
        {"deflate", run_deflate},
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (lacks(cases[i].name)) continue;
        alarm(20);  // one that hangs ends the program: what follows is "not reported"
        report(cases[i].name, cases[i].run());
    }
    return 0;
}
