package app

// Routes is the catalogue of ways to send over HTTP.
var Routes = routes
