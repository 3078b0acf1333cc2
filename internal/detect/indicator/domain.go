package indicator

import "bytes"

const (
	maxDomain = 253 // RFC 1035 2.3.4, as text
	maxLabel  = 63
)

// appendDomain appends the normal form of a listed name.
func appendDomain(dst, text []byte) ([]byte, error) {
	text = bytes.TrimPrefix(text, []byte("*."))
	text = bytes.Trim(text, ".")
	if len(text) > maxDomain {
		return nil, errDomain
	}
	start := len(dst)
	dst, ascii := appendLower(dst, text)
	if !ascii {
		return nil, errASCII
	}
	name := dst[start:]
	labels, last, err := checkLabels(name)
	switch {
	case err != nil:
		return nil, err
	case labels == 1:
		return nil, errSuffix
	case isExtension(last):
		return nil, errFileName
	case labels == 2 && isRegistry(name[:len(name)-len(last)-1], last), string(last) == "arpa" && labels == 2:
		return nil, errSuffix
	}
	return dst, nil
}

// checkLabels counts the labels of a name in small letters of ASCII and returns the last one.
func checkLabels(name []byte) (labels int, last []byte, err error) {
	for rest := name; ; {
		label, more, found := bytes.Cut(rest, []byte("."))
		if len(label) == 0 || len(label) > maxLabel {
			return 0, nil, errDomain
		}
		for _, c := range label {
			if !isName(c) {
				return 0, nil, errDomain
			}
		}
		labels++
		if !found {
			last = label
			break
		}
		rest = more
	}
	if len(last) < 2 || !hasLetter(last) || last[0] == '-' || bytes.IndexByte(last, '_') >= 0 {
		return 0, nil, errDomain
	}
	return labels, last, nil
}

func hasLetter(b []byte) bool {
	for _, c := range b {
		if isLetter(c) {
			return true
		}
	}
	return false
}

// isRegistry tells the names of two labels under which registries of countries sell
// names to everybody, as co.uk, so far as their shape gives them away.
func isRegistry(second, country []byte) bool {
	if len(country) != 2 {
		return false
	}
	switch string(second) {
	case "ac", "co", "com", "ed", "edu", "gob", "gouv", "gov", "govt", "gv", "health", "id", "ltd", "mil", "mod", "ne",
		"net", "nhs", "nic", "nom", "or", "org", "plc", "police", "sch", "school":
		return true
	}
	return false
}

// isExtension tells endings of file names that no registry has given out.
func isExtension(label []byte) bool {
	switch string(label) {
	case "exe", "dll", "sys", "bat", "cmd", "ps1", "psm1", "vbs", "vbe", "js", "jse", "wsf", "hta", "jar", "class", "scr", "cpl",
		"lnk", "msi", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "pdf", "rtf", "txt", "log", "dat", "tmp", "bin",
		"elf", "apk", "iso", "img", "dmg", "php", "asp", "aspx", "jsp", "html", "htm", "css", "xml", "json", "csv", "jpg", "jpeg", "png", "gif",
		"bmp", "svg", "ico", "rar", "7z", "gz", "tgz", "tar", "bz2", "xz", "cab", "bak", "ini", "cfg", "conf", "key", "pem", "db", "sqlite":
		return true
	}
	return false
}
