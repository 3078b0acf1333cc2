package continuity_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// lab is what the laboratory is asked and says: an order (NW), its result (RE) or what became of it (SC), of one of two departments; nobody's, for a test needs no patient.
func lab(order int, control string) map[string]any {
	kind, from, to := "OML^O21", "EHR", "LIS"
	if control == "RE" {
		kind, from, to = "ORU^R01", "LIS", "EHR"
	}
	department := []string{"LAB-CHEM", "LAB-HEM"}[order%2]
	id := fmt.Sprint(control, order)
	text := fmt.Sprintf("MSH|^~\\&|%s|MAIN|%s|MAIN|20300603||%s|%s|P|2.5.1\rORC|%s|O%d^EHR\rOBR|1|O%d^EHR||BMP|||20300603|||||||||||||||||%s|F\r", from, to, kind, id, control, order, order, department)
	return map[string]any{"message": text, "MSH-3.1": from, "MSH-4.1": "MAIN", "MSH-5.1": to, "MSH-9.1": kind[:3], "MSH-9.2": kind[4:], "MSH-10": id}
}

// works has an order be given each five minutes, and its result come fifty minutes later if that one works.
func (h *house) works(long time.Duration, which func(order int) bool) {
	for end := h.now.Add(long); h.now.Before(end); h.now = h.now.Add(5 * time.Minute) {
		h.n++
		h.say("tap", "hl7", "mllp", lab(h.n, "NW"))
		if done := h.n - 10; done > 0 && which(done) {
			h.say("tap", "hl7", "mllp", lab(done, "RE"))
			h.say("tap", "hl7", "mllp", lab(done, "SC"))
		}
		h.signs = append(h.signs, h.engine.Tick(h.now)...)
	}
}

// A department whose feed speaks leaves its orders unanswered: the other one's results go on.
func TestADepartmentThatDoesNotAnswer(t *testing.T) {
	h := newHouse(t)
	h.works(3*weeks, both)
	h.wants("three weeks as usual")
	h.works(6*time.Hour, func(order int) bool {
		if order%8 == 0 { // what is taken back is not missing
			h.say("tap", "hl7", "mllp", lab(order, "CA"))
		}
		return order%2 == 1
	})
	h.wants("one stands still", "missing-results orders to the laboratory from EHR for LAB-CHEM: of 9 within two hours 1 have come back; about 9 should have")
}

// numbered is a message to which its sender gave a number.
func (h *house) numbered(n int) {
	h.say("tap", "hl7", "mllp", map[string]any{"MSH-3.1": "EHR", "MSH-4.1": "MAIN", "MSH-5.1": "LIS", "MSH-9.1": "ADT", "MSH-10": fmt.Sprint("N", h.now.Unix()), "MSH-13": fmt.Sprint(n)})
	h.now = h.now.Add(20 * time.Second)
	h.signs = append(h.signs, h.engine.Tick(h.now)...)
}

func TestNumbersThatAreMissing(t *testing.T) {
	h := newHouse(t)
	say := func(numbers ...int) {
		for _, n := range numbers {
			h.numbered(n)
		}
	}
	say(7, 8, 9, 11, 10, 12, 13, 14, 15)
	h.wants("one overtakes another")
	say(18, 19)
	h.wants("two are missing, for less than a minute")
	say(20, 21, 22, 23)
	h.wants("for more", "sequence-gap messages from EHR to LIS: 2 messages are missing by their numbers")
	say(26, 27, 28, 29, 30, 31)
	h.wants("again within the hour")
	h.now = h.now.Add(2 * time.Hour)
	say(1, 2, 3, 5, 6, 7, 8, 9)
	h.wants("it counts anew", "sequence-gap messages from EHR to LIS: 1 messages")
	h.now = h.now.Add(2 * time.Hour)
	say(9000, 9001, 9002, 9003, 9004)
	h.wants("and from elsewhere")
	h.engine.Deaf(h.now.Add(time.Minute))
	h.now = h.now.Add(2 * time.Hour)
	say(9300, 9301, 9302, 9303, 9304)
	h.wants("nobody listened")
}

