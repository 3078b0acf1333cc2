package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/send"
	"github.com/wardline/wardline/internal/sim/story"
	"github.com/wardline/wardline/internal/sim/world"
)

// simCmd is `wardline sim`.
type simCmd struct {
	Run   simRunCmd   `cmd:"" help:"Play an invented hospital, into files or into a running node."`
	List  simListCmd  `cmd:"" help:"Say which stories can happen in it."`
	Score simScoreCmd `cmd:"" help:"Say how much of what happened in it was found."`
}

type simRunCmd struct {
	Size    string   `enum:"clinic,mid,full,system" default:"mid" help:"How large: clinic (60 patients a day), mid (200 beds), full (1,000 beds), system (${houses} of those)."`
	Seed    uint64   `default:"1" help:"Another number makes up another hospital."`
	Days    int      `default:"35" help:"How many days are played."`
	Learn   int      `placeholder:"DAYS" help:"How many of them pass before stories begin; four fifths, 28 at most, unless stated."`
	From    string   `placeholder:"DATE" help:"The first day; so that the last one is yesterday unless stated."`
	Past    int      `placeholder:"DAYS" help:"How many days before the first one are told of at the beginning; 45 unless stated, and none with -1."`
	Zone    string   `default:"Europe/Vienna" help:"Time zone of the hospital."`
	Stories []string `default:"all" help:"Which stories happen: their names, all or none. See wardline sim list."`
	Quality string   `enum:"full,no-roster,no-address,daily" default:"full" help:"What the site's systems are able to tell: ${enum}."`
	Rows    float64  `default:"1" help:"Share of the rows within one look at a record that are written: less is faster, and who looked at whom stays the same."`
	Into    string   `placeholder:"DIR" help:"Write files below this folder."`
	To      []string `placeholder:"URL" help:"Send to a node: mllp://HOST:PORT, syslog://, syslog+tls://, https://HOST:PORT/events, https://HOST:PORT/fhir, drop:DIR. May be stated several times."`
	Token   string   `placeholder:"FILE" help:"File with the token for https."`
	CA      string   `placeholder:"FILE" help:"Certificate of the authority that the node's certificates come from."`
	Speed   float64  `help:"With --to, how many times faster than real time; as fast as is acknowledged unless stated."`
	Truth   string   `placeholder:"FILE" help:"Write there what really happened; truth.ndjson in the folder of --into unless stated."`
}

// houses is how many hospitals the size system has.
const houses = 3

// Run plays.
func (c *simRunCmd) Run(ctx context.Context, s streams) error {
	if (c.Into == "") == (len(c.To) == 0) {
		return fmt.Errorf("%w: say where it goes: --into DIR, or --to URL", errUsage)
	}
	from, err := c.first()
	if err != nil {
		return err
	}
	stories, err := c.stories()
	if err != nil {
		return err
	}
	n, size := 1, world.Size(c.Size)
	if c.Size == "system" {
		n, size = houses, world.Full
	}
	all := make([]*play, n)
	for i := range all {
		h, err := life.New(life.Config{
			Size: size, Seed: c.Seed + uint64(i)*1_000_003, House: i, From: from, Days: c.Days, Learn: c.Learn, Past: c.Past, Zone: c.Zone,
			Quality: life.Quality(c.Quality), Rows: c.Rows, Stories: stories,
		})
		if err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		all[i] = &play{Hospital: h}
	}
	return c.play(ctx, s, all)
}

// play is a hospital that is played, and what came of it so far.
type play struct {
	*life.Hospital
	records, touches, told int
	left                   map[feed.Feed]int // went nowhere
	took                   time.Duration
}

// play plays hospitals side by side, and says what came of it.
func (c *simRunCmd) play(ctx context.Context, s streams, all []*play) error {
	var days, total atomic.Int64
	total.Store(int64(c.Days * len(all)))
	stop := s.steps("Playing", "day", &days, &total)
	errs := make([]error, len(all))
	var houses sync.WaitGroup
	for i, p := range all {
		houses.Go(func() { errs[i] = c.house(ctx, p, i, len(all), &days) })
	}
	houses.Wait()
	stop()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("play the hospital: %w", err)
	}
	for _, p := range all {
		fmt.Fprintf(s.out, "%s, %s, in %.1f s\n  %s\n  %d times somebody looked at somebody's record on a day\n  %s\n", p.World.Name, report.Plural(int64(c.Days), "day"), p.took.Seconds(),
			report.Plural(int64(p.records), "record"), p.touches, plural(p.told, "story", "stories"))
		for _, f := range slices.Sorted(maps.Keys(p.left)) {
			fmt.Fprintf(s.out, "  %s of %s went nowhere: no address was stated for what travels that way\n", report.Plural(int64(p.left[f]), "record"), f)
		}
	}
	return nil
}

