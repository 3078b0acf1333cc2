package resources

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/content/strict"
)

// maxDeclaration is how many bytes a declaration may have.
const maxDeclaration = 1 << 20

const mostTypes = 150 // R4 has 148

// Declaration says which resources of one FHIR server (R4) matter, and how they are read. It is one YAML file for each server.
type Declaration struct {
	// System is what the house calls the server, such as RECORD. What is known of its resources is kept under this name.
	System string `yaml:"system"`

	// Base is the server's address, such as https://fhir.north.example/r4. It may begin with http: on this machine alone, or with Clear.
	Base string `yaml:"base"`

	// Aliases are other addresses under which the server, or what stands in front of it, writes its links and references.
	Aliases []string `yaml:"aliases"`

	// Clear allows http: to another machine. Whoever stands between the two reads along, and can falsify what is read.
	Clear bool `yaml:"clear"`

	// CA is a file with the certificates (PEM) of who vouches for the server; those of the machine when left out.
	CA string `yaml:"ca"`

	// Login is the whole path of a file in which one line says by which account the server is read: "bearer TOKEN", or "basic NAME:PASSWORD". The account
	// should have the right to read and no other. The file is read anew for each request, so that another program may renew it. The signed logins of SMART
	// Backend Services are not there yet: let such a program fetch the token.
	Login string `yaml:"login"`

	// Rate is how many requests a second may be made: 5 when left out. A page is one request; where a server tells the history of single resources alone,
	// each that has more than one version is one as well.
	Rate float64 `yaml:"rate"`

	// Page is how many resources are asked for at once: 200 when left out.
	Page int `yaml:"page"`

	// Timeout is how long one answer may take (1m), and Window how long a sweep of all types may (5h), so that it ends with the night. What was not
	// reached is first the next night.
	Timeout span.Span `yaml:"timeout"`
	Window  span.Span `yaml:"window"`

	// Young is how old a change must be before other systems can be expected to have heard of it (5m).
	Young span.Span `yaml:"young"`

	// History says what history the server tells, where its CapabilityStatement is wrong: type, system, instance, versions or none.
	History string `yaml:"history"`

	// Authority is who gives the numbers by which patients are told apart: the system of their identifier.
	Authority string `yaml:"authority"`

	// Zone is the place (Europe/Berlin) whose clock times mean that state no offset: UTC when left out.
	Zone string `yaml:"zone"`

	// Types are what is read of it.
	Types []Type `yaml:"types"`

	// Results says who sends the results that the server keeps, so that both can be compared. It is for those who compare systems with each other.
	Results Results `yaml:"results"`

	base *url.URL
	zone *time.Location
}

// What tells results of one code apart.
const (
	ByOrder = "order"
	ByTime  = "time"
)

// Results says by which words results in HL7 messages and those on the server become the same.
type Results struct {
	// From lists who sends results that must come to this server as they are: a source, or one sender of it such as lab/10.1.2.3.
	From []string `yaml:"from"`

	// By is what tells results of one code apart: order, the laboratory's number of the order (OBR-3; basedOn or identifier on the server), or time, when it was
	// measured, to the minute, for servers that keep no such number: order when left out.
	By string `yaml:"by"`

	// Authorities names who gives the numbers of patients: from the name in messages (PID-3.4) to the system of the identifiers on the server.
	Authorities map[string]string `yaml:"authorities"`

	// Systems names code systems: from the name in messages (OBX-3.3) to the URI on the server. LN, SCT and other usual ones are known.
	Systems map[string]string `yaml:"systems"`

	// Codes says which code of the messages is which on the server, both as system|code. Systems have their URIs; that of the messages' local codes is
	// as OBX-3.3 writes it.
	Codes map[string]string `yaml:"codes"`

	// Units says which unit of the messages is which in UCUM, where it is none of those that are known.
	Units map[string]string `yaml:"units"`
}

// Type is one type of resources.
type Type struct {
	// Type is its name, such as Observation.
	Type string `yaml:"type"`

	// Kind is what the resources mean: result, drug, order, note, master data, or another word of the house. Changes of what begins with master, which all
	// patients share, are told however they were made.
	Kind string `yaml:"kind"`

	// Harm is high where a wrong value hurts a patient soon; normal when left out. Half of each sample is taken from types with high harm.
	Harm string `yaml:"harm"`

	// Digests keeps digests alone, of types that are large and seldom matter: what they said before can then not be shown.
	Digests bool `yaml:"digests"`
}

