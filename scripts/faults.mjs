#!/usr/bin/env node
/**
 * Fault injection: the Nth allocation, read, write, sync, rename, ... fails, for N = 1, 2, 3, ... until the work is done without.
 *   npm run faults             the first calls of each kind one by one, and others at equal distances; half a minute behind the build
 *   npm run faults -- --all    every call
 *   npm run faults -- ROW N    one of them, which tells where it strikes
 * For Linux with glibc, whose calls it stands in for.
 */
import { join } from 'node:path'
import { build } from './build.mjs'
import { main, root, run } from './cmake.mjs'

main(() => {
  if (process.platform !== 'linux' || !process.report.getReport().header.glibcVersionRuntime)
    throw new Error('fault injection needs Linux with glibc')
  build(['-DCLVP_FAULTS=ON'])
  run(join(root, '.build/release/clvp_faults'), process.argv.slice(2))
})
