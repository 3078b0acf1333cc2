package app_test

import (
	"net/http"
	"testing"

	"github.com/wardline/wardline/internal/app"
)

// TestContentTellsItsFormat shows that each format is in the catalogue, and that none that
// stands beside it takes its content.
func TestContentTellsItsFormat(t *testing.T) {
	const message = "MSH|^~\\&|EHR|WARD|LAB|HOSPITAL|20260101120000||ADT^A01|1|P|2.5\r"
	heads := map[string]string{
		"evtx":     "ElfFile\x00",
		"json":     `{"EventID": 1, "Channel": "System"}` + "\n",
		"zeek":     "#separator \\x09\n#set_separator\t,\n#fields\tts\tuid\n#types\ttime\tstring\n",
		"hl7":      message,
		"mllp":     "\x0b" + message + "\x1c\r",
		"journald": "__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1767268800000000\nMESSAGE=started\n\n",
		"auditd":   "type=SYSCALL msg=audit(1767268800.000:1): arch=c000003e syscall=59\n",
		"syslog":   "<34>1 2026-01-01T12:00:00Z host app - - - started\n",
		"atna":     `<?xml version="1.0"?><AuditMessage><EventIdentification/></AuditMessage>`,
		"fhir-xml": `<?xml version="1.0"?><AuditEvent xmlns="http://hl7.org/fhir"></AuditEvent>`,
	}
	formats, err := app.Formats("")
	if err != nil {
		t.Fatal(err)
	}
	for want, head := range heads {
		got, most := "", 0
		for _, f := range formats {
			if sure := f.Sniff([]byte(head)); sure > most {
				got, most = f.Name, sure
			}
		}
		if got != want {
			t.Errorf("%s is taken for %q", want, got)
		}
	}
}

// TestRoutesStandBesideEachOther: the multiplexer of the standard library panics when two of its patterns could mean one
// request, which would keep a node's listener shut.
func TestRoutesStandBesideEachOther(t *testing.T) {
	mux := http.NewServeMux()
	for _, r := range app.Routes() {
		mux.Handle(r.Pattern, http.NotFoundHandler())
	}
}
