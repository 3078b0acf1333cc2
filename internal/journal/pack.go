package journal

import (
	"fmt"
	"slices"
	"time"
)

// A pack closes when one of these is reached.
const (
	maxPack  = 256 << 10             // bytes of lines; a longer line is a pack of its own
	maxLines = 500                   //
	quiet    = 5 * time.Millisecond  // since the last line
	maxAge   = 10 * time.Millisecond // since the first, so that a sender who never rests gets its answers

	// maxWaiting is how many bytes of each lane wait to be written before Add blocks.
	maxWaiting = 16 << 20

	maxSources = 16
	maxSource  = 256
	otherNames = "…" // stands for the sources after the 16th
)

// pack gathers lines that become one entry.
type pack struct {
	header   Header
	body     []byte // lines, each with a line end
	receipts []*Receipt
	release  []func() // give back the room that the lines took
	began    time.Time
	latest   time.Time
}

func newPack(k Kind) *pack {
	now := time.Now()
	return &pack{header: Header{Kind: k}, began: now, latest: now}
}

// packLines makes packs of lines of one kind, each with one receipt.
func packLines(lines []Line) (packs []*pack, cost int64, err error) {
	if len(lines) == 0 {
		return nil, 0, fmt.Errorf("%w: there is none", ErrLine)
	}
	for _, l := range lines {
		if err := l.check(); err != nil {
			return nil, 0, err
		}
		if l.Kind != lines[0].Kind {
			return nil, 0, fmt.Errorf("%w: the lines of an entry are of one kind", ErrLine)
		}
		cost += l.cost()
		if len(packs) == 0 || packs[len(packs)-1].fullUp() || !packs[len(packs)-1].fits(l) {
			packs = append(packs, newPack(l.Kind))
		}
		p := packs[len(packs)-1]
		p.addLine(l)
		if len(p.receipts) == 0 {
			p.receipts = append(p.receipts, NewReceipt())
		}
	}
	return packs, cost, nil
}

func (p *pack) fits(l Line) bool { return len(p.body) == 0 || len(p.body)+len(l.JSON) < maxPack }

func (p *pack) fullUp() bool { return len(p.body) >= maxPack || p.header.Count >= maxLines }

func (p *pack) add(l Line, r *Receipt, release func()) {
	p.addLine(l)
	p.receipts = append(p.receipts, r)
	p.release = append(p.release, release)
	p.latest = time.Now()
}

func (p *pack) addLine(l Line) {
	p.body = append(append(p.body, l.JSON...), '\n')
	h := &p.header
	h.Count++
	if l.deletes != "" {
		h.Deletes = append(h.Deletes, l.deletes)
	}
	if t := headerTime(l.Time); !t.IsZero() {
		if h.First.IsZero() || t.Before(h.First) {
			h.First = t
		}
		if t.After(h.Last) {
			h.Last = t
		}
	}
	if l.Source != "" && !slices.Contains(h.Sources, l.Source) {
		switch n := len(h.Sources); {
		case n < maxSources:
			h.Sources = append(h.Sources, l.Source)
		case n == maxSources:
			h.Sources = append(h.Sources, otherNames)
		}
	}
}

func (p *pack) close() { p.header.Received = headerTime(time.Now()) }

// wait returns how long the pack may stay open, at most.
func (p *pack) wait(now time.Time) time.Duration {
	return min(quiet-now.Sub(p.latest), maxAge-now.Sub(p.began))
}

// settle answers for every line of the pack.
func (p *pack) settle(index uint64, err error) {
	for _, release := range p.release {
		release()
	}
	for i, r := range p.receipts {
		if err != nil {
			r.Settle(Place{}, err)
		} else {
			r.Settle(Place{Entry: index, Line: i}, nil)
		}
	}
}
