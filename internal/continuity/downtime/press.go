package downtime

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusanscondensed"
	"github.com/go-fonts/dejavu/dejavusanscondensedbold"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// Press prints packs. Any number of goroutines may use one.
type Press struct {
	bold *sfnt.Font // which has fewer letters than the other
}

// NewPress loads the letters: DejaVu Sans Condensed, which has Latin, Greek and Cyrillic with all their marks.
func NewPress() (*Press, error) {
	f, err := sfnt.Parse(dejavusanscondensedbold.TTF)
	if err != nil {
		return nil, fmt.Errorf("load the letters of downtime packs: %w", err)
	}
	return &Press{f}, nil
}

// printable makes of a text what the letters can print. Marks that they do not have are left out, and letters become question marks: a reader sees that something
// is missing, and has the number beside it.
func (s *Press) printable(text string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.ReplaceAll(text, allPages, "{ all }")) {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case !unicode.IsPrint(r): // nothing to be seen
		case s.has(r):
			b.WriteRune(r)
		default:
			b.WriteRune(s.plain(r))
		}
	}
	return b.String()
}

// name is a patient's, with a word beside it where letters of it could not be printed.
func (d *paper) name(t *Patient) string {
	name := t.name()
	if printed := d.press.printable(name); strings.Count(printed, "?") > strings.Count(name, "?") {
		return printed + " (NAME CANNOT BE PRINTED: go by the MRN)"
	}
	return name
}

// plain is a letter without its marks, or a question mark.
func (s *Press) plain(r rune) rune {
	if base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r))); s.has(base) {
		return base
	}
	return '?'
}

// has tells whether a letter can be printed. Scripts that run from right to left or join their letters are not set here.
func (s *Press) has(r rune) bool {
	if r < 0x7f {
		return r >= ' '
	}
	if r > 0xffff || !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian, unicode.Common) {
		return false
	}
	i, err := s.bold.GlyphIndex(nil, r)
	return err == nil && i != 0
}

// The paper, in millimetres.
const (
	margin    = 10.0
	top       = 33.0 // where the body begins
	bottom    = 12.0 // of the foot
	point     = 25.4 / 72
	lineSpace = 1.22 // of the letters' height
)

// allPages stands for how many pages there are until that is known. No other text may hold it.
const allPages = "{all}"

// paper is a document as it is set.
type paper struct {
	*fpdf.Fpdf
	press *Press
	pack  *Pack
	sheet string  // what the page is, in its head
	until string  // until when it may be used, in its head
	y     float64 // where the next thing stands
	wide  bool
	again func() // what is printed on top of a page that goes on
}

// PDF prints a pack: card, census, a sheet for each patient's drugs, forms, and what must be entered back.
func (s *Press) PDF(p *Pack) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	d := s.begin(p, "Downtime pack "+p.Unit)
	d.card()
	d.census()
	for i := range p.Patients {
		d.drugs(&p.Patients[i])
	}
	d.numbers()
	d.orderForm()
	d.charting()
	d.phoned()
	d.entering()
	return d.end()
}

// begin opens a document.
func (s *Press) begin(p *Pack, title string) *paper {
	size := "A4"
	if p.Letter {
		size = "Letter"
	}
	f := fpdf.New("P", "mm", size, "")
	d := &paper{Fpdf: f, press: s, pack: p, until: p.until()}
	f.SetCreationDate(p.Printed)
	f.SetModificationDate(p.Printed)
	f.SetCatalogSort(true)
	f.SetTitle(title, true)
	f.SetProducer("Wardline", true)
	f.SetLang("en")
	f.AddUTF8FontFromBytes("text", "", dejavusanscondensed.TTF)
	f.AddUTF8FontFromBytes("text", "B", dejavusanscondensedbold.TTF)
	f.SetMargins(margin, margin, margin)
	f.SetCellMargin(0)
	f.SetAutoPageBreak(false, 0)
	f.AliasNbPages(allPages)
	f.SetHeaderFunc(d.head)
	f.SetFooterFunc(d.foot)
	return d
}

func (d *paper) end() ([]byte, error) {
	var out bytes.Buffer
	if err := d.Output(&out); err != nil {
		return nil, fmt.Errorf("print the downtime pack of %s: %w", d.pack.Unit, err)
	}
	return out.Bytes(), nil
}

// page begins a page of a sheet, upright or wide.
func (d *paper) page(sheet string, wide bool) {
	d.sheet, d.wide, d.again = sheet, wide, nil
	d.turn()
}

func (d *paper) turn() {
	way := "P"
	if d.wide {
		way = "L"
	}
	w, h, _ := d.PageSize(0)
	d.AddPageFormat(way, fpdf.SizeType{Wd: min(w, h), Ht: max(w, h)})
	d.y = top
	if d.again != nil {
		d.again()
	}
}

