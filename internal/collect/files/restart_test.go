package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/evtx/evtxtest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/files"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// A node that is stopped goes on where it was: nothing comes twice, nothing is left out.
func TestRestart(t *testing.T) {
	w := newWard(t, "*.log")
	for i := range 5 {
		w.write("a.log", lines(10*i, 10*i+5))
		w.start()
		w.await(10*i + 5)
		w.write("a.log", lines(10*i+5, 10*i+10))
		w.await(10*i + 10)
		if err := w.stop(); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if got := len(w.kept.Lines(journal.Events)); got != 10*i+10 {
			t.Fatalf("%d events were handed in for %d lines", got, 10*i+10)
		}
	}
}

// A node that dies before its position was saved hands in again, under the same ids, however the file grew meanwhile.
func TestCrash(t *testing.T) {
	w := newWard(t, "*.log", "*.csv")
	w.start()
	w.write("a.log", lines(0, 3)) // shorter than a mark
	w.await(3)
	_ = w.stop()
	w.saved.lose(true)
	w.start()
	w.write("a.log", lines(3, 40))
	w.await(40)
	_ = w.stop()
	w.saved.lose(false)
	w.write("a.log", lines(40, 60))
	w.start()
	w.await(60)
	_ = w.stop()
	if got := len(w.kept.Lines(journal.Events)); got != 97 {
		t.Errorf("%d events were handed in, want 60 and 37 of them again", got)
	}
}

// A first look that dies before anything is saved but the name of the content.
func TestCrashAtFirstSight(t *testing.T) {
	w := newWard(t, "*.log")
	w.write("a.log", lines(0, 2))
	w.kept.Hold()
	w.start()
	waitFor(t, func() bool {
		for _, s := range w.intake.Standings() {
			if s.Waiting == 2 {
				return true
			}
		}
		return false
	})
	w.saved.lose(true)
	stopped := make(chan error, 1)
	go func() { stopped <- w.stop() }()
	w.kept.Release()
	<-stopped
	w.saved.lose(false)
	w.write("a.log", lines(2, 30))
	w.start()
	w.await(30)
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it did not happen")
		}
	}
}

// A journal that fails ends the source; after it came back nothing is missing.
func TestJournalFails(t *testing.T) {
	for name, fail := range map[string]func(*collecttest.Memory, error){
		"adding": (*collecttest.Memory).Refuse, "later": (*collecttest.Memory).Break,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t, "*.log")
			w.start()
			w.write("a.log", lines(0, 20))
			w.await(20)
			fail(w.kept, journal.ErrFailed)
			w.write("a.log", lines(20, 40))
			if err := w.end(); !errors.Is(err, journal.ErrFailed) {
				t.Fatalf("the source ended with %v", err)
			}
			fail(w.kept, nil)
			w.start()
			w.await(40)
		})
	}
}

// Half a line is no event, however long it takes to be finished.
func TestSplitWrites(t *testing.T) {
	w := newWard(t, "*.log")
	w.start()
	for i := range 20 {
		text := line(2 * i)
		at := 1 + i*len(text)/20
		w.write("a.log", text[:at])
		w.write("b.log", line(2*i+1)) // once it is there, a.log was looked at too, or soon is
		w.kept.Await(t, journal.Events, 2*i+1)
		w.write("a.log", text[at:])
		w.await(2*i + 2)
	}
}

// A line without an end is taken once nobody writes any more.
func TestUnfinished(t *testing.T) {
	w := newWard(t, "*.log")
	w.config.Unfinished = 20 * time.Millisecond
	w.write("a.log", lines(0, 2)+strings.TrimSpace(line(2)))
	w.start()
	w.await(3)
}

// texts are the fields of the events that were kept, and what could not be read.
func (w *ward) texts() (list []string) {
	for _, ev := range w.kept.Events(w.t, w.o.Taxonomy) {
		list = append(list, string(ev.Fields))
	}
	for _, d := range w.kept.Damages(w.t) {
		list = append(list, "! "+string(d.Bytes))
	}
	return list
}

