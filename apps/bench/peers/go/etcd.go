package main

import (
	"encoding/binary"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
)

// As etcd's own server has them.
const (
	maxSizePerMsg   = 1024 * 1024
	maxInflightMsgs = 512
)

// Applied entries that stay in memory, for followers of the next leader; it is more than any is behind
// unless it was away.
const keptEntries = 200_000

// etcdNode is etcd-io/raft with etcd's WAL. One goroutine, run, owns the node, turn by turn: what has
// arrived meanwhile is handled together and costs one sync.
type etcdNode struct {
	id      uint64
	raft    *raft.RawNode
	log     *memoryLog
	wal     *wal.WAL
	network *network
	store   store

	proposals chan []write
	stop      chan struct{}
	stopped   chan struct{}
	leads     atomic.Bool
	syncs     atomic.Uint64

	// The index of the last applied entry.
	applied uint64
	// Proposed by this node as the leader, in the order of their sequences.
	pending []write
	// Sequences given out by this process are unique in the cluster: [firstSequence, nextSequence).
	firstSequence, nextSequence uint64
}

// memoryLog is the log as etcd-io/raft reads it. It starts with the voters.
type memoryLog struct {
	*raft.MemoryStorage
	voters []uint64
}

func (l *memoryLog) InitialState() (raftpb.HardState, raftpb.ConfState, error) {
	state, _, err := l.MemoryStorage.InitialState()
	return state, raftpb.ConfState{Voters: l.voters}, err
}

// Snapshot has none: who was away while a new leader forgot what it needs stays behind.
func (l *memoryLog) Snapshot() (raftpb.Snapshot, error) {
	return raftpb.Snapshot{}, raft.ErrSnapshotTemporarilyUnavailable
}

func startEtcd(id uint64, addresses []string, data string) *etcdNode {
	log := &memoryLog{MemoryStorage: raft.NewMemoryStorage()}
	for i := range addresses {
		log.voters = append(log.voters, uint64(i+1))
	}
	sequence := id<<56 | uint64(time.Now().UnixNano())>>8
	n := &etcdNode{
		id:            id,
		log:           log,
		wal:           openWAL(filepath.Join(data, "wal"), log),
		store:         store{},
		proposals:     make(chan []write, 64),
		stop:          make(chan struct{}),
		stopped:       make(chan struct{}),
		firstSequence: sequence,
		nextSequence:  sequence,
	}
	n.raft = must(raft.NewRawNode(&raft.Config{
		ID:              id,
		ElectionTick:    int(electionTimeout / heartbeatInterval),
		HeartbeatTick:   1,
		Storage:         log,
		MaxSizePerMsg:   maxSizePerMsg,
		MaxInflightMsgs: maxInflightMsgs,
		CheckQuorum:     true,
		PreVote:         true,
		// A proposal is answered by who proposed it, and the load asks the leader.
		DisableProposalForwarding: true,
	}))
	n.network = startNetwork(id, addresses)
	go n.run()
	return n
}

// openWAL creates the WAL, or reads it back into the log.
func openWAL(directory string, log *memoryLog) *wal.WAL {
	if !wal.Exist(directory) {
		return must(wal.Create(nil, directory, nil))
	}
	w := must(wal.Open(nil, directory, walpb.Snapshot{}))
	_, state, entries, err := w.ReadAll()
	check(err)
	check(log.SetHardState(state))
	check(log.Append(entries))
	return w
}

func (n *etcdNode) propose(writes []write) {
	n.proposals <- writes
}

func (n *etcdNode) status() status {
	return status{Leads: n.leads.Load(), Syncs: n.syncs.Load()}
}

func (n *etcdNode) close() {
	close(n.stop)
	<-n.stopped
	check(n.wal.Close())
}

