#!/usr/bin/env node
/**
 * Trains the demo model and puts it into demo/demo.gguf: `npm run demo:train`. More than an hour on two cores; may be stopped at
 * any time and goes on where it was. Needs espeak-ng, and Python (a virtual environment is made in .cache/demo-venv).
 *
 *   --work DIR     where the steps leave their results (default .cache/demo-model); DIR/model is the checkpoint
 *   --python FILE  a Python that has the packages of requirements.txt
 *   --type TYPE    of demo/demo.gguf (default q6_k: docs/demo-model.md says why)
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { findPython, here, root, run } from './python.mjs'

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: join(root, '.cache/demo-model') },
    python: { type: 'string' },
    type: { type: 'string', default: 'q6_k' },
  },
})

run(options.python ?? findPython(), [join(here, 'train.py'), '--work', options.work])
const { path, bytes } = await convertFolder(join(options.work, 'model'), Clvp.demo, {
  type: options.type,
  positions: 'transformers', // as model.py trains it
})
console.log(`${path}: ${(bytes / 1e6).toFixed(1)} MB`)
