package alike

// Sound is the form of how a family name sounds, by the Kölner Phonetik (H. J. Postel, IBM-Nachrichten 19 (1969) 925-931): Meier and
// Mayr share one, as do Schmidt and Schmitt, Petrov and Petroff, Smith and Smyth. It is made for German, and does well for names of
// other European languages, for it keeps no vowel but the first. It is empty for names in other letters.
func Sound(family string) string {
	name := Family(family)
	var code []byte
	last := byte(0)
	for i := range len(name) {
		if name[i] < 'a' || name[i] > 'z' {
			continue
		}
		before, after := byte(0), byte(0)
		if i > 0 {
			before = name[i-1]
		}
		if i+1 < len(name) {
			after = name[i+1]
		}
		for _, d := range digits(name[i], before, after, i == 0) {
			if byte(d) != last && (d != '0' || len(code) == 0) {
				code = append(code, byte(d))
			}
			last = byte(d)
		}
	}
	return string(code)
}

// digits is the table of the Kölner Phonetik.
func digits(c, before, after byte, first bool) string {
	switch c {
	case 'a', 'e', 'i', 'j', 'o', 'u', 'y':
		return "0"
	case 'b':
		return "1"
	case 'p':
		if after == 'h' {
			return "3"
		}
		return "1"
	case 'd', 't':
		if among(after, "csz") {
			return "8"
		}
		return "2"
	case 'f', 'v', 'w':
		return "3"
	case 'g', 'k', 'q':
		return "4"
	case 'c':
		return hardC(before, after, first)
	case 'x':
		if among(before, "ckq") {
			return "8"
		}
		return "48"
	case 'l':
		return "5"
	case 'm', 'n':
		return "6"
	case 'r':
		return "7"
	case 's', 'z':
		return "8"
	}
	return "" // h
}

func hardC(before, after byte, first bool) string {
	switch {
	case first && among(after, "ahkloqrux"), !first && !among(before, "sz") && among(after, "ahkoqux"):
		return "4"
	}
	return "8"
}

func among(c byte, set string) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}
