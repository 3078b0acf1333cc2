package auditd_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/auditd"
	"github.com/wardline/wardline/format/formattest"
)

func fields(rec *auditd.Record) string {
	var b strings.Builder
	for _, f := range rec.Fields {
		fmt.Fprintf(&b, "%s=%s|", f.Name, f.Value)
	}
	return b.String()
}

func TestFields(t *testing.T) {
	const id = " msg=audit(1364481363.243:24287): "
	for _, c := range []struct{ name, in, want string }{
		{"program", `type=EXECVE` + id + `argc=3 a0="cat" a1="-n" a2=2F746D702F612062`, `argc=3|a0=cat|a1=-n|a2=/tmp/a b|`},
		{"long argument", `type=EXECVE` + id + `argc=2 a0="sh" a1_len=9000 a1[0]=6120 a1[1]=62`, `argc=2|a0=sh|a1_len=9000|a1[0]=a |a1[1]=b|`},
		{"numbers stay numbers", `type=SYSCALL` + id + `arch=c000003e syscall=59 success=yes a0=3030 pid=3538 exe="/bin/cat" key=(null)`,
			`arch=c000003e|syscall=59|success=yes|a0=3030|pid=3538|exe=/bin/cat|key=(null)|`},
		{"command line", `type=PROCTITLE` + id + `proctitle=6361740068656C6C6F00`, `proctitle=cat hello|`},
		{"quoted hexadecimal is text", `type=PATH` + id + `item=0 name="ABCD" inode=409248`, `item=0|name=ABCD|inode=409248|`},
		{"not quite hexadecimal", `type=PATH` + id + `name=ABC comm=abcd cwd=`, `name=ABC|comm=abcd|cwd=|`},
		{"login", `type=USER_LOGIN` + id + `pid=1 uid=0 msg='op=login acct="ward7" exe="/usr/sbin/sshd" hostname=? addr=192.0.2.7 terminal=ssh res=failed'`,
			`pid=1|uid=0|op=login|acct=ward7|exe=/usr/sbin/sshd|hostname=?|addr=192.0.2.7|terminal=ssh|res=failed|`},
		{"enriched", `type=CWD` + id + "cwd=\"/root\"\x1dAUID=\"root\" SYSCALL=openat", `cwd=/root|AUID=root|SYSCALL=openat|`},
		{"cut short", `type=CWD` + id + `cwd="/ro`, `cwd=/ro|`},
		{"nothing more", `type=EOE` + id, ``},
		{"ausearch", `type=CWD msg=audit(1364481363.243:24287) : cwd=/root `, `cwd=/root|`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rec auditd.Record
			if err := rec.Parse([]byte(c.in), 64); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fields(&rec), c.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			if rec.Serial != 24287 || !rec.Time.Equal(time.Date(2013, 3, 28, 14, 36, 3, 243e6, time.UTC)) {
				t.Errorf("got serial %d at %v", rec.Serial, rec.Time)
			}
		})
	}
}

func TestWordsAndNode(t *testing.T) {
	var rec auditd.Record
	err := rec.Parse([]byte(`node=pacs1 type=AVC msg=audit(1364481363.243:24287): avc:  denied  { read } for  pid=1 comm="cat"`), 64)
	if err != nil || string(rec.Node) != "pacs1" || string(rec.Type) != "AVC" || string(rec.ID) != "1364481363.243:24287" ||
		string(rec.Text) != "avc: denied { read } for" || fields(&rec) != "pid=1|comm=cat|" {
		t.Errorf("got %s %s %s %q %q, %v", rec.Node, rec.Type, rec.ID, rec.Text, fields(&rec), err)
	}
}

func TestRefused(t *testing.T) {
	var rec auditd.Record
	for _, in := range []string{"", "type=", "type=A msg=audit(1:2)", "type=A msg=audit(12): a=1", "type= msg=audit(1.000:2): ", "msg=audit(1.000:2): a=1", "node=x", "type=A msg=audit(1.0:x): "} {
		if err := rec.Parse([]byte(in), 64); err != auditd.ErrNoRecord || rec.Type != nil || len(rec.Fields) > 0 {
			t.Errorf("%q: got %v", in, err)
		}
	}
	if err := rec.Parse([]byte("type=A msg=audit(1.000:2): a=1 b=2 c=3"), 2); err != auditd.ErrFields || len(rec.Fields) > 0 {
		t.Errorf("got %v", err)
	}
}

// FuzzAuditd: no line breaks the parser or outgrows its limits, and text that is
// written in hexadecimal comes back as it was.
func FuzzAuditd(f *testing.F) {
	f.Add([]byte(`node=a type=USER_CMD msg=audit(1364481363.243:24287): pid=1 msg='cwd="/" cmd=6C73 res=success'`+"\x1dUID=\"root\""), []byte("ls -l"))
	f.Add([]byte(`type=EXECVE msg=audit(1.243:1): a0="x a1=414 a2='`), []byte{0, 255})
	f.Add([]byte(`type=0042 msg=audit(0042)`), []byte("0042"))
	var rec auditd.Record
	f.Fuzz(func(t *testing.T, line, text []byte) {
		line = formattest.Plant(line)
		var err error
		formattest.Cost{Fixed: 64 << 10, PerByte: 20}.Check(t, len(line), func() { err = rec.Parse(line, 32) })
		formattest.Quiet(t, err)
		if err == nil {
			size := len(rec.Text)
			for _, f := range rec.Fields {
				size += len(f.Name) + len(f.Value)
			}
			if len(rec.Fields) > 32 || size > len(line) {
				t.Fatalf("%d fields, %d bytes out of %d", len(rec.Fields), size, len(line))
			}
		}
		spelt := fmt.Sprintf("type=EXECVE msg=audit(1364481363.243:9): a0=%s a1=\"x\"", strings.ToUpper(hex.EncodeToString(text)))
		if err := rec.Parse([]byte(spelt), 32); err != nil || len(rec.Fields) != 2 || string(rec.Fields[0].Value) != string(text) {
			t.Fatal("text in hexadecimal does not come back")
		}
	})
}
