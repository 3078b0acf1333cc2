package dimse_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/formattest"
)

const (
	verification   = "1.2.840.10008.1.1"
	implicitLittle = "1.2.840.10008.1.2"
	explicitLittle = "1.2.840.10008.1.2.1"
)

// heard is a message without what it borrows, the pieces of a data set put together.
type heard struct {
	Row             int // of a capture
	Kind            dimse.Kind
	From            dimse.Side
	Offset          int64
	PDU             dimse.PDU
	Calling, Called string
	Command         *dimse.Command
	Context         byte
	Transfer        string
	Data            []byte
	Last            bool
	Protocol        string
}

// listener writes down what a Conversation gives.
type listener struct {
	row    int
	list   []heard
	errors []string
	open   [2]int // where in list the data set of a side is, from 1
}

// feed writes text in pieces of at most size bytes.
func (l *listener) feed(t testing.TB, c *dimse.Conversation, from dimse.Side, text []byte, size int) {
	t.Helper()
	for piece := range slices.Chunk(text, size) {
		c.Write(from, piece)
		l.drain(t, c)
	}
	l.drain(t, c)
}

func (l *listener) drain(t testing.TB, c *dimse.Conversation) {
	for {
		m, ok, err := c.Next()
		var broken *dimse.Error
		switch {
		case errors.As(err, &broken):
			formattest.Quiet(t, err)
			l.errors = append(l.errors, err.Error())
		case err != nil:
			t.Fatal(err)
		case !ok:
			return
		default:
			l.hear(t, m)
		}
	}
}

func (l *listener) hear(t testing.TB, m dimse.Message) {
	if m.Kind == dimse.DataSet {
		if len(m.Data) == 0 && !m.Last {
			t.Fatal("a piece of nothing")
		}
		if at := l.open[m.From]; at > 0 {
			h := &l.list[at-1]
			if m.Before != int64(len(h.Data)) {
				t.Fatalf("%d bytes of a data set came, not %d", len(h.Data), m.Before)
			}
			h.Data, h.Last, h.Row = append(h.Data, m.Data...), m.Last, l.row
			if m.Last {
				l.open[m.From] = 0
			}
			return
		}
		if !m.Last {
			l.open[m.From] = len(l.list) + 1
		}
	} else if at := l.open[m.From]; at > 0 {
		if m.Kind != dimse.Broken || m.Before != int64(len(l.list[at-1].Data)) {
			t.Fatalf("%v in the middle of a data set", m.Kind)
		}
		l.open[m.From] = 0
	}
	h := heard{Row: l.row, Kind: m.Kind, From: m.From, Offset: m.Offset, PDU: m.PDU, Command: m.Command, Context: m.Context.ID,
		Transfer: m.Context.Transfer, Data: append([]byte(nil), m.Data...), Last: m.Last, Protocol: m.Protocol}
	if m.Association != nil {
		h.Calling, h.Called = m.Association.Calling, m.Association.Called
	}
	l.list = append(l.list, h)
}
