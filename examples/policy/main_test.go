package main

func Example() {
	main()
	// Output:
	// a load of 0.8 on 4 members: target wants 1
	// a load of 0.8 on 4 members: steps wants 3
	// a load of 4.1 on 4 members: target wants 4
	// a load of 4.1 on 4 members: steps wants 5
	// a load of 5.5 on 4 members: target wants 6
	// a load of 5.5 on 4 members: steps wants 6
}
