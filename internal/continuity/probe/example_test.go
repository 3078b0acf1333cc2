package probe_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/wardline/wardline/internal/continuity/probe"
)

// A house lists its servers, says which addresses are modalities, and hears what is new.
func Example() {
	engine, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()

	config, err := probe.Parse([]byte(`
targets:
  - name: interface engine
    kind: mllp
    address: ` + engine.Addr().String() + `
    component: engine
    every: 5s
  - name: CT in the basement
    kind: dicom
    address: 192.0.2.7:104
    called_ae: CT1
    every: 5s
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var news int
	prober, err := probe.New(config, probe.Options{
		Modality: func(name string) bool { return name == "192.0.2.7" || name == "CT1" }, // what the house knows of its devices
		Hear: func(r probe.Report) {
			if r.Changed() {
				if news++; news == len(config.Targets) {
					cancel()
				}
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = prober.Run(ctx)
	for _, s := range prober.Status() {
		fmt.Printf("%s is %s (%s)\n", s.Target.Component, s.State, s.Last.Cause)
	}
	// Output:
	// engine is up ()
	// CT in the basement is refused (forbidden)
}

// What stands in an inventory as a modality is refused when it is read.
func ExampleParse() {
	_, err := probe.Parse([]byte("targets: [{name: CT1, kind: tcp, address: 'ct1.example:104', device: modality}]"))
	fmt.Println(err)
	// Output:
	// probes: target 1 (CT1): device modality: Wardline never probes modalities or pumps, nor other devices at patients: they may hang when somebody calls whom they do not expect. Take it out of the list, and name the server that it sends to
}
