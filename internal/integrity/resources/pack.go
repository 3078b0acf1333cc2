package resources

import (
	"encoding/binary"

	"github.com/wardline/wardline/internal/integrity/aside"
)

// Chunks are lists of records, and the blocks of a spill lists of records as they were just read, written so:
//
//	record  = id flags first gone count *version [planted]
//	version = id flags updated sum(32) labels
//	planted = at id sum(32)
//
// numbers are unsigned varints, texts stand behind their lengths. The static forms stand beside them in the same order, that of what is planted last.

const (
	flagComplete = 1 << iota
	flagPlanted
)

const (
	flagDeletion = 1 << iota
	flagLost
	flagText // it is kept
)

func packRecords(list []*record) (body, content []byte) {
	for _, r := range list {
		flags := byte(0)
		if r.complete {
			flags |= flagComplete
		}
		if r.planted != nil {
			flags |= flagPlanted
		}
		body = append(aside.AppendText(body, r.id), flags)
		body = binary.AppendUvarint(binary.AppendUvarint(body, uint64(r.first)), uint64(r.gone))
		body = binary.AppendUvarint(body, uint64(len(r.versions)))
		for i := range r.versions {
			body, content = packVersion(body, content, &r.versions[i])
		}
		if p := r.planted; p != nil {
			body = append(aside.AppendText(binary.AppendUvarint(body, uint64(p.at)), p.id), p.sum[:]...)
			content = aside.AppendText(content, string(p.text))
		}
	}
	return body, content
}

func packVersion(body, content []byte, v *version) (b, c []byte) {
	flags := byte(0)
	if v.gone {
		flags |= flagDeletion
	}
	if v.lost {
		flags |= flagLost
	}
	if v.text != nil {
		flags |= flagText
		content = aside.AppendText(content, string(v.text))
	}
	body = append(aside.AppendText(body, v.id), flags)
	body = append(binary.AppendUvarint(body, uint64(micros(v.updated))), v.sum[:]...)
	return aside.AppendText(body, v.labels), content
}

// unpackRecords reads what packRecords wrote.
func unpackRecords(body, content []byte) (list []*record, err error) {
	u, c := aside.Reader{B: body}, aside.Reader{B: content}
	for len(u.B) > 0 && !u.Bad {
		r := &record{id: u.Text()}
		flags := u.Take(1)[0]
		r.complete = flags&flagComplete != 0
		r.first, r.gone = int64(u.Number()), int64(u.Number())
		count := u.Number()
		if count > uint64(len(u.B)) {
			return nil, aside.ErrDamaged
		}
		r.versions = make([]version, count)
		for i := range r.versions {
			v := &r.versions[i]
			v.id = u.Text()
			flags := u.Take(1)[0]
			v.gone, v.lost = flags&flagDeletion != 0, flags&flagLost != 0
			v.updated, v.sum = timeOf(int64(u.Number())), Sum(u.Take(32))
			v.labels = u.Text()
			if flags&flagText != 0 {
				v.text = c.Bytes()
			}
		}
		if flags&flagPlanted != 0 {
			r.planted = &planted{at: int64(u.Number()), id: u.Text(), sum: Sum(u.Take(32)), text: c.Bytes()}
		}
		list = append(list, r)
	}
	if u.Bad || c.Bad || len(c.B) > 0 {
		return nil, aside.ErrDamaged
	}
	return list, nil
}
