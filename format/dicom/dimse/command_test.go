package dimse_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/formattest"
)

// One of every command, with all that PS3.7 sections 9.3 and 10.3 give it.
func commands() map[string]dimse.Command {
	const class, instance = capture, object
	rsp := dimse.ResponseBit
	return map[string]dimse.Command{
		"C-STORE-RQ": {Field: dimse.CStore, ID: 1, Class: class, Instance: instance, DataSet: true, Priority: dimse.Is(2),
			MoveOriginator: "ARCHIVE", MoveOriginatorID: dimse.Is(9)},
		"C-STORE-RSP":        {Field: dimse.CStore | rsp, ID: 1, Class: class, Instance: instance, Status: dimse.Is(0xb000), ErrorComment: "coerced"},
		"C-FIND-RQ":          {Field: dimse.CFind, ID: 2, Class: studyFind, DataSet: true, Priority: dimse.Is(0)},
		"C-FIND-RSP":         {Field: dimse.CFind | rsp, ID: 2, Class: studyFind, DataSet: true, Status: dimse.Is(0xff00)},
		"C-GET-RQ":           {Field: dimse.CGet, ID: 3, Class: studyGet, DataSet: true, Priority: dimse.Is(1)},
		"C-GET-RSP":          {Field: dimse.CGet | rsp, ID: 3, Class: studyGet, Status: dimse.Is(0), Completed: dimse.Is(3), Failed: dimse.Is(0), Warning: dimse.Is(1)},
		"C-MOVE-RQ":          {Field: dimse.CMove, ID: 4, Class: "1.2.840.10008.5.1.4.1.2.2.2", DataSet: true, Priority: dimse.Is(0), MoveDestination: "WARD7"},
		"C-MOVE-RSP":         {Field: dimse.CMove | rsp, ID: 4, Status: dimse.Is(0xff00), Remaining: dimse.Is(0), Completed: dimse.Is(1), Failed: dimse.Is(2), Warning: dimse.Is(3)},
		"C-ECHO-RQ":          {Field: dimse.CEcho, ID: 0xffff, Class: verification},
		"C-ECHO-RSP":         {Field: dimse.CEcho | rsp, ID: 0xffff, Class: verification, Status: dimse.Is(0)},
		"C-CANCEL-RQ":        {Field: dimse.CCancel, ID: 2},
		"N-EVENT-REPORT-RQ":  {Field: dimse.NEventReport, ID: 5, Class: class, Instance: instance, EventType: dimse.Is(1), DataSet: true},
		"N-EVENT-REPORT-RSP": {Field: dimse.NEventReport | rsp, ID: 5, Class: class, Instance: instance, EventType: dimse.Is(1), Status: dimse.Is(0)},
		"N-GET-RQ":           {Field: dimse.NGet, ID: 6, Class: class, Instance: instance, Attributes: []uint32{0x7fe00010, 0x00100010}},
		"N-GET-RSP":          {Field: dimse.NGet | rsp, ID: 6, Class: class, Instance: instance, Status: dimse.Is(0x0107), Offending: []uint32{0x00100010}, DataSet: true},
		"N-SET-RQ":           {Field: dimse.NSet, ID: 7, Class: class, Instance: instance, DataSet: true},
		"N-SET-RSP":          {Field: dimse.NSet | rsp, ID: 7, Class: class, Instance: instance, Status: dimse.Is(0x0110), ErrorID: dimse.Is(7)},
		"N-ACTION-RQ":        {Field: dimse.NAction, ID: 8, Class: class, Instance: instance, ActionType: dimse.Is(1), DataSet: true},
		"N-ACTION-RSP":       {Field: dimse.NAction | rsp, ID: 8, Class: class, Instance: instance, ActionType: dimse.Is(1), Status: dimse.Is(0)},
		"N-CREATE-RQ":        {Field: dimse.NCreate, ID: 9, Class: class, Instance: instance, DataSet: true},
		"N-CREATE-RSP":       {Field: dimse.NCreate | rsp, ID: 9, Class: class, Instance: instance, Status: dimse.Is(0)},
		"N-DELETE-RQ":        {Field: dimse.NDelete, ID: 10, Class: class, Instance: instance},
		"N-DELETE-RSP":       {Field: dimse.NDelete | rsp, ID: 10, Class: class, Instance: instance, Status: dimse.Is(0)},
	}
}

