package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/story"
	"github.com/wardline/wardline/internal/sim/world"
)

// TestWhatStoriesLeaveIsRead plays the stories of a hospital of 200 beds, and reads with the catalogue's formats what each leaves in
// each system: a record, an event, and none that is damaged.
func TestWhatStoriesLeaveIsRead(t *testing.T) {
	if testing.Short() {
		t.Skip("plays four days of a hospital")
	}
	taxonomy, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	formats, err := app.Formats("")
	if err != nil {
		t.Fatal(err)
	}
	for f, records := range storied(t) {
		if way := feed.Describe(f).Way; way == feed.File {
			continue // images, which nobody reads yet, and the site's lists
		}
		t.Run(string(f), func(t *testing.T) {
			file, want := fileOf(f, records)
			format := surest(formats, file)
			// Clocks are wrong by up to 90 seconds, and some stories make them wrong by minutes; tables bear the time on the
			// wall and do not say in which zone.
			amiss := 10 * time.Minute
			if feed.Describe(f).Way == feed.Rows {
				amiss = 3 * time.Hour
			}
			got, wrong := 0, 0
			d := format.Open(bytes.NewReader(file), collect.Options{Limits: collect.DefaultLimits(), Taxonomy: taxonomy, Modified: records[0].At})
			for {
				var ev event.Event
				err := d.Next(&ev)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s, after %d events: %v", format.Name, got, err)
				}
				if ev.Time.IsZero() || ev.Time.Sub(records[min(got, want-1)].At).Abs() > amiss {
					wrong++
				}
				got++
			}
			if got != want {
				t.Errorf("%d events of %d records, read as %s", got, want, format.Name)
			}
			if f != feed.Console && wrong > want/50 { // our own trail says "at", and is read from the journal, not from files
				t.Errorf("%d of %d events, read as %s, bear the time of something else", wrong, want, format.Name)
			}
		})
	}
}

// storied plays stories and gives what they left, by feed. It leaves out those in which messages come late or again, for the times
// in them are others.
func storied(t *testing.T) map[feed.Feed][]feed.Record {
	t.Helper()
	from := time.Date(2026, 3, 23, 0, 0, 0, 0, time.UTC)
	stories := slices.DeleteFunc(story.All(), func(s life.Story) bool { return s.ID == "D04" || s.ID == "D05" || s.ID == "D11" })
	h, err := life.New(life.Config{Size: world.Mid, Seed: 4, From: from, Days: 4, Learn: 2, Rows: 0.05, Stories: stories})
	if err != nil {
		t.Fatal(err)
	}
	all := map[feed.Feed][]feed.Record{}
	err = h.Play(t.Context(), life.Sinks{Record: func(r *feed.Record) error {
		const enough = 3_000 // of a feed
		if r.Story != "" && len(all[r.Feed]) < enough {
			kept := *r
			kept.Data = bytes.Clone(r.Data)
			all[r.Feed] = append(all[r.Feed], kept)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// fileOf is a file as the system of a feed would write it, and how many records are in it.
func fileOf(f feed.Feed, records []feed.Record) (file []byte, n int) {
	d := feed.Describe(f)
	if d.Head != "" {
		file = append(file, d.Head+"\n"...)
	}
	for _, r := range records {
		switch d.Way {
		case feed.Syslog:
			file = fmt.Appendf(file, "%d %s", len(r.Data), r.Data)
		case feed.MLLP:
			file = append(append(append(file, 0x0b), r.Data...), 0x1c, '\r')
		default:
			file = append(bytes.TrimSuffix(append(file, r.Data...), []byte("\n")), '\n')
		}
	}
	return file, len(records)
}

func surest(formats []collect.Format, file []byte) collect.Format {
	best, most := collect.Format{Name: "none"}, 0
	for _, f := range formats {
		if sure := f.Sniff(file[:min(len(file), 64<<10)]); sure > most {
			best, most = f, sure
		}
	}
	return best
}
