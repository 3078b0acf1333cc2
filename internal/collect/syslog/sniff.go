package syslog

import "bytes"

const sniffLines = 64

// sniff counts the lines that begin as syslog messages do. Most must; logs of other kinds
// also begin their lines with a time, so a program must follow it.
func sniff(head []byte) int {
	whole, telling := 0, 0
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		line = bytes.Trim(line, "\r\x00")
		if len(line) == 0 || whole > 0 && continues(line) {
			continue
		}
		whole++
		if looksLikeMessage(line) {
			telling++
		}
		if whole == sniffLines {
			break
		}
	}
	switch {
	case telling*2 <= whole:
		return 0
	case telling*10 >= whole*9:
		return 80
	}
	return 60
}

// continues tells whether a line belongs to the message before it.
func continues(line []byte) bool {
	return len(line) > 0 && (line[0] == ' ' || line[0] == '\t' || line[0] == '<' && len(line) > 1 && line[1]-'0' > 9)
}

// startsCounted tells whether line begins with the length of a message.
func startsCounted(line []byte) bool {
	n := digits(line)
	return n > 0 && n <= 10 && bytes.HasPrefix(line[n:], []byte(" <"))
}

func looksLikeMessage(line []byte) bool {
	if startsCounted(line) {
		line = line[digits(line)+1:]
	}
	if _, _, ok := cutPriority(line); ok {
		return true
	}
	m := lenient(line)
	if len(m.Timestamp) == 0 {
		return false
	}
	if m.Yearless {
		return len(m.Hostname) > 0 || len(m.AppName) > 0
	}
	// "2024-05-01T12:00:00Z ERROR Store: text" is an application's log.
	return len(m.AppName) > 0 && len(m.Hostname) > 0 && !isLevel(m.Hostname)
}

// isLevel tells whether a word is a log level rather than a host.
func isLevel(word []byte) bool {
	switch string(bytes.ToUpper(bytes.Trim(word, "[]"))) {
	case "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "FATAL", "CRITICAL", "SEVERE", "PANIC":
		return true
	}
	return false
}
