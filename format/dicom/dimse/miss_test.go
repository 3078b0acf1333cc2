package dimse_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom/dimse"
)

// A listener who misses a part of what is said loses what that belongs to, and hears what follows.
func TestMiss(t *testing.T) {
	command := value(3, commandLast, storing)
	data := value(3, 0, "........")
	end := value(3, last, "....")
	again := value(3, commandLast, storing)
	even := value(4, commandLast, storing) // no context has an even number: it looks like a PDU, and is none
	const head = 12                        // of a PDU, and of its data value
	for _, tt := range []struct {
		name string
		say  [][]byte // by the client, piece by piece; nil: so many bytes as miss are missing
		miss int64
		want []string
	}{
		{"nothing", [][]byte{command, data, end}, 0, []string{"C-STORE-RQ", "8 false", "4 true"}},
		{"in a data set", [][]byte{command, data[:head+2], nil, data[head+5:], end, again}, 3, []string{"C-STORE-RQ", "2 false", "broken data set", "error", "C-STORE-RQ"}},
		{"to the end of a value", [][]byte{command, data[:head], nil, end, again}, 8, []string{"C-STORE-RQ", "broken data set", "error", "C-STORE-RQ"}},
		{"in the head of a PDU", [][]byte{command, data[:4], nil, data[9:], end, again}, 5, []string{"C-STORE-RQ", "broken data set", "error", "error", "C-STORE-RQ"}},
		{"more than a PDU", [][]byte{command, data[:head+1], nil, end[7:], again}, int64(len(data)-head-1) + 7, []string{"C-STORE-RQ", "1 false", "broken data set", "error", "C-STORE-RQ"}},
		{"before what only looks like a PDU", [][]byte{command, nil, even, again}, 100, []string{"C-STORE-RQ", "broken data set", "error", "C-STORE-RQ"}},
		{"in a command", [][]byte{command[:30], nil, command[34:], end, again}, 4, []string{"error", "error", "C-STORE-RQ"}},
		{"a command", [][]byte{nil, data, end, again}, int64(len(command)), []string{"error", "error", "error", "C-STORE-RQ"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dimse.NewConversation(dimse.DefaultLimits())
			var got []string
			listen := func() {
				for {
					m, ok, err := c.Next()
					var passed *dimse.Error
					switch {
					case errors.As(err, &passed):
						got = append(got, "error")
					case !ok:
						return
					case m.Kind == dimse.Commanded:
						got = append(got, m.Command.Field.String())
					case m.Kind == dimse.DataSet:
						got = append(got, fmt.Sprint(len(m.Data), m.Last))
					case m.Kind == dimse.Broken:
						got = append(got, m.Kind.String())
					}
				}
			}
			say := func(from dimse.Side, piece []byte) {
				c.Write(from, piece)
				listen()
			}
			say(dimse.Client, request())
			say(dimse.Server, granted())
			for _, piece := range tt.say {
				if piece == nil {
					c.Miss(dimse.Client, tt.miss)
					listen()
					continue
				}
				say(dimse.Client, piece)
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
			if c.Lost(dimse.Client) < tt.miss {
				t.Errorf("%d bytes are lost, and %d were missed", c.Lost(dimse.Client), tt.miss)
			}
		})
	}
}
