package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/wardline/wardline/internal/app"
)

// terminal says how the streams are to be written to. Colour is for terminals, and only where
// nobody has said no (no-color.org).
func (s streams) terminal() app.Terminal {
	t := app.Terminal{Out: s.out, Err: s.err, Width: columns(s.out), ErrWidth: columns(s.err)}
	t.Color = t.Width > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return t
}

// columns is the width of a terminal, or 0 when w is none.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}
