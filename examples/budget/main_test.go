package main

func Example() {
	main()
	// Output:
	// 7.20 EUR of 40.00 EUR spent since 2026-06-01 00:00; by 2026-07-01 00:00 it will be 43.20 EUR if it goes on like this, 19.20 EUR with the minimum alone
	// at most: 5
}