func (w *ward) awaitTexts(want ...string) {
	w.t.Helper()
	late := time.Now().Add(20 * time.Second)
	for {
		got := w.texts()
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(late) || len(got) > len(want) {
			w.t.Fatal(cmp.Diff(got, want))
		}
		waitFor(w.t, func() bool { return len(w.texts()) != len(got) || time.Now().After(late) })
	}
}

// What stands between records, and what is none.
func TestLines(t *testing.T) {
	zeros := strings.Repeat("\x00", 3<<20)
	for name, c := range map[string]struct {
		pieces []string
		want   []string
	}{
		"a mark":            {[]string{"\ufeff{\"n\":1}\n", "{\"n\":2}\n"}, []string{`{"n":1}`, `{"n":2}`}},
		"carriage returns":  {[]string{"{\"n\":1}\r\n{\"n\":2}\r\n"}, []string{`{"n":1}`, `{"n":2}`}},
		"one damaged":       {[]string{"{\"n\":1}\n{\"n\":\n{\"n\":3}\n", "{\"n\":4}\n"}, []string{`{"n":1}`, `{"n":3}`, `{"n":4}`, "! {\"n\":\n"}},
		"two in one line":   {[]string{"{\"n\":1} {\"n\":2}\n", "{\"n\":3}\n"}, []string{`{"n":1}`, `{"n":2}`, `{"n":3}`}},
		"a wrapper a line":  {[]string{"{\"n\":1}\n", "{\"Records\":[{\"n\":2},{\"n\":3}]}\n"}, []string{`{"n":1}`, `{"n":2}`, `{"n":3}`}},
		"a hole of zeros":   {[]string{"{\"n\":1}\n", zeros + "{\"n\":2}\n"}, []string{`{"n":1}`, `{"n":2}`}},
		"a line of a piece": {[]string{"{\"n\":1,\"text\":\"" + strings.Repeat("x", 2<<20) + "\"}\n{\"n\":2}\n"}, []string{`{"n":1,"text":"` + strings.Repeat("x", 2<<20) + `"}`, `{"n":2}`}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t, "*.log")
			w.start()
			for _, piece := range c.pieces {
				w.write("a.log", piece)
				w.kept.Await(t, journal.Events, 1)
			}
			w.awaitTexts(c.want...)
			collecttest.Balanced(t, w.intake)
		})
	}
}

// A log that was begun anew under its old name is told from one that grew, also when both begin with the same long text.
func TestSameBeginning(t *testing.T) {
	banner := `{"banner":"` + strings.Repeat("x", 2000) + `"}` + "\n"
	w := newWard(t, "*.log")
	w.write("a.log", banner+lines(0, 20))
	w.start()
	w.kept.Await(t, journal.Events, 21)
	w.must(os.WriteFile(w.path("a.log"), []byte(banner+lines(20, 60)), 0o600))
	w.kept.Await(t, journal.Events, 62)
}

// A line beyond all limits is kept as it came, and what follows is read.
func TestEndlessLine(t *testing.T) {
	w := newWard(t, "*.log")
	w.o.Limits.Record = 64 << 10
	w.write("a.log", line(0))
	w.start()
	w.await(1)
	w.write("a.log", `{"text":"`+strings.Repeat("x", 3<<20)+"\"}\n"+line(1))
	w.await(2)
	size := 0
	for _, d := range w.kept.Damages(t) {
		size += len(d.Bytes)
	}
	if size < 3<<20 {
		t.Errorf("%d bytes were kept", size)
	}
}

