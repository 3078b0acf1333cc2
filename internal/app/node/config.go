// Package node is Wardline at work on one machine: it opens what is kept, lets senders in, and runs
// the rooms that watch what they say.
package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/collect"
)

// Config is the configuration of a node: one YAML file, in which everything may be left out. These
// comments are its manual; docs/configuration.md repeats them with an example.
type Config struct {
	// Site is the name of the house. It stands on every page and in the journal's name, which never
	// changes once the journal has been made.
	Site string `yaml:"site"`
	// Data is the folder in which everything lies that is to be kept.
	Data string `yaml:"data"`
	// State is where people, findings and positions are kept: "sqlite", a file below Data, or the path of a file
	// that holds a PostgreSQL URL, which is a secret.
	State string `yaml:"state"`
	// Zone is the place whose clock times the systems of the house mean where they state no offset, such as
	// "Europe/Berlin". The machine's own unless stated. A mapping or a message that says where its clock stands is believed before.
	Zone string `yaml:"zone"`
	// VaultKeyFile holds the keys that patients' identifiers are sealed and replaced by. They are made at the first start, beside the
	// journal's key. Keep a copy of it elsewhere: without it what people noted cannot be read, and no patient be found.
	VaultKeyFile string `yaml:"vault_key_file"`

	Console ConsoleConfig `yaml:"console"`
	Journal JournalConfig `yaml:"journal"`
	Index   IndexConfig   `yaml:"index"`
	Rules   RulesConfig   `yaml:"rules"`
	Privacy PrivacyConfig `yaml:"privacy"`
	// Integrity is what is compared, so that nobody changes a record unseen.
	Integrity IntegrityConfig `yaml:"integrity"`
	// Continuity is the watch over the rhythm of care.
	Continuity ContinuityConfig `yaml:"continuity"`
	Metrics    MetricsConfig    `yaml:"metrics"`
	// Intake is what senders may cost, and when one is missed. Its keys are documented in internal/collect/config.go.
	Intake collect.Config `yaml:"intake"`

	// Sources are the listeners and followers, each with its kind and the keys of that kind. Whoever
	// lists one lists all: the defaults are then not opened.
	Sources []SourceConfig `yaml:"sources"`
}

// ConsoleConfig is the web console.
type ConsoleConfig struct {
	// Listen is the address that browsers reach.
	Listen string `yaml:"listen"`
	// Names are the host names and addresses that the console's own certificate is made out to. The machine's
	// name, localhost and its addresses are always among them.
	Names []string `yaml:"names"`
	// Certificate and Key are PEM files of a certificate that browsers know, read again within a minute when they change. Without
	// them the node's own authority issues one.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// OIDC is the house's own identity provider, by which people may sign in as well.
	OIDC OIDCConfig `yaml:"oidc"`
	// TwoPeople says that what blinds the house, or lets in who could, waits until a second person agrees: to have findings
	// not shown any more, and to make somebody an administrator or an auditor. Where nobody else could agree, or
	// was not here for a month, one person acts alone in any case.
	TwoPeople bool `yaml:"two_people"`
}

// OIDCConfig is an OpenID Connect provider. It is not used as long as Issuer is empty. At the provider, the console's
// address with /oidc/back is to be named as the place to send people back to.
type OIDCConfig struct {
	// Issuer is the provider's https URL, exactly as it writes it.
	Issuer string `yaml:"issuer"`
	// ClientID is Wardline's name there, and SecretFile a file with its secret.
	ClientID   string `yaml:"client_id"`
	SecretFile string `yaml:"secret_file"`
	// Scopes are asked for besides openid and profile, and GroupsClaim is the claim that lists groups (groups).
	Scopes      []string `yaml:"scopes"`
	GroupsClaim string   `yaml:"groups_claim"`
	// Roles says what groups mean: a group, and roles of Wardline. Who is in none of them is not let in.
	Roles map[string][]access.Role `yaml:"roles"`
}

