// Package promquery asks a Prometheus server how busy the members of a pool are, and
// how large the load of the pool is.
//
// A [Client] has one query. For [Client.Busy] each series of it is about one member;
// for [Client.Value] and [Client.History] there is one. What the server answers is
// checked and bounded: a value that is no number, that is old or that is about no
// address is as good as none. The package knows no cloud and decides nothing; whoever
// uses it says what follows from a load.
//
// A small program that uses it is in examples/promquery.
package promquery
