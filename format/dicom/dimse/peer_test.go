package dimse_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom/dimse"
)

const (
	capture   = "1.2.840.10008.5.1.4.1.1.7"   // Secondary Capture Image Storage
	studyFind = "1.2.840.10008.5.1.4.1.2.2.1" // Study Root Query/Retrieve, FIND
	studyGet  = "1.2.840.10008.5.1.4.1.2.2.3" // and GET
	studyMove = "1.2.840.10008.5.1.4.1.2.2.2" // and MOVE
	object    = "2.25.1"                      // of an invented patient
	storage   = "1.2.840.10008.5.1.4.1.1."    // what all of storage begins with
)

// program finds one of DCMTK's, an implementation that shares nothing with ours.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(name + " of DCMTK is not installed")
	}
	return path
}

// start starts a program. What it returns waits for its end, and gives what it printed.
func start(t *testing.T, name string, arguments ...string) func() ([]byte, error) {
	t.Helper()
	var out bytes.Buffer
	p := exec.CommandContext(t.Context(), name, arguments...)
	p.Stdout, p.Stderr = &out, &out
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return func() ([]byte, error) {
		err := p.Wait()
		return out.Bytes(), err
	}
}

// succeed waits for a program, which must not fail.
func succeed(t *testing.T, wait func() ([]byte, error)) {
	t.Helper()
	if out, err := wait(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// element writes one element in Explicit VR Little Endian.
func element(group, number uint16, vr, value string) []byte {
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, group), number)
	b = append(b, vr...)
	if len(value)%2 != 0 {
		value += map[string]string{"UI": "\x00"}[vr]
	}
	if len(value)%2 != 0 {
		value += " "
	}
	if vr == "OW" || vr == "OB" {
		b = binary.LittleEndian.AppendUint32(append(b, 0, 0), uint32(len(value)))
	} else {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	}
	return append(b, value...)
}

// image is a data set with an image of rows times 512 pixels.
func image(rows int) []byte {
	short := func(n int) string { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }
	pixels := make([]byte, rows*1024)
	for i := range pixels {
		pixels[i] = byte(i * i >> 7)
	}
	return bytes.Join([][]byte{
		element(0x0008, 0x0016, "UI", capture), element(0x0008, 0x0018, "UI", object), element(0x0008, 0x0020, "DA", "20260301"),
		element(0x0008, 0x0060, "CS", "OT"), element(0x0010, 0x0010, "PN", "DOE^JANE"), element(0x0010, 0x0020, "LO", "INVENTED1"),
		element(0x0020, 0x000d, "UI", "2.25.2"), element(0x0020, 0x000e, "UI", "2.25.3"), element(0x0028, 0x0002, "US", short(1)),
		element(0x0028, 0x0004, "CS", "MONOCHROME2"), element(0x0028, 0x0010, "US", short(rows)), element(0x0028, 0x0011, "US", short(512)),
		element(0x0028, 0x0100, "US", short(16)), element(0x0028, 0x0101, "US", short(16)), element(0x0028, 0x0102, "US", short(15)),
		element(0x0028, 0x0103, "US", short(0)), element(0x7fe0, 0x0010, "OW", string(pixels)),
	}, nil)
}

// file is a DICOM file with a data set in Explicit VR Little Endian (PS3.10 7.1).
func file(data []byte) []byte {
	meta := bytes.Join([][]byte{
		element(0x0002, 0x0001, "OB", "\x00\x01"), element(0x0002, 0x0002, "UI", capture), element(0x0002, 0x0003, "UI", object),
		element(0x0002, 0x0010, "UI", explicitLittle), element(0x0002, 0x0012, "UI", dimse.ImplementationUID),
	}, nil)
	length := element(0x0002, 0x0000, "UL", string(binary.LittleEndian.AppendUint32(nil, uint32(len(meta)))))
	return bytes.Join([][]byte{make([]byte, 128), []byte("DICM"), length, meta, data}, nil)
}

