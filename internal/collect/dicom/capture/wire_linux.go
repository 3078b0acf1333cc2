package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// wire is a socket that sees all frames of a network interface (packet(7)).
type wire struct{ *os.File }

// openWire listens to an interface, for TCP from and to ports, or all of it when there are none.
func openWire(name string, ports []uint16) (*wire, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("listen to interface %s: %w", name, err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0) // 0: nothing comes before it is bound
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("listen to interface %s: Wardline may not see the network: give it the capability CAP_NET_RAW (AmbientCapabilities=CAP_NET_RAW in its service): %w", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen to interface %s: %w", name, err)
	}
	w := &wire{os.NewFile(uintptr(fd), "packets of "+name)}
	if err := prepare(fd, i.Index, ports); err != nil {
		w.Close()
		return nil, fmt.Errorf("listen to interface %s: %w", name, err)
	}
	return w, nil
}

func prepare(fd, index int, ports []uint16) error {
	const room = 64 << 20 // bytes that wait in the kernel while the journal is behind
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room) // as much as the system allows: what is lost is counted
	}
	program := filter(ports)
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}); err != nil {
		return fmt.Errorf("choose packets: %w", err)
	}
	if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}); err != nil {
		return fmt.Errorf("see packets for others: %w", err)
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index})
}

// dropped is how many packets the kernel had no room for since it was asked last.
func (w *wire) dropped() int {
	c, err := w.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	_ = c.Control(func(fd uintptr) {
		if s, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			n = int(s.Drops)
		}
	})
	return n
}

// filter is a program for the kernel (bpf(4)) that lets TCP of IPv4 and IPv6 pass, and what is in tagged networks.
func filter(ports []uint16) []unix.SockFilter {
	const (
		half = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
		char = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
		same = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		ret  = unix.BPF_RET | unix.BPF_K
		take = 0xff // stands for a jump to the end that takes the packet
	)
	either := func(load, source uint16, at uint32) []unix.SockFilter {
		var list []unix.SockFilter
		for _, place := range []uint32{at, at + 2} { // source and destination
			list = append(list, unix.SockFilter{Code: load, K: place})
			for _, p := range ports {
				list = append(list, unix.SockFilter{Code: source, Jt: take, K: uint32(p)})
			}
		}
		return append(list, unix.SockFilter{Code: ret})
	}
	four := []unix.SockFilter{{Code: char, K: 23}, {Code: same, Jt: 1, K: unix.IPPROTO_TCP}, {Code: ret}}
	six := []unix.SockFilter{{Code: char, K: 20}, {Code: same, Jt: 1, K: unix.IPPROTO_TCP}, {Code: ret}}
	if len(ports) > 0 {
		four = append(four, unix.SockFilter{Code: unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH, K: 14})
		four = append(four, either(unix.BPF_LD|unix.BPF_H|unix.BPF_IND, same, 14)...)
		six = append(six, either(half, same, 54)...)
	} else {
		four, six = append(four, unix.SockFilter{Code: ret, K: longestPacket}), append(six, unix.SockFilter{Code: ret, K: longestPacket})
	}
	program := []unix.SockFilter{
		{Code: half, K: 12},
		{Code: same, Jt: 4, K: typeIPv4},
		{Code: same, Jt: 3 + uint8(len(four)), K: typeIPv6},
		{Code: same, Jt: take, K: typeVLAN},
		{Code: same, Jt: take, K: typeQinQ},
		{Code: ret},
	}
	program = append(append(append(program, four...), six...), unix.SockFilter{Code: ret, K: longestPacket})
	for i := range program {
		if program[i].Jt == take {
			program[i].Jt = uint8(len(program) - 2 - i)
		}
	}
	return program
}
