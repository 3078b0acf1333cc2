package probe

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/miekg/dns"

	"github.com/wardline/wardline/content/strict"
)

// Kind is how a target is asked.
type Kind string

// The kinds.
const (
	TCP      Kind = "tcp"      // connects
	MLLP     Kind = "mllp"     // connects, and sends no message
	TLS      Kind = "tls"      // shakes hands, and reads when the certificate ends
	DICOM    Kind = "dicom"    // asks for an association, sends C-ECHO, and releases it
	FHIR     Kind = "fhir"     // gets metadata, which must be a CapabilityStatement that says its version
	QIDO     Kind = "qido"     // looks for a study that nobody has
	HTTPS    Kind = "https"    // gets a page, over https or http
	DNS      Kind = "dns"      // asks for a name
	LDAP     Kind = "ldap"     // reads, as nobody in particular, what the server says of itself
	Kerberos Kind = "kerberos" // connects: a wrong login every half minute would stand in somebody's log
	NTP      Kind = "ntp"      // compares clocks
)

// Config lists what is probed. Nothing else is.
type Config struct {
	// Targets are the servers.
	Targets []Target `yaml:"targets"`
	// AtOnce is how many are asked at the same time: 32 when left out.
	AtOnce int `yaml:"at_once"`
}

// Target is one server that is probed.
type Target struct {
	// Name is what the house calls it, such as PACS.
	Name string `yaml:"name"`
	// Kind is how it is asked: tcp, mllp, tls, dicom, fhir, qido, https, dns, ldap, kerberos or ntp.
	Kind Kind `yaml:"kind"`
	// Address is its host and port: pacs.example:11112. The port may be left out where the kind has one (dns, ldap, kerberos, ntp). For fhir, qido and https
	// URL takes its place.
	Address string `yaml:"address"`
	// URL is the root of the service for fhir and qido, to which /metadata and /studies are added, and the page itself for https.
	URL string `yaml:"url"`
	// Component is its name in the dependency map, Name when left out.
	Component string `yaml:"component"`
	// Device says what the server is, where the list comes from an inventory: server, or left out. Modalities, pumps, monitors and other devices at patients are refused.
	Device string `yaml:"device"`

	// Every is how often it is asked: 30s when left out, at least 5s. While something is wrong it is asked every 30s at least.
	Every time.Duration `yaml:"every"`
	// Timeout is how long is waited for it: 5s when left out, at most 60s, and less than Every.
	Timeout time.Duration `yaml:"timeout"`
	// Slow is how quick an answer is never slow, whatever is usual: 500ms when left out.
	Slow time.Duration `yaml:"slow"`

	// TLS says that mllp, dicom or ldap is spoken over TLS.
	TLS bool `yaml:"tls"`
	// ServerName is the name in the certificate: the host of the address when left out.
	ServerName string `yaml:"server_name"`
	// CA is the whole path of a PEM file with the authorities that the certificate may come from. A server whose certificate does not, or has ended, is down then, as it
	// is for those who check. Left out, whose certificate it is counts for nothing, and only its end is watched; but with
	// Credentials it is those of the operating system.
	CA string `yaml:"ca"`
	// Certificate and Key are whole paths of PEM files by which we are known, for a server that asks everybody for a certificate: it would log an error without.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// WarnDays is how many days before its end a certificate is told of: 45, 14 and 3 when left out.
	WarnDays []int `yaml:"warn_days"`

	// Credentials is the whole path of a file with one line, "basic NAME:PASSWORD" or "bearer TOKEN", for fhir, qido and https. It is read at each attempt.
	Credentials string `yaml:"credentials"`
	// Status is the one status of https by which all is well: any from 200 to 399 when left out.
	Status int `yaml:"status"`

	// CalledAE is the AE title of a dicom server, and CallingAE ours: WARDLINE when left out.
	CalledAE  string `yaml:"called_ae"`
	CallingAE string `yaml:"calling_ae"`

	// Query is the name that dns asks for, and Type A, AAAA or SRV: A when left out.
	Query string `yaml:"query"`
	Type  string `yaml:"type"`

	url *url.URL
}

// What a declaration is held to.
const (
	mostTargets = 2000
	longestName = 64
	mostWarn    = 8
	longestWarn = 3650
	leastEvery  = 5 * time.Second
	mostEvery   = 24 * time.Hour
	mostTimeout = time.Minute
	restless    = 30 * time.Second // how often at least a target is asked with which something is wrong
)

