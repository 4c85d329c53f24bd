package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"time"

	"go.etcd.io/raft/v3/raftpb"
)

const redialInterval = 100 * time.Millisecond

// network carries etcd-io/raft's messages, which has no transport of its own: to each peer over a TCP
// connection of this node, as length u32 (little-endian) | raftpb.Message.
type network struct {
	received chan raftpb.Message
	// Peers whose connection was lost, with what was on it.
	unreachable chan uint64
	peers       map[uint64]*outbox
}

func startNetwork(id uint64, addresses []string) *network {
	n := &network{
		received:    make(chan raftpb.Message, 1024),
		unreachable: make(chan uint64, len(addresses)),
		peers:       map[uint64]*outbox{},
	}
	for i, address := range addresses {
		if peer := uint64(i + 1); peer != id {
			n.peers[peer] = newOutbox()
			go n.connect(peer, address)
		}
	}
	go n.accept(must(net.Listen("tcp", addresses[id-1])))
	return n
}

// send writes the messages of one Ready to each peer at once.
func (n *network) send(messages []raftpb.Message) {
	bytesTo := map[uint64][]byte{}
	for i := range messages {
		message := &messages[i]
		to, size := bytesTo[message.To], message.Size()
		to = binary.LittleEndian.AppendUint32(to, uint32(size))
		at := len(to)
		to = append(to, make([]byte, size)...)
		must(message.MarshalTo(to[at:]))
		bytesTo[message.To] = to
	}
	for peer, bytes := range bytesTo {
		n.peers[peer].send(bytes)
	}
}

func (n *network) connect(peer uint64, address string) {
	for ; ; time.Sleep(redialInterval) {
		if conn, err := net.Dial("tcp", address); err == nil {
			n.peers[peer].writeTo(conn)
			conn.Close()
		}
		n.peers[peer].take(nil)
		n.unreachable <- peer
	}
}

func (n *network) accept(listener net.Listener) {
	for {
		go n.receive(must(listener.Accept()))
	}
}

func (n *network) receive(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, chunkBytes)
	var head [4]byte
	for {
		if _, err := io.ReadFull(reader, head[:]); err != nil {
			return
		}
		bytes := make([]byte, binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(reader, bytes); err != nil {
			return
		}
		var message raftpb.Message
		check(message.Unmarshal(bytes))
		n.received <- message
	}
}
