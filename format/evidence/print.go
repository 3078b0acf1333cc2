package evidence

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print writes a report as a table for people, with one line for each check and the conclusion below.
func (r *Report) Print(w io.Writer) error {
	if m := r.Manifest; m != nil {
		fmt.Fprintf(w, "%s\nExported %s by %s: %s\n\n", m.About, day(m.Exported), m.Exporter, m.Reason)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, c := range r.Checks {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\n", i+1, c.Outcome, c.Name, c.Says)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	conclusion := "ALL OF IT HOLDS. What that means, and what it does not, is in statement.txt."
	switch {
	case !r.Holds() && r.OnlyHouse():
		conclusion = "NOT PROVEN. Nothing was found to be changed, but of some records only the hospital says that they were sealed."
	case !r.Holds():
		conclusion = "IT DOES NOT HOLD. Do not rely on anything in it."
	}
	_, err := fmt.Fprintf(w, "\n%s\n", conclusion)
	return err
}
