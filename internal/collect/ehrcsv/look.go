package ehrcsv

import (
	"bytes"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/charset"
)

// Look is what can be told of a file before its rows are read.
type Look struct {
	Mapping string // its name; "" when none fits
	Class   string // what the rows are
	Used    []Use  // in the order of the columns
	Ignored []string
}

// Use is one column and the field that it fills.
type Use struct{ Column, Field string }

// LookAt finds the mapping that fits the beginning of a file, and says what becomes of its columns.
func LookAt(maps []Mapping, head []byte) Look {
	text, _ := charset.UTF8(head, "")
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	delim, _ := delimiter(text)
	for i, row := range firstLines(text) {
		if i == titleLines {
			break
		}
		header := splitQuoted(row, delim)
		if l, ok := choose(maps, header); ok {
			return l.look(header)
		}
	}
	return Look{}
}

func (l *layout) look(header []string) Look {
	found := Look{Mapping: l.mapping.Name, Class: l.mapping.Class}
	for i, column := range header {
		var fields []string
		for field, columns := range l.columns {
			if slices.Contains(columns, i) {
				fields = append(fields, field)
			}
		}
		slices.Sort(fields)
		column = strings.TrimSpace(column)
		if len(fields) == 0 {
			found.Ignored = append(found.Ignored, column)
			continue
		}
		found.Used = append(found.Used, Use{column, strings.Join(fields, ", ")})
	}
	return found
}
