package dimse

// Body is all that a side's last PDU was read into, whether or not it is in use.
func (c *Conversation) Body(from Side) []byte {
	body := c.sides[from].body
	return body[:cap(body)]
}