// JournalConfig is the sealed journal.
type JournalConfig struct {
	// Dir is its folder, below Data when it is not stated.
	Dir string `yaml:"dir"`
	// KeyFile holds the key that the bodies are encrypted by. It is made at the first start. Keep a copy of it elsewhere:
	// without it nobody reads the journal.
	KeyFile string `yaml:"key_file"`
	// Ballast is how many bytes of the disk are put aside, so that what people do can be sealed when something else has
	// filled it. -1 puts none aside.
	Ballast int64 `yaml:"ballast"`
	// Keep says for how long bodies are kept.
	Keep KeepConfig `yaml:"keep_days"`
}

// IndexConfig is search.
type IndexConfig struct {
	// URL is a VictoriaLogs cluster to search with. Without it the node runs a small one of its own.
	URL string `yaml:"url"`
	// Memory bounds what the node's own may use, in bytes.
	Memory int64 `yaml:"memory"`
}

// RulesConfig is what events are judged by, and how exports are read.
type RulesConfig struct {
	app.SetConfig `yaml:",inline"`
	// Mappings is a folder of further mappings for access-log exports.
	Mappings string `yaml:"mappings"`
}

// MetricsConfig is what monitoring reads.
type MetricsConfig struct {
	// Listen is the address of /metrics and /healthz. It asks for no login, so it must be a loopback address. "off" opens none.
	Listen string `yaml:"listen"`
}

// SourceConfig is one source. The keys beside kind and name are those of its kind.
type SourceConfig struct {
	Kind string
	Name string
	own  yaml.Node
}

// UnmarshalYAML keeps the keys of the kind for the kind to read.
func (s *SourceConfig) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a source is a list of keys, the first of which is kind", node.Line)
	}
	s.own = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: node.Line}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch key.Value {
		case "kind":
			s.Kind = value.Value
		case "name":
			s.Name = value.Value
			fallthrough
		default:
			s.own.Content = append(s.own.Content, key, resolved(value))
		}
	}
	if s.Kind == "" {
		return fmt.Errorf("line %d: a source needs a kind", node.Line)
	}
	if s.Name == "" {
		s.Name = s.Kind
	}
	return nil
}

// resolved puts what an alias stands for in its place: each source is read on its own.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return resolved(node.Alias)
	}
	node.Anchor = ""
	for i, child := range node.Content {
		node.Content[i] = resolved(child)
	}
	return node
}

// MarshalYAML writes the kind before its keys.
func (s SourceConfig) MarshalYAML() (any, error) {
	text := func(t string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: t} }
	content := append([]*yaml.Node{text("kind"), text(s.Kind)}, s.own.Content...)
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: content}, nil
}

// decode fills config with the keys of the kind and refuses those that it does not know.
func (s *SourceConfig) decode(config any) error {
	text, err := yaml.Marshal(&s.own)
	if err != nil {
		return err
	}
	if err := strict.Decode(text, config); err != nil {
		return fmt.Errorf("line %d: %w", s.own.Line, err)
	}
	return nil
}

// DefaultConfig is a node that was never configured. Its data lies where the system wants it: below /var/lib for
// the administrator, else below the person's own data folder.
func DefaultConfig() Config {
	c := Config{
		Site: "hospital", Data: defaultData(), State: "sqlite",
		Console:   ConsoleConfig{Listen: ":8443", TwoPeople: true},
		Journal:   JournalConfig{Ballast: 256 << 20, Keep: KeepConfig{Events: 400, Damaged: 30, Records: 2192}},
		Index:     IndexConfig{Memory: 64 << 20},
		Rules:     RulesConfig{SetConfig: app.SetConfig{Places: []string{app.Builtin}}},
		Privacy:   PrivacyConfig{Beds: 200, ExportLimit: 100, ImageLimit: 20},
		Integrity: IntegrityConfig{SweepAt: "02:30", Sample: 3000, Timestamps: TimestampsConfig{Every: time.Hour}},
		Metrics:   MetricsConfig{Listen: "127.0.0.1:9464"},
		Intake:    collect.DefaultConfig(),
	}
	if name, err := os.Hostname(); err == nil {
		c.Site, _, _ = strings.Cut(name, ".")
	}
	return c
}

