package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/wardline/wardline/format/dicom/dimse"
)

// trouble is why a target is not up.
type trouble struct {
	cause Cause
	words string
}

func (t *trouble) Error() string { return t.words }

func because(cause Cause, words string) error { return &trouble{cause, words} }

// errTooMuch ends the reading of an answer that has no end.
var errTooMuch = errors.New("more than an answer may have")

// explain puts an error into our own words. Libraries do not always hand on what broke, so what the connection saw counts before what they say.
func (v *visit) explain(ctx context.Context, err error) *trouble {
	if t := own(err); t != nil {
		return t
	}
	if seen := v.seen.Load(); seen != nil {
		err = errors.Join(*seen, err)
	}
	var named *net.DNSError
	if errors.As(err, &named) {
		if named.IsNotFound {
			return &trouble{NoName, "the name of its host is not known to our DNS"}
		}
		return &trouble{NoName, "our DNS does not say where its host is"}
	}
	if t := v.explainTLS(err); t != nil {
		return t
	}
	if t := v.explainConnection(ctx, err); t != nil {
		return t
	}
	if !v.connected.Load() {
		return &trouble{Unreachable, "it cannot be reached"}
	}
	return &trouble{Strange, "answered, but with something that is not " + v.target.Kind.protocol()}
}

// own returns what was put into words where it arose.
func own(err error) *trouble {
	var t *trouble
	var reject *dimse.RejectError
	var abort *dimse.AbortError
	switch {
	case errors.As(err, &t):
		return t
	case errors.As(err, &reject):
		_, why, _ := strings.Cut(reject.Reject.String(), ": ")
		if reject.Reject.Result == 2 { // PS3.8 9.3.4: transient
			why += ", for now"
		}
		return &trouble{Rejected, "answered, but the association was rejected: " + why}
	case errors.As(err, &abort):
		return &trouble{Rejected, "answered, but the association was " + abort.Abort.String()}
	}
	return nil
}

func (v *visit) explainConnection(ctx context.Context, err error) *trouble {
	var wait net.Error
	switch {
	case errors.Is(err, errTooMuch):
		return &trouble{Strange, "answered, but with more than an answer may have"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &trouble{ConnectionRefused, "connection refused"}
	case errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.EHOSTDOWN):
		return &trouble{Unreachable, "its host cannot be reached"}
	case errors.Is(err, syscall.ENETUNREACH):
		return &trouble{Unreachable, "the network knows no way to its host"}
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EADDRNOTAVAIL):
		return &trouble{Own, "this machine has no more connections to give: raise its limit of open files"}
	case errors.As(err, &wait) && wait.Timeout() || errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		return v.late()
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
		return &trouble{Broken, "connected, but it ended the connection before it had answered"}
	}
	return nil
}

// late tells apart what did not come in time.
func (v *visit) late() *trouble {
	switch {
	case v.target.Kind == NTP:
		return &trouble{Silent, "no answer within " + short(v.target.Timeout) + ": frozen, or packets are dropped; datagrams do not tell which"}
	case v.connected.Load():
		return &trouble{Silent, "connected, but no answer within " + short(v.target.Timeout) + ": frozen, or far too slow"}
	}
	return &trouble{Blocked, "no connection within " + short(v.target.Timeout) + ": packets are dropped, or its host is off"}
}

func (v *visit) explainTLS(err error) *trouble {
	var alert *net.OpError
	var record tls.RecordHeaderError
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return &trouble{Untrusted, "answered, but its certificate is made out to another name"}
	case errors.As(err, &authority):
		return &trouble{Untrusted, "answered, but its certificate is from another authority than ca names"}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &trouble{Untrusted, "answered, but those who check its certificate do not connect: its time is over, or not yet come"}
	case errors.As(err, &invalid):
		return &trouble{Untrusted, "answered, but its certificate is not valid"}
	case errors.As(err, &alert) && alert.Op == "remote error": // the words for alerts are those of crypto/tls
		return &trouble{Rejected, "answered, but refuses TLS with us: " + strings.TrimPrefix(alert.Err.Error(), "tls: ")}
	case errors.As(err, &record):
		return &trouble{Strange, "answered, but does not speak TLS"}
	}
	return nil
}

// protocol is what an answer should have been.
func (k Kind) protocol() string {
	switch k {
	case FHIR, QIDO, HTTPS:
		return "HTTP"
	case TCP, MLLP, TLS, Kerberos:
		return "TLS"
	}
	return strings.ToUpper(string(k))
}

// short is a time as people say it: 5 s, 230 ms.
func short(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d >= 10*time.Second || d >= time.Second && d%time.Second == 0:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return "less than 1 ms"
}

// days is a longer time: 2 d, 5 h.
func days(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	}
	if d >= time.Hour {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}

// join puts together what there is to say.
func join(said ...string) string {
	var list []string
	for _, s := range said {
		if s != "" {
			list = append(list, s)
		}
	}
	return strings.Join(list, "; ")
}