// listen accepts connections for as long as the test runs.
func listen(t *testing.T) *net.TCPListener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

// accept takes the next connection.
func accept(t *testing.T, l *net.TCPListener) *net.TCPConn {
	c, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	return patient(t, c)
}

// patient keeps a connection to what a test may take at most.
func patient(t *testing.T, c *net.TCPConn) *net.TCPConn {
	if err := c.SetDeadline(time.Now().Add(3 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func dial(t *testing.T, address string) *net.TCPConn {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return patient(t, c.(*net.TCPConn))
}

// taken is what a server of storage was sent.
type taken struct {
	commands []dimse.Command
	data     [][]byte
	err      error
}

// serve is a server that answers C-ECHO and takes what C-STORE brings, for one association.
func serve(rw io.ReadWriteCloser, a dimse.Acceptor) (got taken) {
	defer rw.Close()
	c, err := dimse.Accept(rw, a, dimse.DefaultLimits())
	if err != nil {
		return taken{err: err}
	}
	for {
		m, err := c.Next()
		if err == io.EOF {
			return got
		}
		if err != nil {
			got.err = err
			return got
		}
		got.commands = append(got.commands, *m.Command)
		if m.Command.DataSet {
			var data bytes.Buffer
			if _, got.err = c.CopyData(&data); got.err != nil {
				return got
			}
			got.data = append(got.data, data.Bytes())
		}
		if got.err = c.Send(m.Context.ID, m.Command.Answer(dimse.Success), nil); got.err != nil {
			return got
		}
	}
}

// call asks for an association, and fails the test when it is not granted.
func call(t *testing.T, rw io.ReadWriter, r dimse.Requestor) *dimse.Conn {
	t.Helper()
	c, err := dimse.Request(rw, r, dimse.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends a request and returns the answers to it up to the last, with their data sets.
func ask(t *testing.T, c *dimse.Conn, abstract string, request dimse.Command, data []byte) (answers []dimse.Command, sets [][]byte) {
	t.Helper()
	found, ok := c.Association().Find(abstract)
	if !ok {
		t.Fatalf("no context for %s", abstract)
	}
	var body io.Reader
	if data != nil {
		body = bytes.NewReader(data)
	}
	if err := c.Send(found.ID, request, body); err != nil {
		t.Fatal(err)
	}
	for {
		m, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, *m.Command)
		if m.Command.DataSet {
			var set bytes.Buffer
			if _, err := c.CopyData(&set); err != nil {
				t.Fatal(err)
			}
			sets = append(sets, set.Bytes())
		}
		switch {
		case m.Command.Field == dimse.CStore: // brought by a C-GET
			if err := c.Send(m.Context.ID, m.Command.Answer(dimse.Success), nil); err != nil {
				t.Fatal(err)
			}
		case dimse.Status(m.Command.Status.Value).Kind() != dimse.Goes:
			return answers, sets
		}
	}
}

func echo(t *testing.T, c *dimse.Conn) {
	t.Helper()
	answers, _ := ask(t, c, verification, dimse.Command{Field: dimse.CEcho, ID: 1, Class: verification}, nil)
	want := []dimse.Command{{Field: dimse.CEcho | dimse.ResponseBit, ID: 1, Class: verification, Status: dimse.Is(0)}}
	if diff := cmp.Diff(answers, want); diff != "" {
		t.Error(diff)
	}
}

func store(t *testing.T, c *dimse.Conn, data []byte) {
	t.Helper()
	answers, _ := ask(t, c, capture, dimse.Command{Field: dimse.CStore, ID: 2, Class: capture, Instance: object, Priority: dimse.Is(0)}, data)
	if len(answers) != 1 || answers[0].Status != dimse.Is(0) || answers[0].Instance != object || answers[0].ID != 2 {
		t.Errorf("%+v", answers)
	}
}

var ours = dimse.Requestor{Calling: "MODALITY", Called: "ARCHIVE", Proposals: []dimse.Proposal{
	{Abstract: verification, Transfers: []string{implicitLittle}},
	{Abstract: capture, Transfers: []string{explicitLittle}},
	{Abstract: studyFind, Transfers: []string{explicitLittle}},
	{Abstract: studyGet, Transfers: []string{explicitLittle}},
}}

// What we send is what storescp writes, to the byte, however short the fragments it takes.
func TestStoreToPeer(t *testing.T) {
	storescp := program(t, "storescp")
	for _, longest := range []string{"4096", "131072"} {
		l, dir := listen(t), t.TempDir()
		conn := dial(t, l.Addr().String())
		theirs, err := accept(t, l).File()
		if err != nil {
			t.Fatal(err)
		}
		server := exec.CommandContext(t.Context(), storescp, "--inetd", "--bit-preserving", "-pdu", longest, "-od", dir)
		server.Stdin = theirs
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		theirs.Close()
		data := image(600)
		listening := &overheard{ReadWriter: conn, t: t, conversation: dimse.NewConversation(dimse.DefaultLimits())}
		c := call(t, listening, ours)
		echo(t, c)
		store(t, c, data)
		if err := c.Release(); err != nil {
			t.Error(err)
		}
		conn.Close()
		if err := server.Wait(); err != nil {
			t.Error(err)
		}
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%d files, %v", len(found), err)
		}
		if text, err := os.ReadFile(found[0]); err != nil || !bytes.HasSuffix(text, data) {
			t.Errorf("PDUs of %s: the data set was not written as it was sent: %v", longest, err)
		}
		var heard []string
		for _, h := range listening.l.list {
			if h.Kind == dimse.DataSet && !bytes.Equal(h.Data, data) {
				t.Error("who listens heard another data set")
			}
			heard = append(heard, h.Kind.String())
		}
		want := []string{"association requested", "association accepted", "command", "command", "command", "data set", "command", "release requested", "released"}
		if diff := cmp.Diff(heard, want); diff != "" || len(listening.l.errors) > 0 {
			t.Errorf("PDUs of %s: who listens heard: %s%v", longest, diff, listening.l.errors)
		}
	}
}

// overheard is a connection that somebody listens to.
type overheard struct {
	io.ReadWriter
	t            *testing.T
	conversation *dimse.Conversation
	l            listener
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.ReadWriter.Read(p)
	o.l.feed(o.t, o.conversation, dimse.Server, p[:n], 1<<20)
	return n, err
}

func (o *overheard) Write(p []byte) (int, error) {
	o.l.feed(o.t, o.conversation, dimse.Client, p, 1448)
	return o.ReadWriter.Write(p)
}

// archive starts DCMTK's archive, which knows WARD7 at a port, and returns its address.
func archive(t *testing.T, ward string) string {
	dcmqrscp := program(t, "dcmqrscp")
	l, dir := listen(t), t.TempDir()
	address, free := l.Addr().String(), port(l)
	l.Close()
	config := "NetworkTCPPort = " + free + "\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\nward = (WARD7, 127.0.0.1, " + ward + ")\nHostTable END\n" +
		"VendorTable BEGIN\nVendorTable END\nAETable BEGIN\nARCHIVE " + dir + " RW (100, 1024mb) ANY\nAETable END\n"
	path := filepath.Join(dir, "archive.cfg")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, dcmqrscp, "-c", path)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = server.Wait() })
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for range 500 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		<-again.C
	}
	t.Fatal("dcmqrscp does not answer")
	return ""
}

