package archive

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/content/strict"
)

// maxDeclaration is how many bytes a declaration may have.
const maxDeclaration = 64 << 10

const longestName = 64 // of a system, in characters

// Declaration says where an archive is, and how fast and when it is read back. It is one YAML file for each archive.
type Declaration struct {
	// System is what the house calls the archive, such as PACS. What is known of its images is kept under this name.
	System string `yaml:"system"`

	// URL is the root of its DICOMweb services, to which /studies is added: https://pacs.example/dicom-web. With http:// images and names of
	// patients cross the network readable; credentials are then sent to this very machine only.
	URL string `yaml:"url"`

	// Credentials is the whole path of a file with one line: "basic NAME:PASSWORD" or "bearer TOKEN". It is read for every request, so that
	// tokens can be renewed. Left out, no credentials are sent. The account should have the right to search and retrieve, and no other.
	Credentials string `yaml:"credentials"`

	// CA is the whole path of a PEM file with the authorities that the archive's certificate may come from: those of the operating system when left out.
	CA string `yaml:"ca"`

	// Rate is how many bytes a second are read: 20971520 (20 MiB) when left out, and at least 65536.
	Rate int `yaml:"rate"`

	// Requests is how many requests a second are sent: 10 when left out.
	Requests float64 `yaml:"requests"`

	// Window is the part of the day in which whole sweeps run: from 22:00 to 05:00 when left out. The same time twice means at any time.
	Window Window `yaml:"window"`

	// Zone is the place (Europe/Berlin) whose clock Window means: that of the node when left out.
	Zone string `yaml:"zone"`

	// Sample is how many images are looked at in a day besides, a 24th of them each hour: 240 when left out, none when below 0.
	Sample int `yaml:"sample"`

	// Days is the age of studies, by their study date, up to which all their images are read back in every sweep: 7d when left out. Older ones follow
	// for as long as the window lasts, those that were never read first, and then those that were read longest ago.
	Days span.Span `yaml:"days"`

	// Expects lists senders whose images must come to this archive: a source, or one sender of it such as imaging/10.1.2.3. A study of which one of
	// them sent images, and which the archive does not have a day later, is told of.
	Expects []string `yaml:"expects"`

	base   *url.URL
	zone   *time.Location // nil: the node's
	window [2]time.Duration
}

// Window is a part of the day.
type Window struct {
	From string `yaml:"from"` // 22:00
	To   string `yaml:"to"`   // 05:00
}

// Parse reads a declaration and fills in what was left out. A key that is not known is refused with its line, as is what cannot be meant. It looks neither
// at the files that it names nor at the archive.
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

const slowestRate = 64 << 10

func (d *Declaration) complete() (err error) {
	d.Rate, d.Requests = cmp.Or(d.Rate, 20<<20), cmp.Or(d.Requests, 10)
	d.Sample, d.Days = max(0, cmp.Or(d.Sample, 240)), cmp.Or(d.Days, span.Span(7*24*time.Hour))
	d.Window.From, d.Window.To = cmp.Or(d.Window.From, "22:00"), cmp.Or(d.Window.To, "05:00")
	if d.System == "" || !utf8.ValidString(d.System) || utf8.RuneCountInString(d.System) > longestName || strings.ContainsFunc(d.System, unicode.IsControl) {
		return errors.New("system: say what the house calls the archive, such as PACS")
	}
	d.base, err = url.Parse(d.URL)
	switch {
	case err != nil || d.base.Host == "" || d.base.Scheme != "https" && d.base.Scheme != "http" || d.base.RawQuery != "" || d.base.Fragment != "":
		return errors.New("url: it is no address such as https://pacs.example/dicom-web")
	case d.base.User != nil:
		return errors.New("url: credentials do not belong here: write them into a file, and name it under credentials")
	case d.Credentials != "" && d.base.Scheme == "http" && !isLoopback(d.base.Hostname()):
		return errors.New("url: credentials are not sent readable over the network: have the archive speak https")
	case d.Rate < slowestRate || d.Requests < 0.01 || d.Requests > 10_000:
		return fmt.Errorf("rate must be at least %d bytes a second, and requests 0.01 to 10000 a second", slowestRate)
	case d.Sample > 1_000_000:
		return errors.New("sample: more than 1000000 images a day are no sample")
	}
	for _, path := range []string{d.Credentials, d.CA} {
		if path != "" && (!filepath.IsAbs(path) || strings.ContainsFunc(path, unicode.IsControl)) {
			return errors.New("credentials and ca: name a file by its whole path; what it says does not belong here")
		}
	}
	return d.completeTimes()
}

func (d *Declaration) completeTimes() (err error) {
	for i, text := range []string{d.Window.From, d.Window.To} {
		at, err := time.Parse("15:04", text)
		if err != nil {
			return errors.New("window: from and to are times of day such as 22:00")
		}
		d.window[i] = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	if d.Zone == "" {
		return nil
	}
	if d.zone, err = time.LoadLocation(d.Zone); err != nil || d.Zone == "Local" {
		return errors.New("zone: it is no place such as Europe/Berlin")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Night returns the window that now lies in, or else the next one. zone is where the clock of the node stands.
func (d *Declaration) Night(now time.Time, zone *time.Location) (from, to time.Time) {
	if d.zone != nil {
		zone = d.zone
	}
	y, m, day := now.In(zone).Date()
	for n := -1; ; n++ {
		clock := func(add int, at time.Duration) time.Time {
			return time.Date(y, m, day+add, int(at/time.Hour), int(at%time.Hour/time.Minute), 0, 0, zone) // so written, 22:00 is 22:00 when clocks change, too
		}
		from, to = clock(n, d.window[0]), clock(n, d.window[1])
		if !to.After(from) {
			to = clock(n+1, d.window[1])
		}
		if to.After(now) {
			return from, to
		}
	}
}
