package spool

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

// Kind tells what a block is.
type Kind uint8

// The kinds of blocks.
const (
	keyed   Kind = iota + 1 // the file's data key, sealed for the node
	Body                    // pieces
	Closed                  // nothing follows in this file
	Ended                   // nothing follows in this run
	Grave                   // stands alone in place of a file that was too old: how many messages were in it, and from when
	Damaged                 // is never written: bytes that cannot be read
)

// header is before every block. It is not encrypted, so that what a block held can be counted when its body is lost.
//
//	0 magic  4 kind  8 length of the body  12 messages that begin in it  16 from  24 until  32 CRC-32C of all before
type header struct {
	kind        Kind
	length      int
	messages    uint32
	from, until time.Time
}

const (
	magic      = "WTB1"
	headerSize = 36
	// largestBody is far above what a writer gathers into one block, so that a wrong length costs no memory.
	largestBody = 4 << 20
)

// block is a header and its body.
func block(h header, body []byte) []byte {
	b := make([]byte, 0, headerSize+len(body))
	b = append(b, magic...)
	b = append(b, byte(h.kind), 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	b = binary.BigEndian.AppendUint32(b, h.messages)
	b = binary.BigEndian.AppendUint64(b, uint64(h.from.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(h.until.UnixNano()))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	return append(b, body...)
}

// seal is the block of pieces that is to stand at an offset of the file.
func (d *dataKey) seal(at int64, pieces []Piece) ([]byte, error) {
	h := header{kind: Body, from: pieces[0].From, until: pieces[len(pieces)-1].Until}
	var clear []byte
	for i := range pieces {
		clear = appendPiece(clear, &pieces[i])
		h.messages += uint32(pieces[i].Messages)
	}
	body, err := d.aead.Encrypt(clear, d.place(at))
	return block(h, body), err
}

// parseHeader reads a header at the beginning of b.
func parseHeader(b []byte) (header, bool) {
	if len(b) < headerSize || string(b[:4]) != magic {
		return header{}, false
	}
	sum := headerSize - 4
	if crc32.Checksum(b[:sum], crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(b[sum:]) {
		return header{}, false
	}
	h := header{
		kind: Kind(b[4]), length: int(binary.BigEndian.Uint32(b[8:])), messages: binary.BigEndian.Uint32(b[12:]),
		from: nanos(int64(binary.BigEndian.Uint64(b[16:]))), until: nanos(int64(binary.BigEndian.Uint64(b[24:]))),
	}
	return h, h.kind >= keyed && h.kind <= Grave && h.length <= largestBody
}

func nanos(n int64) time.Time { return time.Unix(0, n).UTC() }

// longestName bounds the names of systems: they are addresses.
const longestName = 300

// appendPiece writes a piece:
//
//	kind, back, why, connection, offset, from, until, size, messages, length and bytes of peer, to and bytes
func appendPiece(b []byte, p *Piece) []byte {
	back := byte(0)
	if p.Back {
		back = 1
	}
	b = append(b, byte(p.Kind), back, byte(p.Why))
	for _, n := range [...]uint64{
		p.Conn, uint64(p.Offset), uint64(p.From.UnixNano()), uint64(p.Until.UnixNano()), uint64(p.Size), uint64(p.Messages),
	} {
		b = binary.AppendUvarint(b, n)
	}
	for _, s := range [...]string{p.Peer, p.To} {
		s = s[:min(len(s), longestName)]
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return append(binary.AppendUvarint(b, uint64(len(p.Bytes))), p.Bytes...)
}

// errPiece says that a body was written by a tap of another version, or by somebody who is none.
var errPiece = errors.New("no list of pieces")

// parsePieces reads what appendPiece wrote. The bytes of the pieces are those of b.
func parsePieces(b []byte) (list []Piece, err error) {
	for len(b) > 0 {
		if len(b) < 3 || PieceKind(b[0]) > End || b[1] > 1 {
			return nil, errPiece
		}
		p := Piece{Kind: PieceKind(b[0]), Back: b[1] == 1, Why: Why(b[2])}
		b = b[3:]
		var n [6]uint64
		for i := range n {
			if n[i], b, err = number(b); err != nil {
				return nil, err
			}
		}
		const most = 1 << 62
		if n[1] > most || n[4] > most || n[5] > 1<<31 || n[1]+n[4] > most {
			return nil, errPiece
		}
		p.Conn, p.Offset, p.From, p.Until = n[0], int64(n[1]), nanos(int64(n[2])), nanos(int64(n[3]))
		p.Size, p.Messages = int64(n[4]), int(n[5])
		var peer, to []byte
		for _, s := range [...]*[]byte{&peer, &to, &p.Bytes} {
			if *s, b, err = text(b); err != nil {
				return nil, err
			}
		}
		if len(peer) > longestName || len(to) > longestName {
			return nil, errPiece
		}
		p.Peer, p.To = string(peer), string(to)
		list = append(list, p)
	}
	return list, nil
}

func number(b []byte) (uint64, []byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, errPiece
	}
	return n, b[size:], nil
}

func text(b []byte) ([]byte, []byte, error) {
	n, b, err := number(b)
	if err != nil || n > uint64(len(b)) {
		return nil, nil, errPiece
	}
	return b[:n:n], b[n:], nil
}
