#!/usr/bin/env node
/**
 * Makes demo/demo.gguf, the embedded model: tiny and RANDOM, so that its candidates say nothing. It shows that the whole
 * way through works on this machine; a trained model will take its place.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Clvp, convertFolder } from '../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../test/helpers/checkpoint.js'

if (!existsSync(Clvp.demo)) {
  const work = mkdtempSync(join(tmpdir(), 'clvp-demo-'))
  try {
    writeCheckpoint(readRecipe('demo'), work)
    await convertFolder(work, Clvp.demo, { type: 'q8_0' })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
