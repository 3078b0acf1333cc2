package dicom

import (
	_ "embed"
	"sort"
	"strconv"
	"strings"
	"sync"
)

//go:embed dictionary.txt
var dictionaryText string

// entry is one line of the dictionary. Tags of repeating groups are equal to tag under mask.
type entry struct {
	tag, mask Tag
	vr        VR
	keyword   string
}

type dictionary struct{ single, repeating []entry }

// standard is read from the text once, when it is first asked for.
var standard = sync.OnceValue(func() dictionary {
	var d dictionary
	for line := range strings.Lines(dictionaryText) {
		if line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		e := entry{mask: 0xFFFFFFFF, vr: VR(f[1][0])<<8 | VR(f[1][1])}
		if len(f) > 2 {
			e.keyword = f[2]
		}
		for i, c := range f[0] {
			if c == 'x' {
				e.mask &^= 0xF << (4 * (7 - i))
			}
		}
		tag, err := strconv.ParseUint(strings.ReplaceAll(f[0], "x", "0"), 16, 32)
		if err != nil {
			panic("wardline: internal error: the DICOM dictionary cannot be read")
		}
		e.tag = Tag(tag)
		if e.mask == 0xFFFFFFFF {
			d.single = append(d.single, e)
		} else {
			d.repeating = append(d.repeating, e)
		}
	}
	return d
})

func lookup(t Tag) (entry, bool) {
	d := standard()
	i := sort.Search(len(d.single), func(i int) bool { return d.single[i].tag >= t })
	if i < len(d.single) && d.single[i].tag == t {
		return d.single[i], true
	}
	if t.Private() {
		return entry{}, false
	}
	for _, e := range d.repeating { // (50xx,eeee), (60xx,eeee): PS3.5 7.6
		if t&e.mask == e.tag {
			return e, true
		}
	}
	return entry{}, false
}

// Keyword is the standard's name of an attribute, as PatientID; empty when it has none.
func (t Tag) Keyword() string {
	e, _ := lookup(t)
	return e.keyword
}

// Lookup is the value representation that the standard gives an attribute (PS3.6), and UN for what it does not
// know. Of several it names the one that little endian implicit VR reads the same bytes as: OW for OB or OW,
// US for US or SS.
func (t Tag) Lookup() VR {
	if t.IsGroupLength() {
		return UL
	}
	if t.isCreator() {
		return LO
	}
	e, ok := lookup(t)
	if !ok {
		return UN
	}
	switch e.vr {
	case eitherShort:
		return US
	case eitherWord, shortOrWord:
		return OW
	}
	return e.vr
}

// signed tells attributes that are US or SS, by PixelRepresentation.
func (t Tag) signed() bool {
	e, ok := lookup(t)
	return ok && e.vr == eitherShort
}
