package dicom_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	format "github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/dicom"
	"github.com/wardline/wardline/internal/journal"
)

const overTCP = `
streams:
- listen: 127.0.0.1:0
  from: [127.0.0.0/8]
`

const (
	ct       = "1.2.840.10008.5.1.4.1.1.2"
	explicit = "1.2.840.10008.1.2.1"
)

func receive(t testing.TB, config string) (*collecttest.Running, string) {
	t.Helper()
	r := collecttest.Run(t, dicom.Receiver(), config, options(t))
	return r, r.Addresses(1)[0]
}

// sender is a scanner.
type sender struct {
	*dimse.Conn
	t   testing.TB
	tcp net.Conn
}

func connect(t testing.TB, address string, r dimse.Requestor) (*sender, error) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	conn, err := dimse.Request(c, r, dimse.DefaultLimits())
	return &sender{conn, t, c}, err
}

func scanner() dimse.Requestor {
	return dimse.Requestor{
		Calling: "CT_1", Called: "WARDLINE",
		Proposals: []dimse.Proposal{{Abstract: "1.2.840.10008.1.1", Transfers: []string{explicit}}, {Abstract: ct, Transfers: []string{explicit}}},
	}
}

func connected(t testing.TB, address string) *sender {
	t.Helper()
	s, err := connect(t, address, scanner())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// picture is the data set of scan.
func picture(change func(elements *[]string)) []byte {
	file := scan(change)
	return file[bytes.Index(file, []byte("\x08\x00\x16\x00")):]
}

// send asks for one image to be stored.
func (s *sender) send(c dimse.Command, data []byte) {
	s.t.Helper()
	var r io.Reader
	if data != nil {
		r = bytes.NewReader(data)
	}
	if err := s.Send(3, c, r); err != nil {
		s.t.Fatal(err)
	}
}

// answer is the status of the next answer.
func (s *sender) answer() dimse.Status {
	s.t.Helper()
	m, err := s.Next()
	if err != nil || m.Kind != dimse.Commanded {
		s.t.Fatalf("no answer: %v, %v", m.Kind, err)
	}
	return dimse.Status(m.Command.Status.Value)
}

func storing() dimse.Command {
	return dimse.Command{Field: dimse.CStore, ID: 7, Class: ct, Instance: "1.2.3.4"}
}

// waiting waits until so many images are handed in and not durable.
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
			t.Fatalf("%d images wait, not %d", sum, n)
		}
	}
}

// The answer comes when what is said of the image is durable, and not before.
func TestReceiveDurableBeforeAnswer(t *testing.T) {
	r, address := receive(t, overTCP)
	s := connected(t, address)
	r.Hold()
	s.send(storing(), picture(nil))
	waiting(t, r, 1)
	_ = s.tcp.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := s.tcp.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("an answer came: %d bytes, %v", n, err)
	}
	_ = s.tcp.SetDeadline(time.Now().Add(20 * time.Second))
	r.Release()
	if got := s.answer(); got != dimse.Success {
		t.Errorf("got %04x", got)
	}
	if err := s.Release(); err != nil {
		t.Error(err)
	}
	collecttest.Balanced(t, r.Intake)
}

// An image that is sent says what its file says, who sent it, and from where.
func TestReceivedEvent(t *testing.T) {
	r, address := receive(t, overTCP)
	s := connected(t, address)
	s.send(storing(), picture(nil))
	if got := s.answer(); got != dimse.Success {
		t.Fatalf("got %04x", got)
	}
	ev := r.Events(t, options(t).Taxonomy)[0]
	if ev.Source != "dicom/127.0.0.1" || ev.Class.Key != "dicom/instance" || ev.Time.IsZero() {
		t.Errorf("%s of %s at %v", ev.Class.Key, ev.Source, ev.Time)
	}
	var got map[string]any
	if err := json.Unmarshal(ev.Fields, &got); err != nil {
		t.Fatal(err)
	}
	want := fields(t, scan(nil))
	delete(want, "preamble") // a message has none
	for name, value := range map[string]any{
		"command": "C-STORE", "MessageID": 7.0, "bytes": float64(len(picture(nil))), "CallingAETitle": "CT_1", "CalledAETitle": "WARDLINE",
		"ImplementationClassUID": dimse.ImplementationUID, "id.orig_h": "127.0.0.1", "id.resp_h": "127.0.0.1",
		"wardline": map[string]any{"flags": []any{"unauthenticated_source"}},
	} {
		want[name] = value
	}
	for _, port := range []string{"id.orig_p", "id.resp_p"} {
		if n, _ := got[port].(float64); n == 0 {
			t.Errorf("%s is missing", port)
		}
		delete(got, port)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("fields (-got +want):\n%s", diff)
	}
}

