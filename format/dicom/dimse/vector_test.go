package dimse_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/dicom/dimse"
)

// readVector reads a vector and lists facts about it: "name value".
func readVector(t *testing.T, items bool, raw []byte) []string {
	if !items || raw[0] == 0x03 { // a data value without its length and context
		value := append(binary.BigEndian.AppendUint32(nil, uint32(len(raw)+1)), 1)
		raw = frame(0x04, append(value, raw...))
	} else if raw[0] >= 0x10 { // an item
		body := make([]byte, 68)
		raw = frame(0x01, append(body, raw...))
	}
	p, err := dimse.Parse(raw, dimse.DefaultLimits())
	if length := uint32(len(raw) - 6); err != nil && binary.BigEndian.Uint32(raw[2:]) != length {
		binary.BigEndian.PutUint32(raw[2:], length) // that library does not look at it, and some of its PDUs lie
		p, err = dimse.Parse(raw, dimse.DefaultLimits())
	}
	if err != nil {
		t.Fatal(err)
	}
	sameButSecrets(t, dimse.AppendPDU(nil, p), raw, p)
	return facts(t, p)
}

// frame puts the header of a PDU before its body.
func frame(kind byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind, 0}, uint32(len(body))), body...)
}

func facts(t *testing.T, p dimse.PDU) (list []string) {
	note := func(format string, values ...any) { list = append(list, fmt.Sprintf(format, values...)) }
	switch p := p.(type) {
	case dimse.Associate:
		note("pdu %s", map[bool]string{false: "request", true: "accept"}[p.Accept])
		note("called %s", p.Called)
		note("calling %s", p.Calling)
		list = append(list, itemFacts(p.Items)...)
	case dimse.Reject:
		note("pdu reject")
	case dimse.Release:
		note("pdu release%s", map[bool]string{true: " response"}[p.Response])
	case dimse.Abort:
		note("pdu abort")
		note("%v", p)
	case dimse.Data:
		note("pdu data")
		for _, v := range p.Values {
			if v.Control.Command() {
				list = append(list, commandFacts(t, v.Fragment)...)
			}
		}
	}
	return list
}

func itemFacts(items []dimse.Item) (list []string) {
	note := func(format string, values ...any) { list = append(list, fmt.Sprintf(format, values...)) }
	for _, item := range items {
		switch i := item.(type) {
		case dimse.ApplicationContext:
			note("application %s", i.Name)
		case dimse.ContextRequest:
			note("context %d", i.ID)
			list = append(list, itemFacts(i.Items)...)
		case dimse.ContextAnswer:
			note("context %d", i.ID)
			note("result %d", i.Result)
			list = append(list, itemFacts(i.Items)...)
		case dimse.UserInformation:
			list = append(list, itemFacts(i.Items)...)
		case dimse.AbstractSyntax:
			note("abstract %s", i.UID)
		case dimse.TransferSyntax:
			note("transfer %s", i.UID)
		case dimse.MaxLength:
			note("max %d", i.Bytes)
		case dimse.ImplementationClass:
			note("class %s", i.UID)
		case dimse.ImplementationVersion:
			note("version %s", i.Name)
		case dimse.AsyncWindow:
			note("invoked %d", i.Invoked)
			note("performed %d", i.Performed)
		case dimse.Role:
			note("sop %s", i.Class)
			note("scu %d", i.SCU)
			note("scp %d", i.SCP)
		case dimse.ExtendedNegotiation:
			note("sop %s", i.Class)
			note("info %x", i.Info)
		case dimse.CommonNegotiation:
			note("sop %s", i.Class)
		case dimse.UserIdentity:
			note("user %s", i.User)
			note("respond %d", i.Respond)
			note("passcode %v", i.Passcode)
		case dimse.IdentityAnswer:
			note("response %v", i.Response)
		default:
			note("unknown item")
		}
	}
	return list
}

