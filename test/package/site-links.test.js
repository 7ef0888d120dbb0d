// The check of `npm run docs:site` finds links that lead to nothing, and nothing in sound pages. The documents' own links are sound.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { brokenLinks } from '../../scripts/docs/links.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('links of pages', async (t) => {
  const folder = t.testdir({
    'index.html':
      '<h1 id="use">Use</h1><a href="#use">a</a><a href="documents/a.html#what-it-does">b</a><img src="a.svg">' +
      '<a href="https://example.org/x#y">c</a><a href="mailto:me@example.org">d</a><a href="?q=1#use">e</a>',
    'a.svg': '',
    documents: {
      'a.html': '<h2 id="what-it-does">It</h2><a href="../">up</a> <a href="../index.html#use">use</a>',
    },
  })
  t.same(brokenLinks(folder), [])
  const broken = t.testdir({
    'index.html':
      '<a href="none.html">a</a><a href="#none">b</a><a href="a.html#&quot;x&quot;">c</a><a href="../../x">d</a>',
    'a.html': '<a id="y"></a>',
  })
  t.same(brokenLinks(broken), [
    'index.html: #none leads to no place in its page',
    'index.html: ../../x is outside of the pages',
    'index.html: a.html#"x" leads to no place in its page',
    'index.html: none.html leads to no file',
  ])
})

/** The anchors of a document's headings, as GitHub and typedoc make them. */
function anchorsOf(text) {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return new Set(headings)
}

t.test('links of the documents', async (t) => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'SECURITY.md',
    ...readdirSync(join(root, 'docs'), { recursive: true }).map((name) => join('docs', name)),
  ].filter((name) => name.endsWith('.md'))
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```/gms, '')
    for (const [, href] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(href)) continue
      const [path, place] = href.split('#')
      const target = path === '' ? join(root, page) : join(root, dirname(page), path)
      t.ok(existsSync(target), `${page}: ${href}`)
      if (place !== undefined && target.endsWith('.md'))
        t.ok(anchorsOf(readFileSync(target, 'utf8')).has(place), `${page}: ${href}`)
    }
  }
})
