package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/hospital"
)

// packs makes the downtime packs of the house.
type packs struct {
	wards *continuity.Wards
	shelf *continuity.Shelf
	paper *continuity.Paper
	zone  *time.Location

	mu   sync.Mutex // guards what became of the packs
	laid []continuity.Laid
	last continuity.Counted
}

const mostPacks = 4 << 20 // bytes of the file that lists the units

// openPacks reads which units get packs, and has the wards listen.
func (n *Node) openPacks(ctx context.Context) error {
	file := n.config.Continuity.Packs
	if n.continuity == nil || file == "" {
		return nil
	}
	text, err := strict.ReadFile(file, mostPacks)
	if err != nil {
		return fmt.Errorf("continuity.packs: %w", err)
	}
	c, err := continuity.ParsePaper(text)
	if err != nil {
		return fmt.Errorf("continuity.packs: %s: %w", file, err)
	}
	zone, err := n.config.Location()
	if err != nil {
		return err
	}
	p := &packs{zone: zone}
	if p.paper, err = continuity.NewPaper(c, n.config.Site, zone); err != nil {
		return err
	}
	if p.wards, err = continuity.OpenWards(ctx, continuity.WardsConfig{Zone: zone, DB: n.db, Vault: n.vault, Log: n.log}); err != nil {
		return err
	}
	p.shelf, err = continuity.OpenShelf(ctx, continuity.ShelfConfig{DB: n.db, Vault: n.vault})
	n.packs = p
	return err
}

// printPacks makes packs at their times until ctx is done. The first are made soon after the start, when what was said before was heard.
func (n *Node) printPacks(ctx context.Context) error {
	wait := time.NewTimer(time.Minute)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wait.C:
		}
		laid, err := n.makePacks(ctx)
		if err != nil {
			n.log.WarnContext(ctx, "no downtime packs were made", "reason", err)
		}
		for i := range laid {
			if laid[i].Trouble != "" {
				n.log.ErrorContext(ctx, "a downtime pack is not where it should be", "unit", laid[i].Unit, "error", laid[i].Trouble)
			}
		}
		wait.Reset(n.packs.paper.Every())
	}
}

// makePacks makes all of them as of now.
func (n *Node) makePacks(ctx context.Context) ([]continuity.Laid, error) {
	p := n.packs
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	house, err := n.lying(now)
	if err != nil {
		return nil, err
	}
	p.last = continuity.Count(house.census, now)
	p.laid = p.paper.Make(house.census, continuity.CardFeeds(n.continuity.Feeds(), p.zone), house.data, now)
	for i := range p.laid {
		l := &p.laid[i]
		if l.File == "" {
			continue
		}
		if err := p.shelf.Put(ctx, l.Unit, house.of(l.Unit, now)); err != nil {
			n.log.ErrorContext(ctx, "what a downtime pack was made of is not kept, so that nothing can be listed after a downtime", "unit", l.Unit, "error", err)
		}
	}
	return p.laid, nil
}

// lying is who lies in the house, and when that was heard last.
type lying struct {
	census map[string][]bedside.Inpatient
	tokens map[hospital.PatientID]string
	data   time.Time
}

func (l *lying) of(unit string, now time.Time) *continuity.Census {
	return continuity.CensusOf(l.census[unit], l.tokens, l.data, now)
}

func (n *Node) lying(now time.Time) (*lying, error) {
	l := &lying{tokens: map[hospital.PatientID]string{}}
	n.hospital.View(func(h *hospital.House) {
		l.census = n.packs.wards.Census(h, now, continuity.Ahead)
		l.data = n.packs.wards.Heard(l.census)
		for _, ward := range l.census {
			for i := range ward {
				l.tokens[ward[i].ID] = h.Token(ward[i].ID)
			}
		}
	})
	switch {
	case l.census == nil:
		return nil, errors.New("what the wards need is not read yet: try again in a minute")
	case l.data.IsZero():
		return nil, errors.New("no message about patients was heard yet: connect the feed of admissions first")
	}
	if l.data.After(now) { // by a sender's clock
		l.data = now
	}
	return l, nil
}

// Recovery is a downtime after which a list is to be made of what must be entered back.
type Recovery struct {
	Unit string    `json:"unit"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// recover makes the list, and has late entries of its patients be expected.
func (n *Node) recover(ctx context.Context, r Recovery, by string) (*continuity.List, error) {
	p := n.packs
	now := time.Now()
	start, end, err := p.shelf.Around(ctx, r.Unit, r.From, r.To)
	if err != nil {
		return nil, err
	}
	if end == nil { // it ended just now
		house, err := n.lying(now)
		if err != nil {
			return nil, err
		}
		end = house.of(r.Unit, now)
	}
	l, err := p.paper.Recover(r.Unit, start, end, r.From, r.To, now)
	if err != nil {
		return nil, err
	}
	if l.Trouble != "" {
		n.log.ErrorContext(ctx, "a list of what must be entered back is not where it should be", "unit", l.Unit, "error", l.Trouble)
	}
	l.By = by
	return l, p.shelf.Remember(ctx, l.Downtime)
}

// askRecovery makes the list because the operator asks for it.
func (n *Node) askRecovery(ctx context.Context, req *http.Request) (l any, err error) {
	if n.packs == nil {
		return nil, errNoPacks
	}
	var r Recovery
	if err := json.NewDecoder(io.LimitReader(req.Body, 1<<12)).Decode(&r); err != nil {
		return nil, errors.New("say which unit, from when, and to when")
	}
	actor, _ := access.ActorOf(ctx)
	detail := map[string]string{"act": "list what must be entered back", "unit": r.Unit, "from": r.From.UTC().Format(time.RFC3339), "to": r.To.UTC().Format(time.RFC3339)}
	err = n.house.Do(ctx, access.SourceWrite, access.Object{Kind: "unit", ID: r.Unit}, detail, func(ctx context.Context) (err error) {
		l, err = n.recover(ctx, r, actor.Name)
		return err
	})
	return l, err
}

// expected tells whether an entry about a patient is late because of a downtime: of the patient's unit, or one that was planned.
func (n *Node) expected(zone *time.Location) (func(token string, about, said time.Time) bool, error) {
	planned, err := n.config.Continuity.planned(zone)
	return func(token string, about, said time.Time) bool {
		if down, end := planned(about); down && continuity.BackEntry(end, said) {
			return true
		}
		return n.packs != nil && n.packs.shelf.Expected(token, about, said)
	}, err
}

var errNoPacks = errors.New("no unit is listed that gets downtime packs: name the file with them under continuity.packs in the configuration")

// askPacks makes packs because somebody asks for them.
func (n *Node) askPacks(ctx context.Context, _ *http.Request) (any, error) {
	if n.packs == nil {
		return nil, errNoPacks
	}
	laid, err := n.makePacks(ctx)
	return Packs{laid}, err
}

// Packs are what became of the packs of all units.
type Packs struct {
	Units []continuity.Laid `json:"units"`
}

// readiness is what became of each unit's pack, and who lay where when they were made.
func (p *packs) readiness() ([]continuity.Laid, continuity.Counted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.laid, p.last
}
