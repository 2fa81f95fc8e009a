// The cases of the matrix for Go's clients: each has a file with an `open`, chosen by the argument.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// A connection of one of the clients.
type connection interface {
	protocol() string
	extensions() string
	send(binary bool, payload []byte) error
	receive() ([]byte, error) // the error is a closed where the server closed
	fragments(texts []string) error
	ping(payload string) error // until the pong is there
	close(code int, reason string) (int, error)
}

type closed struct {
	code   int
	reason string
}

func (end closed) Error() string { return fmt.Sprintf("closed with %d %s", end.code, end.reason) }

type refused struct{ status int }

func (end refused) Error() string { return fmt.Sprintf("refused with %d", end.status) }

type opener func(url string, headers map[string]string, protocols []string, deflate bool) (connection, error)

const text = "héllo, wörld ✓"

var url, token = os.Getenv("MATRIX_URL"), os.Getenv("MATRIX_TOKEN")
var connect opener

func main() {
	connect = map[string]opener{"gorilla": openGorilla, "nhooyr": openNhooyr}[os.Args[1]]
	cases := []struct {
		name string
		run  func() error
	}{
		{"header", with(func(connection) error { return nil })},
		{"subprotocol", subprotocol},
		{"typed", with(func(c connection) error { return said(c, text) })},
		{"reply", with(reply)},
		{"text", with(func(c connection) error { return said(c, strings.Repeat("x", 65536)) })},
		{"binary", with(binary)},
		{"fragments", with(fragments)},
		{"ping", with(ping)},
		{"heartbeat", with(heartbeat)},
		{"close", ownClose},
		{"closed", serversClose},
		{"refused", refusal},
		{"deflate", deflate},
	}
	for _, c := range cases {
		report := map[string]string{"case": c.name, "result": "pass"}
		done := make(chan error, 1)
		go func() { done <- c.run() }()
		select {
		case err := <-done:
			if err != nil {
				report["result"], report["detail"] = "fail", err.Error()
			}
		case <-time.After(20 * time.Second):
			report["result"], report["detail"] = "fail", "nothing within 20 s"
		}
		json.NewEncoder(os.Stdout).Encode(report)
	}
}

func open(token string, deflate bool) (connection, error) {
	return connect(url, map[string]string{"Authorization": "Bearer " + token}, nil, deflate)
}

func with(use func(connection) error) func() error {
	return func() error {
		c, err := open(token, false)
		if err != nil {
			return err
		}
		if err := use(c); err != nil {
			return err
		}
		_, err = c.close(1000, "")
		return err
	}
}

func subprotocol() error {
	c, err := connect(url, nil, []string{"bearer", "bearer." + token}, false)
	if err != nil {
		return err
	}
	return same(c.protocol(), "bearer")
}

func reply(c connection) error {
	for _, id := range []string{"a", "b"} {
		if err := say(c, map[string]any{"type": "ask", "id": id, "text": text}); err != nil {
			return err
		}
	}
	for _, id := range []string{"a", "b"} {
		answer, err := hear(c)
		if err != nil {
			return err
		}
		if err := same(answer, map[string]any{"type": "answer", "id": id, "length": float64(len(text))}); err != nil {
			return err
		}
	}
	return nil
}

func binary(c connection) error {
	sent := make([]byte, 1<<20)
	for i := range sent {
		sent[i] = byte(i * 7)
	}
	if err := c.send(true, sent); err != nil {
		return err
	}
	received, err := c.receive()
	if err == nil && !bytes.Equal(sent, received) {
		err = fmt.Errorf("other bytes, %d of them", len(received))
	}
	return err
}

func fragments(c connection) error {
	message, _ := json.Marshal(map[string]any{"type": "say", "text": text})
	if err := c.fragments([]string{string(message[:5]), string(message[5:20]), string(message[20:])}); err != nil {
		return err
	}
	answer, err := hear(c)
	if err != nil {
		return err
	}
	return same(answer["text"], text)
}

func ping(c connection) error {
	if err := c.ping("are you there"); err != nil {
		return err
	}
	return said(c, text)
}

func heartbeat(c connection) error {
	if err := say(c, map[string]any{"type": "wait", "milliseconds": 3000}); err != nil {
		return err
	}
	answer, err := hear(c)
	if err != nil {
		return err
	}
	return same(answer["text"], "waited")
}

func ownClose() error {
	c, err := open(token, false)
	if err != nil {
		return err
	}
	code, err := c.close(4001, "done here")
	if err != nil {
		return err
	}
	return same(code, 4001)
}

func serversClose() error {
	c, err := open(token, false)
	if err != nil {
		return err
	}
	if err := say(c, map[string]any{"type": "leave", "code": 4002, "reason": "enough"}); err != nil {
		return err
	}
	_, err = c.receive()
	var end closed
	if !errors.As(err, &end) {
		return fmt.Errorf("a Close, not %v", err)
	}
	return same(end, closed{4002, "enough"})
}

func refusal() error {
	_, err := open("wrong", false)
	var end refused
	if !errors.As(err, &end) {
		return fmt.Errorf("a refusal, not %v", err)
	}
	return same(end.status, 401)
}

func deflate() error {
	c, err := open(token, true)
	if err != nil {
		return err
	}
	if !strings.Contains(c.extensions(), "permessage-deflate") {
		return fmt.Errorf("not agreed: %q", c.extensions())
	}
	for range [2]int{} {
		if err := said(c, strings.Repeat("wörds that repeat ", 1000)); err != nil {
			return err
		}
	}
	_, err = c.close(1000, "")
	return err
}

func said(c connection, text string) error {
	if err := say(c, map[string]any{"type": "say", "text": text}); err != nil {
		return err
	}
	answer, err := hear(c)
	if err != nil {
		return err
	}
	return same(answer, map[string]any{"type": "said", "room": "lobby", "text": text})
}

func say(c connection, message map[string]any) error {
	payload, _ := json.Marshal(message)
	return c.send(false, payload)
}

func hear(c connection) (message map[string]any, err error) {
	payload, err := c.receive()
	if err == nil {
		err = json.Unmarshal(payload, &message)
	}
	return
}

func same(found, expected any) error {
	if left, right := fmt.Sprint(found), fmt.Sprint(expected); left != right {
		return fmt.Errorf("%.150s instead of %.150s", left, right)
	}
	return nil
}
