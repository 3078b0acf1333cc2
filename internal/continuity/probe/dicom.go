package probe

import (
	"context"

	"github.com/wardline/wardline/format/dicom/dimse"
)

const (
	verification   = "1.2.840.10008.1.1"   // PS3.4 A.4
	implicitLittle = "1.2.840.10008.1.2"   // PS3.5 10.1: what everybody must know
	explicitLittle = "1.2.840.10008.1.2.1" // and what some prefer
)

// dicom asks for an association, sends C-ECHO (PS3.7 9.1.5), and releases it.
func (v *visit) dicom(ctx context.Context) error {
	rw, err := v.open(ctx)
	if err != nil {
		return err
	}
	defer rw.Close()
	limits := dimse.DefaultLimits()
	limits.PDU, limits.Command = mostBytes, mostBytes
	c, err := dimse.Request(rw, dimse.Requestor{
		Calling: v.target.CallingAE, Called: v.target.CalledAE,
		Proposals: []dimse.Proposal{{Abstract: verification, Transfers: []string{implicitLittle, explicitLittle}}},
		Software:  dimse.Software{MaxLength: 16 << 10, Version: "WARDLINE"},
	}, limits)
	if err != nil {
		return err
	}
	status, err := echo(c)
	if err != nil {
		return err
	}
	v.answer()
	_ = c.Release() // it has answered; how it parts is its own affair
	if status != dimse.Success {
		return because(Rejected, "answered, but C-ECHO failed")
	}
	return nil
}

// echo sends C-ECHO and returns the status of its answer. An association that was granted without verification has been an answer, too.
func echo(c *dimse.Conn) (dimse.Status, error) {
	context, ok := c.Association().Find(verification)
	if !ok {
		_ = c.Release()
		return 0, because(Rejected, "answered, but does not take C-ECHO from this AE title")
	}
	if err := c.Send(context.ID, dimse.Command{Field: dimse.CEcho, ID: 1, Class: verification}, nil); err != nil {
		return 0, err
	}
	m, err := c.Next()
	switch {
	case err != nil:
		return 0, err
	case m.Kind != dimse.Commanded || m.Command.Field != dimse.CEcho|dimse.ResponseBit || m.Command.ID != 1:
		_ = c.Abort()
		return 0, because(Strange, "answered C-ECHO with something else")
	}
	return dimse.Status(m.Command.Status.Value), nil
}
