package console

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

const entriesShown = 12

// kindName says what an entry holds.
func kindName(k journal.Kind) string {
	switch k {
	case journal.Events:
		return "Events"
	case journal.Damaged:
		return "Set aside: could not be read"
	case journal.Findings:
		return "Findings"
	case journal.Acts:
		return "Acts of people"
	case journal.Cases:
		return "Cases of access"
	case journal.Answers:
		return "Answers from the past"
	case journal.Books:
		return "Books of the senders"
	case journal.Keeping:
		return "What the journal deleted or holds"
	}
	return page.Clean(string(k), 40)
}

// groups writes a digest in groups of four, to be read aloud.
func groups(sum []byte) string {
	text := hex.EncodeToString(sum)
	var parts []string
	for i := 0; i < len(text); i += 4 {
		parts = append(parts, text[i:i+4])
	}
	return strings.Join(parts, " ")
}

// checkpoint reads and checks the latest signed checkpoint.
func (c *Console) checkpoint() (note []byte, point tlog.Checkpoint, err error) {
	if note, err = c.Journal.Checkpoint(); err != nil {
		return nil, point, err
	}
	point, err = tlog.ParseCheckpoint(note, c.Journal.PublicKey())
	return note, point, err
}

func (c *Console) journalPage(r *request) (answer, error) {
	note, point, err := c.checkpoint()
	if err != nil && c.Journal.Size() > 0 {
		return answer{}, err
	}
	data := checkpointView{Origin: point.Origin, Size: point.Size, Root: hex.EncodeToString(point.Root[:]), Entries: c.Journal.Size(), Checkpoint: string(note), PublicKey: c.Journal.PublicKey()}
	return answer{data: data, show: func() (string, any, error) {
		v, err := c.journalView(r, note, point)
		return "journal", v, err
	}}, nil
}

func (c *Console) journalView(r *request, note []byte, point tlog.Checkpoint) (page.Journal, error) {
	v := page.Journal{State: page.OK("Sealed"), Note: string(note), Views: journalViews("/journal")}
	v.Frame = c.frame(r, "journal", "Journal", "Could anyone have changed what was said?", key("check it all", "Enter"), key("next, previous", "J", "K"))
	v.Says = "Each entry hangs on all entries before it. Changing, removing or inserting one changes the root below, and whoever holds an older root sees it."
	v.Checkpoint = []page.Pair{{Name: "Log", Value: page.Clean(point.Origin, 200)}, {Name: "Entries", Value: page.Number(point.Size)}, {Name: "Root", Value: groups(point.Root[:])}, {Name: "Key", Value: page.Clean(c.Journal.PublicKey(), 200)}}
	size := c.Journal.Size()
	if size == 0 {
		v.State, v.Answer = page.Dim("Empty"), "Nothing is sealed yet."
	} else {
		v.Answer = "Not unnoticed. " + entries(size) + either(size == 1, " is sealed.", " are sealed.")
	}
	c.lastVerify(r, &v)
	for i := uint64(0); i < min(entriesShown, size); i++ {
		n := size - 1 - i
		row := page.EntryRow{Entry: page.Number(n), Seal: *seal(n, 0)}
		e, err := c.Journal.Entry(r.Context(), n)
		var damage *journal.DamageError
		switch {
		case errors.As(err, &damage):
			row.Kind = "Damaged: " + page.Clean(damage.Reason, 120)
		case err != nil:
			return v, err
		default:
			row.When, row.Kind, row.Lines, row.From = r.clock.At(e.Header.Received), kindName(e.Header.Kind), page.Number(e.Header.Count), page.Clean(strings.Join(e.Header.Sources, ", "), 100)
			if !e.Gone.IsZero() {
				row.Kind += ", deleted " + r.clock.At(e.Gone)
			}
		}
		v.Entries = append(v.Entries, row)
	}
	v.Shown = "The last " + page.Number(len(v.Entries)) + " of " + page.Number(size)
	return v, nil
}

// verified is what a check of the whole journal found.
type verified struct {
	report *journal.Report
	ended  time.Time
	took   time.Duration
}

// lastVerify shows the check that runs, or the last one.
func (c *Console) lastVerify(r *request, v *page.Journal) {
	j := c.jobs.last("verify")
	switch {
	case j == nil:
		v.Verify = page.Verify{State: page.Dim("Not checked"), Says: "Since this node started, nobody has had the whole journal read again and compared with the seal. On a large journal that takes minutes; receiving goes on."}
		return
	case j.running():
		meter, says := progressOf(j)
		v.Verify = page.Verify{State: page.Watch("Running"), Says: says, Running: true, Meter: meter}
		return
	}
	result, err := j.result()
	done, ok := result.(verified)
	if err != nil || !ok {
		v.Verify = page.Verify{State: page.Dim("Stopped"), Says: "The last check was stopped before its end, so it says nothing."}
		if err != nil && !errors.Is(err, context.Canceled) {
			v.Verify = page.Verify{State: page.Look("Failed"), Says: c.failure(r, err).says}
		}
		return
	}
	rep := done.report
	v.Verify.Facts = []page.Pair{
		{Name: "Checked", Value: r.clock.At(done.ended) + ", in " + page.Length(done.took)}, {Name: "By", Value: page.Clean(j.by.Name, 60)},
		{Name: "Entries", Value: page.Number(rep.Checked) + ", with " + page.Number(rep.Bodies) + " bodies"}, {Name: "Deleted after their time", Value: page.Number(rep.Gone)},
	}
	if rep.Sound() {
		v.Verify.State, v.Verify.Says = page.OK("Unchanged"), "Every entry was read again and is as it was sealed."
		return
	}
	v.Verify.State, v.Verify.Says = page.Act("Damaged"), page.Count(len(rep.Problems)+rep.More, "place")+" are not as they were sealed. Tell whoever looks after Wardline; do not delete anything."
	for _, p := range rep.Problems[:min(5, len(rep.Problems))] {
		v.Verify.Facts = append(v.Verify.Facts, page.Pair{Name: "Problem", Value: page.Clean(p.String(), 200), Mono: true})
	}
}

