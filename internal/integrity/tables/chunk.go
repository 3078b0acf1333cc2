package tables

import (
	"encoding/binary"

	"github.com/wardline/wardline/internal/integrity/aside"
)

// Chunks and the blocks of a spill are lists of rows, written so:
//
//	row    = key(32) sum(32) flags version updated first [gone last]
//	value  = tag length text
//
// numbers are unsigned varints. The rows' contents stand beside them, each behind its length, in the same order.

const (
	flagDeleted = 1 << iota
	flagGone
	flagPartial
)

func packRows(rows []*row) (body, content []byte) {
	for _, r := range rows {
		body = append(append(body, r.key[:]...), r.sum[:]...)
		flags := byte(0)
		if r.deleted {
			flags |= flagDeleted
		}
		if r.gone != 0 {
			flags |= flagGone
		}
		if r.partial {
			flags |= flagPartial
		}
		content = append(binary.AppendUvarint(content, uint64(len(r.content))), r.content...)
		body = append(body, flags)
		body = packValue(packValue(body, r.version), r.updated)
		body = binary.AppendUvarint(body, uint64(r.first))
		if r.gone != 0 {
			body = binary.AppendUvarint(binary.AppendUvarint(body, uint64(r.gone)), uint64(r.last))
		}
	}
	return body, content
}

func packValue(b []byte, f parsedField) []byte {
	return append(binary.AppendUvarint(append(b, f.Tag), uint64(len(f.Text))), f.Text...)
}

// unpackRows reads what packRows wrote, but for the contents: see fill.
func unpackRows(body []byte) (rows []*row, err error) {
	u := aside.Reader{B: body}
	for len(u.B) > 0 && !u.Bad {
		r := &row{key: Sum(u.Take(32)), sum: Sum(u.Take(32))}
		flags := u.Take(1)[0]
		r.deleted, r.partial = flags&flagDeleted != 0, flags&flagPartial != 0
		r.version, r.updated = readValue(&u), readValue(&u)
		r.first = int64(u.Number())
		if flags&flagGone != 0 {
			r.gone, r.last = int64(u.Number()), int64(u.Number())
		}
		rows = append(rows, r)
	}
	if u.Bad {
		return nil, aside.ErrDamaged
	}
	return rows, nil
}

// fill gives rows their contents.
func fill(rows []*row, content []byte) error {
	u := aside.Reader{B: content}
	for _, r := range rows {
		r.content = u.Bytes()
	}
	if u.Bad || len(u.B) > 0 {
		return aside.ErrDamaged
	}
	return nil
}

func readValue(u *aside.Reader) parsedField {
	f := parsedField{Tag: u.Take(1)[0]}
	f.Text = u.Text()
	return f
}
