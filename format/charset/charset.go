// Package charset turns text into UTF-8, also when its sender says the wrong thing
// about how it was written. Names of patients come out readable either way.
package charset

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// UTF8 returns text as UTF-8. declared is what the sender says: a name of IANA, of HL7
// table 0211, or nothing. The text itself has the last word: a mark of UTF-16 in front and text that
// is UTF-8 already win over any declaration, and what does not fit its declaration is
// read as Windows-1252, which most such senders use. honest tells whether the declaration
// was right; none at all is right for ASCII and UTF-8 only.
//
// Text that needs no change is returned as it is, not copied. A leading UTF-8 mark stays.
func UTF8(text []byte, declared string) (out []byte, honest bool) {
	key := fold(declared)
	if marked(text) {
		out, err := utf16.NewDecoder().Bytes(text)
		if err != nil {
			return bytes.ToValidUTF8(text, []byte("\uFFFD")), false
		}
		return out, key == "" || isUTF16(key)
	}
	if plain(text) {
		return text, true
	}
	if utf8.Valid(text) && bytes.IndexByte(text, escape) < 0 {
		return text, key == "" || key == "UTF8" || key == "UNICODEUTF8"
	}
	body := bytes.TrimPrefix(text, []byte(mark))
	out, honest = legacy(body, key)
	if len(body) < len(text) {
		out = append([]byte(mark), out...)
	}
	return out, honest
}

// legacy reads text that is not UTF-8, or that switches character sets.
func legacy(text []byte, key string) (out []byte, honest bool) {
	if e := lookup(key); e != nil {
		if out, err := e.NewDecoder().Bytes(text); err == nil && !bytes.ContainsRune(out, utf8.RuneError) {
			return out, true
		}
	}
	if utf8.Valid(text) { // an escape byte that is not one of ISO 2022
		return text, true
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(text)
	if err != nil {
		return bytes.ToValidUTF8(text, []byte("\uFFFD")), false
	}
	return out, false
}

const mark = "\ufeff" // of UTF-8

// NewReader reads r, and as UTF-8 when it begins with a mark of UTF-16. It reads
// nothing before it is read.
func NewReader(r io.Reader) io.Reader { return &reader{r: r} }

type reader struct {
	r     io.Reader
	known bool
}

func (d *reader) Read(p []byte) (int, error) {
	if !d.known {
		var head [2]byte
		n, err := io.ReadFull(d.r, head[:])
		d.known = true
		if err != nil && n == 0 {
			return 0, err
		}
		d.r = io.MultiReader(bytes.NewReader(head[:n]), d.r)
		if marked(head[:n]) {
			d.r = transform.NewReader(d.r, utf16.NewDecoder())
		}
	}
	return d.r.Read(p)
}

var utf16 = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)

const escape = 0x1b // begins a switch of character sets in ISO 2022

// marked tells a byte order mark of UTF-16.
func marked(text []byte) bool {
	return len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff)
}

func plain(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf || c == escape {
			return false
		}
	}
	return true
}

func isUTF16(key string) bool {
	return key == "UTF16" || key == "UTF16LE" || key == "UTF16BE" || key == "UNICODE" || key == "UNICODEUTF16"
}

// fold keeps letters and digits, and makes letters large. Names that are too long are none.
func fold(name string) string {
	var key [24]byte
	n := 0
	for i := 0; i < len(name); i++ {
		c := name[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			if n == len(key) {
				return "TOOLONG"
			}
			key[n] = c
			n++
		}
	}
	return string(key[:n])
}

// lookup knows the names of IANA and those of HL7 table 0211; nil for ASCII, UTF-8 and the unknown.
func lookup(key string) encoding.Encoding {
	switch key {
	case "ISO88591", "88591", "LATIN1", "L1", "WINDOWS1252", "CP1252", "ISOIR100":
		return charmap.Windows1252 // as browsers read it: the senders mean this superset
	case "ISO88592", "88592", "LATIN2", "ISOIR101":
		return charmap.ISO8859_2
	case "ISO88593", "88593", "ISOIR109":
		return charmap.ISO8859_3
	case "ISO88594", "88594", "ISOIR110":
		return charmap.ISO8859_4
	case "ISO88595", "88595", "ISOIR144":
		return charmap.ISO8859_5
	case "ISO88596", "88596", "ISOIR127":
		return charmap.ISO8859_6
	case "ISO88597", "88597", "ISOIR126":
		return charmap.ISO8859_7
	case "ISO88598", "88598", "ISOIR138":
		return charmap.ISO8859_8
	case "ISO88599", "88599", "ISOIR148":
		return charmap.Windows1254
	case "ISO885910", "885910":
		return charmap.ISO8859_10
	case "ISO885913", "885913":
		return charmap.ISO8859_13
	case "ISO885914", "885914":
		return charmap.ISO8859_14
	case "ISO885915", "885915", "LATIN9":
		return charmap.ISO8859_15
	case "ISO885916", "885916":
		return charmap.ISO8859_16
	case "WINDOWS1250", "CP1250":
		return charmap.Windows1250
	case "WINDOWS1251", "CP1251":
		return charmap.Windows1251
	case "WINDOWS1253", "CP1253":
		return charmap.Windows1253
	case "WINDOWS1254", "CP1254":
		return charmap.Windows1254
	case "WINDOWS1255", "CP1255":
		return charmap.Windows1255
	case "WINDOWS1256", "CP1256":
		return charmap.Windows1256
	case "WINDOWS1257", "CP1257":
		return charmap.Windows1257
	case "KOI8R":
		return charmap.KOI8R
	case "TIS620", "ISO885911", "ISOIR166":
		return charmap.Windows874
	case "ISO2022JP", "ISOIR87", "ISOIR159", "ISOIR14", "ISOIR13":
		return japanese.ISO2022JP
	case "SHIFTJIS", "SJIS", "WINDOWS31J", "MS932":
		return japanese.ShiftJIS
	case "EUCJP":
		return japanese.EUCJP
	case "GB18030", "GB180302000":
		return simplifiedchinese.GB18030
	case "GBK", "GB2312":
		return simplifiedchinese.GBK
	case "BIG5":
		return traditionalchinese.Big5
	case "EUCKR", "KSX1001", "KSC5601", "ISOIR149":
		return korean.EUCKR
	}
	return nil
}
