/**
 * One job in a process of its own, for table.mjs: loads a model, does the job, prints { peak } or { refused } as JSON.
 *   node scripts/memory/job.mjs '{ "file": "q4_k.gguf", "parts": ["decoder"], "candidates": 16, "tokens": 100 }'
 * Without `candidates` 16 rows of `tokens` codes are ranked.
 */
import { Clvp, ClvpError } from '../../dist/lib/index.js'

const text = 'The quick brown fox jumps over the lazy dog.'
const { file, parts, mmap, threads, candidates, batchSize, tokens } = JSON.parse(process.argv[2])

async function work() {
  const clvp = await Clvp.load(file, { parts, mmap, threads, device: 'cpu' })
  if (candidates === undefined) {
    const codes = (row) => Int32Array.from({ length: tokens }, (_, i) => (row * 97 + i * 31) % 8000)
    await clvp.rank(
      text,
      Array.from({ length: 16 }, (_, row) => codes(row)),
    )
  } else {
    const voice = await clvp.voice(Clvp.demoVoice)
    const scores = parts === undefined || parts.includes('ranker') ? 'all' : 'none'
    await clvp.generate(text, { voice, candidates, batchSize, maxTokens: tokens, seed: 1, scores })
  }
  await clvp.dispose()
}

try {
  await work()
  console.log(JSON.stringify({ peak: process.resourceUsage().maxRSS * 1024 }))
} catch (error) {
  if (!(error instanceof ClvpError)) throw error
  console.log(JSON.stringify({ refused: `${error.code}: ${error.message}` }))
}
