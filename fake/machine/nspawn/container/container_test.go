package container_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/container"
)

func newTemplate(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "etc/ssl/certs"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt"), []byte("THEIRS\n"), 0o600))
	return dir
}

func format(t *testing.T, c container.Contents) (*container.Disk, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "m1")
	disk, err := container.Format(dir, newTemplate(t), c)
	require.NoError(t, err)
	return disk, dir
}

func TestDiskHasWhatDistinguishesTheMachine(t *testing.T) {
	disk, dir := format(t, container.Contents{
		Hostname: strings.Repeat("n", 70), Nameserver: "198.18.0.1", Authority: []byte("OURS\n"),
		HostAuthorities: map[string][]byte{"proxy.crt": []byte("PROXY\n")},
		Files:           map[string][]byte{"etc/a/b": []byte("c")},
	})
	root, err := disk.Open()
	require.NoError(t, err)
	defer root.Close()
	for name, want := range map[string]string{
		"etc/hostname":                                   strings.Repeat("n", 63) + "\n",
		"etc/resolv.conf":                                "nameserver 198.18.0.1\n",
		"etc/ssl/certs/ca-certificates.crt":              "THEIRS\nOURS\nPROXY\n",
		"usr/local/share/ca-certificates/exopool.crt":    "OURS\n",
		"usr/local/share/ca-certificates/host-proxy.crt": "PROXY\n",
		"etc/a/b": "c",
	} {
		got, err := root.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, want, string(got), name)
	}
	require.NoError(t, disk.Remove())
	assert.NoDirExists(t, dir)
}

func TestDiskThatCannotBeMadeLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m1")
	_, err := container.Format(dir, filepath.Join(dir, "no-template"), container.Contents{Authority: []byte("OURS\n")})
	require.ErrorContains(t, err, "make disk")
	assert.NoDirExists(t, dir)
}

func TestCommandLine(t *testing.T) {
	disk, dir := format(t, container.Contents{})
	args := container.Command(disk, container.Hardware{Name: "exopool-1", UUID: "0f8fad5b-d9cb-469f-a165-70867728950e", Namespace: "/run/netns/n"}, true)
	for _, want := range []string{
		"--boot", "--register=no", "--keep-unit", "--kill-signal=SIGRTMIN+4", "--resolv-conf=off",
		"--machine=exopool-1", "--uuid=0f8fad5bd9cb469fa16570867728950e", "--network-namespace-path=/run/netns/n",
		"--directory=" + dir + "/root", "--bind-ro=" + dir + "/proc:/run/exopool-proc", "--bind=/dev/fuse",
		"--bind=" + dir + "/volumes/containers:/var/lib/containers",
	} {
		assert.Contains(t, args, want)
	}
	assert.NotContains(t, container.Command(disk, container.Hardware{}, false), "--bind=/dev/fuse")
}

func TestMachinesSeeControlGroupsOfVersion2(t *testing.T) {
	const legacy = "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"
	assert.Contains(t, container.Environment(false), legacy)
	assert.NotContains(t, container.Environment(true), legacy)
}
