package main

import "fmt"

func main() {
	out := map[string]float64{}
	spent := recall("leave")
	out["leave_time_ms"] = spent
	fmt.Println(out)
}