// house plays one hospital.
func (c *simRunCmd) house(ctx context.Context, p *play, i, n int, days *atomic.Int64) error {
	to, err := c.target(ctx, p.Hospital, i, n)
	if err != nil {
		return err
	}
	truth, closeTruth, err := c.truth(i, n)
	if err != nil {
		return errors.Join(err, to.Close())
	}
	began := time.Now()
	err = p.Play(ctx, life.Sinks{
		Record: func(r *feed.Record) error { p.records++; return to.Record(r) },
		Truth: func(t *life.Truth) error {
			if t.Touch != nil {
				p.touches++
			}
			if t.Tale != nil && !t.Tale.Start.IsZero() { // it found people to happen to
				p.told++
			}
			return truth(t)
		},
		Day: func(int, time.Time) error { days.Add(1); return nil },
	})
	err = cmp.Or(err, to.Close(), closeTruth())
	p.took = time.Since(began)
	if node, ok := to.(*send.Node); ok {
		_, p.left = node.Sent()
	}
	return err
}

func (c *simRunCmd) first() (time.Time, error) {
	if c.From == "" {
		return time.Now().AddDate(0, 0, -c.Days), nil
	}
	from, err := time.Parse(time.DateOnly, c.From)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: --from takes a day such as 2026-03-01", errUsage)
	}
	return from, nil
}

func (c *simRunCmd) stories() ([]life.Story, error) {
	if len(c.Stories) == 1 && c.Stories[0] == "none" {
		return nil, nil
	}
	stories, unknown := story.Named(c.Stories...)
	if unknown != "" {
		return nil, fmt.Errorf("%w: no story %q: see wardline sim list", errUsage, unknown)
	}
	return stories, nil
}

// target is where records go: a folder or a node.
type target interface {
	Record(*feed.Record) error
	Close() error
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// target is the folder or the node. Of several hospitals each has a folder of its own.
func (c *simRunCmd) target(ctx context.Context, h *life.Hospital, i, n int) (target, error) {
	if c.Into != "" {
		return send.Into(c.folder(i, n), h.Period(), h.World.Zone), nil
	}
	r, err := c.receiver()
	if err != nil {
		return nil, err
	}
	return send.To(ctx, r, c.Speed, h.Period()), nil
}

func (c *simRunCmd) folder(i, n int) string {
	if n == 1 {
		return c.Into
	}
	return filepath.Join(c.Into, fmt.Sprintf("house-%d", i+1))
}

// receiver reads the addresses.
func (c *simRunCmd) receiver() (send.Receiver, error) {
	var r send.Receiver
	trust := &tls.Config{}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return r, err
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return r, fmt.Errorf("%w: %s holds no certificate", errUsage, c.CA)
		}
	}
	if c.Token != "" {
		token, err := os.ReadFile(c.Token)
		if err != nil {
			return r, err
		}
		r.Token = strings.TrimSpace(string(token))
	}
	r.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}
	for _, text := range c.To {
		u, err := url.Parse(text)
		if err != nil {
			return r, fmt.Errorf("%w: --to %s is no address", errUsage, text)
		}
		switch {
		case u.Scheme == "mllp":
			r.MLLP = u.Host
		case u.Scheme == "syslog":
			r.Syslog = u.Host
		case u.Scheme == "syslog+tls":
			r.Syslog, r.TLS = u.Host, trust
		case u.Scheme == "drop":
			r.Drop = u.Opaque + u.Path
		case (u.Scheme == "https" || u.Scheme == "http") && strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/fhir"):
			r.FHIR = text
		case u.Scheme == "https" || u.Scheme == "http":
			r.HTTP = text
		default:
			return r, fmt.Errorf("%w: --to takes mllp://, syslog://, syslog+tls://, https:// and drop: addresses", errUsage)
		}
	}
	return r, nil
}

// truth opens the file for what really happened; without one it is forgotten.
func (c *simRunCmd) truth(i, n int) (write func(*life.Truth) error, end func() error, err error) {
	name := c.Truth
	if name == "" && c.Into != "" {
		name = filepath.Join(c.folder(i, n), "truth.ndjson")
	}
	if name == "" {
		return func(*life.Truth) error { return nil }, func() error { return nil }, nil
	}
	if c.Truth != "" && n > 1 {
		name += fmt.Sprintf(".%d", i+1)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, nil, err
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(t *life.Truth) error { return e.Encode(t) }, func() error {
		if err := w.Flush(); err != nil {
			return err
		}
		return f.Close()
	}, nil
}

type simListCmd struct{}

// Run lists the stories.
func (c *simListCmd) Run(s streams) error {
	width := columns(s.out)
	if width == 0 || width > 120 {
		width = 100
	}
	var b strings.Builder
	for _, st := range story.All() {
		found := "Should become no case: "
		if st.Case {
			found = "Should be found within " + within(st.Target) + ": "
		}
		paragraph(&b, st.ID+"  ", "     ", st.Title, width)
		paragraph(&b, "     ", "     ", found+st.Detector+". It stands in "+feeds(st.Sources)+".", width)
	}
	_, err := io.WriteString(s.out, b.String())
	return err
}

// feeds names them in a sentence.
func feeds(all []feed.Feed) string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// paragraph breaks text into lines of a width.
func paragraph(b *strings.Builder, first, indent, text string, width int) {
	line := first
	for _, word := range strings.Fields(text) {
		if len([]rune(line))+1+len([]rune(word)) > width && line != indent {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		if line != first && line != indent {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
}

// within is a target time as people say it.
func within(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return report.Plural(int64(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return report.Plural(int64(d/time.Hour), "hour")
	default:
		return report.Plural(int64(d/time.Minute), "minute")
	}
}
