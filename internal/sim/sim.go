// Package sim plays a hospital: it makes up the logs of one night in which everything goes
// wrong, so that anybody can see what Wardline finds without showing it a real log.
//
// The hospital, its people, patients, machines and addresses are invented: names are those of
// stories, domains end in example.org, and addresses on the internet are those set aside for
// documentation (RFC 5737). The same seed and night always give the same bytes.
//
// The package writes what real systems write, and knows the product's formats only: so the story
// also proves that they are read.
package sim

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Bundle is the story as files, and what a watchful reader should find in it.
type Bundle struct {
	Files []File
	Truth []Truth // in the order of the night
}

// File is one log.
type File struct {
	Name string // with slashes, relative to the bundle's folder
	Data []byte
	Way  Way // how the system that writes it would send it
}

// Way is how a system hands its log on.
type Way int

// The ways.
const (
	Dropped Way = iota // as a file in a folder
	Syslog             // a syslog message each, over TCP
	MLLP               // an HL7 message each, acknowledged one by one
	HTTP               // JSON lines
)

// Truth is one thing that happened and that a rule should find.
type Truth struct {
	Time  time.Time // when it began
	Rule  string    // title of the rule
	Story string    // what happened, in a sentence
	File  string    // Name of the log that tells of it
}

// Story makes up the logs. night is the day on which the story begins: it goes from that day's
// 06:00 to the next day's 06:00 UTC.
func Story(seed uint64, night time.Time) Bundle {
	y, m, d := night.UTC().Date()
	s := &story{midnight: time.Date(y, m, d, 0, 0, 0, 0, time.UTC), rng: rand.New(rand.NewPCG(seed, 0x57415244))}
	for _, write := range []func() File{
		s.windows, s.signIns, s.directory, s.eve, s.connections, s.shares, s.hypervisor, s.imaging, s.records, s.messages,
	} {
		s.files = append(s.files, write())
	}
	slices.SortStableFunc(s.truth, func(a, b Truth) int { return a.Time.Compare(b.Time) })
	return Bundle{Files: s.files, Truth: s.truth}
}

// Machines is the bundle without the logs that speak of patients: those of people whom no other system of a hospital knows.
func (b Bundle) Machines() Bundle {
	b.Files = slices.DeleteFunc(slices.Clone(b.Files), func(f File) bool { return f.Name == recordFile || f.Name == hl7File || f.Name == pacsFile })
	return b
}

// Write writes the logs of the story below dir, which is made if it is not there.
func Write(dir string, seed uint64, night time.Time) error {
	for _, f := range Story(seed, night).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("write story: %w", err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return fmt.Errorf("write story: %w", err)
		}
	}
	return nil
}

// story is being told.
type story struct {
	midnight time.Time
	rng      *rand.Rand
	files    []File
	truth    []Truth
}

// at is a time of the story: hours from 6 to 24 are of its first day, those from 24 on of the next.
func (s *story) at(hour, minute, second int) time.Time {
	return s.midnight.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second)
}

// anytime is some time of the story, more often by day than by night.
func (s *story) anytime() time.Time {
	hour := 6 + s.rng.IntN(12)
	if s.rng.IntN(3) == 0 {
		hour = 18 + s.rng.IntN(12)
	}
	return s.at(hour, s.rng.IntN(60), s.rng.IntN(60)).Add(time.Duration(s.rng.IntN(1000)) * time.Millisecond)
}

// happened notes what should be found.
func (s *story) happened(at time.Time, file, rule, sentence string) {
	s.truth = append(s.truth, Truth{Time: at, Rule: rule, Story: sentence, File: file})
}

// entry is one record of a log before it is put in order.
type entry struct {
	at   time.Time
	text string
}

// ordered puts entries in the order of their times.
func ordered(entries []entry) []entry {
	slices.SortStableFunc(entries, func(a, b entry) int { return a.at.Compare(b.at) })
	return entries
}

// lines joins entries, each on a line of its own, behind head.
func lines(head string, entries []entry) []byte {
	var b strings.Builder
	b.WriteString(head)
	for _, e := range ordered(entries) {
		b.WriteString(e.text)
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

func pick[T any](s *story, from []T) T { return from[s.rng.IntN(len(from))] }
