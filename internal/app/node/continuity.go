package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/probe"
	"github.com/wardline/wardline/internal/continuity/synthetic"
)

// ContinuityConfig is the watch over the rhythm of care.
type ContinuityConfig struct {
	// Off switches it off: nobody is told when a feed falls silent that care needs.
	Off bool `yaml:"off"`
	// Holidays are days that go like a Sunday, as 2026-12-25.
	Holidays []string `yaml:"holidays"`
	// Downtimes are times at which systems are down on purpose, and nothing is said of it.
	Downtimes []DowntimeConfig `yaml:"downtimes"`
	// Probes is a file that lists the servers that are asked whether they answer: internal/continuity/probe/config.go documents its keys.
	Probes string `yaml:"probes"`
	// Tests is a file that lists the ways on which test messages are sent: internal/continuity/synthetic/synthetic.go documents its keys.
	Tests string `yaml:"tests"`
	// Packs is a file that lists the units that get downtime packs: internal/continuity/paper.go documents its keys.
	Packs string `yaml:"packs"`
	// Map is what rests on what in the house: a file, or a folder of them. docs/adding/service.md documents it. It is read again within a minute when it changes.
	Map string `yaml:"map"`
	// Card lets unit cards be read without signing in.
	Card CardConfig `yaml:"card"`
}

// CardConfig says who may read unit cards without signing in: what is down, whom to call and what to do, and no patient.
type CardConfig struct {
	// Networks are those of the wards' PCs, as 10.20.0.0/16; none, and nobody reads cards. They are told by the address of the connection: behind a proxy, everybody has the proxy's.
	Networks []string `yaml:"networks"`
}

// prefixes are the networks from which cards can be read.
func (c *CardConfig) prefixes() (all []netip.Prefix, err error) {
	for _, text := range c.Networks {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, errors.New("continuity.card: write each network as 10.20.0.0/16")
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// DowntimeConfig is one time of planned downtime.
type DowntimeConfig struct {
	// From and To are when it begins and ends, as 2026-12-05T01:00 by the clock of the house.
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// Owner is who planned it, and can be asked.
	Owner string `yaml:"owner"`
}

const minutes = "2006-01-02T15:04"

func (c *ContinuityConfig) check() error {
	_, err := c.holidays(time.UTC)
	if err == nil {
		_, err = c.planned(time.UTC)
	}
	if err == nil {
		_, err = c.Card.prefixes()
	}
	if err == nil && len(c.Card.Networks) > 0 && c.Packs == "" {
		err = errors.New("continuity.card: there are cards of units that get packs: name the file that lists them under continuity.packs")
	}
	for key, file := range map[string]string{"probes": c.Probes, "tests": c.Tests, "packs": c.Packs, "map": c.Map} {
		if err == nil && file != "" && !filepath.IsAbs(file) {
			err = fmt.Errorf("continuity.%s: name the file by its whole path", key)
		}
	}
	return err
}

// holidays tells the days that go like a Sunday.
func (c *ContinuityConfig) holidays(zone *time.Location) (func(time.Time) bool, error) {
	days := map[time.Time]bool{}
	for _, text := range c.Holidays {
		day, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			return nil, fmt.Errorf("continuity.holidays: write each day as 2026-12-25: %w", err)
		}
		days[day] = true
	}
	return func(day time.Time) bool { return days[day] }, nil
}

// planned tells whether systems are down on purpose, and when that changes next.
func (c *ContinuityConfig) planned(zone *time.Location) (func(time.Time) (bool, time.Time), error) {
	type span struct{ from, to time.Time }
	var spans []span
	for _, d := range c.Downtimes {
		from, err1 := time.ParseInLocation(minutes, d.From, zone)
		to, err2 := time.ParseInLocation(minutes, d.To, zone)
		if err1 != nil || err2 != nil || !to.After(from) {
			return nil, errors.New("continuity.downtimes: each has from and to, as 2026-12-05T01:00, and ends after it began")
		}
		if d.Owner == "" {
			return nil, errors.New("continuity.downtimes: each names its owner, who can be asked")
		}
		spans = append(spans, span{from, to})
	}
	return func(at time.Time) (down bool, next time.Time) {
		change := func(t time.Time) {
			if t.After(at) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
		for _, s := range spans {
			down = down || !at.Before(s.from) && at.Before(s.to)
			change(s.from)
			change(s.to)
		}
		return down, next
	}, nil
}

// openContinuity opens the room that watches the rhythm of care.
func (n *Node) openContinuity(ctx context.Context) error {
	c := &n.config.Continuity
	if c.Off {
		return nil
	}
	zone, err := n.config.Location()
	if err != nil {
		return err
	}
	holiday, err := c.holidays(zone)
	if err != nil {
		return err
	}
	planned, err := c.planned(zone)
	if err != nil {
		return err
	}
	n.housemap = newHousemap(c.Map)
	site, _, err := n.housemap.files.Read()
	if err != nil {
		return fmt.Errorf("continuity.map: %w", err)
	}
	n.continuity, err = continuity.OpenRoom(ctx, continuity.Config{
		Zone: zone, Holiday: holiday, Planned: planned, Journal: n.journal, DB: n.db, Vault: n.vault, Taxonomy: n.taxonomy, Log: n.log, Shown: n.systemName, Hide: n.hidden, Site: site,
		Judged: n.judged, Authority: n.config.Privacy.Authority,
	})
	return err
}

// hidden is a text with tokens in the place of patients who were heard of.
func (n *Node) hidden(text string) string {
	out, _ := n.veil.Hide([]byte(text))
	return string(out)
}

// systemName is a name that a system gives itself, unless a word of it is a patient's name: messages that lost a part have that where names of systems belong.
func (n *Node) systemName(name string) string {
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '-' }) {
		if n.veil.IsName([]byte(word)) {
			return "a system that bears a person's name"
		}
	}
	return n.hidden(name)
}

// openProbes reads which servers are asked whether they answer.
func (n *Node) openProbes(context.Context) error {
	file := n.config.Continuity.Probes
	if n.continuity == nil || file == "" {
		return nil
	}
	text, err := strict.ReadFile(file, mostProbes)
	if err != nil {
		return fmt.Errorf("continuity.probes: %w", err)
	}
	c, err := probe.Parse(text)
	if err != nil {
		return fmt.Errorf("continuity.probes: %s: %w", file, err)
	}
	n.prober, err = probe.New(c, probe.Options{Log: n.log, Hear: n.probed})
	return err
}

const mostProbes = 1 << 20 // bytes

// openTests reads on which ways test messages are sent.
func (n *Node) openTests(context.Context) error {
	file := n.config.Continuity.Tests
	if n.continuity == nil || file == "" {
		return nil
	}
	text, err := strict.ReadFile(file, mostProbes)
	if err != nil {
		return fmt.Errorf("continuity.tests: %w", err)
	}
	c, err := synthetic.Parse(text)
	if err != nil {
		return fmt.Errorf("continuity.tests: %s: %w", file, err)
	}
	n.tests = c.Routes
	return nil
}

// testWay sends test messages on a way until ctx is done.
func (n *Node) testWay(ctx context.Context, way *synthetic.Route) error {
	tick := time.NewTicker(way.Every)
	defer tick.Stop()
	for {
		if err := n.continuity.Test(ctx, way); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// probed hands on what came of asking a server. What cannot be filed now is told at the next change.
func (n *Node) probed(r probe.Report) {
	if !r.Changed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := n.continuity.Probed(ctx, r); err != nil {
		n.log.Error("what a server answered cannot be filed", "target", r.Target, "error", err)
	}
}
