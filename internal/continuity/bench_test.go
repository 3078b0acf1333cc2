package continuity_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// BenchmarkEvent is what an event costs: of an order, its result from one of two analysers, an arrival, and the answers to all three, each as its collector writes it.
func BenchmarkEvent(b *testing.B) {
	h := newHouse(b)
	of := func(kind, from, to, control, segments string) map[string]any {
		code, trigger := kind[:3], kind[4:]
		text := fmt.Sprintf("MSH|^~\\&|%s|MAIN|%s|MAIN|20300603||%s|%s|P|2.5.1\rPID|1||MRN%s^^^MAIN^MR||Doe^Invented||19700101|F\rPV1|1|E|ED^4^^MAIN|||||||||||||||||V%s\r%s\r", from, to, kind, control, control, control, segments)
		return map[string]any{"message": text, "MSH-3.1": from, "MSH-4.1": "MAIN", "MSH-5.1": to, "MSH-9": kind, "MSH-9.1": code, "MSH-9.2": trigger, "MSH-10": control}
	}
	const kept = 3000 // orders, so that none of a benchmark's millions is said before within the day
	var events []event.Event
	for n := range kept {
		order := fmt.Sprintf("OBR|1|O%d^EHR||BMP^Basic chemistry|||20300603|||||||||||||||||LAB-CHEM|F", n)
		for i, f := range []map[string]any{
			of("OML^O21", "EHR", "LIS", fmt.Sprint("O", n), fmt.Sprintf("ORC|NW|O%d^EHR\r", n)+order),
			of("ORU^R01", "LIS", "EHR", fmt.Sprint("R", n), fmt.Sprintf("ORC|RE|O%d^EHR\r", n)+order+fmt.Sprintf("\rOBX|1|NM|2823-3^Potassium^LN||%d|mmol/L|||||F|||||||CHEM-%d", n, 1+n%2)),
			of("ADT^A04", "EHR", "ENGINE", fmt.Sprint("A", n), "PV2"+"||||||||||||||||||||||||||||||||||||||A"),
		} {
			to := []string{"LIS", "EHR", "ENGINE"}[i]
			for _, fields := range []map[string]any{f, {"MSH-3.1": to, "MSH-5.1": f["MSH-3.1"], "MSH-9.1": "ACK", "MSA-1": "AA", "MSA-2": f["MSH-10"]}} {
				text, err := json.Marshal(fields)
				if err != nil {
					b.Fatal(err)
				}
				ev := event.Event{Source: "tap", Class: h.tax.Class("hl7", "mllp", ""), Fields: text}
				if err := ev.Index.Scan(text, jsonl.DefaultLimits()); err != nil {
					b.Fatal(err)
				}
				events = append(events, ev)
			}
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ev := &events[i%len(events)]
		ev.Observed = h.now
		h.engine.Event(ev)
		if h.now = h.now.Add(2 * time.Second); i%5 == 0 {
			h.engine.Tick(h.now)
		}
	}
}
