package main

func Example() {
	main()
	// Output:
	// web running 2
	// refused: true
	// calls: 2
}
