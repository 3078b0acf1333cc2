package dicom

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// charset is what (0008,0005) declares (PS3.3 C.12.1.1.2): one encoding for all, or the two halves of a code table that text
// begins with and that escape sequences may exchange (ISO 2022, PS3.5 6.1.2.5). Nil is ASCII.
type charset struct {
	whole  encoding.Encoding // multi-byte without code extensions
	utf8   bool
	g0, g1 *table // of bytes below 0x80 and above
	wrong  bool   // a name that the standard does not have: only its ASCII is read
}

// table is a set of characters for one half of the bytes.
type table struct {
	runes  func(c byte) rune // of a single byte; RuneError where it has none
	pair   encoding.Encoding // of two bytes with their high bits set, when runes is nil
	prefix string            // that pair wants before the two
}

func single(c *charmap.Charmap) *table { return &table{runes: c.DecodeByte} }

// Japanese terminals have the yen sign for the backslash and an overline for the tilde (ISO-IR 14).
func romaji(c byte) rune {
	switch c {
	case '\\':
		return '¥'
	case '~':
		return '‾'
	}
	return ascii(c)
}

func ascii(c byte) rune {
	if c < utf8.RuneSelf {
		return rune(c)
	}
	return utf8.RuneError
}

// katakana are the half-width syllables of ISO-IR 13.
func katakana(c byte) rune {
	if c >= 0xA1 && c <= 0xDF {
		return 0xFF61 + rune(c) - 0xA1
	}
	return utf8.RuneError
}

