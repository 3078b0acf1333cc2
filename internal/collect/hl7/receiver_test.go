package hl7_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	format "github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

const overTCP = `
streams:
- listen: 127.0.0.1:0
  from: [127.0.0.0/8]
`

func receive(t testing.TB, config string) (*collecttest.Running, string) {
	t.Helper()
	r := collecttest.Run(t, hl7.Receiver(), config, options(t))
	return r, r.Addresses(1)[0]
}

// client is a system that sends messages and reads what they are answered with.
type client struct {
	net.Conn
	t       testing.TB
	answers *mllp.Reader
}

func connect(t testing.TB, address string) *client {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{c, t, mllp.NewReader(c, 1<<20)}
}

func (c *client) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

func frame(text string) string { return "\x0b" + text + "\x1c\r" }

// answer reads one answer: its MSA-1, MSA-2 and the code of its ERR, if it has one.
func (c *client) answer() string {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	f, err := c.answers.Next()
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	m, err := format.Parse(f.Payload, format.DefaultLimits())
	if err != nil {
		c.t.Fatal(err)
	}
	return verdict(&m)
}

func verdict(m *format.Message) string {
	code, _ := m.Get("MSA-1")
	id, _ := m.Get("MSA-2")
	fault, _ := m.Get("ERR-3")
	return strings.TrimRight(code+" "+id+" "+fault, " ")
}

// silent fails the test when an answer comes.
func (c *client) silent() {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("an answer came: %d bytes, %v", n, err)
	}
}

// admission is a message of that control id, with the conditions of MSH-15 and MSH-16.
func admission(id string, conditions ...string) string {
	conditions = append(conditions, "", "")
	return fmt.Sprintf("MSH|^~\\&|ADT|NORTH|WARD|SOUTH|20260301102030+0100||ADT^A01^ADT_A01|%s|P|2.5.1|||%s|%s\rPID|1||0042^^^NORTH\r", id, conditions[0], conditions[1])
}

// A sender that sends on and on, and does not wait for answers, has each as soon as its message is durable.
func TestReceiverAnswersWhoNeverPauses(t *testing.T) {
	r, address := receive(t, overTCP)
	c := connect(t, address)
	c.write(frame(admission("0")))
	if got := c.answer(); got != "AA 0" {
		t.Fatalf("got %s", got)
	}
	r.Hold()
	c.write(frame(admission("1")))
	waiting(t, r, 1)
	c.write(frame(admission("2")))
	waiting(t, r, 2)
	r.ReleaseOne() // the second message is still on its way, as there always is one
	if got := c.answer(); got != "AA 1" {
		t.Errorf("got %s", got)
	}
	r.Release()
	if got := c.answer(); got != "AA 2" {
		t.Errorf("got %s", got)
	}
}

// waiting waits until so many messages are handed in and not durable.
func waiting(t testing.TB, r *collecttest.Running, n int64) {
	t.Helper()
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		sum := int64(0)
		for _, s := range r.Intake.Standings() {
			sum += s.Waiting
		}
		if sum == n {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("%d messages wait, not %d", sum, n)
		}
	}
}

// The answer comes when the message is durable, and not before.
func TestReceiveDurableBeforeAnswer(t *testing.T) {
	r, address := receive(t, overTCP)
	c := connect(t, address)
	r.Hold()
	c.write(frame(admission("1")))
	waiting(t, r, 1)
	c.silent()
	r.Release()
	if got := c.answer(); got != "AA 1" {
		t.Errorf("got %s", got)
	}
	ev := r.Events(t, options(t).Taxonomy)[0]
	if ev.Source != "mllp/127.0.0.1" || ev.Format != "mllp" || !strings.Contains(string(ev.Fields), `"MSH-10":"1"`) {
		t.Errorf("got %s of %s: %s", ev.Format, ev.Source, ev.Fields)
	}
}

