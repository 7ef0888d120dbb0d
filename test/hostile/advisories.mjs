#!/usr/bin/env node
/** Prints a Markdown table: shapes of published advisories on GGUF readers, and what a load says to a file of each. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Clvp } from '../../dist/lib/index.js'
import { tinyFile } from '../helpers/model.js'
import { advisories } from './corpus.js'

const folder = mkdtempSync(join(tmpdir(), 'clvp-advisories-'))
const path = join(folder, 'model.gguf')
const sound = readFileSync(await tinyFile('small'))

/** What a load of bytes is refused with. */
async function refusal(bytes) {
  writeFileSync(path, bytes)
  try {
    const clvp = await Clvp.load(path, { threads: 1 })
    await clvp.dispose()
    return 'it LOADS'
  } catch ({ code, message }) {
    return `${code}: ${message.replace(path, 'model.gguf')}`
  }
}

const row = (...cells) => console.log(`| ${cells.join(' | ')} |`)

row('advisory', 'shape', 'our error')
row('---', '---', '---')
for (const { id, also, what, make } of advisories)
  row(`${id} (${also})`, what, `\`${await refusal(make(sound))}\``)
rmSync(folder, { recursive: true })