// An archive is given an image, finds it, gives it back, and sends it to others.
func TestArchive(t *testing.T) {
	ward := listen(t)
	address := archive(t, port(ward))
	data := image(100)
	conn := dial(t, address)
	c := call(t, conn, ours)
	echo(t, c)
	store(t, c, data)

	query := bytes.Join([][]byte{element(0x0008, 0x0052, "CS", "STUDY"), element(0x0010, 0x0010, "PN", "DOE*"), element(0x0010, 0x0020, "LO", ""), element(0x0020, 0x000d, "UI", "")}, nil)
	answers, sets := ask(t, c, studyFind, dimse.Command{Field: dimse.CFind, ID: 3, Class: studyFind, Priority: dimse.Is(0)}, query)
	if len(answers) != 2 || len(sets) != 1 || answers[1].Status != dimse.Is(0) || answers[1].ID != 3 {
		t.Fatalf("%d answers, %d data sets", len(answers), len(sets))
	}
	var found []string
	for _, line := range texts(t, sets[0], explicitLittle) {
		if line[:11] != "(0008,0054)" { // the archive's own title
			found = append(found, line)
		}
	}
	want := []string{"(0008,0052) STUDY", "(0010,0010) DOE^JANE", "(0010,0020) INVENTED1", "(0020,000d) 2.25.2"}
	if diff := cmp.Diff(found, want); diff != "" {
		t.Error(diff)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}

	conn.Close()
	fetch(t, address, data)
	move(t, address, ward, data)
}

