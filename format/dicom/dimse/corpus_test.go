package dimse_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/formattest"
)

// row is a packet as tshark saw it.
type row struct {
	Stream    string   `json:"tcp.stream"`
	Source    string   `json:"tcp.srcport"`
	Info      string   `json:"_ws.col.info"`
	Types     []string `json:"dicom.pdu.type"`
	Lengths   []string `json:"dicom.pdu.len"`
	Called    []string `json:"dicom.assoc.ae.called"`
	Calling   []string `json:"dicom.assoc.ae.calling"`
	Contexts  []string `json:"dicom.pctx.id"`
	Results   []string `json:"dicom.pctx.result"`
	Abstracts []string `json:"dicom.pctx.abss.syntax"`
	Transfers []string `json:"dicom.pctx.xfer.syntax"`
	MaxLength []string `json:"dicom.max_pdu_len"`
	Class     []string `json:"dicom.userinfo.uid"`
	Version   []string `json:"dicom.userinfo.version"`
	Values    []string `json:"dicom.pdv.ctx"`
	Flags     []string `json:"dicom.pdv.flags"`
	Source2   []string `json:"dicom.assoc.abort.source"`
	Reason    []string `json:"dicom.assoc.abort.reason"`
	Result    []string `json:"dicom.assoc.reject.result"`
	RejectBy  []string `json:"dicom.assoc.reject.source"`
	RejectWhy []string `json:"dicom.assoc.reject.reason"`
}

type scenario struct {
	Streams []struct {
		Stream     int
		ClientPort string `json:"client_port"`
	}
	Rows []row    `json:"tshark"`
	Log  []string `json:"dcmtk_client_log"`
}

// captured is one connection of a scenario.
type captured struct {
	rows   []row
	from   []dimse.Side // of each row
	stream [2][]byte    // what each side sent
}

// Every connection that was captured is understood as tshark and the client itself understood it, in whatever
// pieces it comes.
func TestCaptures(t *testing.T) {
	dir := formattest.Corpora(t, "dicom-net")
	found, err := filepath.Glob(filepath.Join(dir, "*", "expected.json"))
	if err != nil || len(found) == 0 {
		t.Fatal("no scenarios: ", err)
	}
	for _, path := range found {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			var s scenario
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			var heard []heard
			for n := range s.Streams {
				c := readCaptured(t, filepath.Dir(path), s, n)
				if len(c.rows) == 0 {
					checkForeign(t, c)
					continue
				}
				checkRows(t, c)
				whole := listenRows(t, c, 1<<20)
				checkInfo(t, c, whole)
				if diff := cmp.Diff(listenRows(t, c, 1), whole); diff != "" {
					t.Errorf("byte by byte (-) the messages differ: %s", diff)
				}
				heard = append(heard, whole...)
			}
			checkLog(t, s.Log, heard)
		})
	}
}

func readCaptured(t *testing.T, dir string, s scenario, n int) captured {
	var c captured
	for side, name := range []string{"client", "server"} {
		text, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("stream%d.%s.bin", s.Streams[n].Stream, name)))
		if err != nil {
			t.Fatal(err)
		}
		c.stream[side] = text
	}
	for _, r := range s.Rows {
		if r.Stream != strconv.Itoa(s.Streams[n].Stream) {
			continue
		}
		c.rows = append(c.rows, r)
		if r.Source == s.Streams[n].ClientPort {
			c.from = append(c.from, dimse.Client)
		} else {
			c.from = append(c.from, dimse.Server)
		}
	}
	return c
}

// checkForeign holds that a stream which tshark found no DICOM in is told as foreign, once.
func checkForeign(t *testing.T, c captured) {
	for _, size := range []int{1 << 20, 1} {
		conversation := dimse.NewConversation(dimse.DefaultLimits())
		var l listener
		l.feed(t, conversation, dimse.Client, c.stream[dimse.Client], size)
		l.feed(t, conversation, dimse.Server, c.stream[dimse.Server], size)
		if len(l.list) != 1 || l.list[0].Kind != dimse.Foreign || conversation.Lost(dimse.Client) != int64(len(c.stream[dimse.Client])) {
			t.Errorf("in pieces of %d: %d messages, %d bytes of the client given up", size, len(l.list), conversation.Lost(dimse.Client))
		}
	}
}

