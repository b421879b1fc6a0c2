// Package console is the web page of a running cloud: what there is, what it
// costs, what happens, and faults to switch on and off.
//
//	browser ──address with a token──▶ session cookie ──▶ pages, made from the cloud's state
//	        ◀──the same page again, every two seconds, by a small script
//
// [New] is its handler, below [Path]. It is for a loopback address: it answers
// requests for loopback names only, asks for a token that other users of the
// host do not have, and takes no commands from other web pages. Pages are
// complete without the script. What they show is escaped, whoever wrote it.
package console
