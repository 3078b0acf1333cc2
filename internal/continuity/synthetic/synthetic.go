// Package synthetic sends test messages through the house's interfaces and sees whether they arrive: whole, in time, and unchanged.
//
// A feed of a few messages a day is silent for hours before anybody can tell by listening. A message that is sent each ten minutes on purpose tells it in minutes, and it
// tests the way and not only the door: what an interface engine acknowledges it may still lose.
//
//	Route.Message ─► Watch.Sent ─► Send ─► interface engine ─► ... ─► a tap or a copy of the feed ─► Read ─► Watch.Heard
//	                                                                                                           │
//	                                                                              Watch.Tick ─► lost, slow, altered
//
// It is sent only where a site declares it, about a patient who is nobody (a canary of kind message), with processing id T (HL7 table 0103), and says in plain words what it
// is. Who hears it must not take it for a sign of life of the feed.
package synthetic

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/format/hl7"
)

// Config lists the ways that are tested.
type Config struct {
	Routes []Route `yaml:"routes"`
}

// Route is a way through the house's interfaces.
type Route struct {
	// Name is what the house calls the way, such as "results to the record". Services stand in it as they do in names of channels.
	Name string `yaml:"name"`
	// To is where messages are sent: host and port of the interface engine's door for test messages. CA is the whole path of a PEM file when it speaks TLS.
	To string `yaml:"to"`
	CA string `yaml:"ca"`
	// From, FromFacility, Receiver and ReceiverFacility stand in MSH-3 to MSH-6, by which the engine finds the way. From is WARDLINE when left out.
	From             string `yaml:"from"`
	FromFacility     string `yaml:"from_facility"`
	Receiver         string `yaml:"receiver"`
	ReceiverFacility string `yaml:"receiver_facility"`
	// Patient is the number of a patient who is nobody, Authority who gave it, Family and Given the name under which the house registered it.
	Patient   string `yaml:"patient"`
	Authority string `yaml:"authority"`
	Family    string `yaml:"family"`
	Given     string `yaml:"given"`
	// Every is how often one is sent: 10m when left out, 1m to 24h. Within is until when it must have been heard behind the engine: 2m when left out, less than Every.
	Every  time.Duration `yaml:"every"`
	Within time.Duration `yaml:"within"`
}

const (
	mostRoutes = 100
	longest    = 64 // of a name
)

// Parse reads a declaration and fills in what was left out.
func Parse(text []byte) (Config, error) {
	var c Config
	if err := strict.Decode(text, &c); err != nil {
		return c, fmt.Errorf("read the ways that are tested: %w", err)
	}
	if len(c.Routes) > mostRoutes {
		return c, fmt.Errorf("routes: at most %d", mostRoutes)
	}
	names := map[string]bool{}
	for i := range c.Routes {
		r := &c.Routes[i]
		if err := r.complete(); err != nil {
			return c, fmt.Errorf("route %d: %w", i+1, err)
		}
		if names[r.Name] {
			return c, fmt.Errorf("route %d: two have its name", i+1)
		}
		names[r.Name] = true
	}
	return c, nil
}

func (r *Route) complete() error {
	r.From, r.Every, r.Within = cmp.Or(r.From, "WARDLINE"), cmp.Or(r.Every, 10*time.Minute), cmp.Or(r.Within, 2*time.Minute)
	for key, text := range map[string]string{"name": r.Name, "patient": r.Patient} {
		if text == "" {
			return fmt.Errorf("%s must be stated", key)
		}
	}
	for _, text := range []string{r.Name, r.From, r.FromFacility, r.Receiver, r.ReceiverFacility, r.Patient, r.Authority, r.Family, r.Given} {
		if len(text) > longest || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) || strings.ContainsRune(`|^~\&`, c) }) {
			return fmt.Errorf("names have at most %d characters, and none of |^~\\&", longest)
		}
	}
	if _, port, err := net.SplitHostPort(r.To); err != nil || port == "" {
		return errors.New("to: host and port, as engine.example:6661")
	}
	switch {
	case r.CA != "" && !filepath.IsAbs(r.CA):
		return errors.New("ca: name the file by its whole path")
	case r.Every < time.Minute || r.Every > 24*time.Hour:
		return errors.New("every: from 1m to 24h")
	case r.Within < time.Second || r.Within >= r.Every:
		return errors.New("within: from 1s, and less than every")
	}
	return nil
}

// What a test message says of itself.
const (
	code  = "WARDLINE-TEST"
	value = "4.2"
	unit  = "mmol/L"
)

// NewToken is what nobody else's message holds.
func NewToken() string {
	var b [15]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return base32.StdEncoding.EncodeToString(b[:])
}

// Message is a test message with that token: a result of nobody, that says what it is.
func (r *Route) Message(token string, at time.Time) []byte {
	stamp := at.Format("20060102150405-0700")
	var b bytes.Buffer
	fmt.Fprintf(&b, "MSH|^~\\&|%s|%s|%s|%s|%s||ORU^R01^ORU_R01|%s|T|2.5.1\r", r.From, r.FromFacility, r.Receiver, r.ReceiverFacility, stamp, token[:20])
	fmt.Fprintf(&b, "PID|1||%s^^^%s^MR||%s^%s\r", r.Patient, r.Authority, r.Family, r.Given)
	fmt.Fprintf(&b, "OBR|1||%s|%s^Test of the way, not of a patient^L|||%s||||||||||||||||||F\r", token, code, stamp)
	fmt.Fprintf(&b, "OBX|1|ST|%s^Token^L||%s||||||F\r", code, token)
	fmt.Fprintf(&b, "OBX|2|NM|%s^Value^L||%s|%s|||||F\r", code, value, unit)
	return b.Bytes()
}

// Seen is a test message that was heard.
type Seen struct {
	Token   string
	Patient string
	Altered bool // its value or its unit is another
}

// Read tells whether a message is a test message, and what of it arrived.
func Read(m *hl7.Message) (Seen, bool) {
	if id, _ := m.Get("MSH-11.1"); id != "T" {
		return Seen{}, false
	}
	if named, _ := m.Get("OBX[1]-3.1"); named != code {
		return Seen{}, false
	}
	s := Seen{}
	s.Token, _ = m.Get("OBX[1]-5")
	s.Patient, _ = m.Get("PID-3.1")
	got, _ := m.Get("OBX[2]-5")
	in, _ := m.Get("OBX[2]-6.1")
	s.Altered = got != value || in != unit
	return s, s.Token != ""
}
