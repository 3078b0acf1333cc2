package detect_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// dice makes choices by the bytes of a program. When they run out, each further choice is the
// first one, so that every program ends.
type dice struct {
	left  []byte
	field string // of the item that is being written
	again string // values of an earlier item
	facts []fact // what events should say for the rules to be interesting
}

// fact is a text that satisfies an item, or nearly so.
type fact struct{ field, text string }

func (d *dice) n(sides int) int {
	if len(d.left) == 0 {
		return 0
	}
	b := d.left[0]
	d.left = d.left[1:]
	return int(b) % sides
}

func (d *dice) one(of ...string) string { return of[d.n(len(of))] }

// note remembers what an event should say and returns what the rule says.
func (d *dice) note(text, written string) string {
	d.facts = append(d.facts, fact{d.field, text})
	return written
}

// words are what rules and events are made of: few, so that they meet, and full of what engines
// stumble over.
func words() []string {
	return []string{
		"a", "b", "A", "ab", " -x", "/x", "–x", "8", "5", "\\", "k", "s", "ss", "\u212a", "ſ", "ß", "ẞ", "é", "É", "漢", "😀", "i", "İ", "ı", "σ", "ς", "\ufffd",
		"", " ", "\n", "\x00", "\"", "/", ".", "*", "?", "%One%", "true", "FALSE", "null", "-0", "5.0", "1e3", "1000", "0x17", "23",
		"powershell", "\\cmd.exe", "C:\\Windows\\System32\\", "mimikatz", "YWI",
	}
}

// telling are texts that are more than words.
func telling() []string {
	return []string{
		"10.1.2.3", "::ffff:10.1.2.3", "fe80::1%eth0", "FE80:0::1", "192.0.2.7", "10.1.2.3.4", "::",
		"2026-02-01T03:04:05Z", "2026-02-01 23:59:60.5+09:00", "2026/12/31 00:00", "1769914800", "1769914800000", "/Date(1769914800000)/", "2026-02-30T03:04:05Z",
		"12345678901234567890123", "12345678901234567889999", "00", "+5", "-0.0", "0.1", "1e400", "5e0", "999", "9007199254740993", "1234567890123456789",
	}
}

// text is a text as an event holds it.
func (d *dice) text() string {
	if d.n(8) == 7 {
		return d.one(telling()...)
	}
	var b strings.Builder
	for range d.n(4) {
		b.WriteString(d.one(words()...))
	}
	return d.vary(b.String())
}

const filler = ` C:\Windows\System32\ powershel mimikat "YW" 0123456789abcdefghijklmnopqrstuvwxyz `

// vary changes what should not matter, or just does.
func (d *dice) vary(s string) string {
	switch d.n(18) {
	case 16: // long enough for what is only worth while on long texts
		return filler + s
	case 17:
		return s + filler
	case 7:
		return wide(s)
	case 8:
		return strings.NewReplacer("-", "/", "/", "–", "–", "-").Replace(s)
	case 9:
		return strings.ToLower(s)
	case 10:
		return swapCase(s)
	case 11:
		return swapCase(swapCase(s))
	case 12:
		return d.one(words()...) + s
	case 13:
		return s + d.one(words()...)
	case 14:
		return d.one(words()...) + s + d.one(words()...)
	case 15:
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", d.n(3)) + s))
	}
	return s
}

func swapCase(s string) string { return strings.Map(unicode.SimpleFold, s) }

// wide is a text in UTF-16 read byte by byte.
func wide(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteRune(rune(u & 0xff))
		b.WriteRune(rune(u >> 8))
	}
	return b.String()
}