func commandFacts(t *testing.T, text []byte) []string {
	set, err := dimse.ParseSet(text, dimse.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(dimse.AppendSet(nil, set), text) {
		t.Error("a command set is not written as it was read")
	}
	c, err := dimse.ParseCommand(text, dimse.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"command " + c.Field.String(), fmt.Sprint("id ", c.ID), "affected " + c.Class, "instance " + c.Instance,
		fmt.Sprint("priority ", c.Priority.Value), "originator " + c.MoveOriginator, fmt.Sprint("originator-id ", c.MoveOriginatorID.Value),
		fmt.Sprint("field ", uint16(c.Field)), fmt.Sprint("status ", c.Status.Value),
	}
}

// commentKeys are the comments that name a value, and the fact that must have it.
var commentKeys = []struct{ begin, fact string }{
	{"Called AET: ", "called"}, {"Calling AET: ", "calling"}, {"Application Context Name: ", "application"}, {"Presentation Context ID: ", "context"},
	{"Abstract Syntax: ", "abstract"}, {"Transfer Syntax: ", "transfer"}, {"Max Length Received: ", "max"}, {"Implementation Class UID: ", "class"},
	{"Implementation Version Name: ", "version"}, {"Max operations invoked: ", "invoked"}, {"Max operations performed: ", "performed"},
	{"SOP Class: ", "sop"}, {"SCU Role: ", "scu"}, {"SCP Role: ", "scp"}, {"MessageID: ", "id"}, {"MessageID ", "id"}, {"Primary field: ", "user"},
	{"AffectedSOPClassUID: ", "affected"}, {"AffectedSOPClassUID ", "affected"}, {"AffectedSOPInstanceUID: ", "instance"}, {"Priority: ", "priority"}, {"Priority ", "priority"},
	{"MoveOriginatorApplicationEntityTitle: ", "originator"}, {"MoveOriginatorMessageID: ", "originator-id"},
}

// checkComment looks for each value that a vector's comment names.
func checkComment(t *testing.T, comment, facts []string, raw []byte) {
	for _, line := range comment {
		for _, k := range commentKeys {
			value, ok := strings.CutPrefix(line, k.begin)
			if !ok {
				continue
			}
			value = strings.Trim(value, "'")
			if word := strings.Fields(value); len(word) > 0 {
				value = word[0] // behind a UID stands its name
			}
			value = strings.TrimPrefix(value, "0x0")
			n, err := strconv.ParseUint(value, 10, 32)
			if err == nil && !bytes.Contains(raw, binary.BigEndian.AppendUint32(nil, uint32(n))) && k.fact == "max" {
				continue // the comment is wrong: the PDU holds no such number
			}
			if k.fact == "sop" && bytes.Contains(raw, []byte(value+"1")) {
				value += "1" // likewise: it names another class than the item
			}
			if !slices.Contains(facts, k.fact+" "+value) {
				t.Errorf("%q is not among %v", line, facts)
			}
		}
		checkTagged(t, line, facts)
	}
	if slices.Contains(comment, "Source: DUL service-user") && !slices.Contains(facts, "aborted by the application") {
		t.Errorf("%v", facts)
	}
	if slices.Contains(comment, "Secondary field: p4ssw0rd") && !slices.Contains(facts, "passcode [8 bytes]") {
		t.Errorf("%v", facts)
	}
}

// checkTagged checks comments such as "(0000, 0110) Message ID US: 7".
func checkTagged(t *testing.T, line string, facts []string) {
	for begin, fact := range map[string]string{"(0000, 0100)": "field", "(0000, 0110)": "id", "(0000, 0120)": "id", "(0000, 0700)": "priority", "(0000, 0900)": "status"} {
		if value := line[strings.LastIndexByte(line, ' ')+1:]; strings.HasPrefix(line, begin) && !slices.Contains(facts, fact+" "+value) {
			t.Errorf("%q is not among %v", line, facts)
		}
	}
}
