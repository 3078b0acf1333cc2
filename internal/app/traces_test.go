package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/app"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/trace"
)

// writing is a record as a system of the simulated hospital writes it, and what the collectors must make of it.
type writing struct {
	name          string
	head          string // of the file that the record stands in
	record        []byte
	format, class string
	access        map[string]any // some of what access must hold; nil where there is none
}

// TestTheSimulatedSystemsAreRead decodes a record of every writer of the simulated hospital.
func TestTheSimulatedSystemsAreRead(t *testing.T) {
	at := time.Date(2026, 3, 2, 22, 15, 30, 120e6, time.UTC)
	taxonomy, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	formats, err := app.Formats("")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(clinicalSamples(at), itSamples(at)...) {
		t.Run(s.name, func(t *testing.T) {
			ev := decoded(t, formats, taxonomy, s.head+string(s.record)+"\n")
			if got := fmt.Sprintf("%s/%s", ev.Class.Product, ev.Class.Service); ev.Format != s.format || got != s.class {
				t.Errorf("read as %s of %s, want %s of %s", ev.Format, got, s.format, s.class)
			}
			if want := at.Truncate(time.Second); !ev.Time.Truncate(time.Second).Equal(want) {
				t.Errorf("happened at %v, want %v", ev.Time, want)
			}
			var all struct{ Access map[string]any }
			if err := json.Unmarshal(ev.Fields, &all); err != nil {
				t.Fatal(err)
			}
			got := map[string]any{}
			for name := range s.access {
				got[name] = all.Access[name]
			}
			if s.access == nil {
				got = nil
			}
			if diff := cmp.Diff(s.access, got); diff != "" {
				t.Errorf("access (want -, got +):\n%s", diff)
			}
		})
	}
}

// decoded is the only event of text, read in the format that is surest of it.
func decoded(t *testing.T, formats []collect.Format, taxonomy *event.Taxonomy, text string) event.Event {
	t.Helper()
	best, most := collect.Format{}, 0
	for _, f := range formats {
		if sure := f.Sniff([]byte(text)); sure > most {
			best, most = f, sure
		}
	}
	if most == 0 {
		t.Fatal("no format reads it")
	}
	d := best.Open(strings.NewReader(text), collect.Options{Limits: collect.DefaultLimits(), Taxonomy: taxonomy})
	var ev, more event.Event
	if err := d.Next(&ev); err != nil {
		t.Fatalf("%s: %v", best.Name, err)
	}
	kept := ev
	kept.Fields = bytes.Clone(ev.Fields)
	if err := d.Next(&more); !errors.Is(err, io.EOF) {
		t.Fatalf("%s: after the record: %v", best.Name, err)
	}
	return kept
}