// Messages of syslog may go on in the next line, which is written a moment later.
func TestContinuedLines(t *testing.T) {
	w := newWard(t, "*.log")
	w.config.Settle = time.Hour // the last message waits for its continuation
	w.start()
	w.write("a.log", "Mar  1 10:20:30 ws-12 app: first\n")
	w.write("b.log", line(0)) // once it is there, a.log was looked at too
	w.kept.Await(t, journal.Events, 1)
	w.write("b.log", line(1))
	w.kept.Await(t, journal.Events, 2)
	w.write("a.log", "\tand its second line\nMar  1 10:20:31 ws-12 app: second\n")
	w.kept.Await(t, journal.Events, 3)
	w.write("a.log", "Mar  1 10:20:32 ws-12 app: third")
	w.kept.Await(t, journal.Events, 4)
	got := w.texts()
	if len(got) != 4 || !strings.Contains(got[2], `first\n\tand its second line`) || !strings.Contains(got[3], "second") {
		t.Error(got)
	}
	_ = w.stop()
	w.config.Settle, w.config.Unfinished = time.Millisecond, time.Millisecond
	w.start()
	w.kept.Await(t, journal.Events, 5)
}

// The names of columns hold for what is written after a restart.
func TestHeading(t *testing.T) {
	const head = "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n"
	w := newWard(t, "*.log")
	w.write("dns.log", head+"1772360430.0\tone.example\n")
	w.start()
	w.kept.Await(t, journal.Events, 1)
	_ = w.stop()
	w.write("dns.log", "1772360431.0\ttwo.example\n")
	w.start()
	w.kept.Await(t, journal.Events, 2)
	w.write("dns.log", "#close\n"+strings.Replace(head, "query", "answer", 1)+"1772360432.0\tthree.example\n")
	w.awaitTexts(`{"_path":"dns","ts":"2026-03-01T10:20:30.000000Z","query":"one.example"}`,
		`{"_path":"dns","ts":"2026-03-01T10:20:31.000000Z","query":"two.example"}`,
		`{"_path":"dns","ts":"2026-03-01T10:20:32.000000Z","answer":"three.example"}`)
	for _, ev := range w.kept.Events(t, w.o.Taxonomy) {
		if ev.Class.Service != "dns" {
			t.Errorf("service %q", ev.Class.Service)
		}
	}
}

const header = "ACCESS_TIME,USER_ID,PAT_MRN_ID,METRIC_NAME\n"

func row(i int) string {
	return fmt.Sprintf("2026-03-01 10:20:%02d,MOKAFOR,0%04d,Chart viewed\n", i, i)
}

// users are the rows that were taken, by their patients' numbers.
func (w *ward) rows() (list []string) {
	seen := map[event.ID]bool{}
	for _, ev := range w.kept.Events(w.t, w.o.Taxonomy) {
		if seen[ev.ID] {
			continue
		}
		seen[ev.ID] = true
		for v := range ev.Values("PAT_MRN_ID") {
			list = append(list, string(v))
		}
	}
	return list
}

// Exports that grow, are replaced in place, and are dropped anew with some rows of yesterday.
func TestExports(t *testing.T) {
	w := newWard(t, "")
	yesterday := header
	for i := range 30 {
		yesterday += row(i)
	}
	w.write("access.csv", yesterday)
	w.start()
	w.kept.Await(t, journal.Events, 30)
	w.write("access.csv", row(30))
	w.kept.Await(t, journal.Events, 31)
	w.write("overlapping.csv", yesterday+row(30)+row(31))
	w.kept.Await(t, journal.Events, 32)
	_ = w.stop()
	w.start()
	w.must(os.WriteFile(w.path("access.csv"), []byte(header+row(40)+row(41)), 0o600))
	w.kept.Await(t, journal.Events, 34)
	want := make([]string, 0, 34)
	for i := range 32 {
		want = append(want, fmt.Sprintf("0%04d", i))
	}
	if diff := cmp.Diff(w.rows(), append(want, "00040", "00041")); diff != "" {
		t.Error(diff)
	}
}

