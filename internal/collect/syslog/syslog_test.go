package syslog_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	lib "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/syslog"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	taxonomy, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	modified := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	return collect.Options{Limits: collect.Limits{Record: 1 << 16, Depth: 16, Values: 1 << 10}, Taxonomy: taxonomy, Modified: modified}
}

// events lists class, time and fields of each event; "damage" for what could not be read.
func events(t testing.TB, f collect.Format, in string) []string {
	t.Helper()
	d := f.Open(strings.NewReader(in), options(t))
	var ev event.Event
	var got []string
	for {
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == nil:
			when := "-"
			if !ev.Time.IsZero() {
				when = ev.Time.Format(time.RFC3339Nano)
			}
			got = append(got, ev.Class.Service+" "+when+" "+string(ev.Fields))
		case errors.As(err, &damage):
			got = append(got, "damage")
		case err == collect.ErrSkip:
			got = append(got, "skipped")
		case err == io.EOF:
			return got
		default:
			t.Fatal(err)
		}
	}
}

func TestMessages(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"RFC 5424", `<34>1 2003-10-11T22:14:15.003+02:00 ward7 su 12 ID47 [a@1 y="2" x="a\"b"][b] ` + "\xef\xbb\xbf" + `'su' failed`,
			`auth 2003-10-11T20:14:15.003Z {"priority":34,"facility":4,"severity":2,"version":1,"timestamp":"2003-10-11T22:14:15.003+02:00","hostname":"ward7","app_name":"su","proc_id":"12","msg_id":"ID47","structured_data":{"a@1":{"y":"2","x":"a\"b"},"b":{}},"message":"'su' failed"}`},
		{"RFC 5424, a parameter several times", `<34>1 - - - - - [a ip="192.0.2.1" ip="192.0.2.2" b="\\\]\n]"]`,
			`auth - {"priority":34,"facility":4,"severity":2,"version":1,"structured_data":{"a":{"ip":"192.0.2.1","ip":"192.0.2.2","b":"\\]\\n]"}}}`},
		{"RFC 5424, nothing said", "<0>1 - - - - - -", `syslog - {"priority":0,"facility":0,"severity":0,"version":1}`},
		{"RFC 5424 with a fault", `<86>1 2024-02-29T08:00:00Z h sshd - - [broken text`,
			`sshd 2024-02-29T08:00:00Z {"priority":86,"facility":10,"severity":6,"version":1,"timestamp":"2024-02-29T08:00:00Z","hostname":"h","app_name":"sshd","structured_data":{"broken":{}},"message":"2024-02-29T08:00:00Z h sshd - - [broken text"}`},
		{"RFC 3164", `<38>Feb  5 17:32:18 gate sshd[4711]: Failed password`,
			`sshd 2024-02-05T17:32:18Z {"priority":38,"facility":4,"severity":6,"timestamp":"Feb  5 17:32:18","hostname":"gate","app_name":"sshd","proc_id":"4711","message":"Failed password"}`},
		{"of last year", `<38>Mar 31 17:32:18 gate su: x`,
			`auth 2023-03-31T17:32:18Z {"priority":38,"facility":4,"severity":6,"timestamp":"Mar 31 17:32:18","hostname":"gate","app_name":"su","message":"x"}`},
		{"/var/log file", "Jan 12 06:30:00 pacs CRON[9]: (root) CMD (x)",
			`cron 2024-01-12T06:30:00Z {"timestamp":"Jan 12 06:30:00","hostname":"pacs","app_name":"CRON","proc_id":"9","message":"(root) CMD (x)"}`},
		{"/var/log file of rsyslog", "2024-05-01T12:00:00.123456+02:00 pacs sudo: a: b",
			`sudo 2024-05-01T10:00:00.123456Z {"timestamp":"2024-05-01T12:00:00.123456+02:00","hostname":"pacs","app_name":"sudo","message":"a: b"}`},
		{"no host", "<13>Jan 12 06:30:00 app[7]: x",
			`syslog 2024-01-12T06:30:00Z {"priority":13,"facility":1,"severity":5,"timestamp":"Jan 12 06:30:00","app_name":"app","proc_id":"7","message":"x"}`},
		{"no program", "<85>Jan 2 06:30:00 10.0.0.9 last message repeated 2 times",
			`auth 2024-01-02T06:30:00Z {"priority":85,"facility":10,"severity":5,"timestamp":"Jan 2 06:30:00","hostname":"10.0.0.9","message":"last message repeated 2 times"}`},
		{"VPN gateway", "<164>Jan  8 2023 19:46:03: %ASA-4-722051: Group <G> User <a.fable> IP <203.0.113.7> IPv4 Address <10.99.0.7> IPv6 address <::> assigned to session",
			`asa 2023-01-08T19:46:03Z {"priority":164,"facility":20,"severity":4,"timestamp":"Jan  8 2023 19:46:03","app_name":"%ASA-4-722051","message":"Group <G> User <a.fable> IP <203.0.113.7> IPv4 Address <10.99.0.7> IPv6 address <::> assigned to session",` +
				`"access":{"verb":"login","native_action":"ASA-722051","outcome":"ok","user":"a.fable","object_kind":"account","origin_ip":"203.0.113.7","app":"VPN"},"asa":{"number":"722051","group":"G","assigned_ip":"10.99.0.7"}}`},
		{"VPN gateway that names itself", "<166>2023-01-08T19:46:03Z vpn-01 : %ASA-6-113005: AAA user authentication Rejected : reason = Invalid password : server = 10.20.8.10 : user = a.fable : user IP = 203.0.113.7",
			`asa 2023-01-08T19:46:03Z {"priority":166,"facility":20,"severity":6,"timestamp":"2023-01-08T19:46:03Z","hostname":"vpn-01","message":": %ASA-6-113005: AAA user authentication Rejected : reason = Invalid password : server = 10.20.8.10 : user = a.fable : user IP = 203.0.113.7",` +
				`"access":{"verb":"login-fail","native_action":"ASA-113005","outcome":"serious","user":"a.fable","object_kind":"account","origin_ip":"203.0.113.7","app":"VPN"},"asa":{"number":"113005","reason":"Invalid password"}}`},
		{"network device", "<189>237: 000485: *Jan  8 2023 19:46:03.295: %SYS-5-CONFIG_I: Configured",
			`syslog 2023-01-08T19:46:03.295Z {"priority":189,"facility":23,"severity":5,"timestamp":"Jan  8 2023 19:46:03.295","app_name":"%SYS-5-CONFIG_I","message":"Configured"}`},
		{"no time", "<13>hello world", `syslog - {"priority":13,"facility":1,"severity":5,"message":"hello world"}`},
		{"no header at all", "hello", `syslog - {"message":"hello"}`},
		{"no such day", "<13>Feb 30 10:00:00 h x: y", `syslog - {"priority":13,"facility":1,"severity":5,"message":"Feb 30 10:00:00 h x: y"}`},
		{"no such priority", "<192>Feb 3 10:00:00 h x: y", `syslog - {"message":"<192>Feb 3 10:00:00 h x: y"}`},
		{"not UTF-8, and NUL", "<13>Feb  3 10:00:00 h x: \xff\x00y\x00",
			`syslog 2024-02-03T10:00:00Z {"priority":13,"facility":1,"severity":5,"timestamp":"Feb  3 10:00:00","hostname":"h","app_name":"x","message":"�\u0000y"}`},
		{"counted and lines", "16 <1>1 - - - - - -<13>hi\n7 <13>a\nb\n",
			`syslog - {"priority":1,"facility":0,"severity":1,"version":1}` + "\n" +
				`syslog - {"priority":13,"facility":1,"severity":5,"message":"hi"}` + "\n" +
				`syslog - {"priority":13,"facility":1,"severity":5,"message":"a\nb"}` + "\n"},
		{"too long", "<13>" + strings.Repeat("x", 1<<17) + "\n<13>hi", "damage\n" + `syslog - {"priority":13,"facility":1,"severity":5,"message":"hi"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(events(t, syslog.Format(), c.in), "\n")
			if diff := cmp.Diff(got, strings.TrimSpace(c.want)); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

func TestBodyIsHandedOver(t *testing.T) {
	body := syslog.Body{
		Fits: func(msg []byte) bool { return strings.Contains(string(msg), "<AuditMessage") },
		Event: func(msg []byte, o collect.Options, ev *event.Event, b *event.Builder) error {
			switch {
			case strings.Contains(string(msg), "skip"):
				return collect.ErrSkip
			case !strings.HasSuffix(string(msg), "</AuditMessage>"):
				return errors.New("cut short")
			}
			b.Reset()
			b.Int("lines", int64(strings.Count(string(msg), "\n")))
			ev.Class = o.Taxonomy.Class("", "", "")
			return b.Into(ev, jsonl.DefaultLimits())
		},
	}
	in := "<13>Feb  5 17:32:18 ward7\n<?xml version=\"1.0\"?>\n<AuditMessage>\n  <X/>\n</AuditMessage>\n" +
		"<13>Feb  5 17:32:18 ward7 x: <AuditMessage skip/>\n" +
		"<13>Feb  5 17:32:18 ward7 x: <AuditMessage\n"
	want := []string{
		` 2024-02-05T17:32:18Z {"lines":3}`,
		"skipped",
		`syslog 2024-02-05T17:32:18Z {"priority":13,"facility":1,"severity":5,"timestamp":"Feb  5 17:32:18","hostname":"ward7","app_name":"x","message":"<AuditMessage"}`,
	}
	if diff := cmp.Diff(events(t, syslog.Format(body), in), want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		in   string
		want bool
	}{
		{"<13>Feb  5 17:32:18 h x: y\n<13>hello\n", true},
		{"<34>1 - - - - - -", true},
		{"16 <1>1 - - - - - -17 <2>1 ", true},
		{"Jan 12 06:30:00 host sshd[123]: msg\n\tmore\nJan 12 06:30:00 host kernel: x\nodd\n", true},
		{"2024-05-01T12:00:00.123456+02:00 host prog[1]: msg\n", true},
		{"<13>May  1 10:00:00 h\n<?xml?>\n<A>\n</A>\n", true},
		{"", false},
		{"2024-05-01T12:00:00Z ERROR Store: text\n", false},
		{"2024-05-01 12:00:00,123 [main] INFO x.y - text\n", false},
		{`{"timestamp":"Jan 12 06:30:00"}`, false},
		{"<?xml version=\"1.0\"?>\n<a>\n<b/></a>", false},
		{"a,b,c\n2024-05-01,x,y\n", false},
		{"MSH|^~\\&|A|B\rPID|1\r", false},
		{"type=CWD msg=audit(1.000:1): cwd=\"/\"\n", false},
		{"#separator \\x09\n", false},
		{"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\n", false},
		{"192.0.2.1 - - [12/Jan/2011:06:29:59 +0100] \"GET / HTTP/1.1\" 200 1\n", false},
	} {
		if got := syslog.Format().Sniff([]byte(c.in)); (got > 0) != c.want {
			t.Errorf("%q: got %d, want %v", c.in, got, c.want)
		}
	}
}

// TestStandardMessagesAreReadByTheStandard: a Format reads a well-formed message as another reader does.
func TestStandardMessagesAreReadByTheStandard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := func(name, expr string) string { return rapid.StringMatching(expr).Draw(t, name) }
		stamp := time.Unix(rapid.Int64Range(0, 1<<31).Draw(t, "time"), 0).UTC()
		pri := rapid.IntRange(0, 191).Draw(t, "priority")
		host, app, text := word("host", `[a-z0-9.-]{1,20}[a-z]`), word("app", `[a-zA-Z][a-zA-Z0-9_/-]{0,20}`), word("text", `[ -~]{0,30}[!-~]`)
		msg := fmt.Sprintf("<%d>%s %s %s[%d]: %s", pri, stamp.Format(time.Stamp), host, app, pri, text)
		if rapid.Bool().Draw(t, "5424") {
			msg = fmt.Sprintf("<%d>1 %s %s %s %d - [x@1 a=\"%s\"] %s", pri, stamp.Format(time.RFC3339), host, app, pri, app, text)
		}
		want, ok := other(msg)
		if !ok {
			t.Fatal("another reader refuses the message")
		}
		if diff := cmp.Diff(valueOf(syslog.Read([]byte(msg))), want); diff != "" {
			t.Fatalf("read -, another reader +:\n%s", diff)
		}
	})
}

// other is how another reader understands a message, and whether it finds it well-formed.
func other(msg string) (value, bool) {
	m, err := rfc3164.NewMachine().Parse([]byte(msg))
	if strings.HasPrefix(msg[strings.IndexByte(msg, '>')+1:], "1 ") {
		m, err = rfc5424.NewMachine().Parse([]byte(msg))
	}
	if err != nil {
		return value{}, false
	}
	var v value
	var base lib.Base
	switch m := m.(type) {
	case *rfc3164.SyslogMessage:
		base = m.Base
	case *rfc5424.SyslogMessage:
		base = m.Base
		v.Version = m.Version
		if m.StructuredData != nil {
			v.StructuredData = *m.StructuredData
		}
	}
	v.Priority, v.Facility, v.Severity = base.Priority, base.Facility, base.Severity
	v.Hostname, v.Appname, v.ProcID, v.MsgID, v.Message = base.Hostname, base.Appname, base.ProcID, base.MsgID, base.Message
	if base.Message != nil {
		v.Message = pointer([]byte(*base.Message))
	}
	if base.Timestamp != nil {
		v.Timestamp = pointer([]byte(base.Timestamp.UTC().Format(time.RFC3339Nano)))
	}
	return v, true
}

// FuzzRFC5424: another reader of the standard gives the same verdict and, of what is well-formed, the same
// values.
func FuzzRFC5424(f *testing.F) {
	f.Add("<34>1 2003-10-11T22:14:15.003Z ward7 su 12 ID47 [a@1 x=\"0042\"][b y=\"\\]\"] failed")
	f.Add("<0>1 - - - - - - ")
	f.Add("<191>999 2018-12-31T23:59:59.999999-23:59 h a p m [a b=\"\\\"\" b=\"c\"] \xef\xbb\xbfü")
	f.Fuzz(func(t *testing.T, msg string) {
		if _, rest, _ := strings.Cut(msg, ">"); len(msg) > 1<<10 || msg == "" || msg[0] != '<' || !strings.HasPrefix(rest, "1 ") {
			return // of another kind, or too dear for the other reader
		}
		m, exact := syslog.Exact([]byte(msg))
		want, ok := other(msg)
		if exact != ok {
			t.Fatalf("exact %v, another reader %v", exact, ok)
		}
		if diff := cmp.Diff(valueOf(m), want); ok && diff != "" {
			t.Fatalf("read -, another reader +:\n%s", diff)
		}
	})
}

func FuzzSyslog(f *testing.F) {
	f.Add([]byte(`<34>1 2003-10-11T22:14:15.003Z ward7 su 12 ID47 [a@1 x="0042"] failed`))
	f.Add([]byte("<38>Feb  5 17:32:18 gate sshd[4711]: Failed password for 0042\n<13>Feb  5 17:32:18 10.0.0.9 Use it"))
	f.Add([]byte("2024-05-01T12:00:00.123456+02:00 pacs sudo[1]: a: b\n189 <1>: *Jan  8 2023 19:46:03.295: %A-5: x"))
	f.Add([]byte("<165>Aug 24 05:34:00 - myproc[10]: - x\n<13>Feb  5 17:32:18 ward7\n<?xml version=\"1.0\"?>\n<A/>\n99 <1>0042"))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, syslog.Format(lengths()), o, formattest.Cost{Fixed: 512 << 10, PerByte: 400}, in)
	})
}

// lengths is a body that takes all XML and tells how long it is.
func lengths() syslog.Body {
	return syslog.Body{
		Fits: func(msg []byte) bool { return len(msg) > 0 && msg[0] == '<' },
		Event: func(msg []byte, o collect.Options, ev *event.Event, b *event.Builder) error {
			if len(msg)%7 == 0 {
				return collect.ErrSkip
			}
			b.Reset()
			b.Int("length", int64(len(msg)))
			ev.Class = o.Taxonomy.Class("", "", "")
			return b.Into(ev, jsonl.DefaultLimits())
		},
	}
}

func BenchmarkLines(b *testing.B) {
	for _, c := range []struct{ name, line string }{
		{"varlog", "Jan 12 06:30:00 pacs sshd[4711]: Failed password for invalid user ward7 from 192.0.2.7 port 50022 ssh2\n"},
		{"rfc5424", "<38>1 2024-01-12T06:30:00Z pacs sshd 4711 - - Failed password for invalid user ward7 from 192.0.2.7 port 50022 ssh2\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			const rows = 1000
			in := strings.Repeat(c.line, rows)
			o := options(b)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				d := syslog.Format().Open(strings.NewReader(in), o)
				var ev event.Event
				for d.Next(&ev) == nil {
				}
				if ev.Record != rows {
					b.Fatal(ev.Record)
				}
			}
		})
	}
}
