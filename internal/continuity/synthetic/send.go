package synthetic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
)

const (
	mostAnswer = 64 << 10
	patience   = 30 * time.Second
)

// ErrRefused says that the engine refused a test message.
var ErrRefused = errors.New("the test message was refused")

// Send sends a test message on a connection of its own, and waits for its acknowledgement (HL7 v2.5.1 2.9.2).
func (r *Route) Send(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	framed := append(append([]byte{0x0b}, message...), 0x1c, '\r')
	if _, err := c.Write(framed); err != nil {
		return fmt.Errorf("send a test message: %w", err)
	}
	frame, err := mllp.NewReader(c, mostAnswer).Next()
	if err != nil {
		return fmt.Errorf("wait for the answer to a test message: %w", err)
	}
	answer, err := hl7.Parse(frame.Payload, hl7.Limits{Bytes: mostAnswer, Segments: 64})
	if err != nil {
		return fmt.Errorf("read the answer to a test message: %w", err)
	}
	if said, _ := answer.Get("MSA-1"); said != "AA" && said != "CA" {
		return ErrRefused
	}
	return nil
}

func (r *Route) dial(ctx context.Context) (net.Conn, error) {
	if r.CA == "" {
		return (&net.Dialer{}).DialContext(ctx, "tcp", r.To)
	}
	pem, err := os.ReadFile(r.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("ca: there is no certificate in that file")
	}
	return (&tls.Dialer{Config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", r.To)
}
