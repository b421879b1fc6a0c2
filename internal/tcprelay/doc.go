// Package tcprelay accepts connections and passes their bytes on to others, in
// both directions.
package tcprelay
