package hl7_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/collect/hl7/tap"
	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// piece is some of what passed, as a tap writes it.
func piece(offset int64, text string) spool.Piece {
	now := time.Now()
	return spool.Piece{
		Conn: 1, Peer: "192.0.2.1", To: "192.0.2.9:2575", Offset: offset, From: now, Until: now, Bytes: []byte(text), Messages: strings.Count(text, "\x0b"),
	}
}

// written is a run with these pieces, each in a block of its own.
func (p *place) written(pieces ...spool.Piece) *spool.Writer {
	p.t.Helper()
	w := spool.NewWriter(spool.Config{Dir: p.spool, Bytes: 1 << 30, Keep: time.Hour})
	for i := range pieces {
		if err := w.Append(pieces[i : i+1]); err != nil {
			p.t.Fatal(err)
		}
	}
	p.t.Cleanup(func() { runtime.KeepAlive(w) }) // and its lock
	return w
}

// killed lets the process of a run die.
func killed(w *spool.Writer) {
	_, _, lock := w.Position()
	lock.Close()
}

// Of a tap that was killed the node takes in what there is, keeps the message that was cut off, and books that something may be missing.
func TestTapKilled(t *testing.T) {
	p := newPlace(t)
	r := p.node("")
	whole := frame(admission("1"))
	w := p.written(piece(0, whole), piece(int64(len(whole)), "\x0bMSH|half"))
	r.Received("tap/192.0.2.1", 1)
	killed(w)
	counts := r.Received("tap/192.0.2.1", 3)
	if counts.Stored != 1 || counts.Quarantined != 1 || counts.Dropped != 1 {
		t.Errorf("got %+v", counts)
	}
	if d := r.Damages(t)[0]; string(d.Bytes) != "MSH|half" || d.Reason != "the tap ended inside a frame" || d.Offset != int64(len(whole))+1 {
		t.Errorf("got %+v", d)
	}
	p.until("the spool is empty", func() bool { return len(p.files()) == 0 })
}

// A torn end, a file that was taken away and one that was too old are losses that the books know.
func TestTapSpoolLosses(t *testing.T) {
	p := newPlace(t)
	r := p.node("")
	r.Stop()
	first, second := frame(admission("1")), frame(admission("2"))
	w := p.written(piece(0, first))
	for _, next := range []string{second, "\x0bx", "\x0by"} { // in files of their own
		if err := w.Tend(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := w.Append([]spool.Piece{piece(int64(len(first)), next)}); err != nil {
			t.Fatal(err)
		}
	}
	killed(w)
	files := p.files()
	if len(files) != 4 {
		t.Fatalf("%d files", len(files))
	}
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	torn, err := os.ReadFile(files[3])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[3], torn[:len(torn)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(files[2], old, old); err != nil {
		t.Fatal(err)
	}
	if err := p.written(piece(0, "")).Tend(time.Now()); err != nil { // a tap that comes later buries it
		t.Fatal(err)
	}
	r = p.node("")
	r.Received("tap/spool", 3)
	for _, st := range r.Intake.Standings() {
		want := map[string]int64{"a file of the tap's spool is missing": 1, "it was in the tap's spool for too long": 1, "the tap's spool is damaged there": 1}
		if diff := cmp.Diff(st.Reasons, want); st.Sender == "tap/spool" && diff != "" {
			t.Error(diff)
		}
	}
}

// A last byte that a sender leaves out holds its message up for a moment, and no longer.
func TestTapSenderWithoutLastByte(t *testing.T) {
	p := newPlace(t)
	r := p.node("")
	p.written(piece(0, strings.TrimSuffix(frame(admission("1")), "\r")))
	if got := r.Received("tap/192.0.2.1", 1); got.Stored != 1 {
		t.Errorf("got %+v", got)
	}
}

// A loss is booked once, also when a node that starts anew reads again what stands around it, for the sake of a message that is not whole yet.
func TestTapLossIsBookedOnce(t *testing.T) {
	p := newPlace(t)
	first := p.node("")
	message := frame(admission("1"))
	other := spool.Piece{Kind: spool.Lost, Conn: 2, Peer: "192.0.2.2", Size: 99, Messages: 4, Why: spool.Disk, From: time.Now(), Until: time.Now()}
	w := p.written(piece(0, message[:9]), other)
	if got := first.Received("tap/192.0.2.2", 4); got.Dropped != 4 {
		t.Errorf("got %+v", got)
	}
	first.Stop()
	second := p.node("")
	if err := w.Append([]spool.Piece{piece(9, message[9:])}); err != nil {
		t.Fatal(err)
	}
	if got := second.Received("tap/192.0.2.1", 1); got.Stored != 1 {
		t.Errorf("got %+v", got)
	}
	for _, st := range second.Intake.Standings() {
		if st.Dropped > 0 {
			t.Errorf("%s: %+v", st.Sender, st.Counts)
		}
	}
}

// A tap whose spool cannot be made passes on all the same.
func TestTapWithoutASpool(t *testing.T) {
	p := newPlace(t)
	address, _ := p.tap(system(t, accepts), func(c *tap.Config) { c.Spool = filepath.Join(p.key, "spool") })
	if err := os.WriteFile(p.key, nil, 0o600); err != nil { // no folder can be made below a file
		t.Fatal(err)
	}
	send(t, address, 0, 3, "")
}
