/** The page at `/`. Its files are read once: no request names a file. */
import { readFileSync } from 'node:fs'
import type { App } from '../app.js'

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

const files = [
  'index.html',
  'page.css',
  'icon.svg',
  'main.js',
  'api.js',
  'comparison.js',
  'element.js',
  'part.js',
  'picture.js',
  'player.js',
  'sound.js',
  'voices.js',
] as const

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

export function pageRoutes(app: App): void {
  for (const name of files) {
    const bytes = readFileSync(new URL(`../../page/${name}`, import.meta.url))
    const type = types[name.split('.').pop() as keyof typeof types]
    const route = name === 'index.html' ? '/' : `/${name}`
    app.get(route, { config: { access: 'everybody' }, schema: { hide: true } }, async (_, reply) => {
      return reply.headers(headers).type(type).send(bytes)
    })
  }
}
