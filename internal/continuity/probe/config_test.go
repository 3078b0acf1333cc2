package probe_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/probe"
)

func TestParse(t *testing.T) {
	c, err := probe.Parse([]byte(`
targets:
  - name: PACS
    kind: dicom
    address: pacs.example:11112
    called_ae: ARCHIVE
    component: archive
    device: server
  - name: directory
    kind: ldap
    address: dc1.example
    tls: true
    warn_days: [7, 30]
  - {name: names, kind: dns, address: "[2001:db8::1]:5353", query: _ldap._tcp.example, type: SRV, every: 5s}
  - {name: records, kind: fhir, url: "https://fhir.example/r4", timeout: 10s}
at_once: 4
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil { // once more changes nothing
		t.Fatal(err)
	}
	pacs, directory, names, records := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[3]
	if pacs.Component != "archive" || pacs.CallingAE != "WARDLINE" || pacs.Every != 30*time.Second || pacs.Timeout != 5*time.Second || pacs.WarnDays != nil {
		t.Errorf("%+v", pacs)
	}
	if directory.Address != "dc1.example:636" || directory.Component != "directory" || !reflect.DeepEqual(directory.WarnDays, []int{7, 30}) {
		t.Errorf("%+v", directory)
	}
	if names.Address != "[2001:db8::1]:5353" || names.Timeout != 4*time.Second {
		t.Errorf("%+v", names)
	}
	if records.Timeout != 10*time.Second || !reflect.DeepEqual(records.WarnDays, []int{3, 14, 45}) || c.AtOnce != 4 {
		t.Errorf("%+v", records)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"name: a, kind: dicom, address: 'a:104', called_ae: A, device: modality", "target 1 (a): device modality: Wardline never probes modalities or pumps"},
		{"name: a, kind: tcp, address: 'a:104', device: pump", "Wardline never probes modalities or pumps"},
		{"name: a, kind: tcp, address: 'a:104', device: monitor", "Wardline never probes modalities or pumps"},
		{"name: a, kind: tcp, address: 'a:104', device: toaster", "only servers are probed"},
		{"kind: tcp, address: 'a:104'", "name"},
		{`name: "a\tb", kind: tcp, address: 'a:104'`, "without a name"},
		{"name: a, kind: icmp, address: a", "kind: one of tcp"},
		{"name: a, kind: tcp, address: a", "address: host and port"},
		{"name: a, kind: tcp, address: 'a:0'", "address: host and port"},
		{"name: a, kind: tcp, address: ':104'", "address: host and port"},
		{"name: a, kind: tcp, url: 'https://a'", "url: tcp has an address"},
		{"name: a, kind: fhir, address: 'a:443'", "address: fhir has a url"},
		{"name: a, kind: fhir, url: 'ftp://a'", "url: it is no address"},
		{"name: a, kind: fhir, url: 'https://a/r4?x=y'", "url: it is no address"},
		{"name: a, kind: qido, url: 'https://reader:hunter2@a/'", "credentials do not belong here"},
		{"name: a, kind: qido, url: 'http://a/', credentials: /etc/secret", "not sent readable"},
		{"name: a, kind: qido, url: 'https://a/', credentials: secret", "whole path"},
		{"name: a, kind: tcp, address: 'a:104', tls: true", "tls: it means nothing for kind tcp"},
		{"name: a, kind: tcp, address: 'a:104', status: 200", "status: it means nothing"},
		{"name: a, kind: ntp, address: a, query: b", "query: it means nothing"},
		{"name: a, kind: https, url: 'https://a/', status: 99", "status: 200 to 599"},
		{"name: a, kind: mllp, address: 'a:2575', ca: /etc/ca.pem", "need TLS"},
		{"name: a, kind: tls, address: 'a:2575', certificate: /etc/me.pem", "go together"},
		{"name: a, kind: tls, address: 'a:2575', warn_days: [0]", "warn_days"},
		{"name: a, kind: dicom, address: 'a:104'", "called_ae"},
		{"name: a, kind: dicom, address: 'a:104', called_ae: SEVENTEENLETTERS7", "called_ae"},
		{"name: a, kind: dns, address: a", "query"},
		{"name: a, kind: dns, address: a, query: b, type: MX", "type: A, AAAA or SRV"},
		{"name: a, kind: tcp, address: 'a:104', every: 1s", "every: from 5s"},
		{"name: a, kind: tcp, address: 'a:104', every: 10s, timeout: 10s", "less than every"},
		{"name: a, kind: tcp, address: 'a:104', colour: blue", "field colour not found"},
		{"name: a, kind: tcp, address: 'a:104'}\n- {name: a, kind: tcp, address: 'b:104'", "two are called a"},
	} {
		_, err := probe.Parse([]byte("targets:\n- {" + c.text + "}\n"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.text, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}
