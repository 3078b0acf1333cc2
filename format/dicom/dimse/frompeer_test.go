package dimse_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/dicom/dimse"
)

func TestEchoFromPeer(t *testing.T) {
	echoscu := program(t, "echoscu")
	l := listen(t)
	for name, tt := range map[string]struct {
		acceptor  dimse.Acceptor
		arguments []string
		commands  int
	}{
		"any":             {dimse.Acceptor{Offers: []dimse.Offer{{Abstract: verification}}}, nil, 1},
		"many contexts":   {dimse.Acceptor{Offers: []dimse.Offer{{Abstract: verification}}}, []string{"-pts", "38", "-ppc", "128"}, 1},
		"repeated":        {dimse.Acceptor{Titles: []string{"WARD"}, Offers: []dimse.Offer{{Abstract: "1.2.840."}}}, []string{"--repeat", "3"}, 3},
		"short fragments": {dimse.Acceptor{Offers: []dimse.Offer{{Abstract: verification}}, Software: dimse.Software{MaxLength: 4096}}, []string{"-pdu", "4096"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			wait := start(t, echoscu, append(tt.arguments, "-aec", "WARD", "-aet", "MODALITY", "127.0.0.1", port(l))...)
			got := serve(accept(t, l), tt.acceptor)
			succeed(t, wait)
			if got.err != nil || len(got.commands) != tt.commands {
				t.Errorf("%d commands, %v", len(got.commands), got.err)
			}
		})
	}
}

// Who is refused hears why, in the words of the standard.
func TestRefuseToPeer(t *testing.T) {
	echoscu := program(t, "echoscu")
	l := listen(t)
	for want, a := range map[string]dimse.Acceptor{
		"Called AE Title Not Recognized":      {Titles: []string{"ELSE"}},
		"Calling AE Title Not Recognized":     {Callers: []string{"ELSE"}},
		"No Acceptable Presentation Contexts": {Offers: []dimse.Offer{{Abstract: capture}}},
	} {
		wait := start(t, echoscu, "-v", "-aec", "WARD", "-aet", "MODALITY", "127.0.0.1", port(l))
		got := serve(accept(t, l), a)
		if out, err := wait(); err == nil || !bytes.Contains(out, []byte(want)) {
			t.Errorf("%v: %s", err, out)
		}
		if got.err == nil {
			t.Error("no error on our side")
		}
	}
}

func port(l net.Listener) string { return fmt.Sprint(l.Addr().(*net.TCPAddr).Port) }

// What storescu sends is what comes out, to the byte, in whatever fragments.
func TestStoreFromPeer(t *testing.T) {
	storescu := program(t, "storescu")
	l := listen(t)
	data := image(600)
	path := filepath.Join(t.TempDir(), "image.dcm")
	if err := os.WriteFile(path, file(data), 0o600); err != nil {
		t.Fatal(err)
	}
	a := dimse.Acceptor{Offers: []dimse.Offer{{Abstract: storage, Transfers: []string{explicitLittle}}}}
	for _, arguments := range [][]string{{"-xe"}, {"-xe", "--max-send-pdu", "4096"}, {"-xe", "-R", "--repeat", "3"}} {
		wait := start(t, storescu, append(arguments, "-aec", "WARD", "-aet", "MODALITY", "127.0.0.1", port(l), path)...)
		got := serve(accept(t, l), a)
		succeed(t, wait)
		if got.err != nil || len(got.data) == 0 {
			t.Errorf("%v: %d data sets, %v", arguments, len(got.data), got.err)
		}
		for n := range got.data {
			if c := got.commands[n]; !bytes.Equal(got.data[n], data) || c.Field != dimse.CStore || c.Class != capture || c.Instance != object {
				t.Errorf("%v: data set %d is another, or another object's", arguments, n)
			}
		}
	}
}

// An association that storescu ends at once is told so.
func TestAbortFromPeer(t *testing.T) {
	echoscu := program(t, "echoscu")
	l := listen(t)
	wait := start(t, echoscu, "--abort", "127.0.0.1", port(l))
	got := serve(accept(t, l), dimse.Acceptor{Offers: []dimse.Offer{{Abstract: verification}}})
	succeed(t, wait)
	var abort *dimse.AbortError
	if !errors.As(got.err, &abort) || len(got.commands) != 1 {
		t.Errorf("%d commands, %v", len(got.commands), got.err)
	}
}

// getscu asks us for images: we answer with C-STORE, in the roles that it turned around.
func TestGetFromPeer(t *testing.T) {
	getscu := program(t, "getscu")
	l, dir := listen(t), t.TempDir()
	data := image(300)
	wait := start(t, getscu, "-S", "+B", "-od", dir, "-k", "0008,0052=STUDY", "-k", "0020,000d=2.25.2", "127.0.0.1", port(l))
	if err := give(accept(t, l), data); err != nil {
		t.Error(err)
	}
	succeed(t, wait)
	found, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(found) != 1 {
		t.Fatalf("%d files", len(found))
	}
	if text, err := os.ReadFile(found[0]); err != nil || !bytes.HasSuffix(text, data) {
		t.Errorf("the data set was not written as it was sent: %v", err)
	}
}

// give answers one C-GET with one image.
func give(rw io.ReadWriteCloser, data []byte) error {
	defer rw.Close()
	c, err := dimse.Accept(rw, dimse.Acceptor{Offers: []dimse.Offer{
		{Abstract: studyGet}, {Abstract: storage, Transfers: []string{explicitLittle}, Asks: true},
	}}, dimse.DefaultLimits())
	if err != nil {
		return err
	}
	m, err := c.Next()
	if err != nil {
		return err
	}
	if _, err := c.CopyData(io.Discard); err != nil {
		return err
	}
	found, _ := c.Association().Find(capture)
	order := dimse.Command{Field: dimse.CStore, ID: 1, Class: capture, Instance: object, Priority: dimse.Is(0)}
	if err := c.Send(found.ID, order, bytes.NewReader(data)); err != nil {
		return err
	}
	if _, err := c.Next(); err != nil {
		return err
	}
	answer := m.Command.Answer(dimse.Success)
	answer.Completed, answer.Failed, answer.Warning = dimse.Is(1), dimse.Is(0), dimse.Is(0)
	if err := c.Send(m.Context.ID, answer, nil); err != nil {
		return err
	}
	if _, err := c.Next(); err != io.EOF {
		return fmt.Errorf("no release: %w", err)
	}
	return nil
}