// newCharset reads the values of (0008,0005).
func newCharset(declared string) *charset {
	names := strings.Split(declared, `\`)
	c := &charset{g0: &table{runes: ascii}}
	switch name := fold(names[0]); name {
	case "192": // alone by the standard; what follows cannot change it
		c.utf8 = true
	case "GB18030":
		c.whole = simplifiedchinese.GB18030
	case "GBK":
		c.whole = simplifiedchinese.GBK
	case "", "6":
	case "13":
		c.g0, c.g1 = &table{runes: romaji}, &table{runes: katakana}
	default:
		c.g1 = halfByNumber(name)
		c.wrong = c.g1 == nil && name != "87" && name != "159"
	}
	return c
}

// fold takes what is the same in all names off: ISO_IR 100, ISO 2022 IR 100 and, as some write, ISO-IR-100 are 100.
func fold(name string) string {
	name = strings.ToUpper(trim(name, CS))
	name = strings.NewReplacer("_", " ", "-", " ").Replace(name)
	for _, prefix := range []string{"ISO 2022 IR ", "ISO IR ", "ISO "} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// halfByNumber is what stands in the upper half, by the number of ISO's register.
func halfByNumber(n string) *table {
	switch n {
	case "100":
		return single(charmap.ISO8859_1)
	case "101":
		return single(charmap.ISO8859_2)
	case "109":
		return single(charmap.ISO8859_3)
	case "110":
		return single(charmap.ISO8859_4)
	case "144":
		return single(charmap.ISO8859_5)
	case "127":
		return single(charmap.ISO8859_6)
	case "126":
		return single(charmap.ISO8859_7)
	case "138":
		return single(charmap.ISO8859_8)
	case "148":
		return single(charmap.ISO8859_9)
	case "203":
		return single(charmap.ISO8859_15)
	case "166":
		return single(charmap.Windows874)
	case "13":
		return &table{runes: katakana}
	case "149":
		return &table{pair: korean.EUCKR}
	case "58":
		return &table{pair: simplifiedchinese.GBK}
	}
	return nil
}

// escape reads an escape sequence of PS3.3 tables C.12-3 and C.12-4: which half of the code table changes, and to what.
// size is 0 when it is none.
func escape(text []byte) (size int, upper bool, t *table) {
	is := func(sequence string) bool { return bytes.HasPrefix(text[1:], []byte(sequence)) }
	switch {
	case is("(B"):
		return 3, false, &table{runes: ascii}
	case is("(J"):
		return 3, false, &table{runes: romaji}
	case is("$B"):
		return 3, false, &table{pair: japanese.EUCJP}
	case is("$(D"):
		return 4, false, &table{pair: japanese.EUCJP, prefix: "\x8f"}
	case is("$)C"):
		return 4, true, halfByNumber("149")
	case is("$)A"):
		return 4, true, halfByNumber("58")
	case is(")I"):
		return 3, true, halfByNumber("13")
	case len(text) < 3 || text[1] != '-':
		return 0, false, nil
	}
	for _, e := range [...]struct {
		final  byte
		number string
	}{{'A', "100"}, {'B', "101"}, {'C', "109"}, {'D', "110"}, {'L', "144"}, {'G', "127"}, {'F', "126"}, {'H', "138"}, {'M', "148"}, {'T', "166"}, {'b', "203"}} {
		if e.final == text[2] {
			return 3, true, halfByNumber(e.number)
		}
	}
	return 0, false, nil
}

const escapeByte = 0x1b

// decode returns text as UTF-8. separated tells that a backslash separates values, name that ^ and = separate parts of
// a name: behind each, text begins anew with the tables that were declared first (PS3.5 6.1.2.5.3). ok is false when
// a byte has no meaning there, which becomes U+FFFD.
func (c *charset) decode(text []byte, separated, name bool) (decoded string, ok bool) {
	if c == nil {
		c = &charset{g0: &table{runes: ascii}}
	}
	switch {
	case c.utf8:
		return strings.ToValidUTF8(string(text), "\uFFFD"), utf8.Valid(text)
	case c.whole != nil:
		out, err := c.whole.NewDecoder().Bytes(text)
		return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
	}
	if isPlain(text) && c.g0.runes('\\') == '\\' {
		return string(text), true
	}
	d := decoder{charset: c, g0: c.g0, g1: c.g1, ok: !c.wrong}
	for len(text) > 0 {
		text = d.next(text, separated, name)
	}
	return string(d.out), d.ok
}

func isPlain(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf || c == escapeByte {
			return false
		}
	}
	return true
}

// decoder goes through one text with code extensions.
type decoder struct {
	*charset
	g0, g1 *table
	out    []byte
	ok     bool
}

// next takes one character, or one escape sequence, off text.
func (d *decoder) next(text []byte, separated, name bool) []byte {
	c := text[0]
	if c == escapeByte {
		if n, upper, t := escape(text); n > 0 {
			if upper {
				d.g1 = t
			} else {
				d.g0 = t
			}
			return text[n:]
		}
		d.ok = false
	}
	if c < ' ' || c == ' ' && d.g0.runes == nil {
		if c == '\t' || c == '\n' || c == '\f' || c == '\r' {
			d.g0, d.g1 = d.charset.g0, d.charset.g1
		}
		d.out = append(d.out, c)
		return text[1:]
	}
	if d.delimits(c, separated, name) {
		d.g0, d.g1 = d.charset.g0, d.charset.g1
		d.out = append(d.out, c)
		return text[1:]
	}
	half := d.g0
	if c >= utf8.RuneSelf {
		half = d.g1
	}
	if half != nil && half.runes == nil {
		return d.pairs(text, half)
	}
	r := utf8.RuneError
	if half != nil {
		r = half.runes(c)
	}
	d.ok = d.ok && r != utf8.RuneError
	d.out = utf8.AppendRune(d.out, r)
	return text[1:]
}

// delimits tells bytes that separate. Where characters of two bytes are in the lower half, none does: they are made
// of such bytes.
func (d *decoder) delimits(c byte, separated, name bool) bool {
	if d.g0.runes == nil {
		return false
	}
	return c == '\\' && separated || (c == '^' || c == '=') && name
}

// pairs reads as many characters of two bytes as stand in a row.
func (d *decoder) pairs(text []byte, t *table) []byte {
	var run []byte
	n := 0
	for len(text) >= n+2 && isHalf(text[n]) && isHalf(text[n+1]) && (text[n]^text[0])&0x80 == 0 {
		run = append(append(run, t.prefix...), text[n]|0x80, text[n+1]|0x80)
		n += 2
	}
	out, err := t.pair.NewDecoder().Bytes(run)
	if n == 0 || err != nil {
		d.ok = false
		d.out = utf8.AppendRune(d.out, utf8.RuneError)
		return text[1:]
	}
	d.ok = d.ok && !bytes.ContainsRune(out, utf8.RuneError)
	d.out = append(d.out, out...)
	return text[n:]
}

// isHalf tells the 94 bytes of either half that characters of two bytes are made of.
func isHalf(c byte) bool { return c&0x7f > ' ' && c&0x7f < 0x7f }