// Parse reads a declaration and fills in what was left out. A key that is not known is refused with its line, as is what cannot be
// meant. It looks neither at files nor at the server.
func Parse(text []byte) (Declaration, error) {
	var d Declaration
	if err := strict.Decode(text, &d); err != nil {
		return Declaration{}, fmt.Errorf("read declaration: %w", err)
	}
	if err := d.complete(); err != nil {
		return Declaration{}, fmt.Errorf("read declaration: %w", err)
	}
	return d, nil
}

// Load reads the declaration in a file.
func Load(path string) (Declaration, error) {
	text, err := strict.ReadFile(path, maxDeclaration)
	if err != nil {
		return Declaration{}, fmt.Errorf("read declaration: %w", err)
	}
	d, err := Parse(text)
	if err != nil {
		return Declaration{}, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func (d *Declaration) complete() error {
	d.Rate, d.Page = cmp.Or(d.Rate, 5), cmp.Or(d.Page, 200)
	d.Results.By = cmp.Or(d.Results.By, ByOrder)
	d.Timeout, d.Window, d.Young = cmp.Or(d.Timeout, span.Span(time.Minute)), cmp.Or(d.Window, span.Span(5*time.Hour)), cmp.Or(d.Young, span.Span(5*time.Minute))
	switch {
	case d.System == "" || len(d.System) > 128:
		return errors.New("system: say what the house calls the server, such as RECORD")
	case d.Rate <= 0 || d.Rate > 10_000 || d.Page < 1 || d.Page > 5000:
		return errors.New("rate must be above 0, and page 1 to 5000")
	case len(d.Types) == 0 || len(d.Types) > mostTypes:
		return fmt.Errorf("types: name at least one and at most %d", mostTypes)
	case d.Login != "" && !filepath.IsAbs(d.Login) || d.CA != "" && !filepath.IsAbs(d.CA):
		return errors.New("login and ca: name the files by their whole paths; what they say does not belong here")
	}
	if d.Results.By != ByOrder && d.Results.By != ByTime {
		return errors.New("results.by: it is neither order nor time")
	}
	if _, known := wayNamed(d.History); d.History != "" && !known {
		return errors.New("history: it is none of type, system, instance, versions, none")
	}
	var err error
	if d.zone, err = time.LoadLocation(d.Zone); err != nil || d.Zone == "Local" {
		return errors.New("zone: it is no place such as Europe/Berlin")
	}
	if d.base, err = d.address(d.Base); err != nil {
		return fmt.Errorf("base: %w", err)
	}
	for _, alias := range d.Aliases {
		if u, err := url.Parse(alias); err != nil || u.Host == "" {
			return errors.New("aliases: one is no address such as https://fhir.north.example/r4")
		}
	}
	return d.completeTypes()
}

// address reads the server's.
func (d *Declaration) address(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it is no address such as https://fhir.north.example/r4")
	case u.User != nil:
		return nil, errors.New("a password does not belong there: write it into a file, and name that as login")
	case u.Scheme == "https", u.Scheme == "http" && (d.Clear || isLocal(u.Hostname())):
		return u, nil
	}
	return nil, errors.New("it must begin with https: (or say clear: true, and have everybody on the way read along)")
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (d *Declaration) completeTypes() error {
	names := map[string]bool{}
	for i := range d.Types {
		t := &d.Types[i]
		t.Harm = cmp.Or(t.Harm, "normal")
		switch {
		case !isType(t.Type):
			return fmt.Errorf("type %d: it is no type of resources such as Observation", i+1)
		case t.Harm != "high" && t.Harm != "normal":
			return fmt.Errorf("type %d: harm is neither high nor normal", i+1)
		case names[t.Type]:
			return fmt.Errorf("type %d: %s is declared twice", i+1, t.Type)
		}
		names[t.Type] = true
	}
	return nil
}

// Location is whose clock times mean that state no offset.
func (d *Declaration) Location() *time.Location { return d.zone }

// isType tells what may be the name of a type (R4 resource.html: letters, the first a capital).
func isType(name string) bool {
	if name == "" || len(name) > 64 || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

// isID tells what may be the id of a resource or of a version (R4 datatypes.html#id), or a little longer, as servers have them.
func isID(id string) bool {
	if id == "" || len(id) > 128 || id == "." || id == ".." {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	})
}
