package main

func Example() {
	main()
	// Output:
	// [{"targets":["192.0.2.3:9100","192.0.2.20:9100"],"labels":{}}]
}
