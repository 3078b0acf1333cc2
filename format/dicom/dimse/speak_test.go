package dimse_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/formattest"
)

// What PS3.8 Table 9-10 allows in each state, and where it leads. What is not here must not be sent, and ends the association when it
// is heard.
func TestMachine(t *testing.T) {
	type step struct {
		side  dimse.Side
		phase dimse.Phase
		sent  bool
		kind  dimse.Kind
	}
	const sent, heard = true, false
	want := map[step]dimse.Phase{
		{dimse.Client, dimse.Idle, sent, dimse.Requested}:          dimse.Asking,
		{dimse.Server, dimse.Idle, heard, dimse.Requested}:         dimse.Deciding,
		{dimse.Client, dimse.Releasing, heard, dimse.ReleaseAsked}: dimse.Yielding,
		{dimse.Server, dimse.Releasing, heard, dimse.ReleaseAsked}: dimse.Holding,
	}
	for _, side := range []dimse.Side{dimse.Client, dimse.Server} {
		for s, next := range map[step]dimse.Phase{
			{phase: dimse.Asking, kind: dimse.Accepted}:               dimse.Open,
			{phase: dimse.Asking, kind: dimse.Rejected}:               dimse.Closed,
			{phase: dimse.Deciding, sent: sent, kind: dimse.Accepted}: dimse.Open,
			{phase: dimse.Deciding, sent: sent, kind: dimse.Rejected}: dimse.Closed,
			{phase: dimse.Open, kind: dimse.ReleaseAsked}:             dimse.Granting,
			{phase: dimse.Open, sent: sent, kind: dimse.ReleaseAsked}: dimse.Releasing,
			{phase: dimse.Releasing, kind: dimse.Released}:            dimse.Closed,
			{phase: dimse.Granting, sent: sent, kind: dimse.Released}: dimse.Closed,
			{phase: dimse.Yielding, sent: sent, kind: dimse.Released}: dimse.Yielded,
			{phase: dimse.Yielded, kind: dimse.Released}:              dimse.Closed,
			{phase: dimse.Holding, kind: dimse.Released}:              dimse.Closing,
			{phase: dimse.Closing, sent: sent, kind: dimse.Released}:  dimse.Closed,
		} {
			s.side = side
			want[s] = next
		}
		for p := dimse.Idle; p <= dimse.Closed; p++ {
			want[step{side, p, heard, dimse.Aborted}] = dimse.Closed
			if p != dimse.Closed {
				want[step{side, p, sent, dimse.Aborted}] = dimse.Closed
			}
		}
		for _, k := range []dimse.Kind{dimse.Commanded, dimse.DataSet} {
			want[step{side, dimse.Open, sent, k}] = dimse.Open
			want[step{side, dimse.Open, heard, k}] = dimse.Open
			want[step{side, dimse.Releasing, heard, k}] = dimse.Releasing
			want[step{side, dimse.Granting, sent, k}] = dimse.Granting
		}
		want[step{side, dimse.Open, heard, dimse.Broken}] = dimse.Open
		want[step{side, dimse.Releasing, heard, dimse.Broken}] = dimse.Releasing
	}
	for _, side := range []dimse.Side{dimse.Client, dimse.Server} {
		for p := dimse.Idle; p <= dimse.Closed; p++ {
			for k := dimse.Requested; k <= dimse.Foreign; k++ {
				m := dimse.Machine{Phase: p, Side: side}
				for _, sent := range []bool{true, false} {
					next, ok := m.Heard(k)
					if sent {
						next, ok = m.Sent(k)
					}
					phase, allowed := want[step{side, p, sent, k}]
					if ok != allowed || ok && next.Phase != phase || !ok && next != m || next.Side != side {
						t.Errorf("%v in phase %d, %v, sent %v: phase %d %v, want %d %v", side, p, k, sent, next.Phase, ok, phase, allowed)
					}
				}
			}
		}
	}
}