func clinicalSamples(at time.Time) []writing {
	p := trace.Patient{MRN: "00071234", Authority: "ALDER"}
	who, from := trace.Who{Login: "a.fable", Name: "Aesop Fable"}, trace.From{Host: "WS-4W-01", IP: "10.20.1.11"}
	study := trace.Study{UID: "2.25.17", Accession: "X17", Class: "1.2.840.10008.5.1.4.1.1.2", Instances: 22}
	audit := func(code, kind, action string) trace.Audit {
		a := trace.Audit{Event: trace.DCM(code), Action: action, Who: who, From: from, Source: "PACS-01"}
		if kind != "" {
			a.Type = trace.DCM(kind)
		}
		return a
	}
	read := audit("110103", "", "R")
	read.Patients, read.Studies = []trace.Patient{p}, []trace.Study{study}
	moved := trace.Audit{Event: trace.DCM("110104"), Action: "R", AE: "RESEARCH9", From: trace.From{IP: "10.30.4.77"}, To: "PACS-01", ToIP: "10.40.0.5",
		Source: "PACS-01", Patients: []trace.Patient{p}, Studies: []trace.Study{study}}
	asked := trace.Audit{Event: trace.DCM("110112"), AE: "RESEARCH9", From: trace.From{IP: "10.30.4.77"}, To: "PACS-01", ToIP: "10.40.0.5", Source: "PACS-01", Query: "CAAFAA=="}
	deleted := audit("110105", "", "D")
	deleted.Studies = []trace.Study{study}
	balp := func(kind string) trace.Interaction {
		return trace.Interaction{ID: 7, Request: "r-7", Kind: kind, Who: who, Client: "portal", From: from, Token: "t1", Patient: "Patient/1000"}
	}
	search := balp("search")
	search.Query = "GET /r4/Patient?family=Lantern"
	service := balp("export")
	service.Who = trace.Who{}
	const ehr, dicom = "ehr/audit", "dicom/audit"
	row := func(metric, search string, patients int) []byte {
		r := feed.AccessRow{At: at, Zone: time.UTC, Login: "a.fable", Name: "Fable, Aesop", Metric: metric, Search: search, Patients: patients, MRN: p.MRN, Workstation: from.Host}
		return bytes.TrimSuffix(feed.AppendAccess(nil, &r), []byte("\n"))
	}
	return []writing{
		{"a record opened", feed.AccessHead + "\n", row("Open chart", "", 0), "csv", ehr, map[string]any{"verb": "read", "user": "a.fable", "patient": []any{"00071234"}, "workstation": "WS-4W-01"}},
		{"an emergency prompt taken", feed.AccessHead + "\n", row("Break-the-Glass accessed", "", 0), "csv", ehr, map[string]any{"verb": "break-glass", "outcome": nil}},
		{"an emergency prompt turned down", feed.AccessHead + "\n", row("Break-the-Glass declined", "", 0), "csv", ehr, map[string]any{"verb": "break-glass", "outcome": "serious"}},
		{"a report exported", feed.AccessHead + "\n", row("Export report to CSV", "", 180), "csv", ehr, map[string]any{"verb": "export"}},
		{"an image study opened", "", read.Syslog(at), "atna", dicom, map[string]any{"verb": "read", "user": "a.fable", "user_name": "Aesop Fable",
			"patient": []any{"00071234"}, "patient_authority": []any{"ALDER"}, "study_uid": []any{"2.25.17"}, "accession": []any{"X17"}, "origin_ip": "10.20.1.11", "records_count": 22.0, "audit_source": "PACS-01"}},
		{"images sent to another node", "", moved.Syslog(at), "atna", dicom, map[string]any{"verb": "receive", "ae_title": "RESEARCH9", "origin_ip": "10.30.4.77"}},
		{"a query of the archive", "", asked.Syslog(at), "atna", dicom, map[string]any{"verb": "search", "ae_title": "RESEARCH9", "origin_ip": "10.30.4.77"}},
		{"a study deleted", "", deleted.Syslog(at), "atna", dicom, map[string]any{"verb": "delete", "user": "a.fable"}},
		{"audit recording stopped", "", audit("110113", "110133", "E").Syslog(at), "atna", ehr, map[string]any{"native_action": "110113+110133", "user": "a.fable"}},
		{"a login to the archive", "", audit("110114", "110122", "E").Syslog(at), "atna", ehr, map[string]any{"verb": "login", "user": "a.fable"}},
		{"a resource read", "", balp("read").AuditEvent(at), "fhir", ehr, map[string]any{"verb": "read", "user": "a.fable", "patient": []any{"Patient/1000"}, "origin_ip": "10.20.1.11"}},
		{"a search", "", search.AuditEvent(at), "fhir", ehr, map[string]any{"verb": "search", "query": "GET /r4/Patient?family=Lantern", "patient": []any{"Patient/1000"}}},
		{"a resource created", "", balp("create").AuditEvent(at), "fhir", ehr, map[string]any{"verb": "create"}},
		{"an export", "", service.AuditEvent(at), "fhir", ehr, map[string]any{"verb": "export", "user": "portal"}},
		{"a token refused", "", balp("security").AuditEvent(at), "fhir", ehr, map[string]any{"user": "a.fable"}},
	}
}