func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/wardline"
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "wardline")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "wardline-data"
	}
	return filepath.Join(home, ".local", "share", "wardline")
}

// ReadConfig reads a file over the defaults. "" is the defaults alone.
func ReadConfig(path string) (Config, error) {
	c := DefaultConfig()
	if path == "" {
		return c, c.Check()
	}
	text, err := strict.ReadFile(path, 256<<10)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	if err := strict.Decode(text, &c); err != nil {
		return Config{}, fmt.Errorf("read configuration %s: %w", path, err)
	}
	if err := c.Check(); err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

// Check says what cannot work, all of it at once, and opens nothing.
func (c *Config) Check() error {
	var wrong []error
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if c.Site == "" || len(c.Site) > 64 || strings.ContainsAny(c.Site, " +/\t\n") {
		complain("site: a name of at most 64 characters without spaces, + and /")
	}
	if c.Data == "" {
		complain("data: name the folder in which the data is to lie")
	}
	if _, err := c.Location(); err != nil {
		complain("zone: a place of the time zone database, such as Europe/Berlin: %w", err)
	}
	if (c.Console.Certificate == "") != (c.Console.Key == "") {
		complain("console: certificate and key go together")
	}
	if o := c.Console.OIDC; o.Issuer != "" && (!strings.HasPrefix(o.Issuer, "https://") || o.ClientID == "" || len(o.Roles) == 0) {
		complain("console.oidc: it takes an https issuer, a client_id, and roles for at least one group")
	}
	if k := c.Journal.Keep; k.Events < 0 || k.Damaged < 0 || k.Records < 0 {
		complain("journal.keep_days: days are 0, for good, or more")
	}
	if _, _, err := net.SplitHostPort(c.Console.Listen); err != nil {
		complain("console.listen: an address with a port, such as :8443")
	}
	if err := loopback(c.Metrics.Listen); err != nil {
		complain("metrics.listen: %w", err)
	}
	if c.Index.URL == "" && c.Index.Memory < 16<<20 {
		complain("index.memory: at least 16 MiB (16777216)")
	}
	if len(c.Rules.Places) == 0 {
		complain("rules.places: name at least one; builtin are those that ship with Wardline")
	}
	names := map[string]bool{}
	for i := range c.Sources {
		s := &c.Sources[i]
		if names[s.Name] {
			complain("sources: two are called %s; give each a name", s.Name)
		}
		names[s.Name] = true
	}
	if err := c.Privacy.check(); err != nil {
		wrong = append(wrong, err)
	}
	if err := c.Continuity.check(); err != nil {
		return err
	}
	if err := c.Integrity.check(); err != nil {
		wrong = append(wrong, err)
	}
	if err := c.Intake.Check(); err != nil {
		wrong = append(wrong, err)
	}
	if _, err := c.open(app.Host{TLS: &tls.Config{}}, slog.New(slog.DiscardHandler)); err != nil {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// Location is the zone of the house's clocks.
func (c *Config) Location() (*time.Location, error) {
	if c.Zone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(c.Zone)
}

// loopback accepts what only this machine can reach.
func loopback(address string) error {
	if address == "off" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("an address with a port, such as 127.0.0.1:9464, or off")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("it asks for no login, so only a loopback address is allowed")
	}
	return nil
}

// String is the whole configuration as YAML, defaults included. It holds no secrets: those are in files that it names.
func (c *Config) String() string {
	shown := *c
	shown.Sources, _ = c.listed()
	text, err := yaml.Marshal(shown)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
