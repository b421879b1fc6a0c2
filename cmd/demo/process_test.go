package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// awaitText reads output until it has brought the text.
func awaitText(t *testing.T, output io.Reader, seen *strings.Builder, text string) {
	t.Helper()
	chunk := make([]byte, 4096)
	for !strings.Contains(seen.String(), text) {
		n, err := output.Read(chunk)
		seen.Write(chunk[:n])
		if err != nil {
			require.Contains(t, seen.String(), text, "the output ended: %v", err)
		}
	}
}

// children returns the process ids of all threads' children.
func children(t *testing.T, pid int) []int {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	require.NoError(t, err)
	var pids []int
	for _, task := range tasks {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue // a thread that has ended since
		}
		for field := range strings.FieldsSeq(string(data)) {
			child, err := strconv.Atoi(field)
			require.NoError(t, err)
			pids = append(pids, child)
		}
	}
	return pids
}
