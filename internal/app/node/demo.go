package node

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/pquerna/otp/totp"
	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/sim"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/send"
	"github.com/wardline/wardline/internal/sim/story"
	"github.com/wardline/wardline/internal/sim/world"
	"github.com/wardline/wardline/internal/triage"
)

// DemoConfig is a demonstration: a node on this machine alone, and an invented hospital that sends to it.
type DemoConfig struct {
	Dir  string        // folder for the node's data; a temporary one, deleted in the end, when it is empty
	Seed uint64        // the same seed plays the same night
	Over time.Duration // in which the night is played
	Once bool          // end when it has been played and looked at; else go on until ctx is done
}

// Demo runs a node, lets the invented hospital send to it over its real doors, and tells w where to look.
func Demo(ctx context.Context, c DemoConfig, w io.Writer, log *slog.Logger) error {
	dir := c.Dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "wardline-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	d := &demo{DemoConfig: c, out: w, began: time.Now()}
	config, err := d.configuration(dir)
	if err != nil {
		return err
	}
	n, err := Open(ctx, config, log)
	if err != nil {
		return err
	}
	d.Node = n
	return errors.Join(d.run(ctx), n.Close(ctx))
}

// demo is a demonstration under way.
type demo struct {
	DemoConfig
	*Node
	out                io.Writer
	began              time.Time
	syslog, mllp, http string // where the hospital sends to
	guest              access.Session
}

// configuration opens nothing to other machines, and takes ports that are free.
func (d *demo) configuration(dir string) (Config, error) {
	ports, err := freePorts(4)
	if err != nil {
		return Config{}, err
	}
	d.syslog, d.mllp, d.http = ports[0], ports[1], ports[2]
	text := fmt.Sprintf(`
site: example
data: %[1]q
zone: Europe/Vienna
privacy: {authority: ALDER, beds: 200, cases_per_day: 6}
console: {listen: %[2]q, names: [localhost]}
metrics: {listen: "off"}
journal: {ballast: -1}
rules: {placeholders: %[7]q}
sources:
- {kind: syslog, streams: [{listen: %[3]q, from: [127.0.0.0/8]}]}
- {kind: mllp, streams: [{listen: %[4]q, from: [127.0.0.0/8]}]}
- {kind: http, listen: %[5]q}
- {kind: files, name: drop, paths: [%[6]q], rescan: 2s}
`, dir, ports[3], d.syslog, d.mllp, d.http, filepath.Join(dir, "drop"), filepath.Join(dir, "site.yml"))
	file := filepath.Join(dir, "wardline.yml")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Config{}, err
	}
	known, err := yaml.Marshal(sim.Site())
	if err != nil {
		return Config{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, "site.yml"), known, 0o600); err != nil {
		return Config{}, err
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return Config{}, err
	}
	return ReadConfig(file)
}

// freePorts finds loopback addresses that nobody listens at.
func freePorts(n int) ([]string, error) {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all are held until all are found, so that they differ
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

func (d *demo) run(ctx context.Context) error {
	if err := d.welcomeGuest(ctx); err != nil {
		return err
	}
	token, err := d.IssueSender(ctx, "example-hospital")
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	ran := make(chan error, 1)
	go func() { ran <- d.Run(ctx) }()
	err = d.play(ctx, token)
	if ctx.Err() != nil {
		err = nil // the guest has gone
	}
	if err != nil || d.Once {
		end()
	}
	return errors.Join(err, <-ran)
}

// welcomeGuest makes the guest a person of the house, with all roles that a small clinic's first person has.
func (d *demo) welcomeGuest(ctx context.Context) error {
	secret, _, err := d.house.SetupSecret(ctx)
	if err != nil {
		return err
	}
	e, err := d.house.Begin(ctx, secret, "guest", "Guest of the demonstration", rand.Text())
	if err != nil {
		return fmt.Errorf("the folder holds another node's data: name an empty one: %w", err)
	}
	code, err := totp.GenerateCode(e.TOTPSecret, time.Now())
	if err != nil {
		return err
	}
	if d.guest, _, err = d.house.Confirm(ctx, e.ID, code); err != nil {
		return err
	}
	link := rand.Text()
	d.extra = map[string]http.HandlerFunc{"GET /enter/" + link: func(w http.ResponseWriter, r *http.Request) {
		d.console.Enter(w, d.guest)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}}
	fmt.Fprintf(d.out, "An invented hospital of 200 beds lives its last week. Look at it here (the certificate is the node's own, so\nthe browser will ask):\n\n    https://%s/enter/%s\n\n", d.config.Console.Listen, link)
	return nil
}

// play sends a night in which machines are attacked and days in which records are opened, says when the first finding and the
// first case are there, and then goes on slowly, so that everything stays alive.
func (d *demo) play(ctx context.Context, token string) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: d.authority.Pool()}}}
	to := send.Receiver{
		Syslog: d.syslog, MLLP: d.mllp, HTTP: "https://" + d.http + "/events", FHIR: "https://" + d.http + "/fhir", Token: token, Drop: d.config.drop(), Client: client, Ahead: 64,
	}
	if err := d.listening(ctx); err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	night, days := make(chan error, 1), make(chan error, 1)
	// The night is the first of the days: whatever is later would tell the house that they are long over.
	machines := sim.Story(d.Seed, time.Now().AddDate(0, 0, -daysBefore-daysAfter)).Machines()
	go func() { night <- machines.Play(ctx, to, d.Over) }()
	go func() { days <- d.days(ctx, to) }()
	if err := d.firstFinding(ctx); err != nil {
		return err
	}
	if err := <-night; err != nil {
		return err
	}
	if err := d.firstCase(ctx, days); err != nil {
		return err
	}
	if err := d.judged(ctx); err != nil {
		return err
	}
	counts, err := d.desk.Counts(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "So far: %d events, %d findings.", d.live.State().Events, counts.States[triage.New])
	if d.Once {
		fmt.Fprintln(d.out)
		return nil
	}
	fmt.Fprintln(d.out, " Life goes on. Ctrl-C ends it.")
	return <-days
}

