package detect

// ParseAddress is what networks read addresses with.
var ParseAddress = parseAddress
