package auditd

import "bytes"

// encoded tells whether a value of this name, when it stands without quotes, is text that the
// sender wrote in hexadecimal because it held a blank, a quote or a control
// character (auparse: AUPARSE_TYPE_ESCAPED).
func (rec *Record) encoded(name []byte) bool {
	switch string(name) {
	case "acct", "cgroup", "cmd", "comm", "cwd", "data", "device", "dir", "exe", "file", "grp", "invalid_context",
		"key", "name", "new-disk", "new-fs", "new-net", "new_group", "ocomm", "old-disk", "old-fs", "old-net",
		"path", "proctitle", "root_dir", "sw", "vm", "watch":
		return true
	}
	// a0, a1, a2[0] are text in EXECVE; the a0 to a3 of a SYSCALL are numbers.
	return string(rec.Type) == "EXECVE" && isArgument(name)
}

// isArgument matches a0, a17 and a1[2], a piece of an argument too long for one record.
func isArgument(name []byte) bool {
	if len(name) < 2 || name[0] != 'a' {
		return false
	}
	number, piece, split := bytes.Cut(name[1:], []byte("["))
	if split {
		piece, split = bytes.CutSuffix(piece, []byte("]"))
		return split && isDigits(number) && isDigits(piece)
	}
	return isDigits(number)
}

func isDigits(s []byte) bool {
	for _, c := range s {
		if c-'0' > 9 {
			return false
		}
	}
	return len(s) > 0
}

// decode returns the text that value spells in hexadecimal, or value itself. The zero
// bytes between the words of a command line become blanks, as ausearch shows them.
func (rec *Record) decode(name, value []byte) []byte {
	if len(value) == 0 || len(value)%2 != 0 {
		return value
	}
	from := len(rec.decoded)
	for i := 0; i < len(value); i += 2 {
		hi, lo := nibble(value[i]), nibble(value[i+1])
		if hi > 15 || lo > 15 {
			rec.decoded = rec.decoded[:from]
			return value
		}
		rec.decoded = append(rec.decoded, hi<<4|lo)
	}
	text := rec.decoded[from:]
	if string(name) == "proctitle" {
		text = bytes.TrimRight(text, "\x00")
		for i, c := range text {
			if c == 0 {
				text[i] = ' '
			}
		}
	}
	return text
}

// nibble is the worth of a hexadecimal digit. The kernel writes capitals only.
func nibble(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}