func (c *Console) startVerify(r *request) (answer, error) {
	if len(c.jobs.active("verify")) > 0 {
		return answer{to: "/journal"}, nil
	}
	err := c.House.Do(r.Context(), access.JournalVerify, access.Object{Kind: "journal"}, map[string]string{"change": "check everything"}, func(context.Context) error {
		_, err := c.jobs.start("verify", "the whole journal", r.actor, r.clock.Now, func(ctx context.Context, progress func(done, total uint64, seen int)) (any, error) {
			began := time.Now()
			report, err := journal.Verify(ctx, c.JournalDir, journal.Check{PublicKey: c.Journal.PublicKey(), Progress: func(done, total uint64) { progress(done, total, 0) }})
			return verified{report, c.Now(), time.Since(began)}, err
		})
		return err
	})
	return answer{to: "/journal"}, err
}

func (c *Console) stopVerify(r *request) (answer, error) {
	err := c.House.Do(r.Context(), access.JournalVerify, access.Object{Kind: "journal"}, map[string]string{"change": "stop the check"}, func(context.Context) error {
		for _, j := range c.jobs.active("verify") {
			j.stop()
		}
		return nil
	})
	return answer{to: "/journal?done=stopped"}, err
}

func (c *Console) verifyProgress(r *request) (answer, error) {
	j := c.jobs.last("verify")
	if j == nil {
		return answer{}, errAbsent
	}
	return c.progress(r, j)
}

func (c *Console) findEntry(r *request) (answer, error) {
	n, err := strconv.ParseUint(strings.ReplaceAll(r.URL.Query().Get("entry"), ",", ""), 10, 64)
	if err != nil || n >= c.Journal.Size() { // whatever it is, it does not belong into an address
		return answer{}, &mistake{"Write the number of an entry, such as 4218703: one that the journal has."}
	}
	return answer{to: fmt.Sprintf("/journal/%d/0", n)}, nil
}

// proven is one entry with the proof that it is sealed.
type proven struct {
	entry *journal.Entry
	line  []byte // nil when the body was deleted, or holds no such line
	lines int
	at    int
	proof tlog.Proof
	point tlog.Checkpoint
	leaf  []byte
	fits  bool // the header that was read is the one that the proof is of
}

// proveTime bounds how long a reader waits for the next checkpoint.
const proveTime = 5 * time.Second

func (c *Console) prove(r *request) (*proven, error) {
	n, err := strconv.ParseUint(r.PathValue("entry"), 10, 64)
	if err != nil {
		return nil, errAbsent
	}
	p := &proven{}
	if text := r.PathValue("line"); text != "" {
		if p.at, err = strconv.Atoi(text); err != nil || p.at < 0 {
			return nil, errAbsent
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), proveTime)
	defer cancel()
	if p.entry, err = c.Journal.Entry(ctx, n); err != nil {
		return nil, err
	}
	for i, line := range p.entry.Lines() {
		if i == p.at {
			p.line = line
		}
		p.lines = i + 1
	}
	if p.line == nil && p.entry.Gone.IsZero() {
		return nil, errAbsent
	}
	if p.proof, err = c.Journal.Prove(ctx, n); err != nil {
		return nil, err
	}
	// The proof is checked as an outsider would: by its text and the public key alone.
	header, point, err := journal.VerifyProof(p.proof.Bytes(), c.Journal.PublicKey())
	if err != nil {
		return nil, err
	}
	p.point, p.leaf = point, header.Leaf()
	p.fits = string(p.leaf) == string(p.entry.Header.Leaf())
	return p, nil
}

func (c *Console) proof(r *request) (answer, error) {
	p, err := c.prove(r)
	if err != nil {
		return answer{}, err
	}
	data := proofView{Entry: p.entry.Index, Header: json.RawMessage(p.leaf), Proof: string(p.proof.Bytes()), PublicKey: c.Journal.PublicKey(), Holds: p.fits}
	return answer{data: data, show: func() (string, any, error) { return "proof", c.proofPage(r, p), nil }}, nil
}

