package main

import (
	"net"
	"sync"
)

// What a connection may be behind before it loses what is sent: it is stuck, and Raft retransmits.
const outboxBytesMax = 64 * 1024 * 1024

// outbox gathers what is sent to one connection. Who sends never waits for the network, and what has
// gathered leaves in one write.
type outbox struct {
	mu     sync.Mutex
	bytes  []byte
	closed bool
	filled chan struct{}
}

func newOutbox() *outbox {
	return &outbox{filled: make(chan struct{}, 1)}
}

// send takes whole messages.
func (o *outbox) send(messages []byte) {
	o.mu.Lock()
	if !o.closed && len(o.bytes)+len(messages) <= outboxBytesMax {
		o.bytes = append(o.bytes, messages...)
	}
	o.mu.Unlock()
	o.wake()
}

func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.wake()
}

func (o *outbox) wake() {
	select {
	case o.filled <- struct{}{}:
	default:
	}
}

// take empties the outbox into `spare`'s place.
func (o *outbox) take(spare []byte) (messages []byte, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	messages, o.bytes = o.bytes, spare[:0]
	return messages, o.closed
}

// writeTo returns when the connection fails or the outbox is closed.
func (o *outbox) writeTo(conn net.Conn) {
	var messages []byte
	var closed bool
	for range o.filled {
		if messages, closed = o.take(messages); closed {
			return
		}
		if _, err := conn.Write(messages); err != nil {
			return
		}
	}
}
