package integrity_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault"
)

// house is a journal that hears a laboratory in front of an engine and the record behind it.
type house struct {
	*testing.T
	journal *journal.Journal
	vault   *vault.Vault
	tax     *event.Taxonomy
	at      time.Time
	read    func(*event.Event) ([]hospital.Fact, error) // what the follower learns of the house
	kept    []integrity.KeptConfig
	late    func(token string, about, said time.Time) bool // is expected
}

func newHouse(t *testing.T) *house {
	t.Helper()
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Ballast: -1}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := j.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return &house{T: t, journal: j, vault: v, tax: tax, at: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), read: func(*event.Event) ([]hospital.Fact, error) { return nil, nil }}
}

// say has a sender's message stand in the journal, a second after the one before.
func (h *house) say(sender, text string) finding.Place {
	h.Helper()
	h.at = h.at.Add(time.Second)
	fields, err := json.Marshal(map[string]string{"message": text})
	if err != nil {
		h.Fatal(err)
	}
	ev := &event.Event{Source: sender, Class: h.tax.Class("hl7", "mllp", ""), Format: "hl7", Time: h.at, Observed: h.at, Fields: fields, ID: event.NewID(sender, text)}
	place, err := h.journal.Append(h.Context(), journal.Line{Kind: journal.Events, Source: sender, Time: h.at, JSON: event.AppendLine(nil, ev)})
	if err != nil {
		h.Fatal(err)
	}
	return finding.Place{Entry: place.Entry, Line: place.Line}
}

// follow opens the room, runs its follower over all that was said, and stops.
func (h *house) follow(db *store.DB) *integrity.Room {
	h.Helper()
	room, err := integrity.OpenRoom(h.Context(), integrity.Config{
		Journal: h.journal, DB: db, Vault: h.vault, Taxonomy: h.tax, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Kept: h.kept, Expected: h.late, Routes: []integrity.RouteConfig{{Name: "laboratory", From: []string{"tap-lab"}, To: []string{"tap-record/10.0.0.9:2575"}}},
	})
	if err != nil {
		h.Fatal(err)
	}
	f, err := hospital.NewFollower(h.Context(), hospital.FollowerConfig{
		Journal: h.journal, DB: db, Vault: h.vault, Taxonomy: h.tax, House: hospital.Options{Authority: "HOSP"},
		Read: h.read, Rooms: []hospital.Hooks{room.Hooks()}, Save: -1,
	})
	if err != nil {
		h.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.Context())
	defer cancel()
	done := make(chan error, 1)
	size := h.journal.Size()
	go func() { done <- f.Run(ctx) }()
	for f.State().Next < size || room.Routes() == nil {
		select {
		case err := <-done:
			h.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		h.Fatal(err)
	}
	return room
}

// filed lists the findings that stand in the journal, with where they point to.
func (h *house) filed() []string {
	h.Helper()
	var out []string
	for i := range h.journal.Size() {
		e, err := h.journal.Entry(h.Context(), i)
		if err != nil {
			h.Fatal(err)
		}
		if e.Header.Kind != journal.Findings {
			continue
		}
		for _, line := range e.Lines() {
			var f triage.Filed
			if err := json.Unmarshal(line, &f); err != nil {
				h.Fatal(err)
			}
			if strings.Contains(string(line), "6.8") || strings.Contains(string(line), "4711") {
				h.Errorf("a finding quotes a patient: %s", line)
			}
			out = append(out, fmt.Sprint(f.Finding.Rule.ID, " ", f.Finding.Places))
		}
	}
	return out
}

func result(control, value string) string {
	return strings.Join([]string{
		`MSH|^~\&|LIS|LAB|EHR|HOSP|20260302080000||ORU^R01^ORU_R01|` + control + `|P|2.5.1`,
		`PID|1||4711^^^HOSP^MR||ROE^RITA||19560403|F`,
		`OBR|1|P` + control + `|F` + control + `|24323-8^Panel^LN|||20260302073000`,
		`OBX|1|NM|2823-3^Potassium^LN||` + value + `|mmol/L|3.5-5.1||||F`,
	}, "\r") + "\r"
}

// TestChangedOnTheWay plays a man in the middle: the tap at the laboratory and the one at the record hear two values.
func TestChangedOnTheWay(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h := newHouse(t)
		h.say("tap-lab/10.0.0.5", result("1", "4.1"))
		h.say("tap-record/10.0.0.9:2575", result("1", "4.1"))
		sent := h.say("tap-lab/10.0.0.5", result("2", "6.8"))
		arrived := h.say("tap-record/10.0.0.9:2575", result("2", "4.1"))
		h.say("somebody/else", result("3", "1.0"))
		room := h.follow(open())
		want := []string{fmt.Sprintf("integrity-altered [{%d %d} {%d %d}]", sent.Entry, sent.Line, arrived.Entry, arrived.Line)}
		if diff := cmp.Diff(h.filed(), want); diff != "" {
			t.Errorf("findings (-got +want):\n%s", diff)
		}
		found, err := room.Doubts(t.Context(), time.Time{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || !cmp.Equal(found[0].Changes, []route.Change{{Field: "OBX-5", Before: "6.8", After: "4.1", Clinical: true}}) {
			t.Errorf("differences %+v, want that of the potassium", found)
		}
	})
}

// TestStopBetweenTwoPoints stops the node after a message went in. When it came out is judged after the start, and nothing is told twice.
func TestStopBetweenTwoPoints(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h := newHouse(t)
		h.say("tap-lab/10.0.0.5", result("1", "6.8"))
		h.say("tap-record/10.0.0.9:2575", result("1", "4.1"))
		h.say("tap-lab/10.0.0.5", result("2", "5.5"))
		h.say("tap-lab/10.0.0.5", result("3", "5.6"))
		h.follow(open())
		h.say("tap-record/10.0.0.9:2575", result("2", "5.5"))
		h.say("tap-record/10.0.0.9:2575", result("3", "3.6"))
		h.follow(open())
		room := h.follow(open()) // and nothing more was said
		if got := h.filed(); len(got) != 2 {
			t.Errorf("findings %q, want one before and one after the stop", got)
		}
		want := route.Counts{Before: 3, After: 3, Paired: 3, Alike: 4, Differing: 2}
		if diff := cmp.Diff(room.Routes()[0].Counts, want); diff != "" {
			t.Errorf("counts (-got +want):\n%s", diff)
		}
	})
}

