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

// Open returns a line of an entry and what shows an outsider that it is the line that was sealed there, which tells nothing about the other
// lines. opening is nil when the entry is of before there was a root of lines in headers: then nobody but this house can say it.
func (j *Journal) Open(ctx context.Context, at Place) (line []byte, opening *evidence.Opening, err error) {
	e, err := j.Entry(ctx, at.Entry)
	if err != nil {
		return nil, nil, err
	}
	if !e.Gone.IsZero() {
		return nil, nil, fmt.Errorf("open a line of entry %d: %w", at.Entry, ErrGone)
	}
	for n, l := range e.Lines() {
		if n == at.Line {
			line = bytes.Clone(l)
		}
	}
	if line == nil {
		return nil, nil, fmt.Errorf("%w: entry %d has no line %d", ErrNoEntry, at.Entry, at.Line)
	}
	if !e.Header.opens() {
		return line, nil, nil
	}
	o, err := e.lines().Open(at.Line)
	if err == nil {
		err = o.Verify(line, e.Header.Count, e.Header.Lines)
	}
	if err != nil {
		return nil, nil, &DamageError{Index: at.Entry, Reason: "its lines are not those that its leaf has the root of"}
	}
	return line, &o, nil
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
