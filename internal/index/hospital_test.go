package index_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/index"
)

// hospital makes up what an invented hospital's systems say, the same each time, without keeping it.
type hospital struct {
	entries uint64
	each    int           // events of an entry
	step    time.Duration // from one event to the next
	begin   time.Time
}

// follow is an index.Follow that ends its entries but waits for the context.
func (h *hospital) follow(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
	for at := from; at < h.entries; at++ {
		if err := handle(ctx, index.Batch{Entry: at, Lines: h.lines(at)}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func (h *hospital) lines(entry uint64) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		var line []byte
		for i := range h.each {
			line = h.line(line[:0], entry*uint64(h.each)+uint64(i))
			if !yield(i, line) {
				return
			}
		}
	}
}

// Event n of 100,000 has this word, which no other has.
const rareWord, rareEvery = "zyzzyva", 100_000

// line makes up event n.
func (h *hospital) line(dst []byte, n uint64) []byte {
	r := rand.New(rand.NewPCG(n, 7))
	at := h.begin.Add(time.Duration(n)*h.step + time.Duration(r.IntN(1000))*time.Millisecond)
	ev := event.Event{ID: event.NewID("load", fmt.Sprint(n)), Record: int64(n), Time: at,
		Observed: h.begin.Add(time.Duration(n)*h.step + time.Second), Class: &event.Class{}}
	user := fmt.Sprintf("u%04d", min(r.IntN(3000), r.IntN(3000)))
	ip := fmt.Sprintf("10.%d.%d.%d", r.IntN(8), r.IntN(250), r.IntN(250))
	host := fmt.Sprintf("ws-%03d", r.IntN(600))
	switch k := r.IntN(10); {
	case n%rareEvery == rareEvery/2:
		ev.Source, ev.Format, ev.Class.Key = "sys-3", "syslog", "linux"
		ev.Fields = fmt.Appendf(nil, `{"host":%q,"app":"cron","pri":30,"message":"job %d on %s said %s"}`, host, n, host, rareWord)
	case k < 3:
		ev.Source, ev.Format, ev.Class.Key = fmt.Sprintf("sys-%d", r.IntN(20)), "syslog", "linux/auth"
		verbs := []string{"Accepted publickey", "Failed password", "Accepted password", "Connection closed", "Disconnected"}
		ev.Fields = fmt.Appendf(nil, `{"host":%q,"app":"sshd","procid":"%d","pri":38,"message":"%s for %s from %s port %d ssh2"}`,
			host, r.IntN(60000), verbs[r.IntN(len(verbs))], user, ip, 1024+r.IntN(60000))
	case k < 6:
		ev.Source, ev.Format, ev.Class.Key = fmt.Sprintf("dc-%d", r.IntN(4)), "windows", "windows/security"
		images := []string{"svchost.exe", "powershell.exe", "chrome.exe", "epicd.exe", "cmd.exe", "viewer.exe"}
		ev.Fields = fmt.Appendf(nil, `{"EventID":4688,"Channel":"Security","Computer":"%s.clinic.example","EventRecordID":%d,"SubjectUserName":%q,"NewProcessName":"C:\\Windows\\System32\\%s","CommandLine":"\"%s\" /run /id %x","ProcessId":"0x%x","ParentProcessName":"C:\\Windows\\explorer.exe"}`,
			host, n, user, images[r.IntN(6)], images[r.IntN(6)], r.Uint32(), r.IntN(65536))
	case k < 8:
		ev.Source, ev.Format, ev.Class.Key = "ehr", "fhir", "ehr/access"
		verbs := []string{"read", "read", "read", "search", "update"}
		kinds := []string{"chart", "note", "result", "order"}
		ev.Fields = fmt.Appendf(nil, `{"resourceType":"AuditEvent","recorded":%q,"outcome":"0","access":{"verb":%q,"outcome":"ok","user":%q,"role":["nurse","ward-%d"],"patient":["T%07d"],"object_kind":%q,"origin_ip":%q,"workstation":%q}}`,
			at.Format(time.RFC3339), verbs[r.IntN(5)], user, r.IntN(30), r.IntN(90000), kinds[r.IntN(4)], ip, host)
	default:
		ev.Source, ev.Format, ev.Class.Key = fmt.Sprintf("zeek-%d", r.IntN(2)), "zeek", "zeek/conn"
		ev.Fields = fmt.Appendf(nil, `{"uid":"C%x","id.orig_h":%q,"id.orig_p":%d,"id.resp_h":"10.9.0.%d","id.resp_p":%d,"proto":"tcp","service":"%s","duration":%.6f,"orig_bytes":%d,"resp_bytes":%d,"conn_state":"SF"}`,
			r.Uint64(), ip, 1024+r.IntN(60000), r.IntN(60), []int{443, 104, 2575, 445}[r.IntN(4)], []string{"ssl", "dicom", "hl7", "smb"}[r.IntN(4)], r.Float64()*30, r.IntN(1e6), r.IntN(1e6))
	}
	return event.AppendLine(dst, &ev)
}
