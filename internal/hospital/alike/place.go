package alike

import (
	"strconv"
	"strings"
)

// Place is the form of a line with a street.
type Place struct {
	Street string // empty when the line names none
	Number int32  // 0 when there is none
	House  string // the number with its letter
	Unit   string // flat, floor, suite
}

// Street takes a line apart, whether the number stands before the street or behind it. A line that says that there is no
// address is none.
func Street(line string) Place {
	tokens := words(strings.ReplaceAll(line, "#", " unit "))
	tokens, unit := cutUnit(joinStreet(tokens))
	at := numberAt(tokens)
	p := Place{Unit: unit}
	var street strings.Builder
	for i, t := range tokens {
		switch {
		case i == at:
			p.House = t
			n, _ := strconv.ParseInt(leadingDigits(t), 10, 32)
			p.Number = int32(n)
		case at >= 0 && i == at+1 && len(tokens) > 2 && len(t) == 1 && p.House == leadingDigits(p.House) && t[0] >= 'a':
			p.House += t // 12 a
		case at >= 0 && i == at+1 && isNumber(t) && p.Unit == "":
			p.Unit = t // 12/4
		default:
			street.WriteString(short(t))
		}
	}
	p.Street = street.String()
	if noStreet(p.Street) {
		return Place{}
	}
	return p
}

// noStreet tells what people write where there is no address. Those who have none do not live together.
func noStreet(street string) bool {
	switch street {
	case "", "unknown", "unbekannt", "none", "na", "xxx", "homeless", "nofixedabode", "nofixedaddress", "obdachlos",
		"ohnefestenwohnsitz", "generaldelivery", "test":
		return true
	}
	return false
}

// cutUnit takes out what stands behind a word for a flat.
func cutUnit(tokens []string) (rest []string, unit string) {
	for i, t := range tokens {
		switch t {
		case "apt", "apartment", "flat", "unit", "suite", "ste", "wohnung", "whg", "app", "appartement", "top", "room", "lgh":
			if i > 0 && i+1 < len(tokens) {
				return append(tokens[:i:i], tokens[i+2:]...), tokens[i+1]
			}
			if i == 0 && i+2 < len(tokens) { // Flat 3, 12 Mill Lane
				return tokens[2:], tokens[1]
			}
		}
	}
	return tokens, ""
}

// joinStreet separates what is written in one word: Millstreet, Mühlstr.
func joinStreet(tokens []string) []string {
	var out []string
	for _, t := range tokens {
		cut := false
		for _, end := range []string{"strasse", "straat", "street", "str", "gasse", "platz", "weg", "vagen", "gatan", "gade", "vej"} {
			if name, ok := strings.CutSuffix(t, end); ok && len(name) > 2 {
				out, cut = append(out, name, end), true
				break
			}
		}
		if !cut {
			out = append(out, t)
		}
	}
	return out
}

// numberAt tells which token is the number of the house: the first when the line begins with it, else the last that is a
// number (Straße des 17. Juni 135). -1 when none is.
func numberAt(tokens []string) int {
	if len(tokens) > 0 && isNumber(tokens[0]) {
		return 0
	}
	for i := len(tokens) - 1; i > 0; i-- {
		if isNumber(tokens[i]) {
			if i > 1 && isNumber(tokens[i-1]) { // 12/4
				return i - 1
			}
			return i
		}
	}
	return -1
}

// isNumber tells whether a token is digits, maybe with one letter behind; 5th and 42nd are names of streets.
func isNumber(token string) bool {
	d := leadingDigits(token)
	return d != "" && len(d) <= 6 && len(token)-len(d) <= 1
}

func leadingDigits(token string) string {
	for i := range len(token) {
		if token[i] < '0' || token[i] > '9' {
			return token[:i]
		}
	}
	return token
}

// short writes words for streets in one way.
func short(token string) string {
	switch token {
	case "street", "str", "strasse", "straat":
		return "st"
	case "road":
		return "rd"
	case "avenue":
		return "ave"
	case "lane":
		return "ln"
	case "drive":
		return "dr"
	case "court":
		return "ct"
	case "place", "platz", "plaza", "plein":
		return "pl"
	case "boulevard", "bd":
		return "blvd"
	case "square":
		return "sq"
	case "terrace":
		return "ter"
	case "close":
		return "cl"
	case "saint", "sankt", "sint":
		return "st"
	case "north":
		return "n"
	case "south":
		return "s"
	case "east":
		return "e"
	case "west":
		return "w"
	}
	return digraphs(token)
}

// Phone is the form of a telephone number: its last eight digits, in which the prefixes of countries and of long distance
// do not differ. It is empty when there are fewer than six, or when the number is a filler such as 000000.
func Phone(text string) string {
	text, _, _ = strings.Cut(strings.ToLower(text), "x") // extensions: 555-0101 x12, ext. 12
	text, _, _ = strings.Cut(text, "e")
	var b []byte
	for i := range len(text) {
		if text[i] >= '0' && text[i] <= '9' && len(b) < 32 {
			b = append(b, text[i])
		}
	}
	digits := strings.TrimLeft(string(b), "0")
	if len(digits) < 6 || filler(digits) {
		return ""
	}
	return digits[max(0, len(digits)-8):]
}

// Number is the form of a number of a register of the nation: letters and digits. Fillers are none.
func Number(text string) string {
	var b []byte
	for i := range min(len(text), longest) {
		c := text[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
			b = append(b, c)
		}
	}
	if len(b) < 5 || filler(string(b)) {
		return ""
	}
	return string(b)
}

// filler tells numbers that people type where they must type one: one digit again and again, or all in turn.
func filler(digits string) bool {
	same, turn := true, true
	for i := 1; i < len(digits); i++ {
		same = same && digits[i] == digits[i-1]
		turn = turn && digits[i] == digits[i-1]+1
	}
	return same || turn
}
