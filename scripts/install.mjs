#!/usr/bin/env node
/**
 * npm's install step: uses a prebuilt addon when one fits this machine, else builds from source.
 * `npm install --build-from-source` always builds.
 */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

function loads() {
  try {
    require('node-gyp-build')(root)
    return true
  } catch {
    return false
  }
}

try {
  if (process.env.npm_config_build_from_source || !loads()) build()
} catch (error) {
  console.error(`node-clvp: no prebuilt addon for ${process.platform}-${process.arch}, and ${error.message}`)
  process.exitCode = 1
}