// TestWhatADowntimeLeft: a note that is late for a reason that the room is told of is no doubt, and is one otherwise.
func TestWhatADowntimeLeft(t *testing.T) {
	for _, expected := range []bool{true, false} {
		storetest.Run(t, func(t *testing.T, open func() *store.DB) {
			h := newHouse(t)
			h.late = func(token string, about, said time.Time) bool { return expected }
			h.say("tap-record/10.0.0.9:2575", result("1", "4.1"))
			h.at = h.at.Add(60 * time.Hour)
			at := h.at
			h.read = func(*event.Event) ([]hospital.Fact, error) { // came long after what the note tells of
				ids := []hospital.Identifier{{Authority: "HOSP", Type: "MR", Value: "4711"}}
				return []hospital.Fact{{Said: at, Patient: &hospital.PatientFact{IDs: ids}}, {Said: at, Visit: &hospital.VisitFact{Patient: ids, Number: "V1", Class: 'I', Unit: "4W", Start: at}}}, nil
			}
			h.say("ehr", strings.Join([]string{header("MDM^T02^MDM_T02", at), pid, `TXA|1|PN||` + stamp(at.Add(-30*time.Hour)) + `||` + stamp(at) + `|||N17^FABLE|||D1`, `OBX|1|TX|PN||Seen.||||||F`, ""}, "\r"))
			h.at = h.at.Add(time.Hour)
			h.say("tap-record/10.0.0.9:2575", result("2", "4.1"))
			h.follow(open())
			if got := h.filed(); (len(got) == 0) != expected {
				t.Errorf("expected %t: %q", expected, got)
			}
		})
	}
}

// picture has an image stand in the journal, as a collector of images writes it.
func (h *house) picture(source, pixels, patient string) finding.Place {
	h.Helper()
	h.at = h.at.Add(time.Second)
	fields, err := json.Marshal(map[string]any{
		"SOPInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3", "Modality": "CT", "PatientID": patient, "preamble": "empty",
		"digest": map[string]string{"header": "h " + patient, "semantic": "s", "pixels": pixels},
	})
	if err != nil {
		h.Fatal(err)
	}
	ev := &event.Event{Source: source, Class: h.tax.Class("dicom", "instance", ""), Format: "dicom", Time: h.at, Observed: h.at, Fields: fields, ID: event.NewID(source, h.at.String())}
	place, err := h.journal.Append(h.Context(), journal.Line{Kind: journal.Events, Source: source, Time: h.at, JSON: event.AppendLine(nil, ev)})
	if err != nil {
		h.Fatal(err)
	}
	return finding.Place{Entry: place.Entry, Line: place.Line}
}

// TestImageIsAnotherOne reads an image back, after a start, from an archive that holds other pixels under its identifier, and then another patient's number.
func TestImageIsAnotherOne(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h := newHouse(t)
		made := h.picture("modality", "p1", "4711")
		h.picture("archive", "p1", "4711")
		h.follow(open())
		changed := h.picture("archive", "p2", "4711")
		h.picture("archive", "p2", "4711")
		h.follow(open())
		h.picture("archive", "p1", "4711") // it was put right
		moved := h.picture("archive", "p1", "4712")
		h.follow(open())
		want := []string{
			fmt.Sprintf("integrity-image-redrawn [{%d 0} {%d 0}]", made.Entry, changed.Entry),
			fmt.Sprintf("integrity-image-moved [{%d 0} {%d 0}]", made.Entry, moved.Entry),
		}
		if diff := cmp.Diff(h.filed(), want); diff != "" {
			t.Errorf("findings (-got +want):\n%s", diff)
		}
	})
}

// TestDoubtsAreForgotten deletes what is older than it is to be kept, and nothing else.
func TestDoubtsAreForgotten(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h := newHouse(t)
		h.say("tap-lab/10.0.0.5", result("1", "6.8"))
		h.say("tap-record/10.0.0.9:2575", result("1", "4.1"))
		h.at = h.at.AddDate(0, 0, 100)
		h.say("tap-lab/10.0.0.5", result("2", "6.8"))
		h.say("tap-record/10.0.0.9:2575", result("2", "4.1"))
		room := h.follow(open())
		if n, err := room.Prune(t.Context(), h.at.AddDate(0, 0, -50)); n != 1 || err != nil {
			t.Errorf("%d doubts were forgotten, %v; want 1", n, err)
		}
		left, err := room.Doubts(t.Context(), time.Time{}, 10)
		if err != nil || len(left) != 1 || left[0].At.Before(h.at.AddDate(0, 0, -1)) {
			t.Errorf("%+v, %v: want the later doubt", left, err)
		}
	})
}
