package atna_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/atna"
	"github.com/wardline/wardline/format/formattest"
)

const opened = `<?xml version="1.0" encoding="UTF-8"?>
<AuditMessage>
 <EventIdentification EventActionCode="R" EventDateTime="2026-03-01T10:20:30.5+01:00" EventOutcomeIndicator="0">
  <EventID csd-code="110110" codeSystemName="DCM" originalText="Patient Record"/>
  <EventTypeCode csd-code="ITI-78" codeSystemName="IHE Transactions" originalText="Query"/>
  <PurposeOfUse csd-code="BTG" codeSystemName="2.16.840.1.113883.5.8" originalText="break the glass"/>
 </EventIdentification>
 <ActiveParticipant UserID="m.okafor" UserName="Miriam Okafor" UserIsRequestor="true" NetworkAccessPointID="10.2.3.4" NetworkAccessPointTypeCode="2">
  <RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source"/>
  <MediaIdentifier><MediaType csd-code="110030" codeSystemName="DCM" originalText="USB Disk Emulation"/></MediaIdentifier>
 </ActiveParticipant>
 <AuditSourceIdentification AuditSourceID="ward-7" AuditEnterpriseSiteID="north" code="4"/>
 <ParticipantObjectIdentification ParticipantObjectID="0042^^^NORTH&amp;1.2.3&amp;ISO" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1" ParticipantObjectDataLifeCycle="6">
  <ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/>
  <ParticipantObjectName>Zoë Invented</ParticipantObjectName>
  <ParticipantObjectDetail type="MSH-10" value="QQ=="/>
  <ParticipantObjectDescription><Accession Number="A1"/><SOPClass UID="1.2" NumberOfInstances="3"><Instance UID="1.2.3"/></SOPClass></ParticipantObjectDescription>
 </ParticipantObjectIdentification>
</AuditMessage>`

