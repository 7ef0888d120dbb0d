#!/usr/bin/env node
/**
 * Compares codes of recordings with those of DiscreteVAE (coqui-tts), run now: a random encoder of the published size, demo/voice.wav and
 * four made signals. A code that differs is a tie if the reference's two nearest entries are almost equally near. Ends with 1 if a
 * code differs in F32 that is no tie.
 *
 *   npm run build:lib
 *   node scripts/parity/dvae.mjs --dvae TTS/tts/layers/xtts/dvae.py [--python .cache/parity-venv/bin/python]
 *
 * Needs torch, torchaudio and einops, and the one file of the coqui-tts package that --dvae names.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Clvp, convertFolder, writeWav } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../../test/helpers/checkpoint.js'
import { makeClip } from '../../test/helpers/golden.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rate = 22050
const codes = 8192
/** Squared distances that differ by less, relatively, are equal as far as sums of single precision can tell. */
const tie = 1e-5

const { values: options } = parseArgs({
  options: {
    dvae: { type: 'string' },
    python: { type: 'string', default: join(root, '.cache/parity-venv/bin/python') },
  },
})
if (!options.dvae) throw new Error("--dvae is missing: name dvae.py of the coqui-tts package's source")

/** A tone that glides, a hum with overtones, noise that swells, and the triangle of the other tests. */
function signals() {
  const make = (seconds, value) => Float32Array.from({ length: seconds * rate }, (_, i) => value(i / rate, i))
  const noise = makeClip({ seed: 3, samples: 5 * rate })
  return [
    make(4, (time) => 0.4 * Math.sin(2 * Math.PI * (180 + 300 * time) * time)),
    make(3, (time) =>
      [1, 2, 3, 5, 8].reduce((sum, n) => sum + (0.15 / n) * Math.sin(2 * Math.PI * 140 * n * time), 0),
    ),
    make(5, (time, i) => noise[i] * Math.sin(2 * Math.PI * 0.7 * time) ** 2),
    makeClip({ seed: 12, samples: 6 * rate + 77 }),
  ]
}

/** A tiny model around the published encoder: only its speech vocabulary matters. */
function writeModel(folder) {
  const recipe = readRecipe('plain')
  const { speech_config, decoder_config } = recipe.config
  const config = {
    ...recipe.config,
    speech_config: { ...speech_config, vocab_size: codes },
    decoder_config: {
      ...decoder_config,
      ...{ vocab_size: codes + 2, bos_token_id: codes, eos_token_id: codes + 1 },
    },
  }
  writeCheckpoint({ ...recipe, config, set: [] }, folder)
}

async function compare(work, type, expected) {
  const file = join(work, `${type}.gguf`)
  await convertFolder(join(work, 'model'), file, { type })
  const clvp = await Clvp.load(file, { parts: ['encoder'] })
  let [all, equal, tied] = [0, 0, 0]
  const started = performance.now()
  for (const { path, codes, leads } of expected) {
    const found = await clvp.encode(path)
    if (found.length !== codes.length)
      throw new Error(`${path}: ${found.length} codes, expected ${codes.length}`)
    all += codes.length
    codes.forEach((code, i) => {
      if (code === found[i]) equal++
      else if (leads[i] < tie) tied++
    })
  }
  const seconds = (performance.now() - started) / 1000
  const sound = all * clvp.info.secondsPerCode
  await clvp.dispose()
  console.log(
    `${type}: ${equal} of ${all} codes are equal (${((100 * equal) / all).toFixed(2)} %), ${tied} of the others are ties; ` +
      `${sound.toFixed(1)} s of sound in ${seconds.toFixed(1)} s`,
  )
  return equal + tied === all
}

const work = mkdtempSync(join(tmpdir(), 'clvp-dvae-'))
try {
  const model = join(work, 'model')
  mkdirSync(model)
  writeModel(model)
  const paths = [Clvp.demoVoice]
  for (const [i, samples] of signals().entries()) {
    const path = join(work, `${i}.wav`)
    await writeWav(path, samples, rate)
    paths.push(path)
  }
  const script = join(root, 'scripts/parity/dvae_reference.py')
  const { status, error } = spawnSync(
    options.python,
    [script, '--dvae', options.dvae, '--out', model, ...paths],
    {
      stdio: ['ignore', 2, 2],
    },
  )
  if (error || status !== 0) throw new Error(`the reference ended with ${error ?? status}`)
  const expected = JSON.parse(readFileSync(join(model, 'codes.json'), 'utf8'))
  const kinds = expected.map((each) => new Set(each.codes).size)
  console.log(`${paths.length} recordings, of each so many different codes: ${kinds.join(', ')}`)
  const isEqual = await compare(work, 'f32', expected)
  for (const type of ['f16', 'q8_0', 'q4_k']) await compare(work, type, expected)
  process.exitCode = isEqual ? 0 : 1
} finally {
  rmSync(work, { recursive: true, force: true })
}
