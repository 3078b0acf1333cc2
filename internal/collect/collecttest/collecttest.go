// Package collecttest holds what every collector must keep, whatever bytes it is given. Only
// tests import it: a collector's fuzz target calls Decode or Shape and adds what is special to it.
package collecttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Decode sniffs and reads in as f does and fails t unless all of this holds: it ends, within c; every
// event is sound; cut into single bytes the input gives the same events and damages; an
// error of the source comes out as it is; and no error quotes the input.
func Decode(t testing.TB, f collect.Format, o collect.Options, c formattest.Cost, in []byte) {
	t.Helper()
	in = formattest.Plant(in)
	c.Check(t, len(in), func() {
		if fit := f.Sniff(in[:min(len(in), sniffed)]); fit < 0 || fit > 100 {
			t.Fatalf("sniffed %d", fit)
		}
		var ev event.Event
		d := f.Open(bytes.NewReader(in), o)
		for range steps(in) {
			if err := d.Next(&ev); err != nil && err != collect.ErrSkip && !isDamage(err) {
				return
			}
		}
		t.Fatal("the decoder does not come to an end")
	})
	whole, err := list(t, f.Open(bytes.NewReader(in), o), in)
	if err != io.EOF {
		t.Fatalf("at the end: %v", err)
	}
	bytewise, err := list(t, f.Open(iotest.OneByteReader(bytes.NewReader(in)), o), in)
	if diff := cmp.Diff(bytewise, whole); diff != "" || err != io.EOF {
		t.Fatalf("read byte by byte (-) the events differ from those of the whole (+): %v\n%s", err, diff)
	}
	gone := errors.New("the disk is gone")
	got, err := list(t, f.Open(io.MultiReader(bytes.NewReader(in), iotest.ErrReader(gone)), o), in)
	gaveUp := err == io.EOF && len(got) > 0 && got[len(got)-1][0] == '!' // before it came to the error
	if err != gone && !gaveUp {
		t.Fatalf("an error of the source became %v", err)
	}
}

// sniffed is as much as Sniff is given.
const sniffed = 64 << 10

// steps is more than a decoder can take for in: each event and each damage takes a byte at
// least, and a damaged record may be given all the same.
func steps(in []byte) int { return 4 + 3*len(in) }

func isDamage(err error) bool {
	var damage *collect.Damage
	return errors.As(err, &damage)
}

// list writes down what a decoder gives, and the error that ends it.
func list(t testing.TB, d collect.Decoder, in []byte) (got []string, end error) {
	t.Helper()
	var ev event.Event
	last := int64(0)
	for range steps(in) {
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case errors.As(err, &damage):
			formattest.Quiet(t, err)
			if damage.Offset < 0 || damage.Offset > int64(2*len(in)) || damage.Records < 0 {
				t.Fatalf("damage at byte %d of %d, %d records", damage.Offset, len(in), damage.Records)
			}
			got = append(got, fmt.Sprintf("!%d %d %s", damage.Offset, damage.Records, damage.Reason))
		case err == collect.ErrSkip:
			got = append(got, "-")
		case err != nil:
			if again := d.Next(&ev); err == io.EOF && again != io.EOF {
				t.Fatalf("behind the end: %v", again)
			}
			return got, err
		default:
			sound(t, &ev)
			if ev.Record <= last {
				t.Fatalf("record %d comes after record %d", ev.Record, last)
			}
			last = ev.Record
			got = append(got, fmt.Sprintf("%d %s %d %s %s", ev.Record, ev.Format, ev.Class.ID, ev.Time.Format(time.RFC3339Nano), ev.Fields))
		}
	}
	t.Fatal("the decoder does not come to an end")
	return nil, nil
}

// sound fails t unless ev is whole.
func sound(t testing.TB, ev *event.Event) {
	t.Helper()
	if ev.Class == nil || ev.Format == "" || ev.Time.Location() != time.UTC {
		t.Fatalf("an event without class or format, or of local time: format %q", ev.Format)
	}
	if !json.Valid(ev.Fields) || !utf8.Valid(ev.Fields) {
		t.Fatal("fields that are no JSON")
	}
	var x jsonl.Index
	if err := x.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(x.Values, ev.Index.Values) {
		t.Fatal("the index is not that of the fields")
	}
}

// Shape gives text, if it is one JSON object, to the shape that it fits best, and fails t unless all
// of this holds: that costs no more than c; an object that fits becomes a sound event, with no
// more values than it has and added more, or is refused; and no error quotes it.
func Shape(t testing.TB, shapes []collect.Shape, o collect.Options, c formattest.Cost, added int, text []byte) {
	t.Helper()
	text = formattest.Plant(text)
	lim := jsonl.Limits{Depth: o.Limits.Depth, Values: o.Limits.Values}
	var ev event.Event
	var best *collect.Shape
	var err error
	c.Check(t, len(text), func() {
		var b event.Builder
		ev = event.Event{Fields: text, Class: o.Taxonomy.Class("", "", "")}
		if ev.Index.Scan(text, lim) != nil {
			return
		}
		obj := collect.Object{Text: text, Index: &ev.Index}
		if best = fittest(shapes, obj); best != nil {
			err = best.Event(obj, o, &ev, &b)
		}
	})
	formattest.Quiet(t, err)
	if best == nil || err != nil {
		return
	}
	ev.Format = best.Name
	sound(t, &ev)
	var x jsonl.Index
	if err := x.Scan(text, lim); err != nil || len(ev.Index.Values) > len(x.Values)+added {
		t.Fatalf("%d values became %d", len(x.Values), len(ev.Index.Values))
	}
}

func fittest(shapes []collect.Shape, obj collect.Object) *collect.Shape {
	best, most := (*collect.Shape)(nil), 0
	for i := range shapes {
		if fit := shapes[i].Fits(obj); fit > most {
			best, most = &shapes[i], fit
		}
	}
	return best
}

// Options are those of a node, with small limits, so that short inputs reach them.
func Options(tax *event.Taxonomy) collect.Options {
	return collect.Options{
		Limits:   collect.Limits{Record: 4 << 10, Depth: 12, Values: 1 << 10},
		Taxonomy: tax,
		Modified: time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC),
		Whole:    true,
	}
}