// Parse reads a declaration and fills in what was left out. A key that is not known is refused with its line, as is what cannot be meant. It opens nothing.
func Parse(text []byte) (Config, error) {
	var c Config
	if err := strict.Decode(text, &c); err != nil {
		return Config{}, fmt.Errorf("read probes: %w", err)
	}
	if err := c.Check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Check fills in what was left out, and says what cannot work, all of it at once.
func (c *Config) Check() error {
	var wrong []error
	c.AtOnce = cmp.Or(c.AtOnce, 32)
	if c.AtOnce < 1 || c.AtOnce > 256 {
		wrong = append(wrong, errors.New("probes: at_once is 1 to 256"))
	}
	if len(c.Targets) > mostTargets {
		return fmt.Errorf("probes: more than %d targets", mostTargets)
	}
	names := map[string]bool{}
	for i := range c.Targets {
		t := &c.Targets[i]
		if err := t.complete(); err != nil {
			wrong = append(wrong, fmt.Errorf("probes: target %d (%s): %w", i+1, printable(t.Name), err))
		}
		if names[t.Name] {
			wrong = append(wrong, fmt.Errorf("probes: two are called %s; give each a name", printable(t.Name)))
		}
		names[t.Name] = true
	}
	return errors.Join(wrong...)
}

// printable is a name as it can stand in an error.
func printable(name string) string {
	if !named(name) {
		return "without a name"
	}
	return name
}

func named(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= longestName && !strings.ContainsFunc(name, unicode.IsControl)
}

func (t *Target) complete() error {
	if !named(t.Name) {
		return fmt.Errorf("name: say what the house calls it, in at most %d characters", longestName)
	}
	t.Component = cmp.Or(t.Component, t.Name)
	if !named(t.Component) {
		return errors.New("component: the name that it has in the dependency map")
	}
	for _, check := range []func() error{t.checkDevice, t.checkTimes, t.checkPlace, t.checkKeys, t.checkTLS, t.checkDICOM, t.checkDNS} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkDevice refuses what hangs on a patient, or may hang by itself when a stranger calls.
func (t *Target) checkDevice() error {
	switch t.Device {
	case "", "server":
		return nil
	case "modality", "pump", "monitor", "ventilator", "anaesthesia", "dialysis", "injector", "analyser", "device":
		return fmt.Errorf("device %s: Wardline never probes modalities or pumps, nor other devices at patients: they may hang when somebody calls whom they do not expect. "+
			"Take it out of the list, and name the server that it sends to", t.Device)
	}
	return errors.New("device: server, or left out; it is not known what this is, and only servers are probed")
}

func (t *Target) checkTimes() error {
	t.Every, t.Slow = cmp.Or(t.Every, 30*time.Second), cmp.Or(t.Slow, 500*time.Millisecond)
	t.Timeout = cmp.Or(t.Timeout, min(5*time.Second, t.Every-time.Second))
	switch {
	case t.Every < leastEvery || t.Every > mostEvery:
		return fmt.Errorf("every: from %v to %v", leastEvery, mostEvery)
	case t.Timeout < 100*time.Millisecond || t.Timeout > mostTimeout || t.Timeout >= t.Every:
		return fmt.Errorf("timeout: from 100ms to %v, and less than every", mostTimeout)
	case t.Slow < 0:
		return errors.New("slow: how quick is never slow, such as 500ms")
	}
	return nil
}

// overHTTP tells the kinds that have a URL.
func (k Kind) overHTTP() bool { return k == FHIR || k == QIDO || k == HTTPS }

// port is where a kind is usually found, and 0 where it may be anywhere.
func (t *Target) port() int {
	switch t.Kind {
	case DNS:
		return 53
	case Kerberos:
		return 88
	case NTP:
		return 123
	case LDAP:
		if t.TLS {
			return 636
		}
		return 389
	}
	return 0
}

func (t *Target) checkPlace() error {
	switch t.Kind {
	case FHIR, QIDO, HTTPS:
		return t.checkURL()
	case TCP, MLLP, TLS, DICOM, DNS, LDAP, Kerberos, NTP:
		return t.checkAddress()
	}
	return errors.New("kind: one of tcp, mllp, tls, dicom, fhir, qido, https, dns, ldap, kerberos and ntp")
}

func (t *Target) checkURL() (err error) {
	t.url, err = url.Parse(t.URL)
	switch {
	case t.Address != "":
		return fmt.Errorf("address: %s has a url instead", t.Kind)
	case err != nil || t.url.Hostname() == "" || t.url.Scheme != "https" && t.url.Scheme != "http" || t.url.Fragment != "" || t.url.RawQuery != "" && t.Kind != HTTPS:
		return errors.New("url: it is no address such as https://fhir.example/r4")
	case t.url.User != nil:
		return errors.New("url: credentials do not belong here: write them into a file, and name it under credentials")
	case t.Credentials != "" && t.url.Scheme == "http" && !loopback(t.url.Hostname()):
		return errors.New("url: credentials are not sent readable over the network: have the server speak https")
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (t *Target) checkAddress() error {
	if t.URL != "" {
		return fmt.Errorf("url: %s has an address instead, host:port", t.Kind)
	}
	host, port, err := net.SplitHostPort(t.Address)
	if usual := t.port(); err != nil && usual != 0 {
		host, port, err = net.SplitHostPort(net.JoinHostPort(strings.Trim(t.Address, "[]"), strconv.Itoa(usual)))
	}
	number, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || number == 0 || host == "" || strings.ContainsFunc(host, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '/' }) {
		return errors.New("address: host and port, such as pacs.example:11112")
	}
	t.Address = net.JoinHostPort(host, port)
	return nil
}

// host is where the target is.
func (t *Target) host() string {
	if t.url != nil {
		return t.url.Hostname()
	}
	host, _, _ := net.SplitHostPort(t.Address)
	return host
}

// checkKeys refuses keys that the kind does not read: they would be wishes that nobody grants.
func (t *Target) checkKeys() error {
	for _, k := range []struct {
		name  string
		given bool
		read  bool
	}{
		{"tls", t.TLS, t.Kind == MLLP || t.Kind == DICOM || t.Kind == LDAP || t.Kind == TLS},
		{"credentials", t.Credentials != "", t.Kind.overHTTP()},
		{"status", t.Status != 0, t.Kind == HTTPS},
		{"called_ae", t.CalledAE != "", t.Kind == DICOM},
		{"calling_ae", t.CallingAE != "", t.Kind == DICOM},
		{"query", t.Query != "", t.Kind == DNS},
		{"type", t.Type != "", t.Kind == DNS},
	} {
		if k.given && !k.read {
			return fmt.Errorf("%s: it means nothing for kind %s; take it out", k.name, t.Kind)
		}
	}
	if t.Status != 0 && (t.Status < 200 || t.Status > 599) {
		return errors.New("status: 200 to 599, or left out")
	}
	return nil
}

// secured tells whether TLS is spoken.
func (t *Target) secured() bool {
	return t.Kind == TLS || t.TLS || t.url != nil && t.url.Scheme == "https"
}

func (t *Target) checkTLS() error {
	if !t.secured() && (t.ServerName != "" || t.CA != "" || t.Certificate != "" || t.Key != "" || t.WarnDays != nil) {
		return errors.New("server_name, ca, certificate, key and warn_days need TLS: kind tls, tls: true, or an https url")
	}
	if (t.Certificate == "") != (t.Key == "") {
		return errors.New("certificate and key go together")
	}
	for _, path := range []string{t.CA, t.Certificate, t.Key, t.Credentials} {
		if path != "" && (!filepath.IsAbs(path) || strings.ContainsFunc(path, unicode.IsControl)) {
			return errors.New("ca, certificate, key and credentials: name a file by its whole path; what it says does not belong here")
		}
	}
	if t.WarnDays == nil && t.secured() {
		t.WarnDays = []int{45, 14, 3}
	}
	t.WarnDays = slices.Clone(t.WarnDays)
	slices.Sort(t.WarnDays)
	if n := len(t.WarnDays); n > mostWarn || n > 0 && (t.WarnDays[0] < 1 || t.WarnDays[n-1] > longestWarn) {
		return fmt.Errorf("warn_days: at most %d numbers of days, each 1 to %d", mostWarn, longestWarn)
	}
	return nil
}

// checkDICOM holds titles to PS3.5 6.2 (AE).
func (t *Target) checkDICOM() error {
	if t.Kind != DICOM {
		return nil
	}
	t.CallingAE = cmp.Or(t.CallingAE, "WARDLINE")
	for _, title := range []string{t.CalledAE, t.CallingAE} {
		if strings.TrimSpace(title) == "" || len(title) > 16 || strings.ContainsFunc(title, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' }) {
			return errors.New("called_ae and calling_ae: AE titles of 1 to 16 characters; called_ae must be stated")
		}
	}
	return nil
}

func (t *Target) checkDNS() error {
	if t.Kind != DNS {
		return nil
	}
	t.Type = cmp.Or(t.Type, "A")
	if _, ok := dns.IsDomainName(t.Query); !ok || t.Query == "" {
		return errors.New("query: the name to ask for, such as dc1.hospital.example")
	}
	if t.Type != "A" && t.Type != "AAAA" && t.Type != "SRV" {
		return errors.New("type: A, AAAA or SRV")
	}
	return nil
}