// An export that was changed in its middle is another one, however alike its beginning and end are.
func TestChangedExport(t *testing.T) {
	w := newWard(t, "*.csv")
	text := header
	for i := range 100 {
		text += row(i)
	}
	w.write("access.csv", text)
	w.start()
	w.kept.Await(t, journal.Events, 100)
	waitFor(t, func() bool { return w.savedTo() == int64(len(text)) }) // until then it would rightly be taken for the one that was being read
	w.must(os.WriteFile(w.path("access.csv"), []byte(strings.Replace(text, row(50), row(99), 1)+row(7)), 0o600))
	w.kept.Await(t, journal.Events, 201)
	if got := len(w.rows()); got != 201 {
		t.Errorf("%d events", got)
	}
}

// A row that is half written waits for its other half.
func TestHalfAnExport(t *testing.T) {
	w := newWard(t, "*.csv", "*.log")
	w.start()
	w.write("access.csv", header+row(1)+row(2)[:25])
	w.write("a.log", line(0))
	w.kept.Await(t, journal.Events, 1)
	w.write("access.csv", row(2)[25:])
	w.kept.Await(t, journal.Events, 3)
	if diff := cmp.Diff(w.rows(), []string{"00001", "00002"}); diff != "" {
		t.Error(diff)
	}
}

// eventLog is a log of Windows with records of the given numbers; the text tells logs apart.
func eventLog(text string, numbers ...int) string {
	element := func(name string, content ...any) evtxtest.Element {
		return evtxtest.Element{Name: name, Content: content}
	}
	tmpl := &evtxtest.Template{Root: element("Event",
		element("System",
			element("EventID", evtxtest.Constant(evtxtest.Of(evtxtest.Uint16, uint16(4688)))),
			element("EventRecordID", evtxtest.Sub{Kind: evtxtest.Uint64}),
			element("Channel", evtxtest.Text("Security")), element("Computer", evtxtest.Text("ws-12")),
		),
		element("EventData", evtxtest.Element{
			Name: "Data", Attrs: []evtxtest.Attr{{Name: "Name", Content: []any{evtxtest.Text("text")}}}, Content: []any{evtxtest.Sub{Index: 1, Kind: evtxtest.String}},
		}),
	)}
	c := evtxtest.NewChunk()
	for _, n := range numbers {
		c.Record(uint64(n), time.Date(2026, 3, 1, 12, 0, n, 0, time.UTC), &evtxtest.Instance{Template: tmpl, Values: []evtxtest.Value{
			evtxtest.Of(evtxtest.Uint64, uint64(n)), evtxtest.Of(evtxtest.String, text),
		}})
	}
	return string(evtxtest.File(c.Bytes()))
}

// A log of Windows is written in place, goes round, and can be cleared.
func TestEventLogs(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string
		handed        int // in all
		want          string
	}{
		"it grows":                         {eventLog("a", 1, 2), eventLog("a", 1, 2, 3), 3, "a1 a2 a3"},
		"it goes round":                    {eventLog("a", 1, 2, 3), eventLog("a", 4, 5), 5, "a1 a2 a3 a4 a5"},
		"it is cleared":                    {eventLog("a", 1, 2, 3), eventLog("b", 1), 4, "a1 a2 a3 b1"},
		"it is cleared and has more again": {eventLog("a", 1, 2), eventLog("b", 1, 2, 3), 5, "a1 a2 b1 b2 b3"},
	} {
		for _, restart := range []bool{false, true} {
			w := newWard(t, "*.evtx")
			w.write("Security.evtx", c.first)
			w.start()
			w.kept.Await(t, journal.Events, 2)
			waitFor(t, w.serialsKnown)
			if restart {
				_ = w.stop()
				w.start()
			}
			w.must(os.WriteFile(w.path("Security.evtx"), []byte(c.second), 0o600))
			w.kept.Await(t, journal.Events, c.handed)
			var got []string
			for _, ev := range w.kept.Events(t, w.o.Taxonomy) {
				for text := range ev.Values("text") {
					for n := range ev.Values("EventRecordID") {
						got = append(got, string(text)+string(n))
					}
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: %v", name, got)
			}
			_ = w.stop()
		}
	}
}