// fetch brings an image by C-GET: the archive asks us to store it.
func fetch(t *testing.T, address string, data []byte) {
	fetch := ours
	fetch.Proposals = []dimse.Proposal{
		{Abstract: studyGet, Transfers: []string{explicitLittle}},
		{Abstract: capture, Transfers: []string{explicitLittle}, Answers: true},
	}
	c := call(t, dial(t, address), fetch)
	if found, ok := c.Association().Find(capture); !ok || found.SCU || !found.SCP {
		t.Errorf("the roles were not turned: %+v", found)
	}
	answers, sets := ask(t, c, studyGet, dimse.Command{Field: dimse.CGet, ID: 4, Class: studyGet, Priority: dimse.Is(0)}, theStudy())
	if last := answers[len(answers)-1]; last.Status != dimse.Is(0) || last.Completed != dimse.Is(1) || len(sets) != 1 || !bytes.Equal(sets[0], data) {
		t.Errorf("%d data sets, status %04x", len(sets), last.Status.Value)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}

// theStudy asks for the study of the image.
func theStudy() []byte {
	return join(element(0x0008, 0x0052, "CS", "STUDY"), element(0x0020, 0x000d, "UI", "2.25.2"))
}

// move has the archive send an image to another by C-MOVE, or not when it does not know that other.
func move(t *testing.T, address string, ward *net.TCPListener, data []byte) {
	request := ours
	request.Proposals = []dimse.Proposal{{Abstract: studyMove, Transfers: []string{explicitLittle}}}
	c := call(t, dial(t, address), request)
	command := dimse.Command{Field: dimse.CMove, ID: 5, Class: studyMove, Priority: dimse.Is(0), MoveDestination: "ELSEWHERE"}
	answers, _ := ask(t, c, studyMove, command, theStudy())
	if last := answers[len(answers)-1]; dimse.Status(last.Status.Value) != dimse.MoveUnknown {
		t.Errorf("status %04x", last.Status.Value)
	}
	done := make(chan taken)
	go func() {
		conn, err := ward.Accept()
		if err != nil {
			done <- taken{err: err}
			return
		}
		done <- serve(conn, dimse.Acceptor{Titles: []string{"WARD7"}, Callers: []string{"ARCHIVE"}, Offers: []dimse.Offer{{Abstract: storage, Transfers: []string{explicitLittle}}}})
	}()
	command.MoveDestination = "WARD7"
	answers, _ = ask(t, c, studyMove, command, theStudy())
	if last := answers[len(answers)-1]; last.Status != dimse.Is(0) || last.Completed != dimse.Is(1) {
		t.Errorf("status %04x", last.Status.Value)
	}
	got := <-done
	if got.err != nil || len(got.data) != 1 || !bytes.Equal(got.data[0], data) {
		t.Fatalf("%d data sets, %v", len(got.data), got.err)
	}
	if c := got.commands[0]; c.MoveOriginator != "MODALITY" || c.MoveOriginatorID != dimse.Is(5) {
		t.Errorf("for %q, %v", c.MoveOriginator, c.MoveOriginatorID)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}
