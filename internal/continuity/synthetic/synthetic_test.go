package synthetic_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/continuity/synthetic"
)

var now = time.Date(2030, 6, 3, 8, 0, 0, 0, time.UTC)

func route(t *testing.T, more string) *synthetic.Route {
	t.Helper()
	c, err := synthetic.Parse([]byte("routes:\n- {name: results to the record, to: 'engine.example:6661', receiver: EHR, patient: '990001', family: Testvogel, given: Ada" + more + "}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return &c.Routes[0]
}

func read(t *testing.T, text []byte) (synthetic.Seen, bool) {
	t.Helper()
	m, err := hl7.Parse(text, hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return synthetic.Read(&m)
}

// A message says what it is, and what was changed on its way is seen; what an engine writes anew is nothing.
func TestAMessageIsKnownAgain(t *testing.T) {
	r := route(t, "")
	token := synthetic.NewToken()
	text := string(r.Message(token, now))
	if s, ok := read(t, []byte(text)); !ok || s != (synthetic.Seen{Token: token, Patient: "990001"}) {
		t.Fatalf("%+v %v", s, ok)
	}
	for change, want := range map[[2]string]synthetic.Seen{
		{"|WARDLINE|", "|ENGINE|"}: {Token: token, Patient: "990001"},
		{"||4.2|", "||4.3|"}:       {Token: token, Patient: "990001", Altered: true},
		{"mmol/L", "mg/dL"}:        {Token: token, Patient: "990001", Altered: true},
		{"990001", "990002"}:       {Token: token, Patient: "990002"},
	} {
		if s, ok := read(t, []byte(strings.ReplaceAll(text, change[0], change[1]))); !ok || s != want {
			t.Errorf("%s for %s: %+v %v", change[1], change[0], s, ok)
		}
	}
	for _, other := range [][2]string{{"|T|2.5.1", "|P|2.5.1"}, {"WARDLINE-TEST", "2823-3"}} {
		if _, ok := read(t, []byte(strings.ReplaceAll(text, other[0], other[1]))); ok {
			t.Errorf("%s is taken for a test message", other[1])
		}
	}
	if token == synthetic.NewToken() {
		t.Error("two tokens are the same")
	}
}

func TestDeclarations(t *testing.T) {
	for _, wrong := range []string{", every: 10s", ", within: 10m", ", ca: ca.pem", ", from: 'A|B'", ", name: ''", ", to: engine", ", unknown: 1", ", patient: ''"} {
		text := "routes:\n- {to: 'e:1', name: a, patient: '1'" + wrong + "}\n"
		for _, key := range []string{"name", "to", "patient"} {
			if strings.HasPrefix(wrong, ", "+key+":") {
				text = strings.Replace(text, map[string]string{"name": "name: a, ", "to": "to: 'e:1', ", "patient": ", patient: '1'"}[key], "", 1)
			}
		}
		if _, err := synthetic.Parse([]byte(text)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	if _, err := synthetic.Parse([]byte("routes:\n- {name: a, to: 'e:1', patient: '1'}\n- {name: a, to: 'e:2', patient: '1'}\n")); err == nil || !strings.Contains(err.Error(), "two have its name") {
		t.Errorf("twice the same name: %v", err)
	}
}

// way is one that is tested each ten minutes.
type way struct {
	*testing.T
	r     *synthetic.Route
	watch *synthetic.Watch
	now   time.Time
	told  []string
}

func newWay(t *testing.T) *way { return &way{t, route(t, ""), synthetic.NewWatch(), now, nil} }

func (w *way) tell(all []synthetic.Trouble) {
	for _, t := range all {
		text := string(t.Kind)
		if t.Ended {
			text += " over"
		}
		w.told = append(w.told, text)
	}
}

// test sends one that takes so long, and is changed or not; a way that loses it takes an hour.
func (w *way) test(took time.Duration, altered bool, failed error) {
	token := synthetic.NewToken()
	w.tell(w.watch.Sent(w.r, token, w.now))
	if failed != nil {
		w.tell(w.watch.Failed(w.r, token, failed))
	} else if took < w.r.Within {
		w.tell(w.watch.Heard(synthetic.Seen{Token: token, Patient: w.r.Patient, Altered: altered}, w.now.Add(took)))
	}
	w.tell(w.watch.Tick(w.now.Add(w.r.Within + time.Second)))
	w.tell(w.watch.Heard(synthetic.Seen{Token: token, Patient: w.r.Patient}, w.now.Add(w.r.Within+time.Minute))) // too late, or at a second point
	w.now = w.now.Add(w.r.Every)
}

func (w *way) wants(what string, says ...string) {
	w.Helper()
	if got := strings.Join(w.told, ", "); got != strings.Join(says, ", ") {
		w.Errorf("%s: told %q, want %q", what, got, says)
	}
	w.told = nil
}

func TestAWayThatLosesMessages(t *testing.T) {
	w := newWay(t)
	w.test(time.Second, false, nil)
	w.test(time.Hour, false, nil)
	w.wants("one is lost")
	w.test(time.Second, false, nil)
	w.test(time.Hour, false, nil)
	w.test(time.Hour, false, nil)
	w.wants("two in a row", "test-message-lost")
	w.test(time.Hour, false, nil)
	w.wants("it is told once")
	w.test(time.Second, false, nil)
	w.wants("it works again", "test-message-lost over")
	w.test(0, false, errors.New("connection refused"))
	w.test(0, false, errors.New("connection refused"))
	w.wants("nobody takes them", "test-message-lost")
}

func TestAWayThatIsSlowOrAlters(t *testing.T) {
	w := newWay(t)
	w.test(time.Minute, false, nil)
	w.wants("what is usual is not known yet")
	for range 12 {
		w.test(3*time.Second, false, nil)
	}
	w.test(14*time.Second, false, nil)
	w.wants("less than five times as long")
	w.test(20*time.Second, false, nil)
	w.wants("more", "test-message-slow")
	w.test(3*time.Second, true, nil)
	w.wants("as quick as ever, and another value", "test-message-altered", "test-message-slow over")
	w.test(3*time.Second, false, nil)
	w.wants("whole again", "test-message-altered over")
}

// engine takes one message on a real connection and answers it.
func engine(t *testing.T, answer string) (at string, got chan []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got = make(chan []byte, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		frame, err := mllp.NewReader(c, 1<<20).Next()
		if err == nil {
			got <- bytes.Clone(frame.Payload)
			_, _ = c.Write([]byte(answer))
		}
	}()
	return l.Addr().String(), got
}

func TestSending(t *testing.T) {
	for answer, good := range map[string]bool{
		"\x0bMSH|^~\\&|E||W||20300603||ACK|1|T|2.5.1\rMSA|AA|1\r\x1c\r": true, "\x0bMSH|^~\\&|E||W||20300603||ACK|1|T|2.5.1\rMSA|AR|1\r\x1c\r": false, "": false, "\x0bnonsense\x1c\r": false,
	} {
		r := route(t, "")
		var got chan []byte
		r.To, got = engine(t, answer)
		message := r.Message(synthetic.NewToken(), now)
		if err := r.Send(t.Context(), message); (err == nil) != good {
			t.Errorf("answered %q: %v", answer, err)
		}
		if sent := <-got; !bytes.Equal(sent, message) {
			t.Errorf("%q arrived", sent)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := route(t, "").Send(ctx, nil); err == nil {
		t.Error("it is sent though nobody wants it any more")
	}
}