// While the journal cannot take a message the answer is AE, and the sender sends again.
func TestReceiveWhileTheJournalFails(t *testing.T) {
	r, address := receive(t, overTCP+"patience: 300ms\n")
	c := connect(t, address)
	send := func(want string) {
		t.Helper()
		c.write(frame(admission("1")))
		if got := c.answer(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	r.Refuse(journal.ErrFull)
	send("AE 1 207")
	r.Refuse(nil)
	r.Break(journal.ErrFailed)
	send("AE 1 207")
	r.Break(nil)
	r.Hold()
	send("AE 1 207") // it becomes durable too late
	r.Release()
	send("AA 1")
	events := r.Events(t, options(t).Taxonomy)
	if len(events) != 2 || events[0].ID != events[1].ID {
		t.Errorf("a message that was sent again is not the same: %d events", len(events))
	}
	collecttest.Balanced(t, r.Intake)
}

// What can never be taken in is answered so, and kept.
func TestReceiveRejects(t *testing.T) {
	r, address := receive(t, overTCP+"largest_message: 1024\nrefuse: [QBP, ADT^A08]\n")
	c := connect(t, address)
	for _, tt := range []struct{ in, want string }{
		{"PID|1||0042\r", "AR  "},
		{strings.Replace(admission("2"), "ADT^A01^ADT_A01", "QBP^Q11", 1), "AR 2 200"},
		{strings.Replace(admission("3"), "A01", "A08", 1), "AR 3 200"},
		{admission("4") + strings.Repeat("NTE|x\r", 1000), "AR 4 207"},
		{admission("5"), "AA 5"},
	} {
		c.write(frame(tt.in))
		if got := c.answer(); got != strings.TrimSpace(tt.want) {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	counts := r.Received("mllp/127.0.0.1", 5)
	if counts.Stored != 1 || counts.Refused != 3 || counts.Quarantined != 1 {
		t.Errorf("got %+v", counts)
	}
	if d := r.Damages(t)[0]; string(d.Bytes) != "PID|1||0042\r" || d.Reason != "does not begin with MSH and a field separator" {
		t.Errorf("got %+v", d)
	}
}

// The sender says in MSH-15 and MSH-16 which answers it wants (section 2.9.3).
func TestReceiveModes(t *testing.T) {
	r, address := receive(t, overTCP+"refuse: [QBP]\n")
	c := connect(t, address)
	for _, tt := range []struct {
		accept, application string
		good, bad, failed   string // the codes of the answers
	}{
		{"", "", "AA", "AR", "AE"},
		{"AL", "", "CA", "CR", "CE"},
		{"AL", "NE", "CA", "CR", "CE"},
		{"AL", "AL", "CA AA", "CR", "CE"},
		{"NE", "AL", "AA", "AR", "AE"},
		{"NE", "NE", "", "", ""},
		{"ER", "NE", "", "CR", "CE"},
		{"SU", "NE", "CA", "", ""},
		{"ER", "SU", "AA", "CR", "CE"},
		{"", "ER", "", "AR", "AE"},
	} {
		good := admission("x", tt.accept, tt.application)
		bad := strings.Replace(good, "ADT^A01^ADT_A01", "QBP^Q11", 1)
		ask := func(in, want string) {
			t.Helper()
			c.write(frame(in) + frame(admission("end")))
			var codes []string
			for {
				code, rest, _ := strings.Cut(c.answer(), " ")
				if strings.HasPrefix(rest, "end") {
					break
				}
				codes = append(codes, code)
			}
			if got := strings.Join(codes, " "); got != want {
				t.Errorf("MSH-15 %q, MSH-16 %q: got %q, want %q", tt.accept, tt.application, got, want)
			}
		}
		ask(good, tt.good)
		ask(bad, tt.bad)
		r.Refuse(journal.ErrFull)
		ask(good, tt.failed)
		r.Refuse(nil)
	}
	c.write(frame("MSH|^~\\&|||||||ACK|7|P|2.5\rMSA|AA|1\r") + frame(admission("8")))
	if got := c.answer(); got != "AA 8" {
		t.Errorf("an answer was answered: %s", got)
	}
}

// Messages may be sent without waiting for answers, which come in their order all the same, one for each.
func TestReceivePipelined(t *testing.T) {
	r, address := receive(t, overTCP)
	r.After(5 * time.Millisecond)
	c := connect(t, address)
	const messages = 1000
	go func() {
		var all strings.Builder
		for i := range messages {
			text := admission(fmt.Sprint(i))
			if i%10 == 3 {
				text = "not a message"
			}
			all.WriteString(frame(text))
		}
		_, _ = io.WriteString(c.Conn, all.String())
	}()
	for i := range messages {
		want := fmt.Sprintf("AA %d", i)
		if i%10 == 3 {
			want = "AR"
		}
		if got := c.answer(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	last := int64(0)
	for _, ev := range r.Events(t, options(t).Taxonomy) {
		if ev.Record <= last {
			t.Fatalf("record %d comes after record %d", ev.Record, last)
		}
		last = ev.Record
	}
}

// However the network cuts a stream, messages and answers are the same.
func TestReceiveSplitAtEveryByte(t *testing.T) {
	stream := "\r\n\x0b\x1c\r" + frame("MSH|^~\\&|||||||ADT|1|P|2.5") + "\x0bMSH|^~\\&|||||||ADT|cut" + frame("x") + "\x06" + frame("MSH|^~\\&|||||||ADT|2\x1c3|P|2.5")
	r, address := receive(t, overTCP)
	for cut := range len(stream) {
		c := connect(t, address)
		c.write(stream[:cut])
		c.write(stream[cut:])
		var got []string
		for range 3 {
			got = append(got, c.answer())
		}
		// An answer does not repeat a control character: it could end its frame.
		if diff := cmp.Diff(got, []string{"AA 1", "AR", "AA"}); diff != "" {
			t.Fatalf("cut at byte %d: %s", cut, diff)
		}
		c.Close()
	}
	counts := r.Received("mllp/127.0.0.1", int64(4*len(stream)))
	if n := int64(len(stream)); counts.Stored != 2*n || counts.Quarantined != 2*n {
		t.Errorf("got %+v for %d connections", counts, n)
	}
}

// Some senders leave out the last byte of a frame.
func TestReceiveEndWithoutReturn(t *testing.T) {
	_, address := receive(t, overTCP)
	c := connect(t, address)
	c.write("\x0b" + admission("1") + "\x1c")
	if got := c.answer(); got != "AA 1" {
		t.Errorf("got %s", got)
	}
}

// A batch is answered by a batch (section 2.10.3.4).
func TestReceiveBatch(t *testing.T) {
	r, address := receive(t, overTCP+"refuse: [QBP]\n")
	c := connect(t, address)
	refused := strings.Replace(admission("2"), "ADT^A01^ADT_A01", "QBP^Q11", 1)
	c.write(frame("FHS|^~\\&|LAB|NORTH|WARD|SOUTH|||f||F7\rBHS|^~\\&|LAB|NORTH|WARD|SOUTH|||b||B7\r" + admission("1") + refused + admission("3") + "BTS|3\rFTS|1\r"))
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	f, err := c.answers.Next()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range format.Messages(f.Payload) {
		m, err := format.Parse(text, format.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, verdict(&m))
	}
	if diff := cmp.Diff(got, []string{"AA 1", "AR 2 200", "AA 3"}); diff != "" {
		t.Error(diff)
	}
	segments := strings.Split(string(f.Payload), "\r")
	if !strings.HasPrefix(segments[0], "FHS|^~\\&|WARD|SOUTH|LAB|NORTH|") || !strings.HasSuffix(segments[0], "|F7") || !strings.HasSuffix(segments[1], "|B7") {
		t.Errorf("got %q", segments[:2])
	}
	if tail := segments[len(segments)-3:]; !slices.Equal(tail, []string{"BTS|3", "FTS|1", ""}) {
		t.Errorf("got %q", tail)
	}
	if counts := r.Received("mllp/127.0.0.1", 3); counts.Stored != 2 || counts.Refused != 1 {
		t.Errorf("got %+v", counts)
	}
}

// TestReceiveBatchWithAStray keeps what stands in a batch and belongs to no message: the batch's answer says that all of it
// is kept.
func TestReceiveBatchWithAStray(t *testing.T) {
	r, address := receive(t, overTCP)
	c := connect(t, address)
	c.write(frame("BHS|^~\\&|LAB|NORTH|WARD|SOUTH\rMSX|^~\\&|broken\rPID|1||T9000001\r" + admission("1") + "BTS|2\r"))
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.answers.Next(); err != nil {
		t.Fatal(err)
	}
	if counts := r.Received("mllp/127.0.0.1", 2); counts.Stored != 1 || counts.Quarantined != 1 {
		t.Errorf("got %+v", counts)
	}
}

// What is answered by nothing is kept and booked.
func TestReceiveBrokenFrames(t *testing.T) {
	r, address := receive(t, overTCP+"  frame_timeout: 200ms\n")
	for i, tt := range []struct{ in, reason, kept string }{
		{"\x0bMSH|half\x0b\x1c\r", "frame without an end", "MSH|half"},
		{"GET / HTTP/1.1\r\n\r\n", "14 bytes between the frames", ""},
		{"\x0bMSH|broken off", "connection broke off inside a frame", "MSH|broken off"},
	} {
		c := connect(t, address)
		c.write(tt.in)
		c.Close()
		r.Await(t, journal.Damaged, i+1)
		if got := r.Damages(t)[i]; got.Reason != tt.reason || string(got.Bytes) != tt.kept {
			t.Errorf("got %+v, want %s", got, tt.reason)
		}
	}
	slow := connect(t, address)
	slow.write("\x0bMSH|slow")
	r.Await(t, journal.Damaged, 4)
	if got := r.Damages(t)[3]; got.Reason != "frame took too long" || string(got.Bytes) != "MSH|slow" {
		t.Errorf("got %+v", got)
	}
	loud := connect(t, address)
	_, _ = io.WriteString(loud.Conn, strings.Repeat("x", 1<<20))
	_ = loud.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := loud.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a peer that speaks something else stays connected: %v", err)
	}
	collecttest.Balanced(t, r.Intake)
}

// A message sent again keeps its id; another under the same control id has its own. Both are kept and flagged.
func TestReceiveIDs(t *testing.T) {
	r, address := receive(t, overTCP)
	c := connect(t, address)
	other := strings.Replace(admission("1"), "0042", "0043", 1)
	for _, text := range []string{admission("1"), admission("1"), other, admission(""), admission("")} {
		c.write(frame(text))
		c.answer()
	}
	events := r.Events(t, options(t).Taxonomy)
	var ids []event.ID
	var flags []string
	for _, ev := range events {
		if !slices.Contains(ids, ev.ID) {
			ids = append(ids, ev.ID)
		}
		text, _, _ := strings.Cut(strings.TrimPrefix(string(ev.Fields), `{"wardline":{"flags":[`), `]`)
		flags = append(flags, text)
	}
	if diff := cmp.Diff(flags, []string{
		`"unauthenticated_source"`, `"possible_resend","unauthenticated_source"`, `"control_id_reused","unauthenticated_source"`,
		`"unauthenticated_source"`, `"unauthenticated_source"`,
	}); diff != "" || len(ids) != 4 || events[0].ID != events[1].ID {
		t.Errorf("%d ids, flags %s", len(ids), diff)
	}
}

// When the node stops, what was read is answered.
func TestReceiveStop(t *testing.T) {
	r, address := receive(t, overTCP)
	c := connect(t, address)
	r.Hold()
	c.write(frame(admission("1")) + "\x0bMSH|half")
	waiting(t, r, 1)
	stopped := make(chan struct{})
	go func() { r.Stop(); close(stopped) }()
	waiting(t, r, 2) // the half that is kept
	r.Release()
	if got := c.answer(); got != "AA 1" {
		t.Errorf("got %s", got)
	}
	<-stopped
}

// Over the wire a message gives the event that it gives in a recording.
func TestReceiveAsRecorded(t *testing.T) {
	d := hl7.MLLP().Open(strings.NewReader(frame(merge)), options(t))
	var want event.Event
	if err := d.Next(&want); err != nil {
		t.Fatal(err)
	}
	r, address := receive(t, overTCP)
	c := connect(t, address)
	c.write(frame(merge))
	c.answer()
	got := r.Events(t, options(t).Taxonomy)[0]
	if diff := cmp.Diff(string(got.Fields), `{"wardline":{"flags":["unauthenticated_source"]},`+string(want.Fields[1:])); diff != "" {
		t.Error(diff)
	}
	if !got.Time.Equal(want.Time) || got.Format != want.Format || got.Class.Key != want.Class.Key {
		t.Errorf("got %v %s %s, want %v %s %s", got.Time, got.Format, got.Class.Key, want.Time, want.Format, want.Class.Key)
	}
}

func TestReceiverConfig(t *testing.T) {
	for config, want := range map[string]string{
		"name: x":                      "name at least one listener",
		"streams: [{listen: ':1'}]":    "from: name the networks",
		overTCP + "largest_message: 1": "largest_message",
		overTCP + "patience: -1s":      "patience",
		overTCP + "refuse_all: true":   "refuse_all",
	} {
		_, err := hl7.Receiver().New(func(into any) error {
			d := yaml.NewDecoder(strings.NewReader(config))
			d.KnownFields(true)
			return d.Decode(into)
		}, options(t), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", config, err, want)
		}
	}
}

// One sender floods, and twenty others lose nothing: whatever the flood has handed in, they wait for one share of it at most.
func TestReceiveFlood(t *testing.T) {
	r, address := receive(t, overTCP)
	r.After(5 * time.Millisecond)
	r.Capacity(64)
	flood, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 99)}}).Dial("tcp", address)
	if err != nil {
		t.Skip("this system has one loopback address only")
	}
	defer flood.Close()
	go func() { _, _ = io.Copy(io.Discard, flood) }()
	go func() {
		text := frame(admission("flood") + strings.Repeat("NTE|"+strings.Repeat("x", 500)+"\r", 10))
		for {
			if _, err := io.WriteString(flood, text); err != nil {
				return
			}
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); !floods(r.Intake.Standings()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the flood has not begun")
		}
	}
	var honest sync.WaitGroup
	for n := range 20 {
		honest.Go(func() {
			c := connect(t, address)
			for i := range 10 {
				id := fmt.Sprintf("%d.%d", n, i)
				_, _ = io.WriteString(c.Conn, frame(admission(id)))
				_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
				f, err := c.answers.Next()
				if err != nil || !strings.Contains(string(f.Payload), "MSA|AA|"+id+"\r") {
					t.Errorf("message %s: %v", id, err)
				}
			}
		})
	}
	honest.Wait()
	flood.Close()
	if c := r.Received("mllp/127.0.0.1", 200); c.Stored != 200 {
		t.Errorf("got %+v", c)
	}
	if c := collecttest.Balanced(t, r.Intake)["mllp/127.0.0.99"]; c.Stored == 0 {
		t.Errorf("the flood was not slowed down but shut out: %+v", c)
	}
}

// A message that the journal cannot hold is refused for good, with the reason, and kept as it came; the next one is taken in.
func TestTooLongForTheJournal(t *testing.T) {
	o := options(t)
	o.Whole = true // as in a node
	r := collecttest.Run(t, hl7.Receiver(), "largest_message: 16777216\n"+overTCP, o)
	c := connect(t, r.Addresses(1)[0])
	long := admission("1") + "EVN|A01||||" + strings.Repeat("x", 9<<20) + "^x^y\r"
	c.write(frame(long))
	c.write(frame(admission("2")))
	for _, want := range []string{"AR 1 207", "AA 2"} {
		if got := c.answer(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if d := r.Damages(t); len(d) != 1 || d[0].Reason != "longer than the journal keeps" || string(d[0].Bytes) != long {
		t.Errorf("%d damages", len(d))
	}
	r.Received("mllp/127.0.0.1", 2)
}

// Large messages that never end do not take the memory of the house: they wait for a place, and small ones pass by.
func TestLargeMessagesTakeTurns(t *testing.T) {
	r, address := receive(t, "largest_message: 16777216\n"+overTCP)
	const places = 8 // 128 MiB of 16 MiB each
	began := "\x0b" + admission("large") + "NTE|" + strings.Repeat("x", 14<<20)
	read := make(chan int, places+1)
	open := make([]*client, places+1)
	for i := range open {
		open[i] = connect(t, address)
		go func() {
			if _, err := io.WriteString(open[i].Conn, began); err == nil {
				read <- i
			}
		}()
	}
	first := <-read
	for range places - 1 {
		<-read
	}
	small := connect(t, address)
	small.write(frame(admission("small")))
	if got := small.answer(); !strings.HasPrefix(got, "AA small") {
		t.Errorf("a small message beside large ones: %s", got)
	}
	select {
	case <-read:
		t.Errorf("more than %d large messages were read at a time", places)
	case <-time.After(200 * time.Millisecond):
	}
	open[first].Close() // who gives up leaves its place to the next
	<-read
	for _, c := range open {
		c.Close()
	}
	large := connect(t, address)
	large.write(frame(admission("whole") + "NTE|" + strings.Repeat("x", 300<<10) + "\r"))
	if got := large.answer(); !strings.HasPrefix(got, "AA whole") {
		t.Errorf("a large message when there is room: %s", got)
	}
	r.Received("mllp/127.0.0.1", 2)
}

// floods tells whether the flood has begun.
func floods(all []collect.Standing) bool {
	return slices.ContainsFunc(all, func(s collect.Standing) bool { return s.Sender == "mllp/127.0.0.99" && s.Received > 100 })
}

// BenchmarkReceive is the time from a message to its answer with a journal that takes 15 ms.
func BenchmarkReceive(b *testing.B) {
	for _, connections := range []int{1, 16} {
		b.Run(fmt.Sprint(connections), func(b *testing.B) {
			r, address := receive(b, overTCP)
			r.After(15 * time.Millisecond)
			var all sync.WaitGroup
			var mu sync.Mutex
			var took []time.Duration
			b.ResetTimer()
			for n := range connections {
				all.Go(func() {
					c := connect(b, address)
					for i := range b.N {
						text := frame(admission(fmt.Sprintf("%d.%d", n, i)))
						begin := time.Now()
						_, _ = io.WriteString(c.Conn, text)
						if _, err := c.answers.Next(); err != nil {
							b.Error(err)
							return
						}
						mu.Lock()
						took = append(took, time.Since(begin))
						mu.Unlock()
					}
				})
			}
			all.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
			b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
