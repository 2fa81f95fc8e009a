package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

type gorilla struct {
	*websocket.Conn
	answer *http.Response
	pong   string
}

func openGorilla(url string, headers map[string]string, protocols []string, deflate bool) (connection, error) {
	header := http.Header{}
	for name, value := range headers {
		header.Set(name, value)
	}
	dialer := websocket.Dialer{Subprotocols: protocols, EnableCompression: deflate}
	conn, answer, err := dialer.Dial(url, header)
	if err != nil {
		if answer != nil && answer.StatusCode != 101 {
			return nil, refused{answer.StatusCode}
		}
		return nil, err
	}
	c := &gorilla{Conn: conn, answer: answer}
	conn.SetPongHandler(func(payload string) error { c.pong = payload; return nil })
	return c, nil
}

func (c *gorilla) protocol() string   { return c.Subprotocol() }
func (c *gorilla) extensions() string { return c.answer.Header.Get("Sec-WebSocket-Extensions") }

func (c *gorilla) send(binary bool, payload []byte) error {
	if binary {
		return c.WriteMessage(websocket.BinaryMessage, payload)
	}
	return c.WriteMessage(websocket.TextMessage, payload)
}

func (c *gorilla) receive() ([]byte, error) {
	_, payload, err := c.ReadMessage()
	var end *websocket.CloseError
	if errors.As(err, &end) {
		return nil, closed{end.Code, end.Text}
	}
	return payload, err
}

// The writer sends a frame whenever its buffer of 4 KiB is full: blanks between the parts of the JSON fill it.
func (c *gorilla) fragments(texts []string) error {
	writer, err := c.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	message := texts[0] + texts[1] + texts[2]
	fmt.Fprintf(writer, "%s%9000s%s", message[:1], "", message[1:])
	return writer.Close()
}

// Pongs are seen by whoever reads: a message behind the ping makes it read.
func (c *gorilla) ping(payload string) error {
	if err := c.WriteControl(websocket.PingMessage, []byte(payload), time.Now().Add(time.Second)); err != nil {
		return err
	}
	if err := said(c, text); err != nil {
		return err
	}
	return same(c.pong, payload)
}

func (c *gorilla) close(code int, reason string) (int, error) {
	message := websocket.FormatCloseMessage(code, reason)
	if err := c.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second)); err != nil {
		return 0, err
	}
	_, err := c.receive()
	var end closed
	if !errors.As(err, &end) {
		return 0, err
	}
	return end.code, c.Close()
}
