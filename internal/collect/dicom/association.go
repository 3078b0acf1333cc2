package dicom

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/event/instance"
)

// The statuses that are answered besides success (PS3.4 B.2.3, PS3.7 C).
const (
	outOfResources dimse.Status = 0xA700
	otherClass     dimse.Status = 0xA900
	notUnderstood  dimse.Status = 0xC000
	unknownClass   dimse.Status = 0x0122
	unknownCommand dimse.Status = 0x0211
)

// association is one that was accepted: its commands are answered one after the other, each image when it is durable.
type association struct {
	*receiver
	ctx    context.Context
	sender *collect.Sender
	conn   *dimse.Conn
	wire   *wire
	record int64
	b      event.Builder
	ev     event.Event
}

// serve returns nil when the sender ended the association.
func (a *association) serve() error {
	for {
		a.wire.pause()
		m, err := a.conn.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case m.Kind != dimse.Commanded || m.Command.Field.Response():
			return errors.New("dicom: something that answers nothing")
		}
		a.wire.begin()
		if err := a.command(&m); err != nil {
			return err
		}
	}
}

// command answers one command. Its error ends the association.
func (a *association) command(m *dimse.Message) error {
	var status dimse.Status
	var comment string
	image := body{a: a, last: !m.Command.DataSet}
	switch m.Command.Field {
	case dimse.CCancel: // has no answer, and nothing here lasts so long
		return image.drain()
	case dimse.CEcho:
	case dimse.CStore:
		status, comment = a.store(m, &image)
	default:
		status = unknownCommand
	}
	if err := image.drain(); err != nil {
		if m.Command.Field == dimse.CStore {
			a.sender.Refuse(1, "image that broke off")
		}
		return err
	}
	if status != dimse.Success && m.Command.Field == dimse.CStore && status != outOfResources {
		a.sender.Refuse(1, comment)
	}
	answer := m.Command.Answer(status)
	answer.ErrorComment = comment
	return a.conn.Send(m.Context.ID, answer, nil)
}

// store takes in one image, and returns what to answer. The comment is ours, and quotes nothing.
func (a *association) store(m *dimse.Message, image *body) (dimse.Status, string) {
	switch {
	case !stores(a.acceptor, m.Command.Class):
		return unknownClass, "SOP class that is not stored here"
	case m.Context.Abstract != m.Command.Class:
		return otherClass, "SOP class is not that of the presentation context"
	case !m.Command.DataSet:
		return notUnderstood, "no data set"
	}
	lim := dicom.DefaultLimits()
	lim.Bytes = largestHeader
	in, ds, err := digest.ReadDataSet(image, dicom.Syntax(m.Context.Transfer), a.mutable, lim)
	image.leave()
	var broken *dicom.Error
	switch {
	case errors.As(err, &broken):
		return notUnderstood, "data set that cannot be read: " + broken.Reason
	case err != nil:
		return notUnderstood, "data set that broke off"
	case ds.Text(tagClass) != m.Command.Class || in.SOPInstance != m.Command.Instance:
		return otherClass, "data set of another SOP class or instance than the command's"
	}
	if err := a.write(m, &ds, &in, image.n); err != nil {
		return notUnderstood, "more fields than the limit"
	}
	return a.keep()
}

const tagClass dicom.Tag = 0x00080016

// write makes a.ev of an image. It is named by the image and its digests: what is sent again is the same event.
func (a *association) write(m *dimse.Message, ds *dicom.DataSet, in *digest.Instance, size int64) error {
	a.b.Reset()
	instance.Write(&a.b, ds, in)
	WriteStore(&a.b, m.Command, size)
	a.call().Write(&a.b)
	a.ev = event.Event{}
	if err := a.b.Into(&a.ev, jsonl.Limits{Depth: a.o.Limits.Depth, Values: a.o.Limits.Values}); err != nil {
		return err
	}
	a.record++
	a.ev.Format, a.ev.Record, a.ev.Time = "dimse", a.record, time.Now().UTC()
	a.ev.Class = a.o.Taxonomy.Class("dicom", "instance", "")
	a.ev.ID = event.NewID(a.sender.ID(), in.SOPInstance, in.Header.String(), in.Pixels.String())
	return nil
}

func (a *association) call() Call {
	return Call{From: addressOf(a.wire.conn.RemoteAddr().String()), To: addressOf(a.wire.conn.LocalAddr().String()), Association: a.conn.Association()}
}

func addressOf(text string) netip.AddrPort {
	at, _ := netip.ParseAddrPort(text) // not valid where there is none
	return at
}

// keep hands a.ev in, and waits until it is durable.
func (a *association) keep() (dimse.Status, string) {
	ctx, cancel := context.WithTimeout(a.ctx, a.c.Patience)
	defer cancel()
	receipt, err := a.sender.Put(ctx, &a.ev, a.ev.Fields)
	if err == nil {
		_, err = receipt.Wait(ctx)
	}
	if err != nil {
		return outOfResources, "not stored now: send it again"
	}
	return dimse.Success, ""
}

// body reads the data set behind a command as it comes.
type body struct {
	a      *association
	rest   []byte
	n      int64
	last   bool
	err    error // of the association
	placed bool
}

// Read implements io.Reader. A data set that is broken off ends in io.ErrUnexpectedEOF.
func (b *body) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		switch {
		case b.err != nil:
			return 0, b.err
		case b.last:
			return 0, io.EOF
		}
		m, err := b.a.conn.Next()
		switch {
		case err != nil:
			b.err = notEOF(err)
		case m.Kind != dimse.DataSet:
			b.last = true
			return 0, io.ErrUnexpectedEOF
		default:
			b.rest, b.last = m.Data, m.Last
			b.n += int64(len(m.Data))
			b.err = b.place()
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func notEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// place takes a place for an image once that is large.
func (b *body) place() error {
	if b.placed || b.n <= smallImage {
		return nil
	}
	err := b.a.wire.conn.Place(b.a.large)
	b.placed = err == nil
	return err
}

func (b *body) leave() {
	if b.placed {
		b.a.large.Leave()
		b.placed = false
	}
}

// drain reads what nobody asked for. Its error is one of the association.
func (b *body) drain() error {
	defer b.leave()
	_, _ = io.Copy(io.Discard, struct{ io.Reader }{b})
	return b.err
}

// wire is the connection with its times.
type wire struct {
	conn  *collect.Conn
	slow  time.Duration // that what is open may take, besides a second for each slowest bytes
	since time.Time     // when it began; zero between commands
	n     int64
}

const slowest = 64 << 10 // bytes in a second

func (w *wire) begin() { w.since, w.n = time.Now(), 0 }
func (w *wire) pause() { w.since = time.Time{} }

// Read implements io.Reader.
func (w *wire) Read(p []byte) (int, error) {
	wait := collect.Between
	if !w.since.IsZero() {
		wait = collect.Within
		if time.Since(w.since) > w.slow+time.Duration(w.n/slowest)*time.Second {
			return 0, collect.ErrSlow
		}
	}
	w.conn.Whole() // each piece has its own time
	n, _, err := w.conn.Next(p, wait)
	w.n += int64(n)
	return n, err
}

// Write implements io.Writer. Answers are short: who does not take one is gone.
func (w *wire) Write(p []byte) (int, error) {
	if err := w.conn.SetWriteDeadline(time.Now().Add(w.slow)); err != nil {
		return 0, err
	}
	return w.conn.Write(p)
}