func itSamples(at time.Time) []writing {
	who, from := trace.Who{Login: "a.fable", Name: "Aesop Fable"}, trace.From{Host: "WS-4W-01", IP: "10.20.1.11"}
	web := trace.Request{Server: "fhir", Who: who, Client: "portal", From: from, Method: "GET", Host: "fhir.example.org", Path: "/r4/Patient/1000", Status: 200, Bytes: 812, Took: 12 * time.Millisecond, ID: "r-7"}
	images := web
	images.Server, images.Path, images.Returned = "dicomweb", "/dicom-web/studies/2.25.17", 22
	image := trace.Image{ID: 1, Command: "C-FIND", Calling: "RESEARCH9", Called: "PACS-01", From: "10.30.4.77", To: "10.40.0.5", Matches: 900}
	signIn := trace.SignIn{ID: 1, Who: who, App: "Mail", From: trace.From{IP: "203.0.113.7"}, Country: "BR"}
	kept := func(header string, row []byte, name string) writing {
		return writing{name, header + "\n", row, "csv", "records/row", nil}
	}
	csv := func(header string, row []byte, name string) writing {
		return writing{name, header + "\n", row, "csv", "/", nil}
	}
	return []writing{
		{"a request to a FHIR server", "", web.Line(at), "restlog", "ehr/rest", map[string]any{"verb": "read", "user": "a.fable", "app": "portal", "patient": []any{"Patient/1000"}, "origin_ip": "10.20.1.11", "corr": "r-7"}},
		{"a request for images", "", images.Line(at), "restlog", "dicom/web", map[string]any{"verb": "read", "user": "a.fable", "study_uid": []any{"2.25.17"}, "records_count": 22.0}},
		{"a connection through the proxy", "", web.Squid(at), "syslog", "linux/syslog", nil},
		{"an image query on the wire", "", image.JSON(at), "zeek", "zeek/", nil},
		{"a connection", "", trace.Conn{ID: 1, From: "10.20.1.11", To: "10.20.8.5", Port: 443, State: "SF"}.JSON(at), "zeek", "zeek/conn", nil},
		{"a handshake that failed", "", trace.TLSFailed(at, 1, "10.20.1.11", "10.20.8.5", 6514, "syslog.example.org", "certificate has expired"), "zeek", "zeek/ssl", nil},
		{"an HL7 message on the wire", "", trace.HL7Seen(at, 1, "10.20.1.11", "10.20.8.5", 2575, "M1", "ADT^A01", "AA", time.Second, 5), "zeek", "zeek/", nil},
		{"a flow", "", trace.Flow(at, 1, "10.20.1.11", "203.0.113.9", 443, 1, 2, time.Minute), "eve", "suricata/flow", nil},
		{"an alert", "", trace.Alert(at, 1, "10.20.1.11", "203.0.113.9", 443, 9, 1, "invented"), "eve", "suricata/alert", nil},
		{"a sign-in", "", signIn.JSON(at), "entra", "azure/signinlogs", nil},
		{"a change in the directory", "", trace.Directory{ID: 1, By: who, Activity: "Reset password", Target: "b.lantern"}.JSON(at), "entra", "azure/auditlogs", nil},
		{"a VPN session", "", trace.VPNOn(at, "a.fable", "203.0.113.7", "10.99.0.7"), "syslog", "cisco/asa", map[string]any{"verb": "login", "user": "a.fable", "origin_ip": "203.0.113.7"}},
		{"a VPN session's end", "", trace.VPNOff(at, "a.fable", "203.0.113.7", time.Hour, 1, 2), "syslog", "cisco/asa", map[string]any{"verb": "logout", "user": "a.fable"}},
		{"a VPN login refused", "", trace.VPNRefused(at, "a.fable", "203.0.113.7", "Invalid password"), "syslog", "cisco/asa", map[string]any{"verb": "login-fail", "user": "a.fable", "outcome": "serious"}},
		{"a statement", "", trace.SQL{Host: "db-01", Database: "lis", User: "dba1", Client: "10.20.1.11", Session: 9, Statement: 1, Class: "WRITE", Command: "UPDATE", Object: "lis.result", Text: "update x"}.Line(at), "syslog", "linux/syslog", nil},
		{"a word of the engine", "", trace.Engine(at, "LAB_RESULTS", "state=stopped"), "syslog", "linux/syslog", nil},
		{"a word of the clock", "", trace.Chrony(at, "engine-01", "System clock wrong by 420.1 seconds"), "syslog", "linux/syslog", nil},
		{"a command on a hypervisor", "", trace.Hypervisor(at, "esx-03", "shell", "[root]: esxcli vm process list"), "syslog", "linux/syslog", nil},
		{"a program started", "", trace.Process(1, "WS-4W-01", "a.fable", `C:\x.exe`, `C:\y.exe`, "x").JSON(at), "evtx_dump", "windows/sysmon", nil},
		{"a logon", "", trace.Logon(1, "DC-01", "a.fable", 3, from, true).JSON(at), "evtx_dump", "windows/security", nil},
		{"a logon refused", "", trace.Logon(1, "DC-01", "a.fable", 3, from, false).JSON(at), "evtx_dump", "windows/security", nil},
		{"a ticket refused", "", trace.Kerberos(1, "DC-01", "a.fable", "10.20.1.11", "0x25").JSON(at), "evtx_dump", "windows/security", nil},
		{"a file renamed", "", trace.Renamed(1, "SRV-FILE-01", "a.fable", "System", `D:\x.doc.quagga`).JSON(at), "evtx_dump", "windows/sysmon", nil},
		{"a page printed", "", trace.Printed(1, "Face sheet", "a.fable", "WS-4W-01", "PRN-4W", 2, 9000).JSON(at), "evtx_dump", "windows/printservice-operational", nil},
		{"a service stopped", "", trace.Service(1, "SRV-01", "Backup Agent", "stopped").JSON(at), "evtx_dump", "windows/system", nil},
		{"a drug taken", trace.CabinetHeader + "\n", trace.Cabinet{Station: "ADC-4W", Kind: "REMOVE", User: "a.fable", Patient: "00071234", Amount: "10", Unit: "mg"}.Row(at, time.UTC), "csv", "pharmacy/cabinet",
			map[string]any{"user": "a.fable", "native_action": "REMOVE", "patient": []any{"00071234"}, "workstation": "ADC-4W"}},
		csv(trace.BadgeHeader, trace.Badge(at, time.UTC, "R1", "4W main", "S1", "C1", true), "a door"),
		csv(trace.CertificateHeader, trace.Certificate(at, "10.20.8.5:6514", "syslog.example.org", "01", at, at, "syslog"), "a certificate"),
		kept(trace.ResultHeader, trace.ResultRow{ID: "1", Patient: "00071234", Verified: at, Updated: at}.Row(at), "a result's row"),
		kept(trace.DrugHeader, trace.DrugRow{ID: "1", Updated: at}.Row(at), "a drug's row"),
		kept(trace.CountHeader, trace.Count(at, "PACS-01", "study", "2.25.17", 22, 0, 0), "a count"),
	}
}