func TestCommands(t *testing.T) {
	for name, c := range commands() {
		text := dimse.AppendCommand(nil, c)
		got, err := dimse.ParseCommand(text, dimse.DefaultLimits())
		if diff := cmp.Diff(got, c); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if got.Field.String() != name {
			t.Errorf("%s is called %s", name, got.Field)
		}
		set, err := dimse.ParseSet(text, dimse.DefaultLimits())
		if err != nil || !bytes.Equal(dimse.AppendSet(nil, set), text) {
			t.Errorf("%s: not written as it was read: %v", name, err)
		}
		for n := range set {
			if n > 0 && set[n].Tag <= set[n-1].Tag || len(set[n].Value)%2 != 0 {
				t.Errorf("%s: element %04x is out of order or of odd length", name, set[n].Tag)
			}
			switch requested := slices.Contains([]string{"N-GET-RQ", "N-SET-RQ", "N-ACTION-RQ", "N-DELETE-RQ"}, name); set[n].Tag {
			case 0x0002, 0x1000: // affected
				if requested {
					t.Errorf("%s: element %04x must be another", name, set[n].Tag)
				}
			case 0x0003, 0x1001: // requested
				if !requested {
					t.Errorf("%s: element %04x must be another", name, set[n].Tag)
				}
			}
		}
	}
}

// Elements by hand, from PS3.7 tables 9.3-1 and 10.3-3: who is spoken of stands in other elements where an object is asked for that is there.
func TestCommandBytes(t *testing.T) {
	for text, c := range map[string]dimse.Command{
		"\x00\x00\x00\x00\x04\x00\x00\x00\x38\x00\x00\x00" +
			"\x00\x00\x02\x00\x12\x00\x00\x001.2.840.10008.1.1\x00" +
			"\x00\x00\x00\x01\x02\x00\x00\x00\x30\x00" +
			"\x00\x00\x10\x01\x02\x00\x00\x00\x07\x00" +
			"\x00\x00\x00\x08\x02\x00\x00\x00\x01\x01": {Field: dimse.CEcho, ID: 7, Class: verification},
		"\x00\x00\x00\x00\x04\x00\x00\x00\x42\x00\x00\x00" +
			"\x00\x00\x03\x00\x04\x00\x00\x001.2\x00" +
			"\x00\x00\x00\x01\x02\x00\x00\x00\x10\x01" +
			"\x00\x00\x10\x01\x02\x00\x00\x00\x07\x00" +
			"\x00\x00\x00\x08\x02\x00\x00\x00\x01\x01" +
			"\x00\x00\x01\x10\x04\x00\x00\x001.3\x00" +
			"\x00\x00\x05\x10\x04\x00\x00\x00\xe0\x7f\x10\x00": {Field: dimse.NGet, ID: 7, Class: "1.2", Instance: "1.3", Attributes: []uint32{0x7fe00010}},
	} {
		if got := dimse.AppendCommand(nil, c); string(got) != text {
			t.Errorf("%v: written as %q", c.Field, got)
		}
		got, err := dimse.ParseCommand([]byte(text), dimse.DefaultLimits())
		if diff := cmp.Diff(got, c); err != nil || diff != "" {
			t.Errorf("%v: %v %s", c.Field, err, diff)
		}
	}
}

