package providers

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// hashFolder hashes the flags of a build and the names and contents of the files
// in its folder. It is the key of the cache: any change in this repository that
// changes the program changes the key.
func hashFolder(dir, flags string) (string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n", flags)
	for _, entry := range entries {
		if entry.IsDir() {
			return "", fmt.Errorf("folder %s: only files are expected", entry.Name())
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name())) //nolint:gosec // a folder of the repository
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%q %d\n", entry.Name(), len(content))
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