func (c *Console) proofPage(r *request, p *proven) page.Proof {
	h := p.entry.Header
	v := page.Proof{State: page.OK("Holds"), Download: fmt.Sprintf("/journal/%d/%d/proof", p.entry.Index, p.at)}
	v.Frame = c.frame(r, "journal", "Proof", "Is this really what was said, then?", key("save the proof", "S"))
	v.Crumbs = []page.Link{{Text: "Journal", URL: "/journal"}, {Text: "Entry " + page.Number(p.entry.Index)}}
	v.Answer = "Yes. This was sealed " + r.clock.At(h.Received) + " and has not changed since."
	if !p.fits {
		v.State, v.Answer = page.Act("Does not hold"), "No. What is kept here is not what was sealed."
	}
	same := page.OK("Same")
	if !p.entry.Gone.IsZero() {
		same, v.Answer = page.Dim("Deleted"), "It was sealed "+r.clock.At(h.Received)+"; its content was deleted after its time."
	}
	v.Steps = []page.ProofStep{
		{State: same, Title: "The bytes are those that were sealed.", Text: "Their digest stands in the entry, and was compared just now."},
		{State: page.OK("In place"), Title: "The entry stands in the journal.", Text: "From its digest, " + page.Plural(len(p.proof.Hashes), "step") + " lead to the root."},
		{State: page.OK("Signed"), Title: "The root is the one that was signed.", Text: "By this journal's key, over " + entries(p.point.Size) + "."},
	}
	v.Facts = []page.Pair{
		{Name: "Entry", Value: page.Number(p.entry.Index) + " of " + page.Number(p.point.Size)}, {Name: "Line", Value: fmt.Sprintf("%d of %d", p.at+1, h.Count)},
		{Name: "Holds", Value: kindName(h.Kind)}, {Name: "Received", Value: r.clock.Second(h.Received)}, {Name: "Digest", Value: groups(h.Hash[:])}, {Name: "Root", Value: groups(p.point.Root[:])},
	}
	for _, hash := range p.proof.Hashes {
		v.Path = append(v.Path, hex.EncodeToString(hash[:]))
	}
	v.Meaning = "What this does not prove: that the sender told the truth. It proves what reached us, when, and that it is unchanged since. Whoever got this journal's key before can check it without trusting this machine."
	v.Command = fmt.Sprintf("wardline journal check entry-%d.tlog --key %s", p.entry.Index, page.Clean(c.Journal.PublicKey(), 200))
	v.Kept = c.keptLine(r, p)
	for _, n := range []int{p.at - 1, p.at, p.at + 1} {
		if n >= 0 && n < p.lines && p.lines > 1 {
			text := map[int]string{p.at - 1: "‹ Line " + strconv.Itoa(n+1), p.at: fmt.Sprintf("Line %d of %d", n+1, p.lines), p.at + 1: "Line " + strconv.Itoa(n+1) + " ›"}[n]
			v.Lines = append(v.Lines, page.Tab{Text: text, URL: fmt.Sprintf("/journal/%d/%d", p.entry.Index, n), Here: n == p.at})
		}
	}
	return v
}

// keptLine shows what the line says, to those who may read entries. Others see the proof alone.
func (c *Console) keptLine(r *request, p *proven) page.Kept {
	switch {
	case !p.entry.Gone.IsZero():
		return page.Kept{State: page.Dim("Deleted"), Says: "The content was deleted " + r.clock.At(p.entry.Gone) + ", after the time for which it is kept. That it was there, and when, stays proven."}
	case access.Check(r.actor, access.JournalRead, access.Object{Kind: "entry"}) != nil:
		return page.Kept{State: page.Dim("Not shown"), Says: "What it says is for " + rolesOf(access.Roles(access.JournalRead)) + ". The proof beside it does not need it."}
	}
	k := page.Kept{State: page.OK("Kept")}
	if p.entry.Header.Kind == journal.Events {
		reader := event.LineReader{Taxonomy: c.Taxonomy, Limits: jsonl.DefaultLimits()}
		var ev event.Event
		if err := reader.Read(p.line, &ev); err == nil {
			k.Says = "From " + page.Clean(ev.Source, 100) + ", happened " + r.clock.Second(ev.Time) + ", received " + r.clock.Second(ev.Observed) + ", read as " + page.Clean(ev.Format, 40) + "."
			k.Chosen, k.All, _ = c.describe(ev.Fields, nil, nil)
			return k
		}
	}
	if p.entry.Header.Kind == journal.Cases {
		k.State = page.Dim("Not shown here")
		k.Says = "What was filed or concluded about a case of the access review. It is read there, where it is noted who did, and where nobody reads about themselves."
		return k
	}
	if p.entry.Header.Kind == journal.Damaged {
		k.Says = "Bytes that could not be read as a record. They are kept as they came, and not shown: they may name a patient."
		return k
	}
	k.Chosen, k.All, _ = c.describe(p.line, nil, nil)
	return k
}

func (c *Console) proofFile(r *request) (answer, error) {
	p, err := c.prove(r)
	if err != nil {
		return answer{}, err
	}
	return answer{file: &file{name: fmt.Sprintf("entry-%d.tlog", p.entry.Index), kind: "text/plain; charset=utf-8", body: p.proof.Bytes()}}, nil
}
