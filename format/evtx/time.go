package evtx

import (
	"encoding/binary"
	"time"
)

// dayText remembers the last date written: events come in order.
type dayText struct {
	day  uint64
	text [len("2026-03-01T")]byte
}

// appendFileTime appends 100 ns since 1601 with six digits of a second.
func (d *dayText) appendFileTime(dst []byte, t uint64) []byte {
	const perDay = 86400 * ticks
	day, rest := t/perDay, t%perDay
	if day != d.day || d.text[0] == 0 {
		date := time.Unix(int64(day)*86400-epoch, 0).UTC()
		if date.Year() > 9999 {
			return appendHex(dst, t)
		}
		d.day = day
		date.AppendFormat(d.text[:0], "2006-01-02T")
	}
	dst = append(dst, d.text[:]...)
	s, micros := uint32(rest/ticks), uint32(rest%ticks/10)
	dst = append(dst, '0'+byte(s/36000), '0'+byte(s/3600%10), ':', '0'+byte(s/600%6), '0'+byte(s/60%10), ':',
		'0'+byte(s%60/10), '0'+byte(s%10), '.')
	return appendDigits(dst, micros, 100000)
}

// appendSystemTime appends year, month, weekday, day, hour, minute, second and millisecond, each of
// two bytes ([MS-DTYP] 2.3.13).
func appendSystemTime(dst, b []byte) []byte {
	field := func(i int) uint32 { return uint32(binary.LittleEndian.Uint16(b[2*i:])) }
	if field(0) > 9999 || max(field(1), field(3), field(4), field(5), field(6)) > 99 || field(7) > 999 {
		return appendHexBytes(dst, b)
	}
	dst = appendNumber(dst, field(0), 1000, '-')
	dst = appendNumber(dst, field(1), 10, '-')
	dst = appendNumber(dst, field(3), 10, 'T')
	dst = appendNumber(dst, field(4), 10, ':')
	dst = appendNumber(dst, field(5), 10, ':')
	dst = appendNumber(dst, field(6), 10, '.')
	return appendDigits(dst, field(7)*1000, 100000)
}

func appendDigits(dst []byte, n, top uint32) []byte { return appendNumber(dst, n, top, 'Z') }

// appendNumber appends the digits of n from the one that counts top, and what follows them.
func appendNumber(dst []byte, n, top uint32, then byte) []byte {
	for ; top > 0; top /= 10 {
		dst = append(dst, '0'+byte(n/top%10))
	}
	return append(dst, then)
}
