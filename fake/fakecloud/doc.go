// Package fakecloud runs a whole emulated Exoscale on a loopback address, for
// unmodified clients: what the command fakecloud serves, as a library for
// tests and demos.
//
//	func TestShopFindsItsPool(t *testing.T) {
//		cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Speed: 100})
//		require.NoError(t, err)
//		t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
//
//		cmd := exec.CommandContext(t.Context(), "terraform", "apply", "-auto-approve")
//		cmd.Env = cloud.Environ(os.Environ()) // leads to the fake cloud and nowhere else
//		require.NoError(t, cmd.Run())
//
//		assert.Len(t, cloud.API().Pools(), 1)
//	}
//
// A [Cloud] puts these parts together:
//
//	client ──http://127.0.0.1:PORT/v2──▶ front ──▶ exoapi.Cloud ──▶ Driver ──▶ machines
//	       ──HTTPS_PROXY──▶ tlsproxy.Proxy ───▶┘ │
//	                                             └──▶ control: faults, counts of calls
//
// The API is that of package exoapi, reached by its address or, by clients that
// know the real addresses only, through a proxy that answers for all hosts of
// the vendor. Hosts that are not emulated, such as those of the object storage,
// are refused, and [Cloud.Unsupported] lists what clients asked for.
//
// Machines exist on paper unless [Config.Machines] says what runs them;
// [Processes] makes each a process that serves a web page and metrics.
//
// A small program that uses it is in examples/fakecloud.
package fakecloud
