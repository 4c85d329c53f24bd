// A server of the comparison `npm run bench -- --peers`: a Raft library for Go with its write-ahead
// log and a map as its state machine, behind the edge of apps/bench/src/load/protocol.ts. What it
// acknowledges is synced on a majority. It takes no snapshots, and the map and its values are in
// memory only.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Of both libraries, and of raftkit in the same comparison: an election timeout is drawn from this
// to twice as much.
const (
	heartbeatInterval = 100 * time.Millisecond
	electionTimeout   = time.Second
)

// consensus is a node of one of the libraries.
type consensus interface {
	// propose answers each write once it is committed and applied, or has failed.
	propose(writes []write)
	status() status
	// close ends the node in order.
	close()
}

type status struct {
	Leads bool `json:"leads"`
	// How often the log was synced since the start.
	Syncs uint64 `json:"syncs"`
}

func main() {
	library := flag.String("library", "", "`name`: etcd or hashicorp")
	id := flag.Int("id", 0, "this node: its place among the peers, from 1 on")
	peers := flag.String("peers", "", "`host:port` of each node's Raft, separated by commas")
	load := flag.String("load", "", "`host:port` on which it takes the load")
	statusAddress := flag.String("status", "", "`host:port` on which it serves /status over HTTP")
	data := flag.String("data", "", "an existing `directory` of this node's own")
	flag.Parse()
	addresses := strings.Split(*peers, ",")
	if *id < 1 || *id > len(addresses) || *data == "" {
		log.Fatal("-id has to be a place among -peers, and -data is needed; -help lists all flags")
	}

	var node consensus
	switch *library {
	case "etcd":
		node = startEtcd(uint64(*id), addresses, *data)
	case "hashicorp":
		node = startHashicorp(*id, addresses, *data)
	default:
		log.Fatalf("-library is etcd or hashicorp, not %q", *library)
	}
	go serveLoad(must(net.Listen("tcp", *load)), node)
	go serveStatus(must(net.Listen("tcp", *statusAddress)), node)

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	node.close()
}

func serveStatus(listener net.Listener, node consensus) {
	http.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// Who asked may be gone.
		_ = json.NewEncoder(w).Encode(node.status())
	})
	check(http.Serve(listener, nil))
}

// check ends the process: a benchmark has nothing to fall back on.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}