// need turns the page when there is less room than that below.
func (d *paper) need(h float64) {
	if d.y+h > d.low() {
		d.turn()
	}
}

// low is where the body ends, width how broad it is.
func (d *paper) low() float64 {
	_, h := d.GetPageSize()
	return h - margin - bottom
}

func (d *paper) width() float64 {
	w, _ := d.GetPageSize()
	return w - 2*margin
}

// head is the age of the data, large, and what page this is.
func (d *paper) head() {
	w := d.width()
	d.SetDrawColor(0, 0, 0)
	d.SetLineWidth(0.9)
	d.Rect(margin, margin-2, w, 13, "D")
	d.put(margin+3, margin-0.3, 24, true, d.pack.Age())
	right := margin + w - 3
	d.putRight(right, margin-0.6, 15, true, d.until)
	d.putRight(right, margin+5.6, 11, false, d.pack.printed())
	title := d.fit(d.pack.Unit+"  "+d.pack.Title, 13, true, w*0.66)
	d.put(margin, margin+12.6, 13, true, title)
	d.putRight(margin+w, margin+13, 12, false, d.sheet)
}

// foot says whose paper this is, and how many pages there are.
func (d *paper) foot() {
	_, h := d.GetPageSize()
	y := h - margin - 5
	d.SetLineWidth(0.2)
	d.Line(margin, y-1, margin+d.width(), y-1)
	d.put(margin, y, 9, false, d.fit(strings.TrimSpace(d.pack.Site+"  "+d.pack.Unit), 9, false, d.width()*0.3))
	d.letters(9, true)
	d.set(margin+d.width()-d.GetStringWidth(fmt.Sprintf("page %d of 100", d.PageNo())), y, 9, fmt.Sprintf("page %d of %s", d.PageNo(), allPages))
	text := "made by Wardline; paper form; patient data"
	d.letters(9, false)
	d.put(margin+(d.width()-d.GetStringWidth(text))/2, y, 9, false, text)
}

// letters chooses their size and weight.
func (d *paper) letters(size float64, bold bool) {
	style := ""
	if bold {
		style = "B"
	}
	d.SetFont("text", style, size)
}

// put sets one line with its upper left corner there.
func (d *paper) put(x, y, size float64, bold bool, text string) {
	d.letters(size, bold)
	d.set(x, y, size, d.press.printable(text))
}

// set sets one line as it is, in the letters that were chosen.
func (d *paper) set(x, y, size float64, text string) {
	d.SetXY(x, y)
	d.CellFormat(0, size*point*lineSpace, text, "", 0, "LM", false, 0, "")
}

// putRight sets one line that ends there.
func (d *paper) putRight(x, y, size float64, bold bool, text string) {
	d.letters(size, bold)
	text = d.press.printable(text)
	d.set(x-d.GetStringWidth(text), y, size, text)
}

// fit shortens a line until it is no wider than that.
func (d *paper) fit(text string, size float64, bold bool, w float64) string {
	d.letters(size, bold)
	text = d.press.printable(text)
	if d.GetStringWidth(text) <= w {
		return text
	}
	return strings.TrimSpace(text[:d.fits(text, w-d.GetStringWidth("…"))]) + "…"
}

// fits is how many bytes of a text are no wider than that, in the letters that were chosen. They have no kerning: a line is as wide as its letters.
func (d *paper) fits(text string, w float64) int {
	for i, r := range text {
		if w -= d.GetStringWidth(string(r)); w < 0 {
			return i
		}
	}
	return len(text)
}

// line is one line as it is set.
type line struct {
	text string
	size float64
	bold bool
}

func (l line) height() float64 { return l.size * point * lineSpace }

// wrap breaks a text into lines no wider than that; words that are wider are broken where they must be.
func (d *paper) wrap(text string, size float64, bold bool, w float64) (lines []line) {
	d.letters(size, bold)
	now := ""
	flush := func() {
		if now != "" {
			lines, now = append(lines, line{now, size, bold}), ""
		}
	}
	for word := range strings.FieldsSeq(d.press.printable(text)) {
		with := strings.TrimSpace(now + " " + word)
		if d.GetStringWidth(with) <= w {
			now = with
			continue
		}
		flush()
		for now = word; d.GetStringWidth(now) > w; {
			rest := now
			_, one := utf8.DecodeRuneInString(rest)
			n := max(d.fits(rest, w), one)
			now = rest[:n]
			flush()
			if now = rest[n:]; now == "" {
				break
			}
		}
	}
	flush()
	return lines
}

// text sets a paragraph over a width and moves on.
func (d *paper) text(x, w, size float64, bold bool, text string) {
	for _, l := range d.wrap(text, size, bold, w) {
		d.need(l.height())
		d.put(x, d.y, size, bold, l.text)
		d.y += l.height()
	}
}
