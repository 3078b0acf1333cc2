package continuity_test

import (
	"encoding/json"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/synthetic"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// engineOf is an interface engine that acknowledges all that it gets, and hands it on where Wardline hears it while forwards says so.
func engineOf(w *ward, forwards func() bool) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			frame, err := mllp.NewReader(c, 1<<20).Next()
			if err == nil && forwards() {
				w.hear(string(frame.Payload))
			}
			_, _ = c.Write([]byte("\x0bMSH|^~\\&|ENGINE||WARDLINE||20300603||ACK|1|T|2.5.1\rMSA|AA|1\r\x1c\r"))
			c.Close()
		}
	}()
	return l.Addr().String()
}

// hear has a message be sealed as a collector does.
func (w *ward) hear(text string) {
	fields, err := json.Marshal(map[string]string{"message": text, "MSH-3.1": "ENGINE", "MSH-4.1": "MAIN", "MSH-5.1": "EHR", "MSH-9.1": "ORU"})
	if err != nil {
		w.Error(err)
		return
	}
	w.mu.Lock()
	at := w.now
	w.mu.Unlock()
	ev := event.Event{Source: "tap/10.0.0.9", Class: w.tax.Class("hl7", "mllp", ""), Format: "hl7", Time: at, Observed: at, Fields: fields, ID: event.NewID("engine", text)}
	if _, err := w.journal.Append(w.Context(), journal.Line{Kind: journal.Events, Source: ev.Source, Time: at, JSON: event.AppendLine(nil, &ev)}); err != nil {
		w.Error(err)
	}
}

// An engine takes test messages and hands them on; then it takes them and hands nothing on; then it is there no more. That it took them says nothing, and they are no
// sign of life of any feed.
func TestWaysAreTested(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) { waysAreTested(t, newWard(t, open())) })
}

func waysAreTested(t *testing.T, w *ward) {
	w.sleep(w.at)
	forwards := true
	c, err := synthetic.Parse([]byte("routes:\n- {name: LAB_RESULTS to the record, to: '" + engineOf(w, func() bool { return forwards }) + "', receiver: EHR, patient: '990001'}\n"))
	if err != nil {
		t.Fatal(err)
	}
	way := &c.Routes[0]
	sent := 0
	test := func(r *continuity.Room, want func() bool) bool {
		if err := r.Test(t.Context(), way); err != nil {
			t.Fatal(err)
		}
		sent++
		for began := time.Now(); !want(); time.Sleep(20 * time.Millisecond) {
			if time.Since(began) > 20*time.Second {
				t.Fatalf("test message %d: waited in vain", sent)
			}
		}
		w.at = w.at.Add(10 * time.Minute)
		w.sleep(w.at)
		return true
	}
	kinds := func(r *continuity.Room) (out []string) {
		signs, err := r.Signs(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range slices.Backward(signs) {
			if out = append(out, string(s.Kind)); s.Ended {
				out[len(out)-1] += " over"
			}
		}
		return out
	}
	room := w.follow(func(r *continuity.Room) bool {
		said := func(want ...string) func() bool {
			return func() bool { return slices.Equal(kinds(r), want) && r.Heard() == w.journal.Size() }
		}
		test(r, said())
		test(r, said())
		forwards = false
		test(r, said())
		test(r, func() bool { w.sleep(w.at.Add(3 * time.Minute)); return said("test-message-lost")() })
		forwards = true
		return test(r, said("test-message-lost", "test-message-lost over"))
	})
	if feeds := room.Feeds(); len(feeds) != 0 {
		t.Errorf("test messages are taken for a feed: %+v", feeds)
	}
	if got := w.filed(); !slices.Equal(got, []string{"wardline-continuity-test-message-lost"}) {
		t.Errorf("filed: %q", got)
	}
}