// pattern is a text as a rule writes it.
func (d *dice) pattern() string {
	if d.n(12) == 11 {
		text := d.one(telling()...)
		return d.note(text, quoted(text))
	}
	var written, text strings.Builder
	for range 1 + d.n(4) {
		piece := d.one(words()...)
		means := piece
		switch d.n(12) {
		case 6:
			piece = `\` + piece
		case 7, 8:
			piece = "*"
		case 9:
			piece, means = "?", d.one("é", "b", "漢", "ab", "")
		case 10:
			piece, means = d.one(`\*`, `\\\*`, `\\*`), d.one(`*`, `\*`, `\a`)
		case 11:
			piece, means = d.one(`\\`, `\`, `\?`), d.one(`\`, `?`, `\\`)
		}
		written.WriteString(piece)
		text.WriteString(means)
	}
	return d.note(text.String(), quoted(written.String()))
}

// literal is a pattern without wildcards, for modifiers that encode.
func (d *dice) literal() string {
	s := d.one("foo", "ab", "a b", "é漢", "powershell") + d.one(words()...)
	encoded := d.one(s, wide(s))
	text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", d.n(3)) + encoded + d.one("", "y", "yy")))
	return d.note(text, quoted(strings.NewReplacer("*", `\*`, "?", `\?`).Replace(s)))
}

func (d *dice) network() string {
	network := d.one("10.0.0.0/8", "::/0", "fe80::/10", "10.1.2.3", "::ffff:10.0.0.0/104", "0.0.0.0/0", "192.0.2.0/24")
	return d.note(d.one("10.1.2.3", "::ffff:10.1.2.3", "FE80:0::1", "fe80::1%eth0", "192.0.2.7"), quoted(network))
}

func (d *dice) number() string {
	number := d.one("5", "0", "-0.0", "5.0", "1e3", "0x17", "23", "-1", "8", "12345678901234567890123", "1769914800", "0.1", "1000", "999", "9007199254740993", "1234567890123456789")
	return d.note(d.one(number, number, "5", "0", "23", "1000.0", "5e0", "1.2345678901234567890123e22", "12345678901234567889999", "9007199254740992", "1234567890123456788"), number)
}

func (d *dice) truth() string {
	truth := d.one("true", "false")
	return d.note(truth, truth)
}

func (d *dice) regex() string {
	written, text := d.expression(0)
	return d.note(text, quoted(written))
}

// expression is a regular expression and a text that it finds, mostly.
func (d *dice) expression(depth int) (written, text string) {
	for range 1 + d.n(3) {
		w, t := d.term(depth)
		written, text = written+w, text+t
	}
	return written, text
}

func (d *dice) term(depth int) (written, text string) {
	switch d.n(11) {
	default:
		word := d.one(words()...)
		return quoteMeta(word), word
	case 10:
		return d.one("[ab]{8}", ".{9,}", "(?:[^a]{8}|k)", `[\w\\]{10}`, `(?:[0-9]{9})+`, "[ß-ſ]{8}"), d.one("abababab", "ababababab", "123456789", "éééééééé", `\\\\\\\\\\`, "k\nabababab")
	case 5:
		class := d.one(".", `\d`, "[ab]", "[^a]", "[a-e]", "[ks]", "(?i:K)", "(?i:ß)", `\x{212a}`, "[^\\x00-\\x7f]", "a{2}", "()", "(?i:[k-m])")
		return class, d.one("a", "5", "b", "k", "ß", "\u212a", "aa", "é", "")
	case 6:
		return d.one("^", "$", `\b`, `\A`, `\z`, `\B`), d.one("", "\n")
	case 7:
		atom := d.one("a", "b", "(?:powershell)", "[ab]", "k", "s", "(mimikatz)", "(?:ab|k)")
		return atom + d.one("*", "+", "?", "{2}", "{1,3}", "+?", "{0}", "??"), d.one("", "a", "powershell", "mimikatz", "mimikatzmimikatz", "kk", "ab", "")
	case 8, 9:
		if depth >= 3 {
			return "a", "a"
		}
		w1, t1 := d.expression(depth + 1)
		w2, t2 := d.expression(depth + 1)
		repeat := d.n(5)
		return "(?:" + w1 + "|" + w2 + ")" + []string{"", "?", "+", "*", "{2}"}[repeat], []string{t1, "", t2 + t1, t2, t1 + t1}[repeat]
	}
}

func quoteMeta(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`\.+*?()|[]{}^$`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// quoted writes a text as YAML and JSON both read it.
func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// values writes a list of one or more values.
func (d *dice) values(value func() string) string {
	count := []int{1, 1, 2, 1, 3, 1, 1, 14}[d.n(8)]
	if count == 1 {
		return value()
	}
	list := make([]string, count)
	for i := range list {
		list[i] = value()
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func (d *dice) fieldName() string { return d.one("F", "G", "f", "a.b", "a.b.c", "Image", "F", "w.F") }

// item writes a line of a selection: a field, modifiers and values.
func (d *dice) item() string {
	d.field = d.fieldName()
	line := func(modifiers, values string) string { return quoted(d.field+modifiers) + ": " + values }
	switch d.n(20) {
	default:
		d.again = d.values(d.pattern)
		return line(d.textModifiers(), d.again)
	case 10: // rules ask alike, and not quite
		return line(d.one("", "|contains", "|cased", "|contains|cased", "|all", "|endswith", "|startswith|cased", "|fieldref|startswith", "|fieldref"), cmp.Or(d.again, "F"))
	case 11, 12:
		modifiers := d.one("|base64offset|contains", "|base64", "|wide|base64offset|contains", "|utf16|base64|contains", "|utf16be|base64offset|contains|cased", "|base64|contains")
		return line(modifiers, d.values(d.literal))
	case 13:
		return line(d.one("", "|neq", "|exists", "|exists|neq"), d.one("null", d.truth(), d.truth()))
	case 14:
		return line(d.one("", "", "", "|neq", "|all", "|contains", "|cased"), d.values(d.number))
	case 15:
		return line(d.one("|lt", "|lte", "|gt", "|gte", "|gte|neq"), d.values(d.number))
	case 16:
		modifiers := d.one("", "|startswith", "|endswith", "|contains", "|cased", "|neq", "|startswith|cased", "|all", "|startswith|endswith")
		d.again = d.values(func() string { return quoted(d.otherField()) })
		return line("|fieldref"+modifiers, d.again)
	case 17:
		return line(d.one("|cidr", "|cidr|neq", "|cidr|all"), d.values(d.network))
	case 18:
		return d.timeItem(line)
	case 19:
		modifiers := d.one("", "", "|i", "|m", "|s", "|i|s|m", "|startswith", "|endswith|i", "|contains", "|neq", "|all", "|expand")
		return line("|re"+modifiers, d.values(d.regex))
	}
}

// otherField names a field and sees to it that events give both the same value.
func (d *dice) otherField() string {
	other, text := d.fieldName(), d.one("powershell", "ab", "k", "A", "5")
	d.facts = append(d.facts, fact{other, text}, fact{d.field, text})
	return other
}

func (d *dice) timeItem(line func(modifiers, values string) string) string {
	parts := [][]string{
		{"|minute", "4", "59", "0", "13"}, {"|hour", "3", "23", "0", "2"}, {"|day", "1", "31", "2"},
		{"|week", "5", "53", "1"}, {"|month", "2", "12", "1"}, {"|year", "2026", "1970"},
	}
	part := parts[d.n(len(parts))]
	return line(part[0]+d.one("", "|neq", "|all"), d.values(func() string { return d.note(d.one(telling()[7:14]...), d.one(part[1:]...)) }))
}

// textModifiers is mostly one of the chains that rules use, else any at all.
func (d *dice) textModifiers() string {
	if d.n(16) == 15 {
		chain := ""
		for range 1 + d.n(4) {
			chain += "|" + d.one("contains", "startswith", "endswith", "all", "cased", "windash", "base64", "base64offset", "wide", "utf16", "utf16be", "expand", "neq", "re", "i")
		}
		return chain
	}
	return d.one("", "|contains", "|endswith", "|startswith", "|contains|all", "|all", "|cased", "|contains|cased", "|windash", "|contains|windash",
		"|windash|contains|all", "|wide|contains", "|utf16be|contains", "|utf16", "|expand", "|contains|expand", "|neq", "|contains|neq", "|startswith|endswith",
		"|endswith|cased", "|all|neq", "|startswith|cased", "", "|contains")
}

// keywords writes a line without a field.
func (d *dice) keywords() string {
	d.field = ""
	line := func(modifiers, values string) string { return quoted(modifiers) + ": " + values }
	switch d.n(8) {
	default:
		modifiers := d.one("|all", "|contains", "|startswith", "|endswith|all", "|cased", "|windash", "|neq", "|wide", "|startswith|endswith", "|expand")
		return line(modifiers, d.values(d.pattern))
	case 3:
		return line(d.one("|contains", "|endswith", "|all"), d.values(d.number))
	case 4:
		return line(d.one("|re|i", "|re", "|re|all"), d.values(d.regex))
	case 5:
		return line(d.one("|cidr", "|cidr|neq"), d.values(d.network))
	case 6:
		return line(d.one("|lt", "|gte"), d.number())
	case 7:
		return line("|base64offset|contains", d.values(d.literal))
	}
}

// word writes a keyword.
func (d *dice) word() string {
	d.field = ""
	if d.n(6) == 5 {
		return d.number()
	}
	return d.pattern()
}

// selection writes what stands behind a selection's name.
func (d *dice) selection() string {
	switch d.n(12) {
	default:
		return "{" + d.item() + "}"
	case 6, 7:
		return "{" + d.item() + ", " + d.item() + "}"
	case 8:
		return "[{" + d.item() + "}, {" + d.item() + ", " + d.item() + "}]"
	case 9:
		return "[" + d.word() + ", " + d.word() + "]"
	case 10:
		return "{" + d.keywords() + "}"
	case 11:
		return "[{" + d.item() + "}, " + d.word() + ", [{" + d.item() + "}, " + d.word() + "]]"
	}
}

func (d *dice) condition(depth int) string {
	switch d.n(9) {
	case 3:
		return d.one("1 of s_*", "all of s_*", "1 of them", "all of them", "any of *", "all of t*", "not 1 of s_*", "not all of them")
	case 4:
		return "not " + d.condition(depth+1)
	case 5, 6:
		if depth < 4 {
			return "(" + d.condition(depth+1) + " and " + d.condition(depth+1) + ")"
		}
	case 7, 8:
		if depth < 4 {
			return "(" + d.condition(depth+1) + " or " + d.condition(depth+1) + ")"
		}
	}
	return d.one("s_1", "s_2", "t", "_h")
}

// rule writes a whole rule. Half of them are one question, for what is one of many seldom
// decides a verdict.
func (d *dice) rule(number int) string {
	source := d.one("product: windows", "product: windows", "category: process_creation", "product: windows, service: security", "product: linux")
	selections, condition := "    s_1: "+d.selection()+"\n", "s_1"
	if d.n(2) == 1 {
		selections += fmt.Sprintf("    s_2: %s\n    t: %s\n    _h: %s\n", d.selection(), d.selection(), d.selection())
		condition = d.condition(0)
		if d.n(6) == 5 {
			condition = "[" + quoted(condition) + ", " + quoted(d.condition(0)) + "]"
		}
	}
	return fmt.Sprintf("title: rule %d\nlogsource: {%s}\ndetection:\n%s    condition: %s\n", number, source, selections, condition)
}

// object writes a JSON object.
func (d *dice) object(depth int) string {
	var members []string
	for range d.n(6) {
		if len(d.facts) > 0 && d.n(3) > 0 {
			members = append(members, d.member(d.facts[d.n(len(d.facts))]))
			continue
		}
		name := d.one("F", "F", "G", "f", "a", "a.b", "b", "c", "w", "New", "New.Name", "Name", "w.F", "b.c", "")
		members = append(members, d.jsonString(name)+d.one(":", ": ")+d.value(depth))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// member states a fact, under one of the names that the field may have.
func (d *dice) member(f fact) string {
	name := f.field
	switch name {
	case "":
		name = d.fieldName()
	case "Image":
		name = d.one("New.Name", "Image")
	case "G":
		name = d.one("G", "w.f")
	default:
		name = d.one("", "", "w.") + name
	}
	value := d.jsonString(d.vary(f.text))
	if d.n(4) == 3 && json.Valid([]byte(f.text)) {
		value = f.text
	}
	if d.n(6) == 5 {
		value = "[" + d.value(3) + "," + value + "]"
	}
	parts := []string{name}
	if d.n(2) == 1 {
		parts = strings.Split(name, ".")
	}
	for i := len(parts) - 1; i > 0; i-- {
		value = "{" + d.jsonString(parts[i]) + ":" + value + "}"
	}
	return d.jsonString(parts[0]) + ":" + value
}

func (d *dice) value(depth int) string {
	switch d.n(12) {
	default:
		return d.jsonString(d.text())
	case 5:
		return d.one("5", "5.0", "0", "-0", "-0.0", "1e3", "1000", "23", "8", "0.1", "12345678901234567890123", "1769914800", "1E+400", "999", "9007199254740993", "-1", "50e-1")
	case 6:
		return d.one("true", "false")
	case 7:
		return "null"
	case 8, 9:
		if depth < 4 {
			return d.object(depth + 1)
		}
	case 10, 11:
		if depth < 4 {
			elements := make([]string, d.n(4))
			for i := range elements {
				elements[i] = d.value(depth + 1)
			}
			return "[" + strings.Join(elements, ",") + "]"
		}
	}
	return "1"
}

// jsonString writes a text as it is, or with escapes that JSON allows and nothing asks for.
func (d *dice) jsonString(s string) string {
	style := d.n(6)
	if style < 4 {
		return quoted(s)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if style == 5 && d.n(3) > 0 {
			plain := quoted(string(r))
			b.WriteString(plain[1 : len(plain)-1])
			continue
		}
		switch {
		case r == '/':
			b.WriteString(`\/`)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04X\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if style == 5 && d.n(8) == 7 {
		b.WriteString(d.one(`\ud800`, `\udc00`, `\ud83d\u0041`, `\ud83d\ud83d\ude00`))
	}
	b.WriteByte('"')
	return b.String()
}

// decode makes rules and events of a program. An event begins with the number of its class.
func decode(program []byte) (rules, events []string) {
	d := &dice{left: program}
	for i := range 1 + d.n(4) {
		rules = append(rules, d.rule(i))
	}
	for range 1 + d.n(6) {
		events = append(events, strconv.Itoa(d.n(4))+d.object(0))
	}
	return rules, events
}
