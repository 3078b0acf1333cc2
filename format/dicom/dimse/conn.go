package dimse

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// RejectError tells that the other side does not accept an association.
type RejectError struct{ Reject Reject }

func (e *RejectError) Error() string { return "dimse: association " + e.Reject.String() }

// AbortError tells that the other side ended an association at once.
type AbortError struct{ Abort Abort }

func (e *AbortError) Error() string { return "dimse: association " + e.Abort.String() }

// Conn speaks for one side of an association, one thing after another, on a connection that its caller opens, gives deadlines
// to and closes. It must not be used from two goroutines at once.
type Conn struct {
	rw      io.ReadWriter
	machine Machine
	reader  *Reader
	room    int // bytes of a fragment that we may send
	out     []byte
	data    *bufio.Reader
}

// largest is the most of a data set that is put into one PDU: more does not make it faster.
const largest = 128 << 10

func newConn(rw io.ReadWriter, ours Side, lim Limits) *Conn {
	return &Conn{rw: rw, machine: Machine{Side: ours}, reader: NewReader(rw, ours.other(), lim)}
}

// Request asks for an association on a connection that the caller opened. It fails with a *RejectError or an *AbortError when the
// other side does not want one.
func Request(rw io.ReadWriter, r Requestor, lim Limits) (*Conn, error) {
	rq, err := r.Request()
	if err != nil {
		return nil, err
	}
	c := newConn(rw, Client, lim)
	if err := c.send(Requested, rq); err != nil {
		return nil, err
	}
	m, err := c.hear()
	if err != nil {
		return nil, err
	}
	if rj, ok := m.PDU.(Reject); ok {
		return nil, &RejectError{rj}
	}
	a, err := Agreed(rq, m.PDU.(Associate))
	if err != nil {
		return nil, errors.Join(err, c.abort(abortBadArgument))
	}
	return c.begin(a, a.Server.MaxLength)
}

// Accept answers whoever asks for an association on a connection that the caller accepted. It fails with a *RejectError when
// that was refused.
func Accept(rw io.ReadWriter, a Acceptor, lim Limits) (*Conn, error) {
	c := newConn(rw, Server, lim)
	m, err := c.hear()
	if err != nil {
		return nil, err
	}
	answer, agreed := a.Answer(m.PDU.(Associate))
	switch answer := answer.(type) {
	case Reject:
		return nil, errors.Join(&RejectError{answer}, c.send(Rejected, answer))
	case Abort:
		return nil, errors.Join(errors.New("dimse: a request with presentation contexts that cannot be told apart"), c.send(Aborted, answer))
	}
	if err := c.send(Accepted, answer); err != nil {
		return nil, err
	}
	return c.begin(agreed, agreed.Client.MaxLength)
}

// begin holds what is sent to what the other side takes: so many bytes behind the header of a PDU, and 0 for any (PS3.8 D.1.1).
func (c *Conn) begin(a *Association, longest uint32) (*Conn, error) {
	c.reader.both.association = a
	if longest == 0 || longest > largest {
		longest = largest
	}
	if c.room = (int(longest) - valueBytes) &^ 1; c.room < 2 { // fragments are of even length, as data sets are
		return nil, errors.Join(errors.New("dimse: the other side takes no PDU that could carry anything"), c.abort(0))
	}
	return c, nil
}

// Association is what was agreed on.
func (c *Conn) Association() *Association { return c.reader.both.association }

// send writes a PDU that the machine allows.
func (c *Conn) send(k Kind, p PDU) error {
	next, ok := c.machine.Sent(k)
	if !ok {
		return fmt.Errorf("dimse: %v may not be sent now", k)
	}
	c.machine = next
	c.out = AppendPDU(c.out[:0], p)
	_, err := c.rw.Write(c.out)
	return err
}

// abort ends the association because of what the other side sent.
func (c *Conn) abort(reason byte) error {
	return c.send(Aborted, Abort{Source: abortByProvider, Reason: reason})
}

// Abort ends the association at once. The caller closes the connection.
func (c *Conn) Abort() error { return c.send(Aborted, Abort{Source: abortByUser}) }

