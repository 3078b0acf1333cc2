package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/internal/access/ca"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7"
)

// source is one listener or follower, ready to run.
type source struct {
	name, kind string
	collect.Source
}

// open makes the sources that the configuration lists, or those of the defaults. Nothing is opened yet but
// their configuration.
func (c *Config) open(h app.Host, log *slog.Logger) ([]source, error) {
	listed, err := c.listed()
	if err != nil {
		return nil, err
	}
	kinds := map[string]collect.Kind{}
	for _, k := range app.Sources(h) {
		kinds[k.Name] = k
	}
	var sources []source
	var wrong []error
	for i := range listed {
		s := &listed[i]
		kind, ok := kinds[s.Kind]
		if !ok {
			wrong = append(wrong, fmt.Errorf("source %s: there is no kind %q", s.Name, s.Kind))
			continue
		}
		made, err := kind.New(s.decode, h.Options, log.With("source", s.Name))
		if err != nil {
			wrong = append(wrong, fmt.Errorf("source %s: %w", s.Name, err))
			continue
		}
		sources = append(sources, source{s.Name, s.Kind, made})
	}
	return sources, errors.Join(wrong...)
}

// listed are the sources that the configuration lists, or those of a node that was never configured.
func (c *Config) listed() ([]SourceConfig, error) {
	if len(c.Sources) > 0 {
		return c.Sources, nil
	}
	return c.defaultSources()
}

// defaultSources are the doors of a node that was never configured: with TLS for whoever can, in the clear
// for whoever cannot and is near. near are the networks that do not reach beyond a house (RFC 1918, RFC 4193).
func (c *Config) defaultSources() ([]SourceConfig, error) {
	const doors = `
- {kind: syslog, name: syslog-tls, streams: [{listen: ":6514", from: &near [127.0.0.0/8, "::1/128", 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, "fc00::/7"],
    tls: {certificate: %[1]q, key: %[2]q, client_certificates: optional, client_ca: %[3]q}}]}
- {kind: syslog, name: syslog, streams: [{listen: ":%[4]d", from: *near}], datagrams: [{listen: ":%[4]d", from: *near}]}
- {kind: mllp, name: mllp, streams: [{listen: ":2575", from: *near}]}
- {kind: http, name: http, listen: ":8088"}
- {kind: files, name: drop, paths: [%[5]q]}
`
	dir := c.authority()
	text := fmt.Sprintf(doors, filepath.Join(dir, "node.pem"), filepath.Join(dir, "node.key"), filepath.Join(dir, "ca.pem"), syslogPort(), c.drop())
	var sources []SourceConfig
	if err := yaml.Unmarshal([]byte(text), &sources); err != nil {
		return nil, fmt.Errorf("wardline: internal error: default sources: %w", err)
	}
	return sources, nil
}

// syslogPort is 514 where this process may have it, and else one that everybody may.
func syslogPort() int {
	const usual, free = 514, 5514
	first, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if n, bad := strconv.Atoi(strings.TrimSpace(string(first))); os.Geteuid() == 0 || err == nil && bad == nil && n <= usual {
		return usual
	}
	return free
}

// drop is the folder into which exports may be put.
func (c *Config) drop() string {
	dir, err := filepath.Abs(filepath.Join(c.Data, "drop"))
	if err != nil {
		return "/" // refused: it is no folder of ours
	}
	return dir
}

// openSources makes the sources, and the certificate that they show.
func (n *Node) openSources() error {
	if err := n.renew(); err != nil {
		return err
	}
	formats, err := app.Formats(n.config.Rules.Mappings)
	if err != nil {
		return err
	}
	own, err := n.serverTLS()
	if err != nil {
		return err
	}
	if n.listed, err = n.config.listed(); err != nil {
		return err
	}
	zone, err := n.config.Location()
	if err != nil {
		return err
	}
	senders := &tokens{house: n.house, now: time.Now, known: map[shown]known{}}
	n.sources, err = n.config.open(app.Host{
		Options: collect.Options{Limits: collect.DefaultLimits(), Taxonomy: n.taxonomy, Whole: true, Zone: zone},
		Formats: formats, Positions: positions{n.db, n.vault}, TLS: own, Authenticate: senders.sender,
		Taps: hl7.TapSetup{KeyFile: filepath.Join(n.config.Data, "tap.key"), Load: marks{n.db, n.vault}.load, Save: marks{n.db, n.vault}.save},
	}, n.log)
	return err
}

// renew keeps the node's certificate on the disk good.
func (n *Node) renew() error {
	_, _, err := n.authority.Files(n.config.authority(), n.names()...)
	return err
}

// renewals looks twice a day whether the certificate is still good for long, until ctx is done.
func (n *Node) renewals(ctx context.Context) error {
	tick := time.NewTicker(12 * time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := n.renew(); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Authority is that of a node's site, which the node makes at its first start.
func Authority(c *Config) (*ca.Authority, error) {
	if _, err := os.Stat(filepath.Join(c.authority(), "ca.key")); err != nil {
		return nil, fmt.Errorf("there is no authority yet; the node makes it at its first start: %w", err)
	}
	return ca.Open(c.authority(), c.Site, time.Now)
}

// authority is the folder of the site's certificates.
func (c *Config) authority() string { return filepath.Join(c.Data, "authority") }
