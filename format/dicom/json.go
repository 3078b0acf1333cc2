package dicom

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// AppendJSON appends ds in the DICOM JSON model (PS3.18 F): an object with one member for each element, by its tag. Text
// comes as UTF-8, and (0008,0005) says so where it stands. Group lengths and padding are left out; encapsulated
// pixel data has no value in this model and is named only. Of elements that stand there twice, the first is written.
func (ds *DataSet) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	first := true
	seen := make(map[Tag]bool, len(ds.Elements))
	for i := range ds.Elements {
		e := &ds.Elements[i]
		if e.Tag.IsGroupLength() || seen[e.Tag] {
			continue
		}
		seen[e.Tag] = true
		if !first {
			dst = append(dst, ',')
		}
		first = false
		vr := e.modelVR()
		dst = fmt.Appendf(dst, `"%08X":{"vr":"%s"`, uint32(e.Tag), vr)
		dst = append(ds.appendValue(dst, e, vr), '}')
	}
	return append(dst, '}')
}

// modelVR is a representation that the model knows (PS3.18 F.2.3).
func (e *Element) modelVR() VR {
	if e.Items != nil {
		return SQ
	}
	if e.Fragments != nil { // PS3.5 A.4, also where a file says OW
		return OB
	}
	if !e.VR.Known() {
		return UN
	}
	return e.VR
}

func (ds *DataSet) appendValue(dst []byte, e *Element, vr VR) []byte {
	switch {
	case e.Items != nil:
		return appendList(dst, len(e.Items), func(dst []byte, i int) []byte { return e.Items[i].AppendJSON(dst) })
	case e.Tag == tagCharset: // PS3.18 F.2: the model is UTF-8
		return append(dst, `,"Value":["ISO_IR 192"]`...)
	case len(e.Value) == 0:
		return dst
	case vr.IsText():
		return ds.appendTexts(dst, e)
	case vr == AT:
		tags := e.Tags()
		return appendList(dst, len(tags), func(dst []byte, i int) []byte { return fmt.Appendf(dst, `"%08X"`, uint32(tags[i])) })
	case vr == FL || vr == FD:
		floats := e.Floats()
		return appendList(dst, len(floats), func(dst []byte, i int) []byte { return appendFloat(dst, floats[i], vr.Size()*8) })
	case vr == US || vr == SS || vr == UL || vr == SL || vr == SV || vr == UV:
		return appendInts(dst, e)
	}
	dst = append(dst, `,"InlineBinary":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, e.AppendLittleEndian(nil)) // little endian: PS3.18 F.2.7
	return append(dst, '"')
}

func appendList(dst []byte, n int, one func([]byte, int) []byte) []byte {
	if n == 0 {
		return dst
	}
	dst = append(dst, `,"Value":[`...)
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, i)
	}
	return append(dst, ']')
}

// exact is the largest number that every reader of JSON has exactly (RFC 8259 6). Larger ones come as text (PS3.18 F.2.3).
const exact = 1<<53 - 1

func appendInts(dst []byte, e *Element) []byte {
	size, order := e.VR.Size(), e.order()
	return appendList(dst, len(e.Value)/size, func(dst []byte, i int) []byte {
		one := Element{VR: e.VR, Value: e.Value[i*size : (i+1)*size], coding: e.coding}
		ints := one.Ints()
		switch {
		case ints == nil: // beyond int64
			return fmt.Appendf(dst, `"%d"`, order.Uint64(one.Value))
		case ints[0] > exact || ints[0] < -exact:
			return fmt.Appendf(dst, `"%d"`, ints[0])
		}
		return strconv.AppendInt(dst, ints[0], 10)
	})
}

// appendFloat writes what JSON has no number for as text.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 0):
		return fmt.Appendf(dst, `"%s"`, strings.Replace(strconv.FormatFloat(f, 'g', -1, 64), "+", "", 1))
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

// appendTexts writes an empty value among others as null (PS3.18 F.2.5). Names lose the delimiters behind their last part,
// which mean nothing (PS3.5 6.2.1).
func (ds *DataSet) appendTexts(dst []byte, e *Element) []byte {
	texts := ds.Texts(e)
	if e.VR == PN {
		for i := range texts {
			texts[i] = strings.TrimRight(texts[i], "^= ")
		}
	}
	if len(texts) == 1 && texts[0] == "" {
		return dst
	}
	return appendList(dst, len(texts), func(dst []byte, i int) []byte {
		if texts[i] == "" {
			return append(dst, "null"...)
		}
		switch e.VR {
		case PN:
			return appendName(dst, ParseName(texts[i]))
		case DS, IS:
			return appendNumber(dst, texts[i], e.VR)
		}
		return appendString(dst, texts[i])
	})
}

func appendName(dst []byte, n PersonName) []byte {
	dst = append(dst, '{')
	sep := ""
	for _, g := range [...]struct{ key, value string }{{"Alphabetic", n.Alphabetic}, {"Ideographic", n.Ideographic}, {"Phonetic", n.Phonetic}} {
		if value := strings.TrimRight(g.value, "^"); value != "" {
			dst = fmt.Appendf(dst, `%s"%s":`, sep, g.key)
			dst = appendString(dst, value)
			sep = ","
		}
	}
	return append(dst, '}')
}

// appendNumber writes the number that a decimal or integer string says, and what says none as text (PS3.18 F.2.3.1).
func appendNumber(dst []byte, text string, vr VR) []byte {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.AppendInt(dst, n, 10)
	}
	plain := strings.Trim(text, "0123456789+-.eE") == ""
	if f, err := strconv.ParseFloat(text, 64); err == nil && vr == DS && plain {
		return appendFloat(dst, f, 64)
	}
	return appendString(dst, text)
}

func appendString(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("wardline: internal error: a string has no JSON form")
	}
	return append(dst, b...)
}
