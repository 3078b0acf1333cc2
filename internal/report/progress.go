package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Progress shows one line that is rewritten while long work runs: how far it is and the time left.
// It is written by one goroutine, five times a second, and wiped by Stop.
type Progress struct {
	w          io.Writer
	line       func(since time.Duration) string
	width      int
	start      time.Time
	stop, done chan struct{}
	once       sync.Once
}

// Reading tells how far a scan is: bytes read, bytes to read (0 while that is not known) and
// events decoded. It is called from the progress line's own goroutine.
type Reading func() (bytes, total, events int64)

// StartProgress begins to show a scan on w, a terminal of width columns. The caller must call Stop.
func StartProgress(w io.Writer, read Reading, width int) *Progress {
	return startProgress(w, width, read.line)
}

// StartSteps begins to show work of so many steps, such as entries checked, on w. The caller must call Stop.
func StartSteps(w io.Writer, verb, thing string, steps func() (done, total int64), width int) *Progress {
	return startProgress(w, width, func(since time.Duration) string {
		done, total := steps()
		if total <= 0 {
			return fmt.Sprintf("%s  %s", verb, Plural(done, thing))
		}
		part := min(1, float64(done)/float64(total))
		return fmt.Sprintf("%s  %3.0f %%  %d of %s", verb, part*100, done, Plural(total, thing)) + left(part, since)
	})
}

func startProgress(w io.Writer, width int, line func(time.Duration) string) *Progress {
	p := &Progress{w: w, line: line, width: max(20, width), start: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	go p.run()
	return p
}

// Stop wipes the line and returns when nothing more will be written. It may be
// called more than once.
func (p *Progress) Stop() {
	p.once.Do(func() { close(p.stop) })
	<-p.done
}

func (p *Progress) run() {
	defer close(p.done)
	tick := time.NewTicker(time.Second / 5)
	defer tick.Stop()
	last := 0
	for {
		select {
		case <-p.stop:
			if last > 0 {
				fmt.Fprint(p.w, "\r"+strings.Repeat(" ", last)+"\r")
			}
			return
		case <-tick.C:
			line := clip(p.line(time.Since(p.start)), p.width-1)
			n := columns(line)
			fmt.Fprint(p.w, "\r"+line+strings.Repeat(" ", max(0, last-n)))
			last = n
		}
	}
}

// line says how far the scan is after d.
func (r Reading) line(d time.Duration) string {
	read, total, events := r()
	rate := Plural(int64(float64(events)/max(d.Seconds(), 0.001)), "event") + "/s"
	if total <= 0 {
		return "Reading  " + size(read) + "  " + rate
	}
	// A file that grows while it is read, or unpacks, may give more than was promised.
	part := min(1, float64(read)/float64(total))
	return fmt.Sprintf("Reading  %3.0f %%  %s of %s  %s", part*100, size(min(read, total)), size(total), rate) + left(part, d)
}

// left says how much time the rest takes if it goes on like that, once that can be told.
func left(part float64, since time.Duration) string {
	if part <= 0.01 || since <= time.Second {
		return ""
	}
	rest := time.Duration(float64(since) * (1 - part) / part)
	return "  " + clock(rest.Round(time.Second)) + " left"
}