// Days of the hospital's life: the first ones are told at once, so that what happened in them is judged; the others go by
// quickly, while one watches.
const (
	daysBefore = 5
	daysAfter  = 2
	quickly    = 120 // times faster than real time
)

// days plays the hospital up to this morning.
func (d *demo) days(ctx context.Context, to send.Receiver) error {
	stories, _ := story.Named(story.Demo()...)
	zone, err := d.config.Location()
	if err != nil {
		return err
	}
	h, err := life.New(life.Config{
		Size: world.Mid, Seed: d.Seed, From: time.Now().In(zone).AddDate(0, 0, -daysBefore-daysAfter), Days: daysBefore + daysAfter, Learn: 1,
		Rows: 0.05, Stories: stories, Zone: zone.String(),
	})
	if err != nil {
		return err
	}
	n := send.To(ctx, to, 0, h.Period())
	slowly := h.World.At(h.World.From, 24*daysBefore, 0)
	var began time.Time
	err = h.Play(ctx, life.Sinks{Record: func(r *feed.Record) error {
		if r.At.After(slowly) {
			if began.IsZero() {
				began = time.Now()
			}
			pause := time.NewTimer(time.Until(began.Add(r.At.Sub(slowly) / quickly)))
			defer pause.Stop()
			select {
			case <-pause.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return n.Record(r)
	}})
	return errors.Join(err, n.Close())
}

// firstCase waits for the first case of a record that was opened without a reason.
func (d *demo) firstCase(ctx context.Context, days <-chan error) error {
	err := until(ctx, func() (bool, error) {
		select {
		case err := <-days:
			return true, errors.Join(errors.New("the hospital's days are over, and no case was opened"), err)
		default:
		}
		cases, err := d.privacy.Cases(ctx, privacy.Filter{Limit: 1, Lanes: []privacy.Lane{privacy.Ranked}})
		if errors.Is(err, privacy.ErrNotReady) {
			return false, nil
		}
		return len(cases) > 0, err
	})
	if err == nil {
		fmt.Fprintf(d.out, "The first case is there, %.1f seconds after the start: somebody opened a record, and nothing says why. See Access.\n", time.Since(d.began).Seconds())
	}
	return err
}

// listening waits until the doors are open.
func (d *demo) listening(ctx context.Context) error {
	for _, address := range []string{d.syslog, d.mllp, d.http, d.config.Console.Listen} {
		err := until(ctx, func() (bool, error) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				return false, nil
			}
			return true, conn.Close()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) firstFinding(ctx context.Context) error {
	err := until(ctx, func() (bool, error) {
		c, err := d.desk.Counts(ctx)
		return c.States[triage.New] > 0, err
	})
	if err == nil {
		fmt.Fprintf(d.out, "The first finding is there, %.1f seconds after the start.\n", time.Since(d.began).Seconds())
	}
	return err
}

// judged waits until all that came in has been judged, and what was found lies on the desk.
func (d *demo) judged(ctx context.Context) error {
	still := 0
	return until(ctx, func() (bool, error) {
		if d.live.State().Next < d.journal.Size() {
			still = 0
		}
		still++
		return still > 10, nil
	})
}

// until asks often until it holds or ctx is done.
func until(ctx context.Context, holds func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := holds(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
