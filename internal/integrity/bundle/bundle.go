// Package bundle takes single records out of the journal for a court or an auditor, with everything that proves them, and nothing of
// anybody else.
//
// What a bundle is, and how it is checked, is format/evidence. Who exports has it sealed as an act first; the place of that act goes into
// the bundle.
package bundle

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal"
)

// proveTime is how long is waited for a checkpoint that speaks of what is exported.
const proveTime = 10 * time.Second

// Source is what bundles are made from.
type Source struct {
	Journal *journal.Journal
	// Cosigned proves an entry at a checkpoint that enough witnesses signed, by the Policy: see witness.Feed.Prove. Both are nil when there
	// are no witnesses. With them, what not enough of them signed yet cannot be exported.
	Cosigned func(ctx context.Context, entry uint64) (tlog.Proof, error)
	Policy   *tlog.Policy
	// Stamped returns the time stamp that covers an entry, nil when there is none; CheckStamp checks it: see stamp.Keeper.Prove and
	// stamp.Check. Both are nil when no authority is asked.
	Stamped    func(ctx context.Context, entry uint64) (*evidence.Stamp, error)
	CheckStamp func(s evidence.Stamp, imprint [sha256.Size]byte) (evidence.Stamped, error)
	Software   string // version of this program
	Now        func() time.Time
}

// Request says what is exported, by whom and why. Its texts are shown to outsiders: they name no patient.
type Request struct {
	About    string // one plain sentence
	Exporter string
	Reason   string
	Act      journal.Place   // where it stands that this is done
	Places   []journal.Place // what is shown, each once
}

// Write writes a bundle. It was verified before the first byte of it is written.
func (s *Source) Write(ctx context.Context, w io.Writer, r Request) error {
	x := evidence.Export{
		About: r.About, Exporter: r.Exporter, Reason: r.Reason, Software: s.Software, At: s.Now(), Act: evidence.Place(r.Act),
		Journal: s.Journal.PublicKey(), Policy: s.Policy, Sign: s.Journal.SignEvidence, Stamp: s.CheckStamp,
	}
	if len(r.Places) > evidence.MaxObjects {
		return fmt.Errorf("export evidence: %d records, at most %d go into a bundle", len(r.Places), evidence.MaxObjects)
	}
	seen := map[journal.Place]bool{}
	for _, at := range r.Places {
		if seen[at] {
			continue
		}
		seen[at] = true
		item, err := s.item(ctx, at)
		if err != nil {
			return fmt.Errorf("export evidence: %w", err)
		}
		x.Items = append(x.Items, item)
	}
	return evidence.Write(w, x)
}

func (s *Source) item(ctx context.Context, at journal.Place) (evidence.Item, error) {
	line, opening, err := s.Journal.Open(ctx, at)
	if err != nil {
		return evidence.Item{}, err
	}
	proof, err := s.prove(ctx, at.Entry)
	if err != nil {
		return evidence.Item{}, err
	}
	item := evidence.Item{Place: evidence.Place(at), Line: line, Opening: opening, Proof: proof}
	if s.Stamped != nil {
		item.Stamp, err = s.Stamped(ctx, at.Entry)
	}
	return item, err
}

func (s *Source) prove(ctx context.Context, entry uint64) (tlog.Proof, error) {
	ctx, cancel := context.WithTimeout(ctx, proveTime)
	defer cancel()
	if s.Cosigned == nil {
		return s.Journal.Prove(ctx, entry)
	}
	return s.Cosigned(ctx, entry)
}
