// Package spool is where a tap puts copies of what passed, and where the node takes them from.
//
// A spool is a folder. Each process of a tap is a run, with files of its own that are written one after the other and only at
// their end; several runs may share the folder. A file is a list of blocks, and each block is one write. The bodies of blocks are encrypted
// for the node: the tap knows the node's public key (node.pub, which the node puts there) and no other, so neither the
// tap nor a thief of the disk can read what is written already.
//
//	<run>.run           locked for as long as the run lives
//	<run>-<number>.tap  a block with the file's data key, blocks with pieces, a block that closes it
//
// What a reader finds: whole blocks; an end that is not written yet, or torn, which only the run's lock can tell apart; and
// blocks that were changed, which are passed over and counted by their header.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Piece is what passed in one direction of one connection, or what is to be said about it.
type Piece struct {
	Kind     PieceKind
	Back     bool   // from the system that receives to the one that sends
	Conn     uint64 // tells the connections of a run apart; 0 speaks for many, whose losses were added up
	Peer, To string // the system that sends, and the one that receives
	Offset   int64  // in the direction's stream of bytes
	From     time.Time
	Until    time.Time // of a loss
	Bytes    []byte
	Size     int64 // bytes lost
	Messages int   // that began in them
	Why      Why
}

// PieceKind tells what a piece is.
type PieceKind uint8

// The kinds of pieces.
const (
	Data PieceKind = iota // bytes; none when the connection begins
	Lost                  // bytes that passed and were not kept
	End                   // nothing more comes in this direction
)

// Why says why bytes were not kept.
type Why uint8

// Reasons for a loss.
const (
	Unknown Why = iota
	Buffer      // the tap's memory for copies was full: the disk is too slow
	Disk        // the disk did not take them
	Bound       // the spool holds as much as it may
	NoKey       // no node has ever put its key into the spool
	Old         // they lay in the spool for longer than they may
)

// String is the reason as the books of a sender have it.
func (w Why) String() string {
	switch w {
	case Buffer:
		return "the tap's buffer was full"
	case Disk:
		return "the spool's disk did not take it"
	case Bound:
		return "the tap's spool was full"
	case NoKey:
		return "the tap's spool had no key of the node"
	case Old:
		return "it was in the tap's spool for too long"
	}
	return "lost on the way from the tap"
}

// Run is one process of a tap, as its files show it.
type Run struct {
	ID    string
	Files []uint32 // that are there, in order
	Over  bool     // it writes no more
}

const (
	runEnding  = ".run"
	fileEnding = ".tap"
	publicName = "node.pub"
)

func fileName(run string, number uint32) string {
	return fmt.Sprintf("%s-%08x%s", run, number, fileEnding)
}

// parseName is the reverse of fileName.
func parseName(name string) (run string, number uint32, ok bool) {
	name, ok = strings.CutSuffix(name, fileEnding)
	run, digits, both := strings.Cut(name, "-")
	n, err := strconv.ParseUint(digits, 16, 32)
	return run, uint32(n), ok && both && err == nil && fileName(run, uint32(n)) == name+fileEnding
}

// List lists the runs of a spool, the oldest first. All that a run that is Over has written is among its Files.
func List(dir string) ([]Run, error) {
	before, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	runs := map[string]*Run{}
	for _, e := range before {
		id, isRun := strings.CutSuffix(e.Name(), runEnding)
		if file, _, ok := parseName(e.Name()); ok {
			id, isRun = file, true
		}
		if isRun && runs[id] == nil {
			over, err := over(filepath.Join(dir, id+runEnding))
			if err != nil {
				return nil, err
			}
			runs[id] = &Run{ID: id, Over: over}
		}
	}
	after, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	for _, e := range after {
		if id, number, ok := parseName(e.Name()); ok && runs[id] != nil {
			runs[id].Files = append(runs[id].Files, number)
		}
	}
	var list []Run
	for _, r := range runs {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Run) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

// openRegular opens a file of a folder into which another user writes: what is no file there could hold up whoever opens it.
func openRegular(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file: no tap has made it, so find out who did", path)
	}
	return os.Open(path)
}

// Remove removes a file that was read, or the mark of a run when all its files are gone.
func Remove(dir, run string, number uint32) error {
	return gone(os.Remove(filepath.Join(dir, fileName(run, number))))
}

// RemoveRun removes the mark of a run that is over and has no files any more.
func RemoveRun(dir, run string) error { return gone(os.Remove(filepath.Join(dir, run+runEnding))) }

func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