func TestAnswer(t *testing.T) {
	a := dimse.Acceptor{
		Titles: []string{"ARCHIVE"}, Callers: []string{"MODALITY", "WARD7"}, Software: dimse.Software{MaxLength: 32768, Version: "V1"},
		Offers: []dimse.Offer{
			{Abstract: verification, Transfers: []string{implicitLittle}},
			{Abstract: capture, Transfers: []string{implicitLittle, explicitLittle}, Asks: true},
			{Abstract: storage},
		},
	}
	rq, err := dimse.Requestor{Calling: "WARD7", Called: "ARCHIVE", Proposals: []dimse.Proposal{
		{Abstract: verification, Transfers: []string{explicitLittle, implicitLittle}},
		{Abstract: capture, Transfers: []string{explicitLittle, implicitLittle}, Answers: true},
		{Abstract: storage + "2", Transfers: []string{"1.2.3"}, Answers: true},
		{Abstract: verification, Transfers: []string{explicitLittle}},
		{Abstract: "1.2.840.10008.5.1.4.1.1", Transfers: []string{implicitLittle}},
		{Abstract: storage + "4"},
		{Abstract: verification + "1", Transfers: []string{implicitLittle}},
		{Abstract: capture, Transfers: []string{implicitLittle}, Answers: true},
	}}.Request()
	if err != nil {
		t.Fatal(err)
	}
	rq.Spare[7] = 7
	roles := 0
	for _, item := range rq.Items[len(rq.Items)-1].(dimse.UserInformation).Items {
		if _, ok := item.(dimse.Role); ok {
			roles++
		}
	}
	if roles != 2 { // one for each SOP class, PS3.7 D.3.3.4
		t.Errorf("%d roles were proposed", roles)
	}
	answer, agreed := a.Answer(rq)
	ac := answer.(dimse.Associate)
	want := []dimse.Context{
		{ID: 1, Abstract: verification, Proposed: []string{explicitLittle, implicitLittle}, Transfer: implicitLittle, SCU: true},
		{ID: 3, Abstract: capture, Proposed: []string{explicitLittle, implicitLittle}, Transfer: explicitLittle, SCP: true},
		{ID: 5, Abstract: storage + "2", Proposed: []string{"1.2.3"}, Transfer: "1.2.3"},
		{ID: 7, Abstract: verification, Proposed: []string{explicitLittle}, Result: dimse.TransfersUnknown, SCU: true},
		{ID: 9, Abstract: "1.2.840.10008.5.1.4.1.1", Proposed: []string{implicitLittle}, Result: dimse.AbstractUnknown, SCU: true},
		{ID: 11, Abstract: storage + "4", Result: dimse.TransfersUnknown, SCU: true},
		{ID: 13, Abstract: verification + "1", Proposed: []string{implicitLittle}, Result: dimse.AbstractUnknown, SCU: true},
		{ID: 15, Abstract: capture, Proposed: []string{implicitLittle}, Transfer: implicitLittle, SCP: true},
	}
	if diff := cmp.Diff(agreed.Contexts, want); diff != "" {
		t.Error(diff)
	}
	if ac.Spare != rq.Spare || ac.Called != rq.Called || ac.Calling != rq.Calling || agreed.Server != (dimse.Peer{MaxLength: 32768, Class: dimse.ImplementationUID, Version: "V1"}) {
		t.Errorf("%+v", agreed)
	}
	both, err := dimse.Agreed(rq, ac)
	if diff := cmp.Diff(both, agreed); err != nil || diff != "" {
		t.Errorf("the requestor understands something else: %v %s", err, diff)
	}
}

