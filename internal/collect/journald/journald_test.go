package journald_test

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/journald"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	taxonomy, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.Limits{Record: 1 << 12, Depth: 8, Values: 600}, Taxonomy: taxonomy}
}

func show(ev *event.Event) string {
	return ev.Class.Service + " " + ev.Time.Format(time.RFC3339Nano) + " " + string(ev.Fields)
}

func exported(t testing.TB, in string) []string {
	t.Helper()
	d := journald.Format().Open(strings.NewReader(in), options(t))
	var ev event.Event
	var got []string
	for {
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == nil:
			got = append(got, show(&ev))
		case errors.As(err, &damage):
			got = append(got, "damage")
		case err == io.EOF:
			return got
		default:
			t.Fatal(err)
		}
	}
}

const entry = "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1714550400000001\nSYSLOG_IDENTIFIER=sshd\nMESSAGE\n\x04\x00\x00\x00\x00\x00\x00\x00a\n\xffb\n"

func TestExportedEntries(t *testing.T) {
	in := entry + "\nbroken\n\n" +
		"_TRANSPORT=audit\n_AUDIT_TYPE_NAME=EXECVE\nF=1\n_COMM=x\nF=2\n\n" +
		"_COMM=crond\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"
	want := []string{
		`sshd 2024-05-01T08:00:00.000001Z {"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1714550400000001","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"a\n�b"}`,
		"damage",
		`auditd 0001-01-01T00:00:00Z {"_TRANSPORT":"audit","_AUDIT_TYPE_NAME":"EXECVE","F":["1","2"],"_COMM":"x"}`,
		"damage",
	}
	if diff := cmp.Diff(exported(t, in), want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

func TestJSONEntries(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"text", `{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1714550400000001","_COMM":"crond","F":["1","2"],"BIG":null}`,
			`cron 2024-05-01T08:00:00.000001Z {"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1714550400000001","_COMM":"crond","F":["1","2"],"BIG":null}`},
		{"bytes", `{"__REALTIME_TIMESTAMP":"1714550400000001","SYSLOG_IDENTIFIER":"sshd", "MESSAGE" : [97, 10,255,98],"F":["1","2"],"N":[256],"S":"\u0041"}`,
			`sshd 2024-05-01T08:00:00.000001Z {"__REALTIME_TIMESTAMP":"1714550400000001","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"a\n�b","F":["1","2"],"N":[256],"S":"\u0041"}`},
	} {
		var x jsonl.Index
		if err := x.Scan([]byte(c.in), jsonl.DefaultLimits()); err != nil {
			t.Fatal(err)
		}
		obj := collect.Object{Text: []byte(c.in), Index: &x}
		if journald.Shape().Fits(obj) == 0 {
			t.Errorf("%s: does not fit", c.name)
		}
		ev := event.Event{Fields: obj.Text}
		if err := journald.Shape().Event(obj, options(t), &ev, new(event.Builder)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(show(&ev), c.want); diff != "" {
			t.Errorf("%s: got -, want +:\n%s", c.name, diff)
		}
	}
}

func TestSniff(t *testing.T) {
	for in, want := range map[string]bool{entry: true, "\n" + entry: true, "": false, "A=1\n": false, `{"__CURSOR":"x"}`: false} {
		if got := journald.Format().Sniff([]byte(in)); (got > 0) != want {
			t.Errorf("got %d, want %v", got, want)
		}
	}
}

func FuzzExport(f *testing.F) {
	f.Add([]byte(entry + "\n" + entry))
	f.Add([]byte("A\n" + string(binary.LittleEndian.AppendUint64(nil, 4)) + "0042\nA=2\nB=3\n\n0042\n\n_COMM=x"))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, journald.Format(), o, formattest.Cost{Fixed: 512 << 10, PerByte: 400}, in)
	})
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(`{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1714550400000001","_COMM":"crond","F":["1","2"],"BIG":null}`))
	f.Add([]byte(`{"__REALTIME_TIMESTAMP":"1714550400000001","SYSLOG_IDENTIFIER":"0042", "MESSAGE" : [97, 10,255,98],"N":[256],"\u0053":"\u0041"}`))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, text []byte) {
		collecttest.Shape(t, []collect.Shape{journald.Shape()}, o, formattest.Cost{Fixed: 128 << 10, PerByte: 400}, 0, text)
	})
}
