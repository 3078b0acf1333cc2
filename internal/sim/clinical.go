package sim

import (
	"fmt"
	"strings"
	"time"
)

const (
	pacsFile   = "clinical/pacs-audit.log"
	recordFile = "clinical/ehr-access.csv"
	hl7File    = "clinical/engine.hl7"
)

// audit is one DICOM audit message (PS3.15 A.5).
type audit struct {
	event, text  string // code and meaning (PS3.16 CID 400)
	kind, kindly string // code and meaning of its type (CID 401), if it has one
	action       string
	outcome      int
	user, name   string
	ae, ip       string
	patient      int // 0 is none
	study        int
}

// imaging is what the archive reports over syslog, counted (RFC 5425), as XML.
func (s *story) imaging() File {
	var all []entry
	said := func(at time.Time, a audit) { all = append(all, entry{at, a.message(at)}) }
	for range 130 {
		p := pick(s, staff())
		n := 1 + s.rng.IntN(200)
		said(s.anytime(), audit{event: "110103", text: "DICOM Instances Accessed", action: "R", user: p.login, name: p.name, ip: p.ip, patient: n, study: n})
	}
	for range 60 {
		n := 1 + s.rng.IntN(200)
		said(s.anytime(), audit{event: "110104", text: "DICOM Instances Transferred", action: "C", user: "CTED1", ae: "CT_ED_1", ip: "10.40.1.17", patient: n, study: n})
	}
	said(s.at(23, 0, 0), audit{event: "110112", text: "Query", action: "E", user: "FINDSCU", ae: "FINDSCU", ip: mirage().ip})
	s.happened(s.at(23, 0, 0), pacsFile, "A test tool talks to the imaging systems", "Somebody asks the archive what it holds.")
	said(s.at(23, 2, 0), audit{event: "110113", text: "Security Alert", kind: "110126", kindly: "Node Authentication", action: "E", outcome: 4, user: "PACS-01", ip: mirage().ip})
	s.happened(s.at(23, 2, 0), pacsFile, "A device could not prove who it is", "The archive turns the stranger away at first.")
	said(s.at(24, 5, 0), audit{event: "110113", text: "Security Alert", kind: "110133", kindly: "Audit Recording Stopped", action: "E", user: "pacsadmin", name: "PACS Administrator", ip: mirage().ip})
	s.happened(s.at(24, 5, 0), pacsFile, "Audit log of a clinical system switched off", "The archive is told to stop writing.")
	for i := range 30 {
		said(s.at(24, 10, 40*i), audit{event: "110106", text: "Export", action: "R", user: "pacsadmin", name: "PACS Administrator", ip: mirage().ip, patient: 300 + i, study: 300 + i})
	}
	s.happened(s.at(24, 10, 0), pacsFile, "One person exports or prints many patients one by one", "Images of thirty patients leave the archive.")
	s.happened(s.at(24, 10, 0), pacsFile, "Records printed or exported in the night", "And it is night.")
	for i := range 15 {
		said(s.at(26, 0, 20*i), audit{event: "110105", text: "DICOM Study Deleted", action: "D", user: "pacsadmin", name: "PACS Administrator", ip: mirage().ip, patient: 300 + i, study: 300 + i})
	}
	s.happened(s.at(26, 0, 0), pacsFile, "Imaging studies deleted in masses", "Fifteen studies are deleted.")
	s.happened(s.at(26, 0, 0), pacsFile, "Imaging study deleted", "Each of them is noted by itself.")
	var b strings.Builder
	for _, e := range ordered(all) {
		fmt.Fprintf(&b, "%d %s", len(e.text), e.text)
	}
	return File{pacsFile, []byte(b.String()), Syslog}
}

// message is the audit message in its syslog envelope. The archive lives by Central European Time.
func (a audit) message(at time.Time) string {
	var b strings.Builder
	local := at.In(time.FixedZone("", 3600))
	fmt.Fprintf(&b, "<85>1 %s %s pacs 711 IHE+DICOM - \ufeff", local.Format("2006-01-02T15:04:05.000-07:00"), host("PACS-01"))
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><AuditMessage>`)
	fmt.Fprintf(&b, `<EventIdentification EventActionCode="%s" EventDateTime="%s" EventOutcomeIndicator="%d">`, a.action, local.Format(time.RFC3339), a.outcome)
	fmt.Fprintf(&b, `<EventID csd-code="%s" codeSystemName="DCM" originalText="%s"/>`, a.event, a.text)
	if a.kind != "" {
		fmt.Fprintf(&b, `<EventTypeCode csd-code="%s" codeSystemName="DCM" originalText="%s"/>`, a.kind, a.kindly)
	}
	b.WriteString(`</EventIdentification>`)
	fmt.Fprintf(&b, `<ActiveParticipant UserID="%s" UserIsRequestor="true" NetworkAccessPointTypeCode="2" NetworkAccessPointID="%s"`, a.user, a.ip)
	if a.name != "" {
		fmt.Fprintf(&b, ` UserName="%s"`, a.name)
	}
	if a.ae != "" {
		fmt.Fprintf(&b, ` AlternativeUserID="AETITLES=%s"`, a.ae)
	}
	b.WriteString(`/><AuditSourceIdentification AuditSourceID="PACS-01" AuditEnterpriseSiteID="Example Hospital"/>`)
	if a.study != 0 {
		fmt.Fprintf(&b, `<ParticipantObjectIdentification ParticipantObjectID="2.25.1000%d" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3">`+
			`<ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID"/></ParticipantObjectIdentification>`, a.study)
	}
	if a.patient != 0 {
		fmt.Fprintf(&b, `<ParticipantObjectIdentification ParticipantObjectID="%s" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">`+
			`<ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/></ParticipantObjectIdentification>`, patient(a.patient))
	}
	b.WriteString(`</AuditMessage>`)
	return b.String()
}