// savedTo is how far the one file was taken, as the saved position has it.
func (w *ward) savedTo() int64 {
	list, err := w.saved.Load(context.Background(), "")
	w.must(err)
	if len(list) != 1 {
		return -1
	}
	return list[0].Offset
}

// serialsKnown tells whether the position of the event log was saved.
func (w *ward) serialsKnown() bool {
	list, err := w.saved.Load(context.Background(), "")
	w.must(err)
	return len(list) > 0 && len(list[0].Serials) > 0
}

// Whatever happens in whatever order, each line comes, and none under two ids.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 7))
		w := newWard(t, "a.log*")
		w.start()
		n, rotations := 0, 0
		for range 40 {
			switch random.IntN(6) {
			case 0, 1:
				more := 1 + random.IntN(40)
				w.write("a.log", lines(n, n+more))
				n += more
			case 2:
				text := line(n)
				at := random.IntN(len(text))
				w.write("a.log", text[:at])
				w.write("a.log", text[at:])
				n++
			case 3:
				if _, err := os.Stat(w.path("a.log")); err == nil {
					rotations++
					w.must(os.Rename(w.path("a.log"), w.path(fmt.Sprintf("a.log.%d", rotations))))
				}
			case 4:
				_ = w.stop()
				w.start()
			case 5:
				if n > 0 {
					w.kept.Await(t, journal.Events, 1)
				}
			}
		}
		w.await(n)
		_ = w.stop()
	}
}

// Links that lead in a circle, pipes, and files of no known format do not disturb.
func TestOddFiles(t *testing.T) {
	w := newWard(t, "")
	w.must(os.Mkdir(w.path("sub"), 0o700))
	w.must(os.Symlink(w.dir, w.path("sub/loop")))
	w.write("image.bin", "\x89PNG\r\n\x1a\n")
	w.write("empty.log", "")
	w.write("broken.gz", "\x1f\x8b\x08 no gzip")
	w.write("sub/a.log", lines(0, 3))
	w.start()
	w.await(3)
	w.write("empty.log", line(3))
	w.await(4)
}

func TestConfig(t *testing.T) {
	good := files.DefaultConfig()
	good.Name, good.Paths = "ward", []string{"/var/log/*.log"}
	for name, change := range map[string]func(*files.Config){
		"no name":         func(c *files.Config) { c.Name = "" },
		"no paths":        func(c *files.Config) { c.Paths = nil },
		"a relative path": func(c *files.Config) { c.Paths = []string{"log"} },
		"no pattern":      func(c *files.Config) { c.Paths = []string{"/var/[a"} },
		"no time":         func(c *files.Config) { c.Settle = 0 },
	} {
		c := good
		change(&c)
		decode := func(v any) error { *v.(*files.Config) = c; return nil }
		if _, err := files.Kind(files.Setup{}).New(decode, collect.Options{}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := files.Kind(files.Setup{}).New(func(v any) error { *v.(*files.Config) = good; return nil }, collect.Options{}, nil); err != nil {
		t.Error(err)
	}
}

// A mistake of ours in reading one file ends that reading and no more, and is logged with the place where it is.
func TestMistakesHaveAPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "audit.log"), []byte("canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := collect.Format{
		Name: "broken", Sniff: func([]byte) int { return 100 },
		Open: func(io.Reader, collect.Options) collect.Decoder { panic("canary") },
	}
	r := collecttest.Run(t, files.Kind(files.Setup{Formats: []collect.Format{broken}, Positions: &positions{saved: map[string][]byte{}}}),
		"{name: a, paths: ["+dir+"], settle: 1ms, unfinished: 1ms}", collecttest.Options(nil))
	const message = "a mistake of Wardline spoiled a connection or message: please report it"
	for late := time.Now().Add(20 * time.Second); r.Logged(message) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("the file is not read")
		}
	}
	if stack := r.Told(message, "stack"); !strings.Contains(stack, "restart_test.go") || strings.Contains(stack, "canary") || strings.Contains(stack, "audit.log") {
		t.Errorf("got %s", stack)
	}
}
