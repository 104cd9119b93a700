/** Runs the benchmarks of scripts/bench; each prints ratios of two things run side by side. */
await import('./bench/ffi-call.mjs')
