package main

func Example() {
	main()
	// Output:
	// recorded: up
	// recorded: up
	// resized: step-up, from 1 to 2
	// held: no-demand, from 2 to 2
}
