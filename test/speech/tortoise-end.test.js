// Rows of codes end where tortoise-tts cuts their latents: at the ninth calm code in a row, whether the speech has ended or pauses.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { tortoiseEnd } from '../../dist/lib/speech/tortoise_end.js'

// Of scripts/parity/speech_live.mjs --write-golden.
const { rows } = JSON.parse(readFileSync(new URL('../golden/speech.json', import.meta.url), 'utf8'))
const calm = 83

t.ok(
  rows.some(({ fixed, kept }) => kept < fixed.length) &&
    rows.some(({ fixed, kept }) => kept === fixed.length),
)
for (const [i, { fixed, kept }] of rows.entries())
  t.equal(tortoiseEnd(Int32Array.from(fixed), calm), kept, `row ${i}`)
