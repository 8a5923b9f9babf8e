const { performance } = require("perf_hooks");

function probe(client) {
  const out = {};
  const begin = performance.now();
  client.get("k");
  out["probe_time_us"] = (performance.now() - begin) * 1e3;
  return out;
}

console.log(JSON.stringify(probe(connect())));
console.log(performance.now());
