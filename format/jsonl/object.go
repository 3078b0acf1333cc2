package jsonl

// ObjectEnd returns where the object ends that text begins with: the position behind its closing bracket. It looks at
// brackets and strings alone, and returns -1 when text does not begin with '{', nests deeper than depth or ends first.
func ObjectEnd(text []byte, depth int) int {
	if len(text) == 0 || text[0] != '{' {
		return -1
	}
	open, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if open++; open > depth {
				return -1
			}
		case c == '}' || c == ']':
			if open--; open == 0 {
				return i + 1
			}
		}
	}
	return -1
}