func TestAnswerRefuses(t *testing.T) {
	a := dimse.Acceptor{Titles: []string{"ARCHIVE"}, Callers: []string{"WARD7"}, Offers: []dimse.Offer{{Abstract: verification}}}
	good := func() dimse.Associate {
		rq, err := dimse.Requestor{Calling: "WARD7", Called: "ARCHIVE", Proposals: []dimse.Proposal{{Abstract: verification, Transfers: []string{implicitLittle}}}}.Request()
		if err != nil {
			t.Fatal(err)
		}
		return rq
	}
	for name, tt := range map[string]struct {
		change func(*dimse.Associate)
		want   dimse.PDU
	}{
		"version 2 only":  {func(rq *dimse.Associate) { rq.Version = 2 }, dimse.Reject{Result: 1, Source: 2, Reason: 2}},
		"another context": {func(rq *dimse.Associate) { rq.Items[0] = dimse.ApplicationContext{Name: "1.2"} }, dimse.Reject{Result: 1, Source: 1, Reason: 2}},
		"no context":      {func(rq *dimse.Associate) { rq.Items = rq.Items[1:] }, dimse.Reject{Result: 1, Source: 1, Reason: 2}},
		"another called":  {func(rq *dimse.Associate) { rq.Called = dimse.NewTitle("archive") }, dimse.Reject{Result: 1, Source: 1, Reason: 7}},
		"another caller":  {func(rq *dimse.Associate) { rq.Calling = dimse.NewTitle("WARD") }, dimse.Reject{Result: 1, Source: 1, Reason: 3}},
		"an even ID":      {func(rq *dimse.Associate) { rq.Items = append(rq.Items, dimse.ContextRequest{ID: 2}) }, dimse.Abort{Source: 2, Reason: 6}},
		"an ID twice":     {func(rq *dimse.Associate) { rq.Items = append(rq.Items, dimse.ContextRequest{ID: 1}) }, dimse.Abort{Source: 2, Reason: 6}},
	} {
		rq := good()
		tt.change(&rq)
		got, agreed := a.Answer(rq)
		if diff := cmp.Diff(got, tt.want); diff != "" || agreed != nil {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, version := range []uint16{1, 3, 0xffff} { // those that have version 1 among others
		rq := good()
		rq.Version = version
		if answer, agreed := a.Answer(rq); agreed == nil || answer.(dimse.Associate).Version != 1 {
			t.Errorf("a good request was refused for version %x", version)
		}
	}
}

func TestRequestRefuses(t *testing.T) {
	one := []dimse.Proposal{{Abstract: verification}}
	for name, r := range map[string]dimse.Requestor{
		"no titles":       {Proposals: one},
		"a blank title":   {Calling: "A", Called: "  ", Proposals: one},
		"a long title":    {Calling: "SEVENTEEN_LETTERS", Called: "B", Proposals: one},
		"a backslash":     {Calling: "A\\B", Called: "B", Proposals: one},
		"a line end":      {Calling: "A", Called: "B\n", Proposals: one},
		"nothing to say":  {Calling: "A", Called: "B"},
		"too much to say": {Calling: "A", Called: "B", Proposals: make([]dimse.Proposal, 129)},
	} {
		if _, err := r.Request(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	rq, _ := ours.Request()
	for name, item := range map[string]dimse.ContextAnswer{
		"not proposed":                     {ID: 99, Items: []dimse.Item{dimse.TransferSyntax{UID: implicitLittle}}},
		"in a syntax that is not proposed": {ID: 1, Items: []dimse.Item{dimse.TransferSyntax{UID: explicitLittle}}},
		"in no syntax":                     {ID: 1},
	} {
		if _, err := dimse.Agreed(rq, dimse.Associate{Accept: true, Items: []dimse.Item{item}}); err == nil {
			t.Errorf("accepted %s: no error", name)
		}
	}
	once := dimse.ContextAnswer{ID: 1, Items: []dimse.Item{dimse.TransferSyntax{UID: implicitLittle}}}
	if _, err := dimse.Agreed(rq, dimse.Associate{Accept: true, Items: []dimse.Item{once, once}}); err == nil {
		t.Error("accepted twice: no error")
	}
}

// pair connects both ends of a conversation within this process.
func pair(t *testing.T) (client, server net.Conn) {
	client, server = net.Pipe()
	for _, c := range []net.Conn{client, server} {
		if err := c.SetDeadline(time.Now().Add(3 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	return client, server
}

// counted notes the length of each PDU that is written to it.
type counted struct {
	io.ReadWriter
	longest, pdus int
}

func (c *counted) Write(p []byte) (int, error) {
	c.longest, c.pdus = max(c.longest, len(p)), c.pdus+1
	return c.ReadWriter.Write(p)
}

// What one of us sends the other gets, in PDUs no longer than that takes.
func TestStore(t *testing.T) {
	for _, tt := range []struct {
		takes   uint32
		size    int
		longest int // of a PDU, with its header
		data    int // how many PDUs carry the data set
	}{
		{8, 50, 14, 25}, {9, 50, 14, 25}, {16384, 16378, 16390, 1}, {16384, 16379, 16390, 2}, {16384, 0, 0, 1},
		{0, 300_000, 131078, 3}, {1 << 31, 300_000, 131078, 3}, {200, 50_000, 206, 258},
	} {
		client, server := pair(t)
		done := make(chan taken)
		go func() {
			done <- serve(server, dimse.Acceptor{Offers: []dimse.Offer{{Abstract: verification}, {Abstract: capture}}, Software: dimse.Software{MaxLength: tt.takes}})
		}()
		count := &counted{ReadWriter: client}
		c := call(t, count, ours)
		echo(t, c)
		data := bytes.Repeat([]byte("\x00\xff1"), tt.size/3+1)[:tt.size]
		count.longest, count.pdus = 0, 0
		found, _ := c.Association().Find(capture)
		command := dimse.Command{Field: dimse.CStore, ID: 2, Class: capture, Instance: object}
		size := len(dimse.AppendCommand(nil, command))
		if err := c.Send(found.ID, command, iotest.OneByteReader(bytes.NewReader(data))); err != nil {
			t.Fatal(err)
		}
		room := max(min(int(tt.takes), 128<<10), 2) - 6
		if tt.takes == 0 {
			room = 128<<10 - 6
		}
		room &^= 1
		if want := tt.data + (size+room-1)/room; count.pdus != want || count.longest != tt.longest && tt.longest > 0 {
			t.Errorf("%d bytes for one who takes %d: %d PDUs, the longest %d, want %d and %d", tt.size, tt.takes, count.pdus, count.longest, want, tt.longest)
		}
		if m, err := c.Next(); err != nil || m.Command.ID != 2 {
			t.Error(err)
		}
		if err := c.Release(); err != nil {
			t.Error(err)
		}
		got := <-done
		if got.err != nil || len(got.data) != 1 || !bytes.Equal(got.data[0], data) {
			t.Errorf("%d bytes for one who takes %d: %d data sets, %v", tt.size, tt.takes, len(got.data), got.err)
		}
	}
}

// scripted is a connection whose other end says what it says whatever it hears.
type scripted struct {
	io.Reader
	sent bytes.Buffer
}

func (s *scripted) Write(p []byte) (int, error) { return s.sent.Write(p) }

// types lists the types of the PDUs that were sent.
func (s *scripted) types(t *testing.T) (list []byte) {
	for text := s.sent.Bytes(); len(text) > 0; {
		size := 6 + int(text[2])<<24 + int(text[3])<<16 + int(text[4])<<8 + int(text[5])
		if size > len(text) {
			t.Fatal("half a PDU was sent")
		}
		list, text = append(list, text[0]), text[size:]
	}
	return list
}

// The other end may say anything. What it may not say ends the association with the word that the standard has for it.
func TestRequestToAnybody(t *testing.T) {
	answers := func(list ...string) string { return string(granted()) + strings.Join(list, "") }
	released := string(dimse.AppendPDU(nil, dimse.Release{Response: true}))
	command := string(value(1, commandLast, echoing))
	for name, tt := range map[string]struct {
		script string
		sent   string // types of PDUs
		ends   bool   // well
	}{
		"release":                   {answers(released), "\x01\x05", true},
		"late command":              {answers(command, released), "\x01\x05", true},
		"both ask at once":          {answers(release, released), "\x01\x05\x06", true},
		"both ask, and no grant":    {answers(release), "\x01\x05\x06", false},
		"command after the request": {answers(release, command), "\x01\x05\x06\x07", false},
		"abort":                     {answers(abort), "\x01\x05", false},
		"end":                       {answers(), "\x01\x05", false},
		"a second answer":           {answers(string(granted())), "\x01\x05\x07", false},
		"rejected":                  {string(dimse.AppendPDU(nil, dimse.Reject{Result: 1, Source: 1, Reason: 3})), "\x01", false},
		"aborted":                   {abort, "\x01", false},
		"a request":                 {string(request()), "\x01\x07", false},
		"no answer but a command":   {command, "\x01\x07", false},
		"no DICOM":                  {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x01", false},
		"nothing":                   {"", "\x01", false},
		"an answer that is none":    {string(frame(2, make([]byte, 69))), "\x01\x07", false},
		"a context not proposed": {string(dimse.AppendPDU(nil, dimse.Associate{Accept: true, Version: 1, Items: []dimse.Item{
			dimse.ContextAnswer{ID: 77, Items: []dimse.Item{dimse.TransferSyntax{UID: implicitLittle}}}}})), "\x01\x07", false},
		"PDUs that carry nothing": {string(dimse.AppendPDU(nil, dimse.Associate{Accept: true, Version: 1, Items: []dimse.Item{
			dimse.UserInformation{Items: []dimse.Item{dimse.MaxLength{Bytes: 7}}}}})), "\x01\x07", false},
	} {
		s := &scripted{Reader: strings.NewReader(tt.script)}
		c, err := dimse.Request(s, ours, dimse.DefaultLimits())
		if err == nil {
			err = c.Release()
		} else if c != nil {
			t.Errorf("%s: a connection beside the error", name)
		}
		if ended := err == nil; ended != tt.ends {
			t.Errorf("%s: %v", name, err)
		}
		if got := string(s.types(t)); got != tt.sent {
			t.Errorf("%s: sent PDUs %x, want %x", name, got, tt.sent)
		}
		formattest.Quiet(t, err)
	}
}

// A server that asks for the end while the client does lets the client have it first (PS3.8 Table 9-10, Sta10 and Sta12).
func TestReleaseByServer(t *testing.T) {
	released := dimse.AppendPDU(nil, dimse.Release{Response: true})
	for want, script := range map[string][]byte{"\x02\x05\x06": join([]byte(release), released), "\x02\x05": released} {
		s := &scripted{Reader: bytes.NewReader(join(request(), script))}
		c, err := dimse.Accept(s, dimse.Acceptor{}, dimse.DefaultLimits())
		if err == nil {
			err = c.Release()
		}
		if got := string(s.types(t)); err != nil || got != want {
			t.Errorf("%v, sent PDUs %x, want %x", err, got, want)
		}
	}
}

// Nobody is told on a connection that is gone, and the caller hears that it is.
func TestLostConnection(t *testing.T) {
	s := &scripted{Reader: iotest.DataErrReader(bytes.NewReader(join(granted(), value(1, commandLast, echoing)[:20])))}
	c := call(t, s, ours)
	if _, err := c.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if got := s.types(t); len(got) != 1 {
		t.Errorf("sent PDUs %x", got)
	}
}

// Errors that a caller needs the reason of.
func TestErrors(t *testing.T) {
	_, err := dimse.Request(&scripted{Reader: bytes.NewReader(dimse.AppendPDU(nil, dimse.Reject{Result: 2, Source: 3, Reason: 2}))}, ours, dimse.DefaultLimits())
	var reject *dimse.RejectError
	if !errors.As(err, &reject) || reject.Reject.Source != 3 || reject.Error() != "dimse: association rejected for now: local limit exceeded" {
		t.Error(err)
	}
	_, err = dimse.Request(&scripted{Reader: bytes.NewReader(dimse.AppendPDU(nil, dimse.Abort{Source: 2, Reason: 1}))}, ours, dimse.DefaultLimits())
	var abort *dimse.AbortError
	if !errors.As(err, &abort) || abort.Error() != "dimse: association aborted: unrecognised PDU" {
		t.Error(err)
	}
}

// A data set that cannot be read to its end is not sent as if it could, and nothing is sent that was not agreed on.
func TestSendRefuses(t *testing.T) {
	s := &scripted{Reader: bytes.NewReader(granted())}
	c := call(t, s, ours)
	if err := c.Send(5, dimse.Command{Field: dimse.CFind}, nil); err == nil {
		t.Error("sent on a context that was refused")
	}
	if err := c.Send(99, dimse.Command{Field: dimse.CFind}, nil); err == nil {
		t.Error("sent on a context that is none")
	}
	err := c.Send(3, dimse.Command{Field: dimse.CStore}, iotest.TimeoutReader(bytes.NewReader(make([]byte, 40<<10))))
	if !errors.Is(err, iotest.ErrTimeout) {
		t.Error(err)
	}
	if got := s.types(t); got[len(got)-1] != 7 {
		t.Errorf("sent PDUs %x", got)
	}
	if err := c.Send(1, dimse.Command{Field: dimse.CEcho}, nil); err == nil {
		t.Error("sent behind an abort")
	}
}

func TestCopyDataRefuses(t *testing.T) {
	for name, rest := range map[string]string{
		"broken off": string(join(value(3, part, "abcd"), value(1, commandLast, echoing))), "end": string(value(3, part, "abcd")), "release": release, "abort": abort,
	} {
		s := &scripted{Reader: io.MultiReader(bytes.NewReader(request()), bytes.NewReader(value(3, commandLast, storing)), strings.NewReader(rest))}
		c, err := dimse.Accept(s, dimse.Acceptor{Offers: []dimse.Offer{{Abstract: capture}}}, dimse.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if m, err := c.Next(); err != nil || !m.Command.DataSet {
			t.Fatal(err)
		}
		if _, err := c.CopyData(io.Discard); err == nil || err == io.EOF {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzAccept holds that a server comes to an end with whoever calls it, and sends whole PDUs only.
func FuzzAccept(f *testing.F) {
	f.Add(join(request(), value(1, commandLast, echoing), value(3, commandLast, storing), value(3, last, "ab"), []byte(release)))
	f.Add(join(request(), value(3, commandLast, storing), value(3, part, "ab"), []byte(abort)))
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &scripted{Reader: bytes.NewReader(formattest.Plant(text))}
		c, err := dimse.Accept(s, dimse.Acceptor{Offers: []dimse.Offer{{Abstract: verification}, {Abstract: storage}}}, dimse.DefaultLimits())
		if (err == nil) != (c != nil) {
			t.Fatal("a connection beside the error")
		}
		for range len(text) {
			if err != nil {
				break
			}
			var m dimse.Message
			if m, err = c.Next(); err != nil {
				break
			}
			if m.Kind != dimse.Commanded {
				continue
			}
			if m.Command.DataSet {
				if _, err = c.CopyData(io.Discard); err != nil {
					break
				}
			}
			if sent := c.Send(m.Context.ID, m.Command.Answer(dimse.Success), nil); sent != nil {
				formattest.Quiet(t, sent)
			}
		}
		if err == nil && len(text) > 0 {
			t.Fatal("the conversation does not come to an end")
		}
		s.types(t)
	})
}
