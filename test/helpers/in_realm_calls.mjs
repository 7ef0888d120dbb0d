/** What in_realm.mjs calls inside its context. */
export async function calls({ Clvp, ClvpError, Tensor }) {
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  try {
    const samples = new Float32Array(24_000).map((_, i) => 0.3 * Math.sin(i / (10 + (i % 4000) / 400)))
    const own = await clvp.voice({ samples, sampleRate: 24_000 })
    const voice = await clvp.voice([Clvp.demoVoice])
    const { best } = await clvp.generate('Good morning.', { voice, candidates: 1, temperature: 0, maxTokens: 20 })
    const ranked = await clvp.rank('Good morning.', [new Int32Array([5, 6, 7]), [7, 6, 5], best])
    const error = await clvp.rank('Good morning.', [[-1]]).catch((caught) => caught)
    return {
      width: own.embedding.length,
      codes: best.codes.length,
      ranked: ranked.length,
      tensor: new Tensor(new Float32Array(4), [2, 2]).data.length,
      error: error instanceof ClvpError && error.code,
    }
  } finally {
    await clvp.dispose()
  }
}
