package atna_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/atna"
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
		"empty":          "<AuditMessage>",
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
		{"110109", "", "C", "create"},
		{"rest", "", "E", ""},
	}
	for _, tt := range tests {
		if got := atna.Verb(tt.id, []string{tt.kind}, tt.action); got != tt.want {
			t.Errorf("%s %s %s is %s, want %s", tt.id, tt.kind, tt.action, got, tt.want)
		}
	}
}

func FuzzATNA(f *testing.F) {
	f.Add([]byte(opened))
	f.Add([]byte(strings.Replace(opened, "csd-code", "code", -1)))
	f.Add([]byte(opened[:400]))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY a "b">]><AuditMessage>&a;</AuditMessage>`))
	f.Add([]byte("<a:AuditMessage><EventID/></a:AuditMessage>" + opened))
	f.Fuzz(func(t *testing.T, text []byte) {
		const canary = "0042canary"
		text = bytes.ReplaceAll(text, []byte("0042"), []byte(canary))
		lim := atna.Limits{Bytes: 1 << 20, Depth: 16, Attribute: 1 << 10, Elements: 500}
		reader := atna.NewReader(bytes.NewReader(text), lim)
		for n := 0; ; n++ {
			m, at, err := reader.Next()
			if err == io.EOF {
				break
			}
			if n > len(text) || at < 0 {
				t.Fatal("the reader does not move on")
			}
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Fatal("the error quotes the message")
			}
			if len(m.Participants)+len(m.Objects) > lim.Elements {
				t.Fatal("more elements than the limit")
			}
			for _, p := range m.Participants {
				if !utf8.ValidString(p.UserID) || len(p.UserID) > lim.Attribute {
					t.Fatal("user is not UTF-8 or too long")
				}
			}
		}
	})
}
