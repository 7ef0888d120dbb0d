// A bundle of the package has lost its addon and its models: it says so, and what to do, in place of a missing file.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import t from 'tap'

const index = fileURLToPath(new URL('../../dist/lib/index.js', import.meta.url))

for (const format of ['esm', 'cjs']) {
  t.test(`${format}: the package was not external`, async (t) => {
    // Deep enough that three folders above the bundle is not this repository.
    const folder = join(t.testdir({ a: { b: { c: {} } } }), 'a', 'b', 'c')
    const app = join(folder, 'app.mjs')
    writeFileSync(
      app,
      `import { Clvp, ClvpError, diagnose, splitText } from ${JSON.stringify(index)}
const code = (error) => error instanceof ClvpError ? [error.code, error.message] : ['none', String(error)]
async function main() {
  const found = []
  for (const call of [() => Clvp.load(Clvp.demo), () => Clvp.load('other.gguf')]) found.push(await call().catch(code))
  console.log(JSON.stringify({ found, problems: diagnose().problems, parts: splitText('One. Two.').length }))
}
main()
`,
    )
    const outfile = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
    await build({
      entryPoints: [app],
      outfile,
      format,
      bundle: true,
      platform: 'node',
      logLevel: 'error',
      // The packages inside are CommonJS and use require().
      ...(format === 'esm' && {
        banner: {
          js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)",
        },
      }),
    })
    const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], {
      cwd: folder,
      encoding: 'utf8',
    })
    t.match({ status, stderr }, { status: 0, stderr: '' })
    const { found, problems, parts } = JSON.parse(stdout || '{"found":[],"problems":[]}')
    t.equal(found.length, 2)
    for (const [code, message] of found) {
      t.equal(code, 'CLVP_UNSUPPORTED')
      t.match(message, /found it in a bundle .*mark it external, such as external: \['node-clvp'\]/)
    }
    t.match(problems, [/mark it external/])
    t.ok(parts >= 1, 'what needs no file works')
  })
}
