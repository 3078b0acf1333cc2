package console

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/console/page"
)

// manner is how what stands in a field may be said on a page.
type manner uint8

// A field that is not listed below is never quoted.
const (
	asLength     manner = iota // only how long it is
	asCode                     // code and text of a catalogue
	asWord                     // of a table of the standard
	asNumber                   // a number, a range
	asValue                    // as OBX-2 says
	asTime                     // a time
	asIdentifier               // an identifier: its last digits
)

// spoken is a field in words.
type spoken struct {
	label string
	as    manner
}

// fields are those that a clinician would act on, by the name that chapter 2 of HL7 v2.5.1 gives them. Free text is never quoted.
var fields = map[string]spoken{
	"PID-3": {"Patient’s number", asIdentifier},
	"ORC-1": {"What is asked", asWord},
	"OBR-4": {"Test", asCode}, "OBR-7": {"Drawn", asTime}, "OBR-15": {"Specimen", asCode}, "OBR-25": {"State", asWord},
	"OBX-2": {"Kind of value", asWord}, "OBX-3": {"Test", asCode}, "OBX-5": {"Value", asValue}, "OBX-6": {"Unit", asCode}, "OBX-7": {"Usual range", asNumber}, "OBX-8": {"Flag", asWord},
	"OBX-11": {"State", asWord}, "OBX-14": {"Measured", asTime},
	"RXO-1": {"Drug", asCode}, "RXO-2": {"Dose, least", asNumber}, "RXO-3": {"Dose, most", asNumber}, "RXO-4": {"Unit", asCode}, "RXO-5": {"Form", asCode},
	"RXE-2": {"Drug", asCode}, "RXE-3": {"Dose, least", asNumber}, "RXE-4": {"Dose, most", asNumber}, "RXE-5": {"Unit", asCode}, "RXE-6": {"Form", asCode},
	"RXD-2": {"Drug", asCode}, "RXD-4": {"Dose", asNumber}, "RXD-5": {"Unit", asCode},
	"RXG-4": {"Drug", asCode}, "RXG-5": {"Dose, least", asNumber}, "RXG-7": {"Unit", asCode}, "RXG-8": {"Form", asCode},
	"RXA-3": {"Given", asTime}, "RXA-5": {"What was given", asCode}, "RXA-6": {"Dose", asNumber}, "RXA-7": {"Unit", asCode}, "RXA-20": {"State", asWord}, "RXA-21": {"What is asked", asWord},
	"RXR-1": {"Way it is given", asCode}, "RXR-2": {"Place on the body", asCode},
	"AL1-2": {"Kind of allergy", asCode}, "AL1-3": {"Allergy to", asCode}, "AL1-4": {"How severe", asCode}, "AL1-5": {"Reaction", asLength}, "AL1-6": {"Known since", asTime},
	"IAM-2": {"Kind of allergy", asCode}, "IAM-3": {"Allergy to", asCode}, "IAM-4": {"How severe", asCode}, "IAM-5": {"Reaction", asLength}, "IAM-6": {"What is asked", asCode},
	"DG1-3": {"Diagnosis", asCode}, "DG1-4": {"Diagnosis in words", asLength},
	"PR1-3": {"Procedure", asCode}, "PR1-4": {"Procedure in words", asLength}, "PR1-20": {"Place on the body", asCode},
	"TXA-2": {"Kind of document", asWord}, "TXA-12": {"Document’s number", asIdentifier}, "TXA-17": {"State", asWord}, "TXA-19": {"Availability", asWord},
	"NTE-3": {"Note", asLength},
}

