package story_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/story"
	"github.com/wardline/wardline/internal/sim/world"
)

// left is a record that a story left.
type left struct {
	feed feed.Feed
	at   time.Time
	id   uint64
	data []byte
}

// played is a play as its sinks saw it.
type played struct {
	stories  map[string][]left
	tales    map[string]life.Tale
	silences []life.Silence
	life     map[feed.Feed][]spoken // what belongs to no story, in order
}

// spoken is a record of ordinary life.
type spoken struct {
	at     time.Time
	digest uint64
}

// From a Monday in the week before the clocks change in Vienna.
func monday() time.Time { return time.Date(2026, 3, 23, 0, 0, 0, 0, time.UTC) }

const (
	playDays  = 10
	learnDays = 3
)

func play(t *testing.T, size world.Size, seed uint64, stories []life.Story) played {
	t.Helper()
	return playFor(t, life.Config{Size: size, Seed: seed, From: monday(), Days: playDays, Learn: learnDays, Rows: 0.05, Stories: stories})
}

func playFor(t *testing.T, c life.Config) played {
	t.Helper()
	h, err := life.New(c)
	if err != nil {
		t.Fatal(err)
	}
	p := played{stories: map[string][]left{}, tales: map[string]life.Tale{}, life: map[feed.Feed][]spoken{}}
	hash := fnv.New64a()
	err = h.Play(t.Context(), life.Sinks{
		Record: func(r *feed.Record) error {
			if r.Story != "" {
				p.stories[r.Story] = append(p.stories[r.Story], left{r.Feed, r.At, r.ID, bytes.Clone(r.Data)})
				return nil
			}
			data := r.Data
			if r.Feed == feed.Cabinets {
				if data = uncounted(data); data == nil {
					return nil
				}
			}
			hash.Reset()
			hash.Write(data)
			p.life[r.Feed] = append(p.life[r.Feed], spoken{r.At, hash.Sum64()})
			return nil
		},
		Truth: func(x *life.Truth) error {
			if x.Tale != nil {
				p.tales[x.Tale.ID] = *x.Tale
			}
			if x.Silent != nil {
				p.silences = append(p.silences, *x.Silent)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// uncounted is a row of a cabinet without its counts, which all share who take something out; when a cabinet is filled depends
// on them, and that is left out.
func uncounted(row []byte) []byte {
	cells := strings.Split(string(row), ",")
	if cells[2] == "REFILL" {
		return nil
	}
	return []byte(strings.Join(slices.Delete(cells, 11, 13), ","))
}

// TestStoriesLeaveWhatTheyMust plays a hospital of 200 beds with all stories, and walks the table.
func TestStoriesLeaveWhatTheyMust(t *testing.T) {
	if testing.Short() {
		t.Skip("plays ten days of a hospital")
	}
	// What stops the systems is played by itself.
	calm := play(t, world.Mid, 1, disturbing(false))
	loud := play(t, world.Mid, 1, slices.DeleteFunc(disturbing(true), func(s life.Story) bool { return s.ID == "B12" }))
	down := play(t, world.Mid, 1, slices.DeleteFunc(disturbing(true), func(s life.Story) bool { return s.ID != "B12" }))
	loud.checkSilence(t)
	for _, s := range story.All() {
		t.Run(s.ID, func(t *testing.T) {
			p := calm
			switch {
			case s.ID == "B12": // planned, and so not when all else goes down
				p = down
			case story.Disturbs(s.ID):
				p = loud
			}
			tale, ok := p.tales[s.ID]
			if !ok {
				t.Fatal("nobody knows of it")
			}
			records := p.stories[s.ID]
			for _, f := range sources()[s.ID] {
				n := count(records, f)
				if n == 0 && !p.silent(s.ID, f) && s.ID != "D04" && s.ID != "D05" { // which delay what others say: see below
					t.Errorf("nothing of it stands in %s", f)
				}
			}
			p.checkTimes(t, s, tale, records)
			checkTruth(t, s, tale, records)
			checkBytes(t, s, records)
		})
	}
}

// travels tells whether data is what a receiver expects that way.
func travels(f feed.Feed, data []byte) bool {
	switch feed.Describe(f).Way {
	case feed.MLLP:
		return bytes.HasPrefix(data, []byte("MSH|"))
	case feed.Syslog:
		return bytes.HasPrefix(data, []byte("<"))
	case feed.Lines, feed.FHIR:
		return bytes.HasPrefix(data, []byte("{")) && json.Valid(data)
	}
	return len(data) > 0
}

func count(records []left, f feed.Feed) int {
	n := 0
	for i := range records {
		if records[i].feed == f {
			n++
		}
	}
	return n
}

// silent tells whether a story let a feed fall silent.
func (p *played) silent(id string, f feed.Feed) bool {
	return slices.ContainsFunc(p.silences, func(s life.Silence) bool { return s.Story == id && s.Feed == string(f) })
}

// checkSilence makes sure that a feed that fell silent said nothing.
func (p *played) checkSilence(t *testing.T) {
	if len(p.silences) == 0 {
		t.Error("nothing fell silent")
	}
	for _, q := range p.silences {
		for _, r := range p.life[feed.Feed(q.Feed)] {
			// A message that is sent twice may come for the second time a minute later.
			if r.at.After(q.From.Add(2*time.Minute)) && r.at.Before(q.To) {
				t.Errorf("%s: %s was to be silent, and said something at %v", q.Story, q.Feed, r.at)
				break
			}
		}
	}
}

// checkTimes holds a story to its window: within the days that were left to it, and what is out of order between its beginning
// and end. What follows from a visit that a story made (bills, letters) may come later.
func (p *played) checkTimes(t *testing.T, s life.Story, tale life.Tale, records []left) {
	noted := map[string]bool{}
	for _, id := range tale.Records {
		noted[id] = true
	}
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	y, m, d := monday().Date()
	first := max(0, min(learnDays, playDays-s.Days))
	from := time.Date(y, m, d+first, 0, 0, 0, 0, zone)
	for _, r := range records {
		if r.at.Before(from) || r.at.After(time.Date(y, m, d+playDays, 0, 0, 0, 0, zone)) {
			t.Errorf("a record of %s is of %v, and the story begins on %v", r.feed, r.at, from)
			return
		}
		if noted[fmt.Sprintf("%016x", r.id)] && (r.at.Before(tale.Start.Add(-time.Second)) || r.at.After(tale.End.Add(time.Minute))) {
			t.Errorf("a record of %s is of %v: not between %v and %v", r.feed, r.at, tale.Start, tale.End)
			return
		}
	}
}

// checkTruth holds the truth to the story: what is out of order is noted, and who did or suffered it.
func checkTruth(t *testing.T, s life.Story, tale life.Tale, records []left) {
	if len(tale.Actors)+len(tale.Victims) == 0 && s.ID[0] == 'T' {
		t.Error("nobody acts in it and nobody suffers")
	}
	if tale.Title != s.Title || tale.Harm != s.Harm || tale.Case != s.Case {
		t.Errorf("told as %q, harm %d, case %v", tale.Title, tale.Harm, tale.Case)
	}
	said := map[string]bool{}
	for _, r := range records {
		said[fmt.Sprintf("%016x", r.id)] = true
	}
	for i, id := range tale.Records {
		if !said[id] {
			t.Errorf("record %d of %d of the truth was never said", i, len(tale.Records))
			break
		}
	}
	if len(tale.Records) == 0 && !story.Disturbs(s.ID) && s.ID != "D12" { // which is nothing but more patients
		t.Error("the truth notes no record of it as out of order")
	}
}

// checkBytes looks for what would give a story away.
func checkBytes(t *testing.T, s life.Story, records []left) {
	t.Helper()
	for i := range records {
		if !travels(records[i].feed, records[i].data) {
			t.Errorf("a record of %s is not of the form in which that travels", records[i].feed)
		}
	}
	name := regexp.MustCompile(`(?i)\b(scenario|benign twin|ground truth)\b|` + regexp.QuoteMeta(strings.TrimSuffix(s.Title, ".")))
	id := regexp.MustCompile(`\b` + s.ID + `\b`)
	for _, r := range records {
		for _, text := range []string{fmt.Sprintf("%016x", r.id), fmt.Sprint(r.id)} {
			if bytes.Contains(r.data, []byte(text)) {
				t.Errorf("a record of %s holds its own truth", r.feed)
				return
			}
		}
		message := bytes.HasPrefix(r.data, []byte("MSH|")) // in which T02 and B01 have meanings of their own
		if name.Match(r.data) || !message && id.Match(r.data) {
			t.Errorf("a record of %s names the story", r.feed)
			return
		}
	}
}

// TestStoriesDoNotDisturbLife plays the same days with and without stories: what belongs to no story is the same.
func TestStoriesDoNotDisturbLife(t *testing.T) {
	if testing.Short() {
		t.Skip("plays twenty days of a hospital")
	}
	for _, size := range []world.Size{world.Clinic, world.Mid} {
		t.Run(string(size), func(t *testing.T) {
			without := play(t, size, 2, nil)
			with := play(t, size, 2, disturbing(false))
			for f, want := range without.life {
				if feed.Describe(f).Way == feed.File {
					continue // the site's lists and rosters hold rows of stories
				}
				compare(t, f, want, with.life[f])
			}
		})
	}
}

// disturbing lists the stories that stop, delay or repeat what others say, or those that do not.
func disturbing(yes bool) []life.Story {
	return slices.DeleteFunc(story.All(), func(s life.Story) bool { return story.Disturbs(s.ID) != yes })
}

func compare(t *testing.T, f feed.Feed, want, got []spoken) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%s: %d records without stories, %d with them", f, len(want), len(got))
	}
	for i := range min(len(want), len(got)) {
		if want[i].digest != got[i].digest {
			t.Errorf("%s: the record %d of %d, at %v, is another one", f, i, len(want), want[i].at)
			return
		}
	}
}

// TestASlowQueueDelays compares when messages leave with and without the story in which they pile up.
func TestASlowQueueDelays(t *testing.T) {
	if testing.Short() {
		t.Skip("plays two days of a hospital twice")
	}
	slow, _ := story.Named("D04")
	c := life.Config{Size: world.Mid, Seed: 1, From: monday(), Days: 2, Learn: 1, Rows: 0.05}
	usual := map[uint64]time.Time{}
	for _, r := range playFor(t, c).life[feed.ADT] {
		usual[r.digest] = r.at
	}
	c.Stories = slow
	var most time.Duration
	for _, r := range playFor(t, c).life[feed.ADT] {
		at, ok := usual[r.digest]
		if !ok {
			t.Fatal("a message is another one because it is late")
		}
		most = max(most, r.at.Sub(at))
	}
	if most < 15*time.Minute || most > 30*time.Minute {
		t.Errorf("the latest message is late by %v", most)
	}
}

// TestStoriesAreTheSameAgain plays twice, and expects every record of every story to be the same.
func TestStoriesAreTheSameAgain(t *testing.T) {
	one, two := play(t, world.Clinic, 3, story.All()), play(t, world.Clinic, 3, story.All())
	for id, records := range one.stories {
		if len(records) != len(two.stories[id]) {
			t.Errorf("%s left %d records, and then %d", id, len(records), len(two.stories[id]))
			continue
		}
		for i, r := range records {
			if again := two.stories[id][i]; r.id != again.id || !r.at.Equal(again.at) || !bytes.Equal(r.data, again.data) {
				t.Errorf("%s: record %d of %s is another one the second time", id, i, r.feed)
				break
			}
		}
	}
	if len(one.stories) < 30 {
		t.Errorf("only %d stories can be told in a practice", len(one.stories))
	}
}
