const { performance } = require("perf_hooks");

function scan(client) {
  const begin = performance.now();
  const keys = client.scan("p:");
  const seconds = (performance.now() - begin) / 1e3;
  const out = {};
  out["scan_rate_per_s"] = keys.length / seconds;
  return out;
}

console.log(JSON.stringify(scan(connect())));
