package capture

import (
	"time"

	"github.com/wardline/wardline/format/dicom/dimse"
)

// talk is what is said on one connection.
type talk struct {
	f       *flow
	c       *dimse.Conversation
	asked   bool    // for an association, and what came of it was not told
	asks    []*ask  // without an answer, the oldest first
	data    [2]*ask // whose data set a side sends, nil of none that matters
	members [2]bool // sides that said something of DICOM
}

// ask is one request and what became of it.
type ask struct {
	from    dimse.Side
	at      time.Time
	command dimse.Command
	context dimse.Context
	size    int64  // of its data set
	keys    []byte // its data set, if that is a query
	image   *image // and if it is an image
	broken  bool   // its data set has no end
	matches int
	subject subject
}

// subject is whom and what a request is about.
type subject struct{ patient, study, accession string }

func newTalk(f *flow) *talk { return &talk{f: f, c: dimse.NewConversation(dimse.DefaultLimits())} }

func (t *talk) held() int {
	n := t.c.Held()
	for _, a := range t.asks {
		n += cap(a.keys)
	}
	return n
}

func (t *talk) write(from dimse.Side, b []byte, at time.Time) {
	t.c.Write(from, b)
	t.listen(at)
}

func (t *talk) miss(from dimse.Side, n int64, at time.Time) {
	if t.members[0] || t.members[1] {
		t.f.l.lose("packets of a DICOM connection are missing")
	}
	t.c.Miss(from, n)
	t.listen(at)
}

// join says that what a side said before was not seen.
func (t *talk) join(from dimse.Side, at time.Time) {
	t.c.Miss(from, 1)
	t.listen(at)
}

func (t *talk) end(from dimse.Side, at time.Time) {
	t.c.End(from)
	t.listen(at)
}

// listen takes down all that was said. What could not be read was passed over: it shows in what has no answer and no end.
func (t *talk) listen(at time.Time) {
	for {
		m, ok, err := t.c.Next()
		switch {
		case err != nil:
			continue
		case !ok:
			return
		case m.Kind == dimse.Foreign:
			t.f.deaf = !t.members[0] && !t.members[1]
			continue
		}
		t.members[m.From] = true
		t.take(&m, at)
	}
}

func (t *talk) take(m *dimse.Message, at time.Time) {
	switch m.Kind {
	case dimse.Requested:
		t.settle(at)
		t.asked = true
	case dimse.Accepted, dimse.Rejected:
		t.asked = false
		t.associated(m, at)
	case dimse.Aborted:
		t.settle(at)
		t.aborted(m, at)
	case dimse.Released:
		t.settle(at)
	case dimse.Commanded:
		t.data[m.From] = nil
		if m.Command.Field.Response() {
			t.answered(m, at)
		} else if m.Command.Field != dimse.CCancel {
			t.ask(m, at)
		}
	case dimse.DataSet:
		if a := t.data[m.From]; a != nil {
			t.piece(a, m, at)
		}
	case dimse.Broken:
		if a := t.data[m.From]; a != nil {
			a.broken = true
			a.drop()
			t.data[m.From] = nil
		}
	}
}

// ask notes a request.
func (t *talk) ask(m *dimse.Message, at time.Time) {
	if len(t.asks) == t.f.l.lim.asks {
		t.tell(t.asks[0], nil, at)
		t.forget(0)
	}
	a := &ask{from: m.From, at: at, command: *m.Command, context: m.Context}
	t.asks = append(t.asks, a)
	if !m.Command.DataSet {
		return
	}
	t.data[m.From] = a
	if m.Command.Field == dimse.CStore {
		a.image = t.f.l.image(m.Context.Transfer)
	}
}

// piece takes in a part of the data set of a request.
func (t *talk) piece(a *ask, m *dimse.Message, at time.Time) {
	a.size += int64(len(m.Data))
	switch {
	case a.command.Field == dimse.CStore:
		a.image.write(m.Data)
	case len(a.keys)+len(m.Data) <= t.f.l.lim.identity:
		a.keys = append(a.keys, m.Data...)
	}
	if !m.Last {
		return
	}
	t.data[m.From] = nil
	if a.image != nil {
		t.stored(a, at)
	}
}

// answered finds the request that a response is for. Of those with one number the oldest is meant.
func (t *talk) answered(m *dimse.Message, at time.Time) {
	for i, a := range t.asks {
		if a.from == m.From || a.command.ID != m.Command.ID || a.command.Field != m.Command.Field.Request() {
			continue
		}
		if dimse.Status(m.Command.Status.Value).Kind() == dimse.Goes {
			a.matches++
			return
		}
		t.tell(a, m.Command, at)
		t.forget(i)
		return
	}
}

func (t *talk) forget(i int) {
	a := t.asks[i]
	a.drop()
	for side, open := range t.data {
		if open == a {
			t.data[side] = nil
		}
	}
	t.asks = append(t.asks[:i], t.asks[i+1:]...)
}

// settle tells of what will have no answer any more.
func (t *talk) settle(at time.Time) {
	if t.asked {
		t.asked = false
		t.unanswered(at)
	}
	for len(t.asks) > 0 {
		t.tell(t.asks[0], nil, at)
		t.forget(0)
	}
}

// close ends the talk.
func (t *talk) close(at time.Time) { t.settle(at) }

// drop ends the digest of an image that will not be whole.
func (a *ask) drop() {
	if a.image != nil {
		a.image.drop()
		a.image = nil
	}
}
