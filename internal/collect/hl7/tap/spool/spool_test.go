package spool_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// place is a spool and the key of the node that reads it.
type place struct {
	t   testing.TB
	dir string
	key *spool.Key
}

func newPlace(t testing.TB) *place {
	t.Helper()
	p := &place{t: t, dir: filepath.Join(t.TempDir(), "spool")}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.key, err = spool.LoadKey(filepath.Join(filepath.Dir(p.dir), "key")); err != nil {
		t.Fatal(err)
	}
	if err := p.key.Publish(p.dir); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) writer(change ...func(*spool.Config)) *spool.Writer {
	p.t.Helper()
	c := spool.Config{Dir: p.dir, Bytes: 1 << 30, Keep: time.Hour}
	for _, f := range change {
		f(&c)
	}
	return spool.NewWriter(c)
}

// read reads all blocks of all runs: of bodies their pieces, of others their kinds.
func (p *place) read() (pieces []spool.Piece, others []spool.Block) {
	p.t.Helper()
	runs, err := spool.List(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, r := range runs {
		for _, n := range r.Files {
			f, err := spool.Open(p.dir, r.ID, n, p.key)
			if err != nil {
				p.t.Fatal(err)
			}
			for at := int64(0); ; {
				b, err := f.Block(at)
				if errors.Is(err, spool.ErrMore) {
					break
				}
				if err != nil || b.Next <= at {
					p.t.Fatalf("a block at %d is followed by one at %d: %v", at, b.Next, err)
				}
				if at = b.Next; b.Kind != spool.Body {
					others = append(others, b)
				}
				pieces = append(pieces, b.Pieces...)
			}
			if err := f.Close(); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	return pieces, others
}

func piece(offset int64, text string) spool.Piece {
	at := time.Date(2026, 3, 1, 10, 20, 30, int(offset), time.UTC)
	return spool.Piece{
		Conn: 7, Back: offset%2 == 1, Peer: "192.0.2.1", To: "192.0.2.9:2575", Offset: offset, From: at, Until: at.Add(time.Second),
		Bytes: []byte(text), Messages: strings.Count(text, "\x0b"),
	}
}

func kinds(blocks []spool.Block) (list []spool.Kind) {
	for _, b := range blocks {
		list = append(list, b.Kind)
	}
	return list
}

// What is written is read as it was, and nothing of it can be read on the disk.
func TestRoundTrip(t *testing.T) {
	p := newPlace(t)
	w := p.writer()
	list := []spool.Piece{
		piece(0, "\x0bMSH|PLAINWORDS\x1c\r"), piece(1, ""), piece(14, strings.Repeat("\x00\xffnoise", 40_000)),
		{Kind: spool.Lost, Conn: 7, Offset: 99, Size: 12345, Messages: 3, Why: spool.Disk, From: time.Unix(1, 0).UTC(), Until: time.Unix(9, 0).UTC(), Bytes: []byte{}},
		{Kind: spool.End, Conn: 7, Back: true, Offset: 13000, From: time.Unix(9, 0).UTC(), Until: time.Unix(9, 0).UTC(), Bytes: []byte{}},
	}
	for _, part := range [][]spool.Piece{list[:2], list[2:3], list[3:]} {
		if err := w.Append(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	got, others := p.read()
	if diff := cmp.Diff(got, list); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(kinds(others), []spool.Kind{spool.Ended}) {
		t.Errorf("got %v", kinds(others))
	}
	files, _ := filepath.Glob(filepath.Join(p.dir, "*"))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil || bytes.Contains(text, []byte("PLAIN")) || bytes.Contains(text, []byte("192.0.2")) {
			t.Errorf("%s can be read: %v", filepath.Base(name), err)
		}
	}
	p.key, _ = spool.LoadKey(filepath.Join(t.TempDir(), "another"))
	if got, others := p.read(); len(got) > 0 || others[0].Kind != spool.Damaged || others[0].Messages != 1 {
		t.Errorf("with another key %d pieces are read", len(got))
	}
}

// A run lives for as long as its process does. One that ended without saying so is over too.
func TestList(t *testing.T) {
	p := newPlace(t)
	alive := p.writer()
	over := p.writer()
	for _, w := range []*spool.Writer{alive, over} {
		if err := w.Append([]spool.Piece{piece(0, "x")}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, lock := over.Position()
	lock.Close() // as a process that is killed does
	runs, err := spool.List(p.dir)
	if err != nil || len(runs) != 2 || runs[0].Over || !runs[1].Over || len(runs[0].Files) != 1 || len(runs[1].Files) != 1 {
		t.Errorf("got %+v, %v", runs, err)
	}
	for _, r := range runs {
		if err := errors.Join(spool.Remove(p.dir, r.ID, r.Files[0]), spool.Remove(p.dir, r.ID, 99), spool.RemoveRun(p.dir, r.ID)); err != nil {
			t.Error(err)
		}
	}
	if runs, err := spool.List(p.dir); err != nil || len(runs) > 0 {
		t.Errorf("got %+v, %v", runs, err)
	}
}

// An end that is cut off anywhere is not there yet, and what is before it is.
func TestTornTail(t *testing.T) {
	p := newPlace(t)
	w := p.writer()
	for i := range 3 {
		if err := w.Append([]spool.Piece{piece(int64(i), "\x0bMSH|x\x1c\r")}); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(p.dir, "*.tap"))
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	_, blocks := p.read()
	if len(blocks) > 0 {
		t.Fatalf("got %v", kinds(blocks))
	}
	last := 0
	for cut := len(whole); cut >= 0; cut-- {
		if err := os.WriteFile(files[0], whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		pieces, others := p.read()
		if len(others) > 0 || len(pieces) > 3 || cut < len(whole) && len(pieces) == 3 {
			t.Fatalf("cut at byte %d of %d: %d pieces, %v", cut, len(whole), len(pieces), kinds(others))
		}
		last = len(pieces)
	}
	if last != 0 {
		t.Errorf("%d pieces in an empty file", last)
	}
}

// Whatever bit turns over, it costs the block that it is in, and one more at most; what that held is counted or seen as damage.
func TestFlippedBits(t *testing.T) {
	p := newPlace(t)
	w := p.writer()
	const blocks = 6
	for i := range blocks {
		if err := w.Append([]spool.Piece{piece(int64(i), "\x0bMSH|x\x1c\r\x0bMSH|y\x1c\r")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(p.dir, "*.tap"))
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	first := len(whole) - blocks*(len(whole)/(blocks+2)) // behind the block with the key, without which nothing is read
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		spoiled := bytes.Clone(whole)
		at := first + rnd.IntN(len(whole)-first)
		spoiled[at] ^= 1 << rnd.IntN(8)
		if err := os.WriteFile(files[0], spoiled, 0o600); err != nil {
			t.Fatal(err)
		}
		pieces, others := p.read()
		damaged := slices.ContainsFunc(others, func(b spool.Block) bool { return b.Kind == spool.Damaged })
		ended := slices.ContainsFunc(others, func(b spool.Block) bool { return b.Kind == spool.Ended })
		if len(pieces) < blocks-1 || len(pieces) < blocks && !damaged || len(pieces) == blocks && ended && damaged {
			t.Fatalf("bit in byte %d of %d: %d pieces, %v", at, len(whole), len(pieces), kinds(others))
		}
	}
}

// What is no file in a spool is not opened: a pipe would hold up the node for good.
func TestNoFile(t *testing.T) {
	p := newPlace(t)
	if err := os.Symlink("/dev/tty", filepath.Join(p.dir, "1.run")); err != nil {
		t.Fatal(err)
	}
	if _, err := spool.List(p.dir); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("got %v", err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(p.dir, "1-00000000.tap")); err != nil {
		t.Fatal(err)
	}
	if _, err := spool.Open(p.dir, "1", 0, p.key); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("got %v", err)
	}
}

// Blocks that changed places are damaged, though none of their bytes did.
func TestMovedBlocks(t *testing.T) {
	p := newPlace(t)
	w := p.writer()
	for i := range 3 {
		if err := w.Append([]spool.Piece{piece(int64(i), "\x0bMSH|x\x1c\r")}); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(p.dir, "*.tap"))
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	size := len(whole) - bytes.LastIndex(whole, []byte("WTB1"))
	keys := len(whole) - 3*size
	moved := slices.Concat(whole[:keys], whole[keys+size:keys+2*size], whole[keys:keys+size], whole[keys+2*size:])
	if err := os.WriteFile(files[0], moved, 0o600); err != nil {
		t.Fatal(err)
	}
	if pieces, others := p.read(); len(pieces) != 1 || !slices.Equal(kinds(others), []spool.Kind{spool.Damaged, spool.Damaged}) {
		t.Errorf("got %d pieces, %v", len(pieces), kinds(others))
	}
}

// What has no room is refused, whole; what is only to be said about it still finds room.
func TestBound(t *testing.T) {
	p := newPlace(t)
	w := p.writer(func(c *spool.Config) { c.Bytes = 100_000 })
	written := 0
	var full *spool.Failure
	for ; written < 100 && full == nil; written++ {
		if err := w.Append([]spool.Piece{piece(int64(written), strings.Repeat("x", 5000))}); !errors.As(err, &full) && err != nil {
			t.Fatal(err)
		}
	}
	if full == nil || full.Why != spool.Bound || written < 15 {
		t.Fatalf("after %d blocks: %v", written, full)
	}
	if err := w.Append([]spool.Piece{{Kind: spool.Lost, Size: 1, Why: full.Why, From: time.Now(), Until: time.Now()}}); err != nil {
		t.Error(err)
	}
	if pieces, _ := p.read(); len(pieces) != written {
		t.Errorf("%d pieces of %d", len(pieces), written)
	}
}

// What lies there for too long is removed, and how many messages it was stays.
func TestTooOld(t *testing.T) {
	p := newPlace(t)
	w := p.writer()
	for i := range 3 {
		if err := w.Append([]spool.Piece{piece(int64(i), "\x0ba\x1c\r\x0bb\x1c\r")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Tend(time.Now().Add(time.Minute)); err != nil { // the file is closed after some seconds
		t.Fatal(err)
	}
	if pieces, others := p.read(); len(pieces) != 3 || !slices.Equal(kinds(others), []spool.Kind{spool.Closed}) {
		t.Fatalf("got %d pieces, %v", len(pieces), kinds(others))
	}
	if err := w.Append([]spool.Piece{piece(3, "\x0bc")}); err != nil {
		t.Fatal(err)
	}
	if err := w.Tend(time.Now().Add(2 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	pieces, others := p.read()
	if len(others) == 0 || others[0].Kind != spool.Grave || others[0].Messages != 6 || others[0].From.Year() != 2026 {
		t.Errorf("got %+v", others)
	}
	if len(pieces) != 1 {
		t.Errorf("%d pieces are left, want that of the file that was written last", len(pieces))
	}
}

// Without a node's key nothing is written.
func TestNoKey(t *testing.T) {
	p := newPlace(t)
	if err := os.Remove(filepath.Join(p.dir, "node.pub")); err != nil {
		t.Fatal(err)
	}
	w := p.writer()
	var f *spool.Failure
	if err := w.Append([]spool.Piece{piece(0, "x")}); !errors.As(err, &f) || f.Why != spool.NoKey {
		t.Errorf("got %v", err)
	}
	if err := w.End(); err != nil {
		t.Error(err)
	}
	if pieces, others := p.read(); len(pieces) > 0 || !slices.Equal(kinds(others), []spool.Kind{spool.Ended}) {
		t.Errorf("got %d pieces, %v", len(pieces), kinds(others))
	}
}

// FuzzSpool makes a file of pieces of the input, spoils it, and reads: the reader comes to an end, invents nothing, and reads whatever
// was left alone. A body that a stranger made with the public key is read or refused as a whole.
func FuzzSpool(f *testing.F) {
	key, err := spool.LoadKey(filepath.Join(f.TempDir(), "key"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("\x0bMSH|^~\\&|A\x1c\r\x0bMSH|^~\\&|B\x1c\r"), uint16(0), uint16(0), []byte{})
	f.Add(bytes.Repeat([]byte("\x0bx\x1c\r"), 5000), uint16(400), uint16(3), []byte("WTB1"))
	f.Add([]byte("half"), uint16(36), uint16(9), bytes.Repeat([]byte("WTB1\x02\x00\x00\x00"), 9))
	f.Add(spool.Print([]spool.Piece{piece(0, "a"), piece(1, "\x0bb\x1c\r")}), uint16(0), uint16(0), []byte{})
	f.Fuzz(func(t *testing.T, in []byte, at, cut uint16, over []byte) {
		if pieces, err := spool.Parse(in); err == nil {
			if again, err := spool.Parse(spool.Print(pieces)); err != nil || !cmp.Equal(again, pieces) {
				t.Fatalf("pieces are others when they are written again: %v", err)
			}
		}
		var list []spool.Piece
		for rest := in; len(rest) > 0 && len(list) < 20; {
			size := min(len(rest), 1+len(rest)*int(rest[0])/256)
			list, rest = append(list, piece(int64(len(list)), string(rest[:size]))), rest[size:]
		}
		whole, err := spool.Bytes(key, list)
		if err != nil {
			t.Fatal(err)
		}
		read := func(b []byte) (pieces []spool.Piece) {
			blocks, err := spool.Blocks(key, b)
			if err != nil {
				t.Fatal(err)
			}
			for i := range blocks {
				pieces = append(pieces, blocks[i].Pieces...)
			}
			return pieces
		}
		if got := read(whole); !cmp.Equal(got, list) {
			t.Fatal(cmp.Diff(got, list))
		}
		spoiled := bytes.Clone(whole[:len(whole)-min(len(whole), int(cut))])
		if begin := int(at); begin < len(spoiled) {
			copy(spoiled[begin:], over)
		}
		for _, got := range read(spoiled) {
			if n := got.Offset; n >= int64(len(list)) || !cmp.Equal(got, list[n]) {
				t.Fatal("a piece was read that was never written")
			}
		}
	})
}