func TestParse(t *testing.T) {
	got, err := atna.Parse([]byte(opened), atna.DefaultLimits())
	want := atna.Message{
		EventID:    atna.Code{Value: "110110", System: "DCM", Text: "Patient Record"},
		EventTypes: []atna.Code{{Value: "ITI-78", System: "IHE Transactions", Text: "Query"}},
		Purposes:   []atna.Code{{Value: "BTG", System: "2.16.840.1.113883.5.8", Text: "break the glass"}},
		Action:     "R", DateTime: "2026-03-01T10:20:30.5+01:00", Outcome: "0",
		Participants: []atna.Participant{{
			UserID: "m.okafor", UserName: "Miriam Okafor", UserIsRequestor: "true",
			Roles:                []atna.Code{{Value: "110153", System: "DCM", Text: "Source"}},
			Media:                []atna.Code{{Value: "110030", System: "DCM", Text: "USB Disk Emulation"}},
			NetworkAccessPointID: "10.2.3.4", NetworkAccessPointTypeCode: "2",
		}},
		Sources: []atna.Source{{AuditSourceID: "ward-7", AuditEnterpriseSiteID: "north", Types: []atna.Code{{Value: "4"}}}},
		Objects: []atna.Object{{
			ID: "0042^^^NORTH&1.2.3&ISO", TypeCode: "1", Role: "1", DataLifeCycle: "6",
			IDType:     atna.Code{Value: "2", System: "RFC-3881", Text: "Patient Number"},
			Name:       "Zoë Invented",
			Details:    []atna.Detail{{Type: "MSH-10", Value: "QQ=="}},
			Accessions: []string{"A1"},
			SOPClasses: []atna.SOPClass{{UID: "1.2", NumberOfInstances: "3", Instances: []string{"1.2.3"}}},
		}},
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// Senders differ in dialect, namespaces and order, and mean the same.
func TestParseDialects(t *testing.T) {
	want, err := atna.Parse([]byte(opened), atna.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"RFC 3881":  strings.NewReplacer("csd-code", "code", "originalText", "displayName").Replace(opened),
		"namespace": strings.Replace(opened, "<AuditMessage>", `<AuditMessage xmlns="http://example.org/a" xmlns:xsi="x" xsi:y="z">`, 1),
		"prefix":    strings.NewReplacer("</", "</a:", "<?", "<?", "<", "<a:", "</a:", "</a:").Replace(strings.TrimPrefix(opened, `<?xml version="1.0" encoding="UTF-8"?>`)),
		"Latin-1":   strings.Replace(strings.Replace(opened, "UTF-8", "ISO-8859-1", 1), "ë", "\xeb", 1),
		"mark":      "\xef\xbb\xbf" + opened,
	} {
		got, err := atna.Parse([]byte(text), atna.DefaultLimits())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestParseFalseCharset(t *testing.T) {
	for _, text := range []string{
		strings.Replace(opened, "UTF-8", "US-ASCII", 1),
		strings.Replace(opened, "ë", "\xeb", 1),
	} {
		m, err := atna.Parse([]byte(text), atna.DefaultLimits())
		if err != nil || !m.BadCharset || m.Objects[0].Name != "Zoë Invented" {
			t.Errorf("error %v, BadCharset %v", err, m.BadCharset)
		}
	}
}

func TestParseBrokenKeepsWhatWasSeen(t *testing.T) {
	cut := opened[:strings.Index(opened, "<ParticipantObjectName")]
	wrong := strings.Replace(opened, "<ParticipantObjectName>", "<ParticipantObjectName>&unknown;", 1)
	crossed := strings.Replace(opened, "</ParticipantObjectName>", "</Other>", 1)
	for _, text := range []string{cut, cut + "<Part", wrong, crossed} {
		m, err := atna.Parse([]byte(text), atna.DefaultLimits())
		if err != nil || !m.Broken || len(m.Objects) != 1 || m.Participants[0].UserID != "m.okafor" {
			t.Errorf("error %v, Broken %v, %d objects", err, m.Broken, len(m.Objects))
		}
	}
}

func TestParseRefuses(t *testing.T) {
	bomb := `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>` + strings.Replace(opened, "m.okafor", "&b;", 1)
	for name, text := range map[string]string{
		"nothing":        "",
		"other XML":      "<Other/>",
		"a DTD":          strings.TrimPrefix(bomb, `<?xml version="1.0" encoding="UTF-8"?>`),
		"depth":          strings.Repeat("<AuditMessage>", 40),
		"long attribute": strings.Replace(opened, "m.okafor", strings.Repeat("x", 9<<10), 1),
		"empty":          "<AuditMessage></AuditMessage>",
		"empty, cut off": "<AuditMessage>",
		"no event":       `<AuditMessage><ActiveParticipant UserID="m.okafor"/></AuditMessage>`,
	} {
		m, err := atna.Parse([]byte(text), atna.DefaultLimits())
		var e *atna.Error
		if !errors.As(err, &e) || !cmp.Equal(m, atna.Message{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReader(t *testing.T) {
	cut := opened[:strings.Index(opened, "<ParticipantObject")]
	prefixed := strings.NewReplacer("<AuditMessage>", `<x:AuditMessage xmlns:x="u">`, "</AuditMessage>", "</x:AuditMessage >").Replace(opened)
	text := "junk <AuditMessages>" + opened + "\n" + cut + prefixed + "</AuditMessages>" + opened + cut
	for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), utf16(text)} {
		reader := atna.NewReader(r, atna.DefaultLimits())
		var broken []bool
		for {
			m, _, err := reader.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			broken = append(broken, m.Broken)
		}
		if want := []bool{false, true, false, false, true}; !cmp.Equal(broken, want) {
			t.Errorf("broken %v, want %v", broken, want)
		}
	}
}

func TestReaderLimit(t *testing.T) {
	long := "<AuditMessage>" + strings.Repeat("<x/>", 1<<16)
	reader := atna.NewReader(strings.NewReader(long+opened), atna.Limits{Bytes: 8 << 10, Depth: 8, Attribute: 1 << 10, Elements: 1000})
	messages, errs := 0, 0
	for {
		_, _, err := reader.Next()
		if err == io.EOF {
			break
		}
		var e *atna.Error
		if errors.As(err, &e) {
			errs++
		} else if err == nil {
			messages++
		}
	}
	if errs != 1 || messages != 1 {
		t.Errorf("%d errors, %d messages", errs, messages)
	}
}

func utf16(text string) io.Reader {
	b := []byte{0xff, 0xfe}
	for _, r := range text {
		b = append(b, byte(r), byte(r>>8))
	}
	return bytes.NewReader(b)
}

func TestVerb(t *testing.T) {
	tests := []struct {
		id, kind, action, want string
	}{
		{"110110", "ITI-8", "U", "update"},
		{"110112", "ITI-18", "E", "search"},
		{"110114", "110122", "E", "login"},
		{"110114", "110123", "E", "logout"},
		{"110113", "110127", "E", "break-glass"},
		{"110106", "ITI-41", "R", "export"},
		{"110100", "110120", "E", "start"},
		{"110101", "", "R", "read"},
		{"110102", "", "E", "send"},
		{"110104", "", "C", "send"},
		{"110105", "", "D", "delete"},
		{"110107", "", "C", "import"},
		{"110109", "", "C", "create"},
		{"110111", "", "R", "read"},
		{"110110", "", "D", "delete"},
		{"110114", "110126", "E", "login"},
		{"110113", "110124", "E", "start"},
		{"110113", "110125", "E", "stop"},
		{"110113", "110131", "E", "config"},
		{"110113", "110133", "E", "stop"},
		{"110113", "110134", "E", "start"},
		{"110113", "110136", "E", "config"},
		{"110113", "110138", "E", "stop"},
		{"110113", "110139", "E", "start"}, // a remote service operation
		{"110113", "110140", "E", "stop"},
		{"110113", "110141", "E", "start"}, // a local one
		{"110113", "110142", "E", "stop"},
		{"rest", "", "E", ""},
	}
	for _, tt := range tests {
		if got := atna.Verb(tt.id, []string{tt.kind}, tt.action); got != tt.want {
			t.Errorf("%s %s %s is %s, want %s", tt.id, tt.kind, tt.action, got, tt.want)
		}
	}
}

// Senders that write no code are understood by the words beside it.
func TestEventCode(t *testing.T) {
	for text, want := range map[string]string{
		"Application Activity": "110100", "audit log used": "110101", "Begin Transferring DICOM Instances": "110102", "DICOM Instances Accessed": "110103",
		"DICOM Instances Transferred": "110104", "DICOM Study Deleted": "110105", "Export": "110106", " import ": "110107", "Order Record": "110109",
		"Patient Record": "110110", "Procedure Record": "110111", "Query": "110112", "Security Alert": "110113", "User Authentication": "110114",
		"something else": "eventIDcode", "": "eventIDcode",
	} {
		m := atna.Message{EventID: atna.Code{Value: "eventIDcode", Text: text}}
		if got := m.EventCode(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	m := atna.Message{EventID: atna.Code{Value: "110112", Text: "Export"}}
	if got := m.EventCode(); got != "110112" {
		t.Errorf("the code gives way to the words: %s", got)
	}
}

// What PS3.15 A.5 has besides: the parts of an object that images bring, and roles.
func TestParseImaging(t *testing.T) {
	m, err := atna.Parse([]byte(`<AuditMessage><EventIdentification EventDateTime="2026-03-01T10:20:30Z"/>
 <RoleIDCode csd-code="lost"/><AuditSourceTypeCode csd-code="lost"/><Accession Number="lost"/>
 <ActiveParticipant UserID="a" UserIsRequestor="1"><RoleIDCode csd-code="110150"/></ActiveParticipant>
 <AuditSourceIdentification AuditSourceID="pacs"><AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>
 <ParticipantObjectIdentification ParticipantObjectID="1.2" ParticipantObjectSensitivity="high"><ParticipantObjectQuery>eA==</ParticipantObjectQuery>
  <ParticipantObjectDescription><MPPS UID="1.2.5"/><Instance UID="lost"/><ParticipantObjectContainsStudy><StudyIDs UID="1.2.6"/></ParticipantObjectContainsStudy>
  <ParticipantObjectContainsStudy UID="1.2.7"/><Encrypted>true</Encrypted><Anonymized>false</Anonymized></ParticipantObjectDescription>
 </ParticipantObjectIdentification><EventOutcomeDescription>fine</EventOutcomeDescription></AuditMessage>`), atna.DefaultLimits())
	want := atna.Message{
		DateTime: "2026-03-01T10:20:30Z", OutcomeDescription: "fine",
		Participants: []atna.Participant{{UserID: "a", UserIsRequestor: "1", Roles: []atna.Code{{Value: "110150"}}}},
		Sources:      []atna.Source{{AuditSourceID: "pacs", Types: []atna.Code{{Value: "4"}}}},
		Objects:      []atna.Object{{ID: "1.2", Sensitivity: "high", Query: "eA==", MPPS: []string{"1.2.5"}, Studies: []string{"1.2.6", "1.2.7"}, Encrypted: "true", Anonymized: "false"}},
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, want); diff != "" {
		t.Error(diff)
	}
	if p := &m.Participants[0]; !p.Requests() || !p.HasRole(atna.RoleApplication) || p.HasRole(atna.RoleSource) || m.Objects[0].IsPatient() {
		t.Error("who requests, with which role")
	}
}

func FuzzATNA(f *testing.F) {
	f.Add([]byte(opened))
	f.Add([]byte(strings.Replace(opened, "csd-code", "code", -1)))
	f.Add([]byte(opened[:400]))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY a "b">]><AuditMessage>&a;</AuditMessage>`))
	f.Add([]byte("<a:AuditMessage><EventID/></a:AuditMessage>" + opened))
	lim := atna.Limits{Bytes: 2 << 10, Depth: 16, Attribute: 256, Elements: 64}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		var whole []string
		formattest.Cost{Fixed: 256 << 10, PerByte: 400}.Check(t, len(text), func() { whole = read(t, bytes.NewReader(text), lim, len(text)) })
		if diff := cmp.Diff(read(t, iotest.OneByteReader(bytes.NewReader(text)), lim, len(text)), whole); diff != "" {
			t.Fatalf("read byte by byte (-) the messages differ: %s", diff)
		}
		m, err := atna.Parse(text, lim)
		formattest.Quiet(t, err)
		if err != nil && !cmp.Equal(m, atna.Message{}) {
			t.Fatal("a message beside the error")
		}
	})
}

// read lists what a reader gives: the place of each message and the message, or the error.
func read(t *testing.T, r io.Reader, lim atna.Limits, size int) (list []string) {
	reader := atna.NewReader(r, lim)
	for range size + 1 {
		m, at, err := reader.Next()
		var broken *atna.Error
		switch {
		case err == io.EOF:
			return list
		case errors.As(err, &broken):
			formattest.Quiet(t, err)
			list = append(list, err.Error())
		case err != nil:
			t.Fatal(err)
		default:
			if len(m.Participants)+len(m.Objects)+len(m.Sources) > lim.Elements {
				t.Fatal("more elements than the limit")
			}
			text := fmt.Sprint(at, m)
			if !utf8.ValidString(text) {
				t.Fatal("not UTF-8")
			}
			list = append(list, text)
		}
	}
	t.Fatal("the reader does not come to an end")
	return nil
}