// tables are words of the standard's tables: 0078, 0085 and 0123, 0119, 0125.
var tables = map[string]map[string]string{
	"OBX-8": {"H": "High", "L": "Low", "HH": "High, urgent", "LL": "Low, urgent", "N": "Normal", "A": "Not normal", "AA": "Not normal, urgent", "<": "Below what can be measured", ">": "Above what can be measured",
		"R": "Resistant", "S": "Susceptible", "I": "Between"},
	"OBX-11": {"F": "Final", "P": "Preliminary", "C": "Corrected", "D": "Deleted", "X": "No result possible", "R": "Not verified", "S": "Partial", "U": "Final", "W": "Taken back", "I": "Waits", "N": "Not asked for", "O": "Order only"},
	"OBR-25": {"F": "Final", "P": "Preliminary", "C": "Corrected", "X": "Cancelled", "R": "Not verified", "S": "Waits", "A": "Some results", "I": "Waits", "O": "Ordered", "Y": "No order", "Z": "No record"},
	"ORC-1":  {"NW": "New order", "CA": "Cancel", "DC": "Stop", "XO": "Change", "RE": "Results follow", "SC": "State changed", "HD": "Hold", "RL": "Release", "OC": "Cancelled", "OD": "Stopped", "OK": "Accepted", "CR": "Cancelled as asked", "XX": "Changed"},
	"OBX-2":  {"NM": "Number", "SN": "Number", "ST": "Short text", "TX": "Text", "FT": "Text", "CE": "Code", "CWE": "Code", "CNE": "Code", "DT": "Day", "TM": "Time", "TS": "Time", "DTM": "Time", "ED": "Document", "RP": "Document elsewhere"},
	"RXA-20": {"CP": "Complete", "PA": "Partial", "RE": "Refused", "NA": "Not given"},
	"RXA-21": {"A": "Add", "D": "Delete", "U": "Change"},
	"TXA-17": {"DI": "Dictated", "DO": "Documented", "IP": "In progress", "IN": "Incomplete", "PA": "Not authenticated", "AU": "Authenticated", "LA": "Legally authenticated"},
	"TXA-19": {"AV": "Available", "UN": "Not available", "CA": "Deleted", "OB": "Superseded"},
}

// shortWords are short texts that name nobody, and often decide most: a blood group, a finding.
var shortWords = []string{
	"positive", "negative", "pos", "neg", "reactive", "nonreactive", "non-reactive", "detected", "not detected", "present", "absent", "normal", "abnormal", "trace", "none", "yes", "no",
	"a", "b", "ab", "o", "+", "++", "+++", "++++", "a pos", "a neg", "b pos", "b neg", "ab pos", "ab neg", "o pos", "o neg", "a+", "a-", "b+", "b-", "ab+", "ab-", "o+", "o-", "rh positive", "rh negative",
	"a rh positive", "a rh negative", "b rh positive", "b rh negative", "ab rh positive", "ab rh negative", "o rh positive", "o rh negative", "left", "right", "both",
}

// baseField is the field of a change's place: OBX-3 of OBX-3.2 and of OBX-3[2].
func baseField(place string) string {
	if i := strings.IndexAny(place, ".["); i >= 0 {
		return place[:i]
	}
	return place
}

func spokenOf(place string) spoken { return fields[baseField(place)] }

// thingOf is what a statement is, in words: "a result".
func thingOf(about string) string {
	segment, _, _ := strings.Cut(about, " ")
	things := map[string]string{
		"OBX": "a result", "OBR": "an examination", "ORC": "an order", "RXO": "a drug order", "RXE": "a drug order", "RXD": "a dispensed drug", "RXG": "a dose", "RXA": "a dose that was given", "RXR": "the way a drug is given",
		"AL1": "an allergy", "IAM": "an allergy", "DG1": "a diagnosis", "PR1": "a procedure", "TXA": "a document", "NTE": "a note", "PID": "who the patient is",
	}
	if s := things[segment]; s != "" {
		return s
	}
	return "a message"
}

// said is what stands in a field, in words that name nobody. kind is OBX-2 of its segment.
func (t *teller) said(place, value, kind string) (text string, masked bool) {
	if value == "" {
		return nothing, false
	}
	base := baseField(place)
	switch s := spokenOf(place); s.as {
	case asCode:
		return t.code(value), false
	case asWord:
		first, _, _ := strings.Cut(value, "^")
		if known := tables[base][first]; known != "" {
			return known, false
		}
		return t.short(first), false
	case asNumber:
		if span := rangeSays(value); span != "" {
			return span, false
		}
		return t.number(value), false
	case asTime:
		return t.time(value), false
	case asIdentifier:
		return maskNumber(value), true
	case asValue:
		return t.value(value, kind), false
	}
	return lengthSays(value), false
}

// value says OBX-5 as its type allows (HL7 v2.5.1 7.4.2.5, chapter 2A).
func (t *teller) value(value, kind string) string {
	switch kind {
	case "CE", "CWE", "CNE", "CF", "IS", "ID":
		return t.code(value)
	case "SN":
		return t.number(strings.ReplaceAll(value, "^", ""))
	case "DT", "TM", "TS", "DTM":
		return t.time(value)
	case "TX", "FT", "ED", "RP":
		return lengthSays(value)
	}
	if slices.Contains(shortWords, strings.ToLower(strings.TrimSpace(value))) {
		return page.Clean(value, 20)
	}
	return t.number(value)
}

