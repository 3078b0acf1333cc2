package tree

// CutBundle is what a backup takes of a bundle that has grown since.
var CutBundle = cutBundle
