package dimse_test

import (
	"bytes"
	"fmt"
	"io"
	"net"

	"github.com/wardline/wardline/format/dicom/dimse"
)

// A modality sends an image to an archive.
func Example() {
	modality, archive := net.Pipe()
	go func() {
		defer archive.Close()
		c, err := dimse.Accept(archive, dimse.Acceptor{
			Titles: []string{"ARCHIVE"},
			Offers: []dimse.Offer{{Abstract: "1.2.840.10008.5.1.4.1.1."}}, // whatever is stored, in any transfer syntax
		}, dimse.DefaultLimits())
		for err == nil {
			var m dimse.Message
			if m, err = c.Next(); err != nil {
				return // io.EOF: the modality has nothing more to say
			}
			var image bytes.Buffer
			if _, err = c.CopyData(&image); err == nil {
				fmt.Printf("%v of %d bytes in %s\n", m.Command.Field, image.Len(), m.Context.Transfer)
				err = c.Send(m.Context.ID, m.Command.Answer(dimse.Success), nil)
			}
		}
	}()

	const capture, explicit = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.1.2.1"
	c, err := dimse.Request(modality, dimse.Requestor{
		Calling: "MODALITY", Called: "ARCHIVE", Proposals: []dimse.Proposal{{Abstract: capture, Transfers: []string{explicit}}},
	}, dimse.DefaultLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	context, _ := c.Association().Find(capture)
	image := bytes.NewReader(make([]byte, 1<<20))
	if err := c.Send(context.ID, dimse.Command{Field: dimse.CStore, ID: 1, Class: capture, Instance: "2.25.1"}, image); err != nil {
		fmt.Println(err)
		return
	}
	answer, err := c.Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Command.Field, dimse.Status(answer.Command.Status.Value).Kind())
	fmt.Println(c.Release())
	// Output:
	// C-STORE-RQ of 1048576 bytes in 1.2.840.10008.1.2.1
	// C-STORE-RSP success
	// <nil>
}

// Who listens to a connection between others learns who asked whom for what.
func ExampleConversation() {
	recorded := struct{ client, server []byte }{
		client: join(request(), value(3, commandLast, storing), value(3, last, "....")), server: granted(),
	}
	c := dimse.NewConversation(dimse.DefaultLimits())
	listen := func(from dimse.Side, piece []byte) {
		c.Write(from, piece)
		for {
			m, ok, err := c.Next()
			switch {
			case err != nil:
				fmt.Println(err) // something was passed over
				continue
			case !ok:
				return
			case m.Kind == dimse.Commanded:
				fmt.Printf("%s to %s: %v of %s\n", m.Association.Calling, m.Association.Called, m.Command.Field, m.Context.Abstract)
			case m.Kind == dimse.DataSet:
				n, _ := io.Discard.Write(m.Data)
				fmt.Printf("%d bytes in %s, the last %v\n", n, m.Context.Transfer, m.Last)
			default:
				fmt.Println(m.From, m.Kind)
			}
		}
	}
	listen(dimse.Client, recorded.client[:400])
	listen(dimse.Server, recorded.server)
	listen(dimse.Client, recorded.client[400:])
	// Output:
	// client association requested
	// server association accepted
	// MODALITY to ARCHIVE: C-STORE-RQ of 1.2.840.10008.5.1.4.1.1.7
	// 4 bytes in 1.2.840.10008.1.2.1, the last true
}
