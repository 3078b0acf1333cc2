package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/hospital"
)

// packs makes the downtime packs of the house.
type packs struct {
	wards *continuity.Wards
	zone  *time.Location

	mu    sync.Mutex // guards paper, and what became of the packs
	paper *continuity.Paper
	laid  []continuity.Laid
	last  continuity.Counted
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
	p.wards, err = continuity.OpenWards(ctx, continuity.WardsConfig{Zone: zone, DB: n.db, Vault: n.vault, Log: n.log})
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
		laid, err := n.makePacks()
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
func (n *Node) makePacks() ([]continuity.Laid, error) {
	p := n.packs
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	var census map[string][]bedside.Inpatient
	var data time.Time
	n.hospital.View(func(h *hospital.House) {
		census = p.wards.Census(h, now, p.paper.Valid())
		data = p.wards.Heard(census)
	})
	switch {
	case census == nil:
		return nil, errors.New("what the wards need is not read yet: try again in a minute")
	case data.IsZero():
		return nil, errors.New("no message about patients was heard yet: connect the feed of admissions first")
	}
	p.last = continuity.Count(census, now)
	p.laid = p.paper.Make(census, continuity.CardFeeds(n.continuity.Feeds(), p.zone), data, now)
	return p.laid, nil
}

// askPacks makes packs because somebody asks for them.
func (n *Node) askPacks(context.Context, *http.Request) (any, error) {
	if n.packs == nil {
		return nil, errors.New("no unit is listed that gets downtime packs: name the file with them under continuity.packs in the configuration")
	}
	laid, err := n.makePacks()
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
