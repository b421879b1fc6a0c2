package command

import (
	"strconv"
	"strings"
)

// nearest returns the name that was probably meant, or none.
func nearest(typed string, names []string) string {
	best, found := maxDistance(typed)+1, ""
	for _, name := range names {
		if d := distance(typed, name); d < best {
			best, found = d, name
		}
	}
	if found == "" && len(typed) >= 3 {
		for _, name := range names {
			if strings.HasPrefix(name, typed) {
				return name
			}
		}
	}
	return found
}

// maxDistance returns how many letters may be wrong: a short name must not become
// just any other.
func maxDistance(typed string) int {
	switch {
	case len(typed) < 2:
		return 0
	case len(typed) <= 4:
		return 1
	}
	return 2
}

// distance returns how many letters have to be inserted, left out, replaced or
// swapped with their neighbour to make one text of the other.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// orList returns names as "a, b or c".
func orList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// quote returns the text as it is written in Go, so that nothing in it is obeyed by
// a terminal.
func quote(text string) string { return strconv.Quote(text) }
