package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
)

// The edge, as apps/bench/src/load/protocol.ts describes it; integers are little-endian:
//
//	request = id u32 | key u32 | length u32 | value[length]   length 0: a read
//	reply   = id u32 | status u32
const (
	statusOK     = 0
	statusFailed = 1

	requestBytes = 12
	// Pipelined requests that are read at once.
	chunkBytes = 256 * 1024
)

// write is a request that waits for its reply.
type write struct {
	from    *outbox
	id      uint32
	command []byte
}

// A command in the log: sequence u64 | key u32 | value. The sequence is for who proposes it, and 0
// until then.
const (
	keyAt   = 8
	valueAt = 12
)

// store is the state machine.
type store map[uint32][]byte

func (s store) apply(command []byte) {
	s[binary.LittleEndian.Uint32(command[keyAt:])] = command[valueAt:]
}

func serveLoad(listener net.Listener, node consensus) {
	for {
		go serveConnection(must(listener.Accept()), node)
	}
}

func serveConnection(conn net.Conn, node consensus) {
	defer conn.Close()
	replies := newOutbox()
	defer replies.close()
	go replies.writeTo(conn)
	requests := bufio.NewReaderSize(conn, chunkBytes)
	for {
		writes, err := readWrites(requests, replies)
		if err != nil {
			return
		}
		if len(writes) > 0 {
			node.propose(writes)
		}
	}
}

// readWrites waits for a request, and takes all that have arrived with it.
func readWrites(requests *bufio.Reader, from *outbox) ([]write, error) {
	var writes []write
	for {
		head, err := requests.Peek(requestBytes)
		if err != nil {
			return nil, err
		}
		id, key := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
		length := int(binary.LittleEndian.Uint32(head[8:]))
		if _, err := requests.Discard(requestBytes); err != nil {
			return nil, err
		}
		if length == 0 {
			// Puts alone are compared.
			answer([]write{{from: from, id: id}}, statusFailed)
		} else {
			command := make([]byte, valueAt+length)
			binary.LittleEndian.PutUint32(command[keyAt:], key)
			if _, err := io.ReadFull(requests, command[valueAt:]); err != nil {
				return nil, err
			}
			writes = append(writes, write{from, id, command})
		}
		if !hasRequest(requests) {
			return writes, nil
		}
	}
}

// hasRequest tells whether a whole request has been read into the buffer.
func hasRequest(requests *bufio.Reader) bool {
	if requests.Buffered() < requestBytes {
		return false
	}
	head, err := requests.Peek(requestBytes)
	return err == nil &&
		requests.Buffered() >= requestBytes+int(binary.LittleEndian.Uint32(head[8:]))
}

// answer sends replies; those to one connection leave together.
func answer(writes []write, status uint32) {
	for begin := 0; begin < len(writes); {
		to := writes[begin].from
		var replies []byte
		for ; begin < len(writes) && writes[begin].from == to; begin++ {
			replies = binary.LittleEndian.AppendUint32(replies, writes[begin].id)
			replies = binary.LittleEndian.AppendUint32(replies, status)
		}
		to.send(replies)
	}
}
