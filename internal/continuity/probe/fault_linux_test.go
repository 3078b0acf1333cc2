package probe_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// program finds one that the tests need.
func program(t *testing.T, name, install string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("no %s: install %s", name, install)
	}
	t.Skipf("no %s: install %s to hold this against it", name, install)
	return ""
}

// process starts one that lives until the test ends, and returns it and the file of what it says.
func process(t *testing.T, run *exec.Cmd) (*os.Process, string) {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	run.Stdout, run.Stderr = said, said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill() // it may be dead already, as the test wanted
		_ = run.Wait()
	})
	return run.Process, said.Name()
}

// free is an address at which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

func write(t *testing.T, path string, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificate makes one of 127.0.0.1 that is its own authority. The file holds its key as well.
func certificate(t *testing.T, ends time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(ends.UnixNano()), Subject: pkix.Name{CommonName: "invented"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: ends.Add(-365 * 24 * time.Hour), NotAfter: ends, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	return write(t, filepath.Join(t.TempDir(), "certificate.pem"), string(text))
}

// slowed stands before a server and hands on what it says, and that it closed, after a while. The while is in what it returns.
func slowed(t *testing.T, network, address string) (string, *atomic.Int64) {
	t.Helper()
	var delay atomic.Int64
	if network == "udp" {
		return slowedDatagrams(t, address, &delay), &delay
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go handOn(c.(*net.TCPConn), address, &delay)
		}
	}()
	return l.Addr().String(), &delay
}

func handOn(c *net.TCPConn, address string, delay *atomic.Int64) {
	defer c.Close()
	s, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		_, _ = io.Copy(s, c)
		_ = s.(*net.TCPConn).CloseWrite()
	}()
	for b := make([]byte, 32<<10); ; {
		n, err := s.Read(b)
		time.Sleep(time.Duration(delay.Load()))
		if _, gone := c.Write(b[:n]); err != nil || gone != nil {
			_ = c.CloseWrite()
			return
		}
	}
}

func slowedDatagrams(t *testing.T, address string, delay *atomic.Int64) string {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for b := make([]byte, 4096); ; {
			n, from, err := l.ReadFrom(b)
			if err != nil {
				return
			}
			question := bytes.Clone(b[:n])
			go func() {
				s, err := net.Dial("udp", address)
				if err != nil {
					return
				}
				defer s.Close()
				_ = s.SetDeadline(time.Now().Add(time.Minute))
				answer := make([]byte, 4096)
				if _, err = s.Write(question); err != nil {
					return
				}
				if n, err = s.Read(answer); err != nil {
					return
				}
				time.Sleep(time.Duration(delay.Load()))
				_, _ = l.WriteTo(answer[:n], from)
			}()
		}
	}()
	return l.LocalAddr().String()
}

// blocked has packets to a server dropped until the test, or what it returns second, ends it. Where that is not allowed, it returns the address of a listener whose
// queue is full, which answers as little.
func blocked(t *testing.T, address string) (string, func()) {
	t.Helper()
	var rules [][]string
	for _, network := range []string{"tcp", "udp"} {
		rules = append(rules, []string{"INPUT", "-i", "lo", "-p", network, "--dport", portOf(address), "-j", "DROP"})
	}
	drop := func(verb string) (err error) {
		for _, rule := range rules {
			if err = exec.Command("iptables", append([]string{"-w", "30", verb}, rule...)...).Run(); err != nil {
				return err
			}
		}
		return nil
	}
	if err := drop("-I"); err != nil {
		t.Logf("iptables: %v; a listener whose queue is full stands in", err)
		return full(t), func() {}
	}
	t.Log("iptables drops its packets")
	ended := false
	end := func() {
		if !ended {
			ended = true
			if err := drop("-D"); err != nil {
				t.Errorf("iptables still drops packets to %s: %v", address, err)
			}
		}
	}
	t.Cleanup(end)
	return address, end
}

// full listens and lets the kernel drop who calls; datagrams nobody reads.
func full(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
	if nobody, err := net.ListenPacket("udp", address); err == nil {
		t.Cleanup(func() { nobody.Close() })
	}
	for range 16 {
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("a queue that does not become full")
	return ""
}
