package probe_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/wardline/wardline/format/mllp"
)

// TestMain lets the test binary be a receiver of HL7 messages: a process that can be killed and frozen.
func TestMain(m *testing.M) {
	if address := os.Getenv("PROBE_RECEIVER"); address != "" {
		receive(address, os.Getenv("PROBE_CERTIFICATE"))
		return
	}
	os.Exit(m.Run())
}

// receive takes messages, forgets them, and complains of everything that does not end as it should, as receivers do.
func receive(address, certificate string) {
	l, err := net.Listen("tcp", address)
	if err == nil && certificate != "" {
		var pair tls.Certificate
		pair, err = tls.LoadX509KeyPair(certificate, certificate)
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}})
	}
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	for {
		c, err := l.Accept()
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		go func() {
			defer c.Close()
			r := mllp.NewReader(c, 1<<20)
			for {
				f, err := r.Next()
				if errors.Is(err, io.EOF) {
					return
				}
				if err != nil {
					fmt.Println("error:", err)
					return
				}
				if f.Kind != mllp.Message {
					fmt.Println("error: what came is no message")
				}
			}
		}()
	}
}
