package frame

// scan is one scan while it is read: the components in it and the table of each.
type scan struct {
	*jpeg
	bits
	at        []int
	tables    []*huffman
	predictor int
	shift     uint // point transform
}

// decode reads the differences of a scan row by row and adds them up (H.1.2.1).
func (s *scan) decode() error {
	if s.interval%s.g.Columns != 0 {
		return s.fail("restarts within a row")
	}
	s.bits = bits{data: s.jpeg.data, pos: s.jpeg.pos}
	rowsToRestart := s.interval / s.g.Columns
	top := 0 // the row that has none above it
	for y := range s.g.Rows {
		if rowsToRestart > 0 && y > 0 && y%rowsToRestart == 0 {
			if !s.restart() {
				s.jpeg.pos = s.bits.pos
				return s.fail("no restart where one must be")
			}
			top = y
		}
		if !s.row(y, y == top) || s.short() {
			s.jpeg.pos = s.bits.pos
			return s.fail("codes that the tables do not have, or too few")
		}
	}
	for i := range s.samples {
		if s.shift > 0 && s.has(i%s.g.Samples) {
			s.samples[i] <<= s.shift
		}
	}
	s.jpeg.pos = s.nextMarker()
	return nil
}

func (s *scan) has(component int) bool {
	for _, at := range s.at {
		if at == component {
			return true
		}
	}
	return false
}

// row reads one row of every component of the scan.
func (s *scan) row(y int, first bool) bool {
	n := s.g.Samples
	width := s.g.Columns * n
	row := s.samples[y*width : (y+1)*width]
	above := row // never read in the first row
	if !first {
		above = s.samples[(y-1)*width : y*width]
	}
	for x := 0; x < width; x += n {
		for i, at := range s.at {
			diff, ok := s.difference(s.tables[i])
			if !ok {
				return false
			}
			var p int32
			switch {
			case x == 0 && first:
				p = 1 << (s.precision - int(s.shift) - 1)
			case first:
				p = int32(row[x+at-n])
			case x == 0:
				p = int32(above[at])
			default:
				p = predict(s.predictor, int32(row[x+at-n]), int32(above[x+at]), int32(above[x+at-n]))
			}
			row[x+at] = uint16(p + diff)
		}
	}
	return true
}

// predict guesses a sample by those to its left, above, and above to the left (table H.1).
func predict(predictor int, a, b, c int32) int32 {
	switch predictor {
	case 1:
		return a
	case 2:
		return b
	case 3:
		return c
	case 4:
		return a + b - c
	case 5:
		return a + (b-c)>>1
	case 6:
		return b + (a-c)>>1
	}
	return (a + b) >> 1
}

// restart passes over the restart marker and begins anew behind it.
func (s *scan) restart() bool {
	n := s.nextMarker()
	if n+1 >= len(s.bits.data) || s.bits.data[n+1]&^7 != markRST0 {
		return false
	}
	s.bits = bits{data: s.bits.data, pos: n + 2}
	return true
}

// nextMarker is where the next marker begins.
func (s *scan) nextMarker() int {
	data := s.bits.data
	n := s.bits.pos
	for n < len(data) && (data[n] != 0xFF || n+1 < len(data) && data[n+1] == 0) {
		n++
	}
	return n
}