// What senders do otherwise than the standard has it, and what is understood.
func TestCommandLeniently(t *testing.T) {
	field, id := "\x00\x00\x00\x01\x02\x00\x00\x00\x50\x01", "\x00\x00\x10\x01\x02\x00\x00\x00\x07\x00"
	none := "\x00\x00\x00\x08\x02\x00\x00\x00\x01\x01"
	want := dimse.Command{Field: dimse.NDelete, ID: 7}
	class, follows, status := want, want, want
	class.Class, class.Instance = "1.2", "1.3"
	follows.DataSet = true
	status.Status, status.Completed = dimse.Is(0x0110), dimse.Is(3)
	for name, tt := range map[string]struct {
		text string
		want dimse.Command
	}{
		"unknown elements":           {field + id + none + "\x00\x00\x50\x08\x02\x00\x00\x00ab", want},
		"out of order":               {none + id + field, want},
		"twice: the first counts":    {field + id + none + "\x00\x00\x10\x01\x02\x00\x00\x00\x08\x00", want},
		"first without a value":      {"\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x09\x02\x00\x00\x00\x10\x01" + field + id + none, want},
		"affected for requested":     {field + id + none + "\x00\x00\x02\x00\x04\x00\x00\x001.2\x00\x00\x00\x00\x10\x04\x00\x00\x001.3 ", class},
		"blanks around":              {field + id + none + "\x00\x00\x03\x00\x04\x00\x00\x00 1.2\x00\x00\x01\x10\x04\x00\x00\x001.3\x00", class},
		"any data set type but 0101": {field + id + "\x00\x00\x00\x08\x02\x00\x00\x00\x02\x01", follows},
		"data set type 0":            {field + id + "\x00\x00\x00\x08\x02\x00\x00\x00\x00\x00", follows},
		"numbers of four bytes":      {field + id + none + "\x00\x00\x00\x09\x02\x00\x00\x00\x10\x01\x00\x00\x21\x10\x04\x00\x00\x00\x03\x00\x00\x00", status},
	} {
		got, err := dimse.ParseCommand([]byte(tt.text), dimse.DefaultLimits())
		if diff := cmp.Diff(got, tt.want); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestAnswerCommand(t *testing.T) {
	got := commands()["C-STORE-RQ"].Answer(0xb000)
	want := dimse.Command{Field: 0x8001, ID: 1, Class: capture, Instance: object, Status: dimse.Is(0xb000)}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestParseCommandRefuses(t *testing.T) {
	lim := dimse.Limits{Command: 100, Elements: 5}
	field, id, none := "\x00\x00\x00\x01\x02\x00\x00\x00\x30\x00", "\x00\x00\x10\x01\x02\x00\x00\x00\x07\x00", "\x00\x00\x00\x08\x02\x00\x00\x00\x01\x01"
	if _, err := dimse.ParseCommand([]byte(field+id+none), lim); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text   string
		offset int64
	}{
		"nothing":               {"", 0},
		"no field":              {id + none, 0},
		"no ID":                 {field + none, 0},
		"the ID of a response":  {field + "\x00\x00\x20\x01\x02\x00\x00\x00\x07\x00" + none, 0},
		"no data set type":      {field + id, 0},
		"an ID of one byte":     {field + "\x00\x00\x10\x01\x01\x00\x00\x00\x07" + none, 0},
		"an ID without a value": {field + "\x00\x00\x10\x01\x00\x00\x00\x00" + none, 0},
		"another group":         {field + id + none + "\x08\x00\x10\x01\x00\x00\x00\x00", 30},
		"half a header":         {field + id + none + "\x00\x00\x10", 30},
		"past the end":          {field + id + none + "\x00\x00\x10\x01\x01\x00\x00\x00", 30},
		"nearly four GB":        {field + id + none + "\x00\x00\x10\x01\xff\xff\xff\xff", 30},
		"half a tag":            {field + id + none + "\x00\x00\x01\x09\x02\x00\x00\x00ab", 0},
		"too many elements":     {field + id + none + field + field + field, 50},
		"too long":              {field + id + none + "\x00\x00\x02\x09\x50\x00\x00\x00" + string(make([]byte, 80)), 0},
	} {
		_, err := dimse.ParseCommand([]byte(tt.text), lim)
		var broken *dimse.Error
		if !errors.As(err, &broken) || broken.Offset != tt.offset {
			t.Errorf("%s: %v, want an error at %d", name, err, tt.offset)
		}
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[dimse.Status]string{
		0: dimse.Succeeded, 0xff00: dimse.Goes, 0xff01: dimse.Goes, 0xfe00: dimse.Ended, 1: dimse.Warned, 0xb000: dimse.Warned, 0xb007: dimse.Warned,
		0x0107: dimse.Warned, 0x0116: dimse.Warned, 0xa700: dimse.Failed, 0xa801: dimse.Failed, 0xc123: dimse.Failed, 0x0110: dimse.Failed, 0x0122: dimse.Failed,
	} {
		if got := status.Kind(); got != want {
			t.Errorf("%04x is %s, want %s", uint16(status), got, want)
		}
	}
}

// FuzzCommand holds that a command set is written as it was read, and that a command says the same when it is written and read again.
func FuzzCommand(f *testing.F) {
	for _, c := range commands() {
		f.Add(dimse.AppendCommand(nil, c))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		lim := dimse.Limits{Command: 1 << 16, Elements: 100}
		var c dimse.Command
		var err error
		formattest.Cost{Fixed: 64 << 10, PerByte: 100}.Check(t, len(text), func() { c, err = dimse.ParseCommand(text, lim) })
		formattest.Quiet(t, err)
		set, bad := dimse.ParseSet(text, lim)
		if bad == nil && !bytes.Equal(dimse.AppendSet(nil, set), text) {
			t.Fatal("not written as it was read")
		}
		if err != nil {
			if diff := cmp.Diff(c, dimse.Command{}); diff != "" {
				t.Fatal("a command beside the error")
			}
			return
		}
		lim.Command *= 2 // what is filled up may be longer
		again, err := dimse.ParseCommand(dimse.AppendCommand(nil, c), lim)
		if diff := cmp.Diff(again, c); err != nil || diff != "" {
			t.Fatal("a command changes when it is written and read again: ", err)
		}
	})
}
