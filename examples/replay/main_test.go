package main

func Example() {
	main()
	// Output:
	// step: costs 1.14, lacks 0.59 %
	// target: costs 0.99, lacks 2.17 %
}
