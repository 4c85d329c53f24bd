package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/metrics"
)

const (
	// The most that the library allows, so that no batch is smaller than the load's.
	maxAppendEntries = 1024
	// Eight of the largest batches, as Consul has it: what was just appended is sent from memory.
	cachedEntries = 8 * maxAppendEntries

	transportPool    = 3
	transportTimeout = 10 * time.Second
)

// hashicorpNode is hashicorp/raft with raft-wal, over its own TCP transport.
type hashicorpNode struct {
	raft    *raft.Raft
	wal     *wal.WAL
	metrics *metrics.AtomicCollector
	fsm     *fsm
	pending chan pendingWrite
}

type pendingWrite struct {
	write
	future raft.ApplyFuture
}

func startHashicorp(id int, addresses []string, data string) *hashicorpNode {
	collector := metrics.NewAtomicCollector(wal.MetricDefinitions)
	n := &hashicorpNode{
		wal:     must(wal.Open(data, wal.WithMetricsCollector(collector))),
		metrics: collector,
		fsm:     &fsm{store: store{}},
		pending: make(chan pendingWrite, 4*maxAppendEntries),
	}
	// Heartbeats follow from it: one every tenth of it, or up to twice that.
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(strconv.Itoa(id))
	config.HeartbeatTimeout = electionTimeout
	config.ElectionTimeout = electionTimeout
	config.MaxAppendEntries = maxAppendEntries
	config.BatchApplyCh = true
	config.LogLevel = "WARN"
	// No snapshots.
	config.SnapshotThreshold = 1 << 62

	address := addresses[id-1]
	advertised := must(net.ResolveTCPAddr("tcp", address))
	transport := must(
		raft.NewTCPTransport(address, advertised, transportPool, transportTimeout, os.Stderr))
	log := must(raft.NewLogCache(cachedEntries, n.wal))
	snapshots := raft.NewDiscardSnapshotStore()
	if !must(raft.HasExistingState(log, n.wal, snapshots)) {
		check(raft.BootstrapCluster(config, log, n.wal, snapshots, transport, voters(addresses)))
	}
	n.raft = must(raft.NewRaft(config, n.fsm, log, n.wal, snapshots, transport))
	go n.answerPending()
	return n
}

func voters(addresses []string) raft.Configuration {
	var configuration raft.Configuration
	for i, address := range addresses {
		server := raft.Server{
			ID:      raft.ServerID(strconv.Itoa(i + 1)),
			Address: raft.ServerAddress(address),
		}
		configuration.Servers = append(configuration.Servers, server)
	}
	return configuration
}

// propose waits while the library has a whole batch ahead.
func (n *hashicorpNode) propose(writes []write) {
	for _, w := range writes {
		n.pending <- pendingWrite{w, n.raft.Apply(w.command, 0)}
	}
}

// answerPending answers writes in the order in which they were proposed, and in batches as they were
// applied.
func (n *hashicorpNode) answerPending() {
	var applied []write
	for p := range n.pending {
		err := p.future.Error()
		if err != nil {
			answer([]write{p.write}, statusFailed)
		} else {
			applied = append(applied, p.write)
		}
		// The futures of what is already applied are done, or will be in a moment.
		if err != nil || p.future.Index() >= n.fsm.applied.Load() || len(n.pending) == 0 {
			answer(applied, statusOK)
			applied = applied[:0]
		}
	}
}

func (n *hashicorpNode) status() status {
	counters := n.metrics.Summary().Counters
	return status{
		Leads: n.raft.State() == raft.Leader,
		Syncs: counters["log_appends"] + counters["stable_sets"],
	}
}

func (n *hashicorpNode) close() {
	check(n.raft.Shutdown().Error())
	check(n.wal.Close())
}

// fsm is the state machine as hashicorp/raft calls it.
type fsm struct {
	store store
	// The index of the last command.
	applied atomic.Uint64
}

func (f *fsm) ApplyBatch(logs []*raft.Log) []any {
	var last uint64
	for _, log := range logs {
		if log.Type == raft.LogCommand {
			f.store.apply(log.Data)
			last = log.Index
		}
	}
	if last > 0 {
		f.applied.Store(last)
	}
	return make([]any, len(logs))
}

func (f *fsm) Apply(log *raft.Log) any {
	return f.ApplyBatch([]*raft.Log{log})[0]
}

func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	return nil, fmt.Errorf("there are no snapshots")
}

func (f *fsm) Restore(io.ReadCloser) error {
	return fmt.Errorf("there are no snapshots")
}