// hear reads the next message that the machine allows. Whatever cannot be read or may not be said ends the association.
func (c *Conn) hear() (Message, error) {
	m, err := c.reader.Next()
	var broken *Error
	switch {
	case errors.As(err, &broken) && c.reader.err != nil: // nobody is there to be told
		return Message{}, errors.Join(err, unexpected(c.reader.err))
	case errors.As(err, &broken):
		return Message{}, errors.Join(err, c.abort(abortBadArgument))
	case err != nil:
		return Message{}, unexpected(err)
	case m.Kind == Foreign:
		return Message{}, fmt.Errorf("dimse: %s, at byte %d: not DICOM %s", m.From, m.Offset, m.Protocol)
	}
	next, ok := c.machine.Heard(m.Kind)
	if !ok {
		return Message{}, errors.Join(fmt.Errorf("dimse: %s, at byte %d: %v, which may not be said now", m.From, m.Offset, m.Kind), c.abort(abortUnexpected))
	}
	c.machine = next
	if a, ok := m.PDU.(Abort); ok {
		return Message{}, &AbortError{a}
	}
	return m, nil
}

// unexpected is what reading ended with when it should not have ended.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Next returns the next command or piece of a data set: Commanded, DataSet, or Broken. When the other side asks for the end of the
// association, Next grants it and returns io.EOF. An end without one is io.ErrUnexpectedEOF or an *AbortError.
func (c *Conn) Next() (Message, error) {
	m, err := c.hear()
	if err != nil {
		return Message{}, err
	}
	if m.Kind != ReleaseAsked {
		return m, nil
	}
	if err := c.send(Released, Release{Response: true}); err != nil {
		return Message{}, err
	}
	return Message{}, io.EOF
}

// CopyData writes the data set that follows the command which Next gave last to w, and returns its length. It fails
// when the data set does not come to its end.
func (c *Conn) CopyData(w io.Writer) (int64, error) {
	var n int64
	for {
		m, err := c.Next()
		switch {
		case err != nil:
			return n, unexpected(err)
		case m.Kind != DataSet:
			return n, fmt.Errorf("dimse: %s, at byte %d: %v instead of a data set", m.From, m.Offset, m.Kind)
		}
		if _, err := w.Write(m.Data); err != nil {
			return n, err
		}
		if n += int64(len(m.Data)); m.Last {
			return n, nil
		}
	}
}

// Send sends a command on a context that was accepted, and a data set behind it unless data is nil, in fragments as long as the
// other side takes. data is in the context's transfer syntax. When reading it fails the association is aborted, for half of a
// data set cannot be taken back.
func (c *Conn) Send(context byte, command Command, data io.Reader) error {
	if found, _ := c.Association().Context(context); found.Result != ContextAccepted {
		return errors.New("dimse: a command on a presentation context that was not accepted")
	}
	command.DataSet = data != nil
	text := AppendCommand(nil, command)
	for more := true; more; {
		n := min(len(text), c.room)
		more = n < len(text)
		if err := c.send(Commanded, Data{Values: []Value{{context, control(true, !more), text[:n]}}}); err != nil {
			return err
		}
		text = text[n:]
	}
	if data == nil {
		return nil
	}
	return c.sendData(context, data)
}

// sendData looks one byte ahead, to tell the last fragment.
func (c *Conn) sendData(context byte, data io.Reader) error {
	if c.data == nil {
		c.data = bufio.NewReaderSize(data, c.room+1)
	}
	c.data.Reset(data)
	for {
		piece, err := c.data.Peek(c.room + 1)
		if err != nil && err != io.EOF {
			return errors.Join(fmt.Errorf("dimse: read a data set to send: %w", err), c.Abort())
		}
		last := err == io.EOF
		piece = piece[:min(len(piece), c.room)]
		if err := c.send(DataSet, Data{Values: []Value{{context, control(false, last), piece}}}); err != nil {
			return err
		}
		if last {
			c.data.Reset(nil)
			return nil
		}
		if _, err := c.data.Discard(len(piece)); err != nil {
			return err
		}
	}
}

// Release asks for the end of the association and waits until it is granted. What else comes until then is passed over. The
// caller closes the connection.
func (c *Conn) Release() error {
	if err := c.send(ReleaseAsked, Release{}); err != nil {
		return err
	}
	for c.machine.Phase != Closed {
		if _, err := c.hear(); err != nil {
			return err
		}
		if p := c.machine.Phase; p == Yielding || p == Closing { // both asked at once
			if err := c.send(Released, Release{Response: true}); err != nil {
				return err
			}
		}
	}
	return nil
}