// arrive has so many be registered a day in the emergency department, one of four of whom comes by ambulance, each heard at two points.
func (h *house) arrive(days, aDay int) {
	for range days {
		morning := h.now
		for range aDay {
			h.n++
			by := []string{"A", "C", "C", "F"}[h.n%4]
			text := fmt.Sprintf("MSH|^~\\&|EHR|MAIN|ENGINE|MAIN|20300603||ADT^A04|A%d|P|2.5.1\rPV1|1|E|ED|||||||||||||||||V%d\rPV2|%s\r", h.n, h.n, "|||||||||||||||||||||||||||||||||||||"+by)
			for _, point := range []string{"tap", "mllp"} {
				h.say(point, "hl7", "mllp", map[string]any{"message": text, "MSH-3.1": "EHR", "MSH-4.1": "MAIN", "MSH-5.1": "ENGINE", "MSH-9.1": "ADT", "MSH-9.2": "A04", "MSH-10": fmt.Sprint("A", h.n)})
			}
			h.now = h.now.Add(10 * time.Minute)
			h.signs = append(h.signs, h.engine.Tick(h.now)...)
		}
		h.now = morning.Add(24 * time.Hour)
	}
}

// A neighbour is down, and more come than usual: that is told once, as something to plan for, and as nothing else.
func TestMorePatientsCome(t *testing.T) {
	h := newHouse(t)
	h.arrive(42, 40)
	h.wants("six weeks as usual")
	h.arrive(10, 64)
	h.wants("more come", "more-patients patients who come to the emergency department of MAIN: 168 in 3 days; about 120 are usual", "more-patients patients who are brought by ambulance to MAIN: ")
}

// TestARoomRemembersOrders stops the room after weeks in which orders were answered, and starts it anew before one department stands still.
func TestARoomRemembersOrders(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		w := newWard(t, open())
		said := 0
		work := func(long time.Duration, entry int, which func(order int) bool) { // the room looks after each entry of so many messages
			var lines []journal.Line
			for end := w.at.Add(long); w.at.Before(end); w.at = w.at.Add(5 * time.Minute) {
				w.n++
				messages := []map[string]any{lab(w.n, "NW")}
				if done := w.n - 10; done > 0 && which(done) {
					messages = append(messages, lab(done, "RE"))
				}
				for _, m := range messages {
					fields, err := json.Marshal(m)
					if err != nil {
						t.Fatal(err)
					}
					said++
					ev := event.Event{Source: "mllp/10.0.0.5", Class: w.tax.Class("hl7", "mllp", ""), Format: "hl7", Time: w.at, Observed: w.at, Fields: fields, ID: event.NewID("lab", fmt.Sprint(said))}
					lines = append(lines, journal.Line{Kind: journal.Events, Source: ev.Source, Time: w.at, JSON: event.AppendLine(nil, &ev)})
				}
			}
			for chunk := range slices.Chunk(lines, entry) {
				if _, err := w.journal.Append(t.Context(), chunk...); err != nil {
					t.Fatal(err)
				}
			}
			w.sleep(w.at)
		}
		heard := func(r *continuity.Room) bool {
			n := 0
			for _, f := range r.Feeds() {
				n += int(f.Count)
			}
			return n == said
		}
		work(3*weeks, 500, both)
		w.follow(heard)
		work(5*time.Hour, 10, func(order int) bool { return order%2 == 1 })
		room := w.follow(heard)
		all, err := room.Incidents(t.Context(), 10)
		if err != nil || !slices.ContainsFunc(all, func(i continuity.IncidentView) bool { return i.Has("missing-results") && !i.Told.IsZero() }) {
			t.Errorf("told: %+v %v", all, err)
		}
	})
}
