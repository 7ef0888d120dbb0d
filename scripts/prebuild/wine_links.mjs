/** Wine does not resolve symbolic links to the files that they name, so Node would load tap's core twice: once by each path. Here both are one. */
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) register(import.meta.url)

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context)
  const url = found.url.replace(
    /\/@tapjs\/test\/(test-built\/)?node_modules\/@tapjs\/core\//,
    '/@tapjs/core/',
  )
  return { ...found, url }
}
