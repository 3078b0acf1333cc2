package dimse

import "io"

// Conversation takes what both sides of a connection send, piece by piece, however the network cut it, and gives the same
// messages for every cut, but for the pieces of data sets. The caller alternates: Write once, then Next until it has none.
//
// For commands to be told with what was agreed on, an answer to an association must be written before what follows it.
type Conversation struct {
	both  shared
	sides [2]half
	turn  Side
}

// NewConversation returns a Conversation whose sides are held to lim each.
func NewConversation(lim Limits) *Conversation {
	c := &Conversation{}
	for side := range c.sides {
		c.sides[side] = half{from: Side(side), lim: lim, both: &c.both}
	}
	return c
}

// Write adds what a side sent next. p may be reused once Next returns false.
func (c *Conversation) Write(from Side, p []byte) {
	c.turn = from
	c.sides[from].write(p)
}

// End says that a side sends nothing more.
func (c *Conversation) End(from Side) {
	c.turn = from
	c.sides[from].ended = true
}

// Miss says that the next n bytes that a side sent were not seen, as when a listener loses packets; what came before must have been taken by
// Next. What they may belong to ends: a data set in Broken, a command in an *Error. Where they may have hidden the beginning of a PDU, the
// side is read again from the first piece on that begins with one, as pieces that come out of packets often do. Only behind such a place
// do messages hang on how the network cut what was sent.
func (c *Conversation) Miss(from Side, n int64) {
	c.turn = from
	c.sides[from].miss(n)
}

// Next returns the next message; false when more must be written. An *Error tells where something was passed over, and the
// Conversation goes on behind it.
func (c *Conversation) Next() (Message, bool, error) {
	m, ok, err := c.sides[c.turn].next()
	if ok || err != nil {
		return m, ok, err
	}
	return c.sides[c.turn.other()].next()
}

// Lost counts the bytes of a side that were not read because it does not speak DICOM, or not any more.
func (c *Conversation) Lost(from Side) int64 { return c.sides[from].lost }

// Held is how many bytes of unfinished PDUs and commands are held, within the limits.
func (c *Conversation) Held() int {
	n := 0
	for i := range c.sides {
		n += cap(c.sides[i].body) + cap(c.sides[i].text)
	}
	return n
}

// Association is what was agreed on so far, nil when nothing was heard of it.
func (c *Conversation) Association() *Association { return c.both.association }

// Reader reads what one side sends, from a connection or a recording of it.
type Reader struct {
	r    io.Reader
	half half
	both shared
	buf  []byte
	err  error
}

// NewReader reads what a side sends from r. It reads nothing before the first Next. One who hears only the client does not know in which
// transfer syntax data sets are, and who hears only the server not which SOP classes contexts are for.
func NewReader(r io.Reader, from Side, lim Limits) *Reader {
	reader := &Reader{r: r}
	reader.half = half{from: from, lim: lim, both: &reader.both}
	return reader
}

// Next returns the next message, and io.EOF at the end. After an *Error the reader can go on, and after nothing else: also a
// read that took too long is an end.
func (r *Reader) Next() (Message, error) {
	for {
		m, ok, err := r.half.next()
		if ok || err != nil {
			return m, err
		}
		if r.err != nil {
			return Message{}, r.err
		}
		r.fill()
	}
}

// Lost counts the bytes that were not read because they are no DICOM, or not any more.
func (r *Reader) Lost() int64 { return r.half.lost }

func (r *Reader) fill() {
	if r.buf == nil {
		r.buf = make([]byte, 64<<10)
	}
	for range 100 {
		var n int
		n, r.err = r.r.Read(r.buf)
		r.half.write(r.buf[:n])
		r.half.ended = r.err != nil
		if n > 0 || r.err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}
