package main

import "fmt"

func main() {
	out := map[string]float64{}
	trace, _ := os.ReadFile("leave.trace")
	spent := parse(trace)
	out["leave_time_ms"] = spent
	fmt.Println(out)
}
