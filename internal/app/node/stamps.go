package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/internal/integrity/bundle"
	"github.com/wardline/wardline/internal/integrity/stamp"
	"github.com/wardline/wardline/internal/journal"
)

// TimestampsConfig is an authority of time stamps (RFC 3161). None is asked as long as URL is empty.
type TimestampsConfig struct {
	// URL is where it answers, over HTTP or HTTPS: what it says is signed. It is sent one hash, and nothing else.
	URL string `yaml:"url"`
	// CA is a file with its certificates in PEM: the root, and those below it that the authority does not send.
	CA string `yaml:"ca"`
	// Every is how often it is asked: once an hour.
	Every time.Duration `yaml:"every"`
}

func (c *TimestampsConfig) check() error {
	if c.URL == "" {
		return nil
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("integrity.timestamps: url is the address of an authority of time stamps, such as https://stamps.example/tsr")
	case u.User != nil:
		return errors.New("integrity.timestamps: url takes no password: secrets do not stand in the configuration")
	case !filepath.IsAbs(c.CA):
		return errors.New("integrity.timestamps: ca is a file with the authority's certificates, by its whole path")
	case c.Every < time.Minute || c.Every > 24*time.Hour:
		return errors.New("integrity.timestamps: every is between a minute and a day, such as 1h")
	}
	return nil
}

// trust reads whose stamps are believed.
func (c *TimestampsConfig) trust() (rfc3161.Trust, error) {
	text, err := os.ReadFile(c.CA)
	if err != nil {
		return rfc3161.Trust{}, fmt.Errorf("integrity.timestamps.ca: %w", err)
	}
	trust, err := rfc3161.ParseTrust(text)
	if err != nil {
		return rfc3161.Trust{}, fmt.Errorf("integrity.timestamps.ca: %s: %w", c.CA, err)
	}
	return trust, nil
}

// openStamps prepares what has the journal stamped.
func (n *Node) openStamps(ctx context.Context) error {
	c := &n.config.Integrity.Timestamps
	if c.URL == "" {
		return nil
	}
	trust, err := c.trust()
	if err != nil {
		return err
	}
	authority := &stamp.Authority{URL: c.URL, Trust: trust, Client: &http.Client{}, Now: time.Now}
	n.stamps, err = stamp.NewKeeper(ctx, n.db, n.journal, stamp.KeeperConfig{Authority: authority, Every: c.Every, Log: n.log})
	return err
}

// stampStatus is when the journal was stamped last, nil when no authority is asked.
func (n *Node) stampStatus() *stamp.Standing {
	if n.stamps == nil {
		return nil
	}
	s := n.stamps.Standing()
	return &s
}

func (n *Node) stampAge() float64 {
	s := n.stampStatus()
	if s == nil || s.At.IsZero() {
		return -1
	}
	return time.Since(s.At).Seconds()
}

// stampFor has a bundle carry the stamps that cover what it shows. What none covers yet is stamped now; when that does not work the
// bundle goes without, and it is said why: evidence does not wait for a third party.
func (n *Node) stampFor(ctx context.Context, source *bundle.Source, places []journal.Place, asked *Evidence) error {
	if n.stamps == nil {
		return nil
	}
	var last uint64
	for _, at := range places {
		last = max(last, at.Entry)
	}
	if err := n.stamps.Cover(ctx, last); err != nil && !errors.Is(err, journal.ErrNoEntry) { // that there is none is said of the record
		if ctx.Err() != nil {
			return ctx.Err()
		}
		asked.Trouble = err.Error()
	}
	source.CheckStamp = stamp.Check(nil) // who signed was checked when it came; the authority may be another one since
	source.Stamped = func(ctx context.Context, entry uint64) (*evidence.Stamp, error) {
		s, err := n.stamps.Prove(ctx, entry)
		if errors.Is(err, stamp.ErrUnstamped) {
			asked.Unstamped++
			return nil, nil
		}
		return &s, err
	}
	return nil
}

// timestamps looks at the certificates of the authority that is configured.
func (d *doctor) timestamps() {
	c := &d.c.Integrity.Timestamps
	if c.URL == "" {
		return
	}
	trust, err := c.trust()
	if err != nil {
		d.wrong("The certificates of the authority of time stamps cannot be read: "+err.Error()+".", "Put the authority's chain in PEM there: it publishes it. Without it the node does not start.")
		return
	}
	const soon = 30 * 24 * time.Hour
	for _, cert := range trust.Intermediates {
		if time.Until(cert.NotAfter) < soon {
			d.wrong(fmt.Sprintf("A certificate in %s ends on %s.", c.CA, cert.NotAfter.Format(time.DateOnly)), "Get the authority's new chain. Keep the old one: stamps of before are checked by it.")
			return
		}
	}
	d.well("the certificates of the authority of time stamps are good")
}

// stamped looks at how old the last stamp is.
func (d *doctor) stamped(s *Status) {
	if s.Stamps == nil {
		return
	}
	every := time.Duration(s.Stamps.Every) * time.Second
	const do = "See that this machine reaches the authority. The next stamp covers all that came meanwhile; but how old it is, is proven only from then on."
	switch age := time.Since(s.Stamps.At).Round(time.Second); {
	case s.Stamps.At.IsZero() && s.Stamps.Trouble == "":
		d.well("the journal is about to be stamped for the first time")
	case s.Stamps.At.IsZero():
		d.wrong("The journal was never stamped by an authority: "+s.Stamps.Trouble+".", do)
	case age > 3*every:
		d.wrong(fmt.Sprintf("The journal was stamped last %s ago: %s.", age, s.Stamps.Trouble), do)
	default:
		d.well("the journal was stamped %s ago, up to entry %d", age, s.Stamps.Size)
	}
}