// What cannot be taken in is answered so, and the association goes on.
func TestReceiveStatuses(t *testing.T) {
	r, address := receive(t, overTCP+"patience: 300ms\n")
	s := connected(t, address)
	other := storing()
	other.Class = "1.2.840.10008.5.1.4.1.1.4"
	query := storing()
	query.Class = "1.2.840.10008.5.1.4.1.2.1.1"
	instance := storing()
	instance.Instance = "1.2.3.5"
	for _, tt := range []struct {
		name    string
		command dimse.Command
		data    []byte
		want    dimse.Status
	}{
		{"an image", storing(), picture(nil), 0},
		{"the same again", storing(), picture(nil), 0},
		{"cut off", storing(), picture(nil)[:100], 0xC000},
		{"nothing that could be a data set", storing(), []byte("GET / HTTP/1.1\r\n"), 0xC000},
		{"without a data set", storing(), nil, 0xC000},
		{"of another class than agreed on", other, picture(nil), 0xA900},
		{"of another instance than said", instance, picture(nil), 0xA900},
		{"of a class that is not stored", query, picture(nil), 0x0122},
		{"a query", dimse.Command{Field: dimse.CFind, ID: 8, Class: ct}, picture(nil), 0x0211},
		{"an image at last", storing(), picture(func(e *[]string) { (*e)[2] = dicomtest.Explicit(0x00080060, "CS", "MR") }), 0},
	} {
		s.send(tt.command, tt.data)
		if got := s.answer(); got != tt.want {
			t.Errorf("%s: got %04x, want %04x", tt.name, got, tt.want)
		}
	}
	for _, fail := range []func(error){r.Refuse, r.Break} {
		fail(journal.ErrFull)
		s.send(storing(), picture(nil))
		if got := s.answer(); got != 0xA700 {
			t.Errorf("the disk is full: got %04x", got)
		}
		fail(nil)
	}
	r.Hold()
	s.send(storing(), picture(nil))
	if got := s.answer(); got != 0xA700 {
		t.Errorf("it becomes durable too late: got %04x", got)
	}
	r.Release()
	if err := s.Release(); err != nil {
		t.Error(err)
	}
	counts := collecttest.Balanced(t, r.Intake)["dicom/127.0.0.1"]
	if counts.Stored != 4 || counts.Refused != 8 {
		t.Errorf("got %+v", counts)
	}
	events := r.Events(t, options(t).Taxonomy)
	if events[0].ID != events[1].ID || events[0].ID == events[2].ID {
		t.Error("the same image again is the same event, and no other is")
	}
}

// A connection that breaks off inside an image leaves nothing behind but the count.
func TestReceiveBrokenOff(t *testing.T) {
	r, address := receive(t, overTCP)
	s := connected(t, address)
	broken := io.MultiReader(bytes.NewReader(picture(nil)[:100]), bytes.NewReader(make([]byte, 1<<20)), failing{})
	if err := s.Send(3, storing(), broken); err == nil {
		t.Fatal("it was sent")
	}
	s.tcp.Close()
	counts := r.Received("dicom/127.0.0.1", 1)
	if counts.Refused != 1 || len(r.Lines(journal.Events)) != 0 {
		t.Errorf("got %+v", counts)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestReceiveRejects(t *testing.T) {
	_, address := receive(t, overTCP+"callers: [CT_1]\n")
	connected(t, address)
	for _, change := range []func(*dimse.Requestor){
		func(r *dimse.Requestor) { r.Calling = "ECHOSCU" },
		func(r *dimse.Requestor) { r.Called = "PACS" },
	} {
		r := scanner()
		change(&r)
		_, err := connect(t, address, r)
		var no *dimse.RejectError
		if !errors.As(err, &no) {
			t.Errorf("got %v", err)
		}
	}
}

// Who says nothing inside an image, or sends it slower than anybody would, is hung up on.
func TestReceiveSlow(t *testing.T) {
	r, address := receive(t, overTCP+"  frame_timeout: 200ms\n")
	s := connected(t, address)
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		_ = s.Send(3, storing(), io.MultiReader(bytes.NewReader(make([]byte, 400<<10)), stalled{stop}))
	}()
	if counts := r.Received("dicom/127.0.0.1", 1); counts.Refused != 1 {
		t.Errorf("got %+v", counts)
	}
}

// Who keeps sending, but hardly anything, does not hold a place for long.
func TestReceiveTrickle(t *testing.T) {
	r, address := receive(t, overTCP+"  frame_timeout: 1s\n")
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	text := recorded(t, picture(func(e *[]string) { (*e)[10] = pixels(64 << 10) }))
	const begin = 1 << 10 // with the command
	if _, err = c.Write(text[:begin]); err != nil {
		t.Fatal(err)
	}
	for i := begin; i < len(text) && err == nil; i++ {
		_, err = c.Write(text[i : i+1])
		<-time.After(5 * time.Millisecond)
	}
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("nobody hung up: %v", err)
	}
	if counts := r.Received("dicom/127.0.0.1", 1); counts.Refused != 1 {
		t.Errorf("got %+v", counts)
	}
}