// pieces cuts what each row carries out of the streams.
func pieces(t *testing.T, c captured) [][][]byte {
	rest := c.stream
	list := make([][][]byte, len(c.rows))
	for n, r := range c.rows {
		for _, length := range r.Lengths {
			size := number(t, length) + 6
			side := c.from[n]
			if size > len(rest[side]) {
				t.Fatal("rows and streams do not fit")
			}
			list[n] = append(list[n], rest[side][:size])
			rest[side] = rest[side][size:]
		}
	}
	for side := range rest {
		if n := len(rest[side]); n >= 6 && n-6 >= int(binary.BigEndian.Uint32(rest[side][2:])) {
			t.Errorf("%d bytes are in no row", n) // and no PDU that was cut off
		}
	}
	return list
}

func number(t *testing.T, text string) int {
	n, err := strconv.ParseInt(text, 0, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// checkRows holds each PDU against what tshark read in it.
func checkRows(t *testing.T, c captured) {
	lim := dimse.DefaultLimits()
	for n, pdus := range pieces(t, c) {
		got := row{Stream: c.rows[n].Stream, Source: c.rows[n].Source, Info: c.rows[n].Info}
		for _, text := range pdus {
			p, err := dimse.Parse(text, lim)
			if err != nil {
				t.Fatalf("row %d: %v", n, err)
			}
			if !bytes.Equal(dimse.AppendPDU(nil, p), text) {
				t.Errorf("row %d: not written as it was read", n)
			}
			got.Types = append(got.Types, fmt.Sprintf("%#02x", text[0]))
			got.Lengths = append(got.Lengths, strconv.Itoa(len(text)-6))
			got.add(p)
		}
		want := c.rows[n]
		for _, list := range [][]string{want.Abstracts, want.Transfers} {
			for i := range list {
				list[i] = uidOf(list[i])
			}
		}
		for i := range want.Types {
			want.Types[i] = fmt.Sprintf("%#02x", number(t, want.Types[i]))
		}
		for _, list := range [][]string{want.Contexts, want.Results, want.Flags, want.Source2, want.Reason, want.Result, want.RejectBy, want.RejectWhy} {
			for i := range list {
				list[i] = strconv.Itoa(number(t, list[i]))
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("row %d: %s", n, diff)
		}
	}
}

// uidOf takes the UID out of "Name (1.2.3)".
func uidOf(text string) string {
	if at := strings.LastIndexByte(text, '('); at >= 0 {
		return strings.TrimRight(text[at+1:], ")")
	}
	return text
}

// add writes down what tshark tells of a PDU.
func (r *row) add(p dimse.PDU) {
	decimal := func(list *[]string, n byte) { *list = append(*list, strconv.Itoa(int(n))) }
	switch p := p.(type) {
	case dimse.Associate:
		r.Called, r.Calling = append(r.Called, p.Called.String()), append(r.Calling, p.Calling.String())
		for _, item := range p.Items {
			switch item := item.(type) {
			case dimse.ContextRequest:
				decimal(&r.Contexts, item.ID)
				r.Abstracts = append(r.Abstracts, item.Abstract())
				r.Transfers = append(r.Transfers, item.Transfers()...)
			case dimse.ContextAnswer:
				decimal(&r.Contexts, item.ID)
				decimal(&r.Results, byte(item.Result))
				if uid := item.Transfer(); uid != "" { // of a context refused too, as far as one is sent
					r.Transfers = append(r.Transfers, uid)
				}
			case dimse.UserInformation:
				r.addUser(item)
			}
		}
	case dimse.Data:
		for _, v := range p.Values {
			decimal(&r.Values, v.Context)
			decimal(&r.Flags, byte(v.Control))
		}
	case dimse.Abort:
		decimal(&r.Source2, p.Source)
		decimal(&r.Reason, p.Reason)
	case dimse.Reject:
		decimal(&r.Result, p.Result)
		decimal(&r.RejectBy, p.Source)
		decimal(&r.RejectWhy, p.Reason)
	}
}

func (r *row) addUser(u dimse.UserInformation) {
	for _, item := range u.Items {
		switch item := item.(type) {
		case dimse.MaxLength:
			r.MaxLength = append(r.MaxLength, strconv.Itoa(int(item.Bytes)))
		case dimse.ImplementationClass:
			r.Class = append(r.Class, item.UID)
		case dimse.ImplementationVersion:
			r.Version = append(r.Version, item.Name)
		}
	}
}

// listenRows feeds the rows of a capture in their order, in pieces of at most size bytes.
func listenRows(t *testing.T, c captured, size int) []heard {
	conversation := dimse.NewConversation(dimse.DefaultLimits())
	var l listener
	for n, pdus := range pieces(t, c) {
		l.row = n
		for _, text := range pdus {
			l.feed(t, conversation, c.from[n], text, size)
		}
	}
	for _, side := range []dimse.Side{dimse.Client, dimse.Server} {
		conversation.End(side)
		l.feed(t, conversation, side, nil, size)
	}
	if len(l.errors) > 0 {
		t.Errorf("errors: %v", l.errors)
	}
	return l.list
}

// What tshark writes of a command: its name, its ID, counts, a status that is neither pending nor empty.
var said = regexp.MustCompile(`([CN]-[A-Z-]+-(?:RQ|RSP))\b(-DATA)?( ID=\d+)?((?: [RCWF]=\d+)*)(?: \(([^)]*)\))?`)

// checkInfo holds messages against tshark's own words for each row.
func checkInfo(t *testing.T, c captured, list []heard) {
	for n, r := range c.rows {
		var want, got []string
		for _, m := range said.FindAllStringSubmatch(r.Info, -1) {
			if m[2] == "" && !slices.Contains(want, m[1]) { // a repeated answer is written but once
				want = append(want, m[1])
			}
			checkSaid(t, n, m, list)
		}
		for _, h := range list {
			if h.Row != n {
				continue
			}
			switch h.Kind {
			case dimse.Requested, dimse.Accepted:
				arrow := map[dimse.Kind]string{dimse.Requested: " --> ", dimse.Accepted: " <-- "}[h.Kind]
				if !strings.HasSuffix(r.Info, h.Calling+arrow+h.Called) {
					t.Errorf("row %d: %v", n, h.Kind)
				}
			case dimse.Commanded:
				if name := h.Command.Field.String(); !slices.Contains(got, name) {
					got = append(got, name)
				}
			case dimse.Aborted:
				if !strings.HasPrefix(r.Info, "ABORT") {
					t.Errorf("row %d: an abort", n)
				}
			case dimse.ReleaseAsked, dimse.Released, dimse.Rejected:
				if !strings.HasPrefix(r.Info, "A-") && !strings.Contains(r.Info, ", A-") {
					t.Errorf("row %d: %v", n, h.Kind)
				}
			case dimse.DataSet, dimse.Broken:
			default:
				t.Errorf("row %d: %v", n, h.Kind)
			}
		}
		if diff := cmp.Diff(got, want); diff != "" && !strings.Contains(r.Info, "PDV Fragment") {
			t.Errorf("row %d: commands: %s", n, diff)
		}
	}
}

// checkSaid looks for one command of a row among what was heard.
func checkSaid(t *testing.T, n int, m []string, list []heard) {
	for _, h := range list {
		if h.Row != n || h.Command == nil || h.Command.Field.String() != m[1] || (h.Kind == dimse.DataSet) != (m[2] != "") {
			continue
		}
		c := h.Command
		fits := m[3] == "" || m[3] == fmt.Sprintf(" ID=%d", c.ID)
		for _, count := range strings.Fields(m[4]) {
			have := map[byte]dimse.Number{'R': c.Remaining, 'C': c.Completed, 'W': c.Warning, 'F': c.Failed}[count[0]]
			fits = fits && count[2:] == strconv.Itoa(int(have.Value))
		}
		if m[5] != "" && strings.Contains(m[1], "RSP") {
			fits = fits && (m[5] == "Success") == (c.Status.Value == 0)
			fits = fits && (m[5] != "Refused: Move Destination unknown" || c.Status.Value == uint16(dimse.MoveUnknown))
		}
		if fits {
			return
		}
	}
	t.Errorf("row %d: %q was not heard", n, m[0])
}

// checkLog holds messages against what the client wrote down.
func checkLog(t *testing.T, log []string, list []heard) {
	var want, got []string
	words := regexp.MustCompile(`(Sending|Received Final|Received) (Echo|Store|Find|Move|Get) (Request|Response) \((?:MsgID (\d+)|(Success))?`)
	pending := 0
	for _, line := range log {
		if m := words.FindStringSubmatch(line); m != nil {
			want = append(want, strings.ToUpper("C-"+m[2])+map[string]string{"Request": "-RQ", "Response": "-RSP"}[m[3]]+" "+m[4]+m[5])
		}
		if strings.Contains(line, "(Pending)") {
			pending++
		}
	}
	var elements []string
	for _, h := range list {
		switch {
		case h.Kind == dimse.Commanded && !h.Command.Field.Response():
			got = append(got, fmt.Sprintf("%v %d", h.Command.Field, h.Command.ID))
		case h.Kind == dimse.Commanded && dimse.Status(h.Command.Status.Value).Kind() == dimse.Goes:
			pending--
		case h.Kind == dimse.Commanded && h.Command.Status.Value == 0:
			got = append(got, h.Command.Field.String()+" Success")
		case h.Kind == dimse.Commanded:
			got = append(got, h.Command.Field.String()+" ")
		case h.Kind == dimse.DataSet && h.Command.Field.Request() != dimse.CStore:
			elements = append(elements, texts(t, h.Data, h.Transfer)...)
		}
	}
	if strings.Contains(strings.Join(log, ""), "(Pending)") && pending != 0 {
		t.Errorf("the client saw %d more pending answers", pending)
	}
	for _, w := range want {
		if !slices.Contains(got, w) && !strings.HasPrefix(w, "C-STORE-RQ") { // some were never sent: the client could not convert them
			t.Errorf("%q was not heard", w)
		}
	}
	checkElements(t, log, elements)
}

// checkElements holds the data sets of queries and answers against what the client printed of them.
func checkElements(t *testing.T, log, got []string) {
	printed := regexp.MustCompile(`^I: (\([0-9a-f]{4},[0-9a-f]{4}\)) [A-Z]{2} (?:\[(.*)\]|\(no value available\)) +#`)
	var want []string
	tags := map[string]bool{}
	for _, line := range log {
		if m := printed.FindStringSubmatch(line); m != nil {
			tags[m[1]] = true
			want = append(want, m[1]+" "+strings.TrimRight(m[2], " \x00"))
		}
	}
	got = slices.DeleteFunc(got, func(s string) bool { return !tags[s[:11]] })
	if diff := cmp.Diff(got, want); diff != "" && len(want) > 0 {
		t.Error("data sets differ from what the client printed") // of invented patients, and yet
	}
}

// texts lists the elements of a data set in one of the little endian syntaxes, up to the first that is of undefined length.
func texts(t *testing.T, data []byte, transfer string) (list []string) {
	for len(data) > 0 {
		if len(data) < 8 {
			t.Fatal("a data set that does not end")
		}
		head, size := 8, int(binary.LittleEndian.Uint32(data[4:]))
		if transfer == explicitLittle {
			size = int(binary.LittleEndian.Uint16(data[6:]))
			if slices.Contains([]string{"OB", "OW", "SQ", "UN", "UT"}, string(data[4:6])) && len(data) >= 12 {
				head, size = 12, int(binary.LittleEndian.Uint32(data[8:]))
			}
		}
		if size == 0xffffffff {
			return list
		}
		if size > len(data)-head {
			t.Fatal("a data set that does not end")
		}
		list = append(list, fmt.Sprintf("(%04x,%04x) %s", binary.LittleEndian.Uint16(data), binary.LittleEndian.Uint16(data[2:]),
			strings.TrimRight(string(data[head:head+size]), " \x00")))
		data = data[head+size:]
	}
	return list
}

// What another library's tests hold of PDUs, items and commands.
func TestVectors(t *testing.T) {
	f, err := os.Open(formattest.Corpora(t, "dicom-net", "pdu-vectors", "pynetdicom.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var v struct {
			Name, File, Hex string
			Comment         []string
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		raw, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(v.Name, func(t *testing.T) {
			facts := readVector(t, v.File == "encoded_pdu_items.py", bytes.Clone(raw))
			checkComment(t, v.Comment, facts, raw)
			checkName(t, v.Name, facts)
		})
	}
}

// checkName holds what a vector is called against what was read.
func checkName(t *testing.T, name string, facts []string) {
	if strings.HasSuffix(name, "_ds") || strings.HasSuffix(name, "_ds_b") {
		return
	}
	for begin, want := range map[string]string{
		"a_associate_rq": "pdu request", "a_associate_ac": "pdu accept", "a_associate_rj": "pdu reject", "a_release_rq": "pdu release",
		"a_release_rp": "pdu release response", "a_abort": "pdu abort", "a_p_abort": "pdu abort", "p_data_tf": "pdu data",
	} {
		if strings.HasPrefix(name, begin) && !slices.Contains(facts, want) {
			t.Errorf("read as %v", facts)
		}
	}
	m := regexp.MustCompile(`^(c|n)_(echo|store|find|get|move|er|event_report|get|set|action|create|delete|cancel)(?:_(rq|rsp))?_cmd`).FindStringSubmatch(name)
	if m == nil {
		return
	}
	if m[2] == "er" {
		m[2] = "event-report"
	}
	want := strings.ToUpper(m[1] + "-" + strings.ReplaceAll(m[2], "_", "-") + "-" + m[3])
	if m[2] == "cancel" {
		want = "C-CANCEL-RQ"
	}
	if !slices.Contains(facts, "command "+want) {
		t.Errorf("no %s among %v", want, facts)
	}
}
