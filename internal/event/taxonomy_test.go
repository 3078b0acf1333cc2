package event_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

func shipped(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

// parts reads "category/product/service", where a dash is left out.
func parts(s string) (category, product, service string) {
	p := strings.Split(strings.ReplaceAll(s, "-", ""), "/")
	return p[0], p[1], p[2]
}

func TestClassServes(t *testing.T) {
	const sysmon = "Microsoft-Windows-Sysmon/Operational"
	tests := []struct{ product, service, code, asked, notAsked string }{
		{"windows", sysmon, "1", "process_creation/windows/- -/windows/sysmon -/windows/-", "-/windows/security file_event/windows/-"},
		{"windows", sysmon, "13", "registry_set/windows/- registry_event/windows/sysmon", "registry_add/windows/-"},
		{"windows", sysmon, "99", "-/windows/sysmon", "process_creation/windows/-"},
		{"windows", "security", "4688", "process_creation/windows/- -/windows/security", "-/windows/sysmon"},
		{"windows", "Security", "4624", "-/windows/security", "process_creation/windows/-"},
		{"windows", "Some-Vendor/Admin", "1", "-/windows/-", "-/windows/sysmon process_creation/windows/-"},
		{"windows", "Microsoft-Windows-Windows Defender/Operational", "1116", "antivirus/-/- -/windows/windefend", "-/linux/-"},
		{"winlogbeat", sysmon, "22", "dns_query/windows/-", "-/winlogbeat/-"},
		{"linux", "Linux-Sysmon/Operational", "11", "file_event/linux/-", "file_event/windows/-"},
		{"syslog", "sshd", "", "-/linux/sshd -/linux/auth -/linux/syslog", "-/linux/sudo"},
		{"syslog", "CRON", "", "-/linux/cron", "-/linux/auth"},
		{"syslog", "scheduler-of-the-lab", "", "-/linux/syslog", "-/linux/auth"},
		{"auditd", "auditd", "EXECVE", "-/linux/auditd process_creation/linux/-", "-/linux/syslog"},
		{"zeek", "dns", "", "-/zeek/dns dns/-/-", "-/zeek/http"},
		{"zeek", "http", "", "-/zeek/http proxy/-/- webserver/-/-", "dns/-/-"},
		{"suricata", "alert", "", "-/suricata/alert -/suricata/-", "-/suricata/dns"},
		{"aws", "cloudtrail", "", "-/aws/cloudtrail", "-/azure/-"},
		{"entra", "signinlogs", "", "-/azure/signinlogs", "-/azure/auditlogs"},
		{"m365", "Exchange", "", "-/m365/exchange -/m365/audit", "-/m365/threat_management"},
		{"apache", "", "", "webserver/-/- -/apache/-", "proxy/-/-"},
		{"ehr", "audit", "", "-/ehr/audit -/ehr/-", "-/dicom/-"},
		{"ehr", "rest", "", "-/ehr/rest -/ehr/audit webserver/-/-", "-/dicom/-"},
		{"dicom", "web", "", "-/dicom/web -/dicom/audit -/ehr/audit webserver/-/-", "-/dicom/assoc"},
		{"cisco", "asa", "", "-/cisco/asa", "-/linux/-"},
		{"wardline", "canary", "", "-/wardline/canary -/wardline/-", "-/opencanary/-"},
		{"hl7", "mllp", "", "-/hl7/mllp", "-/ehr/-"},
		{"dicom", "assoc", "", "-/dicom/assoc", "-/dicom/audit"},
		{"never heard of", "x", "y", "", "-/windows/- process_creation/-/-"},
	}
	tax := shipped(t)
	for _, tt := range tests {
		c := tax.Class(tt.product, tt.service, tt.code)
		if same := tax.ClassOf(tt.product, []byte(tt.service), []byte(tt.code)); same != c {
			t.Errorf("%s %s %s: ClassOf differs from Class", tt.product, tt.service, tt.code)
		}
		for _, asked := range strings.Fields(tt.asked) {
			if !c.Serves(parts(asked)) {
				t.Errorf("%s %s %s: %s is not asked", tt.product, tt.service, tt.code, asked)
			}
		}
		for _, asked := range strings.Fields(tt.notAsked) {
			if c.Serves(parts(asked)) {
				t.Errorf("%s %s %s: %s is asked", tt.product, tt.service, tt.code, asked)
			}
		}
	}
	for i, c := range tax.Classes() {
		if c.ID != i {
			t.Errorf("class %d has ID %d", i, c.ID)
		}
	}
	t.Logf("%d classes", len(tax.Classes()))
}

func TestClassNames(t *testing.T) {
	tax := shipped(t)
	tests := []struct{ product, channel, code, field, want string }{
		{"windows", "Security", "4688", "Image", "Image NewProcessName"},
		{"windows", "Security", "4624", "Image", "Image"},
		{"winlogbeat", "Security", "4688", "ParentImage", "ParentImage winlog.event_data.ParentProcessName winlog.event_data.ParentImage"},
		{"winlogbeat", "Microsoft-Windows-Sysmon/Operational", "1", "CommandLine", "CommandLine process.command_line winlog.event_data.CommandLine"},
	}
	for _, tt := range tests {
		names := tax.Class(tt.product, tt.channel, tt.code).Names(tt.field)
		if got := strings.Join(names, " "); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s in %s %s is %s, want %s", tt.field, tt.channel, tt.code, got, tt.want)
		}
	}
}

// One EventID of Sysmon reports keys made and keys deleted.
func TestRefine(t *testing.T) {
	tax := shipped(t)
	key := tax.Class("windows", "Microsoft-Windows-Sysmon/Operational", "12")
	for _, tt := range []struct{ fields, want string }{
		{`{"EventID":12,"EventType":"CreateKey"}`, "registry_add"},
		{`{"EventID":12,"EventType":"DeleteValue"}`, "registry_delete"},
		{`{"EventID":12}`, "registry_event"},
	} {
		ev := event.Event{Fields: []byte(tt.fields)}
		if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
			t.Fatal(err)
		}
		got := key.Refine(&ev)
		if got.Category != tt.want || !got.Serves("registry_event", "windows", "") {
			t.Errorf("%s is %s, want %s", tt.fields, got.Category, tt.want)
		}
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	tax := shipped(t)
	channel, code := []byte("MICROSOFT-Windows-Sysmon/Operational"), []byte("1")
	n := testing.AllocsPerRun(100, func() {
		tax.Class("windows", "security", "4688")
		tax.Class("windows", "No-Such-Channel", "1")
		tax.ClassOf("windows", channel, code)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLoadTaxonomyRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown key":  "- {product: x, dialects: {x: {}}, colour: red}",
		"a double log":    "- {product: x, dialects: {x: {}}, plain: [a, A]}",
		"a double code":   "- {product: x, dialects: {x: {}}, services: [{service: a, codes: [{code: [\"1\", \"1\"]}]}]}",
		"a double sender": "- {product: x, dialects: {x: {}}}\n- {product: y, dialects: {x: {}}}",
		"a lost other":    "- {product: x, dialects: {x: {}}, other: y}",
		"no list":         "product: x",
	} {
		if _, err := event.LoadTaxonomy(fstest.MapFS{"x.yml": {Data: []byte(text)}}); err == nil {
			t.Errorf("%s passed", name)
		}
	}
	if _, err := event.LoadTaxonomy(fstest.MapFS{}); err == nil {
		t.Error("an empty folder passed")
	}
}
