package auditd_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/auditd"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	t.Helper()
	taxonomy, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.Limits{Record: 1 << 12, Depth: 8, Values: 64}, Taxonomy: taxonomy}
}

var log = `node=pacs1 type=EXECVE msg=audit(1364481363.243:24287): argc=2 a0="cat" a1=2F746D702F612062` + "\r\n" +
	"----\ntime->Thu Mar 28 14:36:03 2013\n" +
	`type=SYSCALL msg=audit(1364481363.243:24287): success=yes exe="/bin/cat" key=6101620A` + "\x1dSYSCALL=openat\n" +
	"nothing of the kind\n" + strings.Repeat("x", 1<<13) + "\n\n" +
	`type=AVC msg=audit(1364481363.244:24288): avc:  denied  { read } for  comm="` + "\xff"

func TestRecordsBecomeEvents(t *testing.T) {
	d := auditd.Format().Open(strings.NewReader(log), options(t))
	var ev event.Event
	var got []string
	for {
		err := d.Next(&ev)
		var damage *collect.Damage
		if err == io.EOF {
			break
		}
		if errors.As(err, &damage) {
			got = append(got, "damage")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev.Class.Service+" "+ev.Time.Format(time.RFC3339Nano)+" "+string(ev.Fields))
	}
	want := []string{
		`auditd 2013-03-28T14:36:03.243Z {"node":"pacs1","type":"EXECVE","msg_id":"1364481363.243:24287","serial":24287,"argc":"2","a0":"cat","a1":"/tmp/a b"}`,
		`auditd 2013-03-28T14:36:03.243Z {"type":"SYSCALL","msg_id":"1364481363.243:24287","serial":24287,"success":"yes","exe":"/bin/cat","key":["a","b\n"],"SYSCALL":"openat"}`,
		"damage", "damage",
		`auditd 2013-03-28T14:36:03.244Z {"type":"AVC","msg_id":"1364481363.244:24288","serial":24288,"comm":"�","text":"avc: denied { read } for"}`,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

func TestSniff(t *testing.T) {
	for in, want := range map[string]bool{
		log: true, "": false, "type=a\ntype=b\n": false, "Jan 12 06:30:00 h audispd: type=CWD msg=audit(1.000:1): x\n": false, "{}": false,
	} {
		if got := auditd.Format().Sniff([]byte(in)); (got > 0) != want {
			t.Errorf("got %d, want %v", got, want)
		}
	}
}

func TestRecordsCostNoMemory(t *testing.T) {
	const rows = 2000
	line := `type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=59 success=yes exe="/bin/cat" comm="cat" key="k"` + "\n"
	o := options(t)
	perRun := testing.AllocsPerRun(2, func() {
		d := auditd.Format().Open(strings.NewReader(strings.Repeat(line, rows)), o)
		var ev event.Event
		for d.Next(&ev) == nil {
		}
	})
	if perRun > rows/10 {
		t.Errorf("%.0f allocations for %d records", perRun, rows)
	}
}

func FuzzAuditd(f *testing.F) {
	f.Add([]byte(log[:600]))
	f.Add([]byte("type=0042 msg=audit(1.2:x)\ntype=A msg=audit(1.000:1): a=b a=c '\"\n----\ntype=EXECVE msg=audit(1.000:1) : a0=0042 a1[0]=41 msg='x=\"y\" key=6101'"))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, auditd.Format(), o, formattest.Cost{Fixed: 512 << 10, PerByte: 400}, in)
	})
}
