package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/format/evidence"
)

// ErrGone says that what is asked for was deleted after its time. That it was there stays proven: see Prove.
var ErrGone = errors.New("it was deleted after its time")

// lines returns the tree of the lines of an entry whose header has the root of one.
func (e *Entry) lines() *evidence.Lines { return evidence.NewLines(e.seed, e.body) }

// fits tells whether the lines, if they were decrypted, are those that the header has the root of, if it has one.
func (e *Entry) fits() bool {
	return e.body == nil || !e.Header.opens() || e.lines().Root() == e.Header.Lines
}

// Opened is an entry whose lines can be shown to an outsider, each without the others.
type Opened struct {
	entry *Entry
	body  [][]byte
	lines *evidence.Lines // nil when the entry is of before there was a root of lines in headers
}

// Opened returns an entry to show lines of it, or ErrGone.
func (j *Journal) Opened(ctx context.Context, index uint64) (*Opened, error) {
	e, err := j.Entry(ctx, index)
	if err != nil {
		return nil, err
	}
	if !e.Gone.IsZero() {
		return nil, fmt.Errorf("open a line of entry %d: %w", index, ErrGone)
	}
	o := &Opened{entry: e}
	for _, l := range e.Lines() {
		o.body = append(o.body, l)
	}
	if e.Header.opens() {
		o.lines = e.lines()
	}
	return o, nil
}

// Line returns a line and what shows an outsider that it is the line that was sealed there, which tells nothing about the other
// lines. opening is nil when the entry is of before there was a root of lines in headers: then nobody but this house can say it.
func (o *Opened) Line(n int) (line []byte, opening *evidence.Opening, err error) {
	index := o.entry.Index
	if n < 0 || n >= len(o.body) {
		return nil, nil, fmt.Errorf("%w: entry %d has no line %d", ErrNoEntry, index, n)
	}
	line = bytes.Clone(o.body[n])
	if o.lines == nil {
		return line, nil, nil
	}
	open, err := o.lines.Open(n)
	if err == nil {
		err = open.Verify(line, o.entry.Header.Count, o.entry.Header.Lines)
	}
	if err != nil {
		return nil, nil, &DamageError{Index: index, Reason: "its lines are not those that its leaf has the root of"}
	}
	return line, &open, nil
}

// Open returns one line of an entry as Opened.Line does.
func (j *Journal) Open(ctx context.Context, at Place) (line []byte, opening *evidence.Opening, err error) {
	o, err := j.Opened(ctx, at.Entry)
	if err != nil {
		return nil, nil, err
	}
	return o.Line(at.Line)
}

// SignEvidence signs the manifest of a bundle with the key that signs checkpoints. It signs nothing else: what is signed begins with
// words that no checkpoint begins with.
func (j *Journal) SignEvidence(manifest []byte) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: string(evidence.Vouch(j.verify.Name(), manifest))}, j.signer)
	if err != nil {
		return nil, fmt.Errorf("sign evidence: %w", err)
	}
	return signed, nil
}