// stalled is a disk that does not answer.
type stalled struct{ stop chan struct{} }

func (s stalled) Read([]byte) (int, error) { <-s.stop; return 0, io.EOF }

// DCMTK's programs send all files of the corpus in the syntax that they are in, and each is known by the digest of its file.
func TestReceiveFromDCMTK(t *testing.T) {
	for _, tool := range []string{"storescu", "echoscu", "dcmsend"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	r, address := receive(t, overTCP)
	host, port, _ := net.SplitHostPort(address)
	if out, err := exec.Command("echoscu", "-aec", "WARDLINE", host, port).CombinedOutput(); err != nil {
		t.Fatalf("echoscu: %v\n%s", err, out)
	}
	if out, err := exec.Command("echoscu", "-aec", "PACS", host, port).CombinedOutput(); err == nil {
		t.Errorf("another title was answered:\n%s", out)
	}
	file := filepath.Join(t.TempDir(), "scan.dcm")
	if err := os.WriteFile(file, sendable(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []*exec.Cmd{
		exec.Command("storescu", "-aec", "WARDLINE", "-aet", "CT_2", host, port, file),
		exec.Command("dcmsend", "-aec", "WARDLINE", "-aet", "CT_2", "-pdu", "4096", host, port, file),
	} {
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command.Path, err, out)
		}
	}
	events := r.Texts(options(t))
	if len(events) != 2 || !strings.Contains(events[1], digests(t, sendable())[0]) {
		t.Errorf("%d events, or other digests than those of the file", len(events))
	}
	collecttest.Balanced(t, r.Intake)
}

// sendable is a file as DCMTK wants one to send it.
func sendable() []byte {
	file := scan(nil)
	at := bytes.Index(file, []byte("DICM")) + 4
	meta := dicomtest.Explicit(0x00020002, "UI", ct+"\x00") + dicomtest.Explicit(0x00020003, "UI", "1.2.3.4\x00") +
		dicomtest.Explicit(0x00020010, "UI", explicit+"\x00")
	head := append(file[:at:at], dicomtest.Explicit(0x00020000, "UL", string([]byte{byte(len(meta)), 0, 0, 0}))...)
	return append(append(head, meta...), picture(nil)...)
}

// digests are those of a file: of its header and its pixels.
func digests(t *testing.T, file []byte) []string {
	t.Helper()
	in, err := digest.ReadFile(bytes.NewReader(file), digest.DefaultMutable(), format.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return []string{in.Header.String(), in.Pixels.String()}
}

// All files of the corpus that DCMTK sends are known by the digests that they have as files.
func TestReceiveCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "dicom-files", "files")
	if _, err := exec.LookPath("dcmsend"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("dcmsend is not installed")
	}
	r, address := receive(t, overTCP)
	host, port, _ := net.SplitHostPort(address)
	// Some of the files are broken on purpose: it says so in the end.
	_ = exec.Command("dcmsend", "-aec", "WARDLINE", "--decompress-never", "--no-halt", "+sd", "+r", host, port, dir).Run()
	files := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if in, err := digest.ReadFile(f, digest.DefaultMutable(), format.DefaultLimits()); err == nil {
			files[in.Header.String()+in.Pixels.String()] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	events := r.Texts(options(t))
	for _, text := range events {
		var got struct {
			SOPInstanceUID string
			Digest         struct{ Header, Pixels string }
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		pixels := got.Digest.Pixels
		if pixels == "" {
			pixels = "none"
		}
		if !files[got.Digest.Header+pixels] {
			t.Errorf("image %s has not the digests of any file", got.SOPInstanceUID)
		}
	}
	counts := collecttest.Balanced(t, r.Intake)["dicom/127.0.0.1"]
	t.Logf("%d images came: %+v", len(events), counts)
	if len(events) < 100 {
		t.Errorf("only %d images of the corpus came", len(events))
	}
}
