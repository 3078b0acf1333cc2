package dicom_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/internal/collect/collecttest"
)

// recorded is all that a scanner says when it sends an image.
func recorded(t testing.TB, image []byte) []byte {
	rq, err := scanner().Request()
	if err != nil {
		t.Fatal(err)
	}
	b := dimse.AppendPDU(nil, rq)
	c := storing()
	c.DataSet = true
	say := func(control dimse.Control, text []byte) {
		b = dimse.AppendPDU(b, dimse.Data{Values: []dimse.Value{{Context: 3, Control: control, Fragment: text}}})
	}
	say(3, dimse.AppendCommand(nil, c))
	say(0, image[:len(image)/2&^1])
	say(2, image[len(image)/2&^1:])
	return dimse.AppendPDU(b, dimse.Release{})
}

// Whatever somebody says, the connection comes to its end, what is answered can be read, and the books balance.
func FuzzReceive(f *testing.F) {
	whole := recorded(f, picture(nil))
	f.Add(whole)
	f.Add(whole[:300])
	f.Add(recorded(f, picture(nil)[:90]))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	r, address := receive(f, overTCP)
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		go func() {
			_, _ = c.Write(in)
			_ = c.(*net.TCPConn).CloseWrite()
		}()
		answers := dimse.NewReader(c, dimse.Server, dimse.DefaultLimits())
		for {
			m, err := answers.Next()
			var broken *dimse.Error
			var gone *net.OpError
			if errors.As(err, &gone) && !gone.Timeout() || err == io.EOF {
				break // closed, or reset because not all was read
			}
			if errors.As(err, &broken) || err != nil || m.Kind == dimse.Foreign {
				t.Fatalf("an answer that cannot be read: %v, %v", m.Kind, err)
			}
		}
		collecttest.Balanced(t, r.Intake)
		if r.Logged("a mistake of Wardline spoiled a connection or message: please report it") > 0 {
			t.Fatal("a panic")
		}
	})
}

// BenchmarkReceive is one association that sends images of half a megabyte over the loopback interface.
func BenchmarkReceive(b *testing.B) {
	_, address := receive(b, overTCP)
	s := connected(b, address)
	image := picture(func(e *[]string) { (*e)[10] = pixels(512 << 10) })
	b.SetBytes(int64(len(image)))
	for b.Loop() {
		_ = s.tcp.SetDeadline(time.Now().Add(20 * time.Second))
		s.send(storing(), image)
		if got := s.answer(); got != dimse.Success {
			b.Fatalf("got %04x", got)
		}
	}
}

func pixels(n int) string { return dicomtest.Explicit(0x7FE00010, "OW", string(make([]byte, n))) }
