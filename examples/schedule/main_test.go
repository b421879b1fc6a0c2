package main

func Example() {
	main()
	// Output:
	// 05:30 0 2 [night]
	// 06:26 0 0 []
	// 06:28 6 0 [morning]
	// 08:31 0 0 []
}
