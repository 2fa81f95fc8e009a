package main

import (
	"context"
	"errors"
	"net/http"

	"nhooyr.io/websocket"
)

type nhooyr struct {
	*websocket.Conn
	answer *http.Response
}

func openNhooyr(url string, headers map[string]string, protocols []string, deflate bool) (connection, error) {
	options := websocket.DialOptions{
		HTTPHeader:      http.Header{},
		Subprotocols:    protocols,
		CompressionMode: websocket.CompressionDisabled,
	}
	for name, value := range headers {
		options.HTTPHeader.Set(name, value)
	}
	if deflate {
		options.CompressionMode = websocket.CompressionContextTakeover
	}
	conn, answer, err := websocket.Dial(context.Background(), url, &options)
	if err != nil {
		if answer != nil && answer.StatusCode != 101 {
			return nil, refused{answer.StatusCode}
		}
		return nil, err
	}
	conn.SetReadLimit(2 << 20)
	return &nhooyr{conn, answer}, nil
}

func (c *nhooyr) protocol() string   { return c.Subprotocol() }
func (c *nhooyr) extensions() string { return c.answer.Header.Get("Sec-WebSocket-Extensions") }

func (c *nhooyr) send(binary bool, payload []byte) error {
	kind := websocket.MessageText
	if binary {
		kind = websocket.MessageBinary
	}
	return c.Write(context.Background(), kind, payload)
}

func (c *nhooyr) receive() ([]byte, error) {
	_, payload, err := c.Read(context.Background())
	var end websocket.CloseError
	if errors.As(err, &end) {
		return nil, closed{int(end.Code), end.Reason}
	}
	return payload, err
}

func (c *nhooyr) fragments(texts []string) error {
	writer, err := c.Writer(context.Background(), websocket.MessageText)
	if err != nil {
		return err
	}
	for _, text := range texts {
		if _, err := writer.Write([]byte(text)); err != nil {
			return err
		}
	}
	return writer.Close()
}

// It waits for the pong of bytes that it chose itself, which somebody has to read meanwhile.
func (c *nhooyr) ping(string) error {
	received := make(chan error, 1)
	go func() {
		answer, err := hear(c)
		if err == nil {
			err = same(answer["text"], "waited")
		}
		received <- err
	}()
	if err := c.Ping(context.Background()); err != nil {
		return err
	}
	if err := say(c, map[string]any{"type": "wait", "milliseconds": 0}); err != nil {
		return err
	}
	return <-received
}

// It writes its Close, waits for the server's, and keeps an error where the codes differ.
func (c *nhooyr) close(code int, reason string) (int, error) {
	if err := c.Close(websocket.StatusCode(code), reason); err != nil {
		return 0, err
	}
	return code, nil
}
