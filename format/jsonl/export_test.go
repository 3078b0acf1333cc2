package jsonl

// MarkBlocks and MarkBlocksPortable are the two ways to mark a text.
var (
	MarkBlocks         = markBlocks
	MarkBlocksPortable = markBlocksPortable
)

// Stops and Slashes list the places that mark marks in a text.
func Stops(text []byte) (stops, slashes []int) {
	var m marks
	m.mark(text)
	for p := range text {
		if window(m.stops, p)&1 != 0 {
			stops = append(stops, p)
		}
		if window(m.slashes, p)&1 != 0 {
			slashes = append(slashes, p)
		}
	}
	return stops, slashes
}