// records is the access log of the record system, with columns as Epic names them.
func (s *story) records() File {
	var all []entry
	did := func(at time.Time, p person, what string, patientNumber int, reason string) {
		number := ""
		if patientNumber != 0 {
			number = patient(patientNumber)
		}
		all = append(all, entry{at, strings.Join([]string{
			at.Format("2006-01-02 15:04:05"), p.login, p.name, number, what, p.workstation, p.ip, `"` + reason + `"`,
		}, ",")})
	}
	for range 1300 {
		p := pick(s, staff())
		what := pick(s, []string{"View chart", "View chart", "View results", "Open note", "Sign note", "View medication list", "Patient list"})
		did(s.anytime(), p, what, 1+s.rng.IntN(60), "")
	}
	for _, p := range staff() {
		did(s.at(6, s.rng.IntN(59), 0), p, "Login", 0, "")
	}
	did(s.at(11, 20, 0), staff()[2], "Break-the-glass accessed", 44, "unconscious after a fall, allergies unknown")
	s.happened(s.at(11, 20, 0), recordFile, "Record opened in an emergency override", "An emergency, rightly handled.")
	for i := range 120 {
		did(s.at(20, 0, 15*i), figment(), "View chart", 400+i, "")
	}
	s.happened(s.at(20, 0, 0), recordFile, "One person opens the records of very many patients", "Galatea Figment leafs through records of a quiet evening.")
	for i := range 7 {
		did(s.at(20, 40, 90*i), figment(), "Break-the-glass accessed", 500+i, "x")
	}
	s.happened(s.at(20, 40, 0), recordFile, "Emergency override for many patients", "She opens protected ones as emergencies.")
	s.happened(s.at(20, 40, 0), recordFile, "Emergency override without a real reason", "Her reason is a single letter.")
	for i := range 10 {
		did(s.at(22, 30, 15*i), mirage(), "Login failed", 0, "")
	}
	did(s.at(22, 34, 0), mirage(), "Login", 0, "")
	s.happened(s.at(22, 30, 0), recordFile, "Failed logins to a clinical system, then success", "The intruder tries the record system.")
	head := "ACCESS_TIME,USER_ID,USER_NAME,PAT_MRN_ID,METRIC_NAME,WORKSTATION_ID,CLIENT_IP,BTG_REASON\n"
	return File{recordFile, lines(head, all), Dropped}
}

// messages is what went through the integration engine.
func (s *story) messages() File {
	var all []entry
	n := 0
	sent := func(at time.Time, from, to, kind string, segments ...string) {
		n++
		kindly := fmt.Sprintf("MSH|^~\\&|%s|EXAMPLE|%s|EXAMPLE|%s||%s|M%06d|P|2.5.1", from, to, at.Format("20060102150405+0000"), kind, n)
		all = append(all, entry{at, strings.Join(append([]string{kindly}, segments...), "\r") + "\r"})
	}
	for range 160 {
		i := 1 + s.rng.IntN(60)
		at := s.anytime()
		pid := fmt.Sprintf("PID|1||%s^^^EXAMPLE^MR||%s^Exemplar||19700101|U", patient(i), familyName(i))
		sent(at, "EHR", "ENGINE", "ADT^"+pick(s, []string{"A01", "A02", "A03", "A08"})+"^ADT_A01", "EVN||"+at.Format("20060102150405"), pid, "PV1|1|I|W7^1^A")
		sent(at.Add(200*time.Millisecond), "LIS", "ENGINE", "ACK", "MSA|AA|M"+fmt.Sprintf("%06d", n))
	}
	for i := range 40 {
		sent(s.at(26, 2, 7*i), "LIS", "ENGINE", "ACK", fmt.Sprintf("MSA|AE|M%06d", 900+i), "ERR|||207|E|||database not available")
	}
	s.happened(s.at(26, 2, 0), hl7File, "A system refuses message after message", "The laboratory system, its services stopped, refuses orders.")
	return File{hl7File, lines("", all), MLLP}
}
