package dimse_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/formattest"
)

// request asks for one context each for verification (1) and images (3).
func request() []byte {
	rq, err := ours.Request()
	if err != nil {
		panic(err)
	}
	return dimse.AppendPDU(nil, rq)
}

// granted is the answer to request.
func granted() []byte {
	rq, _ := ours.Request()
	ac, _ := dimse.Acceptor{Offers: []dimse.Offer{{Abstract: verification}, {Abstract: capture}}}.Answer(rq)
	return dimse.AppendPDU(nil, ac)
}

// value is a PDU with one data value.
func value(context byte, c dimse.Control, fragment string) []byte {
	return dimse.AppendPDU(nil, dimse.Data{Values: []dimse.Value{{Context: context, Control: c, Fragment: []byte(fragment)}}})
}

// Fragments of commands and of data sets, and the last of each.
const (
	part, last, commandPart, commandLast dimse.Control = 0, 2, 1, 3
)

var (
	storing = string(dimse.AppendCommand(nil, dimse.Command{Field: dimse.CStore, ID: 7, Class: capture, Instance: object, Priority: dimse.Is(0), DataSet: true}))
	echoing = string(dimse.AppendCommand(nil, dimse.Command{Field: dimse.CEcho, ID: 8, Class: verification}))
	release = string(dimse.AppendPDU(nil, dimse.Release{}))
	abort   = string(dimse.AppendPDU(nil, dimse.Abort{}))
)

func join(list ...[]byte) []byte { return bytes.Join(list, nil) }

// tell puts what a listener heard in short words.
func tell(l *listener) (list []string) {
	for _, h := range l.list {
		text := fmt.Sprintf("%v %v", h.From, h.Kind)
		switch h.Kind {
		case dimse.Commanded:
			text += fmt.Sprintf(" %v %d on %d", h.Command.Field, h.Command.ID, h.Context)
		case dimse.DataSet:
			text += fmt.Sprintf(" %s %v", h.Data, h.Last)
		case dimse.Foreign:
			text += " " + h.Protocol
		}
		list = append(list, text)
	}
	return append(list, l.errors...)
}