// code says the text of a coded value, and its code where that is another one (CE.1 and CE.2).
func (t *teller) code(value string) string {
	value, _, more := strings.Cut(value, "~")
	parts := append(strings.Split(value, "^"), "", "")
	code, text := t.hide(unescaped(parts[0])), t.hide(unescaped(parts[1]))
	switch {
	case text == "" || text == code:
		text = code
	case code != "":
		text += " (" + code + ")"
	}
	if more {
		text += " and more"
	}
	if text == "" {
		return lengthSays(value)
	}
	return text
}

// number says what is a number or hardly more; of everything else only how long it is.
func (t *teller) number(value string) string {
	if len(value) > 24 || strings.Trim(value, "0123456789.,+-<>=%: /*eE") != "" || !strings.ContainsAny(value, "0123456789") || digitsInRow(value) > 8 {
		return lengthSays(value)
	}
	return t.hide(value)
}

func digitsInRow(s string) (most int) {
	run := 0
	for _, r := range s {
		if !unicode.IsDigit(r) {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}

// short says a code of a table that is not listed, which has no room for a name.
func (t *teller) short(value string) string {
	if len(value) > 4 {
		return lengthSays(value)
	}
	return t.hide(value)
}

func (t *teller) time(value string) string {
	at, zoned, ok := hl7.ParseTime(value)
	if !ok {
		return lengthSays(value)
	}
	if !zoned {
		at = inZone(at, t.clock.Zone)
	}
	if len(value) < 12 {
		return at.Format("2 Jan 2006")
	}
	return t.clock.At(at)
}

// maskNumber shows the last digits of each identifier, without its authority.
func maskNumber(value string) string {
	var all []string
	for id := range strings.SplitSeq(value, "~") {
		number, _, _ := strings.Cut(id, "^")
		if m := page.Mask(number); !slices.Contains(all, m) && len(all) < 3 {
			all = append(all, m)
		}
	}
	return strings.Join(all, ", ")
}

// nothing stands for what a message does not say.
const nothing = "nothing"

// lengthSays stands for a text that is not quoted.
func lengthSays(value string) string {
	return "text, " + page.Plural(utf8.RuneCountInString(value), "character")
}

// unescaped undoes the escapes of the delimiters |^~\& .
func unescaped(s string) string {
	return strings.NewReplacer(`\F\`, "|", `\S\`, "^", `\R\`, "~", `\T\`, "&", `\E\`, `\`).Replace(s)
}

// span is a usual range (OBX-7); an end that is open is nil.
type span struct{ low, high *float64 }

// rangeOf reads 3.5-5.1, <5 and >60, as laboratories write them.
func rangeOf(text string) (s span, ok bool) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, " ", ""), ",", ".")
	read := func(t string) *float64 {
		f, err := strconv.ParseFloat(t, 64)
		if err != nil || len(t) > 12 || strings.Trim(t, "0123456789.-") != "" {
			return nil
		}
		return &f
	}
	switch {
	case strings.HasPrefix(text, "<"):
		s.high = read(strings.TrimLeft(text, "<="))
		return s, s.high != nil
	case strings.HasPrefix(text, ">"):
		s.low = read(strings.TrimLeft(text, ">="))
		return s, s.low != nil
	}
	if i := strings.Index(strings.TrimLeft(text, "-"), "-"); i > 0 {
		i += len(text) - len(strings.TrimLeft(text, "-"))
		s.low, s.high = read(text[:i]), read(text[i+1:])
	}
	return s, s.low != nil && s.high != nil && *s.low <= *s.high
}

func rangeSays(text string) string {
	s, ok := rangeOf(text)
	say := func(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }
	switch {
	case !ok:
		return ""
	case s.low == nil:
		return "below " + say(s.high)
	case s.high == nil:
		return "above " + say(s.low)
	}
	return say(s.low) + " to " + say(s.high)
}

// besideRange tells where a value lies: below, within, above; empty when nobody can tell.
func besideRange(value, usual string) string {
	s, ok := rangeOf(usual)
	if strings.Trim(value, "0123456789.,+-<>= ") != "" {
		return ""
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimLeft(strings.TrimSpace(value), "<>="), ",", "."), 64)
	switch {
	case !ok || err != nil:
		return ""
	case s.low != nil && v < *s.low:
		return "below"
	case s.high != nil && v > *s.high:
		return "above"
	}
	return "within"
}