func (n *etcdNode) run() {
	defer close(n.stopped)
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	for {
		var proposed []write
		select {
		case <-n.stop:
			return
		case <-ticker.C:
			n.raft.Tick()
		case id := <-n.network.unreachable:
			n.raft.ReportUnreachable(id)
		case message := <-n.network.received:
			n.step(message)
		case proposed = <-n.proposals:
		}
		for arrived := true; arrived; {
			select {
			case message := <-n.network.received:
				n.step(message)
			case writes := <-n.proposals:
				proposed = append(proposed, writes...)
			default:
				arrived = false
			}
		}
		if len(proposed) > 0 {
			n.proposeAll(proposed)
		}
		for n.raft.HasReady() {
			n.handle(n.raft.Ready())
		}
	}
}

// step hands a peer's message over. Raft may refuse it as it may lose it: an answer from a node that
// isn't a peer any more, for example.
func (n *etcdNode) step(message raftpb.Message) {
	_ = n.raft.Step(message)
}

// proposeAll appends all of a turn's writes by one message.
func (n *etcdNode) proposeAll(writes []write) {
	entries := make([]raftpb.Entry, len(writes))
	for i, w := range writes {
		binary.LittleEndian.PutUint64(w.command, n.nextSequence)
		n.nextSequence++
		entries[i].Data = w.command
	}
	err := n.raft.Step(raftpb.Message{Type: raftpb.MsgProp, From: n.id, Entries: entries})
	if err != nil {
		answer(writes, statusFailed)
		return
	}
	n.pending = append(n.pending, writes...)
}

func (n *etcdNode) handle(ready raft.Ready) {
	leads := n.raft.BasicStatus().RaftState == raft.StateLeader
	n.leads.Store(leads)
	if leads {
		// Followers write at the same time as the leader, which counts itself only once it has
		// synced, in Advance (thesis §10.2.1).
		n.network.send(ready.Messages)
	} else if len(n.pending) > 0 {
		// The next leader may commit them or not.
		answer(n.pending, statusFailed)
		n.pending = nil
	}
	// A majority has synced them, so they don't wait for this node's own disk.
	n.apply(ready.CommittedEntries)
	check(n.wal.Save(ready.HardState, ready.Entries))
	if ready.MustSync {
		n.syncs.Add(1)
	}
	if !raft.IsEmptyHardState(ready.HardState) {
		check(n.log.SetHardState(ready.HardState))
	}
	check(n.log.Append(ready.Entries))
	if !leads {
		// Votes and acknowledgements promise what is on disk.
		n.network.send(ready.Messages)
	}
	n.raft.Advance(ready)
	n.compact(leads)
}

func (n *etcdNode) apply(entries []raftpb.Entry) {
	answered := 0
	for _, entry := range entries {
		n.applied = entry.Index
		if len(entry.Data) == 0 {
			continue // a new leader's first entry
		}
		n.store.apply(entry.Data)
		if n.isNextPending(binary.LittleEndian.Uint64(entry.Data), answered) {
			answered++
		}
	}
	answer(n.pending[:answered], statusOK)
	n.pending = n.pending[answered:]
}

// isNextPending tells whether the sequence is that of the first pending write after those that are
// already answered. They commit in their order while this node leads, and none is left when it doesn't.
func (n *etcdNode) isNextPending(sequence uint64, answered int) bool {
	if sequence < n.firstSequence || sequence >= n.nextSequence || answered == len(n.pending) {
		return false
	}
	return binary.LittleEndian.Uint64(n.pending[answered].command) == sequence
}

// compact forgets applied entries, of a leader those that all followers have, a lot at a time: what
// stays is copied.
func (n *etcdNode) compact(leads bool) {
	first := must(n.log.FirstIndex())
	if n.applied < first+2*keptEntries {
		return
	}
	index := n.applied - keptEntries
	if leads {
		n.raft.WithProgress(func(_ uint64, _ raft.ProgressType, follower tracker.Progress) {
			index = min(index, follower.Match)
		})
	}
	if index >= first+keptEntries {
		check(n.log.Compact(index))
	}
}