// Whatever the client says behind an association that was granted, it is understood as far as it can be, in pieces of any size.
func TestConversation(t *testing.T) {
	begun := int64(len(request()))
	at := func(offset int64, reason string) string {
		return fmt.Sprintf("dimse: client, at byte %d: %s", begun+offset, reason)
	}
	for name, tt := range map[string]struct {
		client string
		want   []string
	}{
		"echo": {string(value(1, commandLast, echoing)) + release, []string{"client command C-ECHO-RQ 8 on 1", "client release requested"}},
		"store": {string(join(value(3, commandLast, storing), value(3, part, "ab"), value(3, part, ""), value(3, last, "cd"))),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set abcd true"}},
		"command in fragments": {string(join(value(3, commandPart, storing[:9]), value(3, commandPart, ""), value(3, commandLast, storing[9:]), value(3, last, "ab"))),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab true"}},
		"empty last fragment": {string(join(value(3, commandLast, storing), value(3, part, "ab"), value(3, last, ""))),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab true"}},
		"no data at all": {string(join(value(3, commandLast, storing), value(3, last, ""))),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set  true"}},
		"all in one PDU": {string(dimse.AppendPDU(nil, dimse.Data{Values: []dimse.Value{{Context: 3, Control: commandLast, Fragment: []byte(storing)}, {Context: 3, Control: last, Fragment: []byte("ab")}}})),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab true"}},
		"an unused bit of the control header": {string(value(1, 0x83, echoing)), []string{"client command C-ECHO-RQ 8 on 1"}},
		"broken off by a command": {string(join(value(3, commandLast, storing), value(3, part, "ab"), value(1, commandLast, echoing))),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab false", "client broken data set", "client command C-ECHO-RQ 8 on 1"}},
		"broken off by an abort": {string(join(value(3, commandLast, storing), value(3, part, "ab"))) + abort,
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab false", "client broken data set", "client aborted"}},
		"broken off before it began": {string(value(3, commandLast, storing)) + abort,
			[]string{"client command C-STORE-RQ 7 on 3", "client broken data set", "client aborted"}},
		"broken off by the end": {string(join(value(3, commandLast, storing), value(3, part, "ab"))),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab false", "client broken data set"}},
		"cut in a data value": {string(join(value(3, commandLast, storing), value(3, part, "abcd")[:14])),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab false", "client broken data set", at(int64(len(storing))+26, "the stream ends in the middle of a PDU")}},
		"cut in a header": {release + "\x05\x00", []string{"client release requested", at(12, "the stream ends in the middle of a PDU")}},
		"a command that does not end": {string(join(value(3, commandPart, storing[:9]), value(1, commandLast, echoing))),
			[]string{"client command C-ECHO-RQ 8 on 1", at(6, "a command that does not end")}},
		"data inside of a command": {string(join(value(3, commandPart, storing[:9]), value(3, last, "ab"), value(1, commandLast, echoing))),
			[]string{"client command C-ECHO-RQ 8 on 1", at(6, "a command that does not end"), at(27, "a part of a data set that no command announced")}},
		"data on another context": {string(join(value(3, commandLast, storing), value(1, last, "xy"), value(3, last, "ab"))),
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab true", at(int64(len(storing))+18, "a part of a data set that no command announced")}},
		"a command that is none": {string(join(value(1, commandLast, "abc"), value(1, commandLast, echoing))),
			[]string{"client command C-ECHO-RQ 8 on 1", at(6, "an element without a whole header, in the command set that begins here")}},
		"a data value past its PDU": {string(frame(4, []byte("\x00\x00\x00\x09\x01\x03abc"))) + release,
			[]string{"client release requested", at(6, "a data value that does not fit its PDU")}},
		"half a header of a data value": {string(frame(4, []byte("\x00\x00\x00\x02\x01"))) + release,
			[]string{"client release requested", at(6, "a data value without a whole header")}},
		"an empty PDU of data":   {string(frame(4, nil)) + release, []string{"client release requested"}},
		"a release of five":      {string(frame(5, []byte("abcde"))) + release, []string{"client release requested", at(6, "a PDU that must have four bytes and has not")}},
		"a PDU over the limit":   {string(frame(1, make([]byte, 5000))) + release, []string{"client release requested", at(0, "a PDU longer than the limit")}},
		"a request that is none": {string(frame(1, make([]byte, 69))) + release, []string{"client release requested", at(74, "an item without a whole header")}},
		"a command over the limit": {string(join(value(1, commandPart, strings.Repeat("x", 900)), value(1, commandPart, strings.Repeat("x", 900)), value(1, commandLast, "x"), value(1, commandLast, echoing))),
			[]string{"client command C-ECHO-RQ 8 on 1", at(6, "a command set longer than the limit")}},
		"a command over the limit that does not end": {string(join(value(1, commandPart, strings.Repeat("x", 1900)), value(3, commandLast, echoing))),
			[]string{"client command C-ECHO-RQ 8 on 3", at(6, "a command set longer than the limit"), at(6, "a command that does not end")}},
		"no PDU": {string(join(value(3, commandLast, storing), value(3, part, "ab"))) + "GET / HTTP/1.1\r\n" + release,
			[]string{"client command C-STORE-RQ 7 on 3", "client data set ab false", "client broken data set", at(int64(len(storing))+26, "no PDU begins here: nothing more of this side is read")}},
	} {
		for _, size := range []int{1 << 20, 7, 1} {
			c := dimse.NewConversation(dimse.Limits{PDU: 4096, Items: 100, Contexts: 10, Command: 1000, Elements: 30})
			var l listener
			l.feed(t, c, dimse.Client, request(), size)
			l.feed(t, c, dimse.Server, granted(), size)
			l.feed(t, c, dimse.Client, []byte(tt.client), size)
			for _, side := range []dimse.Side{dimse.Client, dimse.Server} {
				c.End(side)
				l.drain(t, c)
			}
			want := append([]string{"client association requested", "server association accepted"}, tt.want...)
			if diff := cmp.Diff(tell(&l), want); diff != "" {
				t.Errorf("%s, in pieces of %d: %s", name, size, diff)
			}
		}
	}
}

// Commands and data sets are told with what was agreed on.
func TestAgreedContext(t *testing.T) {
	c := dimse.NewConversation(dimse.DefaultLimits())
	c.Write(dimse.Client, request())
	m, ok, err := c.Next()
	if err != nil || !ok || m.Association.Calling != "MODALITY" || m.Association.Called != "ARCHIVE" || len(m.Association.Contexts) != 4 {
		t.Fatalf("%+v %v", m.Association, err)
	}
	if asked := m.Association.Contexts[1]; asked.Result != dimse.ContextNotAnswered || asked.Transfer != "" {
		t.Errorf("%+v", asked)
	}
	before := m.Association
	c.Write(dimse.Server, granted())
	m, _, _ = c.Next()
	want := dimse.Context{ID: 3, Abstract: capture, Proposed: []string{explicitLittle}, Transfer: explicitLittle, SCU: true}
	if diff := cmp.Diff(m.Association.Contexts[1], want); diff != "" {
		t.Error(diff)
	}
	if m.Association.Contexts[2].Result != dimse.AbstractUnknown || m.Association.Server.Class != dimse.ImplementationUID {
		t.Errorf("%+v", m.Association)
	}
	if before.Contexts[1].Result != dimse.ContextNotAnswered {
		t.Error("what was told before was changed")
	}
	c.Write(dimse.Client, join(value(3, commandLast, storing), value(3, last, "ab"), value(9, commandLast, echoing)))
	for _, want := range []dimse.Context{want, want, {ID: 9, Result: dimse.ContextNotAnswered}} {
		if m, _, _ = c.Next(); m.Command == nil {
			t.Fatalf("%v", m.Kind)
		}
		if diff := cmp.Diff(m.Context, want); diff != "" {
			t.Error(diff)
		}
	}
}

// An association is what was asked for last and answered first, whatever titles the answer repeats.
func TestAssociation(t *testing.T) {
	rq := dimse.Associate{Called: dimse.NewTitle("ARCHIVE"), Calling: dimse.NewTitle("MODALITY"), Items: []dimse.Item{
		dimse.ContextRequest{ID: 1, Items: []dimse.Item{dimse.AbstractSyntax{UID: capture}}},
		dimse.ContextRequest{ID: 1, Items: []dimse.Item{dimse.AbstractSyntax{UID: verification}}},
		dimse.ContextRequest{ID: 3, Items: []dimse.Item{dimse.AbstractSyntax{UID: capture}}},
		dimse.ContextRequest{ID: 5, Items: []dimse.Item{dimse.AbstractSyntax{UID: studyFind}}},
		dimse.UserInformation{Items: []dimse.Item{dimse.ImplementationVersion{Name: "V1"}, dimse.UserIdentity{Kind: dimse.Username, User: "m.okafor"}}},
	}}
	answer := func(id byte, r dimse.Result, transfer string) dimse.ContextAnswer {
		return dimse.ContextAnswer{ID: id, Result: r, Items: []dimse.Item{dimse.TransferSyntax{UID: transfer}}}
	}
	ac := dimse.Associate{Accept: true, Called: dimse.NewTitle("X"), Calling: dimse.NewTitle("Y"), Items: []dimse.Item{
		answer(1, 0, explicitLittle), answer(3, 0, implicitLittle), answer(5, dimse.ContextRefused, implicitLittle), answer(7, 0, explicitLittle),
		dimse.UserInformation{Items: []dimse.Item{dimse.ImplementationVersion{Name: "V2"}}},
	}}
	second := dimse.Associate{Accept: true, Items: []dimse.Item{answer(1, dimse.ContextFailed, ""), answer(9, 0, explicitLittle)}}
	c := dimse.NewConversation(dimse.DefaultLimits())
	var l listener
	l.feed(t, c, dimse.Client, dimse.AppendPDU(nil, rq), 100)
	l.feed(t, c, dimse.Server, dimse.AppendPDU(dimse.AppendPDU(nil, ac), second), 100)
	want := &dimse.Association{Calling: "MODALITY", Called: "ARCHIVE", Client: dimse.Peer{Version: "V1"}, Server: dimse.Peer{Version: "V2"},
		Identity: dimse.Username, User: "m.okafor", Contexts: []dimse.Context{
			{ID: 1, Abstract: capture, Transfer: explicitLittle, SCU: true},
			{ID: 1, Abstract: verification, Result: dimse.ContextNotAnswered, SCU: true},
			{ID: 3, Abstract: capture, Transfer: implicitLittle, SCU: true},
			{ID: 5, Abstract: studyFind, Result: dimse.ContextRefused, SCU: true},
			{ID: 7, Transfer: explicitLittle, SCU: true},
		}}
	got := c.Association()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct {
		abstract  string
		transfers []string
		id        byte
	}{{capture, nil, 1}, {capture, []string{"1.2", implicitLittle}, 3}, {capture, []string{"1.2"}, 0}, {studyFind, nil, 0}, {"1.2", nil, 0}} {
		if found, ok := got.Find(tt.abstract, tt.transfers...); found.ID != tt.id || ok != (tt.id > 0) {
			t.Errorf("%s in %v: context %d", tt.abstract, tt.transfers, found.ID)
		}
	}
	l.feed(t, c, dimse.Client, request(), 100)
	l.feed(t, c, dimse.Server, granted(), 100)
	if a := c.Association(); a.Contexts[1].Transfer != explicitLittle || a.User != "" {
		t.Errorf("asked for anew: %+v", a)
	}
}

// Both sides may be written before messages are asked for.
func TestBothWritten(t *testing.T) {
	c := dimse.NewConversation(dimse.DefaultLimits())
	c.Write(dimse.Client, request())
	c.Write(dimse.Server, granted())
	var l listener
	l.drain(t, c)
	if got := tell(&l); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// A connection that gives nothing and no error does not hold a Reader for ever.
func TestNoProgress(t *testing.T) {
	if _, err := dimse.NewReader(stuck{}, dimse.Client, dimse.DefaultLimits()).Next(); err != io.ErrNoProgress {
		t.Error(err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// What a caller wrote is not written to.
func TestWriteBorrows(t *testing.T) {
	buffer := []byte(release + release)
	c := dimse.NewConversation(dimse.DefaultLimits())
	c.Write(dimse.Client, buffer[:10])
	c.Write(dimse.Client, []byte(abort))
	var l listener
	l.drain(t, c)
	if got := tell(&l); len(got) != 2 || string(buffer) != release+release {
		t.Errorf("%v, and the buffer has changed: %v", got, string(buffer) != release+release)
	}
}

// What is as long as the limit is read, and what is longer by one byte is not.
func TestLimits(t *testing.T) {
	lim := dimse.DefaultLimits()
	lim.PDU, lim.Command = len(request()), len(echoing)
	for _, more := range []int{0, 1} {
		c := dimse.NewConversation(lim)
		var l listener
		l.feed(t, c, dimse.Client, value(1, commandLast, echoing+strings.Repeat("x", more)), 100)
		l.feed(t, c, dimse.Client, frame(1, append(request()[6:], make([]byte, more)...)), 100)
		want := []string{"client command C-ECHO-RQ 8 on 1", "client association requested", "dimse: client, at byte 0: data of an association whose beginning was not seen"}
		if more > 0 {
			want = []string{"dimse: client, at byte 0: data of an association whose beginning was not seen", "dimse: client, at byte 6: a command set longer than the limit",
				fmt.Sprintf("dimse: client, at byte %d: a PDU longer than the limit", len(echoing)+13)}
		}
		if diff := cmp.Diff(tell(&l), want); diff != "" {
			t.Errorf("%d bytes more: %s", more, diff)
		}
	}
}

// What is not DICOM is told once, as soon as six bytes are there or nothing follows, and read no further.
func TestForeign(t *testing.T) {
	for text, want := range map[string]string{
		"GET / HTTP/1.1\r\n\r\n": "http", "OPTIONS * RTSP": "http", "HTTP/1.1 400 Bad": "http", "SSH-2.0-x\r\n": "ssh", "\x16\x03\x01\x02\x00\x01\x00": "tls", "\x16\x03": "tls", "\x16\x02\x01\x02\x00\x01": "",
		"\x0bMSH|^~\\&|": "", "G": "", "\x01\x00\x00\x00\x00\x05hello": "", "\x07\x00\x00\x00\x00\x05hello": "", "\x01\x00\xff\xff\xff\xff": "", "\x04\x01\x00\x00\x10\x00": "", "\x08\x00\x00\x00\x00\x04": "",
	} {
		for _, size := range []int{100, 1} {
			c := dimse.NewConversation(dimse.DefaultLimits())
			var l listener
			l.feed(t, c, dimse.Client, []byte(text), size)
			l.feed(t, c, dimse.Server, []byte("HTTP/1.0 400 Bad Request\r\n"), size)
			c.End(dimse.Client)
			l.drain(t, c)
			if got := tell(&l); len(got) != 1 || len(text) > 5 && got[0] != "client foreign "+want {
				t.Errorf("%q: %v", text, got)
			}
			if c.Lost(dimse.Client) != int64(len(text)) {
				t.Errorf("%q: %d bytes lost", text, c.Lost(dimse.Client))
			}
		}
	}
}

// Who comes late hears what there is to hear, and is told once that the beginning is missing.
func TestMidway(t *testing.T) {
	c := dimse.NewConversation(dimse.DefaultLimits())
	var l listener
	l.feed(t, c, dimse.Server, value(5, commandLast, string(dimse.AppendCommand(nil, commands()["C-FIND-RSP"]))), 1)
	l.feed(t, c, dimse.Server, value(5, last, "ab"), 1)
	l.feed(t, c, dimse.Client, []byte(release), 1)
	want := []string{"server command C-FIND-RSP 2 on 5", "server data set ab true", "client release requested", "dimse: server, at byte 0: data of an association whose beginning was not seen"}
	if diff := cmp.Diff(tell(&l), want); diff != "" {
		t.Error(diff)
	}
}

// A Reader hears one side, and leaves open what only the other says.
func TestReader(t *testing.T) {
	text := join(request(), value(3, commandLast, storing), value(3, last, "ab"), []byte("nonsense"))
	for _, r := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text)), iotest.DataErrReader(bytes.NewReader(text))} {
		reader := dimse.NewReader(r, dimse.Client, dimse.DefaultLimits())
		var l listener
		for {
			m, err := reader.Next()
			if err == io.EOF {
				break
			}
			var broken *dimse.Error
			if errors.As(err, &broken) {
				l.errors = append(l.errors, broken.Reason)
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if m.Kind == dimse.Commanded && (m.Context.Abstract != capture || m.Context.Transfer != "") {
				t.Errorf("%+v", m.Context)
			}
			l.hear(t, m)
		}
		want := []string{"client association requested", "client command C-STORE-RQ 7 on 3", "client data set ab true", "no PDU begins here: nothing more of this side is read"}
		if diff := cmp.Diff(tell(&l), want); diff != "" {
			t.Error(diff)
		}
		if reader.Lost() != int64(len("nonsense")) {
			t.Errorf("%d bytes lost", reader.Lost())
		}
	}
	// A connection that fails is told as such, behind what it breaks off.
	failing := dimse.NewReader(iotest.TimeoutReader(bytes.NewReader(text[:len(text)-20])), dimse.Client, dimse.DefaultLimits())
	var kinds []dimse.Kind
	m, err := failing.Next()
	for ; err == nil || errors.As(err, new(*dimse.Error)); m, err = failing.Next() {
		kinds = append(kinds, m.Kind)
	}
	if want := []dimse.Kind{dimse.Requested, dimse.Commanded, dimse.Broken, 0}; !errors.Is(err, iotest.ErrTimeout) || cmp.Diff(kinds, want) != "" {
		t.Errorf("%v, %v", kinds, err)
	}
}

// A gigabyte needs no gigabyte, not even in one PDU.
func TestLargeDataSet(t *testing.T) {
	const size = 1 << 30
	head := join(request(), value(3, commandLast, storing))
	one := frame(4, make([]byte, 0))
	binary.BigEndian.PutUint32(one[2:], size+6)
	one = append(binary.BigEndian.AppendUint32(one, size+2), 3, byte(last))
	piece := make([]byte, 64<<10)
	formattest.Cost{Fixed: 256 << 10}.Check(t, 0, func() {
		c := dimse.NewConversation(dimse.DefaultLimits())
		c.Write(dimse.Client, head)
		got, done := int64(0), false
		drain := func() {
			for m, ok, err := c.Next(); ok || err != nil; m, ok, err = c.Next() {
				if err != nil {
					t.Fatal(err)
				}
				got += int64(len(m.Data))
				done = m.Last
			}
		}
		drain()
		c.Write(dimse.Client, one)
		drain()
		for range size / len(piece) {
			c.Write(dimse.Client, piece)
			drain()
		}
		if got != size || !done {
			t.Errorf("%d bytes, at the end %v", got, done)
		}
	})
}

// How long a PDU or a command says it is takes no room: what has come does, up to the limit, and it is given back.
func TestRoom(t *testing.T) {
	lim := dimse.DefaultLimits()
	c := dimse.NewConversation(lim)
	var l listener
	l.feed(t, c, dimse.Client, frame(1, make([]byte, lim.PDU-6))[:1000], 100)
	if c.Held() > 4000 {
		t.Errorf("%d bytes are held for 1,000", c.Held())
	}
	l.feed(t, c, dimse.Client, frame(1, make([]byte, lim.PDU-6))[1000:], 100)
	l.feed(t, c, dimse.Client, value(1, commandLast, strings.Repeat("\x00", lim.Command+1)), 1<<20)
	l.feed(t, c, dimse.Client, value(1, commandLast, strings.Repeat("\x00", lim.Command)), 1<<20)
	if c.Lost(dimse.Client) > 0 || len(l.errors) != 4 { // the request is none, it was not seen, the commands are too long and none
		t.Errorf("%d bytes lost, %v", c.Lost(dimse.Client), l.errors)
	}
	if c.Held() > 32<<10 {
		t.Errorf("%d bytes are held behind it", c.Held())
	}
}

// What proves who somebody is does not stay in what it was read into.
func TestSecretIsCleared(t *testing.T) {
	r := ours
	r.Identity = &dimse.UserIdentity{Kind: dimse.Passcode, User: "m.okafor", Passcode: dimse.NewSecret([]byte("hush"))}
	rq, err := r.Request()
	if err != nil {
		t.Fatal(err)
	}
	text := dimse.AppendPDU(nil, rq)
	if !bytes.Contains(text, []byte("hush")) {
		t.Fatal("not sent")
	}
	c := dimse.NewConversation(dimse.DefaultLimits())
	var l listener
	l.feed(t, c, dimse.Client, text, 100)
	if body := c.Body(dimse.Client); len(body) < len(text)-6 || bytes.Contains(body, []byte("hush")) {
		t.Errorf("in what the PDU was read into, or that is not looked at: %d bytes", len(body))
	}
	if a := c.Association(); a.Identity != dimse.Passcode || a.User != "m.okafor" {
		t.Errorf("%v %s", a.Identity, a.User)
	}
}

// FuzzConversation holds that the cuts of the network make no difference, that every data set comes to its end, and that nothing beyond
// the limits is held.
func FuzzConversation(f *testing.F) {
	store := join(value(3, commandPart, storing[:9]), value(3, commandLast, storing[9:]), value(3, part, "0042"), value(3, last, "ab"))
	f.Add(join(request(), store, []byte(release)), granted(), uint16(len(request())))
	f.Add(join(request(), store[:len(store)-5], []byte(abort)), join(granted(), []byte(abort)), uint16(len(request())))
	f.Add([]byte("GET / HTTP/1.1\r\n"), []byte("HTTP/1.1 400\r\n"), uint16(3))
	f.Add(join(value(1, commandLast, echoing), []byte("\x05\x00\x00\x00\x00\x04abcd\x09")), []byte{}, uint16(50))
	f.Add(join(request(), value(1, commandPart, strings.Repeat("x", 3000)), value(1, commandLast, echoing)), granted(), uint16(200))
	f.Fuzz(func(t *testing.T, client, server []byte, cut uint16) {
		client, server = formattest.Plant(client), formattest.Plant(server)
		lim := dimse.Limits{PDU: 2000, Items: 50, Contexts: 10, Command: 500, Elements: 30}
		formattest.Cost{Fixed: 256 << 10, PerByte: 150}.Check(t, len(client)+len(server), func() {
			c := dimse.NewConversation(lim)
			c.Write(dimse.Client, client)
			for _, ok, err := c.Next(); ok || err != nil; _, ok, err = c.Next() {
			}
			c.Write(dimse.Server, server)
			for _, ok, err := c.Next(); ok || err != nil; _, ok, err = c.Next() {
			}
		})
		whole := converse(t, lim, client, server, int(cut), 1<<20)
		for _, size := range []int{1, 13} {
			got := converse(t, lim, client, server, int(cut), size)
			if reflect.DeepEqual(got, whole) { // and only otherwise in what, which takes longer to tell
				continue
			}
			t.Fatalf("in pieces of %d (-) the messages differ: %s", size, cmp.Diff(got, whole, cmp.AllowUnexported(dimse.Secret{}, listener{})))
		}
	})
}

// converse feeds both sides in turns of turn bytes, in pieces of size.
func converse(t *testing.T, lim dimse.Limits, client, server []byte, turn, size int) listener {
	c := dimse.NewConversation(lim)
	var l listener
	for len(client)+len(server) > 0 {
		a, b := min(turn+1, len(client)), min(turn+1, len(server))
		l.feed(t, c, dimse.Client, client[:a], size)
		l.feed(t, c, dimse.Server, server[:b], size)
		client, server = client[a:], server[b:]
		if held := c.Held(); held > 4*(lim.PDU+lim.Command) {
			t.Fatalf("%d bytes are held", held)
		}
	}
	for _, side := range []dimse.Side{dimse.Client, dimse.Server} {
		c.End(side)
		l.drain(t, c)
	}
	if l.open != [2]int{} {
		t.Fatal("a data set does not come to its end")
	}
	return l
}
